// Package uuencode takes out of a text the files that old mailers and news
// programs wrote into it: uuencoded (POSIX uuencode), as base64 under the same
// frame, and in yEnc. It is not for MIME's own encodings.
package uuencode

import "bytes"

// File is one file that stood in a text.
type File struct {
	Name string // as written, in the charset of the text; not fit for a path
	Data []byte
	Note string // what is wrong with it; "" for nothing
}

// maxFiles is how many files are taken out of one text; more of them stay text.
const maxFiles = 1000

// Split takes the files out of text and gives what stands around them. A frame
// that has no end, or lines in it that no encoder writes, is text. The rest
// shares the memory of text where there are no files.
func Split(text []byte) (rest []byte, files []File) {
	kept := 0 // text before this is in rest, or in a file
	for at := 0; at < len(text); {
		line, next := lineAt(text, at)
		f, end := block(text, line, next)
		if end == 0 {
			at = next
			continue
		}
		rest = append(rest, text[kept:at]...)
		files = append(files, f)
		at, kept = end, end
		if len(files) == maxFiles {
			break
		}
	}
	if len(files) == 0 {
		return text, nil
	}
	return append(rest, text[kept:]...), files
}

// lineAt gives a line without its end, and where the next one begins.
func lineAt(text []byte, at int) (line []byte, next int) {
	line = text[at:]
	next = len(text)
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line, next = line[:i], at+i+1
	}
	return bytes.TrimSuffix(line, []byte("\r")), next
}

// block reads the file whose frame begins in line and goes on at at. The end is
// 0 where there is none. What it looks at in vain holds no line that another
// frame could begin with, so that Split stays linear.
func block(text, line []byte, at int) (f File, end int) {
	if len(line) < len("begin ") || line[0] != 'b' && line[0] != '=' {
		return File{}, 0 // nearly every line of mail
	}
	if name, ok := frame(line, "begin "); ok {
		f.Name = name
		f.Data, end = lines(text, at)
		return f, end
	}
	if name, ok := frame(line, "begin-base64 "); ok {
		f.Name = name
		f.Data, end = base64Lines(text, at)
		return f, end
	}
	return yencBlock(text, line, at)
}

// frame reads "begin 644 name": a mode of three or four octal digits and a name.
func frame(line []byte, begin string) (name string, ok bool) {
	mode, ok := bytes.CutPrefix(line, []byte(begin))
	if !ok {
		return "", false
	}
	mode, rest, ok := bytes.Cut(mode, []byte(" "))
	if !ok || len(mode) < 3 || len(mode) > 4 {
		return "", false
	}
	// "begin 800 new tasks" is no frame, and "begin 100 tasks" fails by its lines.
	for _, c := range mode {
		if c < '0' || c > '7' {
			return "", false
		}
	}
	name = string(bytes.TrimSpace(rest))
	return name, name != "" && len(name) <= 1000
}

// lines decodes lines from at up to "end". Without one, end is 0 and data is
// what came before the line that is none.
func lines(text []byte, at int) (data []byte, end int) {
	const lost = 4 << 10 // what spaces that were lost may stand for, in octets more than there are
	start := at
	zero := false // the line of no octets came: only the end may follow
	for at < len(text) {
		line, next := lineAt(text, at)
		trimmed := bytes.TrimRight(line, " \t")
		switch {
		case string(trimmed) == "end" && (zero || len(data) > 0):
			return data, next
		case string(trimmed) == "`", len(trimmed) == 0 && (len(line) > 0 || len(data) > 0):
			zero = true
		case zero: // more data behind its end: no encoder writes that
			return data, 0
		default:
			var ok bool
			if data, ok = appendLine(data, line); !ok || len(data) > next-start+lost {
				return data, 0
			}
		}
		at = next
	}
	return data, 0
}

// appendLine decodes one line: how many octets it holds, then four characters
// for three of them. Spaces at its end may be lost, as they stand for zeros, and
// some encoders put a character of their own there.
func appendLine(data, line []byte) ([]byte, bool) {
	const slack = 2
	if len(line) == 0 {
		return data, false
	}
	n := int(value(line[0]))
	chars := (n + 2) / 3 * 4
	body := line[1:]
	if n == 0 || line[0] < ' ' || line[0] > '`' || len(body) > chars+slack && len(bytes.TrimRight(body, " \t")) > chars+slack {
		return data, false
	}
	body = body[:min(len(body), chars)]
	for _, c := range body {
		if c < ' ' || c > '`' {
			return data, false
		}
	}
	start := len(data) // four characters at a time, so there may be too many
	for i := 0; i < chars; i += 4 {
		var v [4]byte
		for k := range v {
			if i+k < len(body) {
				v[k] = value(body[i+k])
			}
		}
		data = append(data, v[0]<<2|v[1]>>4, v[1]<<4|v[2]>>2, v[2]<<6|v[3])
	}
	return data[:start+n], true
}

// value is what a character stands for.
func value(c byte) byte { return (c - ' ') & 63 }
