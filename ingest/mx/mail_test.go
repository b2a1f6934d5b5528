package mx

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// newlineCases: what ends a line for one program and not for another is how
// mail is smuggled (A6, T38). Each is text before the real end.
var newlineCases = []string{
	"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n\n.\r\n", "\r\r\n.\r\n", "\r\n.\r\r\n",
	"\n.\r", "\r.\n", "\r\n.\rX", "\n", "\r", "x\n", "x\ry", "\n\r", "\r\r", "\r\n\n", "\r\n\r", "\r\n\x00.\n", "\n..\r\n",
}

// TestBareNewlines: one reply and no mail. After DATA the session ends, as it is
// not sure that both mean the same by the end of the text; a chunk's end is.
func TestBareNewlines(t *testing.T) {
	smuggled := "\r\nMAIL FROM:<ceo@victim.example>\r\nRCPT TO:<a@north.example>\r\nDATA\r\nsmuggled\r\n"
	for _, text := range newlineCases {
		for _, way := range []string{"DATA", "BDAT", "BDAT by octets"} {
			t.Run(fmt.Sprintf("%s %q", way, text), func(t *testing.T) {
				d := open(t, nil)
				c := d.dial(t)
				c.begin(t, "a@north.example")
				body := "Subject: x\r\n\r\ntext" + text + smuggled
				switch way {
				case "DATA":
					c.data(t, body, "550 5.6.11")
				case "BDAT":
					c.send(t, fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body))
					c.expect(t, "550 5.6.11")
				default:
					c.send(t, byOctets(body))
					c.expectRefusedChunk(t, len(body))
				}
				if way == "DATA" {
					c.expectEnd(t)
				} else {
					c.send(t, "NOOP\r\n")
					c.expect(t, "250 2.0.0 Ok")
				}
				if n := d.desk.count(); n != 0 {
					t.Errorf("handler saw %d mails, want none: %q", n, d.desk.mails[0].body)
				}
				if n := len(d.desk.refused); n != 1 || d.desk.refused[0].Reason != mailer.Malformed {
					t.Errorf("handler heard of refusals %+v, want one malformed", d.desk.refused)
				}
			})
		}
	}
}

// byOctets sends a mail in chunks of one octet.
func byOctets(body string) string {
	var b strings.Builder
	for i := range len(body) {
		last := ""
		if i == len(body)-1 {
			last = " LAST"
		}
		fmt.Fprintf(&b, "BDAT 1%s\r\n%c", last, body[i])
	}
	return b.String()
}

// expectRefusedChunk reads n replies: some accepted chunks, one refused, and
// the rest ignored.
func (c *client) expectRefusedChunk(t *testing.T, n int) {
	t.Helper()
	refused := false
	for range n {
		lines, err := c.reply()
		if err != nil {
			t.Fatalf("server said %q, %v", lines, err)
		}
		switch want := map[bool]string{false: "250", true: "503"}[refused]; {
		case strings.HasPrefix(lines[0], "550 5.6.11") && !refused:
			refused = true
		case !strings.HasPrefix(lines[0], want):
			t.Fatalf("server said %q, want %s", lines, want)
		}
	}
	if !refused {
		t.Fatal("no chunk was refused")
	}
}

// TestNewlineOverChunks: a CR LF may be cut by a chunk's end (RFC 3030 2).
func TestNewlineOverChunks(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	body := "Subject: x\r\n\r\n.\r\n..\r\n"
	c.begin(t, "a@north.example")
	c.send(t, byOctets(body))
	for range len(body) {
		c.expect(t, "250")
	}
	if d.desk.count() != 1 || d.desk.mails[0].body != body {
		t.Errorf("handler saw %+v, want one mail %q", d.desk.mails, body)
	}
}

// TestSize: exactly the announced size is accepted, one octet more is not (A7).
func TestSize(t *testing.T) {
	const limit = 100_000
	for _, tc := range []struct {
		size int
		want string
	}{
		{0, "250 2.0.0"}, {blob.InlineLimit, "250 2.0.0"}, {limit - 1, "250 2.0.0"}, {limit, "250 2.0.0"},
		{limit + 1, "552 5.3.4"}, {3 * limit, "552 5.3.4"},
	} {
		for _, way := range []string{"DATA", "DATA with dots", "BDAT"} {
			t.Run(fmt.Sprintf("%s %d", way, tc.size), func(t *testing.T) {
				d := open(t, func(d *door) { d.MaxSize = limit })
				c := d.dial(t)
				c.begin(t, "a@north.example")
				body := lines(tc.size, "x")
				switch way {
				case "DATA":
					c.data(t, body, tc.want)
				case "DATA with dots":
					body = lines(tc.size, ".")
					stuffed := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")
					c.data(t, stuffed[2:], tc.want)
				default:
					c.send(t, fmt.Sprintf("BDAT %d LAST\r\n%s", tc.size, body))
					c.expect(t, tc.want)
				}
				accepted := strings.HasPrefix(tc.want, "250")
				if accepted && (d.desk.count() != 1 || d.desk.mails[0].body != body) {
					t.Errorf("handler did not see the mail of %d octets as it was sent", tc.size)
				}
				if blobs, unfinished := d.store.left(); !accepted && blobs+unfinished != 0 || unfinished != 0 {
					t.Errorf("%d blobs and %d unfinished ones are left", blobs, unfinished)
				}
				if !accepted && (len(d.desk.refused) != 1 || d.desk.refused[0].Reason != mailer.TooLarge) {
					t.Errorf("handler heard of %+v, want one too-large", d.desk.refused)
				}
				c.send(t, "NOOP\r\n")
				c.expect(t, "250")
			})
		}
	}
}

// lines makes a text of n octets in lines that begin with a mark.
func lines(n int, mark string) string {
	line := mark + strings.Repeat("y", 75) + "\r\n"
	s := strings.Repeat(line, n/len(line))
	if rest := n - len(s); rest >= 2 {
		s += strings.Repeat("z", rest-2) + "\r\n"
	} else {
		s = strings.Repeat("z", rest) + s
	}
	return s
}

// TestLongLines: lines of a mail may be of any length (A7: at least 64 KiB).
func TestLongLines(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	for _, n := range []int{2001, 64 << 10, 150_000} {
		body := strings.Repeat("x", n) + "\r\n"
		c.begin(t, "a@north.example")
		c.data(t, body, "250 2.0.0 Accepted")
		if got := d.desk.mails[len(d.desk.mails)-1].body; got != body {
			t.Errorf("handler saw %d octets of a line of %d", len(got), n)
		}
	}
}

// TestRecipients: 100 are taken (RFC 5321 4.5.3.1.8), the rest can come later.
func TestRecipients(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	c.begin(t)
	for i := range 101 {
		c.send(t, fmt.Sprintf("RCPT TO:<a%d@north.example>\r\n", i))
		if i < 100 {
			c.expect(t, "250")
		} else {
			c.expect(t, "452 4.5.3")
		}
	}
	c.data(t, "x\r\n", "250 2.0.0 Accepted")
	if n := len(d.desk.mails[0].Envelope.Recipients); n != 100 {
		t.Errorf("handler saw %d recipients, want 100", n)
	}
}

// TestGuessing: whoever collects refusals is sent away (A7, T45).
func TestGuessing(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	c.begin(t)
	for range maxRefused {
		c.send(t, "RCPT TO:<unknown@north.example>\r\n")
		c.expect(t, "550 5.1.1")
	}
	c.send(t, "RCPT TO:<unknown@north.example>\r\nRCPT TO:<a@north.example>\r\nDATA\r\n")
	c.expect(t, "421 4.7.0")
	c.expectEnd(t)
}

// TestReceived: our trace header, and what the handler learns of the dialogue.
func TestReceived(t *testing.T) {
	d := open(t, nil)
	for _, tc := range []struct{ hello, mail, want string }{
		{"HELO old.example", "MAIL FROM:<>", "Received: from old.example ([127.0.0.1])\r\n\tby mx.north.example with SMTP id "},
		{"EHLO Client.Example", "MAIL FROM:<>", "Received: from Client.Example ([127.0.0.1])\r\n\tby mx.north.example with ESMTP id "},
		{"EHLO [IPv6:::1]", "MAIL FROM:<> SMTPUTF8", "Received: from [IPv6:::1] ([127.0.0.1])\r\n\tby mx.north.example with UTF8SMTP id "},
	} {
		c := d.dial(t)
		c.send(t, tc.hello+"\r\n"+tc.mail+"\r\nRCPT TO:<a@north.example>\r\n")
		for range 3 {
			c.expect(t, "250")
		}
		c.data(t, "Subject: x\r\n\r\n", "250")
		m := d.desk.mails[len(d.desk.mails)-1]
		want := tc.want + string(m.ID) + ";\r\n\tFri, 20 Nov 2026 09:30:00 +0100\r\n"
		if m.header != want {
			t.Errorf("after %s the header is %q, want %q", tc.hello, m.header, want)
		}
		if m.Door != "mx" || m.Envelope.Remote != netip.MustParseAddr("127.0.0.1") || m.Envelope.TLS ||
			m.Envelope.Helo != strings.Fields(tc.hello)[1] || m.Envelope.UTF8 != strings.Contains(tc.mail, "UTF8") {
			t.Errorf("after %s the handler saw %s %+v", tc.hello, m.Door, m.Envelope)
		}
	}
}

func TestReceivedAddresses(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1": "from h ([192.0.2.1])\r\n", "2001:db8::1": "from h ([IPv6:2001:db8::1])\r\n", "": "from h\r\n",
	} {
		m := &mailer.Mail{Envelope: mailer.Envelope{Helo: "h"}}
		m.Envelope.Remote, _ = netip.ParseAddr(remote)
		if got := received(m, "ESMTP", "mx"); !strings.HasPrefix(got, "Received: "+want) {
			t.Errorf("from %q the header is %q, want %q in it", remote, got, want)
		}
	}
}

// TestLargeMail: a mail of 20 MiB goes to a blob as it comes.
func TestLargeMail(t *testing.T) {
	const size = 8 << 20
	count := &counter{}
	d := open(t, func(d *door) {
		d.MaxSize = 0 // 50 MiB
		d.Blobs, d.desk.blind = count, true
	})
	c := d.dial(t)
	c.begin(t, "a@north.example")
	c.send(t, "DATA\r\n")
	c.expect(t, "354")
	line := []byte(lines(64<<10, "x"))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range size / len(line) {
		if _, err := c.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	c.send(t, ".\r\n")
	c.expect(t, "250 2.0.0 Accepted")
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/10 {
		t.Errorf("%d octets were allocated for a mail of %d, want it streamed", grown, size)
	}
	raw := count.got
	if raw.size < size || raw.committed != 1 {
		t.Errorf("blob store got %d octets, %d commits; want all %d in one", raw.size, raw.committed, size)
	}
	if m := d.desk.mail(); m == nil || m.Raw.Data != nil || m.Raw.Ref == "" {
		t.Errorf("mail's bytes are not in a blob: %+v", m)
	}
}

// counter is a blob.Store that keeps nothing.
type counter struct {
	got struct {
		size      int
		committed int
	}
}

func (s *counter) Create() (blob.Writer, error)     { return s, nil }
func (s *counter) Open(blob.Ref) (blob.File, error) { return nil, blob.ErrNotFound }
func (s *counter) Remove(blob.Ref) error            { return nil }
func (s *counter) Write(p []byte) (int, error)      { s.got.size += len(p); return len(p), nil }
func (s *counter) Commit() (blob.Ref, error)        { s.got.committed++; return "counted", nil }
func (s *counter) Abort()                           {}

// TestNoRoomLeft: a mail that had room when it began is put off when the room is
// gone, before the disk is full, and leaves nothing.
func TestNoRoomLeft(t *testing.T) {
	asked := 0
	d := open(t, func(d *door) {
		d.MaxSize = 10 << 20
		d.Room = func() error {
			if asked++; asked > 2 {
				return errors.New("2 MiB left on " + secret)
			}
			return nil
		}
	})
	c := d.dial(t)
	c.begin(t, "a@north.example")
	c.data(t, lines(5<<20, "x"), "452 4.3.1 Out of room, try again later (")
	if d.desk.count() != 0 {
		t.Errorf("the handler saw %d mails, want none", d.desk.count())
	}
	if blobs, unfinished := d.store.left(); blobs+unfinished != 0 {
		t.Errorf("%d blobs and %d unfinished ones are left", blobs, unfinished)
	}
}

// TestLeftovers: a large mail whose way ends in the door leaves no blob; one that
// the handler was asked about is the handler's, however it answers.
func TestLeftovers(t *testing.T) {
	large := lines(150_000, "x")
	for rcpt, want := range map[string]string{"refused": "550", "again": "451", "fail": "451", "panic": "451", "short": "451"} {
		d := open(t, nil)
		c := d.dial(t)
		c.begin(t, rcpt+"@north.example")
		c.data(t, large, want)
		if blobs, unfinished := d.store.left(); blobs != 1 || unfinished != 0 {
			t.Errorf("%s: %d blobs and %d unfinished ones are left, want the handler's one", rcpt, blobs, unfinished)
		}
	}
	t.Run("unreadable", func(t *testing.T) {
		d := open(t, func(s *door) {
			s.Read = func(context.Context, *mailer.Mail) error { return errors.New("blob is gone") }
		})
		c := d.dial(t)
		c.begin(t, "a@north.example")
		c.data(t, large, "451")
		if blobs, unfinished := d.store.left(); blobs+unfinished != 0 {
			t.Errorf("%d blobs and %d unfinished ones are left", blobs, unfinished)
		}
	})
	t.Run("connection lost", func(t *testing.T) {
		for _, start := range []string{"DATA\r\n" + large, "BDAT 150000\r\n" + large + "BDAT 10 LAST\r\nhalf"} {
			d := open(t, nil)
			c := d.dial(t)
			c.begin(t, "a@north.example")
			c.send(t, start)
			c.Close()
			d.shutdown(t)
			await(t, "no blob left", func() bool {
				blobs, unfinished := d.store.left()
				return blobs+unfinished == 0
			})
			if n := d.desk.count(); n != 0 {
				t.Errorf("handler saw %d mails of a connection that broke within one", n)
			}
		}
	})
}

// TestStoreFails: the client hears that it should come back, and no more (A5).
func TestStoreFails(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("create " + secret): "451 4.3.0 Internal failure",
		syscall.ENOSPC:                 "452 4.3.1",
	} {
		d := open(t, func(d *door) { d.store.full = err })
		c := d.dial(t)
		c.begin(t, "a@north.example")
		c.data(t, lines(150_000, "x"), want)
		// The session goes on.
		c.begin(t, "a@north.example")
		c.data(t, "small\r\n", "250")
	}
}
