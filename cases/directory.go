package cases

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"casegate/mailer"
)

// Directory is who is who: resellers, people and customers. It is set as a
// whole, from a declarative file, and then read only; call Index after filling
// one.
type Directory struct {
	Resellers []Reseller `json:"resellers"`
	People    []Person   `json:"people"`
	Customers []Customer `json:"customers"`

	resellers map[ResellerID]*Reseller
	tenants   map[uint32]*Reseller
	domains   map[string]*Reseller
	intakes   map[mailer.Address]*Reseller
	people    map[string]*Person
	addresses map[mailer.Address]*Person
	customers map[string]*Customer
	contacts  map[mailer.Address][]*Customer
	monitors  map[mailer.Address][]*Customer
}

// Reseller is a tenant: a reseller account with its domains.
type Reseller struct {
	ID       ResellerID     `json:"id"`
	Name     string         `json:"name"`    // what people call its support: "North Support"
	Domains  []string       `json:"domains"` // the first is the main one, the others secondary (R64)
	Intake   mailer.Address `json:"intake"`  // mail to it files a case
	Prefix   string         `json:"prefix"`  // of case numbers: "NORTH"
	Language string         `json:"language"`
	Zone     string         `json:"zone"` // IANA time zone

	// Monitoring are addresses that alert about any of its customers; see
	// Customer.Monitoring.
	Monitoring []mailer.Address `json:"monitoring,omitempty"`
}

// Person is somebody with accounts in reseller domains. It is one person
// whatever the number of accounts, and hears of an event once (R70).
type Person struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Language string           `json:"language,omitempty"` // "": the reseller's
	Zone     string           `json:"zone,omitempty"`
	Linked   []mailer.Address `json:"linked,omitempty"` // where the person reads and writes mail
	Accounts []Account        `json:"accounts,omitempty"`
}

// Account is a user of a reseller domain. Rights in one give nothing in
// another, even for the same person (R55).
type Account struct {
	Address mailer.Address `json:"address"`
	Roles   []string       `json:"roles"`
}

// Roles and privileges an account can have (R67).
const (
	RoleResellerAdmin = "reseller-admin"  // all of the others
	RoleSupportAgent  = "agent"           // hears of new cases, answers them
	PrivilegeSupport  = "support"         // with the next two: may file and manage
	PrivilegeView     = "customers.view"  // alone: the list of customers only
	PrivilegeCases    = "customers.cases" // access to customers' support cases
)

var knownRoles = []string{RoleResellerAdmin, RoleSupportAgent, PrivilegeSupport, PrivilegeView, PrivilegeCases}

// Customer is a customer of one reseller at a time, known by its main domain.
type Customer struct {
	Domain   string           `json:"domain"`
	Name     string           `json:"name,omitempty"`
	Plan     string           `json:"plan,omitempty"` // "Standard", "Enhanced", "Premium"
	Language string           `json:"language,omitempty"`
	Zone     string           `json:"zone,omitempty"`
	Contacts []mailer.Address `json:"contacts,omitempty"` // may file cases for it
	Denied   bool             `json:"denied,omitempty"`   // has not granted access (R12, R20)
	Managed  []Interval       `json:"managed"`

	// Monitoring are addresses of systems that alert about it: they may file cases
	// for it by automatic mail (R78), and are never written to.
	Monitoring []mailer.Address `json:"monitoring,omitempty"`
}

// Interval is a time in which a reseller manages a customer: From included,
// Until not; a zero time is open.
type Interval struct {
	Reseller ResellerID `json:"reseller"`
	From     time.Time  `json:"from,omitzero"`
	Until    time.Time  `json:"until,omitzero"`
}

// Covers tells whether a moment lies in the interval.
func (i Interval) Covers(t time.Time) bool {
	return !t.Before(i.From) && (i.Until.IsZero() || t.Before(i.Until))
}

// ManagedBy tells whether a reseller manages the customer at a moment (R29).
func (c *Customer) ManagedBy(r ResellerID, at time.Time) bool {
	return slices.ContainsFunc(c.Managed, func(i Interval) bool { return i.Reseller == r && i.Covers(at) })
}

// Has tells whether the account has a role or privilege; a reseller admin has all
// but the agent's.
func (a *Account) Has(role string) bool {
	return slices.Contains(a.Roles, role) || role != RoleSupportAgent && slices.Contains(a.Roles, RoleResellerAdmin)
}

// MayFile: the rights of R67 to file and manage cases.
func (a *Account) MayFile() bool {
	return a.Has(PrivilegeSupport) && a.Has(PrivilegeView) && a.Has(PrivilegeCases)
}

// Reseller finds a reseller by its id; nil if there is none.
func (d *Directory) Reseller(id ResellerID) *Reseller { return d.resellers[id] }

// Tenant finds a reseller by the tag that tokens carry.
func (d *Directory) Tenant(tag uint32) *Reseller { return d.tenants[tag] }

// ResellerOf finds the reseller that a domain belongs to.
func (d *Directory) ResellerOf(domain string) *Reseller { return d.domains[domain] }

// Intake finds the reseller whose intake an address is, and the customer named
// after a plus: support+acme.example@north.example.
func (d *Directory) Intake(a mailer.Address) (r *Reseller, customer string) {
	key := a.Key()
	if r := d.intakes[key]; r != nil {
		return r, ""
	}
	local, tag, ok := strings.Cut(key.Local, "+")
	if !ok {
		return nil, ""
	}
	return d.intakes[mailer.Address{Local: local, Domain: key.Domain}], tag
}

// Person finds a person by id.
func (d *Directory) Person(id string) *Person { return d.people[id] }

// PersonAt finds the person an address belongs to, as an account or linked.
func (d *Directory) PersonAt(a mailer.Address) *Person { return d.addresses[a.Key()] }

// Customer finds a customer by its domain.
func (d *Directory) Customer(domain string) *Customer { return d.customers[domain] }

// ContactOf lists the customers an address is a contact of.
func (d *Directory) ContactOf(a mailer.Address) []*Customer { return d.contacts[a.Key()] }

// AccountIn gives a person's account in a reseller's domains; nil if there is none.
func (d *Directory) AccountIn(p *Person, r ResellerID) *Account {
	if p == nil {
		return nil
	}
	for i := range p.Accounts {
		if at := d.domains[p.Accounts[i].Address.Domain]; at != nil && at.ID == r {
			return &p.Accounts[i]
		}
	}
	return nil
}

// Agents lists the people who answer a reseller's cases.
func (d *Directory) Agents(r ResellerID) []*Person {
	var agents []*Person
	for i := range d.People {
		if a := d.AccountIn(&d.People[i], r); a != nil && a.Has(RoleSupportAgent) {
			agents = append(agents, &d.People[i])
		}
	}
	return agents
}

// Mailbox is where a person reads mail: the first linked address, else the
// account itself. Mail to a Cloud Identity address would only come back to us.
func (p *Person) Mailbox() mailer.Address {
	if len(p.Linked) > 0 {
		return p.Linked[0]
	}
	if len(p.Accounts) > 0 {
		return p.Accounts[0].Address
	}
	return mailer.Address{}
}

// Index checks the directory and makes it ready for look-ups. Its error joins
// everything that is wrong.
func (d *Directory) Index() error {
	d.resellers, d.tenants, d.domains = map[ResellerID]*Reseller{}, map[uint32]*Reseller{}, map[string]*Reseller{}
	d.intakes, d.people, d.addresses = map[mailer.Address]*Reseller{}, map[string]*Person{}, map[mailer.Address]*Person{}
	d.customers, d.contacts = map[string]*Customer{}, map[mailer.Address][]*Customer{}
	d.monitors = map[mailer.Address][]*Customer{}
	var errs []error
	for i := range d.Resellers {
		errs = append(errs, d.addReseller(&d.Resellers[i]))
	}
	for i := range d.Resellers { // when every intake is known
		errs = append(errs, d.checkMonitors(fmt.Sprintf("reseller %q", d.Resellers[i].ID), d.Resellers[i].Monitoring))
	}
	for i := range d.People {
		errs = append(errs, d.addPerson(&d.People[i]))
	}
	for i := range d.Customers {
		errs = append(errs, d.addCustomer(&d.Customers[i]))
	}
	return errors.Join(errs...)
}

var (
	validID     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	validPrefix = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,11}$`)
)

func (d *Directory) addReseller(r *Reseller) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("reseller %q: "+format, append([]any{r.ID}, args...)...))
	}
	if !validID.MatchString(string(r.ID)) {
		bad("the name must be letters a-z, digits and hyphens, at most 32")
	}
	if d.resellers[r.ID] != nil {
		bad("stands twice")
	}
	tag := mailer.TenantTag(string(r.ID))
	if other := d.tenants[tag]; other != nil {
		bad("its name collides with %q in tokens: choose another name", other.ID)
	}
	if len(r.Domains) == 0 {
		bad("has no domain: set domains = [\"north.example\"]")
	}
	for _, domain := range r.Domains {
		if a, err := mailer.NewAddress("x", domain); err != nil || a.Domain != domain {
			bad("domain %q is not a lower-case domain name", domain)
		}
		if other := d.domains[domain]; other != nil {
			bad("domain %q belongs to reseller %q", domain, other.ID)
		}
		d.domains[domain] = r
	}
	switch {
	case r.Intake.IsZero():
		bad("has no intake: set intake = \"support@%s\"", strings.Join(r.Domains[:min(1, len(r.Domains))], ""))
	case !slices.Contains(r.Domains, r.Intake.Domain):
		bad("intake %q is not in one of its domains", r.Intake)
	case d.intakes[r.Intake.Key()] != nil:
		bad("intake %q is another reseller's", r.Intake)
	}
	if !validPrefix.MatchString(r.Prefix) {
		bad("prefix %q must be 1 to 12 upper-case letters and digits, a letter first", r.Prefix)
	}
	for i := range d.Resellers {
		if other := &d.Resellers[i]; other != r && other.Prefix == r.Prefix && d.resellers[other.ID] == other {
			bad("prefix %q is reseller %q's", r.Prefix, other.ID)
		}
	}
	if err := errors.Join(checkZone(r.Zone), checkLanguage(r.Language)); err != nil {
		bad("%v", err)
	}
	d.resellers[r.ID], d.tenants[tag], d.intakes[r.Intake.Key()] = r, r, r
	return errors.Join(errs...)
}

func (d *Directory) addPerson(p *Person) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("person %q: "+format, append([]any{p.ID}, args...)...))
	}
	if !validID.MatchString(p.ID) {
		bad("the name must be letters a-z, digits and hyphens, at most 32")
	}
	if d.people[p.ID] != nil {
		bad("stands twice")
	}
	d.people[p.ID] = p
	own := func(a mailer.Address) {
		if other := d.addresses[a.Key()]; other != nil && other != p {
			bad("address %q belongs to person %q", a, other.ID)
		}
		if r, _ := d.Intake(a); r != nil {
			bad("address %q is the intake of reseller %q", a, r.ID)
		}
		d.addresses[a.Key()] = p
	}
	d.checkAccounts(p.Accounts, bad)
	for _, a := range p.Accounts {
		if d.domains[a.Address.Domain] != nil {
			own(a.Address)
		}
	}
	for _, a := range p.Linked {
		if r := d.domains[a.Domain]; r != nil {
			bad("linked address %q is in reseller %q's domain, which has no mailboxes: list it under accounts", a, r.ID)
		}
		own(a)
	}
	if err := checkLanguage(p.Language); err != nil {
		bad("%v", err)
	}
	if len(p.Accounts) == 0 {
		bad("has no account in a reseller's domain")
	}
	if err := checkZone(p.Zone); err != nil {
		bad("%v", err)
	}
	return errors.Join(errs...)
}

// checkAccounts reports what is wrong with a person's accounts: there is one with a
// reseller at most.
func (d *Directory) checkAccounts(accounts []Account, bad func(format string, args ...any)) {
	seen := map[ResellerID]bool{}
	for _, a := range accounts {
		r := d.domains[a.Address.Domain]
		if r == nil {
			bad("account %q is in no reseller's domain", a.Address)
			continue
		}
		if seen[r.ID] {
			bad("has two accounts with reseller %q", r.ID)
		}
		seen[r.ID] = true
		for _, role := range a.Roles {
			if !slices.Contains(knownRoles, role) {
				bad("account %q: unknown role %q: want one of %s", a.Address, role, strings.Join(knownRoles, ", "))
			}
		}
	}
}

func (d *Directory) addCustomer(c *Customer) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("customer %q: "+format, append([]any{c.Domain}, args...)...))
	}
	if a, err := mailer.NewAddress("x", c.Domain); err != nil || a.Domain != c.Domain {
		bad("is not a lower-case domain name")
	}
	if d.customers[c.Domain] != nil {
		bad("stands twice")
	}
	if r := d.domains[c.Domain]; r != nil {
		bad("is a domain of reseller %q", r.ID)
	}
	d.customers[c.Domain] = c
	for i, m := range c.Managed {
		if d.resellers[m.Reseller] == nil {
			bad("managed by unknown reseller %q", m.Reseller)
		}
		if !m.From.IsZero() && !m.Until.IsZero() && !m.From.Before(m.Until) {
			bad("interval %d ends before it begins", i+1)
		}
		for _, other := range c.Managed[:i] {
			if overlap(m, other) {
				bad("interval %d overlaps an earlier one", i+1)
			}
		}
	}
	if err := checkLanguage(c.Language); err != nil {
		bad("%v", err)
	}
	for _, a := range c.Contacts {
		if r := d.domains[a.Domain]; r != nil { // mail to it would come back to us (T87)
			bad("contact %q is in reseller %q's domain, which has no mailboxes", a, r.ID)
		}
		d.contacts[a.Key()] = append(d.contacts[a.Key()], c)
	}
	for _, a := range c.Monitoring {
		d.monitors[a.Key()] = append(d.monitors[a.Key()], c)
	}
	errs = append(errs, d.checkMonitors(fmt.Sprintf("customer %q", c.Domain), c.Monitoring))
	if err := checkZone(c.Zone); err != nil {
		bad("%v", err)
	}
	return errors.Join(errs...)
}

// checkMonitors refuses an intake as a monitoring sender: what we send from there
// would come back as a case (T87).
func (d *Directory) checkMonitors(whose string, list []mailer.Address) error {
	var errs []error
	for _, a := range list {
		if r, _ := d.Intake(a); r != nil {
			errs = append(errs, fmt.Errorf("%s: monitoring %q is the intake of reseller %q", whose, a, r.ID))
		}
	}
	return errors.Join(errs...)
}

func (r *Reseller) monitoredBy(a mailer.Address) bool { return slices.ContainsFunc(r.Monitoring, a.Is) }

func overlap(a, b Interval) bool {
	return (a.Until.IsZero() || b.From.Before(a.Until)) && (b.Until.IsZero() || a.From.Before(b.Until))
}

// Languages are those that notices are, or will be, written in (R77).
var Languages = []string{"en", "pl", "zh-TW", "sv", "it", "id"}

func checkLanguage(tag string) error {
	if tag != "" && !slices.Contains(Languages, tag) {
		return fmt.Errorf("unknown language %q: want one of %s", tag, strings.Join(Languages, ", "))
	}
	return nil
}

func checkZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil {
		return fmt.Errorf("unknown time zone %q: want a name such as Europe/Warsaw", zone)
	}
	return nil
}
