// Package storetest is what every cases.Store must do, as a test to run against
// each. It is for tests only.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"casegate/cases"
	"casegate/mailer"
)

// Run tests a store. open gives an empty one, which it closes when t ends.
func Run(t *testing.T, open func(t *testing.T) cases.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, cases.Store)
	}{
		{"directory", directory},
		{"cases", createCases},
		{"a case is what was put", putCase},
		{"order of cases", orderOfCases},
		{"resellers do not mix", resellers},
		{"history", history},
		{"mail records", mails},
		{"mails that wait for a reseller", mailsOf},
		{"raw mail", rawMail},
		{"ledger", ledger},
		{"threads", threads},
		{"deliveries", deliveries},
		{"block lists", blocks},
		{"prune", prune},
		{"prune refused mail", pruneRefused},
		{"what is not there", notFound},
		{"a view does not write", readOnly},
		{"times", times},
		{"text", text},
		{"values belong to the caller", isolation},
		{"writing while reading a list", writingWhileReading},
		{"an error undoes everything", errorUndoes},
		{"a panic undoes everything", panicUndoes},
		{"context", contexts},
		{"no update is lost", noLostUpdate},
		{"soon is as good as now", soon},
		{"failures among successes", failuresAmongSuccesses},
		{"a view sees one state", oneState},
		{"a view sees one directory", oldDirectory},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("model", func(t *testing.T) { model(t, open) })
}

var (
	north = cases.ResellerID("north")
	south = cases.ResellerID("south")
	// day0 is a time with nothing round about it.
	day0 = time.Date(2026, 11, 20, 13, 14, 15, 678901234, time.UTC)

	compare = cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreUnexported(cases.Directory{}),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	}
)

func update(t *testing.T, s cases.Store, f func(cases.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), f); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s cases.Store, f func(cases.Tx) error) {
	t.Helper()
	if err := s.View(context.Background(), f); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// want is an error unless what was got is what was expected.
func want(what string, got, expected any) error {
	if diff := cmp.Diff(expected, got, compare); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return nil
}

// all runs steps up to the first error.
func all(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func collect[T any](list iter.Seq2[*T, error]) ([]T, error) {
	var got []T
	for v, err := range list {
		if err != nil {
			return nil, err
		}
		got = append(got, *v)
	}
	return got, nil
}

func newCase(r cases.ResellerID, n uint32, updated time.Time) *cases.Case {
	return &cases.Case{
		ID: cases.CaseID{Reseller: r, N: n}, Number: fmt.Sprintf("%s-%d", prefixOf(r), n), Title: "Drucker kaputt",
		State: cases.New, Priority: cases.P3, Customer: "acme.example", Created: day0, Updated: updated,
		Participants: []cases.Participant{{
			No: 1, Person: "anna", Address: mailer.MustAddress("anna@corp.example"), Name: "Anna Nowak",
			Role: cases.RoleRequester, Since: day0,
		}},
	}
}

func prefixOf(r cases.ResellerID) string {
	return map[cases.ResellerID]string{north: "NORTH", south: "SOUTH"}[r]
}

func newMail(id mailer.ID, status cases.MailStatus) *cases.MailRecord {
	return &cases.MailRecord{
		ID: id, Reseller: north, Received: day0, Door: "mx", Subject: "Re: <b>&amp;</b>", MessageID: "1@acme.example",
		Envelope: mailer.Envelope{
			ReversePath: mailer.MustAddress("it@acme.example"), Helo: "mail.acme.example", TLS: true,
			Recipients: []mailer.Address{mailer.MustAddress("support@north.example"), mailer.MustAddress(`"a b"@north.example`)},
			Remote:     netip.MustParseAddr("2001:db8::25"),
		},
		Identity: mailer.Identity{Level: mailer.VerifiedSPF, Address: mailer.MustAddress("it@acme.example"), Why: "SPF"},
		Size:     3, Sum: cases.Sum{1, 2, 0xff}, Status: status, Reason: "why",
		Cases:    []cases.CaseID{{Reseller: north, N: 1}},
		Outcomes: []mailer.Outcome{{Recipient: mailer.MustAddress("support@north.example"), Verdict: mailer.Accepted}},
		Trace:    mailer.Trace{Checks: []mailer.Check{{Name: "recipient", Verdict: "intake"}}, Effects: []string{"case made"}},
	}
}

func newDelivery(id mailer.ID, state mailer.DeliveryState, due time.Time) *mailer.Delivery {
	return &mailer.Delivery{
		ID: id, Recipient: mailer.MustAddress("anna@corp.example"), Tenant: string(north), Case: 1, Participant: 1,
		First: 1, Last: 2, State: state, Created: day0, Due: due, Attempts: 3, LastError: "451 4.3.0 später",
	}
}

func ids[T any](list []T, id func(T) mailer.ID) []mailer.ID {
	var got []mailer.ID
	for _, v := range list {
		got = append(got, id(v))
	}
	return got
}

func mailIDs(tx cases.Tx, status cases.MailStatus, of ...cases.ResellerID) ([]mailer.ID, error) {
	var got []mailer.ID
	for id, err := range tx.Mails(status, of...) {
		if err != nil {
			return nil, err
		}
		got = append(got, id)
	}
	return got, nil
}

func deliveryIDs(tx cases.Tx, state mailer.DeliveryState) ([]mailer.ID, error) {
	list, err := collect(tx.Deliveries(state))
	return ids(list, func(d mailer.Delivery) mailer.ID { return d.ID }), err
}

func caseNumbers(tx cases.Tx, r cases.ResellerID) ([]uint32, error) {
	list, err := collect(tx.Cases(r))
	var got []uint32
	for _, c := range list {
		got = append(got, c.ID.N)
	}
	return got, err
}

// missing is an error unless err is ErrNotFound.
func missing(what string, err error) error {
	if !errors.Is(err, cases.ErrNotFound) {
		return fmt.Errorf("%s gave %v; want ErrNotFound", what, err)
	}
	return nil
}
