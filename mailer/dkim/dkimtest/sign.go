// Package dkimtest signs and seals mails for tests, stories and measurements, in
// the plainest way that the standards allow: relaxed canonicalisation, written
// apart from package dkim so that the two check each other. No product code uses
// it: it takes well-formed mails with CRLF line ends only.
package dkimtest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Key signs for a domain. It is made from a word, so that the same word gives
// the same key and record wherever it is used.
type Key struct {
	Domain, Selector string
	Time             time.Time // t= of what it signs; zero: none
	private          crypto.Signer
}

// Ed25519 makes the key of a word.
func Ed25519(domain, selector, word string) Key {
	seed := sha256.Sum256([]byte(word))
	return Key{Domain: domain, Selector: selector, private: ed25519.NewKeyFromSeed(seed[:])}
}

// RSA makes a key of a private key of one's own.
func RSA(domain, selector string, private *rsa.PrivateKey) Key {
	return Key{Domain: domain, Selector: selector, private: private}
}

// Name is where the key's record is published.
func (k Key) Name() string { return k.Selector + "._domainkey." + k.Domain }

// Record is the text of the key's record (RFC 6376 3.6.1, RFC 8463 4).
func (k Key) Record() string {
	switch public := k.private.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	default:
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic(err) // it is a public key of the standard library's
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// Sign puts a DKIM-Signature over the named fields and the body on top of a mail.
func (k Key) Sign(mail string, fields ...string) string {
	return k.sign("DKIM-Signature", "v=1; ", mail, fields) + mail
}

// Seal puts the next ARC set on top of a mail: results are what it claims to have
// found, cv the state of the chain below (RFC 8617 5.1).
func (k Key) Seal(mail string, instance int, results, cv string) string {
	i := fmt.Sprintf("i=%d; ", instance)
	aar := "ARC-Authentication-Results: " + i + results + "\r\n"
	ams := k.sign("ARC-Message-Signature", i, mail, []string{"from", "to", "subject", "date"})
	seal := fmt.Sprintf("ARC-Seal: %sa=%s; cv=%s; d=%s; s=%s; b=", i, k.algorithm(), cv, k.Domain, k.Selector)
	var signed strings.Builder
	for n := 1; n < instance; n++ {
		for _, name := range []string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"} {
			signed.WriteString(relaxed(find(mail, name, n)) + "\r\n")
		}
	}
	signed.WriteString(relaxed(aar) + "\r\n" + relaxed(ams) + "\r\n" + relaxed(seal+"\r\n"))
	return seal + k.signature(signed.String()) + "\r\n" + ams + aar + mail
}

func (k Key) sign(name, first, mail string, fields []string) string {
	header, body, _ := strings.Cut(mail, "\r\n\r\n")
	sum := sha256.Sum256([]byte(relaxedBody(body)))
	line := fmt.Sprintf("%s: %sa=%s; c=relaxed/relaxed; d=%s; s=%s;", name, first, k.algorithm(), k.Domain, k.Selector)
	if !k.Time.IsZero() {
		line += fmt.Sprintf(" t=%d;", k.Time.Unix())
	}
	line += fmt.Sprintf(" h=%s; bh=%s; b=", strings.Join(fields, ":"), base64.StdEncoding.EncodeToString(sum[:]))
	var signed strings.Builder
	taken := map[string]int{}
	for _, f := range fields {
		f = strings.ToLower(f)
		if raw := fromBottom(header+"\r\n", f, taken[f]); raw != "" {
			signed.WriteString(relaxed(raw) + "\r\n")
		}
		taken[f]++
	}
	signed.WriteString(relaxed(line + "\r\n"))
	return line + k.signature(signed.String()) + "\r\n"
}

func (k Key) algorithm() string {
	if _, ok := k.private.(ed25519.PrivateKey); ok {
		return "ed25519-sha256"
	}
	return "rsa-sha256"
}

func (k Key) signature(signed string) string {
	sum := sha256.Sum256([]byte(signed))
	hash := crypto.SHA256
	if k.algorithm() == "ed25519-sha256" {
		hash = 0 // RFC 8463 3: what is signed is the digest
	}
	b, err := k.private.Sign(nil, sum[:], hash)
	if err != nil {
		panic(err) // only a key that is too small gives one
	}
	return base64.StdEncoding.EncodeToString(b)
}

// all lists the fields of a header, each with its folding and CRLF.
func all(header string) []string {
	var fields []string
	for line := range strings.Lines(header) {
		if n := len(fields); n > 0 && strings.IndexByte(" \t", line[0]) >= 0 {
			fields[n-1] += line
		} else {
			fields = append(fields, line)
		}
	}
	return fields
}

func fromBottom(header, name string, skip int) string {
	fields := all(header)
	for i := len(fields) - 1; i >= 0; i-- {
		if n, _, _ := strings.Cut(fields[i], ":"); strings.EqualFold(strings.TrimSpace(n), name) {
			if skip == 0 {
				return fields[i]
			}
			skip--
		}
	}
	return ""
}

// find gives the field of an ARC set.
func find(mail, name string, instance int) string {
	header, _, _ := strings.Cut(mail, "\r\n\r\n")
	for _, f := range all(header + "\r\n") {
		if n, value, _ := strings.Cut(f, ":"); strings.EqualFold(n, name) && strings.HasPrefix(strings.TrimSpace(value), fmt.Sprintf("i=%d;", instance)) {
			return f
		}
	}
	return ""
}

// relaxed is the canonical form of a field, without its CRLF (RFC 6376 3.4.2).
func relaxed(field string) string {
	name, value, _ := strings.Cut(field, ":")
	value = strings.ReplaceAll(value, "\r\n", "")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Join(strings.FieldsFunc(value, blank), " ")
}

// relaxedBody is the canonical form of a body (RFC 6376 3.4.4).
func relaxedBody(body string) string {
	var out bytes.Buffer
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\r\n")
		words := strings.Join(strings.FieldsFunc(line, blank), " ")
		if line != "" && blank(rune(line[0])) && words != "" {
			words = " " + words
		}
		out.WriteString(words + "\r\n")
	}
	text := strings.TrimRight(out.String(), "\r\n")
	if text == "" {
		return ""
	}
	return text + "\r\n"
}

func blank(r rune) bool { return r == ' ' || r == '\t' }
