package parse

import (
	"bytes"
	"unicode/utf8"

	"casegate/ingest/parse/transfer"
)

// decodeText undoes the transfer encoding of one text part. mixed tells that not
// all of it is in that encoding.
func decodeText(encoding string, content []byte) (text []byte, mixed bool) {
	if encoding == "base64" {
		return decodeBase64Text(content)
	}
	return transfer.Decode(encoding, content), false
}

// decodeBase64Text decodes a text in base64, and keeps the lines as they are that
// some program has added to it in plain: a footer, most often. Words are no base64,
// and what stands behind them is not either. A text whose first lines make no sense
// as base64 was never any.
func decodeBase64Text(content []byte) (text []byte, mixed bool) {
	var out bytes.Buffer
	d := transfer.NewDecoder(&out, "base64")
	at, ended := 0, false
	for line := range bytes.Lines(content) {
		at += len(line)
		code, rest := base64Line(line)
		if ended && len(code) > 0 && !isText(transfer.Decode("base64", code)) {
			code, rest = nil, line // a word behind the padding
		}
		ended = ended || bytes.HasSuffix(code, []byte("="))
		d.Write(code)
		if len(bytes.TrimSpace(rest)) == 0 {
			continue
		}
		d.Close()
		if !isText(out.Bytes()) {
			return content, true
		}
		if b := out.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
			out.WriteByte('\n')
		}
		out.Write(rest)
		out.Write(content[at:])
		return out.Bytes(), true
	}
	d.Close()
	return out.Bytes(), false
}

// isText tells what people may have written from decoded words.
func isText(b []byte) bool {
	return utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f'
	}) < 0
}

// shortLine is a line of base64 that may as well be words, in octets.
const shortLine = 16

// base64Line divides a line into what may be base64 and what is not: words behind
// padding, or all of it. Single foreign characters in a long line are damage.
func base64Line(line []byte) (code, rest []byte) {
	code = bytes.TrimSpace(line)
	if i := bytes.IndexAny(code, " \t"); i >= 0 {
		code, rest = code[:i], code[i:]
		if len(code)%4 != 0 || code[i-1] != '=' {
			return nil, line // words
		}
	}
	foreign := 0
	for _, c := range code {
		if !transfer.Base64[c] && c != '=' {
			foreign++
		}
	}
	if foreign > 0 && (rest != nil || len(code) < shortLine || foreign*4 > len(code)) {
		return nil, line
	}
	return code, rest
}
