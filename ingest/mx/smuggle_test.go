package mx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"pgregory.net/rapid"
)

// wire is a connection whose client has sent everything it will ever send.
type wire struct {
	in     *strings.Reader
	out    strings.Builder
	closed chan struct{}
	once   sync.Once
}

func newWire(input string) *wire {
	return &wire{in: strings.NewReader(input), closed: make(chan struct{})}
}

func (w *wire) Read(p []byte) (int, error)       { return w.in.Read(p) }
func (w *wire) Write(p []byte) (int, error)      { return w.out.Write(p) }
func (w *wire) Close() error                     { w.once.Do(func() { close(w.closed) }); return nil }
func (w *wire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (w *wire) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv6loopback} }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// wires is a listener for connections that a test makes.
type wires struct {
	next chan net.Conn
	once sync.Once
}

func (l *wires) Accept() (net.Conn, error) {
	if c, ok := <-l.next; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l *wires) Close() error   { l.once.Do(func() { close(l.next) }); return nil }
func (l *wires) Addr() net.Addr { return &net.TCPAddr{} }

// playback gives a door everything a client sends, and returns what it said.
type playback struct {
	*door
	wires *wires
}

func newPlayback(t testing.TB) *playback {
	p := &playback{door: open(t, func(d *door) { d.MaxSize = 300 }), wires: &wires{next: make(chan net.Conn)}}
	go p.Serve(p.wires)
	return p
}

func (p *playback) play(input string) string {
	w := newWire(input)
	p.wires.next <- w
	<-w.closed
	return w.out.String()
}

// TestSmugglingControl: the attack that the guard is there for does work on a
// go-smtp without it; if it no longer does, the tests of it prove nothing.
func TestSmugglingControl(t *testing.T) {
	const smuggled = "RSET\r\nMAIL FROM:<ceo@victim.example>\r\n"
	input := "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<unknown@north.example>\r\n" +
		fmt.Sprintf("BDAT %d LAST\r\n", len(smuggled)) + smuggled
	b := &naive{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return b, nil }))
	l := &wires{next: make(chan net.Conn)}
	go server.Serve(l)
	defer server.Close()
	w := newWire(input)
	l.next <- w
	<-w.closed
	if !slices.Contains(b.senders, "ceo@victim.example") {
		t.Errorf("go-smtp alone saw the senders %v and not the smuggled one", b.senders)
	}
}

type naive struct{ senders []string }

func (b *naive) Reset()        {}
func (b *naive) Logout() error { return nil }
func (b *naive) Mail(from string, _ *smtp.MailOptions) error {
	b.senders = append(b.senders, from)
	return nil
}
func (b *naive) Rcpt(string, *smtp.RcptOptions) error { return errors.New("unknown") }
func (b *naive) Data(io.Reader) error                 { return errors.New("not expected") }

// reading is what a strict reader of both sides of a dialogue makes of it.
type reading struct {
	in      string
	replies []string
	bodies  []string
	pending strings.Builder // chunks so far
}

// bodiesOf gives the mails that were sent, each as one DATA or BDAT body, and
// not refused by the door itself: the mails that the handler should have seen.
func bodiesOf(input, output string) []string {
	r := &reading{in: input}
	for line := range strings.SplitSeq(output, "\r\n") {
		if len(line) >= 4 && line[3] == ' ' {
			r.replies = append(r.replies, line)
		}
	}
	r.reply() // the greeting
	for r.command() {
	}
	return r.bodies
}

// reply takes the server's next reply; "" after the last.
func (r *reading) reply() string {
	if len(r.replies) == 0 {
		return ""
	}
	next := r.replies[0]
	r.replies = r.replies[1:]
	return next
}

// take takes n octets of the client's.
func (r *reading) take(n int) (string, bool) {
	if n < 0 || n > len(r.in) {
		return "", false
	}
	s := r.in[:n]
	r.in = r.in[n:]
	return s, true
}

func (r *reading) command() bool {
	end := strings.Index(r.in, "\r\n")
	if end < 0 {
		return false
	}
	line, _ := r.take(end + 2)
	fields := strings.Fields(line)
	if len(fields) > 1 && strings.EqualFold(fields[0], "BDAT") {
		return r.chunk(fields)
	}
	reply := r.reply()
	switch {
	case strings.HasPrefix(reply, "354"):
		return r.data()
	case len(line) >= 6 && strings.HasPrefix(reply, "250") && slices.Contains([]string{"RSET", "EHLO", "HELO"}, strings.ToUpper(line[:4])):
		r.pending.Reset()
	}
	return reply != "" && !strings.HasPrefix(reply, "421")
}

func (r *reading) chunk(fields []string) bool {
	n, err := strconv.Atoi(fields[1])
	body, ok := r.take(n)
	if err != nil || !ok {
		return false
	}
	reply := r.reply()
	r.pending.WriteString(body)
	if last := len(fields) == 3; last && handled(reply) {
		r.bodies = append(r.bodies, r.pending.String())
		r.pending.Reset()
	}
	if !strings.HasPrefix(reply, "250") {
		r.pending.Reset()
	}
	return reply != ""
}

// handled tells that the reply to a mail came from the handler.
func handled(reply string) bool {
	return slices.ContainsFunc([]string{"250 2.0.0 Accepted", "550 5.7.1", "451 4.3.0", "452 4.3.1"}, func(known string) bool {
		return strings.HasPrefix(reply, known)
	})
}

// A text after DATA in lines: a CR takes the octet after it along, whatever it
// is; only CR LF ends a line, and only a dot between two of them the text.
var (
	dotLine  = regexp.MustCompile(`(?s)^\.\r\n`)
	textLine = regexp.MustCompile(`(?s)^(?:\.\r[^\n]|\.[^\r]|\r[^\n]|[^\r.])(?:\r[^\n]|[^\r])*?\r\n|^\r\n`)
)

func (r *reading) data() bool {
	var body strings.Builder
	for !dotLine.MatchString(r.in) {
		loc := latin(textLine, r.in)
		if loc < 0 {
			return false
		}
		line, _ := r.take(loc)
		body.WriteString(strings.TrimPrefix(line, "."))
	}
	r.take(3)
	reply := r.reply()
	if handled(reply) {
		r.bodies = append(r.bodies, body.String())
	}
	return reply != ""
}

// latin matches octet by octet: as UTF-8, regexp would see several as one.
func latin(re *regexp.Regexp, s string) int {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	wide := string(runes)
	loc := re.FindStringIndex(wide)
	if loc == nil {
		return -1
	}
	return len([]rune(wide[:loc[1]]))
}

// check plays an input and compares what the handler saw with what was sent.
func (p *playback) check(t interface{ Fatalf(string, ...any) }, input string) {
	p.desk.mu.Lock()
	p.desk.mails = nil
	p.desk.mu.Unlock()
	output := p.play(input)
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	var got []string
	for _, m := range p.desk.mails {
		got = append(got, m.body)
		if rest := strings.ReplaceAll(m.body, "\r\n", ""); strings.ContainsAny(rest, "\r\n") || len(m.body) > 300 {
			t.Fatalf("handler saw a mail that the door must refuse: %q", m.body)
		}
	}
	if want := bodiesOf(input, output); !slices.Equal(got, want) {
		t.Fatalf("handler saw %q, but sent were %q\nclient: %q\nserver: %q", got, want, input, output)
	}
	if strings.Contains(output, secret) {
		t.Fatalf("client was shown something internal: %q", output)
	}
}

// FuzzDialogue: no dialogue crashes the door, and each mail that the handler
// sees was sent as one body.
func FuzzDialogue(f *testing.F) {
	for _, s := range scripts(f) {
		f.Add(s)
	}
	for _, text := range newlineCases {
		f.Add("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n" + text + "\r\n.\r\nQUIT\r\n")
	}
	p := newPlayback(f)
	f.Fuzz(func(t *testing.T, input string) { p.check(t, input) })
}

// scripts gives what the clients of the dialogues send.
func scripts(t testing.TB) []string {
	files, _ := filepath.Glob("testdata/*.txtar")
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, script := range title.Split(string(text), -1)[1:] {
			var b strings.Builder
			for line := range strings.SplitSeq(script, "\n") {
				if sent, ok := strings.CutPrefix(line, "> "); ok {
					b.WriteString(sent + "\r\n")
				}
				if quoted, ok := strings.CutPrefix(line, "raw "); ok {
					sent, _ := strconv.Unquote(quoted)
					b.WriteString(sent)
				}
			}
			all = append(all, b.String())
		}
	}
	return all
}

// TestSmuggling is FuzzDialogue with dialogues made of what matters.
func TestSmuggling(t *testing.T) {
	p := newPlayback(t)
	word := rapid.SampledFrom([]string{
		"EHLO c.example\r\n", "MAIL FROM:<it@acme.example>\r\n", "RCPT TO:<a@north.example>\r\n", "RCPT TO:<unknown@north.example>\r\n",
		"RCPT TO:<refused@north.example>\r\n", "DATA\r\n", "DATA\r\n", "\r\n.\r\n", ".\r\n", ".", "\r", "\n", "\r\n", "text", "\r\n..\r\n",
		"BDAT 0\r\n", "BDAT 0 LAST\r\n", "BDAT 3\r\n", "BDAT 3 LAST\r\nabc", "BDAT 2\r\n\r\n", "BDAT 1\r\n\r", "BDAT 31 LAST\r\n", "bdat x\r\n",
		"RSET\r\n", "NOOP\r\n", "QUIT\r\n", strings.Repeat("long ", 70) + "\r\n", "\x00", "STARTTLS\r\n",
	})
	begin := "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\n"
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(word, 0, 30).Draw(t, "words")
		p.check(t, begin+strings.Join(words, ""))
	})
}

// BenchmarkMails: one connection, 4 KiB mails, a handler that does nothing.
func BenchmarkMails(b *testing.B) {
	for _, way := range []string{"DATA", "BDAT"} {
		b.Run(way, func(b *testing.B) {
			d := open(b, func(d *door) { d.desk.blind = true })
			c := d.dial(b)
			c.send(b, "EHLO c.example\r\n")
			c.expect(b, "250")
			body := lines(4096, "x")
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				c.send(b, "MAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\n")
				if way == "DATA" {
					c.send(b, "DATA\r\n")
				} else {
					c.send(b, fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body))
				}
				c.expect(b, "250")
				c.expect(b, "250")
				if way == "DATA" {
					c.expect(b, "354")
					c.send(b, body+".\r\n")
				}
				c.expect(b, "250 2.0.0 Accepted")
			}
		})
	}
}
