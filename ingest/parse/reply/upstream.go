package reply

import (
	"slices"
	"strings"
)

// Bounds of what is looked for (mail-interface 2.3).
const (
	maxNamed    = 10  // numbers, and tokens, that are kept
	maxToken    = 200 // octets
	maxSubjects = 2000
)

// Upstream finds the numbers of Google's own cases and the thread tokens of its
// case system, each once. Whoever writes a mail can write them: they tell what it
// may be about, never who sent it.
func Upstream(subject, text string) (numbers, tokens []string) {
	subject = subject[:min(len(subject), maxSubjects)]
	add := func(list *[]string, s string) {
		if s != "" && len(*list) < maxNamed && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	base, _ := BaseSubject(subject)
	if rest, ok := cutFold(base, "google cloud support"); ok && space(rest) > 0 {
		add(&numbers, number(strings.TrimPrefix(trim(rest), "#"), 8, 10))
	}
	for rest := subject; ; {
		at := strings.IndexByte(rest, '[')
		if at < 0 {
			break
		}
		rest = rest[at+1:]
		if in, _, closed := strings.Cut(rest, "]"); closed {
			if in, ok := cutFold(in, "case"); ok {
				if in, ok := strings.CutPrefix(trim(in), "#"); ok && digits(trim(in)) == len(trim(in)) {
					add(&numbers, number(trim(in), 6, 12))
				}
			}
		}
	}
	eachToken(text, "on Case ", func(rest string) string { return number(rest, 8, 10) }, func(s string) { add(&numbers, s) })
	for _, s := range []string{subject, text} {
		eachToken(s, "thread::", threadToken, func(s string) { add(&tokens, s) })
		eachToken(s, "ref:", refToken, func(s string) { add(&tokens, s) })
	}
	return numbers, tokens
}

// cutFold is strings.CutPrefix for an ASCII prefix in lower case, whatever the
// case of s.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// number gives the number that s begins with, if it has from least to most
// figures and no letter follows.
func number(s string, least, most int) string {
	n := digits(s)
	if n < least || n > most || n < len(s) && isTokenByte(s[n]) {
		return ""
	}
	return s[:n]
}

func isTokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// eachToken calls found for what read makes of the text behind each occurrence of
// prefix that begins a word.
func eachToken(s, prefix string, read func(string) string, found func(string)) {
	for at := 0; ; {
		n := strings.Index(s[at:], prefix)
		if n < 0 {
			return
		}
		at += n
		end := at + len(prefix)
		if at == 0 || !isTokenByte(s[at-1]) {
			if token := read(s[end:min(len(s), end+maxToken)]); token != "" {
				found(token)
			}
		}
		at = end
	}
}

// threadToken reads "<letters and figures>_<the same>" behind "thread::".
func threadToken(s string) string {
	n := 0
	for n < len(s) && isTokenByte(s[n]) {
		n++
	}
	under := strings.LastIndexByte(s[:n], '_')
	if under < 8 || n-under < 3 {
		return ""
	}
	return "thread::" + s[:n]
}

// refToken reads what stands between "ref:" and ":ref".
func refToken(s string) string {
	if s == "" || s[0] != '_' && s[0] != '!' {
		return ""
	}
	n := 0
	for n < len(s) && (isTokenByte(s[n]) || s[n] == '.' || s[n] == '!') {
		n++
	}
	rest, ok := strings.CutPrefix(s[n:], ":ref")
	if n < 2 || !ok || rest != "" && isTokenByte(rest[0]) {
		return ""
	}
	return "ref:" + s[:n] + ":ref"
}
