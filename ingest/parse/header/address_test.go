package header

import (
	"strings"
	"testing"
	"unicode/utf8"

	"casegate/mailer"
)

// TestAddresses: what is shown of To and Cc. The doubts, which are about who
// sent a mail, have their table in ingest/verify.
func TestAddresses(t *testing.T) {
	tests := []struct{ value, want string }{
		{"a@b.c", "a@b.c"},
		{"A B <a@b.c>, d@e.f", "A B <a@b.c>|d@e.f"},
		{`"B, A" <a@b.c>; d@e.f (D)`, "B, A <a@b.c>|D <d@e.f>"},
		{`"a \"b\" c" <a@b.c>`, `a "b" c <a@b.c>`},
		{"Team: a@b.c, D <d@e.f>; g@h.i", "a@b.c ?|D <d@e.f> ?|g@h.i"},
		{"undisclosed-recipients:;", "- ?"},
		{",, a@b.c,,", "a@b.c"},
		{"", ""},
		{"(just a comment)", "- ?"},
		{"a@b.c (one (two) three)", "one (two) three <a@b.c>"},
		{"<@x,@y:a@b.c>", "a@b.c ?"},
		{"not an address, a@b.c", "not an address - ?|a@b.c"},
		{`"a b"@c.d`, `"a b"@c.d ?`},
		{"=?utf-8?q?J=C3=BCrgen?= <a@b.c>", "Jürgen <a@b.c>"},
		{"=?iso-8859-1?q?J=FC?=\r\n =?iso-8859-1?q?rgen?= <a@b.c>", "Jürgen <a@b.c>"},
		{"J\xfcrgen <a@b.c>", "Jürgen <a@b.c>"},
		{`"=?utf-8?q?J=C3=BCrgen?=" <a@b.c>`, "Jürgen <a@b.c>"},
		{"=?utf-8?q?=3Cx=40y.z=3E=2C?= <a@b.c>", "<x@y.z>, <a@b.c>"},
		{"=?utf-8?Q?Nowak,_Anna?= <a@b.c>, d@e.f", "Nowak, Anna <a@b.c>|d@e.f"}, // RFC 2047 5 (3)
		{"=?utf-8?Q?Support:_Anna?= <a@b.c>", "Support: Anna <a@b.c>"},
		{"=?utf-8?Q?A;_B?= =?utf-8?q?,_C?= <a@b.c>", "A; B, C <a@b.c>"},
		{"=?utf-8?Q?Anna_(North)?= <a@b.c>", "Anna (North) <a@b.c>"},
		{"=?utf-8?Q?Anna?=,=?utf-8?Q?Ben?= <a@b.c>", "Anna - ?|Ben <a@b.c>"},
		{"=?utf-8?Q?A, B?= <a@b.c>", "A - ?|B?= <a@b.c>"},  // white space: no encoded word
		{"=?utf-8?Q?x@y.z,?= <a@b.c>", "x@y.z, <a@b.c> ?"}, // T7
		{"=?utf-8?Q?<x@y.z>?= <a@b.c>", "<x@y.z> <a@b.c> ?"},
		{"=?utf-8?Q?x@y.z?=", "x@y.z - ?"},
		{"=?utf-8?Q?a,?=x@y.z <a@b.c>", "a,x@y.z <a@b.c> ?"},
		{"=?utf-8?Q?a,b?=@y.z", "a,b@y.z - ?"},
		{"Evil\u202e <a@b.c>", "Evil <a@b.c>"},
		{"a@B.C", "a@b.c"},
		{"użytkownik@przykład.pl", "użytkownik@xn--przykad-rjb.pl"},
		{"Anna Nowak anna@b.c", "Anna Nowak <anna@b.c> ?"},
		{"a@b . c", "a@b.c ?"},
		{"A <a (x)@b.c>", "A (x) <a@b.c> ?"},
		{"A <a @ b.c>", "A <a@b.c> ?"},
		{"A (North) <a@b.c> (late)", "A (North) <a@b.c>"},
		{"(North) <a@b.c>", "North <a@b.c>"},
		{"<a@b.c> (late)", "late <a@b.c>"},
		{"(=?utf-8?q?x=40y.z?=) <a@b.c>", "x@y.z <a@b.c> ?"}, // F6
		{"a@b.c (=?utf-8?q?x=40y.z?=)", "x@y.z <a@b.c> ?"},
		{"A (=?utf-8?q?x=40y.z?=) <a@b.c>", "A (x@y.z) <a@b.c> ?"},
		{"Anna", "Anna - ?"},
		{"Anna <anna>", "Anna - ?"},
		{`\`, `\ - ?`},
		{`"`, "- ?"},
		{"<", "- ?"},
		{"(", "- ?"},
	}
	for _, tt := range tests {
		var got []string
		for _, e := range Addresses(unfold([]byte(tt.value)), "") {
			got = append(got, format(e))
		}
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%q reads as %q, want %q", tt.value, s, tt.want)
		}
	}
}

// format writes an entry with "?" for a doubt and "-" for no address.
func format(e Entry) string {
	s, name := e.Email.String(), e.Name
	if e.Comment != "" {
		name += " (" + e.Comment + ")"
	}
	switch {
	case s == "" && name != "":
		s = name + " -"
	case s == "":
		s = "-"
	case name != "":
		s = name + " <" + s + ">"
	}
	if e.Doubt != "" {
		s += " ?"
	}
	return s
}

// TestAddressLimits: T54.
func TestAddressLimits(t *testing.T) {
	if n := len(Addresses(strings.Repeat("a@b.c,", 5000), "")); n != MaxAddresses+1 {
		t.Errorf("5,000 addresses give %d entries, want 1,000 and one that says so", n)
	}
	for _, s := range []string{"(", "\"", "<", "a@", "ö.", "=?", "@", ";", ":", "\\", "<>", "a b "} {
		Addresses(strings.Repeat(s, 100_000), "") // must end
	}
	h := Read([]byte("To: " + strings.Repeat("a@b.c,", 2000) + "\r\n\r\n"))
	if n := len(Mailboxes(h, "To", "")); n != MaxAddresses {
		t.Errorf("%d recipients are shown, want the first 1,000", n)
	}
}

// TestShown: what people see of From and To.
func TestShown(t *testing.T) {
	h := Read([]byte("From: Anna (North) <a@b.c>\r\nTo: Recipients, d@e.f\r\nFrom: x@y.z\r\nTo: g@h.i\r\nReply-To: undisclosed:;\r\n\r\n"))
	for field, want := range map[string]string{"From": "Anna (North) a@b.c|", "To": "Recipients |d@e.f|g@h.i|", "Reply-To": "", "Cc": ""} {
		got := ""
		for _, m := range Shown(h, field, "") {
			got += strings.TrimLeft(m.Name+" "+m.Email.String(), " ") + "|"
		}
		if got != strings.ReplaceAll(want, "| ", "|") {
			t.Errorf("%s is shown as %q, want %q", field, got, want)
		}
	}
	if got := Mailboxes(h, "To", ""); len(got) != 2 {
		t.Errorf("To has the mailboxes %v, want the two with an address", got)
	}
}

// FuzzAddresses: an entry without doubt stands in the value as it is; nothing
// that was encoded or split up becomes an address (T7).
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"A <a@b.c>, \"d, e\" <f@g.h>", "g: a@b.c, d@e.f;", "<@a,@b:c@d.e>", "a(b(c)d)@e.f", "=?utf-8?b?YUBiLmM=?= <d@e.f>",
		`"\"" <"a\"b"@c.d>`, "a@b.c <a@b.c>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, e := range Addresses(value, "") {
			if !utf8.ValidString(e.Name) || len(e.Name) > maxName || strings.ContainsAny(e.Name, "\r\n\x00") {
				t.Errorf("%q gives the name %q", value, e.Name)
			}
			if e.Email.IsZero() && e.Doubt == "" {
				t.Errorf("%q gives an entry with neither address nor doubt", value)
			}
			if e.Doubt != "" {
				continue
			}
			again, err := mailer.ParseAddress(e.Email.String())
			if err != nil || again != e.Email {
				t.Errorf("%q gives %v, which reads as %v (%v)", value, e.Email, again, err)
			}
			if !strings.ContainsAny(e.Email.Local, `"\`) && !strings.Contains(value, e.Email.Local) {
				t.Errorf("%q gives the local part %q, which is not in it", value, e.Email.Local)
			}
		}
	})
}
