package main

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/ingest/guard"
)

// TestThreatFlood: what has no end has one here (T43, A2, F16). It runs alone, as
// it looks at the memory of the process.
func TestThreatFlood(t *testing.T) {
	w := newWorld(t, nil)
	before := w.state()
	block := strings.Repeat("a", 1<<20)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, test := range []struct {
		name, begin string
		data        bool
		want        string
	}{
		{"T43 a command line of 32 MiB", "", false, "500"},
		{"T43 a parameter of 32 MiB", "MAIL FROM:<x@evil.test> X=", false, "500"},
		{"A2 T43 a line behind a chunk", "MAIL FROM:<x@evil.test>\r\nRCPT TO:<" + intake1 + ">\r\nBDAT 1\r\nx", false, "500"},
		{"T43 SIZE=1 and then 32 MiB in one line", "MAIL FROM:<x@evil.test> SIZE=1\r\nRCPT TO:<" + intake1 + ">\r\nDATA\r\n", true, "552"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.in(t)
			c := w.open("", false)
			start, most := heap(), uint64(0)
			c.write(test.begin)
			for i := range 32 {
				c.write(block)
				if i%8 == 7 {
					most = max(most, heap())
				}
			}
			c.write("\r\n")
			if test.data {
				c.write(".\r\n")
			}
			got := c.until(test.want)
			if !strings.Contains(got, test.want) && got != "" {
				t.Errorf("the replies are %q, want %s or the end", got, test.want)
			}
			if most > start+24<<20 {
				t.Errorf("the memory grew from %d to %d MiB, want by 24 MiB at most", start>>20, most>>20)
			}
		})
	}
	t.Run("T43 SIZE of 100 MiB", func(t *testing.T) {
		w.in(t)
		c := w.open("", false)
		if r := c.say(fmt.Sprintf("MAIL FROM:<x@evil.test> SIZE=%d", 100<<20)); !strings.HasPrefix(r, "552") {
			t.Errorf("it is answered %q, want 552", r)
		}
		if r := c.say("MAIL FROM:<x@evil.test> SIZE=99999999999999999999"); r[0] != '5' {
			t.Errorf("a size that is no number is answered %q, want 5xx", r)
		}
	})
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
	w.run(t, []attack{{"T43 control", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "New", strings.Repeat("a line of text\n", 700_000))}, "250", "", true, nil}})
}

// until reads until a wanted reply or the end; "" for an end without any.
func (c *conversation) until(want string) string {
	last := ""
	for r := c.reply(); r != closed; r = c.reply() {
		if last = r; strings.HasPrefix(r, want) {
			return r
		}
	}
	return last
}

// TestThreatHarvest: who tries many recipients is cut, and learns nothing that
// another answer would not say (T45, F16).
func TestThreatHarvest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := w.state()
	t.Run("T45 F16 a thousand recipients that exist", func(t *testing.T) {
		w.in(t)
		c := w.open("", false)
		c.say("MAIL FROM:<x@evil.test>")
		taken, put := 0, 0
		for i := range 1000 {
			switch r := c.say(fmt.Sprintf("RCPT TO:<support+c%d@r1.test>", i)); {
			case r[0] == '2':
				taken++
			case strings.HasPrefix(r, "452"):
				put++
			}
		}
		// A session may also end before it has had a thousand commands for nothing.
		if taken != 100 || put < 800 {
			t.Errorf("%d recipients were taken and %d put off with 452, want 100 and the rest", taken, put)
		}
	})
	t.Run("T45 F16 ten thousand that do not", func(t *testing.T) {
		w.in(t)
		texts, refused, sessions := map[string]bool{}, 0, 0
		for ; refused < 10_000 && sessions < 2000; sessions++ {
			c := w.open("127.0.0.78", false)
			c.write("MAIL FROM:<x@evil.test>\r\n" + strings.Repeat("RCPT TO:<nobody@r1.test>\r\n", 200))
			n := 0
			for _, r := range c.replies() {
				if strings.HasPrefix(r, "550") {
					texts[r] = true
					n++
				}
			}
			if refused += n; n == 0 || n > 100 {
				t.Fatalf("a session had %d refusals, want some and 100 at most", n)
			}
		}
		if len(texts) != 1 {
			t.Errorf("the refusals are %v, want one text", texts)
		}
	})
	t.Run("T45 VRFY and EXPN", func(t *testing.T) {
		w.in(t)
		c := w.open("", false)
		if a, b := c.say("VRFY support@r1.test"), c.say("VRFY nobody@r1.test"); a != b || a[:3] != "252" {
			t.Errorf("VRFY is answered %q and %q, want 252 for both", a, b)
		}
		if r := c.say("EXPN support"); r[0] != '5' {
			t.Errorf("EXPN is answered %q, want 5xx", r)
		}
	})
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
}

// TestThreatForeign: greetings that are none, and other protocols (T46, T47).
func TestThreatForeign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := w.state()
	for _, helo := range []string{"a) by trusted (x", "a\r\n y", "x;y", "a\tb", `a"b`, "", strings.Repeat("a", 300), "a\x00b", "é.test"} {
		t.Run(fmt.Sprintf("T46 EHLO %.20q", helo), func(t *testing.T) {
			w.in(t)
			c := w.dial("")
			defer c.close()
			c.expect("220")
			r := c.say("EHLO " + helo)
			if strings.Contains(helo, "\r\n") {
				r = c.reply() // the answer to the rest
			}
			if r[0] != '5' {
				t.Errorf("it is answered %q, want 5xx", r)
			}
		})
	}
	for _, first := range []string{
		"PROXY TCP4 127.0.0.10 127.0.0.1 1 25\r\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x0a\x7f\x00\x00\x01\x00\x01\x00\x19",
		"POST / HTTP/1.1\r\nHost: gate.test\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "CONNECT victim.test:25 HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		t.Run(fmt.Sprintf("T47 %.12q", first), func(t *testing.T) {
			w.in(t)
			c := w.dial(sharedIP)
			defer c.close()
			c.reply()
			c.write(first + "EHLO shared.test\r\n" + smuggled)
			if got := c.replies(); len(got) > 0 {
				t.Errorf("it is answered %q, want that the connection ends", got)
			}
		})
	}
	t.Run("T47 XCLIENT", func(t *testing.T) {
		w.in(t)
		c := w.open("", false)
		if r := c.say("XCLIENT ADDR=" + sharedIP + " NAME=shared.test"); r[0] != '5' {
			t.Errorf("it is answered %q, want 5xx", r)
		}
		c.write(smuggled)
		for _, want := range []string{"250", "250", "354", "550 5.7.26"} {
			c.expect(want)
		}
	})
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
	w.run(t, []attack{{"T46 T47 control", letter{ip: honestIP, path: ann, helo: "mx_1.acme.test", to: []string{intake1}, mail: w.signed(ann, intake1, "New", "text")}, "250", "", true, nil}})
}

// TestThreatClients: clients that dawdle, and mail without a sender (T44, T48, F16).
func TestThreatClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config) { c.SMTP.Connections = 50 })
	before := w.state()
	t.Run("T44 F16 three hundred drips, and fifty places", func(t *testing.T) {
		w.in(t)
		w.drips(t, 300)
		turned := w.gate.doors[0].server.Stats().Turned
		if turned[guard.Shed]+turned[guard.TooMany] == 0 {
			t.Errorf("of 300 drips none had to go: there was no crowd: %v", turned)
		}
	})
	t.Run("A4 T44 rates, deadlines and file descriptors", func(t *testing.T) {
		t.Skip("with a clock of their own in ingest/guard: pace_test.go, limits_test.go, accept_test.go")
	})
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
	w.run(t, []attack{
		{"T48 null sender, a known one unverified", letter{path: "<>", to: []string{intake1}, mail: w.write("pat@pnone.test", intake1, "New", "text")}, "250", cases.MailHeld, false, nil},
		{"T48 null sender, no header", letter{path: "<>", to: []string{w.token(ann, c1)}, mail: "\x01\x02\x03\r\n"}, "250", cases.MailHeld, false, nil},
		{"T48 null sender, to a return path that is none", letter{path: "<>", to: []string{"r-" + strings.Repeat("a", 48) + "@gate.test"}, mail: "x\r\n"}, "550 5.1.1", "", false, nil},
		{"T48 control", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "New", "text")}, "250", "", true, nil},
	})
	t.Run("T48 nothing is sent because of it", func(t *testing.T) {
		w.in(t)
		w.drained()
		for _, m := range w.sink.all() {
			if m.to == "pat@pnone.test" {
				t.Errorf("because of a mail with the null reverse-path, this went to %s:\n%.500s", m.to, m.text)
			}
		}
	})
}

// drips keeps many connections open that say next to nothing, while an honest
// client is served.
func (w *world) drips(t *testing.T, n int) {
	var dripping sync.WaitGroup
	stop := make(chan struct{})
	for i := range n {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(1+i%250))}, Timeout: patience}
		conn, err := d.Dial("tcp", w.gate.status().SMTP)
		if err != nil {
			t.Fatal(err)
		}
		dripping.Go(func() {
			defer conn.Close()
			for _, c := range []byte(strings.Repeat("EHLO drip.test", 1000)) {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
				}
				if _, err := conn.Write([]byte{c}); err != nil {
					return
				}
			}
		})
	}
	// Who has kept us waiting for less than a quarter of a second may be honest too.
	time.Sleep(500 * time.Millisecond)
	for range 20 {
		if r := w.send(letter{to: []string{intake1}, mail: w.write("x@none.test", "none@none.test", "New", "text")}); !strings.HasPrefix(r, "250") {
			t.Errorf("an honest client is answered %q", r)
		}
	}
	close(stop)
	dripping.Wait()
}
