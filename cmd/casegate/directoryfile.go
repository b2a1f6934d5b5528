package main

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"

	"casegate/cases"
	"casegate/mailer"
)

// directoryFile is the declarative form of a cases.Directory, as people write
// it: the whole of who is who, in one file that can be kept under version
// control and applied again and again.
type directoryFile struct {
	Reseller map[string]resellerEntry `toml:"reseller"`
	Person   map[string]personEntry   `toml:"person"`
	Customer map[string]customerEntry `toml:"customer"`
}

type resellerEntry struct {
	Name     string   `toml:"name"`
	Domains  []string `toml:"domains"`
	Intake   string   `toml:"intake"`
	Prefix   string   `toml:"prefix"`
	Language string   `toml:"language"`
	Zone     string   `toml:"zone"`

	Monitoring []string `toml:"monitoring"`
}

type personEntry struct {
	Name     string         `toml:"name"`
	Language string         `toml:"language"`
	Zone     string         `toml:"zone"`
	Linked   []string       `toml:"linked"`
	Accounts []accountEntry `toml:"accounts"`
}

type accountEntry struct {
	Address string   `toml:"address"`
	Roles   []string `toml:"roles"`
}

type customerEntry struct {
	Name     string          `toml:"name"`
	Plan     string          `toml:"plan"`
	Language string          `toml:"language"`
	Zone     string          `toml:"zone"`
	Contacts []string        `toml:"contacts"`
	Grant    *bool           `toml:"grant"`
	Managed  []intervalEntry `toml:"managed"`

	Monitoring []string `toml:"monitoring"`
}

// intervalEntry has days, not moments: a change of reseller takes effect at
// midnight UTC.
type intervalEntry struct {
	Reseller string          `toml:"reseller"`
	From     *toml.LocalDate `toml:"from"`
	Until    *toml.LocalDate `toml:"until"`
}

//go:embed demo.toml
var demoTOML []byte

// demoDirectory is the directory of `serve --demo`.
func demoDirectory() (*cases.Directory, error) {
	return parseDirectory("demo.toml (built in)", demoTOML)
}

// loadDirectory reads a directory file.
func loadDirectory(file string) (*cases.Directory, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return parseDirectory(file, data)
}

// parseDirectory turns a directory file into an indexed directory. Its error
// joins everything that is wrong, each with the line where it stands.
func parseDirectory(name string, data []byte) (*cases.Directory, error) {
	var entries directoryFile
	f, err := readTOML(name, data, &entries)
	if err != nil {
		return nil, err
	}
	r := &directoryReader{file: f}
	d := &cases.Directory{}
	// A map has no order; the store compares directories, so they need one.
	for _, id := range slices.Sorted(maps.Keys(entries.Reseller)) {
		d.Resellers = append(d.Resellers, r.reseller(id, entries.Reseller[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(entries.Person)) {
		d.People = append(d.People, r.person(id, entries.Person[id]))
	}
	for _, domain := range slices.Sorted(maps.Keys(entries.Customer)) {
		d.Customers = append(d.Customers, r.customer(domain, entries.Customer[domain]))
	}
	if len(entries.Reseller) == 0 {
		// An empty or half-written file is a mistake: it would take everybody's
		// rights away.
		r.errs = append(r.errs, &fileError{File: name, Text: "holds no reseller: begin with a table such as [reseller.north]"})
	}
	if len(r.errs) == 0 {
		r.place(d.Index())
	}
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	return d, nil
}

type directoryReader struct {
	file *tomlFile
	errs []error
}

func (r *directoryReader) bad(key []string, format string, args ...any) {
	r.errs = append(r.errs, r.file.errorAt(key, format, args...))
}

func (r *directoryReader) reseller(id string, e resellerEntry) cases.Reseller {
	key := []string{"reseller", id}
	out := cases.Reseller{
		ID: cases.ResellerID(id), Name: e.Name, Domains: e.Domains, Prefix: e.Prefix, Language: e.Language, Zone: e.Zone,
	}
	if e.Name == "" {
		out.Name = id
	}
	// A missing intake is for Index to report.
	if e.Intake != "" {
		out.Intake = r.address(slices.Concat(key, []string{"intake"}), e.Intake)
	}
	out.Monitoring = r.addresses(slices.Concat(key, []string{"monitoring"}), e.Monitoring)
	r.language(key, e.Language)
	return out
}

func (r *directoryReader) person(id string, e personEntry) cases.Person {
	key := []string{"person", id}
	out := cases.Person{ID: id, Name: e.Name, Language: e.Language, Zone: e.Zone}
	out.Linked = r.addresses(slices.Concat(key, []string{"linked"}), e.Linked)
	for _, a := range e.Accounts {
		address := r.address(slices.Concat(key, []string{"accounts"}), a.Address)
		out.Accounts = append(out.Accounts, cases.Account{Address: address, Roles: a.Roles})
	}
	r.language(key, e.Language)
	return out
}

func (r *directoryReader) customer(domain string, e customerEntry) cases.Customer {
	key := []string{"customer", domain}
	out := cases.Customer{
		Domain: domain, Name: e.Name, Plan: e.Plan, Language: e.Language, Zone: e.Zone,
		Denied: e.Grant != nil && !*e.Grant,
	}
	out.Contacts = r.addresses(slices.Concat(key, []string{"contacts"}), e.Contacts)
	out.Monitoring = r.addresses(slices.Concat(key, []string{"monitoring"}), e.Monitoring)
	for _, m := range e.Managed {
		out.Managed = append(out.Managed, cases.Interval{
			Reseller: cases.ResellerID(m.Reseller), From: midnight(m.From), Until: midnight(m.Until),
		})
	}
	plans := []string{"", "Standard", "Enhanced", "Premium"}
	if !slices.Contains(plans, e.Plan) {
		r.bad(slices.Concat(key, []string{"plan"}), "%q is not known: want Standard, Enhanced or Premium", e.Plan)
	}
	r.language(key, e.Language)
	return out
}

func (r *directoryReader) addresses(key []string, list []string) []mailer.Address {
	var out []mailer.Address
	for _, s := range list {
		out = append(out, r.address(key, s))
	}
	return out
}

func (r *directoryReader) address(key []string, s string) mailer.Address {
	a, err := mailer.ParseAddress(s)
	if err != nil {
		r.bad(key, "%v", err)
	}
	return a
}

// validLanguage: a BCP 47 tag of language, script and region ("pl", "zh-TW").
// Which of them there are texts for is for the templates to say: others get
// English.
var validLanguage = regexp.MustCompile(`^([a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?)?$`)

func (r *directoryReader) language(key []string, tag string) {
	if !validLanguage.MatchString(tag) {
		r.bad(slices.Concat(key, []string{"language"}), "%q is not a language: want a tag such as pl or zh-TW", tag)
	}
}

func midnight(d *toml.LocalDate) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.AsTime(time.UTC)
}

// indexError is how Directory.Index begins each complaint.
var indexError = regexp.MustCompile(`^(reseller|person|customer) "([^"]*)": `)

// place gives each error of Index the line of the entry it is about.
func (r *directoryReader) place(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			r.place(e)
		}
		return
	}
	text := err.Error()
	m := indexError.FindStringSubmatch(text)
	if m == nil {
		r.errs = append(r.errs, &fileError{File: r.file.name, Text: text})
		return
	}
	r.bad([]string{m[1], m[2]}, "%s", text[len(m[0]):])
}
