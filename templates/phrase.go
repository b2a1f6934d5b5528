package templates

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// placeholders are the names a text may use in braces.
var placeholders = []string{"number", "title", "sender", "actor", "severity", "count"}

// phrase is a text taken apart at its placeholders. What is put in for one is
// never looked at again, so that "{title}" in a title stays what it is (T77).
type phrase []piece

// piece is some words, or the name of a placeholder.
type piece struct {
	words, field string
}

var (
	errEmpty = errors.New("is empty")
	errBrace = errors.New("has a brace without its partner")
)

// parsePhrase reads "New case {number}". A text is one line, without a brace of
// its own, and not empty.
func parsePhrase(s string) (phrase, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errEmpty
	}
	if s != OneLine(s) {
		return nil, errors.New("has a line break, an invisible character, or blanks too many")
	}
	var p phrase
	for s != "" {
		words, rest, found := strings.Cut(s, "{")
		if strings.Contains(words, "}") {
			return nil, errBrace
		}
		if words != "" {
			p = append(p, piece{words: words})
		}
		if !found {
			break
		}
		field, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed || strings.Contains(field, "{"):
			return nil, errBrace
		case !slices.Contains(placeholders, field):
			return nil, fmt.Errorf("unknown placeholder {%s}: want one of %s", field, strings.Join(placeholders, ", "))
		}
		p = append(p, piece{field: field})
		s = after
	}
	return p, nil
}

// fields lists the placeholders, sorted, each once.
func (p phrase) fields() []string {
	var names []string
	for _, part := range p {
		if part.field != "" {
			names = append(names, part.field)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fill puts the values in.
func (p phrase) fill(value func(field string) string) string {
	var b strings.Builder
	for _, part := range p {
		b.WriteString(part.words)
		if part.field != "" {
			b.WriteString(value(part.field))
		}
	}
	return b.String()
}
