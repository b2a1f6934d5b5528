package parse

import (
	"bytes"
	"io"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"casegate/ingest/parse/transfer"
)

// leafParser leaves charsets to us: enmime's detection costs more than all else
// it does, and guesses.
var leafParser = enmime.NewParser(
	enmime.DisableTextConversion(true),
	enmime.DisableCharacterDetection(true),
	enmime.MaxStoredPartErrors(10),
)

// decodeText undoes the transfer encoding of one text part. mixed tells that not
// all of it is in that encoding. For quoted-printable enmime sees it as a mail of
// its own, of one part and of no type, so that nothing in it can be a delimiter
// and no octet is changed for the sake of a charset.
func decodeText(encoding string, content []byte) (text []byte, mixed bool) {
	switch encoding {
	case "base64":
		return decodeBase64Text(content)
	case "quoted-printable":
	default:
		return content, false
	}
	const head = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	p, err := leafParser.ReadParts(io.MultiReader(strings.NewReader(head), bytes.NewReader(content)))
	if err != nil {
		return transfer.Decode(encoding, content), false
	}
	return p.Content, false
}

// decodeBase64Text decodes a text in base64, and keeps the lines as they are that
// some program has added to it in plain: a footer, most often. Words are no base64,
// and what stands behind them is not either.
func decodeBase64Text(content []byte) (text []byte, mixed bool) {
	var out bytes.Buffer
	d := transfer.NewDecoder(&out, "base64")
	at, ended := 0, false
	for line := range bytes.Lines(content) {
		at += len(line)
		code, rest := base64Line(line)
		if ended && len(code)%4 != 0 {
			code, rest = nil, line // a word behind the padding
		}
		ended = ended || bytes.HasSuffix(code, []byte("="))
		d.Write(code)
		if len(bytes.TrimSpace(rest)) == 0 {
			continue
		}
		d.Close()
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

// base64Line divides a line into what may be base64 and what is not. Single
// foreign characters are damage.
func base64Line(line []byte) (code, rest []byte) {
	code = bytes.TrimSpace(line)
	if i := bytes.IndexAny(code, " \t"); i >= 0 {
		code, rest = code[:i], code[i:]
		if len(code)%4 != 0 {
			return nil, line // words
		}
	}
	foreign := 0
	for _, c := range code {
		if !transfer.Base64[c] && c != '=' {
			foreign++
		}
	}
	if foreign > 0 && (rest != nil || foreign*4 > len(code)) {
		return nil, line
	}
	return code, rest
}
