package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	wire "github.com/miekg/dns"
)

const (
	// udpSize is what the servers may send by UDP, in octets: fragments of a
	// larger answer could be forged (RFC 9715 3.2). More comes by TCP.
	udpSize    = 1232
	headerSize = 12
	tries      = 2
	// downFor is how long servers are left alone of which none answers, and how
	// long a question's failure is remembered.
	downFor = 10 * time.Second
)

var errTruncated = errors.New("answer truncated over TCP")

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialNet has the system choose a new random port for each question, which
// together with the random id keeps forgers guessing (RFC 5452 9).
func dialNet(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

// systemServers reads resolv.conf(5). Where it names no server, or cannot be
// read, the one on this host is meant.
func systemServers(path string) []string {
	conf, err := wire.ClientConfigFromFile(path)
	if err != nil || len(conf.Servers) == 0 {
		return []string{"127.0.0.1:53"}
	}
	servers := make([]string, len(conf.Servers))
	for i, s := range conf.Servers {
		servers[i] = net.JoinHostPort(s, conf.Port)
	}
	return servers
}

// ask puts a question to one server and, if that gave nothing clear, to the next.
func (r *Resolver) ask(q question) answer {
	query, err := q.packed()
	if err != nil { // fault let it pass, the packer did not
		return answer{err: q.wrap(ErrNoName, err.Error()), ttl: maxNegative}
	}
	heard := r.health.heard.Load()
	first := int(r.health.first.Load())
	var probes sync.WaitGroup
	timeouts := 0
	for try := range tries {
		i := (first + try) % len(r.Servers)
		var a answer
		if a, err = r.try(r.Servers[i], query, q); err == nil {
			r.health.first.Store(int32(i))
			return a
		}
		err = fmt.Errorf("%s: %w", r.Servers[i], err)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			timeouts++
		}
		if try == 0 && timeouts > 0 {
			r.probe(&probes, first)
		}
	}
	probes.Wait()
	if timeouts == tries && r.health.heard.Load() == heard {
		r.health.down.Store(r.Now().Add(downFor).UnixNano())
	}
	return answer{err: q.temporary(err), ttl: downFor}
}

// probe asks the servers for the root, which every server answers somehow at
// once. It tells a dead server from a domain whose own servers are dead: on the
// former nobody need wait for a while; the latter, which any stranger can
// arrange, must not stop other domains' mail.
func (r *Resolver) probe(wg *sync.WaitGroup, first int) {
	root := question{qtype: wire.TypeNS}
	query, err := root.packed()
	if err != nil {
		return
	}
	for i := range min(tries, len(r.Servers)) {
		server := r.Servers[(first+i)%len(r.Servers)]
		r.running.Add(1) // ask may return before: Close waits for it
		wg.Go(func() {
			defer r.running.Done()
			r.try(server, query, root) // counted in health.heard, that is all
		})
	}
}

// try asks one server and reads its answer. An error means nothing is known; a
// panic over what a stranger published is one, too: here it would end the process.
func (r *Resolver) try(server string, query []byte, q question) (a answer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("reading the answer broke down: %.200v", cause)
		}
	}()
	ctx, cancel := context.WithTimeout(r.ctx, r.Timeout)
	defer cancel()
	packet, err := r.exchange(ctx, "udp", server, query)
	if err == nil && truncated(packet) {
		packet, err = r.exchange(ctx, "tcp", server, query)
		if err == nil && truncated(packet) {
			err = errTruncated
		}
	}
	if err != nil {
		return answer{}, err
	}
	return read(packet, q)
}

// exchange sends a query and gives the first packet that replies to it.
func (r *Resolver) exchange(ctx context.Context, network, server string, query []byte) ([]byte, error) {
	conn, err := r.dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	// Close must not wait for a server.
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	query = slices.Clone(query) // the id differs from try to try
	rand.Read(query[:2])
	out, receive := query, receiveUDP
	if network == "tcp" { // RFC 1035 4.2.2
		out, receive = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...), receiveTCP
	}
	if _, err := conn.Write(out); err != nil {
		return nil, err
	}
	packet, err := receive(conn, query)
	if err == nil {
		r.health.heard.Add(1)
	}
	return packet, err
}

// receiveUDP passes over packets that do not reply to the query: they are late,
// or somebody guesses. To fail on them would let a guesser stop us.
func receiveUDP(conn net.Conn, query []byte) ([]byte, error) {
	buf := make([]byte, udpSize)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		if repliesTo(query, buf[:n]) {
			return buf[:n], nil
		}
	}
}

func receiveTCP(conn net.Conn, query []byte) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return nil, err
	}
	if !repliesTo(query, packet) {
		return nil, errors.New("reply to another question")
	}
	return packet, nil
}

// repliesTo compares id and question (RFC 5452 9.1) byte by byte, before
// anything else in the packet is believed. The first name of a packet has
// nothing before it to be compressed with. Some servers refuse without
// repeating the question; that is a reply as long as it claims nothing else.
func repliesTo(query, packet []byte) bool {
	if len(packet) < headerSize || packet[2]&0x80 == 0 || string(packet[:2]) != string(query[:2]) { // QR, id
		return false
	}
	const qdcount = 4
	switch questions, code := binary.BigEndian.Uint16(packet[qdcount:]), packet[3]&0x0f; {
	case questions == 0:
		return code != wire.RcodeSuccess && code != wire.RcodeNameError
	case questions > 1:
		return false
	}
	end := headerSize // of the name
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	end++
	const typeAndClass = 4
	return len(packet) >= end+typeAndClass &&
		lower(string(packet[headerSize:end])) == string(query[headerSize:end]) &&
		string(packet[end:end+typeAndClass]) == string(query[end:end+typeAndClass])
}

func truncated(packet []byte) bool { return packet[2]&0x02 != 0 }
