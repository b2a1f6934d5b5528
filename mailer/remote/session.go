package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"casegate/mailer"
)

// session is one connection to the relay, greeted and logged in. One goroutine
// uses it at a time; abort may be called from any.
type session struct {
	raw    net.Conn // below TLS
	client *smtp.Client
	name   string // ours, for EHLO
	uses   int
	timer  *time.Timer // while idle

	dirty  bool // a mail was begun and not ended: RSET is due
	broken bool // out of step or closed: no further command makes sense
	stale  bool // broken, and the relay cannot have begun with the mail
}

// quitTime is short: the mail is through, QUIT is a courtesy.
const quitTime = 5 * time.Second

// open connects, encrypts and logs in. Its errors are never permanent: whatever
// the relay says before MAIL is not about the mail.
func (r *Relay) open(ctx context.Context) (*session, error) {
	if err := r.paused(); err != nil {
		return nil, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, r.config.Timeouts.Dial)
	defer cancel()
	raw, err := r.config.Dial(dialCtx, "tcp", r.config.Target.address())
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	s := &session{raw: raw, name: r.config.Hostname}
	stop := context.AfterFunc(ctx, s.abort)
	defer stop()
	if err := r.greet(ctx, s); err != nil {
		s.abort()
		return nil, err
	}
	return s, nil
}

func (r *Relay) greet(ctx context.Context, s *session) error {
	times := r.config.Timeouts
	bounded := &deadlineConn{Conn: s.raw, block: times.Block}
	top := &replyConn{Conn: bounded}
	if r.config.Target.Scheme == StartTLS {
		if err := r.askForTLS(bounded); err != nil {
			return err
		}
		// The client waits for a greeting, which a relay gives only once.
		top.replay = []byte("220 ready\r\n")
	}
	if r.config.Target.Scheme != Plain {
		conn, err := r.encrypt(ctx, bounded)
		if err != nil {
			return err
		}
		top.Conn = conn
	}
	s.client = smtp.NewClient(top)
	s.client.CommandTimeout = times.Command
	s.client.SubmissionTimeout = times.Final
	if err := s.client.Hello(s.name); err != nil {
		return stageError("greeting and EHLO", err)
	}
	return r.login(s)
}

func (r *Relay) encrypt(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := &tls.Config{}
	if r.config.TLS != nil {
		config = r.config.TLS.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = r.config.Target.Host
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeouts.Command)
	defer cancel()
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("cannot encrypt the connection: %w", err)
	}
	return encrypted, nil
}

func (r *Relay) login(s *session) error {
	t := r.config.Target
	if t.User == "" {
		return nil
	}
	if t.Scheme == Plain && !isLoopback(hostOf(s.raw.RemoteAddr())) {
		return fmt.Errorf("%w: %s is not this machine, and the password would travel unencrypted", ErrLogin, t.Host)
	}
	var mechanism sasl.Client
	switch {
	case s.client.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", t.User, r.config.Password)
	case s.client.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(t.User, r.config.Password)
	default:
		return fmt.Errorf("%w: it offers neither AUTH PLAIN nor AUTH LOGIN", ErrLogin)
	}
	err := s.client.Auth(mechanism)
	if err == nil {
		return nil
	}
	// What a relay says to a refused login may repeat it.
	var answer *smtp.SMTPError
	if errors.As(err, &answer) {
		answer.Message = r.secrets.Replace(answer.Message)
	}
	err = stageError("AUTH", err)
	var reply *ReplyError
	if !errors.As(err, &reply) {
		return errors.New(r.secrets.Replace(err.Error()))
	}
	if reply.Code < 500 {
		return err
	}
	err = fmt.Errorf("%w: %w", ErrLogin, reply)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pausedUntil, r.refusal = time.Now().Add(loginPause), err
	return err
}

func (r *Relay) paused() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.pausedUntil) {
		return r.refusal
	}
	return nil
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// send makes one mail transaction (RFC 5321 3.3) and gives the relay's last
// words. Afterwards broken and stale say what the session is good for.
func (s *session) send(m *mail) (reply string, err error) {
	s.uses++
	if s.dirty {
		if err := s.reset(); err != nil {
			s.broken, s.stale = true, true
			return "", err
		}
	}
	began := false
	reply, err = s.transact(m, &began)
	if err != nil {
		var refused *ReplyError
		var permanent *mailer.PermanentError
		// 421 announces that the relay closes; a code that is neither 4xx nor
		// 5xx means that we no longer know which command was answered.
		inStep := errors.As(err, &refused) && refused.Code != 421 && refused.Code >= 400 && refused.Code < 600 ||
			!s.dirty && errors.As(err, &permanent)
		s.broken = !inStep
		s.stale = s.broken && !began
	}
	return reply, err
}

// transact sets began once the relay has accepted MAIL.
func (s *session) transact(m *mail, began *bool) (string, error) {
	if err := s.suits(m); err != nil {
		return "", &mailer.PermanentError{Err: err}
	}
	s.dirty = true
	if err := s.client.Mail(m.from, &smtp.MailOptions{Size: m.size, UTF8: m.utf8}); err != nil {
		return "", verdict("MAIL FROM", err)
	}
	*began = true
	if err := s.client.Rcpt(m.to, nil); err != nil {
		return "", verdict("RCPT TO", err)
	}
	data, err := s.client.Data()
	if err != nil {
		return "", verdict("DATA", err)
	}
	// From here to the final dot there is no way back but to drop the
	// connection: every further command would end the mail where it stands.
	if _, err := io.Copy(data, m.content); err != nil {
		return "", fmt.Errorf("send the mail's text: %w", err)
	}
	done, err := data.CloseWithResponse()
	if err == nil {
		s.dirty = false
		return done.StatusText, nil
	}
	var answer *smtp.SMTPError
	if errors.As(err, &answer) && answer.Code/100 == 2 {
		// Any 2xx is a yes (RFC 5321 4.2.1); the client knows 250 alone.
		s.dirty = false
		return answer.Message, nil
	}
	return "", verdict("end of data", err)
}

// reset ends a mail that was begun.
func (s *session) reset() error {
	if err := s.client.Reset(); err != nil {
		return stageError("RSET", err)
	}
	// After RSET the client says EHLO again, by itself in the midst of the next
	// command, where a refusal would pass for one of the mail.
	if err := s.client.Hello(s.name); err != nil {
		return stageError("EHLO", err)
	}
	s.dirty = false
	return nil
}

// suits tells whether the relay can take a mail as it is. Nothing is ever
// converted: that would break signatures.
func (s *session) suits(m *mail) error {
	if has, _ := s.client.Extension("SMTPUTF8"); m.utf8 && !has {
		return errors.New("the mail has international addresses or headers, which the relay does not take (no SMTPUTF8)")
	}
	if has, _ := s.client.Extension("8BITMIME"); m.eightBit && !has {
		return errors.New("the mail has 8-bit text, which the relay does not take (no 8BITMIME)")
	}
	if limit, ok := s.client.MaxMessageSize(); ok && limit > 0 && m.size > int64(limit) {
		return fmt.Errorf("the mail has %d octets, and the relay takes %d at most (SIZE)", m.size, limit)
	}
	return nil
}

// abort closes the connection without a word.
func (s *session) abort() { s.raw.Close() }

// quit closes the connection politely. It must not be called while a mail's
// text is on its way.
func (s *session) quit() {
	s.client.CommandTimeout = quitTime
	if err := s.client.Quit(); err != nil {
		s.abort()
	}
}
