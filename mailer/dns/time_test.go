package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	wire "github.com/miekg/dns"
)

// network is servers in memory, for tests under synctest, where real sockets
// would stop the clock.
type network struct {
	// reply fills in the answer; false: none is sent.
	reply func(server string, m *wire.Msg) bool
	asked atomic.Int64
}

func (n *network) dial(_ context.Context, _, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		buf := make([]byte, udpSize)
		for {
			size, err := server.Read(buf)
			if err != nil {
				return
			}
			n.asked.Add(1)
			var query, m wire.Msg
			if query.Unpack(buf[:size]) != nil || !n.reply(addr, m.SetReply(&query)) {
				continue
			}
			if packet, err := m.Pack(); err == nil {
				server.Write(packet)
			}
		}
	}()
	return client, nil
}

// bubble runs f with fake time and a resolver on the network.
func bubble(t *testing.T, n *network, f func(t *testing.T, r *Resolver)) {
	synctest.Test(t, func(t *testing.T) {
		r := &Resolver{Servers: []string{"a:53", "b:53"}, dial: n.dial}
		defer r.Close()
		f(t, r)
	})
}

func silent(string, *wire.Msg) bool { return false }

// exists answers every question with "no such records".
func exists(string, *wire.Msg) bool { return true }

func took(t *testing.T, what string, want time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if got := time.Since(start); got != want {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

// Issue 4: an unanswering DNS costs at most 3 s once, and not for each mail.
func TestDeadDNSCostsOnce(t *testing.T) {
	n := &network{reply: silent}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		mail := func(i int) {
			ctx, cancel := WithBudget(t.Context(), 60, 3*time.Second)
			defer cancel()
			for q := range 10 {
				_, err := r.TXT(ctx, fmt.Sprintf("q%d.mail%d.test", q, i))
				wantErr(t, "TXT of a dead DNS", err, ErrTemporary)
			}
		}
		took(t, "the first mail", 2*time.Second, func() { mail(0) })
		asked := n.asked.Load()
		took(t, "20 mails from other domains", 0, func() {
			for i := range 20 {
				mail(1 + i)
			}
		})
		if got := n.asked.Load(); got != asked {
			t.Errorf("dead servers were asked %d times more, want none for 10 s", got-asked)
		}
		n.reply = exists
		time.Sleep(downFor)
		took(t, "a mail after the servers are back", 0, func() {
			_, err := r.TXT(t.Context(), "q0.mail0.test")
			wantErr(t, "TXT of the servers that are back", err, nil)
		})
	})
}

// A stranger can have name servers that never answer. That must cost the mail of
// others nothing; our servers are alive.
func TestDeadDomain(t *testing.T) {
	n := &network{reply: func(_ string, m *wire.Msg) bool { return m.Question[0].Name != "dead.test." }}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		dead := func() {
			_, err := r.TXT(t.Context(), "dead.test")
			wantErr(t, "TXT of a dead domain", err, ErrTemporary)
		}
		took(t, "a dead domain", 2*time.Second, dead)
		took(t, "a dead domain again", 0, dead)
		took(t, "another domain", 0, func() {
			_, err := r.TXT(t.Context(), "good.test")
			wantErr(t, "TXT of another domain", err, nil)
		})
		time.Sleep(downFor)
		took(t, "a dead domain after 10 s", 2*time.Second, dead)
	})
}

func TestDeadFirstServer(t *testing.T) {
	n := &network{reply: func(server string, _ *wire.Msg) bool { return server == "b:53" }}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		took(t, "ten questions, first of two servers dead", time.Second, func() {
			for i := range 10 {
				_, err := r.TXT(t.Context(), fmt.Sprintf("q%d.test", i))
				wantErr(t, "TXT with a living server", err, nil)
			}
		})
	})
}

func TestBudget(t *testing.T) {
	n := &network{reply: exists}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		ctx, cancel := WithBudget(t.Context(), 3, 3*time.Second)
		defer cancel()
		for i := range 3 {
			_, err := r.TXT(ctx, fmt.Sprintf("q%d.test", i))
			wantErr(t, "question within the budget", err, nil)
		}
		_, err := r.TXT(ctx, "q3.test")
		wantErr(t, "question beyond the budget", err, ErrTemporary)
		if !errors.Is(err, errBudget) {
			t.Errorf("question beyond the budget gave %v, want it to name the budget", err)
		}
		_, err = r.TXT(ctx, "q0.test")
		wantErr(t, "known answer beyond the budget", err, nil)
		_, err = r.TXT(t.Context(), "q3.test")
		wantErr(t, "the question of another mail", err, nil)
	})
}

func TestBudgetTime(t *testing.T) {
	n := &network{reply: func(_ string, m *wire.Msg) bool { return m.Question[0].Name == "." }}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		ctx, cancel := WithBudget(t.Context(), 60, 3*time.Second)
		defer cancel()
		took(t, "a mail with ten dead domains", 3*time.Second, func() {
			for i := range 10 {
				_, err := r.TXT(ctx, fmt.Sprintf("q%d.test", i))
				wantErr(t, "TXT of a dead domain", err, ErrTemporary)
				if i > 0 && !errors.Is(err, errBudget) {
					t.Errorf("question %d gave %v, want it to name the budget", i, err)
				}
			}
		})
	})
}

// What one caller gives up on is still learnt, for the next.
func TestCallerGivesUp(t *testing.T) {
	n := &network{reply: func(string, *wire.Msg) bool { time.Sleep(500 * time.Millisecond); return true }}
	bubble(t, n, func(t *testing.T, r *Resolver) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		took(t, "an impatient caller", 100*time.Millisecond, func() {
			_, err := r.TXT(ctx, "slow.test")
			wantErr(t, "TXT of an impatient caller", err, ErrTemporary)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("an impatient caller got %v, want it to wrap its context's error", err)
			}
		})
		time.Sleep(time.Second)
		took(t, "the next caller", 0, func() {
			_, err := r.TXT(t.Context(), "slow.test")
			wantErr(t, "TXT of the next caller", err, nil)
		})
		if got := n.asked.Load(); got != 1 {
			t.Errorf("the server was asked %d times, want 1", got)
		}
	})
}

// Close waits for no server. That nothing is left running then is what synctest
// checks: a goroutine that stays blocked fails the test.
func TestCloseInFlight(t *testing.T) {
	bubble(t, &network{reply: silent}, func(t *testing.T, r *Resolver) {
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_, err := r.MX(t.Context(), fmt.Sprintf("q%d.test", i))
				wantErr(t, "MX at Close", err, ErrTemporary)
			})
		}
		time.Sleep(1500 * time.Millisecond) // the probes run, too
		took(t, "Close", 0, func() { r.Close(); wg.Wait() })
	})
}

func TestTTL(t *testing.T) {
	soa := func(ttl, minimum uint32) wire.RR {
		h := wire.RR_Header{Name: "test.", Rrtype: wire.TypeSOA, Class: wire.ClassINET, Ttl: ttl}
		return &wire.SOA{Hdr: h, Ns: ".", Mbox: ".", Minttl: minimum}
	}
	for _, c := range []struct {
		what string
		fill func(m *wire.Msg)
		want time.Duration
	}{
		{"TTL 0", func(m *wire.Msg) { m.Answer = records(t, "x.test. 0 TXT a") }, time.Second},
		{"TTL 60", func(m *wire.Msg) { m.Answer = records(t, "x.test. 60 TXT a") }, time.Minute},
		{"lowest of several", func(m *wire.Msg) { m.Answer = records(t, "x.test. 60 TXT a", "x.test. 30 TXT b") }, 30 * time.Second},
		{"that of the CNAME", func(m *wire.Msg) { m.Answer = records(t, "x.test. 20 CNAME y.test.", "y.test. 60 TXT a") }, 20 * time.Second},
		{"a week", func(m *wire.Msg) { m.Answer = records(t, "x.test. 604800 TXT a") }, time.Hour},
		{"the highest bit, RFC 2181 8", func(m *wire.Msg) { m.Answer = records(t, "x.test. 4294967295 TXT a") }, time.Hour},
		{"no records, SOA minimum", func(m *wire.Msg) { m.Ns = []wire.RR{soa(600, 120)} }, 2 * time.Minute},
		{"no records, SOA's own TTL", func(m *wire.Msg) { m.Ns = []wire.RR{soa(60, 120)} }, time.Minute},
		{"no records, SOA of a week", func(m *wire.Msg) { m.Ns = []wire.RR{soa(604800, 604800)} }, 5 * time.Minute},
		{"no records, no SOA", func(*wire.Msg) {}, time.Second},
		{"NXDOMAIN", func(m *wire.Msg) { m.Rcode, m.Ns = wire.RcodeNameError, []wire.RR{soa(600, 120)} }, 2 * time.Minute},
		{"SERVFAIL", func(m *wire.Msg) { m.Rcode = wire.RcodeServerFailure }, 10 * time.Second},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := &network{reply: func(_ string, m *wire.Msg) bool { c.fill(m); return true }}
			bubble(t, n, func(t *testing.T, r *Resolver) {
				asks := func() bool {
					before := n.asked.Load()
					r.TXT(t.Context(), "x.test")
					return n.asked.Load() > before
				}
				asks()
				time.Sleep(c.want - 1)
				if asks() {
					t.Errorf("the server was asked again before %v had passed", c.want)
				}
				time.Sleep(time.Nanosecond)
				if !asks() {
					t.Errorf("the server was not asked again after %v", c.want)
				}
			})
		})
	}
}

func records(t testing.TB, lines ...string) (list []wire.RR) {
	t.Helper()
	for _, line := range lines {
		rr, err := wire.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rr)
	}
	return list
}
