package header

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMediaType(t *testing.T) {
	tests := []struct{ in, typ, name, value string }{
		{"text/plain", "text/plain", "charset", ""},
		{"Text/Plain; Charset=UTF-8", "text/plain", "charset", "UTF-8"},
		{`text/plain; charset="utf-8"; x=y`, "text/plain", "charset", "utf-8"},
		{"text/plain; charset=utf-8 format=flowed", "text/plain", "format", "flowed"},
		{"text/plain charset=utf-8", "text/plain", "charset", "utf-8"},
		{"text/plain; charset = utf-8", "text/plain", "charset", "utf-8"},
		{"text/plain;charset=a;charset=b", "text/plain", "charset", "a"},
		{`application/pdf; name="a \"b\".pdf"`, "application/pdf", "name", `a "b".pdf`},
		{`application/pdf; name="C:\temp\a.pdf"`, "application/pdf", "name", `C:\temp\a.pdf`},
		{"application/pdf; name=my file.pdf; x=y", "application/pdf", "name", "my file.pdf"},
		{`application/pdf; name="no end`, "application/pdf", "name", "no end"},
		{"application/pdf; name==?utf-8?q?=C5=BC.pdf?=", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*=utf-8'pl'%C5%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*0=a; name*1=b.pdf", "application/pdf", "name", "ab.pdf"},
		{"application/pdf; name*1=b.pdf; name*0*=utf-8''%C5%BC", "application/pdf", "name", "żb.pdf"},
		{"application/pdf; name*=utf-8''%zz", "application/pdf", "name", "%zz"},
		{"application/pdf; name*=utf-8''%C5%BC%z%", "application/pdf", "name", "ż%z%"},
		{"application/pdf; name*=utf-8'%C5%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*=%C5%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*=''%C5%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name=utf-8''%C5%BC.pdf", "application/pdf", "name", "ż.pdf"}, // no asterisk
		{"application/pdf; name*=no-such''%E9.pdf", "application/pdf", "name", "no-such''é.pdf"},
		{`application/pdf; name*="utf-8''%C5%BC.pdf"`, "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*==?utf-8?q?=C5=BC.pdf?=", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*=; name=a.pdf", "application/pdf", "name", "a.pdf"},
		{"application/pdf; name=a.pdf; name*=utf-8''b.pdf", "application/pdf", "name", "b.pdf"}, // RFC 6266 4.3
		{"application/pdf; name=a.pdf; name*0=b; name*1=.pdf", "application/pdf", "name", "b.pdf"},
		{"application/pdf; name*2=f; name*0=a; name*1=.pd", "application/pdf", "name", "a.pdf"},
		{"application/pdf; name*1=a; name*2=.pdf", "application/pdf", "name", "a.pdf"},
		{"application/pdf; name*00=a; name*01=.pdf", "application/pdf", "name", "a.pdf"},
		{"application/pdf; name*0=a; name*2=.pdf", "application/pdf", "name", "a"},
		{"application/pdf; name*0*=utf-8''%C5; name*1*=%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*0=a; name*1*=iso-8859-1''%E9; name*2*=.pdf", "application/pdf", "name", "aé.pdf"},
		{"application/pdf; name*0=\"=?utf-8?q?=C5=BC?=\"; name*1=\" =?utf-8?q?.pdf?=\"", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*99999999999999999999=a", "application/pdf", "name", ""},
		{"application/pdf; name==?utf-8?q?a;b=C5=BC.pdf?= ; x=y", "application/pdf", "name", "a;bż.pdf"},
		{"application/pdf; name==?utf-8?b?xbw=?= =?utf-8?q?.pdf?=; x=y", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name=\"za\xbf\xf3\xb3\xe6.pdf\"", "application/pdf", "name", "zażółć.pdf"},
		{"application/pdf; name=\"zażółć.pdf\"", "application/pdf", "name", "zażółć.pdf"},
		{`application/pdf; name="a; b=c.pdf"; x=y`, "application/pdf", "name", "a; b=c.pdf"},
		{`application/pdf; name="the "new" plan.pdf"; x=y`, "application/pdf", "name", `the "new" plan.pdf`},
		{`application/pdf; name="a.pdf" x=y`, "application/pdf", "x", "y"},
		{`application/pdf; name="no end; x=y`, "application/pdf", "x", "y"},
		{"application/pdf, name=a.pdf", "application/pdf", "name", "a.pdf"},
		{`"text/plain"; charset=utf-8`, "text/plain", "charset", "utf-8"},
		{"", "", "name", ""},
		{";=;=", "", "", ""},
	}
	for _, tt := range tests {
		typ, params := MediaType(tt.in)
		if got := Param(params, tt.name, ""); typ != tt.typ || got != tt.value {
			t.Errorf("%q is %q with %s=%q, want %q with %q", tt.in, typ, tt.name, got, tt.typ, tt.value)
		}
	}
}

// FuzzMediaType: a parameter is text, and no longer than its field.
func FuzzMediaType(f *testing.F) {
	for _, s := range []string{
		`a/b; name="c "d" e"; x=y`, "a/b; name*0*=utf-8''%C5; name*1*=%BC; name*02=x", "a/b; name==?utf-8?q?a;b?= x=y",
		"a/b; name*=iso-8859-2'pl'%B1; boundary=\"--\\\"", "multipart/mixed boundary=a=b", "a/b; name*=utf-7''+AEA-",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, params := MediaType(s)
		if strings.ContainsAny(typ, "; \t\r\n\"") || len(params) > maxParams {
			t.Errorf("%q is of type %q with %d parameters", s, typ, len(params))
		}
		for key := range params {
			name, _, _ := strings.Cut(key, "*")
			v := Param(params, name, "")
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || len(v) > 4*len(s)+4 {
				t.Errorf("%q gives %s=%q", s, name, v)
			}
			if again := Param(params, name, ""); again != v {
				t.Errorf("%q gives %s=%q and then %q (T60)", s, name, v, again)
			}
		}
		if b := Boundary(typ, params); len(b) > maxBoundary || b != "" && !strings.HasPrefix(typ, "multipart/") {
			t.Errorf("%q has the boundary %q", s, b)
		}
	})
}

func TestMessageIDs(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<a@b>", "a@b"},
		{"<a@b> <c@d>\t<a@b>", "a@b c@d"},
		{"<a@b><c@d>", "a@b c@d"},
		{"Your message of Monday <a@b>", "a@b"},
		{"<a\r\n b@c>", "ab@c"},
		{"a@b, (c@d)", "a@b c@d"},
		{"<> < > <@>", ""},
		{"<a@b", "a@b"},
		{"<<a@b>>", "a@b"},
		{"<a\x00@b> <" + strings.Repeat("x", 600) + ">", ""},
		{"no id here", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(MessageIDs(tt.in), " "); got != tt.want {
			t.Errorf("%.60q holds the ids %q, want %q", tt.in, got, tt.want)
		}
	}
	// T65: of 1,000 ids the anchor and the newest stay.
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("<" + strings.Repeat("a", i%7+1) + string(rune('A'+i%26)) + strings.Repeat("b", i/26) + "@x>")
	}
	ids, all := MessageIDs(b.String()), strings.Split(strings.Trim(b.String(), "<>"), "><")
	if len(ids) != MaxIDs || ids[0] != all[0] || ids[len(ids)-1] != all[len(all)-1] {
		t.Errorf("%d ids are kept, from %q to %q; want %d with the first and the last", len(ids), ids[0], ids[len(ids)-1], MaxIDs)
	}
}
