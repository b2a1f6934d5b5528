package storetest

import (
	"errors"
	"fmt"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// A reseller's block list is its own, and is replaced as a whole.
func blocks(t *testing.T, s cases.Store) {
	list := []cases.Block{
		{Pattern: "@evil.example", By: "operator", Since: day0, Why: "spam, ‹daily›"},
		{Pattern: `"a b"@c.example`, By: "anna", Since: day0.AddDate(0, 0, 1)},
	}
	listed := func(r cases.ResellerID, expected []cases.Block) func(cases.Tx) error {
		return func(tx cases.Tx) error {
			got, err := tx.Blocks(r)
			return errors.Join(err, want("the block list of "+string(r), got, expected))
		}
	}
	view(t, s, listed(north, nil))
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(tx.SetBlocks(north, list), listed(north, list)(tx), listed(south, nil)(tx))
	})
	view(t, s, listed(south, nil))
	view(t, s, func(tx cases.Tx) error {
		got, err := tx.Blocks(north)
		if err != nil {
			return err
		}
		got[0].Pattern = "changed by the caller"
		return listed(north, list)(tx)
	})
	update(t, s, func(tx cases.Tx) error { return tx.SetBlocks(north, list[1:]) })
	view(t, s, listed(north, list[1:]))
	update(t, s, func(tx cases.Tx) error { return tx.SetBlocks(north, nil) })
	view(t, s, listed(north, nil))
	if err := s.Update(t.Context(), func(tx cases.Tx) error { return tx.SetBlocks("", list) }); err == nil {
		t.Error("a block list of no reseller was stored")
	}
}

// Refused mail goes with its bytes, in the store or in a blob.
func pruneRefused(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error {
		var errs []error
		for n, id := range []mailer.ID{"06a", "06b", "06c", "06d"} {
			m := newMail(id, cases.MailRefused)
			m.Cases = nil
			m.Received = day0.AddDate(0, 0, n)
			if id == "06b" {
				m.Blob = "blob-of-b"
			} else if id != "06c" {
				errs = append(errs, tx.PutRaw(id, []byte("raw")))
			}
			errs = append(errs, tx.PutMail(m))
		}
		held := newMail("06e", cases.MailHeld)
		held.Received = day0.AddDate(-1, 0, 0)
		return errors.Join(append(errs, tx.PutMail(held), tx.PutRaw("06e", []byte("raw")))...)
	})
	update(t, s, func(tx cases.Tx) error {
		n, refs, err := tx.Prune(day0.AddDate(0, 0, 3), 10)
		if err != nil || n != 3 || len(refs) != 1 || refs[0] != "blob-of-b" {
			return fmt.Errorf("pruning gave %d, %v, %v; want 3 refused mails and the blob of one", n, refs, err)
		}
		return nil
	})
	view(t, s, func(tx cases.Tx) error {
		_, err := tx.Raw("06a")
		errs := []error{missing("the bytes of a refused mail that was pruned", err)}
		for _, id := range []mailer.ID{"06d", "06e"} { // too young; not refused
			_, err := tx.Raw(id)
			errs = append(errs, err)
		}
		list, err := mailIDs(tx, "")
		return errors.Join(append(errs, err, want("the mails that are left", list, []mailer.ID{"06e", "06d"}))...)
	})
}
