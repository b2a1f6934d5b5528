package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casegate/cases"
	"casegate/cases/casestest"
)

// TestDemoDirectory: the demo is the world of the tests, but for two things that
// a newcomer needs or does not: names of customers, and contacts whom only
// tests write as.
func TestDemoDirectory(t *testing.T) {
	got, err := demoDirectory()
	if err != nil {
		t.Fatal(err)
	}
	want := casestest.Directory()
	for i := range want.Customers {
		if want.Customers[i].Domain != "acme.example" {
			want.Customers[i].Contacts = nil
		}
	}
	for i := range got.Customers {
		got.Customers[i].Name = ""
	}
	for i := range got.People {
		for j := range got.People[i].Accounts {
			if a := &got.People[i].Accounts[j]; len(a.Roles) == 0 {
				a.Roles = nil
			}
		}
	}
	if diff := cmp.Diff(sortedEntries(t, want), sortedEntries(t, got)); diff != "" {
		t.Errorf("the demo directory is not the one of the tests (-tests +demo):\n%s", diff)
	}
}

// sortedEntries gives each entry of a directory as JSON under its name.
func sortedEntries(t *testing.T, d *cases.Directory) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(name string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	for _, r := range d.Resellers {
		add("reseller "+string(r.ID), r)
	}
	for _, p := range d.People {
		add("person "+p.ID, p)
	}
	for _, c := range d.Customers {
		add("customer "+c.Domain, c)
	}
	return all
}

func TestDirectoryDays(t *testing.T) {
	d, err := demoDirectory()
	if err != nil {
		t.Fatal(err)
	}
	beta := d.Customer("beta.example")
	last := time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		at       time.Time
		reseller cases.ResellerID
	}{{last, "north"}, {last.Add(time.Second), "south"}} {
		if !beta.ManagedBy(c.reseller, c.at) {
			t.Errorf("beta.example is not managed by %s at %v, want a change at midnight UTC", c.reseller, c.at)
		}
	}
	if !d.Customer("delta.example").Denied {
		t.Error("delta.example has granted access, want grant = false to deny it (R12)")
	}
}

// base is a small valid directory; entries of the cases below are added to it.
const base = `[reseller.north]
domains = ["north.example"]
intake = "support@north.example"
prefix = "NORTH"
zone = "Europe/Warsaw"
`

func TestDirectoryErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", base + "langauge = \"pl\"\n", `d.toml:6: reseller.north.langauge: there is no such key: did you mean "language"?`},
		{"unknown table", base + "[customers.\"acme.example\"]\n", `d.toml:6: customers: there is no such key: did you mean "customer"?`},
		{"unknown key in a list", base + "[customer.\"acme.example\"]\nmanaged = [{ resller = \"north\" }]\n", `d.toml:7: customer."acme.example".managed.resller: there is no such key: did you mean "reseller"?`},
		{"text for a list", base + "[customer.\"acme.example\"]\ncontacts = \"it@acme.example\"\n", `d.toml:7: customer."acme.example".contacts: want a list of texts`},
		{"moment for a day", base + "[customer.\"acme.example\"]\nmanaged = [{ reseller = \"north\", from = 2026-01-01T00:00:00Z }]\n", `d.toml:7: customer."acme.example".managed.from: want a date such as 2026-01-01, found a datetime`},
		{"unknown key in a long list", base + "[customer.\"acme.example\"]\nmanaged = [\n  { reseller = \"north\" },\n  { reseler = \"north\" },\n]\nplan = \"Premium\"\n", `d.toml:9: customer."acme.example".managed.reseler: there is no such key: did you mean "reseller"?`},
		{"no address", base + "[customer.\"acme.example\"]\ncontacts = [\"it\"]\n", `d.toml:7: customer."acme.example".contacts: not a mail address: "it"`},
		{"address of a person", base + "[person.anna]\nlinked = [\"anna@@corp.example\"]\naccounts = [{ address = \"anna@north.example\", roles = [] }]\n", `d.toml:7: person.anna.linked:`},
		{"plan", base + "[customer.\"acme.example\"]\nplan = \"Gold\"\n", `d.toml:7: customer."acme.example".plan: "Gold" is not known`},
		{"language", base + "language = \"polish\"\n", `d.toml:6: reseller.north.language: "polish" is not a language`},
		{"zone", strings.Replace(base, "Warsaw", "Warschau", 1), `d.toml:1: reseller.north: unknown time zone "Europe/Warschau"`},
		{"no intake", strings.Replace(base, "intake = \"support@north.example\"\n", "", 1), `d.toml:1: reseller.north: has no intake: set intake = "support@north.example"`},
		{"monitoring of a reseller", base + "monitoring = [\"alerts\"]\n", `d.toml:6: reseller.north.monitoring: not a mail address: "alerts"`},
		{"monitoring of a customer", base + "[customer.\"acme.example\"]\nmonitoring = [\"a@b@c\"]\n", `d.toml:7: customer."acme.example".monitoring: not a mail address`},
		{"an intake that monitors (T87)", base + "[customer.\"acme.example\"]\nmonitoring = [\"support@north.example\"]\n", `d.toml:6: customer."acme.example": monitoring "support@north.example" is the intake`},
		{"role", base + "[person.anna]\naccounts = [{ address = \"anna@north.example\", roles = [\"boss\"] }]\n", `d.toml:6: person.anna: account "anna@north.example": unknown role "boss"`},
		{"unknown reseller", base + "[customer.\"acme.example\"]\nmanaged = [{ reseller = \"nroth\" }]\n", `d.toml:6: customer."acme.example": managed by unknown reseller "nroth"`},
		{"overlap", base + "[customer.\"acme.example\"]\nmanaged = [{ reseller = \"north\" }, { reseller = \"north\", from = 2026-01-01 }]\n", `d.toml:6: customer."acme.example": interval 2 overlaps an earlier one`},
		{"nothing", "# soon\n", "d.toml: holds no reseller"},
		{"syntax", base + "[customer\n", "d.toml:6:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseDirectory("d.toml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is:\n%v\nwant in it:\n%s", err, c.want)
			}
		})
	}
}

// TestDirectoryMonitoring: who may file by automatic mail (R78).
func TestDirectoryMonitoring(t *testing.T) {
	d, err := parseDirectory("d.toml", []byte(base+"monitoring = [\"alerts@noc.example\"]\n[customer.\"acme.example\"]\nmonitoring = [\"a@acme.example\", \"b@acme.example\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Reseller("north").Monitoring; len(got) != 1 || got[0].String() != "alerts@noc.example" {
		t.Errorf("north's monitoring senders are %v, want alerts@noc.example", got)
	}
	if got := d.Customer("acme.example").Monitoring; len(got) != 2 || got[1].String() != "b@acme.example" {
		t.Errorf("acme.example's monitoring senders are %v, want a@ and b@acme.example", got)
	}
}

// TestDirectoryReportsAll: one round of mending is enough.
func TestDirectoryReportsAll(t *testing.T) {
	_, err := parseDirectory("d.toml", []byte(base+"[person.anna]\n[person.bo]\n"))
	if err == nil || !strings.Contains(err.Error(), "d.toml:6: person.anna: has no account") || !strings.Contains(err.Error(), "d.toml:7: person.bo: has no account") {
		t.Errorf("error is:\n%v\nwant both people in it, with their lines", err)
	}
}
