package parse

import (
	"bytes"
	"io"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/transfer"
)

// leafParser leaves charsets to us: enmime's detection costs more than all else
// it does, and guesses.
var leafParser = enmime.NewParser(
	enmime.DisableTextConversion(true),
	enmime.DisableCharacterDetection(true),
	enmime.MaxStoredPartErrors(10),
)

// maxEncoded bounds the octets of a text part that are decoded: quoted-printable
// makes three of one.
const maxEncoded = 3*maxText + 1<<16

// decodeText undoes the transfer encoding of one text part. enmime sees it as a
// mail of its own, of one part and of no type, so that nothing in it can be a
// delimiter and no octet is changed for the sake of a charset.
func decodeText(encoding string, content []byte) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		content = onlyBase64(content)
	case "quoted-printable", "x-uuencode", "uuencode", "x-uue":
	default:
		return content
	}
	head := "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + charset.OneLine(encoding, 100) + "\r\n\r\n"
	p, err := leafParser.ReadParts(io.MultiReader(strings.NewReader(head), bytes.NewReader(content)))
	if err != nil {
		return content
	}
	return p.Content
}

// onlyBase64 takes out what is no base64: enmime keeps a complaint for every
// foreign octet.
func onlyBase64(content []byte) []byte {
	out := make([]byte, 0, len(content))
	for _, c := range content {
		if transfer.Base64[c] || c == '=' || c == '\n' {
			out = append(out, c)
		}
	}
	return out
}
