package parse

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
)

// baselineFile holds what was reached: lines of "set fact right/total", sorted,
// and nothing of any mail.
const baselineFile = "testdata/corpus.baseline"

// checkBaseline compares with what was reached before; what gets worse is an
// error, and with -update the new scores are recorded.
func checkBaseline(t *testing.T, b *scorebook) {
	t.Helper()
	if *update {
		if err := os.WriteFile(baselineFile, formatBaseline(b), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	stored, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatalf("no recorded scores (run with -update to record them): %v", err)
	}
	before, err := parseBaseline(stored)
	if err != nil {
		t.Fatal(err)
	}
	worse, better := compareScores(before, b.scores)
	for _, line := range worse {
		t.Error(line)
	}
	if better > 0 {
		t.Logf("%d scores are better than recorded, or new: run with -update to hold them", better)
	}
}

func formatBaseline(b *scorebook) []byte {
	var out bytes.Buffer
	for _, key := range b.sorted() {
		fmt.Fprintf(&out, "%s %s %s\n", key.set, key.fact, b.scores[key])
	}
	return out.Bytes()
}

func parseBaseline(stored []byte) (map[scoreKey]score, error) {
	scores := map[scoreKey]score{}
	for line := range bytes.Lines(stored) {
		var key scoreKey
		var s score
		if _, err := fmt.Sscanf(string(line), "%s %s %d/%d\n", &key.set, &key.fact, &s.right, &s.total); err != nil {
			return nil, fmt.Errorf("recorded score %q: want set fact right/total: %w", line, err)
		}
		scores[key] = s
	}
	return scores, nil
}

// compareScores says what is worse than before, and counts what is better. A
// comparison that no longer takes place is a loss, too: else a fact could be
// met by not looking.
func compareScores(before, now map[scoreKey]score) (worse []string, better int) {
	for key, was := range before {
		is := now[key]
		switch {
		case is.right < was.right:
			worse = append(worse, fmt.Sprintf("%s %s: %s, want at least the recorded %s", key.set, key.fact, is, was))
		case is.total < was.total:
			worse = append(worse, fmt.Sprintf("%s %s: compared %d times, was %d times", key.set, key.fact, is.total, was.total))
		case is.right > was.right:
			better++
		}
	}
	for key := range now {
		if _, ok := before[key]; !ok {
			better++
		}
	}
	slices.Sort(worse)
	return worse, better
}

// TestCompareScores: the guard itself.
func TestCompareScores(t *testing.T) {
	key := scoreKey{"a", "subject"}
	tests := []struct {
		name          string
		before, now   map[scoreKey]score
		worse, better int
	}{
		{"the same", map[scoreKey]score{key: {1, 2}}, map[scoreKey]score{key: {1, 2}}, 0, 0},
		{"one less", map[scoreKey]score{key: {1, 2}}, map[scoreKey]score{key: {0, 2}}, 1, 0},
		{"one more", map[scoreKey]score{key: {1, 2}}, map[scoreKey]score{key: {2, 2}}, 0, 1},
		{"not looked at", map[scoreKey]score{key: {1, 2}}, map[scoreKey]score{key: {1, 1}}, 1, 0},
		{"gone", map[scoreKey]score{key: {0, 2}}, map[scoreKey]score{}, 1, 0},
		{"new", map[scoreKey]score{}, map[scoreKey]score{key: {0, 2}}, 0, 1},
	}
	for _, tt := range tests {
		worse, better := compareScores(tt.before, tt.now)
		if len(worse) != tt.worse || better != tt.better {
			t.Errorf("%s: %d worse and %d better, want %d and %d", tt.name, len(worse), better, tt.worse, tt.better)
		}
	}
	b := newScorebook()
	b.count("a", "subject", true)
	b.count("a", "subject", false)
	got, err := parseBaseline(formatBaseline(b))
	if err != nil || got[key] != (score{1, 2}) {
		t.Errorf("the recorded scores are read back as %v, %v; want 1/2", got, err)
	}
}
