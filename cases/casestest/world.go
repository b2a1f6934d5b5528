// Package casestest is the world that tests are set in: the demo directory of two
// resellers, north and south, with their people and customers.
package casestest

import (
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// Now is the moment at which the world is looked at: gamma.example is north's
// again, beta.example is south's.
var Now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Hostname is the daemon's, which reply addresses are in.
const Hostname = "gate.example"

// Directory gives a fresh, indexed copy of the demo directory. It panics if the
// directory is not valid, which is a mistake in this file.
func Directory() *cases.Directory {
	d := &cases.Directory{
		Resellers: []cases.Reseller{
			{ID: "north", Name: "North Support", Domains: []string{"north.example", "north-east.example"}, Intake: at("support@north.example"), Prefix: "NORTH", Language: "pl", Zone: "Europe/Warsaw"},
			{ID: "south", Name: "South Support", Domains: []string{"south.example"}, Intake: at("support@south.example"), Prefix: "SOUTH", Language: "zh-TW", Zone: "Asia/Taipei"},
		},
		People: []cases.Person{
			{ID: "anna", Name: "Anna Nowak", Linked: all("anna@corp.example"), Accounts: []cases.Account{
				{Address: at("anna@north.example"), Roles: []string{cases.RoleResellerAdmin}},
				{Address: at("anna@south.example")},
			}},
			{ID: "bo", Name: "Bo Lind", Linked: all("bo@corp.example"), Accounts: []cases.Account{
				{Address: at("bo@north.example"), Roles: []string{cases.PrivilegeView}},
			}},
			{ID: "chen", Name: "Chen Wei", Linked: all("chen@corp.example"), Accounts: []cases.Account{
				{Address: at("chen@south.example"), Roles: []string{cases.RoleResellerAdmin}},
			}},
			{ID: "north-desk", Name: "North Desk", Linked: all("desk@agents.example"), Accounts: []cases.Account{
				{Address: at("desk@north.example"), Roles: []string{cases.RoleSupportAgent}},
			}},
			{ID: "south-desk", Name: "South Desk", Linked: all("desk-south@agents.example"), Accounts: []cases.Account{
				{Address: at("desk@south.example"), Roles: []string{cases.RoleSupportAgent}},
			}},
		},
		Customers: []cases.Customer{
			{Domain: "acme.example", Plan: "Premium", Contacts: all("it@acme.example"), Managed: []cases.Interval{{Reseller: "north"}}},
			{Domain: "delta.example", Contacts: all("it@delta.example"), Denied: true, Managed: []cases.Interval{{Reseller: "north"}}},
			{Domain: "omega.example", Contacts: all("it@omega.example"), Managed: []cases.Interval{{Reseller: "south"}}},
			{Domain: "beta.example", Contacts: all("it@beta.example"), Managed: []cases.Interval{
				{Reseller: "north", Until: date(2026, 1, 1)}, {Reseller: "south", From: date(2026, 1, 1)},
			}},
			{Domain: "gamma.example", Contacts: all("it@gamma.example"), Managed: []cases.Interval{
				{Reseller: "north", Until: date(2025, 6, 1)}, {Reseller: "south", From: date(2025, 6, 1), Until: date(2026, 6, 1)},
				{Reseller: "north", From: date(2026, 6, 1)},
			}},
		},
	}
	if err := d.Index(); err != nil {
		panic(err)
	}
	return d
}

// Keys is a keyring with one key that is the same in every test.
func Keys() *mailer.Keyring {
	return &mailer.Keyring{Keys: []mailer.Key{{ID: 1, Secret: [32]byte{1, 2, 3}}}}
}

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func at(s string) mailer.Address { return mailer.MustAddress(s) }

func all(list ...string) []mailer.Address {
	var a []mailer.Address
	for _, s := range list {
		a = append(a, at(s))
	}
	return a
}
