package dmarc

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Record is a DMARC Policy Record (RFC 9989 4.7).
type Record struct {
	P, SP, NP             Policy // SP and NP are "" where absent
	DKIMStrict, SPFStrict bool   // adkim=s, aspf=s
	PSD                   string // "y", "n" or "u", the default
	Testing               bool   // t=y
	// Percent is pct of RFC 7489, 0 to 100, 100 where absent. RFC 9989 took it
	// out: it is shown to people and changes nothing.
	Percent int
	RUA     []string // the usable ones of the addresses for reports
}

var (
	// ErrNotRecord: the text does not begin with v=DMARC1, so it is not about us.
	ErrNotRecord = errors.New("not a DMARC record")
	// ErrNoPolicy: a record without a valid p, or with an invalid sp or np, and
	// with no usable rua that would make it p=none (RFC 9989 4.10.1).
	ErrNoPolicy = errors.New("no valid policy, and no address for reports")
)

// ParseRecord reads the text of one TXT record. With ErrNoPolicy the Record
// holds the rest of the tags: it asks for nothing, but is still there for the
// tree walk.
func ParseRecord(txt string) (Record, error) {
	version, rest, _ := strings.Cut(txt, ";")
	name, value, _ := tag(version)
	if name != "v" || value != "DMARC1" {
		return Record{}, ErrNotRecord
	}
	r := Record{PSD: "u", Percent: 100}
	valid := map[string]bool{}
	for t := range strings.SplitSeq(rest, ";") {
		name, value, ok := tag(t)
		if _, again := valid[name]; !ok || again {
			continue // a syntax error is discarded; of a tag said twice the first counts
		}
		valid[name] = r.set(name, value)
	}
	sp, hasSP := valid["sp"]
	np, hasNP := valid["np"]
	if valid["p"] && (sp || !hasSP) && (np || !hasNP) {
		return r, nil
	}
	r.P, r.SP, r.NP = PolicyNone, "", ""
	if len(r.RUA) == 0 {
		return r, ErrNoPolicy
	}
	return r, nil
}

// tag splits "name = value". Names are case-insensitive, as literals in ABNF are
// (RFC 5234 2.3).
func tag(s string) (name, value string, ok bool) {
	const space = " \t\r\n"
	name, value, ok = strings.Cut(s, "=")
	return strings.ToLower(strings.Trim(name, space)), strings.Trim(value, space), ok
}

// set takes one tag over and tells whether its value is a valid one. Unknown
// tags are ignored, invalid values leave the default (RFC 9989 4.8).
func (r *Record) set(name, value string) bool {
	word := strings.ToLower(value)
	switch name {
	case "p":
		return setPolicy(&r.P, word)
	case "sp":
		return setPolicy(&r.SP, word)
	case "np":
		return setPolicy(&r.NP, word)
	case "adkim":
		r.DKIMStrict = word == "s"
	case "aspf":
		r.SPFStrict = word == "s"
	case "t":
		r.Testing = word == "y"
	case "psd":
		if word == "y" || word == "n" {
			r.PSD = word
		}
	case "pct":
		if n, err := strconv.ParseUint(value, 10, 8); err == nil && n <= 100 {
			r.Percent = int(n)
		}
	case "rua":
		r.RUA = reportURIs(value)
	}
	return true
}

func setPolicy(p *Policy, word string) bool {
	switch v := Policy(word); v {
	case PolicyNone, Quarantine, Reject:
		*p = v
		return true
	}
	return false
}

// reportURIs gives the syntactically valid ones of a list of URIs (RFC 9989
// 4.6), without the size that RFC 7489 let follow a "!".
func reportURIs(list string) []string {
	var uris []string
	for s := range strings.SplitSeq(list, ",") {
		s, _, _ = strings.Cut(strings.TrimSpace(s), "!")
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" {
			continue
		}
		if u.Scheme == "mailto" && !strings.Contains(u.Opaque, "@") {
			continue
		}
		uris = append(uris, s)
	}
	return uris
}
