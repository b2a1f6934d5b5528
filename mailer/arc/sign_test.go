package arc_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// The world of the tests: an author, and a list and a relay that seal.
const letter = "From: ann@good.test\r\nTo: list@list.test\r\nSubject: Printer\r\n\r\nIt smokes.\r\n"

func keyOf(domain string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(domain))
	return ed25519.NewKeyFromSeed(seed[:])
}

// zone has the keys of the world.
func zone() map[string]string {
	z := map[string]string{}
	for _, domain := range []string{"list.test", "relay.test"} {
		p := base64.StdEncoding.EncodeToString(keyOf(domain).Public().(ed25519.PublicKey))
		z["s._domainkey."+domain] = "v=DKIM1; k=ed25519; p=" + p
	}
	return z
}

// sealing is one set that a test puts on a mail. The zero value of a field is
// what an honest sealer writes.
type sealing struct {
	domain  string // "list.test"
	cv      string // "none" for the first, else "pass"
	results string // the field behind "i=N;"
	ams, as string // more tags for the two, "x=1;"
	h       string // of the message signature; "from:subject"
}

// seal puts a set on top of a mail as its sealer would, by a signer of the test's
// own. All fields are written in relaxed form but for their names, so that to
// sign them is to join them.
func seal(t testing.TB, raw string, s sealing) string {
	t.Helper()
	m := dkimtest.Mail(raw)
	var below []string // the lower sets, in the order of signing
	for i := len(m.Fields) - 1; i >= 0; i-- {
		if name := strings.ToLower(m.Fields[i].Name); strings.HasPrefix(name, "arc-") {
			below = append(below, relaxed(string(m.Fields[i].Raw)))
		}
	}
	n := len(below)/3 + 1
	defaults(&s, n)
	results := fmt.Sprintf("ARC-Authentication-Results: i=%d; %s\r\n", n, s.results)
	ams := fmt.Sprintf("ARC-Message-Signature: i=%d; a=ed25519-sha256; c=relaxed/relaxed; d=%s; s=s; h=%s;%s bh=%s; b=",
		n, s.domain, s.h, s.ams, base64.StdEncoding.EncodeToString(m.Body.Relaxed[:]))
	ams += sign(s.domain, append(named(m, s.h), relaxed(ams))) + "\r\n"
	as := fmt.Sprintf("ARC-Seal: i=%d; a=ed25519-sha256; cv=%s; d=%s; s=s;%s b=", n, s.cv, s.domain, s.as)
	as += sign(s.domain, append(below, relaxed(results), relaxed(ams), relaxed(as))) + "\r\n"
	return as + ams + results + raw
}

func defaults(s *sealing, n int) {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&s.domain, "list.test")
	set(&s.results, s.domain+"; dmarc=pass header.from=good.test")
	set(&s.h, "from:subject")
	set(&s.cv, "pass")
	if n == 1 && s.cv == "pass" {
		s.cv = "none"
	}
}

// named are the fields that h= names, each name once, in relaxed form.
func named(m *dkim.Mail, h string) []string {
	var fields []string
	for name := range strings.SplitSeq(h, ":") {
		for _, f := range slices.Backward(m.Fields) {
			if strings.EqualFold(f.Name, name) {
				fields = append(fields, relaxed(string(f.Raw)))
				break
			}
		}
	}
	return fields
}

func relaxed(field string) string {
	name, value, _ := strings.Cut(field, ":")
	end := ""
	if strings.HasSuffix(field, "\r\n") {
		end = "\r\n"
	}
	return strings.ToLower(name) + ":" + strings.Join(strings.Fields(value), " ") + end
}

func sign(domain string, fields []string) string {
	digest := sha256.Sum256([]byte(strings.Join(fields, "")))
	return base64.StdEncoding.EncodeToString(ed25519.Sign(keyOf(domain), digest[:]))
}
