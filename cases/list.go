package cases

import (
	"context"
	"slices"
	"strings"
)

// Filter says which cases are wanted. A field that is "" asks nothing; Limit 0
// means every match.
type Filter struct {
	Reseller ResellerID
	Customer string
	Status   State
	Severity Priority
	Keyword  string // in number, title, customer, subjects and messages, whatever its case
	Limit    int
}

// List gives the cases that match, the last updated first (R33, R34).
func (d *Desk) List(ctx context.Context, f Filter) ([]*Case, error) {
	var found []*Case
	err := d.Store.View(ctx, func(tx Tx) error {
		found = nil
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		for _, r := range dir.Resellers {
			if f.Reseller != "" && f.Reseller != r.ID {
				continue
			}
			if err := f.collect(tx, r.ID, &found); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(found, func(a, b *Case) int { return b.Updated.Compare(a.Updated) })
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
	}
	return found, err
}

// collect adds up to Limit matches of one reseller.
func (f Filter) collect(tx Tx, r ResellerID, found *[]*Case) error {
	n := 0
	for c, err := range tx.Cases(r) {
		if err != nil {
			return err
		}
		ok, err := f.matches(tx, c)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		*found = append(*found, c)
		if n++; n == f.Limit {
			break
		}
	}
	return nil
}

func (f Filter) matches(tx Tx, c *Case) (bool, error) {
	if f.Customer != "" && !strings.EqualFold(f.Customer, c.Customer) ||
		f.Status != "" && f.Status != c.State || f.Severity != "" && f.Severity != c.Priority {
		return false, nil
	}
	if f.Keyword == "" {
		return true, nil
	}
	word := strings.ToLower(f.Keyword)
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), word) }
	if has(c.Number) || has(c.Title) || has(c.Customer) {
		return true, nil
	}
	history, err := tx.History(c.ID, 1, 0)
	return slices.ContainsFunc(history, func(e Event) bool {
		return e.Message != nil && (has(e.Message.Subject) || has(e.Message.Text))
	}), err
}

// Find gives a case with its whole history.
func (d *Desk) Find(ctx context.Context, number string) (c *Case, history []Event, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		if c, err = byNumber(tx, dir, number); err != nil {
			return err
		}
		history, err = tx.History(c.ID, 1, 0)
		return err
	})
	return c, history, err
}
