package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// submitCmd signs in, after STARTTLS, and sends a mail: submit USER SECRETFILE
// FROM RCPT FILE.
func submitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 5 {
		ts.Fatalf("usage: submit USER SECRETFILE FROM RCPT FILE")
	}
	c, err := smtp.Dial(ts.Getenv("SUBMISSION"))
	ts.Check(err)
	defer c.Close()
	ts.Check(c.StartTLS(&tls.Config{InsecureSkipVerify: true, ServerName: "gate.example"}))
	said := ""
	host, _, _ := net.SplitHostPort(ts.Getenv("SUBMISSION"))
	err = c.Auth(smtp.PlainAuth("", args[0], strings.TrimSpace(ts.ReadFile(args[1])), host))
	if err == nil {
		said, err = deliver(c, args[2], args[3:4], ts.ReadFile(args[4]))
	}
	tell(ts, neg, said, err)
}

// lmtpCmd sends a mail as an MTA in front of us: lmtp FROM RCPT... FILE. Its
// output is what each recipient is told, at RCPT or at the end.
func lmtpCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: lmtp FROM RCPT... FILE")
	}
	conn, err := net.Dial("unix", ts.MkAbs(ts.Getenv("LMTP")))
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(patience)))
	r := textproto.NewReader(bufio.NewReader(conn))
	ask := func(line string) (code int) {
		if line != "" {
			_, err := fmt.Fprintf(conn, "%s\r\n", line)
			ts.Check(err)
		}
		code, text, err := r.ReadResponse(0)
		ts.Check(err)
		if strings.HasPrefix(line, "RCPT") && code != 250 || line == "" {
			fmt.Fprintf(ts.Stdout(), "%d %s\n", code, text)
		}
		return code
	}
	_, _, err = r.ReadResponse(220)
	ts.Check(err)
	ask("LHLO mta.example")
	ask("MAIL FROM:<" + strings.Trim(args[0], "<>") + ">")
	good := 0
	for _, rcpt := range args[1 : len(args)-1] {
		if ask("RCPT TO:<"+rcpt+">") == 250 {
			good++
		}
	}
	if ask("DATA") != 354 {
		return
	}
	_, err = fmt.Fprintf(conn, "%s\r\n.\r\n", strings.ReplaceAll(ts.ReadFile(args[len(args)-1]), "\n", "\r\n"))
	ts.Check(err)
	for range good {
		ask("")
	}
}

// certCmd makes a new certificate: cert DIR writes mx.pem and mx.key.
func certCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cert DIR")
	}
	_, _, err := writeCertificate(ts.MkAbs(args[0]))
	ts.Check(err)
}

// shownCmd waits until a door of SMTP shows, after STARTTLS, the certificate in a
// file: shown FILE.
func shownCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shown FILE")
	}
	pair, err := tls.LoadX509KeyPair(ts.MkAbs(args[0]), filepath.Join(filepath.Dir(ts.MkAbs(args[0])), "mx.key"))
	ts.Check(err)
	want := sha256.Sum256(pair.Certificate[0])
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		c, err := smtp.Dial(ts.Getenv("SMTP"))
		ts.Check(err)
		ts.Check(c.StartTLS(&tls.Config{InsecureSkipVerify: true}))
		state, _ := c.TLSConnectionState()
		ts.Check(c.Quit())
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if got == want {
			return
		}
		if time.Since(begin) > patience {
			ts.Fatalf("the door shows the certificate %s, want %s", hex.EncodeToString(got[:4]), hex.EncodeToString(want[:4]))
		}
	}
}
