package guard

import (
	"cmp"
	"slices"
	"time"
)

// When every place is taken, honest clients must still get in (T44): those who
// keep us waiting make place. Who waits in a dialogue is measured by the whole
// command line, so that dripping octets gains nothing. An honest client that is
// shed all the same, between two mails, hears 421 and comes back.

const (
	// batch: one in so many connections is shed at a time, so that looking at
	// all of them is rare.
	batch = 64
	// patience is longer than a round trip across the world takes most clients;
	// whoever answers faster is never shed.
	patience = 250 * time.Millisecond
	// speechless: who has not even said EHLO is worse by so much.
	speechless = 8
)

// shed ends the sessions of the worst of the connections chosen, and gives their
// number. The caller holds g.mu.
func (g *Guard) shed(now time.Time, chosen func(*Conn) bool) int {
	type idler struct {
		conn *Conn
		bad  time.Duration
	}
	var idlers []idler
	for c := range g.conns {
		if waited := c.waited(now); waited >= patience && chosen(c) {
			// Long alone or many for a short time: both take others' places.
			bad := waited * time.Duration(g.peers.held(c.from))
			if !c.hasSpoken() {
				bad *= speechless
			}
			idlers = append(idlers, idler{c, bad})
		}
	}
	slices.SortFunc(idlers, func(a, b idler) int { return cmp.Compare(b.bad, a.bad) })
	idlers = idlers[:min(len(idlers), max(1, len(g.conns)/batch))]
	for _, i := range idlers {
		g.count(Shed)
		i.conn.makePlace()
		// Its place is free from now on; it has a second to leave. If it has just
		// said something, there is one connection too many for a while.
		g.forget(i.conn)
	}
	return len(idlers)
}

// anybody is chosen by shed where it needs places for connections.
func (c *Conn) anybody() bool { return true }

// isCrowded tells that places are becoming rare.
func (g *Guard) isCrowded() bool { return int(g.open.Load()) > g.maxConnections()*3/4 }

// Who is silent for so long when places are rare has lost interest.
const crowdedIdle = 10 * time.Second

// waits notes that the client keeps us waiting for a command or a handshake, or
// that it does not any more.
func (c *Conn) waits(begin bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = time.Time{}
	if begin {
		c.since = time.Now()
	}
}

// spoke notes that a whole command has come.
func (c *Conn) spoke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since, c.spoken = time.Time{}, true
}

func (c *Conn) hasSpoken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spoken
}

// waited is how long the client keeps us waiting.
func (c *Conn) waited(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return 0
	}
	return now.Sub(c.since)
}
