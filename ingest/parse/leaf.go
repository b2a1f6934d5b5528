package parse

import (
	"bytes"
	"io"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/transfer"

	"github.com/jhillyerd/enmime/v2"
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
func decodeText(encoding string, content []byte) (text []byte, cut bool) {
	if len(content) > maxEncoded {
		content, cut = content[:maxEncoded], true
	}
	if strings.EqualFold(strings.TrimSpace(encoding), "base64") {
		// enmime keeps a complaint for every foreign octet.
		content = bytes.Map(func(r rune) rune {
			if r < 0x80 && (transfer.Base64[r] || r == '=' || r == '\n') {
				return r
			}
			return -1
		}, content)
	}
	head := "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + charset.OneLine(encoding, 100) + "\r\n\r\n"
	p, err := leafParser.ReadParts(io.MultiReader(strings.NewReader(head), bytes.NewReader(content)))
	if err != nil {
		return content, cut
	}
	if len(p.Content) > maxText {
		return p.Content[:maxText], true
	}
	return p.Content, cut
}
