package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"casegate/mailer"
)

func TestParseFound(t *testing.T) {
	for reply, want := range map[string]mailer.Scan{
		"stream: OK":                                  {Verdict: mailer.ScanClean},
		"stream: Eicar-Test-Signature FOUND":          {Verdict: mailer.ScanHarmful, Detail: "Eicar-Test-Signature"},
		"stream: Casegate.Test.UNOFFICIAL FOUND":      {Verdict: mailer.ScanHarmful, Detail: "Casegate.Test.UNOFFICIAL"},
		"stream: a name of words FOUND":               {Verdict: mailer.ScanHarmful, Detail: "a name of words"},
		"stream: a\r\n\x1b[2J FOUND":                  {Verdict: mailer.ScanHarmful, Detail: "a???[2J"},
		"stream: OK FOUND":                            {Verdict: mailer.ScanHarmful, Detail: "OK"},
		"stream: X FOUND ERROR":                       {},
		"stream:  FOUND":                              {},
		"stream: FOUND":                               {},
		"OK":                                          {},
		"stream: ok":                                  {},
		"stream: OK\n":                                {},
		"stream: Win.Worm FOUND\nstream: OK":          {},
		"1: stream: OK":                               {}, // of a session, which we do not open
		"INSTREAM size limit exceeded. ERROR":         {},
		"stream: Heuristics.Limits.Exceeded.MaxFiles": {},
		"UNKNOWN COMMAND":                             {},
		"COMMAND READ TIMED OUT":                      {},
		"":                                            {},
	} {
		got, err := parseFound(reply)
		if got != want || (err != nil) != (want.Verdict == "") {
			t.Errorf("clamd's answer %q was to be read as %+v; got %+v, %v", reply, want, got, err)
		}
	}
}

// unchunk reads what clamd reads of INSTREAM.
func unchunk(b []byte) (mail []byte, whole bool) {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint32(b))
		if b = b[4:]; n == 0 {
			return mail, len(b) == 0
		}
		if n > len(b) {
			return nil, false
		}
		mail, b = append(mail, b[:n]...), b[n:]
	}
	return mail, false
}

func TestStreamIsTheMail(t *testing.T) {
	const limit = 3*chunkSize + 5
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, limit - 1, limit, limit + 1, 10 * limit} {
		mail := bytes.Repeat([]byte{0, 'x', '\n'}, size)[:size]
		for name, r := range map[string]io.Reader{
			"plain":             bytes.NewReader(mail),
			"end with data":     iotest.DataErrReader(bytes.NewReader(mail)),
			"by halves":         iotest.HalfReader(bytes.NewReader(mail)),
			"octet for octet":   iotest.OneByteReader(bytes.NewReader(mail)),
			"breaks at its end": io.MultiReader(bytes.NewReader(mail), errReader{}),
		} {
			var sent bytes.Buffer
			err := (&ClamAV{MaxSize: limit}).stream(&sent, r)
			got, whole := unchunk(sent.Bytes())
			switch {
			case size > limit:
				if !errors.Is(err, ErrTooLarge) || whole || len(got) > limit {
					t.Errorf("%s, %d octets: clamd was to get no more than %d of them and no end; it got %d, end %v, error %v", name, size, limit, len(got), whole, err)
				}
			case name == "breaks at its end":
				if !errors.Is(err, errDisk) || whole {
					t.Errorf("%s, %d octets: clamd was to hear no end; error %v, end %v", name, size, err, whole)
				}
			case err != nil || !whole || !bytes.Equal(got, mail):
				t.Errorf("%s, %d octets: clamd was to get the mail; it got %d octets, end %v, error %v", name, size, len(got), whole, err)
			}
		}
	}
}

func TestClamAVPing(t *testing.T) {
	const version = "ClamAV 1.4.6/27831/Wed Nov 18 09:41:22 2026"
	script := func(ping, version string) func(net.Conn) {
		return func(conn net.Conn) {
			buf := make([]byte, 100)
			n, _ := conn.Read(buf)
			switch string(buf[:n]) {
			case "zPING\x00":
				io.WriteString(conn, ping)
			case "zVERSION\x00":
				io.WriteString(conn, version)
			}
		}
	}
	c := &ClamAV{Address: listen(t, script("PONG\x00", version+"\x00"))}
	if got, err := c.Ping(t.Context()); err != nil || got != version {
		t.Errorf("Ping gave %q, %v; want %q", got, err, version)
	}
	for name, answers := range map[string][2]string{
		"garbage":              {"SSH-2.0-OpenSSH_9.2\r\n\x00", ""},
		"no end":               {"PONG", ""},
		"closes at VERSION":    {"PONG\x00", ""},
		"unknown to clamd":     {"UNKNOWN COMMAND\x00", ""},
		"closes at everything": {"", ""},
	} {
		c := &ClamAV{Address: listen(t, script(answers[0], answers[1]))}
		if got, err := c.Ping(t.Context()); err == nil {
			t.Errorf("%s: Ping was to fail, and gave %q", name, got)
		}
	}
}

// Whatever clamd says: a mail is clean for one answer only, and harmful only
// where something has a name; both only if the answer was finished.
func FuzzClamAVReply(f *testing.F) {
	for _, seed := range []string{"stream: OK\x00", "stream: X FOUND\x00", "stream: OK", "INSTREAM size limit exceeded. ERROR\x00",
		"stream: OK FOUND\x00stream: OK\x00", "\x00", "stream: \x00 FOUND\x00", strings.Repeat("a", maxReply) + "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		reply, err := readReply(iotest.OneByteReader(bytes.NewReader(b)))
		if err != nil {
			if bytes.IndexByte(b, 0) >= 0 && bytes.IndexByte(b, 0) < maxReply {
				t.Fatalf("the finished answer %q was not read: %v", b, err)
			}
			return
		}
		scan, err := parseFound(reply)
		switch {
		case err != nil && scan != mailer.Scan{}:
			t.Fatalf("%q gave a verdict and an error", b)
		case scan.Verdict == mailer.ScanClean && !bytes.HasPrefix(b, []byte("stream: OK\x00")):
			t.Fatalf("%q was read as clean", b)
		case scan.Verdict == mailer.ScanHarmful && (scan.Detail == "" || !strings.HasSuffix(reply, " FOUND")):
			t.Fatalf("%q was read as harmful: %+v", b, scan)
		}
	})
}
