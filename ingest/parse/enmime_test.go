package parse

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"casegate/ingest/corpustest"
	"casegate/ingest/parse/header"
)

// TestSplitAgreesWithEnmime: on mail that enmime has no complaint about, both
// find the same leaves with the same raw bytes. They differ on unterminated
// multiparts, unusual boundaries and digests, hence not on every mail.
func TestSplitAgreesWithEnmime(t *testing.T) {
	same, all := 0, 0
	for _, it := range corpustest.Items(t) {
		root := split(header.Read(it.Raw), Bytes(it.Raw))
		if root.why != "" {
			continue
		}
		theirs, ok := enmimeLeaves(it.Raw)
		if !ok {
			continue
		}
		all++
		if ours := leafSums(root.root, it.Raw); slices.Equal(ours, theirs) {
			same++
		} else {
			t.Logf("%s: we find %d leaves, enmime %d", it.ID, len(ours), len(theirs))
		}
	}
	t.Logf("the same leaves in %d of %d mails", same, all)
	if same*100 < all*98 {
		t.Errorf("split and enmime find the same leaves in only %d of %d well-formed mails, want 98 %%", same, all)
	}
}

// enmimeLeaves reads a mail with enmime; not ok where it complains, or finds a
// multipart empty.
func enmimeLeaves(raw []byte) (sums [][32]byte, ok bool) {
	root, err := enmime.NewParser(
		enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.DisableTextConversion(true),
		enmime.DisableCharacterDetection(true),
		enmime.RawContent(true),
	).ReadParts(bytes.NewReader(raw))
	if err != nil {
		return nil, false
	}
	ok = true
	root.DepthMatchAll(func(p *enmime.Part) bool {
		for _, e := range p.Errors {
			ok = ok && e.Name == enmime.ErrorMissingContentType
		}
		if p.FirstChild == nil {
			ok = ok && p.Boundary == ""
			sums = append(sums, sha256.Sum256(p.Content))
		}
		return false
	})
	return sums, ok
}

func leafSums(p *part, raw []byte) [][32]byte {
	if p.isLeaf() {
		return [][32]byte{sha256.Sum256(raw[p.start:p.end])}
	}
	var sums [][32]byte
	for _, c := range p.parts {
		sums = append(sums, leafSums(c, raw)...)
	}
	return sums
}
