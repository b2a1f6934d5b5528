package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// writeEverything uses every method that writes.
func writeEverything(tx cases.Tx) error {
	next, err := tx.NextCase(north)
	if err != nil {
		return err
	}
	c := newCase(north, next, day0)
	d := newDelivery("06n", mailer.Sent, day0)
	d.Finished = day0.AddDate(-1, 0, 0)
	return errors.Join(tx.SetDirectory(demo("never")), tx.CreateCase(c), tx.PutCase(c), tx.Append(c.ID, &cases.Event{Seq: 1}),
		tx.PutMail(newMail("06n", cases.MailHeld)), tx.PutRaw("06n", []byte("x")), tx.Remember(cases.LedgerKey{9}, "06n", day0),
		tx.SetThread(north, "never@x", c.ID), tx.PutDelivery(d))
}

// nothing checks that writeEverything has left no trace in an empty store.
func nothing(tx cases.Tx) error {
	dir, err := tx.Directory()
	if err != nil || dir.Reseller(north) != nil {
		return fmt.Errorf("the directory was kept (%v)", err)
	}
	if next, err := tx.NextCase(north); err != nil || next != 1 {
		return fmt.Errorf("NextCase is %d (%v); want 1", next, err)
	}
	var errs []error
	check := func(what string, err error) { errs = append(errs, missing(what, err)) }
	_, err = tx.Case(cases.CaseID{Reseller: north, N: 1})
	check("Case", err)
	_, err = tx.CaseByNumber(north, "NORTH-1")
	check("CaseByNumber", err)
	_, err = tx.Mail("06n")
	check("Mail", err)
	_, err = tx.Raw("06n")
	check("Raw", err)
	_, err = tx.Recall(cases.LedgerKey{9})
	check("Recall", err)
	_, err = tx.Thread(north, "never@x")
	check("Thread", err)
	_, err = tx.Delivery("06n")
	check("Delivery", err)
	events, _ := tx.History(cases.CaseID{Reseller: north, N: 1}, 1, 0)
	a, err1 := mailIDs(tx, "")
	b, err2 := deliveryIDs(tx, mailer.Sent)
	c, err3 := caseNumbers(tx, north)
	if len(events)+len(a)+len(b)+len(c) > 0 {
		errs = append(errs, fmt.Errorf("lists still hold %v %v %v %v", events, a, b, c))
	}
	return errors.Join(append(errs, err1, err2, err3)...)
}

func errorUndoes(t *testing.T, s cases.Store) {
	mine := errors.New("mine")
	err := s.Update(t.Context(), func(tx cases.Tx) error {
		if err := writeEverything(tx); err != nil {
			return err
		}
		return fmt.Errorf("wrapped: %w", mine)
	})
	if !errors.Is(err, mine) {
		t.Errorf("Update gave %v; want the function's own error", err)
	}
	view(t, s, nothing)
	update(t, s, nothing)
	if err := s.View(t.Context(), func(cases.Tx) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("View gave %v; want the function's own error", err)
	}
	update(t, s, writeEverything) // the same things can still be written
}

// panicUndoes: the panic reaches the caller as one or as an error that tells it.
func panicUndoes(t *testing.T, s cases.Store) {
	caught := func(call func() error) (told string) {
		defer func() {
			if p := recover(); p != nil {
				told = fmt.Sprint(p)
			}
		}()
		if err := call(); err != nil {
			return err.Error()
		}
		return ""
	}
	for range 3 {
		told := caught(func() error {
			return s.Update(t.Context(), func(tx cases.Tx) error {
				if err := writeEverything(tx); err != nil {
					return err
				}
				panic("out of the blue")
			})
		})
		if !strings.Contains(told, "out of the blue") {
			t.Fatalf("a panic in Update was told as %q", told)
		}
		view(t, s, nothing)
		told = caught(func() error {
			return s.View(t.Context(), func(tx cases.Tx) error { panic("out of the blue") })
		})
		if !strings.Contains(told, "out of the blue") {
			t.Fatalf("a panic in View was told as %q", told)
		}
	}
	update(t, s, writeEverything)
}

func contexts(t *testing.T, s cases.Store) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	f := func(cases.Tx) error { ran = true; return nil }
	if err := s.Update(done, f); !errors.Is(err, context.Canceled) || ran {
		t.Errorf("Update with a context that is done gave %v, function run: %v", err, ran)
	}
	if err := s.View(done, f); !errors.Is(err, context.Canceled) || ran {
		t.Errorf("View with a context that is done gave %v, function run: %v", err, ran)
	}
	// Once it has begun, an update ends with its own outcome: a client that has
	// gone away must not leave us in doubt.
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Update(ctx, func(tx cases.Tx) error {
		cancel()
		return tx.PutMail(newMail("06a", cases.MailHeld))
	}); err != nil {
		t.Errorf("Update that had begun gave %v; want it to finish", err)
	}
	view(t, s, func(tx cases.Tx) error {
		_, err := tx.Mail("06a")
		return err
	})
}

// noLostUpdate: 200 writers of one case and its history, each adding one to what
// it read.
func noLostUpdate(t *testing.T, s cases.Store) {
	const writers, each = 200, 5
	id := cases.CaseID{Reseller: north, N: 1}
	update(t, s, func(tx cases.Tx) error { return tx.CreateCase(newCase(north, 1, day0)) })
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := s.Update(t.Context(), func(tx cases.Tx) error {
					c, err := tx.Case(id)
					if err != nil {
						return err
					}
					c.Events++
					c.Updated = c.Updated.Add(1)
					return errors.Join(tx.PutCase(c),
						tx.Append(id, &cases.Event{Seq: c.Events, Channel: fmt.Sprintf("%d/%d", w, i)}))
				})
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx cases.Tx) error {
		c, err := tx.Case(id)
		if err != nil {
			return err
		}
		events, err := tx.History(id, 1, 0)
		if err != nil {
			return err
		}
		who := map[string]bool{}
		for _, e := range events {
			who[e.Channel] = true
		}
		if c.Events != writers*each || len(events) != writers*each || len(who) != writers*each {
			return fmt.Errorf("%d updates left a case with %d events, %d in its history, of %d writers' turns", writers*each, c.Events, len(events), len(who))
		}
		return nil
	})
}

// failuresAmongSuccesses: whatever a store does to run many updates together,
// one that fails takes no other with it, and each gets its own answer.
func failuresAmongSuccesses(t *testing.T, s cases.Store) {
	const writers = 120
	mine := errors.New("mine")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			err := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = fmt.Errorf("%v", p)
					}
				}()
				return s.Update(t.Context(), func(tx cases.Tx) error {
					id := mailer.ID(fmt.Sprintf("06%03d", w))
					if w%4 == 1 {
						return fmt.Errorf("%d: %w", w, mine) // before it wrote
					}
					if err := errors.Join(tx.PutMail(newMail(id, cases.MailHeld)), tx.PutRaw(id, []byte(id))); err != nil {
						return err
					}
					switch w % 4 {
					case 2:
						return fmt.Errorf("%d: %w", w, mine)
					case 3:
						panic(fmt.Sprintf("panic of %d", w))
					}
					return nil
				})
			}()
			switch {
			case w%4 == 0 && err != nil:
				t.Errorf("writer %d failed with %v; want success", w, err)
			case (w%4 == 1 || w%4 == 2) && !(errors.Is(err, mine) && strings.HasPrefix(err.Error(), fmt.Sprintf("%d:", w))):
				t.Errorf("writer %d got %v; want its own error", w, err)
			case w%4 == 3 && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("panic of %d", w))):
				t.Errorf("writer %d got %v; want its own panic", w, err)
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx cases.Tx) error {
		for w := range writers {
			id := mailer.ID(fmt.Sprintf("06%03d", w))
			_, err := tx.Mail(id)
			_, rawErr := tx.Raw(id)
			if w%4 == 0 && errors.Join(err, rawErr) != nil {
				return fmt.Errorf("the mail of writer %d is not there: %v, %v", w, err, rawErr)
			}
			if w%4 != 0 && !(errors.Is(err, cases.ErrNotFound) && errors.Is(rawErr, cases.ErrNotFound)) {
				return fmt.Errorf("writer %d failed, and left something behind: %v, %v", w, err, rawErr)
			}
		}
		return nil
	})
}

// oldDirectory: a View that began before a directory was set sees the one before.
func oldDirectory(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error { return tx.SetDirectory(demo("old")) })
	view(t, s, func(tx cases.Tx) error {
		if _, err := tx.NextCase(north); err != nil { // now it has begun for sure
			return err
		}
		set := make(chan error)
		go func() {
			set <- s.Update(t.Context(), func(tx cases.Tx) error { return tx.SetDirectory(demo("new")) })
		}()
		if err := <-set; err != nil {
			return err
		}
		d, err := tx.Directory()
		if err != nil {
			return err
		}
		return want("the directory in a View that began before it changed", d, demo("old"))
	})
	view(t, s, func(tx cases.Tx) error {
		d, err := tx.Directory()
		if err != nil {
			return err
		}
		return want("the directory in a View that began after it changed", d, demo("new"))
	})
}

// oneState: two cases always change together, and no View sees them apart.
func oneState(t *testing.T, s cases.Store) {
	update(t, s, func(tx cases.Tx) error {
		return errors.Join(tx.CreateCase(newCase(north, 1, day0)), tx.CreateCase(newCase(north, 2, day0)))
	})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				err := s.View(t.Context(), func(tx cases.Tx) error {
					a, err := tx.Case(cases.CaseID{Reseller: north, N: 1})
					if err != nil {
						return err
					}
					list, err := collect(tx.Cases(north))
					if err != nil {
						return err
					}
					b, err := tx.Case(cases.CaseID{Reseller: north, N: 2})
					if err != nil {
						return err
					}
					if len(list) != 2 || a.Title != b.Title || list[0].Title != a.Title || list[1].Title != a.Title {
						return fmt.Errorf("one View saw %q, %q and %d cases in the list", a.Title, b.Title, len(list))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				err := s.Update(t.Context(), func(tx cases.Tx) error {
					for n := range uint32(2) {
						c := newCase(north, n+1, day0.Add(time.Duration(i)))
						c.Title = fmt.Sprintf("writer %d, turn %d", w, i)
						if err := tx.PutCase(c); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	stop.Store(true)
	wg.Wait()
}

// soon: UpdateSoon keeps what it wrote, alone and among others that do not wait.
func soon(t *testing.T, s cases.Store) {
	put := func(how func(context.Context, func(cases.Tx) error) error, n int) error {
		return how(context.Background(), func(tx cases.Tx) error {
			return tx.Remember(cases.LedgerKey{byte(n)}, "06soon", day0)
		})
	}
	if err := put(s.UpdateSoon, 0); err != nil {
		t.Fatalf("UpdateSoon alone: %v", err)
	}
	var wg sync.WaitGroup
	for n := range 40 {
		how := s.Update
		if n%2 == 0 {
			how = s.UpdateSoon
		}
		wg.Go(func() {
			if err := put(how, n); err != nil {
				t.Errorf("update %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx cases.Tx) error {
		for n := range 40 {
			if _, err := tx.Recall(cases.LedgerKey{byte(n)}); err != nil {
				return fmt.Errorf("update %d left nothing: %w", n, err)
			}
		}
		return nil
	})
	failure := errors.New("no")
	if err := s.UpdateSoon(context.Background(), func(cases.Tx) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("UpdateSoon of a function that fails gave %v, want its error", err)
	}
}
