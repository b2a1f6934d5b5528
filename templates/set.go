// Package templates holds the words people read: the texts of all notices in
// every language, their layouts, and the rendering of both with given data. It
// does not decide who reads what, and knows nothing of cases or of mail headers.
//
// A language is one file, texts/<language>.json, of keys and texts. A text may
// name what stands in for it, "New case {number}", and may have one form per
// plural category of its language in place of a single text. A layout arranges
// texts; all notices share one for plain text and one for HTML. What comes from
// people is only ever put into a finished layout, never read as one (T77).
package templates

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed texts/*.json layouts/notice.txt layouts/notice.html
var embedded embed.FS

const (
	textLayout = "layouts/notice.txt"
	htmlLayout = "layouts/notice.html"
)

// Set is the texts of all languages and the layouts, checked. It is safe for
// concurrent use.
type Set struct {
	catalogues map[string]catalogue
	text       *texttemplate.Template
	html       *htmltemplate.Template
}

// Load reads the texts and layouts that are built in. They are checked as a
// whole: each language has each text and no other, with the placeholders of the
// English one; each notice has all its parts and can be rendered. The error
// joins all that is wrong, each with file and key, so that a translator can mend
// it in one go.
func Load() (*Set, error) { return load(embedded) }

func load(files fs.FS) (*Set, error) {
	s := &Set{catalogues: map[string]catalogue{}}
	layouts, err := s.readLayouts(files)
	if err != nil {
		return nil, fmt.Errorf("load layouts: %w", err)
	}
	errs := s.readTexts(files)
	errs = append(errs, s.checkTexts(requiredKeys(layouts))...)
	if len(errs) == 0 {
		errs = s.rehearse()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("load texts:\n%w", err)
	}
	return s, nil
}

// readLayouts parses both layouts and returns their sources, joined.
func (s *Set) readLayouts(files fs.FS) (string, error) {
	text, err := fs.ReadFile(files, textLayout)
	if err != nil {
		return "", err
	}
	html, err := fs.ReadFile(files, htmlLayout)
	if err != nil {
		return "", err
	}
	s.text, err = texttemplate.New(textLayout).Funcs(texttemplate.FuncMap{"rule": rule}).Parse(string(text))
	if err != nil {
		return "", err
	}
	s.html, err = htmltemplate.New(htmlLayout).Parse(string(html))
	return string(text) + string(html), err
}

// readTexts reads the file of each language. One that the table of languages
// does not know is an error too: it would be dead text.
func (s *Set) readTexts(files fs.FS) []error {
	var errs []error
	names, err := fs.Glob(files, "texts/*")
	if err != nil {
		return []error{err}
	}
	for _, name := range names {
		lang, isJSON := strings.CutSuffix(path.Base(name), ".json")
		if !isJSON || !slices.ContainsFunc(languages, func(l language) bool { return l.tag == lang }) {
			errs = append(errs, fmt.Errorf("%s: not a file of a known language: want one of %s, each with .json", name, strings.Join(s.Languages(), ", ")))
		}
	}
	for _, l := range languages {
		name := "texts/" + l.tag + ".json"
		src, err := fs.ReadFile(files, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		texts, err := parseCatalogue(name, src)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.catalogues[l.tag] = catalogue{language: l.tag, locale: l.locale(), texts: texts}
	}
	return errs
}

// checkTexts compares every language with what is required and with English.
func (s *Set) checkTexts(required []string) []error {
	english, ok := s.catalogues[fallback]
	if !ok {
		return nil // its own error has been noted
	}
	var errs []error
	for _, l := range languages {
		if c, ok := s.catalogues[l.tag]; ok {
			errs = append(errs, c.check(required, english)...)
		}
	}
	return errs
}

// rehearse renders every notice in every language: a layout that names a field
// there is not fails only when it is run.
func (s *Set) rehearse() []error {
	var errs []error
	for _, l := range languages {
		for _, n := range Notices {
			if _, _, err := s.Render(n, l.tag, sample()); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// Languages lists the languages there are, as BCP 47 tags, English first.
func (s *Set) Languages() []string {
	tags := make([]string, len(languages))
	for i, l := range languages {
		tags[i] = l.tag
	}
	return tags
}

// Choose gives the first of the wanted languages that there is, English if there
// is none. The caller orders them as R77 says; a more precise tag than ours,
// "pl-PL", finds the plain one.
func (s *Set) Choose(wanted ...string) string {
	for _, w := range wanted {
		for _, l := range languages {
			base, _, _ := strings.Cut(w, "-")
			if strings.EqualFold(w, l.tag) || strings.EqualFold(base, l.tag) {
				return l.tag
			}
		}
	}
	return fallback
}
