package header

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"casegate/ingest/parse/charset"
)

// maxDate is the longest Date field that is looked at, in octets.
const maxDate = 200

// The years that are believed (T65). Mail is no older than 1970, but the examples
// of RFC 5322 are, and clocks that are wrong.
const (
	firstYear = 1900
	lastYear  = 2200
)

// Date reads a Date field: RFC 5322 3.3 and 4.3, ISO 8601, and what mailers
// write in their place: parts left out or in another order, time zones with
// names, comments. It is zero where there is no day to be read, or none in a
// year that anybody lives in (T65). A time without a zone is in UTC.
func Date(s string) time.Time {
	if len(s) > maxDate {
		return time.Time{}
	}
	if !charset.IsASCII([]byte(s)) {
		s = charset.Decode([]byte(s), "")
	}
	d := dateReader{day: -1, month: -1, year: -1}
	s, comment := cutComments(s)
	for i, w := range dateWords(s) {
		d.word(w)
		if i == 0 {
			d.weekday = d.month == 3
		}
	}
	if !d.zoned {
		d.zone(strings.TrimSpace(comment)) // "10:00:00 (CET)"
	}
	return d.time()
}

// cutComments takes comments out, and gives the last one.
func cutComments(s string) (rest, comment string) {
	if strings.IndexByte(s, '(') < 0 {
		return s, ""
	}
	var b strings.Builder
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '(':
			if depth++; depth == 1 {
				start = i + 1
				b.WriteByte(' ')
			}
		case s[i] == ')' && depth > 0:
			if depth--; depth == 0 {
				comment = s[start:i]
			}
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String(), comment
}

// dateWords cuts at white space, commas, and between the date and the time of
// ISO 8601.
func dateWords(s string) []string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == ',' || r == ';' || r == '"' || unicode.IsSpace(r)
	})
	if len(words) > 0 {
		if day, clock, found := strings.Cut(strings.ToUpper(words[0]), "T"); found && isDigits(day, "-") && strings.Contains(day, "-") {
			return append([]string{day, clock}, words[1:]...)
		}
	}
	return words
}

// isDigits tells a word of digits and, between them, certain other octets.
func isDigits(s, others string) bool {
	for i := 0; i < len(s); i++ {
		if (s[i] < '0' || s[i] > '9') && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return s != "" && s[0] >= '0' && s[0] <= '9'
}

// dateReader collects the parts of a date, -1 where they are not known yet.
type dateReader struct {
	day, month, year int
	hour, min, sec   int
	timed, zoned     bool
	weekday          bool // the month may be a weekday: "mar" is Tuesday in French
	offset           int  // seconds east of Greenwich
}

// word takes one word for what it must be.
func (d *dateReader) word(w string) {
	switch {
	case w == "": // behind the "T" of "2026-11-02T"
	case strings.Contains(w, ":") && isDigits(w[:1], "") && !d.timed:
		d.clock(w)
	case (w[0] == '+' || w[0] == '-') && d.timed:
		d.zone(w)
	case isDigits(w, ""):
		d.number(w)
	case d.isClock(w):
		d.clock(strings.ReplaceAll(w, ".", ":"))
	case isDigits(w[:1], "") && strings.ContainsAny(w, "-/."):
		d.joined(w)
	case isDigits(w[:1], ""):
		d.number(strings.TrimRight(strings.ToLower(w), "stndrh.")) // "2nd", "2."
	default:
		d.name(w)
	}
}

// isClock tells "10.00" and "10.00.00" behind a date, as several languages
// write the time, and before one where it cannot be a date.
func (d *dateReader) isClock(w string) bool {
	dots := strings.Count(w, ".")
	if d.timed || dots < 1 || dots > 2 || !isDigits(w, ".") || strings.HasSuffix(w, ".") {
		return false
	}
	return d.day >= 0 && d.month >= 0 || dots == 2 && strings.Contains(w, ".00.")
}

// number takes a day or a year.
func (d *dateReader) number(w string) {
	n, err := strconv.Atoi(w)
	switch {
	case err != nil:
	case d.day < 0 && len(w) <= 2 && n >= 1 && n <= 31:
		d.day = n
	case d.year < 0 && len(w) <= 4:
		d.year = fullYear(n, len(w))
	}
}

// fullYear reads years of two and three digits (RFC 5322 4.3).
func fullYear(n, digits int) int {
	switch {
	case digits <= 2 && n < 50:
		return 2000 + n
	case digits <= 3:
		return 1900 + n
	}
	return n
}

// joined takes "2-Nov-2026", "2026-11-02", "2.11.2026" and "11/02/2026".
func (d *dateReader) joined(w string) {
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) != 3 || d.day >= 0 {
		return
	}
	if m := monthOf(parts[1]); m > 0 {
		d.number(parts[0])
		d.month = m
		d.number(parts[2])
		return
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || len(p) > 4 {
			return
		}
		n[i] = v
	}
	switch {
	case len(parts[0]) == 4:
		d.year, d.month, d.day = n[0], n[1], n[2]
	case strings.Contains(w, "/") && n[0] <= 12 && n[1] <= 12 && n[0] != n[1]:
		return // in America another day than elsewhere
	case strings.Contains(w, "/") && n[0] <= 12:
		d.month, d.day, d.year = n[0], n[1], fullYear(n[2], len(parts[2]))
	default:
		d.day, d.month, d.year = n[0], n[1], fullYear(n[2], len(parts[2]))
	}
}

// clock takes "10:00", "10:00:00.123" and what is glued to it: "10:00Z",
// "10:00+0100", "10:00pm".
func (d *dateReader) clock(w string) {
	end := 0
	for end < len(w) && (w[end] >= '0' && w[end] <= '9' || w[end] == ':') {
		end++
	}
	parts := strings.SplitN(w[:end], ":", 4)
	var n [3]int
	for i, p := range parts {
		if v, err := strconv.Atoi(p); err == nil && i < len(n) && len(p) <= 2 {
			n[i] = v
		} else if i < 2 {
			return
		}
	}
	if n[0] > 24 || n[1] > 59 || n[2] > 60 {
		return
	}
	d.hour, d.min, d.sec, d.timed = n[0], n[1], n[2], true
	rest := strings.TrimLeft(w[end:], ".0123456789") // parts of a second
	if rest != "" {
		d.word(rest)
	}
}

// name takes the name of a month or a zone, or the half of the day.
func (d *dateReader) name(w string) {
	if d.month < 0 || d.weekday {
		if m := monthOf(w); m > 0 {
			d.month, d.weekday = m, false
			return
		}
	}
	switch upper := strings.ToUpper(w); {
	case upper == "PM" && d.timed && d.hour < 12:
		d.hour += 12
	case upper == "AM" && d.timed && d.hour == 12:
		d.hour = 0
	case d.timed:
		d.zone(w)
	}
}

// months are how the names of the months begin: in English, Polish, Swedish,
// Italian, Indonesian, German, French and Spanish.
var months = [...]string{
	"jan sty gen ene", "feb lut fev", "mar mrz", "apr kwi avr abr", "may maj mag mei mai", "jun cze giu juin",
	"jul lip lug juil", "aug sie ago agu agt aou", "sep wrz set", "oct okt paz ott", "nov lis nop", "dec gru dic des dez",
}

// plain takes the accents off the names of the months.
var plain = strings.NewReplacer("é", "e", "û", "u", "ź", "z", "ä", "a")

// monthOf gives the number of a month by the first letters of its name; 0 for
// another word.
func monthOf(w string) int {
	if len(w) < 3 {
		return 0
	}
	w = plain.Replace(strings.ToLower(w))
	for i, names := range months {
		for name := range strings.FieldsSeq(names) {
			if strings.HasPrefix(w, name) {
				return i + 1
			}
		}
	}
	return 0
}

// zones are the names of RFC 5322 4.3 and those that mailers write besides, in
// minutes east of Greenwich. A name that means several zones is left out, but
// for the American ones of the RFC.
var zones = map[string]int{
	"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"CET": 60, "MET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "MSD": 240,
	"JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "WIB": 420, "WITA": 480, "WIT": 540,
	"AEST": 600, "AEDT": 660, "ACST": 570, "AWST": 480, "NZST": 720, "NZDT": 780,
	"AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "SAST": 120,
}

// zone takes "+0100", "+01:00", "GMT", "GMT+0200" and "-5". The first zone
// counts, and one that nobody knows is UTC.
func (d *dateReader) zone(w string) {
	if d.zoned || w == "" {
		return
	}
	sign := strings.IndexAny(w, "+-")
	if sign < 0 {
		if minutes, ok := zones[strings.ToUpper(w)]; ok {
			d.offset, d.zoned = minutes*60, true
		}
		return
	}
	digits := strings.ReplaceAll(w[sign+1:], ":", "")
	if len(digits) == 1 || len(digits) == 3 {
		digits = "0" + digits
	}
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) > 4 || digits[0] == '-' || digits[0] == '+' {
		return
	}
	if len(digits) == 2 {
		n *= 100
	}
	d.offset, d.zoned = (n/100*60+n%100)*60, true
	if w[sign] == '-' {
		d.offset = -d.offset
	}
}

// time puts the parts together.
func (d *dateReader) time() time.Time {
	if d.year < firstYear || d.year > lastYear || d.month < 1 || d.month > 12 || d.day < 1 {
		return time.Time{}
	}
	where := time.UTC
	const day = 24 * 60 * 60
	whole := d.offset > -day && d.offset < day
	if whole && d.offset != 0 {
		where = time.FixedZone("", d.offset)
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.min, d.sec, 0, where)
	if _, _, day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Date(); day != d.day {
		return time.Time{} // the 31st of November
	}
	if !whole {
		t = t.Add(-time.Duration(d.offset) * time.Second) // no zone is a day away; the moment is what it says
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		return time.Time{}
	}
	return t
}
