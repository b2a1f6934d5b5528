package cases_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// TestBlockedSender: what a reseller blocks is refused by it, and by it alone, by
// From and by reverse-path.
func TestBlockedSender(t *testing.T) {
	evilPath, null := "bounce@evil.example", ""
	for _, test := range []struct {
		name    string
		pattern string
		letter  letter // to north's intake where it does not say
		blocked bool
	}{
		{"the address", "IT@Acme.Example", letter{from: "it@acme.example"}, true},
		{"the domain", "@ACME.example", letter{from: "it@acme.example"}, true},
		{"its subdomains", ".example", letter{from: "it@acme.example"}, true},
		{"the reverse-path", "@evil.example", letter{from: "it@acme.example", returnTo: &evilPath}, true},
		{"the null reverse-path", "@evil.example", letter{from: "it@acme.example", returnTo: &null}, false},
		{"another address", "its@acme.example", letter{from: "it@acme.example"}, false},
		{"another domain that ends so", "@me.example", letter{from: "it@acme.example"}, false},
		{"subdomains, not the domain", ".acme.example", letter{from: "it@acme.example"}, false},
		{"south's own customer", "@omega.example", letter{from: "it@omega.example", to: []string{"support@south.example"}}, false},
		{"mail to postmaster", "it@acme.example", letter{from: "it@acme.example", to: []string{"postmaster@north.example"}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			if test.pattern == ".example" { // north's own people are in it
				next, err := readDirectory(o)
				if err != nil {
					t.Fatal(err)
				}
				next.People = nil
				next.Resellers = next.Resellers[:1]
				next.Resellers[0].Domains, next.Resellers[0].Intake = []string{"north.test"}, mailer.MustAddress("support@north.test")
				next.Customers = next.Customers[:1]
				o.apply(next)
				o.Hostname = "gate.test"
				test.letter.to = []string{"support@north.test"}
			}
			o.block("north", test.pattern)
			if test.letter.to == nil {
				test.letter.to = []string{"support@north.example"}
			}
			test.letter.level = mailer.Verified
			m := o.mail(test.letter)
			got, err := o.Accept(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if blocked := got[0].Verdict == mailer.Refused && got[0].Reason == mailer.NotAllowed; blocked != test.blocked {
				t.Errorf("answered %+v, want blocked: %v", got[0], test.blocked)
			}
			r, err := o.Mail(t.Context(), m.ID)
			if err != nil || strings.Contains(fmt.Sprint(r.Trace.Checks), "blocked") != test.blocked {
				t.Errorf("the trace is %+v (%v), want the block in it: %v", r.Trace.Checks, err, test.blocked)
			}
		})
	}
}

func readDirectory(o *office) (d *cases.Directory, err error) {
	err = o.Store.View(o.t.Context(), func(tx cases.Tx) error {
		shared, err := tx.Directory()
		d = &cases.Directory{Resellers: append([]cases.Reseller(nil), shared.Resellers...), People: shared.People, Customers: shared.Customers}
		return err
	})
	return d, err
}

// TestBlockList: patterns have one form, stand in order and once, and are a
// reseller's own.
func TestBlockList(t *testing.T) {
	o := newOffice(t)
	for _, p := range []string{"@Evil.example", "eve@bad.example", ".spam.example", `"a b"@c.example`, "@bücher.example"} {
		o.block("north", p)
	}
	if b, added, err := o.Block(t.Context(), "north", cases.Block{Pattern: " @EVIL.example ", By: "anna"}); err != nil || added || b.By != "operator" || !b.Since.Equal(o.clock) {
		t.Errorf("blocking twice gave %+v, %v, %v; want the first entry, not added", b, added, err)
	}
	list := func(r cases.ResellerID) string {
		t.Helper()
		blocks, err := o.Blocks(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, b := range blocks {
			all = append(all, b.Pattern)
		}
		return strings.Join(all, " ")
	}
	if got, want := list("north"), `"a b"@c.example .spam.example @evil.example @xn--bcher-kva.example eve@bad.example`; got != want {
		t.Errorf("the list is %s, want %s", got, want)
	}
	if got := list("south"); got != "" {
		t.Errorf("south's list is %q, want its own, which is empty", got)
	}
	if err := o.Unblock(t.Context(), "north", "@evil.EXAMPLE"); err != nil {
		t.Error(err)
	}
	wantKind(t, o.Unblock(t.Context(), "north", "@evil.example"), cases.NotFound)
	wantKind(t, o.Unblock(t.Context(), "nowhere", "@evil.example"), cases.NotFound)
	if _, err := o.Blocks(t.Context(), "nowhere"); err == nil {
		t.Error("a reseller that is not there has a block list")
	}
	if got := list("north"); strings.Contains(got, "evil") {
		t.Errorf("after unblocking the list is %s", got)
	}
}

// TestBlockNobodysOwn: no entry may shut out the reseller's own people, or any
// address of ours; and what makes no sense is refused.
func TestBlockNobodysOwn(t *testing.T) {
	o := newOffice(t)
	for pattern, kind := range map[string]cases.ErrorKind{
		"anna@corp.example": cases.Conflict, "ANNA@north.example": cases.Conflict, "@corp.example": cases.Conflict, ".example": cases.Conflict,
		"desk@agents.example": cases.Conflict, "support@north.example": cases.Conflict, "support@south.example": cases.Conflict,
		"@south.example": cases.Conflict, "x@gate.example": cases.Conflict, "@gate.example": cases.Conflict,
		"": cases.Invalid, "@": cases.Invalid, ".": cases.Invalid, "*": cases.Invalid, "evil.example": cases.Invalid, "@@evil.example": cases.Invalid,
		"a b@evil.example": cases.Invalid, "<eve@evil.example>": cases.Invalid, "@[192.0.2.1]": cases.Invalid, "@evil.example\r\n": "",
	} {
		_, added, err := o.Block(t.Context(), "north", cases.Block{Pattern: pattern, By: "operator"})
		if kind == "" { // white space around it is nothing
			if err != nil || !added {
				t.Errorf("blocking %q: %v, %v", pattern, added, err)
			}
			continue
		}
		if wantKind(t, err, kind); added {
			t.Errorf("%q was blocked", pattern)
		}
	}
	// chen has no account with north: he can be blocked there, and not with south.
	o.block("north", "chen@corp.example")
	_, _, err := o.Block(t.Context(), "south", cases.Block{Pattern: "chen@corp.example", By: "operator"})
	wantKind(t, err, cases.Conflict)
	_, _, err = o.Block(t.Context(), "nowhere", cases.Block{Pattern: "@evil.example"})
	wantKind(t, err, cases.NotFound)
}

// TestBlockedBecomesStaff: who has joined the reseller since is not shut out by an
// old entry; a forged staff address opens no door for a blocked reverse-path.
func TestBlockedBecomesStaff(t *testing.T) {
	o := newOffice(t)
	o.block("north", "@new.example")
	next, err := readDirectory(o)
	if err != nil {
		t.Fatal(err)
	}
	next.People = append(append([]cases.Person(nil), next.People...), cases.Person{ID: "nora", Name: "Nora", Linked: []mailer.Address{mailer.MustAddress("nora@new.example")},
		Accounts: []cases.Account{{Address: mailer.MustAddress("nora@north.example"), Roles: []string{cases.RoleResellerAdmin}}}})
	o.apply(next)
	l := letter{from: "nora@new.example", to: []string{"support+acme.example@north.example"}}
	o.say(mailer.Accepted, l)
	path := "other@new.example"
	l.returnTo, l.text = &path, "again"
	o.say(mailer.Refused, l)
}

// TestBlockListIsBounded: it is read with every mail.
func TestBlockListIsBounded(t *testing.T) {
	o := newOffice(t)
	full := make([]cases.Block, 1000)
	for i := range full {
		full[i].Pattern = fmt.Sprintf("@%04d.evil.example", i)
	}
	if err := o.Store.Update(t.Context(), func(tx cases.Tx) error { return tx.SetBlocks("north", full) }); err != nil {
		t.Fatal(err)
	}
	_, _, err := o.Block(t.Context(), "north", cases.Block{Pattern: "@one.more.example", By: "operator"})
	wantKind(t, err, cases.Conflict)
}

// TestBlockAdvice: what people write for "all of them" is answered with what to
// write; who blocks a customer's people learns it, and another tenant's are not told.
func TestBlockAdvice(t *testing.T) {
	o := newOffice(t)
	tests := []struct{ pattern, advice, note string }{
		{"*@evil.example", `write "@evil.example"`, ""},
		{"*.evil.example", `write ".evil.example"`, ""},
		{"*@*.evil.example", `write ".evil.example"`, ""},
		{"e*@evil.example", "left open", ""},
		{"@evil.example", "", ""},
		{"@acme.example", "", "blocks everybody at the customer acme.example"},
		{"it@acme.example", "", "blocks it@acme.example, a contact of acme.example"},
		{"it@omega.example", "", ""}, // south's (T28)
	}
	for _, test := range tests {
		b, _, err := o.Block(t.Context(), "north", cases.Block{Pattern: test.pattern, By: "operator"})
		if b.Note != test.note || (err != nil) != (test.advice != "") || err != nil && !strings.Contains(err.Error(), test.advice) {
			t.Errorf("%s is answered with the note %q and %v, want %q and advice %q", test.pattern, b.Note, err, test.note, test.advice)
		}
	}
	list, err := o.Blocks(t.Context(), "north")
	if err != nil || slices.ContainsFunc(list, func(b cases.Block) bool { return b.Note != "" }) {
		t.Errorf("%+v is stored (%v), want no note: the customers change", list, err)
	}
}
