package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-playground/locales"
)

// catalogue is the texts of one language.
type catalogue struct {
	language string
	locale   locales.Translator
	texts    map[string]entry
}

// entry is what stands at a key: one text, or one for each plural category.
type entry struct {
	plain phrase
	forms map[locales.PluralRule]phrase // nil: plain holds
}

// enumerations are the values of the Cloud Support API that have a name in each
// language; their codes are shown beside it (glossary).
var enumerations = []string{
	"severity.P0", "severity.P1", "severity.P2", "severity.P3", "severity.P4",
	"state.NEW", "state.IN_PROGRESS_GOOGLE_SUPPORT", "state.ACTION_REQUIRED", "state.SOLUTION_PROVIDED", "state.CLOSED",
}

// usedKey finds the texts that a layout asks for.
var usedKey = regexp.MustCompile(`\.[TN] "([^"]*)"`)

// requiredKeys lists what every language must have: what the layouts and the
// facts ask for, the parts of each notice, and the names of enumerated values.
func requiredKeys(layouts string) []string {
	keys := slices.Clone(enumerations)
	for _, m := range usedKey.FindAllStringSubmatch(layouts, -1) {
		keys = append(keys, m[1])
	}
	for _, n := range Notices {
		for _, part := range noticeParts {
			keys = append(keys, string(n)+"."+part)
		}
	}
	for _, role := range roles {
		keys = append(keys, "reason."+role)
	}
	for _, level := range levels {
		keys = append(keys, "level."+level)
	}
	for _, why := range whys {
		keys = append(keys, "why."+why)
	}
	for _, f := range facts {
		keys = append(keys, "label."+f.name)
	}
	for _, f := range heldFacts {
		keys = append(keys, "label."+f.name)
	}
	for _, vain := range vains {
		keys = append(keys, "vain."+vain)
	}
	keys = append(keys, "age.hours", "age.days", "customers.more", "vain.heading", vainNext, heldReplyNext, heldIntakeNext, heldIntakeCustomer, digestNext)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// check compares the catalogue with the keys it must have and with English. Its
// errors name the language's file and the key.
func (c catalogue) check(required []string, english catalogue) []error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("texts/%s.json: %q: %s", c.language, key, fmt.Sprintf(format, args...)))
	}
	for _, key := range required {
		e, ok := c.texts[key]
		if !ok {
			bad(key, "missing")
			continue
		}
		reference, ok := english.texts[key]
		if !ok {
			continue // reported for English
		}
		if why := e.differs(reference); why != "" {
			bad(key, "%s", why)
		}
		if why := e.lacksForms(c.locale); why != "" {
			bad(key, "%s", why)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.texts)) {
		if !slices.Contains(required, key) {
			bad(key, "unknown key: no notice or layout uses it")
		}
	}
	return errs
}

// differs compares the placeholders with those of the English entry. A plural
// form may leave out the number, as in "a new message".
func (e entry) differs(english entry) string {
	want := english.fields()
	for _, p := range e.phrases() {
		got := p.fields()
		if e.forms != nil && slices.Contains(want, "count") && !slices.Contains(got, "count") {
			got = append(got, "count")
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("has the placeholders %v: the English text has %v", got, want)
		}
	}
	return ""
}

// lacksForms tells what is wrong with the plural forms of an entry in a language.
func (e entry) lacksForms(l locales.Translator) string {
	if e.forms == nil {
		return ""
	}
	if !slices.Contains(e.fields(), "count") {
		return "has plural forms, but no form has {count}"
	}
	want := l.PluralsCardinal()
	if slices.Equal(slices.Sorted(maps.Keys(e.forms)), slices.Sorted(slices.Values(want))) {
		return ""
	}
	var names []string
	for name, form := range pluralForms {
		if slices.Contains(want, form) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return "needs exactly the plural forms " + strings.Join(names, ", ")
}

// phrases lists the entry's texts.
func (e entry) phrases() []phrase {
	if e.forms == nil {
		return []phrase{e.plain}
	}
	return slices.Collect(maps.Values(e.forms))
}

// fields lists the placeholders that occur in any form, sorted.
func (e entry) fields() []string {
	var all []string
	for _, p := range e.phrases() {
		all = append(all, p.fields()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// form gives the text for a number.
func (e entry) form(l locales.Translator, n int) phrase {
	if e.forms == nil {
		return e.plain
	}
	return e.forms[l.CardinalPluralRule(float64(n), 0)]
}

// parseCatalogue reads a file of texts: a JSON object whose values are strings,
// or objects of plural forms. encoding/json lets the last of two equal keys win,
// so that a translator's slip would go unseen; here it is an error.
func parseCatalogue(name string, src []byte) (map[string]entry, error) {
	texts := map[string]entry{}
	var errs []error
	dec := json.NewDecoder(bytes.NewReader(src))
	bad := func(key string, err error) {
		line := 1 + bytes.Count(src[:dec.InputOffset()], []byte("\n"))
		errs = append(errs, fmt.Errorf("%s:%d: %q: %w", name, line, key, err))
	}
	err := readObject(dec, func(key string, value json.Token) error {
		if _, twice := texts[key]; twice {
			bad(key, errors.New("stands twice"))
		}
		e, err := parseEntry(dec, value)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if err != nil {
			bad(key, err)
		}
		texts[key] = e
		return nil
	})
	if err != nil {
		bad("", err)
	} else if _, err := dec.Token(); err != io.EOF {
		bad("", errors.New("something stands after the closing brace"))
	}
	return texts, errors.Join(errs...)
}

// parseEntry reads the value at a key, the first token of which is given.
func parseEntry(dec *json.Decoder, value json.Token) (entry, error) {
	switch v := value.(type) {
	case string:
		p, err := parsePhrase(v)
		return entry{plain: p}, err
	case json.Delim:
		if v != '{' {
			return entry{}, errors.New("a list: want a text, or an object of plural forms")
		}
		return parseForms(dec)
	}
	return entry{}, errors.New("not a text: put it in quotes")
}

func parseForms(dec *json.Decoder) (entry, error) {
	e := entry{forms: map[locales.PluralRule]phrase{}}
	var wrong error
	err := readMembers(dec, func(name string, value json.Token) error {
		form, known := pluralForms[name]
		text, isText := value.(string)
		p, err := parsePhrase(text)
		_, twice := e.forms[form]
		switch {
		case !known:
			wrong = fmt.Errorf("unknown plural form %q: want zero, one, two, few, many, other", name)
		case twice:
			wrong = fmt.Errorf("plural form %q stands twice", name)
		case !isText:
			return fmt.Errorf("plural form %q is not a text: put it in quotes", name)
		case err != nil:
			wrong = fmt.Errorf("plural form %q: %w", name, err)
		default:
			e.forms[form] = p
		}
		return nil
	})
	return e, errors.Join(err, wrong)
}

// readObject reads a JSON object, readMembers what follows its opening brace;
// each gives key and first token of the value to f, which reads the rest.
func readObject(dec *json.Decoder, f func(key string, value json.Token) error) error {
	open, err := dec.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return errors.New("want an object of keys and texts")
	}
	return readMembers(dec, f)
}

func readMembers(dec *json.Decoder, f func(key string, value json.Token) error) error {
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return nil // the closing brace: nothing else can stand here
		}
		value, err := dec.Token()
		if err != nil {
			return err
		}
		if err := f(key, value); err != nil {
			return err
		}
	}
}
