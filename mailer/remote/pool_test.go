package remote

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"casegate/mailer"
)

// A connection is used for one mail after the other, without RSET.
func TestConnectionIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.Repeat(taken, 3), open+taken)
		r := f.relay("smtp://relay.example", nil)
		for i := range 4 {
			if err := r.Send(t.Context(), note()); err != nil {
				t.Errorf("mail %d: %v", i, err)
			}
			time.Sleep(maxIdle - time.Second)
			if i == 2 {
				time.Sleep(2 * time.Second) // now it is too old
				synctest.Wait()
				if f.quits != 1 || f.live != 0 {
					t.Errorf("after %v unused: %d QUITs and %d connections, want it closed politely", maxIdle, f.quits, f.live)
				}
			}
		}
		f.end(r)
		if len(f.mails) != 4 || f.quits != 2 {
			t.Errorf("%d mails and %d QUITs, want 4 and 2", len(f.mails), f.quits)
		}
	})
}

func TestConnectionIsReplacedAfterManyMails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.Repeat(taken, maxUses), open+taken)
		r := f.relay("smtp://relay.example", nil)
		for i := range maxUses + 1 {
			if err := r.Send(t.Context(), note()); err != nil {
				t.Fatalf("mail %d: %v", i, err)
			}
		}
		f.end(r)
	})
}

const again = "C: RSET\nS: 250 ok\nC: EHLO gate.north.example\nS: 250-relay.example\nS: 250-8bitmime\nS: 250-SMTPUTF8\nS: 250 size 1000000\n"

// After a refusal the same connection goes on with RSET, and says its name again.
func TestConnectionAfterRefusal(t *testing.T) {
	for _, c := range []struct{ stage, script string }{
		{"MAIL FROM", upTo("C: RCPT")}, {"RCPT TO", upTo("C: DATA")}, {"DATA", upTo("<mail>")}, {"end of data", upTo("S: 250 2.0.0")},
	} {
		for _, code := range []string{"450", "550"} {
			t.Run(c.stage+" "+code, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeRelay(t, c.script+"S: "+code+" no\n"+again+taken)
					r := f.relay("smtp://relay.example", nil)
					if err := r.Send(t.Context(), note()); mailer.IsPermanent(err) != (code == "550") {
						t.Errorf("first mail: %v, want it refused", err)
					}
					if err := r.Send(t.Context(), note()); err != nil {
						t.Errorf("second mail: %v", err)
					}
					f.end(r)
				})
			})
		}
	}
}

// A kept connection that proves dead costs nothing: the mail goes over a fresh
// one, as long as the relay cannot have begun with it.
func TestStaleConnection(t *testing.T) {
	refusedRCPT := upTo("C: DATA") + "S: 550 no\n"
	for name, c := range map[string]struct {
		script string
		second string // "": the second mail is sent over a fresh connection
		first  bool   // the first mail is sent
	}{
		"closed while idle":                        {open + taken + "<close>", "", true},
		"closed with 421 while idle":               {open + taken + "S: 421 4.4.2 idle too long\n<close>", "", true},
		"421 to MAIL":                              {open + taken + upTo("C: RCPT")[len(open):] + "S: 421 enough\n", "", true},
		"closed instead of an answer to MAIL":      {open + taken + upTo("C: RCPT")[len(open):] + "<close>", "", true},
		"silent after MAIL":                        {open + taken + upTo("C: RCPT")[len(open):] + "<stall>", "", true},
		"closed at RSET":                           {refusedRCPT + "C: RSET\n<close>", "", false},
		"RSET refused":                             {refusedRCPT + "C: RSET\nS: 451 no\n", "", false},
		"EHLO after RSET refused for good":         {refusedRCPT + "C: RSET\nS: 250 ok\nC: EHLO gate.north.example\nS: 550 who are you\n", "", false},
		"451 to MAIL is an answer":                 {open + taken + upTo("C: RCPT")[len(open):] + "S: 451 no\n", "MAIL FROM", true},
		"550 to MAIL is an answer":                 {open + taken + upTo("C: RCPT")[len(open):] + "S: 550 no\n", "MAIL FROM", true},
		"closed after MAIL was taken":              {open + taken + upTo("C: DATA")[len(open):] + "<close>", "RCPT TO", true},
		"closed after RCPT was taken":              {open + taken + upTo("<mail>")[len(open):] + "<close>", "DATA", true},
		"closed after the mail":                    {open + taken + upTo("S: 250 2.0.0")[len(open):] + "<close>", "end of data", true},
		"421 to the mail":                          {open + taken + upTo("S: 250 2.0.0")[len(open):] + "S: 421 no\n", "end of data", true},
		"closed after MAIL, on a connection reset": {refusedRCPT + again + upTo("C: DATA")[len(open):] + "<close>", "RCPT TO", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRelay(t, c.script)
				if c.second == "" {
					f.scripts = append(f.scripts, open+taken)
				}
				r := f.relay("smtp://relay.example", nil)
				if err := r.Send(t.Context(), note()); (err == nil) != c.first {
					t.Errorf("first mail: %v, want it sent: %v", err, c.first)
				}
				time.Sleep(time.Second)
				err := r.Send(t.Context(), note())
				if c.second == "" && err != nil {
					t.Errorf("second mail: %v, want it sent over a fresh connection", err)
				}
				if c.second != "" && (err == nil || !strings.Contains(err.Error(), c.second)) {
					t.Errorf("second mail: %v, want no second try after %s", err, c.second)
				}
				f.end(r)
			})
		})
	}
}

// Only one fresh connection is tried, however many kept ones are dead.
func TestStaleConnectionIsRetriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+taken+"<close>", "<close>")
		r := f.relay("smtp://relay.example", nil)
		if err := r.Send(t.Context(), note()); err != nil {
			t.Fatal(err)
		}
		if err := r.Send(t.Context(), note()); err == nil || !strings.Contains(err.Error(), "greeting") {
			t.Errorf("second mail: %v, want the failure of the fresh connection", err)
		}
		f.end(r)
	})
}

func TestMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mails, conns = 30, 4
		// The connections share the mails as they come; each can take them all.
		f := newFakeRelay(t)
		for range conns {
			f.scripts = append(f.scripts, open+"<any>")
		}
		r := f.relay("smtp://relay.example", func(c *Config) { c.MaxConns = conns })
		var wg sync.WaitGroup
		errs := make(chan error, mails)
		for range mails {
			wg.Go(func() { errs <- r.Send(t.Context(), note()) })
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Errorf("Send: %v", err)
			}
		}
		f.end(r)
		if len(f.mails) != mails || f.most > conns {
			t.Errorf("%d mails over %d connections, want %d over at most %d", len(f.mails), f.most, mails, conns)
		}
	})
}

// Who waits for a free connection stops waiting when told to.
func TestWaitingForConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, "<stall>")
		r := f.relay("smtp://relay.example", func(c *Config) { c.MaxConns = 1 })
		go r.Send(t.Context(), note())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := r.Send(ctx, note()); !errors.Is(err, ctx.Err()) || ctx.Err() == nil || time.Since(began) != time.Second {
			t.Errorf("Send: %v after %v, want it stopped after a second", err, time.Since(began))
		}
		time.Sleep(time.Hour)
		f.end(r)
	})
}

// A relay that does not answer QUIT holds up nobody for long.
func TestCloseIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+taken+"<stall>", open+taken+"<stall>")
		r := f.relay("smtp://relay.example", nil)
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				if err := r.Send(t.Context(), note()); err != nil {
					t.Errorf("mail %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		began := time.Now()
		r.Close()
		if took := time.Since(began); took > quitTime {
			t.Errorf("Close took %v, want %v at most", took, quitTime)
		}
		if f.next == 1 { // both mails went over one connection: the second script is not wanted
			f.scripts = f.scripts[:1]
		}
		f.end(r)
	})
}

// A failing read of our own must not end as half a mail at the relay: no final
// dot, no QUIT (which would write one).
func TestBodyFailsHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.Replace(strings.Replace(taken, "SIZE=68", "SIZE=62", 1), "S: 250 2.0.0 queued as 4711\n", "", 1))
		r := f.relay("smtp://relay.example", nil)
		m := note()
		m.Body = &failingBody{text: "\r\n" + strings.Repeat("x", 27) + "\r\n"}
		err := r.Send(t.Context(), m)
		if err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), "disk on fire") {
			t.Errorf("Send: %v, want the temporary error of the body", err)
		}
		f.end(r)
		if len(f.mails) != 0 || f.quits != 0 {
			t.Errorf("the relay got %q and %d QUITs, want an unfinished mail and a closed connection", f.mails, f.quits)
		}
	})
}

// failingBody can be read once, and half a second time.
type failingBody struct {
	text   string
	pos    int
	passes int
}

func (b *failingBody) Read(p []byte) (int, error) {
	if b.passes > 0 && b.pos >= len(b.text)/2 {
		return 0, errors.New("disk on fire")
	}
	if b.pos == len(b.text) {
		return 0, io.EOF
	}
	n := copy(p[:1], b.text[b.pos:])
	b.pos += n
	return n, nil
}

func (b *failingBody) Seek(_ int64, whence int) (int64, error) {
	if whence == 0 {
		b.pos = 0
		b.passes++
	}
	return 0, nil
}

func (*failingBody) Close() error { return nil }
