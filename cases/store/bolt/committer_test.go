package bolt_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
)

// occupy holds the committer inside an update until release is called, so that
// others gather.
func occupy(t *testing.T, s *bolt.Store) (release func()) {
	t.Helper()
	begun, end, done := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		if err := s.Update(t.Context(), func(cases.Tx) error { close(begun); <-end; return nil }); err != nil {
			t.Error(err)
		}
	}()
	<-begun
	return func() { close(end); <-done }
}

// waitFor lets others run until n goroutines are blocked in Update.
func waitFor(n int) {
	buf := make([]byte, 1<<20)
	for strings.Count(string(buf[:runtime.Stack(buf, true)]), "bolt.(*Store).Update(") < n {
		runtime.Gosched()
	}
}

func put(n int) func(cases.Tx) error {
	return func(tx cases.Tx) error { return tx.PutRaw(mailID(n), []byte("x")) }
}

func TestWaitingUpdatesShareACommit(t *testing.T) {
	s := open(t, bolt.Options{})
	release := occupy(t, s)
	before := s.Commits()
	var wg sync.WaitGroup
	for n := range bolt.MaxBatch + 10 {
		wg.Go(func() {
			if err := s.Update(t.Context(), put(n)); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(bolt.MaxBatch + 11)
	release()
	wg.Wait()
	if n := s.Commits() - before; n != 2 {
		t.Errorf("%d updates that waited took %d commits; want 2", bolt.MaxBatch+10, n)
	}
}

func TestUpdateThatWroteNothingDoesNotCommit(t *testing.T) {
	s := open(t, bolt.Options{})
	before := s.Commits()
	for range 5 {
		if err := s.Update(t.Context(), func(tx cases.Tx) error { _, err := tx.NextCase("north"); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Commits() - before; n != 0 {
		t.Errorf("updates that wrote nothing took %d commits", n)
	}
}

// Failing before the first write must not cost the others of the batch a second
// run: strangers can make updates fail.
func TestHowOftenFunctionsRun(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(tx cases.Tx, n int) error
		most int // runs of all functions together
	}{
		{"none fails", func(cases.Tx, int) error { return nil }, 40},
		{"some fail without writing", func(_ cases.Tx, n int) error {
			if n%4 == 0 {
				return errors.New("refused")
			}
			return nil
		}, 40},
		{"one fails after writing", func(tx cases.Tx, n int) error {
			if n == 20 {
				return errors.Join(put(1000)(tx), errors.New("refused"))
			}
			return nil
		}, 2*40 + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, bolt.Options{})
			release := occupy(t, s)
			runs := 0 // by one goroutine: the race detector would tell
			var wg sync.WaitGroup
			for n := range 40 {
				wg.Go(func() {
					err := s.Update(t.Context(), func(tx cases.Tx) error {
						runs++
						if err := c.fail(tx, n); err != nil {
							return err
						}
						return put(n)(tx)
					})
					if err != nil && err.Error() != "refused" {
						t.Errorf("update %d: %v", n, err)
					}
				})
			}
			waitFor(41)
			release()
			wg.Wait()
			if runs < 40 || runs > c.most {
				t.Errorf("40 functions ran %d times; want at most %d", runs, c.most)
			}
		})
	}
}

// An error that rests on what another update of the batch wrote must not be
// given when that never came to be.
func TestErrorsRestOnWhatIsStored(t *testing.T) {
	s := open(t, bolt.Options{})
	release := occupy(t, s)
	var wg sync.WaitGroup
	runs := 0
	wg.Go(func() {
		err := s.Update(t.Context(), func(tx cases.Tx) error {
			if err := put(1)(tx); err != nil {
				return err
			}
			if runs++; runs > 1 {
				return errors.New("abandoned")
			}
			return nil
		})
		if err == nil || err.Error() != "abandoned" {
			t.Errorf("the first update gave %v", err)
		}
	})
	waitFor(2)
	wg.Go(func() {
		err := s.Update(t.Context(), func(tx cases.Tx) error {
			if _, err := tx.Raw(mailID(1)); err == nil {
				return errors.Join(put(2)(tx), errors.New("there is one already"))
			}
			return nil
		})
		if err != nil {
			t.Errorf("the second update saw what the first abandoned: %v", err)
		}
	})
	waitFor(3)
	release()
	wg.Wait()
	if runs != 2 {
		t.Errorf("the first update ran %d times: they were not in one batch", runs)
	}
}

func TestWaitingUpdateCanBeCancelled(t *testing.T) {
	s := open(t, bolt.Options{})
	release := occupy(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() { got <- s.Update(ctx, put(1)) }()
	waitFor(2)
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("an update that waited when its context ended gave %v; want context.Canceled", err)
	}
	release()
	if err := s.View(t.Context(), func(tx cases.Tx) error { _, err := tx.Raw(mailID(1)); return err }); !errors.Is(err, cases.ErrNotFound) {
		t.Errorf("an update that was cancelled before it began has written (%v)", err)
	}
}

func TestCloseEndsWhatHasBegun(t *testing.T) {
	s := open(t, bolt.Options{})
	release := occupy(t, s)
	var wg sync.WaitGroup
	for n := range 10 {
		wg.Go(func() {
			err := s.Update(t.Context(), put(n))
			if err != nil && !errors.Is(err, os.ErrClosed) {
				t.Errorf("update %d gave %v; want success or os.ErrClosed", n, err)
			}
		})
	}
	waitFor(11)
	wg.Go(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	release()
	wg.Wait()
}
