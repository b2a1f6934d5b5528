package arc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/mailer/arc"
	"casegate/mailer/dkim/dkimtest"
)

// noon is the time of the tests that have none of their own.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestCorpus: each chain of the corpus beside the repository has the status that
// its set states.
func TestCorpus(t *testing.T) {
	for set, want := range map[string]int{"arc_suite_visible": 86, "dkim_arc_stalwart": 2} {
		names, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", set, "0*.json"))
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 && os.Getenv("CI") != "true" {
			t.Skipf("no corpus with %s beside the repository", set)
		}
		right, all := 0, 0
		for _, name := range names {
			var s struct {
				ID, Description string
				DNS             map[string]string `json:"dns_txt"`
				Expect          struct{ ARC struct{ CV arc.Status } }
			}
			about, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(about, &s); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if s.Expect.ARC.CV == "" { // one of DKIM
				continue
			}
			raw, err := os.ReadFile(strings.TrimSuffix(name, "json") + "eml")
			if err != nil {
				t.Fatal(err)
			}
			all++
			r := arc.Validate(t.Context(), dkimtest.Mail(string(raw)), dkimtest.Lookup(s.DNS), noon)
			if r.CV != s.Expect.ARC.CV {
				t.Errorf("%s (%s): the chain is %q, want %q\n%+v", s.ID, s.Description, r.CV, s.Expect.ARC.CV, r)
				continue
			}
			right++
			t.Logf("%s (%s): %s %s", s.ID, s.Description, r.CV, r.Reason)
		}
		if t.Logf("%s: %d of %d", set, right, all); all != want {
			t.Errorf("%s has %d chains, want %d", set, all, want)
		}
	}
}
