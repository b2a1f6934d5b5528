package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"casegate/mailer"
)

// Probed is what one dialogue with the relay has shown.
type Probed struct {
	MaxSize  int64  // octets of the largest mail it takes (RFC 1870); 0: it does not say
	EightBit bool   // it takes 8-bit text (RFC 6152)
	UTF8     bool   // it takes international addresses (RFC 6531)
	Reply    string // its last words to the mail, one printable line; "" without a mail
	Took     time.Duration
}

// Probe connects, encrypts and logs in as for a mail, over a new connection. It
// says NOOP, or sends m where that is not nil, and then QUIT. Its errors are those of
// Send; Probed holds what was seen before.
func (r *Relay) Probe(ctx context.Context, m *mailer.Outgoing) (Probed, error) {
	p, err := r.probe(ctx, m)
	if err == nil {
		return p, nil
	}
	// A deadline of the caller's closes the connection under the dialogue.
	var reply *ReplyError
	if ctx.Err() != nil && !errors.As(err, &reply) {
		err = fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	return p, &lineError{text: oneLine(fmt.Sprintf("relay %s: %v", r.config.Target, err)), err: err}
}

func (r *Relay) probe(ctx context.Context, m *mailer.Outgoing) (p Probed, err error) {
	begin := time.Now()
	defer func() { p.Took = time.Since(begin) }()
	var out *mail
	if m != nil {
		if out, err = examine(m); err != nil {
			return p, err
		}
		defer out.close()
	}
	s, err := r.open(ctx)
	if err != nil {
		return p, err
	}
	stop := context.AfterFunc(ctx, s.abort)
	defer stop()
	p.EightBit, _ = s.client.Extension("8BITMIME")
	p.UTF8, _ = s.client.Extension("SMTPUTF8")
	if size, ok := s.client.MaxMessageSize(); ok {
		p.MaxSize = int64(size)
	}
	if out == nil {
		if err = s.client.Noop(); err != nil {
			s.abort()
			return p, stageError("NOOP", err)
		}
	} else if p.Reply, err = s.send(out); s.broken {
		s.abort()
		return p, err
	}
	s.quit()
	p.Reply = oneLine(p.Reply)
	return p, err
}
