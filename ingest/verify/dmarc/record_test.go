package dmarc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestParseRecord: RFC 9989 4.7 and 4.8.
func TestParseRecord(t *testing.T) {
	tests := []struct {
		txt  string
		want Record // PSD and Percent are filled in where empty
		err  error
	}{
		{"v=DMARC1; p=reject", Record{P: Reject}, nil},
		{" v\t=  DMARC1 ;\tp = Reject ; ", Record{P: Reject}, nil},
		{"V=DMARC1;P=none;SP=QUARANTINE;np=reject", Record{P: PolicyNone, SP: Quarantine, NP: Reject}, nil},
		{"v=DMARC1;;p=none;;", Record{P: PolicyNone}, nil},
		{"v=DMARC1; p=none; adkim=s; aspf=S; t=y; psd=Y; pct=25", Record{P: PolicyNone, DKIMStrict: true, SPFStrict: true, Testing: true, PSD: "y", Percent: 25}, nil},
		{"v=DMARC1; p=none; adkim=strict; aspf=; t=yes; psd=x; pct=101; ri=x; rf=afrf; fo=9", Record{P: PolicyNone}, nil},
		{"v=DMARC1; p=none; unknown=1; garbage; =; \x00\xff=\xff", Record{P: PolicyNone}, nil},
		{"v=DMARC1; p=reject; p=none", Record{P: Reject}, nil}, // said twice: the first
		{"v=DMARC1; rua=mailto:a@b.example!10m, https://r.example/x ,x,mailto:", Record{P: PolicyNone, RUA: []string{"mailto:a@b.example", "https://r.example/x"}}, nil},
		{"v=DMARC1; p=; rua=mailto:a@b.example; psd=n", Record{P: PolicyNone, PSD: "n", RUA: []string{"mailto:a@b.example"}}, nil},
		{"v=DMARC1; p=reject; sp=x; np=reject", Record{P: PolicyNone}, ErrNoPolicy},
		{"v=DMARC1; psd=y", Record{P: PolicyNone, PSD: "y"}, ErrNoPolicy},
		{"v=DMARC1", Record{P: PolicyNone}, ErrNoPolicy},
		{"v=dmarc1; p=reject", Record{}, ErrNotRecord},
		{"v=DMARC1x; p=reject", Record{}, ErrNotRecord},
		{"v=DMARC1 p=reject", Record{}, ErrNotRecord},
		{"v=DMARC2; p=reject", Record{}, ErrNotRecord},
		{"p=reject; v=DMARC1", Record{}, ErrNotRecord},
		{"; v=DMARC1; p=reject", Record{}, ErrNotRecord},
		{"v=\"DMARC1\"; p=reject", Record{}, ErrNotRecord},
		{"DMARC1; p=reject", Record{}, ErrNotRecord},
		{"v=spf1 -all", Record{}, ErrNotRecord},
		{"", Record{}, ErrNotRecord},
	}
	for _, tt := range tests {
		if tt.err != ErrNotRecord {
			if tt.want.PSD == "" {
				tt.want.PSD = "u"
			}
			if tt.want.Percent == 0 {
				tt.want.Percent = 100
			}
		}
		got, err := ParseRecord(tt.txt)
		if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ParseRecord(%q) = %+v, %v\nshould be %+v, %v", tt.txt, got, err, tt.want, tt.err)
		}
	}
}

// FuzzParseRecord: only what begins with the version is a record, every record
// asks for one of three policies, and white space around tags changes nothing.
func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{reject, "v = DMARC1;sp=none;np=x;rua=mailto:a@b.c!1k,x:y", "v=DMARC1;pct=0;psd=y;t=y;adkim=s", "V=DMARC1", "v=DMARC1;;=;p", "v=spf1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		r, err := ParseRecord(txt)
		if errors.Is(err, ErrNotRecord) {
			if !reflect.DeepEqual(r, Record{}) {
				t.Fatalf("%q is no record, but gives %+v", txt, r)
			}
			return
		}
		if !strings.Contains(txt, "DMARC1") {
			t.Fatalf("%q has no version, but is read as %+v", txt, r)
		}
		for _, p := range []Policy{r.P, r.SP, r.NP} {
			if p != PolicyNone && p != Quarantine && p != Reject && (p != "" || r.P == "") {
				t.Fatalf("%q asks for %q", txt, p)
			}
		}
		if err != nil && (r.P != PolicyNone || len(r.RUA) > 0) {
			t.Fatalf("%q: %v, but it is %+v", txt, err, r)
		}
		if r.Percent < 0 || r.Percent > 100 || !strings.Contains("ynu", r.PSD) {
			t.Fatalf("%q gives values out of range: %+v", txt, r)
		}
		spaced, err2 := ParseRecord(strings.ReplaceAll(txt, ";", " ;\t"))
		if !errors.Is(err2, err) || !reflect.DeepEqual(spaced, r) {
			t.Fatalf("white space around the tags of %q changes %+v to %+v", txt, r, spaced)
		}
	})
}

// FuzzEvaluate: whatever records and names there are, a pass names an identifier
// that was proved and shares a label with From, no walk asks more than eight
// names, and nothing is asked that no name can be.
func FuzzEvaluate(f *testing.F) {
	f.Add("x.a.example", "a.example", "y.a.example", reject, "v=DMARC1; p=none; psd=y")
	f.Add(deep, "example.com", "b.c.d.e.f.g.h.i.j.mail.example.com", "FAIL", reject+"; adkim=s; psd=n")
	f.Add("good.test(.evil.test", "bücher.example.", "", "v=DMARC1", "v=DMARC1; np=reject|"+reject)
	f.Fuzz(func(t *testing.T, from, spf, dkim, below, above string) {
		author, _ := canonical(from)
		_, parent, _ := strings.Cut(author, ".")
		z := zone{author: below, parent: above, top(author): above}
		var asked []string
		res := Evaluate(t.Context(), Query{From: from, SPF: spf, DKIM: []string{dkim}}, z.lookup(&asked))
		if len(asked) > 3*8+1 {
			t.Fatalf("From %q, SPF %q, DKIM %q: %d names asked", from, spf, dkim, len(asked))
		}
		for _, name := range asked {
			if strings.ContainsAny(name, " ()\"\\;\r\n\x00") || strings.Contains(name, "..") {
				t.Fatalf("asked for %q", name)
			}
		}
		aligned := res.DKIMAligned + res.SPFAligned
		if res.Status == Pass && aligned == "" || res.Status == Fail && aligned != "" {
			t.Fatalf("%s with aligned %q", res.Status, aligned)
		}
		for _, pair := range [][2]string{{res.DKIMAligned, dkim}, {res.SPFAligned, spf}} {
			proved, _ := canonical(pair[1])
			if pair[0] != "" && (pair[0] != proved || top(proved) != top(author)) {
				t.Fatalf("%q aligns with %q, but %q was proved", pair[0], author, proved)
			}
		}
	})
}
