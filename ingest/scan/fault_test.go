package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"casegate/mailer"
)

// listen serves every connection with one script, which a test may leave
// hanging: it is cut at the test's end.
func listen(t *testing.T, script func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over); l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				go func() { <-over; conn.Close() }()
				defer conn.Close()
				script(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// refusing is an address where nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// hang listens and says nothing; deaf does not even listen.
func hang(conn net.Conn) { io.Copy(io.Discard, conn) }

func deaf(t *testing.T) func(net.Conn) {
	return func(net.Conn) { <-t.Context().Done() }
}

// heard reads what comes until it holds the end of the mail as both protocols
// have it: a chunk of length 0.
func heard(conn net.Conn, end string) {
	var all []byte
	buf := make([]byte, 4096)
	for !bytes.HasSuffix(all, []byte(end)) {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		all = append(all, buf[:n]...)
	}
}

// saying hears the whole mail, then says something and closes.
func saying(end, answer string) func(net.Conn) {
	return func(conn net.Conn) { heard(conn, end); io.WriteString(conn, answer) }
}

// endless hears the mail, says how an answer begins and never stops.
func endless(end, begin, more string) func(net.Conn) {
	return func(conn net.Conn) {
		heard(conn, end)
		io.WriteString(conn, begin)
		more := strings.Repeat(more, 1000)
		for {
			if _, err := io.WriteString(conn, more); err != nil {
				return
			}
		}
	}
}

// closing reads some of the mail, then is gone.
func closing(conn net.Conn) { io.CopyN(io.Discard, conn, 100) }

const (
	clamEnd = "\x00\x00\x00\x00"
	httpEnd = "\r\n0\r\n\r\n"
	okHead  = "HTTP/1.1 200 OK\r\nServer: rspamd/3.4\r\nConnection: close\r\n\r\n"
	sized   = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n"
)

// A scanner that does anything but answer gives no verdict, in bounded time and
// memory, and says why.
func TestFaults(t *testing.T) {
	const soon = 300 * time.Millisecond // for those that hang; nobody else waits for it
	clam := func(script func(net.Conn)) Scanner { return &ClamAV{Address: listen(t, script)} }
	rspamd := func(script func(net.Conn)) Scanner { return &Rspamd{URL: "http://" + listen(t, script)} }
	for _, c := range []struct {
		name    string
		scanner Scanner
		why     string
		cut     bool // it gets a mail larger than what sockets hold, so never all of it
	}{
		{"clamd refuses", &ClamAV{Address: refusing(t)}, "refused", false},
		{"clamd's socket is not there", &ClamAV{Address: t.TempDir() + "/clamd.ctl"}, "no such file", false},
		{"clamd hangs", &ClamAV{Address: listen(t, hang), Timeout: soon}, "timeout", false},
		{"clamd reads nothing", &ClamAV{Address: listen(t, deaf(t)), Timeout: soon}, "timeout", true},
		{"clamd closes at once", clam(func(net.Conn) {}), "clamd", false},
		{"clamd closes mid-stream", clam(closing), "clamd", true},
		{"clamd says nothing", clam(saying(clamEnd, "")), "no end", false},
		{"clamd says half", clam(saying(clamEnd, "stream: OK")), "no end", false},
		{"clamd is something else", clam(saying(clamEnd, "HTTP/1.1 400 Bad Request\r\n\r\n\x00")), "HTTP/1.1 400", false},
		{"clamd says an error", clam(saying(clamEnd, "stream: Can't allocate memory ERROR\x00")), "allocate", false},
		{"clamd never stops", clam(endless(clamEnd, "stream: ", "OK ")), "no end", false},
		{"clamd says OK to a part", clam(func(conn net.Conn) {
			closing(conn)
			io.WriteString(conn, "stream: OK\x00")
		}), "clamd", true},

		{"rspamd refuses", &Rspamd{URL: "http://" + refusing(t)}, "refused", false},
		{"rspamd has no URL", &Rspamd{}, "rspamd", false},
		{"rspamd's password cannot be sent", &Rspamd{URL: "http://" + refusing(t), Password: "a\r\nb"}, "invalid header", false},
		{"rspamd hangs", &Rspamd{URL: "http://" + listen(t, hang), Timeout: soon}, "deadline", false},
		{"rspamd reads nothing", &Rspamd{URL: "http://" + listen(t, deaf(t)), Timeout: soon}, "deadline", true},
		{"rspamd hangs in its answer", &Rspamd{URL: "http://" + listen(t, func(conn net.Conn) {
			saying(httpEnd, okHead+`{"action":`)(conn)
			hang(conn)
		}), Timeout: soon}, "deadline", false},
		{"rspamd closes at once", rspamd(func(net.Conn) {}), "rspamd", false},
		{"rspamd closes mid-stream", rspamd(closing), "rspamd", true},
		{"rspamd says nothing", rspamd(saying(httpEnd, okHead)), "rspamd", false},
		{"rspamd speaks no HTTP", rspamd(saying(httpEnd, "220 mx.example ESMTP\r\n")), "malformed", false},
		{"rspamd speaks no JSON", rspamd(saying(httpEnd, okHead+"<html>Welcome to nginx</html>")), "nginx", false},
		{"rspamd says half", rspamd(saying(httpEnd, okHead+`{"action":"no action"`)), "JSON", false},
		{"rspamd closes within its answer", rspamd(saying(httpEnd, sized+`{"action":`)), "EOF", false},
		{"rspamd finds nothing in a part", rspamd(func(conn net.Conn) {
			closing(conn)
			io.WriteString(conn, sized+`{"action":"no action"}`)
			deaf(t)(conn)
		}), "before it had", true},
		{"rspamd has an error", rspamd(saying(httpEnd, strings.Replace(okHead, "200 OK", "500 Broken", 1)+`{"action":"no action"}`)), "500 Broken", false},
		{"rspamd sends us elsewhere", rspamd(saying(httpEnd,
			"HTTP/1.1 307 Elsewhere\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n")), "307", false},
		{"rspamd never stops", rspamd(endless(httpEnd, okHead, " ")), "longer than", false},
		{"rspamd's header never stops", rspamd(endless(httpEnd, okHead[:len(okHead)-2], "X: y\r\n")), "header", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mail := cleanMail
			if c.cut {
				mail = ofSize(12 << 20)
			}
			for _, policy := range []Policy{Accept, Defer} {
				s := Scanners{List: []Scanner{c.scanner, says("other", mailer.ScanClean)}, OnFailure: policy}
				scans, err := s.Run(t.Context(), aMail(), text(mail))
				if got := scans[0]; got.Verdict != mailer.ScanBroken || !strings.Contains(got.Detail, c.why) {
					t.Errorf("the scanner was to be broken, saying %q; it is %+v", c.why, got)
				}
				if scans[1].Verdict != mailer.ScanClean {
					t.Errorf("the other scanner was to give its verdict, but has %+v", scans[1])
				}
				if errors.Is(err, ErrBroken) != (policy == Defer) {
					t.Errorf("policy %q: Run gave the error %v", policy, err)
				}
			}
		})
	}
}

// The positive control of TestFaults: the same scripts with the right answer.
func TestFakesCanAnswer(t *testing.T) {
	s := Scanners{OnFailure: Defer, List: []Scanner{
		&ClamAV{Address: listen(t, saying(clamEnd, "stream: OK\x00"))},
		&ClamAV{Address: listen(t, saying(clamEnd, "stream: Win.Worm-1 FOUND\x00and more"))},
		&Rspamd{URL: "http://" + listen(t, saying(httpEnd, okHead+`{"action":"no action"}`))},
	}}
	scans, err := s.Run(t.Context(), aMail(), text(cleanMail))
	if err != nil || scans[0].Verdict != mailer.ScanClean || scans[1].Detail != "Win.Worm-1" || scans[2].Verdict != mailer.ScanClean {
		t.Errorf("fakes that answer were to be understood; Run gave %+v, %v", scans, err)
	}
}

// breaking is a mail whose bytes cannot be read to the end.
type breaking struct {
	io.Reader
	closed *bool
}

func (b breaking) Close() error { *b.closed = true; return nil }

var errDisk = errors.New("input/output error")

// No scanner may call a mail clean of which it got only the first half.
func TestMailThatCannotBeRead(t *testing.T) {
	// Both say "clean" as soon as anything has come, whole or not.
	early := func(answer string) func(net.Conn) {
		return func(conn net.Conn) { io.Copy(io.Discard, conn); io.WriteString(conn, answer) }
	}
	for _, s := range []Scanner{
		&ClamAV{Address: listen(t, early("stream: OK\x00"))},
		&Rspamd{URL: "http://" + listen(t, early(okHead+`{"action":"no action"}`))},
	} {
		var closed bool
		open := func() (io.ReadCloser, error) {
			return breaking{io.MultiReader(strings.NewReader(cleanMail), errReader{}), &closed}, nil
		}
		if scan, err := s.Scan(t.Context(), aMail(), open); !errors.Is(err, errDisk) {
			t.Errorf("%s: Scan of a mail that cannot be read gave %+v, %v; want the reader's error", s.Name(), scan, err)
		}
		if !closed {
			t.Errorf("%s: Scan did not close the mail", s.Name())
		}
		none := func() (io.ReadCloser, error) { return nil, errDisk }
		if scan, err := s.Scan(t.Context(), aMail(), none); !errors.Is(err, errDisk) {
			t.Errorf("%s: Scan of a mail that cannot be opened gave %+v, %v; want the opener's error", s.Name(), scan, err)
		}
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errDisk }

// A door that stops does not wait for a scanner.
func TestScanEndsWithItsContext(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(address string) Scanner
	}{
		{"clamav", func(a string) Scanner { return &ClamAV{Address: a} }},
		{"rspamd", func(a string) Scanner { return &Rspamd{URL: "http://" + a} }},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := c.make(listen(t, func(conn net.Conn) { cancel(); hang(conn) }))
		if _, err := s.Scan(ctx, aMail(), text(cleanMail)); err == nil {
			t.Errorf("%s: Scan of a cancelled context gave a verdict", c.name)
		}
	}
}
