package guard

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// drip sends n octets every so often until the connection ends, and gives how
// long that took.
func drip(c net.Conn, octets string, every time.Duration) time.Duration {
	begin := time.Now()
	for {
		time.Sleep(every)
		if _, err := io.WriteString(c, octets); err != nil {
			return time.Since(begin)
		}
	}
}

// TestDrips: whoever sends just enough to seem alive is cut (A4, F16), in a
// command, in DATA, within a chunk and between chunks.
func TestDrips(t *testing.T) {
	for _, tc := range []struct {
		name, begin, octets string
		every               time.Duration
		longest             time.Duration
		want                string
		why                 Reason
	}{
		{"command", "", "N", time.Second, lineTime, "421 4.4.2 mx.north.example waited too long", Silent},
		{"long command", strings.Repeat("x", smallBuffer), "N", time.Second, lineTime, "421 4.4.2 mx.north.example waited too long", Silent},
		{"DATA", "DATA\r\n", "x", time.Second, grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
		{"DATA in lines", "DATA\r\n", "x\r\n", time.Second, grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
		{"DATA below the rate", "DATA\r\n", strings.Repeat("x", 450), time.Second, 10 * grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
		{"BDAT", "RCPT\r\nBDAT 1000\r\n", "x", time.Second, grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
		{"many BDAT", "RCPT\r\n", "BDAT 1\r\nx", time.Second, grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
		{"BDAT for nobody", "BDAT 1000\r\n", "x", time.Second, grace, "421 4.4.2 mx.north.example gets this mail too slowly", Slow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := &Guard{Silence: -1}
			within(t, g, func(t *testing.T, l pipes) {
				c, r := l.from("192.0.2.1")
				expect(t, r, "220")
				heard := make(chan string)
				go func() { all, _ := io.ReadAll(r); heard <- string(all) }()
				io.WriteString(c, tc.begin)
				took := drip(c, tc.octets, tc.every)
				if took > tc.longest+5*tc.every+time.Second {
					t.Errorf("the client was cut after %v, want %v", took, tc.longest)
				}
				if all := <-heard; !strings.Contains(all, tc.want) {
					t.Errorf("the client got %q, want %q in the end", all, tc.want)
				}
				if n := g.Stats().Turned[tc.why]; n != 1 {
					t.Errorf("counted %d as %v, want 1", n, tc.why)
				}
			})
		})
	}
}

// TestSlowSender: who goes on, however slowly, is not idle (A4), nor who stalls
// after having been fast, nor who takes its time between two commands.
func TestSlowSender(t *testing.T) {
	line := strings.Repeat("x", 998) + "\r\n"
	for name, send := range map[string]func(c net.Conn){
		"30 MB in 100 minutes": func(c net.Conn) {
			for range 6000 {
				time.Sleep(time.Second)
				io.WriteString(c, strings.Repeat(line, 5))
			}
		},
		"just above the rate": func(c net.Conn) {
			for range 3000 {
				time.Sleep(1900 * time.Millisecond)
				io.WriteString(c, line)
			}
		},
		"a stall": func(c net.Conn) {
			io.WriteString(c, strings.Repeat(line, 1000))
			time.Sleep(maxCredit - time.Second)
			io.WriteString(c, line)
		},
	} {
		for _, way := range []string{"DATA", "BDAT"} {
			t.Run(name+" by "+way, func(t *testing.T) {
				within(t, &Guard{Silence: -1}, func(t *testing.T, l pipes) {
					c, r := l.from("192.0.2.1")
					expect(t, r, "220")
					time.Sleep(defaultIdle - time.Second)
					if way == "DATA" {
						io.WriteString(c, "DATA\r\n")
						expect(t, r, "354")
						send(c)
						io.WriteString(c, ".\r\n")
					} else {
						io.WriteString(c, "RCPT\r\n")
						expect(t, r, "250")
						sendAs(c, r, send)
					}
					expect(t, r, "250 x")
				})
			})
		}
	}
}

// sendAs makes a chunk of each write.
func sendAs(c net.Conn, r *bufio.Reader, send func(net.Conn)) {
	send(chunker{c, r})
	io.WriteString(c, "BDAT 0 LAST\r\n")
}

type chunker struct {
	net.Conn
	r *bufio.Reader
}

func (c chunker) Write(p []byte) (int, error) {
	if _, err := c.Conn.Write(append([]byte("BDAT "+strconv.Itoa(len(p))+"\r\n"), p...)); err != nil {
		return 0, err
	}
	_, err := c.r.ReadString('\n')
	return len(p), err
}

// TestIdle: silence ends a session in every state, at its own time.
func TestIdle(t *testing.T) {
	for _, tc := range []struct {
		begin string
		want  time.Duration
		text  string
	}{
		{"", defaultIdle, "waited too long"}, {"RCPT\r\n", defaultIdle, "waited too long"}, {"NO", lineTime, "waited too long"},
		{"DATA\r\nx", grace, "too slowly"}, {"RCPT\r\nBDAT 9\r\nx", grace, "too slowly"}, {"RCPT\r\nBDAT 1\r\nx", grace, "too slowly"},
	} {
		t.Run(tc.begin, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := pipes{make(chan net.Conn), make(chan struct{})}
				serveOn(t, &Guard{Silence: -1}, l)
				c, r := l.from("192.0.2.1")
				expect(t, r, "220")
				begin := time.Now()
				go io.WriteString(c, tc.begin)
				all, _ := io.ReadAll(r)
				if took := time.Since(begin).Round(time.Second); took != tc.want || !strings.Contains(string(all), tc.text) {
					t.Errorf("after %q the client got %q after %v; want %q after %v", tc.begin, all, took, tc.text, tc.want)
				}
			})
		})
	}
}
