package mailer

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseID(t *testing.T) {
	for _, c := range []struct {
		in   string
		want ID // "": an error
	}{
		{"06c2k7gq0r1ne", "06c2k7gq0r1ne"},
		{"06C2K7GQ0R1NE", "06c2k7gq0r1ne"},
		{"0000000000000", "0000000000000"},
		{"vvvvvvvvvvvvu", "vvvvvvvvvvvvu"},
		{"", ""},
		{"06c2k7gq0r1n", ""},
		{"06c2k7gq0r1nee", ""},
		{"06c2k7gq0r1nf", ""}, // a bit that no number holds
		{"06c2k7gq0r1nz", ""},
		{"06c2k7gq-r1ne", ""},
		{"06c2k7gq0r1n\n", ""}, // 13 octets, of which the decoder skips one
		{"06c2k7gq0r1ne\n", ""},
		{"\r\n06c2k7gq0r1ne", ""},
		{"06c2k7gq0r1n=", ""},
		{"ı6c2k7gq0r1n", ""},
		{strings.Repeat("0", 1<<20), ""},
	} {
		got, err := ParseID(c.in)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("ParseID(%.40q) = %q, %v, want %q", c.in, got, err, c.want)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("ParseID: error of %d octets, want a short one", len(err.Error()))
		}
		if n := ID(c.in).Number(); c.want == "" && n != 0 {
			t.Errorf("ID(%.40q).Number() = %d, want 0", c.in, n)
		}
	}
}

func TestIDRoundTripAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		x, y := MakeID(a), MakeID(b)
		if x.Number() != a || len(x) != idLength {
			t.Fatalf("MakeID(%d) = %q, which is number %d", a, x, x.Number())
		}
		if back, err := ParseID(string(x)); err != nil || back != x {
			t.Fatalf("%q came back as %q, %v", x, back, err)
		}
		if (x < y) != (a < b) {
			t.Fatalf("%q and %q sort differently from %d and %d", x, y, a, b)
		}
	})
}

func TestIDsSortByTime(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	seed := uint32(0xffffffff)
	ids := IDs{Now: func() time.Time { return now }, Seed: func() uint32 { return seed }}
	var made []ID
	for _, step := range []time.Duration{0, 0, time.Millisecond, time.Hour, -time.Hour, 0, 24 * time.Hour} {
		now = now.Add(step)
		made = append(made, ids.New())
		seed -= 12345 // a smaller seed in the same millisecond, and a clock set back, keep the order
	}
	if !slices.IsSorted(made) || len(slices.Compact(slices.Clone(made))) != len(made) {
		t.Errorf("ids are not strictly ascending: %q", made)
	}
	if ms := int64(made[0].Number() >> 20); ms != 1_800_000_000_000 {
		t.Errorf("the first id carries %d ms, want the time it was made", ms)
	}
}

// A process that starts with its clock set back goes on after the newest id that
// is stored; one that starts in the same millisecond begins somewhere else in it.
func TestIDsAfterARestart(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	clock := func() time.Time { return now }
	newest := (&IDs{Now: clock}).New()
	now = now.Add(-time.Hour)
	ids := IDs{Now: clock}
	ids.After(newest)
	ids.After(MakeID(1)) // an older one changes nothing
	for range 3 {
		if id := ids.New(); id <= newest {
			t.Fatalf("an hour back the generator gave %s, want one after %s", id, newest)
		} else {
			newest = id
		}
	}
	ids.After("not an id")
	if id := ids.New(); id <= newest {
		t.Errorf("after nonsense the generator gave %s, want one after %s", id, newest)
	}
	seed := uint32(7)
	seeded := IDs{Now: clock, Seed: func() uint32 { seed += 1 << 18; return seed }}
	if a, b := seeded.New().Number(), seeded.New().Number(); a&(1<<20-1) != 1<<18+7 || b != a+1 {
		t.Errorf("one millisecond gave %x and %x, want its seed and one more", a, b)
	}
	now = now.Add(time.Millisecond)
	if n := seeded.New().Number(); n&(1<<20-1) != 7 {
		t.Errorf("the next millisecond starts at %x, want a seed of its own, cut to 19 bits", n)
	}
}

func TestIDsAreUniqueConcurrently(t *testing.T) {
	const workers, each = 8, 2000
	var ids IDs // the zero value is ready
	made := make([][]ID, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				made[w] = append(made[w], ids.New())
			}
		})
	}
	wg.Wait()
	seen := map[ID]bool{}
	for _, own := range made {
		if !slices.IsSorted(own) {
			t.Error("one caller got ids out of order")
		}
		for _, id := range own {
			seen[id] = true
		}
	}
	if len(seen) != workers*each {
		t.Errorf("got %d different ids, want %d", len(seen), workers*each)
	}
}

func TestFoldASCIIOnly(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "abc", "AbÇİ\u212a": "abÇİ\u212a", "Z{@[": "z{@["} {
		if got := lower(in); got != want {
			t.Errorf("lower(%q) = %q, want %q", in, got, want)
		}
	}
	if got := upper("azıßé`{"); got != "AZıßé`{" {
		t.Errorf("upper folded beyond ASCII: %q", got)
	}
}
