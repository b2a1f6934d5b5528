package guard

import (
	"cmp"
	"slices"
	"time"
)

// When every place is taken, honest clients must still get in (T44): those who
// keep us waiting make place. Who waits in a dialogue is measured by the whole
// command line, and a mail's text by how far it is behind the minimum rate, so
// that dripping octets gains nothing. An honest client that is shed all the same
// hears 421, and comes back with what was not accepted yet.

const (
	// batch: one in so many connections is shed at a time, so that looking at
	// all of them is rare.
	batch = 64
	// patience is longer than a round trip across the world takes most clients;
	// whoever answers faster is never shed.
	patience = 250 * time.Millisecond
	// lookAgain bounds the cost of looking where nobody can be shed.
	lookAgain = 2 * time.Millisecond
	// A network's further places count up to so many times: a large sender's many
	// connections are not worth less than the idle ones of many networks.
	heaviest = 8
)

// shed ends the sessions of the worst of the connections chosen, and gives their
// number. The caller holds g.mu.
func (g *Guard) shed(now time.Time, chosen func(*Conn) bool) (ended int) {
	type idler struct {
		conn *Conn
		bad  time.Duration
	}
	var idlers []idler
	for c := range g.conns {
		if waited := c.waited(now); waited >= patience && chosen(c) {
			// Long alone or many for a short time: both take others' places.
			idlers = append(idlers, idler{c, waited * time.Duration(min(heaviest, g.peers.held(c.from)))})
		}
	}
	slices.SortFunc(idlers, func(a, b idler) int { return cmp.Compare(b.bad, a.bad) })
	for _, i := range idlers[:min(len(idlers), max(1, len(g.conns)/batch))] {
		if i.conn.makePlace() {
			ended++
			g.count(Shed)
			// Its place is free from now on; it has a second to leave.
			g.forget(i.conn)
		}
	}
	return ended
}

// hasPlace tells whether one more connection may come; somebody makes place for it
// if need be. Where nobody could, it does not look at all of them again for each
// of those who knock.
func (g *Guard) hasPlace(now time.Time) bool {
	if len(g.conns) < g.maxConnections() {
		return true
	}
	if now.Sub(g.full) < lookAgain {
		return false
	}
	if g.shed(now, (*Conn).anybody) > 0 {
		return true
	}
	g.full = now
	return false
}

// anybody is chosen by shed where it needs places for connections.
func (c *Conn) anybody() bool { return true }

// isCrowded tells that places are becoming rare.
func (g *Guard) isCrowded() bool { return int(g.open.Load()) > g.maxConnections()*3/4 }

// Who is silent for so long when places are rare has lost interest.
const crowdedIdle = 10 * time.Second

// waits notes since when the client keeps us waiting; zero: it does not.
func (c *Conn) waits(since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = since
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
