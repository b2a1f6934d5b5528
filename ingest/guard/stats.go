package guard

import "sync/atomic"

// Reason is why the guard turned a client away or ended its session.
type Reason int

// Reasons; String gives the names that metrics use.
const (
	TooMany     Reason = iota // no place for another connection
	PerPrefix                 // too many connections of its network, or too fast
	Guessing                  // it, or its network, had too many recipients or passwords refused
	Shed                      // made place for somebody else
	EarlyTalker               // spoke before the greeting
	Foreign                   // speaks HTTP, TLS or the PROXY protocol, not SMTP
	Slow                      // a mail's text came at less than MinRate
	Silent                    // kept us waiting longer than Idle or Session
	Errors                    // too many errors, or commands without a mail
	Handshake                 // a TLS handshake failed or had no place
	Files                     // not a client: there were no file descriptors to accept one

	reasons // how many there are
	admitted
)

var reasonNames = [reasons]string{
	"too-many", "per-prefix", "guessing", "shed", "early-talker", "foreign", "slow", "silent", "errors", "handshake", "files",
}

// String gives the name of a reason, of lower-case letters and hyphens.
func (r Reason) String() string {
	if r < 0 || r >= reasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Stats is what a Guard has done since it was made.
type Stats struct {
	Open   int             // connections at present
	Served uint64          // connections that the server got to see
	Turned [reasons]uint64 // by Reason
}

type counts struct {
	served atomic.Uint64
	turned [reasons]atomic.Uint64
}

// Stats gives the counters. It may be called at any time.
func (g *Guard) Stats() Stats {
	s := Stats{Open: int(g.open.Load()), Served: g.counts.served.Load()}
	for r := range s.Turned {
		s.Turned[r] = g.counts.turned[r].Load()
	}
	return s
}

func (g *Guard) count(r Reason) { g.counts.turned[r].Add(1) }
