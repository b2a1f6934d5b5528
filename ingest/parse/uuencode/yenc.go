package uuencode

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
)

// yencBlock reads a file in yEnc (yEnc draft 1.3): lines of octets that are 42
// too large, between "=ybegin" and "=yend". No line of data begins with "=y".
func yencBlock(text, line []byte, at int) (f File, end int) {
	begin, ok := bytes.CutPrefix(line, []byte("=ybegin "))
	if !ok {
		return File{}, 0
	}
	f.Name = yencName(begin)
	size, hasSize := yencNumber(begin, "size", 10)
	if _, hasLine := yencNumber(begin, "line", 10); f.Name == "" || !hasSize || !hasLine {
		return File{}, 0
	}
	part := "" // which piece of the file this is, in words
	for at < len(text) {
		line, next := lineAt(text, at)
		if !bytes.HasPrefix(line, []byte("=y")) {
			f.Data = appendYenc(f.Data, line)
			at = next
			continue
		}
		if p, ok := bytes.CutPrefix(line, []byte("=ypart ")); ok && part == "" && len(f.Data) == 0 {
			from, _ := yencNumber(p, "begin", 10)
			to, _ := yencNumber(p, "end", 10)
			part = fmt.Sprintf("only octets %d to %d of %d", from, to, size)
			at = next
			continue
		}
		trailer, ok := bytes.CutPrefix(line, []byte("=yend "))
		if !ok {
			return File{}, 0
		}
		f.Note = checkYenc(f.Data, trailer, part)
		return f, next
	}
	return File{}, 0
}

// checkYenc says what is wrong with decoded data.
func checkYenc(data, trailer []byte, part string) string {
	if size, ok := yencNumber(trailer, "size", 10); ok && size != uint64(len(data)) {
		return fmt.Sprintf("%d octets were announced and %d are there", size, len(data))
	}
	// The trailer of a piece has the sum of the piece and may have that of the
	// whole file too.
	key := "crc32"
	if part != "" {
		key = "pcrc32"
	}
	if sum, ok := yencNumber(trailer, key, 16); ok && uint32(sum) != crc32.ChecksumIEEE(data) {
		return "its checksum is wrong"
	}
	return part
}

// yencName is the name, which goes on to the end of the line.
func yencName(params []byte) string {
	_, name, _ := bytes.Cut(params, []byte(" name="))
	name = bytes.Trim(bytes.TrimSpace(name), `"`)
	return string(name[:min(len(name), 1000)])
}

// yencNumber gives the value of a parameter before the name.
func yencNumber(params []byte, key string, base int) (uint64, bool) {
	params, _, _ = bytes.Cut(params, []byte(" name="))
	for _, field := range bytes.Fields(params) {
		if v, ok := bytes.CutPrefix(field, []byte(key+"=")); ok {
			n, err := strconv.ParseUint(string(v), base, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// appendYenc decodes a line.
func appendYenc(data, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == '=' && i+1 < len(line) {
			i++
			c = line[i] - 64 // what must not stand in a line is written as two
		}
		data = append(data, c-42)
	}
	return data
}
