package mx

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"pgregory.net/rapid"

	"casegate/mailer"
)

// wire is a connection whose client sends everything it will ever send when it
// has the greeting.
type wire struct {
	in     *strings.Reader
	out    strings.Builder
	closed chan struct{}
	once   sync.Once
}

func newWire(input string) *wire {
	return &wire{in: strings.NewReader(input), closed: make(chan struct{})}
}

func (w *wire) Read(p []byte) (int, error) {
	if w.out.Len() == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return w.in.Read(p)
}

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

// witness is the desk, and writes down what gets to it.
type witness struct {
	*desk
	mu   sync.Mutex
	seen []string
}

func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, fmt.Sprintf(format, args...))
}

func (w *witness) Check(ctx context.Context, env *mailer.Envelope, rcpt mailer.Address) mailer.Outcome {
	w.note("recipient %s of %s by %s", rcpt, env.ReversePath, env.Helo)
	return w.desk.Check(ctx, env, rcpt)
}

func (w *witness) Accept(ctx context.Context, m *mailer.Mail) ([]mailer.Outcome, error) {
	raw, err := m.Raw.Open(w.blobs)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	all, err := io.ReadAll(raw)
	_, body, ok := cutHeader(string(all))
	if err != nil || !ok {
		return nil, fmt.Errorf("mail without our header: %q, %v", all, err)
	}
	w.note("mail to %s: %q", m.Envelope.Recipients, body)
	return w.desk.Accept(ctx, m)
}

// take gives what was seen since the last time.
func (w *witness) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// playback gives a door everything a client sends, and returns what it said.
type playback struct {
	*door
	*witness
	wires *wires
}

func newPlayback(t testing.TB) *playback {
	p := &playback{wires: &wires{next: make(chan net.Conn)}}
	p.door = open(t, func(d *door) {
		p.witness = &witness{desk: d.desk}
		d.MaxSize, d.Handler, d.TLS = 300, p.witness, selfSigned(t)
	})
	go p.Serve(p.wires)
	p.check(t, "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\nDATA\r\n..x\r\n.\r\n")
	if n := p.door.desk.count(); n != 1 {
		t.Fatalf("handler saw %d mails of a client that did everything right, want one", n)
	}
	return p
}

func (p *playback) play(input string) string {
	w := newWire(input)
	p.wires.next <- w
	<-w.closed
	return w.out.String()
}

// playTLS sends the input within TLS.
func (p *playback) playTLS(t testing.TB, input string) string {
	ours, theirs := net.Pipe()
	defer ours.Close()
	p.wires.next <- theirs
	c := &client{Conn: ours}
	for _, step := range []struct{ say, want string }{{"", "220"}, {"EHLO c.example\r\n", "250 "}, {"STARTTLS\r\n", "220"}} {
		if step.say != "" {
			io.WriteString(ours, step.say)
		}
		if got := untilReply(ours, step.want); got == "" {
			t.Fatalf("no reply %s to %q", step.want, step.say)
		}
	}
	c.encrypt()
	secure := c.Conn.(*tls.Conn)
	if err := secure.Handshake(); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	go func() {
		io.WriteString(secure, input)
		secure.CloseWrite()
	}()
	out, _ := io.ReadAll(secure)
	return string(out)
}

// untilReply reads to the end of a reply's last line, which begins with want.
func untilReply(r io.Reader, want string) string {
	var all []byte
	for b := make([]byte, 1); !bytes.HasSuffix(all, []byte("\r\n")) || !strings.HasPrefix(lastLine(all), want); {
		if _, err := r.Read(b); err != nil {
			return ""
		}
		all = append(all, b[0])
	}
	return string(all)
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSuffix(string(b), "\r\n"), "\r\n")
	return lines[len(lines)-1]
}

// check plays an input and compares what the handler saw with what the reference
// reader sees.
func (p *playback) check(t testing.TB, input string) { p.compare(t, input, p.play(input)) }

func (p *playback) compare(t interface{ Fatalf(string, ...any) }, input, output string) {
	r := &reference{in: input}
	want := r.read(output)
	if got := p.take(); !slices.Equal(got, want) {
		t.Fatalf("handler saw\n%q\nbut the reference reader\n%q\nclient: %q\nserver: %q", got, want, input, output)
	}
	if len(r.replies) > 0 {
		t.Fatalf("server answered %q, to which there is no command\nclient: %q\nserver: %q", r.replies, input, output)
	}
	if strings.Contains(output, secret) {
		t.Fatalf("client was shown something internal: %q", output)
	}
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

// endings are what some server or other has taken for the end of a mail's text
// (T38). Only the first half stands for itself: no octet of the second is a bare
// newline, so it is text.
var endings = []struct {
	octets  string
	refused bool
}{
	{"\n.\n", true}, {"\n.\r\n", true}, {"\r\n.\n", true}, {"\r.\r", true}, {"\r.\r\n", true}, {"\r\n.\r", true},
	{"\r.\n", true}, {"\n.\r", true}, {"\n\n.\r\n", true}, {"\n\r.\r\n", true}, {"\n\r.\n\r", true}, {"\r\r\n.\r\n", true},
	{"\r\n.\r\r\n", true}, {"\n.\r\r\n", true}, {"\r\n.\n\r\n", true}, {"\r\n\n.\r\n", true}, {"\r\n\r.\r\n", true},
	{"\r\n.\x00\n", true}, {"\x00\n.\r\n", true}, {"\r\x00\n.\r\x00\n", true},
	{"\r\n\x00.\r\n", false}, {"\r\n.\x00\r\n", false}, {"\r\n .\r\n", false}, {"\r\n..\r\n", false}, {"\r\n.\x85", false},
	{"\u2028.\u2028", false}, {"\v.\v", false}, {"\f.\f", false},
}

// TestEndings: a mail is smuggled behind each of them, by DATA and BDAT, in clear
// and within TLS, in one packet and octet by octet. Nothing but the one mail that
// was sent is ever seen, and not even that if another server could see two.
func TestEndings(t *testing.T) {
	const smuggled = "MAIL FROM:<ceo@victim.example>\r\nRCPT TO:<b@north.example>\r\nDATA\r\nsmuggled"
	p := newPlayback(t)
	for _, e := range endings {
		text := "Subject: x\r\n\r\ntext" + e.octets + smuggled + "\r\n"
		for _, way := range []string{"DATA\r\n" + text + ".\r\n", fmt.Sprintf("BDAT %d LAST\r\n%s", len(text), text)} {
			input := "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\n" + way + "QUIT\r\n"
			for how, output := range map[string]string{
				"at once": p.play(input), "octet by octet": p.playOctets(input), "within TLS": "220 in clear\r\n" + p.playTLS(t, input),
			} {
				t.Run(fmt.Sprintf("%.4s %q %s", way, e.octets, how), func(t *testing.T) {
					bodies := strings.Count(output, "\r\n250 2.0.0 Accepted") + strings.Count(output, "\r\n550 5.6.11")
					if refused := strings.Contains(output, "\r\n550 5.6.11"); refused != e.refused || bodies != 1 {
						t.Errorf("%d replies to one mail, refused %v; want one, %v\nserver: %q", bodies, refused, e.refused, output)
					}
				})
			}
			for _, event := range p.take() {
				if strings.Contains(event, "of ceo@victim") || strings.HasPrefix(event, "mail") && e.refused {
					t.Errorf("handler saw %s", event)
				}
			}
		}
	}
}

// playOctets lets the door read one octet at a time.
func (p *playback) playOctets(input string) string {
	w := newWire(input)
	p.wires.next <- dribble{w}
	<-w.closed
	return w.out.String()
}

type dribble struct{ *wire }

func (d dribble) Read(b []byte) (int, error) { return d.wire.Read(b[:min(1, len(b))]) }

// TestChunkSizes: a chunk whose size makes no sense ends the session, since its
// end cannot be known, and nothing of it is executed (T40).
func TestChunkSizes(t *testing.T) {
	const begin = "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\n"
	const smuggled = "RSET\r\nMAIL FROM:<ceo@victim.example>\r\nRCPT TO:<b@north.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
	p := newPlayback(t)
	for _, chunk := range []string{
		"BDAT\r\n", "BDAT \r\n", "BDAT LAST\r\n", "BDAT -1\r\n", "BDAT -1 LAST\r\n", "BDAT 18446744073709551615\r\n", "BDAT 18446744073709551616 LAST\r\n",
		"BDAT 9223372036854775807\r\n", "BDAT 99999999999 LAST\r\n", "BDAT 0x10\r\n", "BDAT 1e3\r\n", "BDAT 5.0\r\n", "BDAT +5 LAST\r\n", "BDAT 5 FIRST\r\n", "BDAT\u00a05 LAST\r\n", "BDAT 5 LAST LAST\r\n", "BDAT5\r\n",
		"BDAT 0\r\nBDAT -1\r\n", "BDAT 3\r\nabcBDAT 99999999999999999999 LAST\r\n",
	} {
		output := p.play(begin + chunk + smuggled)
		if strings.Contains(output, "Accepted") {
			t.Errorf("after %q the server said %q", chunk, output)
		}
		for _, event := range p.take() {
			if event != "recipient a@north.example of it@acme.example by c.example" {
				t.Errorf("after %q the handler saw %s", chunk, event)
			}
		}
	}
	for chunk, want := range map[string]string{"BDAT 0 LAST\r\n": `mail to [a@north.example]: ""`, "bdat 3  last\r\nabc": `mail to [a@north.example]: "abc"`} {
		p.play(begin + chunk)
		if seen := p.take(); len(seen) != 2 || seen[1] != want {
			t.Errorf("after %q the handler saw %q, want %s", chunk, seen, want)
		}
	}
}

// TestSmuggling is FuzzStates with dialogues made of what matters.
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
		input := begin + strings.Join(rapid.SliceOfN(word, 0, 30).Draw(t, "words"), "")
		p.compare(t, input, p.play(input))
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
