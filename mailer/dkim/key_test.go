package dkim_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// verifyWith verifies a good signature against key records.
func verifyWith(t *testing.T, raw string, records ...string) dkim.Result {
	t.Helper()
	return dkim.Verify(t.Context(), dkimtest.Mail(raw), func(context.Context, string) ([]string, error) {
		return records, nil
	}, late)[0]
}

// TestKeyRecords: RFC 6376 3.6.1.
func TestKeyRecords(t *testing.T) {
	p := strings.TrimPrefix(record(edKey()), "v=DKIM1; k=ed25519; ")
	raw := sign(t, edKey(), edTags(" i=ann@mail.good.test;"), letter, from)
	tests := []struct {
		record string
		want   dkim.Status
		why    string
	}{
		{"v=DKIM1; k=ed25519; " + p, dkim.Pass, ""},
		{"k=ed25519; " + p, dkim.Pass, ""},
		{" v = DKIM1 ; k = ed25519 ; " + p + " ; ", dkim.Pass, ""},
		{"k=ed25519; " + p[:9] + " \t" + p[9:], dkim.Pass, ""},
		{"v=DKIM1; k=ed25519; n=a note; zz=1; " + p, dkim.Pass, ""},
		{"k=ed25519; v=DKIM1; " + p, dkim.PermError, "DKIM1"},
		{"v=dkim1; k=ed25519; " + p, dkim.PermError, "DKIM1"},
		{"v=DKIM2; k=ed25519; " + p, dkim.PermError, "DKIM1"},
		{"v=; k=ed25519; " + p, dkim.PermError, "DKIM1"},
		{"v=spf1 -all", dkim.PermError, "DKIM1"},
		{"", dkim.PermError, "tag list"},
		{"hello", dkim.PermError, "tag list"},
		{"v=DKIM1; k=ed25519; oops", dkim.PermError, "tag list"},
		{"v=DKIM1; k=ed25519; " + p + "; " + p, dkim.PermError, "tag list"},
		{"v=DKIM1; " + p, dkim.PermError, "algorithm"},
		{"v=DKIM1; k=rsa; " + p, dkim.PermError, "algorithm"},
		{"v=DKIM1; k=Ed25519; " + p, dkim.PermError, "algorithm"},
		{"v=DKIM1; k=ed25519", dkim.PermError, "no p="},
		{"v=DKIM1; k=ed25519; p=", dkim.PermError, "revoked"},
		{"v=DKIM1; k=ed25519; p=?", dkim.PermError, "not a key"},
		{"v=DKIM1; k=ed25519; p=AAAA", dkim.PermError, "not a key"},
		{"v=DKIM1; k=ed25519; p=" + strings.Repeat("A", 4000), dkim.PermError, "too long"},
		{"v=DKIM1; k=ed25519; h=sha1:sha256; " + p, dkim.Pass, ""},
		{"v=DKIM1; k=ed25519; h=sha1; " + p, dkim.PermError, "sha256"},
		{"v=DKIM1; k=ed25519; h=; " + p, dkim.PermError, "sha256"},
		{"v=DKIM1; k=ed25519; s=*; " + p, dkim.Pass, ""},
		{"v=DKIM1; k=ed25519; s=tlsrpt : email; " + p, dkim.Pass, ""},
		{"v=DKIM1; k=ed25519; s=tlsrpt; " + p, dkim.PermError, "mail"},
		{"v=DKIM1; k=ed25519; t=s; " + p, dkim.PermError, "t=s"},
		{"v=DKIM1; k=ed25519; t=z; " + p, dkim.Pass, ""},
		{"v=DKIM1; k=ed25519; t=y; " + p, dkim.Policy, "test mode"},
		{"v=DKIM1; k=ed25519; t=z:y; " + p, dkim.Policy, "test mode"},
	}
	for _, tt := range tests {
		if r := verifyWith(t, raw, tt.record); r.Status != tt.want || !strings.Contains(r.Reason, tt.why) {
			t.Errorf("with the key record %q the signature is %+v, want %s, for %q", tt.record, r, tt.want, tt.why)
		}
	}
	for _, i := range []string{" i=ann@good.test;", ""} { // the control of t=s
		raw := sign(t, edKey(), edTags(i), letter, from)
		if r := verifyWith(t, raw, "v=DKIM1; k=ed25519; t=s; "+p); r.Status != dkim.Pass {
			t.Errorf("with t=s and%q the signature is %+v, want pass", i, r)
		}
	}
}

// TestRSAKeys: the encodings, and the sizes of RFC 8301 3.2.
func TestRSAKeys(t *testing.T) {
	const tags = "v=1; a=rsa-sha256; d=good.test; s=s; h=from; bh=BH; b=B64"
	raw := sign(t, rsaKey(), tags, letter, from)
	pkcs1 := "p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey))
	for _, r := range []string{record(rsaKey()), "v=DKIM1; " + pkcs1, pkcs1} {
		if got := verifyWith(t, raw, r); got.Status != dkim.Pass || got.KeyBits != 2048 {
			t.Errorf("with the key record %q the signature is %+v, want a pass of 2048 bits", r, got)
		}
	}
	ed, err := x509.MarshalPKIXPublicKey(edKey().Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if got := verifyWith(t, raw, "p="+base64.StdEncoding.EncodeToString(ed)); got.Status != dkim.PermError {
		t.Errorf("with an Ed25519 key where an RSA key is due the signature is %+v, want permerror", got)
	}
	small := newRSA(1024)
	if got := verifyWith(t, sign(t, small, tags, letter, from), record(small)); got.Status != dkim.Pass {
		t.Errorf("with a key of 1024 bits the signature is %+v, want pass", got)
	}
	for bits, why := range map[int]string{512: "too few", 1023: "too few", 4097: "too many"} {
		key := rsaKey().PublicKey
		key.N = new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
		r := "p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key))
		if got := verifyWith(t, raw, r); got.Status != dkim.PermError || !strings.Contains(got.Reason, why) {
			t.Errorf("with a key of %d bits the signature is %+v, want permerror, for %q", bits, got, why)
		}
	}
}

// TestSeveralRecords: any key at the selector may have signed; where none did,
// the reason is of the record that came nearest.
func TestSeveralRecords(t *testing.T) {
	raw := sign(t, edKey(), edTags(""), letter, from)
	good := record(edKey())
	other := record(ed25519.NewKeyFromSeed(make([]byte, 32)))
	tests := []struct {
		name    string
		records []string
		want    dkim.Status
		why     string
	}{
		{"one of another algorithm first", []string{record(rsaKey()), good}, dkim.Pass, ""},
		{"one of another key first", []string{other, good}, dkim.Pass, ""},
		{"one in test mode first", []string{"t=y; k=ed25519; " + good[len("v=DKIM1; k=ed25519; "):], good}, dkim.Pass, ""},
		{"no key record first", []string{"google-site-verification=x", good}, dkim.Pass, ""},
		{"five", slices.Repeat([]string{good}, 5), dkim.Pass, ""},
		{"six", slices.Repeat([]string{good}, 6), dkim.PermError, "6 records"},
		{"none fits", []string{record(rsaKey()), other}, dkim.Fail, "record 2 of 2"},
		{"none is a key", []string{"x", "y"}, dkim.PermError, "record 1 of 2"},
	}
	for _, tt := range tests {
		if r := verifyWith(t, raw, tt.records...); r.Status != tt.want || !strings.Contains(r.Reason, tt.why) {
			t.Errorf("%s: the signature is %+v, want %s, for %q", tt.name, r, tt.want, tt.why)
		}
	}
}
