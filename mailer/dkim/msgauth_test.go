package dkim_test

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// signedByMsgauth signs a mail with the library that is our cross-check.
func signedByMsgauth(t rapid.TB, raw string, options *msgauth.SignOptions) string {
	var b bytes.Buffer
	options.Domain, options.Selector = "good.test", "s"
	if err := msgauth.Sign(&b, strings.NewReader(raw), options); err != nil {
		t.Fatalf("sign %q: %v", raw, err)
	}
	return b.String()
}

// msgauthPasses tells for each signature whether the library verifies it; nil
// where it cannot read the mail.
func msgauthPasses(raw, record string) []bool {
	found, err := msgauth.VerifyWithOptions(strings.NewReader(raw), &msgauth.VerifyOptions{
		LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
	})
	if err != nil {
		return nil
	}
	passes := []bool{}
	for _, v := range found {
		passes = append(passes, v.Err == nil)
	}
	return passes
}

var forms = []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed}

// signers: one of each kind of key.
func signers() map[string]crypto.Signer {
	return map[string]crypto.Signer{"rsa": rsaKey(), "ed25519": edKey()}
}

// TestMsgauthSigns: what the library signs passes here, in each form.
func TestMsgauthSigns(t *testing.T) {
	const head = "Received: by x;\r\n\tMon, 1 Jan 2024\r\nFrom :  Ann  <ann@good.test> \r\nSubject: a\r\n  b\t \r\n c\r\nTo: \r\n\r\n"
	for kind, key := range signers() {
		for _, header := range forms {
			for _, body := range forms {
				for _, text := range []string{"", "\r\n", "a", "a\r\n", " a  b \r\n\r\n \r\n\r\n", strings.Repeat("x", 1<<18), strings.Repeat("x  y \r\n", 9000)} {
					raw := signedByMsgauth(t, head+text, &msgauth.SignOptions{Signer: key, HeaderCanonicalization: header, BodyCanonicalization: body})
					r := verifyWith(t, raw, record(key))
					if r.Status != dkim.Pass || r.Algorithm != kind+"-sha256" {
						t.Errorf("%s, %s/%s, body %.20q: the signature is %+v, want pass", kind, header, body, text, r)
					}
				}
			}
		}
	}
}

// TestMsgauthAgrees: of altered mails we pass none that the library fails, and
// fail none that it passes, but for rules that only we have.
func TestMsgauthAgrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6376, 8301))
	agreed := map[bool]int{}
	for i := range 2000 {
		raw := signedByMsgauth(t, letter, &msgauth.SignOptions{
			Signer: edKey(), HeaderCanonicalization: forms[i&1], BodyCanonicalization: forms[i>>1&1],
			HeaderKeys: [][]string{{"From", "Subject"}, {"From", "X-Tag", "X-Tag", "X-Tag"}}[i>>2&1],
		})
		altered := alter(rnd, raw)
		theirs := msgauthPasses(altered, record(edKey()))
		ours := dkim.Verify(t.Context(), dkimtest.Mail(altered), func(context.Context, string) ([]string, error) {
			return []string{record(edKey())}, nil
		}, late)
		if len(theirs) != 1 || len(ours) != 1 {
			continue // the mail or the signature was lost
		}
		agreed[theirs[0]]++
		r := ours[0]
		stricter := r.Status == dkim.Policy && strings.Contains(r.Reason, "the mail has a second ") || r.Status == dkim.PermError
		if r.Status == dkim.Pass && !theirs[0] || r.Status != dkim.Pass && theirs[0] && !stricter {
			t.Errorf("the signature is %+v, while the library's word is %t, in %q", r, theirs[0], altered)
		}
	}
	if agreed[true] < 200 || agreed[false] < 200 {
		t.Errorf("of the altered mails %v passed, want hundreds of each: else nothing was compared", agreed)
	}
}

// alter changes a mail in one place. Line ends stay whole: the library repairs
// others, and the door lets none in.
func alter(rnd *rand.Rand, raw string) string {
	at := rnd.IntN(len(raw))
	switch lines := strings.SplitAfter(raw, "\r\n"); rnd.IntN(6) {
	case 0: // another octet
		if raw[at] == '\r' || raw[at] == '\n' {
			return raw
		}
		return raw[:at] + string(rune(' '+rnd.IntN(95))) + raw[at+1:]
	case 1: // a blank more
		if raw[at] == '\n' {
			return raw
		}
		return raw[:at] + []string{" ", "\t", "\r\n "}[rnd.IntN(3)] + raw[at:]
	case 2: // an octet less
		if raw[at] == '\r' || raw[at] == '\n' {
			return raw
		}
		return raw[:at] + raw[at+1:]
	case 3: // a line twice
		n := rnd.IntN(len(lines) - 1)
		return strings.Join(lines[:n+1], "") + strings.Join(lines[n:], "")
	case 4: // lines changed about, but not those of the signature
		n := 8 + rnd.IntN(max(len(lines)-10, 1))
		lines[n], lines[n+1] = lines[n+1], lines[n]
		return strings.Join(lines, "")
	default: // more at the end
		return raw + []string{"\r\n", " \r\n", "\r\n\r\n", "x", "-- \r\n"}[rnd.IntN(5)]
	}
}

// TestAnyMail: whatever mail is signed passes, and with one letter of what is
// signed changed it does not.
func TestAnyMail(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("ab: ;=\té")), 0, 12, -1)
	line := rapid.SampledFrom([]string{"a", "b c", " ", "\t", "\r\n", "\r\n\r\n", ".", "é", " \r\n"})
	rapid.Check(t, func(t *rapid.T) {
		var head strings.Builder
		names := []string{"From"}
		for i, n := 0, rapid.IntRange(0, 6).Draw(t, "fields"); i < n; i++ {
			name := rapid.SampledFrom([]string{"A", "b-C", "Subject", "subject"}).Draw(t, "name")
			fmt.Fprintf(&head, "%s:%s\r\n x%s\r\n", name, word.Draw(t, "value"), word.Draw(t, "folded"))
			names = append(names, name)
		}
		raw := head.String() + "From: ann@good.test\r\n\r\n" + strings.Join(rapid.SliceOfN(line, 0, 20).Draw(t, "body"), "") + "Z"
		raw = signedByMsgauth(t, raw, &msgauth.SignOptions{
			Signer: edKey(), HeaderKeys: names,
			HeaderCanonicalization: rapid.SampledFrom(forms).Draw(t, "header"),
			BodyCanonicalization:   rapid.SampledFrom(forms).Draw(t, "body form"),
		})
		key := dkimtest.Lookup(map[string]string{keyName: record(edKey())})
		if r := dkim.Verify(context.Background(), dkimtest.Mail(raw), key, late); statuses(r) != "pass" {
			t.Fatalf("the signature is %+v, want pass, in %q", r, raw)
		}
		changed := rapid.SampledFrom([]string{strings.TrimSuffix(raw, "Z") + "Y", strings.Replace(raw, "ann@", "eve@", 1)}).Draw(t, "changed")
		if r := dkim.Verify(context.Background(), dkimtest.Mail(changed), key, late); statuses(r) != "fail" {
			t.Fatalf("the signature is %+v, want fail, in %q", r, changed)
		}
	})
}
