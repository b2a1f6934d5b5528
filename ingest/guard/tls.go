package guard

import (
	"crypto/tls"
	"time"
)

// handshakeTime is enough for a client on the other side of the world.
const handshakeTime = 30 * time.Second

// startTLS answers STARTTLS. The server does not hear of it; its session goes
// on with the EHLO that must follow (RFC 3207 4.2).
func (c *Conn) startTLS() {
	if ready := c.guard.TLSReady; ready != nil && !ready() {
		c.send("454 4.7.0 TLS is not available just now") // RFC 3207 4
		return
	}
	if c.open {
		c.send("503 5.5.1 STARTTLS is not allowed within a transaction")
		return
	}
	// Commands sent along with STARTTLS would count as if they had come
	// encrypted (T41).
	if c.hasMore() {
		c.fail("503 5.5.1 Nothing may follow STARTTLS before the handshake")
		return
	}
	c.send("220 2.0.0 Ready to start TLS")
	if err := c.flush(c.idle()); err != nil {
		c.fail("")
		return
	}
	if !c.handshake() {
		c.cut()
		return
	}
	c.greeting = ""
}

// handshake makes the wire a TLS one; false if that fails. It runs where the
// session runs and never in Accept, so that a slow one is waited for by nobody.
func (c *Conn) handshake() bool {
	if !c.guard.beginHandshake(c) {
		c.guard.count(Handshake)
		return false
	}
	defer c.guard.endHandshake(c)
	c.waits(time.Now())
	defer c.waits(time.Time{})
	until := time.Now().Add(handshakeTime)
	if c.guard.isCrowded() {
		until = time.Now().Add(crowdedIdle)
	}
	if err := c.arm(until); err != nil {
		return false
	}
	c.armWrite(until)
	secure := tls.Server(c.raw, c.guard.TLS)
	if err := secure.Handshake(); err != nil {
		c.guard.count(Handshake)
		return false
	}
	c.wire = secure
	return true
}

// beginHandshake finds a place for a handshake: they cost more than the rest of
// a session, and come before we know anything of the client.
func (g *Guard) beginHandshake(c *Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	limit := positive(g.Handshakes, max(1, g.maxConnections()/4))
	if g.handshaking >= limit && g.shed(time.Now(), (*Conn).isShaking) == 0 {
		return false
	}
	g.handshaking++
	c.shake(true)
	return true
}

func (g *Guard) endHandshake(c *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handshaking--
	c.shake(false)
}

func (c *Conn) shake(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shaking = on
}

func (c *Conn) isShaking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shaking
}
