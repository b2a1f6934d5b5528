// Package dnstest is a DNS server on loopback with the records and the faults
// that a test gives it. It is for tests, stories and benchmarks only.
package dnstest

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	wire "github.com/miekg/dns"
)

// Fault is how the server answers wrongly.
type Fault int

// Faults a name can have.
const (
	None      Fault = iota
	ServFail        // SERVFAIL
	Refused         // REFUSED
	Silent          // never a reply
	Truncated       // an empty, truncated answer by UDP; the true one by TCP
	Garbage         // a reply to the question whose records cannot be parsed
)

// Everything as a name of [Server.Fail] stands for all names.
const Everything = "."

// Server answers by UDP and TCP as a recursive server does whose world is the
// zone: all that is not in it does not exist. A SOA is sent with a "no" if the
// zone has one at or above the name. There are no wildcards. It is safe for
// concurrent use.
type Server struct {
	Addr string // "127.0.0.1:40000", of both UDP and TCP

	servers []*wire.Server
	done    sync.WaitGroup

	mu      sync.Mutex
	zone    zone
	faults  map[string]Fault
	queries map[string]int
	total   int
}

// Start runs a server on a free port of 127.0.0.1 until t ends. The zone is
// text as in [Server.Set].
func Start(t testing.TB, zone string) *Server {
	t.Helper()
	s, err := Serve("127.0.0.1:0", zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Serve runs a server at addr (port 0: any free one) until it is closed.
func Serve(addr, zone string) (*Server, error) {
	s := &Server{faults: map[string]Fault{}, queries: map[string]int{}}
	if err := s.Set(zone); err != nil {
		return nil, err
	}
	packets, listener, err := listen(addr)
	if err != nil {
		return nil, fmt.Errorf("serve DNS: %w", err)
	}
	s.Addr = packets.LocalAddr().String()
	s.servers = []*wire.Server{{PacketConn: packets}, {Listener: listener}}
	var started sync.WaitGroup
	for _, server := range s.servers {
		started.Add(1)
		server.Handler = s
		server.NotifyStartedFunc = started.Done
		s.done.Go(func() { server.ActivateAndServe() })
	}
	started.Wait() // else Close could come too early
	return s, nil
}

// listen binds the same port for UDP and TCP. A free UDP port can be taken for
// TCP, so it tries a few.
func listen(addr string) (packets net.PacketConn, listener net.Listener, err error) {
	for range 20 {
		if packets, err = net.ListenPacket("udp", addr); err != nil {
			return nil, nil, err
		}
		if listener, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, listener, nil
		}
		packets.Close()
	}
	return nil, nil, err
}

// Close stops the server and waits until nothing of it runs any more.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown())
	}
	s.done.Wait()
	return errors.Join(errs...)
}

// Set adds records, given as zone-file text (RFC 1035 5.1) with full names,
// "good.test MX 10 mx.good.test"; for texts see [TXT]. For each name and type in
// it, they take the place of what was there. Without a TTL it is 300 s.
func (s *Server) Set(records string) error {
	added, err := parse(records)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone = s.zone.with(added)
	return nil
}

// Remove takes all records of a name away.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone = s.zone.without(canonical(name))
}

// Fail makes a name, or [Everything], fail from now on; None heals it. A name's
// own fault goes before that of everything.
func (s *Server) Fail(name string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[canonical(name)] = f
}

// Queries counts the questions for a name so far, of all types, by UDP and TCP.
func (s *Server) Queries(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queries[canonical(name)]
}

// Total counts all questions so far.
func (s *Server) Total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// ServeDNS answers one query.
func (s *Server) ServeDNS(w wire.ResponseWriter, query *wire.Msg) {
	q := query.Question[0] // the library has refused what has none
	zone, fault := s.note(canonical(q.Name))
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	reply := new(wire.Msg).SetReply(query)
	reply.RecursionAvailable = true
	switch fault {
	case Silent:
		return
	case ServFail:
		reply.Rcode = wire.RcodeServerFailure
	case Refused:
		reply.Rcode = wire.RcodeRefused
	case Garbage:
		w.Write(garbage(reply))
		return
	default:
		reply.Authoritative = true
		zone.answer(reply)
		reply.Truncate(limit(query, udp))
		if fault == Truncated && udp {
			reply.Truncated, reply.Answer, reply.Ns = true, nil, nil
		}
	}
	w.WriteMsg(reply)
}

func (s *Server) note(name string) (zone, Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries[name]++
	s.total++
	if f, ok := s.faults[name]; ok {
		return s.zone, f
	}
	return s.zone, s.faults[Everything]
}

// limit is how many octets the client takes (RFC 6891 6.2.3).
func limit(query *wire.Msg, udp bool) int {
	if !udp {
		return wire.MaxMsgSize
	}
	if opt := query.IsEdns0(); opt != nil {
		return max(wire.MinMsgSize, int(opt.UDPSize()))
	}
	return wire.MinMsgSize
}

// garbage announces a record and puts there what cannot be one.
func garbage(reply *wire.Msg) []byte {
	packet, err := reply.Pack()
	if err != nil {
		return nil
	}
	const ancount = 7 // its lower octet
	packet[ancount] = 1
	return append(packet, strings.Repeat("\xff", 40)...)
}
