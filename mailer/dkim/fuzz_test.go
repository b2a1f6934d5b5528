package dkim_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// The only mail that the key of FuzzVerify ever signed.
const onceSigned = "From: Ann <ann@good.test>\r\nSubject: Printer\r\nTo: help@r1.test\r\nX-Free: not signed\r\n\r\nIt  smokes.\r\n\r\nAnn\r\n"

// seen is what a signature of all but X-Free vouches for, made the plain way: the
// fields with single blanks, in order of their names, and the hash of the body.
func seen(m *dkim.Mail) string {
	var b strings.Builder
	for _, name := range []string{"from", "subject", "to"} {
		for i := len(m.Fields) - 1; i >= 0; i-- {
			f := m.Fields[i]
			if strings.EqualFold(strings.TrimRight(f.Name, " \t\r\n"), name) {
				_, value, _ := strings.Cut(string(f.Raw), ":")
				value = strings.Join(strings.FieldsFunc(strings.ReplaceAll(value, "\r\n", ""), func(r rune) bool { return r == ' ' || r == '\t' }), " ")
				fmt.Fprintf(&b, "%s:%s\n", name, value)
			}
		}
	}
	return b.String() + fmt.Sprint(m.Body.Relaxed)
}

// FuzzVerify: no input passes but the one mail that the key signed, in a form
// that relaxed canonicalization does not tell from it.
func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed([]byte("this key signs one mail, no more"))
	// Each name once more than there are fields, so that none can be added.
	raw := signedByMsgauth(f, onceSigned, &msgauth.SignOptions{
		Signer: key, HeaderCanonicalization: msgauth.CanonicalizationRelaxed, BodyCanonicalization: msgauth.CanonicalizationRelaxed,
		HeaderKeys: []string{"From", "From", "Subject", "Subject", "To", "To"},
	})
	want := seen(dkimtest.Mail(raw))
	other := sign(f, edKey(), edTags(""), letter, from)
	for _, seed := range []string{raw, other, raw + raw, "From: eve@evil.test\r\n" + raw, strings.Replace(raw, "; c=", "; l=3; c=", 1), "\r\n", ""} {
		f.Add(seed)
	}
	records := []string{record(key)}
	if got := statuses(dkim.Verify(f.Context(), dkimtest.Mail(raw), func(context.Context, string) ([]string, error) { return records, nil }, late)); got != "pass" {
		f.Fatalf("the mail that was signed is %q, want pass", got)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		m := dkimtest.Mail(raw)
		for _, r := range dkim.Verify(t.Context(), m, func(context.Context, string) ([]string, error) { return records, nil }, late) {
			if r.Status == dkim.Pass && (r.Domain != "good.test" || seen(m) != want) {
				t.Errorf("%+v, but its key never signed %q", r, raw)
			}
			for _, s := range append(r.Signed, r.Domain, r.Selector, r.AUID, r.Algorithm, r.B, r.Reason) {
				if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
					t.Errorf("%+v has a control character, of %q", r, raw)
				}
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	raw := letter + strings.Repeat("A line of sixty-four octets, so that the mail has 4 KiB in all.\r\n", 61)
	for kind, key := range signers() {
		raw := signedByMsgauth(b, raw, &msgauth.SignOptions{
			Signer: key, HeaderCanonicalization: msgauth.CanonicalizationRelaxed, BodyCanonicalization: msgauth.CanonicalizationRelaxed,
		})
		lookup := dkimtest.Lookup(map[string]string{keyName: record(key)})
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if got := dkim.Verify(b.Context(), dkimtest.Mail(raw), lookup, late); statuses(got) != "pass" {
					b.Fatalf("the signature is %+v, want pass", got)
				}
			}
		})
	}
}

func BenchmarkHashBody(b *testing.B) {
	body := strings.Repeat("Words, as they are in mails, with  blanks between them.\r\n", 1<<20/57)
	for name, forms := range map[string]dkim.Forms{"simple": {Simple: true}, "relaxed": {Relaxed: true}, "both": {Simple: true, Relaxed: true}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := dkim.HashBody(strings.NewReader(body), forms); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
