package tnef

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"casegate/ingest/corpustest"
)

// TestCorpus reads the bare TNEF files of the corpus and compares what hangs on
// them with what their source states. It is the decoder of another program, with
// a convention that is not ours: where a message hangs on a message it counts
// also the note that stands for it and what hangs on it, and before a picture
// of OLE it leaves the name of its interface. So 6 of 10 are as stated.
func TestCorpus(t *testing.T) {
	const known = 6
	right, total := 0, 0
	for _, item := range corpustest.Items(t) {
		if item.Input != "tnef" {
			continue
		}
		var want []struct{ SHA256 string }
		if err := json.Unmarshal(item.Expect["tnef_attachments"], &want); err != nil {
			t.Fatal(err)
		}
		m, err := Read(bare(item.Raw))
		if err != nil {
			t.Errorf("%s: %v, want it read to the end", item.ID, err)
		}
		if m.Text == "" && m.HTML == "" {
			t.Errorf("%s has no text, with RTF of %d octets", item.ID, len(m.RTF))
		}
		got := map[string]bool{}
		for _, a := range m.Attachments {
			sum := sha256.Sum256(a.Data)
			got[hex.EncodeToString(sum[:])] = true
		}
		for i, w := range want {
			total++
			if !got[w.SHA256] {
				t.Logf("%s: attachment %d is not there as stated", item.ID, i)
				continue
			}
			right++
		}
	}
	t.Logf("%d of %d attachments as stated", right, total)
	if right < known {
		t.Errorf("%d attachments are as stated, want %d", right, known)
	}
}

// bare takes off the header that the corpus's loader puts before a file.
func bare(raw []byte) []byte {
	for i := range raw {
		if i+4 <= len(raw) && string(raw[i:i+4]) == "\r\n\r\n" {
			return raw[i+4:]
		}
	}
	return raw
}
