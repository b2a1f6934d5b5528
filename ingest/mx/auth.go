package mx

import (
	"errors"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"casegate/ingest/guard"
)

var (
	errUnencrypted  = reply(538, code{5, 7, 11}, "Say STARTTLS first: passwords are not taken unencrypted")
	errTLSFirst     = reply(530, code{5, 7, 0}, "Say STARTTLS first")
	errSignInFirst  = reply(530, code{5, 7, 0}, "Sign in first")
	errWrong        = reply(535, code{5, 7, 8}, "User name or password is wrong")
	errWrongTooMany = reply(421, code{4, 7, 0}, "User name or password is wrong too often, closing")
	errExchange     = reply(501, code{5, 5, 2}, "The answer is not of the mechanism's form")
)

const (
	// maxWrong tries at signing in end the session: a person reads the message
	// after one, a program that has not changed its mind after three is guessing.
	maxWrong = 3
	// firstPause is how long the answer to the first wrong try waits; each
	// further one waits twice as long, up to maxPause.
	firstPause = time.Second
	maxPause   = 4 * time.Second
	// maxUser is the longest user name, in octets: that of an address.
	maxUser = 254
)

// AuthMechanisms implements smtp.AuthSession. None is offered where a password
// would be readable on its way, or has no meaning.
func (s *session) AuthMechanisms() []string {
	if s.server.Mode != Submission || s.server.Auth == nil || !s.conn.TLS() {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements smtp.AuthSession (RFC 4954 4). go-smtp answers a second AUTH,
// and so any within a transaction, which takes a first.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	switch {
	case !s.conn.TLS():
		return nil, errUnencrypted
	case !s.conn.Extended():
		// Also after STARTTLS, before the EHLO that must follow it.
		return nil, reply(503, code{5, 5, 1}, "Say EHLO first")
	case mechanism == sasl.Plain && s.server.Auth != nil:
		return exchange{sasl.NewPlainServer(s.signInAs)}, nil
	case mechanism == sasl.Login && s.server.Auth != nil:
		return exchange{&login{signIn: s.signIn}}, nil
	}
	return nil, reply(504, code{5, 5, 4}, "There is no such mechanism here")
}

// signInAs is for PLAIN, where one may sign in to act as somebody else (RFC 4616
// 2): nobody may.
func (s *session) signInAs(identity, user, password string) error {
	if identity != "" && identity != user {
		return s.wrong()
	}
	return s.signIn(user, password)
}

// signIn asks whether the password is the user's.
func (s *session) signIn(user, password string) error {
	if !isUserName(user) || password == "" {
		return s.wrong()
	}
	ok := false
	err := rescue(func() (err error) {
		ok, err = s.server.Auth(s.server.ctx, user, password)
		return err
	})
	if err != nil {
		id := s.server.NewID()
		s.server.Log.Error("cannot find out whether a password is right", "id", id, "remote", s.remote, "error", err)
		return reply(454, code{4, 7, 0}, "Signing in is not possible now, try again later ("+string(id)+")")
	}
	if !ok {
		return s.wrong()
	}
	s.user = user
	return nil
}

// wrong answers a try that failed, whatever was wrong with it: who guesses does
// not learn which names exist. The log has no name: people type passwords there.
func (s *session) wrong() error {
	pause := min(firstPause<<s.failed, maxPause)
	s.failed++
	s.server.Log.Info("signing in failed", "remote", s.remote, "tries", s.failed)
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-s.server.ctx.Done():
	}
	if tooMany := s.conn.Refused(); !tooMany && s.failed < maxWrong {
		return errWrong
	}
	s.conn.Hangup(guard.Guessing)
	return errWrongTooMany
}

// isUserName takes what can stand in a log and in a header.
func isUserName(name string) bool {
	if name == "" || len(name) > maxUser || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// exchange answers what a mechanism does not understand; go-smtp would show the
// library's own words, as a temporary failure.
type exchange struct{ sasl.Server }

// Next implements sasl.Server.
func (e exchange) Next(response []byte) ([]byte, bool, error) {
	challenge, done, err := e.Server.Next(response)
	var r *smtp.SMTPError
	if err != nil && !errors.As(err, &r) {
		err = errExchange
	}
	return challenge, done, err
}

// login is the server's side of LOGIN, which go-sasl does not have: a name, then
// a password (draft-murchison-sasl-login-00).
type login struct {
	signIn func(user, password string) error
	user   string
	asked  loginStep
}

type loginStep int

const (
	askedNothing loginStep = iota
	askedName
	askedPassword
)

// Next implements sasl.Server. The name may come with the command.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case l.asked == askedNothing && response == nil:
		l.asked = askedName
		return []byte("Username:"), false, nil
	case l.asked != askedPassword:
		l.asked, l.user = askedPassword, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.user, string(response))
}
