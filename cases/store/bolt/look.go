package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// look answers a question of the daemon that starts, from a file that may be
// damaged.
func (s *Store) look(f func(*bbolt.Tx) error) error {
	if err := guard(func() error { return s.db.View(f) }); err != nil {
		return fmt.Errorf("read store %s: %w", s.path, err)
	}
	return nil
}

// NewestID gives the greatest id of a mail or a delivery; "" where there is none.
// No id that is made after it is in the store already.
func (s *Store) NewestID() (newest mailer.ID, err error) {
	err = s.look(func(tx *bbolt.Tx) error {
		for _, bucket := range []string{bucketMails, bucketDeliveries} {
			id, _ := tx.Bucket([]byte(bucket)).Cursor().Last()
			newest = max(newest, mailer.ID(id))
		}
		return nil
	})
	return newest, err
}

// HasCases tells whether there is any case.
func (s *Store) HasCases() (has bool, err error) {
	err = s.look(func(tx *bbolt.Tx) error {
		first, _ := tx.Bucket([]byte(bucketCases)).Cursor().First()
		has = first != nil
		return nil
	})
	return has, err
}

// Orphans gives those of blobs that no mail refers to, the oldest first. They are
// left where a process died between making a blob and storing its mail, or
// between discarding a mail and removing its blob. Where a record cannot be
// read, or refers to a blob that is not there, it gives an error instead: what
// looks like an orphan may then be the mail that is missed. Nothing else may be
// making blobs meanwhile.
func (s *Store) Orphans(ctx context.Context, blobs iter.Seq2[blob.Info, error]) ([]blob.Info, error) {
	left := map[blob.Ref]blob.Info{}
	for b, err := range blobs {
		if err != nil {
			return nil, err
		}
		left[b.Ref] = b
	}
	if len(left) == 0 {
		return nil, nil
	}
	named := map[blob.Ref]bool{}
	err := s.look(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketMails)).ForEach(func(id, value []byte) error {
			ref, err := blobOf(value)
			switch {
			case err != nil:
				return fmt.Errorf("mail %q cannot be read: %w", id, err)
			case ref == "":
				return ctx.Err()
			}
			if _, there := left[ref]; !there {
				return fmt.Errorf("mail %s has lost its blob %s", id, ref)
			}
			named[ref] = true
			return ctx.Err()
		})
	})
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(left, func(ref blob.Ref, _ blob.Info) bool { return named[ref] })
	return slices.SortedFunc(maps.Values(left), func(a, b blob.Info) int { return strings.Compare(string(a.Ref), string(b.Ref)) }), nil
}

// blobOf gives the blob that a mail's record refers to. Most refer to none, which
// is seen without decoding: within a text of JSON no quote stands unescaped.
func blobOf(record []byte) (blob.Ref, error) {
	if !bytes.Contains(record, []byte(`"blob":`)) {
		return "", nil
	}
	var m struct{ Blob blob.Ref }
	err := json.Unmarshal(record, &m)
	return m.Blob, err
}
