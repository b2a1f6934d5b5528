package dns

import (
	"fmt"
	"strings"

	wire "github.com/miekg/dns"
)

// Limits of names (RFC 1035 2.3.4). maxName is for text: on the wire there is
// one length octet more than there are dots, and the root's.
const (
	maxName  = 253
	maxLabel = 63
)

// question is what is asked, and the key under which an answer is remembered.
type question struct {
	name  string // as Resolver takes it, lower-case, without the final dot
	qtype uint16
}

// newQuestion checks a name before anybody is asked for it. SPF macros and
// DKIM selectors let a stranger write any bytes here.
func newQuestion(name string, qtype uint16) (question, error) {
	q := question{strings.TrimSuffix(name, "."), qtype}
	if why := fault(q.name); why != "" {
		return q, q.wrap(ErrNoName, why)
	}
	q.name = lower(q.name)
	return q, nil
}

// fault says why a name cannot exist; "" if it can.
func fault(name string) string {
	if len(name) > maxName {
		return "longer than 253 octets"
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' {
			continue
		}
		if i == start {
			return "empty label"
		}
		if i-start > maxLabel {
			return "label longer than 63 octets"
		}
		start = i + 1
	}
	return ""
}

// lower folds ASCII only (RFC 4343 3): other bytes of a name have no case, and
// need not be UTF-8.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// packed gives the question as a packet. Its id is zero: each try has its own.
func (q question) packed() ([]byte, error) {
	var m wire.Msg
	m.SetQuestion(q.presentation(), q.qtype)
	m.Id = 0
	m.SetEdns0(udpSize, false)
	return m.Pack()
}

// presentation gives the name in the form of zone files (RFC 1035 5.1), where
// some bytes have a meaning and need an escape to have none.
func (q question) presentation() string {
	if q.name == "" {
		return "." // the root
	}
	var b strings.Builder
	for i := range len(q.name) {
		switch c := q.name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	b.WriteByte('.')
	return b.String()
}

// String gives it for errors and as a key; different questions never have the same.
func (q question) String() string {
	return fmt.Sprintf("%s %q", wire.TypeToString[q.qtype], q.name)
}

func (q question) wrap(kind error, why string) error {
	return fmt.Errorf("look up %s: %w: %s", q, kind, why)
}

func (q question) temporary(cause error) error {
	return fmt.Errorf("look up %s: %w: %w", q, ErrTemporary, cause)
}
