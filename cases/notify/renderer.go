package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// Renderer makes the mail of a delivery when it is about to be sent. It is a
// mailer.Content. All fields are needed.
//
// What it makes depends on the delivery, the case and the keys, never on the
// time or on chance, so that every attempt sends the same bytes. Only a change
// of the case itself (its state), of the directory or of the first key in
// between shows.
type Renderer struct {
	Store    cases.Store
	Set      *templates.Set
	Keys     *mailer.Keyring
	Hostname string           // of reply addresses, return paths and Message-IDs
	URL      string           // what links begin with, such as "https://gate.example"; "": no links
	Now      func() time.Time // only for what the reader may see now
}

// life is how long the addresses and the Message-ID in a notice are good for,
// counted from the day the delivery was made.
const life = 400 * 24 * time.Hour

// Open writes the notice for a delivery. It gives mailer.ErrWithdrawn where
// there is nothing to say any more, or not to this reader: the case is gone, the
// reader has left it or may not see it any longer (T93), or reads no mail at the
// address. Every other error is one of the store or of the program.
func (r *Renderer) Open(ctx context.Context, d mailer.Delivery) (*mailer.Outgoing, error) {
	if d.Kind != mailer.NoticeKind {
		out, err := r.openHeld(ctx, &d)
		if err != nil && !errors.Is(err, mailer.ErrWithdrawn) {
			err = fmt.Errorf("open %s %s: %w", d.Kind, d.ID, err)
		}
		return out, err
	}
	s, err := r.load(ctx, &d)
	if err != nil {
		return nil, fmt.Errorf("open notice %s: %w", d.ID, err)
	}
	tokens, err := r.tokens(s)
	if err != nil {
		return nil, fmt.Errorf("open notice %s: %w", d.ID, err)
	}
	// Nobody reads mail at our own host name (T87).
	if d.Recipient.Domain == tokens.reply.Domain || !s.readable(r.Now()) || !s.tell() {
		return nil, mailer.ErrWithdrawn
	}
	customer := s.directory.Customer(s.c.Customer)
	zone := zone(s.person, customer, s.reseller)
	lang := r.Set.Choose(languages(s.person, customer, s.reseller)...)
	out, err := r.outgoing(&d, s.header(tokens, zone), s.notice, lang, s.data(zone))
	if err != nil {
		return nil, fmt.Errorf("open notice %s: %w", d.ID, err)
	}
	out.ReversePath, out.UTF8 = tokens.returnPath, !d.Recipient.IsASCII() || !s.reseller.Intake.IsASCII()
	return out, nil
}

// outgoing puts a mail together, with its content and the fields that tell of it.
func (r *Renderer) outgoing(d *mailer.Delivery, h *header, n templates.Notice, lang string, data *templates.Data) (*mailer.Outgoing, error) {
	text, html, err := r.Set.Render(n, lang, data)
	if err != nil {
		return nil, err
	}
	contentType, body := alternatives(d.ID, text, html)
	h.field("Content-Language", lang)
	h.field("MIME-Version", "1.0")
	h.field("Content-Type", contentType...)
	return &mailer.Outgoing{ID: d.ID, Recipient: d.Recipient, Header: h.bytes(), Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// load reads what a notice is made of in one short View. Only what the
// delivery needs is copied out; the directory is shared and read only.
func (r *Renderer) load(ctx context.Context, d *mailer.Delivery) (*scene, error) {
	s := &scene{delivery: d}
	err := r.Store.View(ctx, func(tx cases.Tx) (err error) {
		if s.directory, err = tx.Directory(); err != nil {
			return err
		}
		id := cases.CaseID{Reseller: cases.ResellerID(d.Tenant), N: d.Case}
		if s.c, err = tx.Case(id); err != nil {
			return err
		}
		if s.events, err = tx.History(id, max(d.First, 1), d.Last); err != nil {
			return err
		}
		// The filing is where a reader's mail program begins the thread, and
		// what somebody new to the case has to know.
		if d.First <= 1 && len(s.events) > 0 {
			s.filing = &s.events[0]
			return nil
		}
		first, err := tx.History(id, 1, 1)
		if err == nil && len(first) > 0 {
			s.filing = &first[0]
		}
		return err
	})
	if errors.Is(err, cases.ErrNotFound) {
		return nil, mailer.ErrWithdrawn
	}
	return s, err
}

// tokens are the addresses and identifiers in a notice that only we can make.
type tokens struct {
	reply, returnPath mailer.Address
	messageID, anchor string // without angle brackets
	leave             string // the link that takes the reader off the case; "": none
}

func (r *Renderer) tokens(s *scene) (t tokens, err error) {
	token := mailer.Token{
		Purpose: mailer.PurposeReply, Tenant: mailer.TenantTag(s.delivery.Tenant), Case: s.delivery.Case,
		Participant: s.delivery.Participant, Expires: s.delivery.Created.Add(life),
	}
	if t.reply, err = mailer.NewAddress(mailer.ReplyPart+r.Keys.Seal(token), r.Hostname); err != nil {
		return tokens{}, fmt.Errorf("make reply address: %w", err)
	}
	token.Delivery = s.delivery.ID.Number()
	token.Purpose = mailer.PurposeReturnPath
	if t.returnPath, err = mailer.NewAddress(mailer.ReturnPathPart+r.Keys.Seal(token), r.Hostname); err != nil {
		return tokens{}, fmt.Errorf("make return path: %w", err)
	}
	token.Purpose, token.Delivery = mailer.PurposeLeave, 0
	if r.URL != "" {
		t.leave = r.URL + "/leave/" + r.Keys.Seal(token)
	}
	token.Purpose, token.Delivery = mailer.PurposeMessageID, s.delivery.ID.Number()
	t.messageID = "n." + r.Keys.Seal(token) + "@" + t.reply.Domain
	t.anchor = s.c.Thread + "@" + t.reply.Domain
	return t, nil
}
