package mx

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/ingest/guard"
)

// deliver delivers one mail over a connection of its own, as an honest server
// would, and gives the time that took.
func deliver(addr string) (time.Duration, error) {
	begin := time.Now()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(begin.Add(30 * time.Second))
	r := bufio.NewReader(conn)
	for _, step := range []struct{ say, want string }{
		{"", "220"}, {"EHLO c.example\r\n", "250 "}, {"MAIL FROM:<it@acme.example>\r\n", "250 "},
		{"RCPT TO:<a@north.example>\r\n", "250 "}, {"DATA\r\n", "354"}, {"Subject: x\r\n\r\nx\r\n.\r\n", "250 2.0.0 Accepted"}, {"QUIT\r\n", "221"},
	} {
		io.WriteString(conn, step.say)
		line := "250-"
		for strings.HasPrefix(line, "250-") {
			if line, err = r.ReadString('\n'); err != nil {
				return 0, fmt.Errorf("after %q: %w", step.say, err)
			}
		}
		if !strings.HasPrefix(line, step.want) {
			return 0, fmt.Errorf("after %q: %q", step.say, line)
		}
	}
	return time.Since(begin), nil
}

// drips opens n connections that each begin with something and then send an octet
// every so often, and come back when they are cut. The function it gives ends
// them.
func drips(addr, begin string, n int, every time.Duration) (end func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			time.Sleep(every * time.Duration(i) / time.Duration(n))
			for {
				c, err := net.Dial("tcp", addr)
				if err == nil {
					time.Sleep(every) // until the greeting
					_, err = io.WriteString(c, begin)
				}
				for err == nil {
					select {
					case <-stop:
						c.Close()
						return
					case <-time.After(every):
						_, err = c.Write([]byte("N"))
					}
				}
				if c != nil {
					c.Close()
				}
				select {
				case <-stop:
					return
				case <-time.After(every):
				}
			}
		})
	}
	return func() { close(stop); all.Wait() }
}

// dripStates are where clients begin to drip: in a command, in a text, in a chunk.
var dripStates = []string{
	"", "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@north.example>\r\nDATA\r\n", "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@north.example>\r\nBDAT 9999\r\n",
}

// TestFlood: while more clients drip than there are places, honest ones deliver
// their mails (F16, T44).
func TestFlood(t *testing.T) {
	t.Parallel()
	for _, begin := range dripStates {
		flood(t, begin)
	}
}

func flood(t *testing.T, begin string) {
	d := open(t, func(d *door) { d.Connections = 20 })
	defer drips(d.addr, begin, 60, 50*time.Millisecond)()
	await(t, "drips in every place", func() bool { return d.guard.Stats().Turned[guard.TooMany]+d.guard.Stats().Turned[guard.Shed] > 0 })
	delivered := 0
	for range 20 {
		// A client that is turned away comes again, as any mail server does.
		await(t, "a mail to be delivered", func() bool {
			_, err := deliver(d.addr)
			return err == nil
		})
		delivered++
	}
	if n := d.desk.count(); n != delivered {
		t.Errorf("handler saw %d mails, want the %d delivered", n, delivered)
	}
	if open := d.guard.Stats().Open; open > 20 {
		t.Errorf("%d connections are open, want 20 at most", open)
	}
}

// TestForeignClients: what is not SMTP never gets to the handler, nor a word of
// help (T47); positive control: the same as the text of a mail does.
func TestForeignClients(t *testing.T) {
	const evil = "POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nEHLO c.example\r\nMAIL FROM:<it@acme.example>\r\n" +
		"RCPT TO:<a@north.example>\r\nDATA\r\nsmuggled\r\n.\r\nQUIT\r\n"
	for _, prefix := range []string{"", "PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n", "\r\n\r\n\x00\r\nQUIT\n"} {
		d := open(t, nil)
		c := d.dial(t)
		c.send(t, prefix+evil)
		c.expectEnd(t)
		if n := d.desk.count(); n != 0 {
			t.Errorf("handler saw %d mails from a client that does not speak SMTP", n)
		}
	}
	d := open(t, nil)
	c := d.dial(t)
	c.begin(t, "a@north.example")
	c.send(t, fmt.Sprintf("BDAT %d LAST\r\n%s", len(evil), evil))
	c.expect(t, "250 2.0.0 Accepted")
}

// TestHarvest: refused recipients count over connections (T45, F16), but not for
// the loopback.
func TestHarvest(t *testing.T) {
	p := newPlayback(t)
	session := "EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\n" + strings.Repeat("RCPT TO:<unknown@north.example>\r\n", maxRefused) + "QUIT\r\n"
	play := func(from string) (refused int, last string) {
		w := newWire(session)
		p.wires.next <- away{w, from}
		<-w.closed
		out := w.out.String()
		return strings.Count(out, "\r\n550 5.1.1"), lastLine([]byte(out))
	}
	for i, want := range []int{maxRefused, maxRefused, maxRefused - 1, 0, 0} {
		if n, last := play("192.0.2.1"); n != want || i > 1 && !strings.HasPrefix(last, "421 4.7.0") {
			t.Errorf("session %d had %d refused recipients and ended with %q, want %d and 421 4.7.0 from the third on", i, n, last, want)
		}
		if n, _ := play("127.0.0.1"); n != maxRefused {
			t.Errorf("session %d from the loopback had %d refused recipients, want %d", i, n, maxRefused)
		}
	}
	if n, _ := play("192.0.2.2"); n != maxRefused {
		t.Errorf("the first session of a neighbour had %d refused recipients, want %d", n, maxRefused)
	}
}

// away is a client somewhere else.
type away struct {
	*wire
	ip string
}

func (a away) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(a.ip), Port: 1025} }

// inUse is what the process holds, in octets.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// BenchmarkIdleMemory measures what an idle connection costs, its client's end
// in the same process included.
func BenchmarkIdleMemory(b *testing.B) {
	for _, state := range []string{"", "EHLO c.example\r\n", "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@north.example>\r\n", "N"} {
		b.Run(fmt.Sprintf("%.4q", state), func(b *testing.B) {
			const n = 2000
			d := open(b, func(d *door) { d.Connections = 2 * n })
			for b.Loop() {
				before := inUse()
				conns := d.idle(b, n, state)
				b.ReportMetric(float64(inUse()-before)/n, "B/conn")
				for _, c := range conns {
					c.Close()
				}
			}
		})
	}
}

// idle opens connections that say something and no more.
func (d *door) idle(b *testing.B, n int, say string) []net.Conn {
	var conns []net.Conn
	reply := make([]byte, 1000)
	for range n {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			b.Fatal(err)
		}
		conns = append(conns, c)
		c.Read(reply)
		io.WriteString(c, say)
		if strings.HasSuffix(say, "\n") {
			c.Read(reply)
		}
	}
	return conns
}

// BenchmarkBusy: 200 clients that deliver mails, beside 2,000 idle ones.
func BenchmarkBusy(b *testing.B) {
	for _, idle := range []int{0, 2000} {
		b.Run(fmt.Sprint(idle, " idle"), func(b *testing.B) {
			d := open(b, func(d *door) { d.desk.blind = true })
			before := inUse()
			conns := d.idle(b, idle, "EHLO c.example\r\n")
			var mu sync.Mutex
			var took []time.Duration
			for b.Loop() {
				var all sync.WaitGroup
				for range 200 {
					all.Go(func() {
						for range 20 {
							one, err := deliver(d.addr)
							if err != nil {
								b.Error(err)
								continue
							}
							mu.Lock()
							took = append(took, one)
							mu.Unlock()
						}
					})
				}
				all.Wait()
			}
			report(b, took)
			b.ReportMetric(float64(inUse()-before)/1e6, "MB")
			for _, c := range conns {
				c.Close()
			}
		})
	}
}

// BenchmarkDrips: one honest client at a time beside 10,000 that drip.
func BenchmarkDrips(b *testing.B) {
	for _, begin := range dripStates {
		b.Run(fmt.Sprintf("%.4q", begin[max(0, len(begin)-6):]), func(b *testing.B) { besideDrips(b, begin) })
	}
}

func besideDrips(b *testing.B, begin string) {
	d := open(b, func(d *door) { d.desk.blind = true })
	before := inUse()
	end := drips(d.addr, begin, 10_000, time.Second)
	time.Sleep(3 * time.Second)
	var took []time.Duration
	failed := 0
	for b.Loop() {
		for range 500 {
			one, err := deliver(d.addr)
			if err != nil {
				b.Log(err)
				failed++
				continue
			}
			took = append(took, one)
			time.Sleep(5 * time.Millisecond)
		}
	}
	report(b, took)
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(float64(inUse()-before)/1e6, "MB")
	b.Logf("%+v", d.guard.Stats())
	end()
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), "ms-median")
	b.ReportMetric(ms(took[len(took)*99/100]), "ms-p99")
	b.ReportMetric(ms(took[len(took)-1]), "ms-worst")
	b.ReportMetric(0, "ns/op")
}
