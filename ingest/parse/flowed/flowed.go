// Package flowed joins the lines of format=flowed text (RFC 3676) to the
// paragraphs they were typed as. It is not for telling quotes from answers.
package flowed

import "strings"

// maxDepth is the deepest quote that is counted; what is deeper is text.
const maxDepth = 100

// Unfold joins flowed lines to paragraphs. The text has lines that end with \n;
// delSp is the DelSp parameter: the blank that a flowed line ends with is no part
// of the text. Quoted paragraphs begin with one "> " for each level, each on one
// line. A line is joined to the next only where both are quoted as deep (RFC
// 3676 4.5), and the line that announces a signature never is (4.3).
func Unfold(text string, delSp bool) string {
	var out strings.Builder
	out.Grow(len(text) + len(text)/16)
	depth := -1 // of the paragraph that is open; -1: none
	for len(text) > 0 {
		line, rest, ended := strings.Cut(text, "\n")
		text = rest
		level, content := unquote(strings.TrimSuffix(line, "\r"))
		signature := content == "-- "
		if depth >= 0 && (level != depth || signature) {
			out.WriteByte('\n')
			depth = -1
		}
		if depth < 0 {
			prefix(&out, level, content)
		} else if level == 0 && strings.HasPrefix(content, " >") {
			content = content[1:] // within a line, where no mark is read
		}
		flows := strings.HasSuffix(content, " ") && !signature
		if flows && delSp {
			content = content[:len(content)-1]
		}
		out.WriteString(content)
		switch {
		case flows && text != "":
			depth = level
		case ended:
			out.WriteByte('\n')
			depth = -1
		}
	}
	return out.String()
}

// unquote takes the quote marks off a line, and the blank with which lines are
// stuffed (RFC 3676 4.4, 4.5). Some mailers put blanks between the marks, as
// plain text has them; only a mark tells such a blank from stuffing. Where nothing
// is quoted and the text begins with ">", the blank stays: without it " > 5 MB"
// would be read as a quote.
func unquote(line string) (depth int, content string) {
	for depth < maxDepth {
		switch {
		case strings.HasPrefix(line, ">"):
			line = line[1:]
		case depth > 0 && strings.HasPrefix(line, " >"):
			line = line[2:]
		case depth == 0 && strings.HasPrefix(line, " >"):
			return 0, line
		default:
			return depth, strings.TrimPrefix(line, " ")
		}
		depth++
	}
	return depth, strings.TrimPrefix(line, " ")
}

// prefix writes the marks of a quoted paragraph.
func prefix(out *strings.Builder, depth int, content string) {
	for i := range depth {
		out.WriteByte('>')
		if i < depth-1 || content != "" {
			out.WriteByte(' ')
		}
	}
}
