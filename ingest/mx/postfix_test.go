package mx

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Postfix with its default settings, but for where things are, and that it
// tries again soon. All mail but that for its own smtpd's clients goes to our
// door by LMTP: so do the bounces that it makes.
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
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
default_transport = lmtp:unix:DIR/door
relay_transport = lmtp:unix:DIR/door
smtputf8_enable = yes
lmtp_connection_cache_on_demand = no
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
`
	masterCF = `127.0.0.1:PORT inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
lmtp unix - - n - - lmtp
`
)

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

// startPostfix starts an instance of its own and gives the address of its smtpd.
func startPostfix(t *testing.T, dir string) string {
	t.Helper()
	program := need(t, "postfix")
	free := listen(t)
	addr := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(addr)
	etc := filepath.Join(dir, "etc")
	for _, sub := range []string{"etc", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fill := strings.NewReplacer("DIR", dir, "PORT", port)
	for name, text := range map[string]string{"main.cf": mainCF, "master.cf": masterCF} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(fill.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix", filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("chown: %s", out)
	}
	var log lockedBuffer
	cmd := exec.Command(program, "-c", etc, "start-fg")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command(program, "-c", etc, "stop").Run()
		cmd.Wait()
		if t.Failed() {
			t.Logf("log of Postfix:\n%s", log.String())
		}
	})
	await(t, "Postfix listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return addr
}

// TestPostfix: a real MTA in front of us, over a Unix socket. What it hands over
// arrives whole; what we put off it brings again; what the handler refuses comes
// back to nobody; and, as the control, an address that we refuse is bounced.
func TestPostfix(t *testing.T) {
	t.Parallel() // it waits for queue runs
	dir, err := os.MkdirTemp("", "casegate-lmtp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	need(t, "postfix")
	l, err := net.Listen("unix", filepath.Join(dir, "door"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "door"), 0o777); err != nil { // Postfix is another user
		t.Fatal(err)
	}
	d := open(t, func(d *door) { d.Mode, d.on, d.MaxSize = LMTP, l, 0 })
	addr := startPostfix(t, dir)

	whole := head("whole") + ".\r\n..\r\n8-bit: zażółć\r\n" + strings.Repeat("x", 990) + "\r\nMAIL FROM:<>\r\n"
	mailBy(t, addr, whole, "a@north.example", "b@north.example", "żółw@north.example")
	mailBy(t, addr, head("large")+lines(3<<20, "x"), "a@north.example")
	mailBy(t, addr, head("put off")+"x\r\n", "later@north.example")
	mailBy(t, addr, head("refused")+"x\r\n", "refused@north.example")
	mailBy(t, addr, head("not ours")+"x\r\n", "unknown@north.example")

	// whole, large, put off twice, refused, and the bounce of what is not ours.
	await(t, "six mails", func() bool { return d.desk.count() >= 6 })
	time.Sleep(1500 * time.Millisecond) // a queue run, for one too many
	got := d.desk.bySubject()
	for subject, want := range map[string]int{"whole": 1, "large": 1, "put off": 2, "refused": 1, "Undelivered Mail Returned to Sender": 1} {
		if len(got[subject]) != want {
			t.Errorf("%d mails %q came by the door, want %d", len(got[subject]), subject, want)
		}
	}
	if d.desk.count() != 6 {
		t.Errorf("%d mails came by the door, want 6", d.desk.count())
	}
	for _, m := range got["whole"] {
		if !strings.HasSuffix(m.body, whole) || len(m.Envelope.Recipients) != 3 || !m.Envelope.FrontHop || m.Envelope.Helo != "relay.example" {
			t.Errorf("handler saw the envelope %+v, text %.300q", m.Envelope, m.body)
		}
	}
	for _, m := range got["Undelivered Mail Returned to Sender"] {
		if !m.Envelope.ReversePath.IsZero() || !strings.Contains(m.body, "unknown@north.example") || strings.Contains(m.body, "refused@") {
			t.Errorf("Postfix bounced %.2000q, want the address that is not ours alone", m.body)
		}
	}
}

// head is a header to which Postfix has nothing to add but its trace.
func head(subject string) string {
	return "Subject: " + subject + "\r\nFrom: it@acme.example\r\nDate: Fri, 20 Nov 2026 09:30:00 +0100\r\nMessage-ID: <1@acme.example>\r\n\r\n"
}

// bySubject gives what the handler saw.
func (d *desk) bySubject() map[string][]seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	mails := map[string][]seen{}
	for _, m := range d.mails {
		_, subject, _ := strings.Cut("\r\n"+m.body, "\r\nSubject: ")
		subject, _, _ = strings.Cut(subject, "\r\n")
		mails[subject] = append(mails[subject], m)
	}
	return mails
}

// mailBy hands a mail to an SMTP server.
func mailBy(t *testing.T, addr, text string, to ...string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := &client{Conn: conn, r: bufio.NewReader(conn)}
	c.expect(t, "220")
	c.send(t, "EHLO client.example\r\n")
	c.expect(t, "250")
	c.send(t, "MAIL FROM:<it@acme.example> SMTPUTF8 BODY=8BITMIME\r\n")
	c.expect(t, "250")
	for _, rcpt := range to {
		c.send(t, "RCPT TO:<"+rcpt+">\r\n")
		c.expect(t, "250")
	}
	stuffed := strings.ReplaceAll("\r\n"+text, "\r\n.", "\r\n..")[2:]
	c.data(t, stuffed, "250")
}
