package guard

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// secure makes the client's side of a handshake.
func secure(t *testing.T, c net.Conn) (net.Conn, *bufio.Reader) {
	t.Helper()
	s := tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // the server's name is not what is tested
	if err := s.Handshake(); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return s, bufio.NewReader(s)
}

// TestTLS: what holds in plain text holds within TLS, however it began; before
// the handshake nothing is said in clear.
func TestTLS(t *testing.T) {
	begin := map[string]func(t *testing.T, addr string) (net.Conn, *bufio.Reader){
		"STARTTLS": func(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
			c, r := dial(t, addr)
			expect(t, r, "220 hello")
			io.WriteString(c, "EHLO\r\nSTARTTLS\r\n")
			expect(t, r, "250 EHLO")
			expect(t, r, "220 2.0.0")
			return secure(t, c)
		},
		"implicit": func(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
			c, _ := dial(t, addr)
			s, r := secure(t, c)
			expect(t, r, "220 hello")
			return s, r
		},
	}
	for way, begin := range begin {
		for _, tc := range []struct{ name, input, want string }{
			{"commands", "EHLO\r\nMAIL\r\n", "250 EHLO\r\n250 MAIL\r\n"},
			{"no EHLO", "MAIL\r\n", "503 5.5.1 Say EHLO first\r\n"},
			{"HTTP", "GET / HTTP/1.1\r\n", ""},
			{"bare LF", "NOOP\n", "500 5.5.2 Commands end with CR LF\r\n"},
			{"data", "DATA\r\nx\n.\r\n\r\n.\r\n", "354 go on\r\n250 bare newline\r\n"},
			{"chunk for nobody", "BDAT 2\r\nxyNOOP\r\n", "503 5.5.1 No recipient was accepted, the chunk is ignored\r\n250 NOOP\r\n"},
			{"again", "EHLO\r\nSTARTTLS\r\n", "250 EHLO\r\n250 STARTTLS\r\n"}, // the server refuses it
			{"errors", strings.Repeat("ERROR\r\n", maxErrors), strings.Repeat("500 5.5.2 no\r\n", maxErrors) +
				"421 4.7.0 mx.north.example closes: too many errors, or too many commands without a mail\r\n"},
		} {
			t.Run(way+" "+tc.name, func(t *testing.T) {
				addr := serve(t, &Guard{TLS: selfSigned(t), ImplicitTLS: way == "implicit"})
				c, r := begin(t, addr)
				io.WriteString(c, tc.input)
				c.(*tls.Conn).CloseWrite()
				if got, _ := io.ReadAll(r); string(got) != tc.want {
					t.Errorf("after %.100q the client got %q, want %q", tc.input, got, tc.want)
				}
			})
		}
	}
}

// TestPlainOnTLS: a client that does not begin with a handshake where one is due
// hears nothing in clear.
func TestPlainOnTLS(t *testing.T) {
	c, r := dial(t, serve(t, &Guard{TLS: selfSigned(t), ImplicitTLS: true}))
	io.WriteString(c, "EHLO x\r\n")
	if got, _ := io.ReadAll(r); strings.ContainsAny(string(got), "\r\n") {
		t.Errorf("client got %q in clear", got)
	}
}

// TestInjection: what comes in clear with STARTTLS is never executed (T41),
// whether it is in our buffer or behind it.
func TestInjection(t *testing.T) {
	for _, injected := range []string{"RSET\r\n", strings.Repeat("NOOP\r\n", 2000)} {
		addr := serve(t, &Guard{TLS: selfSigned(t)})
		if got := talk(t, addr, "STARTTLS\r\n"+injected); got != "503 5.5.1 Nothing may follow STARTTLS before the handshake\r\n" {
			t.Errorf("after STARTTLS and more the client got %.100q", got)
		}
	}
	// A line that fills the small buffer to the last octet.
	line := "STARTTLS" + strings.Repeat(" ", smallBuffer-10) + "\r\n"
	if got := talk(t, serve(t, &Guard{TLS: selfSigned(t)}), line+"NOOP\r\n"); strings.Contains(got, "250") {
		t.Errorf("the command behind STARTTLS was executed: %q", got)
	}
}

// TestSlowHandshakes: they hold up nobody else, end in time, and leave places
// for those who are faster.
func TestSlowHandshakes(t *testing.T) {
	config := selfSigned(t)
	g := &Guard{TLS: config, ImplicitTLS: true, Handshakes: 3}
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn), make(chan struct{})}
		serveOn(t, g, l)
		ended := make(chan time.Duration, 3)
		begin := time.Now()
		for range 3 {
			c, _ := l.from("192.0.2.1")
			go func() {
				c.Write([]byte("\x16\x03\x01"))
				io.Copy(io.Discard, c)
				ended <- time.Since(begin)
			}()
		}
		time.Sleep(time.Second)
		c, _ := l.from("192.0.2.2")
		s, r := secure(t, c)
		expect(t, r, "220 hello")
		s.Close()
		if took := time.Since(begin); took > time.Second+10*time.Millisecond {
			t.Errorf("the honest client was served after %v, want at once", took)
		}
		for i, want := range []time.Duration{time.Second, handshakeTime, handshakeTime} {
			if took := <-ended; took.Round(time.Second) != want {
				t.Errorf("slow client %d was cut after %v, want %v", i, took, want)
			}
		}
	})
	if n := g.Stats().Turned[Shed]; n != 1 {
		t.Errorf("%d were shed, want one", n)
	}
}

// TestEarlyTalkerWithinTLS: the greeting is waited for within TLS as well, and
// the wait leaves the connection whole.
func TestEarlyTalkerWithinTLS(t *testing.T) {
	config := selfSigned(t)
	for _, after := range []time.Duration{time.Second, 3 * time.Second} {
		g := &Guard{TLS: config, ImplicitTLS: true, Silence: 2 * time.Second}
		within(t, g, func(t *testing.T, l pipes) {
			c, _ := l.from("192.0.2.1")
			s, r := secure(t, c)
			go func() {
				time.Sleep(after)
				io.WriteString(s, "EHLO\r\n")
			}()
			if after < g.Silence {
				expect(t, r, "554 5.5.1")
				return
			}
			expect(t, r, "220")
			expect(t, r, "250 EHLO")
		})
	}
}
