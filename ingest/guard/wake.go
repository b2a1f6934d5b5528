package guard

import "time"

// Another goroutine ends a session by waking the read that it waits in, with a
// deadline in the past; the session's own goroutine says the last words.

// drain makes the connection end as soon as no transaction is open.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if !c.open {
		c.wake()
	}
}

// makePlace ends the session; false if its client does not keep us waiting any
// more.
func (c *Conn) makePlace() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return false
	}
	c.shed = true
	c.wake()
	return true
}

// wake is called with c.mu held.
func (c *Conn) wake() {
	c.raw.SetReadDeadline(time.Unix(1, 0))
	// It may instead be waiting for a client that does not read.
	c.raw.SetWriteDeadline(time.Now().Add(lastWords))
}

// lastWords is the time for a reply that nobody may want to hear.
const lastWords = time.Second

// isWoken tells that the session must end: because the server shuts down, or to
// make place.
func (c *Conn) isWoken() (draining, shed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining && !c.open, c.shed
}

// arm sets the deadline of the next read. It holds the lock of wake, so that a
// deadline that wakes is never overwritten unseen.
func (c *Conn) arm(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shed || c.draining && !c.open {
		return errWoken
	}
	return c.raw.SetReadDeadline(until)
}

// armWrite sets the deadline of the next write.
func (c *Conn) armWrite(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shed {
		until = earliest(until, time.Now().Add(lastWords))
	}
	c.raw.SetWriteDeadline(until)
}

// deadline is per read: whoever makes progress, however slowly, is not cut before
// the session's end, but see pace (mail-traps A4).
func (c *Conn) deadline() time.Time { return earliest(time.Now().Add(c.idle()), c.end) }

// idle is the longest silence at present.
func (c *Conn) idle() time.Duration {
	idle := positive(c.guard.Idle, defaultIdle)
	if !c.pace.text && c.guard.isCrowded() {
		idle = min(idle, crowdedIdle)
	}
	return idle
}
