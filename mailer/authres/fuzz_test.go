package authres

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: what is read can be written and read again as the same; an error
// comes with nothing; and an id that is read is recognised as ours.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"example.org 1; none", "i=1; mx.a.test; dkim=pass header.i=@a.test header.b=\"x/y=\"; spf=pass (d \"(\\)\") smtp.mailfrom=\"a b\"@c.test",
		"spf=pass (x) smtp.mailfrom=;dmarc=none action=none;compauth=pass reason=100", "a (b) 1 (c);\r\n\tdkim (d) / 2 = (e) fail p (f) . (g) q = 1 reason=\"\\\"\"", `"a;b" ; x=y z.z=a"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r, err := Parse(value)
		if err != nil {
			if !errors.Is(err, ErrSyntax) || !reflect.DeepEqual(r, Results{}) {
				t.Fatalf("%q: %+v with %v", value, r, err)
			}
			return
		}
		if written := r.String(); isWritable(r) {
			if again, err := Parse(written); err != nil || !reflect.DeepEqual(again, r) {
				t.Fatalf("%q\nis   %+v\nwritten %q\nis   %+v, %v", value, r, written, again, err)
			}
		}
	})
}

// isWritable tells results that our own fields can hold unchanged.
func isWritable(r Results) bool {
	words := []string{r.ID}
	for _, m := range r.Methods {
		if len(m.Name) > nameLimit || len(m.Result) > nameLimit {
			return false
		}
		words = append(words, m.Reason)
		for _, p := range m.Props {
			words = append(words, p.Value)
			if len(p.Type) > nameLimit || len(p.Property) > nameLimit {
				return false
			}
		}
	}
	for _, w := range words {
		if printable(w) != w {
			return false
		}
	}
	return true
}

// FuzzWrite: no word adds a result, a property, a line or a field, and printable
// words come back as they were (T9).
func FuzzWrite(f *testing.F) {
	f.Add("mx.a.test", "dkim", "pass", "because", "header", "d", "good.test(.evil.test")
	f.Add("a;b", "x/2", "y\r\nz", "\"", "", "reason", "\"a b\"@c.test")
	f.Add("", "dkim=pass;", "\x00", "\\", "é", "s", "a b")
	f.Fuzz(func(t *testing.T, id, name, result, reason, ptype, property, value string) {
		last := Method{Name: "last", Result: "fail"}
		r := Results{ID: id, Methods: []Method{{Name: name, Result: result, Reason: reason, Props: []Prop{{ptype, property, value}, {"header", "z", value}}}, last}}
		field := r.Field("Authentication-Results")
		body := strings.ReplaceAll(strings.TrimSuffix(field, "\r\n"), "\r\n\t", " ")
		if strings.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q holds what no field may", field)
		}
		back, err := Parse(strings.TrimPrefix(field, "Authentication-Results:"))
		if err != nil {
			t.Fatalf("%q cannot be read: %v", field, err)
		}
		n := len(back.Methods)
		if back.ID != printable(id) || n < 1 || n > 2 || !reflect.DeepEqual(back.Methods[n-1], last) {
			t.Fatalf("%+v\nbecame %q\nis %+v", r, field, back)
		}
		if n == 1 {
			if name != "" {
				t.Fatalf("the method %q is gone", name)
			}
			return
		}
		m := back.Methods[0]
		if m.Reason != printable(reason) || len(m.Props) < 1 || len(m.Props) > 2 || m.Props[len(m.Props)-1] != (Prop{"header", "z", printable(value)}) {
			t.Fatalf("%+v\nbecame %q\nis %+v", r, field, back)
		}
	})
}
