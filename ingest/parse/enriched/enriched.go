// Package enriched turns text/enriched (RFC 1896) and its forerunner
// text/richtext (RFC 1341 7.1.3) into plain text. It keeps lines and quotations
// and drops all other layout. It is not for HTML.
package enriched

import "strings"

// maxQuote is how many levels of quotation are shown.
const maxQuote = 10

// Text gives the plain text. It is linear, and of what is no command nothing is
// lost.
func Text(s string) string {
	w := writer{params: true}
	w.read(s)
	if w.param > 0 {
		// A parameter without an end would swallow the text behind it.
		w = writer{}
		w.read(s)
	}
	return w.out.String()
}

// writer collects the text.
type writer struct {
	out     strings.Builder
	params  bool // whether parameters are left out
	param   int  // parameters and comments that are open
	nofill  int  // line ends count as such
	excerpt int  // quotations that are open
	lines   int  // line ends in a row that are not written yet
	middle  bool // something stands on this line
}

// read takes a whole text apart.
func (w *writer) read(s string) {
	for len(s) > 0 {
		i := strings.IndexAny(s, "<\r\n")
		if i < 0 {
			w.text(s)
			break
		}
		w.text(s[:i])
		s = s[i:]
		switch {
		case s[0] == '\r':
			s = s[1:]
		case s[0] == '\n':
			w.newline()
			s = s[1:]
		case strings.HasPrefix(s, "<<"):
			w.text("<")
			s = s[2:]
		default:
			name, end := command(s)
			if end == 0 {
				w.text("<")
				s = s[1:]
				continue
			}
			w.command(name)
			s = s[end:]
		}
	}
	if w.lines > 0 {
		w.newParagraph()
	}
}

// command gives the command that s begins with and its length, 0 where there is
// none: a name of at most 60 letters, digits and hyphens (RFC 1896).
func command(s string) (name string, end int) {
	const longest = 60
	i := 1
	if strings.HasPrefix(s, "</") {
		i++
	}
	start := i
	for i < len(s) && i-start < longest && (isLetter(s[i]) || i > start && (s[i] == '-' || s[i] >= '0' && s[i] <= '9')) {
		i++
	}
	if i == start || i == len(s) || s[i] != '>' {
		return "", 0
	}
	return strings.ToLower(s[1:i]), i + 1
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// command obeys a command. All others change only how text looks.
func (w *writer) command(name string) {
	switch name {
	case "param", "comment":
		if w.params {
			w.param++
		}
	case "/param", "/comment":
		w.param = max(0, w.param-1)
	case "nofill", "verbatim":
		w.endLines()
		w.nofill++
	case "/nofill", "/verbatim":
		w.endLines()
		w.nofill = max(0, w.nofill-1)
	case "excerpt":
		w.newParagraph()
		w.excerpt++
	case "/excerpt":
		w.newParagraph()
		w.excerpt = max(0, w.excerpt-1)
	case "paragraph", "/paragraph", "np":
		w.newParagraph()
	case "nl":
		w.text("\n")
	case "lt":
		w.text("<")
	}
}

// newParagraph ends the line that is open. One line end of the source before it
// says no more than that.
func (w *writer) newParagraph() {
	if w.lines == 1 && w.nofill == 0 {
		w.lines = 0
	}
	w.endLines()
	if w.middle {
		w.text("\n")
	}
}

// newline takes a line end of the source: one is a space, and of more one is
// left out (RFC 1896).
func (w *writer) newline() {
	if w.param > 0 {
		return
	}
	w.lines++
}

// endLines writes what line ends are held.
func (w *writer) endLines() {
	n := w.lines
	w.lines = 0
	switch {
	case n == 0:
		return
	case w.nofill > 0:
	case n == 1:
		if w.middle {
			w.out.WriteByte(' ')
		}
		return
	default:
		n--
	}
	for range n {
		w.out.WriteByte('\n')
	}
	w.middle = false
}

// text writes text; line ends in it are meant.
func (w *writer) text(s string) {
	if s == "" || w.param > 0 {
		return
	}
	w.endLines()
	if s == "\n" {
		w.out.WriteByte('\n')
		w.middle = false
		return
	}
	if !w.middle && w.excerpt > 0 {
		w.out.WriteString(strings.Repeat("> ", min(w.excerpt, maxQuote)))
	}
	w.out.WriteString(s)
	w.middle = true
}
