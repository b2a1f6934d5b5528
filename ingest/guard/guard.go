// Package guard stands between a socket and an SMTP server and gives the server
// a dialogue it cannot be confused by; it speaks no SMTP of its own beyond the
// replies to what it does not let through, and decides nothing about mail.
//
// go-smtp reads ahead and obeys whatever it has read: after a BDAT it refuses,
// or a read error inside DATA, it executes the mail's text as commands
// (mail-traps A1, A3). Watching it from the side comes too late, since what is
// in its buffer still runs. So a Conn hands over one command at a time, and of
// a mail exactly the octets that belong to it: nothing is ever buffered that
// could run. It sees the plain text on both sides, so that STARTTLS and BDAT are
// done here; the server hears of neither.
package guard

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// Guard is what all connections of one server share. Its fields are set before
// the first Listen.
type Guard struct {
	Hostname string // in the replies of the guard itself

	Idle        time.Duration // longest silence, reading or writing; 0: 5 minutes (RFC 5321 4.5.3.2)
	Session     time.Duration // longest life of a connection; 0: 2 hours
	Connections int           // at a time, over all listeners; 0: 1000

	// TLS switches STARTTLS on (RFC 3207); nil: the server answers the command.
	TLS *tls.Config

	// Command sees each command line, without its line end, before the server
	// does. It gives the line to pass on, or a reply line to send instead.
	Command func(line string) (pass, reply string)
	// Reply sees each reply line of the server, without its line end, and gives
	// what to send.
	Reply func(c *Conn, line string) string

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*Conn]struct{}
	draining  bool
}

const (
	defaultIdle        = 5 * time.Minute
	defaultSession     = 2 * time.Hour
	defaultConnections = 1000
)

// ErrDraining: Listen was called after Drain.
var ErrDraining = errors.New("guard: shutting down")

// Listen wraps a listener: its connections are Conns, and those beyond the
// limit are told 421. After Drain it closes l and gives ErrDraining.
func (g *Guard) Listen(l net.Listener) (net.Listener, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		l.Close()
		return nil, ErrDraining
	}
	if g.listeners == nil {
		g.listeners = map[net.Listener]struct{}{}
		g.conns = map[*Conn]struct{}{}
	}
	g.listeners[l] = struct{}{}
	return &listener{Listener: l, guard: g}, nil
}

// Drain closes the listeners and ends every session that has no transaction
// open with 421; the others end when their transaction does.
func (g *Guard) Drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	for l := range g.listeners {
		l.Close()
	}
	for c := range g.conns {
		c.drain()
	}
}

// Close cuts every connection, without a word.
func (g *Guard) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.raw.Close()
	}
}

// add counts a connection in; nil if there are too many.
func (g *Guard) add(raw net.Conn) *Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.conns) >= positive(g.Connections, defaultConnections) {
		return nil
	}
	c := newConn(g, raw)
	c.draining = g.draining
	g.conns[c] = struct{}{}
	return c
}

func (g *Guard) remove(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

type listener struct {
	net.Listener
	guard *Guard
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.guard.add(raw); c != nil {
			return c, nil
		}
		// The send buffer of a new connection is empty, so this does not wait.
		raw.SetWriteDeadline(time.Now().Add(time.Second))
		raw.Write([]byte("421 4.3.2 " + l.guard.Hostname + " too many connections, try again later\r\n"))
		raw.Close()
	}
}

// positive gives n, or what stands for it where n is not set.
func positive[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}
