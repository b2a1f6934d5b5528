package charset

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// sampleSize is how many 8-bit octets a guess is made from.
const sampleSize = 128

// How much likelier, as a logarithm, another charset than the Western one must
// be: more where the mail says that it is Western, and where there is little
// to go by.
const (
	marginUnsaid = 1.5
	marginSaid   = 6
	marginRare   = 10 // more, for charsets that few write in
	marginShort  = .5 // for each letter that lacks of fewLetters
	fewLetters   = 4
)

// goodScore is the likelihood of a letter, as a logarithm, at which nothing else
// is looked for: all are common in one Western language.
const goodScore = -2

// guess finds the charset of 8-bit text that is not UTF-8 by its letters:
// which languages have them, and how often. said tells that the label is one of a
// Western charset, which is most often right and gives way to strong evidence only.
func guess(b []byte, said bool) *charset {
	all := sample(b)
	s := letters(all)
	e := weigh(s)
	western := known()["windows1252"]
	home, _ := best(s, func(c *charset) bool { return c == western })
	if home > goodScore*float64(countHigh(s)) || said && !e.strong() {
		return western
	}
	margin := marginUnsaid + marginShort*float64(max(0, fewLetters-e.letters))
	if said {
		margin = marginSaid
	}
	score, found := best(s, func(c *charset) bool { return c != western && e.enough(c) })
	if c, n := eastAsian(all); c != nil && n > score && n > home+margin-marginEast {
		return c
	}
	if found != nil && isRare(found) {
		margin += marginRare
	}
	if found == nil || score < home+margin {
		return western
	}
	return found
}

// evidence is what a guess can be made from.
type evidence struct {
	letters  int // octets beyond ASCII that stand with others or with ASCII letters
	distinct int // different ones among them
}

// weigh counts what may be letters. An octet alone is a sign, and so is one that
// is written many times in a row.
func weigh(s []byte) evidence {
	var e evidence
	var seen [256]bool
	for i, c := range s {
		if c < utf8.RuneSelf || !touchesLetter(s, i) {
			continue
		}
		e.letters++
		if !seen[c] {
			seen[c] = true
			e.distinct++
		}
	}
	return e
}

func touchesLetter(s []byte, i int) bool {
	return i > 0 && mayBeLetter(s[i-1]) || i+1 < len(s) && mayBeLetter(s[i+1])
}

func mayBeLetter(c byte) bool { return IsLetter(c) || c >= utf8.RuneSelf }

// strong tells evidence that a label in use all over the West is wrong.
func (e evidence) strong() bool {
	return e.distinct >= 6 || e.letters >= 10 && e.distinct >= 3
}

// enough tells whether there is evidence for a charset at all: more is asked
// for where the charset is rarer.
func (e evidence) enough(c *charset) bool {
	switch c.name {
	case "windows-1250", "iso-8859-2":
		return e.letters >= 1
	case "windows-1251", "koi8-r", "koi8-u", "windows-1253":
		return e.letters >= 3 && e.distinct >= 2
	case "windows-1255", "windows-1256":
		return e.letters >= 4 && e.distinct >= 3
	case "windows-874":
		return e.letters >= 6 && e.distinct >= 6
	case "windows-1254":
		return e.letters >= 5 && e.distinct >= 3
	}
	return e.letters >= 10 && e.distinct >= 5
}

// isRare tells the charsets that hardly any mail without a label is in.
func isRare(c *charset) bool {
	switch c.name {
	case "windows-1257", "cp737", "cp866", "x-mac-cyrillic", "iso-8859-5", "iso-8859-6":
		return true
	}
	return false
}

// best gives the likeliest of some charsets, and how likely it is.
func best(s []byte, among func(*charset) bool) (score float64, found *charset) {
	score = math.Inf(-1)
	for _, p := range profiles() {
		if !among(p.charset) {
			continue
		}
		if n := p.score(s); n > score {
			score, found = n, p.charset
		}
	}
	return score, found
}

// sample is the beginning of a text, so long that it holds sampleSize 8-bit
// octets, without the lines that have none.
func sample(b []byte) []byte {
	var s []byte
	high := 0
	for len(b) > 0 && high < sampleSize {
		line := b[:min(len(b), 2*sampleSize)]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n+1]
		}
		b = b[len(line):]
		if n := countHigh(line); n > 0 {
			high += n
			s = append(s, line...)
		}
	}
	return s
}

// letters leaves of a sample what a score is made from: the octets beyond ASCII,
// each with its neighbours. Those that are no letters of a word are left out:
// more than two of one octet, and the signs in "10 m³" and "nº 5", whose octets are
// letters of Polish and Turkish.
func letters(s []byte) []byte {
	var out []byte
	for i, c := range s {
		ascii := c < utf8.RuneSelf
		beside := i > 0 && s[i-1] >= utf8.RuneSelf || i+1 < len(s) && s[i+1] >= utf8.RuneSelf
		if ascii && !beside || isPower(s, i) || isRow(s, i) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// isRow tells an octet beyond ASCII in a row of three or more like it.
func isRow(s []byte, i int) bool {
	c := s[i]
	if c < utf8.RuneSelf {
		return false
	}
	same := func(n int) bool { return n >= 0 && n < len(s) && s[n] == c }
	return same(i-1) && (same(i-2) || same(i+1)) || same(i+1) && same(i+2)
}

// isPower tells "²" and "³" behind a unit or a number, and "nº" and "2ª".
func isPower(s []byte, i int) bool {
	if s[i] < utf8.RuneSelf || i == 0 || i+1 < len(s) && mayBeLetter(s[i+1]) {
		return false
	}
	before := s[i-1]
	digit := before >= '0' && before <= '9'
	switch s[i] {
	case 0xb2, 0xb3:
		return digit || before == 'm'
	case 0xaa, 0xba:
		return digit || before|0x20 == 'n'
	}
	return false
}

func countHigh(b []byte) int {
	n := 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			n++
		}
	}
	return n
}
