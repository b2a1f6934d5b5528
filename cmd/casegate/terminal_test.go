package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
)

// TestTerminal: what strangers write does nothing to the operator's terminal
// (T79).
func TestTerminal(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Printer is on fire", "Printer is on fire"},
		{"languages", "zażółć 回覆 naïve", "zażółć 回覆 naïve"},
		{"colour", "a\x1b[31mred\x1b[0m", "ared"},
		{"cursor and erase", "a\x1b[2J\x1b[1;1Hb", "ab"},
		{"window title", "a\x1b]0;pwned\x07b", "ab"},
		{"window title, long end", "a\x1b]0;pwned\x1b\\b", "ab"},
		{"title without an end shows its text", "a\x1b]0;shown", "a0;shown"},
		{"device control", "a\x1bP1$r\x1b\\b", "ab"},
		{"reset", "a\x1bcb", "ab"},
		{"character set", "a\x1b(0b", "ab"},
		{"8-bit controls", "a\u009b31mb\u009d0;x\u009cc", "abc"},
		{"lone escape", "a\x1b", "a"},
		{"bell, backspace, return", "a\a\b\rb", "ab"},
		{"lines", "a\r\nb\tc", "a b c"},
		{"right to left", "gpj.\u202eexe", "gpj.exe"},
		{"line separator", "a\u2028b", "ab"},
		{"not UTF-8", "a\xffb", "a\uFFFDb"},
		{"nested", "a\x1b[\x1b[31mb", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := oneLine(c.in); got != c.want {
				t.Errorf("oneLine(%q) is %q, want %q", c.in, got, c.want)
			}
		})
	}
	if got, want := manyLines("a\n\x1b[1mb\n"), "a\nb\n"; got != want {
		t.Errorf("manyLines gives %q, want %q: lines are kept", got, want)
	}
}

func FuzzTerminal(f *testing.F) {
	f.Add("a\x1b[31mred")
	f.Add("\x1b\x1b]]0;\x07\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range oneLine(s) {
			if unicode.IsControl(r) {
				t.Fatalf("control character %U passes", r)
			}
		}
	})
}

// TestJSONLine: JSON for programs is also safe to look at.
func TestJSONLine(t *testing.T) {
	var b bytes.Buffer
	in := map[string]string{"title": "a\x1b[31m \u009b31m <b> \u007f"}
	if err := jsonLine(&b, in); err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSuffix(b.String(), "\n")
	for _, r := range line {
		if unicode.IsControl(r) {
			t.Errorf("%q holds the control character %U", line, r)
		}
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(line), &out); err != nil || out["title"] != in["title"] {
		t.Errorf("reading %s again gives %q, %v; want the value unchanged", line, out, err)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	tab := newTable(&b, "NO", "TITLE")
	tab.row(1, "a\nb")
	tab.row(10, "")
	tab.row("", cell(strings.Repeat("ż", 50)+strings.Repeat("b", 50)))
	tab.row(time.Unix(0, 0), cell("d "))
	if err := tab.flush(); err != nil {
		t.Fatal(err)
	}
	zone, _ := time.Unix(0, 0).Local().Zone()
	at := time.Unix(0, 0).Local().Format("2006-01-02 15:04:05 ") + zone
	wide := strings.Repeat(" ", len(at)-1)
	want := "NO" + wide[1:] + "  TITLE\n1" + wide + "  a b\n10" + wide[1:] + "  -\n-" + wide + "  " + strings.Repeat("ż", 29) + "…" + strings.Repeat("b", 30) + "\n" + at + "  d\n"
	if b.String() != want {
		t.Errorf("the table is\n%swant\n%s", b.String(), want)
	}
}
