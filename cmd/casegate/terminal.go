package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// escapes matches what a terminal would act on: ECMA-48 control sequences and
// control strings, in their 7-bit and 8-bit forms. Subjects and names come from
// strangers and must not move the cursor or set the title of an operator's
// window (T79).
var escapes = regexp.MustCompile(
	`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` + // CSI
		`|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\n\x07\x1b\x{9c}]*(?:\x07|\x1b\\|\x{9c})` + // OSC, DCS, SOS, PM, APC
		`|\x1b[ -/]*[0-~]`) // the others

// manyLines makes a text of strangers fit for a terminal, its lines kept.
func manyLines(s string) string {
	s = escapes.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, s)
}

// oneLine makes it one line, for tables and headers.
func oneLine(s string) string {
	return strings.Join(strings.Fields(manyLines(s)), " ")
}

// table prints aligned columns; every cell is made safe for a terminal. The
// last column should be the one of free text: wide characters in it then
// disturb nothing.
type table struct {
	w      *tabwriter.Writer
	indent string
}

func newTable(w io.Writer, titles ...any) *table {
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	if len(titles) > 0 {
		t.row(titles...)
	}
	return t
}

func (t *table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		if at, ok := c.(time.Time); ok {
			c = moment(at)
		}
		texts[i] = oneLine(fmt.Sprint(c))
		if texts[i] == "" {
			texts[i] = "-"
		}
	}
	fmt.Fprintln(t.w, t.indent+strings.Join(texts, "\t"))
}

// indented is newTable below a heading.
func indented(w io.Writer) *table {
	t := newTable(w)
	t.indent = "  "
	return t
}

func (t *table) flush() error { return t.w.Flush() }

// maxCell is how many characters of a free text a column shows.
const maxCell = 60

// cell cuts a free text for a column, in its middle: an error begins with where and
// ends with why.
func cell(s string) string {
	letters := []rune(oneLine(s))
	if n := len(letters); n > maxCell {
		return string(letters[:maxCell/2-1]) + "…" + string(letters[n-maxCell/2:])
	}
	return string(letters)
}

// beginning cuts a sentence for a column at its end.
func beginning(s string) string {
	letters := []rune(oneLine(s))
	if len(letters) > maxCell {
		return string(letters[:maxCell-1]) + "…"
	}
	return string(letters)
}

// moment writes a time for people; the zone is the machine's.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

// jsonLine writes a value as one line of JSON. encoding/json lets the 8-bit
// controls through, and some terminals act on them: they are escaped too.
func jsonLine(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		if r >= 0x7f && r < 0xa0 {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// counted says "1 mail", "2 mails".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// waited writes how long something has waited, as roughly as people say it.
func waited(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
