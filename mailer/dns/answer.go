package dns

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	wire "github.com/miekg/dns"
)

const (
	// maxRecords bounds what a domain can make us look at. With it, a packet's
	// 64 KiB bound an answer in octets.
	maxRecords = 100
	// maxAliases is how many CNAMEs are followed, all within one answer.
	maxAliases = 16

	minTTL      = time.Second
	maxTTL      = time.Hour
	maxNegative = 5 * time.Minute
)

var (
	errMany     = fmt.Errorf("more than %d records", maxRecords)
	errLoop     = errors.New("loop of CNAMEs")
	errRecord   = errors.New("malformed record")
	errCount    = errors.New("fewer records than announced")
	errReferral = errors.New("referred elsewhere: the server is not recursive")
)

// answer is what a question gave. Lists are shared by all who asked: copy them.
type answer struct {
	texts []string // TXT, PTR
	mx    []MX
	addrs []netip.Addr // A, AAAA
	err   error        // wraps ErrNoName or ErrTemporary
	ttl   time.Duration
}

// size estimates the memory it takes, in octets.
func (a answer) size() int {
	n := 200 + 16*len(a.texts) + 24*(len(a.mx)+len(a.addrs))
	for _, s := range a.texts {
		n += len(s)
	}
	for _, mx := range a.mx {
		n += len(mx.Host)
	}
	return n
}

// read makes an answer of a packet that replies to the question. Only the answer
// section is believed; of the authority section nothing but how long a "no"
// holds. An error means the packet does not answer.
func read(packet []byte, q question) (answer, error) {
	const ancount = 6
	records := int(binary.BigEndian.Uint16(packet[ancount:]))
	if records > maxRecords {
		return answer{}, errMany
	}
	var m wire.Msg
	if err := m.Unpack(packet); err != nil {
		return answer{}, fmt.Errorf("malformed: %w", err)
	}
	switch {
	case len(m.Answer) != records:
		return answer{}, errCount // the parser forgives it
	case m.Rcode == wire.RcodeNameError:
		return answer{err: q.wrap(ErrNoName, "NXDOMAIN"), ttl: negativeTTL(m.Ns)}, nil
	case m.Rcode != wire.RcodeSuccess:
		return answer{}, fmt.Errorf("code %d %s", m.Rcode, wire.RcodeToString[m.Rcode])
	case records == 0 && referral(&m):
		return answer{}, errReferral
	}
	return collect(&m, q)
}

// collect takes the records of the name that the question's CNAMEs lead to.
func collect(m *wire.Msg, q question) (answer, error) {
	a := answer{ttl: maxTTL}
	owner, err := a.follow(m)
	if err != nil {
		return answer{}, err
	}
	found := false
	for _, rr := range m.Answer {
		if !owns(owner, rr, q.qtype) {
			continue
		}
		if !a.add(rr) {
			return answer{}, errRecord
		}
		found = true
		a.ttl = min(a.ttl, ttl(rr))
	}
	if !found {
		a.ttl = min(a.ttl, negativeTTL(m.Ns))
	}
	a.ttl = max(a.ttl, minTTL)
	slices.SortStableFunc(a.mx, func(x, y MX) int { return cmp.Compare(x.Preference, y.Preference) })
	return a, nil
}

// follow gives the name at the end of the answer's CNAMEs. A recursive server
// has put all of them there (RFC 1034 5.3.1).
func (a *answer) follow(m *wire.Msg) (owner string, err error) {
	owner = m.Question[0].Name
	for range maxAliases {
		i := slices.IndexFunc(m.Answer, func(rr wire.RR) bool { return owns(owner, rr, wire.TypeCNAME) })
		if i < 0 {
			return owner, nil
		}
		alias, ok := m.Answer[i].(*wire.CNAME)
		if !ok || alias.Target == "" {
			return "", errRecord
		}
		owner = alias.Target
		a.ttl = min(a.ttl, ttl(alias))
	}
	return "", errLoop
}

func owns(name string, rr wire.RR, rrtype uint16) bool {
	h := rr.Header()
	return h.Rrtype == rrtype && h.Class == wire.ClassINET && strings.EqualFold(h.Name, name)
}

// add takes one record in. It is false for one whose data are missing: the
// parser takes them for those of an update (RFC 2136 2.4), which have none.
func (a *answer) add(rr wire.RR) bool {
	switch rr := rr.(type) {
	case *wire.TXT:
		if len(rr.Txt) == 0 {
			return false
		}
		a.texts = append(a.texts, unescape(strings.Join(rr.Txt, "")))
	case *wire.PTR:
		if name, ok := hostName(rr.Ptr); ok {
			a.texts = append(a.texts, name)
		}
		return rr.Ptr != ""
	case *wire.MX:
		if name, ok := hostName(rr.Mx); ok {
			a.mx = append(a.mx, MX{name, rr.Preference})
		}
		return rr.Mx != ""
	case *wire.A:
		return a.addAddr(rr.A.To4())
	case *wire.AAAA:
		return a.addAddr(rr.AAAA)
	default:
		return false
	}
	return true
}

func (a *answer) addAddr(ip []byte) bool {
	addr, ok := netip.AddrFromSlice(ip)
	if ok {
		a.addrs = append(a.addrs, addr)
	}
	return ok
}

// hostName gives a name as Resolver takes them. Names that need an escape are
// no host's (RFC 1123 2.1) and could be mistaken for another, so they are left out.
func hostName(name string) (string, bool) {
	if strings.ContainsRune(name, '\\') {
		return "", false
	}
	if name == "." {
		return name, true
	}
	return lower(strings.TrimSuffix(name, ".")), true
}

// unescape undoes what the parser does to the bytes of a text: \" \\ and \DDD.
func unescape(s string) string {
	if !strings.ContainsRune(s, '\\') {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if i+2 < len(s) && '0' <= s[i] && s[i] <= '9' {
			b = append(b, (s[i]-'0')*100+(s[i+1]-'0')*10+(s[i+2]-'0'))
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func ttl(rr wire.RR) time.Duration { return time.Duration(rr.Header().Ttl) * time.Second }

// negativeTTL is how long a "no" holds (RFC 2308 5). Without a SOA it should
// not be remembered at all; the shortest time is close enough.
func negativeTTL(authority []wire.RR) time.Duration {
	for _, rr := range authority {
		if soa, ok := rr.(*wire.SOA); ok {
			minimum := time.Duration(soa.Minttl) * time.Second
			return max(minTTL, min(minimum, ttl(soa), maxNegative))
		}
	}
	return minTTL
}

// referral tells an answer "ask those servers" from "no such records": both have
// an empty answer section (RFC 2308 2.2).
func referral(m *wire.Msg) bool {
	has := func(rrtype uint16) bool {
		return slices.ContainsFunc(m.Ns, func(rr wire.RR) bool { return rr.Header().Rrtype == rrtype })
	}
	return !m.Authoritative && has(wire.TypeNS) && !has(wire.TypeSOA)
}
