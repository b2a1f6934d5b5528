package remote

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"casegate/mailer"
)

// However a body can be read, what is sent is the header and then the body, from
// where it stood.
func TestExamine(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	large := "\r\n" + strings.Repeat("0123456789abcd\r\n", spoolLimit/16+1)
	for _, body := range []string{"", "\r\n", "\r\nx\r\n", "\r\nno line end", large[:spoolLimit-2] + "\r\n", large} {
		seeking := seekCloser{strings.NewReader("already read" + body)}
		io.CopyN(io.Discard, seeking, int64(len("already read")))
		for name, reader := range map[string]io.ReadCloser{
			"seekable":         seeking,
			"not seekable":     io.NopCloser(onlyReader{strings.NewReader(body)}),
			"octet by octet":   io.NopCloser(iotest.OneByteReader(strings.NewReader(body))),
			"end with the end": io.NopCloser(iotest.DataErrReader(strings.NewReader(body))),
		} {
			m := note()
			m.Body = reader
			got, err := examine(m)
			if err != nil {
				t.Fatalf("%s, %d octets: %v", name, len(body), err)
			}
			text, err := io.ReadAll(got.content)
			if want := string(m.Header) + body; err != nil || string(text) != want || got.size != int64(len(want)) {
				t.Errorf("%s, %d octets: gave %d and says %d, %v", name, len(want), len(text), got.size, err)
			}
			got.close()
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
				t.Errorf("%s, %d octets: left %q behind", name, len(body), left)
			}
		}
	}
}

type onlyReader struct{ io.Reader }

// A body that cannot be read is no reason to give the mail up.
func TestExamineReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, body := range map[string]io.Reader{
		"at once":         iotest.ErrReader(broken),
		"later":           io.MultiReader(strings.NewReader("\r\nx\r\n"), iotest.ErrReader(broken)),
		"beyond memory":   io.MultiReader(strings.NewReader(strings.Repeat("x", spoolLimit+1)), iotest.ErrReader(broken)),
		"in a seek":       brokenSeeker{err: broken},
		"in a first read": brokenSeeker{Reader: iotest.ErrReader(broken)},
	} {
		m := note()
		m.Body = io.NopCloser(body)
		if seeker, ok := body.(brokenSeeker); ok {
			m.Body = seeker
		}
		if _, err := examine(m); !errors.Is(err, broken) || mailer.IsPermanent(err) {
			t.Errorf("%s: %v, want the error of the body, and not for good", name, err)
		}
	}
}

type brokenSeeker struct {
	io.Reader
	err error
}

func (b brokenSeeker) Seek(int64, int) (int64, error) { return 0, b.err }
func (brokenSeeker) Close() error                     { return nil }

func TestExamineTraits(t *testing.T) {
	for _, c := range []struct {
		header, body   string
		utf8, eightBit bool
	}{
		{"Subject: x\r\n", "\r\nx\r\n", false, false},
		{"Subject: x\r\n", "\r\nż\r\n", false, true},
		{"Subject: ż\r\n", "\r\nx\r\n", false, true}, // whether that needs SMTPUTF8 the content says
		{"Subject: ż\r\n", "\r\nx\r\n", true, true},
	} {
		m := note()
		m.Header, m.UTF8 = []byte(c.header), c.utf8
		setBody(m, c.body)
		got, err := examine(m)
		if err != nil || got.utf8 != c.utf8 || got.eightBit != c.eightBit {
			t.Errorf("%q %q: %+v, %v, want UTF-8 %v, 8-bit %v", c.header, c.body, got, err, c.utf8, c.eightBit)
		}
	}
}

// T39, with a strict reader as the reference: what passes the scan reaches the
// other side as it is and ends where we end it; what does not has a bare CR or LF.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "x", ".\r\n", "\r\n.\r\nMAIL FROM:<>\r\n", "a\nb", "a\rb", "\r\n.\r", "\r\r\n", "..\r\n."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s scan
		s.Write(body[:len(body)/2])
		s.Write(body[len(body)/2:])
		without := bytes.ReplaceAll(body, []byte("\r\n"), nil)
		// Taking CRLF out can bring a CR and an LF together, but not hide them.
		bare := bytes.ContainsAny(without, "\r\n")
		if (s.verdict() != nil) != bare {
			t.Fatalf("%q: %v, want it refused: %v", body, s.verdict(), bare)
		}
		if bare {
			return
		}
		var wire bytes.Buffer
		out := textproto.NewWriter(bufio.NewWriter(&wire)).DotWriter()
		out.Write(body)
		out.Close()
		if n := bytes.Count(wire.Bytes(), []byte("\r\n.\r\n")); n > 1 || n == 0 && wire.String() != "\r\n.\r\n" && wire.String() != ".\r\n" {
			t.Fatalf("%q goes out as %q, which ends %d times", body, wire.Bytes(), n)
		}
		var got []byte
		for line := range bytes.Lines(bytes.TrimSuffix(wire.Bytes(), []byte(".\r\n"))) {
			got = append(got, bytes.TrimPrefix(line, []byte("."))...)
		}
		if want := append(bytes.Clone(body), "\r\n"...); !bytes.Equal(got, body) && !bytes.Equal(got, want) {
			t.Fatalf("%q arrives as %q", body, got)
		}
	})
}
