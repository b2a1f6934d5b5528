package parse

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// maxMiss is the longest line for a miss, in octets.
const maxMiss = 160

// scorebook counts, for each set of the corpus and each fact, how often what is
// read agrees with what is stated.
type scorebook struct {
	scores  map[scoreKey]score
	missed  []missed
	skipped map[string]map[string]int // fact, reason: how often
}

type scoreKey struct{ set, fact string }

type score struct{ right, total int }

func (s score) String() string { return fmt.Sprintf("%d/%d", s.right, s.total) }

func (s score) plus(o score) score { return score{s.right + o.right, s.total + o.total} }

// missed is one comparison that failed. Its class tells where to look first.
type missed struct{ fact, class, id, want, got string }

func newScorebook() *scorebook {
	return &scorebook{scores: map[scoreKey]score{}, skipped: map[string]map[string]int{}}
}

func (b *scorebook) count(set, fact string, ok bool) {
	key, one := scoreKey{set, fact}, score{0, 1}
	if ok {
		one.right = 1
	}
	b.scores[key] = b.scores[key].plus(one)
}

func (b *scorebook) miss(id, fact, want, got string) {
	b.missed = append(b.missed, missed{fact, missClass(want, got), id, want, got})
}

// skip notes a fact that is not compared.
func (b *scorebook) skip(fact, reason string) {
	if b.skipped[fact] == nil {
		b.skipped[fact] = map[string]int{}
	}
	b.skipped[fact][reason]++
}

// total is a fact's score over all sets.
func (b *scorebook) total(fact string) score {
	var sum score
	for key, s := range b.scores {
		if key.fact == fact {
			sum = sum.plus(s)
		}
	}
	return sum
}

func (b *scorebook) sorted() []scoreKey {
	return slices.SortedFunc(maps.Keys(b.scores), func(x, y scoreKey) int {
		return cmp.Or(strings.Compare(x.set, y.set), strings.Compare(x.fact, y.fact))
	})
}

// table is set × fact, then each fact's total, then the lines that the goals
// are stated in. Others look for the last two by their words.
func (b *scorebook) table() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	facts := map[string]bool{}
	for _, key := range b.sorted() {
		facts[key.fact] = true
		fmt.Fprintf(w, "%s\t%s\t%s\n", key.set, key.fact, b.scores[key])
	}
	for _, fact := range slices.Sorted(maps.Keys(facts)) {
		sum := b.total(fact)
		fmt.Fprintf(w, "all sets\t%s\t%s\t%.1f %%\n", fact, sum, 100*float64(sum.right)/float64(sum.total))
	}
	w.Flush()
	fmt.Fprintf(&out, "sisimai reference recipients %s\n", b.total("reference_recipients"))
	for _, goal := range [][2]string{
		{"bounces", "bounce.complete"}, {"persons", "person"}, {"talon-html", "reply_text_nowhitespace"},
		{"survive", "survive"}, {"replies", "reply_text"},
	} {
		fmt.Fprintf(&out, "total %s %s\n", goal[0], b.total(goal[1]))
	}
	return out.String()
}

// misses lists them by fact, each fact with a summary of their classes.
func (b *scorebook) misses() string {
	slices.SortStableFunc(b.missed, func(x, y missed) int {
		return cmp.Or(strings.Compare(x.fact, y.fact), strings.Compare(x.class, y.class), strings.Compare(x.id, y.id))
	})
	var out strings.Builder
	for start := 0; start < len(b.missed); {
		end, classes := start, map[string]int{}
		for ; end < len(b.missed) && b.missed[end].fact == b.missed[start].fact; end++ {
			classes[b.missed[end].class]++
			out.WriteString(b.missed[end].line())
		}
		fmt.Fprintf(&out, "misses of %s: %d", b.missed[start].fact, end-start)
		for _, class := range slices.Sorted(maps.Keys(classes)) {
			fmt.Fprintf(&out, ", %s %d", class, classes[class])
		}
		out.WriteString("\n\n")
		start = end
	}
	return out.String()
}

func (b *scorebook) notCompared() string {
	var out strings.Builder
	for _, fact := range slices.Sorted(maps.Keys(b.skipped)) {
		for _, reason := range slices.Sorted(maps.Keys(b.skipped[fact])) {
			fmt.Fprintf(&out, "not compared: %s (%d): %s\n", fact, b.skipped[fact][reason], reason)
		}
	}
	return out.String() + "\n"
}

// line shows where want and got part.
func (m missed) line() string {
	want, got := squeeze(m.want), squeeze(m.got)
	same := commonPrefix(want, got)
	head := fmt.Sprintf("%s %s (%s): ", m.fact, m.id, m.class)
	room := max(maxMiss-len(head)-len(`want "" got ""`), 20) / 2
	line := head + fmt.Sprintf("want %q got %q", excerpt(want, same, room), excerpt(got, same, room))
	if len(line) > maxMiss {
		line = strings.ToValidUTF8(line[:maxMiss], "")
	}
	return line + "\n"
}

// commonPrefix is how many octets two strings have in common, whole characters
// only.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return n
}

// excerpt cuts what is around an offset.
func excerpt(s string, at, room int) string {
	start := max(0, min(at-room/3, len(s)-room))
	return strings.ToValidUTF8(s[start:min(len(s), start+room)], "")
}

// missClass sorts misses roughly.
func missClass(want, got string) string {
	w, g := withoutSpace(want), withoutSpace(got)
	switch {
	case w == g:
		return "white space"
	case strings.EqualFold(w, g):
		return "case"
	case g == "":
		return "nothing read"
	case strings.ContainsRune(w, utf8.RuneError) && !strings.ContainsRune(g, utf8.RuneError):
		return "the source could not decode it"
	case w == "":
		return "should be empty"
	case strings.Contains(g, w):
		return "too much"
	case strings.Contains(w, g):
		return "too little"
	}
	return "other"
}

// squeeze is how the corpus compares text.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func withoutSpace(s string) string { return strings.Join(strings.Fields(s), "") }
