package mailer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Address is a mailbox (RFC 5321 4.1.2): local part and domain. Local is held
// without quotes or escapes, Domain in lower-case ASCII (A-labels). The zero
// value is the null reverse-path "<>". An Address made by this package is
// always valid, so that it can be written into an SMTP command or a header
// without a further look; it never holds CR, LF, NUL or another control.
type Address struct {
	Local, Domain string
}

// Limits of RFC 5321 4.5.3.1 and, for the whole, RFC 3696 erratum 1690.
const (
	maxLocal   = 64
	maxDomain  = 255
	maxAddress = 254
)

// ErrAddress is wrapped by every error about a malformed address.
var ErrAddress = errors.New("not a mail address")

func addressError(s, why string) error {
	return fmt.Errorf("%w: %q: %s", ErrAddress, clip(s), why)
}

// clip shortens foreign text for an error.
func clip(s string) string {
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

// NewAddress joins an unquoted local part and a domain.
func NewAddress(local, domain string) (Address, error) {
	whole := local + "@" + domain
	switch {
	case local == "":
		return Address{}, addressError(whole, "nothing before the @")
	case len(local) > maxLocal:
		return Address{}, addressError(whole, "local part longer than 64 octets")
	case !utf8.ValidString(local):
		return Address{}, addressError(whole, "local part is not UTF-8")
	}
	for _, r := range local {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return Address{}, addressError(whole, "control character in the local part")
		}
	}
	ascii, err := normalDomain(domain)
	if err != nil {
		return Address{}, addressError(whole, err.Error())
	}
	a := Address{Local: local, Domain: ascii}
	if len(a.String()) > maxAddress {
		return Address{}, addressError(whole, "longer than 254 octets")
	}
	return a, nil
}

// normalDomain checks a domain and gives its lower-case ASCII form. Address
// literals ("[192.0.2.1]") are refused: nobody we serve has one (T55).
func normalDomain(domain string) (string, error) {
	if domain == "" {
		return "", errors.New("no domain")
	}
	if strings.HasPrefix(domain, "[") {
		return "", errors.New("address literals are not accepted")
	}
	ascii := lower(domain)
	if !isASCII(domain) {
		if len(domain) > 4*maxDomain { // IDNA's time is quadratic
			return "", errors.New("domain longer than 255 octets")
		}
		a, err := idna.Lookup.ToASCII(domain)
		if err != nil || !utf8.ValidString(domain) {
			return "", errors.New("domain is not a valid international name")
		}
		ascii = a
	}
	if len(ascii) > maxDomain {
		return "", errors.New("domain longer than 255 octets")
	}
	if top := ascii[strings.LastIndexByte(ascii, '.')+1:]; top != "" && strings.Trim(top, "0123456789") == "" {
		return "", errors.New("address literals are not accepted")
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", errors.New("malformed domain")
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return "", errors.New("malformed domain")
			}
		}
	}
	return ascii, nil
}

// ParseAddress reads an addr-spec, "anna@north.example" or `"a b"@c.example`,
// without angle brackets, comments, source routes or folding. It splits at the
// last @, so that what follows it is the domain the mail would be sent to.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, addressError(s, "no @")
	}
	local, domain := s[:at], s[at+1:]
	if strings.HasPrefix(local, `"`) {
		unquoted, ok := unquote(local)
		if !ok {
			return Address{}, addressError(s, "malformed quoted local part")
		}
		return NewAddress(unquoted, domain)
	}
	if !isDotAtom(local) {
		return Address{}, addressError(s, "character in the local part that needs quotes")
	}
	return NewAddress(local, domain)
}

// MustAddress is ParseAddress for constants and tests; it panics.
func MustAddress(s string) Address {
	a, err := ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// String is the form for SMTP commands and headers, quoted where it must be;
// "" for the null reverse-path.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	if isDotAtom(a.Local) {
		return a.Local + "@" + a.Domain
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(a.Local); i++ {
		if c := a.Local[i]; c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(a.Local[i])
	}
	b.WriteString(`"@`)
	b.WriteString(a.Domain)
	return b.String()
}

// Key is the form to compare by: ASCII letters of the local part are folded,
// nothing else is (T14, T15: no dots or tags removed, no Unicode folding).
func (a Address) Key() Address { return Address{Local: lower(a.Local), Domain: a.Domain} }

// Is tells whether two addresses name the same mailbox.
func (a Address) Is(b Address) bool { return !a.IsZero() && a.Key() == b.Key() }

// IsZero tells the null reverse-path.
func (a Address) IsZero() bool { return a == Address{} }

// IsASCII is false where the address needs SMTPUTF8 (RFC 6531).
func (a Address) IsASCII() bool { return isASCII(a.Local) }

// MarshalText writes the address as String does.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote; it checks like ParseAddress.
func (a *Address) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := ParseAddress(string(b))
	if err == nil {
		*a = parsed
	}
	return err
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isDotAtom: RFC 5322 3.2.3, with the UTF-8 of RFC 6532 3.2.
func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf {
			continue
		}
		if strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 {
			return false
		}
	}
	return true
}

// unquote undoes a whole quoted-string (RFC 5321 4.1.2).
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '"' {
			return "", false
		}
		if s[i] == '\\' {
			i++
			if i == len(s)-1 {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), true
}

// Mailbox is an address with the name shown beside it (RFC 5322 3.4), the name
// decoded to UTF-8.
type Mailbox struct {
	Name  string  `json:"name,omitempty"`
	Email Address `json:"email"`
}
