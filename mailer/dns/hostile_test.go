package dns

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"
)

// forger is a UDP server that sends whatever packets it likes for each query.
func forger(t testing.TB, packets func(query []byte) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			for _, p := range packets(slices.Clone(buf[:n])) {
				conn.WriteTo(p, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// reply packs an answer to a query.
func reply(t testing.TB, query []byte, change func(m *wire.Msg)) []byte {
	var q wire.Msg
	if err := q.Unpack(query); err != nil {
		t.Errorf("query cannot be read: %v", err)
		return nil
	}
	m := new(wire.Msg).SetReply(&q)
	m.RecursionAvailable = true
	change(m)
	packet, err := m.Pack()
	if err != nil {
		t.Errorf("reply cannot be packed: %v", err)
	}
	return packet
}

// says gives an answer with records in its answer section.
func says(t testing.TB, lines ...string) func(m *wire.Msg) {
	list := records(t, lines...)
	return func(m *wire.Msg) { m.Answer = list }
}

// RFC 5452 9.1: packets that do not reply to the question are passed over, and
// the true one behind them counts.
func TestForgedReplies(t *testing.T) {
	forged := says(t, "x.test. TXT forged")
	for what, forge := range map[string]func(query []byte) []byte{
		"wrong id":          func(query []byte) []byte { query[0]++; return reply(t, query, forged) },
		"another name":      func(query []byte) []byte { query[headerSize+1] = 'y'; return reply(t, query, forged) },
		"another type":      func(query []byte) []byte { query[headerSize+9]++; return reply(t, query, forged) },
		"another class":     func(query []byte) []byte { query[headerSize+11]++; return reply(t, query, forged) },
		"not a reply":       func(query []byte) []byte { p := reply(t, query, forged); p[2] &^= 0x80; return p },
		"without question":  func(query []byte) []byte { return noQuestion(query, wire.RcodeSuccess) },
		"NXDOMAIN, without": func(query []byte) []byte { return noQuestion(query, wire.RcodeNameError) },
		"two questions": func(query []byte) []byte {
			return reply(t, query, func(m *wire.Msg) { m.Question = append(m.Question, m.Question[0]) })
		},
		"cut in the header":   func(query []byte) []byte { return query[:headerSize-1] },
		"cut in the question": func(query []byte) []byte { return reply(t, query, forged)[:headerSize+3] },
		"empty":               func([]byte) []byte { return nil },
	} {
		t.Run(what, func(t *testing.T) {
			r := &Resolver{Timeout: 5 * time.Second}
			defer r.Close()
			r.Servers = []string{forger(t, func(query []byte) [][]byte {
				return [][]byte{forge(slices.Clone(query)), reply(t, query, says(t, "x.test. TXT true"))}
			})}
			got, err := r.TXT(t.Context(), "x.test")
			if err != nil || !slices.Equal(got, []string{"true"}) {
				t.Errorf("got %q, %v, want the second packet's answer", got, err)
			}
		})
	}
}

func noQuestion(query []byte, rcode byte) []byte {
	return append([]byte{query[0], query[1], 0x80, rcode}, make([]byte, 8)...)
}

// hostile packets reply to the question "TXT x.test" but do not answer it.
func hostile(t testing.TB, query []byte) map[string][]byte {
	packet := func(change func(m *wire.Msg)) []byte { return reply(t, query, change) }
	end := len(packet(func(*wire.Msg) {}))
	raw := func(records uint16, tail string) []byte {
		p := append(packet(func(*wire.Msg) {}), tail...)
		binary.BigEndian.PutUint16(p[6:], records)
		return p
	}
	pointer := string([]byte{0xc0 | byte(end>>8), byte(end)})
	var many []string
	for i := range maxRecords + 1 {
		many = append(many, fmt.Sprintf("x.test. TXT %d", i))
	}
	return map[string][]byte{
		"a name that points at itself":  raw(1, pointer+"\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01a"),
		"a name that points beyond":     raw(1, "\xff\xff\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01a"),
		"a text longer than its record": raw(1, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\xf0a"),
		"a record without data":         raw(1, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x00"),
		"an alias without data":         raw(1, "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x00"),
		"a record less than announced":  raw(2, "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01a"),
		"no record of those announced":  raw(7, ""),
		"65535 records announced":       raw(65535, ""),
		"too many records":              packet(func(m *wire.Msg) { m.Compress = true; m.Answer = records(t, many...) }),
		"an alias of itself":            packet(says(t, "x.test. CNAME X.test.")),
		"aliases in a loop":             packet(says(t, "x.test. CNAME y.test.", "y.test. CNAME x.test.")),
		"a chain without end":           packet(says(t, chain(maxAliases)...)),
		"SERVFAIL":                      packet(func(m *wire.Msg) { m.Rcode = wire.RcodeServerFailure }),
		"REFUSED":                       packet(func(m *wire.Msg) { m.Rcode = wire.RcodeRefused }),
		"FORMERR":                       packet(func(m *wire.Msg) { m.Rcode = wire.RcodeFormatError }),
		"REFUSED, without question":     noQuestion(query, wire.RcodeRefused),
		"a referral":                    packet(func(m *wire.Msg) { m.Ns = records(t, "test. NS ns.test.") }),
		"records cut off":               packet(says(t, "x.test. TXT "+strings.Repeat("a", 200)))[:end+100],
	}
}

func chain(n int) (lines []string) {
	from := "x.test."
	for i := range n {
		to := fmt.Sprintf("c%d.test.", i)
		lines = append(lines, from+" CNAME "+to)
		from = to
	}
	return append(lines, from+" TXT end")
}

// None of them may read as "no such name" or "nothing published", whether by
// UDP or read as by TCP.
func TestHostileAnswers(t *testing.T) {
	q, err := newQuestion("x.test", wire.TypeTXT)
	if err != nil {
		t.Fatal(err)
	}
	query, err := q.packed()
	if err != nil {
		t.Fatal(err)
	}
	for what, packet := range hostile(t, query) {
		if !repliesTo(query, packet) {
			t.Errorf("%s: does not reply to the question, so this test tests nothing", what)
		}
		if a, err := read(packet, q); err == nil {
			t.Errorf("%s: read as texts %q, error %v, want no answer", what, a.texts, a.err)
		}
		r := &Resolver{Timeout: 5 * time.Second}
		r.Servers = []string{forger(t, func(query []byte) [][]byte { return [][]byte{hostile(t, query)[what]} })}
		_, err := r.TXT(t.Context(), "x.test")
		wantErr(t, what, err, ErrTemporary)
		r.Close()
	}
}

// The positive control: what looks odd, but is an answer.
func TestOddAnswers(t *testing.T) {
	q, _ := newQuestion("x.test", wire.TypeTXT)
	query, _ := q.packed()
	var most []string
	for i := range maxRecords {
		most = append(most, fmt.Sprintf("x.test. TXT %d", i))
	}
	for _, c := range []struct {
		what   string
		change func(m *wire.Msg)
		texts  int
		err    error
	}{
		{"most records", says(t, most...), maxRecords, nil},
		{"longest chain", says(t, chain(maxAliases-1)...), 1, nil},
		{"letter case", says(t, "X.TEST. CNAME Y.test.", "y.TEST. TXT a"), 1, nil},
		{"records of other names, RFC 5452 6", says(t, "x.test. TXT a", "y.test. TXT b"), 1, nil},
		{"records of other types", says(t, "x.test. TXT a", "x.test. MX 1 x.test."), 1, nil},
		{"records of another class", says(t, "x.test. CH TXT a"), 0, nil},
		{"records only elsewhere", func(m *wire.Msg) { m.Extra = records(t, "x.test. TXT a"); m.Ns = m.Extra }, 0, nil},
		{"authoritative, with NS", func(m *wire.Msg) { m.Authoritative = true; m.Ns = records(t, "test. NS ns.test.") }, 0, nil},
		{"NXDOMAIN with records", func(m *wire.Msg) { m.Rcode = wire.RcodeNameError; says(t, "x.test. TXT a")(m) }, 0, ErrNoName},
	} {
		a, err := read(reply(t, query, c.change), q)
		if err != nil || len(a.texts) != c.texts {
			t.Errorf("%s: %d texts, %v, want %d", c.what, len(a.texts), err, c.texts)
		}
		wantErr(t, c.what, a.err, c.err)
	}
}

// More than what was allowed by UDP is cut by the system; the rest must not pass
// for the whole.
func TestHugeDatagram(t *testing.T) {
	r := &Resolver{Timeout: 5 * time.Second}
	defer r.Close()
	r.Servers = []string{forger(t, func(query []byte) [][]byte {
		return [][]byte{reply(t, query, says(t, slices.Repeat([]string{"x.test. TXT " + strings.Repeat("a", 250)}, 20)...))}
	})}
	_, err := r.TXT(t.Context(), "x.test")
	wantErr(t, "datagram of 5 KiB", err, ErrTemporary)
}

// A TCP server that lies is one more failure.
func TestHostileTCP(t *testing.T) {
	for what, packet := range map[string]func(query []byte) []byte{
		"wrong id":        func(query []byte) []byte { query[0]++; return reply(t, query, says(t, "x.test. TXT forged")) },
		"truncated again": func(query []byte) []byte { return reply(t, query, func(m *wire.Msg) { m.Truncated = true }) },
		"empty":           func([]byte) []byte { return nil },
	} {
		q, _ := newQuestion("x.test", wire.TypeTXT)
		query, _ := q.packed()
		client, server := net.Pipe()
		go func() {
			p := packet(slices.Clone(query))
			server.Write(binary.BigEndian.AppendUint16(nil, uint16(len(p))))
			server.Write(p)
			server.Close()
		}()
		got, err := receiveTCP(client, query)
		if err == nil && !truncated(got) {
			t.Errorf("%s by TCP was taken for a reply", what)
		}
		client.Close()
	}
}

// TestBreakdown: a fault of the parser ends one question, not the process (T63).
func TestBreakdown(t *testing.T) {
	r := &Resolver{Servers: []string{"127.0.0.1:53"}, dial: func(context.Context, string, string) (net.Conn, error) { panic("fault") }}
	defer r.Close()
	_, err := r.TXT(t.Context(), "good.test")
	wantErr(t, "TXT whose reading panics", err, ErrTemporary)
}
