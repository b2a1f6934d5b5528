package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

func ledger(t *testing.T, s cases.Store) {
	key := func(n byte) cases.LedgerKey { return cases.LedgerKey{n, 15: n} }
	update(t, s, func(tx cases.Tx) error {
		for n := range byte(31) { // thirty days, as long as it is kept
			if err := tx.Remember(key(n), mailer.ID(fmt.Sprintf("06%02d", n)), day0.AddDate(0, 0, int(n))); err != nil {
				return err
			}
		}
		if err := tx.Remember(key(3), "06zz", day0.AddDate(0, 0, 30)); err != nil {
			return err
		}
		id, err := tx.Recall(key(3))
		if err != nil || id != "06zz" {
			return fmt.Errorf("a mail that came again: Recall gave %s, %v; want the later id", id, err)
		}
		return nil
	})
	view(t, s, func(tx cases.Tx) error {
		for n := range byte(31) {
			expected := mailer.ID(fmt.Sprintf("06%02d", n))
			if n == 3 {
				expected = "06zz"
			}
			if id, err := tx.Recall(key(n)); err != nil || id != expected {
				return fmt.Errorf("the mail of day %d: Recall gave %s, %v; want %s", n, id, err, expected)
			}
		}
		_, err := tx.Recall(key(31))
		return missing("Recall of what was never taken", err)
	})
}

func deliveries(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(
			tx.PutDelivery(newDelivery("06a", mailer.Waiting, day0.Add(3*time.Second))),
			tx.PutDelivery(newDelivery("06b", mailer.Waiting, day0.Add(time.Nanosecond))),
			tx.PutDelivery(newDelivery("06c", mailer.Waiting, day0.AddDate(-100, 0, 0))),
			tx.PutDelivery(newDelivery("06d", mailer.Sent, day0)),
			tx.PutDelivery(newDelivery("06e", mailer.Waiting, day0)),
			tx.PutDelivery(newDelivery("06f", mailer.Sent, day0.Add(-time.Second))))
	})
	listed := func(state mailer.DeliveryState, expected ...mailer.ID) func(cases.Tx) error {
		return func(tx cases.Tx) error {
			got, err := deliveryIDs(tx, state)
			if err != nil {
				return err
			}
			return want(fmt.Sprintf("the %s deliveries in order", state), got, expected)
		}
	}
	view(t, s, func(tx cases.Tx) error {
		got, err := tx.Delivery("06b")
		if err != nil {
			return err
		}
		if err := want("the delivery", got, newDelivery("06b", mailer.Waiting, day0.Add(time.Nanosecond))); err != nil {
			return err
		}
		return errors.Join(listed(mailer.Waiting, "06c", "06e", "06b", "06a")(tx), listed(mailer.Sent, "06f", "06d")(tx), listed(mailer.Dropped)(tx))
	})
	update(t, s, func(tx cases.Tx) error {
		again := newDelivery("06d", mailer.Waiting, day0.Add(time.Hour)) // tried again by the operator
		done := newDelivery("06c", mailer.GivenUp, day0)
		done.Finished = day0
		if err := errors.Join(tx.PutDelivery(again), tx.PutDelivery(done),
			tx.PutDelivery(newDelivery("06e", mailer.Waiting, day0.Add(time.Minute)))); err != nil {
			return err
		}
		return listed(mailer.Waiting, "06b", "06a", "06e", "06d")(tx)
	})
	view(t, s, func(tx cases.Tx) error {
		return errors.Join(listed(mailer.Waiting, "06b", "06a", "06e", "06d")(tx), listed(mailer.Sent, "06f")(tx), listed(mailer.GivenUp, "06c")(tx))
	})
}

// The ledger may keep an entry for a day longer than it was asked to.
func prune(t *testing.T, s cases.Store) {
	const each = 10
	id := func(kind string, n int) mailer.ID { return mailer.ID(fmt.Sprintf("06%s%02d", kind, n)) }
	update(t, s, func(tx cases.Tx) error {
		for n := range each {
			old := newDelivery(id("old", n), mailer.Sent, day0)
			old.Finished = day0.Add(-time.Duration(n) * time.Hour)
			young := newDelivery(id("young", n), mailer.GivenUp, day0)
			young.Finished = day0.Add(time.Duration(n+1) * time.Nanosecond)
			waiting := newDelivery(id("waiting", n), mailer.Waiting, day0.AddDate(-1, 0, 0))
			if err := errors.Join(tx.PutDelivery(old), tx.PutDelivery(young), tx.PutDelivery(waiting),
				tx.Remember(cases.LedgerKey{0, byte(n)}, "06old", day0.AddDate(0, 0, -2-n/4)),
				tx.Remember(cases.LedgerKey{1, byte(n)}, "06young", day0.Add(time.Duration(n)*time.Hour))); err != nil {
				return err
			}
		}
		return nil
	})
	before := day0.Add(time.Nanosecond)
	total, steps := 0, 0
	for {
		var n int
		update(t, s, func(tx cases.Tx) (err error) {
			n, _, err = tx.Prune(before, 3)
			return err
		})
		if n > 6 {
			t.Fatalf("Prune(…, 3) forgot %d; want at most 3 of the ledger and 3 deliveries", n)
		}
		if total += n; n == 0 || steps > 20 {
			break
		}
		steps++
	}
	if total != 2*each || steps < 4 {
		t.Errorf("Prune forgot %d in %d steps; want %d in at least 4", total, steps, 2*each)
	}
	view(t, s, func(tx cases.Tx) error {
		var errs []error
		for n := range each {
			_, err := tx.Delivery(id("old", n))
			errs = append(errs, missing("an old finished delivery", err))
			_, err = tx.Recall(cases.LedgerKey{0, byte(n)})
			errs = append(errs, missing("an old ledger entry", err))
			_, err = tx.Recall(cases.LedgerKey{1, byte(n)})
			errs = append(errs, err)
		}
		for state, expected := range map[mailer.DeliveryState]int{mailer.Sent: 0, mailer.GivenUp: each, mailer.Waiting: each} {
			if got, err := deliveryIDs(tx, state); err != nil || len(got) != expected {
				errs = append(errs, fmt.Errorf("%d %s deliveries are left (%v); want %d", len(got), state, err, expected))
			}
		}
		return errors.Join(errs...)
	})
}

// Instants come back to the nanosecond; the zone may be another.
func times(t *testing.T, s cases.Store) {
	for i, at := range []time.Time{
		{}, day0, day0.Local(), day0.In(time.FixedZone("", 5*3600+45*60)), day0.In(time.FixedZone("x", -3600)),
		time.Now(), time.Unix(0, 0), time.Unix(-1, 999999999), time.Date(1, 1, 2, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 30, 23, 59, 59, 999999999, time.UTC),
	} {
		c := newCase(north, uint32(i+1), at)
		c.Participants[0].Left = at
		d := newDelivery(mailer.ID(fmt.Sprintf("06%02d", i)), mailer.Waiting, at)
		d.Finished = at
		update(t, s, func(tx cases.Tx) error { return errors.Join(tx.CreateCase(c), tx.PutDelivery(d)) })
		view(t, s, func(tx cases.Tx) error {
			gotCase, err := tx.Case(c.ID)
			if err != nil {
				return err
			}
			got, err := tx.Delivery(d.ID)
			if err != nil {
				return err
			}
			if !gotCase.Updated.Equal(at) || !gotCase.Participants[0].Left.Equal(at) || !got.Due.Equal(at) || !got.Finished.Equal(at) {
				return fmt.Errorf("%v came back as %v, %v", at, gotCase.Updated, got.Due)
			}
			if gotCase.Participants[0].Active() != at.IsZero() {
				return fmt.Errorf("%v: a zero time must stay one, and no other become one", at)
			}
			return nil
		})
	}
	view(t, s, func(tx cases.Tx) error {
		var last time.Time
		for d, err := range tx.Deliveries(mailer.Waiting) {
			if err != nil {
				return err
			}
			if d.Due.Before(last) {
				return fmt.Errorf("a delivery due at %v comes after one due at %v", d.Due, last)
			}
			last = d.Due
		}
		return nil
	})
}

// What people write comes back as they wrote it (T62).
func text(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error { return tx.CreateCase(newCase(north, 1, day0)) })
	for i, text := range []string{
		"", "<script>&amp;</script>", "zażółć gęślą jaźń", "客戶案例 繁體", "👩‍👩‍👧 \U0001F1F5\U0001F1F1", "\u202egnp.exe", "a\u2028b\u2029c",
		"\ufeffBOM", "\\u0041 \\n \\\"", "\x7f\x01\x1b[31m", "e\u0301 é", "\ufffd",
	} {
		e := &cases.Event{Seq: i + 1, Time: day0, Type: cases.EventMessage, Message: &cases.Message{Subject: text, Text: text + "\n" + text}}
		update(t, s, func(tx cases.Tx) error { return tx.Append(cases.CaseID{Reseller: north, N: 1}, e) })
		view(t, s, func(tx cases.Tx) error {
			got, err := tx.History(cases.CaseID{Reseller: north, N: 1}, i+1, i+1)
			if err != nil {
				return err
			}
			return want("the event", got, []cases.Event{*e})
		})
	}
	// Bytes that are not UTF-8 come from servers we talk to: kept in some form.
	d := newDelivery("06a", mailer.Waiting, day0)
	d.LastError = "550 \xff\xfe refused"
	update(t, s, func(tx cases.Tx) error { return tx.PutDelivery(d) })
	view(t, s, func(tx cases.Tx) error {
		_, err := tx.Delivery("06a")
		return err
	})
}

func isolation(t *testing.T, s cases.Store) {
	c, m, d := newCase(north, 1, day0), newMail("06a", cases.MailHeld), newDelivery("06a", mailer.Waiting, day0)
	e := &cases.Event{Seq: 1, Time: day0, Message: &cases.Message{Text: "original"}}
	spoil := func() {
		c.Participants[0].Name, m.Trace.Effects[0], d.LastError, e.Message.Text = "spoilt", "spoilt", "spoilt", "spoilt"
	}
	update(t, s, func(tx cases.Tx) error {
		c, m, d = newCase(north, 1, day0), newMail("06a", cases.MailHeld), newDelivery("06a", mailer.Waiting, day0)
		e = &cases.Event{Seq: 1, Time: day0, Message: &cases.Message{Text: "original"}}
		err := errors.Join(tx.CreateCase(c), tx.Append(c.ID, e), tx.PutMail(m), tx.PutDelivery(d), tx.PutRaw("06a", []byte("original")))
		spoil() // what was given
		return err
	})
	look := func(tx cases.Tx) (err error) {
		var events []cases.Event
		var raw []byte
		c, err = tx.Case(c.ID)
		if err == nil {
			m, err = tx.Mail("06a")
		}
		if err == nil {
			d, err = tx.Delivery("06a")
		}
		if err == nil {
			events, err = tx.History(c.ID, 1, 0)
		}
		if err == nil {
			raw, err = tx.Raw("06a")
		}
		if err != nil {
			return err
		}
		e = &events[0]
		err = all(
			func() error { return want("the case", c, newCase(north, 1, day0)) },
			func() error { return want("the mail", m, newMail("06a", cases.MailHeld)) },
			func() error { return want("the delivery", d, newDelivery("06a", mailer.Waiting, day0)) },
			func() error { return want("the event's text", e.Message.Text, "original") },
			func() error { return want("the bytes", string(raw), "original") })
		spoil() // what was got
		raw[0] = 'X'
		return err
	}
	update(t, s, look)
	update(t, s, look)
	view(t, s, look)
	view(t, s, look)
}

// A loop over a list may change what it is given: each entry comes once.
func writingWhileReading(t *testing.T, s cases.Store) {
	const n = 300
	update(t, s, func(tx cases.Tx) error {
		for i := range n {
			if err := errors.Join(
				tx.PutDelivery(newDelivery(mailer.ID(fmt.Sprintf("06%04d", i)), mailer.Waiting, day0.Add(time.Duration(i)))),
				tx.CreateCase(newCase(north, uint32(i+1), day0.Add(time.Duration(i)))),
				tx.PutMail(newMail(mailer.ID(fmt.Sprintf("06%04d", i)), cases.MailHeld))); err != nil {
				return err
			}
		}
		return nil
	})
	update(t, s, func(tx cases.Tx) error {
		seen := 0
		for d, err := range tx.Deliveries(mailer.Waiting) {
			if err != nil {
				return err
			}
			seen++
			d.Due = d.Due.Add(time.Hour) // as a lease does: further on in the same list
			if err := tx.PutDelivery(d); err != nil {
				return err
			}
		}
		for c, err := range tx.Cases(north) {
			if err != nil {
				return err
			}
			seen++
			c.Updated = day0.Add(time.Hour)
			if err := tx.PutCase(c); err != nil {
				return err
			}
		}
		for id, err := range tx.Mails(cases.MailHeld) {
			if err != nil {
				return err
			}
			m, err := tx.Mail(id)
			if err != nil {
				return err
			}
			seen++
			m.Status = cases.MailDiscarded // out of the list
			if err := tx.PutMail(m); err != nil {
				return err
			}
		}
		if seen != 3*n {
			return fmt.Errorf("three loops over lists of %d saw %d entries", n, seen)
		}
		for range tx.Mails(cases.MailHeld) {
			return errors.New("a held mail is left")
		}
		got, err := mailIDs(tx, cases.MailDiscarded)
		if err == nil && len(got) != n {
			err = fmt.Errorf("%d mails are discarded; want %d", len(got), n)
		}
		return err
	})
}
