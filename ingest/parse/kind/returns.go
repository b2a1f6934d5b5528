package kind

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of looking for the day on which somebody is back.
const (
	maxNote  = 8 << 10 // octets
	maxAhead = 400     // days: whoever is away for longer has written something else
	reach    = 10      // words between the announcement and the day

	maxClause = 40 // characters to each side of a Chinese or Japanese day
)

// announcements come before the day of return, in lower case; those of a
// return are believed before those of the end of an absence.
var (
	returnWords = []string{
		"back on", "back in the office", "back at", "be back", "return on", "returning", "return to", "will return",
		"i return", "back from", "back to work",
		"wracam", "wrócę", "powrót", "powrotem", "będę dostępny", "będę dostępna", "ponownie w biurze", "wróci",
		"åter", "tillbaka", "återkommer", "rientro", "rientrerò", "torno", "tornerò", "ritorno", "di nuovo in ufficio",
		"rientrerà",
		"kembali", "masuk kantor", "zurück", "wieder im büro", "wieder erreichbar", "wieder da", "de retour", "retour le",
		"reprise", "vuelvo", "regreso", "volveré", "estarei de volta", "retorno", "weer aanwezig", "terug",
	}
	untilWords = []string{
		"until", "till", "til", "through", "to and including", "absent to", "up to",
		"do dnia", "do", "aż do", "till och med", "t.o.m.", "t o m", "fram till", "fino al", "fino a", "al", "sino al",
		"sampai dengan", "sampai", "hingga", "s/d", "bis", "bis zum", "jusqu'au", "jusqu’au", "au", "hasta el", "hasta",
		"até", "tot", "tot en met", "t/m",
	}
)

// returns reads from an absence note the day on which its writer is back, or
// until which they are away. It is zero where the note does not say, says two
// things, or could mean two days.
func returns(m *Mail) time.Time {
	sent := sentAt(m)
	note := []rune(strings.ToLower(m.Subject + "\n\n" + strings.ToValidUTF8(m.Text[:min(len(m.Text), maxNote)], "")))
	if day := chineseReturn(note, sent); !day.IsZero() {
		return day
	}
	words := split(note)
	back, ok := soleDay(words, returnWords, sent)
	if !ok {
		return time.Time{}
	}
	if back.IsZero() {
		back, _ = soleDay(awayOnly(words), untilWords, sent)
	}
	return back
}

// sentAt is the day of the Date field; zero if it cannot be read.
func sentAt(m *Mail) time.Time {
	t, err := mail.ParseDate(m.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// token is a word, a number, or a mark of a text.
type token struct {
	text   string
	number int // -1 if it is none
	digits int
	mark   bool
	gap    bool // white space before it
	line   int
}

// split takes a text apart. Marks are single characters.
func split(note []rune) []token {
	var all []token
	line, gap := 0, false
	for i := 0; i < len(note); {
		r := note[i]
		switch {
		case unicode.IsSpace(r):
			if r == '\n' {
				line++
			}
			gap = true
			i++
			continue
		case r >= '0' && r <= '9':
			n, j := 0, i
			for j < len(note) && note[j] >= '0' && note[j] <= '9' {
				if j-i < 6 {
					n = n*10 + int(note[j]-'0')
				}
				j++
			}
			all = append(all, token{text: string(note[i:j]), number: n, digits: j - i, gap: gap, line: line})
			i = j
		case unicode.IsLetter(r):
			j := i
			for j < len(note) && (unicode.IsLetter(note[j]) || unicode.IsMark(note[j])) {
				j++
			}
			all = append(all, token{text: string(note[i:j]), number: -1, gap: gap, line: line})
			i = j
		default:
			all = append(all, token{text: string(r), number: -1, mark: true, gap: gap, line: line})
			i++
		}
		gap = false
	}
	return all
}

// soleDay gives the day that follows one of the announcements. ok is false
// where several follow that are not the same.
func soleDay(words []token, announced []string, sent time.Time) (day time.Time, ok bool) {
	starts := phrases(announced)
	for i := range words {
		for _, p := range starts[words[i].text] {
			if !follows(words[i:], p) {
				continue
			}
			d := dayAfter(words[i+len(p):], sent)
			if d.IsZero() {
				continue
			}
			if !day.IsZero() && !day.Equal(d) {
				return time.Time{}, false
			}
			day = d
		}
	}
	return day, true
}

// phrases takes announcements apart, by their first word.
func phrases(announced []string) map[string][][]token {
	byFirst := make(map[string][][]token, len(announced))
	for _, a := range announced {
		p := split([]rune(a))
		byFirst[p[0].text] = append(byFirst[p[0].text], p)
	}
	return byFirst
}

func follows(words, phrase []token) bool {
	if len(words) < len(phrase) {
		return false
	}
	for i := range phrase {
		if words[i].text != phrase[i].text {
			return false
		}
	}
	return true
}

// dayAfter reads the day at the start of words, behind articles and days of
// the week only: any other word could change whose day it is.
func dayAfter(words []token, sent time.Time) time.Time {
	for i := 0; i < min(len(words), reach); i++ {
		w := words[i]
		if d, n := dayAt(words[i:], sent); n > 0 {
			if i+n < len(words) && isRange(words[i+n:]) {
				return time.Time{} // "12-14 November"
			}
			return d
		}
		if w.mark && w.text != "," && w.text != "." && w.text != ":" || !w.mark && !between[w.text] {
			return time.Time{}
		}
	}
	return time.Time{}
}

func isRange(words []token) bool {
	return (words[0].text == "-" || words[0].text == "–") && len(words) > 1 && words[1].number > 0
}

// dayAt reads a date at the start of words, and says of how many it is made;
// 0 for none. The forms that could be read in two ways are none.
func dayAt(words []token, sent time.Time) (time.Time, int) {
	w := words[0]
	switch {
	case months[w.text] > 0:
		return monthFirst(words, sent)
	case w.number < 1:
		return time.Time{}, 0
	}
	if d, n := inNumbers(words, sent); n > 0 {
		return d, n
	}
	return dayFirst(words, sent)
}

// wordAt is a word, or nothing behind the last one.
func wordAt(words []token, i int) token {
	if i < len(words) {
		return words[i]
	}
	return token{number: -1}
}

// monthFirst reads "November 12[th][,] [2026]".
func monthFirst(words []token, sent time.Time) (time.Time, int) {
	i := 1
	if wordAt(words, i).text == "." {
		i++
	}
	d := wordAt(words, i)
	if d.number < 1 || d.digits > 2 {
		return time.Time{}, 0
	}
	year, n := yearAt(words, i+1)
	return day(year, months[words[0].text], d.number, sent), n
}

// dayFirst reads "12[th|.] [of] November [2026]".
func dayFirst(words []token, sent time.Time) (time.Time, int) {
	i := 1
	for i < 4 {
		w := wordAt(words, i)
		if w.text != "." && w.text != "º" && w.text != "°" && !between[w.text] {
			break
		}
		i++
	}
	month := months[wordAt(words, i).text]
	if month == 0 || words[0].digits > 2 {
		return time.Time{}, 0
	}
	if wordAt(words, i+1).text == "." && wordAt(words, i+2).digits == 4 {
		i++ // "12. Nov. 2026"
	}
	year, n := yearAt(words, i+1)
	return day(year, month, words[0].number, sent), n
}

// inNumbers reads 2026-11-12, 12.11.[2026], 12/11[/2026] and 12-11-2026.
func inNumbers(words []token, sent time.Time) (time.Time, int) {
	a, sep, b := words[0], wordAt(words, 1).text, wordAt(words, 2)
	if b.number < 1 || b.digits > 2 || b.gap || sep != "-" && sep != "/" && sep != "." {
		return time.Time{}, 0
	}
	c := token{number: -1}
	if wordAt(words, 3).text == sep && !wordAt(words, 4).gap {
		c = wordAt(words, 4)
	}
	switch {
	case a.digits == 4 && c.number > 0 && c.digits <= 2:
		return day(a.number, b.number, c.number, sent), 5
	case a.digits > 2:
		return time.Time{}, 0
	case sep == "." && (c.digits == 2 || c.digits == 4):
		return day(fullYear(c), b.number, a.number, sent), 5
	case sep == ".":
		return day(0, b.number, a.number, sent), 3
	case c.digits == 2 || c.digits == 4:
		return slashed(a.number, b.number, fullYear(c), sent), 5
	case sep == "/":
		return slashed(a.number, b.number, 0, sent), 3
	}
	return time.Time{}, 0
}

// yearAt reads a year that may stand behind a day, after "th" or a comma.
func yearAt(words []token, i int) (year, next int) {
	for j := i; j < len(words) && j < i+3; j++ {
		switch {
		case words[j].digits == 4:
			return words[j].number, j + 1
		case words[j].text == "," || words[j].text == "r" || between[words[j].text]:
		default:
			return 0, i
		}
	}
	return 0, i
}

func fullYear(t token) int {
	if t.digits == 2 {
		return 2000 + t.number
	}
	return t.number
}

// slashed is a date whose order is known only if one of its numbers is no month.
func slashed(a, b, year int, sent time.Time) time.Time {
	switch {
	case a == b, a > 12:
		return day(year, b, a, sent)
	case b > 12:
		return day(year, a, b, sent)
	}
	return time.Time{}
}

// day is a date that can be meant: it exists, and lies ahead but not far. A
// missing year is the one that makes it so.
func day(year, month, d int, sent time.Time) time.Time {
	if month > 12 || d > 31 || sent.IsZero() && year == 0 {
		return time.Time{}
	}
	guessed := year == 0
	if guessed {
		year = sent.Year()
	}
	t := time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC)
	if sent.IsZero() {
		return exists(t, d)
	}
	today := time.Date(sent.Year(), sent.Month(), sent.Day(), 0, 0, 0, 0, time.UTC)
	if guessed && t.Before(today) {
		t = time.Date(year+1, time.Month(month), d, 0, 0, 0, 0, time.UTC)
		if t.Sub(today) > 200*24*time.Hour {
			return time.Time{} // it was meant to be past
		}
	}
	if t.Before(today) || t.Sub(today) > maxAhead*24*time.Hour {
		return time.Time{}
	}
	return exists(t, d)
}

// exists refuses the 31st of June.
func exists(t time.Time, d int) time.Time {
	if t.Day() != d {
		return time.Time{}
	}
	return t
}

// chineseReturn reads 11月12日 and 2026年11月12日 where the words around it say
// that the writer is back then, or away until then (zh-TW, ja).
func chineseReturn(note []rune, sent time.Time) time.Time {
	var found time.Time
	for i, r := range note {
		if r != '月' {
			continue
		}
		month, start := numberBefore(note, i)
		d, end := numberAfter(note, i+1)
		if month == 0 || d == 0 || end >= len(note) || note[end] != '日' && note[end] != '號' && note[end] != '号' {
			continue
		}
		year := 0
		if start > 0 && note[start-1] == '年' {
			year, start = numberBefore(note, start-1)
		}
		if !isReturnAround(note, start, end+1) {
			continue
		}
		t := day(year, month, d, sent)
		if !found.IsZero() && !found.Equal(t) {
			return time.Time{}
		}
		found = t
	}
	return found
}

// numberBefore and numberAfter read the number that ends or begins at i, with
// white space between; 0 for none.
func numberBefore(note []rune, i int) (n, start int) {
	for i > 0 && note[i-1] == ' ' {
		i--
	}
	end := i
	for i > 0 && end-i < 4 && note[i-1] >= '0' && note[i-1] <= '9' {
		i--
	}
	for _, r := range note[i:end] {
		n = n*10 + int(r-'0')
	}
	return n, i
}

func numberAfter(note []rune, i int) (n, end int) {
	for i < len(note) && note[i] == ' ' {
		i++
	}
	for start := i; i < len(note) && i-start < 2 && note[i] >= '0' && note[i] <= '9'; i++ {
		n = n*10 + int(note[i]-'0')
	}
	for i < len(note) && note[i] == ' ' {
		i++
	}
	return n, i
}

// isReturnAround looks some characters to both sides: 至 or 到 before the day,
// or a word for coming back behind it.
func isReturnAround(note []rune, start, end int) bool {
	before := strings.TrimRight(string(note[max(0, start-6):start]), " :：")
	if r, _ := utf8.DecodeLastRuneInString(before); strings.ContainsRune("至到迄", r) {
		return isAwayAround(note, start, end)
	}
	after := string(note[end:min(len(note), end+12)])
	return firstOf(after, []string{"返回", "回來", "回到", "回覆您", "返崗", "上班", "回公司", "回来", "に戻", "まで不在", "まで休", "まで、", "から出社", "復帰"}) != ""
}
