package storetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

func demo(name string) *cases.Directory {
	return &cases.Directory{
		Resellers: []cases.Reseller{{
			ID: north, Name: name, Domains: []string{"north.example"}, Intake: mailer.MustAddress("support@north.example"),
			Prefix: "NORTH", Language: "pl", Zone: "Europe/Warsaw",
		}},
		People: []cases.Person{{
			ID: "anna", Name: "Anna Nowak", Linked: []mailer.Address{mailer.MustAddress("anna@corp.example")},
			Accounts: []cases.Account{{Address: mailer.MustAddress("anna@north.example"), Roles: []string{cases.RoleResellerAdmin}}},
		}},
		Customers: []cases.Customer{{
			Domain: "acme.example", Plan: "Premium",
			Managed: []cases.Interval{{Reseller: north, From: day0}},
		}},
	}
}

func directory(t *testing.T, s cases.Store) {
	named := func(tx cases.Tx, name string) error {
		d, err := tx.Directory()
		if err != nil {
			return err
		}
		if r := d.Reseller(north); r == nil || r.Name != name {
			return fmt.Errorf("the directory says %+v; want the reseller %q, ready to be looked up", r, name)
		}
		return want("the directory", d, demo(name))
	}
	view(t, s, func(tx cases.Tx) error {
		d, err := tx.Directory()
		if err != nil {
			return err
		}
		if d.Reseller(north) != nil || d.PersonAt(mailer.MustAddress("a@b.example")) != nil {
			return errors.New("an empty directory knows somebody")
		}
		return nil
	})
	for _, name := range []string{"North", "North, renamed"} {
		update(t, s, func(tx cases.Tx) error {
			given := demo(name)
			if err := tx.SetDirectory(given); err != nil {
				return err
			}
			given.Resellers[0].Name = "changed after it was given"
			return named(tx, name)
		})
		for range 2 {
			view(t, s, func(tx cases.Tx) error { return named(tx, name) })
		}
	}
	undone := errors.New("undone")
	err := s.Update(t.Context(), func(tx cases.Tx) error {
		if err := tx.SetDirectory(demo("never")); err != nil {
			return err
		}
		if err := named(tx, "never"); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Errorf("Update gave %v; want the function's own error", err)
	}
	view(t, s, func(tx cases.Tx) error { return named(tx, "North, renamed") })
	update(t, s, func(tx cases.Tx) error { return tx.SetDirectory(demo("after the one undone")) })
	view(t, s, func(tx cases.Tx) error { return named(tx, "after the one undone") })
	bad := demo("bad")
	bad.Resellers[0].Prefix = "not a prefix"
	if err := s.Update(t.Context(), func(tx cases.Tx) error { return tx.SetDirectory(bad) }); err == nil {
		t.Errorf("a directory that Index refuses was stored; want an error")
	}
}

func createCases(t *testing.T, s cases.Store) {
	for n := uint32(1); n <= 3; n++ {
		update(t, s, func(tx cases.Tx) error {
			next, err := tx.NextCase(north)
			if err != nil || next != n {
				return fmt.Errorf("NextCase gave %d, %v; want %d", next, err, n)
			}
			for _, wrong := range []uint32{0, n - 1, n + 1, math.MaxUint32} {
				if err := tx.CreateCase(newCase(north, wrong, day0)); err == nil {
					return fmt.Errorf("case %d was created when %d was next", wrong, n)
				}
			}
			return tx.CreateCase(newCase(north, n, day0))
		})
	}
	twin := newCase(north, 4, day0)
	twin.Number = "NORTH-2"
	if err := s.Update(t.Context(), func(tx cases.Tx) error { return tx.CreateCase(twin) }); err == nil {
		t.Errorf("two cases got the number NORTH-2")
	}
	view(t, s, func(tx cases.Tx) error {
		for n := uint32(1); n <= 3; n++ {
			c, err := tx.CaseByNumber(north, fmt.Sprintf("NORTH-%d", n))
			if err != nil {
				return err
			}
			if err := want("the case by its number", c, newCase(north, n, day0)); err != nil {
				return err
			}
		}
		_, err := tx.CaseByNumber(north, "NORTH-4")
		return missing("CaseByNumber of a case that was refused", err)
	})
}

func putCase(t *testing.T, s cases.Store) {
	c := newCase(north, 1, day0)
	update(t, s, func(tx cases.Tx) error { return tx.CreateCase(c) })
	c.Title, c.State, c.Priority, c.Events = "Naprawione — \u2028 <done>", cases.Closed, cases.P1, 7
	c.Updated = day0.Add(time.Hour)
	c.Participants[0].Left = day0
	c.Participants = append(c.Participants, cases.Participant{No: 2, Address: mailer.MustAddress("ö@acme.example"), Role: cases.RoleShared})
	update(t, s, func(tx cases.Tx) error { return tx.PutCase(c) })
	view(t, s, func(tx cases.Tx) error {
		got, err := tx.Case(c.ID)
		if err != nil {
			return err
		}
		return want("the case", got, c)
	})
	update(t, s, func(tx cases.Tx) error {
		renumbered := newCase(north, 1, day0)
		renumbered.Number = "NORTH-0001"
		return tx.PutCase(renumbered)
	})
	view(t, s, func(tx cases.Tx) error {
		_, err := tx.CaseByNumber(north, "NORTH-1")
		if err := missing("the number a case no longer has", err); err != nil {
			return err
		}
		_, err = tx.CaseByNumber(north, "NORTH-0001")
		return err
	})
}

func orderOfCases(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error {
		for n, after := range []time.Duration{5, 1, 5, 3, 1 << 40, -1 << 40} {
			if err := tx.CreateCase(newCase(north, uint32(n+1), day0.Add(after))); err != nil {
				return err
			}
		}
		return nil
	})
	ordered := func(want ...uint32) func(cases.Tx) error {
		return func(tx cases.Tx) error {
			got, err := caseNumbers(tx, north)
			if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
				err = fmt.Errorf("the cases come in the order %v; want the last updated first, equal ones by number descending: %v", got, want)
			}
			return err
		}
	}
	view(t, s, ordered(5, 3, 1, 4, 2, 6))
	update(t, s, func(tx cases.Tx) error {
		if err := tx.PutCase(newCase(north, 2, day0.Add(5))); err != nil {
			return err
		}
		if err := tx.PutCase(newCase(north, 5, day0.Add(4))); err != nil {
			return err
		}
		return ordered(3, 2, 1, 5, 4, 6)(tx)
	})
	view(t, s, ordered(3, 2, 1, 5, 4, 6))
}

// A tenant is never seen by another, whatever their names (R29).
func resellers(t *testing.T, s cases.Store) {
	names := []cases.ResellerID{"north", "north-east", "nort", "north0", "o", "n"}
	update(t, s, func(tx cases.Tx) error {
		for i, r := range names {
			for n := range uint32(i + 1) {
				c := newCase(r, n+1, day0)
				c.Number, c.Title = fmt.Sprintf("X-%d", n+1), string(r)
				if err := tx.CreateCase(c); err != nil {
					return err
				}
				if err := tx.Append(c.ID, &cases.Event{Seq: 1, Time: day0, Type: cases.EventFiled}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	view(t, s, func(tx cases.Tx) error {
		for i, r := range names {
			list, err := collect(tx.Cases(r))
			if err != nil {
				return err
			}
			next, err := tx.NextCase(r)
			if err != nil || len(list) != i+1 || next != uint32(i+2) {
				return fmt.Errorf("%s has %d cases and %d is next (%v); want %d and %d", r, len(list), next, err, i+1, i+2)
			}
			for _, c := range list {
				if c.ID.Reseller != r || c.Title != string(r) {
					return fmt.Errorf("among the cases of %s is %s", r, c.ID)
				}
			}
			if c, err := tx.CaseByNumber(r, "X-1"); err != nil || c.ID.Reseller != r {
				return fmt.Errorf("X-1 of %s is %v, %v", r, c, err)
			}
		}
		return nil
	})
}

func history(t *testing.T, s cases.Store) {
	const n = 300 // more than one octet of a number
	id, other := cases.CaseID{Reseller: north, N: 1}, cases.CaseID{Reseller: north, N: 2}
	event := func(seq int) *cases.Event {
		return &cases.Event{
			Seq: seq, Time: day0.Add(time.Duration(seq)), Type: cases.EventMessage, Group: "06c2k7gq0r1ne", Channel: "mail", Mail: "06c2k7gq0r1nf",
			Actor:   cases.Actor{Participant: 1, Person: "anna", Address: mailer.MustAddress("anna@corp.example"), Level: mailer.Verified},
			Message: &cases.Message{Subject: "s", Text: fmt.Sprintf("message %d\n> quoted & <tagged>", seq), Attachments: []mailer.Attachment{{Name: "a.pdf", Size: 5}}},
		}
	}
	for first := 1; first <= n; first += 100 {
		update(t, s, func(tx cases.Tx) error {
			if first == 1 {
				if err := errors.Join(tx.CreateCase(newCase(north, 1, day0)), tx.CreateCase(newCase(north, 2, day0)),
					tx.Append(other, event(1))); err != nil {
					return err
				}
			}
			for seq := first; seq < first+100; seq++ {
				for _, wrong := range []int{seq - 1, seq + 1, 0, -1} {
					if err := tx.Append(id, event(wrong)); err == nil {
						return fmt.Errorf("event %d was taken when %d was next", wrong, seq)
					}
				}
				if err := tx.Append(id, event(seq)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	view(t, s, func(tx cases.Tx) error {
		for _, r := range [][4]int{{1, 0, 1, n}, {1, n, 1, n}, {255, 257, 255, 257}, {n, 0, n, n}, {n, n, n, n}, {n - 1, n + 5, n - 1, n}, {n + 1, 0, 1, 0}, {5, 4, 1, 0}} {
			got, err := tx.History(id, r[0], r[1])
			if err != nil {
				return err
			}
			var expected []cases.Event
			for seq := r[2]; seq <= r[3]; seq++ {
				expected = append(expected, *event(seq))
			}
			if err := want(fmt.Sprintf("History(%d, %d)", r[0], r[1]), got, expected); err != nil {
				return err
			}
		}
		got, err := tx.History(other, 1, 0)
		if err != nil {
			return err
		}
		return want("the other case's history", got, []cases.Event{*event(1)})
	})
}

func mails(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(
			tx.PutMail(newMail("06b", cases.MailHeld)), tx.PutMail(newMail("06a", cases.MailFiled)),
			tx.PutMail(newMail("06d", cases.MailHeld)), tx.PutMail(newMail("06c", cases.MailFailed)))
	})
	listed := func(status cases.MailStatus, expected ...mailer.ID) func(cases.Tx) error {
		return func(tx cases.Tx) error {
			got, err := mailIDs(tx, status)
			if err != nil {
				return err
			}
			return want(fmt.Sprintf("mails of status %q, the newest first", status), got, expected)
		}
	}
	view(t, s, func(tx cases.Tx) error {
		got, err := tx.Mail("06b")
		if err != nil {
			return err
		}
		if err := want("the record", got, newMail("06b", cases.MailHeld)); err != nil {
			return err
		}
		return errors.Join(listed("", "06d", "06c", "06b", "06a")(tx), listed(cases.MailHeld, "06d", "06b")(tx),
			listed(cases.MailNoted)(tx), listed("hel")(tx))
	})
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(tx.PutMail(newMail("06d", cases.MailFiled)), tx.PutMail(newMail("06b", cases.MailHeld)))
	})
	view(t, s, func(tx cases.Tx) error {
		return errors.Join(listed(cases.MailHeld, "06b")(tx), listed(cases.MailFiled, "06d", "06a")(tx), listed(cases.MailFailed, "06c")(tx))
	})
}

// mailsOf: the mails that wait for a reseller's people, and for no others.
func mailsOf(t *testing.T, s cases.Store) {
	put := func(id mailer.ID, r cases.ResellerID, status cases.MailStatus, held *cases.Held) {
		t.Helper()
		m := newMail(id, status)
		m.Reseller, m.Held = r, held
		update(t, s, func(tx cases.Tx) error { return tx.PutMail(m) })
	}
	listed := func(of cases.ResellerID, expected ...mailer.ID) {
		t.Helper()
		view(t, s, func(tx cases.Tx) error {
			got, err := mailIDs(tx, cases.MailHeld, of)
			if err != nil {
				return err
			}
			return want(fmt.Sprintf("what waits for %q", of), got, expected)
		})
	}
	put("06a", north, cases.MailHeld, &cases.Held{})
	put("06b", south, cases.MailHeld, &cases.Held{})
	put("06c", north, cases.MailHeld, &cases.Held{Operator: true})
	put("06d", north, cases.MailHeld, nil)
	put("06e", north, cases.MailFailed, &cases.Held{})
	put("06f", north, cases.MailHeld, &cases.Held{})
	listed(north, "06f", "06a")
	listed(south, "06b")
	put("06a", north, cases.MailHeld, &cases.Held{Operator: true}) // for the operator too by now
	put("06f", north, cases.MailFiled, nil)
	listed(north)
}

func rawMail(t *testing.T, s cases.Store) {
	for _, raw := range [][]byte{{}, []byte("\x00\xff"), []byte(strings.Repeat("0123456789abcde\n", 1<<12)), []byte("shorter again")} {
		update(t, s, func(tx cases.Tx) error {
			given := append([]byte{}, raw...)
			if err := tx.PutRaw("06a", given); err != nil {
				return err
			}
			for i := range given {
				given[i] = 'X' // it was given away
			}
			return nil
		})
		view(t, s, func(tx cases.Tx) error {
			got, err := tx.Raw("06a")
			if err != nil {
				return err
			}
			return want("the bytes", got, raw)
		})
	}
	for range 2 {
		update(t, s, func(tx cases.Tx) error {
			if err := tx.PutRaw("06a", nil); err != nil {
				return err
			}
			_, err := tx.Raw("06a")
			return missing("Raw of what was erased", err)
		})
	}
}

func threads(t *testing.T, s cases.Store) {
	long := strings.Repeat("a", 2000) + "@acme.example"
	one, two, none := cases.CaseID{Reseller: north, N: 1}, cases.CaseID{Reseller: north, N: 2}, cases.CaseID{Reseller: north, N: 9}
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(tx.CreateCase(newCase(north, 1, day0)), tx.CreateCase(newCase(north, 2, day0)),
			tx.SetThread(north, "1@acme.example", one), tx.SetThread(north, long, two), tx.SetThread(north, "Ä\x00<>@x", one),
			// The first keeps it, but for one whose case does not exist.
			tx.SetThread(north, "1@acme.example", two), tx.SetThread(north, "1@acme.example", none),
			tx.SetThread(north, "early@x", none), tx.SetThread(north, "early@x", two))
	})
	view(t, s, func(tx cases.Tx) error {
		for id, expected := range map[string]cases.CaseID{"1@acme.example": one, long: two, "Ä\x00<>@x": one, "early@x": two} {
			got, err := tx.Thread(north, id)
			if err != nil {
				return err
			}
			if err := want("the thread of "+id[:5], got, expected); err != nil {
				return err
			}
		}
		_, err := tx.Thread(south, "1@acme.example")
		if err := missing("another reseller's thread", err); err != nil {
			return err
		}
		_, err = tx.Thread(north, "1@ACME.example")
		return missing("a Message-ID in other letters", err)
	})
	if err := s.Update(t.Context(), func(tx cases.Tx) error { return tx.SetThread(south, "2@x", one) }); err == nil {
		t.Errorf("a thread of south was tied to a case of north")
	}
}

func notFound(t *testing.T, s cases.Store) {
	id := cases.CaseID{Reseller: north, N: 1}
	look := func(tx cases.Tx) error {
		var errs []error
		check := func(what string, err error) { errs = append(errs, missing(what, err)) }
		_, err := tx.Case(id)
		check("Case", err)
		_, err = tx.CaseByNumber(north, "NORTH-1")
		check("CaseByNumber", err)
		_, err = tx.Mail("06a")
		check("Mail", err)
		_, err = tx.Raw("06a")
		check("Raw", err)
		_, err = tx.Recall(cases.LedgerKey{1})
		check("Recall", err)
		_, err = tx.Thread(north, "1@x")
		check("Thread", err)
		_, err = tx.Delivery("06a")
		check("Delivery", err)
		events, err := tx.History(id, 1, 0)
		if err != nil && !errors.Is(err, cases.ErrNotFound) || len(events) > 0 {
			errs = append(errs, fmt.Errorf("no case: History gave %v, %v", events, err))
		}
		for _, r := range []cases.ResellerID{north, "", "\x00"} {
			if list, err := collect(tx.Cases(r)); err != nil || len(list) > 0 {
				errs = append(errs, fmt.Errorf("Cases(%q) gave %v, %v; want none", r, list, err))
			}
		}
		return errors.Join(errs...)
	}
	view(t, s, look)
	update(t, s, look)
	for what, f := range map[string]func(cases.Tx) error{
		"PutCase": func(tx cases.Tx) error { return tx.PutCase(newCase(north, 1, day0)) },
		"Append":  func(tx cases.Tx) error { return tx.Append(id, &cases.Event{Seq: 1}) },
	} {
		if err := missing(what, s.Update(t.Context(), f)); err != nil {
			t.Error(err)
		}
	}
}

func readOnly(t *testing.T, s cases.Store) {
	id := cases.CaseID{Reseller: north, N: 1}
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(tx.CreateCase(newCase(north, 1, day0)), tx.PutMail(newMail("06a", cases.MailHeld)), tx.PutRaw("06a", []byte("raw")),
			tx.PutDelivery(newDelivery("06a", mailer.Waiting, day0)), tx.Remember(cases.LedgerKey{1}, "06a", day0), tx.SetThread(north, "2@x", id))
	})
	view(t, s, func(tx cases.Tx) error {
		var errs []error
		for what, err := range map[string]error{
			"SetDirectory":            tx.SetDirectory(demo("x")),
			"CreateCase":              tx.CreateCase(newCase(north, 2, day0)),
			"PutCase":                 tx.PutCase(newCase(north, 1, day0)),
			"Append":                  tx.Append(id, &cases.Event{Seq: 1}),
			"PutMail":                 tx.PutMail(newMail("06b", cases.MailHeld)),
			"PutMail, the same again": tx.PutMail(newMail("06a", cases.MailHeld)),
			"PutRaw":                  tx.PutRaw("06b", []byte("x")),
			"PutRaw, nil":             tx.PutRaw("06a", nil),
			"Remember":                tx.Remember(cases.LedgerKey{2}, "06a", day0),
			"SetThread":               tx.SetThread(north, "1@x", id),
			"SetThread, known":        tx.SetThread(north, "2@x", id),
			"SetBlocks":               tx.SetBlocks(north, []cases.Block{{Pattern: "@evil.example"}}),
			"PutDelivery":             tx.PutDelivery(newDelivery("06a", mailer.Sent, day0)),
		} {
			if !errors.Is(err, cases.ErrReadOnly) {
				errs = append(errs, fmt.Errorf("%s in a View gave %v; want ErrReadOnly", what, err))
			}
		}
		if _, _, err := tx.Prune(day0.AddDate(1, 0, 0), 10); !errors.Is(err, cases.ErrReadOnly) {
			errs = append(errs, fmt.Errorf("a View: Prune gave %v; want ErrReadOnly", err))
		}
		return errors.Join(errs...)
	})
}
