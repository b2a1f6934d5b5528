package cases

import (
	"slices"

	"casegate/mailer"
)

// A mail can ask for maxRequested people to follow a case, and all mails of a
// case for maxPending: who names more writes to a crowd.
const (
	maxRequested = 10
	maxPending   = 50
)

// requestShares turns the people in To and Cc of a mail who do not follow the
// case into a request to share it. They are not told of it, and get nothing
// before somebody who may share the case does so (design 4, T21, F3).
func (t *tenantDecision) requestShares(ch *change, writer relation, actor Actor) {
	wanted := t.outsiders(ch.c)
	if len(wanted) == 0 {
		return
	}
	if t.ask(request{action: actJoin, relation: writer}).effect != hold {
		return
	}
	wanted = wanted[:min(len(wanted), maxRequested, max(0, maxPending-len(ch.c.Requested)))]
	if len(wanted) == 0 {
		t.trace.Add("share", ch.c.Number, "not requested", "the case has as many requests as it can have")
		return
	}
	ch.c.Requested = append(ch.c.Requested, wanted...)
	ch.record(Event{
		Time: t.now, Type: EventShareRequested, Group: t.mail.ID, Actor: actor, Channel: "mail", Mail: t.part.record.ID, Requested: wanted,
	})
	for _, a := range wanted {
		t.trace.Effect("asked to share %s with %s", ch.c.Number, a)
	}
}

// outsiders lists those in To and Cc who are neither ours nor on the sharing
// list, and for whom nobody has asked before.
func (t *tenantDecision) outsiders(c *Case) []mailer.Address {
	var all []mailer.Address
	for _, box := range t.named() {
		a := box.Email
		switch {
		case a.IsZero(), a.Is(t.sender), t.ours(a), slices.ContainsFunc(all, a.Is), slices.ContainsFunc(c.Requested, a.Is):
		case c.participantOf(t.dir, t.dir.PersonAt(a), a) != nil:
		default:
			all = append(all, a)
		}
	}
	return all
}

// ours tells an address at which nobody but us reads mail.
func (r router) ours(a mailer.Address) bool {
	return a.Domain == r.hostname || r.dir.ResellerOf(a.Domain) != nil && r.dir.PersonAt(a) == nil
}
