package guard

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestForeign: what is not SMTP is closed without an answer (T47), whether it
// comes as the first thing or later; what only looks like it is not.
func TestForeign(t *testing.T) {
	g := &Guard{}
	addr := serve(t, g)
	foreign := []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\n\r\nNOOP\r\n", "put / HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n", "OPTIONS * HTTP/1.1\r\n",
		"CONNECT mx:25 HTTP/1.1\r\n", "PATCH / HTTP/1.1\r\n", "DELETE / HTTP/1.1\r\n", "TRACE / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n", "PROXY UNKNOWN\r\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", "\x16\x03\x01\x02\x00\x01\x00",
	}
	for _, input := range foreign {
		if got := talk(t, addr, input+"NOOP\r\n"); got != "" {
			t.Errorf("after %q the client got %q, want nothing", input, got)
		}
	}
	if got := talk(t, addr, "EHLO\r\nGET / HTTP/1.1\r\nNOOP\r\n"); got != "" {
		t.Errorf("after GET within a session the client got %q, want nothing", got)
	}
	if n := int(g.Stats().Turned[Foreign]); n != len(foreign)+1 {
		t.Errorf("counted %d foreign clients, want %d", n, len(foreign)+1)
	}
	for _, input := range []string{"GETX\r\n", "HEADER\r\n", "DELETE\r\n", "OPT x\r\n", "\r\n"} {
		if got, want := talk(t, addr, input), "250 "+input; got != want {
			t.Errorf("after %q the client got %q, want %q", input, got, want)
		}
	}
	if got := talk(t, addr, "DATA\r\nGET / HTTP/1.1\r\n.\r\n"); !strings.HasPrefix(got, "354 go on\r\n250 GET /") {
		t.Errorf("a mail with an HTTP request as its text was answered %q, want it taken", got)
	}
}

// TestEarlyTalker: a client waits for the greeting, or is sent away (RFC 5321
// 4.3.1).
func TestEarlyTalker(t *testing.T) {
	const early = "554 5.5.1 mx.north.example: you spoke before the greeting"
	for _, tc := range []struct {
		silence, after time.Duration
		addr, input    string
		want           string
	}{
		{0, 0, "192.0.2.1", "EHLO\r\n", early},
		{0, 0, "127.0.0.1", "EHLO\r\n", early},
		{0, 2 * time.Millisecond, "192.0.2.1", "EHLO\r\n", "220"},
		{5 * time.Second, 4 * time.Second, "192.0.2.1", "E", early},
		{5 * time.Second, 6 * time.Second, "192.0.2.1", "EHLO\r\n", "220"},
		{5 * time.Second, 2 * time.Millisecond, "127.0.0.1", "EHLO\r\n", "220"}, // exempt
		{-1, 0, "192.0.2.1", "EHLO\r\n", "220"},
		{0, 0, "192.0.2.1", "GET / HTTP/1.1\r\n", ""},
		{time.Second, 0, "192.0.2.1", "", "220"},
	} {
		g := &Guard{Silence: tc.silence}
		within(t, g, func(t *testing.T, l pipes) {
			c, r := l.from(tc.addr)
			go func() {
				time.Sleep(tc.after)
				if tc.input != "" {
					io.WriteString(c, tc.input)
				}
			}()
			line, err := r.ReadString('\n')
			if !strings.HasPrefix(line, tc.want) || tc.want == "" && line != "" {
				t.Errorf("%+v: client got %q (%v)", tc, line, err)
			}
			rest, want := "", "250 EHLO\r\n"
			if tc.want == "220" && tc.input != "" {
				rest, _ = r.ReadString('\n')
			} else if tc.want != "220" {
				b, _ := io.ReadAll(r)
				rest, want = string(b), ""
			} else {
				want = ""
			}
			if rest != want {
				t.Errorf("%+v: then the client got %q, want %q", tc, rest, want)
			}
			if n := g.Stats().Turned[EarlyTalker]; (n == 1) != (tc.want == early) {
				t.Errorf("%+v: counted %d early talkers", tc, n)
			}
		})
	}
}

// TestSilenceInCrowd: where places are rare, nobody is kept waiting in one.
func TestSilenceInCrowd(t *testing.T) {
	within(t, &Guard{Connections: 2, Silence: time.Minute}, func(t *testing.T, l pipes) {
		for _, want := range []time.Duration{time.Minute, defaultSilence} {
			begin := time.Now()
			_, r := l.from("192.0.2.1")
			expect(t, r, "220")
			if waited := time.Since(begin); waited != want {
				t.Errorf("the client was greeted after %v, want %v", waited, want)
			}
		}
	})
}
