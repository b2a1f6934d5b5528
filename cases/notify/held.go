package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// maxDigest is how many held mails a digest names.
const maxDigest = 50

// matter is what a mail about held mail says, and who reads it.
type matter struct {
	delivery  *mailer.Delivery
	directory *cases.Directory
	reseller  *cases.Reseller
	customer  *cases.Customer // whose language the reader may have; nil: not known
	person    *cases.Person   // nil: somebody who is not in the directory
	name      string          // of the reader

	notice templates.Notice
	data   templates.Data
}

// openHeld writes a mail about held mail. It gives mailer.ErrWithdrawn where
// nothing waits any more, or the reader has no say in it by now (T23).
func (r *Renderer) openHeld(ctx context.Context, d *mailer.Delivery) (*mailer.Outgoing, error) {
	s := &matter{delivery: d}
	err := r.Store.View(ctx, func(tx cases.Tx) (err error) {
		if s.directory, err = tx.Directory(); err != nil {
			return err
		}
		s.reseller = s.directory.Reseller(cases.ResellerID(d.Tenant))
		if s.reseller == nil || d.Recipient.Domain == r.Hostname || isOurs(s.directory, d.Recipient) { // T87
			return mailer.ErrWithdrawn
		}
		s.person, s.data = s.directory.PersonAt(d.Recipient), templates.Data{Sender: s.reseller.Name, Vain: d.Note}
		switch d.Kind {
		case mailer.HeldKind:
			return r.oneHeld(tx, s)
		case mailer.ConfirmKind:
			return r.confirm(tx, s)
		case mailer.DigestKind:
			return r.digest(tx, s)
		}
		return fmt.Errorf("unknown kind %q", d.Kind)
	})
	if errors.Is(err, cases.ErrNotFound) {
		return nil, mailer.ErrWithdrawn
	}
	if err != nil {
		return nil, err
	}
	return r.write(s)
}

// oneHeld tells somebody who may decide of one held mail: who wrote it, but not
// what. The subject is for agents: it may hold what the others are not to see
// (T22).
func (r *Renderer) oneHeld(tx cases.Tx, s *matter) error {
	if s.data.Vain == templates.VainDecided {
		// There is nothing to tell of the mail, and who might decide is not known any more.
		if p := s.delivery.Person; p != "" && (s.person == nil || s.person.ID != p) { // T98
			return mailer.ErrWithdrawn
		}
		if s.person != nil {
			s.name = s.person.Name
		}
		s.notice, s.data.Mail = templates.HeldIntake, string(s.delivery.Mail)
		return nil
	}
	m, c, err := waiting(tx, s.delivery)
	if err != nil {
		return err
	}
	for _, who := range cases.Deciders(s.directory, m, c, r.Now()) {
		if !who.Is(s.directory, s.delivery.Recipient) {
			continue
		}
		s.name, s.notice, s.data.Role = who.Name, templates.HeldIntake, string(who.Role)
		held := heldMail(m)
		if who.Role != cases.RoleAgent {
			held.Subject = ""
		} else {
			held.Customers = cases.CustomerChoice(s.directory, m, r.Now())
			_, held.Block = cases.Blockable(s.directory, m, c, r.Now())
		}
		if c != nil {
			s.notice, s.customer = templates.HeldReply, s.directory.Customer(c.Customer)
			s.data.Number, s.data.Title = c.Number, shorten(c.Title, cases.MaxTitle)
		}
		s.data.Held = []templates.HeldMail{held}
		return nil
	}
	return mailer.ErrWithdrawn
}

// waiting fetches the mail that a delivery is about, which must still wait, and
// the case whose reply address it came to, if any.
func waiting(tx cases.Tx, d *mailer.Delivery) (*cases.MailRecord, *cases.Case, error) {
	m, err := tx.Mail(d.Mail)
	if err != nil {
		return nil, nil, err
	}
	if m.Held == nil || string(m.Reseller) != d.Tenant {
		return nil, nil, mailer.ErrWithdrawn
	}
	c, err := caseOf(tx, m)
	return m, c, err
}

// caseOf fetches the case whose reply address a held mail came to; nil for none.
func caseOf(tx cases.Tx, m *cases.MailRecord) (*cases.Case, error) {
	if m.Held.Case == (cases.CaseID{}) {
		return nil, nil
	}
	return tx.Case(m.Held.Case)
}

// confirm asks whom a held mail names as its sender whether it is theirs. Nothing
// of the mail is in it: whoever sent that chose each byte (T90).
func (r *Renderer) confirm(tx cases.Tx, s *matter) error {
	m, _, err := waiting(tx, s.delivery)
	if err != nil {
		return err
	}
	if !m.Identity.Address.Is(s.delivery.Recipient) || !r.Now().Before(m.Held.ConfirmUntil) {
		return mailer.ErrWithdrawn
	}
	if of := s.directory.ContactOf(s.delivery.Recipient); len(of) > 0 {
		s.customer = of[0]
	}
	s.notice, s.data.Role = templates.Confirm, templates.RoleNamed
	return nil
}

// digest tells an agent of all that is held, the oldest first.
func (r *Renderer) digest(tx cases.Tx, s *matter) error {
	if s.person == nil || s.person.ID != s.delivery.Person || !cases.ReadsDigest(s.directory, s.reseller.ID, s.person) {
		return mailer.ErrWithdrawn
	}
	list, total, err := cases.Waiting(tx, s.reseller.ID, r.Now(), maxDigest)
	if err != nil {
		return err
	}
	if total == 0 {
		return mailer.ErrWithdrawn
	}
	for _, m := range list {
		held := heldMail(m)
		// As of the day it was made: every attempt sends the same.
		held.Waits = s.delivery.Created.Sub(m.Held.Since)
		c, err := caseOf(tx, m)
		if err != nil {
			return err
		}
		if c != nil {
			held.Number = c.Number
		}
		subject := held.Subject
		held.Subject = "" // for an administrator, who answers no mail (T22)
		for _, who := range cases.Deciders(s.directory, m, c, r.Now()) {
			if who.Is(s.directory, s.delivery.Recipient) {
				if who.Role == cases.RoleAgent {
					held.Subject, held.Customers = subject, cases.CustomerChoice(s.directory, m, r.Now())
				}
				a, err := r.address(s.delivery, mailer.HeldPart, mailer.PurposeHeld, m.ID)
				if err != nil {
					return err
				}
				held.Decide = a.String()
			}
		}
		s.data.Held = append(s.data.Held, held)
	}
	s.name, s.notice, s.data.Role, s.data.MoreHeld = s.person.Name, templates.Digest, templates.RoleAdministrator, total-len(list)
	if s.directory.AccountIn(s.person, s.reseller.ID).Has(cases.RoleSupportAgent) {
		s.data.Role = templates.RoleAgent
	}
	return nil
}

// heldMail is what agents may know of a held mail without opening it.
func heldMail(m *cases.MailRecord) templates.HeldMail {
	h := templates.HeldMail{
		From: m.Identity.Address.String(), Level: templates.LevelUnverified, Time: m.Received,
		Subject: shorten(m.Subject, cases.MaxTitle), Why: string(m.Hold), ID: string(m.ID),
	}
	if m.Identity.Address.IsZero() {
		h.From = m.Envelope.ReversePath.Loggable()
	}
	switch {
	case m.Identity.IsVerified():
		h.Level = templates.LevelVerified
	case m.Identity.Level == mailer.Failed:
		h.Level = templates.LevelFailed
	}
	return h
}

// write makes the mail of a matter. It begins a thread of its own: an answer to
// it is no word in the case.
func (r *Renderer) write(s *matter) (*mailer.Outgoing, error) {
	d := s.delivery
	auto, part, purpose, about := "auto-generated", mailer.HeldPart, mailer.PurposeHeld, d.Mail
	answers := d.Kind == mailer.ConfirmKind || d.Note != ""
	if answers {
		auto = "auto-replied" // RFC 3834 5
	}
	switch d.Kind {
	case mailer.ConfirmKind:
		part, purpose = mailer.ConfirmPart, mailer.PurposeConfirm
	case mailer.DigestKind:
		about = ""
	}
	reply, err := r.address(d, part, purpose, about)
	if err != nil {
		return nil, err
	}
	var back mailer.Address // RFC 3834 3.3: what answers by itself has the null reverse-path
	if !answers {
		if back, err = r.address(d, mailer.ReturnPathPart, mailer.PurposeReturnPath, d.ID); err != nil {
			return nil, err
		}
	}
	lang := r.Set.Choose(languages(s.person, s.customer, s.reseller)...)
	zone := zone(s.person, s.customer, s.reseller)
	s.data.Zone = zone
	if d.Note != "" {
		s.data.Role = templates.RoleAnswered
	}
	subject, err := r.Set.Subject(s.notice, lang, &s.data)
	if err != nil {
		return nil, err
	}
	id := r.Keys.Seal(mailer.Token{
		Purpose: mailer.PurposeMessageID, Tenant: mailer.TenantTag(d.Tenant), Case: d.Case, Delivery: d.ID.Number(), Expires: d.Created.Add(life),
	})
	h := &header{}
	h.field("From", mailbox(s.reseller.Name, s.reseller.Intake)...)
	h.field("To", mailbox(shorten(s.name, maxName), d.Recipient)...)
	h.field("Reply-To", "<"+reply.String()+">")
	h.field("Subject", words(subject)...)
	h.field("Date", d.Created.In(zone).Format(time.RFC1123Z))
	h.field("Message-ID", "<n."+id+"@"+reply.Domain+">")
	h.automatic(auto)
	out, err := r.outgoing(d, h, s.notice, lang, &s.data)
	if err == nil {
		out.ReversePath, out.UTF8 = back, !d.Recipient.IsASCII() || !s.reseller.Intake.IsASCII()
	}
	return out, err
}

// address makes an address of ours with a token about a mail or a delivery; ""
// is about none, and whatever is sent there does nothing.
func (r *Renderer) address(d *mailer.Delivery, part string, purpose mailer.Purpose, about mailer.ID) (mailer.Address, error) {
	token := mailer.Token{Purpose: purpose, Tenant: mailer.TenantTag(d.Tenant), Delivery: about.Number(), Expires: d.Created.Add(life)}
	if purpose == mailer.PurposeConfirm {
		token.Expires = d.Created.Add(cases.ConfirmLife)
	}
	a, err := mailer.NewAddress(part+r.Keys.Seal(token), r.Hostname)
	if err != nil {
		return a, fmt.Errorf("make %s address: %w", part, err)
	}
	return a, nil
}
