package page

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLink is the longest address of a link that is shown, in octets.
const maxLink = 1000

// link is the link that is open.
type link struct {
	to    string // "" for none, or none to follow
	begin int    // where its text begins
}

func (l *link) open(href []byte, at int) {
	*l = link{to: followable(href), begin: at}
}

// followable gives the address of a link that a person could follow; "" for none.
func followable(href []byte) string {
	if href = trim(href); len(href) > maxLink || bytes.ContainsAny(href, "<>\x00") {
		return ""
	}
	colon := bytes.IndexByte(href, ':')
	if colon < 0 || !equal(href[:colon], "http") && !equal(href[:colon], "https") {
		return ""
	}
	if bytes.ContainsAny(href, " \r\n\t") {
		// Browsers follow these too: line ends are nothing, a space is %20.
		return strings.NewReplacer(" ", "%20", "\t", "", "\r", "", "\n", "").Replace(string(href))
	}
	return string(href)
}

// closeLink writes the address after the text of a link, unless that says it.
// Line ends that are due wait until after the address: it belongs to the words
// before it.
func (r *reader) closeLink() {
	l := r.link
	r.link = link{}
	if l.to == "" || len(r.out) <= l.begin {
		return
	}
	_, bare, _ := strings.Cut(l.to, "://")
	if bytes.Contains(r.out[l.begin:], []byte(strings.TrimSuffix(bare, "/"))) {
		return
	}
	lines := r.lines
	r.lines, r.soft = 0, true
	r.writer.text([]byte("<"+l.to+">"), false, r.each)
	r.lines = lines
}

// maxAlt is the longest text of a picture that is shown, in octets.
const maxAlt = 500

// image writes what a picture says of itself. An emoji is written as it is.
func (r *reader) image(e *element) {
	alt := trim(e.alt)
	if len(alt) > maxAlt || isDot(e.width) || isDot(e.height) {
		return
	}
	switch {
	case isEmoji(alt):
		r.words(alt)
	case says(alt):
		r.words([]byte("[" + string(alt) + "]"))
	}
}

// isFilledIn tells the types of input whose value a reader sees: a form that was
// saved and sent holds a customer's words nowhere else.
func isFilledIn(typ []byte) bool {
	switch string(bytesLower(nil, trim(typ[:min(len(typ), 20)]))) {
	case "", "text", "email", "tel", "url", "number", "date", "search", "submit", "button":
		return true
	}
	return false
}

// isDot tells the size of pictures that only count readers.
func isDot(size []byte) bool {
	return len(size) > 0 && (isZero(size) || string(size) == "1" || equal(size, "1px"))
}

// isEmoji tells a text of signs without a letter. Gmail and Outlook send emoji as
// pictures, and a reply may be nothing but a thumb.
func isEmoji(alt []byte) bool {
	if len(alt) == 0 || len(alt) > 40 {
		return false
	}
	for b := alt; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if r < 0x80 || unicode.IsLetter(r) || unicode.IsSpace(r) || r == utf8.RuneError {
			return false
		}
		b = b[n:]
	}
	return true
}

// says tells whether the text of a picture says something to a reader: programs
// put names of files and of kinds there.
func says(alt []byte) bool {
	low := strings.ToLower(string(alt))
	switch strings.TrimRight(low, " 0123456789.:()") {
	case "", "image", "img", "picture", "photo", "logo", "icon", "spacer", "inline image", "pic", "bild",
		"grafik", "obraz", "immagine", "gambar", "imagen", "圖片", "图片", "画像":
		return false
	}
	for _, ext := range []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg", ".tif", ".tiff", ".heic"} {
		if strings.HasSuffix(low, ext) {
			return false
		}
	}
	return !strings.Contains(low, "://") && !strings.HasPrefix(low, "cid:") &&
		!strings.Contains(low, "automatically generated") && strings.ContainsFunc(low, unicode.IsLetter)
}
