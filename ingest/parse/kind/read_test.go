package kind

import (
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/page"
)

// read makes of a mail what Of is asked about. It knows as much of MIME as the
// mails of these tests have: parts without a transfer encoding, between lines
// of "--" and their boundary.
func read(raw []byte) Mail {
	h := header.Read(raw)
	m := Mail{Header: h, From: header.Mailboxes(h, "From", ""), Subject: charset.OneLine(charset.DecodeWords(h.Get("Subject"), ""), 998)}
	m.Type, m.Params = header.MediaType(h.Get("Content-Type"))
	m.part(h, string(raw[h.Body:]), 0)
	for _, p := range m.Parts {
		if p.Type == "text/plain" || p.Type == "text/html" && m.Text == "" {
			m.Text += p.Text + "\n"
		}
	}
	return m
}

func (m *Mail) part(h header.Header, body string, depth int) {
	typ, params := header.MediaType(h.Get("Content-Type"))
	boundary := header.Boundary(typ, params)
	pieces := strings.Split("\n"+body, "\n--"+boundary)
	if boundary == "" || len(pieces) < 2 || depth > 5 {
		m.leaf(h, typ, body)
		return
	}
	for _, piece := range pieces[1:] {
		if strings.HasPrefix(piece, "--") {
			return
		}
		piece = strings.TrimPrefix(piece, "\n")
		h := header.Read([]byte(piece))
		m.part(h, piece[min(h.Body, len(piece)):], depth+1)
	}
}

func (m *Mail) leaf(h header.Header, typ, body string) {
	disposition, _ := header.MediaType(h.Get("Content-Disposition"))
	p := Part{Type: typ, Attached: disposition == "attachment", Text: charset.Clean(body)}
	switch {
	case typ == "", strings.HasPrefix(typ, "multipart/"):
		p.Type = "text/plain"
	case typ == "text/html":
		p.Text = page.Read(p.Text).Text
	}
	p.Text = strings.ToValidUTF8(p.Text[:min(len(p.Text), 256<<10)], "")
	m.Parts = append(m.Parts, p)
}
