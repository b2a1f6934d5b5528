package parse

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
	"testing"
	"time"

	"casegate/ingest/corpustest"
	"casegate/mailer"
)

// TestCorpus reads every item. Nothing may panic, and what comes out must be
// fit to be stored. How far the stated facts are met is logged, not required:
// the sources disagree with each other.
func TestCorpus(t *testing.T) {
	items := corpustest.Items(t)
	score := map[string]*[2]int{}
	failures, limits := map[string]int{}, map[string]int{}
	var slowest time.Duration
	var slowestID string
	for _, it := range items {
		start := time.Now()
		m := Read(it.Raw)
		if d := time.Since(start); d > slowest {
			slowest, slowestID = d, it.ID
		}
		if m.Failure != "" {
			failures[m.Failure]++
		}
		for _, l := range m.Limits {
			limits[l]++
		}
		if why := unfit(m); why != "" {
			t.Errorf("%s: %s", it.ID, why)
		}
		compare(t, it, m, score)
	}
	if len(items) != corpustest.Size {
		t.Errorf("read %d items, the corpus has %d", len(items), corpustest.Size)
	}
	for _, name := range sortedKeys(score) {
		t.Logf("%-24s %4d of %4d as stated", name, score[name][0], score[name][1])
	}
	t.Logf("failures: %v", failures)
	t.Logf("limits: %v", limits)
	t.Logf("slowest: %s, %v", slowestID, slowest.Round(time.Millisecond))
}

func sortedKeys(m map[string]*[2]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// compare counts, for each fact the item states, whether the message agrees.
func compare(t *testing.T, it corpustest.Item, m mailer.Message, score map[string]*[2]int) {
	count := func(name string, ok bool, got any) {
		if score[name] == nil {
			score[name] = &[2]int{}
		}
		score[name][1]++
		if ok {
			score[name][0]++
		} else if testing.Verbose() {
			t.Logf("  %s: %s: want %s, got %+v", it.ID, name, short(it.Expect[name]), got)
		}
	}
	for name, fact := range it.Expect {
		var s string
		var list []struct{ Email, Name string }
		var parts []struct{ SHA256 string }
		switch {
		case name == "subject" && json.Unmarshal(fact, &s) == nil:
			count(name, squeeze(m.Subject) == squeeze(s), m.Subject)
		case name == "message_id" && json.Unmarshal(fact, &s) == nil:
			count(name, m.MessageID == strings.Trim(s, "<>"), m.MessageID)
		case name == "text" && json.Unmarshal(fact, &s) == nil:
			count(name, squeeze(m.Text) == squeeze(s), m.Text)
		case name == "from" && json.Unmarshal(fact, &list) == nil:
			count(name, sameMailboxes(m.From, list), m.From)
		case name == "to" && json.Unmarshal(fact, &list) == nil:
			count(name, sameMailboxes(m.To, list), m.To)
		case name == "attachments" && json.Unmarshal(fact, &parts) == nil:
			var want, got []string
			for _, p := range parts {
				want = append(want, p.SHA256)
			}
			for _, a := range m.Attachments {
				got = append(got, a.SHA256)
			}
			count("attachments (number)", len(got) == len(want), m.Attachments)
			if len(want) > 0 && want[0] != "" {
				count("attachments (bytes)", sameSet(got, want), m.Attachments)
			}
		case name == "auto_submitted" || name == "out_of_office":
			count(name, (m.Kind != mailer.KindPerson) == (string(fact) != "false"), m.Kind)
		case name == "bounce":
			var b struct {
				IsBounce bool `json:"is_bounce"`
			}
			if json.Unmarshal(fact, &b) == nil && b.IsBounce {
				count("bounce (not a person's)", m.Kind != mailer.KindPerson, m.Subject)
			}
		}
	}
}

func short(b []byte) string { return string(b[:min(len(b), 300)]) }

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func sameMailboxes(got []mailer.Mailbox, want []struct{ Email, Name string }) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !strings.EqualFold(got[i].Email.String(), want[i].Email) {
			return false
		}
		if want[i].Name != "" && squeeze(got[i].Name) != squeeze(want[i].Name) {
			return false
		}
	}
	return true
}

func sameSet(got, want []string) bool {
	sort.Strings(got)
	sort.Strings(want)
	return strings.Join(got, " ") == strings.Join(want, " ")
}

// TestCorpusWithLineEnds: a mail says the same with CRLF and with LF line ends.
func TestCorpusWithLineEnds(t *testing.T) {
	for _, it := range corpustest.Items(t) {
		lf := bytes.ReplaceAll(it.Raw, []byte("\r\n"), []byte("\n"))
		if bytes.ContainsAny(lf, "\r\x00") {
			continue // bare CR, which the door refuses; NUL: UTF-16, whose line ends are other octets
		}
		a, b := Read(lf), Read(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")))
		if len(a.Limits) > 0 {
			continue // cut, and CR counts
		}
		if a.Subject != b.Subject || a.Text != b.Text || len(a.Attachments) != len(b.Attachments) || a.Kind != b.Kind {
			t.Errorf("%s: read differently with LF and with CRLF", it.ID)
		}
	}
}
