package guard

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// serve runs a guard before a server that knows no more of SMTP than the guard
// needs: it answers commands with "250 <command>", DATA and the text after it,
// and a mail by BDAT, each with the text.
func serve(t *testing.T, g *Guard) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, g, l)
	return l.Addr().String()
}

func serveOn(t *testing.T, g *Guard, l net.Listener) {
	t.Helper()
	g.Hostname = "mx.north.example"
	guarded, err := g.Listen(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Drain()
		g.Close()
	})
	go func() {
		for {
			c, err := guarded.Accept()
			if err != nil {
				return
			}
			go answer(c.(*Conn))
		}
	}()
}

func answer(c *Conn) {
	defer c.Close()
	say := func(s string) { io.WriteString(c, s+"\r\n") }
	say("220 hello")
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch line = strings.TrimSuffix(line, "\r\n"); line {
		case "MAIL":
			c.Transaction(true, false)
		case "RCPT":
			c.Transaction(true, true)
		case "HANGUP":
			c.Hangup(Guessing)
		case "WORK":
			time.Sleep(defaultIdle)
		case "AUTH":
			say("334 ")
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
			line = strings.TrimSuffix(line, "\r\n")
		case "ERROR", "EHLO ERROR":
			say("500 5.5.2 no")
			continue
		case "REFUSE":
			if c.Refused() {
				line = "enough"
			}
		case "DATA":
			say("354 go on")
			text, err := readText(c, r)
			c.Transaction(false, false)
			if err != nil {
				text = err.Error()
			}
			line = text
			if c.BareNewline() {
				line = "bare newline"
			}
		}
		say("250 " + strings.ReplaceAll(line, "\r\n", "|"))
	}
}

// readText reads a mail like go-smtp: from Chunks if there are any, and then
// what is left of the text.
func readText(c *Conn, r *bufio.Reader) (text string, err error) {
	if chunks := c.Chunks(); chunks != nil {
		b, chunkErr := io.ReadAll(chunks)
		text, err = string(b), chunkErr
	}
	var lines strings.Builder
	for {
		line, e := r.ReadString('\n')
		if line == ".\r\n" || e != nil {
			return text + lines.String(), errors.Join(err, e)
		}
		lines.WriteString(line)
	}
}

// talk sends everything at once after the greeting and gives all that the server said, until it
// closes the connection.
func talk(t *testing.T, addr, input string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(c)
	expect(t, r, "220 hello")
	if _, err := io.WriteString(c, input); err != nil {
		t.Fatal(err)
	}
	c.(*net.TCPConn).CloseWrite()
	out, err := io.ReadAll(r)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatalf("server neither answers nor closes after %q, it said %q", input, out)
	}
	return string(out)
}

func TestDialogue(t *testing.T) {
	long := strings.Repeat("x", maxCommand-2)
	addr := serve(t, &Guard{
		Command: func(line string) (string, string) {
			if line == "NO" {
				return "", "500 no"
			}
			return strings.Replace(line, "this", "that", 1), ""
		},
		Reply: func(_ *Conn, line string) string { return strings.Replace(line, "SIZE", "SIZE 5", 1) },
	})
	for _, tc := range []struct{ name, input, want string }{
		{"commands one by one", "a\r\nb\r\n", "250 a\r\n250 b\r\n"},
		{"hooks", "NO\r\nthis\r\nSIZE\r\n", "500 no\r\n250 that\r\n250 SIZE 5\r\n"},
		{"no EHLO", "MAIL\r\nEHLO\r\nMAIL\r\n", "503 5.5.1 Say EHLO first\r\n250 EHLO\r\n250 MAIL\r\n"},
		{"EHLO refused", "EHLO ERROR\r\nMAIL\r\n", "500 5.5.2 no\r\n503 5.5.1 Say EHLO first\r\n"},
		{"longest command", long + "\r\n", "250 " + long + "\r\n"},
		{"too long", long + "x\r\n", "500 5.5.6 Line longer than 2048 octets\r\n"},
		{"too long without end", strings.Repeat("x", readBuffer), "500 5.5.6 Line longer than 2048 octets\r\n"},
		{"bare LF", "a\nb\r\n", "500 5.5.2 Commands end with CR LF\r\n"},
		{"bare CR", "a\rb\r\nc\r\n", "500 5.5.2 Control character in a command\r\n"},
		{"cut command", "a\r\nb", "250 a\r\n"},
		{"hangup", "HANGUP\r\na\r\n", "250 HANGUP\r\n"},
		{"data", "DATA\r\nx\r\n..\r\n.\r\na\r\n", "354 go on\r\n250 x|..|\r\n250 a\r\n"},
		{"data with bare CR", "DATA\r\n\r.\r\n.\r\n", "354 go on\r\n250 bare newline\r\n"},
		{"data cut", "DATA\r\nx\r\nRSET\r\n", "354 go on\r\n"},
		{"chunk without recipient", "EHLO\r\nMAIL\r\nBDAT 5\r\nab\r\nXa\r\n", "250 EHLO\r\n250 MAIL\r\n503 5.5.1 No recipient was accepted, the chunk is ignored\r\n250 a\r\n"},
		{"chunks", "RCPT\r\nBDAT 2\r\nx\rBDAT 0\r\nNOOP\r\nbdat 2 last\r\n\nya\r\n", "250 RCPT\r\n250 2.0.0 Continue\r\n250 2.0.0 Continue\r\n250 2.0.0 Ok\r\n250 x|y\r\n250 a\r\n"},
		{"chunks with bare CR at the end", "RCPT\r\nBDAT 1\r\n\rBDAT 0 LAST\r\n", "250 RCPT\r\n250 2.0.0 Continue\r\n250 bare newline\r\n"},
		{"chunk cut", "RCPT\r\nBDAT 9 LAST\r\nx", "250 RCPT\r\n"},
		{"chunks given up", "RCPT\r\nBDAT 1\r\nxRSET\r\na\r\n", "250 RCPT\r\n250 2.0.0 Continue\r\n250 RSET\r\n250 a\r\n"},
		{"chunk of no size", "RCPT\r\nBDAT\r\na\r\n", "250 RCPT\r\n" + badChunk + "\r\n"},
		{"chunk of negative size", "RCPT\r\nBDAT -1\r\na\r\n", "250 RCPT\r\n" + badChunk + "\r\n"},
		{"second chunk of no size", "RCPT\r\nBDAT 0\r\nBDAT x\r\na\r\n", "250 RCPT\r\n250 2.0.0 Continue\r\n" + badChunk + "\r\n"},
		{"answer to a challenge", "AUTH\r\nBDATthis\r\nBDAT 2\r\nxya\r\n", "334 \r\n250 BDATthis\r\n503 5.5.1 No recipient was accepted, the chunk is ignored\r\n250 a\r\n"},
		{"chunk nobody needs", "BDAT 99999999999\r\nx", "552 5.3.4 mx.north.example does not read so much for nothing, closing\r\n"},
		{"STARTTLS without TLS", "STARTTLS\r\n", "250 STARTTLS\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := talk(t, addr, tc.input); got != tc.want {
				t.Errorf("after %.100q the client got %.200q, want %.200q", tc.input, got, tc.want)
			}
		})
	}
}

// TestBDATNotTaken: if the server refuses the chunk after all, the connection
// ends before the chunk could be taken for commands (A1).
func TestBDATNotTaken(t *testing.T) {
	ours, theirs := net.Pipe()
	g := &Guard{Silence: -1}
	c := newConn(g, ours)
	c.Transaction(true, true)
	go func() {
		io.WriteString(theirs, "BDAT 6 LAST\r\nRSET\r\n")
		io.Copy(io.Discard, theirs)
	}()
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != "DATA\r\n" {
		t.Fatalf("server got %q (%v), want DATA", buf[:n], err)
	}
	io.WriteString(c, "502 no\r\n")
	if n, err := c.Read(buf); err != io.EOF {
		t.Errorf("server got %q (%v) after it refused a chunk, want io.EOF", buf[:n], err)
	}
}

// TestMaxText: a text without end ends the session, and is no mail.
func TestMaxText(t *testing.T) {
	ours, theirs := net.Pipe()
	c := newConn(&Guard{Silence: -1, Hostname: "mx.north.example"}, ours)
	c.in = bufio.NewReader(source{c})
	io.WriteString(c, "354 go on\r\n")
	c.taken = maxText - 100
	heard := make(chan string)
	go func() { all, _ := io.ReadAll(theirs); heard <- string(all) }()
	go io.WriteString(theirs, strings.Repeat("x", 200))
	got := 0
	for buf := make([]byte, 50); ; {
		n, err := c.Read(buf)
		if got += n; err == io.EOF {
			t.Fatalf("server got the end of a mail after %d octets", got)
		} else if err != nil {
			break
		}
	}
	if all := <-heard; got != 100 || !strings.Contains(all, "552 5.3.4 mx.north.example") {
		t.Errorf("server got %d octets, want 100; the client heard %q, want 552", got, all)
	}
}

func TestEnding(t *testing.T) {
	// Each is text up to and with its end. After CR CR LF, go-smtp misses it.
	for _, text := range []string{
		".\r\n", "\r\n.\r\n", "a\r\n.\r\n", "..\r\n.\r\n", "\n.\r\n\r\n.\r\n", "\r.\r\n\r\n.\r\n", ".\n\r\n.\r\n",
		".\rx\r\n.\r\n", "\r\r\n.\r\n", "\r\r\r\n.\r\n", ".\r\r\n.\r\n", ".x.\r\n.\r\n",
	} {
		for cut := range len(text) {
			var e ending
			n, end := e.scan([]byte(text[:cut]))
			if n != cut || end {
				t.Errorf("%q: ends after %d octets, want %d", text, n, len(text))
				break
			}
			if n, end = e.scan([]byte(text[cut:] + "NOOP\r\n")); !end || n != len(text)-cut {
				t.Errorf("%q, cut after %d: ends %v after %d octets more, want after %d", text, cut, end, n, len(text)-cut)
			}
		}
	}
}

func TestNewlines(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "\r\n": false, "a\r\n\r\nb": false, "\r\n.\r\n": false, "\x00\xff": false,
		"\n": true, "\r": true, "a\n": true, "a\rb": true, "\r\r\n": true, "\n\r": true, "a\r\n\n": true, "a\r\n\rb": true,
	} {
		for cut := range len(text) + 1 {
			var l newlines
			l.scan([]byte(text[:cut]))
			l.scan([]byte(text[cut:]))
			l.end()
			if l.bare != want {
				t.Errorf("%q, cut after %d: bare newline %v, want %v", text, cut, l.bare, want)
			}
		}
	}
}

// FuzzText: the end of a text and its bare newlines are found where two plain
// searches find them, however the text is cut.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", ".\r\n", "a\r\n.\r\nQUIT\r\n", "\r\n.\r\r\n.\r\n", "\n.\n", "\r.\r", "..\r\n\r", "\r\n\x00.\r\n", "x\n.\r\ny\r\n.\r\n"} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, cut int) {
		cut = int(uint(cut) % uint(len(text)+1))
		var e ending
		n, end := e.scan([]byte(text[:cut]))
		if !end {
			var more int
			more, end = e.scan([]byte(text[cut:]))
			n += more
		}
		want := strings.Index("\r\n"+text, "\r\n.\r\n") + len(".\r\n")
		if want < len(".\r\n") {
			want = len(text)
		}
		if n != want || end != strings.HasSuffix("\r\n"+text[:n], "\r\n.\r\n") {
			t.Errorf("%q, cut after %d: ends %v after %d octets, want after %d", text, cut, end, n, want)
		}
		var l newlines
		l.scan([]byte(text[:cut]))
		l.scan([]byte(text[cut:]))
		l.end()
		if bare := strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n"); l.bare != bare {
			t.Errorf("%q, cut after %d: bare newline %v, want %v", text, cut, l.bare, bare)
		}
	})
}
