package mx

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"casegate/ingest/guard"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// take is the way of one mail: keep its bytes, read them, have them decided,
// answer. What it returns is the reply, also on success.
func (s *Server) take(tx *transaction, r mailReader) error {
	m := &mailer.Mail{ID: s.NewID(), Received: s.Now(), Door: s.Mode.String(), Envelope: tx.envelope}
	err := s.keep(m, tx.protocol, r)
	if errors.Is(err, errAborted) {
		s.logMail(m, "aborted", nil)
		return replyTo(err, m.ID)
	}
	if err == nil {
		err = s.decide(m)
	}
	if err == nil { // the handler has written the line of this mail
		return reply(250, code{2, 0, 0}, "Accepted as "+string(m.ID))
	}
	if errors.Is(err, errTooLarge) || errors.Is(err, errBareNewline) {
		// A front hop is told so too: nothing of the mail was kept, so that the
		// only copy is the one in its queue.
		s.tellRefused(doorRefusal(m, err))
	}
	answer := replyTo(err, m.ID)
	if answer.Temporary() {
		s.logMail(m, "deferred", err)
	} else {
		s.logMail(m, "refused", err)
	}
	return answer
}

func doorRefusal(m *mailer.Mail, err error) mailer.Refusal {
	reason := mailer.Malformed
	if errors.Is(err, errTooLarge) {
		reason = mailer.TooLarge
	}
	return mailer.Refusal{Envelope: m.Envelope, Reason: reason, Text: err.Error()}
}

// keep streams the mail to where its bytes stay, our trace header first, and
// sets Raw, Own and Sum.
func (s *Server) keep(m *mailer.Mail, protocol string, r mailReader) (err error) {
	spool := &blob.Spool{Store: s.Blobs}
	defer func() {
		if err != nil {
			spool.Abort()
		}
	}()
	if m.Own, err = io.WriteString(spool, received(m, protocol, s.Hostname)); err != nil {
		return fmt.Errorf("spool mail: %w", err)
	}
	// Of the bytes as they came alone, so that a retry is recognised.
	sum := sha256.New()
	if err := s.copyMail(io.MultiWriter(spool, sum), r); err != nil {
		return err
	}
	sum.Sum(m.Sum[:0])
	if m.Raw, err = spool.Close(); err != nil {
		return fmt.Errorf("spool mail: %w", err)
	}
	return nil
}

// mailReader is the text of a mail beside what the guard saw of its octets.
type mailReader struct {
	text  io.Reader
	guard *guard.Conn
}

// errAborted: the client gave the mail up, or its connection broke; there is
// nobody to answer.
var errAborted = errors.New("mail was not finished")

// lookEvery is how many octets of a mail may come before it is asked again
// whether there is room: many large ones may be under way at once.
const lookEvery = 1 << 20

// errNoRoom: there was room for the mail when it began, and now there is not.
var errNoRoom = errors.New("out of room")

// copyMail stops at the first thing that makes the mail unacceptable; go-smtp
// reads the rest away.
func (s *Server) copyMail(w io.Writer, r mailReader) error {
	// A buffer of its own for each mail under way, so it is small.
	buf := make([]byte, 8<<10)
	for size, look := int64(0), int64(lookEvery); ; {
		n, err := r.text.Read(buf)
		if size += int64(n); size > s.maxSize() {
			return errTooLarge
		}
		if size >= look && s.Room != nil {
			look += lookEvery
			if err := s.Room(); err != nil {
				return fmt.Errorf("%w: %w", errNoRoom, err)
			}
		}
		if r.guard.BareNewline() {
			return errBareNewline
		}
		if _, err := w.Write(buf[:n]); err != nil {
			return fmt.Errorf("spool mail: %w", err)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", errAborted, err)
		}
	}
}

// decide has the mail read and decided. The bytes of a mail that cannot be read
// are removed here; from Accept on they are the handler's.
func (s *Server) decide(m *mailer.Mail) error {
	if err := rescue(func() error { return s.Read(s.ctx, m) }); err != nil {
		s.forget(m)
		return fmt.Errorf("read mail: %w", err)
	}
	var outcomes []mailer.Outcome
	err := rescue(func() (err error) {
		outcomes, err = s.Handler.Accept(s.ctx, m)
		return err
	})
	if err != nil {
		return err
	}
	if want := len(m.Envelope.Recipients); len(outcomes) != want {
		return fmt.Errorf("handler gave %d outcomes for %d recipients", len(outcomes), want)
	}
	if r := replyToAll(outcomes); r != nil && !(m.Envelope.FrontHop && !r.Temporary()) {
		// With the id the operator can be asked why.
		return reply(r.Code, r.EnhancedCode, r.Message+" ("+string(m.ID)+")")
	}
	return nil
}

// forget removes the bytes of a mail that nobody was asked about.
func (s *Server) forget(m *mailer.Mail) {
	if m.Raw.Ref == "" {
		return
	}
	if err := s.Blobs.Remove(m.Raw.Ref); err != nil {
		s.Log.Error("cannot remove the bytes of a mail that was not kept", "id", m.ID, "ref", m.Raw.Ref, "error", err)
	}
}

// check asks the handler about a recipient. Its error is a reply.
func (s *Server) check(env *mailer.Envelope, rcpt mailer.Address) (o mailer.Outcome, err error) {
	err = rescue(func() error {
		o = s.Handler.Check(s.ctx, env, rcpt)
		return nil
	})
	if err == nil {
		return o, nil
	}
	id := s.NewID()
	s.Log.Error("recipient could not be checked", "id", id, "rcpt", rcpt.Loggable(), "error", err)
	return o, replyTo(err, id)
}

// tellRefused tells the handler; its failure is not the client's.
func (s *Server) tellRefused(r mailer.Refusal) {
	err := rescue(func() error {
		s.Handler.Refused(s.ctx, r)
		return nil
	})
	if err != nil {
		s.Log.Error("refusal could not be noted", "error", err)
	}
}

// errPanic is wrapped by the error that stands for a panic.
var errPanic = errors.New("panic")

// rescue makes a panic of the handler an error, so that one poisonous mail is
// tried again later and ends no other session.
func rescue(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return f()
}
