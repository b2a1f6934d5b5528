package cases

import "casegate/mailer"

// action is what a mail wants to do.
type action string

const (
	actFile   action = "file"   // make a new case
	actAppend action = "append" // add a message to a case
)

// relation is how the sender stands to what the mail wants.
type relation string

const (
	// To a reseller, when filing:
	relUser    relation = "user with rights" // R67, or an agent
	relContact relation = "customer contact"
	relKnown   relation = "user without rights"
	// To a case, when appending:
	relOwner    relation = "the token's person"
	relFollower relation = "on the sharing list"
	relGroup    relation = "of the group's domain"
	relLeft     relation = "has left the case"
	// To either:
	relStranger relation = "stranger"
)

// standing is the sender's identity as the policy sees it.
type standing string

const (
	standVerified   standing = "verified" // verified(spf) included: it may file and append
	standUnverified standing = "unverified"
	standQuarantine standing = "failed, quarantine"
	standReject     standing = "failed, reject"
	standUnknown    standing = "unknown yet"
)

func standingOf(i mailer.Identity) standing {
	switch {
	case i.Level == mailer.UnknownYet:
		return standUnknown
	case i.Level == mailer.Failed && i.Reject:
		return standReject
	case i.Level == mailer.Failed:
		return standQuarantine
	case i.IsVerified():
		return standVerified
	}
	return standUnverified
}

// request is one row's worth of question.
type request struct {
	action    action
	token     bool // a valid reply token of the case names it; else a hint does, or nothing
	relation  relation
	standing  standing
	automatic bool
}

// effect is what the policy says.
type effect string

const (
	allow   effect = "allow"
	hold    effect = "hold"
	refuse  effect = "refuse"
	deferIt effect = "defer"
	pass    effect = "pass" // not this way: try the next
)

// rule is one row of the policy table. An empty field matches everything.
type rule struct {
	action    action
	token     string // "token", "hint"
	relation  relation
	standing  standing
	automatic string // "auto", "person"

	effect effect
	reason mailer.Reason
	why    string
}

// policy is the one table of design 4; the first row that matches decides, and
// the last row refuses what none foresaw.
var policy = []rule{
	// Filing.
	{action: actFile, relation: relStranger, effect: refuse, reason: mailer.NotAllowed, why: "strangers do not file cases (design 4)"},
	{action: actFile, relation: relKnown, effect: refuse, reason: mailer.NotAllowed, why: "the account lacks the rights to file (R67)"},
	{action: actFile, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: actFile, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "the sender's domain asks to reject what fails DMARC (T1)"},
	{action: actFile, standing: standQuarantine, effect: hold, reason: mailer.NeedsDecision, why: "DMARC failed under quarantine (design 4)"},
	{action: actFile, standing: standUnverified, effect: hold, reason: mailer.NeedsDecision, why: "a known sender, but unverified (design 4)"},
	{action: actFile, standing: standVerified, automatic: "auto", effect: hold, reason: mailer.NeedsDecision, why: "automatic mail files no case (R78)"},
	{action: actFile, relation: relUser, standing: standVerified, effect: allow, why: "verified user with the rights (R67)"},
	{action: actFile, relation: relContact, standing: standVerified, effect: allow, why: "verified contact of the customer"},

	// Appending: a failed identity never does.
	{action: actAppend, token: "hint", relation: relFollower, standing: standVerified, effect: allow, why: "verified and on the sharing list (design 4)"},
	{action: actAppend, token: "hint", effect: pass, why: "a hint proves nothing for this sender (T18, T19)"},
	{action: actAppend, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: actAppend, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "the sender's domain asks to reject what fails DMARC (F2)"},
	{action: actAppend, relation: relOwner, standing: standVerified, effect: allow, why: "token, and its person (design 4)"},
	{action: actAppend, relation: relOwner, standing: standUnverified, effect: allow, why: "token, and its person; unverified, and marked so (design 4)"},
	{action: actAppend, relation: relFollower, standing: standVerified, effect: allow, why: "token, verified and on the sharing list: appended as that sender (reply-all)"},
	{action: actAppend, relation: relGroup, standing: standVerified, effect: allow, why: "token of a group, verified and of its domain"},
	{action: actAppend, standing: standQuarantine, effect: hold, reason: mailer.NeedsDecision, why: "DMARC failed under quarantine (design 4)"},
	{action: actAppend, relation: relLeft, effect: hold, reason: mailer.NeedsDecision, why: "the token's person has left the case (T23)"},
	{action: actAppend, effect: hold, reason: mailer.NeedsDecision, why: "token, but another sender (T20)"},

	{effect: refuse, reason: mailer.NotAllowed, why: "nothing allows it"},
}

// rule gives the row that decides a request.
func (r request) rule() rule {
	for _, row := range policy {
		if row.matches(r) {
			return row
		}
	}
	return policy[len(policy)-1]
}

func (row rule) matches(r request) bool {
	return (row.action == "" || row.action == r.action) &&
		(row.token == "" || (row.token == "token") == r.token) &&
		(row.relation == "" || row.relation == r.relation) &&
		(row.standing == "" || row.standing == r.standing) &&
		(row.automatic == "" || (row.automatic == "auto") == r.automatic)
}
