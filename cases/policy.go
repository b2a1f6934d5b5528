package cases

import (
	"slices"

	"casegate/mailer"
)

// action is what a mail wants to do.
type action string

const (
	actFile   action = "file"   // make a new case
	actAppend action = "append" // add a message to a case
	actJoin   action = "join"   // have whoever is in To or Cc follow a case

	actConfirm action = "confirm" // say that a held mail is one's own

	// Commands: what a person has us do.
	actCommand  action = "command" // decide on a held mail
	actSeverity action = "severity"
	actEscalate action = "escalate"
	actClose    action = "close"
	actReopen   action = "reopen"
	actShare    action = "share"

	// What a mail brings along, asked after what it wants.
	actSuspicious action = "suspicious content"
	actHarmful    action = "harmful content"

	anyCommand action = "any command" // in a row only: every one of commands
)

// commands lists every command.
var commands = []action{actCommand, actSeverity, actEscalate, actClose, actReopen, actShare}

// relation is how the sender stands to what the mail wants.
type relation string

const (
	// To a reseller, when filing:
	relUser    relation = "user with rights" // R67, or an agent
	relContact relation = "customer contact"
	relMonitor relation = "monitoring sender" // of the customer or the reseller; also when appending
	relKnown   relation = "user without rights"
	// To a case, when appending:
	relOwner    relation = "the token's person"
	relFollower relation = "on the sharing list"
	relGroup    relation = "of the group's domain"
	relLeft     relation = "has left the case"
	// To a case, when commanding, with relUser and those above:
	relAgent     relation = "agent"
	relRequester relation = "requester"
	// To any of them:
	relStranger relation = "stranger"
)

// standing is the sender's identity as the policy sees it.
type standing string

const (
	standVerified    standing = "verified"
	standReplay      standing = "verified, not to us" // by DKIM alone, and nothing of ours in To or Cc
	standSPF         standing = "verified(spf)"
	standConfirmed   standing = "unverified, confirmed" // by a reply: the mailbox was read
	standUnverified  standing = "unverified"
	standQuarantine  standing = "failed, quarantine"
	standReject      standing = "failed, reject"
	standSomeoneElse standing = "signed in, not as this sender"
	standUnknown     standing = "unknown yet"

	standBelieved standing = "believed" // in a row only: one of those that may file and append
)

func standingOf(i mailer.Identity) standing {
	switch {
	case i.Level == mailer.UnknownYet:
		return standUnknown
	case i.Level == mailer.Failed && i.Reject:
		return standReject
	case i.Level == mailer.Failed:
		return standQuarantine
	case i.MayCommand():
		return standVerified
	case i.IsVerified():
		return standSPF
	}
	return standUnverified
}

// mailKind is the sort of mail as the policy sees it.
type mailKind string

const (
	kindPerson    mailKind = "person"
	kindList      mailKind = "list"      // a person's, passed on by a list
	kindAutomatic mailKind = "automatic" // no person's: an alert, a newsletter
	kindAnswer    mailKind = "answer"    // nobody's answer to other mail: a bounce, a report, an absence note
)

func kindOf(m *mailer.Message) mailKind {
	switch m.Kind {
	case mailer.KindAutoReply, mailer.KindBounce, mailer.KindDeliveryReport, mailer.KindComplaint,
		mailer.KindChallenge, mailer.KindCalendarReply:
		return kindAnswer
	}
	switch {
	case m.Automatic:
		return kindAutomatic
	case m.Kind == mailer.KindList:
		return kindList
	}
	return kindPerson
}

// request is one row's worth of question.
type request struct {
	action   action
	token    bool // a valid token of ours names what it is about; else a hint does, or nothing
	relation relation
	standing standing
	kind     mailKind
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
	action   action
	token    string // "token", "hint"
	relation relation
	standing standing
	kind     mailKind

	effect effect
	reason mailer.Reason
	hold   HoldReason
	ask    bool // hold: the sender is asked to confirm
	why    string
}

// policy is the one table of design 4; the first row that matches decides, and
// the last row refuses what none foresaw.
var policy = []rule{
	// Whoever has signed in is known, and is somebody else than the mail says.
	{standing: standSomeoneElse, effect: refuse, reason: mailer.NotAllowed, why: "signed in, but may not write as this sender"},

	// Filing.
	{action: actFile, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "the sender's domain asks to reject what fails DMARC (T1)"},
	{action: actFile, relation: relStranger, effect: refuse, reason: mailer.NotAllowed, why: "strangers do not file cases (design 4)"},
	{action: actFile, relation: relKnown, effect: refuse, reason: mailer.NotAllowed, why: "the account lacks the rights to file (R67)"},
	{action: actFile, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: actFile, standing: standQuarantine, effect: hold, reason: mailer.NeedsDecision, hold: HoldForged, why: "DMARC failed under quarantine (design 4)"},
	{action: actFile, kind: kindAnswer, effect: hold, reason: mailer.NeedsDecision, hold: HoldAutomatic, why: "bounces and automatic answers file no case (R78)"},
	{action: actFile, relation: relMonitor, standing: standUnverified, effect: hold, reason: mailer.NeedsDecision, hold: HoldUnverified, why: "a monitoring sender, but unverified (design 4)"},
	{action: actFile, standing: standUnverified, kind: kindAutomatic, effect: hold, reason: mailer.NeedsDecision, hold: HoldAutomatic, why: "automatic mail files no case (R78)"},
	{action: actFile, standing: standUnverified, effect: hold, reason: mailer.NeedsDecision, hold: HoldUnverified, ask: true, why: "a known sender, but unverified: asked to confirm (design 4)"},
	{action: actFile, standing: standReplay, effect: hold, reason: mailer.NeedsDecision, hold: HoldReplay, why: "signed, but not written to us: somebody may have sent it on (T11)"},
	{action: actFile, relation: relMonitor, standing: standBelieved, effect: allow, why: "verified monitoring sender (R78)"},
	{action: actFile, kind: kindAutomatic, effect: hold, reason: mailer.NeedsDecision, hold: HoldAutomatic, why: "automatic mail files no case (R78)"},
	{action: actFile, relation: relUser, standing: standBelieved, effect: allow, why: "verified user with the rights (R67)"},
	{action: actFile, relation: relContact, standing: standBelieved, effect: allow, why: "verified contact of the customer"},

	// Appending: a failed identity never does.
	{action: actAppend, token: "hint", relation: relFollower, standing: standBelieved, effect: allow, why: "verified and on the sharing list (design 4)"},
	{action: actAppend, token: "hint", relation: relMonitor, standing: standBelieved, effect: allow, why: "verified monitoring sender of the case's customer"},
	{action: actAppend, token: "hint", effect: pass, why: "a hint proves nothing for this sender (T18, T19)"},
	{action: actAppend, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: actAppend, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "the sender's domain asks to reject what fails DMARC (F2)"},
	{action: actAppend, relation: relOwner, standing: standBelieved, effect: allow, why: "token, and its person (design 4)"},
	{action: actAppend, relation: relOwner, standing: standUnverified, effect: allow, why: "token, and its person; unverified, and marked so (design 4)"},
	{action: actAppend, relation: relFollower, standing: standBelieved, effect: allow, why: "token, verified and on the sharing list: appended as that sender (reply-all)"},
	{action: actAppend, relation: relGroup, standing: standBelieved, effect: allow, why: "token of a group, verified and of its domain"},
	{action: actAppend, standing: standQuarantine, effect: hold, reason: mailer.NeedsDecision, hold: HoldForged, why: "DMARC failed under quarantine (design 4)"},
	{action: actAppend, relation: relLeft, effect: hold, reason: mailer.NeedsDecision, hold: HoldOtherSender, why: "the token's person has left the case (T23)"},
	{action: actAppend, effect: hold, reason: mailer.NeedsDecision, hold: HoldOtherSender, why: "token, but another sender (T20)"},

	// Joining: being in Cc grants nothing (T21, F3).
	{action: actJoin, kind: kindPerson, relation: relStranger, effect: refuse, reason: mailer.NotAllowed, why: "a stranger asks for nobody"},
	{action: actJoin, kind: kindPerson, relation: relLeft, effect: refuse, reason: mailer.NotAllowed, why: "who has left the case asks for nobody (T23)"},
	{action: actJoin, kind: kindPerson, standing: standVerified, effect: hold, reason: mailer.NeedsDecision, why: "a request, for somebody who may share (design 4)"},
	{action: actJoin, effect: refuse, reason: mailer.NotAllowed, why: "only verified people ask for others (T12, T21)"},

	// Confirming: the address that is answered proves that the mailbox was read.
	{action: actConfirm, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "a mail that failed DMARC confirms nothing (design 4)"},
	{action: actConfirm, standing: standQuarantine, effect: refuse, reason: mailer.NotAllowed, why: "a mail that failed DMARC confirms nothing (design 4)"},
	{action: actConfirm, kind: kindAutomatic, effect: refuse, reason: mailer.NotAllowed, why: "automatic mail confirms nothing (RFC 3834 2)"},
	{action: actConfirm, kind: kindAnswer, effect: refuse, reason: mailer.NotAllowed, why: "automatic mail confirms nothing (RFC 3834 2)"},
	{action: actConfirm, standing: standReplay, effect: refuse, reason: mailer.NotAllowed, why: "signed, but not written to us (T11)"},
	{action: actConfirm, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: actConfirm, token: "token", relation: relOwner, effect: allow, why: "who was asked has answered (design 4)"},
	{action: actConfirm, effect: refuse, reason: mailer.NotAllowed, why: "only the sender of a mail confirms it"},

	// Commands: never from automatic mail, never on less than verified.
	{action: anyCommand, standing: standReject, effect: refuse, reason: mailer.NotAuthenticated, why: "the sender's domain asks to reject what fails DMARC (F2)"},
	{action: anyCommand, kind: kindAutomatic, effect: refuse, reason: mailer.NotAllowed, why: "automatic mail commands nothing (T27)"},
	{action: anyCommand, kind: kindAnswer, effect: refuse, reason: mailer.NotAllowed, why: "automatic mail commands nothing (T27)"},
	{action: anyCommand, kind: kindList, effect: refuse, reason: mailer.NotAllowed, why: "what a list passes on was written to the list"},
	{action: anyCommand, standing: standUnknown, effect: deferIt, reason: mailer.TryLater, why: "the sender cannot be checked just now (T3)"},
	{action: anyCommand, standing: standUnverified, effect: refuse, reason: mailer.NotAllowed, why: "commands need a verified sender (design 4)"},
	{action: anyCommand, standing: standConfirmed, effect: refuse, reason: mailer.NotAllowed, why: "commands need a verified sender (design 4)"},
	{action: anyCommand, standing: standQuarantine, effect: refuse, reason: mailer.NotAllowed, why: "commands need a verified sender (design 4)"},
	{action: anyCommand, standing: standSPF, effect: refuse, reason: mailer.NotAllowed, why: "a pass by SPF alone commands nothing (T12)"},
	{action: anyCommand, standing: standReplay, effect: refuse, reason: mailer.NotAllowed, why: "signed, but not written to us (T11)"},
	{action: anyCommand, relation: relAgent, standing: standVerified, effect: allow, why: "verified agent of the reseller"},
	{action: anyCommand, relation: relRequester, standing: standVerified, effect: allow, why: "verified, and filed the case"},
	{action: actCommand, relation: relOwner, standing: standVerified, effect: allow, why: "verified, and the token's person (design 4)"},
	{action: actCommand, effect: refuse, reason: mailer.NotAllowed, why: "held mail is for the token's person, the requester or an agent (design 4)"},
	{action: anyCommand, relation: relUser, standing: standVerified, effect: allow, why: "verified user with the rights (R67)"},
	{action: anyCommand, effect: refuse, reason: mailer.NotAllowed, why: "commands need a role in the case (design 4)"},

	// Content: what scanners found, for senders whose mail would get in.
	{action: actHarmful, relation: relStranger, effect: refuse, reason: mailer.NotAllowed, why: "harmful content, from a stranger"},
	{action: actHarmful, relation: relLeft, effect: refuse, reason: mailer.NotAllowed, why: "harmful content, from somebody who has left the case"},
	{action: actHarmful, standing: standConfirmed, effect: refuse, reason: mailer.NotAllowed, why: "harmful content, from a sender who is not verified"},
	{action: actHarmful, standing: standBelieved, effect: hold, reason: mailer.NeedsDecision, hold: HoldContent, why: "a scanner calls the content harmful"},
	{action: actHarmful, effect: refuse, reason: mailer.NotAllowed, why: "harmful content, from a sender who is not verified"},
	{action: actSuspicious, relation: relStranger, effect: hold, reason: mailer.NeedsDecision, hold: HoldContent, why: "a scanner calls the content suspicious, and the sender is a stranger"},
	{action: actSuspicious, relation: relLeft, effect: hold, reason: mailer.NeedsDecision, hold: HoldContent, why: "a scanner calls the content suspicious, and the sender has left the case"},
	{action: actSuspicious, standing: standConfirmed, effect: hold, reason: mailer.NeedsDecision, hold: HoldContent, why: "a scanner calls the content suspicious, and the sender is not verified"},
	{action: actSuspicious, standing: standBelieved, effect: pass, why: "suspicious content, but the sender is verified and has rights"},
	{action: actSuspicious, effect: hold, reason: mailer.NeedsDecision, hold: HoldContent, why: "a scanner calls the content suspicious, and the sender is not verified"},

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
	return (row.action == "" || row.action == r.action || row.action == anyCommand && slices.Contains(commands, r.action)) &&
		(row.token == "" || (row.token == "token") == r.token) &&
		(row.relation == "" || row.relation == r.relation) &&
		(row.standing == "" || row.standing == r.standing || row.standing == standBelieved && r.standing.believed()) &&
		(row.kind == "" || row.kind == r.kind)
}

// believed tells whether the sender may file and append.
func (s standing) believed() bool {
	return s == standVerified || s == standSPF || s == standConfirmed
}
