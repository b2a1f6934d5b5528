// Command crowd keeps connections to a mail server that do nothing useful, until
// it is killed: idle ones have said EHLO and wait, drips send one octet of a
// command each second. One that the server closes is opened anew. Every second it
// prints how many are open, and how often one was closed.
//
//	go run ./.ci/crowd -addr 127.0.0.1:2525 -idle 2000 -drip 10000
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

var open, closed, refused atomic.Int64

func main() {
	addr := flag.String("addr", "127.0.0.1:2525", "server")
	idle := flag.Int("idle", 0, "connections that wait after EHLO")
	drip := flag.Int("drip", 0, "connections that send an octet a second")
	flag.Parse()
	for i := range *idle {
		go again(*addr, i, wait)
	}
	for i := range *drip {
		go again(*addr, *idle+i, trickle)
	}
	for range time.Tick(time.Second) {
		fmt.Printf("open %d, closed by the server %d, refused %d\n", open.Load(), closed.Load(), refused.Load())
	}
}

// again keeps the i-th connection; each comes from a loopback address of its own.
func again(addr string, i int, use func(net.Conn, *bufio.Reader) error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(i>>8), byte(i))}
	for time.Sleep(time.Duration(i) * 200 * time.Microsecond); ; time.Sleep(time.Second) {
		c, err := (&net.Dialer{LocalAddr: from, Timeout: 10 * time.Second}).Dial("tcp", addr)
		if err != nil {
			refused.Add(1)
			continue
		}
		open.Add(1)
		use(c, bufio.NewReaderSize(c, 256))
		c.Close()
		open.Add(-1)
		closed.Add(1)
	}
}

func wait(c net.Conn, r *bufio.Reader) error {
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	fmt.Fprint(c, "EHLO crowd.example\r\n")
	for {
		if _, err := r.ReadByte(); err != nil {
			return err
		}
	}
}

func trickle(c net.Conn, r *bufio.Reader) error {
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() {
		for {
			if _, err := r.ReadByte(); err != nil {
				gone <- err
				return
			}
		}
	}()
	command := "EHLO crowd.example\r\nMAIL FROM:<x@crowd.example>\r\n"
	for i := 0; ; i = (i + 1) % len(command) {
		select {
		case err := <-gone:
			return err
		case <-time.After(time.Second):
		}
		if _, err := c.Write([]byte{command[i]}); err != nil {
			return err
		}
	}
}
