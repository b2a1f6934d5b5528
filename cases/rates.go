package cases

import (
	"cmp"
	"sync"
	"time"
)

// Limits are the budgets that stop automatic mail while mail itself is still
// stored (mail-traps E, T86), and how many unknown reply addresses somebody may
// try. Zero means the default, which stands beside each. All are counted for one
// tenant, in memory: a restart forgets them.
type Limits struct {
	SenderCaseHour int // 10: mails of one sender to one case in an hour
	SenderCaseDay  int // 30: the same in a day
	CaseHour       int // 100: mails to one case in an hour
	SenderHour     int // 100: mails of one sender in an hour
	DomainHour     int // 1000: mails of one sender's domain in an hour
	SameTextHour   int // 3: mails of one sender to one case that say the same, in an hour
	GuessesHour    int // 20: unknown reply addresses that one peer tries in an hour, of all tenants (T18)
}

func (l Limits) withDefaults() Limits {
	return Limits{
		SenderCaseHour: cmp.Or(l.SenderCaseHour, 10),
		SenderCaseDay:  cmp.Or(l.SenderCaseDay, 30),
		CaseHour:       cmp.Or(l.CaseHour, 100),
		SenderHour:     cmp.Or(l.SenderHour, 100),
		DomainHour:     cmp.Or(l.DomainHour, 1000),
		SameTextHour:   cmp.Or(l.SameTextHour, 3),
		GuessesHour:    cmp.Or(l.GuessesHour, 20),
	}
}

// budget is how often something may happen before it is braked.
type budget struct {
	what  string    // for people: "mails of x to y in an hour"
	key   LedgerKey // what is counted; see stateKey
	limit int
	per   time.Duration
}

// rates counts what happens against budgets. A window begins with the first time
// and ends after the budget's duration; so of a limit n there can be 2n within
// one duration, at the end of one window and the beginning of the next. The zero
// value is ready. It is asked before a commit and counts after it, so that a
// transaction that runs twice counts once; two at the same moment may both get
// the last place.
type rates struct {
	mu      sync.Mutex
	windows map[LedgerKey]window
}

type window struct {
	n    int
	ends time.Time
}

// maxWindows bounds the memory, to about 10 MB.
const maxWindows = 100_000

// open tells that the window still counts. One that ends later than it can was
// begun before the clock was set back.
func (w window) open(b budget, now time.Time) bool {
	return now.Before(w.ends) && w.ends.Sub(now) <= b.per
}

// spent tells whether a budget is used up, and until when.
func (r *rates) spent(b budget, now time.Time) (until time.Time, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.windows[b.key]
	return w.ends, w.n >= b.limit && w.open(b, now)
}

// count notes one more time. It is true for the first in a window that is beyond
// the limit: once per brake.
func (r *rates) count(b budget, now time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.windows[b.key]
	if !known && len(r.windows) >= maxWindows {
		r.sweep(now)
	}
	if !w.open(b, now) {
		w = window{ends: now.Add(b.per)}
	}
	w.n++
	if r.windows == nil {
		r.windows = map[LedgerKey]window{}
	}
	r.windows[b.key] = w
	return w.n == b.limit+1
}

// sweep makes room: it forgets the windows that have ended and, if that is not
// enough, any others. A quarter is free after it, so that it is rare.
func (r *rates) sweep(now time.Time) {
	for key, w := range r.windows {
		if !now.Before(w.ends) {
			delete(r.windows, key)
		}
	}
	for key := range r.windows {
		if len(r.windows) <= maxWindows*3/4 {
			return
		}
		delete(r.windows, key)
	}
}
