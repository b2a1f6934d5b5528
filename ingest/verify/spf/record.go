package spf

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"strings"
)

const version = "v=spf1"

var (
	errSeveral = errors.New("publishes several SPF records")
	errDomain  = errors.New("malformed or missing domain")
	errNetwork = errors.New("malformed address or prefix length")
)

// choose finds the one record among a domain's texts; "" is none (RFC 7208 4.5).
// Texts that are none may hold anything.
func choose(texts []string) (string, error) {
	record := ""
	for _, text := range texts {
		n := len(version)
		if len(text) < n || !strings.EqualFold(text[:n], version) || len(text) > n && text[n] != ' ' {
			continue
		}
		if record != "" {
			return "", errSeveral
		}
		record = text
	}
	return record, nil
}

// terms gives the terms of a record one by one. A record is never held parsed:
// one of 64 KiB can have 32,000 terms, and ten such can include each other.
func terms(record string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for term := range strings.SplitSeq(record[len(version):], " ") {
			if term != "" && !yield(term) {
				return
			}
		}
	}
}

// inspect checks the syntax of a whole record, since an error in any place makes
// all of it void (4.6). It gives the domain-spec of redirect; "" is none.
func inspect(record string) (redirect string, err error) {
	explained := false
	for term := range terms(record) {
		var err error
		name, value, ok := cutModifier(term)
		switch {
		case !ok:
			_, err = parseDirective(term)
		case name == "redirect" && redirect != "", name == "exp" && explained:
			err = errors.New("given twice") // 6
		case name == "redirect":
			redirect, err = value, checkDomainSpec(value)
		case name == "exp":
			explained, err = true, checkDomainSpec(value)
		default:
			err = checkMacroString(value)
		}
		if err != nil {
			return "", fmt.Errorf("term %.100q: %w", term, err)
		}
	}
	return redirect, nil
}

// cutModifier splits name "=" value. What tells a modifier from a mechanism is
// that "=" comes before any ":" or "/" (4.6.1), neither of which a name can hold.
func cutModifier(term string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(term, "=")
	if !ok || name == "" || !isAlpha(name[0]) {
		return "", "", false
	}
	for i := range len(name) {
		if c := name[i]; !isAlphanum(c) && c != '-' && c != '_' && c != '.' {
			return "", "", false
		}
	}
	return strings.ToLower(name), value, true
}

// directive is a mechanism and the result that its match gives.
type directive struct {
	result       Status
	name         string       // of the mechanism, in lower case
	spec         string       // domain-spec; "" is the domain whose record it is
	network      netip.Prefix // of ip4 and ip6
	bits4, bits6 int          // prefix lengths of a and mx
}

// parseDirective reads a directive (12). No check for characters beyond printable
// ASCII is needed before: no production can hold them.
func parseDirective(term string) (directive, error) {
	d := directive{bits4: 32, bits6: 128}
	d.result, term = cutQualifier(term)
	end := strings.IndexAny(term, ":/")
	if end < 0 {
		end = len(term)
	}
	d.name = strings.ToLower(term[:end])
	arg := term[end:]
	var err error
	switch d.name {
	case "all":
		if arg != "" {
			err = errors.New("all takes nothing")
		}
	case "include", "exists":
		err = d.parseDomain(arg)
	case "a", "mx":
		if arg, err = d.cutLengths(arg); err == nil && arg != "" {
			err = d.parseDomain(arg)
		}
	case "ptr":
		if arg != "" {
			err = d.parseDomain(arg)
		}
	case "ip4":
		err = d.parseNetwork(arg, 32)
	case "ip6":
		err = d.parseNetwork(arg, 128)
	default:
		err = errors.New("no such mechanism")
	}
	return d, err
}

func cutQualifier(term string) (Status, string) {
	switch term[0] {
	case '+':
		return Pass, term[1:]
	case '-':
		return Fail, term[1:]
	case '~':
		return SoftFail, term[1:]
	case '?':
		return Neutral, term[1:]
	}
	return Pass, term
}

func (d *directive) parseDomain(arg string) error {
	spec, ok := strings.CutPrefix(arg, ":")
	if !ok {
		return errDomain
	}
	d.spec = spec
	return checkDomainSpec(spec)
}

// cutLengths takes dual-cidr-length off the end. The domain before it may hold
// slashes and end in digits, but not end in both: so the lengths begin at the
// first slash of those.
func (d *directive) cutLengths(arg string) (string, error) {
	start := len(strings.TrimRight(arg, "0123456789/"))
	slash := strings.IndexByte(arg[start:], '/')
	if slash < 0 {
		return arg, nil
	}
	arg, lengths := arg[:start+slash], arg[start+slash:]
	v4, v6, dual := strings.Cut(lengths, "//")
	var err error
	if v4 != "" {
		d.bits4, err = parseLength(v4[1:], 32)
	}
	if dual && err == nil {
		d.bits6, err = parseLength(v6, 128)
	}
	return arg, err
}

// parseLength reads a prefix length, which has no leading zero.
func parseLength(s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most || strconv.Itoa(n) != s {
		return 0, errNetwork
	}
	return n, nil
}

// parseNetwork reads the argument of ip4 (32 bits) and ip6 (128). A network of
// IPv4-mapped addresses is one of ip6, and so matches no client (5).
func (d *directive) parseNetwork(arg string, bits int) error {
	arg, ok := strings.CutPrefix(arg, ":")
	text, length, short := strings.Cut(arg, "/")
	addr, err := netip.ParseAddr(text)
	if !ok || err != nil || addr.BitLen() != bits || addr.Zone() != "" {
		return errNetwork
	}
	if short {
		bits, err = parseLength(length, bits)
	}
	d.network = netip.PrefixFrom(addr, bits)
	return err
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isAlphanum(c byte) bool { return isAlpha(c) || '0' <= c && c <= '9' }
