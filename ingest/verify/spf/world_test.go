package spf_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"casegate/ingest/verify/spf"
	"casegate/mailer/dns"
)

// world is a Resolver over lines "name TYPE value", where the type FAIL makes
// lookups of the name fail. It notes what it is asked.
type world struct {
	records map[string][]string // by "name TYPE", lower-case name
	names   map[string]bool
	asked   []string // "TYPE name", in order
}

func newWorld(lines ...string) *world {
	w := &world{records: map[string][]string{}, names: map[string]bool{}}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, " ")
		kind, value, _ := strings.Cut(rest, " ")

		w.names[name] = true
		w.records[name+" "+kind] = append(w.records[name+" "+kind], value)
	}
	return w
}

func (w *world) ask(name, kind string) ([]string, error) {
	w.asked = append(w.asked, kind+" "+name)
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	switch {
	case w.records[name+" FAIL"] != nil:
		return nil, fmt.Errorf("%w: a test's\r\nfault", dns.ErrTemporary)
	case !w.names[name]:
		return nil, dns.ErrNoName
	}
	return w.records[name+" "+kind], nil
}

func (w *world) TXT(_ context.Context, name string) ([]string, error) { return w.ask(name, "TXT") }

func (w *world) MX(_ context.Context, name string) (list []dns.MX, err error) {
	hosts, err := w.ask(name, "MX")
	for _, host := range hosts {
		list = append(list, dns.MX{Host: host})
	}
	return list, err
}

func (w *world) addresses(name, kind string) (list []netip.Addr, err error) {
	texts, err := w.ask(name, kind)
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list, err
}

func (w *world) A(_ context.Context, name string) ([]netip.Addr, error) {
	return w.addresses(name, "A")
}

func (w *world) AAAA(_ context.Context, name string) ([]netip.Addr, error) {
	return w.addresses(name, "AAAA")
}

func (w *world) PTR(_ context.Context, addr netip.Addr) ([]string, error) {
	return w.ask(addr.String(), "PTR")
}

const (
	client4 = "192.0.2.1"
	client6 = "2001:db8::cb01"
)

// check checks ann@e.test, which a client writes for from a host in mail.test.
func (w *world) check(t testing.TB, client string) spf.Result {
	t.Helper()
	q := spf.Query{Helo: "mx.mail.test", Sender: "ann@e.test"}
	q.Client, _ = netip.ParseAddr(client)
	return spf.Check(t.Context(), q, w)
}

// is compares a result with what a rule demands.
func is(t *testing.T, rule string, got spf.Result, want spf.Status) {
	t.Helper()
	if got.Status != want {
		t.Errorf("%s: the check says %s (%s), want %s", rule, got.Status, got.Reason, want)
	}
	if got.Reason == "" || strings.ContainsFunc(got.Reason, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("%s: the operator is told %q, want one line", rule, got.Reason)
	}
}

// record is a line of a world for the record of e.test.
func record(terms string) string { return "e.test TXT v=spf1 " + terms }

// hasAsked tells whether a question was asked, letter case aside.
func (w *world) hasAsked(question string) bool {
	return slices.ContainsFunc(w.asked, func(q string) bool { return strings.EqualFold(q, question) })
}
