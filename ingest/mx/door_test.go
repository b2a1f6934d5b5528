package mx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// secret must never be seen by a client.
const secret = "/srv/secret/store.db"

// seen is a mail as the handler got it, its bytes read back from where they are.
type seen struct {
	*mailer.Mail
	header, body string
}

// desk is the handler of the tests. What it answers is in the local part of
// the recipient: "unknown", "busy" and "explode" at RCPT; "refused", "again",
// "later", "full", "held", "fail", "panic" and "short" for the mail. Others are
// accepted.
type desk struct {
	blobs blob.Store
	enter chan<- string   // if set: told of each mail, ...
	leave <-chan struct{} // ... and waited for
	blind bool            // does not look at the bytes of mails
	only  []string        // if set: the addresses that are ours

	asked atomic.Int32 // about "later"

	mu      sync.Mutex
	mails   []seen
	refused []mailer.Refusal
	wrong   []string // what the door promised and did not keep
}

func (d *desk) Check(_ context.Context, env *mailer.Envelope, rcpt mailer.Address) mailer.Outcome {
	o := mailer.Outcome{Recipient: rcpt, Verdict: mailer.Accepted}
	switch rcpt.Local {
	case "unknown":
		o.Verdict, o.Reason = mailer.Refused, mailer.NoSuchAddress
	case "busy":
		o.Verdict, o.Reason = mailer.Deferred, mailer.TryLater
	case "explode":
		panic("check: " + secret)
	}
	if d.only != nil && !slices.Contains(d.only, rcpt.String()) {
		o.Verdict, o.Reason = mailer.Refused, mailer.NoSuchAddress
	}
	return o
}

func (d *desk) Accept(_ context.Context, m *mailer.Mail) ([]mailer.Outcome, error) {
	if d.enter != nil {
		d.enter <- string(m.ID)
		<-d.leave
	}
	d.note(m)
	var out []mailer.Outcome
	for _, rcpt := range m.Envelope.Recipients {
		o := mailer.Outcome{Recipient: rcpt, Verdict: mailer.Accepted}
		switch rcpt.Local {
		case "refused":
			o.Verdict, o.Reason, o.Text = mailer.Refused, mailer.NotAllowed, "Not you\r\n250 OK\xff"
		case "later": // at the second try
			if d.asked.Add(1) > 1 {
				break
			}
			fallthrough
		case "again":
			o.Verdict, o.Reason = mailer.Deferred, mailer.TryLater
		case "full":
			o.Verdict, o.Reason = mailer.Deferred, mailer.Full
		case "held":
			o.Verdict, o.Reason = mailer.Held, mailer.NeedsDecision
		case "fail":
			return nil, errors.New("commit: open " + secret + ": broken")
		case "panic":
			panic("accept: " + secret)
		case "short":
			return nil, nil
		}
		out = append(out, o)
	}
	return out, nil
}

func (d *desk) note(m *mailer.Mail) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.blind {
		d.mails = append(d.mails, seen{Mail: m})
		return
	}
	r, err := m.Raw.Open(d.blobs)
	if err != nil {
		d.wrong = append(d.wrong, fmt.Sprintf("mail %s: cannot open its bytes: %v", m.ID, err))
		return
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	header, body, ours := cutHeader(string(raw))
	if err != nil || !ours || int64(len(raw)) != m.Raw.Size || sha256.Sum256([]byte(body)) != m.Sum {
		d.wrong = append(d.wrong, fmt.Sprintf("mail %s: Received, Size or Sum do not fit its %d bytes (%v)", m.ID, len(raw), err))
	}
	d.mails = append(d.mails, seen{Mail: m, header: header, body: body})
}

// cutHeader splits our own trace header, three lines, from the mail.
func cutHeader(raw string) (header, body string, ok bool) {
	lines := strings.SplitAfterN(raw, "\r\n", 4)
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "Received: from ") {
		return "", raw, false
	}
	return strings.Join(lines[:3], ""), lines[3], true
}

func (d *desk) Refused(_ context.Context, r mailer.Refusal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, r)
}

func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.mails)
}

// memory is a blob.Store that counts what it holds.
type memory struct {
	mu    sync.Mutex
	blobs map[blob.Ref][]byte
	open  int // writers neither committed nor aborted
	full  error
}

func (s *memory) Create() (blob.Writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil {
		return nil, s.full
	}
	s.open++
	return &memoryWriter{store: s}, nil
}

func (s *memory) Open(r blob.Ref) (blob.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blobs[r]
	if !ok {
		return nil, blob.ErrNotFound
	}
	return struct {
		*bytes.Reader
		io.Closer
	}{bytes.NewReader(b), io.NopCloser(nil)}, nil
}

func (s *memory) Remove(r blob.Ref) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, r)
	return nil
}

// left is the number of blobs and of writers that were never finished.
func (s *memory) left() (blobs, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.blobs), s.open
}

type memoryWriter struct {
	bytes.Buffer
	store *memory
	done  bool
}

func (w *memoryWriter) finish() bool {
	first := !w.done
	w.done = true
	if first {
		w.store.open--
	}
	return first
}

func (w *memoryWriter) Commit() (blob.Ref, error) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.finish()
	ref := blob.Ref(fmt.Sprintf("blob-%d", len(w.store.blobs)))
	if w.store.blobs == nil {
		w.store.blobs = map[blob.Ref][]byte{}
	}
	w.store.blobs[ref] = w.Bytes()
	return ref, nil
}

func (w *memoryWriter) Abort() {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.finish()
}

// door is a Server that runs, with all that is around it.
type door struct {
	*Server
	desk  *desk
	store *memory
	log   *lockedBuffer
	addr  string
	// on is where it listens; nil: a free port of the loopback. A *wires is for
	// clients in the same bubble of time.
	on net.Listener
}

// account has the one user who can sign in, and one whose password nobody knows.
func account(_ context.Context, user, password string) (bool, error) {
	if user == "broken" {
		return false, errors.New("open " + secret + ": broken")
	}
	return user == "ann@north.example" && password == hunter, nil
}

// hunter is a password, which no client, log or record may ever show.
const hunter = "hunter2 zażółć"

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// open starts a door on the loopback; change may adjust it first.
func open(t testing.TB, change func(*door)) *door {
	t.Helper()
	store := &memory{}
	ids := &mailer.IDs{}
	d := &door{desk: &desk{blobs: store}, store: store, log: &lockedBuffer{}}
	d.Server = &Server{
		Hostname: "mx.north.example", Handler: d.desk, Blobs: store, NewID: ids.New,
		Read: func(context.Context, *mailer.Mail) error { return nil },
		Now:  func() time.Time { return time.Date(2026, 11, 20, 9, 30, 0, 0, time.FixedZone("", 3600)) },
		Log:  slog.New(slog.NewTextHandler(d.log, nil)), MaxSize: 200_000, Idle: 20 * time.Second,
	}
	if change != nil {
		change(d)
	}
	if d.on == nil {
		d.on = listen(t)
	}
	d.addr = d.on.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.Serve(d.on) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Shutdown(ctx); err != nil && !t.Failed() {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve after Shutdown: %v", err)
		}
		for _, w := range d.desk.wrong {
			t.Error(w)
		}
		for _, password := range []string{hunter, base64.StdEncoding.EncodeToString([]byte(hunter))} {
			if strings.Contains(d.log.String(), password) {
				t.Errorf("the log holds a password:\n%s", d.log)
			}
		}
	})
	return d
}
