package cases_test

import (
	"crypto/sha256"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// large makes a mail whose bytes are in a blob.
func (o *office) large(l letter) *mailer.Mail {
	o.t.Helper()
	m := o.mail(l)
	spool := &blob.Spool{Store: o.Blobs}
	raw := strings.Repeat("attachment ", 20_000) + l.subject
	if _, err := spool.Write([]byte(raw)); err != nil {
		o.t.Fatal(err)
	}
	body, err := spool.Close()
	if err != nil || body.Ref == "" {
		o.t.Fatalf("the mail is not in a blob: %+v, %v", body, err)
	}
	m.Raw, m.Sum = body, sha256.Sum256([]byte(raw))
	return m
}

// wantBlobs counts the files that blobs are in.
func (o *office) wantBlobs(when string, want int) {
	o.t.Helper()
	n := 0
	err := filepath.WalkDir(o.Blobs.(*blob.Local).Dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil || n != want {
		o.t.Errorf("%s: %d blobs are left (%v), want %d", when, n, err, want)
	}
}

// TestBlobs: a large mail is kept once for each tenant that keeps it, and never
// where nothing refers to it.
func TestBlobs(t *testing.T) {
	o := newOffice(t)
	accept := func(l letter) []mailer.Outcome {
		t.Helper()
		out, err := o.Accept(t.Context(), o.large(l))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	filed := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "one"}
	accept(filed)
	o.wantBlobs("filed", 1)
	o.want(mailer.Accepted, accept(filed))
	o.wantBlobs("the same again", 1)
	accept(letter{from: "eve@evil.example", level: mailer.Verified, to: []string{"support@north.example", "support@south.example"}, subject: "two"})
	o.wantBlobs("refused", 1)
	accept(letter{from: "it@acme.example", level: mailer.UnknownYet, to: []string{"support@north.example"}, subject: "three"})
	o.wantBlobs("deferred", 1)
	accept(letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@south.example", "support@north.example"}, subject: "four"})
	o.wantBlobs("refused by one tenant, filed by the other", 2)
	accept(letter{from: "eve@evil.example", to: []string{"postmaster@north.example", "postmaster@south.example", "abuse@gate.example"}, subject: "five"})
	o.wantBlobs("held for three", 5)
	held := o.wantMails(cases.MailHeld, 3)
	if _, err := o.Discard(t.Context(), held[0].ID); err != nil {
		t.Fatal(err)
	}
	o.wantBlobs("one of them discarded", 4)
	for _, r := range held[1:] {
		raw, err := o.Raw(t.Context(), r.ID)
		if err != nil {
			t.Errorf("discarding one tenant's copy took %s's: %v", r.Reseller, err)
			continue
		}
		raw.Close()
	}
	o.Room = func() error { return cases.ErrFull }
	accept(letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "six"})
	o.wantBlobs("no room", 4)
}
