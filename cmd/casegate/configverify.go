package main

import (
	"net/netip"
	"slices"

	"casegate/mailer"
)

// verifyConfig says whom to ask, and whom to believe, about who wrote a mail.
type verifyConfig struct {
	Resolvers      []string `toml:"resolvers"`
	TrustedSealers []string `toml:"trusted_sealers"`
	AuthservIDs    []string `toml:"authserv_ids"`
	GoogleGroups   []string `toml:"google_groups"`
}

func defaultVerify() verifyConfig {
	return verifyConfig{Resolvers: []string{}, TrustedSealers: []string{}, AuthservIDs: []string{}, GoogleGroups: []string{}}
}

func (c *config) checkVerify(bad *complaints) {
	for _, s := range c.Verify.Resolvers {
		if _, err := netip.ParseAddrPort(s); err != nil {
			bad.add("verify.resolvers", "%q is not an address with a port: want one such as 127.0.0.1:53", s)
		}
	}
	domains := func(key string, names []string) {
		for _, s := range names {
			if a, err := mailer.NewAddress("x", s); err != nil || a.Domain != s {
				bad.add(key, "%q is not a lower-case domain name", s)
			}
		}
	}
	domains("verify.trusted_sealers", c.Verify.TrustedSealers)
	domains("verify.authserv_ids", c.Verify.AuthservIDs)
	if slices.Contains(c.Verify.AuthservIDs, c.Hostname) {
		bad.add("verify.authserv_ids", "%q is our own hostname, under which we write: a field that comes in with it was written by nobody we know", c.Hostname)
	}
	for _, s := range c.Verify.GoogleGroups {
		a, err := mailer.ParseAddress(s)
		if err != nil {
			bad.add("verify.google_groups", "%q is not a mail address", s)
		}
		c.groups = append(c.groups, a)
	}
}
