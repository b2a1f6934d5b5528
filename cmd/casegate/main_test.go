package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer/dns/dnstest"
)

// TestMain makes the test binary a casegate too: stories and crash tests start
// it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"casegate":           main,
		"casegate-early":     func() { serveWrong(func(s *bolt.Store) cases.Store { return earlyStore{s} }) },
		"casegate-forgetful": func() { serveWrong(func(s *bolt.Store) cases.Store { return forgetfulStore{s} }) },
	})
}

// TestStories runs the scripts in testdata: each is a world of its own, with a
// real daemon, told in the words of its command line.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			names, err := dnstest.Serve("127.0.0.1:0", "")
			if err != nil {
				return err
			}
			env.Defer(func() { names.Close() })
			env.Setenv("CASEGATE_RESOLVER", names.Addr)
			// The race detector has every process wait a second before it ends.
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"daemon": daemonCmd,
			"signal": signalCmd,
			"smtp":   smtpCmd,
			"reply":  replyCmd,
			"heldid": heldCmdID,
			"get":    getCmd,
			"stays":  staysCmd,
			"until":  untilCmd,
			"submit": submitCmd,
			"lmtp":   lmtpCmd,
			"cert":   certCmd,
			"shown":  shownCmd,
		},
	})
}

// patience bounds each wait of a story; nothing waits that long unless it fails.
const patience = 20 * time.Second

// daemonCmd waits until the daemon on a data directory answers, and tells the
// story where its listeners are: daemon DATA sets $SMTP, $PUBLIC, $ADMIN and, where
// there are such doors, $SUBMISSION, $SUBMISSIONS and $LMTP.
func daemonCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: daemon DATA")
	}
	c := newClient(ts.MkAbs(args[0]))
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		status, err := ask[statusAnswer](context.Background(), c, "status", noRequest{})
		if err == nil {
			ts.Setenv("SMTP", status[0].SMTP)
			ts.Setenv("PUBLIC", "http://"+status[0].Public)
			ts.Setenv("ADMIN", "http://"+status[0].Admin)
			for _, d := range status[0].Doors {
				ts.Setenv(strings.ToUpper(d.Door), d.Address)
			}
			return
		}
		if time.Since(begin) > patience {
			ts.Fatalf("no daemon on %s: %v", args[0], err)
		}
	}
}

// signalCmd sends the daemon on a data directory a signal: signal HUP|TERM DATA.
func signalCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal HUP|TERM DATA")
	}
	status, err := ask[statusAnswer](context.Background(), newClient(ts.MkAbs(args[1])), "status", noRequest{})
	ts.Check(err)
	ts.Check(syscall.Kill(status[0].PID, map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}[args[0]]))
}

// smtpCmd sends a mail as a mail server does: smtp FROM RCPT... FILE. The server's
// words are its output; "! smtp" wants it refused.
func smtpCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: smtp FROM RCPT... FILE")
	}
	from, rcpts, file := strings.Trim(args[0], "<>"), args[1:len(args)-1], args[len(args)-1]
	said, err := send(ts.Getenv("SMTP"), from, rcpts, ts.ReadFile(file))
	tell(ts, neg, said, err)
}

// tell writes what a server said; neg wants that it refused.
func tell(ts *testscript.TestScript, neg bool, said string, err error) {
	fmt.Fprint(ts.Stdout(), said)
	var refused *textproto.Error
	if errors.As(err, &refused) {
		fmt.Fprintf(ts.Stdout(), "%d %s\n", refused.Code, refused.Msg)
	}
	switch {
	case err != nil && !neg:
		ts.Fatalf("the mail was not taken: %v", err)
	case err == nil && neg:
		ts.Fatalf("the mail was taken: %s", said)
	}
}

// replyCmd is smtp with the recipient read from a file: reply FROM RCPTFILE FILE.
func replyCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: reply FROM RCPTFILE FILE")
	}
	smtpCmd(ts, neg, []string{args[0], strings.TrimSpace(ts.ReadFile(args[1])), args[2]})
}

// heldCmdID tells the story the id of the newest held mail: heldid DATA sets $ID.
func heldCmdID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: heldid DATA")
	}
	held, err := ask[*cases.MailRecord](context.Background(), newClient(ts.MkAbs(args[0])), "held/list", heldRequest{})
	ts.Check(err)
	if len(held) == 0 {
		ts.Fatalf("nothing is held")
	}
	ts.Setenv("ID", string(held[len(held)-1].ID)) // the newest
}

// getCmd fetches a page; "! get" wants an error status.
func getCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: get URL")
	}
	client := http.Client{Timeout: patience}
	resp, err := client.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
	if (resp.StatusCode >= 400) != neg {
		ts.Fatalf("%s answers %s", args[0], resp.Status)
	}
}

// send gives what the server says to the end of the mail. A recipient that is
// refused is an error, like the mail.
func send(addr, from string, rcpts []string, mail string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	c, err := smtp.NewClient(conn, "gate.example")
	if err != nil {
		return "", err
	}
	return deliver(c, from, rcpts, mail)
}

// deliver is send over a connection that is open.
func deliver(c *smtp.Client, from string, rcpts []string, mail string) (string, error) {
	if err := c.Mail(from); err != nil {
		return "", err
	}
	for _, rcpt := range rcpts {
		if err := c.Rcpt(rcpt); err != nil {
			return "", err
		}
	}
	id, err := c.Text.Cmd("DATA")
	if err != nil {
		return "", err
	}
	c.Text.StartResponse(id)
	_, _, err = c.Text.ReadResponse(354)
	c.Text.EndResponse(id)
	if err != nil {
		return "", err
	}
	w := c.Text.DotWriter() // writes CRLF for the script's LF
	if _, err := io.WriteString(w, mail); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	code, text, err := c.Text.ReadResponse(250)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s\n", code, text), c.Quit()
}

// staysCmd checks that a file has the mode it should: stays MODE FILE.
func staysCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stays MODE FILE")
	}
	info, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// untilCmd runs a command again until its output holds a text: what happens
// beside the dialogue, such as sending, takes its time. until TEXT COMMAND ARG...
func untilCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT COMMAND ARG...")
	}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Since(begin) > patience {
			ts.Fatalf("%q never came (last error: %v):\n%s", args[0], err, ts.ReadFile("stdout"))
		}
	}
}

// shortTempDir is a folder whose path leaves room for the control socket, whose
// path an operating system allows about a hundred octets.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// freePort is an address of this machine that nothing listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
