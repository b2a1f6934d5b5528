package parse

import (
	"bytes"
	"slices"
	"testing"
)

// outline writes the parts of a mail as offsets, and checks that they are in
// order and within each other.
func outline(t *testing.T, p *part, depth int, out []int) []int {
	t.Helper()
	if depth > maxDepth+1 {
		t.Fatalf("a part is %d levels deep, want at most %d", depth, maxDepth+1)
	}
	if p.start > p.end {
		t.Fatalf("a part begins at %d and ends at %d", p.start, p.end)
	}
	out = append(out, depth, p.start, p.end)
	at := p.start
	for _, c := range p.parts {
		if c.start < at || c.end > p.end {
			t.Fatalf("a part from %d to %d is not behind %d and within %d to %d", c.start, c.end, at, p.start, p.end)
		}
		at = c.end
		out = outline(t, c, depth+1, out)
	}
	return out
}

// FuzzSplit: parts follow each other within their multipart, no limit is passed,
// and it makes no difference where the mail is read from.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		mime("mixed", "b", plainPart, pdfPart), nest(4), "Content-Type: message/rfc822\n\n" + mime("mixed", "b", plainPart),
		mime("digest", "b", "\nSubject: x\n\nHello", "Content-Type: message/rfc822\n\n"+mime("mixed", "c", plainPart)),
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\ny\r\n--b\r\n", "Content-Type: multipart/mixed; boundary=b\n\n--b\r\r\n--b",
	} {
		f.Add([]byte(s), 50)
	}
	f.Fuzz(func(t *testing.T, raw []byte, step int) {
		whole := Bytes(raw)
		a := split(whole.Header(), whole)
		if a.why != "" {
			return
		}
		src := File(bytes.NewReader(raw), int64(len(raw)))
		src.step = 1 + max(0, step%1000)
		again := split(src.Header(), src)
		if a, b := outline(t, a.root, 0, nil), outline(t, again.root, 0, nil); !slices.Equal(a, b) || src.Err() != nil {
			t.Errorf("from a file the parts are %v (%v), from memory %v", b, src.Err(), a)
		}
	})
}
