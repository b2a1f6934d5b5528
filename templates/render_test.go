package templates

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func loaded(tb testing.TB) *Set {
	tb.Helper()
	s, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// render fails the test on an error.
func render(tb testing.TB, s *Set, n Notice, lang string, d *Data) (text, html string) {
	tb.Helper()
	text, html, err := s.Render(n, lang, d)
	if err != nil {
		tb.Fatal(err)
	}
	return text, html
}

// TestRenderSaysTheSame: text and HTML are of equal worth, so every word of one
// is in the other.
func TestRenderSaysTheSame(t *testing.T) {
	s := loaded(t)
	for _, lang := range s.Languages() {
		for _, n := range Notices {
			text, page := render(t, s, n, lang, sample())
			shown := strings.Fields(visible(t, page))
			for _, word := range strings.Fields(text) {
				word = strings.TrimSuffix(word, ":")
				if strings.Trim(word, "-") == "" {
					continue // rules and bullets
				}
				if !slices.ContainsFunc(shown, func(w string) bool { return strings.TrimSuffix(w, ":") == word }) {
					t.Errorf("%s in %s: the text says %q, the HTML does not", n, lang, word)
				}
			}
		}
	}
}

// visible is the text of a page as a browser shows it.
func visible(t *testing.T, page string) string {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	var b strings.Builder
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); !slices.Contains([]string{"b", "bdi", "span"}, string(name)) {
				b.WriteByte(' ')
			}
		}
	}
}

// TestRenderShape: what every notice has, whatever it says.
func TestRenderShape(t *testing.T) {
	s := loaded(t)
	for _, lang := range s.Languages() {
		for _, n := range Notices {
			text, page := render(t, s, n, lang, sample())
			first, _, _ := strings.Cut(text, "\n")
			if !strings.HasPrefix(first, "##- ") || !strings.HasSuffix(first, " -##") {
				t.Errorf("%s in %s: the text begins with %q, want the reply marker", n, lang, first)
			}
			if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") || strings.Contains(text, "\r") {
				t.Errorf("%s in %s: lines must end with one \\n each, the last too", n, lang)
			}
			for line := range strings.SplitSeq(text, "\n") {
				if utf8.RuneCountInString(line) > width || strings.TrimRight(line, " ") != line {
					t.Errorf("%s in %s: line %q is longer than %d or ends with blanks", n, lang, line, width)
				}
			}
			if strings.Contains(text, "\n\n\n") {
				t.Errorf("%s in %s: two empty lines in a row:\n%s", n, lang, text)
			}
			if !strings.Contains(page, `<html lang="`+lang+`">`) || !strings.Contains(page, "<title>") || !strings.Contains(page, "<h1 ") {
				t.Errorf("%s in %s: HTML lacks the language, a title or a heading", n, lang)
			}
			for _, remote := range []string{"http", "src=", "url(", "<img", "<link", "<script"} {
				if strings.Contains(page, remote) {
					t.Errorf("%s in %s: HTML has %q, but nothing may be loaded (T70)", n, lang, remote)
				}
			}
		}
	}
}

// TestWarning: every notice warns of personal data, in the words of the
// glossary (R14, glossary 4.2).
func TestWarning(t *testing.T) {
	want := map[string]string{
		"en": "Do not include personally identifiable information in the case or in attachments.",
		"pl": "Nie podawaj w zgłoszeniu ani w załącznikach informacji umożliwiających identyfikację osób.",
	}
	s := loaded(t)
	for _, lang := range s.Languages() {
		for _, n := range Notices {
			text, page := render(t, s, n, lang, sample())
			flat := strings.Join(strings.Fields(text), " ")
			if !strings.Contains(flat, want[lang]) || !strings.Contains(page, want[lang]) {
				t.Errorf("%s in %s lacks the warning %q", n, lang, want[lang])
			}
		}
	}
}

func TestDefaultSeverity(t *testing.T) {
	s := loaded(t)
	d := sample()
	if text, _ := render(t, s, Filed, "en", d); !strings.Contains(text, "set to P3 – medium") {
		t.Errorf("the confirmation does not say the default severity (R24):\n%s", text)
	}
	d.DefaultSeverity = false
	if text, _ := render(t, s, Filed, "en", d); strings.Contains(text, "set to") {
		t.Errorf("a chosen severity is told as the default one:\n%s", text)
	}
}

// hostile is what people may send in place of a name or a text (T77, T78).
var hostile = []string{
	`{{.}}`, `{{.T "pii"}}`, `{{env "HOME"}}`, `{title}`, `{number`, `%s%(x)s%!d`, `<OTRS_CONFIG>`, `${7*7}`,
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title></h1><b>`, `<!--`, `]]>`, `&lt;b&gt;`,
	"a\r\nBcc: e@evil.test", "a\x00b\x1b[31m\x07\u0085", "\u202egro.elpmaxe", "\xff\xfe", "\u2028\u2029\ufeff",
	strings.Repeat("ą", 5000), strings.Repeat("( ", 5000),
}

func filledWith(s string) *Data {
	d := sample()
	for _, field := range []*string{&d.Number, &d.Title, &d.Customer, &d.Severity, &d.State, &d.Sender, &d.Actor, &d.Role} {
		*field = s
	}
	d.Messages = []Entry{{Author: s, Text: s, Attachments: []Attachment{{s, -1}}, Limits: []string{s}}}
	x := "x" + s // nothing is said of what comes to nothing
	d.Held = []HeldMail{{From: s, Level: s, Time: d.Filed, Waits: time.Second, Subject: x, Why: x, Number: x, ID: x, Decide: x}}
	return d
}

// TestRenderHostile: what people wrote comes out as what they wrote, in both
// parts, and changes nothing of the structure.
func TestRenderHostile(t *testing.T) {
	s := loaded(t)
	_, plain := render(t, s, Shared, "en", filledWith("x"))
	want := elements(plain)
	for _, bad := range hostile {
		bad = "x" + bad // a value that comes to nothing is left out
		text, page := render(t, s, Shared, "en", filledWith(bad))
		if got := elements(page); !slices.Equal(got, want) {
			t.Errorf("%.60q changes the elements of the page:\n%v\nwant\n%v", bad, got, want)
		}
		if literal := OneLine(bad); !strings.Contains(text, literal) {
			t.Errorf("%.60q is not in the text as it was written", bad)
		}
		if shown := visible(t, page); !strings.Contains(shown, OneLine(bad)) {
			t.Errorf("%.60q is not shown in the HTML as it was written", bad)
		}
		for _, part := range []string{text, page} {
			if i := strings.IndexFunc(part, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u0085' }); i >= 0 {
				t.Errorf("%.60q leaves a control character %q", bad, part[i])
			}
			if !utf8.ValidString(part) {
				t.Errorf("%.60q leaves bytes that are not UTF-8", bad)
			}
		}
	}
}

// elements lists the tags of a page, with the names of their attributes; line
// breaks are left out, for a text may have any number.
func elements(page string) []string {
	var all []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Type == html.TextToken || token.Data == "br" {
			continue
		}
		name := token.Type.String() + " " + token.Data
		for _, a := range token.Attr {
			name += " " + a.Key
		}
		all = append(all, name)
	}
	return all
}

// FuzzRender: no value of any field changes the elements of the page.
func FuzzRender(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 100 { // mutating the long ones takes all the time
			f.Add(s)
		}
	}
	s := loaded(f)
	_, plain := render(f, s, NewCase, "pl", filledWith("x"))
	want := elements(plain)
	f.Fuzz(func(t *testing.T, foreign string) {
		d := filledWith(foreign)
		d.Customer, d.Number, d.Severity, d.State = "x", "x", "x", "x" // empty ones are left out
		d.Title, d.Messages[0].Text = "x"+foreign, "x"+foreign
		text, page := render(t, s, NewCase, "pl", d)
		if got := elements(page); !slices.Equal(got, want) {
			t.Errorf("%q changes the elements of the page:\n%v\nwant\n%v", foreign, got, want)
		}
		if !strings.HasPrefix(text, "##- Odpowiedz") {
			t.Errorf("%q displaces the reply marker:\n%s", foreign, text)
		}
	})
}

// TestRenderLines: a person's lines stay lines in both parts, and none of them
// ends our text as a signature would.
func TestRenderLines(t *testing.T) {
	d := sample()
	d.Messages[0].Text = " \n\none \r\n  two <b>\n\t\n-- \nthree\t4\n\n "
	text, page := render(t, loaded(t), Message, "en", d)
	if want := rule() + "\none\n  two <b>\n\n--\nthree\t4\n"; !strings.Contains(text, want) {
		t.Errorf("text has not %q:\n%s", want, text)
	}
	if want := ">one<br>  two &lt;b&gt;<br><br>--<br>three\t4</div>"; !strings.Contains(page, want) {
		t.Errorf("HTML has not %q:\n%s", want, page)
	}
}

// TestRenderLeavesData: the caller's data is as it was, so that one Data can be
// rendered twice.
func TestRenderLeavesData(t *testing.T) {
	d := filledWith("a\nb")
	render(t, loaded(t), Message, "en", d)
	if d.Title != "a\nb" || d.Messages[0].Text != "a\nb" || d.Messages[0].Attachments[0].Name != "a\nb" || d.Messages[0].Limits[0] != "a\nb" {
		t.Errorf("Render changed its argument: %+v", d)
	}
}

func TestPreheader(t *testing.T) {
	s := loaded(t)
	d := sample()
	if _, page := render(t, s, Message, "en", d); !strings.Contains(page, `overflow:hidden">Hello there</div>`) {
		t.Errorf("the preheader is not the message:\n%s", page)
	}
	d.Messages[0].Text = strings.Repeat("słowo ", 1000)
	want := string([]rune(d.Messages[0].Text)[:119]) + "…</div>"
	if _, page := render(t, s, Message, "en", d); !strings.Contains(page, want) {
		t.Errorf("a long message must be cut to %q for the preheader:\n%.900s", want, page)
	}
	d.Messages = nil
	if _, page := render(t, s, Filed, "en", d); !strings.Contains(page, `overflow:hidden">North Support has received`) {
		t.Errorf("without a message the preheader must be what happened:\n%s", page)
	}
}

func TestRenderUnknown(t *testing.T) {
	s := loaded(t)
	if _, _, err := s.Render(Filed, "xx", sample()); err == nil || !strings.Contains(err.Error(), `"xx"`) {
		t.Errorf("a language there is not: got %v, want an error that names it", err)
	}
	if _, _, err := s.Render("nothing", "en", sample()); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("a notice there is not: got %v, want an error that names it", err)
	}
	d := sample()
	d.Severity, d.State, d.Customer, d.Actor, d.Role = "P9", "LATER", "", "", "boss"
	text, _ := render(t, s, NewCase, "en", d)
	for _, want := range []string{"Severity: P9\n", "Status: LATER\n", "North Support has filed"} {
		if !strings.Contains(text, want) {
			t.Errorf("values we have no words for must do no harm, want %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Customer") {
		t.Errorf("a customer that is not known is told:\n%s", text)
	}
}

// TestPlurals: Polish has one, few and many (issue of every Slavic desk).
func TestPlurals(t *testing.T) {
	s := loaded(t)
	tests := []struct {
		lang string
		n    int
		want string
	}{
		{"en", 1, "New message from Anna Nowak"},
		{"en", 2, "2 new messages from Anna Nowak"},
		{"pl", 1, "Nowa wiadomość – Anna Nowak"},
		{"pl", 2, "2 nowe wiadomości – Anna Nowak"},
		{"pl", 5, "5 nowych wiadomości – Anna Nowak"},
		{"pl", 12, "12 nowych wiadomości – Anna Nowak"},
		{"pl", 22, "22 nowe wiadomości – Anna Nowak"},
		{"pl", 25, "25 nowych wiadomości – Anna Nowak"},
	}
	for _, tt := range tests {
		d := sample()
		d.MoreMessages = tt.n - len(d.Messages)
		if text, _ := render(t, s, Message, tt.lang, d); !strings.Contains(text, "\n"+tt.want+"\n") {
			t.Errorf("%d messages in %s: no heading %q in:\n%s", tt.n, tt.lang, tt.want, text)
		}
	}
	d := sample()
	d.MoreHeld = 4
	if text, _ := render(t, s, Digest, "pl", d); !strings.Contains(text, "\n5 wstrzymanych e-maili\n") {
		t.Errorf("the digest does not count what is held:\n%s", text)
	}
}

// TestAge: how long a mail has waited, in words that a person would use.
func TestAge(t *testing.T) {
	s := loaded(t)
	for waits, want := range map[time.Duration]string{
		time.Minute: "1 hour", 3*time.Hour + 59*time.Minute: "3 hours", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days", 1000 * time.Hour: "41 days",
	} {
		d := sample()
		d.Held[0].Waits = waits
		if text, _ := render(t, s, Digest, "en", d); !strings.Contains(text, "Has waited for: "+want+"\n") {
			t.Errorf("after %s the digest does not say %q:\n%s", waits, want, text)
		}
	}
	d := sample()
	d.Held[0].Waits = 0
	if text, _ := render(t, s, Digest, "en", d); strings.Contains(text, "Has waited") {
		t.Errorf("no age is given, and one is told:\n%s", text)
	}
}

// TestSubject: a notice about no case is named by its heading.
func TestSubject(t *testing.T) {
	s := loaded(t)
	d := sample()
	d.Sender = "North\r\nBcc: e@evil.test"
	if got, err := s.Subject(Confirm, "en", d); err != nil || got != "Please confirm your e-mail to North Bcc: e@evil.test" {
		t.Errorf("the subject is %q (%v), want the heading on one line (T78)", got, err)
	}
	if _, err := s.Subject(Confirm, "xx", d); err == nil {
		t.Error("a language there is not gives no error")
	}
}

func TestConcurrentRender(t *testing.T) {
	s := loaded(t)
	want, _ := render(t, s, Message, "pl", sample())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, _, err := s.Render(Message, "pl", sample()); err != nil || got != want {
					t.Errorf("a notice rendered beside others differs (error %v)", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestMoment(t *testing.T) {
	when := time.Date(2026, 7, 3, 22, 4, 59, 0, time.UTC)
	tests := []struct {
		lang, zone, want string
	}{
		{"en", "", "July 3, 2026, 10:04 pm (UTC)"},
		{"en", "America/New_York", "July 3, 2026, 6:04 pm (UTC-4)"},
		{"en", "Asia/Kolkata", "July 4, 2026, 3:34 am (UTC+5:30)"},
		{"pl", "Europe/Warsaw", "4 lipca 2026, 00:04 (UTC+2)"},
		{"pl", "Asia/Taipei", "4 lipca 2026, 06:04 (UTC+8)"},
	}
	s := loaded(t)
	for _, tt := range tests {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := moment(s.catalogues[tt.lang].locale, when, zone); got != tt.want {
			t.Errorf("in %s at %q: %q, want %q", tt.lang, tt.zone, got, tt.want)
		}
	}
	if got := moment(s.catalogues["en"].locale, when, nil); got != tests[0].want {
		t.Errorf("without a zone: %q, want %q", got, tests[0].want)
	}
}

func TestSize(t *testing.T) {
	s := loaded(t)
	tests := []struct {
		octets int64
		en, pl string
	}{
		{-5, "0 B", "0 B"},
		{0, "0 B", "0 B"},
		{999, "999 B", "999 B"},
		{1000, "1 kB", "1 kB"},
		{1250, "1.2 kB", "1,2 kB"},
		{99_949, "99.9 kB", "99,9 kB"},
		{123_456, "123 kB", "123 kB"},
		{999_949, "1 MB", "1 MB"},
		{25_400_000, "25.4 MB", "25,4 MB"},
		{999_000_000_000_000, "999 TB", "999 TB"},
	}
	for _, tt := range tests {
		for lang, want := range map[string]string{"en": tt.en, "pl": tt.pl} {
			got := strings.ReplaceAll(size(s.catalogues[lang].locale, tt.octets), "\u00a0", " ")
			if got != want {
				t.Errorf("%d octets in %s: %q, want %q", tt.octets, lang, got, want)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, s := range []string{"", "one", strings.Repeat("word ", 40) + "end", "a " + long + " b", long} {
		got := wrap(s)
		if strings.ReplaceAll(got, "\n", " ") != s {
			t.Errorf("wrap(%q) changes more than blanks: %q", s, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if len(line) > width && strings.Contains(line, " ") {
				t.Errorf("wrap(%q) leaves a line that could be broken: %q", s, line)
			}
		}
	}
}

func TestOneLine(t *testing.T) {
	tests := map[string]string{
		"":                      "",
		"  a \t b\r\n":          "a b",
		"a\r\nBcc: x@y.example": "a Bcc: x@y.example",
		"a\x00b\x7fc\u0085d":    "a b c d",
		"photo\u202egpj.exe":    "photogpj.exe",
		"a\u2028b\u2066c\u2069": "a bc",
		"\xff":                  "\ufffd",
		"zażółć \u200d 👩\u200d🚀 gęślą": "zażółć \u200d 👩\u200d🚀 gęślą",
	}
	for in, want := range tests {
		if got := OneLine(in); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	s := loaded(b)
	for _, lines := range []int{5, 5000} {
		d := sample()
		d.Messages[0].Text = strings.Repeat("A line of a message, as long as they are.\n", lines)
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				render(b, s, Message, "pl", d)
			}
		})
	}
}
