package mx

import (
	"strconv"
	"strings"

	"casegate/ingest/guard"
)

// wording is how lines of go-smtp begin, and what is said instead: in plain
// words, with the enhanced codes that fit (RFC 3463, RFC 4954 6), and without
// what the client sent.
var wording = [...]struct{ begins, instead string }{
	{"250 2.0.0 Roger, ", "250 2.1.0 Ok"},
	{"250 2.0.0 I'll make sure ", "250 2.1.5 Ok"},
	{"250 2.0.0 I have successfully done nothing", "250 2.0.0 Ok"},
	{"250 2.0.0 Session reset", "250 2.0.0 Ok"},
	{"221 2.0.0 Bye", "221 2.0.0 Closing"},
	{"252 2.5.0 Cannot VRFY", "252 2.1.5 Addresses are not told, send the mail and see"},
	{"235 2.0.0 ", "235 2.7.0 Signed in"},
	{"454 4.7.0 Invalid base64", "501 5.5.2 That is not base64"}, // not temporary: RFC 4954 4
	{"501 5.0.0 Negotiation cancelled", "501 5.7.0 Signing in was cancelled"},
	{"500 5.5.2 Syntax errors, ", "500 5.5.2 There is no such command"},
	{"500 5.5.2 Error: bad syntax", "500 5.5.2 There is no such command"},
	{"501 5.5.2 Bad command", "501 5.5.2 That is no command"},
	{"500 5.5.1 Too many errors", "500 5.5.1 Too many errors, closing"},
	{"502 5.5.1 Please introduce", "502 5.5.1 Say EHLO first"},
}

// maxReply is the longest reply line in octets, without its end (RFC 5321
// 4.5.3.1.5).
const maxReply = 510

// reply gives what is sent for a line of go-smtp.
func (s *Server) reply(c *guard.Conn, line string) string {
	switch {
	case strings.HasPrefix(line, "250-Hello "): // EHLO; RFC 5321 4.1.1.1 asks for our name
		return "250-" + s.Hostname
	case strings.HasPrefix(line, "250 2.0.0 Hello "): // HELO
		return "250 " + s.Hostname
	case line == "250-SIZE", line == "250 SIZE":
		return s.extensions(c, line)
	}
	for _, w := range wording {
		if strings.HasPrefix(line, w.begins) {
			return w.instead
		}
	}
	// LMTP's answers begin with the recipient as the client wrote it.
	return printable(line, maxReply)
}

// extensions completes the answer to EHLO: go-smtp announces the size that it
// would enforce itself, one octet too low, and knows nothing of the guard's
// STARTTLS.
func (s *Server) extensions(c *guard.Conn, line string) string {
	line += " " + strconv.FormatInt(s.maxSize(), 10)
	if s.TLS != nil && !c.TLS() && (s.TLSReady == nil || s.TLSReady()) {
		line = "250-STARTTLS\r\n" + line
	}
	return line
}
