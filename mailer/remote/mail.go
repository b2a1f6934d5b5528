package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"casegate/mailer"
)

// mail is an Outgoing that has been looked through and can be sent as it is.
type mail struct {
	id       mailer.ID
	from, to string
	size     int64 // octets, without the dots that SMTP adds
	utf8     bool  // needs SMTPUTF8 (RFC 6531)
	eightBit bool  // needs 8BITMIME (RFC 6152)
	content  io.Reader
	copied   *os.File
}

// spoolLimit is how much of a body that cannot be rewound is kept in memory.
const spoolLimit = 1 << 20

// examine reads a mail from end to end before anything of it is sent: only then
// are its size and its needs known, and that it can smuggle nothing.
func examine(m *mailer.Outgoing) (*mail, error) {
	if err := errors.Join(checkAddress("return path", m.ReversePath), checkAddress("recipient", m.Recipient)); err != nil {
		return nil, &mailer.PermanentError{Err: err}
	}
	if m.Recipient.IsZero() {
		return nil, &mailer.PermanentError{Err: errors.New("the mail has no recipient")}
	}
	if len(m.Header) > 0 && !bytes.HasSuffix(m.Header, []byte("\r\n")) {
		return nil, &mailer.PermanentError{Err: errors.New("the mail's header does not end with a line end")}
	}
	var s scan
	s.Write(m.Header)
	out := &mail{id: m.ID, from: m.ReversePath.String(), to: m.Recipient.String()}
	body, err := out.read(m.Body, &s)
	if err != nil {
		out.close()
		return nil, fmt.Errorf("read the mail: %w", err)
	}
	if err := s.verdict(); err != nil {
		out.close()
		return nil, &mailer.PermanentError{Err: err}
	}
	out.size, out.eightBit = s.size, s.eightBit
	out.utf8 = m.UTF8 || !m.ReversePath.IsASCII() || !m.Recipient.IsASCII()
	out.content = io.MultiReader(bytes.NewReader(m.Header), body)
	return out, nil
}

// checkAddress: the client writes addresses as they are, so one that was not
// made by mailer's own functions could carry parameters or commands (T51, T53).
func checkAddress(what string, a mailer.Address) error {
	if a.IsZero() {
		return nil
	}
	if back, err := mailer.ParseAddress(a.String()); err != nil || back != a {
		return fmt.Errorf("the %s %q is not a valid address", what, a.String())
	}
	return nil
}

// read shows the whole body to the scan and gives it once more from its start.
func (m *mail) read(body io.Reader, s *scan) (io.Reader, error) {
	if seeker, ok := body.(io.ReadSeeker); ok {
		start, err := seeker.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(s, body); err != nil {
			return nil, err
		}
		_, err = seeker.Seek(start, io.SeekStart)
		return body, err
	}
	var memory bytes.Buffer
	both := io.TeeReader(body, s)
	n, err := io.CopyN(&memory, both, spoolLimit)
	if err == io.EOF {
		return &memory, nil
	}
	if err != nil {
		return nil, fmt.Errorf("after %d octets: %w", n, err)
	}
	if m.copied, err = os.CreateTemp("", "casegate-mail-*"); err != nil {
		return nil, err
	}
	if _, err := io.Copy(m.copied, both); err != nil {
		return nil, err
	}
	_, err = m.copied.Seek(0, io.SeekStart)
	return io.MultiReader(&memory, m.copied), err
}

func (m *mail) close() {
	if m.copied != nil {
		m.copied.Close()
		os.Remove(m.copied.Name())
	}
}

// scan is what goes by in a mail. It is an io.Writer that never fails.
type scan struct {
	size     int64
	eightBit bool
	cr       bool   // the last octet was CR
	bare     string // what was found without its other half, the first time
	line     int    // lines before it
	found    int
}

func (s *scan) Write(p []byte) (int, error) {
	for _, b := range p {
		switch {
		case b == '\n' && !s.cr:
			s.note("LF without CR")
		case b != '\n' && s.cr:
			s.note("CR without LF")
		}
		if b == '\n' {
			s.line++
		}
		if b >= 0x80 {
			s.eightBit = true
		}
		s.cr = b == '\r'
	}
	s.size += int64(len(p))
	return len(p), nil
}

func (s *scan) note(what string) {
	if s.bare == "" {
		s.bare, s.found = what, s.line+1
	}
}

// verdict: a bare CR or LF is where two servers may disagree on the end of a
// mail, so it never goes out (T39; RFC 5321 2.3.8).
func (s *scan) verdict() error {
	if s.cr {
		s.note("CR without LF")
	}
	if s.bare != "" {
		return fmt.Errorf("the mail has a %s in line %d and cannot be sent unaltered", s.bare, s.found)
	}
	return nil
}
