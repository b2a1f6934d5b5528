package reply

import "strings"

// Bounds of a head shown in a text.
const (
	maxFields  = 12 // lines with a label
	maxCarried = 6  // lines that a value goes on for: many recipients
)

// head is the head of a mail as mailers show it above what they quote:
// From, Sent, To and Subject in lines that follow each other.
type head struct {
	first, end int // lines; end is not in it
	fields     field
	address    bool // a value holds an address
	bare       bool // that of the sender is nothing but one
	figures    bool // the date has figures
	clock      bool // and a time, as programs write it
}

// head reads the head that begins at line i.
func (t *table) head(i int) (head, bool) {
	f, value := label(t.body(i))
	if f == 0 || f&(fieldRaw|fieldOther) != 0 {
		return head{}, false
	}
	h := head{first: i, end: i + 1}
	h.take(f, value)
	depth, span, carried, last := t.lines[i].depth, t.lines[i].span, 0, f
	for j, n := i+1, 1; j < len(t.lines) && n < maxFields; j++ {
		l := t.lines[j]
		if l.depth != depth || l.span != span {
			break
		}
		f, value := label(t.body(j))
		if f == 0 {
			// A value that goes on, as long as another label follows.
			if carried++; l.gap || carried > maxCarried {
				break
			}
			h.value(last, t.body(j))
			continue
		}
		h.take(f, value)
		h.end, carried, last = j+1, 0, f
		n++
	}
	return h, h.believed()
}

// take notes one field. A value that a converter joined with the next lines is
// looked through for their labels.
func (h *head) take(f field, value string) {
	if f&(fieldFrom|fieldTo) == fieldFrom|fieldTo {
		f = fieldFrom // "From" in one language is "To" in another
		if h.fields&fieldFrom != 0 {
			f = fieldTo
		}
	}
	h.fields |= f
	h.value(f, value)
	if f&fieldFrom == 0 || len(value) > maxAttribution {
		return
	}
	for _, name := range []string{" Date:", " Sent:", " Subject:"} {
		if at := strings.Index(value, name); at > 0 {
			inner, rest := label(value[at+1:])
			h.fields |= inner
			h.value(inner, rest)
		}
	}
}

// value notes what the value of a field, or a part of it, shows.
func (h *head) value(f field, s string) {
	switch {
	case f&(fieldFrom|fieldTo|fieldCc) != 0:
		h.address = h.address || strings.Contains(s, "@")
		h.bare = h.bare || f&fieldFrom != 0 && strings.Contains(s, "@") && !strings.ContainsAny(s, " <[")
	case f&fieldDate != 0:
		h.figures = h.figures || strings.ContainsAny(s, "0123456789")
		h.clock = h.clock || hasClock(s)
	}
}

// hasClock tells whether s names a time of day.
func hasClock(s string) bool {
	s = s[:min(len(s), maxAttribution)]
	for i := 1; i < len(s)-2; i++ {
		if (s[i] == ':' || s[i] == '.' || s[i] == 'h') && digits(s[i-1:i]) == 1 && digits(s[i+1:]) == 2 {
			return true
		}
	}
	return strings.Contains(s, "時") || strings.Contains(s, "时") || strings.Contains(s, "點") || strings.Contains(s, "点") || strings.Contains(s, "시")
}

// believed tells whether the fields make a mail's head and not, for instance, an
// itinerary ("From: Rome, To: Oslo, Date: 2 May") or a header that someone pasted
// to ask about.
func (h *head) believed() bool {
	f := h.fields
	if f&fieldRaw != 0 || f&fieldDate == 0 || !h.figures {
		return false // mailers always say when
	}
	n := 0
	for _, one := range []field{fieldFrom, fieldDate, fieldTo, fieldSubject} {
		if f&one != 0 {
			n++
		}
	}
	switch {
	case n == 4:
		return true
	case n == 2:
		return h.address && h.clock && f&(fieldFrom|fieldTo) != 0
	case h.address:
		return h.clock || f&fieldSent != 0
	}
	return n == 3 && f&fieldFrom != 0 && f&(fieldSubject|fieldSent) != 0
}
