package cases_test

import (
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

func TestDirectoryIsChecked(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(d *cases.Directory)
		want  string
	}{
		{"reseller id", func(d *cases.Directory) { d.Resellers[0].ID = "North!" }, `reseller "North!": the name must be`},
		{"reseller twice", func(d *cases.Directory) { d.Resellers = append(d.Resellers, d.Resellers[0]) }, `reseller "north": stands twice`},
		{"no domain", func(d *cases.Directory) { d.Resellers[1].Domains = nil }, `reseller "south": has no domain`},
		{"domain form", func(d *cases.Directory) { d.Resellers[1].Domains[0] = "South.Example" }, `domain "South.Example" is not a lower-case domain name`},
		{"domain of two (T32)", func(d *cases.Directory) { d.Resellers[1].Domains = append(d.Resellers[1].Domains, "north.example") }, `domain "north.example" belongs to reseller "north"`},
		{"no intake", func(d *cases.Directory) { d.Resellers[0].Intake = mailer.Address{} }, `reseller "north": has no intake`},
		{"intake elsewhere (T34)", func(d *cases.Directory) { d.Resellers[0].Intake = mailer.MustAddress("support@gmail.com") }, `intake "support@gmail.com" is not in one of its domains`},
		{"prefix form", func(d *cases.Directory) { d.Resellers[0].Prefix = "north" }, `prefix "north" must be`},
		{"prefix of two", func(d *cases.Directory) { d.Resellers[1].Prefix = "NORTH" }, `prefix "NORTH" is reseller "north"'s`},
		{"zone", func(d *cases.Directory) { d.Resellers[0].Zone = "Warsaw" }, `unknown time zone "Warsaw"`},
		{"person twice", func(d *cases.Directory) { d.People = append(d.People, d.People[0]) }, `person "anna": stands twice`},
		{"address of two", func(d *cases.Directory) { d.People[1].Linked = d.People[0].Linked }, `address "anna@corp.example" belongs to person "anna"`},
		{"intake as a person's", func(d *cases.Directory) {
			d.People[1].Accounts[0].Address = mailer.MustAddress("support@north.example")
		}, `is the intake of reseller "north"`},
		{"account elsewhere", func(d *cases.Directory) { d.People[1].Accounts[0].Address = mailer.MustAddress("bo@gmail.com") }, `account "bo@gmail.com" is in no reseller's domain`},
		{"two accounts with one reseller", func(d *cases.Directory) {
			d.People[1].Accounts = append(d.People[1].Accounts, cases.Account{Address: mailer.MustAddress("bo2@north-east.example")})
		}, `has two accounts with reseller "north"`},
		{"unknown role (R67)", func(d *cases.Directory) { d.People[1].Accounts[0].Roles = []string{"admin"} }, `unknown role "admin": want one of reseller-admin`},
		{"linked to ourselves", func(d *cases.Directory) {
			d.People[1].Linked = []mailer.Address{mailer.MustAddress("x@south.example")}
		}, `linked address "x@south.example" is in reseller "south"'s domain`},
		{"no account", func(d *cases.Directory) { d.People[1].Accounts = nil }, `person "bo": has no account`},
		{"customer form", func(d *cases.Directory) { d.Customers[0].Domain = "ACME" }, `customer "ACME": is not a lower-case domain name`},
		{"customer twice", func(d *cases.Directory) { d.Customers = append(d.Customers, d.Customers[0]) }, `customer "acme.example": stands twice`},
		{"customer is a reseller", func(d *cases.Directory) { d.Customers[0].Domain = "south.example" }, `is a domain of reseller "south"`},
		{"unknown manager", func(d *cases.Directory) { d.Customers[0].Managed[0].Reseller = "west" }, `managed by unknown reseller "west"`},
		{"language (R77)", func(d *cases.Directory) { d.Resellers[0].Language = "xx" }, `unknown language "xx": want one of en, pl`},
		{"contact at ours (T87)", func(d *cases.Directory) {
			d.Customers[0].Contacts = []mailer.Address{mailer.MustAddress("boss@north-east.example")}
		}, `contact "boss@north-east.example" is in reseller "north"'s domain`},
		{"interval backwards", func(d *cases.Directory) {
			d.Customers[0].Managed[0] = cases.Interval{Reseller: "north", From: casestest.Now, Until: casestest.Now.Add(-time.Hour)}
		}, `interval 1 ends before it begins`},
		{"intervals overlap", func(d *cases.Directory) {
			d.Customers[0].Managed = append(d.Customers[0].Managed, cases.Interval{Reseller: "south", From: casestest.Now})
		}, `interval 2 overlaps an earlier one`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := casestest.Directory()
			test.spoil(d)
			if err := d.Index(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Index gives %v, want an error that says %q", err, test.want)
			}
		})
	}
}

func TestManagedIntervals(t *testing.T) {
	d := casestest.Directory()
	day := func(s string) time.Time {
		at, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	tests := []struct {
		customer, at string
		want         cases.ResellerID
	}{
		{"beta.example", "2025-12-31 23:59:59", "north"},
		{"beta.example", "2026-01-01 00:00:00", "south"},
		{"gamma.example", "2025-05-31 23:59:59", "north"},
		{"gamma.example", "2025-06-01 00:00:00", "south"},
		{"gamma.example", "2026-06-01 00:00:00", "north"},
		{"acme.example", "1999-01-01 00:00:00", "north"},
	}
	for _, test := range tests {
		for _, r := range []cases.ResellerID{"north", "south"} {
			if got := d.Customer(test.customer).ManagedBy(r, day(test.at)); got != (r == test.want) {
				t.Errorf("%s at %s managed by %s: %v, want %s alone (R29)", test.customer, test.at, r, got, test.want)
			}
		}
	}
}

func TestVisible(t *testing.T) {
	d := casestest.Directory()
	filed := func(r cases.ResellerID, customer string, y int) *cases.Case {
		return &cases.Case{ID: cases.CaseID{Reseller: r, N: 1}, Customer: customer, Created: time.Date(y, 3, 1, 0, 0, 0, 0, time.UTC)}
	}
	tests := []struct {
		name string
		c    *cases.Case
		want bool
	}{
		{"filed and still managed", filed("north", "acme.example", 2026), true},
		{"moved away since (reading 6.2)", filed("north", "beta.example", 2025), false},
		{"filed before it came (R30)", filed("south", "beta.example", 2025), false},
		{"A→B→A: the first interval", filed("north", "gamma.example", 2025), true},
		{"A→B→A: filed while with B", filed("north", "gamma.example", 2026), false},
		{"unknown customer", filed("north", "gone.example", 2026), false},
	}
	for _, test := range tests {
		if got := cases.Visible(d, test.c, casestest.Now); got != test.want {
			t.Errorf("%s: visible %v, want %v", test.name, got, test.want)
		}
	}
	p := &cases.Participant{No: 1}
	if !cases.MaySee(d, filed("north", "acme.example", 2026), p, casestest.Now) || cases.MaySee(d, filed("north", "delta.example", 2026), p, casestest.Now) {
		t.Error("want a participant to see acme's case, and not delta's, who has not granted access (R13, R20)")
	}
	p.Left = casestest.Now
	if cases.MaySee(d, filed("north", "acme.example", 2026), p, casestest.Now) {
		t.Error("a participant who has left still sees the case (T23)")
	}
}

func TestPlanDirectory(t *testing.T) {
	o := newOffice(t)
	next := casestest.Directory()
	if plan, err := o.PlanDirectory(t.Context(), next); err != nil || len(plan) != 0 {
		t.Errorf("the same directory again plans %q (%v), want nothing", plan, err)
	}
	next.Customers[0].Plan = "Standard"
	next.People = next.People[:4]
	next.Customers = append(next.Customers, cases.Customer{Domain: "new.example"})
	if err := next.Index(); err != nil {
		t.Fatal(err)
	}
	want := []string{"- person south-desk", `~ customer acme.example: plan "Premium" → "Standard"`, "+ customer new.example"}
	plan, err := o.ApplyDirectory(t.Context(), next)
	if err != nil || strings.Join(plan, "\n") != strings.Join(want, "\n") {
		t.Errorf("plan is\n%s\n(%v), want\n%s", strings.Join(plan, "\n"), err, strings.Join(want, "\n"))
	}
	if plan, _ := o.PlanDirectory(t.Context(), next); len(plan) != 0 {
		t.Errorf("after applying, %q is still to do", plan)
	}
	o.file("Printer")
	swapped := casestest.Directory()
	swapped.Resellers[0].Prefix, swapped.Resellers[1].Prefix = "NORD", "NORTH"
	if err := swapped.Index(); err != nil {
		t.Fatal(err)
	}
	_, err = o.ApplyDirectory(t.Context(), swapped)
	wantKind(t, err, cases.Conflict) // NORTH-1 is north's
	next.Resellers, next.People, next.Customers = next.Resellers[1:], nil, nil
	if err := next.Index(); err != nil {
		t.Fatal(err)
	}
	_, err = o.ApplyDirectory(t.Context(), next)
	wantKind(t, err, cases.Conflict) // north has a case
}

func TestList(t *testing.T) {
	o := newOffice(t)
	first := o.file("Printer on fire")
	second := o.file("Drukarka nie działa")
	o.clock = o.clock.Add(time.Minute)
	o.say(mailer.Accepted, letter{from: "it@omega.example", to: []string{"support@south.example"}, subject: "印表機"})
	numbers := func(f cases.Filter) string {
		list, err := o.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, c := range list {
			all = append(all, c.Number)
		}
		return strings.Join(all, " ")
	}
	o.clock = o.clock.Add(time.Minute)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{o.replyTo(first, 1)}, subject: "Re", text: "Smoke too: Żółć"})
	tests := []struct {
		name string
		f    cases.Filter
		want string
	}{
		{"all, the last updated first (R33)", cases.Filter{}, first + " SOUTH-1 " + second},
		{"limit", cases.Filter{Limit: 2}, first + " SOUTH-1"},
		{"reseller", cases.Filter{Reseller: "south"}, "SOUTH-1"},
		{"customer", cases.Filter{Customer: "ACME.example"}, first + " " + second},
		{"keyword in the title", cases.Filter{Keyword: "DZIAŁA"}, second},
		{"keyword in a message (R34)", cases.Filter{Keyword: "żółć"}, first},
		{"keyword, Chinese", cases.Filter{Keyword: "表機"}, "SOUTH-1"},
		{"status", cases.Filter{Status: cases.Closed}, ""},
		{"severity", cases.Filter{Severity: cases.P3, Reseller: "north", Limit: 1}, first},
	}
	for _, test := range tests {
		if got := numbers(test.f); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
