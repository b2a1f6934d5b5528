// Package remote carries mails to the next hop by SMTP: to the relay that the
// operator names. It is not for deciding whether, when or how often a mail is
// sent; that is the queue's. It speaks through go-smtp's client, which it keeps
// from waiting for ever, from missing extensions and from altering mails.
package remote

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"casegate/mailer"
)

// Config is what a Relay needs to know; the zero value of a field with a stated
// default means that.
type Config struct {
	Target   Target
	Password string // goes with Target.User
	Hostname string // how we call ourselves in EHLO: a full domain name (RFC 5321 4.1.1.1)

	TLS      *tls.Config // nil: the system's roots; the version is 1.2 at least
	Timeouts Timeouts
	MaxConns int // connections at a time, idle ones included; 0: 8

	// AllowPlainAuth permits a password over an unencrypted connection to this
	// very machine, and to no other.
	AllowPlainAuth bool

	Dial func(ctx context.Context, network, address string) (net.Conn, error) // nil: net.Dialer
	Log  *slog.Logger                                                         // one debug line per mail taken; nil: none
}

// Timeouts are how long the relay may take. Zero fields have the values of
// RFC 5321 4.5.3.2.
type Timeouts struct {
	Dial    time.Duration // 30 s
	Command time.Duration // any reply but the last one, and the TLS handshake: 5 min
	Block   time.Duration // taking one block of the mail: 3 min
	Final   time.Duration // the reply to the final dot: 10 min
}

const defaultMaxConns = 8

// loginPause: after a refused login nothing is dialled for a while. Many relays
// lock out, or ban, who keeps trying.
const loginPause = time.Minute

// ErrLogin is wrapped by every error of Send that comes of user and password:
// nothing will be sent until the operator has corrected them.
var ErrLogin = errors.New("cannot log in to the relay: check its user and password in the configuration")

// Relay hands mails to one relay, over connections that it keeps and uses
// again. It is a mailer.Transport, safe for concurrent use. Make one with New.
type Relay struct {
	config  Config
	secrets *strings.Replacer // cuts the password out of what a relay echoes
	slots   chan struct{}     // one for each connection in use

	mu          sync.Mutex
	idle        []*session // the one used last at the end
	closed      bool
	pausedUntil time.Time // after a refused login
	refusal     error
}

// New checks a configuration; it does not connect. Its errors are for the
// operator and hold no secret.
func New(c Config) (*Relay, error) {
	c.Timeouts.setDefaults()
	if c.MaxConns <= 0 {
		c.MaxConns = defaultMaxConns
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	t := c.Target
	if _, known := defaultPort[t.Scheme]; !known || t.Host == "" || t.Port == "" {
		return nil, errors.New("relay: no target: " + wantURL)
	}
	me, err := mailer.NewAddress("postmaster", c.Hostname)
	if err != nil || !strings.Contains(me.Domain, ".") {
		return nil, fmt.Errorf("relay %s: %q is not a full domain name to introduce ourselves by: set the hostname, such as gate.north.example", t, c.Hostname)
	}
	c.Hostname = me.Domain
	switch {
	case t.User == "" && c.Password != "":
		return nil, fmt.Errorf("relay %s: there is a password but no user: write %s://USER@%s", t, t.Scheme, t.Host)
	case t.User != "" && c.Password == "":
		return nil, fmt.Errorf("relay %s: there is a user but no password", t)
	case strings.ContainsAny(t.User+c.Password, "\x00\r\n"):
		return nil, fmt.Errorf("relay %s: user or password holds a line end or NUL: remove it, perhaps at the end of the password file", t)
	case t.User != "" && t.Scheme == Plain && !(c.AllowPlainAuth && isLoopback(t.Host)):
		return nil, fmt.Errorf("relay %s: the password would travel unencrypted: use smtps:// or smtp+starttls://", t)
	}
	return &Relay{config: c, secrets: secretsOf(t.User, c.Password), slots: make(chan struct{}, c.MaxConns)}, nil
}

func (t *Timeouts) setDefaults() {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&t.Dial, 30*time.Second)
	set(&t.Command, 5*time.Minute)
	set(&t.Block, 3*time.Minute)
	set(&t.Final, 10*time.Minute)
}

// secretsOf replaces a password in every form in which it goes over the wire.
func secretsOf(user, password string) *strings.Replacer {
	if password == "" {
		return strings.NewReplacer()
	}
	b64 := base64.StdEncoding.EncodeToString
	return strings.NewReplacer(
		b64([]byte("\x00"+user+"\x00"+password)), "…",
		b64([]byte(password)), "…",
		password, "…",
	)
}

// Send hands one mail on. It returns nil only if the relay has said that it
// took it. A reply of 5xx to the mail itself, and a mail that the relay cannot
// take as it is, are final (mailer.IsPermanent); errors.As finds the ReplyError.
// Everything else, a refused login (ErrLogin) included, is worth a retry. The
// text of an error is one short printable line.
//
// The bytes arrive as they are, but for a final line without CRLF, which gets
// one. A mail with a bare CR or LF is refused before a connection is used (T39).
// Body is read twice, and not closed; one that is not an io.Seeker is copied
// first, to memory or to a temporary file.
func (r *Relay) Send(ctx context.Context, m *mailer.Outgoing) error {
	err := r.send(ctx, m)
	if err == nil {
		return nil
	}
	// A definite answer of the relay counts, even if we were to stop meanwhile.
	var reply *ReplyError
	if ctx.Err() != nil && !errors.As(err, &reply) {
		err = fmt.Errorf("stopped: %w", ctx.Err())
	}
	return &lineError{text: oneLine(fmt.Sprintf("relay %s: %v", r.config.Target, err)), err: err}
}

func (r *Relay) send(ctx context.Context, m *mailer.Outgoing) error {
	mail, err := examine(m)
	if err != nil {
		return err
	}
	defer mail.close()
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s, err := r.take()
	if err != nil {
		return err
	}
	if s != nil {
		err := r.use(ctx, s, mail)
		if err == nil || !s.stale {
			return err
		}
	}
	// Nothing idle, or what was idle had been closed by the relay: one fresh
	// connection, and its result stands.
	if s, err = r.open(ctx); err != nil {
		return err
	}
	return r.use(ctx, s, mail)
}

// use sends a mail over a session and then keeps it or ends it.
func (r *Relay) use(ctx context.Context, s *session, mail *mail) error {
	// Closing is the one thing that wakes a read or write in progress.
	stop := context.AfterFunc(ctx, s.abort)
	reply, err := s.send(mail)
	if !stop() {
		s.broken = true
	}
	r.give(s)
	if err == nil {
		r.config.Log.Debug("relay took the mail", "delivery", mail.id, "reply", oneLine(reply))
	}
	return err
}
