package header

import (
	"net/mail"
	"strings"
	"testing"
	"time"
)

// TestDate: RFC 5322 3.3 and 4.3, T65, and what mailers write.
func TestDate(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Mon, 2 Nov 2026 10:00:00 +0100", "2026-11-02T10:00:00+01:00"},
		{"Mon, 02 Nov 2026 10:00:00 -0530 (somewhere (or so))", "2026-11-02T10:00:00-05:30"},
		{"2 Nov 2026 10:00 GMT", "2026-11-02T10:00:00Z"},
		{"Mon,2 Nov 2026 10:00:00 +0000", "2026-11-02T10:00:00Z"},
		{"Monday, 02-Nov-26 10:00:00 UTC", "2026-11-02T10:00:00Z"},
		{"Mon, 2 November 2026 10:00:00 -0000", "2026-11-02T10:00:00Z"},
		{"Mon, 2 Nov 26 10:00:00 EST", "2026-11-02T10:00:00-05:00"},
		{"Mon, 2 Nov 98 10:00:00 PDT", "1998-11-02T10:00:00-07:00"},
		{"Mon, 2 Nov 102 10:00:00 Z", "2002-11-02T10:00:00Z"},
		{"Mon (a comment), 2 (b) Nov 2026 10 :00", "2026-11-02T00:00:00Z"},
		{"Mon, 2 Nov 2026 10:00:00 GMT+0200", "2026-11-02T10:00:00+02:00"},
		{"Mon Nov 02 2026 10:00:00 GMT+0200 (Central European Time)", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00 UTC+02:00", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00 +02:00", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00+0200", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00 +02", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00 -5", "2026-11-02T10:00:00-05:00"},
		{"Mon, 2 Nov 2026 10:00:00 CEST", "2026-11-02T10:00:00+02:00"},
		{"Mon, 2 Nov 2026 10:00:00 (CET)", "2026-11-02T10:00:00+01:00"},
		{"Mon, 2 Nov 2026 10:00:00 H0500", "2026-11-02T10:00:00Z"},
		{"Mon, 2 Nov 2026 10:00:00", "2026-11-02T10:00:00Z"},
		{"Mon, 2 Nov 2026 10:00", "2026-11-02T10:00:00Z"},
		{"Mon, 2 Nov 2026", "2026-11-02T00:00:00Z"},
		{"Mon, Nov 2 2026 10:00:00 +0100", "2026-11-02T10:00:00+01:00"},
		{"Nov 2nd, 2026 10:00:00 PM", "2026-11-02T22:00:00Z"},
		{"Nov 2, 2026 12:30 AM +0100", "2026-11-02T00:30:00+01:00"},
		{"Mon Nov  2 10:00:00 2026", "2026-11-02T10:00:00Z"},
		{"Mon Nov  2 10:00:00 MST 2026", "2026-11-02T10:00:00-07:00"},
		{"Mon Nov  2 10:00:00 2026 +0100", "2026-11-02T10:00:00+01:00"},
		{"2026-11-02T10:00:00Z", "2026-11-02T10:00:00Z"},
		{"2026-11-02t10:00:00.123456+01:00", "2026-11-02T10:00:00+01:00"},
		{"2026-11-02 10:00:00 +0100", "2026-11-02T10:00:00+01:00"},
		{"2026/11/02 10:00", "2026-11-02T10:00:00Z"},
		{"2.11.2026 10:00", "2026-11-02T10:00:00Z"},
		{"11/02/2026 10:00", "2026-11-02T10:00:00Z"},
		{"22/11/2026 10:00", "2026-11-22T10:00:00Z"},
		{"\"Mon, 2 Nov 2026 10:00:00 +0100\"", "2026-11-02T10:00:00+01:00"},
		{"Tue, 30 Jun 2026 23:59:60 +0000", "2026-07-01T00:00:00Z"}, // a leap second
		{"Mon, 2 Nov 2026 10:00:00 +2400", "2026-11-01T10:00:00Z"},
		{"Mon, 2 Nov 2026 99:00:00 +0100", "2026-11-02T00:00:00Z"},
		{"Mon, 31 Nov 2026 10:00:00 +0100", ""},
		{"Mon, 2 Nov 292277026596 10:00:00 +0000", ""},
		{"Mon, 2 Nov 9999 10:00:00 +0000", ""},
		{"Sun, 2 Nov 1969 10:00:00 +0000", "1969-11-02T10:00:00Z"},
		{"Mon, 2 Nov 1899 10:00:00 +0000", ""},
		{"yesterday", ""},
		{"", ""},
		{"+", ""},
		{":", ""},
		{"2 Nov", ""},
		{strings.Repeat("(", 10_000), ""},
		{"2 Nov 2026" + strings.Repeat(" ", 200), ""},
	}
	for _, tt := range tests {
		got := ""
		if d := Date(tt.in); !d.IsZero() {
			got = d.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%.70q is read as %q, want %q", tt.in, got, tt.want)
		}
	}
}

// FuzzDate: a date can be written down and read again (T65), and what the
// standard library reads is read alike, but for zones that it knows no
// offset of.
func FuzzDate(f *testing.F) {
	for _, s := range []string{
		"Mon, 2 Nov 2026 10:00:00 +0100", "2 Nov 98 10:00 (a (b)) EST", "2026-11-02T10:00:00.5Z", "Nov 2nd, 2026 10:00 PM GMT+2",
		"11/02/2026 24:59:60 -2359", "Mon Nov  2 10:00:00 MST 102",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := Date(s)
		if d.IsZero() {
			return
		}
		if b, err := d.MarshalJSON(); err != nil {
			t.Errorf("%q gives %s: %v", s, b, err)
		}
		written := d.Format(time.RFC1123Z)
		if again := Date(written); !again.Equal(d) && !strings.Contains(written, "-00") && !strings.Contains(written, "+00") {
			t.Errorf("%q gives %s, which reads as %s", s, written, again)
		}
		std, err := mail.ParseDate(s)
		if err == nil && std.Format(time.RFC1123Z) == s && !std.Equal(d) {
			t.Errorf("%q gives %s, the standard library has %s", s, d, std)
		}
	})
}
