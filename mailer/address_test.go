package mailer

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	label := strings.Repeat("d", 63)
	for _, c := range []struct{ in, want string }{ // want "": an error
		{"anna@north.example", "anna@north.example"},
		{"Anna.Nowak+x@NORTH.Example", "Anna.Nowak+x@north.example"},
		{"!#$%&'*+-/=?^_`{|}~@north.example", "!#$%&'*+-/=?^_`{|}~@north.example"},
		{`"anna"@north.example`, "anna@north.example"},
		{`"an\na"@north.example`, "anna@north.example"},
		{`"a b"@north.example`, `"a b"@north.example`},
		{`"a\"\\b"@north.example`, `"a\"\\b"@north.example`},
		{`".a..b."@north.example`, `".a..b."@north.example`},
		{"zażółć@north.example", "zażółć@north.example"},
		{"陳@例子.example", "陳@xn--fsqu00a.example"},
		{"anna@żółw.example", "anna@xn--w-uga1v8h.example"},
		{"anna@xn--w-uga1v8h.example", "anna@xn--w-uga1v8h.example"},
		{"anna@localhost", "anna@localhost"},
		{"anna@_tcp.north.example", "anna@_tcp.north.example"},
		{long + "@north.example", long + "@north.example"},
		{long + "@" + label + "." + label + "." + strings.Repeat("e", 61), long + "@" + label + "." + label + "." + strings.Repeat("e", 61)},

		// F12, T53: what looks like another address ends up in the local part or nowhere.
		{"user%victim.example@north.example", "user%victim.example@north.example"},
		{`"user@victim.example"@north.example`, `"user@victim.example"@north.example`},
		{`"x> NOTIFY=NEVER y"@d.example`, `"x> NOTIFY=NEVER y"@d.example`},
		{"@us.example:user@victim.example", ""},
		{"a@b@north.example", ""},
		{"x> NOTIFY=NEVER y@d.example", ""},
		{"<anna@north.example>", ""},
		{"anna@north.example>", ""},
		{"anna@north.example BODY=8BITMIME", ""},
		{"anna(comment)@north.example", ""},
		{"Anna <anna@north.example>", ""},

		// T8, T53: no control characters, however they are dressed.
		{"anna\r\n@north.example", ""},
		{"anna@north.example\r\nRCPT TO:<x@y.example>", ""},
		{"\"an\r\nna\"@north.example", ""},
		{"\"an\\\nna\"@north.example", ""},
		{"\"an\x00na\"@north.example", ""},
		{"\"an\tna\"@north.example", ""},
		{"anna@north\x00.example", ""},
		{"an\u0085na@north.example", ""},
		{"an\x7fna@north.example", ""},
		{"an\xffna@north.example", ""},
		{"an\uFFFDna@north.example", ""},

		// T55
		{"", ""}, {"@", ""}, {"anna", ""}, {"anna@", ""}, {"@north.example", ""}, {`""@north.example`, ""},
		{"anna@north.example.", ""},
		{"anna@.north.example", ""},
		{"anna@north..example", ""},
		{"anna@-north.example", ""},
		{"anna@north-.example", ""},
		{"anna@no rth.example", ""},
		{"anna@[192.0.2.1]", ""},
		{"anna@[IPv6:2001:db8::1]", ""},
		{"anna@192.0.2.1", ""},
		{".anna@north.example", ""},
		{"anna.@north.example", ""},
		{"an..na@north.example", ""},
		{`"anna@north.example`, ""},
		{`"anna\"@north.example`, ""},
		{`"an"na"@north.example`, ""},
		{`an"na@north.example`, ""},
		{`"@north.example`, ""},
		{long + "a@north.example", ""},
		{"anna@" + label + "d.example", ""},
		{long + "@" + label + "." + label + "." + strings.Repeat("e", 62), ""},
		{"anna@ex\u200dample.example", ""},
		{"anna@\xbb0.example", ""},
		{"anna@\uFFFD0.example", ""},
	} {
		got, err := ParseAddress(c.in)
		switch {
		case c.want == "" && err == nil:
			t.Errorf("ParseAddress(%q) = %q, want an error", c.in, got)
		case c.want == "" && !errors.Is(err, ErrAddress):
			t.Errorf("ParseAddress(%q): %v, want it to wrap ErrAddress", c.in, err)
		case c.want == "" && !got.IsZero():
			t.Errorf("ParseAddress(%q) gave %q beside its error, want the zero address", c.in, got)
		case c.want != "" && (err != nil || got.String() != c.want):
			t.Errorf("ParseAddress(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

// An error of ours may be logged: it must not grow with the input or break the line.
func TestAddressErrorIsShort(t *testing.T) {
	for _, in := range []string{strings.Repeat("ż", 100000), strings.Repeat("\n", 1000) + "@d"} {
		_, err := ParseAddress(in)
		if err == nil || len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("error for %d octets: %v, want one short line", len(in), err)
		}
	}
}

func TestAddressKey(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ANN@ACME.EXAMPLE", "ann@acme.example", true},
		{`"ann"@acme.example`, "Ann@acme.example", true},
		{"ann@ŻÓŁW.example", "ann@xn--w-uga1v8h.example", true},
		{"ann@ａcme.example", "ann@acme.example", true}, // the name the mail would be sent to (UTS 46)

		// T14: letters beyond ASCII are never folded or composed.
		{"alıce@acme.example", "alice@acme.example", false},
		{"alİce@acme.example", "alice@acme.example", false},
		{"ａnn@acme.example", "ann@acme.example", false},
		{"ſam@acme.example", "sam@acme.example", false},
		{"\u212aim@acme.example", "kim@acme.example", false}, // KELVIN SIGN
		{"É@acme.example", "é@acme.example", false},
		{"e\u0301@acme.example", "\u00e9@acme.example", false},
		// T15: neither tags nor dots are ours to interpret.
		{"ann+x@acme.example", "ann@acme.example", false},
		{"a.nn@acme.example", "ann@acme.example", false},
		{"ann@acme.example", "ann@mail.acme.example", false},
	} {
		a, b := MustAddress(c.a), MustAddress(c.b)
		if a.Is(b) != c.same || (a.Key() == b.Key()) != c.same {
			t.Errorf("%q is %q: %v, want %v", c.a, c.b, a.Is(b), c.same)
		}
	}
	if (Address{}).Is(Address{}) {
		t.Error("the null reverse-path is the same mailbox as itself, want it to be nobody's")
	}
}

func TestAddressIsASCII(t *testing.T) {
	for in, want := range map[string]bool{
		"anna@north.example": true, "anna@żółw.example": true, "zażółć@north.example": false,
	} {
		if got := MustAddress(in).IsASCII(); got != want {
			t.Errorf("%q can go without SMTPUTF8: %v, want %v", in, got, want)
		}
	}
}

func TestAddressText(t *testing.T) {
	for _, in := range []string{"", "anna@north.example", `"a b"@north.example`, "陳@xn--fsqu00a.example"} {
		want := Address{}
		if in != "" {
			want = MustAddress(in)
		}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := MustAddress("old@value.example")
		if err := json.Unmarshal(data, &got); err != nil || got != want {
			t.Errorf("%q came back from %s as %q, %v", in, data, got, err)
		}
	}
	a := MustAddress("old@value.example")
	if err := a.UnmarshalText([]byte("a\n@b")); err == nil || a.String() != "old@value.example" {
		t.Errorf("reading a broken address gave %q, %v, want an error and no change", a, err)
	}
}

// checkAddress holds for every address this package makes, wherever it came from.
func checkAddress(t interface {
	Helper()
	Fatalf(string, ...any)
}, a Address) {
	t.Helper()
	s := a.String()
	for _, r := range s {
		if unicode.IsControl(r) {
			t.Fatalf("%q holds a control character", s)
		}
	}
	if len(s) > maxAddress || len(a.Local) > maxLocal || !isASCII(a.Domain) || a.Domain != lower(a.Domain) {
		t.Fatalf("%q is out of bounds", s)
	}
	// A reader of SMTP must find our domain where the address ends, and no
	// space or angle bracket outside quotes (T51, T53).
	quoted, escaped := false, false
	for _, c := range []byte(s) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(" <>(),:;[]\\", c) >= 0:
			t.Fatalf("%q has %q outside quotes", s, c)
		}
	}
	if quoted || escaped {
		t.Fatalf("%q has open quotes", s)
	}
	back, err := ParseAddress(s)
	if err != nil || back != a {
		t.Fatalf("%q came back as %+v, %v, want %+v", s, back, err, a)
	}
	if k := a.Key(); k.Key() != k || !a.Is(k) {
		t.Fatalf("%q: its key %q is not its own key", s, k)
	}
}

// A8: parse∘print = identity, for every local part and domain.
func TestAddressRoundTrip(t *testing.T) {
	local := rapid.OneOf(
		rapid.StringN(1, 64, 64),
		rapid.StringOfN(rapid.RuneFrom([]rune(`ab.@"\ <>,;:()[]%!żé語`)), 1, 40, 64),
	)
	label := rapid.StringMatching(`[a-zA-Z0-9]([a-z0-9_-]{0,20}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		domain := strings.Join(rapid.SliceOfN(label, 1, 5).Draw(t, "labels"), ".")
		a, err := NewAddress(local.Draw(t, "local"), domain)
		if err != nil {
			if !errors.Is(err, ErrAddress) || !a.IsZero() {
				t.Fatalf("got %q, %v, want the zero address and ErrAddress", a, err)
			}
			return
		}
		checkAddress(t, a)
	})
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"anna@north.example", `"a\"b"@north.example`, `"x> NOTIFY=NEVER y"@d`, "陳@例子.example",
		"@us:user@victim", "a@[192.0.2.1]", "a@b.", "\"\\\n\"@d", "a@\u3002example", "a@xn--a.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if !a.IsZero() || !errors.Is(err, ErrAddress) {
				t.Fatalf("ParseAddress(%q) = %q, %v, want the zero address and ErrAddress", s, a, err)
			}
			return
		}
		checkAddress(t, a)
	})
}
