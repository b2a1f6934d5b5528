package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"casegate/cases"
	"casegate/mailer"
)

// world is a store as simple as can be: what model compares a real one with.
type world struct {
	cases      map[cases.CaseID]cases.Case
	events     map[cases.CaseID][]cases.Event
	mails      map[mailer.ID]cases.MailRecord
	raw        map[mailer.ID]string
	ledger     map[cases.LedgerKey]remembered
	threads    map[string]cases.CaseID
	deliveries map[mailer.ID]mailer.Delivery
}

type remembered struct {
	id mailer.ID
	at time.Time
}

// clone: records are replaced as a whole, so the maps suffice.
func (w *world) clone() *world {
	c := world{maps.Clone(w.cases), maps.Clone(w.events), maps.Clone(w.mails), maps.Clone(w.raw), maps.Clone(w.ledger),
		maps.Clone(w.threads), maps.Clone(w.deliveries)}
	for id, events := range c.events {
		c.events[id] = slices.Clone(events)
	}
	return &c
}

func newWorld() *world {
	return &world{map[cases.CaseID]cases.Case{}, map[cases.CaseID][]cases.Event{}, map[mailer.ID]cases.MailRecord{}, map[mailer.ID]string{},
		map[cases.LedgerKey]remembered{}, map[string]cases.CaseID{}, map[mailer.ID]mailer.Delivery{}}
}

// op is one thing done to a store and to the world, drawn beforehand because the
// function of an Update may be run again.
type op struct {
	Kind     string
	Reseller cases.ResellerID
	N        int // of a case, a mail, a delivery, a key: small, so that they meet
	When     int
	Pick     int // which status, state or value
}

const (
	things = 6 // of each kind
	moment = time.Hour
)

func drawOp(t *rapid.T) op {
	return op{
		Kind: rapid.SampledFrom([]string{"create", "create", "case", "append", "append", "mail", "raw", "ledger", "thread",
			"delivery", "delivery", "prune"}).Draw(t, "kind"),
		Reseller: rapid.SampledFrom([]cases.ResellerID{north, south}).Draw(t, "reseller"),
		N:        rapid.IntRange(1, things).Draw(t, "n"),
		When:     rapid.IntRange(0, 5).Draw(t, "when"),
		Pick:     rapid.IntRange(0, 3).Draw(t, "pick"),
	}
}

func thingID(n int) mailer.ID { return mailer.ID(fmt.Sprintf("06%d", n)) }

var (
	statuses = []cases.MailStatus{cases.MailFiled, cases.MailHeld, cases.MailFailed, cases.MailNoted}
	states   = []mailer.DeliveryState{mailer.Waiting, mailer.Waiting, mailer.Sent, mailer.GivenUp}
)

// do does an op to both and checks that they agree on whether it can be done.
// day counts the updates: the ledger is told of a time that only goes forward.
func (o op) do(tx cases.Tx, w *world, day int) error {
	id := cases.CaseID{Reseller: o.Reseller, N: uint32(o.N)}
	at := day0.Add(time.Duration(o.When) * moment)
	known, exists := w.cases[id]
	switch o.Kind {
	case "create":
		id.N = uint32(w.count(o.Reseller) + 1)
		c := newCase(o.Reseller, id.N, at)
		w.cases[id] = *c
		return tx.CreateCase(c)
	case "case":
		if !exists {
			return missing("PutCase of "+id.String(), tx.PutCase(newCase(o.Reseller, id.N, at)))
		}
		known.Updated, known.Title = at, fmt.Sprint("title ", o.Pick)
		w.cases[id] = known
		return tx.PutCase(&known)
	case "append":
		e := cases.Event{Seq: len(w.events[id]) + 1, Time: at, Type: cases.EventMessage, Channel: fmt.Sprint(o.Pick)}
		if !exists {
			return missing("Append to "+id.String(), tx.Append(id, &e))
		}
		w.events[id] = append(w.events[id], e)
		return tx.Append(id, &e)
	case "mail":
		m := newMail(thingID(o.N), statuses[o.Pick])
		w.mails[m.ID] = *m
		return tx.PutMail(m)
	case "raw":
		if o.Pick == 0 {
			delete(w.raw, thingID(o.N))
			return tx.PutRaw(thingID(o.N), nil)
		}
		w.raw[thingID(o.N)] = strings.Repeat("x", o.Pick*1000)
		return tx.PutRaw(thingID(o.N), []byte(w.raw[thingID(o.N)]))
	case "ledger":
		r := remembered{thingID(o.Pick), day0.AddDate(0, 0, day)}
		w.ledger[cases.LedgerKey{byte(o.N)}] = r
		return tx.Remember(cases.LedgerKey{byte(o.N)}, r.id, r.at)
	case "thread":
		if !exists {
			return nil
		}
		key := string(o.Reseller) + fmt.Sprint(o.Pick)
		if _, taken := w.threads[key]; !taken {
			w.threads[key] = id
		}
		return tx.SetThread(o.Reseller, fmt.Sprint(o.Pick), id)
	case "delivery":
		d := newDelivery(thingID(o.N), states[o.Pick], at)
		if d.State != mailer.Waiting {
			d.Finished = at
		}
		w.deliveries[d.ID] = *d
		return tx.PutDelivery(d)
	default: // prune, at a midnight: there the day that the ledger may add makes no difference
		before := day0.AddDate(0, 0, max(0, day-o.When)).Truncate(24 * time.Hour)
		w.prune(before)
		_, _, err := tx.Prune(before, 1000)
		return err
	}
}

func (w *world) prune(before time.Time) {
	maps.DeleteFunc(w.ledger, func(_ cases.LedgerKey, r remembered) bool { return r.at.Before(before) })
	maps.DeleteFunc(w.deliveries, func(_ mailer.ID, d mailer.Delivery) bool {
		return d.State != mailer.Waiting && d.Finished.Before(before)
	})
}

func (w *world) count(r cases.ResellerID) int {
	n := 0
	for id := range w.cases {
		if id.Reseller == r {
			n++
		}
	}
	return n
}

// agrees compares everything that can be asked of a store with the world.
func (w *world) agrees(tx cases.Tx) error {
	for _, r := range []cases.ResellerID{north, south} {
		if err := w.agreesOnCases(tx, r); err != nil {
			return err
		}
	}
	for _, status := range append([]cases.MailStatus{""}, statuses...) {
		if err := w.agreesOnMails(tx, status); err != nil {
			return err
		}
	}
	for _, state := range states {
		if err := w.agreesOnDeliveries(tx, state); err != nil {
			return err
		}
	}
	for n := range things + 1 {
		if err := w.agreesOnThing(tx, n); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) agreesOnCases(tx cases.Tx, r cases.ResellerID) error {
	var expected []cases.Case
	for id, c := range w.cases {
		if id.Reseller != r {
			continue
		}
		expected = append(expected, c)
		byNumber, err := tx.CaseByNumber(r, c.Number)
		if err != nil {
			return err
		}
		events, err := tx.History(id, 1, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(want("CaseByNumber", *byNumber, c), want("the history of "+id.String(), events, w.events[id])); err != nil {
			return err
		}
	}
	slices.SortFunc(expected, func(a, b cases.Case) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(b.ID.N, a.ID.N))
	})
	got, err := collect(tx.Cases(r))
	if err != nil {
		return err
	}
	next, err := tx.NextCase(r)
	if err != nil {
		return err
	}
	return errors.Join(want("the cases of "+string(r), got, expected), want("NextCase", int(next), len(expected)+1))
}

func (w *world) agreesOnMails(tx cases.Tx, status cases.MailStatus) error {
	var expected []cases.MailRecord
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(w.mails))) {
		if m := w.mails[id]; status == "" || m.Status == status {
			expected = append(expected, m)
		}
	}
	listed, err := mailIDs(tx, status)
	if err != nil {
		return err
	}
	var got []cases.MailRecord
	for _, id := range listed {
		m, err := tx.Mail(id)
		if err != nil {
			return err
		}
		got = append(got, *m)
	}
	return want(fmt.Sprintf("the mails of status %q", status), got, expected)
}

func (w *world) agreesOnDeliveries(tx cases.Tx, state mailer.DeliveryState) error {
	var expected []mailer.Delivery
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(w.deliveries))) {
		if w.deliveries[id].State == state {
			expected = append(expected, w.deliveries[id])
		}
	}
	got, err := collect(tx.Deliveries(state))
	if err != nil {
		return err
	}
	if state == mailer.Waiting {
		if !slices.IsSortedFunc(got, func(a, b mailer.Delivery) int { return a.Due.Compare(b.Due) }) {
			return fmt.Errorf("waiting deliveries are not in the order of their due times: %v", got)
		}
		// Those that are due together have no order.
		slices.SortFunc(got, func(a, b mailer.Delivery) int { return cmp.Compare(b.ID, a.ID) })
	}
	return want(fmt.Sprintf("the %s deliveries", state), got, expected)
}

func (w *world) agreesOnThing(tx cases.Tx, n int) error {
	id := thingID(n)
	raw, err := tx.Raw(id)
	if expected, ok := w.raw[id]; ok != (err == nil) || string(raw) != expected {
		return fmt.Errorf("raw mail %s: %d octets, %v; want %d", id, len(raw), err, len(expected))
	}
	d, err := tx.Delivery(id)
	if expected, ok := w.deliveries[id]; ok != (err == nil) || ok && want("", *d, expected) != nil {
		return fmt.Errorf("delivery %s: %v, %v; want %v", id, d, err, expected)
	}
	mail, err := tx.Recall(cases.LedgerKey{byte(n)})
	if expected, ok := w.ledger[cases.LedgerKey{byte(n)}]; ok != (err == nil) || mail != expected.id {
		return fmt.Errorf("ledger key %d: %s, %v; want %v", n, mail, err, expected)
	}
	for _, r := range []cases.ResellerID{north, south} {
		thread, err := tx.Thread(r, fmt.Sprint(n))
		if expected, ok := w.threads[string(r)+fmt.Sprint(n)]; ok != (err == nil) || thread != expected {
			return fmt.Errorf("thread %d of %s: %v, %v; want %v", n, r, thread, err, expected)
		}
	}
	return nil
}

var errAbandoned = errors.New("abandoned")

// model: whatever is done in whatever order, by updates that are kept or
// abandoned, the store and the world agree, inside the update and after it.
func model(t *testing.T, open func(t *testing.T) cases.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s, w := open(t), newWorld()
		for day := range rapid.IntRange(1, 12).Draw(rt, "updates") {
			ops := rapid.SliceOfN(rapid.Custom(drawOp), 1, 12).Draw(rt, "ops")
			abandon := rapid.IntRange(0, 4).Draw(rt, "abandon") == 0
			var after *world
			err := s.Update(t.Context(), func(tx cases.Tx) error {
				after = w.clone()
				for _, o := range ops {
					if err := o.do(tx, after, day); err != nil {
						return fmt.Errorf("%+v: %w", o, err)
					}
				}
				if err := after.agrees(tx); err != nil {
					return fmt.Errorf("inside the update: %w", err)
				}
				if abandon {
					return errAbandoned
				}
				return nil
			})
			switch {
			case abandon && errors.Is(err, errAbandoned):
			case err != nil || abandon:
				rt.Fatalf("update %d: %v", day, err)
			default:
				w = after
			}
			if err := s.View(t.Context(), w.agrees); err != nil {
				rt.Fatalf("after update %d: %v", day, err)
			}
		}
	})
}
