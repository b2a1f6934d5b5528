package dkim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// TestSignatureRules: each tag of a signature, the plain form first. The
// signatures are all good: but for the rule in question they would pass.
func TestSignatureRules(t *testing.T) {
	const plain = "v=1; a=ed25519-sha256; d=good.test; s=s; h=from; bh=BH; b=B64"
	swap := func(old, new string) string { return strings.Replace(plain, old, new, 1) }
	long := "; x=" + strings.Repeat("a", 65<<10)
	tests := []struct {
		name, tags string
		want       dkim.Status
		why        string // in the reason
	}{
		{"plain", plain, dkim.Pass, ""},
		{"last semicolon", plain + ";", dkim.Pass, ""},
		{"blank behind the last semicolon", plain + "; ", dkim.Pass, ""},
		{"folded", swap("; s=s", ";\r\n\ts =\r\n s"), dkim.Pass, ""},
		{"unknown tag", swap("d=", "zz=9; d="), dkim.Pass, ""},
		{"unknown tag without value", swap("d=", "zz=; d="), dkim.Pass, ""},
		{"names are case-sensitive", swap("v=1", "v=1; V=2"), dkim.Pass, ""},
		{"two semicolons (3.2)", swap("; s=", ";; s="), dkim.PermError, "tag list"},
		{"leading semicolon", ";" + plain, dkim.PermError, "tag list"},
		{"a tag twice (3.2)", plain + "; s=s", dkim.PermError, "tag list"},
		{"an unknown tag twice", swap("d=", "zz=1; zz=2; d="), dkim.PermError, "tag list"},
		{"no equals sign", swap("d=", "zz; d="), dkim.PermError, "tag list"},
		{"name begins with a digit", swap("d=", "1z=1; d="), dkim.PermError, "tag list"},
		{"NUL in a value", swap("d=", "zz=\x00; d="), dkim.PermError, "tag list"},
		{"lone CR in a value", swap("d=", "zz=\r; d="), dkim.PermError, "tag list"},
		{"huge field", plain + long, dkim.PermError, "64 KiB"},

		{"no v=", swap("v=1; ", ""), dkim.PermError, "v="},
		{"v=2", swap("v=1", "v=2"), dkim.PermError, "v="},
		{"v= as a number only", swap("v=1", "v=1.0"), dkim.PermError, "v="},
		{"no a=", swap("a=ed25519-sha256; ", ""), dkim.PermError, "a="},
		{"sha1 (RFC 8301)", swap("a=ed25519-sha256", "a=rsa-sha1"), dkim.PermError, "sha1"},
		{"a= in upper case", swap("a=ed", "a=ED"), dkim.PermError, "a="},
		{"a= of another key", swap("a=ed25519", "a=rsa"), dkim.PermError, "algorithm"},
		{"no b=", swap("; b=B64", ""), dkim.PermError, "b="},
		{"b= is no base64", plain + "!", dkim.PermError, "b="},
		{"white space around b= (3.7)", swap("b=B64", "b =\r\n \tB64 \r\n "), dkim.Pass, ""},
		{"b= first", "b=B64 ; " + strings.TrimSuffix(plain, "; b=B64"), dkim.Pass, ""},
		{"b= of the wrong length", plain[:len(plain)-3] + "AAAA", dkim.Fail, "not verify"},
		{"no bh=", swap("bh=BH; ", ""), dkim.PermError, "bh="},
		{"short bh=", swap("bh=BH", "bh=AAAA"), dkim.PermError, "bh="},
		{"other bh=", swap("bh=BH", "bh="+strings.Repeat("A", 43)+"="), dkim.Fail, "body"},

		{"no d=", swap("d=good.test; ", ""), dkim.PermError, "d="},
		{"empty d=", swap("d=good.test", "d="), dkim.PermError, "d="},
		{"d= in upper case", swap("d=good.test", "d=GOOD.Test"), dkim.Pass, ""},
		{"d= of one label", swap("d=good.test", "d=test"), dkim.PermError, "d="},
		{"d= with a final dot", swap("d=good.test", "d=good.test."), dkim.PermError, "d="},
		{"d= with a comment (T9)", swap("d=good.test", "d=good.test(.evil.test"), dkim.PermError, "d="},
		{"d= with quotes (T9)", swap("d=good.test", `d="good.test"`), dkim.PermError, "d="},
		{"d= with a blank", swap("d=good.test", "d=good .test"), dkim.PermError, "d="},
		{"d= is an address", swap("d=good.test", "d=192.0.2.1"), dkim.PermError, "d="},
		{"d= is too long", swap("d=good.test", "d="+strings.Repeat("a.", 130)+"test"), dkim.PermError, "d="},
		{"no s=", swap("s=s; ", ""), dkim.PermError, "s="},
		{"empty s=", swap("s=s", "s="), dkim.PermError, "s="},
		{"s= with an empty label", swap("s=s", "s=s."), dkim.PermError, "s="},
		{"s= with a wildcard", swap("s=s", "s=*"), dkim.PermError, "s="},
		{"no key at s=", swap("s=s", "s=2026.a_b"), dkim.PermError, "no key"},
		{"key unknown just now", swap("s=s", "s=tmp"), dkim.TempError, "just now"},
		{"key unknown just now, but the body was changed", strings.Replace(swap("s=s", "s=tmp"), "BH", strings.Repeat("A", 43)+"=", 1), dkim.Fail, "body"},

		{"no h=", swap("h=from; ", ""), dkim.PermError, "h="},
		{"From not signed (5.4)", swap("h=from", "h=to"), dkim.PermError, "From"},
		{"a name that is like From", swap("h=from", "h=from-x:xfrom"), dkim.PermError, "From"},
		{"blank in a name", swap("h=from", "h=from:re ply"), dkim.PermError, "h="},
		{"h= in upper case", swap("h=from", "h=FROM"), dkim.Pass, ""},
		{"h= folded", swap("h=from", "h=from :\r\n\tbcc"), dkim.Pass, ""},
		{"h= with a last colon", swap("h=from", "h=from:"), dkim.Pass, ""},

		{"i=", edTags(" i=@good.test;"), dkim.Pass, ""},
		{"i= below", edTags(" i=ann@mail.Good.test;"), dkim.Pass, ""},
		{"i= with @ in quotes", edTags(` i="a@evil.test"@good.test;`), dkim.Pass, ""},
		{"i= without @", edTags(" i=good.test;"), dkim.PermError, "i="},
		{"i= of another domain", edTags(" i=ann@evil.test;"), dkim.PermError, "i="},
		{"i= of a domain that ends alike", edTags(" i=ann@notgood.test;"), dkim.PermError, "i="},
		{"i= above", edTags(" i=ann@test;"), dkim.PermError, "i="},
		{"i= ends with the domain, not as one", edTags(" i=ann@evil.test@.good.test;"), dkim.PermError, "i="},

		{"q=", edTags(" q=dns/txt;"), dkim.Pass, ""},
		{"q= with more", edTags(" q=x/y : dns/txt;"), dkim.Pass, ""},
		{"q= without", edTags(" q=dns/other;"), dkim.PermError, "q="},
		{"c=simple", edTags(" c=simple;"), dkim.Pass, ""},
		{"c= unknown", edTags(" c=nowsp;"), dkim.PermError, "c="},
		{"c= with half missing", edTags(" c=simple/;"), dkim.PermError, "c="},
		{"c= in upper case", edTags(" c=Simple;"), dkim.PermError, "c="},

		{"l= (T10)", edTags(" l=12;"), dkim.Policy, "l="},
		{"l=0 (T10)", edTags(" l=0;"), dkim.Policy, "l="},
		{"l= is no number", edTags(" l=-1;"), dkim.PermError, "l="},
		{"l= is too long", edTags(" l=" + strings.Repeat("1", 77) + ";"), dkim.PermError, "l="},

		{"t=", edTags(fmt.Sprintf(" t=%d;", noon.Unix())), dkim.Pass, ""},
		{"t= within a day", edTags(fmt.Sprintf(" t=%d;", noon.Unix()+86000)), dkim.Pass, ""},
		{"t= in the future", edTags(fmt.Sprintf(" t=%d;", noon.Unix()+87000)), dkim.Policy, "future"},
		{"t= is no time", edTags(" t=now;"), dkim.PermError, "t="},
		{"empty t=", edTags(" t=;"), dkim.PermError, "t="},
		{"t= of 13 digits", edTags(" t=1234567890123;"), dkim.PermError, "t="},
		{"x= to come", edTags(fmt.Sprintf(" x=%d;", noon.Unix()+1)), dkim.Pass, ""},
		{"x= just now", edTags(fmt.Sprintf(" x=%d;", noon.Unix())), dkim.Pass, ""},
		{"x= past (F8)", edTags(fmt.Sprintf(" x=%d;", noon.Unix()-1)), dkim.Fail, "expired"},
		{"x=0", edTags(" x=0;"), dkim.Fail, "expired"},
		{"x= before t=", edTags(fmt.Sprintf(" t=%d; x=%[1]d;", noon.Unix()+9)), dkim.PermError, "x="},
		{"x= is no time", edTags(" x=+9;"), dkim.PermError, "x="},
	}
	zone := map[string]string{keyName: record(edKey()), "tmp._domainkey.good.test": "TEMPERROR"}
	for _, tt := range tests {
		raw := sign(t, edKey(), tt.tags, letter, from)
		results := dkim.Verify(t.Context(), dkimtest.Mail(raw), dkimtest.Lookup(zone), noon)
		if len(results) != 1 || results[0].Status != tt.want || !strings.Contains(results[0].Reason, tt.why) {
			t.Errorf("%s: the signature is %+v, want %s, for %q", tt.name, results, tt.want, tt.why)
		}
	}
}

// TestResult: what a result tells of a signature, also of one that does not pass.
func TestResult(t *testing.T) {
	raw := sign(t, rsaKey(), "v=1; a=rsa-sha256; d=Good.test; s=S.2026; h=From:X-Tag; i=a=40b@x.good.test; bh=BH; b= B64", letter,
		from, "X-Tag: two\r\n")
	zone := map[string]string{"s.2026._domainkey.good.test": record(rsaKey())}
	for _, zone := range []map[string]string{zone, nil} {
		r := dkim.Verify(t.Context(), dkimtest.Mail(raw), dkimtest.Lookup(zone), noon)[0]
		if zone != nil && (r.Status != dkim.Pass || r.KeyBits != 2048 || r.Reason != "") {
			t.Errorf("the signature is %+v, want a pass of 2048 bits", r)
		}
		_, b, _ := strings.Cut(raw, "; b= ")
		if r.Domain != "good.test" || r.Selector != "s.2026" || r.AUID != "a=40b@x.good.test" || r.Algorithm != "rsa-sha256" ||
			fmt.Sprint(r.Signed) != "[from x-tag]" || r.B != b[:8] {
			t.Errorf("the signature is told as %+v", r)
		}
	}
	raw = sign(t, edKey(), edTags(""), letter, from)
	if r := dkim.Verify(t.Context(), dkimtest.Mail(raw), dkimtest.Lookup(nil), noon)[0]; r.AUID != "@good.test" {
		t.Errorf("without i= the AUID is %q, want @good.test (RFC 6376 3.5)", r.AUID)
	}
}

// TestFieldChoice: names in h= take fields from the bottom up, and one that none
// is left for stands for no field (RFC 6376 5.4.2).
func TestFieldChoice(t *testing.T) {
	const one, two = "X-Tag: one\r\n", "X-Tag: two\r\n"
	tests := []struct {
		name, h string
		signed  []string
		added   string // on top, after signing
		want    dkim.Status
	}{
		{"the last of two", "from:x-tag", []string{from, two}, "", dkim.Pass},
		{"both, from the bottom", "from:x-tag:x-tag", []string{from, two, one}, "", dkim.Pass},
		{"both, from the top", "from:x-tag:x-tag", []string{from, one, two}, "", dkim.Fail},
		{"one more than there are", "x-tag:from:x-tag:x-tag", []string{two, from, one}, "", dkim.Pass},
		{"one more, and then it comes", "x-tag:from:x-tag:x-tag", []string{two, from, one}, "X-Tag: three\r\n", dkim.Fail},
		{"one more comes on top", "from:x-tag:x-tag", []string{from, two, one}, "X-Tag: three\r\n", dkim.Pass},
		{"signed twice", "from:from", []string{from}, "", dkim.Pass},
		{"a second From (T4)", "from", []string{from}, "From: eve@evil.test\r\n", dkim.Policy},
		{"a second From, with a blank before the colon (T4)", "from", []string{from}, "FROM \t: eve@evil.test\r\n", dkim.Policy},
		{"a second From, folded before the colon (T4)", "from", []string{from}, "From\r\n : eve@evil.test\r\n", dkim.Policy},
		{"a second From where it is signed twice", "from:from", []string{from}, "From: eve@evil.test\r\n", dkim.Fail},
		{"a second Subject above the signed one (8.15)", "from:subject", []string{from, "Subject: Printer\r\n"}, "Subject: Pay\r\n", dkim.Policy},
		{"a second Subject where none is signed", "from", []string{from}, "Subject: Pay\r\n", dkim.Pass},
		{"signatures above are not meant", "from:dkim-signature", []string{from}, "", dkim.Pass},
	}
	zone := map[string]string{keyName: record(edKey())}
	for _, tt := range tests {
		tags := strings.Replace(edTags(""), "h=from", "h="+tt.h, 1)
		m := dkimtest.Mail(tt.added + sign(t, edKey(), tags, letter, tt.signed...))
		results := dkim.Verify(t.Context(), m, dkimtest.Lookup(zone), noon)
		if got := statuses(results); got != string(tt.want) {
			t.Errorf("%s: the signature is %+v, want %s", tt.name, results, tt.want)
		}
	}
}

// TestSignatureSigned: a signature may sign one below it.
func TestSignatureSigned(t *testing.T) {
	zone := map[string]string{keyName: record(edKey())}
	inner := sign(t, edKey(), edTags(""), letter, from)
	field, _, _ := strings.Cut(inner, "\r\n")
	tags := strings.Replace(edTags(""), "h=from", "h=from:dkim-signature", 1)
	outer := sign(t, edKey(), tags, inner, from, field+"\r\n")
	if got := statuses(dkim.Verify(t.Context(), dkimtest.Mail(outer), dkimtest.Lookup(zone), noon)); got != "pass pass" {
		t.Errorf("the signatures are %q, want both to pass", got)
	}
	broken := strings.Replace(outer, "\r\n"+field, "\r\n"+strings.Replace(field, "; d=", ";  d=", 1), 1)
	if got := statuses(dkim.Verify(t.Context(), dkimtest.Mail(broken), dkimtest.Lookup(zone), noon)); got != "fail fail" {
		t.Errorf("the signatures are %q, want both to fail: the lower one was changed", got)
	}
}

// TestTooMany: the signatures beyond the limit cost nothing.
func TestTooMany(t *testing.T) {
	raw := letter
	for range dkim.MaxSignatures + 2 {
		raw = sign(t, edKey(), edTags(""), raw, from)
	}
	asked := 0
	results := dkim.Verify(t.Context(), dkimtest.Mail(raw), func(context.Context, string) ([]string, error) {
		asked++
		return []string{record(edKey())}, nil
	}, noon)
	if got := statuses(results); got != strings.TrimSpace(strings.Repeat("pass ", dkim.MaxSignatures)) || asked != dkim.MaxSignatures {
		t.Errorf("the signatures are %q after %d look-ups, want %d that pass, and no word of the rest", got, asked, dkim.MaxSignatures)
	}
	if got := dkim.Verify(t.Context(), dkimtest.Mail(letter), nil, noon); got != nil {
		t.Errorf("a mail without signatures has %+v, want none", got)
	}
}

// TestAltered: what is signed cannot be changed, and nothing fits a body that was
// never hashed.
func TestAltered(t *testing.T) {
	zone := map[string]string{keyName: record(edKey())}
	raw := sign(t, edKey(), edTags(""), letter, from)
	for name, altered := range map[string]string{
		"subject, not signed": strings.Replace(raw, "Printer", "Copier", 1),
		"body":                strings.Replace(raw, "smokes", "burns", 1),
		"body appended":       raw + "More.\r\n",
		"From":                strings.Replace(raw, "Ann", "Eve", 1),
		"From folded":         strings.Replace(raw, "From: Ann", "From:\r\n Ann", 1),
		"signature, a blank":  strings.Replace(raw, "; bh=", ";  bh=", 1),
	} {
		want := dkim.Fail
		if name == "subject, not signed" { // the control
			want = dkim.Pass
		}
		if got := statuses(dkim.Verify(t.Context(), dkimtest.Mail(altered), dkimtest.Lookup(zone), noon)); got != string(want) {
			t.Errorf("%s changed: the signature is %q, want %s", name, got, want)
		}
	}
	tags := strings.Replace(edTags(""), "BH", strings.Repeat("A", 43)+"=", 1)
	m := dkimtest.Mail(sign(t, edKey(), tags, letter, from))
	m.Body = dkim.Body{}
	if got := statuses(dkim.Verify(t.Context(), m, dkimtest.Lookup(zone), noon)); got != "fail" {
		t.Errorf("a bh= of zeros over a body that was not hashed is %q, want fail", got)
	}
}

// TestIDNA: d= may have U-labels, and its key is asked for under A-labels (RFC 8616).
func TestIDNA(t *testing.T) {
	zone := map[string]string{"s._domainkey.xn--grn-ioa.test": record(edKey())}
	tags := strings.Replace(edTags(" i=ann@grün.test;"), "d=good.test", "d=Grün.test", 1)
	r := dkim.Verify(t.Context(), dkimtest.Mail(sign(t, edKey(), tags, letter, from)), dkimtest.Lookup(zone), noon)[0]
	if r.Status != dkim.Pass || r.Domain != "xn--grn-ioa.test" {
		t.Errorf("a signature of grün.test is %+v, want a pass of xn--grn-ioa.test", r)
	}
	tags = strings.Replace(edTags(""), "d=good.test", "d=g\xfcn.test", 1)
	r = dkim.Verify(t.Context(), dkimtest.Mail(sign(t, edKey(), tags, letter, from)), dkimtest.Lookup(zone), noon)[0]
	if r.Status != dkim.PermError {
		t.Errorf("a d= that is not UTF-8 is %+v, want permerror", r)
	}
}
