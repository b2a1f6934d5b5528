package main

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"casegate/ingest/scan"
	"casegate/mailer"
)

// submissionConfig is the door for people and scripts that sign in.
type submissionConfig struct {
	Listen    string `toml:"listen"`
	TLSListen string `toml:"tls_listen"`
}

// lmtpConfig is the door for an MTA in front of us.
type lmtpConfig struct {
	Socket string `toml:"socket"`
}

// acmeConfig says where certificates come from if not from files.
type acmeConfig struct {
	AcceptTerms  bool   `toml:"accept_terms"`
	Email        string `toml:"email"`
	DirectoryURL string `toml:"directory_url"`
	Listen       string `toml:"listen"`
}

// checksConfig says who looks into mails.
type checksConfig struct {
	Rspamd             string `toml:"rspamd"`
	RspamdPassword     secret `toml:"rspamd_password"`
	RspamdPasswordFile string `toml:"rspamd_password_file"`
	ClamAV             string `toml:"clamav"`
	OnFailure          string `toml:"on_failure"`
	TimeoutSeconds     int    `toml:"timeout_seconds"`
}

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

func defaultACME() acmeConfig { return acmeConfig{DirectoryURL: letsEncrypt, Listen: ":80"} }

func defaultChecks() checksConfig {
	return checksConfig{OnFailure: string(scan.Defer), TimeoutSeconds: 30}
}

// hasTLS tells whether the doors have a certificate, or will have one.
func (c *config) hasTLS() bool { return c.SMTP.TLSCert != "" || c.ACME.AcceptTerms }

// checkTLS reads the certificate too, so that a broken one is found before the
// daemon that works with the old one is stopped.
func (c *config) checkTLS(bad *complaints) {
	files := c.SMTP.TLSCert != "" || c.SMTP.TLSKey != ""
	if files {
		c.checkPair(bad)
	}
	switch {
	case files && c.ACME.AcceptTerms:
		bad.add("acme.accept_terms", "there is a certificate in smtp.tls_cert already: leave one of the two out")
	case c.ACME.Email != "" && !c.ACME.AcceptTerms:
		bad.add("acme.accept_terms", "must be true to get certificates: read the terms of service of %s first", c.ACME.DirectoryURL)
	}
	if c.ACME.Email != "" {
		if _, err := mailer.ParseAddress(c.ACME.Email); err != nil {
			bad.add("acme.email", "%q is not a mail address", c.ACME.Email)
		}
	}
	if u, err := url.Parse(c.ACME.DirectoryURL); err != nil || u.Scheme != "https" || u.Host == "" {
		bad.add("acme.directory_url", "%q is not the address of an ACME server: want one such as %q", c.ACME.DirectoryURL, letsEncrypt)
	}
	listenAddress(bad, "acme.listen", c.ACME.Listen)
}

// checkPair reads the certificate and its key.
func (c *config) checkPair(bad *complaints) {
	cert, key := c.SMTP.TLSCert, c.SMTP.TLSKey
	switch {
	case cert == "":
		bad.add("smtp.tls_cert", "is missing beside tls_key: name the file with the certificate chain")
		return
	case key == "":
		bad.add("smtp.tls_key", "is missing beside tls_cert: name the file with the certificate's key")
		return
	case readableByAll(key):
		bad.add("smtp.tls_key", "everybody on this machine can read %s: chmod 640 it", key)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		bad.add("smtp.tls_cert", "no certificate with its key can be read from it and smtp.tls_key: %v", err)
		return
	}
	if text := wrongNames(pair.Leaf, c.Hostname); text != "" && c.Hostname != "" {
		c.warnings = append(c.warnings, bad.file.errorAt([]string{"smtp", "tls_cert"}, "the certificate %s", text).Error())
	}
}

// checkDoors checks the doors beside SMTP.
func (c *config) checkDoors(bad *complaints) {
	for _, door := range []struct{ key, address string }{
		{"submission.listen", c.Submission.Listen}, {"submission.tls_listen", c.Submission.TLSListen},
	} {
		if door.address == "" {
			continue
		}
		listenAddress(bad, door.key, door.address)
		if !c.hasTLS() {
			bad.add(door.key, "needs a certificate, as passwords are not taken unencrypted: set smtp.tls_cert and smtp.tls_key, or [acme]")
		}
	}
	c.checkSocket(bad)
}

// lmtpSocket is where LMTP listens; "" for nowhere.
func (c *config) lmtpSocket() string {
	if c.LMTP.Socket == "" || filepath.IsAbs(c.LMTP.Socket) {
		return c.LMTP.Socket
	}
	return filepath.Join(c.Data, c.LMTP.Socket)
}

// checkFrontHops reads the networks of MTAs in front of us. Whether the From of
// a mail is believed must not depend on which list is looked at first.
func (c *config) checkFrontHops(bad *complaints) {
	c.fronts = networks(bad, "smtp.front_hops", c.SMTP.FrontHops, "no client would ever be told that its mail is refused")
	for _, front := range c.fronts {
		for _, trusted := range c.trusted {
			if front.Overlaps(trusted) {
				bad.add("smtp.front_hops", "%q overlaps %q of trusted_networks: a trusted network's own people write what it sends, "+
					"and their From is believed; what a front hop passes on was written by anybody", front, trusted)
			}
		}
	}
}

// networks reads a list of networks; whole is why it must not hold all addresses.
func networks(bad *complaints, key string, list []string, whole string) (all []netip.Prefix) {
	for _, text := range list {
		network, err := parseNetwork(text)
		switch {
		case err != nil:
			bad.add(key, "%q is not a network: want one such as 192.0.2.0/24 or 2001:db8::/32", text)
		case network != network.Masked():
			bad.add(key, "%q is an address within a network: write %q for the network, or %q for that address alone",
				text, network.Masked(), network.Addr())
		case network.Bits() == 0:
			bad.add(key, "%q is the whole internet: %s", text, whole)
		default:
			all = append(all, network)
		}
	}
	return all
}

func (c *config) checkChecks(bad *complaints) {
	k := &c.Checks
	oneOf(bad, "checks.on_failure", k.OnFailure, string(scan.Defer), string(scan.Accept))
	between(bad, "checks.timeout_seconds", k.TimeoutSeconds, 1, 300)
	if k.Rspamd != "" {
		u, err := url.Parse(k.Rspamd)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			bad.add("checks.rspamd", `is not the address of an rspamd: want one such as "http://127.0.0.1:11333"`)
		}
	}
	if a := k.ClamAV; a != "" && !filepath.IsAbs(a) {
		if host, p, err := net.SplitHostPort(a); err != nil || host == "" || strings.Contains(host, "/") {
			bad.add("checks.clamav", `%q is neither the path of a socket, from "/" on, nor one such as "127.0.0.1:3310"`, a)
		} else {
			port(bad, "checks.clamav", p)
		}
	}
	c.readRspamdPassword(bad)
}

// readRspamdPassword fills RspamdPassword from its file, if that is named.
func (c *config) readRspamdPassword(bad *complaints) {
	k := &c.Checks
	switch {
	case k.RspamdPassword == "" && k.RspamdPasswordFile == "":
	case k.Rspamd == "":
		bad.add("checks.rspamd", "is missing beside the password")
	case k.RspamdPassword != "" && k.RspamdPasswordFile != "":
		bad.add("checks.rspamd_password", "set only one of rspamd_password and rspamd_password_file")
	case k.RspamdPasswordFile != "":
		password, err := readSecretFile(k.RspamdPasswordFile)
		if err != nil {
			bad.add("checks.rspamd_password_file", "%v", err)
		}
		k.RspamdPassword = password
	case readableByAll(c.file):
		bad.add("checks.rspamd_password", "everybody on this machine can read this file: chmod 640 %s, or use rspamd_password_file", c.file)
	}
}

func readableByAll(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().Perm()&0o004 != 0
}

// scanners are the content checks; nil for none.
func (c *config) scanners() *scan.Scanners {
	timeout := time.Duration(c.Checks.TimeoutSeconds) * time.Second
	s := &scan.Scanners{OnFailure: scan.Policy(c.Checks.OnFailure), Timeout: timeout}
	if c.Checks.Rspamd != "" {
		s.List = append(s.List, &scan.Rspamd{URL: c.Checks.Rspamd, Password: string(c.Checks.RspamdPassword), Timeout: timeout})
	}
	if c.Checks.ClamAV != "" {
		// Whatever the doors take is sent: it is clamd's to refuse what it does
		// not, and the policy's what then becomes of the mail.
		s.List = append(s.List, &scan.ClamAV{Address: c.Checks.ClamAV, MaxSize: c.maxSize(), Timeout: timeout})
	}
	if len(s.List) == 0 {
		return nil
	}
	return s
}
