package mx

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/mailer"
)

func (d *desk) mail() *mailer.Mail {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.mails) == 0 {
		return nil
	}
	return d.mails[len(d.mails)-1].Mail
}

func (d *door) shutdown(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// await waits for something that follows without a further step of the test.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("waited in vain for: %s", what)
}

// TestShutdown: a mail in flight is answered, an open transaction may end, idle
// sessions and new mails are turned away.
func TestShutdown(t *testing.T) {
	enter, leave := make(chan string), make(chan struct{})
	d := open(t, func(d *door) { d.desk.enter, d.desk.leave = enter, leave })
	idle, typing, flight := d.dial(t), d.dial(t), d.dial(t)
	typing.begin(t, "a@north.example")
	flight.begin(t, "a@north.example")
	flight.send(t, "DATA\r\n")
	flight.expect(t, "354")
	// The next mail is on its way already: it must not begin.
	flight.send(t, "in flight\r\n.\r\nMAIL FROM:<it@acme.example>\r\n")
	<-enter

	done := make(chan struct{})
	go func() {
		defer close(done)
		d.shutdown(t)
	}()
	idle.expect(t, "421 4.3.2 mx.north.example is shutting down")
	idle.expectEnd(t)
	if c, err := net.Dial("tcp", d.addr); err == nil {
		c.Close()
		t.Error("server accepts connections while it shuts down")
	}
	leave <- struct{}{}
	flight.expect(t, "250 2.0.0 Accepted")
	flight.expect(t, "421 4.3.2")
	flight.expectEnd(t)

	select {
	case <-done:
		t.Fatal("Shutdown did not wait for an open transaction")
	default:
	}
	typing.send(t, "DATA\r\n")
	typing.expect(t, "354")
	typing.send(t, "typed\r\n.\r\n")
	<-enter
	leave <- struct{}{}
	typing.expect(t, "250 2.0.0 Accepted")
	typing.expect(t, "421 4.3.2")
	typing.expectEnd(t)
	<-done
	if n := d.desk.count(); n != 2 {
		t.Errorf("handler saw %d mails, want the two that had begun", n)
	}
	d.shutdown(t)
	if err := d.Serve(listen(t)); err != nil {
		t.Errorf("Serve after Shutdown: %v, want nil at once", err)
	}
}

// TestShutdownEnds: who does not finish is cut when the time is over.
func TestShutdownEnds(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	c.begin(t, "a@north.example")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := d.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v, want the context's error", err)
	}
	c.expectEnd(t)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestStalledBody: after silence within a mail, what was sent of it is neither
// a mail nor commands (A3).
func TestStalledBody(t *testing.T) {
	for _, start := range []string{"DATA\r\n", "BDAT 1000\r\n", "BDAT 1000 LAST\r\n"} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(d *door) { d.Idle = time.Second })
			c := d.dial(t)
			c.begin(t, "a@north.example")
			c.send(t, start+"text\r\nRSET\r\nMAIL FROM:<ceo@victim.example>\r\nRCPT TO:<a@north.example>\r\nDATA\r\n")
			if start == "DATA\r\n" {
				c.expect(t, "354")
			}
			c.expect(t, "421 4.4.2")
			c.expectEnd(t)
			d.shutdown(t)
			if n := d.desk.count(); n != 0 {
				t.Errorf("handler saw %d mails, want none", n)
			}
		})
	}
}

// TestIdle: silence between commands ends the session.
func TestIdle(t *testing.T) {
	d := open(t, func(d *door) { d.Idle = 100 * time.Millisecond })
	c := d.dial(t)
	c.expect(t, "421 4.4.2")
	c.expectEnd(t)
}

// TestListeners: one server on several listeners, many clients at a time.
func TestListeners(t *testing.T) {
	d := open(t, nil)
	second := listen(t)
	served := make(chan error, 1)
	go func() { served <- d.Serve(second) }()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			conn, err := net.Dial("tcp", []string{d.addr, second.Addr().String()}[i%2])
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			greeting := bufio.NewReader(conn)
			greeting.ReadString('\n')
			io.WriteString(conn, "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@north.example>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n")
			if got, err := io.ReadAll(greeting); err != nil || !strings.Contains(string(got), "Accepted as") {
				t.Errorf("client %d was told %q (%v)", i, got, err)
			}
		})
	}
	all.Wait()
	d.shutdown(t)
	if err := <-served; err != nil {
		t.Errorf("Serve of the second listener: %v", err)
	}
	if n := d.desk.count(); n != 20 {
		t.Errorf("handler saw %d mails, want 20", n)
	}
}

// TestServeEnds: a listener that breaks ends Serve with its error.
func TestServeEnds(t *testing.T) {
	d := open(t, nil)
	l := listen(t)
	l.Close()
	if err := d.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve of a closed listener: %v, want net.ErrClosed", err)
	}
}

// TestSTARTTLS: the session begins anew, encrypted (RFC 3207 4.2).
func TestSTARTTLS(t *testing.T) {
	d := open(t, func(d *door) { d.TLS = selfSigned(t) })
	c := d.dial(t)
	c.send(t, "EHLO client.example\r\n")
	if caps := strings.Join(c.expect(t, "250"), "\n"); !strings.Contains(caps, "250-STARTTLS\n250-SIZE 200000") {
		t.Errorf("EHLO says %q, want STARTTLS and SIZE", caps)
	}
	c.send(t, "MAIL FROM:<>\r\nSTARTTLS\r\nRSET\r\nSTARTTLS\r\n")
	c.expect(t, "250")
	c.expect(t, "503")
	c.expect(t, "250")
	c.expect(t, "220 2.0.0")
	secure := c
	secure.encrypt()
	secure.send(t, "MAIL FROM:<>\r\nEHLO client.example\r\n")
	secure.expect(t, "503")
	if caps := strings.Join(secure.expect(t, "250"), "\n"); strings.Contains(caps, "STARTTLS") {
		t.Errorf("EHLO within TLS says %q, want no STARTTLS", caps)
	}
	secure.begin(t, "a@north.example")
	secure.data(t, "x\r\n", "250 2.0.0 Accepted")
	if m := d.desk.mails[0]; !m.Envelope.TLS || !strings.Contains(m.header, " with ESMTPS id ") {
		t.Errorf("handler saw %+v, header %q; want TLS and ESMTPS", m.Envelope, m.header)
	}
	go d.shutdown(t)
	secure.expect(t, "421 4.3.2")
	secure.expectEnd(t)
}

// TestSTARTTLSInjection: commands sent in clear after STARTTLS do not count (T41).
func TestSTARTTLSInjection(t *testing.T) {
	d := open(t, func(d *door) { d.TLS = selfSigned(t) })
	c := d.dial(t)
	c.send(t, "EHLO client.example\r\nSTARTTLS\r\nMAIL FROM:<ceo@victim.example>\r\n")
	c.expect(t, "250")
	c.expect(t, "503")
	c.expectEnd(t)
}

func selfSigned(t testing.TB) *tls.Config {
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
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		// Over a pipe without a buffer, a ticket would be waited for by nobody.
		SessionTicketsDisabled: true,
	}
}
