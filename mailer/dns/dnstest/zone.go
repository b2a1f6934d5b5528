package dnstest

import (
	"fmt"
	"maps"
	"strings"

	wire "github.com/miekg/dns"
)

const (
	defaultTTL = 300 // seconds
	maxAliases = 8
)

// zone is never changed once made, so that answers need no lock.
type zone struct {
	records map[string][]wire.RR // by canonical name
	exists  map[string]bool      // those names and all above them (RFC 8020)
}

// canonical gives a name as the zone knows it: lower-case, with its final dot
// and the one way to escape that the library has for what it receives.
func canonical(name string) string {
	name = wire.CanonicalName(name)
	buf := make([]byte, 256)
	if _, err := wire.PackDomainName(name, buf, 0, nil, false); err != nil {
		return name // no question will ever match it
	}
	same, _, err := wire.UnpackDomainName(buf, 0)
	if err != nil {
		return name
	}
	return same
}

func parse(text string) ([]wire.RR, error) {
	p := wire.NewZoneParser(strings.NewReader(text), ".", "")
	p.SetDefaultTTL(defaultTTL)
	var records []wire.RR
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		records = append(records, rr)
	}
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("read zone: %w", err)
	}
	return records, nil
}

// with replaces the records of every name and type that is in added.
func (z zone) with(added []wire.RR) zone {
	type set struct {
		name   string
		rrtype uint16
	}
	fresh := map[set]bool{}
	records := maps.Clone(z.records)
	if records == nil {
		records = map[string][]wire.RR{}
	}
	for _, rr := range added {
		key := set{canonical(rr.Header().Name), rr.Header().Rrtype}
		if !fresh[key] {
			fresh[key] = true
			records[key.name] = others(records[key.name], key.rrtype)
		}
		records[key.name] = append(records[key.name], rr)
	}
	return zone{records, existing(records)}
}

func (z zone) without(name string) zone {
	records := maps.Clone(z.records)
	delete(records, name)
	return zone{records, existing(records)}
}

// others gives a new list of the records that are not of the type.
func others(records []wire.RR, rrtype uint16) []wire.RR {
	var list []wire.RR
	for _, rr := range records {
		if rr.Header().Rrtype != rrtype {
			list = append(list, rr)
		}
	}
	return list
}

func existing(records map[string][]wire.RR) map[string]bool {
	exists := map[string]bool{".": true}
	for name := range records {
		for ; !exists[name]; name = parent(name) {
			exists[name] = true
		}
	}
	return exists
}

// parent cuts the first label off; nothing is above the root.
func parent(name string) string {
	if next, end := wire.NextLabel(name, 0); !end {
		return name[next:]
	}
	return "."
}

// answer fills in code, answer and authority (RFC 1034 4.3.2).
func (z zone) answer(reply *wire.Msg) {
	q := reply.Question[0]
	name := canonical(q.Name)
	for range maxAliases {
		alias := ""
		found := false
		for _, rr := range z.records[name] {
			cname, isAlias := rr.(*wire.CNAME)
			if rr.Header().Rrtype != q.Qtype && !isAlias {
				continue
			}
			reply.Answer = append(reply.Answer, rr)
			found = true
			if isAlias && q.Qtype != wire.TypeCNAME {
				alias = canonical(cname.Target)
			}
		}
		if alias == "" {
			z.negative(reply, name, found)
			return
		}
		name = alias
	}
	// A loop: recursive servers give up like this.
	reply.Answer, reply.Rcode = nil, wire.RcodeServerFailure
}

// negative says that there is nothing at the name, if so, and why.
func (z zone) negative(reply *wire.Msg, name string, found bool) {
	if found {
		return
	}
	if !z.exists[name] {
		reply.Rcode = wire.RcodeNameError
	}
	for {
		for _, rr := range z.records[name] {
			if rr.Header().Rrtype == wire.TypeSOA {
				reply.Ns = append(reply.Ns, rr)
				return
			}
		}
		if name == "." {
			return
		}
		name = parent(name)
	}
}

// TXT gives a line of zone text: a TXT record with any bytes of any length, cut
// into strings of at most 255 octets (RFC 1035 3.3.14).
func TXT(name, text string) string {
	var b strings.Builder
	b.WriteString(name + " TXT")
	for first := true; first || text != ""; first = false {
		n := min(len(text), 255)
		b.WriteString(` "`)
		for _, c := range []byte(text[:n]) {
			if c == '"' || c == '\\' || c < ' ' || c > '~' {
				fmt.Fprintf(&b, `\%03d`, c)
			} else {
				b.WriteByte(c)
			}
		}
		b.WriteString(`"`)
		text = text[n:]
	}
	b.WriteByte('\n')
	return b.String()
}
