package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/mailer"
)

// postfix is a private instance of Debian's Postfix, with its default settings
// but for where things are, and for adding fields to headers. It delivers
// corp.example to one maildir.
type postfix struct {
	t     *testing.T
	dir   string
	ports map[string]string // by scheme
	roots *x509.CertPool
}

// need finds a program, or skips the test; where everything must be there, its
// absence is a failure.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	why := ""
	if err != nil {
		why = program + " is not installed: it is in the Debian package postfix"
	} else if os.Geteuid() != 0 {
		why = program + " has to be started by root"
	}
	if why != "" && os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	if why != "" {
		t.Skip(why)
	}
	return path
}

// freePort is free at the moment of asking.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// publicDir is a folder that the servers' own users can look into.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "casegate-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

const (
	mainCF = `compatibility_level = 3.6
config_directory = DIR/etc
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = /dev/stdout
myhostname = relay.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 192.0.2.1
local_header_rewrite_clients =
smtpd_relay_restrictions = reject_unauth_destination
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = corp.example
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = DIR/mail
virtual_uid_maps = static:NOBODY
virtual_gid_maps = static:NOBODY
message_size_limit = 3000000
smtpd_tls_chain_files = DIR/etc/cert.pem
smtpd_tls_security_level = may
`
	masterCF = `127.0.0.1:PLAIN inet n - n - - smtpd
127.0.0.1:TLS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
virtual unix - n n - - virtual
`
	nobody = 65534
)

func startPostfix(t *testing.T) *postfix {
	program := need(t, "postfix")
	p := &postfix{t: t, dir: publicDir(t), ports: map[string]string{}}
	p.ports[Plain], p.ports[TLS] = freePort(t), freePort(t)
	p.ports[StartTLS] = p.ports[Plain]
	for _, sub := range []string{"etc", "queue", "data", "mail"} {
		if err := os.Mkdir(filepath.Join(p.dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cert, roots := certificate(t, "relay.example")
	p.roots = roots
	writePEM(t, filepath.Join(p.dir, "etc"), cert)
	fill := strings.NewReplacer("DIR", p.dir, "PLAIN", p.ports[Plain], "TLS inet", p.ports[TLS]+" inet", "NOBODY", fmt.Sprint(nobody))
	for name, text := range map[string]string{"main.cf": mainCF, "master.cf": masterCF} {
		if err := os.WriteFile(filepath.Join(p.dir, "etc", name), []byte(fill.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chown(filepath.Join(p.dir, "mail"), nobody, nobody), chownTo("postfix", filepath.Join(p.dir, "data"))); err != nil {
		t.Fatal(err)
	}
	etc := filepath.Join(p.dir, "etc")
	run(t, exec.Command(program, "-c", etc, "start-fg"), func() { exec.Command(program, "-c", etc, "stop").Run() })
	for _, port := range p.ports {
		waitForPort(t, port)
	}
	return p
}

func chownTo(name, path string) error {
	out, err := exec.Command("chown", name, path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return nil
}

// run starts a server and has it stopped, and its log shown where the test failed.
func run(t *testing.T, cmd *exec.Cmd, stop func()) {
	t.Helper()
	var log lockedBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		cmd.Wait()
		if t.Failed() {
			t.Logf("log of %s:\n%s", cmd.Path, log.String())
		}
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func waitForPort(t *testing.T, port string) {
	t.Helper()
	for range 600 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens on port %s", port)
}

// relay is a client of the instance by one of the schemes.
func (p *postfix) relay(scheme string) *Relay {
	p.t.Helper()
	r, err := New(Config{
		Target: Target{Scheme: scheme, Host: "relay.example", Port: p.ports[scheme]}, Hostname: ourName,
		TLS: &tls.Config{RootCAs: p.roots},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+p.ports[scheme])
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { r.Close() })
	return r
}

// delivered waits until n mails have arrived, takes them out and gives them by
// their Subject, with CRLF and without the fields that Postfix put before ours.
func (p *postfix) delivered(n int) map[string]string {
	p.t.Helper()
	var files []string
	for range 600 {
		files, _ = filepath.Glob(filepath.Join(p.dir, "mail", "inbox", "new", "*"))
		if len(files) >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n == 0 || len(files) == n {
		time.Sleep(500 * time.Millisecond) // for one too many
		files, _ = filepath.Glob(filepath.Join(p.dir, "mail", "inbox", "new", "*"))
	}
	if len(files) != n {
		p.t.Errorf("Postfix delivered %d mails, want %d", len(files), n)
	}
	mails := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		os.Remove(file)
		mail := strings.ReplaceAll(string(text), "\n", "\r\n")
		_, mail, _ = strings.Cut(mail, "\r\nSubject: ")
		subject, _, _ := strings.Cut(mail, "\r\n")
		mails[subject] = "Subject: " + mail
	}
	return mails
}

func mailWith(subject, body string) *mailer.Outgoing {
	m := note()
	m.Header = []byte("Subject: " + subject + "\r\n")
	m.Body = io.NopCloser(strings.NewReader("\r\n" + body))
	return m
}

func TestPostfix(t *testing.T) {
	p := startPostfix(t)
	for _, scheme := range []string{Plain, StartTLS, TLS} {
		t.Run(scheme, func(t *testing.T) { testBodies(t, p, scheme) })
	}
	t.Run("replies", func(t *testing.T) { testPostfixReplies(t, p) })
	t.Run("smuggling", func(t *testing.T) { testSmuggling(t, p) })
	t.Run("untrusted", func(t *testing.T) {
		r := p.relay(StartTLS)
		r.config.TLS = nil
		if err := r.Send(t.Context(), note()); err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), "unknown authority") {
			t.Errorf("Send: %v, want the certificate not to be trusted", err)
		}
	})
}

// Every octet arrives, and every mail once.
func testBodies(t *testing.T, p *postfix, scheme string) {
	r := p.relay(scheme)
	bodies := map[string]string{
		"dots":          ".\r\n..\r\n.x\r\n\r\n.\r\n..\r\nend .\r\n",
		"commands":      "x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<a@corp.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\nQUIT\r\n",
		"empty":         "",
		"empty lines":   "\r\n\r\n\r\n",
		"white space":   " \t \r\n\ttext  \r\n",
		"8-bit":         "zażółć gęślą jaźń, 陳\r\n\xff\xfe\r\n",
		"long lines":    strings.Repeat("x", 997) + "\r\n" + strings.Repeat(".", 998) + "\r\n",
		"large":         strings.Repeat(strings.Repeat("y", 70)+"\r\n.\r\n", 30000),
		"From in front": "From me to you\r\n>From\r\n",
	}
	want := map[string]string{}
	for subject, body := range bodies {
		if err := r.Send(t.Context(), mailWith(subject, body)); err != nil {
			t.Errorf("%s: %v", subject, err)
		}
		want[subject] = "Subject: " + subject + "\r\n\r\n" + body
	}
	got := p.delivered(len(want))
	for subject := range want {
		if got[subject] != want[subject] {
			t.Errorf("%s: Postfix delivered %.300q, want %.300q", subject, got[subject], want[subject])
		}
	}
}

func testPostfixReplies(t *testing.T, p *postfix) {
	r := p.relay(Plain)
	elsewhere := mailWith("elsewhere", "x\r\n")
	elsewhere.Recipient = mailer.MustAddress("anna@elsewhere.example")
	err := r.Send(t.Context(), elsewhere)
	var reply *ReplyError
	if !mailer.IsPermanent(err) || !errors.As(err, &reply) || reply.Code != 554 || reply.Enhanced != "5.7.1" || reply.Stage != "RCPT TO" {
		t.Errorf("mail to elsewhere: %v, want Postfix to refuse the recipient", err)
	}
	if err := r.Send(t.Context(), mailWith("too large", strings.Repeat("x\r\n", 1<<20))); !mailer.IsPermanent(err) || !strings.Contains(err.Error(), "3000000") {
		t.Errorf("3 MiB: %v, want it refused by SIZE", err)
	}
	international := mailWith("international", "x\r\n")
	international.Recipient = mailer.MustAddress("żaneta@corp.example")
	quoted := mailWith("quoted", "x\r\n")
	quoted.Recipient = mailer.MustAddress(`"x> NOTIFY=NEVER y"@corp.example`) // A8
	for _, m := range []*mailer.Outgoing{international, quoted} {
		if err := r.Send(t.Context(), m); err != nil {
			t.Errorf("mail to %s, over a connection that was refused twice: %v", m.Recipient, err)
		}
	}
	p.delivered(2)
}

// T39: whatever is handed in, Postfix with its default settings sees one mail or
// none. The control shows that those octets, sent as they are, make it see two.
func testSmuggling(t *testing.T, p *postfix) {
	const smuggled = "MAIL FROM:<evil@north.example>EOLRCPT TO:<anna@corp.example>EOLDATAEOLSubject: smuggledEOLEOLxEOL.EOL"
	ends := []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\r\n.\r\n", "\r\n.\r\r\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n", "\r\n.\r\n"}
	r := p.relay(Plain)
	sent, fooled := 0, 0
	for i, end := range ends {
		for _, eol := range []string{"\r\n", "\n"} {
			body := "first" + end + strings.ReplaceAll(smuggled, "EOL", eol)
			switch err := r.Send(t.Context(), mailWith(fmt.Sprintf("outer %d", i), body)); {
			case err == nil:
				sent++
			case !mailer.IsPermanent(err):
				t.Errorf("%q: %v, want it sent or refused for good", end, err)
			}
		}
	}
	if got := p.delivered(sent); got["smuggled"] != "" || sent != 3 {
		t.Errorf("%d mails were sent, want the 3 without bare line ends; Postfix delivered %d, smuggled %v", sent, len(got), got["smuggled"] != "")
	}
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n"} {
		sendRaw(t, p.ports[Plain], "Subject: outer\r\n\r\nfirst"+end+strings.ReplaceAll(smuggled, "EOL", "\n"))
		if p.delivered(2)["smuggled"] != "" {
			fooled++
		}
	}
	if fooled == 0 {
		t.Error("control: Postfix was fooled by none of the octets themselves, so this test shows nothing")
	}
}

// sendRaw sends octets as the text of a mail, without looking at them.
func sendRaw(t *testing.T, port, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	buffer := make([]byte, 4096)
	for _, send := range []string{"", "EHLO x.example\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<anna@corp.example>\r\n", "DATA\r\n", text + "\r\n.\r\n"} {
		io.WriteString(conn, send)
		if _, err := conn.Read(buffer); err != nil {
			t.Fatalf("after %q: %v", send, err)
		}
	}
	io.WriteString(conn, "QUIT\r\n")
	io.Copy(io.Discard, conn)
}

// Many mails at once over few connections, to Postfix's own test server, which
// writes down the commands as they came.
func TestSMTPSink(t *testing.T) {
	program := need(t, "smtp-sink")
	dir, port := publicDir(t), freePort(t)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-u", "nobody", "-d", dir+"/mail.", "127.0.0.1:"+port, "100")
	run(t, cmd, func() { cmd.Process.Kill() })
	waitForPort(t, port)
	target, err := Parse("smtp://127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{Target: target, Hostname: ourName})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const mails = 300
	var wg sync.WaitGroup
	for i := range mails {
		wg.Go(func() {
			m := mailWith(fmt.Sprintf("mail %d", i), ".\r\nbody\r\n")
			m.Recipient = mailer.MustAddress(fmt.Sprintf(`"x> NOTIFY=NEVER %d"@corp.example`, i))
			if err := r.Send(t.Context(), m); err != nil {
				t.Errorf("mail %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	files, _ := filepath.Glob(dir + "/mail.*")
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if rcpt, ok := strings.CutPrefix(line, "X-Rcpt-Args: "); ok {
				seen[strings.TrimSpace(rcpt)] = true
			}
		}
		if !strings.Contains(string(text), "\n\n.\nbody\n") || !strings.Contains(string(text), "X-Helo-Args: "+ourName+"\n") {
			t.Fatalf("the sink got\n%s", text)
		}
	}
	if len(files) != mails || len(seen) != mails || !seen[`<"x> NOTIFY=NEVER 7"@corp.example>`] {
		t.Errorf("the sink got %d mails to %d recipients, want %d to as many", len(files), len(seen), mails)
	}
}
