package dns

import (
	"errors"
	"slices"
	"strings"
	"testing"

	wire "github.com/miekg/dns"
)

// FuzzRead: whatever a server sends, an answer is bounded, comes from the answer
// section only, and is a "no" only if the server said so in words.
func FuzzRead(f *testing.F) {
	types := []uint16{wire.TypeTXT, wire.TypeMX, wire.TypeA, wire.TypeAAAA, wire.TypePTR}
	q, _ := newQuestion("x.test", wire.TypeTXT)
	query, _ := q.packed()
	for _, packet := range hostile(f, query) {
		f.Add(0, packet[2:])
	}
	for i, line := range []string{"TXT a", "MX 1 y.test.", "A 192.0.2.1", "AAAA ::1", "PTR y.test."} {
		q.qtype = types[i]
		query, _ := q.packed()
		f.Add(i, reply(f, query, says(f, "x.test. CNAME y.test.", "y.test. "+line))[2:])
	}
	f.Fuzz(func(t *testing.T, kind int, packet []byte) {
		q := question{"x.test", types[uint(kind)%uint(len(types))]}
		query, err := q.packed()
		if err != nil {
			t.Fatal(err)
		}
		packet = append(query[:2:2], packet...) // a guesser must find the id
		if !repliesTo(query, packet) {
			return
		}
		a, err := read(packet, q)
		if err != nil {
			return
		}
		checkAnswer(t, a)
		var m wire.Msg
		if err := m.Unpack(packet); err != nil {
			t.Fatalf("read took a packet that is malformed: %v", err)
		}
		if errors.Is(a.err, ErrNoName) != (m.Rcode == wire.RcodeNameError) {
			t.Errorf("error is %v for code %d", a.err, m.Rcode)
		}
		if a.err == nil && m.Rcode != wire.RcodeSuccess {
			t.Errorf("code %d is no error", m.Rcode)
		}
		checkOnlyAnswerSection(t, &m, q, a)
	})
}

func checkAnswer(t *testing.T, a answer) {
	if n := len(a.texts) + len(a.mx) + len(a.addrs); n > maxRecords || n > 0 && a.err != nil {
		t.Errorf("answer has %d records and error %v", n, a.err)
	}
	if n := len(strings.Join(a.texts, "")); n > wire.MaxMsgSize {
		t.Errorf("answer has %d octets of text", n)
	}
	if a.ttl < minTTL || a.ttl > maxTTL {
		t.Errorf("answer is kept for %v", a.ttl)
	}
	if !slices.IsSortedFunc(a.mx, func(x, y MX) int { return int(x.Preference) - int(y.Preference) }) {
		t.Errorf("exchangers are not in order: %v", a.mx)
	}
}

func checkOnlyAnswerSection(t *testing.T, m *wire.Msg, q question, a answer) {
	m.Ns, m.Extra = nil, nil
	m.Rcode &= 0xf // the rest of it was in the additional section
	packet, err := m.Pack()
	if err != nil {
		return // what can be read cannot always be written
	}
	alone, err := read(packet, q)
	if err != nil || !slices.Equal(alone.texts, a.texts) || !slices.Equal(alone.mx, a.mx) || !slices.Equal(alone.addrs, a.addrs) {
		t.Errorf("with the answer section alone it reads as %+v, %v; with the others as %+v", alone, err, a)
	}
}

// FuzzName: a name is refused, or it is asked for byte by byte.
func FuzzName(f *testing.F) {
	for _, name := range []string{"good.test", "GOOD.test.", `a\.b`, "a b\x00\xff@;()\"'.test", "..", strings.Repeat("a.", 127), strings.Repeat("x", 64)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		q, err := newQuestion(name, wire.TypeTXT)
		if err != nil {
			if !errors.Is(err, ErrNoName) {
				t.Errorf("name %q is refused with %v, want ErrNoName", name, err)
			}
			return
		}
		query, err := q.packed()
		if err != nil {
			t.Fatalf("name %q cannot be asked for: %v", name, err)
		}
		var labels []string
		for i := headerSize; query[i] != 0; i += 1 + int(query[i]) {
			labels = append(labels, string(query[i+1:i+1+int(query[i])]))
		}
		if got, want := strings.Join(labels, "."), lower(strings.TrimSuffix(name, ".")); got != want {
			t.Errorf("name %q is asked for as %q, want %q", name, got, want)
		}
		if !repliesTo(query, reply(t, query, func(*wire.Msg) {})) {
			t.Errorf("the reply for name %q is not recognised", name)
		}
	})
}
