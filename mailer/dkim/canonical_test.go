package dkim

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

// TestRelaxedField: RFC 6376 3.4.2 and 3.4.5.
func TestRelaxedField(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"A: X\r\n", "a:X\r\n"},
		{"B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"},
		{"SUBJect:AbC\r\n", "subject:AbC\r\n"},
		{"A \t: \t\r\n  b\r\n", "a:b\r\n"},
		{"A: b \r\n\r\n c\r\n", "a:b c\r\n"},
		{"A:\r\n", "a:\r\n"},
		{"A: \r\n \r\n", "a:\r\n"},
		{"A: b\rc\nd\r\n", "a:b\rc\nd\r\n"},
		{"A: b:c\r\n", "a:b:c\r\n"},
		{"A: b", "a:b\r\n"},
		{"\u212Aey: \u00a0b\r\n", "\u212Aey:\u00a0b\r\n"}, // only ASCII is lowered, only ASCII is white
		{"", ":\r\n"},
	}
	for _, tt := range tests {
		if got := string(appendRelaxed(nil, []byte(tt.raw))); got != tt.want {
			t.Errorf("%q is relaxed to %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// plainBodies are the canonical bodies made the plain way, after RFC 6376 3.4.3
// and 3.4.4 word by word.
func plainBodies(body string) (simple, relaxed string) {
	ending := regexp.MustCompile(`(\r\n)*$`)
	simple = ending.ReplaceAllString(body, "") + "\r\n"
	relaxed = regexp.MustCompile(`[ \t]+`).ReplaceAllString(body, " ")
	relaxed = regexp.MustCompile(` (\r\n|$)`).ReplaceAllString(relaxed, "$1")
	relaxed = ending.ReplaceAllString(relaxed, "")
	if relaxed != "" {
		relaxed += "\r\n"
	}
	return simple, relaxed
}

// bodies have what can go wrong; each is also a seed.
var bodies = []string{
	"", "\r\n", "\r\n\r\n", " ", " \r\n", "\t\r\n \r\n", " C \r\nD \t E\r\n\r\n\r\n",
	"a", "a\r\n", "a \r\n", "a\r\n\r\n \r\n", "a\r\n \r\nb", "\r\na", "a ", "a\r", "a \r", "a\n", "a \n b", "a \r b", "\r\r\n",
	"\r", "\n", "a\r\n\r", "a\r\r\n\n", "a \r\n\rb", "a\r\n \r \r\n", "\x00\r\n", ".\r\n..\r\n",
}

// TestHashBody: however the body comes in pieces.
func TestHashBody(t *testing.T) {
	for _, body := range append(bodies, strings.Repeat("a  b\r\n\r\n", 2000), strings.Repeat("long ", 20_000), strings.Repeat("\r\n", 9000)+"end") {
		simple, relaxed := plainBodies(body)
		want := Body{sha256.Sum256([]byte(simple)), sha256.Sum256([]byte(relaxed))}
		for name, r := range map[string]io.Reader{
			"at once": strings.NewReader(body), "octet by octet": iotest.OneByteReader(strings.NewReader(body)),
			"with the end": iotest.DataErrReader(strings.NewReader(body)),
		} {
			if got, err := HashBody(r, Forms{true, true}); err != nil || got != want {
				t.Errorf("%s, %.40q: got another hash than of %.40q and %.40q: %v", name, body, simple, relaxed, err)
			}
		}
	}
	if _, err := HashBody(iotest.ErrReader(io.ErrUnexpectedEOF), Forms{true, true}); err == nil {
		t.Error("a body that could not be read has a hash, want the reader's error")
	}
}

// TestEmptyBody: the hashes that RFC 6376 3.4.3 and 3.4.4 state.
func TestEmptyBody(t *testing.T) {
	b, err := HashBody(strings.NewReader(""), Forms{true, true})
	if err != nil {
		t.Fatal(err)
	}
	for form, sum := range map[string][2]string{
		"simple":  {"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", base64.StdEncoding.EncodeToString(b.Simple[:])},
		"relaxed": {"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", base64.StdEncoding.EncodeToString(b.Relaxed[:])},
	} {
		if sum[0] != sum[1] {
			t.Errorf("the empty %s body has the hash %s, want %s", form, sum[1], sum[0])
		}
	}
}

// TestAsked: a body is read and hashed in the forms that its signatures name, those
// of ARC included, and not read where there is none.
func TestAsked(t *testing.T) {
	bh := base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
	ams := "i=1; a=rsa-sha256; d=good.test; s=s; h=from; b=AAAA; bh=" + bh
	signature := "v=1; " + strings.TrimPrefix(ams, "i=1; ")
	field := func(name, tags string) Field { return Field{Name: name, Raw: []byte(name + ": " + tags + "\r\n")} }
	tests := []struct {
		fields []Field
		want   Forms
	}{
		{nil, Forms{}},
		{[]Field{field("From", "ann@good.test"), field("DKIM-Signature", "no tags")}, Forms{}},
		{[]Field{field("DKIM-Signature", signature)}, Forms{Simple: true}},
		{[]Field{field("dkim-signature ", signature+"; c=simple/relaxed")}, Forms{Relaxed: true}},
		{[]Field{field("DKIM-Signature", signature+"; c=relaxed"), field("DKIM-Signature", signature+"; c=relaxed/relaxed")}, Forms{Simple: true, Relaxed: true}},
		{[]Field{field("ARC-Message-Signature", ams)}, Forms{Relaxed: true}},
		{[]Field{field("ARC-Message-Signature", ams+"; c=relaxed/simple")}, Forms{Simple: true}},
	}
	for _, tt := range tests {
		got := Asked(tt.fields)
		body, err := HashBody(strings.NewReader("It is shut.\r\n"), got)
		none := [sha256.Size]byte{}
		if got != tt.want || err != nil || (body.Simple != none) != tt.want.Simple || (body.Relaxed != none) != tt.want.Relaxed {
			t.Errorf("%q: %+v is hashed (%v), want %+v", tt.fields, got, err, tt.want)
		}
	}
	if _, err := HashBody(iotest.ErrReader(io.ErrUnexpectedEOF), Forms{}); err != nil {
		t.Errorf("a body that nobody signed was read: %v", err)
	}
}

func FuzzHashBody(f *testing.F) {
	for i, body := range bodies {
		f.Add([]byte(body), i)
	}
	f.Fuzz(func(t *testing.T, body []byte, cut int) {
		simple, relaxed := plainBodies(string(body))
		want := Body{sha256.Sum256([]byte(simple)), sha256.Sum256([]byte(relaxed))}
		cut = int(uint(cut) % uint(len(body)+1))
		got, err := HashBody(io.MultiReader(bytes.NewReader(body[:cut]), bytes.NewReader(body[cut:])), Forms{true, true})
		if err != nil || got != want {
			t.Errorf("%q, cut at %d, has another hash than %q and %q: %v", body, cut, simple, relaxed, err)
		}
	})
}

// FuzzTags: a list that is read can be written from its tags and reads as the
// same; each value lies where its offsets say.
func FuzzTags(f *testing.F) {
	for _, s := range []string{"", "a=1", "a=1;", "a=1; ", ";", "a=1;;b=2", " a =\r\n 1 ; b = ", "a=1;a=1", "a", "=", "1a=2", "a=\r\nb", "a==b=c", "ä=1", "a=ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := parseTags(text, 0)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, tag := range tags.list {
			if trimFWS(text[tag.start:tag.end]) != tag.value || tag.start == 0 || text[tag.start-1] != '=' {
				t.Errorf("%q: the value of %s is not at %d–%d", text, tag.name, tag.start, tag.end)
			}
			if got, ok := tags.Get(tag.name); !ok || got != tag.value || strings.ContainsAny(got, ";\x00\x7f") {
				t.Errorf("%q: %s is %q, want %q", text, tag.name, got, tag.value)
			}
			fmt.Fprintf(&again, "%s=%s;", tag.name, tag.value)
		}
		twice, err := parseTags(again.String(), 0)
		if err != nil || len(twice.list) != len(tags.list) || len(tags.list) == 0 {
			t.Errorf("%q has %d tags, and %q, written from them, %d: %v", text, len(tags.list), again.String(), len(twice.list), err)
		}
	})
}
