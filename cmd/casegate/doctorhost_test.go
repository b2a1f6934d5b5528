package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer/dns/dnstest"
)

// putFile makes a file in the data directory.
func putFile(name string, mode fs.FileMode) func(*doctor, *dnstest.Server) {
	return func(d *doctor, _ *dnstest.Server) {
		path := filepath.Join(d.conf.Data, name)
		if err := errors.Join(os.WriteFile(path, []byte("x"), mode), os.Chmod(path, mode)); err != nil {
			panic(err)
		}
	}
}

func waitingSince(age time.Duration) func(*doctor, *dnstest.Server) {
	return func(d *doctor, _ *dnstest.Server) {
		d.kept.waiting = []*cases.MailRecord{{Received: d.now.Add(-age)}, {Received: d.now}}
	}
}

func withRoom(r diskRoom, err error) func(*doctor, *dnstest.Server) {
	return func(d *doctor, _ *dnstest.Server) { d.room = func(string) (diskRoom, error) { return r, err } }
}

func changed(change func(*doctor)) func(*doctor, *dnstest.Server) {
	return func(d *doctor, _ *dnstest.Server) { change(d) }
}

func TestDoctorHost(t *testing.T) {
	up := func(version, ready string) func(*doctor, *dnstest.Server) {
		return changed(func(d *doctor) { d.running = &statusAnswer{Version: version, Ready: ready} })
	}
	for _, f := range []fault{
		{"control: configuration", changed(func(d *doctor) { d.conf.Directory.File = "directory.toml" }), "configuration", diagnosis{"directory", "", fine, "1 reseller", ""}},
		{"no configuration", changed(func(d *doctor) { d.conf.file, d.confErr = "", fmt.Errorf("no such file: %w", fs.ErrNotExist) }), "configuration", diagnosis{"", "", failure, "no such file", "example-config"}},
		{"bad configuration", changed(func(d *doctor) { d.confErr = errors.New("smtp.listen: is bad") }), "configuration", diagnosis{"", "", failure, "smtp.listen", "Correct it"}},
		{"bad directory", changed(func(d *doctor) { d.conf.Directory.File, d.dirErr = "x", errors.New("x:1: bad") }), "configuration", diagnosis{"directory", "", failure, "x:1: bad", "Correct it"}},

		{"control: data", putFile(keysName, 0o600), "data directory", diagnosis{"", "", fine, "only its owner", ""}},
		{"control: the socket of LMTP", changed(func(d *doctor) {
			l, err := net.Listen("unix", filepath.Join(d.conf.Data, "lmtp.sock"))
			if err != nil {
				panic(err)
			}
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			l.Close()
		}), "data directory", diagnosis{"", "", fine, "only its owner", ""}},
		{"no data", changed(func(d *doctor) { d.conf.Data += "/none" }), "data directory", diagnosis{"", "", warning, "not there yet", "--data"}},
		{"open data", changed(func(d *doctor) { os.Chmod(d.conf.Data, 0o755) }), "data directory", diagnosis{"", "", failure, "mode 0755", "chmod 700"}},
		{"open keys", putFile(keysName, 0o644), "data directory", diagnosis{"", "", failure, "keys.json is open to others", "chmod 600"}},
		{"lost keys", putFile(storeName, 0o600), "data directory", diagnosis{"", "", failure, "keys.json is missing", "backup"}},
		{"a file for data", func(d *doctor, s *dnstest.Server) {
			putFile("file", 0o600)(d, s)
			d.conf.Data += "/file"
		}, "data directory", diagnosis{"", "", failure, "is a file", "Name a directory"}},

		{"control: disk", nil, "disk", diagnosis{"", "", fine, "10240 MiB free", ""}},
		{"full", withRoom(diskRoom{63 << 20, 1e6, 1e6}, nil), "disk", diagnosis{"", "", failure, "452", "Make room"}},
		{"nearly full", withRoom(diskRoom{100 << 20, 1e6, 1e6}, nil), "disk", diagnosis{"", "", warning, "100 MiB free", "Make room"}},
		{"no inodes", withRoom(diskRoom{10 << 30, 5, 1e6}, nil), "disk", diagnosis{"", "", failure, "5 inodes", "Remove files"}},
		{"few inodes", withRoom(diskRoom{10 << 30, 5000, 1e6}, nil), "disk", diagnosis{"", "", warning, "5000 inodes", "Remove files"}},
		{"inodes without limit", withRoom(diskRoom{10 << 30, 0, 0}, nil), "disk", diagnosis{"", "", fine, "10240 MiB free", ""}},
		{"disk not to be read", withRoom(diskRoom{}, fs.ErrPermission), "disk", diagnosis{"", "", failure, "permission", "Run this as"}},

		{"control: daemon", up(version(), "yes"), "daemon", diagnosis{"", "", fine, "runs since", ""}},
		{"no daemon", changed(func(d *doctor) { d.daemonErr = &noDaemonError{"x"} }), "daemon", diagnosis{"", "", warning, "no daemon", "casegate serve"}},
		{"a mute daemon", changed(func(d *doctor) { d.daemonErr = errors.New("no permission") }), "daemon", diagnosis{"", "", failure, "no permission", "control socket"}},
		{"not ready", up(version(), "no: stopping"), "daemon", diagnosis{"", "", failure, "stopping", "log of the daemon"}},
		{"another version", up("v0", "yes"), "daemon", diagnosis{"", "", warning, "v0", "Restart"}},

		{"control: clock", changed(func(d *doctor) { d.kept.newest = d.now.Add(-time.Hour) }), "clock", diagnosis{"", "", fine, "after the newest mail", ""}},
		{"clock behind the mail", changed(func(d *doctor) { d.kept.newest = d.now.Add(2 * time.Hour) }), "clock", diagnosis{"", "", failure, "2h0m0s before the newest mail", "NTP"}},
		{"clock before the build", changed(func(d *doctor) { d.built = d.now.Add(time.Hour) }), "clock", diagnosis{"", "", failure, "before this program was made", "NTP"}},
		{"clock left alone", changed(func(d *doctor) { d.synced = func() (bool, bool) { return false, true } }), "clock", diagnosis{"", "", warning, "time server", "chrony"}},
		{"not known who keeps it", changed(func(d *doctor) { d.synced = func() (bool, bool) { return false, false } }), "clock", diagnosis{"", "", fine, "is 2026", ""}},

		{"control: held", waitingSince(6 * 24 * time.Hour), "held mail", diagnosis{"", "", fine, "2 mails wait", ""}},
		{"held too long", waitingSince(8 * 24 * time.Hour), "held mail", diagnosis{"", "", warning, "1 mail waits for a decision for more than 7 days", "held release"}},
		{"store not to be read", changed(func(d *doctor) { d.kept.err = errors.New("damaged page") }), "held mail", diagnosis{"", "", failure, "damaged page", "casegate verify"}},

		{"no relay", nil, "relay", diagnosis{"", "", failure, "cannot connect", "firewall"}},
		{"no target", changed(func(d *doctor) { d.conf.target.Host = "" }), "relay", diagnosis{"", "", failure, "no target", "[relay]"}},
	} {
		t.Run(f.name, f.test)
	}
}

// TestDoctorStore: what is held is found with and without a daemon, and a clock
// that was set back too.
func TestDoctorStore(t *testing.T) {
	m := runDemo(t, nil)
	_, err := send(m.smtpListener.Addr().String(), "it@acme.example", []string{"postmaster@north.example"}, "From: it@acme.example\nSubject: x\n\nx\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"running", "stopped"} {
		d, _ := healthy(t)
		d.conf.Data = m.Config.Data
		d.askDaemon(t.Context())
		d.kept = d.lookAtStore(t.Context())
		if (d.running != nil) != (state == "running") || d.kept.err != nil || len(d.kept.waiting) != 1 || time.Since(d.kept.newest) > time.Minute {
			t.Errorf("%s: the doctor knows %+v of the store, want one mail of just now", state, d.kept)
		}
		d.now = time.Now().Add(-time.Hour)
		if got := d.checkClock(t.Context())[0]; got.Status != failure || !strings.Contains(got.Found, "59m") && !strings.Contains(got.Found, "1h0m") {
			t.Errorf("%s: of a clock set back by an hour the doctor says %+v", state, got)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// scriptedRelay answers every command with 250, or with what is set for it.
func scriptedRelay(t *testing.T, greeting, ehlo string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte(greeting + "\r\n"))
			for buf := make([]byte, 4096); ; {
				n, err := conn.Read(buf)
				if err != nil {
					break
				}
				if strings.HasPrefix(string(buf[:n]), "EHLO") {
					conn.Write([]byte(ehlo + "\r\n"))
				} else {
					conn.Write([]byte("250 ok\r\n"))
				}
			}
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestDoctorRelay(t *testing.T) {
	for _, c := range []struct {
		name, greeting, ehlo string
		change               func(*config)
		want                 diagnosis
	}{
		{"control", "220 x", "250-x\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 99999999", nil, diagnosis{Status: fine, Found: "answers in"}},
		{"no SMTPUTF8", "220 x", "250-x\r\n250 8BITMIME", nil, diagnosis{Status: fine, Found: "no international addresses"}},
		{"small", "220 x", "250-x\r\n250-8BITMIME\r\n250 SIZE 10485760", nil, diagnosis{Status: warning, Found: "up to 10 MiB only", Advice: "max_size_mib"}},
		{"7 bits", "220 x", "250 x", nil, diagnosis{Status: warning, Found: "8BITMIME", Advice: "another relay"}},
		{"does not want us", "554 go away", "250 x", nil, diagnosis{Status: failure, Found: "554 go away", Advice: "operator"}},
		{"no STARTTLS", "220 x", "250 x", func(c *config) { c.target.Scheme = "smtp+starttls" }, diagnosis{Status: failure, Found: "STARTTLS", Advice: "relay.url"}},
		{"no AUTH", "220 x", "250 x", func(c *config) { c.target.User, c.Relay.Password = "me", "canary" }, diagnosis{Status: failure, Found: "AUTH", Advice: "relay.user"}},
	} {
		d, _ := healthy(t)
		d.conf.target.Port = scriptedRelay(t, c.greeting, c.ehlo)
		if c.change != nil {
			c.change(&d.conf)
		}
		got := d.checkRelay(t.Context())[0]
		if got.Status != c.want.Status || !strings.Contains(got.Found, c.want.Found) || !strings.Contains(got.Advice, c.want.Advice) {
			t.Errorf("%s: the doctor says %+v, want %+v", c.name, got, c.want)
		}
	}
}

// issue writes a certificate for names, signed by itself, into two files.
func issue(t *testing.T, dir, name string, from, until time.Time) (cert, key string, leaf *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var names []string // "": none
	if name != "" {
		names = []string{name}
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "mx.pem"), filepath.Join(dir, "mx.key")
	err = errors.Join(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, leaf
}

func TestDoctorCertificate(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name, dnsName string
		from, until   time.Duration // from now
		trusted       bool
		want          diagnosis
	}{
		{"control", "gate.example", -day, 90 * day, true, diagnosis{Status: fine, Found: "is for gate.example"}},
		{"expires soon", "gate.example", -day, 13 * day, true, diagnosis{Status: warning, Found: "expires soon", Advice: "Renew it"}},
		{"expired", "gate.example", -9 * day, -day, true, diagnosis{Status: failure, Found: "has expired", Advice: "Renew it"}},
		{"to come", "gate.example", day, 90 * day, true, diagnosis{Status: failure, Found: "to come", Advice: "clock"}},
		{"another name", "mx.example", -day, 90 * day, true, diagnosis{Status: failure, Found: "not for gate.example", Advice: "hostname"}},
		{"no chain", "gate.example", -day, 90 * day, false, diagnosis{Status: warning, Found: "not trusted", Advice: "intermediate"}},
	} {
		d, _ := healthy(t)
		cert, key, leaf := issue(t, t.TempDir(), c.dnsName, d.now.Add(c.from), d.now.Add(c.until))
		d.conf.SMTP.TLSCert, d.conf.SMTP.TLSKey, d.roots = cert, key, x509.NewCertPool()
		if c.trusted {
			d.roots.AddCert(leaf)
		}
		got := d.checkCertificate(t.Context())[0]
		if got.Status != c.want.Status || !strings.Contains(got.Found, c.want.Found) || !strings.Contains(got.Advice, c.want.Advice) {
			t.Errorf("%s: the doctor says %+v, want %+v", c.name, got, c.want)
		}
	}
	d, _ := healthy(t)
	if got := d.checkCertificate(t.Context())[0]; got.Status != warning || !strings.Contains(got.Advice, "[acme]") {
		t.Errorf("without a certificate the doctor says %+v", got)
	}
	d.conf.ACME.AcceptTerms = true
	if got := d.checkCertificate(t.Context())[0]; got.Status != warning || !strings.Contains(got.Advice, "port 80") {
		t.Errorf("before the first certificate of ACME the doctor says %+v", got)
	}
	d.conf.ACME.AcceptTerms = false
	d.conf.SMTP.TLSCert, _, _ = issue(t, t.TempDir(), "gate.example", d.now, d.now)
	_, d.conf.SMTP.TLSKey, _ = issue(t, t.TempDir(), "gate.example", d.now, d.now)
	if got := d.checkCertificate(t.Context())[0]; got.Status != failure || !strings.Contains(got.Advice, "tls_key") {
		t.Errorf("of a key of another certificate the doctor says %+v", got)
	}
}

// TestDoctorListeners: what the doors of a running daemon show.
func TestDoctorListeners(t *testing.T) {
	d, _ := healthy(t)
	d.now = time.Now()
	cert, key, leaf := issue(t, t.TempDir(), "gate.example", d.now.Add(-time.Hour), d.now.Add(90*24*time.Hour))
	m := runDemo(t, func(m *Main) {
		m.Config.SMTP.TLSCert, m.Config.SMTP.TLSKey = cert, key
		m.Config.Submission.Listen, m.Config.Submission.TLSListen = "127.0.0.1:0", "127.0.0.1:0"
	})
	d.conf.Data, d.conf.SMTP.TLSCert, d.conf.SMTP.TLSKey, d.roots = m.Config.Data, cert, key, x509.NewCertPool()
	d.roots.AddCert(leaf)
	d.askDaemon(t.Context())
	expect := func(what string, status grade, advice string) {
		t.Helper()
		found := d.checkListeners(t.Context())
		if len(found) != 3 {
			t.Errorf("%s: the doctor says %+v, want a line for each of three doors", what, found)
		}
		for _, g := range found {
			if g.Status != status || !strings.Contains(g.Advice, advice) {
				t.Errorf("%s: the doctor says %+v, want %s and %q", what, g, status, advice)
			}
		}
	}
	expect("the same as in the file", fine, "")
	d.conf.SMTP.TLSCert, d.conf.SMTP.TLSKey, _ = issue(t, t.TempDir(), "gate.example", d.now, d.now.Add(time.Hour))
	expect("another one in the file", warning, "SIGHUP")
	for i := range d.running.Doors {
		d.running.Doors[i].Address = "127.0.0.1:1"
	}
	expect("nobody there", failure, "restart")
}

// TestDoctorACME reads the form in which autocert keeps a certificate.
func TestDoctorACME(t *testing.T) {
	d, _ := healthy(t)
	cert, key, leaf := issue(t, t.TempDir(), "gate.example", d.now.Add(-time.Hour), d.now.Add(90*24*time.Hour))
	var both []byte
	for _, file := range []string{key, cert} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	dir := filepath.Join(d.conf.Data, acmeName)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "gate.example"), both, 0o600)); err != nil {
		t.Fatal(err)
	}
	d.conf.ACME.AcceptTerms, d.roots = true, x509.NewCertPool()
	d.roots.AddCert(leaf)
	if got := d.checkCertificate(t.Context())[0]; got.Status != fine {
		t.Errorf("the doctor says %+v", got)
	}
}
