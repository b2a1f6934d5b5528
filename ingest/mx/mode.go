package mx

import (
	"net/netip"

	"casegate/mailer"
)

// Mode is whom a Server talks to, and what it speaks with them.
type Mode int

const (
	// MX takes mail from other mail servers (RFC 5321).
	MX Mode = iota
	// Submission takes mail from our own people and scripts, who sign in first,
	// on an encrypted connection only (RFC 6409, RFC 4954). Signing in says who
	// writes; it opens no further recipients, so that it is never a relay.
	Submission
	// LMTP takes mail from the one MTA in front of us (RFC 2033), mostly by a
	// Unix socket. Whoever can connect is believed to be that MTA.
	LMTP
)

var doors = [...]string{"mx", "submission", "lmtp"}

// String gives the mode as mailer.Mail.Door has it.
func (m Mode) String() string { return doors[m] }

// protocol is the transmission type of RFC 3848, with SMTPUTF8 RFC 6531 4.3.
func (m Mode) protocol(extended bool, env *mailer.Envelope) string {
	name := "SMTP"
	if m == LMTP {
		name = "LMTP"
	}
	switch {
	case env.UTF8:
		name = "UTF8" + name
	case extended && m != LMTP:
		name = "E" + name
	}
	if env.TLS {
		name += "S"
	}
	if env.User != "" {
		name += "A"
	}
	return name
}

// isFrontHop tells a client that is an MTA in front of us. Who signs in is none,
// wherever they are.
func (s *Server) isFrontHop(remote netip.Addr) bool {
	if s.Mode != MX {
		return s.Mode == LMTP
	}
	for _, p := range s.FrontHops {
		if p.Contains(remote) {
			return true
		}
	}
	return false
}
