package cases

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"casegate/mailer"
)

// ownMail answers a mail that we wrote, or that names us as its sender: nobody
// acts by it, and nobody is answered or told (T87). A return path has its own
// rules, and the operator is told of anything.
func (t *tenantDecision) ownMail(to routeKind) (mailer.Outcome, bool) {
	switch {
	case to == routeReturnPath || to == routeOperator:
	case t.cameBack():
		t.trace.Add("loop", "Message-ID", "our own", "mail-traps E: a mail of ours that came back")
		return t.note("a mail of ours came back"), true
	case t.route(t.sender).kind == routeIntake || looksLikeToken(t.sender) && t.ours(t.sender):
		t.trace.Add("loop", t.sender.Loggable(), "an address of ours", "T87: our own addresses are nobody's")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NotAllowed, Text: mayNot}, true
	}
	return mailer.Outcome{}, false
}

// cameBack tells a mail that bears a Message-ID of ours. That carries a MAC: only
// who has had the mail knows it, and only a mail that is passed on has it as its
// own. A bounce has got one of its own from whoever made it.
func (t *tenantDecision) cameBack() bool {
	if kindOf(&t.mail.Message) == kindAnswer {
		return false
	}
	return slices.ContainsFunc(t.dir.Resellers, func(r Reseller) bool {
		_, ours := t.ownMessageID(&r, t.mail.Message.MessageID)
		return ours
	})
}

// budgets are what a mail to a case is counted against, the sender's own first.
// A mail that makes the case is not the same as one before it.
func (t *tenantDecision) budgets(c *Case, created bool) []budget {
	l, tenant := t.limits.withDefaults(), string(c.ID.Reseller)
	id, in := c.ID.String(), " to "+c.Number
	who, sender := t.writer(c), untagged(t.sender)
	all := []budget{
		perHour(l.SenderHour, "mails of "+sender, "sender", tenant, sender),
		perHour(l.DomainHour, "mails of "+t.sender.Domain, "domain", tenant, t.sender.Domain),
		perHour(l.CaseHour, "mails"+in, "case", id),
		perHour(l.SenderCaseHour, "mails of "+sender+in, "sender and case", id, who),
		perDay(l.SenderCaseDay, "mails of "+sender+in, "sender and case", id, who),
	}
	if !created {
		all = append(all, perHour(l.SameTextHour, "mails of "+sender+in+" that say the same", "text", id, who, t.fingerprint()))
	}
	return all
}

// filings are what a mail that makes a case is counted against besides: who
// answers the news that there is one by making another, and never names the
// first, writes to each case only once.
func (t *tenantDecision) filings(c *Case) []budget {
	l, tenant, sender := t.limits.withDefaults(), string(c.ID.Reseller), untagged(t.sender)
	return []budget{
		perHour(l.SenderCaseHour, "cases filed by "+sender, "filing", tenant, sender),
		perDay(l.SenderCaseDay, "cases filed by "+sender, "filing", tenant, sender),
	}
}

func perHour(limit int, what string, name ...string) budget {
	return budget{what: what + " in an hour", key: stateKey(append([]string{"hour"}, name...)...), limit: limit, per: time.Hour}
}

func perDay(limit int, what string, name ...string) budget {
	return budget{what: what + " in a day", key: stateKey(append([]string{"day"}, name...)...), limit: limit, per: 24 * time.Hour}
}

// writer is who writes to a case, however the address varies (T86): an entry of
// the sharing list, the group that the sender is of, or else the address.
func (t *tenantDecision) writer(c *Case) string {
	p := c.participantOf(t.dir, t.person, t.sender)
	for i := range c.Participants {
		if group := &c.Participants[i]; p == nil && group.Group && group.Active() && group.Address.Domain == t.sender.Domain {
			p = group
		}
	}
	if p != nil {
		return strconv.Itoa(int(p.No))
	}
	return untagged(t.sender)
}

// untagged is an address without what follows a plus in its local part, for
// counting only: who wants to be somebody new need but change it.
func untagged(a mailer.Address) string {
	local, _, _ := strings.Cut(a.Key().Local, "+")
	return local + "@" + a.Domain
}

// maxFingerprint is how many octets of a text are compared: a decision holds up
// all others that are to be committed.
const maxFingerprint = 16 << 10

// fingerprint is the same for mails that say the same but for numbers, blanks and
// the mail they quote: a program that answers counts up, or names the time.
func (t *tenantDecision) fingerprint() string {
	m := &t.mail.Message
	text := m.Text
	if m.Reply.Elided+m.Reply.Signature != "" {
		text = m.Reply.Text
	}
	h := sha256.New()
	h.Write([]byte(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text[:min(len(text), maxFingerprint)])))
	for _, a := range m.Attachments {
		fmt.Fprintf(h, "\x00%s", a.SHA256)
	}
	return string(h.Sum(nil))
}

// spent says until when notices are put off; zero: not at all.
type spent struct {
	all   time.Time // every notice of a change
	filer time.Time // of a new case, that to who filed it
}

func (s spent) until(ch *change, notice *mailer.Delivery) time.Time {
	if ch.toFiler(notice) && s.filer.After(s.all) {
		return s.filer
	}
	return s.all
}

// toFiler tells the notice of a new case to who filed it. A monitoring sender
// gets none.
func (ch *change) toFiler(notice *mailer.Delivery) bool {
	return ch.created && ch.c.Participant(notice.Participant).Role == RoleRequester
}

// spend has the mail of a change counted once it is stored, and says which
// notices the budgets put off. Nothing brakes what somebody has released, and
// only the sender's own budget the news that there is a case: monitoring files
// many.
func (t *tenantDecision) spend(ch *change) spent {
	budgets := t.budgets(ch.c, ch.created)
	t.part.counted = append(t.part.counted, budgets...)
	var filings []budget
	if ch.created {
		budgets = budgets[:1]
	}
	if slices.ContainsFunc(ch.deliveries, ch.toFiler) {
		filings = t.filings(ch.c)
		t.part.counted = append(t.part.counted, filings...)
	}
	if t.override != nil {
		return spent{}
	}
	return spent{all: t.overrun(ch.c, "nobody is told now", budgets), filer: t.overrun(ch.c, "who filed it is not told now", filings)}
}

// overrun says until when a mail's budgets are spent; zero: they are not. effect
// says what that means.
func (t *tenantDecision) overrun(c *Case, effect string, budgets []budget) (until time.Time) {
	why := ""
	for _, b := range budgets {
		if end, yes := t.rates.spent(b, t.now); yes && end.After(until) {
			why, until = fmt.Sprintf("more than %d %s", b.limit, b.what), end
		}
	}
	if why != "" {
		t.trace.Add("brake", c.Number, "stored; told later", why+" (mail-traps E, T86)")
		t.trace.Effect("%s: %s", effect, why)
	}
	return until
}

// countMails counts what a commit has stored against its budgets, and raises the
// alarm once for each that is overrun.
func (d *Desk) countMails(p *part) {
	for _, b := range p.counted {
		if d.rates.count(b, d.now()) {
			d.brakes.Add(1)
			d.log().Warn("mail loop?", "mail", p.record.ID, "reseller", p.record.Reseller, "limit", b.limit, "overrun", b.what)
		}
	}
}

// Braked counts the budgets that were overrun since the start, each once until it
// is good again: mails were stored of which nobody was told at once.
func (d *Desk) Braked() int64 { return d.brakes.Load() }
