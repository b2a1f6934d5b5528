package header

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestReadHeader: what counts as a field, and where the body begins.
func TestReadHeader(t *testing.T) {
	tests := []struct {
		name, raw string
		fields    string // name=value, in order
		body      string
	}{
		{"plain", "From: a@b.c\r\nSubject: x\r\n\r\nbody", "From=a@b.c|Subject=x", "body"},
		{"LF line ends", "From: a@b.c\nSubject: x\n\nbody\n", "From=a@b.c|Subject=x", "body\n"},
		{"folded", "Subject: a\r\n b\r\n\tc\r\n\r\n", "Subject=a b\tc", ""},
		{"folded at once", "Subject:\r\n a\r\n\r\n", "Subject=a", ""},
		{"space before the colon", "Subject : x\r\n\r\n", "Subject=x", ""},
		{"fold before the colon", "From\r\n : a@b.c\r\n\r\n", "From=a@b.c", ""},
		{"empty value", "Subject:\r\n\r\n", "Subject=", ""},
		{"no body", "Subject: x\r\n", "Subject=x", ""},
		{"no line end", "Subject: x", "Subject=x", ""},
		{"nothing", "", "", ""},
		{"empty header", "\r\nbody", "", "body"},
		{"empty lines above", "\r\n\n\r\nFrom: a@b.c\r\nSubject: x\r\n\r\nbody", "From=a@b.c|Subject=x", "body"},
		{"empty lines above a text", "\r\nDear all: hello\r\n", "", "Dear all: hello\r\n"},
		{"mbox line", "From a@b.c Mon Nov  2 10:00:00 2026\nSubject: x\n\nbody", "Subject=x", "body"},
		{"junk first line", "hello there\r\nSubject: x\r\n\r\nbody", "Subject=x", "body"},
		{"mbox line below a trace", "Received: x\r\nFrom a@b.c Mon Nov  2 10:00:00 2026\r\nFrom: a@b.c\r\n\r\n", "Received=x|From=a@b.c", ""},
		{"no empty line", "Subject: x\r\nDear all, this is text.\r\n\r\nMore", "Subject=x", "Dear all, this is text.\r\n\r\nMore"},
		{"no header at all", "Dear all,\r\nhello\r\n", "", "Dear all,\r\nhello\r\n"},
		{"text with a colon", "Subject: x\r\nDear all\r\nnote: a\r\n", "Subject=x", "Dear all\r\nnote: a\r\n"},
		{"8-bit name", "Fr\xe4m: a\r\nSubject: x\r\n\r\n", "Fr\xe4m=a|Subject=x", ""},
		{"line that starts with a colon", ": a\r\nSubject: x\r\n\r\n", "Subject=x", ""},
		{"bare CR is no line end", "Subject: x\rFrom: a\r\n\r\n", "Subject=x\rFrom: a", ""},
		{"NUL stays", "Subject: a\x00b\r\n\r\n", "Subject=a\x00b", ""},
	}
	for _, tt := range tests {
		h := Read([]byte(tt.raw))
		var got []string
		for _, f := range h.Fields {
			got = append(got, f.Name+"="+f.Value())
		}
		if s := strings.Join(got, "|"); s != tt.fields {
			t.Errorf("%s: fields %q, want %q", tt.name, s, tt.fields)
		}
		if body := tt.raw[h.Body:]; body != tt.body {
			t.Errorf("%s: body %q, want %q", tt.name, body, tt.body)
		}
		if h.Over != "" {
			t.Errorf("%s: said to be beyond a limit: %s", tt.name, h.Over)
		}
	}
}

func TestHeaderLookups(t *testing.T) {
	h := Read([]byte("TO: a\r\nSubject: x\r\nto: b\r\n\r\n"))
	if got := h.All("To"); fmt.Sprint(got) != "[a b]" {
		t.Errorf("All(To) = %q, want a and b: names have no case", got)
	}
	if h.Get("tO") != "a" || h.Get("Cc") != "" || !h.Has("subject") || h.Has("Cc") {
		t.Error("Get and Has do not find what is there, or find more")
	}
	if h.Has("ſubject") {
		t.Error("a name was folded beyond ASCII: ſ is no s")
	}
}

// TestHeaderLimits: T58. What was read before the limit stays known.
func TestHeaderLimits(t *testing.T) {
	tests := []struct{ name, raw, body string }{
		{"1,001 fields", "Subject: x\r\n" + strings.Repeat("A: b\r\n", 1000) + "\r\nbody", "body"},
		{"one long field", "Subject: x\r\nA: " + strings.Repeat("b", 300<<10) + "\r\n\r\nbody", "body"},
		{"many long lines", "Subject: x\r\nA: b\r\n" + strings.Repeat(" c\r\n", 100<<10) + "\r\nbody", "body"},
		{"no end", "Subject: x\r\nA: " + strings.Repeat("b", 300<<10), ""},
	}
	for _, tt := range tests {
		h := Read([]byte(tt.raw))
		if h.Over == "" || h.Get("Subject") != "x" || tt.raw[h.Body:] != tt.body {
			t.Errorf("%s: over %q, subject %q, body of %d octets; want a limit, the subject and the body %q",
				tt.name, h.Over, h.Get("Subject"), len(tt.raw)-h.Body, tt.body)
		}
	}
	if h := Read([]byte(strings.Repeat("A: b\r\n", 1000) + "\r\n")); h.Over != "" || len(h.Fields) != 1000 {
		t.Errorf("1,000 fields are allowed, yet: %s", h.Over)
	}
}

// FuzzHeader: fields are pieces of the raw header, in order and without overlap.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"A: b\r\n c\r\n\r\nd", "From x\nA: b\n", "a\nb: c\nSubject: x\n\n", ": \n \n", "\r\n", "A\n : b\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h := Read(raw)
		if h.Body < 0 || h.Body > len(raw) || len(h.Fields) > MaxFields {
			t.Fatalf("body at %d of %d, %d fields", h.Body, len(raw), len(h.Fields))
		}
		rest := raw[:h.Body]
		for _, field := range h.Fields {
			i := bytes.Index(rest, field.Raw)
			if i < 0 {
				t.Fatalf("field %q is not in the rest of the header %q", field.Raw, rest)
			}
			rest = rest[i+len(field.Raw):]
			if field.Name == "" || strings.ContainsAny(field.Name, " \t\r\n:") || strings.Contains(field.Value(), "\n") {
				t.Fatalf("field %q = %q", field.Name, field.Value())
			}
		}
	})
}
