package cases

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	everyStanding = []standing{standVerified, standReplay, standSPF, standConfirmed, standUnverified, standQuarantine, standReject, standSomeoneElse, standUnknown}
	everyKind     = []mailKind{kindPerson, kindList, kindAutomatic, kindAnswer}
)

// question is one action by one way, and who can be asking.
type question struct {
	action    action
	token     bool
	relations []relation
}

// questions lists every question; who writes in what standing, and what kind of
// mail, are the same for all.
func questions() []question {
	all := []question{
		{actFile, false, []relation{relUser, relContact, relMonitor, relKnown, relStranger}},
		{actAppend, true, []relation{relOwner, relFollower, relGroup, relLeft, relStranger}},
		{actAppend, false, []relation{relFollower, relMonitor, relStranger}},
		{actConfirm, true, []relation{relOwner, relStranger}},
		{actJoin, true, []relation{relRequester, relOwner, relFollower, relGroup, relMonitor, relLeft, relStranger}},
	}
	for _, c := range commands {
		all = append(all, question{c, true, []relation{relAgent, relRequester, relOwner, relUser, relFollower, relGroup, relLeft, relKnown, relStranger}})
	}
	for _, c := range []action{actSuspicious, actHarmful} {
		all = append(all, question{c, true, []relation{relUser, relContact, relMonitor, relOwner, relFollower, relGroup, relLeft, relStranger}})
	}
	return all
}

// everyRequest is the whole space of questions to the policy table.
func everyRequest(yield func(request) bool) {
	for _, q := range questions() {
		for _, rel := range q.relations {
			for _, stand := range everyStanding {
				if q.action == actAppend && q.token && stand == standReplay {
					continue // a reply token suffices
				}
				for _, kind := range everyKind {
					if !yield(request{q.action, q.token, rel, stand, kind}) {
						return
					}
				}
			}
		}
	}
}

// TestPolicyGolden pins the answer to every question: a change of the table
// shows as the answers that it changes.
func TestPolicyGolden(t *testing.T) {
	got := grouped(questions(), "\n", func(q question) (string, string) {
		by := "hint"
		if q.token {
			by = "token"
		}
		return string(q.action) + " by " + by, grouped(q.relations, "  ", func(rel relation) (string, string) {
			return string(rel), answers(q, rel)
		})
	})
	const file = "testdata/policy.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the policy table answers otherwise than %s says; run with -update and read the diff:\n%s", file, got)
	}
}

// grouped writes each value's name and text, those with the same text together.
func grouped[T any](values []T, before string, write func(T) (name, text string)) string {
	var texts []string
	names := map[string][]string{}
	for _, v := range values {
		name, text := write(v)
		if names[text] == nil {
			texts = append(texts, text)
		}
		names[text] = append(names[text], name)
	}
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "%s%s:\n%s", before, strings.Join(names[text], ", "), text)
	}
	return b.String()
}

// answers writes what a relation is answered, each answer with who gets it.
func answers(q question, rel relation) string {
	var order []string
	asked := map[string]map[standing][]mailKind{}
	for r := range everyRequest {
		if r.action != q.action || r.token != q.token || r.relation != rel {
			continue
		}
		row := r.rule()
		answer := fmt.Sprintf("%-6s", row.effect)
		if row.ask {
			answer = "ask   " // held, and its sender asked
		}
		answer += "  " + row.why
		if asked[answer] == nil {
			asked[answer] = map[standing][]mailKind{}
			order = append(order, answer)
		}
		asked[answer][r.standing] = append(asked[answer][r.standing], r.kind)
	}
	var b strings.Builder
	for _, answer := range order {
		fmt.Fprintf(&b, "    %s\n            %s\n", answer, whoAsked(asked[answer]))
	}
	return b.String()
}

// whoAsked writes standings, those that hold for every kind of mail without the kinds.
func whoAsked(by map[standing][]mailKind) string {
	var out []string
	for _, s := range everyStanding {
		kinds := by[s]
		if len(kinds) == 0 {
			continue
		}
		text := string(s)
		if len(kinds) < len(everyKind) {
			text += fmt.Sprint(" ", kinds)
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// TestPolicyLaws holds what no change of the table may break.
func TestPolicyLaws(t *testing.T) {
	for q := range everyRequest {
		row := q.rule()
		if row.effect == deferIt && q.standing != standUnknown {
			t.Errorf("%+v is deferred: only what DNS did not answer is (T3)", q)
		}
		if row.reason == "NotAuthenticated" && q.standing != standReject || q.standing == standUnknown && row.effect == allow {
			t.Errorf("%+v: answered %+v: an unanswering DNS is neither forgery nor proof (T3)", q, row)
		}
		if row.ask && (q.standing != standUnverified || q.kind == kindAutomatic || q.kind == kindAnswer) {
			t.Errorf("%+v is asked to confirm: only people are who are neither verified nor failed (T90)", q)
		}
		isCommand := slices.Contains(commands, q.action)
		if q.action == actJoin && row.effect != hold && row.effect != refuse {
			t.Errorf("%+v: answered %q: being in Cc is never more than a request (T21)", q, row.effect)
		}
		if row.effect != allow {
			continue
		}
		switch {
		case q.standing == standReject || q.standing == standQuarantine || q.standing == standReplay:
			t.Errorf("%+v is allowed: a failed identity never is, nor a signature that was meant for others (design 4, T11)", q)
		case q.relation == relStranger || q.relation == relKnown || q.relation == relLeft:
			t.Errorf("%+v is allowed: strangers and people without rights never are (R67, T20)", q)
		case q.standing == standUnverified && (q.relation != relOwner || q.action != actAppend && q.action != actConfirm):
			t.Errorf("%+v is allowed: unverified suffices for the token's person to append or confirm, and for nothing else (design 4)", q)
		case q.action == actFile && (q.kind == kindAnswer || q.kind == kindAutomatic && q.relation != relMonitor):
			t.Errorf("%+v is allowed: automatic mail files nothing but a monitoring sender's alerts (R78)", q)
		case isCommand && (q.standing != standVerified || q.kind != kindPerson):
			t.Errorf("%+v is allowed: commands are for people who are verified, and not by SPF alone (T12, T26, T27)", q)
		case isCommand && (q.relation == relFollower || q.relation == relGroup):
			t.Errorf("%+v is allowed: who only follows a case commands nothing", q)
		}
	}
}

// TestPolicyAllows is the control beside the laws: a table that refuses all would
// keep them.
func TestPolicyAllows(t *testing.T) {
	for _, q := range []request{
		{actFile, false, relUser, standVerified, kindPerson},
		{actFile, false, relContact, standSPF, kindPerson},
		{actFile, false, relMonitor, standVerified, kindAutomatic},
		{actAppend, true, relOwner, standUnverified, kindPerson},
		{actAppend, true, relFollower, standSPF, kindPerson},
		{actAppend, true, relGroup, standVerified, kindList},
		{actAppend, false, relFollower, standVerified, kindPerson},
		{actCommand, true, relOwner, standVerified, kindPerson},
		{actCommand, true, relAgent, standVerified, kindPerson},
		{actClose, true, relRequester, standVerified, kindPerson},
		{actSeverity, true, relUser, standVerified, kindPerson},
		{actShare, true, relAgent, standVerified, kindPerson},
	} {
		if row := q.rule(); row.effect != allow {
			t.Errorf("%+v is answered %q (%s), want allow", q, row.effect, row.why)
		}
	}
}

// TestPolicyHasNoDeadRow: a row that answers nothing is a mistake in the order.
func TestPolicyHasNoDeadRow(t *testing.T) {
	used := map[string]bool{policy[len(policy)-1].why: true}
	for q := range everyRequest {
		used[fmt.Sprint(q.rule())] = true
	}
	for i, row := range policy[:len(policy)-1] {
		if !used[fmt.Sprint(row)] {
			t.Errorf("row %d (%s, %q) decides no question", i, row.action, row.why)
		}
	}
}

// TestPolicyFailsClosed: what the table does not foresee is refused.
func TestPolicyFailsClosed(t *testing.T) {
	for _, q := range []request{
		{action: "erase", relation: relUser, standing: standVerified, kind: kindPerson},
		{action: actFile, relation: "cousin", standing: standVerified, kind: kindPerson},
		{action: actFile, relation: relUser, standing: "sort of", kind: kindPerson},
		{action: actClose, relation: relAgent, standing: "sort of", kind: kindPerson},
		{action: anyCommand, relation: relAgent, standing: standUnverified, kind: kindPerson},
		{},
	} {
		if row := q.rule(); row.effect != refuse {
			t.Errorf("%+v is answered with %q, want refuse", q, row.effect)
		}
	}
}
