package mx

import (
	"strconv"
	"strings"

	"casegate/ingest/guard"
)

// command looks at a command line before go-smtp does: it refuses HELO names
// that could not stand in a header, and completes the one address without a
// domain, which go-smtp does not know.
func (s *Server) command(line string) (pass, reply string) {
	verb, arg, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "HELO", "EHLO":
		if !isHeloName(strings.TrimSpace(arg)) {
			return "", "501 5.5.4 Say " + strings.ToUpper(verb) + " and your host name"
		}
	case "RCPT":
		return s.completePostmaster(line), ""
	}
	return line, ""
}

// postmaster is the recipient that every server must accept (RFC 5321 4.5.1).
const postmaster = "<postmaster>"

func (s *Server) completePostmaster(line string) string {
	before, path, _ := strings.Cut(line, ":")
	path = strings.TrimLeft(path, " ")
	if !strings.EqualFold(before, "RCPT TO") || len(path) < len(postmaster) ||
		!strings.EqualFold(path[:len(postmaster)], postmaster) {
		return line
	}
	return before + ":<postmaster@" + strings.ToLower(s.Hostname) + ">" + path[len(postmaster):]
}

// isHeloName takes host names and address literals (RFC 5321 4.1.1.1), with the
// underscore that many hosts have. Anything else could be made to look like
// another part of the Received header (T46).
func isHeloName(name string) bool {
	if name == "" || len(name) > 255 {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._:[]", c) >= 0) {
			return false
		}
	}
	return true
}

// reply completes the answer to EHLO: go-smtp announces the size that it would
// enforce itself, one octet too low, and knows nothing of the guard's STARTTLS.
func (s *Server) reply(c *guard.Conn, line string) string {
	if line != "250-SIZE" && line != "250 SIZE" {
		return line
	}
	line += " " + strconv.FormatInt(s.maxSize(), 10)
	if s.TLS != nil && !c.TLS() {
		line = "250-STARTTLS\r\n" + line
	}
	return line
}
