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
}
