package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"casegate/mailer"
)

func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+taken)
		var log bytes.Buffer
		r := f.relay("smtp://relay.example", func(c *Config) {
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		if err := r.Send(t.Context(), note()); err != nil {
			t.Errorf("Send: %v", err)
		}
		f.end(r)
		want := strings.ReplaceAll(noteText, "\r\n.", "\r\n..")
		if len(f.mails) != 1 || f.mails[0] != want {
			t.Errorf("the relay got %q, want one mail %q", f.mails, want)
		}
		if !strings.Contains(log.String(), "queued as 4711") || strings.Contains(log.String(), "fire") {
			t.Errorf("log %q, want the relay's last words and nothing of the mail", log.String())
		}
	})
}

func TestSendNullReversePath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.Replace(taken, "r-1@north.example", "", 1))
		r := f.relay("smtp://relay.example", nil)
		m := note()
		m.ReversePath = mailer.Address{}
		if err := r.Send(t.Context(), m); err != nil {
			t.Errorf("Send: %v", err)
		}
		f.end(r)
	})
}

// steps are the places in a dialogue where a relay can say no or go away, each
// with the script up to there.
var steps = []struct {
	stage, before string
	aboutMail     bool // a 5xx there is final
}{
	{"greeting and EHLO", "", false},
	{"greeting and EHLO", "S: 220 relay.example\nC: EHLO gate.north.example\n", false},
	{"MAIL FROM", upTo("C: RCPT"), true},
	{"RCPT TO", upTo("C: DATA"), true},
	{"DATA", upTo("<mail>"), true},
	{"end of data", upTo("S: 250 2.0.0"), true},
}

// upTo is the dialogue before a step, and before the reply to the step before it.
func upTo(step string) string {
	before, _, _ := strings.Cut(open+taken, step)
	lines := strings.SplitAfter(strings.TrimRight(before, "\n"), "\n")
	if strings.HasPrefix(lines[len(lines)-1], "S: ") {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "") + "\n"
}

func TestReplies(t *testing.T) {
	for _, step := range steps {
		for _, c := range []struct {
			reply     string
			code      int
			enhanced  string
			text      string
			permanent bool // where it is about the mail
		}{
			{"550 5.1.1 no such user", 550, "5.1.1", "no such user", true},
			{"554 go away", 554, "", "go away", true},
			{"552 5.3.4 too big", 552, "5.3.4", "too big", true},
			{"550-5.7.1 line one\r\n550-5.7.1 line\ttwo\r\n550 5.7.1 three\x07", 550, "5.7.1", "line one line two three?", true},
			{"451 4.7.1 greylisted", 451, "4.7.1", "greylisted", false},
			{"452 4.2.2 mailbox full", 452, "4.2.2", "mailbox full", false},
			{"421 4.3.2 shutting down", 421, "4.3.2", "shutting down", false},
			{"530 5.7.0 Must issue a STARTTLS command first", 530, "5.7.0", "Must issue a STARTTLS command first", false},
			{"530 5.7.1 Authentication required", 530, "5.7.1", "Authentication required", false},
			{"535 5.7.8 who are you", 535, "5.7.8", "who are you", false},
			{"299 WHAT", 299, "", "WHAT", false},
			{"699 what", 699, "", "what", false},
		} {
			if step.stage == "end of data" && c.code == 299 {
				continue // a yes; see TestAnyYesIsAYes
			}
			t.Run(step.stage+" "+c.reply, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeRelay(t, step.before+"S: "+strings.ReplaceAll(c.reply, "\r\n", "\nS: ")+"\n")
					r := f.relay("smtp://relay.example", nil)
					err := r.Send(t.Context(), note())
					var reply *ReplyError
					if !errors.As(err, &reply) {
						t.Fatalf("Send: %v, want a ReplyError", err)
					}
					if reply.Stage != step.stage || reply.Code != c.code || reply.Enhanced != c.enhanced || reply.Text != c.text {
						t.Errorf("Send: %+v, want %q %d %q %q", reply, step.stage, c.code, c.enhanced, c.text)
					}
					if got, want := mailer.IsPermanent(err), c.permanent && step.aboutMail; got != want {
						t.Errorf("%v: final %v, want %v", err, got, want)
					}
					if !strings.HasPrefix(err.Error(), "relay smtp://relay.example:25: "+step.stage+" was answered ") || strings.ContainsAny(err.Error(), "\r\n\x07") {
						t.Errorf("error %q, want one line that names the relay and the command", err)
					}
					f.end(r)
					// Who is in step says goodbye, and could have sent another mail.
					inStep := c.code >= 400 && c.code < 600 && c.code != 421 && step.aboutMail
					if (f.quits == 1) != inStep {
						t.Errorf("%d QUITs after %q, want one: %v", f.quits, c.reply, inStep)
					}
				})
			})
		}
	}
}

func TestAnyYesIsAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.NewReplacer("S: 250 ok\nC: DATA", "S: 251 will forward\nC: DATA", "S: 250 2.0.0", "S: 252 2.0.0").Replace(taken)+taken)
		r := f.relay("smtp://relay.example", nil)
		for range 2 {
			if err := r.Send(t.Context(), note()); err != nil {
				t.Errorf("Send: %v, want a 2xx taken for a yes, else the mail goes out twice", err)
			}
		}
		f.end(r)
	})
}

// A relay that goes away or falls silent costs one attempt, at any step, and
// never more time than RFC 5321 4.5.3.2 gives it.
func TestRelayGoesAway(t *testing.T) {
	for _, step := range steps {
		wait := 5 * time.Minute
		if step.stage == "end of data" {
			wait = 10 * time.Minute
		}
		for _, c := range []struct {
			end  string
			text string
			wait time.Duration
		}{
			{"<close>", "closed the connection", 0},
			{"S: 250-unfinished\n<close>", "closed the connection", 0},
			{"<stall>", "did not answer in time", wait},
			{"S: 250-unfinished\n<stall>", "did not answer in time", wait},
			{"S: HTTP/1.1 400 Bad Request\n<close>", "HTTP/1.1 400", 0},
		} {
			t.Run(step.stage+" "+c.end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeRelay(t, step.before+c.end)
					r := f.relay("smtp://relay.example", nil)
					began := time.Now()
					err := r.Send(t.Context(), note())
					if err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), c.text) {
						t.Errorf("Send: %v, want a temporary error with %q", err, c.text)
					}
					if took := time.Since(began); took != c.wait {
						t.Errorf("Send took %v, want %v", took, c.wait)
					}
					f.end(r)
				})
			})
		}
	}
}

// A9: a relay that stops reading in the midst of a mail.
func TestRelayStopsReading(t *testing.T) {
	for name, network := range map[string]func(*fakeRelay){
		"pipe": func(*fakeRelay) {},
		"tcp":  func(f *fakeRelay) { f.network = loopback },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeRelay(t, strings.Replace(upTo("S: 250 2.0.0"), "<mail>\n", "<stall>\n", 1))
			f.scripts[0] = strings.Replace(f.scripts[0], " SIZE=68", "", 1)
			f.scripts[0] = strings.Replace(f.scripts[0], "S: 250 SIZE 1000000", "S: 250 HELP", 1)
			network(f)
			r := f.relay("smtp://relay.example", func(c *Config) { c.Timeouts.Block = 200 * time.Millisecond })
			m := note()
			m.Body = io.NopCloser(strings.NewReader("\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<18)))
			err := r.Send(t.Context(), m)
			if err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), "send the mail's text") {
				t.Errorf("Send: %v, want a temporary error", err)
			}
			f.end(r)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, strings.Replace(upTo("S: 250 2.0.0"), "<mail>\n", "<stall>\n", 1))
		r := f.relay("smtp://relay.example", nil)
		began := time.Now()
		if err := r.Send(t.Context(), note()); err == nil || time.Since(began) != 3*time.Minute {
			t.Errorf("Send: %v after %v, want an error after 3 minutes", err, time.Since(began))
		}
		f.end(r)
	})
}

func TestReplyWithoutEnd(t *testing.T) {
	for name, flood := range map[string]string{
		"lines":    strings.Repeat("S: 250-"+strings.Repeat("X", 500)+"\n", 600),
		"one line": "S: 250-" + strings.Repeat("X", 1<<20) + "\n",
	} {
		for _, url := range []string{"smtp://relay.example", "smtp+starttls://relay.example"} {
			t.Run(name+" "+url, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFakeRelay(t, "S: 220 relay.example\nC: EHLO gate.north.example\n"+flood+"<stall>")
					r := f.relay(url, nil)
					began := time.Now()
					err := r.Send(t.Context(), note())
					if err == nil || len(err.Error()) > 2000 || time.Since(began) > 0 {
						t.Errorf("Send: %d octets of error after %v, want a short one at once", len(fmt.Sprint(err)), time.Since(began))
					}
					f.end(r)
				})
			})
		}
	}
}

// T39: what could end a mail early is refused before a connection is made.
func TestBareLineEnds(t *testing.T) {
	for _, body := range []string{
		"\r\na\nb\r\n", "\r\na\rb\r\n", "\r\n\n.\n", "\r\n\n.\r\n", "\r\n\r.\r\n", "\r\n\r.\r", "\r\n.\n", "\r\n.\r", "\r\r\n", "\r\na\r", "\r\na\n",
		"\r\na\n.\nMAIL FROM:<x@y.example>\r\n", "\r\na\r\n.\rMAIL FROM:<x@y.example>\r\n", "\n", "\r",
	} {
		for _, seekable := range []bool{false, true} {
			m := note()
			m.Body = io.NopCloser(strings.NewReader(body))
			if seekable {
				m.Body = seekCloser{strings.NewReader(body)}
			}
			f := newFakeRelay(t)
			r := f.relay("smtp://relay.example", nil)
			err := r.Send(t.Context(), m)
			if !mailer.IsPermanent(err) || !strings.Contains(err.Error(), "without") {
				t.Errorf("Send of %q: %v, want it refused for its line ends", body, err)
			}
			f.end(r)
		}
	}
	for _, header := range []string{"Subject: a\nBcc: b\r\n", "Subject: a\r\r\n", "Subject: a", "Subject: a\n", "Subject: a\r"} {
		m := note()
		m.Header = []byte(header)
		f := newFakeRelay(t)
		r := f.relay("smtp://relay.example", nil)
		if err := r.Send(t.Context(), m); !mailer.IsPermanent(err) {
			t.Errorf("Send of header %q: %v, want it refused", header, err)
		}
		f.end(r)
	}
}

type seekCloser struct{ *strings.Reader }

func (seekCloser) Close() error { return nil }

// T51, T53: an address that was not made by mailer carries no commands out.
func TestAddressesAreChecked(t *testing.T) {
	good := mailer.MustAddress("anna@corp.example")
	for _, bad := range []mailer.Address{
		{Local: "x", Domain: "y.example> NOTIFY=NEVER"},
		{Local: "x\r\nRCPT TO:<z@y.example>", Domain: "y.example"},
		{Local: "x\x00", Domain: "y.example"},
		{Local: "", Domain: "y.example"},
		{Local: "x", Domain: ""},
	} {
		for _, m := range []*mailer.Outgoing{
			{Recipient: bad, ReversePath: good, Body: io.NopCloser(strings.NewReader(""))},
			{Recipient: good, ReversePath: bad, Body: io.NopCloser(strings.NewReader(""))},
			{Recipient: mailer.Address{}, ReversePath: good, Body: io.NopCloser(strings.NewReader(""))},
		} {
			f := newFakeRelay(t)
			r := f.relay("smtp://relay.example", nil)
			if err := r.Send(t.Context(), m); !mailer.IsPermanent(err) {
				t.Errorf("Send from %+v to %+v: %v, want it refused", m.ReversePath, m.Recipient, err)
			}
			f.end(r)
		}
	}
}

// A8: quotes keep what looks like parameters inside the address.
func TestQuotedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, open+strings.Replace(taken, "<anna@corp.example>", `<"x> NOTIFY=NEVER y"@corp.example>`, 1))
		r := f.relay("smtp://relay.example", nil)
		m := note()
		m.Recipient = mailer.MustAddress(`"x> NOTIFY=NEVER y"@corp.example`)
		if err := r.Send(t.Context(), m); err != nil {
			t.Errorf("Send: %v", err)
		}
		f.end(r)
	})
}

func TestExtensions(t *testing.T) {
	bare := "S: 220 relay.example\nC: EHLO gate.north.example\n"
	lower := bare + "S: 250-relay.example\nS: 250-8bitmime\nS: 250-smtputf8\nS: 250 Size 1000000\n"
	const polish = "\r\nzażółć\r\n"
	for _, c := range []struct {
		name, script string
		change       func(m *mailer.Outgoing)
		refused      string // "": sent
	}{
		{"lower-case names", lower + taken, nil, ""},
		{"lower-case names, 8-bit", lower + eightBit(taken), func(m *mailer.Outgoing) { setBody(m, polish) }, ""},
		{"no extension at all", bare + "S: 250 relay.example\n" + seven(taken), nil, ""},
		{"HELO only", "S: 220 relay.example\nC: EHLO gate.north.example\nS: 502 what\nC: HELO gate.north.example\nS: 250 relay.example\n" + seven(taken), nil, ""},
		{"8-bit, and the relay takes it", open + eightBit(taken), func(m *mailer.Outgoing) { setBody(m, polish) }, ""},
		{"8-bit, and the relay does not", bare + "S: 250 relay.example\n", func(m *mailer.Outgoing) { setBody(m, polish) }, "8BITMIME"},
		{"international recipient", open + strings.NewReplacer(" SIZE=68", " SIZE=68 SMTPUTF8", "anna@", "żaneta@").Replace(taken),
			func(m *mailer.Outgoing) { m.Recipient = mailer.MustAddress("żaneta@corp.example") }, ""},
		{"international recipient, and the relay cannot", bare + "S: 250-relay.example\nS: 250 8BITMIME\n",
			func(m *mailer.Outgoing) { m.Recipient = mailer.MustAddress("żaneta@corp.example") }, "SMTPUTF8"},
		{"international return path, and the relay cannot", bare + "S: 250-relay.example\nS: 250 8BITMIME\n",
			func(m *mailer.Outgoing) { m.ReversePath = mailer.MustAddress("ż@north.example") }, "SMTPUTF8"},
		{"international header, and the relay cannot", bare + "S: 250-relay.example\nS: 250 8BITMIME\n",
			func(m *mailer.Outgoing) { m.UTF8 = true }, "SMTPUTF8"},
		{"a domain needs no SMTPUTF8", bare + "S: 250 relay.example\n" + strings.Replace(seven(taken), "corp.example", "xn--w-uga1v8h.example", 1),
			func(m *mailer.Outgoing) { m.Recipient = mailer.MustAddress("anna@żółw.example") }, ""},
		{"too large", bare + "S: 250-relay.example\nS: 250 SIZE 67\n", nil, "68 octets"},
		{"just fits", bare + "S: 250-relay.example\nS: 250 SIZE 68\n" + strings.Replace(taken, " BODY=8BITMIME", "", 1), nil, ""},
		{"no limit", bare + "S: 250-relay.example\nS: 250 SIZE 0\n" + strings.Replace(taken, " BODY=8BITMIME", "", 1), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRelay(t, c.script)
				r := f.relay("smtp://relay.example", nil)
				m := note()
				if c.change != nil {
					c.change(m)
				}
				err := r.Send(t.Context(), m)
				switch {
				case c.refused == "" && err != nil:
					t.Errorf("Send: %v", err)
				case c.refused != "" && (!mailer.IsPermanent(err) || !strings.Contains(err.Error(), c.refused)):
					t.Errorf("Send: %v, want a final error with %q", err, c.refused)
				}
				f.end(r)
				if f.quits != 1 {
					t.Errorf("%d QUITs, want the connection kept for the next mail, and one QUIT at the end", f.quits)
				}
			})
		})
	}
}

// seven is a transaction with a relay that has no extensions.
func seven(script string) string {
	return strings.Replace(script, " BODY=8BITMIME SIZE=68", "", 1)
}

// eightBit is one for a body of 8-bit text, 14 octets long.
func eightBit(script string) string {
	return strings.Replace(script, "SIZE=68", "SIZE=45", 1)
}

func setBody(m *mailer.Outgoing, body string) { m.Body = io.NopCloser(strings.NewReader(body)) }

func TestSendStops(t *testing.T) {
	for _, step := range steps {
		t.Run(step.stage, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRelay(t, step.before+"<stall>")
				r := f.relay("smtp://relay.example", nil)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := r.Send(ctx, note())
				if !errors.Is(err, context.DeadlineExceeded) || mailer.IsPermanent(err) || time.Since(began) != time.Second {
					t.Errorf("Send: %v after %v, want it stopped after a second", err, time.Since(began))
				}
				f.end(r)
			})
		})
	}
}

func TestDialFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t)
		r := f.relay("smtps://user@relay.example", func(c *Config) { c.Password = "hunter2" })
		err := r.Send(t.Context(), note())
		if err == nil || mailer.IsPermanent(err) || err.Error() != "relay smtps://relay.example:465: cannot connect: connection refused" {
			t.Errorf("Send: %v, want a temporary error that names the relay", err)
		}
		f.end(r)
		if err := r.Send(t.Context(), note()); err == nil {
			t.Error("Send after Close: no error")
		}
	})
}
