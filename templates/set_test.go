package templates

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// TestLoad is the check that makes a missing text fail the build.
func TestLoad(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatalf("the built-in texts must be complete in every language (R77):\n%v", err)
	}
	if got := strings.Join(s.Languages(), " "); got != "en pl" {
		t.Errorf("languages %q, want en first, then pl", got)
	}
}

// copyOf is the built-in files, to be changed by a test.
func copyOf(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(embedded, name)
		files[name] = &fstest.MapFile{Data: src}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// edit replaces the first occurrence of old, which must be there.
func edit(t *testing.T, files fstest.MapFS, name, old, new string) {
	t.Helper()
	before := string(files[name].Data)
	after := strings.Replace(before, old, new, 1)
	if after == before {
		t.Fatalf("%s has no %q to change", name, old)
	}
	files[name] = &fstest.MapFile{Data: []byte(after)}
}

// TestLoadRefuses is the positive control of TestLoad: each kind of slip a
// translator or a programmer can make is found, and named by file and key.
func TestLoadRefuses(t *testing.T) {
	const (
		en, pl     = "texts/en.json", "texts/pl.json"
		heading    = `"Nowe zgłoszenie {number}"`
		headingKey = `"new-case.heading": ` + heading
	)
	replace := func(name, old, new string) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, files fstest.MapFS) { edit(t, files, name, old, new) }
	}
	tests := []struct {
		name   string
		change func(*testing.T, fstest.MapFS)
		want   []string
	}{
		{"control: no change", func(*testing.T, fstest.MapFS) {}, nil},
		{"a language without a file", func(_ *testing.T, files fstest.MapFS) { delete(files, pl) }, []string{pl}},
		{"English without a file", func(_ *testing.T, files fstest.MapFS) { delete(files, en) }, []string{en}},
		{"a file without a language", func(_ *testing.T, files fstest.MapFS) { files["texts/xx.json"] = files[en] }, []string{"texts/xx.json", "en, pl"}},
		{"a file of another kind", func(_ *testing.T, files fstest.MapFS) { files["texts/pl.json~"] = files[en] }, []string{"texts/pl.json~"}},
		{"a key missing in a translation", replace(pl, `"label.title": "Nazwa",`, ""), []string{pl, `"label.title"`, "missing"}},
		{"a key missing in English", replace(en, `"label.title": "Title",`, ""), []string{en, `"label.title"`, "missing"}},
		{"a notice without one of its parts, in every language", func(t *testing.T, files fstest.MapFS) {
			edit(t, files, pl, headingKey+",", "")
			edit(t, files, en, `"new-case.heading": "New case {number}",`, "")
		}, []string{en, pl, `"new-case.heading"`, "missing"}},
		{"a severity without a name", replace(pl, `"severity.P4": "niska",`, ""), []string{pl, `"severity.P4"`, "missing"}},
		{"a key nobody uses", replace(pl, headingKey, headingKey+`, "new-case.extra": "x"`), []string{pl, `"new-case.extra"`, "unknown key"}},
		{"a key nobody uses, in every language", func(t *testing.T, files fstest.MapFS) {
			for _, name := range []string{en, pl} {
				edit(t, files, name, "{", `{"old": "x",`)
			}
		}, []string{en, pl, `"old"`, "unknown key"}},
		{"a key twice", replace(pl, headingKey, headingKey+","+headingKey), []string{pl + ":8", `"new-case.heading"`, "twice"}},
		{"a placeholder left out", replace(pl, heading, `"Nowe zgłoszenie"`), []string{pl, `"new-case.heading"`, "[number]"}},
		{"a placeholder too many", replace(pl, heading, `"Nowe zgłoszenie {number} {title}"`), []string{pl, `"new-case.heading"`, "[number title]"}},
		{"a placeholder translated", replace(pl, heading, `"Nowe zgłoszenie {numer}"`), []string{pl, `"new-case.heading"`, "{numer}"}},
		{"an open brace", replace(pl, heading, `"Nowe zgłoszenie {number"`), []string{pl, "brace"}},
		{"a closed brace", replace(pl, heading, `"Nowe zgłoszenie number}"`), []string{pl, "brace"}},
		{"an empty text", replace(pl, heading, `" "`), []string{pl, `"new-case.heading"`, "empty"}},
		{"a line break", replace(pl, heading, `"Nowe\nzgłoszenie {number}"`), []string{pl, `"new-case.heading"`, "line break"}},
		{"a number for a text", replace(pl, heading, `7`), []string{pl, `"new-case.heading"`, "quotes"}},
		{"a list for a text", replace(pl, heading, `["Nowe"]`), []string{pl, `"new-case.heading"`, "list"}},
		{"a plural form left out", replace(pl, `"few": "{count} nowe wiadomości – {actor}",`, ""), []string{pl, `"message.heading"`, "few, many, one, other"}},
		{"a plural form too many", replace(en, `"one": "New`, `"few": "{count} {actor}", "one": "New`), []string{en, `"message.heading"`, "one, other"}},
		{"an unknown plural form", replace(pl, `"few": "{count} nowe`, `"some": "{count} nowe`), []string{pl, `"message.heading"`, `"some"`}},
		{"a plural form twice", replace(en, `"one": "New`, `"one": "{actor}", "one": "New`), []string{en, `"message.heading"`, "twice"}},
		{"a placeholder left out of a plural form", replace(pl, "nowych wiadomości – {actor}", "nowych wiadomości"), []string{pl, `"message.heading"`, "[count]"}},
		{"plural forms of nothing", replace(pl, `"Nazwa"`, `{"one": "a", "few": "b", "many": "c", "other": "d"}`), []string{pl, `"label.title"`, "{count}"}},
		{"a comma too many", replace(pl, `"zamknięte"`, `"zamknięte",`), []string{pl + ":140"}},
		{"a file cut short", func(_ *testing.T, files fstest.MapFS) {
			files[pl] = &fstest.MapFile{Data: files[pl].Data[:900]}
		}, []string{pl}},
		{"something after the end", func(_ *testing.T, files fstest.MapFS) {
			files[pl] = &fstest.MapFile{Data: append(files[pl].Data, "{}"...)}
		}, []string{pl, "after the closing brace"}},
		{"not an object", func(_ *testing.T, files fstest.MapFS) { files[pl] = &fstest.MapFile{Data: []byte(`[]`)} }, []string{pl, "object"}},
		{"a layout that asks for a text there is not", replace(textLayout, `"pii"`, `"nothing"`), []string{en, pl, `"nothing"`, "missing"}},
		{"a layout that uses a field there is not", replace(htmlLayout, `.Preheader`, `.Colour`), []string{htmlLayout, "Colour"}},
		{"a layout that is not one", replace(textLayout, `{{range .}}`, `{{range}}`), []string{textLayout}},
		{"a layout left out", func(_ *testing.T, files fstest.MapFS) { delete(files, htmlLayout) }, []string{htmlLayout}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := copyOf(t)
			tt.change(t, files)
			_, err := load(files)
			switch {
			case tt.want == nil && err != nil:
				t.Fatalf("an unchanged copy must load, got: %v", err)
			case tt.want != nil && err == nil:
				t.Fatalf("loaded without an error, want one that names %q", tt.want)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error must name %q:\n%v", part, err)
				}
			}
		})
	}
}

// TestLoadReportsAll: a translator sees everything that is wrong at once.
func TestLoadReportsAll(t *testing.T) {
	files := copyOf(t)
	edit(t, files, "texts/pl.json", `"label.title": "Nazwa",`, "")
	edit(t, files, "texts/pl.json", `"Klient"`, `"Klient {number}"`)
	_, err := load(files)
	if err == nil || !strings.Contains(err.Error(), "label.title") || !strings.Contains(err.Error(), "label.customer") {
		t.Errorf("want both slips in one error, got: %v", err)
	}
}

func TestChoose(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		wanted []string
		want   string
	}{
		{nil, "en"},
		{[]string{"", ""}, "en"},
		{[]string{"pl"}, "pl"},
		{[]string{"PL"}, "pl"},
		{[]string{"pl-PL"}, "pl"},
		{[]string{"", "pl", "en"}, "pl"},
		{[]string{"en-GB", "pl"}, "en"},
		{[]string{"xx", "pl"}, "pl"},
		{[]string{"plt", "-pl", "p"}, "en"},
	}
	for _, tt := range tests {
		if got := s.Choose(tt.wanted...); got != tt.want {
			t.Errorf("Choose(%q) = %q, want %q (R77)", tt.wanted, got, tt.want)
		}
	}
}

// FuzzParseCatalogue: whatever stands in a file, reading it ends with texts or
// an error.
func FuzzParseCatalogue(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a": "b {count}"}`, `{"a": {"one": "b", "other": "{count}"}}`, `{"a": [1]}`, `{"a": {"one": {}}}`, `{"a"`, `[`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		texts, err := parseCatalogue("x", src)
		if err != nil {
			return
		}
		for key, e := range texts {
			for _, p := range e.phrases() {
				if len(p) == 0 {
					t.Errorf("an empty text at %q was let through", key)
				}
			}
		}
	})
}
