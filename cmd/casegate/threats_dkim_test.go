package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/dns/dnstest"
)

// bareKey signs with any tags and of any size, which no library does any more:
// simple canonicalisation (RFC 6376 3.4.1, 3.4.3) and PKCS #1 v1.5 by hand.
type bareKey struct{ n, d *big.Int }

func newBareKey(t *testing.T, bits int) bareKey {
	t.Helper()
	e, one := big.NewInt(65537), big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil && p.Cmp(q) != 0 {
			return bareKey{new(big.Int).Mul(p, q), d}
		}
	}
}

func (k bareKey) record(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: k.n, E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// sign puts a signature with the given tags on top of a mail; length is how much
// of the body is hashed, negative for all.
func (k bareKey) sign(mail, tags string, length int, fields ...string) string {
	head, body, _ := strings.Cut(mail, "\r\n\r\n")
	body = strings.TrimRight(body, "\r\n") + "\r\n"
	if length >= 0 {
		body = body[:length]
	}
	digest, prefix := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }, "3031300d060960864801650304020105000420"
	if strings.Contains(tags, "a=rsa-sha1") {
		digest, prefix = func(b []byte) []byte { s := sha1.Sum(b); return s[:] }, "3021300906052b0e03021a05000414"
	}
	line := fmt.Sprintf("DKIM-Signature: %s c=simple/simple; h=%s; bh=%s; b=", tags, strings.Join(fields, ":"), base64.StdEncoding.EncodeToString(digest([]byte(body))))
	var signed strings.Builder
	for _, name := range fields {
		for f := range strings.SplitSeq(head, "\r\n") {
			if strings.HasPrefix(strings.ToLower(f), name+":") {
				signed.WriteString(f + "\r\n")
			}
		}
	}
	signed.WriteString(line)
	info, err := hex.DecodeString(prefix)
	if err != nil {
		panic(err) // it is written above
	}
	info = append(info, digest([]byte(signed.String()))...)
	size := (k.n.BitLen() + 7) / 8
	padded := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(info))...)
	padded = append(append(padded, 0), info...)
	b := new(big.Int).Exp(new(big.Int).SetBytes(padded), k.d, k.n).FillBytes(make([]byte, size))
	return line + base64.StdEncoding.EncodeToString(b) + "\r\n" + mail
}

// TestThreatDKIM: signatures that must not count for good.test (T10, F8), beside
// some that must.
func TestThreatDKIM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key, small := newBareKey(t, 2048), newBareKey(t, 512)
	record := key.record(t)
	var zone strings.Builder
	for name, text := range map[string]string{
		"big": record, "small": small.record(t), "gone": "v=DKIM1; k=rsa; p=", "sha1": strings.Replace(record, "k=rsa", "h=sha1; k=rsa", 1),
		"strict": strings.Replace(record, "k=rsa", "t=s; k=rsa", 1), "other": strings.Replace(record, "k=rsa", "s=other; k=rsa", 1),
		"test": strings.Replace(record, "k=rsa", "t=y; k=rsa", 1), "wrong": strings.Replace(record, "k=rsa", "k=ed25519", 1),
	} {
		zone.WriteString(dnstest.TXT(name+"._domainkey.good.test.", text))
	}
	for _, domain := range []string{"evil.test.", "test.", "mail.good.test."} {
		zone.WriteString(dnstest.TXT("big._domainkey."+domain, record))
	}
	if err := w.dns.Set(zone.String()); err != nil {
		t.Fatal(err)
	}
	const tags = "v=1; a=rsa-sha256; d=good.test; s=big;"
	swap := func(old, with string) string { return strings.Replace(tags, old, with, 1) }
	all := []string{"from", "to", "subject", "date", "message-id"}
	mail := func() string { return w.write("ann@good.test", intake1, "New", "text") }
	hour := func(h int) int64 { return time.Now().Add(time.Duration(h) * time.Hour).Unix() }
	row := func(name, text string) attack {
		return attack{name, letter{to: []string{intake1}, mail: text}, "550 5.7.26", cases.MailRefused, false, isFrom("ann@good.test", mailer.Failed)}
	}
	passes := func(name, text string) attack {
		return attack{name, letter{to: []string{intake1}, mail: text}, "250", "", true, isFrom("ann@good.test", mailer.Verified)}
	}
	rows := []attack{
		row("T10 l= and a body appended", key.sign(mail(), tags+" l=6;", 6, all...)+"<b>appended</b>\r\n"),
		row("T10 l= of the whole body", key.sign(mail(), tags+" l=6;", 6, all...)),
		row("T10 l=0", key.sign(mail(), tags+" l=0;", 0, all...)),
		row("F8 expired", key.sign(mail(), fmt.Sprintf("%s t=%d; x=%d;", tags, hour(-48), hour(-24)), -1, all...)),
		row("F8 expired before it was made", key.sign(mail(), fmt.Sprintf("%s t=%d; x=%d;", tags, hour(-1), hour(-2)), -1, all...)),
		row("F8 sha1", key.sign(mail(), swap("rsa-sha256", "rsa-sha1"), -1, all...)),
		row("F8 a key of 512 bits", small.sign(mail(), swap("s=big", "s=small"), -1, all...)),
		row("F8 a key that was revoked", key.sign(mail(), swap("s=big", "s=gone"), -1, all...)),
		row("F8 a key for sha1 only", key.sign(mail(), swap("s=big", "s=sha1"), -1, all...)),
		row("F8 a key for another service", key.sign(mail(), swap("s=big", "s=other"), -1, all...)),
		row("F8 a key of another sort", key.sign(mail(), swap("s=big", "s=wrong"), -1, all...)),
		row("F8 a strict key and i= of a subdomain", key.sign(mail(), swap("s=big", "s=strict")+" i=ann@sub.good.test;", -1, all...)),
		row("F8 i= of another domain", key.sign(mail(), tags+" i=ann@evil.test;", -1, all...)),
		row("F8 From is not signed", key.sign(mail(), tags, -1, "to", "subject")),
		row("F8 version 2", key.sign(mail(), swap("v=1", "v=2"), -1, all...)),
		row("F8 by the top-level domain", key.sign(mail(), swap("d=good.test", "d=test"), -1, all...)),
		row("F8 by evil.test", key.sign(mail(), swap("d=good.test", "d=evil.test"), -1, all...)),
		row("F8 two d=, evil first", key.sign(mail(), swap("d=good.test", "d=evil.test; d=good.test"), -1, all...)),
		row("F8 two d=, evil last", key.sign(mail(), swap("d=good.test", "d=good.test; d=evil.test"), -1, all...)),
		row("F8 a domain that only begins so", key.sign(mail(), swap("d=good.test", "d=good.test.evil.test"), -1, all...)),
		row("F8 a selector with another domain in it", key.sign(mail(), swap("s=big", "s=big._domainkey.evil.test.x"), -1, all...)),
		row("F8 the body changed", strings.Replace(key.sign(mail(), tags, -1, all...), "text", "TEXT", 1)),
		row("F8 the subject changed", strings.Replace(key.sign(mail(), tags, -1, all...), "Subject: New", "Subject: Old", 1)),
		row("F8 another's key", small.sign(mail(), tags, -1, all...)),
		row("F8 no key there", key.sign(mail(), swap("s=big", "s=none"), -1, all...)),
		row("F8 many that fail and one of evil's", strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=good.test; s=big; h=from; bh=AA==; b=AA==\r\n", 30)+sign(eve, mail())),
		{"F8 a second From on top", letter{to: []string{intake1}, mail: "From: x@evil.test\r\n" + key.sign(mail(), tags, -1, all...)}, "550 5.6.0", cases.MailRefused, false, isFrom("", mailer.Unverified)},
		{"F8 a second From below", letter{to: []string{intake1}, mail: strings.Replace(key.sign(mail(), tags, -1, all...), "\r\n\r\n", "\r\nFrom: x@evil.test\r\n\r\n", 1)}, "550 5.6.0", cases.MailRefused, false, isFrom("", mailer.Unverified)},
		passes("F8 control, a sound one", key.sign(mail(), tags, -1, all...)),
		passes("F8 control, not expired yet", key.sign(mail(), fmt.Sprintf("%s t=%d; x=%d;", tags, hour(-1), hour(24)), -1, all...)),
		passes("F8 control, in capital letters", key.sign(mail(), swap("d=good.test", "d=GOOD.TEST"), -1, all...)),
		passes("F8 control, by a subdomain", key.sign(mail(), swap("d=good.test", "d=mail.good.test"), -1, all...)),
		passes("F8 control, beside one that fails", "DKIM-Signature: v=1; a=rsa-sha256; d=good.test; s=big; h=from; bh=AA==; b=AA==\r\n"+key.sign(mail(), tags, -1, all...)),
	}
	w.run(t, rows)
}

// TestThreatReplay: a signed mail that somebody sends on is no more than it was
// (T11, F8).
func TestThreatReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	mail := w.signed("both@acme.test", intake1, "New", "text")
	elsewhere := w.signed(ann, "shop@elsewhere.test", "An order", "text")
	token := w.token(ann, c1)
	words := w.signed(ann, token, "Re", "words that are said once")
	w.must("250", letter{ip: honestIP, path: ann, to: []string{token}, mail: words})
	if reply := w.send(letter{ip: honestIP, path: "both@acme.test", to: []string{intake1}, mail: mail}); reply[0] != '2' {
		t.Fatal(reply)
	}
	w.run(t, []attack{
		{"T11 the same again", letter{ip: honestIP, path: "both@acme.test", to: []string{intake1}, mail: mail}, "250", "", false, nil},
		{"T11 the same from elsewhere", letter{to: []string{intake1}, mail: mail}, "250", anyStatus, false, nil},
		{"T11 an answer from elsewhere", letter{to: []string{token}, mail: words}, "", anyStatus, false, nil},
		{"T11 an answer from elsewhere, with a field on top", letter{to: []string{token}, mail: "X-Seen: yes\r\n" + words}, "", anyStatus, false, nil},
		{"T11 to the other tenant", letter{to: []string{intake2}, mail: mail}, "250", cases.MailHeld, false, nil},
		{"T11 a mail to somebody else", letter{to: []string{intake1}, mail: elsewhere}, "250", cases.MailHeld, false, isFrom(ann, mailer.Verified)},
		{"T11 control, written to the other tenant", letter{to: []string{intake2}, mail: w.signed("both@acme.test", intake2, "New", "text")}, "250", "", true, nil},
		{"T11 control, in Cc", letter{to: []string{intake1}, mail: sign(ann, strings.Replace(w.write(ann, "shop@elsewhere.test", "New", "text"), "Subject:", "Cc: "+intake1+"\r\nSubject:", 1))}, "250", "", true, nil},
	})
}

// TestThreatLookalikes: what looks like ann is not ann (T13 to T15), and where a
// mail says that answers go does not matter (T16).
func TestThreatLookalikes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	to := []string{intake1}
	from := func(header, as string) letter {
		return letter{ip: honestIP, path: ann, to: to, utf8: true, mail: sign(as, w.write(header, intake1, "New", "text"))}
	}
	shows := func(address string) func(*testing.T, *cases.MailRecord) {
		return func(t *testing.T, r *cases.MailRecord) {
			if got := r.Identity.Address.String(); got != address {
				t.Errorf("the operator is shown %q, want %q", got, address)
			}
		}
	}
	w.run(t, []attack{
		{"T13 a name that is an address", letter{to: to, mail: w.signed(`"ann@good.test" <x@evil.test>`, intake1, "New", "text")}, "550", cases.MailRefused, false, unbelieved},
		{"T13 a name like the domain", letter{to: to, mail: sign(eve, w.write(`"Ann (good.test)" <x@evil.test>`, intake1, "New", "text"))}, "550 5.7.1", cases.MailRefused, false, shows(eve)},
		{"T13 letters of another script in the domain", letter{to: to, utf8: true, mail: sign(eve, w.write("ann@gооd.test", intake1, "New", "text"))}, "550 5.7.1", cases.MailRefused, false, shows("ann@xn--gd-fmca.test")},
		{"T13 a domain one letter longer", letter{to: to, mail: w.write("ann@goood.test", intake1, "New", "text")}, "550 5.7.1", cases.MailRefused, false, unbelieved},
		{"T14 dotless i", from("alıce@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T14 dotted capital i", from("alİce@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T14 full width", from("ａnn@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T14 decomposed", from("jose\u0301@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T14 another script", from("аnn@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T14 invisible letter", from("an\u200bn@acme.test", ann), "550", cases.MailRefused, false, nil},
		{"T14 control, capital letters", from("ANN@ACME.TEST", ann), "250", "", true, nil},
		{"T14 control, composed", from("josé@acme.test", ann), "250", "", true, nil},
		{"T15 plus", from("ann+x@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T15 dots", from("a.nn@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T15 minus", from("ann-x@acme.test", ann), "550 5.7.1", cases.MailRefused, false, nil},
		{"T15 quoted, the same address", from(`"ann"@acme.test`, ann), "250", "", true, isFrom(ann, mailer.Verified)},
	})
	t.Run("T16 Reply-To", func(t *testing.T) {
		w.in(t)
		token := w.token(ann, c1)
		mail := sign(ann, with("Reply-To: x@evil.test\nErrors-To: x@evil.test\nReturn-Receipt-To: x@evil.test\nDisposition-Notification-To: x@evil.test\nReturn-Path: <x@evil.test>\n",
			w.write(ann, token, "Re: ["+c1+"]", "more")))
		w.must("250", letter{path: ann, ip: honestIP, to: []string{token}, mail: mail})
		answer := w.token(desk1, c1)
		w.must("250", letter{path: desk1, ip: honestIP, to: []string{answer}, mail: w.signed(desk1, answer, "Re: ["+c1+"]", "the answer of the desk")})
		w.find(ann, "the answer of the desk") // the audit looks for mails to evil.test
	})
}

// TestThreatMessageID: who uses a Message-ID first takes nothing away from who
// uses it next (T17, F17).
func TestThreatMessageID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(ann, c1)
	const id = "Message-ID: <predictable@acme.test>\r\n"
	mail := func(from, to, text string) string {
		return sign(from, id+onWire("From: "+from+"\nTo: "+to+"\nSubject: Invoice\n\n"+text+"\n"))
	}
	w.run(t, []attack{
		{"T17 F17 attacker first, on the token", letter{to: []string{token}, mail: mail(eve, token, "evil")}, "250", cases.MailHeld, false, nil},
		{"T17 F17 attacker first, at the intake", letter{to: []string{intake1}, mail: mail(eve, intake1, "evil")}, "550", cases.MailRefused, false, nil},
		{"T17 F17 control, then the customer", letter{path: ann, ip: honestIP, to: []string{intake1}, mail: mail(ann, intake1, "good")}, "250", "", true, nil},
		{"T17 F17 control, the customer with other content", letter{path: ann, ip: honestIP, to: []string{intake1}, mail: mail(ann, intake1, "good, and more")}, "250", "", true, nil},
		{"T17 F17 control, the customer again", letter{path: ann, ip: honestIP, to: []string{intake1}, mail: mail(ann, intake1, "good")}, "250", "", false, nil},
	})
	t.Run("T17 F17 an answer to it finds the customer's", func(t *testing.T) {
		w.in(t)
		w.must("250", letter{path: ann, ip: honestIP, to: []string{intake1}, mail: sign(ann, with("In-Reply-To: <predictable@acme.test>\n", w.write(ann, intake1, "Re: Invoice", "threaded")))})
		r := w.newest()
		if r.Status != cases.MailFiled || len(r.Cases) != 1 || r.Cases[0].N == 1 {
			t.Errorf("it went to %v as %s, want into the case of the customer's first", r.Cases, r.Status)
		}
	})
}
