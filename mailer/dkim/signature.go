package dkim

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"casegate/mailer"
)

// form is one of the three signatures that are made alike.
type form int

const (
	dkimSignature form = iota
	arcMessageSignature
	arcSeal
)

// maxField bounds a signature field, in octets. Real ones have about one thousand.
const maxField = 64 << 10

// signature is a signature field taken apart.
type signature struct {
	raw  []byte
	tags Tags
	form form

	algorithm        string
	domain, selector string // lower-case ASCII
	b                []byte
	time, expires    time.Time // zero: not given

	// Of signatures over the mail only.
	bh           []byte
	signed       []string // h=, lower case
	header, body canonicalization
	limited      bool   // l= is there
	auid         string // i=, of DKIM only
	auidDomain   string // what is behind its @, lower-case ASCII
}

// parse reads a signature field. With an error the signature holds what could be
// read before it.
func parse(f Field, form form) (*signature, error) {
	s := &signature{raw: f.Raw, form: form, header: relaxed}
	if len(f.Raw) > maxField {
		return s, malformed("the signature field is larger than 64 KiB")
	}
	var err error
	if s.tags, err = FieldTags(f.Raw); err != nil {
		return s, malformed(err.Error())
	}
	steps := []func() error{s.readNames, s.readAlgorithm, s.readTimes, s.readMessage, s.readAUID, s.checkForm}
	if form == arcSeal {
		steps = []func() error{s.readNames, s.readAlgorithm, s.readTimes, s.checkForm}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// checkForm checks what one form must have, and the others not.
func (s *signature) checkForm() error {
	v, _ := s.tags.Get("v")
	_, list := s.tags.Get("h")
	switch {
	case s.form == dkimSignature && v != "1":
		return malformed("v= is not 1")
	case s.form == dkimSignature && !slices.Contains(s.signed, "from"): // RFC 6376 5.4
		return malformed("From is not signed")
	case s.form == arcMessageSignature && slices.Contains(s.signed, "arc-seal"): // RFC 8617 4.1.2
		return malformed("h= names ARC-Seal")
	case s.form == arcSeal && list: // RFC 8617 4.1.3
		return malformed("a seal has no h=")
	}
	return nil
}

// readNames reads d= and s=. That the name of the key is a proper one keeps
// foreign text out of queries, logs and fields of ours (T9).
func (s *signature) readNames() error {
	d, _ := s.tags.Get("d")
	selector, _ := s.tags.Get("s")
	var ok bool
	if s.domain, ok = DomainName(d); !ok {
		return malformed("d= is not a domain name")
	}
	const between = "._domainkey."
	name, ok := DomainName(selector + between + s.domain)
	if !ok || selector == "" {
		return malformed("s= is not a selector")
	}
	s.selector = strings.TrimSuffix(name, between+s.domain)
	return nil
}

// keyName is where the key is published, RFC 6376 3.6.2.1.
func (s *signature) keyName() string { return s.selector + "._domainkey." + s.domain }

// readAlgorithm reads a= and b=. RFC 8301 3.1: rsa-sha1 is never verified.
func (s *signature) readAlgorithm() error {
	a, _ := s.tags.Get("a")
	switch a {
	case "rsa-sha256", "ed25519-sha256":
		s.algorithm = a
	case "rsa-sha1":
		return malformed("a= is rsa-sha1, which proves nothing any more")
	default:
		return malformed("a= is no algorithm that we know")
	}
	var ok bool
	if s.b, ok = s.base64("b"); !ok {
		return malformed("b= is not base64")
	}
	return nil
}

// readTimes reads t= and x=.
func (s *signature) readTimes() error {
	for _, t := range []struct {
		tag  string
		into *time.Time
	}{{"t", &s.time}, {"x", &s.expires}} {
		value, ok := s.tags.Get(t.tag)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || len(value) > 12 || !isDigits(value) { // 1*12DIGIT
			return malformed(t.tag + "= is not a time")
		}
		*t.into = time.Unix(int64(n), 0)
	}
	if !s.time.IsZero() && !s.expires.IsZero() && !s.expires.After(s.time) {
		return malformed("x= is not later than t=")
	}
	return nil
}

// checkTime: RFC 6376 3.5, t= and x=.
func (s *signature) checkTime(now time.Time) error {
	switch {
	case !s.expires.IsZero() && now.After(s.expires):
		return &problem{Fail, "the signature has expired"}
	case !s.time.IsZero() && s.time.After(now.Add(clockSkew)):
		return &problem{Policy, "the signature is from the future"}
	}
	return nil
}

// readMessage reads what signatures over the mail have: bh=, c=, h=, l= and q=.
func (s *signature) readMessage() error {
	var ok bool
	if s.bh, ok = s.base64("bh"); !ok || len(s.bh) != sha256.Size {
		return malformed("bh= is not a hash")
	}
	if !s.readCanonicalization() {
		return malformed("c= is not a canonicalization")
	}
	if !s.readSigned() {
		return malformed("h= is not a list of field names")
	}
	if l, ok := s.tags.Get("l"); ok {
		if len(l) > 76 || !isDigits(l) { // 1*76DIGIT
			return malformed("l= is not a number")
		}
		s.limited = true
	}
	if q, ok := s.tags.Get("q"); ok && !slices.Contains(splitColons(q), "dns/txt") {
		return malformed("q= does not offer dns/txt")
	}
	return nil
}

// readCanonicalization reads c=. Without one it is simple/simple; RFC 8617 does
// not say otherwise for ARC, but those that leave it out there mean relaxed.
func (s *signature) readCanonicalization() bool {
	c, ok := s.tags.Get("c")
	switch {
	case !ok && s.form == arcMessageSignature:
		c = "relaxed/relaxed"
	case !ok:
		c = "simple/simple"
	}
	header, body, both := strings.Cut(c, "/")
	if !both {
		body = "simple"
	}
	s.header, s.body = header == "relaxed", body == "relaxed"
	return (header == "relaxed" || header == "simple") && (body == "relaxed" || body == "simple")
}

// readSigned reads h=. An empty name in it is let through: signers leave one
// behind a last colon, and it names no field, so that nothing counts as signed
// that is not.
func (s *signature) readSigned() bool {
	h, ok := s.tags.Get("h")
	if !ok {
		return false
	}
	for _, name := range splitColons(h) {
		for i := 0; i < len(name); i++ {
			if name[i] <= ' ' || name[i] > '~' {
				return false
			}
		}
		if name != "" {
			s.signed = append(s.signed, lower(name))
		}
	}
	return true
}

// readAUID reads i=, whose domain is that of d= or below it. The local part may
// be quoted and hold anything; it is not looked at. In ARC i= is the instance.
func (s *signature) readAUID() error {
	if s.form == arcMessageSignature {
		return nil
	}
	auid, ok := s.tags.Get("i")
	if !ok {
		s.auid, s.auidDomain = "@"+s.domain, s.domain
		return nil
	}
	auid = cutFWS(auid)
	domain, ok := DomainName(auid[strings.LastIndexByte(auid, '@')+1:])
	if !ok || !strings.Contains(auid, "@") || !isText(auid) {
		return malformed("i= is not an identifier")
	}
	if domain != s.domain && !strings.HasSuffix(domain, "."+s.domain) {
		return malformed("i= is not of the domain in d=")
	}
	s.auid, s.auidDomain = auid, domain
	return nil
}

func (s *signature) bodyFits(b Body) bool {
	sum := b.Simple
	if s.body == relaxed {
		sum = b.Relaxed
	}
	return sum != [sha256.Size]byte{} && string(s.bh) == string(sum[:])
}

// result is what can be told of the signature whatever becomes of it.
func (s *signature) result() Result {
	r := Result{
		Domain: s.domain, Selector: s.selector, Algorithm: s.algorithm,
		Signed: s.signed, AUID: s.auid,
	}
	if len(s.b) > 0 {
		b, _ := s.tags.Get("b")
		b = cutFWS(b)
		r.B = b[:min(8, len(b))]
	}
	return r
}

// base64 decodes a tag that must be there and not be empty.
func (s *signature) base64(name string) ([]byte, bool) {
	value, _ := s.tags.Get(name)
	b, err := base64.StdEncoding.Strict().DecodeString(cutFWS(value))
	return b, err == nil && len(b) > 0
}

// DomainName checks a domain name of at least two labels, and gives it in
// lower-case ASCII (RFC 8616).
func DomainName(s string) (string, bool) {
	a, err := mailer.NewAddress("d", s)
	if err != nil || !strings.Contains(a.Domain, ".") {
		return "", false
	}
	return a.Domain, true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isText: valid UTF-8 without controls, those above ASCII included.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029'
	})
}
