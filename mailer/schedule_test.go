package mailer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestScheduleGolden walks a delivery through its five days (design 6).
func TestScheduleGolden(t *testing.T) {
	var b strings.Builder
	fmt.Fprintln(&b, "attempt  after the first   wait before the next")
	for attempt, age := 1, time.Duration(0); age < MaxAge; attempt++ {
		wait := RetryAfter(attempt, "06c2k7gq0r1ne")
		fmt.Fprintf(&b, "%7d  %15s   %s\n", attempt, age.Round(time.Second), wait.Round(time.Second))
		age += wait
	}
	golden := filepath.Join("testdata", "schedule.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the schedule is not that of design 6 (-want +got):\n%s", diff)
	}
}

func TestRetryAfter(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		-1: 0, 0: 0, 1: time.Minute, 2: 5 * time.Minute, 3: 15 * time.Minute, 4: 30 * time.Minute,
		5: time.Hour, 6: 2 * time.Hour, 7: 4 * time.Hour,
	} {
		if got := RetryAfter(attempt, "06c2k7gq0r1ne"); got != want {
			t.Errorf("RetryAfter(%d) = %v, want %v", attempt, got, want)
		}
	}
}

// The spread must be one: over a burst of ids every tenth of ±10 % is used, and
// the same question has the same answer.
func TestRetryAfterSpreads(t *testing.T) {
	const lo, hi = 4*time.Hour - 24*time.Minute, 4*time.Hour + 24*time.Minute
	ids := IDs{Now: func() time.Time { return noon }}
	var tenths [10]int
	for range 1000 {
		id := ids.New()
		for attempt := 8; attempt < 38; attempt++ {
			wait := RetryAfter(attempt, id)
			if wait < lo || wait >= hi {
				t.Fatalf("RetryAfter(%d, %s) = %v, want 4 h ±10 %%", attempt, id, wait)
			}
			if again := RetryAfter(attempt, id); again != wait {
				t.Fatalf("RetryAfter(%d, %s) = %v, then %v", attempt, id, wait, again)
			}
			tenths[int((wait-lo)*10/(hi-lo))]++
		}
	}
	for i, n := range tenths {
		if n < 1500 || n > 6000 {
			t.Errorf("tenth %d of the spread holds %d of 30000 waits, want about 3000", i, n)
		}
	}
}
