package charset

import (
	"encoding/base64"
	"strings"

	"casegate/ingest/parse/transfer"
)

// MaxWords bounds what is decoded of one unstructured field (T59).
const MaxWords = 4 << 10

// DecodeWords decodes the encoded words of RFC 2047 in a field's value; what
// stands between them is read in the charset of the mail. Words that follow
// each other in one charset are joined before they are decoded, because mailers
// cut characters in two. Words without an end, with spaces, glued to text or
// encoded twice are read too. The result may hold controls: see OneLine.
func DecodeWords(s, label string) string {
	// A body in UTF-7 does not make UTF-7 of the header: "+AEA-" is no "@" there.
	if f := find(label).family; f == seven || f == wide {
		label = ""
	}
	return decodeWords(s, label, true)
}

// decodeWords decodes words, and those within words once.
func decodeWords(s, label string, nested bool) string {
	if !strings.Contains(s, "=?") {
		return Decode([]byte(s), label)
	}
	d := words{label: label, nested: nested}
	for len(s) > 0 {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		w, ok := parseWord(s[start:])
		if !ok {
			start += 2 // the text goes on behind what only looked like a word
			d.text(s[:start])
			s = s[start:]
			continue
		}
		// RFC 2047 6.2: white space between encoded words is not shown.
		if between := s[:start]; !d.after || strings.Trim(between, " \t\r\n") != "" {
			d.text(between)
		}
		d.word(w)
		s = s[start+w.length:]
		if w.text == "" && w.cut { // "=?utf-8?q?=?utf-8?q?a?=?=": a word around a word
			d.open++
		} else if d.open > 0 && strings.HasPrefix(s, "?=") {
			d.open--
			s = s[2:]
		}
	}
	d.text(s)
	return d.out.String()
}

// words is the state of decoding one value.
type words struct {
	out     strings.Builder
	label   string // of the text between words
	nested  bool   // whether words within words are decoded
	open    int    // words around the present one
	after   bool   // a word stands before
	charset string // of the words before
	octets  []byte // decoded octets of adjacent words, not yet converted
	base64  []byte // as octets, still encoded
}

// text takes what stands outside of words.
func (d *words) text(s string) {
	d.flush()
	d.after = false
	if s != "" {
		d.out.WriteString(Decode([]byte(s), d.label))
	}
}

// word takes an encoded word.
func (d *words) word(w word) {
	if !strings.EqualFold(w.charset, d.charset) {
		d.flush()
	}
	d.charset, d.after = w.charset, true
	if w.encoding == 'q' {
		d.unbase64()
		d.octets = appendQ(d.octets, w.text)
		return
	}
	before := len(d.base64)
	d.base64 = appendBase64(d.base64, w.text)
	// A group of four characters may be cut in two, or the padding left out.
	if before%4 != 0 && len(d.base64)%4 != 0 {
		rest := string(d.base64[before:])
		d.base64 = d.base64[:before]
		d.unbase64()
		d.base64 = append(d.base64, rest...)
	}
}

// flush writes the words so far.
func (d *words) flush() {
	d.unbase64()
	if len(d.octets) == 0 {
		return
	}
	text := Decode(d.octets, d.charset)
	if d.nested && strings.Contains(text, "=?") {
		text = decodeWords(text, "", false)
	}
	d.out.WriteString(text)
	d.octets = d.octets[:0]
}

// unbase64 decodes what is held. Padding ends a run, behind which another word
// may begin.
func (d *words) unbase64() {
	for b := d.base64; len(b) > 0; {
		n := 0
		for n < len(b) && b[n] != '=' {
			n++
		}
		run := b[:n]
		if n%4 == 1 {
			run = run[:n-1] // one character holds no octet
		}
		d.octets, _ = base64.RawStdEncoding.AppendDecode(d.octets, run)
		b = b[min(n+1, len(b)):]
	}
	d.base64 = d.base64[:0]
}

// appendBase64 takes what is base64 from a word; some mailers write the
// characters of RFC 4648 5.
func appendBase64(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case transfer.Base64[c], c == '=':
			out = append(out, c)
		case c == '-':
			out = append(out, '+')
		case c == '_':
			out = append(out, '/')
		}
	}
	return out
}

// word is one encoded word.
type word struct {
	charset  string
	encoding byte // 'b' or 'q'
	text     string
	length   int  // of the word as written
	cut      bool // whether it has no end of its own
}

// parseWord reads the encoded word that s starts with. One without an end
// reaches to the next word, or to the end of the value.
func parseWord(s string) (word, bool) {
	w, n := parseHead(s)
	if n == 0 {
		return word{}, false
	}
	for i := n; i < len(s); i++ {
		switch {
		case s[i] != '?':
		case i+1 < len(s) && s[i+1] == '=' && !(w.encoding == 'q' && goesOn(s[i:])):
			w.text, w.length = s[n:i], i+2
			return w, true
		case i > n && s[i-1] == '=':
			if _, next := parseHead(s[i-1:]); next > 0 {
				w.text, w.length, w.cut = s[n:i-1], i-1, true
				return w, true
			}
		}
	}
	w.text, w.length, w.cut = strings.TrimRight(s[n:], "? \t\r\n"), len(s), true
	return w, true
}

// parseHead reads "=?charset?encoding?" and gives its length; 0 if s starts
// with none.
func parseHead(s string) (w word, n int) {
	if !strings.HasPrefix(s, "=?") {
		return w, 0
	}
	end := strings.IndexByte(s[2:min(len(s), 2+maxLabel)], '?')
	if end < 0 || len(s) < end+5 || s[end+4] != '?' {
		return w, 0
	}
	label := strings.TrimSpace(s[2 : 2+end])
	if strings.ContainsAny(label, " \t\r\n=<>@,;\"") {
		return w, 0
	}
	w.charset, _, _ = strings.Cut(label, "*") // RFC 2231 5: "*language"
	if w.encoding = s[end+3] | 0x20; w.encoding != 'q' && w.encoding != 'b' {
		return w, 0
	}
	return w, end + 5
}

// goesOn tells a "?=" that is no end, in a word whose mailer left "?" as it is:
// an encoded octet follows, and behind it, before any white space, the end.
func goesOn(s string) bool {
	if len(s) < 4 {
		return false
	}
	if _, ok := transfer.Hex(s[2], s[3]); !ok {
		return false
	}
	rest := s[4:min(len(s), 4+75)]
	if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
		rest = rest[:i]
	}
	end, next := strings.Index(rest, "?="), strings.Index(rest, "=?")
	return end >= 0 && (next < 0 || end < next)
}

// appendQ undoes the "Q" encoding (RFC 2047 4.2); a stray "=" stands for itself,
// and before white space for a line that was broken as in a body.
func appendQ(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if c, ok := transfer.Hex(s[i+1], s[i+2]); ok {
				out = append(out, c)
				i += 2
				continue
			}
		}
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && (s[i+1] == ' ' || s[i+1] == '\t'):
			i++
		default:
			out = append(out, s[i])
		}
	}
	return out
}
