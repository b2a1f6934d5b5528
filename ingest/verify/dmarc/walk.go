package dmarc

import (
	"errors"
	"fmt"
	"strings"
)

// keptLabels: from a name of eight labels or more the walk goes on with its last
// seven, so that nobody can make us ask more than eight names (RFC 9989 4.10).
const keptLabels = 7

// answer is what stands at one name.
type answer struct {
	record   *Record // nil none
	unusable error   // the record is there, but asks for nothing (ErrNoPolicy)
	several  bool    // more than one record: all discarded
	err      error   // it cannot be known now
}

// ask looks for the record of one domain, once in an evaluation.
func (e *evaluation) ask(domain string) answer {
	a, known := e.seen[domain]
	if known {
		return a
	}
	texts, err := e.lookup(e.ctx, "_dmarc."+domain)
	if err != nil && !errors.Is(err, ErrNoName) {
		a.err = fmt.Errorf("_dmarc.%s: %w", domain, err)
	} else if err == nil {
		a = read(texts)
	}
	e.seen[domain] = a
	return a
}

// read picks the DMARC record out of the texts at a name (RFC 9989 4.10 step 2).
func read(texts []string) answer {
	var a answer
	for _, txt := range texts {
		r, err := ParseRecord(txt)
		if errors.Is(err, ErrNotRecord) {
			continue
		}
		if a.record != nil {
			return answer{several: true}
		}
		a = answer{record: &r, unusable: err}
	}
	return a
}

// targets lists the names that a tree walk asks, longest first (RFC 9989 4.10
// steps 3, 4 and 7).
func targets(domain string) []string {
	names := []string{domain}
	labels := strings.Split(domain, ".")
	for i := max(1, len(labels)-keptLabels); i < len(labels); i++ {
		names = append(names, strings.Join(labels[i:], "."))
	}
	return names
}

// orgDomain finds the Organizational Domain by a tree walk (RFC 9989 4.10.2). The
// error says that a name on the way cannot be known now: whatever is there could
// change the answer.
func (e *evaluation) orgDomain(domain string) (string, error) {
	org := domain
	for i, name := range targets(domain) {
		a := e.ask(name)
		switch {
		case a.err != nil:
			return "", a.err
		case a.record == nil:
			continue
		case a.record.PSD == "y" && i > 0:
			return below(name, domain), nil
		}
		org = name
		if a.record.PSD != "u" {
			break
		}
	}
	return org, nil
}

// authorOrg is orgDomain for the author domain, remembered.
func (e *evaluation) authorOrg() (string, error) {
	if e.org != "" {
		return e.org, nil
	}
	org, err := e.orgDomain(e.author)
	e.org = org
	return org, err
}

// policyDomain finds the domain whose record applies where the author domain has
// none: its Organizational Domain, or else the public suffix right above that
// (RFC 9989 4.10.1). "" where there is no record.
func (e *evaluation) policyDomain() (string, error) {
	org, err := e.authorOrg()
	if err != nil {
		return "", err
	}
	if e.seen[org].record != nil {
		return org, nil
	}
	_, above, _ := strings.Cut(org, ".")
	if psd := e.seen[above].record; psd != nil && psd.PSD == "y" {
		return above, nil
	}
	return "", nil
}

// aligned finds an identifier that aligns with the author domain, which has a
// record (RFC 9989 4.4, 4.10.2). The error says that one of them may align, but
// that cannot be known now; it comes only if none is known to.
func (e *evaluation) aligned(ids []string, strict bool) (string, error) {
	if id := identical(e.author, ids); id != "" || strict {
		return id, nil
	}
	var unknown error
	walks := 0
	for _, id := range ids {
		// An Organizational Domain is the name itself or one above it: names that
		// do not share the top label cannot share one, and need no lookups.
		if top(id) != top(e.author) {
			continue
		}
		org, err := e.authorOrg()
		if err != nil {
			return "", err
		}
		if !within(id, org) {
			continue
		}
		if walks++; walks > maxWalks {
			break
		}
		switch other, err := e.orgDomain(id); {
		case err != nil:
			unknown = err
		case other == org:
			return id, nil
		}
	}
	return "", unknown
}

// identical finds the author domain among identifiers: strict alignment.
func identical(author string, ids []string) string {
	for _, id := range ids {
		if id == author {
			return id
		}
	}
	return ""
}

// below is the domain one label below a name, on the way down to a domain.
func below(name, domain string) string {
	inner := strings.TrimSuffix(domain, "."+name)
	return domain[strings.LastIndexByte(inner, '.')+1:]
}

// within tells whether a domain is a name or below it.
func within(domain, name string) bool {
	return domain == name || strings.HasSuffix(domain, "."+name)
}

func top(domain string) string { return domain[strings.LastIndexByte(domain, '.')+1:] }
