package corpustest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFile: a fact names files of its own set and no others.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	set := filepath.Join(dir, "letters")
	if err := os.MkdirAll(filepath.Join(set, "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(set, "files", "a.txt"), filepath.Join(dir, "b.txt")} {
		if err := os.WriteFile(name, []byte("Hello"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	it := Item{ID: "letters/001", dir: set}
	if it.Set() != "letters" {
		t.Errorf("%s is of the set %q, want letters", it.ID, it.Set())
	}
	for name, readable := range map[string]bool{
		"files/a.txt": true, "files/c.txt": false, "../b.txt": false, filepath.Join(dir, "b.txt"): false,
	} {
		b, err := it.File(name)
		if (err == nil) != readable || readable && string(b) != "Hello" {
			t.Errorf("reading %s gives %q, %v; readable must be %v", name, b, err, readable)
		}
	}
}
