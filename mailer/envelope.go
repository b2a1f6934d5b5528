package mailer

import "net/netip"

// Envelope is what the SMTP dialogue says about a mail (RFC 5321 2.3.1).
type Envelope struct {
	ReversePath Address    `json:"reverse_path"` // zero: the null reverse-path "<>"
	Recipients  []Address  `json:"recipients"`
	Helo        string     `json:"helo,omitempty"`
	Remote      netip.Addr `json:"remote,omitzero"` // the client's address; zero where there was no connection
	TLS         bool       `json:"tls,omitempty"`
	UTF8        bool       `json:"utf8,omitempty"` // SMTPUTF8 was asked for (RFC 6531)
	// FrontHop: the client is an MTA in front of us (LMTP, a listed relay). What
	// it is refused it would bounce, to a forged sender perhaps; and Remote and
	// Helo say nothing about the sender (design 2.5).
	FrontHop bool `json:"front_hop,omitempty"`
	// User is who signed in at the submission door (RFC 4954); "" for nobody.
	User string `json:"user,omitempty"`
}
