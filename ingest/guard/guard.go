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
//
// It also keeps room for honest clients (T44): when there is none left, those
// who keep us waiting longest make place, and each network has its share.
package guard

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Guard is what all connections of one server share. Its fields are set before
// the first Listen.
type Guard struct {
	Hostname string // in the replies of the guard itself

	// Idle is the longest silence, reading or writing; 0: 5 minutes (RFC 5321
	// 4.5.3.2). Where places are becoming rare, a command is waited for 10 s.
	Idle    time.Duration
	Session time.Duration // longest life of a connection; 0: 2 hours
	MinRate int           // octets per second that a mail's text must come at, see pace; 0: 500
	// Silence is how long a client must wait for the greeting without a word
	// (RFC 5321 4.3.1); 0: 1 ms, which finds those who do not wait at all;
	// negative: nobody is asked to. Exempt clients wait 1 ms at most, and so does
	// everybody where places are becoming rare.
	Silence time.Duration

	// Connections at a time, over all listeners; 0: 4000. Beyond it, the clients
	// that keep us waiting are told 421 to make place.
	Connections int
	Handshakes  int // TLS handshakes at a time; 0: a quarter of Connections
	// PerPrefix, NewPerMinute and RefusedPerHour bound one IPv4 address or one
	// IPv6 /64; an IPv6 /48 may have four times as much.
	PerPrefix      int // connections at a time; 0: 50
	NewPerMinute   int // new connections; 0: 600
	RefusedPerHour int // recipients and passwords counted by Conn.Refused; 0: 300
	// Exempt networks have no bounds per prefix. nil: the loopback; a client
	// without an IP address, as on a Unix socket, is always exempt.
	Exempt []netip.Prefix

	// TLS switches STARTTLS on (RFC 3207); nil: the server answers the command.
	TLS *tls.Config
	// ImplicitTLS: every connection begins with a handshake (RFC 8314 3.3). It
	// needs TLS.
	ImplicitTLS bool
	// TLSReady tells whether a handshake can succeed just now, as it cannot before
	// there is a certificate; nil: always.
	TLSReady func() bool

	// Command sees each command line, without its line end, before the server
	// does. It gives the line to pass on, or a reply line to send instead. It
	// does not see the lines that follow AUTH (RFC 4954 4).
	Command func(line string) (pass, reply string)
	// Reply sees each reply line of the server, without its line end, and gives
	// what to send.
	Reply func(c *Conn, line string) string

	buffers sync.Pool // of *bufio.Reader
	open    atomic.Int64
	counts  counts

	mu          sync.Mutex
	listeners   map[*listener]struct{}
	conns       map[*Conn]struct{}
	peers       peers
	handshaking int
	full        time.Time // when shed last found nobody to make place
	draining    bool
}

const (
	defaultIdle           = 5 * time.Minute
	defaultSession        = 2 * time.Hour
	defaultMinRate        = 500
	defaultSilence        = time.Millisecond
	defaultConnections    = 4000
	defaultPerPrefix      = 50
	defaultNewPerMinute   = 600
	defaultRefusedPerHour = 300
)

// ErrDraining: Listen was called after Drain.
var ErrDraining = errors.New("guard: shutting down")

// Listen wraps a listener: its connections are Conns, and those beyond the
// limits are told 421. After Drain it closes l and gives ErrDraining.
func (g *Guard) Listen(l net.Listener) (net.Listener, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		l.Close()
		return nil, ErrDraining
	}
	if g.listeners == nil {
		g.listeners = map[*listener]struct{}{}
		g.conns = map[*Conn]struct{}{}
		g.peers.limits = limits{
			conns:     positive(g.PerPrefix, defaultPerPrefix),
			perMinute: positive(g.NewPerMinute, defaultNewPerMinute),
			refused:   positive(g.RefusedPerHour, defaultRefusedPerHour),
		}
	}
	guarded := &listener{Listener: l, guard: g, closed: make(chan struct{})}
	g.listeners[guarded] = struct{}{}
	return guarded, nil
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

// add counts a connection in; nil, and why, if it may not come in.
func (g *Guard) add(raw net.Conn) (*Conn, Reason) {
	now := time.Now()
	from := g.originOf(raw.RemoteAddr())
	g.mu.Lock()
	defer g.mu.Unlock()
	if why := g.peers.admit(from, now); why != admitted {
		return nil, why
	}
	if !g.hasPlace(now) {
		return nil, TooMany
	}
	g.peers.enter(from)
	c := newConn(g, raw)
	c.from, c.draining = from, g.draining
	g.conns[c] = struct{}{}
	g.open.Store(int64(len(g.conns)))
	return c, admitted
}

func (g *Guard) remove(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(c)
}

// forget counts a connection out, once.
func (g *Guard) forget(c *Conn) {
	if _, ok := g.conns[c]; !ok {
		return
	}
	delete(g.conns, c)
	g.peers.leave(c.from)
	g.open.Store(int64(len(g.conns)))
}

func (g *Guard) maxConnections() int { return positive(g.Connections, defaultConnections) }

// positive gives n, or what stands for it where n is not set.
func positive[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}
