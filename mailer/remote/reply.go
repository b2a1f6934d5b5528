package remote

import (
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"strings"
	"unicode"

	"github.com/emersion/go-smtp"

	"casegate/mailer"
)

// ReplyError is what a relay answered in place of a yes. Text is printable, on
// one line and bounded, and has no token of ours in it.
type ReplyError struct {
	Stage    string // the command it answered: "RCPT TO", "end of data"
	Code     int    // RFC 5321 4.2.3
	Enhanced string // RFC 3463, "5.1.1"; "" if there was none
	Text     string
}

func (e *ReplyError) Error() string {
	parts := []string{fmt.Sprint(e.Code)}
	if e.Enhanced != "" {
		parts = append(parts, e.Enhanced)
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	return e.Stage + " was answered " + strings.Join(parts, " ")
}

// stageError puts an error of the client or of textproto in words.
func stageError(stage string, err error) error {
	var answer *smtp.SMTPError
	var plain *textproto.Error
	switch {
	case errors.As(err, &answer):
		enhanced := ""
		if c := answer.EnhancedCode; c != (smtp.EnhancedCode{}) {
			enhanced = fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
		}
		return &ReplyError{Stage: stage, Code: answer.Code, Enhanced: enhanced, Text: oneLine(answer.Message)}
	case errors.As(err, &plain):
		return &ReplyError{Stage: stage, Code: plain.Code, Text: oneLine(plain.Msg)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: the relay did not answer in time: %w", stage, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the relay closed the connection: %w", stage, err)
	}
	return fmt.Errorf("%s: %w", stage, err)
}

// verdict is stageError for the commands that are about the mail: a 5xx there
// is final.
func verdict(stage string, err error) error {
	err = stageError(stage, err)
	var reply *ReplyError
	if errors.As(err, &reply) && reply.isFinal() {
		return &mailer.PermanentError{Err: err}
	}
	return err
}

// isFinal: 5xx, but for the codes by which a relay asks for a login or for
// encryption (RFC 4954 6, RFC 3207 4). Those are about the configuration, and
// the mail can go when that is mended.
func (e *ReplyError) isFinal() bool {
	switch e.Code {
	case 530, 534, 535, 538:
		return false
	}
	return e.Code >= 500 && e.Code < 600
}

// maxLine bounds foreign text in errors, in characters: it is stored with the
// delivery and shown in lists.
const maxLine = 400

// oneLine makes foreign text fit for a log: one line, printable, bounded,
// without tokens.
func oneLine(s string) string {
	if len(s) > 4*maxLine { // so that a long text costs nothing; no cut below is longer
		s = s[:4*maxLine]
	}
	var b strings.Builder
	n := 0
	for _, word := range strings.Fields(mailer.CutTokens(strings.ToValidUTF8(s, "?"))) {
		if n > 0 {
			b.WriteByte(' ')
			n++
		}
		for _, r := range word {
			if n == maxLine {
				return b.String() + "…"
			}
			if !unicode.IsPrint(r) {
				r = '?'
			}
			b.WriteRune(r)
			n++
		}
	}
	return b.String()
}

// lineError has a text of its own, and the error it stands for inside.
type lineError struct {
	text string
	err  error
}

func (e *lineError) Error() string { return e.text }
func (e *lineError) Unwrap() error { return e.err }
