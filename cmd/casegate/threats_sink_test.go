package main

import (
	"bufio"
	"context"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/mailer"
)

// sink is the relay of a world: it takes every mail and keeps it.
type sink struct {
	addr string

	mu    sync.Mutex
	mails []sunk
}

// sunk is a mail as it went out.
type sunk struct {
	path, to, text string
	bare           bool // a CR or LF stood alone in it: other relays may see several mails (T39)
}

func newSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{addr: l.Addr().String()}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

// serve takes mail in the plainest way: one recipient each, as the sender does.
func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	c := textproto.NewConn(conn)
	c.PrintfLine("220 sink.test")
	var m sunk
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(line, ":")
		switch strings.ToUpper(verb) {
		case "MAIL FROM":
			m = sunk{path: arg}
			c.PrintfLine("250 ok")
		case "RCPT TO":
			m.to, _, _ = strings.Cut(strings.TrimPrefix(arg, "<"), ">")
			c.PrintfLine("250 ok")
		case "DATA":
			c.PrintfLine("354 go on")
			if !m.read(c.R) {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			c.PrintfLine("250 taken")
		case "QUIT":
			c.PrintfLine("221 bye")
			return
		default:
			if strings.HasPrefix(line, "EHLO") {
				c.PrintfLine("250-sink.test\r\n250-8BITMIME\r\n250 SMTPUTF8")
				continue
			}
			c.PrintfLine("250 ok")
		}
	}
}

// read takes the text as it came, line by line.
func (m *sunk) read(r *bufio.Reader) bool {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			m.text = text.String()
			return true
		}
		plain, whole := strings.CutSuffix(line, "\r\n")
		m.bare = m.bare || !whole || strings.ContainsAny(plain, "\r\x00")
		text.WriteString(strings.TrimPrefix(plain, ".") + "\n")
	}
}

func (s *sink) all() []sunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sunk(nil), s.mails...)
}

// find waits for the newest mail to an address that holds a text.
func (w *world) find(to, text string) sunk {
	w.t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(5 * time.Millisecond) {
		mails := w.sink.all()
		for i := len(mails) - 1; i >= 0; i-- {
			if mails[i].to == to && strings.Contains(mails[i].text, text) {
				return mails[i]
			}
		}
	}
	w.t.Fatalf("no mail with %q goes to %s", text, to)
	return sunk{}
}

// field gives a field of the mail's header, which must be there once.
func (m sunk) field(t *testing.T, name string) string {
	t.Helper()
	read, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(m.text)))
	if err != nil {
		t.Fatalf("a mail that went out cannot be read: %v\n%s", err, m.text)
	}
	values := read.Header[textproto.CanonicalMIMEHeaderKey(name)]
	if len(values) != 1 {
		t.Fatalf("%d fields %s, want one:\n%s", len(values), name, m.text)
	}
	return values[0]
}

// answerTo is where an answer to a mail goes.
func (m sunk) answerTo(t *testing.T) string {
	t.Helper()
	a, err := mail.ParseAddress(m.field(t, "Reply-To"))
	if err != nil {
		t.Fatal(err)
	}
	return a.Address
}

// token is the reply address that somebody was sent for a case.
func (w *world) token(to, number string) string {
	w.t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(5 * time.Millisecond) {
		for _, m := range w.sink.all() {
			if m.to == to && strings.Contains(m.text, "["+number+"]") {
				if a := m.answerTo(w.t); strings.HasPrefix(a, mailer.ReplyPart) {
					return a
				}
			}
		}
	}
	w.t.Fatalf("%s was sent no reply address for %s", to, number)
	return ""
}

// drained waits until nothing that is due is still to be sent.
func (w *world) drained() {
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		list, err := w.gate.desk.Deliveries(context.Background(), mailer.Waiting, 0)
		if err != nil {
			return
		}
		busy := false
		for _, d := range list {
			// The next due time is written before the attempt, so one that has
			// no error yet is on its way.
			busy = busy || d.LastError == "" && d.Kind != mailer.DigestKind && time.Until(d.Due) < 5*time.Minute
		}
		if !busy {
			return
		}
	}
}

// audit is what holds after everything: no tenant's data went to the other's
// people or to strangers, in mails or in replies, and nothing went to eve.
func (w *world) audit() {
	w.t.Helper()
	w.drained()
	mine := map[string][]string{
		canary1: {"@acme.test", "@agents1.test", "@good.test", "@quar.test", "@pnone.test", "@none.test", "@tmp.test", "@shared.test"},
		canary2: {"@bolt.test", "@agents2.test", "both@acme.test"},
	}
	for _, m := range w.sink.all() {
		if strings.HasSuffix(m.to, "@evil.test") {
			w.t.Errorf("a mail went to %s:\n%.1500s", m.to, m.text)
		}
		if m.bare {
			w.t.Errorf("a mail to %s has a CR, LF or NUL that stands alone (T39)", m.to)
		}
		for canary, people := range mine {
			if !strings.Contains(m.text, canary) {
				continue
			}
			allowed := false
			for _, who := range people {
				allowed = allowed || strings.HasSuffix(m.to, who)
			}
			if !allowed {
				w.t.Errorf("%s went to %s:\n%.1500s", canary, m.to, m.text)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, secret := range []string{canary1, canary2, w.gate.Config.Data} {
		if strings.Contains(w.said.String(), secret) {
			w.t.Errorf("a reply of the server holds %q", secret)
		}
	}
}

// seal makes a token with the daemon's own key.
func (w *world) seal(t mailer.Token) string {
	w.t.Helper()
	ring, err := readKeys(w.gate.Config.Data + "/" + keysName)
	if err != nil {
		w.t.Fatal(err)
	}
	if t.Expires.IsZero() {
		t.Expires = time.Now().Add(30 * 24 * time.Hour)
	}
	return ring.Seal(t)
}
