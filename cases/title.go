package cases

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// replyPrefix: what mail programs put before a subject in the languages our
// users work in (mail-interface 2.3), with a counter as in "Re[2]:" and with
// the full-width colon of Chinese programs.
var replyPrefix = regexp.MustCompile(`^(?i:re|fwd?|aw|wg|odp|pd|sv|vb|r|rif|i|bls|trs|回覆|回复|轉寄|转寄|转发|轉發)\s*(?:[\[(]\d{1,3}[\])])?\s*[:\x{FF1A}]\s*`)

// caseTag is a mark in a subject such as ours: "[NORTH-1042]".
var caseTag = regexp.MustCompile(`\[([A-Z][A-Z0-9]{0,11}-[1-9][0-9]{0,9})\]`)

// noTitle stands where a mail has no subject: a case needs a title (R19).
const noTitle = "(no subject)"

// Title makes a case's title of a subject: reply prefixes and tags of a reseller's
// own case numbers go, white space is folded, and what is longer than MaxTitle
// characters is cut.
func Title(subject, prefix string) string {
	s := caseTag.ReplaceAllStringFunc(subject, func(tag string) string {
		if strings.HasPrefix(tag, "["+prefix+"-") {
			return " "
		}
		return tag // another system's
	})
	s = strings.Join(strings.Fields(strings.Map(printable, s)), " ")
	for {
		shorter := strings.TrimSpace(replyPrefix.ReplaceAllString(s, ""))
		if shorter == s {
			break
		}
		s = shorter
	}
	if s == "" {
		return noTitle
	}
	if utf8.RuneCountInString(s) > MaxTitle {
		s = strings.TrimRightFunc(string([]rune(s)[:MaxTitle-1]), func(r rune) bool {
			return unicode.IsSpace(r) || unicode.Is(unicode.Mn, r) || r == '\u200d'
		}) + "…"
	}
	return s
}

// printable turns what could break a line or a terminal into a blank.
func printable(r rune) rune {
	if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError {
		return ' '
	}
	return r
}

// numberIn finds a reseller's case number in a subject: a hint, never a proof (T18).
func numberIn(subject, prefix string) string {
	for _, m := range caseTag.FindAllStringSubmatch(subject, -1) {
		if strings.HasPrefix(m[1], prefix+"-") {
			return m[1]
		}
	}
	return ""
}
