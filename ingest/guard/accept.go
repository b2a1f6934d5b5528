package guard

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"
)

type listener struct {
	net.Listener
	guard  *Guard
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener. Where the process has run out of file
// descriptors or memory it waits instead of failing, so that neither the server
// ends nor the processor spins (T44).
func (l *listener) Accept() (net.Conn, error) {
	g := l.guard
	for pause := minPause; ; {
		raw, err := l.Listener.Accept()
		if outOfResources(err) {
			g.count(Files)
			g.mu.Lock()
			g.shed(time.Now(), (*Conn).anybody) // each of them holds a descriptor
			g.mu.Unlock()
			if !l.rest(pause/2 + rand.N(pause/2)) {
				return nil, net.ErrClosed
			}
			pause = min(2*pause, maxPause)
			continue
		}
		if err != nil {
			return nil, err
		}
		pause = minPause
		c, why := g.add(raw)
		if c != nil {
			g.counts.served.Add(1)
			return c, nil
		}
		g.turnAway(raw, why)
	}
}

const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

func outOfResources(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// rest waits; false if the listener was closed meanwhile.
func (l *listener) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

// turnAway says why a connection has no place, and closes it.
func (g *Guard) turnAway(raw net.Conn, why Reason) {
	g.count(why)
	defer raw.Close()
	if g.ImplicitTLS {
		return // it expects a handshake, which is too much to give here
	}
	text := map[Reason]string{
		TooMany:   "421 4.3.2 %s too many connections, try again later",
		PerPrefix: "421 4.7.0 %s too many connections from your network, try again later",
		Guessing:  "421 4.7.0 %s too many guesses from your network, try again later",
	}[why]
	// The send buffer of a new connection is empty, so this does not wait.
	raw.SetWriteDeadline(time.Now().Add(time.Second))
	raw.Write([]byte(g.signed(text) + "\r\n"))
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
