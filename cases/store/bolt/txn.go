package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"casegate/cases"
)

// txn implements cases.Tx, for a View or for all updates of a batch.
type txn struct {
	s   *Store
	tx  *bbolt.Tx
	ctx context.Context // nil in an Update, which runs to its end once begun

	writes    int               // how often something was written: the committer must know
	directory *directoryVersion // set in this transaction
	days      [][]byte          // of the ledger, the newest last; nil: not looked up yet
}

var _ cases.Tx = (*txn)(nil)

func (t *txn) bucket(name string) *bbolt.Bucket { return t.tx.Bucket([]byte(name)) }

// writing gives a bucket to write to, and notes that it is.
func (t *txn) writing(name string) (*bbolt.Bucket, error) {
	if !t.tx.Writable() {
		return nil, cases.ErrReadOnly
	}
	t.writes++
	b := t.bucket(name)
	for _, layout := range buckets {
		if layout.name == name {
			b.FillPercent = layout.fill
		}
	}
	return b, nil
}

// put stores bytes, which must not change until the transaction is over.
func (t *txn) put(bucket string, key, value []byte) error {
	b, err := t.writing(bucket)
	if err != nil {
		return err
	}
	return b.Put(key, value)
}

func (t *txn) delete(bucket string, key []byte) error {
	b, err := t.writing(bucket)
	if err != nil {
		return err
	}
	return b.Delete(key)
}

// reindex replaces the index entries of a record by those of its successor.
func (t *txn) reindex(old, new []entry) error {
	for _, e := range old {
		if !slices.ContainsFunc(new, e.is) {
			if err := t.delete(e.bucket, e.key); err != nil {
				return err
			}
		}
	}
	for _, e := range new {
		if !slices.ContainsFunc(old, e.is) {
			if err := t.put(e.bucket, e.key, e.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// encode writes JSON, with < and & as they are: mail is full of them.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes()[:b.Len()-1], nil // Encode ends with a line feed
}

// load reads a record; its error wraps ErrNotFound where there is none.
func load[T any](t *txn, bucket string, key []byte) (*T, error) {
	b := t.bucket(bucket).Get(key)
	if b == nil {
		return nil, cases.ErrNotFound
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("damaged record: %w", err)
	}
	return v, nil
}

// records gives the records of a listing, in order or backwards.
func records[T any](t *txn, l listing, back bool) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]bool{}
		for rest, err := range t.walk(l.index, l.prefix, back) {
			if err != nil {
				yield(nil, err)
				return
			}
			k := l.key(rest)
			if t.tx.Writable() {
				// The loop may have moved a record ahead of itself.
				if seen[string(k)] {
					continue
				}
				seen[string(k)] = true
			}
			v, err := load[T](t, l.bucket, k)
			if err != nil {
				err = fmt.Errorf("index %s, entry %q: %w", l.index, rest, err)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// walk gives what follows a prefix in the keys of a bucket, in order or
// backwards. The bucket may be written to meanwhile.
func (t *txn) walk(bucket string, prefix []byte, back bool) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		p := t.place(bucket, prefix, back)
		for k := p.first(); k != nil && bytes.HasPrefix(k, prefix); {
			if t.ctx != nil && t.ctx.Err() != nil {
				yield(nil, t.ctx.Err())
				return
			}
			k = bytes.Clone(k)
			writes := t.writes
			if !yield(k[len(prefix):], nil) {
				return
			}
			if t.writes != writes {
				p = t.place(bucket, prefix, back) // a cursor does not survive a write
				k = p.after(k)
				continue
			}
			k = p.next(k)
		}
	}
}

// place is a position in a bucket, in one direction of travel.
type place struct {
	cursor *bbolt.Cursor
	lowest []byte // going back: the bucket's first key
	prefix []byte
	back   bool
}

func (t *txn) place(bucket string, prefix []byte, back bool) *place {
	p := &place{cursor: t.bucket(bucket).Cursor(), prefix: prefix, back: back}
	if back {
		p.lowest, _ = t.bucket(bucket).Cursor().First()
	}
	return p
}

func (p *place) first() []byte {
	if !p.back {
		k, _ := p.cursor.Seek(p.prefix)
		return k
	}
	return p.before(following(p.prefix))
}

// after finds the next key of a journey that has come to k, which may be gone.
func (p *place) after(k []byte) []byte {
	if p.back {
		return p.before(k)
	}
	found, _ := p.cursor.Seek(k)
	if bytes.Equal(found, k) {
		found, _ = p.cursor.Next()
	}
	return found
}

func (p *place) next(k []byte) []byte {
	if p.back {
		return p.prev(k)
	}
	k, _ = p.cursor.Next()
	return k
}

// before goes to the last key below limit; nil: to the last of all.
func (p *place) before(limit []byte) []byte {
	var k []byte
	if limit != nil {
		k, _ = p.cursor.Seek(limit)
	}
	if k == nil {
		if k, _ = p.cursor.Last(); k == nil || limit == nil || bytes.Compare(k, limit) < 0 {
			return k
		}
	}
	return p.prev(k)
}

// prev is the cursor's Prev, which also gives nil, and not only at the start of
// the bucket, when it comes to a page that this transaction has emptied.
func (p *place) prev(k []byte) []byte {
	for bytes.Compare(k, p.lowest) > 0 {
		if found, _ := p.cursor.Prev(); found != nil {
			return found
		}
	}
	return nil
}

// following is the first key after all that begin with a prefix; nil: there is
// none.
func following(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			f := bytes.Clone(prefix[:i+1])
			f[i]++
			return f
		}
	}
	return nil
}
