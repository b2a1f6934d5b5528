package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casegate/mailer"
)

func outgoing(n uint64, subject, text string) *mailer.Outgoing {
	body := "\r\n" + text
	return &mailer.Outgoing{
		ID: mailer.MakeID(n), Recipient: mailer.MustAddress("it@acme.example"),
		Header: []byte("From: North <support@north.example>\r\nTo: <it@acme.example>\r\nSubject: " + subject +
			"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func TestOutbox(t *testing.T) {
	o := outbox{dir: filepath.Join(t.TempDir(), "outbox")}
	if list, err := o.list(); err == nil || !strings.Contains(err.Error(), "only the demo") {
		t.Fatalf("where there is no outbox the list is %v, %v; want it said who has one", list, err)
	}
	for _, m := range []*mailer.Outgoing{
		outgoing(2<<20, "[NORTH-1] =?utf-8?q?Dru=C4=99ka?=", "za=C5=BC\r\n"),
		outgoing(1<<20, "first", "one\r\n"),
		outgoing(2<<20, "[NORTH-1] =?utf-8?q?Dru=C4=99ka?=", "za=C5=BC\r\n"), // tried again
	} {
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	list, err := o.list()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 {
		t.Fatalf("the outbox holds %d mails, want 2: a retry overwrites", len(list))
	}
	if list[0].Subject != "first" || list[1].Subject != "[NORTH-1] Druęka" || list[1].Case != "NORTH-1" || list[1].Number != 2 {
		t.Errorf("the list is %+v, want the older mail first, subjects decoded, the case found", list)
	}
	m, raw, err := o.bytes(2)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(m.File); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: mode %v, %v; want 0600: it is somebody's mail", m.File, info.Mode(), err)
	}
	if want := string(outgoing(0, m.Subject, "").Header[:40]); !strings.HasPrefix(string(raw), want[:30]) {
		t.Errorf("the bytes begin with %q, want what was sent", raw[:30])
	}
	var b bytes.Buffer
	if err := readable(&b, raw); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Subject: [NORTH-1] Druęka\n", "\n\nzaż\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("shown as\n%s\nwant %q in it", b.String(), want)
		}
	}
	if _, _, err := o.bytes(3); err == nil || !strings.Contains(err.Error(), "it holds 2") {
		t.Errorf("asking for mail 3 of 2 gives %v", err)
	}
}

// TestOutboxFailure: a mail that could not be written whole is not there at all,
// and the queue hears of it.
func TestOutboxFailure(t *testing.T) {
	o := outbox{dir: t.TempDir()}
	m := outgoing(1<<20, "x", "")
	m.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{}))
	if err := o.Send(t.Context(), m); err == nil || mailer.IsPermanent(err) {
		t.Errorf("Send gives %v, want an error that is worth a retry", err)
	}
	entries, err := os.ReadDir(o.dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("the outbox holds %v, %v; want nothing", entries, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
