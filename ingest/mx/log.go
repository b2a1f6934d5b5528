package mx

import (
	"fmt"
	"log/slog"
	"strings"

	"casegate/mailer"
)

// logMail writes the one line of each mail (T79: no text of it, no tokens).
func (s *Server) logMail(m *mailer.Mail, verdict string, err error) {
	attrs := []any{
		"id", m.ID, "verdict", verdict, "remote", m.Envelope.Remote, "from", loggable(m.Envelope.ReversePath),
		"recipients", len(m.Envelope.Recipients), "size", m.Raw.Size,
	}
	level := slog.LevelInfo
	if err != nil {
		answer := replyTo(err, m.ID)
		attrs = append(attrs, "code", answer.Code, "err", err)
		if answer != err {
			level = slog.LevelError // our own failure
		}
	}
	s.Log.Log(s.ctx, level, "mail", attrs...)
}

// loggable is an address without its token, which is a key to a case or to a
// delivery's fate (design 3).
func loggable(a mailer.Address) string {
	for _, prefix := range [...]string{"case-", "r-"} {
		if len(a.Local) > len(prefix) && strings.EqualFold(a.Local[:len(prefix)], prefix) {
			return a.Local[:len(prefix)] + "…@" + a.Domain
		}
	}
	if a.IsZero() {
		return "<>"
	}
	return a.String()
}

// protocolLog takes what go-smtp has to say: connections that broke, and panics
// of its own.
type protocolLog struct{ log *slog.Logger }

// Printf implements smtp.Logger.
func (l protocolLog) Printf(format string, v ...any) {
	l.log.Warn("smtp protocol", "text", fmt.Sprintf(format, v...))
}

// Println implements smtp.Logger.
func (l protocolLog) Println(v ...any) { l.log.Warn("smtp protocol", "text", fmt.Sprintln(v...)) }
