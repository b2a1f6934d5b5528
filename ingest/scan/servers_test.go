package scan

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casegate/mailer"
)

// need finds a program, or skips the test; where everything must be there, its
// absence is a failure.
func need(t *testing.T, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	if err == nil {
		return path
	}
	why := program + " is not installed: it is in the Debian package " + debian
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// start runs a server in the foreground, waits until it answers, and stops it
// with its children at the test's end.
func start(t *testing.T, cmd *exec.Cmd, ping func(context.Context) (string, error)) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select { // it ends its children itself, if it is given the time
		case <-ended:
		case <-time.After(10 * time.Second):
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd.Path, said.Bytes()[max(0, said.Len()-8000):])
		}
	})
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	for {
		version, err := ping(t.Context())
		if err == nil {
			t.Logf("runs: %s", version)
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s did not start", cmd.Path)
		case <-patience.C:
			t.Fatalf("%s did not answer: %v", cmd.Path, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort(t *testing.T) string {
	_, port, _ := net.SplitHostPort(refusing(t))
	return port
}

// write puts a file into dir, with DIR and what else is given filled in.
func write(t *testing.T, dir, name, text string, fill ...string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	text = strings.NewReplacer(append(fill, "DIR", dir)...).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// withAttachment is a mail with a text, and a file in base64.
func withAttachment(file string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(file))
	var lines strings.Builder
	for len(encoded) > 76 {
		lines.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	return "From: anna@north.example\r\nTo: support@north.example\r\nSubject: the file\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n" +
		"--b\r\nContent-Type: application/octet-stream; name=file.bin\r\nContent-Disposition: attachment; filename=file.bin\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + lines.String() + encoded + "\r\n--b--\r\n"
}

// ofSize is a clean mail of exactly so many octets.
func ofSize(n int) string {
	line := strings.Repeat("lorem ipsum ", 6) + "\r\n"
	return (cleanMail + strings.Repeat(line, n/len(line)+1))[:n]
}

// In two halves, so that a scanner does not find them in this file.
const (
	eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	gtube = `JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-` + `STANDARD-ANTI-UBE-TEST-EMAIL*C.34X`

	// harmless is what only our own signature finds.
	harmless = "casegate-harmless-test-text"
)

const streamMax = 2 << 20

const clamdConf = `LocalSocket DIR/clamd.sock
TCPSocket PORT
TCPAddr 127.0.0.1
DatabaseDirectory DIR/db
TemporaryDirectory DIR
Foreground yes
SelfCheck 0
StreamMaxLength 2M
`

// startClamd runs clamd with two signatures: the EICAR file by its sum, and a
// text of ours wherever it is in a file of any kind. Without "User" it stays the
// user that it is.
func startClamd(t *testing.T) (*exec.Cmd, *ClamAV, *ClamAV) {
	program := need(t, "clamd", "clamav-daemon")
	dir, port := t.TempDir(), freePort(t)
	db := filepath.Join(dir, "db")
	if err := os.Mkdir(db, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, db, "test.hdb", fmt.Sprintf("%x:%d:Casegate.Eicar\n", md5.Sum([]byte(eicar)), len(eicar)))
	write(t, db, "test.ndb", fmt.Sprintf("Casegate.Harmless:0:*:%x\n", harmless))
	cmd := exec.Command(program, "--config-file", write(t, dir, "clamd.conf", clamdConf, "PORT", port))
	unix := &ClamAV{Address: filepath.Join(dir, "clamd.sock"), MaxSize: streamMax}
	tcp := &ClamAV{Address: "127.0.0.1:" + port, MaxSize: streamMax}
	start(t, cmd, unix.Ping)
	return cmd, unix, tcp
}

type scanCase struct {
	name, mail string
	verdict    mailer.ScanVerdict // "": an error
	detail     string             // what Detail or the error holds
}

// check has a scanner look at the mails, all at once.
func check(t *testing.T, s Scanner, m *mailer.Mail, cases []scanCase) {
	t.Helper()
	var wg sync.WaitGroup
	for _, c := range cases {
		wg.Go(func() {
			scan, err := s.Scan(t.Context(), m, text(c.mail))
			said := scan.Detail
			if err != nil {
				said = err.Error()
			}
			if scan.Verdict != c.verdict || (err != nil) != (c.verdict == "") || !strings.Contains(said, c.detail) {
				t.Errorf("%s was to say %q with %q of %s; it said %+v, error %v", s.Name(), c.verdict, c.detail, c.name, scan, err)
			}
		})
	}
	wg.Wait()
}

func TestClamd(t *testing.T) {
	cmd, unix, tcp := startClamd(t)
	for network, c := range map[string]*ClamAV{"unix": unix, "tcp": tcp} {
		t.Run(network, func(t *testing.T) {
			check(t, c, aMail(), []scanCase{
				{"a clean mail", cleanMail, mailer.ScanClean, ""},
				{"a clean attachment", withAttachment(strings.Repeat("nothing here\n", 100)), mailer.ScanClean, ""},
				{"EICAR in an attachment", withAttachment(eicar), mailer.ScanHarmful, "Casegate.Eicar.UNOFFICIAL"},
				{"our text in an attachment", withAttachment("text, " + harmless + ", and text"), mailer.ScanHarmful, "Casegate.Harmless.UNOFFICIAL"},
				{"our text in the last line of 1 MiB", ofSize(1<<20) + "\r\n" + harmless + "\r\n", mailer.ScanHarmful, "Casegate.Harmless"},
				{"1 MiB", ofSize(1 << 20), mailer.ScanClean, ""},
				{"no octet at all", "", mailer.ScanClean, ""},
				{"as much as clamd takes", ofSize(streamMax), mailer.ScanClean, ""},
				{"one octet more", ofSize(streamMax + 1), "", ErrTooLarge.Error()},
			})
			if err := c.Takes(t.Context(), streamMax); err != nil {
				t.Errorf("a mail of StreamMaxLength is said not to be taken: %v", err)
			}
			if err := c.Takes(t.Context(), streamMax+1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("of one octet more clamd was to say that it is too large, not %v", err)
			}
			// clamd itself says so where we were told of a higher limit. Over TCP
			// its words are lost, if it closes before it has read everything.
			told := *c
			told.MaxSize = 0
			why := map[string]string{"unix": "size limit exceeded"}[network]
			check(t, &told, aMail(), []scanCase{
				{"one octet more than it takes", ofSize(streamMax + 1), "", ""},
				{"four times what it takes", ofSize(4 * streamMax), "", why},
			})
		})
	}
	t.Run("killed", func(t *testing.T) { killedMidStream(t, cmd, unix) })
}

// killedMidStream ends the server when it has half of a mail: there is no
// verdict then, nor on the next mail.
func killedMidStream(t *testing.T, cmd *exec.Cmd, s Scanner) {
	half := ofSize(1 << 20)
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(half), killer{cmd.Process}, strings.NewReader(half))), nil
	}
	all := Scanners{List: []Scanner{s}, OnFailure: Defer}
	scans, err := all.Run(t.Context(), aMail(), open)
	if scans[0].Verdict != mailer.ScanBroken || !errors.Is(err, ErrBroken) {
		t.Errorf("%s was killed while it read a mail; Run was to say later, and gave %+v, %v", s.Name(), scans, err)
	}
	all.OnFailure = Accept
	scans, err = all.Run(t.Context(), aMail(), text(cleanMail))
	if scans[0].Verdict != mailer.ScanBroken || err != nil {
		t.Errorf("%s is gone; Run was to let the mail go on unscanned, and gave %+v, %v", s.Name(), scans, err)
	}
}

// killer is a part of a mail that kills a process when it is read.
type killer struct{ *os.Process }

func (k killer) Read([]byte) (int, error) {
	k.Kill()
	return 0, io.EOF
}

// rspamdConf has no rules and no DNS: what there is to find is in rspamd itself.
const rspamdConf = `options {
    pidfile = "DIR/rspamd.pid";
    tempdir = "DIR";
    url_tld = "DIR/tld";
    filters = "";
    cache_file = "DIR/symbols.cache";
    hs_cache_dir = "DIR/";
    control_socket = "DIR/control.sock mode=0600";
    history_file = "DIR/history";
    stats_file = "DIR/stats";
    max_message = 3145728;
    enable_test_patterns = true;
    dns { nameserver = ["127.0.0.1:1"]; timeout = 10ms; retransmits = 1; }
}
logging { type = "console"; level = "info"; }
worker "normal" { bind_socket = "127.0.0.1:PORT"; count = 1; }
worker "controller" { bind_socket = "127.0.0.1:CONTROL"; count = 1; password = "s3cret"; }
actions { reject = 15; add_header = 6; greylist = 4; }
`

// startRspamd gives rspamd's normal worker and its controller, which does the
// same for who knows the password.
func startRspamd(t *testing.T) (normal, controller *Rspamd) {
	program := need(t, "rspamd", "rspamd")
	dir, port, control := t.TempDir(), freePort(t), freePort(t)
	write(t, dir, "tld", "example\n")
	args := []string{"--no-fork", "--config", write(t, dir, "rspamd.conf", rspamdConf, "PORT", port, "CONTROL", control)}
	if os.Geteuid() == 0 {
		args = append(args, "--insecure", "--user", "root", "--group", "root")
	}
	normal = &Rspamd{URL: "http://127.0.0.1:" + port}
	controller = &Rspamd{URL: "http://127.0.0.1:" + control, Password: "s3cret"}
	start(t, exec.Command(program, args...), func(ctx context.Context) (string, error) {
		if version, err := controller.Ping(ctx); err != nil {
			return version, err
		}
		return normal.Ping(ctx)
	})
	return normal, controller
}

func TestRspamdServer(t *testing.T) {
	normal, controller := startRspamd(t)
	m := aMail()
	m.Envelope = mailer.Envelope{
		ReversePath: mailer.MustAddress(`"a b"@north.example`), Helo: "a\r\nPass: all",
		Remote: netip.MustParseAddr("2001:db8::1"), User: "anna",
	}
	// The longest that there can be, and more than we tell of.
	long := strings.Repeat("r", 60) + "@" + strings.Repeat(strings.Repeat("d", 60)+".", 3) + "example"
	for range 1000 {
		m.Envelope.Recipients = append(m.Envelope.Recipients, mailer.MustAddress(long))
	}
	cases := []scanCase{
		{"a clean mail", cleanMail, mailer.ScanClean, "no action"},
		{"GTUBE", cleanMail + "X" + gtube + "\r\n", mailer.ScanHarmful, "reject (its further checks were skipped): GTUBE"},
		{"the pattern for a header", cleanMail + "Y" + gtube + "\r\n", mailer.ScanSuspicious, "add header"},
		{"the pattern for a subject", cleanMail + "Z" + gtube + "\r\n", mailer.ScanSuspicious, "rewrite subject"},
		{"the pattern for nothing", cleanMail + "A" + gtube + "\r\n", mailer.ScanClean, "no action"},
		{"1 MiB", ofSize(1 << 20), mailer.ScanClean, "no action"},
		{"GTUBE attached behind 1 MiB", strings.TrimSuffix(withAttachment(ofSize(1<<20)), "--b--\r\n") + "--b\r\n\r\nX" + gtube + "\r\n--b--\r\n", mailer.ScanHarmful, "reject"},
		{"octets that are no mail", "\x00\xff\r\n\r\n\x00", mailer.ScanClean, "no action"},
	}
	check(t, normal, m, cases)
	check(t, controller, m, cases)
	check(t, normal, m, []scanCase{{"more than it takes", ofSize(4 << 20), "", "rspamd"}})
	check(t, &Rspamd{URL: controller.URL, Password: "guess"}, m, []scanCase{{"a mail with a wrong password", cleanMail, "", "401"}})
	m.Envelope = mailer.Envelope{}
	check(t, normal, m, []scanCase{{"a bounce that came over nothing", cleanMail, mailer.ScanClean, "no action"}})
}
