package remote

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Target is a relay as its URL names it; make one with Parse.
type Target struct {
	Scheme string // Plain, StartTLS or TLS
	Host   string // lower-case ASCII name or IP address
	Port   string
	User   string // to log in as; "": without
}

// Schemes of a Target. There is none that encrypts only if the relay happens to
// offer it: somebody on the way could remove the offer.
const (
	Plain    = "smtp"          // port 25, never encrypted
	StartTLS = "smtp+starttls" // port 587, encrypted by STARTTLS or not at all (RFC 3207)
	TLS      = "smtps"         // port 465, encrypted from the start (RFC 8314)
)

var defaultPort = map[string]string{Plain: "25", StartTLS: "587", TLS: "465"}

const wantURL = "want smtp://HOST[:PORT], smtp+starttls://[USER@]HOST[:PORT] or smtps://[USER@]HOST[:PORT]"

// Parse reads a relay's URL. The password never stands in it, so that it can be
// shown. Errors repeat only what cannot be a secret.
func Parse(rawURL string) (Target, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// url.Parse quotes what it could not read: that may be a password.
		return Target{}, errors.New("relay URL is malformed (special characters in the user's name must be percent-encoded): " + wantURL)
	}
	scheme := u.Scheme
	port, known := defaultPort[scheme]
	if !known {
		return Target{}, fmt.Errorf("relay URL has no scheme that is known here: %s", wantURL)
	}
	if _, has := u.User.Password(); has {
		return Target{}, fmt.Errorf("relay URL %s://…@%s holds a password: give it separately, from a file or the environment", scheme, u.Hostname())
	}
	if u.Opaque != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return Target{}, fmt.Errorf("relay URL has something behind the host: %s", wantURL)
	}
	t := Target{Scheme: scheme, Port: port, User: u.User.Username()}
	if t.Host, err = hostName(u.Hostname()); err != nil {
		return Target{}, fmt.Errorf("relay URL: %w: %s", err, wantURL)
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return Target{}, fmt.Errorf("relay URL %s://%s: the port is not a number from 1 to 65535", scheme, t.Host)
		}
		t.Port = strconv.FormatUint(n, 10)
	}
	if strings.ContainsFunc(t.User, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Target{}, fmt.Errorf("relay URL %s: control character in the user's name", t)
	}
	return t, nil
}

// hostName checks a host and gives its lower-case ASCII form.
func hostName(host string) (string, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String(), nil
	}
	if host == "" {
		return "", errors.New("no host")
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || !utf8.ValidString(host) || len(ascii) > 253 || strings.ContainsFunc(ascii, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.'
	}) {
		return "", errors.New("the host is not a valid name")
	}
	return ascii, nil
}

// String is the URL for logs and errors. The user is left out: with some
// providers it is as secret as the password.
func (t Target) String() string { return t.Scheme + "://" + t.address() }

func (t Target) address() string { return net.JoinHostPort(t.Host, t.Port) }

// isLoopback tells whether a host, or the address of a connection, is this machine.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost"
}
