package page

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attribute is one that may be shown.
type attribute struct{ key, value string }

// readAll is read for a page that is shown. It reads the start tag at the tokenizer, and gives besides the
// attributes that the element may keep, each once.
func (e *element) readAll(z *html.Tokenizer) (attributes []attribute) {
	name, more := z.TagName()
	*e = element{tag: tagOf(name)}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if p := e.field(key); p != nil && *p == nil {
			*p = value
		}
		e.hidden = e.hidden || string(key) == "hidden"
		e.open = e.open || string(key) == "open"
		if k := string(key); keptAttributes[k] && !has(attributes, k) {
			attributes = append(attributes, attribute{k, string(value)})
		}
	}
	return attributes
}

// keptAttributes are those that any element may keep. There are so few that
// looking through those of an element costs nothing.
var keptAttributes = map[string]bool{
	"href": true, "src": true, "alt": true, "style": true, "width": true, "height": true, "align": true,
	"valign": true, "bgcolor": true, "border": true, "cellpadding": true, "cellspacing": true, "colspan": true,
	"rowspan": true, "color": true, "face": true, "size": true, "start": true, "value": true, "type": true,
	"dir": true, "lang": true,
}

// has tells whether an attribute is among some.
func has(attributes []attribute, key string) bool {
	for _, a := range attributes {
		if a.key == key {
			return true
		}
	}
	return false
}

// find gives the value of an attribute; "" for none. A list is searched faster
// than a map is made for every element.
func find(attributes []attribute, key string) string {
	for _, a := range attributes {
		if a.key == key {
			return a.value
		}
	}
	return ""
}

// maxAttribute is the longest attribute that is kept, in octets, but for the
// data of a picture.
const maxAttribute = 4096

// cleanAttribute gives what is kept of a value; "" for nothing.
func cleanAttribute(a atom.Atom, key, value string) string {
	switch {
	case key == "src" && a == atom.Img:
		return cleanSource(value)
	case key == "src", key == "href" && a != atom.A, len(value) > maxAttribute:
		return ""
	case key == "href":
		return cleanLink(value)
	case key == "style":
		return cleanStyle(value)
	}
	return value
}

// cleanSource keeps the pictures that came with the mail. Any other would tell
// its server who read the mail, when, and where (T70). The base64 of a picture is
// folded by mailers as the mail is, hence the blanks that are dropped.
func cleanSource(value string) string {
	value = strings.Trim(value, " \t\r\n\f")
	scheme, rest, _ := strings.Cut(value, ":")
	switch strings.ToLower(scheme) {
	case "cid":
		if len(value) <= maxAttribute && isContentID(rest) {
			return "cid:" + rest
		}
	case "data":
		rest = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, rest)
		if isPicture(rest) {
			return "data:" + rest
		}
	}
	return ""
}

// isContentID tells what may name a part of the mail (RFC 2392) without a need
// to be written in another way.
func isContentID(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', strings.IndexByte("@.-_+$!~=*", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// cleanLink keeps links that lead somewhere a reader may want to go: neither
// into our own pages, which relative ones do, nor to programs on his machine.
func cleanLink(value string) string {
	value = strings.Trim(value, " \t\r\n\f")
	u, err := url.Parse(value)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto":
	default:
		return ""
	}
	// What is written must be read the same: some addresses change when they are
	// parsed and written.
	for range 2 {
		value = u.String()
		if u, err = url.Parse(value); err != nil {
			return ""
		}
	}
	if u.String() != value {
		return ""
	}
	return value
}
