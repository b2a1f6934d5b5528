package dkim_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// sample is one item of the corpus's DKIM sets.
type sample struct {
	ID  string
	DNS map[string]string `json:"dns_txt"`
	At  int64             `json:"verify_at_unix"`

	Expect struct {
		DKIM []struct{ Result string }
		Last string `json:"dkim_last_signature"`
		Any  string `json:"dkim_any"`
	}
	raw string
}

// samples loads a set of the corpus beside the repository; see its README.
func samples(t *testing.T, set string, want int) []sample {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", set, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 && os.Getenv("CI") != "true" {
		t.Skipf("no corpus with %s beside the repository", set)
	}
	if len(names) != want {
		t.Fatalf("%s has %d items, want %d", set, len(names), want)
	}
	var all []sample
	for _, name := range names {
		about, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var s sample
		if err := json.Unmarshal(about, &s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		raw, err := os.ReadFile(strings.TrimSuffix(name, "json") + "eml")
		if err != nil {
			t.Fatal(err)
		}
		s.raw = crlf(string(raw))
		all = append(all, s)
	}
	return all
}

// words of the sets for our statuses.
var corpusWords = map[string]string{"permfail": "permerror", "tempfail": "temperror"}

// ours is where we say something else than the set, and why.
var ours = map[string]struct{ statuses, why string }{
	"dkim_chasquid/009": {"policy pass pass", "l= counts for nothing here (T10)"},
}

// TestChasquid: each signature has the result that the set states.
func TestChasquid(t *testing.T) {
	for _, s := range samples(t, "dkim_chasquid", 11) {
		var want []string
		for _, sig := range s.Expect.DKIM {
			word := sig.Result
			if other, ok := corpusWords[word]; ok {
				word = other
			}
			want = append(want, word)
		}
		expected, why := strings.Join(want, " "), "as the set says"
		if o, ok := ours[s.ID]; ok {
			expected, why = o.statuses, o.why
		}
		results := dkim.Verify(t.Context(), dkimtest.Mail(s.raw), dkimtest.Lookup(s.DNS), noon)
		if got := statuses(results); got != expected {
			t.Errorf("%s: the signatures are %q, want %q: %s\n%+v", s.ID, got, expected, why, results)
		}
	}
}

// TestStalwart: the last signature of each mail, or any, passes at its time.
func TestStalwart(t *testing.T) {
	for _, s := range samples(t, "dkim_arc_stalwart", 8) {
		at := noon
		if s.At != 0 {
			at = time.Unix(s.At, 0)
		}
		results := dkim.Verify(t.Context(), dkimtest.Mail(s.raw), dkimtest.Lookup(s.DNS), at)
		got := statuses(results)
		if s.Expect.Last+s.Expect.Any == "" {
			t.Errorf("%s states nothing", s.ID)
		}
		if s.Expect.Last != "" && !strings.HasSuffix(got, s.Expect.Last) || !strings.Contains(got, s.Expect.Any) {
			t.Errorf("%s: the signatures are %q, want the last %q, any %q\n%+v", s.ID, got, s.Expect.Last, s.Expect.Any, results)
		}
	}
}
