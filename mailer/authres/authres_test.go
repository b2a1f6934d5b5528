package authres

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func props(list ...string) []Prop {
	var out []Prop
	for _, s := range list {
		key, value, _ := strings.Cut(s, "=")
		ptype, property, found := strings.Cut(key, ".")
		if !found {
			ptype, property = "", key
		}
		out = append(out, Prop{ptype, property, value})
	}
	return out
}

// TestParse: RFC 8601 2.2 and appendix B, and the habits of those whose fields
// we will meet.
func TestParse(t *testing.T) {
	tests := []struct {
		name, value string
		want        Results
	}{
		{"no results (B.2)", "example.org 1; none", Results{ID: "example.org", Version: 1}},
		{"one (B.3)", "example.com;\r\n\tspf=pass smtp.mailfrom=example.net", Results{ID: "example.com", Methods: []Method{
			{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=example.net")}}}},
		{"comments everywhere (B.7)", "foo.example.net (foobar) 1 (baz);\r\n\tdkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n\tpolicy (A dot can go here) . (like that) expired\r\n\t(this surprised me) = 1362471462", Results{ID: "foo.example.net", Version: 1, Methods: []Method{
			{Name: "dkim", Result: "fail", Props: props("policy.expired=1362471462")}}}},
		{"reason", `e.test; dkim=neutral reason="bad; key (\"1\")" header.i=@a.test`, Results{ID: "e.test", Methods: []Method{
			{Name: "dkim", Result: "neutral", Reason: `bad; key ("1")`, Props: props("header.i=@a.test")}}}},
		{"another version", "e.test; dkim/2=pass; spf/1=fail", Results{ID: "e.test", Methods: []Method{{Name: "dkim/2", Result: "pass"}, {Name: "spf", Result: "fail"}}}},
		{"Google's shape", "mx.receiver.test;\n       dkim=pass header.i=@a.test header.s=s1 header.b=\"Ab/c+1=\";\n       spf=pass (receiver.test: domain of b@a.test designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@a.test;\n       dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=a.test", Results{ID: "mx.receiver.test", Methods: []Method{
			{Name: "dkim", Result: "pass", Props: props("header.i=@a.test", "header.s=s1", "header.b=Ab/c+1=")},
			{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=b@a.test")},
			{Name: "dmarc", Result: "pass", Props: props("header.from=a.test")}}}},
		{"unquoted base64", "e.test; dkim=pass header.b=Ab/c+1==", Results{ID: "e.test", Methods: []Method{{Name: "dkim", Result: "pass", Props: props("header.b=Ab/c+1==")}}}},
		{"ARC", "i=2; mx.receiver.test; dkim=pass header.i=@a.test; arc=pass (i=1 spf=pass spfdomain=a.test dkim=pass)", Results{Instance: 2, ID: "mx.receiver.test", Methods: []Method{
			{Name: "dkim", Result: "pass", Props: props("header.i=@a.test")}, {Name: "arc", Result: "pass"}}}},
		{"Microsoft's shape: ARC", "i=1; mx.ms.test 1; spf=pass smtp.mailfrom=a.test; dmarc=pass action=none header.from=a.test; dkim=pass header.d=a.test; arc=none", Results{Instance: 1, ID: "mx.ms.test", Version: 1, Methods: []Method{
			{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=a.test")},
			{Name: "dmarc", Result: "pass", Props: props("action=none", "header.from=a.test")},
			{Name: "dkim", Result: "pass", Props: props("header.d=a.test")}, {Name: "arc", Result: "none"}}}},
		{"Microsoft's shape: no authserv-id", "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.test; dkim=none (message not signed)\r\n header.d=none;dmarc=pass action=none header.from=a.test;compauth=pass reason=100", Results{Methods: []Method{
			{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=a.test")}, {Name: "dkim", Result: "none", Props: props("header.d=none")},
			{Name: "dmarc", Result: "pass", Props: props("action=none", "header.from=a.test")}, {Name: "compauth", Result: "pass", Reason: "100"}}}},
		{"a comment right behind a result", "e.test; dmarc=success(p=REJECT) header.from=a.test;", Results{ID: "e.test", Methods: []Method{{Name: "dmarc", Result: "success", Props: props("header.from=a.test")}}}},
		{"null reverse-path", "e.test; spf=none smtp.mailfrom=; dkim=none smtp.mailfrom=<> ; x=y a.b=\"\"", Results{ID: "e.test", Methods: []Method{
			{Name: "spf", Result: "none", Props: props("smtp.mailfrom=")}, {Name: "dkim", Result: "none", Props: props("smtp.mailfrom=<>")}, {Name: "x", Result: "y", Props: props("a.b=")}}}},
		{"quoted local part", `e.test; spf=pass smtp.mailfrom="a; b"@c.test; dkim=pass`, Results{ID: "e.test", Methods: []Method{
			{Name: "spf", Result: "pass", Props: props(`smtp.mailfrom="a; b"@c.test`)}, {Name: "dkim", Result: "pass"}}}},
		{"quotes and semicolons in comments", `e.test; spf=pass (e.test: domain of "x;y" (a \) b) is fine; really) smtp.mailfrom=c.test`, Results{ID: "e.test", Methods: []Method{
			{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=c.test")}}}},
		{"IPv6", "e.test; iprev=pass policy.iprev=2001:db8::1 (mail.a.test)", Results{ID: "e.test", Methods: []Method{{Name: "iprev", Result: "pass", Props: props("policy.iprev=2001:db8::1")}}}},
		{"case", "MX.Test; DKIM=Pass Header.D=A.test", Results{ID: "MX.Test", Methods: []Method{{Name: "dkim", Result: "pass", Props: props("header.d=A.test")}}}},
		{"quoted id", `"mx; (x)" ; dkim=pass`, Results{ID: "mx; (x)", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{"empty parts", "e.test; ;dkim=pass; ;;", Results{ID: "e.test", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{"only an id", "e.test", Results{ID: "e.test"}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.value)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q gives\n  %+v, %v\nshould give\n  %+v", tt.name, tt.value, got, err, tt.want)
			continue
		}
		if again, err := Parse(got.Field("A")[len("A:"):]); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: written and read again it is %+v, %v", tt.name, again, err)
		}
	}
}

// TestParseRefuses: what two readers may see differently is an error, and an
// error comes with nothing (T9).
func TestParseRefuses(t *testing.T) {
	good := "e.test; dkim=pass header.d=good.test; spf=pass"
	if r, err := Parse(good); err != nil || len(r.Methods) != 2 {
		t.Fatalf("the control %q gives %+v, %v", good, r, err)
	}
	for name, value := range map[string]string{
		"a comment in a domain":           "e.test; dkim=pass header.d=good.test(.evil.test; spf=pass)",
		"a comment in a domain, open":     "e.test; dkim=pass header.d=good.test(.evil.test; spf=pass",
		"a comment before a value":        "e.test; dkim=pass header.d=(x)good.test",
		"a quote in a domain":             `e.test; dkim=pass header.d=good.test".evil.test"; spf=pass`,
		"a quoted string without end":     `e.test; dkim=pass header.d="good.test; spf=pass`,
		"a comment without end":           "e.test; dkim=pass (x; spf=pass",
		"a closing parenthesis":           "e.test; dkim=pass x) header.d=good.test",
		"a backslash":                     `e.test; dkim=pass header.d=good.test\ header.i=x`,
		"NUL":                             "e.test; dkim=pass header.d=good.test\x00.evil.test",
		"not UTF-8":                       "e.test; dkim=pass header.d=good.test\xff.evil.test",
		"bare CR":                         "e.test; dkim=pass\r header.d=good.test",
		"another field":                   "e.test; dkim=pass\r\nSubject: x",
		"an empty line":                   "e.test; dkim=pass\r\n\r\n body",
		"a value or a property":           "e.test; spf=none smtp.mailfrom= header.from=good.test",
		"two words":                       "e.test; dkim=pass header.d=good.test evil.test",
		"no result":                       "e.test; dkim",
		"no result, sign":                 "e.test; dkim=; spf=pass",
		"no name":                         "e.test; =pass",
		"none and more":                   "e.test; none; dkim=pass",
		"more and none":                   "e.test; dkim=pass; none",
		"two reasons":                     "e.test; dkim=pass reason=a reason=b",
		"unknown version":                 "e.test 2; dkim=pass",
		"no semicolon behind the id":      "e.test dkim=pass",
		"i= out of range":                 "i=51; e.test; dkim=pass",
		"i=0":                             "i=0; e.test; dkim=pass",
		"i= twice":                        "i=1; i=2; e.test; dkim=pass",
		"i= with more":                    "i=1 header.d=x; e.test; dkim=pass",
		"i= alone":                        "i=1",
		"nothing":                         "",
		"only a comment":                  "(x)",
		"no id":                           "; dkim=pass",
		"a method version that is no one": "e.test; dkim/x=pass",
		"beyond the limit":                "e.test; dkim=pass (" + strings.Repeat("x", maxValue) + ")",
	} {
		r, err := Parse(value)
		if !errors.Is(err, ErrSyntax) || !reflect.DeepEqual(r, Results{}) {
			t.Errorf("%s: %.100q should be refused whole, is %.100v, %v", name, value, r, err)
		}
	}
}

// TestInjection: whatever a sender puts into a word, it stays that word (T9).
func TestInjection(t *testing.T) {
	for _, evil := range []string{
		"good.test(.evil.test", "good.test; dmarc=pass", `good.test"; dmarc=pass header.from="x`, "good.test\\", `good.test\"; dmarc=pass`,
		"good.test\r\nX-Evil: yes", "good.test\r\n\r\nbody", "good.test\n dmarc=pass", "good.test\x00.evil.test", "good.test header.from=x", "göod.test",
		"good.test\xff", "", " ", "@", "a@b@c", `"a b"@c.test`, "good.test\u202e", "=?utf-8?q?x?=", strings.Repeat("\"", 2000), strings.Repeat("x", 2000),
	} {
		r := Results{Instance: 1, ID: evil, Version: 1, Methods: []Method{
			{Name: "dkim", Result: "fail", Reason: evil, Props: []Prop{{"header", "d", evil}, {"header", evil, "x"}, {evil, "x", "y"}}},
			{Name: evil, Result: evil}}}
		field := r.Field("Authentication-Results")
		for line := range strings.SplitSeq(strings.TrimSuffix(field, "\r\n"), "\r\n") {
			if len(line) > 998 || !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "Authentication-Results: ") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
				t.Errorf("%.60q makes the line %.200q", evil, line)
			}
		}
		back, err := Parse(strings.TrimPrefix(field, "Authentication-Results:"))
		if err != nil {
			t.Errorf("%.60q written gives %.200q, which nobody can read: %v", evil, field, err)
			continue
		}
		if n := len(back.Methods); n > 2 || back.Methods[0].Name != "dkim" || back.Methods[0].Result != "fail" || len(back.Methods[0].Props) > 3 {
			t.Errorf("%.60q written gives %.200q: results that were not made", evil, field)
		}
		if d, _ := back.Methods[0].Prop("header", "d"); d != printable(evil) {
			t.Errorf("%.60q comes back as %.200q", evil, d)
		}
	}
}

func TestFold(t *testing.T) {
	r := Results{ID: "mx.north.test", Methods: []Method{
		{Name: "spf", Result: "pass", Props: props("smtp.mailfrom=anna@customer.test")},
		{Name: "dkim", Result: "fail", Reason: "body hash did not verify", Props: props("header.d=customer.test", "header.s=selector1", "header.a=rsa-sha256")}}}
	want := "Authentication-Results: mx.north.test;\r\n\tspf=pass smtp.mailfrom=anna@customer.test;\r\n" +
		"\tdkim=fail reason=\"body hash did not verify\" header.d=customer.test\r\n\theader.s=selector1 header.a=rsa-sha256\r\n"
	if got := r.Field("Authentication-Results"); got != want {
		t.Errorf("Field gives\n%q\nshould give\n%q", got, want)
	}
	if got, want := (Results{ID: "mx.north.test"}).String(), "mx.north.test; none"; got != want {
		t.Errorf("nothing to say gives %q, should give %q", got, want)
	}
}

// TestProp: a property that says two things says nothing.
func TestProp(t *testing.T) {
	m := Method{Props: props("header.d=a.test", "header.i=@a.test", "header.i=@a.test", "header.s=x", "header.s=y")}
	for property, want := range map[string]string{"d": "a.test", "i": "@a.test", "s": "", "b": ""} {
		if got, found := m.Prop("header", property); got != want || found != (want != "") {
			t.Errorf("header.%s is %q, %v, should be %q", property, got, found, want)
		}
	}
}

// TestHostileSizes: large fields of the worst shapes are read to their end in
// linear time; a quadratic reader would not come back from this test.
func TestHostileSizes(t *testing.T) {
	for _, shape := range []string{"(", ")", "\\", "\"", ";", "i=1;", "a=b;", "a.b=c ", " ", "\r\n ", "\xff", "é", "=?utf-8?q?a?= ", "(x)", "a.", "none;"} {
		for _, head := range []string{"", "mx.a.test; dkim=pass ", "mx.a.test; dkim=pass (", "mx.a.test; x=y z.z=\""} {
			value := head + strings.Repeat(shape, 1<<17/len(shape))
			if r, err := Parse(value); !errors.Is(err, ErrSyntax) {
				t.Errorf("much of %q is read as %.100v, %v; it should be beyond the limit", shape, r, err)
			}
			if _, err := Parse(value[:maxValue]); err != nil && !errors.Is(err, ErrSyntax) {
				t.Errorf("%q: %v should be a syntax error", shape, err)
			}
		}
	}
}
