package header

import (
	"strings"
	"testing"
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
