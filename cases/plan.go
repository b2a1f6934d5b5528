package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// PlanDirectory says what applying a directory would change, a line each: "+"
// for what is new, "~" for what changes, "-" for what goes.
func (d *Desk) PlanDirectory(ctx context.Context, next *Directory) ([]string, error) {
	var plan []string
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		plan, err = planDirectory(tx, next)
		return err
	})
	return plan, err
}

// ApplyDirectory makes a directory, which must have been indexed, the one in
// force, and says what changed.
func (d *Desk) ApplyDirectory(ctx context.Context, next *Directory) ([]string, error) {
	var plan []string
	err := d.Store.Update(ctx, func(tx Tx) (err error) {
		plan, err = planDirectory(tx, next)
		if err != nil || len(plan) == 0 {
			return err
		}
		return tx.SetDirectory(next)
	})
	return plan, err
}

func planDirectory(tx Tx, next *Directory) ([]string, error) {
	now, err := tx.Directory()
	if err != nil {
		return nil, err
	}
	for _, r := range now.Resellers {
		n, err := tx.NextCase(r.ID)
		if err != nil {
			return nil, err
		}
		if next.Reseller(r.ID) == nil && n > 1 {
			return nil, errorf(Conflict, "reseller %q has cases and cannot be removed: keep it, without people if need be", r.ID)
		}
	}
	for _, r := range next.Resellers {
		for _, other := range now.Resellers {
			if r.ID == other.ID || r.Prefix != other.Prefix {
				continue
			}
			n, err := tx.NextCase(other.ID)
			if err != nil {
				return nil, err
			}
			if n > 1 {
				return nil, errorf(Conflict, "prefix %q is in the numbers of reseller %q's cases: choose another for %q", r.Prefix, other.ID, r.ID)
			}
		}
	}
	var plan []string
	for _, kind := range []string{"resellers", "people", "customers"} {
		lines, err := diff(kind, now, next)
		if err != nil {
			return nil, err
		}
		plan = append(plan, lines...)
	}
	return plan, nil
}

// diff compares the entries of one kind by their stored form, so that no field
// can be forgotten here.
func diff(kind string, now, next *Directory) ([]string, error) {
	before, err := entries(kind, now)
	if err != nil {
		return nil, err
	}
	after, err := entries(kind, next)
	if err != nil {
		return nil, err
	}
	both := maps.Clone(before)
	maps.Copy(both, after)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(both)) {
		old, was := before[name]
		entry, is := after[name]
		switch {
		case !was:
			lines = append(lines, "+ "+name)
		case !is:
			lines = append(lines, "- "+name)
		default:
			lines = append(lines, changes(name, old, entry)...)
		}
	}
	return lines, nil
}

// singular names one entry of a kind.
var singular = map[string]string{"resellers": "reseller", "people": "person", "customers": "customer"}

func entries(kind string, d *Directory) (map[string]map[string]any, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("compare directories: %w", err)
	}
	var all map[string][]map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("compare directories: %w", err)
	}
	named := map[string]map[string]any{}
	for _, e := range all[kind] {
		id := e["id"]
		if id == nil {
			id = e["domain"]
		}
		named[fmt.Sprintf("%s %v", singular[kind], id)] = e
	}
	return named, nil
}

func changes(name string, old, entry map[string]any) []string {
	both := maps.Clone(old)
	maps.Copy(both, entry)
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(both)) {
		was, is := compact(old[field]), compact(entry[field])
		if was != is {
			lines = append(lines, fmt.Sprintf("~ %s: %s %s → %s", name, field, was, is))
		}
	}
	return lines
}

// compact writes a value on one line; "none" for what is not there.
func compact(v any) string {
	if v == nil {
		return "none"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
