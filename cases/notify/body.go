package notify

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"

	"casegate/mailer"
)

// alternatives writes a multipart/alternative of two texts: what comes after the
// header, with the empty line that ends it. It returns the words of the
// Content-Type too.
func alternatives(id mailer.ID, text, html string) (contentType []string, body []byte) {
	// "=_" stands in neither transfer encoding, so that no content can be taken
	// for the boundary (RFC 2045 6.7).
	boundary := "=_" + string(id)
	var b bytes.Buffer
	b.WriteString("\r\n")
	for _, part := range []struct{ subtype, content string }{{"plain", text}, {"html", html}} {
		b.WriteString("--" + boundary + "\r\nContent-Type: text/" + part.subtype + "; charset=utf-8\r\n")
		transferEncode(&b, part.content)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return []string{"multipart/alternative;", `boundary="` + boundary + `"`}, b.Bytes()
}

// transferEncode writes a text in UTF-8 in the shorter of the two encodings,
// with the field that names it: quoted-printable trebles every octet that is not
// ASCII, base64 adds a third to all. Either way lines are at most 76 long and end
// with CRLF.
func transferEncode(b *bytes.Buffer, s string) {
	foreign := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			foreign++
		}
	}
	if foreign > len(s)/6 {
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		writeBase64(b, s)
		return
	}
	b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(b)
	// A bytes.Buffer takes everything.
	_, _ = w.Write([]byte(s))
	_ = w.Close()
}

// writeBase64 writes lines of 76 (RFC 2045 6.8), the text's own lines ending with
// CRLF as text must (RFC 2046 4.1.1).
func writeBase64(b *bytes.Buffer, s string) {
	text := bytes.ReplaceAll([]byte(s), []byte("\n"), []byte("\r\n"))
	const octets = 76 / 4 * 3
	for len(text) > 0 {
		n := min(octets, len(text))
		b.WriteString(base64.StdEncoding.EncodeToString(text[:n]) + "\r\n")
		text = text[n:]
	}
}
