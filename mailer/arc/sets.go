package arc

import (
	"errors"
	"fmt"
	"strings"

	"casegate/mailer/dkim"
)

// The fields of a set, in the order in which a seal signs them (RFC 8617 5.1.1).
const (
	results = iota
	message
	seal
	kinds
)

var names = [kinds]string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"}

// link is a set with the positions of its fields in the mail.
type link struct {
	set Set
	at  [kinds]int
}

var (
	errInstance = errors.New("no instance from 1 to 50")
	errSets     = errors.New("the chain does not have each field of each set once")
)

// collect finds the sets of a mail, from the oldest. Each instance from 1 to N
// must have each field exactly once (RFC 8617 5.2 step 3).
func collect(v *dkim.Verifier) ([]link, error) {
	var found [kinds][]int
	for kind, name := range names {
		found[kind] = v.Named(strings.ToLower(name))
	}
	n := len(found[seal])
	if len(found[results]) != n || len(found[message]) != n {
		return nil, errSets
	}
	if n > MaxSets {
		return nil, fmt.Errorf("the chain has more than %d sets", MaxSets)
	}
	links := make([]link, n)
	for i := range links {
		links[i] = link{set: Set{Instance: i + 1}, at: [kinds]int{-1, -1, -1}}
	}
	for kind, positions := range found {
		for _, at := range positions {
			if err := place(links, kind, at, v.Field(at).Raw); err != nil {
				return nil, err
			}
		}
	}
	return links, nil
}

// place puts a field into the set that it says it is of, which has none of its
// kind yet. There are as many fields of a kind as sets, so that none is left over
// and none is missing.
func place(links []link, kind, at int, raw []byte) error {
	instance, text, domain, err := read(kind, raw)
	if err != nil {
		return fmt.Errorf("%s: %w", names[kind], err)
	}
	if instance > len(links) || links[instance-1].at[kind] >= 0 {
		return errSets
	}
	l := &links[instance-1]
	l.at[kind] = at
	switch kind {
	case results:
		l.set.AuthResults = text
	case seal:
		l.set.CV, l.set.Domain = text, domain
	}
	return nil
}

// read reads of a field what its set needs: the instance, and the results or cv=
// with d=.
func read(kind int, raw []byte) (instance int, text, domain string, err error) {
	if kind == results {
		instance, text, err = readResults(raw)
		return instance, text, "", err
	}
	tags, err := dkim.FieldTags(raw)
	if err != nil {
		return 0, "", "", err
	}
	i, _ := tags.Get("i")
	text, _ = tags.Get("cv")
	d, _ := tags.Get("d")
	domain, _ = dkim.DomainName(d)
	instance, err = readInstance(i)
	return instance, text, domain, err
}

// readInstance reads a number from 1 to MaxSets.
func readInstance(digits string) (int, error) {
	n := 0
	for i := 0; i < len(digits); i++ {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, errInstance
		}
		if n = 10*n + int(c-'0'); n > MaxSets {
			return 0, errInstance
		}
	}
	if n == 0 {
		return 0, errInstance
	}
	return n, nil
}

// readResults reads an ARC-Authentication-Results, "i=1; mx.example; spf=pass"
// (RFC 8617 4.1.1): its instance, and what follows the semicolon. Comments may
// stand between the words.
func readResults(raw []byte) (instance int, value string, err error) {
	_, text, _ := strings.Cut(string(raw), ":")
	for _, word := range []string{"i", "="} {
		rest, ok := strings.CutPrefix(skipCFWS(text), word)
		if !ok {
			return 0, "", errInstance
		}
		text = rest
	}
	text = skipCFWS(text)
	end := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if instance, err = readInstance(text[:end]); err != nil {
		return 0, "", err
	}
	text, ok := strings.CutPrefix(skipCFWS(text[end:]), ";")
	if !ok {
		return 0, "", errors.New("no semicolon behind the instance")
	}
	return instance, strings.Trim(text, " \t\r\n"), nil
}

// skipCFWS skips white space, line ends and comments, RFC 5322 3.2.2. A comment
// that does not end is not skipped.
func skipCFWS(s string) string {
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(':
			if depth == 0 {
				start = i
			}
			depth++
		case depth > 0 && c == ')':
			depth--
		case depth > 0 && c == '\\':
			i++
		case depth == 0 && !strings.ContainsRune(" \t\r\n", rune(c)):
			return s[i:]
		}
	}
	if depth > 0 {
		return s[start:]
	}
	return ""
}
