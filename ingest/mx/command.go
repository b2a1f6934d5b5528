package mx

import "strings"

// command looks at a command line before go-smtp does. What it answers itself,
// go-smtp never hears of.
func (s *Server) command(line string) (pass, reply string) {
	line = strings.TrimRight(line, " \t") // RFC 5321 4.1.1 asks to tolerate it
	verb, arg, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "HELO", "EHLO", "LHLO":
		return line, s.refuseGreeting(verb, strings.TrimSpace(arg))
	case "AUTH":
		if s.Mode != Submission {
			return "", "502 5.5.1 Nobody signs in here"
		}
	case "HELP":
		return "", "214 2.0.0 This server takes mail for its own addresses (RFC 5321)"
	case "MAIL":
		if hasSecondAt(arg) {
			return "", "553 5.1.7 The sender address is malformed"
		}
	case "RCPT":
		if hasSecondAt(arg) {
			return "", "553 5.1.3 The recipient address is malformed"
		}
		return s.completePostmaster(line), ""
	}
	return line, ""
}

// refuseGreeting gives the answer to a greeting that go-smtp must not see; "" for
// all others.
func (s *Server) refuseGreeting(verb, name string) string {
	// LMTP has a greeting of its own, so that nobody speaks the one protocol and
	// believes to speak the other (RFC 2033 4.1).
	switch ours := (verb == "LHLO") == (s.Mode == LMTP); {
	case !ours && s.Mode == LMTP:
		return "500 5.5.1 This is LMTP, say LHLO"
	case !ours:
		return "500 5.5.1 This is not LMTP, say EHLO"
	case !isHeloName(name):
		return "501 5.5.4 Say " + verb + " and your host name"
	}
	return ""
}

// hasSecondAt tells a path whose domain has an @, as in <a@b@c>. go-smtp takes it,
// and without the quotes, which it drops, it looks like <"a@b"@c>.
func hasSecondAt(arg string) bool {
	_, path, _ := strings.Cut(arg, ":")
	path = strings.TrimPrefix(strings.TrimLeft(path, " \t"), "<")
	if strings.HasPrefix(path, "@") { // a source route (RFC 5321 4.1.1.3)
		_, path, _ = strings.Cut(path, ":")
	}
	if rest, quoted := strings.CutPrefix(path, `"`); quoted {
		for path = rest; path != "" && path[0] != '"'; path = path[1:] {
			if path[0] == '\\' && len(path) > 1 {
				path = path[1:]
			}
		}
	}
	path, _, _ = strings.Cut(path, ">")
	path, _, _ = strings.Cut(path, " ")
	path, _, _ = strings.Cut(path, "\t")
	return strings.Count(path, "@") > 1
}

// postmaster is the recipient that every server must accept (RFC 5321 4.5.1).
const postmaster = "<postmaster>"

// completePostmaster gives the one address without a domain its domain, as
// go-smtp does not know it.
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
