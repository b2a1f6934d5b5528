package guard

import (
	"net"
	"net/netip"
	"time"
)

// origin is the networks that a client counts for: its IPv4 address, or its
// IPv6 /64, which is what one subscriber has, and /48, what a site has. Zero:
// it counts for none.
type origin [2]netip.Prefix

// wider is how much more the second network of an origin may have.
const wider = 4

// addressOf is a client's address; zero if it has none, as on a Unix socket.
func addressOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func (g *Guard) originOf(a net.Addr) origin {
	ip := addressOf(a)
	if !ip.IsValid() {
		return origin{} // somebody on this host
	}
	if g.Exempt == nil && ip.IsLoopback() {
		return origin{}
	}
	for _, p := range g.Exempt {
		if p.Contains(ip) {
			return origin{}
		}
	}
	return networksOf(ip)
}

func networksOf(ip netip.Addr) (o origin) {
	if ip.Is4() {
		o[0] = netip.PrefixFrom(ip, 32)
		return o
	}
	for i, bits := range []int{64, 48} {
		o[i], _ = ip.Prefix(bits)
	}
	return o
}

// limits are those of one network; see Guard.
type limits struct{ conns, perMinute, refused int }

func (l limits) times(n int) limits { return limits{l.conns * n, l.perMinute * n, l.refused * n} }

// peers remembers networks. What nobody is connected from is forgotten in time,
// and earlier where there are too many: an attacker's networks must not take
// memory without bound.
type peers struct {
	limits limits
	of     map[netip.Prefix]*peer
	sweep  int // forget at this size
}

const maxPeers = 16 << 10

// peer is one network.
type peer struct {
	conns   int
	tokens  float64 // new connections that it may still make, ...
	filled  time.Time
	refused int // recipients, ...
	since   time.Time
}

const refusedWindow = time.Hour

// admit tells whether one more connection may come; it is counted by enter.
func (p *peers) admit(o origin, now time.Time) Reason {
	for i, prefix := range o {
		if !prefix.IsValid() {
			continue
		}
		limit := p.limits
		if i > 0 {
			limit = limit.times(wider)
		}
		if why := p.at(prefix, now).admit(limit, now); why != admitted {
			return why
		}
	}
	return admitted
}

func (n *peer) admit(limit limits, now time.Time) Reason {
	n.refill(limit, now)
	switch {
	case n.refused >= limit.refused && now.Sub(n.since) < refusedWindow:
		return Guessing
	case n.conns >= limit.conns || n.tokens < 1:
		return PerPrefix
	}
	return admitted
}

// refill gives tokens for the time gone by, up to a minute's worth.
func (n *peer) refill(limit limits, now time.Time) {
	full := float64(limit.perMinute)
	n.tokens = min(full, n.tokens+now.Sub(n.filled).Minutes()*full)
	n.filled = now
}

func (p *peers) enter(o origin) {
	for _, prefix := range o {
		if n := p.of[prefix]; n != nil {
			n.conns++
			n.tokens--
		}
	}
}

func (p *peers) leave(o origin) {
	for _, prefix := range o {
		// It may have been forgotten between admit and enter.
		if n := p.of[prefix]; n != nil && n.conns > 0 {
			n.conns--
		}
	}
}

// refuse counts a refused recipient; true if there were too many of them.
func (p *peers) refuse(o origin, now time.Time) (tooMany bool) {
	for i, prefix := range o {
		n := p.of[prefix]
		if n == nil {
			continue
		}
		if now.Sub(n.since) >= refusedWindow {
			n.refused, n.since = 0, now
		}
		n.refused++
		limit := p.limits.refused
		if i > 0 {
			limit *= wider
		}
		tooMany = tooMany || n.refused >= limit
	}
	return tooMany
}

// held is the number of connections of a client's network; 1 for the exempt.
func (p *peers) held(o origin) int {
	if n := p.of[o[0]]; n != nil {
		return n.conns
	}
	return 1
}

// at gives the entry of a network. A new one has all tokens, as its time of
// filling is long ago.
func (p *peers) at(prefix netip.Prefix, now time.Time) *peer {
	if n := p.of[prefix]; n != nil {
		return n
	}
	if len(p.of) >= max(p.sweep, maxPeers) {
		p.forget(now)
	}
	if p.of == nil {
		p.of = map[netip.Prefix]*peer{}
	}
	n := &peer{}
	p.of[prefix] = n
	return n
}

// forget makes the table half as large. First go networks of which there is
// nothing to remember, then any without a connection.
func (p *peers) forget(now time.Time) {
	for _, all := range []bool{false, true} {
		for prefix, n := range p.of {
			if all && len(p.of) <= maxPeers/2 {
				break
			}
			idle := now.Sub(n.filled) >= time.Minute && (n.refused == 0 || now.Sub(n.since) >= refusedWindow)
			if n.conns == 0 && (idle || all) {
				delete(p.of, prefix)
			}
		}
	}
	// Those with connections stay, and must not make each new one a sweep.
	p.sweep = 2 * len(p.of)
}
