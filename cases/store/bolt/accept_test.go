package bolt_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

var day0 = time.Date(2026, 11, 20, 13, 14, 15, 678901234, time.UTC)

// mailID and ledgerKey are those of the n-th mail.
func mailID(n int) mailer.ID { return mailer.MakeID(uint64(day0.UnixMilli())<<20 + uint64(n)) }

func ledgerKey(kind string, n int) cases.LedgerKey {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return cases.LedgerKey(sum[:16])
}

// body is the n-th mail's bytes, of some size.
func body(n, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "This is mail %d, at octet %d.\r\n", n, b.Len())
	}
	return b.Bytes()[:size]
}

// accept writes what a mail that makes a case writes: the case and its first
// event, the record with its trace, the bytes unless they are in a blob, two
// ledger entries, a thread and two deliveries.
func accept(tx cases.Tx, n int, raw blob.Body) error {
	if _, err := tx.Directory(); err != nil {
		return err
	}
	for _, kind := range []string{"bytes", "message"} {
		if _, err := tx.Recall(ledgerKey(kind, n)); !errors.Is(err, cases.ErrNotFound) {
			return fmt.Errorf("mail %d is in the ledger already: %v", n, err)
		}
	}
	next, err := tx.NextCase("north")
	if err != nil {
		return err
	}
	at := day0.Add(time.Duration(n) * time.Millisecond)
	id := mailID(n)
	c, e := acceptedCase(next, id, at)
	m := acceptedMail(c, id, at, raw)
	errs := []error{
		tx.CreateCase(c), tx.Append(c.ID, e), tx.PutMail(m),
		tx.Remember(ledgerKey("bytes", n), id, at), tx.Remember(ledgerKey("message", n), id, at),
		tx.SetThread("north", m.MessageID, c.ID),
	}
	if raw.Ref == "" {
		errs = append(errs, tx.PutRaw(id, raw.Data))
	}
	for i, p := range c.Participants {
		errs = append(errs, tx.PutDelivery(&mailer.Delivery{
			ID: mailer.MakeID(id.Number()<<1 + uint64(i)), Recipient: p.Address, Tenant: "north", Case: next, Participant: p.No,
			First: 1, Last: 1, State: mailer.Waiting, Created: at, Due: at,
		}))
	}
	return errors.Join(errs...)
}

func acceptedCase(n uint32, id mailer.ID, at time.Time) (*cases.Case, *cases.Event) {
	c := &cases.Case{
		ID: cases.CaseID{Reseller: "north", N: n}, Number: fmt.Sprintf("NORTH-%d", n), Title: "The printer on the second floor prints nothing",
		State: cases.New, Priority: cases.P3, Customer: "acme.example", Created: at, Updated: at, Events: 1,
		Participants: []cases.Participant{
			{No: 1, Address: mailer.MustAddress("it@acme.example"), Name: "Acme IT", Role: cases.RoleRequester, Since: at},
			{No: 2, Person: "desk", Address: mailer.MustAddress("desk@agents.example"), Name: "North Desk", Role: cases.RoleAgent, Since: at},
		},
	}
	return c, &cases.Event{
		Seq: 1, Time: at, Type: cases.EventFiled, Group: id, Channel: "mail", Mail: id,
		Actor: cases.Actor{Participant: 1, Address: mailer.MustAddress("it@acme.example"), Name: "Acme IT", Level: mailer.Verified},
		Message: &cases.Message{Subject: c.Title, MessageID: string(id) + "@acme.example",
			Text: "Hello,\n\nsince this morning the printer prints nothing. What I tried:\n- off and on\n- another cable\n\nRegards\nIT\n"},
	}
}

func acceptedMail(c *cases.Case, id mailer.ID, at time.Time, raw blob.Body) *cases.MailRecord {
	intake := mailer.MustAddress("support@north.example")
	m := &cases.MailRecord{
		ID: id, Reseller: "north", Received: at, Door: "mx", Subject: c.Title, MessageID: string(id) + "@acme.example", Size: raw.Size,
		Envelope: mailer.Envelope{ReversePath: mailer.MustAddress("it@acme.example"), Recipients: []mailer.Address{intake}, Helo: "mail.acme.example", TLS: true},
		Identity: mailer.Identity{Level: mailer.Verified, Address: mailer.MustAddress("it@acme.example"), Why: "DMARC pass"},
		Sum:      sha256.Sum256(raw.Data), Blob: raw.Ref, Status: cases.MailFiled, Cases: []cases.CaseID{c.ID},
		Outcomes: []mailer.Outcome{{Recipient: intake, Verdict: mailer.Accepted}},
	}
	m.Trace.Add("recipient", "support@north.example", "intake of north", "design 3")
	m.Trace.Add("identity", "it@acme.example", "verified", "DMARC pass")
	m.Trace.Add("match", "", "none", "no token, no known Message-ID, no number")
	m.Trace.Add("right to file", "it@acme.example", "contact of acme.example", "R13")
	m.Trace.Effect("case %s made", c.Number)
	m.Trace.Effect("2 notices")
	return m
}

// accepted checks that everything of a mail is there.
func accepted(tx cases.Tx, n int, raw []byte, blobs blob.Store) error {
	m, err := tx.Mail(mailID(n))
	if err != nil {
		return err
	}
	stored := blob.Body{Ref: m.Blob}
	if m.Blob == "" {
		if stored.Data, err = tx.Raw(m.ID); err != nil {
			return err
		}
	}
	r, err := stored.Open(blobs)
	if err != nil {
		return err
	}
	defer r.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil {
		return err
	}
	if !bytes.Equal(got.Bytes(), raw) {
		return fmt.Errorf("mail %d has %d octets that are not the %d it came with", n, got.Len(), len(raw))
	}
	for _, kind := range []string{"bytes", "message"} {
		if id, err := tx.Recall(ledgerKey(kind, n)); err != nil || id != m.ID {
			return fmt.Errorf("mail %d: the ledger says %s, %v", n, id, err)
		}
	}
	if id, err := tx.Thread("north", m.MessageID); err != nil || id != m.Cases[0] {
		return fmt.Errorf("mail %d: its thread is %s, %v", n, id, err)
	}
	c, err := tx.Case(m.Cases[0])
	if err != nil {
		return err
	}
	events, err := tx.History(c.ID, 1, 0)
	if err != nil || len(events) != 1 || events[0].Mail != m.ID {
		return fmt.Errorf("mail %d: the history of its case is %v, %v", n, events, err)
	}
	for i := range c.Participants {
		if _, err := tx.Delivery(mailer.MakeID(m.ID.Number()<<1 + uint64(i))); err != nil {
			return err
		}
	}
	return nil
}

func demo(t testing.TB) *cases.Directory {
	t.Helper()
	d := &cases.Directory{
		Resellers: []cases.Reseller{{
			ID: "north", Name: "North", Domains: []string{"north.example"}, Intake: mailer.MustAddress("support@north.example"),
			Prefix: "NORTH", Language: "pl", Zone: "Europe/Warsaw",
		}},
		Customers: []cases.Customer{{Domain: "acme.example", Managed: []cases.Interval{{Reseller: "north"}}}},
	}
	if err := d.Index(); err != nil {
		t.Fatal(err)
	}
	return d
}
