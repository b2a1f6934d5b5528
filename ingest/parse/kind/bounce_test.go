package kind

import (
	"fmt"
	"strings"
	"testing"

	"casegate/mailer"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestTextBounces: what mail servers write when they follow no standard (issue
// 3, 5).
func TestTextBounces(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/bounces.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			want, raw, _ := strings.Cut(string(f.Data), "\n")
			r := Of(read([]byte("To: anna@north.example\n" + raw)))
			if r.Kind != mailer.KindBounce || !r.Automatic {
				t.Fatalf("kind is %s (%s), expected an automatic bounce", r.Kind, r.Why)
			}
			if got := summary(r.Bounces); got != want {
				t.Errorf("got %q, expected %q; %q", got, want, r.Bounces)
			}
		})
	}
}

// summary is what is said of each recipient, but for the diagnostic.
func summary(bounces []mailer.Bounce) string {
	var all []string
	for _, b := range bounces {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", b.Recipient, b.Action, b.Status)))
	}
	return strings.Join(all, "|")
}
