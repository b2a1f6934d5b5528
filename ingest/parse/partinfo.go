package parse

import (
	"slices"
	"strings"

	"casegate/ingest/parse/header"
)

// contentType is a part's type where it can be used. A part without one is
// text (RFC 2045 5.2), but a message within a digest (RFC 2046 5.1.5); so is a
// multipart in which no part was found, where reading on is better than
// nothing.
func (p *part) contentType() string {
	main, sub, _ := strings.Cut(p.typ, "/")
	switch {
	case p.typ == "" && p.digest:
		return "message/rfc822"
	case p.typ == "" && p.disposition() == "attachment" && p.fileName("") != "":
		return "application/octet-stream"
	case p.typ == "", p.typ == "text", main == "multipart" && len(p.parts) == 0:
		return "text/plain"
	case !isToken(main) || !isToken(sub) || len(p.typ) > 127:
		return "application/octet-stream"
	}
	return p.typ
}

// isToken: RFC 2045 5.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isLeaf tells the parts without parts, and those that hold a whole mail: that is
// shown as one attachment.
func (p *part) isLeaf() bool {
	return len(p.parts) == 0 || !strings.HasPrefix(p.typ, "multipart/")
}

// isText tells the parts that are the message itself, not something sent along.
func (p *part) isText() bool {
	switch p.contentType() {
	case "text/plain", "text/html", "text/enriched", "text/richtext":
	default:
		return false
	}
	return p.disposition() != "attachment" && p.fileName("") == ""
}

// mayBeText tells the other texts, which are shown where there is nothing else:
// those with a name, and of types that are as good as plain (RFC 2046 4.1.4).
func (p *part) mayBeText() bool {
	switch typ := p.contentType(); {
	case typ == "text/calendar", strings.HasPrefix(typ, "text/rfc822"), p.disposition() == "attachment":
		return false
	default:
		return strings.HasPrefix(typ, "text/")
	}
}

func (p *part) disposition() string {
	typ, _ := header.MediaType(p.header.Get("Content-Disposition"))
	return typ
}

// hasPage tells whether the text of a part is more than plain.
func (p *part) hasPage() bool {
	if p.isLeaf() {
		return p.isText() && p.contentType() != "text/plain"
	}
	return slices.ContainsFunc(p.parts, (*part).hasPage)
}

// twice names the field that a part has twice though it may have it once, and
// by which readers differ (T61); "" for none.
func (p *part) twice() string {
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		n := 0
		for _, f := range p.header.Fields {
			if f.Is(name) {
				n++
			}
		}
		if n > 1 {
			return name
		}
	}
	return ""
}

// textCharset is the charset that the first text in a part names; "" without one.
func (p *part) textCharset() string {
	if len(p.parts) == 0 {
		return p.params["charset"]
	}
	for _, c := range p.parts {
		if label := c.textCharset(); label != "" {
			return label
		}
	}
	return ""
}
