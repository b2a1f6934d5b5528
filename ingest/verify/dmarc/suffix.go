package dmarc

import "golang.org/x/net/publicsuffix"

// Aligned finds a domain that is in relaxed alignment with the domain in From by
// the public suffix list, "" if none is: both belong to the same registered
// domain. It is for mail to which no DMARC record applies (Status None); where
// there is one, Evaluate has found the alignment by the tree walk.
func Aligned(from string, ids ...string) string {
	author, ok := canonical(from)
	if !ok {
		return ""
	}
	org := registered(author)
	for _, id := range domains(ids) {
		if registered(id) == org {
			return id
		}
	}
	return ""
}

// registered is the domain one label below the public suffix. A public suffix
// stands for itself only: two of its customers are strangers to each other.
func registered(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return org
}
