package remote

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/mailer"
)

// fakeRelay plays one script for each connection that is made to it. A script
// has one step per line:
//
//	S: 250 ok        say it; \r\n in it makes two lines of one write
//	C: EHLO name     the client must say exactly this
//	<mail>           the client must send a mail, up to its final dot
//	<any>            take any number of mails
//	<tls>            do a TLS handshake
//	<stall>          do nothing more until the client gives up
//	<close>          close the connection
//
// Behind the last step, QUIT is answered and everything else is a failure.
type fakeRelay struct {
	t       *testing.T
	scripts []string
	tls     *tls.Config
	network func() (client, server net.Conn, err error)

	mu      sync.Mutex
	next    int
	release chan struct{} // closed at the end of the test

	mails []string // as they came: with the dots that SMTP adds, without the last
	quits int
	live  int // connections open now
	most  int
	wg    sync.WaitGroup
}

const ourName = "gate.north.example"

// open is how most scripts begin.
const open = `S: 220 relay.example ready
C: EHLO gate.north.example
S: 250-relay.example
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250 SIZE 1000000
`

// taken is a whole transaction for the mail that note gives; 68 is its size.
const taken = `C: MAIL FROM:<r-1@north.example> BODY=8BITMIME SIZE=68
S: 250 ok
C: RCPT TO:<anna@corp.example>
S: 250 ok
C: DATA
S: 354 go on
<mail>
S: 250 2.0.0 queued as 4711
`

const noteText = "Subject: [NORTH-1042] Printer\r\n\r\nHello Anna,\r\n.\r\n..\r\nit is on fire\r\n"

func note() *mailer.Outgoing {
	head, body, _ := strings.Cut(noteText, "\r\n")
	return &mailer.Outgoing{
		ID:          "06c2k7gq0r1ne",
		ReversePath: mailer.MustAddress("r-1@north.example"),
		Recipient:   mailer.MustAddress("anna@corp.example"),
		Header:      []byte(head + "\r\n"),
		Body:        io.NopCloser(strings.NewReader(body)),
	}
}

func newFakeRelay(t *testing.T, scripts ...string) *fakeRelay {
	return &fakeRelay{t: t, scripts: scripts, release: make(chan struct{}), network: pipe}
}

func pipe() (client, server net.Conn, err error) {
	client, server = net.Pipe()
	return client, server, nil
}

// loopback is a network whose addresses are this machine's.
func loopback() (client, server net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	server, err = l.Accept()
	return client, server, err
}

// relay makes a client of the fake; change adjusts its configuration.
func (f *fakeRelay) relay(url string, change func(*Config)) *Relay {
	f.t.Helper()
	target, err := Parse(url)
	if err != nil {
		f.t.Fatal(err)
	}
	c := Config{Target: target, Hostname: ourName, Dial: f.dial}
	if change != nil {
		change(&c)
	}
	r, err := New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fakeRelay) dial(context.Context, string, string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == len(f.scripts) {
		return nil, errors.New("connection refused")
	}
	script := f.scripts[f.next]
	f.next++
	client, server, err := f.network()
	if err != nil {
		return nil, err
	}
	if f.live++; f.live > f.most {
		f.most = f.live
	}
	f.wg.Go(func() {
		f.play(server, script)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.live--
	})
	return client, nil
}

// end closes the client and checks that every script was played.
func (f *fakeRelay) end(r *Relay) {
	f.t.Helper()
	r.Close()
	close(f.release)
	f.wg.Wait()
	if f.next != len(f.scripts) {
		f.t.Errorf("the relay got %d connections, want %d", f.next, len(f.scripts))
	}
}

func (f *fakeRelay) play(conn net.Conn, script string) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	out := make(chan string, 100) // net.Pipe has no buffer of its own
	var writer sync.WaitGroup
	speak := func() { writer.Go(sayAll(conn, out)) }
	drain := func() { close(out); writer.Wait() }
	speak()
	defer func() { drain() }()

	for step := range strings.Lines(script) {
		step = strings.TrimSpace(step)
		say, ok := strings.CutPrefix(step, "S: ")
		want, expect := strings.CutPrefix(step, "C: ")
		switch {
		case ok:
			out <- strings.ReplaceAll(say, `\r\n`, "\r\n") + "\r\n"
		case expect:
			got, err := in.ReadString('\n')
			if got != want+"\r\n" {
				f.t.Errorf("the relay got %q, %v, want %q", got, err, want)
				return
			}
		case step == "<mail>":
			f.readMail(in)
		case step == "<any>":
			f.takeAny(in, out)
		case step == "<tls>":
			drain()
			server := tls.Server(conn, f.tls)
			if err := server.Handshake(); err != nil {
				out = make(chan string)
				return // the client did not like our certificate
			}
			conn, in, out = server, bufio.NewReader(server), make(chan string, 100)
			speak()
		case step == "<stall>":
			<-f.release
			return
		case step == "<close>":
			return
		}
	}
	for {
		got, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if got == "QUIT\r\n" {
			f.mu.Lock()
			f.quits++
			f.mu.Unlock()
			out <- "221 bye\r\n"
			return
		}
		if got != "*\r\n" { // the client's end of a refused AUTH
			f.t.Errorf("the relay got %q behind the end of the script", got)
		}
	}
}

func sayAll(w io.Writer, out <-chan string) func() {
	return func() {
		for text := range out {
			io.WriteString(w, text)
		}
	}
}

func (f *fakeRelay) takeAny(in *bufio.Reader, out chan<- string) {
	for {
		if next, err := in.Peek(4); err != nil || string(next) == "QUIT" {
			return
		}
		switch line, _ := in.ReadString('\n'); line {
		case "DATA\r\n":
			out <- "354 go on\r\n"
			f.readMail(in)
			time.Sleep(time.Second)
			fallthrough
		default:
			out <- "250 ok\r\n"
		}
	}
}

func (f *fakeRelay) readMail(in *bufio.Reader) {
	var mail strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			f.t.Logf("the mail was cut off: %v", err)
			return
		}
		if line == ".\r\n" {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.mails = append(f.mails, mail.String())
			return
		}
		mail.WriteString(line)
	}
}

// certificate makes a self-signed one, for a name or an address, and a pool that
// trusts it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// writePEM puts a certificate and its key into one file, as Postfix wants them.
func writePEM(t *testing.T, dir string, c tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})...)
	path := filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
