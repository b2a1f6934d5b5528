package header

import (
	"strings"
	"unicode"

	"casegate/ingest/parse/charset"
)

// Limits of Message-IDs (T65). RFC 5322 says nothing shorter than a line.
const (
	MaxID  = 512
	MaxIDs = 100
)

// MessageIDs reads the ids of Message-ID, In-Reply-To or References without
// their angle brackets, each once, in order. Garbage between them is stepped
// over; old mailers write sentences there. Of too many, the first one, which
// anchors the thread, and the last ones are kept.
func MessageIDs(value string) []string {
	var ids []string
	seen := map[string]bool{}
	add := func(id string) {
		if id, ok := usableID(id); ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	rest, bracketed := value, false
	for {
		open := strings.IndexByte(rest, '<')
		if open < 0 {
			break
		}
		rest = rest[open+1:]
		end := strings.IndexAny(rest, "<>")
		if end < 0 {
			break
		}
		if rest[end] == '>' {
			bracketed = true
			add(rest[:end])
		}
		rest = rest[end:]
	}
	if !bracketed {
		for _, w := range strings.Fields(value) {
			if strings.Contains(w, "@") {
				add(strings.Trim(w, "<>,;()\"'"))
			}
		}
	}
	if len(ids) > MaxIDs {
		ids = append(ids[:1:1], ids[len(ids)-MaxIDs+1:]...)
	}
	return ids
}

// usableID takes out white space that folding left inside an id, and refuses
// what no mail can be found by.
func usableID(id string) (string, bool) {
	if strings.ContainsAny(id, " \t\r") {
		id = strings.Join(strings.Fields(id), "")
	}
	if id == "" || len(id) > MaxID || id == "@" {
		return "", false
	}
	for _, r := range id {
		if r == unicode.ReplacementChar || charset.IsUnsafe(r) || unicode.IsSpace(r) {
			return "", false
		}
	}
	return id, true
}

// MessageID is the mail's own id; "" if there is none that can be used. One
// without brackets is taken whole, whatever it looks like.
func MessageID(h Header) string {
	for _, value := range h.All("Message-ID") {
		if ids := MessageIDs(value); len(ids) > 0 {
			return ids[0]
		}
		if id, ok := usableID(value); ok && !strings.ContainsAny(id, "<>") {
			return id
		}
	}
	return ""
}
