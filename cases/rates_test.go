package cases

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// TestRates: as many as may be in a window, the alarm once, and a new window when
// it has ended; also where the clock is set back.
func TestRates(t *testing.T) {
	t.Parallel()
	var r rates
	b := perHour(3, "things", "x")
	for i, step := range []struct {
		after time.Duration // since noon
		spent bool          // asked before it is counted
		first bool
	}{
		{0, false, false},
		{time.Minute, false, false},
		{time.Hour - 1, false, false},
		{time.Hour - 1, true, true},
		{time.Hour - 1, true, false},
		{time.Hour, false, false}, // the window has passed
		{time.Hour, false, false},
		{time.Hour, false, false},
		{time.Hour, true, true},
		{-time.Hour, false, false}, // set back: not braked for two hours
	} {
		now := noon.Add(step.after)
		until, spent := r.spent(b, now)
		if spent != step.spent {
			t.Errorf("step %d: spent is %v until %s, want %v", i, spent, until, step.spent)
		}
		if first := r.count(b, now); first != step.first {
			t.Errorf("step %d: is the first beyond the limit: %v, want %v", i, first, step.first)
		}
	}
	if _, spent := r.spent(perHour(3, "things", "y"), noon); spent {
		t.Error("the budget of somebody else is spent")
	}
}

// TestRatesBounded: whoever makes up names costs no more than a fixed amount of
// memory, and what has ended goes first.
func TestRatesBounded(t *testing.T) {
	t.Parallel()
	var r rates
	for i := range 2 * maxWindows {
		r.count(perHour(3, "", fmt.Sprint(i)), noon.Add(time.Duration(i)*time.Second/10))
		if len(r.windows) > maxWindows {
			t.Fatalf("%d windows are kept, want at most %d", len(r.windows), maxWindows)
		}
	}
	r = rates{}
	for i := range maxWindows {
		r.count(perHour(3, "", "ended", fmt.Sprint(i)), noon)
	}
	r.count(perHour(3, "", "new"), noon.Add(2*time.Hour))
	if len(r.windows) != 1 {
		t.Errorf("%d windows are kept, want the new one only", len(r.windows))
	}
}
