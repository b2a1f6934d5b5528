// Package dns asks a recursive name server what mail needs to know (TXT, MX,
// A, AAAA, PTR), with a cache, short timeouts and a budget for each mail. It is
// not a recursor and does not validate DNSSEC: the server asked is trusted, so
// it should be on this host or on a network of ours.
//
// Whoever sends us mail chooses the names we ask for and writes the answers.
// So every answer is bounded, and every answer that is not clearly "yes" or
// clearly "no" is [ErrTemporary]: a broken or silent DNS must never read as
// "nothing is published" or "no such domain".
package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	wire "github.com/miekg/dns"
	"golang.org/x/sync/singleflight"
)

var (
	// ErrNoName: the name does not exist (NXDOMAIN, RFC 8020), nor does any
	// below it; or it is none that could exist, such as one with an empty label.
	ErrNoName = errors.New("no such name")
	// ErrTemporary: it is not known what the answer is. Asking again later may
	// help. No answer in time, SERVFAIL, REFUSED, a malformed answer, a budget
	// used up and a context that is done all give it.
	ErrTemporary = errors.New("temporary DNS failure")
)

const (
	defaultTimeout = time.Second
	resolvConf     = "/etc/resolv.conf"
)

// Resolver asks name servers and remembers their answers. The zero value is
// ready to use and asks the servers of /etc/resolv.conf, read once; /etc/hosts
// is not looked at. Its methods may be called concurrently. Set the fields
// before the first call.
//
// A name that exists without the records asked for gives an empty list and no
// error. Every error wraps either [ErrNoName] or [ErrTemporary].
//
// Names are plain text with dots between labels; there are no escapes, so every
// other byte stands for itself. One final dot is allowed, letter case does not
// matter. Names in answers come lower-cased and without the final dot.
type Resolver struct {
	Servers   []string         // recursive servers, "127.0.0.1:53"; nil: those of /etc/resolv.conf
	Timeout   time.Duration    // for one try, of which a question has two; 0: 1 s
	CacheSize int              // answers kept at most; 0: 10,000
	Now       func() time.Time // for the age of answers; nil: time.Now

	dial dialFunc // tests replace it
	once sync.Once
	// ctx ends at Close. Questions run under it and not under that of who
	// asked: others may wait for the same answer, and it is worth keeping.
	ctx     context.Context
	stop    context.CancelFunc
	cache   *cache
	flights singleflight.Group
	health  health

	mu      sync.Mutex // guards closed, and running.Add against running.Wait
	closed  bool
	running sync.WaitGroup
}

// health is what is known of the servers, to not wait for dead ones.
type health struct {
	first atomic.Int32 // index of the server that answered last, which is asked first
	heard atomic.Int64 // replies received, of any kind
	down  atomic.Int64 // Unix nanoseconds until which nobody is asked
}

// MX is one mail exchanger (RFC 5321 5.1).
type MX struct {
	Host       string // "." for a domain that takes no mail (RFC 7505)
	Preference uint16 // lowest first
}

// TXT gives the text records of a name: the strings of each record joined
// without a separator (RFC 7208 3.3, RFC 6376 3.6.2.2), in no order. Their bytes
// are the domain owner's: not necessarily UTF-8 or printable.
func (r *Resolver) TXT(ctx context.Context, name string) ([]string, error) {
	a, err := r.lookup(ctx, name, wire.TypeTXT)
	return slices.Clone(a.texts), err
}

// MX gives the mail exchangers of a domain, lowest preference first. None does
// not mean no mail: then the domain's own addresses count (RFC 5321 5.1).
func (r *Resolver) MX(ctx context.Context, name string) ([]MX, error) {
	a, err := r.lookup(ctx, name, wire.TypeMX)
	return slices.Clone(a.mx), err
}

// A gives the IPv4 addresses of a name.
func (r *Resolver) A(ctx context.Context, name string) ([]netip.Addr, error) {
	a, err := r.lookup(ctx, name, wire.TypeA)
	return slices.Clone(a.addrs), err
}

// AAAA gives the IPv6 addresses of a name.
func (r *Resolver) AAAA(ctx context.Context, name string) ([]netip.Addr, error) {
	a, err := r.lookup(ctx, name, wire.TypeAAAA)
	return slices.Clone(a.addrs), err
}

// PTR gives the names that the holder of an address claims for it. They prove
// nothing until one of them leads back to the address (RFC 8601 2.7.3).
func (r *Resolver) PTR(ctx context.Context, addr netip.Addr) ([]string, error) {
	if !addr.IsValid() {
		return nil, fmt.Errorf("look up PTR: %w: not an address", ErrNoName)
	}
	name, err := wire.ReverseAddr(addr.Unmap().WithZone("").String())
	if err != nil {
		return nil, fmt.Errorf("look up PTR: %w: %w", ErrNoName, err)
	}
	a, err := r.lookup(ctx, name, wire.TypePTR)
	return slices.Clone(a.texts), err
}

// Close abandons the questions in flight and waits until they have ended. Later
// questions give ErrTemporary unless the answer is known. It never gives an error.
func (r *Resolver) Close() error {
	r.once.Do(r.setup)
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
	return nil
}

func (r *Resolver) setup() {
	r.ctx, r.stop = context.WithCancel(context.Background())
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	if r.dial == nil {
		r.dial = dialNet
	}
	if len(r.Servers) == 0 {
		r.Servers = systemServers(resolvConf)
	}
	r.cache = newCache(r.CacheSize)
}

// lookup answers from the cache, or waits for the flight that asks.
func (r *Resolver) lookup(ctx context.Context, name string, qtype uint16) (answer, error) {
	r.once.Do(r.setup)
	q, err := newQuestion(name, qtype)
	if err != nil {
		return answer{}, err
	}
	if a, ok := r.cache.get(q, r.Now()); ok {
		return a, a.err
	}
	// A mail pays for questions that others have in flight, too: they cost it time.
	if err := spend(ctx); err != nil {
		return answer{}, q.temporary(err)
	}
	landed := r.flights.DoChan(q.String(), func() (any, error) { return r.fly(q), nil })
	select {
	case result := <-landed:
		a := result.Val.(answer)
		return a, a.err
	case <-ctx.Done():
		return answer{}, q.temporary(context.Cause(ctx))
	}
}

var (
	errClosed = errors.New("the resolver is closed")
	errDown   = errors.New("no DNS server answered lately")
)

// fly asks a question for all who wait for it, and remembers the answer.
func (r *Resolver) fly(q question) answer {
	if !r.begin() {
		return answer{err: q.temporary(errClosed)}
	}
	defer r.running.Done()
	// Another flight may have landed between lookup's glance and now.
	if a, ok := r.cache.get(q, r.Now()); ok {
		return a
	}
	if r.Now().UnixNano() < r.health.down.Load() {
		return answer{err: q.temporary(errDown)}
	}
	a := r.ask(q)
	r.cache.put(q, a, r.Now())
	return a
}

func (r *Resolver) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running.Add(1)
	return true
}
