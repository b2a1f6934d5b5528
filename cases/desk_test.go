package cases_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/cases/notify"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// office is a desk in the world of the tests, on a real store, with a clock that
// stands still until it is moved.
type office struct {
	*cases.Desk
	t     testing.TB
	clock time.Time
}

// newStore gives the file of a store without anything in it: to make one takes
// some syncs, to copy it none.
var newStore = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "casegate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "casegate.db")
	store, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newOffice(t testing.TB) *office {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "casegate.db")
	empty, err := newStore()
	if err == nil {
		err = os.WriteFile(path, empty, 0o600)
	}
	if err != nil {
		t.Fatalf("make store: %v", err)
	}
	store, err := bolt.Open(path, bolt.Options{NoSync: true}) // nobody cuts the power here
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { store.Close() })
	o := &office{t: t, clock: casestest.Now}
	ids := &mailer.IDs{Now: func() time.Time { return o.clock }}
	o.Desk = &cases.Desk{
		Store: store, Blobs: &blob.Local{Dir: filepath.Join(dir, "blobs")}, Keys: casestest.Keys(), Hostname: casestest.Hostname,
		Audience: notify.Audience, Now: func() time.Time { return o.clock }, NewID: ids.New,
	}
	if _, err := o.ApplyDirectory(t.Context(), casestest.Directory()); err != nil {
		t.Fatalf("apply directory: %v", err)
	}
	return o
}

// letter is a mail to be sent to the office; what is not set has a sensible value.
type letter struct {
	from      string
	to        []string
	level     mailer.Level // zero is Unverified: say(…) sends verified mail
	reject    bool
	subject   string
	text      string
	messageID string
	refs      []string
	reply     mailer.Reply
	kind      mailer.Kind
	returnTo  *string // reverse-path; nil: from
	toCc      string  // addresses in To and Cc, with blanks between them
	auth      mailer.Auth
	scan      mailer.ScanVerdict // of one scanner; "": there is none
	frontHop  bool
	header    string // more fields of the raw mail, which nothing may believe
	received  int
	failure   string
}

func (o *office) mail(l letter) *mailer.Mail {
	o.t.Helper()
	raw := fmt.Sprintf("From: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\n%s\r\n%s\r\n", l.from, l.subject, l.messageID, l.header, l.text)
	m := &mailer.Mail{
		ID: o.NewID(), Received: o.clock, Door: "test",
		Identity: mailer.Identity{Level: l.level, Reject: l.reject, Why: "the test says so"}, Auth: l.auth,
		Message: mailer.Message{Subject: l.subject, Text: l.text, MessageID: l.messageID, References: l.refs,
			Reply: l.reply, Kind: l.kind, Received: l.received, Failure: l.failure},
		Raw: blob.Body{Data: []byte(raw), Size: int64(len(raw))}, Sum: sha256.Sum256([]byte(raw)),
	}
	if m.Message.Kind == "" {
		m.Message.Kind = mailer.KindPerson
	}
	m.Message.Automatic = m.Message.Kind != mailer.KindPerson && m.Message.Kind != mailer.KindList
	if l.from != "" {
		m.Identity.Address = mailer.MustAddress(l.from)
		m.Envelope.ReversePath = m.Identity.Address
	}
	if l.returnTo != nil {
		m.Envelope.ReversePath = mailer.Address{}
		if *l.returnTo != "" {
			m.Envelope.ReversePath = mailer.MustAddress(*l.returnTo)
		}
	}
	for _, a := range strings.Fields(l.toCc) {
		m.Message.Cc = append(m.Message.Cc, mailer.Mailbox{Email: mailer.MustAddress(a)})
	}
	if l.scan != "" {
		m.Scans = []mailer.Scan{{By: "clamav", Verdict: l.scan, Detail: "Eicar-Signature"}}
	}
	m.Envelope.FrontHop = l.frontHop
	for _, to := range l.to {
		m.Envelope.Recipients = append(m.Envelope.Recipients, mailer.MustAddress(to))
	}
	return m
}

// send has the office accept a letter.
func (o *office) send(l letter) []mailer.Outcome {
	o.t.Helper()
	outcomes, err := o.Accept(o.t.Context(), o.mail(l))
	if err != nil {
		o.t.Fatalf("accept a mail from %s to %v: %v", l.from, l.to, err)
	}
	return outcomes
}

// say sends a verified mail and wants one verdict for all its recipients.
func (o *office) say(want mailer.Verdict, l letter) {
	o.t.Helper()
	if l.level == mailer.Unverified {
		l.level = mailer.Verified
	}
	o.want(want, o.send(l))
}

func (o *office) want(want mailer.Verdict, outcomes []mailer.Outcome) {
	o.t.Helper()
	for _, got := range outcomes {
		if got.Verdict != want {
			o.t.Errorf("%s was answered %q (%s), want %q", got.Recipient, got.Verdict, got.Reason, want)
		}
	}
}

// file has it@acme.example file a case, and gives its number.
func (o *office) file(subject string) string {
	o.t.Helper()
	o.clock = o.clock.Add(time.Minute)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: subject,
		text: "It burns.", messageID: subject + "@acme.example"})
	list, err := o.List(o.t.Context(), cases.Filter{Reseller: "north"})
	if err != nil || len(list) == 0 {
		o.t.Fatalf("after filing, %d cases are listed: %v", len(list), err)
	}
	return list[0].Number
}

// history fetches a case that must be there.
func (o *office) history(number string) (*cases.Case, []cases.Event) {
	o.t.Helper()
	c, events, err := o.Find(o.t.Context(), number)
	if err != nil {
		o.t.Fatalf("find %s: %v", number, err)
	}
	return c, events
}

// replyTo is the reply address that a participant of a case was given.
func (o *office) replyTo(number string, participant uint16) string {
	c, _ := o.history(number)
	return "case-" + o.Keys.Seal(mailer.Token{Purpose: mailer.PurposeReply, Tenant: mailer.TenantTag(string(c.ID.Reseller)),
		Case: c.ID.N, Participant: participant, Expires: o.clock.AddDate(1, 0, 0)}) + "@" + casestest.Hostname
}

// wantEvents checks the types of a case's events, in order.
func (o *office) wantEvents(number string, want ...cases.EventType) []cases.Event {
	o.t.Helper()
	_, events := o.history(number)
	var got []cases.EventType
	for _, e := range events {
		got = append(got, e.Type)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		o.t.Errorf("history of %s is %v, want %v", number, got, want)
	}
	return events
}

// wantMails checks how many mails have a status.
func (o *office) wantMails(status cases.MailStatus, n int) []*cases.MailRecord {
	o.t.Helper()
	list, err := o.Mails(o.t.Context(), status, 0)
	if err != nil || len(list) != n {
		o.t.Errorf("%d mails are %q, want %d (%v)", len(list), status, n, err)
	}
	return list
}

// recipients lists to whom notices about cases wait, in order, and marks them and
// every other delivery sent.
func (o *office) recipients() string {
	o.t.Helper()
	var to []string
	for _, d := range o.deliver() {
		if d.Kind == mailer.NoticeKind {
			to = append(to, d.Recipient.String())
		}
	}
	return strings.Join(to, " ")
}

// deliver marks every delivery that is due as sent, and gives them.
func (o *office) deliver() []mailer.Delivery {
	o.t.Helper()
	var all []mailer.Delivery
	for o.due() {
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Second)
		leased, err := o.Lease(ctx, 100)
		cancel()
		if err != nil {
			o.t.Fatalf("lease what is due: %v", err)
		}
		for _, d := range leased {
			all = append(all, d)
			if err := o.Finish(o.t.Context(), d, nil); err != nil {
				o.t.Fatalf("finish a delivery: %v", err)
			}
		}
	}
	return all
}

// due tells that a delivery is to be sent by now: its first attempt was leased
// with it, or its time has come.
func (o *office) due() bool {
	o.t.Helper()
	list, err := o.Deliveries(o.t.Context(), mailer.Waiting, 0)
	if err != nil {
		o.t.Fatalf("list deliveries: %v", err)
	}
	return slices.ContainsFunc(list, func(d *mailer.Delivery) bool {
		return !d.Due.After(o.clock) || d.Attempts == 1 && d.Due.Equal(d.Created.Add(mailer.RetryAfter(1, d.ID)))
	})
}
