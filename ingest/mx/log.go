package mx

import (
	"fmt"
	"log/slog"

	"casegate/mailer"
)

// logMail writes the one line of each mail (T79: no text of it, no tokens).
func (s *Server) logMail(m *mailer.Mail, verdict string, err error) {
	attrs := []any{
		"id", m.ID, "verdict", verdict, "door", m.Door, "remote", m.Envelope.Remote,
		"reverse_path", m.Envelope.ReversePath.Loggable(), "recipients", len(m.Envelope.Recipients), "size", m.Raw.Size,
	}
	if m.Envelope.User != "" {
		attrs = append(attrs, "user", m.Envelope.User)
	}
	level := slog.LevelInfo
	if err != nil {
		answer := replyTo(err, m.ID)
		attrs = append(attrs, "code", answer.Code, "error", err)
		if answer != err {
			level = slog.LevelError // our own failure
		}
	}
	s.Log.Log(s.ctx, level, "mail", attrs...)
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
