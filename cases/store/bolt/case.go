package bolt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math"

	"casegate/cases"
)

// NextCase implements cases.Tx. Cases are never deleted, so the last one tells.
func (t *txn) NextCase(r cases.ResellerID) (uint32, error) {
	if err := checkWord("reseller", string(r)); err != nil {
		return 0, err
	}
	for k, err := range t.walk(bucketCases, word(string(r)), true) {
		if err != nil {
			return 0, err
		}
		last := binary.BigEndian.Uint32(k)
		if last == math.MaxUint32 {
			return 0, fmt.Errorf("reseller %s has no case number left", r)
		}
		return last + 1, nil
	}
	return 1, nil
}

// CreateCase implements cases.Tx.
func (t *txn) CreateCase(c *cases.Case) error {
	next, err := t.NextCase(c.ID.Reseller)
	if err != nil {
		return fmt.Errorf("create case: %w", err)
	}
	if c.ID.N != next {
		return fmt.Errorf("create case %s: the next number is %d", c.ID, next)
	}
	return t.storeCase(c, nil)
}

// PutCase implements cases.Tx; a case that was never created is ErrNotFound.
func (t *txn) PutCase(c *cases.Case) error {
	old, err := t.Case(c.ID)
	if err != nil {
		return fmt.Errorf("store %w", err)
	}
	return t.storeCase(c, old)
}

func (t *txn) storeCase(c, old *cases.Case) error {
	if err := checkWord("case number", c.Number); err != nil {
		return fmt.Errorf("store case %s: %w", c.ID, err)
	}
	own := binary.BigEndian.AppendUint32(nil, c.ID.N)
	if has := t.bucket(bucketCaseNumbers).Get(numberKey(c.ID.Reseller, c.Number)); has != nil && !bytes.Equal(has, own) {
		return fmt.Errorf("store case %s: the number %s is another case's", c.ID, c.Number)
	}
	b, err := encode(c)
	var was []entry
	if old != nil {
		was = caseEntries(old)
	}
	if err == nil {
		err = t.put(bucketCases, caseKey(c.ID), b)
	}
	if err == nil {
		err = t.reindex(was, caseEntries(c))
	}
	if err != nil {
		return fmt.Errorf("store case %s: %w", c.ID, err)
	}
	return nil
}

// Case implements cases.Tx.
func (t *txn) Case(id cases.CaseID) (*cases.Case, error) {
	c, err := load[cases.Case](t, bucketCases, caseKey(id))
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", id, err)
	}
	return c, nil
}

// CaseByNumber implements cases.Tx.
func (t *txn) CaseByNumber(r cases.ResellerID, number string) (*cases.Case, error) {
	n := t.bucket(bucketCaseNumbers).Get(numberKey(r, number))
	if len(n) != 4 {
		return nil, fmt.Errorf("case %s of %s: %w", number, r, cases.ErrNotFound)
	}
	return t.Case(cases.CaseID{Reseller: r, N: binary.BigEndian.Uint32(n)})
}

// Cases implements cases.Tx.
func (t *txn) Cases(r cases.ResellerID) iter.Seq2[*cases.Case, error] {
	prefix := word(string(r))
	return records[cases.Case](t, listing{bucketCaseUpdated, bucketCases, prefix, func(rest []byte) []byte {
		return append(bytes.Clone(prefix), afterTime(rest)...)
	}}, true)
}

// Append implements cases.Tx.
func (t *txn) Append(id cases.CaseID, e *cases.Event) error {
	if t.bucket(bucketCases).Get(caseKey(id)) == nil {
		return fmt.Errorf("append to case %s: %w", id, cases.ErrNotFound)
	}
	last, err := t.lastEvent(id)
	if err != nil {
		return fmt.Errorf("append to case %s: %w", id, err)
	}
	if e.Seq != last+1 {
		return fmt.Errorf("append to case %s: event %d does not follow on %d", id, e.Seq, last)
	}
	b, err := encode(e)
	if err == nil {
		err = t.put(bucketEvents, eventKey(id, e.Seq), b)
	}
	if err != nil {
		return fmt.Errorf("append to case %s: %w", id, err)
	}
	return nil
}

func (t *txn) lastEvent(id cases.CaseID) (int, error) {
	for k, err := range t.walk(bucketEvents, caseKey(id), true) {
		if err != nil {
			return 0, err
		}
		return int(binary.BigEndian.Uint32(k)), nil
	}
	return 0, nil
}

// History implements cases.Tx. A case without events in the range, or one that
// does not exist, gives none.
func (t *txn) History(id cases.CaseID, first, last int) ([]cases.Event, error) {
	var events []cases.Event
	if last == 0 {
		last = math.MaxInt32
	}
	c := t.bucket(bucketEvents).Cursor()
	end := eventKey(id, last)
	for k, v := c.Seek(eventKey(id, max(first, 0))); k != nil && bytes.Compare(k, end) <= 0; k, v = c.Next() {
		var e cases.Event
		if err := json.Unmarshal(v, &e); err != nil {
			return nil, fmt.Errorf("history of case %s: damaged record: %w", id, err)
		}
		events = append(events, e)
	}
	return events, nil
}
