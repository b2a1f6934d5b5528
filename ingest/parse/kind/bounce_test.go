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

// TestReasons: what is said once is said of all, and the text may say more than
// the report.
func TestReasons(t *testing.T) {
	r := Of(read([]byte("From: MAILER-DAEMON@x.example\nSubject: Undeliverable mail\n\nThese failed:\n\n<bert@south.example>\n<cora@south.example>\n\nThe answer was: 550 5.7.1 no entry\n")))
	for _, b := range r.Bounces {
		if b.Diagnostic != "The answer was: 550 5.7.1 no entry" || b.Status != "5.7.1" {
			t.Errorf("%+v, expected the reason that is given once for all", b)
		}
	}
	if len(r.Bounces) != 2 {
		t.Errorf("%+v, expected two recipients", r.Bounces)
	}
	r = Of(read([]byte(strings.Replace(dsn("Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.0.0\n"), "This is the mail system.", "<bert@south.example>: 550 5.7.25 no name for this address", 1))))
	if got := summary(r.Bounces); got != "bert@south.example failed 5.7.25" {
		t.Errorf("got %q, expected the status in the text for one that names a class only", got)
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
