package flowed

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestUnfold: RFC 3676 4.
func TestUnfold(t *testing.T) {
	tests := []struct {
		name, in string
		delSp    bool
		want     string
	}{
		{"nothing", "", false, ""},
		{"fixed lines", "a\nb\n", false, "a\nb\n"},
		{"flowed", "one \ntwo \nthree\nfour\n", false, "one two three\nfour\n"},
		{"flowed with delsp", "one  \ntwo \n三 \n四\n", true, "one two三四\n"},
		{"no line end", "one \ntwo", false, "one two"},
		{"flowed at the end", "one \ntwo \n", false, "one two \n"},
		{"stuffed (4.4)", " From here\n  two blanks\n", false, "From here\n two blanks\n"},
		{"stuffed, no quote", " > 5 MB\n >no quote\n", false, " > 5 MB\n >no quote\n"},
		{"stuffed, no quote, flowed", " > 5 MB \n are too much\n", false, " > 5 MB are too much\n"},
		{"stuffed, no quote, within a paragraph", "files of \n > 5 MB\n", false, "files of > 5 MB\n"},
		{"stuffed behind a flowed line", "one \n From\n", false, "one From\n"},
		{"quoted", "> one \n> two\n> three\nfour\n", false, "> one two\n> three\nfour\n"},
		{"quoted deep", ">> one \n>> two\n> three \n> four\n", false, "> > one two\n> three four\n"},
		{"blanks between the marks", "> > one \n>> two\n", false, "> > one two\n"},
		{"depth changes in a paragraph (4.5)", "> one \ntwo \n> three\n", false, "> one \ntwo \n> three\n"},
		{"signature (4.3)", "one \n-- \nAnna \nNowak\n", false, "one \n-- \nAnna Nowak\n"},
		{"quoted signature", "> one\n> -- \n> Anna\n", false, "> one\n> -- \n> Anna\n"},
		{"signature with delsp", "one \n-- \nAnna\n", true, "one\n-- \nAnna\n"},
		{"empty lines", "one \n\ntwo\n", false, "one \ntwo\n"},
		{"empty quoted lines", "> one\n>\n> two\n", false, "> one\n>\n> two\n"},
		{"line of a blank", " \none\n", false, "\none\n"},
		{"CRLF", "one \r\ntwo\r\n", false, "one two\n"},
	}
	for _, tt := range tests {
		if got := Unfold(tt.in, tt.delSp); got != tt.want {
			t.Errorf("%s: %q is unfolded to %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// FuzzUnfold: no word is lost or moved, whatever the lines.
func FuzzUnfold(f *testing.F) {
	for _, s := range []string{"one \ntwo\n", "> a \n>> b \n> > c\n", "-- \nx \n", " >a\n  b", "a \r\n\r\n>", strings.Repeat(">", 200)} {
		f.Add(s, false)
		f.Add(s, true)
	}
	words := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r <= ' ' || r == '>' {
				return -1
			}
			return r
		}, s)
	}
	f.Fuzz(func(t *testing.T, s string, delSp bool) {
		got := Unfold(s, delSp)
		if words(got) != words(s) {
			t.Errorf("%q is unfolded to %q", s, got)
		}
		if strings.Count(got, ">") != strings.Count(s, ">") && !strings.Contains(s, " \n") {
			t.Errorf("%q has other quotes than %q", got, s)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q is unfolded to %q, which is not UTF-8", s, got)
		}
		if len(got) > 2*len(s)+2 {
			t.Errorf("%d octets are unfolded to %d", len(s), len(got))
		}
	})
}
