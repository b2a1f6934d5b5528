// Package corpustest gives tests the corpus of real mails that lies beside the
// repository, in ../shared/corpus. It is for measuring only: nothing of it is
// ever copied here.
package corpustest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Size is the number of items in the corpus.
const Size = 1490

// Item is one mail with the facts that its source states; see the corpus's README.
type Item struct {
	ID     string                     // "talon/001"
	Input  string                     // what kind of bytes the source has
	Expect map[string]json.RawMessage // facts by name
	Raw    []byte                     // a mail: wrapped in a header where the source's bytes are none

	// Reference is what a tool of the source reads in the item; null for most.
	// It is no fact.
	Reference json.RawMessage `json:"reference_output"`

	dir string // of the set
}

// Set is the name of the folder that an item is in, such as "talon".
func (it Item) Set() string {
	set, _, _ := strings.Cut(it.ID, "/")
	return set
}

// File reads a file that a fact names, such as "files/letter.txt". Its path is
// relative to the folder of the set, and it must be in there.
func (it Item) File(name string) ([]byte, error) {
	set, err := os.OpenRoot(it.dir)
	if err != nil {
		return nil, fmt.Errorf("open the set of %s: %w", it.ID, err)
	}
	defer set.Close()
	b, err := set.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read a file of %s: %w", it.ID, err)
	}
	return b, nil
}

// Items loads the corpus. Where there is none the test is skipped, in CI it fails.
func Items(t testing.TB) []Item {
	t.Helper()
	dir := folder(t)
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no corpus at %s: it must be there in CI", dir)
		}
		t.Skipf("no corpus at %s", dir)
	}
	var items []Item
	for _, name := range names {
		about, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var item Item
		if json.Unmarshal(about, &item) != nil || item.ID == "" || item.Input == "" {
			continue // case lists of the authentication suites
		}
		item.dir = filepath.Dir(name)
		item.Raw = wrap(item.Input, read(t, strings.TrimSuffix(name, ".json")))
		items = append(items, item)
	}
	return items
}

// folder finds the corpus from wherever in the repository the test runs.
func folder(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, "..", "shared", "corpus")
}

// read finds the bytes beside an item's description.
func read(t testing.TB, stem string) []byte {
	for _, ext := range []string{".eml", ".txt", ".html", ".ics", ".tnef", ".mbox", ".uu", ".qp"} {
		b, err := os.ReadFile(stem + ext)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	t.Fatalf("no bytes beside %s.json", stem)
	return nil
}

// wrap makes a mail of what is none.
func wrap(input string, b []byte) []byte {
	types := map[string]string{
		"body-text": "text/plain; charset=utf-8", "body-html": "text/html; charset=utf-8",
		"icalendar": "text/calendar; charset=utf-8", "tnef": "application/ms-tnef",
		"uuencoded": "text/plain", "quoted-printable": "text/plain\r\nContent-Transfer-Encoding: quoted-printable",
	}
	const head = "From: it@acme.example\r\nSubject: from the corpus\r\n"
	switch {
	case input == "mime-entity":
		return append([]byte(head), b...)
	case types[input] != "":
		return append([]byte(head+"Content-Type: "+types[input]+"\r\n\r\n"), b...)
	}
	return b // message, mbox
}
