// Package bolt is the cases.Store in one file, for a casegate on one machine: a
// bbolt database, written by one goroutine that takes all updates that wait into
// one commit. Small raw mails are in it too: an append-only file beside it would
// need a sync of its own, which costs a single writer a third of its rate, while
// many writers gain nothing. It holds no rules about cases.
//
// UpdateSoon exists because each mail is followed by updates about its notices,
// which nobody waits for: a commit of their own held up the next mail. With it
// one sender went from 318 to 456 mails/s, ten from 1,076 to 1,596 (two cores,
// notices going out at the same time).
//
// A View must be short: pages that it sees cannot be used again until it ends,
// and when the file outgrows the address space set aside for it, writing waits
// for it.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"casegate/cases"
)

// Options of Open. The zero value is what the daemon uses.
type Options struct {
	// ReadOnly opens an existing store beside other readers, but not beside a
	// daemon.
	ReadOnly bool
	// NoSync leaves out every sync. A power cut then loses acknowledged mail: it
	// is the control of the tests that look for lost mail.
	NoSync bool
	Log    *slog.Logger // nil: discarded
}

const (
	// lockWait is how long another process may take to let go of the file.
	lockWait = time.Second
	// mapSize is address space, not memory: growing beyond it means waiting for
	// every View to end.
	mapSize = int(min(int64(16<<30), math.MaxInt>>1))
)

// Store implements cases.Store; see Open. It is safe for concurrent use.
type Store struct {
	db    *bbolt.DB
	path  string
	opts  Options
	log   *slog.Logger
	calls chan *call // nobody else holds a call that waits here
	later chan *call // of UpdateSoon

	closing chan struct{} // closed: no more calls are taken
	stopped chan struct{} // closed: the committer has ended
	closed  sync.Once
	broken  chan struct{} // closed: err is set
	err     error

	directory atomic.Pointer[directoryVersion] // the last one decoded
}

var _ cases.Store = (*Store)(nil)

// Open opens the store in a file and creates it if need be, durably, folder
// entry included. Its errors are for the operator: they name the file and say
// what to do. What an earlier process left behind without closing is first
// looked through for damage.
func Open(path string, o Options) (*Store, error) {
	if err := prepare(path, o.ReadOnly); err != nil {
		return nil, err
	}
	var db *bbolt.DB
	// Looking for free pages, it panics over keys in the wrong order.
	if err := guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout: lockWait, ReadOnly: o.ReadOnly, NoSync: o.NoSync,
			NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapSize,
		})
		return err
	}); err != nil {
		return nil, openError(path, err)
	}
	s := &Store{
		db: db, path: path, opts: o, log: o.Log, calls: make(chan *call), later: make(chan *call),
		closing: make(chan struct{}), stopped: make(chan struct{}), broken: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.ReadOnly {
		close(s.stopped)
		return s, nil
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(openError(path, err), db.Close())
	}
	go (&committer{s: s}).loop()
	return s, nil
}

// begin makes the buckets that an older casegate of the same format did not know.
func (s *Store) begin() error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect after a commit
	created := false
	for _, b := range buckets {
		if tx.Bucket([]byte(b.name)) != nil {
			continue
		}
		created = true
		if _, err := tx.CreateBucket([]byte(b.name)); err != nil {
			return err
		}
	}
	if !created {
		return nil
	}
	return tx.Commit()
}

// end stores the list of free pages, which is left out of every other commit. It
// tells the next Open that the store was closed, and spares it reading the whole
// file to find them.
func (s *Store) end() error {
	s.db.NoFreelistSync = false
	return s.db.Update(func(*bbolt.Tx) error { return nil })
}

// Close waits for the updates that have begun and for every View, and closes
// the file. Updates that have not begun fail.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.closing)
		<-s.stopped
		if !s.opts.ReadOnly && s.Err() == nil {
			err = s.end()
		}
		if closeErr := s.db.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			err = fmt.Errorf("close store %s: %w", s.path, err)
		}
	})
	return err
}

func (s *Store) errClosed() error { return fmt.Errorf("store %s: %w", s.path, os.ErrClosed) }

// Err is nil, or an error that wraps cases.ErrBroken once a commit has failed so
// that its outcome is not known.
func (s *Store) Err() error {
	select {
	case <-s.broken:
		return s.err
	default:
		return nil
	}
}

// Broken is closed when Err becomes an error: the daemon then has to stop.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// View implements cases.Store. f runs in the caller's goroutine; a ctx that is
// done ends its iterators.
func (s *Store) View(ctx context.Context, f func(cases.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.db.View(func(tx *bbolt.Tx) error { return f(&txn{s: s, tx: tx, ctx: ctx}) })
	if err == berrors.ErrDatabaseNotOpen {
		return s.errClosed()
	}
	return err
}
