package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"casegate/cases"
)

// maxBatch bounds the updates of one commit, so that the first of them does not
// wait for long and the commit fits into memory.
const maxBatch = 256

// call is one Update that waits for its outcome.
type call struct {
	f    func(cases.Tx) error
	err  error
	done chan struct{}
}

func (c *call) answer() { close(c.done) }

// Update implements cases.Store. f runs in another goroutine. Until it has
// begun, a ctx that is done ends the wait; from then on Update returns when the
// outcome is known. A panic of f becomes an error that holds its value; f must
// not end its goroutine, as testing.T.FailNow does.
func (s *Store) Update(ctx context.Context, f func(cases.Tx) error) error {
	return s.update(ctx, s.calls, f)
}

// UpdateSoon implements cases.Store.
func (s *Store) UpdateSoon(ctx context.Context, f func(cases.Tx) error) error {
	return s.update(ctx, s.later, f)
}

func (s *Store) update(ctx context.Context, calls chan<- *call, f func(cases.Tx) error) error {
	if s.opts.ReadOnly {
		return fmt.Errorf("store %s is open for reading only: %w", s.path, cases.ErrReadOnly)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{f: f, done: make(chan struct{})}
	select {
	case calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return s.errClosed()
	}
	<-c.done
	return c.err
}

// committer runs all updates, one batch after the other. It never waits for a
// batch to fill: whoever comes during a commit is in the next one, so that
// batches grow with the load by themselves. Only what may come later waits, and
// only while others have been writing just now: a commit of its own would keep
// the next of them waiting, and one more update in theirs costs next to nothing.
type committer struct {
	s    *Store
	busy time.Time // when the last update was taken that could not wait
}

// patience is how long an update that may come later waits for one that may not.
const patience = 10 * time.Millisecond

func (b *committer) loop() {
	defer close(b.s.stopped)
	for {
		select {
		case c := <-b.s.calls:
			b.busy = time.Now()
			b.run(b.gather(c))
		case c := <-b.s.later:
			b.run(b.gather(b.company(c)...))
		case <-b.s.closing:
			return
		}
	}
}

// company waits, if it is worth it, for an update that will not wait.
func (b *committer) company(c *call) []*call {
	if time.Since(b.busy) >= patience {
		return []*call{c}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case urgent := <-b.s.calls:
		b.busy = time.Now()
		return []*call{urgent, c}
	case <-timer.C:
	case <-b.s.closing:
	}
	return []*call{c}
}

// gather adds the updates that wait, those first that cannot be put off. It lets
// others run before it looks again: who was answered by the commit before is
// often just about to ask, and where nobody is this costs nothing.
func (b *committer) gather(batch ...*call) []*call {
	for before := 0; before < len(batch) && len(batch) < maxBatch; runtime.Gosched() {
		before = len(batch)
		for more := true; more && len(batch) < maxBatch; {
			select {
			case c := <-b.s.calls:
				batch = append(batch, c)
				continue
			default:
			}
			select {
			case c := <-b.s.later:
				batch = append(batch, c)
			default:
				more = false
			}
		}
	}
	return batch
}

// run brings every call of a batch to its end. One that fails after it has
// written takes the whole transaction with it; it is set aside and the others
// run again without it. What it saw of the others never came to be, so it gets
// a transaction of its own at the end; its error is then true.
func (b *committer) run(batch []*call) {
	var alone []*call
	for len(batch) > 0 {
		failed := b.try(batch)
		if failed < 0 {
			break
		}
		c := batch[failed]
		batch = slices.Delete(batch, failed, failed+1)
		if failed > 0 {
			alone = append(alone, c)
		} else {
			c.answer() // it was the first: what it saw is what is stored
		}
	}
	for _, c := range alone {
		if b.try([]*call{c}) == 0 {
			c.answer()
		}
	}
}

// try runs calls in one transaction and commits it: then each has been answered
// and it gives -1. When a call fails after it has written, nothing has happened
// and its index is given. One that fails without having written is no harm to
// the others, and is answered with them, as its error may rest on what they wrote.
func (b *committer) try(calls []*call) (failed int) {
	if err := b.s.Err(); err != nil {
		return finish(calls, err)
	}
	tx, err := b.s.db.Begin(true)
	if err != nil {
		return finish(calls, b.s.breakDown(err))
	}
	t := &txn{s: b.s, tx: tx}
	for i, c := range calls {
		before := t.writes
		if c.err = apply(c.f, t); c.err != nil && t.writes != before {
			tx.Rollback()
			return i
		}
	}
	if t.writes == 0 {
		tx.Rollback()
		return finish(calls, nil)
	}
	err = b.s.commit(tx)
	if err == nil && t.directory != nil {
		b.s.directory.Store(t.directory)
	}
	return finish(calls, err)
}

// finish answers calls; an error of the commit is everybody's.
func finish(calls []*call, err error) int {
	for _, c := range calls {
		if err != nil {
			c.err = err
		}
		c.answer()
	}
	return -1
}

// apply calls an update's function.
func apply(f func(cases.Tx) error, t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("update function panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return f(t)
}

// commit commits, and sorts what can go wrong with it: where it is certain that
// nothing of the transaction is on disk, and the reason is lack of room, the
// store goes on. After any other error nobody knows what is on disk.
func (s *Store) commit(tx *bbolt.Tx) (err error) {
	id := tx.ID()
	err = guard(tx.Commit)
	if err == nil {
		return nil
	}
	tx.Rollback() // lets go of the lock after a panic; else it has no effect
	if noRoom(err) && s.lastCommit() < id {
		return fmt.Errorf("%w: %s: %w", cases.ErrFull, s.path, err)
	}
	return s.breakDown(err)
}

// noRoom recognises that the file could not be made larger, or a page not be
// written, for lack of room. An error of a sync is never meant: those come
// without the name of an operation, and leave open what has been written.
func noRoom(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		var p *fs.PathError
		if errors.As(err, &p) && p.Op == "write" && errors.Is(p.Err, errno) {
			return true
		}
		// bbolt keeps only the text of this one.
		if text := err.Error(); strings.HasPrefix(text, "file resize error: ") && strings.HasSuffix(text, errno.Error()) {
			return true
		}
	}
	return false
}

// lastCommit is the transaction that the file's first pages name. It tells
// whether a commit that failed has got as far as writing them: the rest of what
// it wrote is unused pages.
func (s *Store) lastCommit() int {
	tx, err := s.db.Begin(false)
	if err != nil {
		return int(^uint(0) >> 1)
	}
	defer tx.Rollback()
	return tx.ID()
}

// breakDown ends all writing.
func (s *Store) breakDown(cause error) error {
	s.err = fmt.Errorf("%w: %s: %w", cases.ErrBroken, s.path, cause)
	close(s.broken)
	s.log.Error("store is broken: stop casegate and look at the disk, then run casegate verify", "file", s.path, "error", cause)
	return s.err
}
