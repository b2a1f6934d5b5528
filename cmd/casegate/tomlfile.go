package main

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFile is a TOML file that was read into a struct and can still say on
// which line a key stands, so that a complaint about a value leads to it.
type tomlFile struct {
	name  string
	lines map[string]int // by keyName; also of tables
	keys  []keyLine      // in the order of the file
	whole bool           // every key that is known has its value
}

type keyLine struct {
	line int
	key  []string
}

// fileError is something wrong in a file that a person wrote. Line is 0 where
// the fault is something that is not there.
type fileError struct {
	File string
	Line int
	Key  string
	Text string
}

func (e *fileError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Text)
	return b.String()
}

// readTOML reads data into a struct. Unknown keys, wrong types and broken syntax
// are errors; all that are found are joined.
func readTOML(name string, data []byte, into any) (*tomlFile, error) {
	f := &tomlFile{name: name, lines: map[string]int{}, keys: keyLines(data)}
	for _, k := range f.keys {
		if name := keyName(k.key); f.lines[name] == 0 {
			f.lines[name] = k.line
		}
	}
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		f.whole = true
		return f, nil
	case errors.As(err, &unknown):
		f.whole = true
		var errs []error
		for i := range unknown.Errors {
			errs = append(errs, f.unknownKey(&unknown.Errors[i], reflect.TypeOf(into)))
		}
		return f, errors.Join(errs...)
	case errors.As(err, &wrong):
		return f, f.wrongValue(wrong, reflect.TypeOf(into))
	}
	return f, fmt.Errorf("%s: %w", name, err)
}

// errorAt complains about the value of a key, or of the nearest table above it
// where the key itself is not in the file.
func (f *tomlFile) errorAt(key []string, format string, args ...any) error {
	line := 0
	for n := len(key); n > 0 && line == 0; n-- {
		line = f.lines[keyName(key[:n])]
	}
	return &fileError{File: f.name, Line: line, Key: keyName(key), Text: fmt.Sprintf(format, args...)}
}

// keyAt is the key or table that a line belongs to.
func (f *tomlFile) keyAt(line int) (key []string) {
	for _, k := range f.keys {
		if k.line > line {
			break
		}
		key = k.key
	}
	return key
}

func (f *tomlFile) unknownKey(e *toml.DecodeError, root reflect.Type) error {
	line, _ := e.Position()
	key := []string(e.Key())
	// In a list of inline tables the library leaves out the list's own key.
	if at := f.keyAt(line); len(at) > 0 && !slices.Equal(at, key) && at[len(at)-1] != key[len(key)-1] {
		key = append(slices.Clone(at), key[len(key)-1])
	}
	// The first part that is not known is the one to name: [relai] makes every
	// key below it unknown too.
	t := root
	for i, part := range key {
		next, known := step(t, part)
		if next == nil {
			text := "there is no such key"
			if near := nearest(part, known); near != "" {
				text += fmt.Sprintf(": did you mean %q?", near)
			} else if len(known) > 0 {
				text += ": known here are " + strings.Join(known, ", ")
			}
			return &fileError{File: f.name, Line: line, Key: keyName(key[:i+1]), Text: text}
		}
		t = next
	}
	return &fileError{File: f.name, Line: line, Key: keyName(key), Text: "there is no such key"}
}

func (f *tomlFile) wrongValue(e *toml.DecodeError, root reflect.Type) error {
	line, _ := e.Position()
	text := strings.TrimPrefix(e.Error(), "toml: ")
	t := root
	for _, part := range e.Key() {
		if t, _ = step(t, part); t == nil {
			break
		}
	}
	key := []string(e.Key())
	// What the library says of a wrong type names our Go structs.
	if found, ok := strings.CutPrefix(text, "cannot decode TOML "); ok && t != nil {
		// Of what is wrong within a list it names the list; the field is in the text.
		if inner, ok := elementField(t, found); ok {
			key, t = append(key, inner.Tag.Get("toml")), inner.Type
		}
		found, _, _ = strings.Cut(found, " ")
		text = fmt.Sprintf("want %s, found %s", wanted(t), article(found))
	}
	return &fileError{File: f.name, Line: line, Key: keyName(key), Text: text}
}

var goField = regexp.MustCompile(` into struct field main\.(\w+)\.(\w+) of type `)

// elementField finds the field of a list's element that the library's text names.
func elementField(t reflect.Type, text string) (reflect.StructField, bool) {
	m := goField.FindStringSubmatch(text)
	if m == nil || t.Kind() != reflect.Slice || t.Elem().Name() != m[1] {
		return reflect.StructField{}, false
	}
	return t.Elem().FieldByName(m[2])
}

// step goes down one key: the type below it, or nil and the keys that exist.
func step(t reflect.Type, key string) (next reflect.Type, known []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Map {
		return t.Elem(), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, nil
	}
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("toml")
		if name == key {
			return t.Field(i).Type, nil
		}
		if name != "" {
			known = append(known, name)
		}
	}
	return nil, known
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[toml.LocalDate]():
		return "a date such as 2026-01-01"
	case t.Kind() == reflect.Pointer:
		return wanted(t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return `a list of texts: ["…", "…"]`
	case t.Kind() == reflect.Slice:
		return "a list of tables: [{ … }, { … }]"
	}
	switch t.Kind() {
	case reflect.String:
		return `a text in quotes: "…"`
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	}
	return "a table"
}

func article(found string) string {
	if strings.ContainsAny(found[:1], "aeiou") {
		return "an " + found
	}
	return "a " + found
}

// nearest finds the known key that was probably meant; "" if none is near.
func nearest(word string, known []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's: single letters put in, left out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// keyName writes a key as TOML does, so that it can be searched for in the file.
func keyName(parts []string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		bare := func(r rune) bool {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		}
		quoted[i] = p
		if p == "" || strings.ContainsFunc(p, func(r rune) bool { return !bare(r) }) {
			quoted[i] = strconv.Quote(p)
		}
	}
	return strings.Join(quoted, ".")
}

// keyLines finds the line of each key and table. What cannot be parsed is left
// out: decoding the same bytes reports it.
func keyLines(data []byte) []keyLine {
	var lines []keyLine
	var table []string
	p := unstable.Parser{}
	p.Reset(data)
	for p.NextExpression() {
		node := p.Expression()
		var key []string
		var at unstable.Range
		for it := node.Key(); it.Next(); {
			key = append(key, string(it.Node().Data))
			at = it.Node().Raw
		}
		if node.Kind == unstable.KeyValue {
			key = slices.Concat(table, key)
		} else {
			table = key
		}
		lines = append(lines, keyLine{1 + bytes.Count(data[:at.Offset], []byte("\n")), key})
	}
	return lines
}
