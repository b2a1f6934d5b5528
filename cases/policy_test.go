package cases

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everyRequest is the whole space of questions to the policy table.
func everyRequest(yield func(request) bool) {
	relations := map[action][]relation{
		actFile:   {relUser, relContact, relKnown, relStranger},
		actAppend: {relOwner, relFollower, relGroup, relLeft, relStranger},
	}
	for _, act := range []action{actFile, actAppend} {
		for _, token := range []bool{true, false} {
			if act == actFile && token {
				continue // a token names a case; filing has none
			}
			for _, rel := range relations[act] {
				if !token && (rel == relOwner || rel == relGroup || rel == relLeft) {
					continue // a hint has no person
				}
				for _, stand := range []standing{standVerified, standUnverified, standQuarantine, standReject, standUnknown} {
					for _, auto := range []bool{false, true} {
						if !yield(request{act, token, rel, stand, auto}) {
							return
						}
					}
				}
			}
		}
	}
}

// TestPolicyGolden pins the answer to every question: a change of the table
// shows as the rows that it changes.
func TestPolicyGolden(t *testing.T) {
	var b strings.Builder
	for q := range everyRequest {
		row := q.rule()
		kind := "person"
		if q.automatic {
			kind = "automatic"
		}
		by := "hint"
		if q.token {
			by = "token"
		}
		fmt.Fprintf(&b, "%-6s  %-5s  %-19s  %-18s  %-9s  %-6s  %s\n", q.action, by, q.relation, q.standing, kind, row.effect, row.why)
	}
	const file = "testdata/policy.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the policy table answers otherwise than %s says; run with -update and read the diff:\n%s", file, b.String())
	}
}

// TestPolicyLaws holds what no change of the table may break.
func TestPolicyLaws(t *testing.T) {
	for q := range everyRequest {
		row := q.rule()
		if row.effect != allow {
			continue
		}
		switch {
		case q.standing == standReject || q.standing == standQuarantine || q.standing == standUnknown:
			t.Errorf("%+v is allowed: a failed or unknown identity never is (design 4)", q)
		case q.relation == relStranger || q.relation == relKnown || q.relation == relLeft:
			t.Errorf("%+v is allowed: strangers and people without rights never are (R67, T20)", q)
		case q.standing == standUnverified && q.relation != relOwner:
			t.Errorf("%+v is allowed: unverified suffices for the token's person only (design 4)", q)
		case q.action == actFile && q.automatic:
			t.Errorf("%+v is allowed: automatic mail files nothing (R78)", q)
		}
	}
}

// TestPolicyFailsClosed: what the table does not foresee is refused.
func TestPolicyFailsClosed(t *testing.T) {
	if row := (request{action: "erase", relation: relUser, standing: standVerified}).rule(); row.effect != refuse {
		t.Errorf("an unknown action is answered with %q, want refuse", row.effect)
	}
}
