package tnef

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"casegate/ingest/parse/charset"

	"golang.org/x/text/encoding"
)

// rtfKind tells what an RTF was made from (MS-OXRTFEX 2.1).
type rtfKind int

const (
	fromRTF  rtfKind = iota // nothing: it is RTF itself
	fromText                // \fromtext
	fromHTML                // \fromhtml1
)

// readRTF gives the text of an RTF, or the page that it was made from. It is
// linear, and what it cannot read it leaves out.
func readRTF(b []byte, codepage uint32) (string, rtfKind) {
	r := rtfReader{in: b, fonts: map[int]uint32{}, decoders: map[uint32]*encoding.Decoder{}, ansi: codepage}
	if r.ansi == 0 {
		r.ansi = 1252
	}
	r.g = group{unicodeSkip: 1, font: noFont}
	for r.at < len(r.in) {
		r.step()
	}
	r.flush()
	return charset.Clean(charset.Lines(r.out.String())), r.kind
}

const (
	maxGroups   = 500     // depth of groups whose state is kept
	maxFonts    = 1000    // fonts whose code page is kept
	maxDecoders = 32      // decoders that are kept
	longRun     = 4 << 10 // octets that are decoded at once
	noFont      = -1
)

// rtfReader holds the state of one reading.
type rtfReader struct {
	in       []byte
	at       int
	out      bytes.Buffer
	run      []byte // octets of text, not yet decoded
	runIn    uint32 // their code page
	decoded  []byte // room for the run in UTF-8
	kind     rtfKind
	ansi     uint32 // \ansicpg
	fonts    map[int]uint32
	decoders map[uint32]*encoding.Decoder // by code page
	stack    []group
	deeper   int // groups open beyond maxGroups
	g        group
	high     rune // the first half of a character, from \u
	skip     int  // characters left that stand for a \u
}

// group is the state that a closing brace takes back.
type group struct {
	hidden      bool // nothing in it is text
	fontTable   bool
	tag         bool // in \*\htmltag: part of the page
	rtfOnly     bool // \htmlrtf: only for readers of RTF
	starred     bool // \* came: what is not known is hidden
	unseen      bool // \v: text that no reader shows
	font        int
	unicodeSkip int // \uc
}

// step reads one piece: a brace, a control, or an octet of text.
func (r *rtfReader) step() {
	switch c := r.in[r.at]; c {
	case '{':
		r.at++
		r.open()
	case '}':
		r.at++
		r.close()
	case '\\':
		r.at++
		r.control()
	case '\r', '\n', 0:
		r.at++
	default:
		r.at++
		r.octet(c)
	}
}

// open begins a group, which starts with the state around it.
func (r *rtfReader) open() {
	r.skip = 0
	if len(r.stack) >= maxGroups {
		r.deeper++
		return
	}
	r.stack = append(r.stack, r.g)
	r.g.starred = false
}

// close ends a group. A brace too many changes nothing.
func (r *rtfReader) close() {
	r.skip = 0
	switch {
	case r.deeper > 0:
		r.deeper--
	case len(r.stack) > 0:
		r.g = r.stack[len(r.stack)-1]
		r.stack = r.stack[:len(r.stack)-1]
	}
}

// control reads what stands behind a backslash: a word with its number, or one
// character.
func (r *rtfReader) control() {
	if r.at >= len(r.in) {
		return
	}
	start := r.at
	for r.at < len(r.in) && isLetter(r.in[r.at]) {
		r.at++
	}
	if r.at == start {
		r.symbol()
		return
	}
	word := r.in[start:r.at]
	n, given := r.number()
	if r.at < len(r.in) && r.in[r.at] == ' ' {
		r.at++
	}
	if len(word) > 32 {
		return // no word is that long
	}
	r.word(word, n, given)
}

// number reads the number of a control word; of one with too many digits it
// gives more than any word takes.
func (r *rtfReader) number() (n int, given bool) {
	const most = 1 << 40
	at, sign := r.at, 1
	if at < len(r.in) && r.in[at] == '-' {
		at, sign = at+1, -1
	}
	start := at
	for at < len(r.in) && isDigit(r.in[at]) {
		n = min(n*10+int(r.in[at]-'0'), most)
		at++
	}
	if at == start {
		return 0, false // a hyphen alone belongs to the text
	}
	r.at = at
	return sign * n, true
}

// symbol reads a control that is one character.
func (r *rtfReader) symbol() {
	c := r.in[r.at]
	r.at++
	switch c {
	case '\'':
		if r.at+2 > len(r.in) {
			r.at = len(r.in)
			return
		}
		v, err := strconv.ParseUint(string(r.in[r.at:r.at+2]), 16, 8)
		if err == nil {
			r.at += 2
			r.octet(byte(v))
		}
	case '\\', '{', '}':
		r.octet(c)
	case '\r', '\n':
		r.text("\n")
	case '*':
		r.g.starred = true
	case '~':
		r.text("\u00a0")
	case '_':
		r.text("\u2011")
	case '-':
		r.text("\u00ad")
	}
}

// word obeys a control word.
func (r *rtfReader) word(word []byte, n int, given bool) {
	if text, ok := characters[string(word)]; ok {
		r.text(text)
		return
	}
	if hiddenGroups[string(word)] {
		r.g.hidden = true
		return
	}
	switch string(word) {
	case "fromhtml":
		r.kind = fromHTML
	case "fromtext":
		r.kind = fromText
	case "ansicpg":
		if n > 0 {
			r.ansi = uint32(min(n, math.MaxUint16))
		}
	case "fonttbl":
		r.g.hidden, r.g.fontTable = true, true
	case "f", "fcharset", "cpg":
		r.fontWord(string(word), n)
	case "plain":
		r.g.font = noFont
	case "uc":
		r.g.unicodeSkip = min(max(n, 0), 16)
	case "u":
		r.unicode(n)
	case "bin":
		if n > 0 && n <= len(r.in)-r.at {
			r.at += n
		}
	case "htmltag":
		r.g.tag, r.g.starred = true, false
	case "htmlrtf":
		r.g.rtfOnly = !given || n != 0
	case "v":
		r.g.unseen = !given || n != 0
	case "shptxt": // the text in a shape, within what else only programs read
		r.g.hidden, r.g.starred = false, false
	default:
		if r.g.starred {
			r.g.hidden = true
		}
	}
}

// fontWord keeps which code page a font has, and which font text is in.
func (r *rtfReader) fontWord(word string, n int) {
	switch {
	case word == "f":
		r.g.font = n
	case !r.g.fontTable || len(r.fonts) >= maxFonts:
	case word == "cpg" && n > 0:
		r.fonts[r.g.font] = uint32(min(n, math.MaxUint16))
	case word == "fcharset" && fontCodepages[n] != 0:
		r.fonts[r.g.font] = fontCodepages[n]
	}
}

// unicode takes a character by its number, a 16-bit one that may be negative or
// half of a pair. The characters behind it say the same for old readers.
func (r *rtfReader) unicode(n int) {
	c := rune(uint16(n))
	switch {
	case n > 0xffff && n <= utf8.MaxRune:
		c = rune(n)
	case c >= 0xd800 && c < 0xdc00:
		r.high = c
		r.skip = r.g.unicodeSkip
		return
	case utf16.IsSurrogate(c):
		c = utf16.DecodeRune(r.high, c)
	}
	r.high, r.skip = 0, 0
	r.text(string(c))
	r.skip = r.g.unicodeSkip
}

// visible tells whether text belongs to what is wanted.
func (r *rtfReader) visible() bool {
	return !r.g.hidden && !r.g.unseen && !(r.kind != fromRTF && r.g.rtfOnly)
}

// octet takes one octet of text in some code page.
func (r *rtfReader) octet(c byte) {
	if r.skip > 0 {
		r.skip--
		return
	}
	if !r.visible() || c == 0 {
		return
	}
	cp := r.ansi
	if f, ok := r.fonts[r.g.font]; ok && !r.g.tag {
		cp = f // the tags of a page are in the code page of the whole
	}
	n := len(r.run)
	if cp != r.runIn || n >= longRun && c < 0x80 && r.run[n-1] < 0x80 { // not within a character
		r.flush()
		r.runIn = cp
	}
	r.run = append(r.run, c)
}

// text takes characters.
func (r *rtfReader) text(s string) {
	if r.skip > 0 {
		r.skip--
		return
	}
	if r.visible() {
		r.flush()
		r.out.WriteString(s)
	}
}

// flush decodes the octets that are held. Nothing is guessed here, because
// pieces this short look like anything.
func (r *rtfReader) flush() {
	if isASCII(r.run) {
		r.out.Write(r.run)
	} else {
		r.decoded = slices.Grow(r.decoded[:0], utf8.UTFMax*len(r.run)+16) // enough for any code page
		d := r.decoder(r.runIn)
		d.Reset()
		n, _, _ := d.Transform(r.decoded[:cap(r.decoded)], r.run, true)
		r.out.Write(r.decoded[:n])
	}
	r.run = r.run[:0]
}

// decoder keeps the decoders of the few code pages that one text is in.
func (r *rtfReader) decoder(codepage uint32) *encoding.Decoder {
	d, ok := r.decoders[codepage]
	if !ok {
		d = encodingOf(codepage).NewDecoder()
		if len(r.decoders) < maxDecoders {
			r.decoders[codepage] = d
		}
	}
	return d
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// characters are the control words that stand for text.
var characters = map[string]string{
	"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "nestrow": "\n",
	"tab": "\t", "cell": "\t", "nestcell": "\t",
	"lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
	"bullet": "\u2022", "endash": "\u2013", "emdash": "\u2014",
	"enspace": "\u2002", "emspace": "\u2003", "qmspace": "\u2005",
	"zwj": "\u200d", "zwnj": "\u200c",
}

// hiddenGroups are the destinations that older readers know without \*, and
// whose content is no text.
var hiddenGroups = map[string]bool{
	"colortbl": true, "stylesheet": true, "info": true, "pict": true, "object": true,
	"filetbl": true, "listtable": true, "listoverridetable": true, "revtbl": true,
	"header": true, "headerl": true, "headerr": true, "headerf": true,
	"footer": true, "footerl": true, "footerr": true, "footerf": true,
	"fldinst": true, "bkmkstart": true, "bkmkend": true, "xe": true, "tc": true,
	"mhtmltag": true, "nonshppict": true, "datafield": true, "themedata": true,
}
