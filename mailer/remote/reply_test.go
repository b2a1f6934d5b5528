package remote

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"casegate/mailer"
)

func TestOneLine(t *testing.T) {
	key := mailer.Keyring{Keys: []mailer.Key{{ID: 1}}}
	token := key.Seal(mailer.Token{Purpose: mailer.PurposeReturnPath, Delivery: 7})
	for in, want := range map[string]string{
		"":                                  "",
		"no such user":                      "no such user",
		" two\r\nlines\tand  more ":         "two lines and more",
		"esc \x1b[31mred\x07\x00 \u202eltr": "esc ?[31mred?? ?ltr",
		"bad \xff utf-8":                    "bad ? utf-8",
		"zażółć":                            "zażółć",
		"<r-" + token + "@north.example> unknown":                  "<r-…@north.example> unknown",
		"<R-" + strings.ToUpper(token) + "@NORTH.EXAMPLE> unknown": "<R-…@NORTH.EXAMPLE> unknown",
		strings.Repeat("é", maxLine):                               strings.Repeat("é", maxLine),
		strings.Repeat("é", maxLine+1):                             strings.Repeat("é", maxLine) + "…",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("550 5.1.1 no\r\n such \x00 user")
	f.Add(strings.Repeat("abc234", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := oneLine(s)
		if utf8.RuneCountInString(got) > maxLine+1 || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("oneLine(%q) = %q, want one short printable line", s, got)
		}
		if mailer.CutTokens(got) != got {
			t.Errorf("oneLine(%q) = %q, which may hold a token", s, got)
		}
		if len(s) < maxLine && oneLine(got) != got {
			t.Errorf("oneLine(%q) = %q, which is not settled", s, got)
		}
	})
}

// Whatever a relay answers, only a plain 5xx about the mail is final.
func FuzzVerdict(f *testing.F) {
	f.Add("550 5.1.1 no such user\r\n", 250)
	f.Add("421-a\r\n421 b\r\n", 354)
	f.Add("250 ok\r\n", 354)
	f.Add("xyz\r\n", 250)
	f.Fuzz(func(t *testing.T, answer string, want int) {
		_, _, err := textproto.NewReader(bufio.NewReader(strings.NewReader(answer))).ReadResponse(want)
		if err == nil {
			return
		}
		got := verdict("MAIL FROM", err)
		var proto *textproto.Error
		var reply *ReplyError
		if !errors.As(err, &proto) {
			if mailer.IsPermanent(got) || errors.As(got, &reply) {
				t.Errorf("%q: %v, want a temporary error that is no reply", answer, got)
			}
			return
		}
		if !errors.As(got, &reply) || reply.Code != proto.Code {
			t.Fatalf("%q: %v, want a reply with code %d", answer, got, proto.Code)
		}
		final := proto.Code/100 == 5 && proto.Code != 530 && proto.Code != 534 && proto.Code != 535 && proto.Code != 538
		if mailer.IsPermanent(got) != final {
			t.Errorf("%q: final %v, want %v", answer, !final, final)
		}
	})
}

func TestStageErrorKeepsTheCause(t *testing.T) {
	cause := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no"}
	if got := stageError("DATA", cause).Error(); got != "DATA was answered 550 5.7.1 no" {
		t.Errorf("got %q", got)
	}
	if err := stageError("DATA", net.ErrClosed); !errors.Is(err, net.ErrClosed) || err.Error() != "DATA: use of closed network connection" {
		t.Errorf("got %v, want it to wrap its cause", err)
	}
}

// Only the names of extensions are mended, however the reply is cut in pieces.
func TestReplyConn(t *testing.T) {
	const reply = "250-Relay.example hello\r\n250-8bitmime\r\n250-auth Login plain\r\n250-x-ünï\r\n250 size 5\r\n550 no\r\n"
	const want = "250-RELAY.EXAMPLE hello\r\n250-8BITMIME\r\n250-AUTH Login plain\r\n250-X-üNï\r\n250 SIZE 5\r\n550 no\r\n"
	for size := 1; size <= len(reply); size++ {
		if got := throughReplyConn(reply, "EHLO x\r\n", size); got != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got, want)
		}
		if got := throughReplyConn(reply, "MAIL FROM:<>\r\n", size); got != reply {
			t.Errorf("after MAIL, in pieces of %d: %q, want it unchanged", size, got)
		}
	}
}

func FuzzReplyConn(f *testing.F) {
	f.Add("250-a\r\n250 b c\r\n", 3)
	f.Fuzz(func(t *testing.T, reply string, size int) {
		size = 1 + max(size, -size)&0xff
		got := throughReplyConn(reply, "EHLO x\r\n", size)
		if whole := throughReplyConn(reply, "EHLO x\r\n", len(reply)+1); got != whole {
			t.Errorf("%q in pieces of %d became %q, whole %q", reply, size, got, whole)
		}
		if !strings.EqualFold(got, reply) || len(got) != len(reply) {
			t.Errorf("%q became %q, want other letter cases at most", reply, got)
		}
	})
}

// throughReplyConn reads what answers a command, in pieces.
func throughReplyConn(reply, command string, size int) string {
	c := &replyConn{Conn: canned{in: strings.NewReader(reply)}}
	c.Write([]byte(command))
	var got bytes.Buffer
	piece := make([]byte, size)
	for {
		n, err := c.Read(piece)
		got.Write(piece[:n])
		if err != nil {
			return got.String()
		}
	}
}

type canned struct {
	net.Conn
	in *strings.Reader
}

func (c canned) Read(p []byte) (int, error) { return c.in.Read(p) }
func (canned) Write(p []byte) (int, error)  { return len(p), nil }
