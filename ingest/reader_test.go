package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"casegate/ingest/parse/header"
	"casegate/ingest/verify"
	"casegate/mailer"
	"casegate/mailer/blob"
)

const plainMail = "Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\n" +
	"From: Anna <anna@north.example>\r\nTo: support@north.example\r\nSubject: Printer\r\n\r\nIt is on fire.\r\n"

func inMemory(s string) blob.Body { return blob.Body{Data: []byte(s), Size: int64(len(s))} }

// memory is a blob store that counts what is being read from it.
type memory struct {
	blobs     map[blob.Ref]string
	hold      time.Duration // how long it takes to read some of a blob
	open, max atomic.Int64
}

func (s *memory) Create() (blob.Writer, error) { return nil, errors.New("not needed here") }
func (s *memory) Remove(blob.Ref) error        { return nil }

func (s *memory) Open(ref blob.Ref) (blob.File, error) {
	b, ok := s.blobs[ref]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", ref, blob.ErrNotFound)
	}
	return &opened{bytes.NewReader([]byte(b)), s, int64(len(b))}, nil
}

type opened struct {
	*bytes.Reader
	s    *memory
	size int64
}

// ReadAt takes its time, in which the mail counts as being read.
func (o *opened) ReadAt(p []byte, off int64) (int, error) {
	now := o.s.open.Add(o.size)
	for old := o.s.max.Load(); now > old && !o.s.max.CompareAndSwap(old, now); old = o.s.max.Load() {
	}
	time.Sleep(o.s.hold)
	o.s.open.Add(-o.size)
	return o.Reader.ReadAt(p, off)
}

func (o *opened) Close() error { return nil }

// TestReader: a mail in memory and one in a blob are read alike.
func TestReader(t *testing.T) {
	v := &verify.Verifier{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	r := &Reader{Blobs: &memory{blobs: map[blob.Ref]string{"a": plainMail}}, Verify: v.Verify}
	for _, raw := range []blob.Body{inMemory(plainMail), {Ref: "a", Size: int64(len(plainMail))}} {
		m := &mailer.Mail{ID: mailer.MakeID(1), Raw: raw, Envelope: mailer.Envelope{
			ReversePath: mailer.MustAddress("anna@north.example"), Remote: netip.MustParseAddr("127.0.0.1"),
		}}
		if err := r.Read(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if m.Message.Subject != "Printer" || m.Message.Text != "It is on fire.\n" || m.Message.Received != 1 {
			t.Errorf("the message reads %+v", m.Message)
		}
		if m.Message.Kind != mailer.KindPerson {
			t.Errorf("the mail counts as %q, a person wrote it", m.Message.Kind)
		}
		if !m.Identity.IsVerified() || m.Identity.Address != mailer.MustAddress("anna@north.example") {
			t.Errorf("the sender is %+v, want anna, verified by her network", m.Identity)
		}
	}
}

// TestZeroReader: it reads, and believes nobody.
func TestZeroReader(t *testing.T) {
	var r Reader
	m := &mailer.Mail{Raw: inMemory(plainMail)}
	if err := r.Read(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if m.Message.Subject != "Printer" || m.Identity.IsVerified() || m.Identity.Why == "" {
		t.Errorf("read %q by %+v", m.Message.Subject, m.Identity)
	}
	if err := r.Read(t.Context(), &mailer.Mail{Raw: blob.Body{Ref: "a", Size: 3}}); err == nil {
		t.Error("a Reader without a store read a blob")
	}
}

// TestNullReversePath: RFC 3834 2, mail-traps E.
func TestNullReversePath(t *testing.T) {
	report := "Content-Type: multipart/report; boundary=b\r\n" + plainMail
	auto := "Auto-Submitted: auto-replied\r\n" + plainMail
	anna := mailer.MustAddress("anna@north.example")
	tests := []struct {
		name    string
		raw     string
		reverse mailer.Address
		want    mailer.Kind
	}{
		{"a person", plainMail, anna, mailer.KindPerson},
		{"null reverse-path", plainMail, mailer.Address{}, mailer.KindAuto},
		{"null reverse-path, through a list", "List-Id: <x.example>\r\n" + plainMail, mailer.Address{}, mailer.KindList},
		{"null reverse-path, a report", report, mailer.Address{}, mailer.KindBounce},
		{"a report", report, anna, mailer.KindBounce},
		{"null reverse-path, an automatic answer", auto, mailer.Address{}, mailer.KindAutoReply},
	}
	var r Reader
	for _, tt := range tests {
		m := &mailer.Mail{Raw: inMemory(tt.raw), Envelope: mailer.Envelope{ReversePath: tt.reverse}}
		if err := r.Read(t.Context(), m); err != nil || m.Message.Kind != tt.want || m.Message.Automatic != (tt.want != mailer.KindPerson) {
			t.Errorf("%s: %q, automatic %v (%v), want %q", tt.name, m.Message.Kind, m.Message.Automatic, err, tt.want)
		}
	}
}

// TestReaderErrors: only what a retry may mend is an error.
func TestReaderErrors(t *testing.T) {
	r := &Reader{Blobs: &memory{blobs: map[blob.Ref]string{"short": "From: a@b.c"}}}
	err := r.Read(t.Context(), &mailer.Mail{Raw: blob.Body{Ref: "gone", Size: 5}})
	if !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a missing blob gives %v, want ErrNotFound", err)
	}
	if err := r.Read(t.Context(), &mailer.Mail{Raw: blob.Body{Ref: "short", Size: 500}}); err == nil {
		t.Error("a blob that lost its end was read as if whole")
	}
	for _, raw := range []string{"", "\x00\xff", strings.Repeat("(", 1<<20)} {
		m := &mailer.Mail{Raw: inMemory(raw)}
		if err := r.Read(t.Context(), m); err != nil {
			t.Errorf("a mail without sense, %.10q, gives the error %v", raw, err)
		}
	}
}

// TestVerifyPanic: T63.
func TestVerifyPanic(t *testing.T) {
	r := &Reader{Verify: func(context.Context, *mailer.Mail, header.Header, io.Reader) error { panic("a bug") }}
	m := &mailer.Mail{Raw: inMemory(plainMail)}
	if err := r.Read(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if m.Message.Failure == "" || m.Message.Subject != "Printer" || m.Identity.IsVerified() {
		t.Errorf("after a panic: failure %q, subject %q, sender %+v; want a failed mail with its subject",
			m.Message.Failure, m.Message.Subject, m.Identity)
	}
}

// TestBudget: however many connections there are, no more than the budget is
// read at once, everyone gets a turn, and a mail above the budget too.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{hold: time.Second, blobs: map[blob.Ref]string{}}
		r := &Reader{Blobs: s, Budget: 100_000}
		var done sync.WaitGroup
		largest := 0
		for i := range 64 {
			ref := blob.Ref(fmt.Sprint(i))
			s.blobs[ref] = plainMail + strings.Repeat("x", (i%4)*50_000)
			largest = max(largest, len(s.blobs[ref]))
		}
		for i := range 64 {
			ref := blob.Ref(fmt.Sprint(i))
			done.Go(func() {
				m := &mailer.Mail{Raw: blob.Body{Ref: ref, Size: int64(len(s.blobs[ref]))}}
				if err := r.Read(t.Context(), m); err != nil || m.Message.Subject != "Printer" {
					t.Errorf("mail %s: %q, %v", ref, m.Message.Subject, err)
				}
			})
		}
		done.Wait()
		if s.max.Load() > int64(largest) {
			t.Errorf("%d octets were open at once; the budget is %d, the largest mail %d", s.max.Load(), r.Budget, largest)
		}
		if s.max.Load() < 50_000 {
			t.Errorf("no more than %d octets were open at once: the budget is not used", s.max.Load())
		}
	})
}

// TestBudgetContext: who waits for room gives up with ctx, and no room is lost.
func TestBudgetContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{hold: time.Minute, blobs: map[blob.Ref]string{"a": plainMail}}
		r := &Reader{Blobs: s, Budget: 1}
		mail := func() *mailer.Mail {
			return &mailer.Mail{Raw: blob.Body{Ref: "a", Size: int64(len(plainMail))}}
		}
		go r.Read(context.Background(), mail())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.Read(ctx, mail()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting beyond the deadline gives %v, want DeadlineExceeded", err)
		}
		if err := r.Read(context.Background(), mail()); err != nil {
			t.Errorf("after the first mail was read: %v", err)
		}
	})
}
