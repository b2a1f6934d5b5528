package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

const (
	maxRecords = 5    // key records at one selector that are tried
	minBits    = 1024 // RFC 8301 3.2
	maxBits    = 4096 // RFC 8301 3.2 asks for no more; the time of a check grows with the square
	maxDER     = 2048 // octets of an encoded key; one of maxBits has 550
)

// key is a key record that fits a signature.
type key struct {
	rsa     *rsa.PublicKey // nil: it is an Ed25519 key
	ed25519 ed25519.PublicKey
	bits    int
	testing bool // t=y
}

// checkKeys looks the key up and verifies the signature over a digest. A
// selector should have one record (RFC 6376 3.6.2.2); where it has several, as
// while keys are changed, any may verify. It gives the size of the key that did.
func (v *Verifier) checkKeys(ctx context.Context, s *signature, digest [sha256.Size]byte) (bits int, err error) {
	records, err := v.lookup(ctx, s.keyName())
	switch {
	case err != nil:
		return 0, &problem{TempError, "the key cannot be had just now: " + err.Error()}
	case len(records) == 0:
		return 0, malformed("no key at the selector")
	case len(records) > maxRecords:
		return 0, malformed(fmt.Sprintf("%d records at the selector", len(records)))
	}
	var worst *problem
	for i, record := range records {
		bits, err := s.checkKey(record, digest)
		var p *problem
		if !errors.As(err, &p) {
			return bits, err
		}
		if len(records) > 1 {
			p = &problem{p.status, fmt.Sprintf("%s (record %d of %d)", p.reason, i+1, len(records))}
		}
		if worst == nil || rank(p.status) > rank(worst.status) {
			worst = p
		}
	}
	return 0, worst
}

// rank orders the outcomes of several records by how near they come to a pass.
func rank(s Status) int { return slices.Index([]Status{PermError, Fail, Policy}, s) }

// checkKey verifies the signature with the key in one record.
func (s *signature) checkKey(record string, digest [sha256.Size]byte) (bits int, err error) {
	k, err := s.parseKey(record)
	if err != nil {
		return 0, err
	}
	if k.rsa != nil {
		if rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, digest[:], s.b) != nil {
			return 0, &problem{Fail, "the signature does not verify"}
		}
	} else if !ed25519.Verify(k.ed25519, digest[:], s.b) { // RFC 8463 3: over the hash
		return 0, &problem{Fail, "the signature does not verify"}
	}
	if k.testing { // RFC 6376 3.6.1: as if it were not signed
		return 0, &problem{Policy, "the key is in test mode (t=y)"}
	}
	return k.bits, nil
}

// parseKey reads a key record (RFC 6376 3.6.1) and checks that its key is one
// for this signature.
func (s *signature) parseKey(record string) (key, error) {
	tags, err := parseTags(record, 0)
	if err != nil {
		return key{}, malformed("key record: " + err.Error())
	}
	if version, ok := tags.Get("v"); ok && (version != "DKIM1" || tags.list[0].name != "v") {
		return key{}, malformed("key record: not of DKIM1")
	}
	kind, ok := tags.Get("k")
	if !ok {
		kind = "rsa"
	}
	if kind+"-sha256" != s.algorithm {
		return key{}, malformed("key record: not for the algorithm of a=")
	}
	if !allows(tags, "h", "sha256") {
		return key{}, malformed("key record: not for sha256")
	}
	if !allows(tags, "s", "email", "*") {
		return key{}, malformed("key record: not for mail")
	}
	flags, _ := tags.Get("t")
	if slices.Contains(splitColons(flags), "s") && s.auid != "" && s.auidDomain != s.domain {
		return key{}, malformed("key record: i= must be of the very domain of d= (t=s)")
	}
	p, ok := tags.Get("p")
	if !ok {
		return key{}, malformed("key record: no p=")
	}
	k, err := decodeKey(kind, cutFWS(p))
	k.testing = slices.Contains(splitColons(flags), "y")
	return k, err
}

// allows tells whether a list in a key record has one of some words, or is absent.
func allows(tags Tags, name string, words ...string) bool {
	list, ok := tags.Get(name)
	return !ok || slices.ContainsFunc(splitColons(list), func(word string) bool {
		return slices.Contains(words, word)
	})
}

// decodeKey reads p=. An RSA key is a SubjectPublicKeyInfo or, as RFC 6376 says
// elsewhere (erratum 3017), a bare RSAPublicKey; an Ed25519 key is its 32 octets
// (RFC 8463 4.2).
func decodeKey(kind, p string) (key, error) {
	if p == "" {
		return key{}, malformed("key record: the key is revoked")
	}
	broken := malformed("key record: p= is not a key")
	if base64.StdEncoding.DecodedLen(len(p)) > maxDER {
		return key{}, malformed("key record: the key is too long")
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return key{}, broken
	}
	if kind == "ed25519" {
		if len(der) != ed25519.PublicKeySize {
			return key{}, broken
		}
		return key{ed25519: der, bits: 8 * len(der)}, nil
	}
	k, ok := parseRSA(der)
	if !ok {
		return key{}, broken
	}
	switch bits := k.N.BitLen(); {
	case bits < minBits:
		return key{}, malformed(fmt.Sprintf("key record: %d bits are too few", bits))
	case bits > maxBits:
		return key{}, malformed(fmt.Sprintf("key record: %d bits are too many", bits))
	default:
		return key{rsa: k, bits: bits}, nil
	}
}

func parseRSA(der []byte) (*rsa.PublicKey, bool) {
	if any, err := x509.ParsePKIXPublicKey(der); err == nil {
		k, ok := any.(*rsa.PublicKey)
		return k, ok
	}
	k, err := x509.ParsePKCS1PublicKey(der)
	return k, err == nil
}
