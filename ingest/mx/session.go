package mx

import (
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"

	"casegate/ingest/guard"
	"casegate/mailer"
)

// session is one SMTP session; go-smtp calls its methods.
type session struct {
	server  *Server
	conn    *guard.Conn
	smtp    *smtp.Conn
	remote  netip.Addr
	user    string       // who has signed in; "": nobody
	failed  int          // tries at signing in
	refused int          // recipients, over the whole session
	tx      *transaction // nil: none is open
}

// transaction is what MAIL opens.
type transaction struct {
	envelope mailer.Envelope
	protocol string // for the Received header
}

// maxRefused recipients in one session are more than a mailing list's dead
// members; beyond it somebody is guessing (T45).
const maxRefused = 100

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	conn, ok := c.Conn().(*guard.Conn)
	if !ok {
		return nil, replyTo(errUnguarded, "")
	}
	return &session{server: s, conn: conn, smtp: c, remote: conn.Remote()}, nil
}

// Mail opens a transaction.
func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	if s.tx != nil {
		// RFC 5321 4.1.4; go-smtp would start anew and keep the recipients.
		return reply(503, code{5, 5, 1}, "A transaction is open already, say RSET first")
	}
	if err := s.mayBegin(); err != nil {
		return err
	}
	tx := &transaction{
		envelope: mailer.Envelope{
			Helo: s.smtp.Hostname(), Remote: s.remote, TLS: s.conn.TLS(), UTF8: opts.UTF8,
			FrontHop: s.server.isFrontHop(s.remote), User: s.user,
		},
	}
	tx.protocol = s.server.Mode.protocol(s.conn.Extended(), &tx.envelope)
	if from != "" {
		a, err := address(from, opts.UTF8)
		if err != nil {
			s.server.tellRefused(mailer.Refusal{Envelope: tx.envelope, Reason: mailer.Malformed, Text: "MAIL: " + err.Error()})
			return addressReply(err, code{5, 1, 7}, "sender")
		}
		tx.envelope.ReversePath = a
	}
	if opts.Size > s.server.maxSize() {
		s.server.tellRefused(mailer.Refusal{Envelope: tx.envelope, Reason: mailer.TooLarge, Text: "SIZE announced at MAIL"})
		return errTooLarge
	}
	s.set(tx)
	return nil
}

// mayBegin tells whether the client may send mail at all: a stranger may not at
// the submission door (RFC 6409 4.3).
func (s *session) mayBegin() error {
	switch {
	case s.server.Mode != Submission || s.user != "":
		return nil
	case !s.conn.TLS():
		return errTLSFirst
	}
	return errSignInFirst
}

// Rcpt adds a recipient if the handler takes it, whoever asks: only addresses of
// our own are taken, also from who has signed in (F12). An address that does not
// exist is refused to a front hop too: nothing was sent yet that it could have
// taken from a forged sender, and it asks so to refuse such mail itself.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	tx := s.tx
	if tx == nil {
		return reply(503, code{5, 5, 1}, "Say MAIL first")
	}
	a, err := address(to, tx.envelope.UTF8)
	if err != nil {
		s.server.tellRefused(mailer.Refusal{Envelope: tx.envelope, Reason: mailer.Malformed, Text: "RCPT: " + err.Error()})
		return s.refuseRecipient(addressReply(err, code{5, 1, 3}, "recipient"))
	}
	if slices.ContainsFunc(tx.envelope.Recipients, a.Is) {
		return nil
	}
	outcome, err := s.server.check(&tx.envelope, a)
	if err != nil {
		return err
	}
	if r := replyFor(outcome); r != nil {
		return s.refuseRecipient(r)
	}
	tx.envelope.Recipients = append(tx.envelope.Recipients, a)
	s.set(tx)
	return nil
}

// refuseRecipient counts, for the session and for the client's network, and ends
// the session of whoever collects refusals. A front hop only hands on what others
// have guessed; and that we cannot tell now is no guess at all.
func (s *session) refuseRecipient(r *smtp.SMTPError) error {
	if s.tx.envelope.FrontHop || r.Temporary() {
		return r
	}
	s.refused++
	if tooMany := s.conn.Refused(); tooMany || s.refused > maxRefused {
		s.conn.Hangup(guard.Guessing)
		return reply(421, code{4, 7, 0}, "Too many recipients that do not exist, closing")
	}
	return r
}

// Data takes the text of the mail; one by BDAT comes from the guard. With LMTP,
// go-smtp answers so for each recipient: what the text is told is the same for
// all of them. One that is put off puts off all, as nothing was written then, and
// a front hop is not told of refusals (design 2.2, 2.5).
func (s *session) Data(r io.Reader) error {
	if s.tx == nil {
		return reply(503, code{5, 5, 1}, "Say MAIL first")
	}
	if chunks := s.conn.Chunks(); chunks != nil {
		r = chunks
	}
	return s.server.take(s.tx, mailReader{r, s.conn})
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.set(nil) }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// set changes the transaction, for the guard too.
func (s *session) set(tx *transaction) {
	s.tx = tx
	s.conn.Transaction(tx != nil, tx != nil && len(tx.envelope.Recipients) > 0)
}

// address checks an address as go-smtp gives it: without quotes, of any length
// and with any character in it (mail-traps A8).
func address(s string, utf8 bool) (mailer.Address, error) {
	if !utf8 && strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) {
		return mailer.Address{}, errNeedsUTF8
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return mailer.Address{}, mailer.ErrAddress
	}
	return mailer.NewAddress(s[:at], s[at+1:])
}
