package dkim_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// The keys of the tests, made once: RSA keys are slow to make.
var (
	edKey = sync.OnceValue(func() ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed([]byte("a seed of thirty-two octets for!"))
	})
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
)

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// record is the plainest key record for a key.
func record(key crypto.Signer) string {
	switch k := key.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k)
	default:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			panic(err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

const (
	keyName = "s._domainkey.good.test"
	letter  = "From: Ann <ann@good.test>\r\nTo: help@r1.test\r\nSubject: Printer\r\nX-Tag: one\r\nX-Tag: two\r\n\r\nIt smokes.\r\n"
)

// sign puts a signature on top of a mail, simple/simple, with a signer of its own
// so that no code is shared with what is tested. The tags are as given, with
// BH and B replaced; signed are the raw fields that h= is to stand for.
func sign(t testing.TB, key crypto.Signer, tags, raw string, signed ...string) string {
	t.Helper()
	_, body, _ := strings.Cut(raw, "\r\n\r\n")
	field := "DKIM-Signature: " + strings.Replace(tags, "BH", bodyHash(body), 1) + "\r\n"
	return strings.Replace(field, "B64", signature(t, key, field, signed), 1) + raw
}

// bodyHash is the hash of a simple body with one line end at its end.
func bodyHash(body string) string {
	sum := sha256.Sum256([]byte(strings.TrimRight(body, "\r\n") + "\r\n"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// ownB is the value of b= that is to be, with the white space around it.
var ownB = regexp.MustCompile(`\s*B64\s*`)

// signature signs raw fields, and the field that is to have it in place of B64.
func signature(t testing.TB, key crypto.Signer, field string, signed []string) string {
	t.Helper()
	text := strings.Join(signed, "") + ownB.ReplaceAllString(strings.TrimSuffix(field, "\r\n"), "")
	digest := sha256.Sum256([]byte(text))
	hash := crypto.SHA256
	if _, ok := key.(ed25519.PrivateKey); ok {
		hash = 0
	}
	sig, err := key.Sign(rand.Reader, digest[:], hash)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

// from is the field that most signatures of the tests sign.
const from = "From: Ann <ann@good.test>\r\n"

// edTags are the tags of a plain signature, with more of them before b=.
func edTags(more string) string {
	return fmt.Sprintf("v=1; a=ed25519-sha256; d=good.test; s=s; h=from; bh=BH;%s b=B64", more)
}
