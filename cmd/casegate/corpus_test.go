package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"path/filepath"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/cases/notify"
	"casegate/cases/store/bolt"
	"casegate/ingest"
	"casegate/ingest/corpustest"
	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// TestCorpusIsTaken gives every mail of the corpus to the way behind the door,
// with CRLF line ends, as a verified mail of it@acme.example. Each must end as a
// case, held or failed, with its bytes kept as they came.
func TestCorpusIsTaken(t *testing.T) {
	items := corpustest.Items(t)
	dir := t.TempDir()
	store, err := bolt.Open(filepath.Join(dir, storeName), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	blobs := &blob.Local{Dir: filepath.Join(dir, "blobs")}
	var ids mailer.IDs
	desk := &cases.Desk{Store: store, Blobs: blobs, Keys: casestest.Keys(), Hostname: casestest.Hostname, Audience: notify.Audience, NewID: ids.New}
	if _, err := desk.ApplyDirectory(t.Context(), casestest.Directory()); err != nil {
		t.Fatal(err)
	}
	contact := mailer.MustAddress("it@acme.example")
	reader := &ingest.Reader{Blobs: blobs, Verify: func(_ context.Context, m *mailer.Mail, _ header.Header, _ io.Reader) error {
		m.Identity = mailer.Identity{Level: mailer.Verified, Address: contact, Why: "given by the test"}
		return nil
	}}
	count := map[cases.MailStatus]int{}
	for _, item := range items {
		raw := crlf(item.Raw)
		spool := &blob.Spool{Store: blobs}
		if _, err := spool.Write(raw); err != nil {
			t.Fatal(err)
		}
		body, err := spool.Close()
		if err != nil {
			t.Fatal(err)
		}
		m := &mailer.Mail{
			ID: ids.New(), Received: time.Now().UTC(), Door: "test", Raw: body, Sum: sha256.Sum256(raw),
			Envelope: mailer.Envelope{ReversePath: contact, Recipients: []mailer.Address{mailer.MustAddress("support@north.example")}},
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := reader.Read(ctx, m); err != nil {
			t.Errorf("%s: read: %v", item.ID, err)
		}
		if _, err := desk.Accept(ctx, m); err != nil {
			t.Errorf("%s: accept: %v", item.ID, err)
		}
		cancel()
		count[checkTaken(t, desk, item.ID, m.ID, raw)]++
	}
	t.Logf("%d items: %v", len(items), count)
	// A mail that is in the corpus twice is one mail, taken once.
	if total := count[cases.MailFiled] + count[cases.MailHeld] + count[cases.MailFailed] + count[""]; total != corpustest.Size || len(items) != corpustest.Size {
		t.Errorf("%d of %d items ended as a case, held or failed, want all %d", total, len(items), corpustest.Size)
	}
}

// checkTaken looks up what became of a mail; "" means that the same bytes came
// before under another id.
func checkTaken(t *testing.T, desk *cases.Desk, item string, id mailer.ID, raw []byte) cases.MailStatus {
	t.Helper()
	r, err := desk.Mail(t.Context(), id)
	if err != nil {
		sum := cases.Sum(sha256.Sum256(raw))
		all, listErr := desk.Mails(t.Context(), "", 0)
		for _, other := range all {
			if other.Sum == sum {
				return ""
			}
		}
		t.Errorf("%s: no record: %v %v", item, err, listErr)
		return "lost"
	}
	kept, err := desk.Raw(t.Context(), id)
	if err != nil {
		t.Errorf("%s: %v", item, err)
		return "lost"
	}
	defer kept.Close()
	if b, err := io.ReadAll(kept); err != nil || !bytes.Equal(b, raw) {
		t.Errorf("%s: %d bytes are kept of %d (%v)", item, len(b), len(raw), err)
	}
	if r.Status == cases.MailFiled && len(r.Cases) == 0 {
		t.Errorf("%s: filed, but in no case", item)
	}
	return r.Status
}

// crlf gives every line the line end of SMTP.
func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}
