package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"casegate/mailer/dns"
)

// resolverPatience is what a server has for one answer; a mail has 3 s for all.
const resolverPatience = time.Second

// checkResolver asks each server by itself what only a bad one answers wrongly.
func (d *doctor) checkResolver(ctx context.Context) (all []diagnosis) {
	// The resolver reads /etc/resolv.conf at its first question, which this is:
	// one that it answers by itself, as no name is like that.
	d.dns.TXT(ctx, "..")
	for _, server := range d.dns.Servers {
		udp := d.askServer(ctx, "udp", server)
		all = append(all, udp)
		if udp.Status == failure { // the others would say the same again
			continue
		}
		tcp := d.askServer(ctx, "tcp", server)
		if all = append(all, tcp); tcp.Status != failure {
			all = append(all, d.askLarge(ctx, server))
		}
	}
	return all
}

// askServer asks for a name that cannot exist (RFC 6761 6.4).
func (d *doctor) askServer(ctx context.Context, network, server string) diagnosis {
	g := of("resolver by "+network, server)
	begin := time.Now()
	header, err := exchange(ctx, network, server, d.nonce+".invalid.")
	took := time.Since(begin)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return g.is(failure, fmt.Sprintf("no answer within %v", resolverPatience), resolverAdvice(network))
	case err != nil:
		return g.is(failure, "no answer: "+err.Error(), resolverAdvice(network))
	case header.RCode == dnsmessage.RCodeNameError:
		return g.ok(fmt.Sprintf("answers in %d ms, and says of a name that does not exist that it does not", took.Milliseconds()))
	case header.RCode == dnsmessage.RCodeSuccess:
		return g.is(failure, "invents names: it says of one that does not exist that it does", "Use a resolver that does not: with this one made-up domains look real.")
	}
	return g.is(failure, fmt.Sprintf("refuses: %s", header.RCode), "Let this machine ask it, or name another one in verify.resolvers.")
}

// resolverAdvice is for a server that gives no answer. The daemon turns to TCP
// only for answers that are too long for UDP, so that its lack shows late.
func resolverAdvice(network string) string {
	if network == "tcp" {
		return "Open port 53 by TCP to it: long keys and records come by TCP only, and mail with them is put off."
	}
	return "Name a resolver that answers in verify.resolvers, best one on this machine: mail is put off without one."
}

// large is more than every server sends by UDP without being asked for more (RFC 1035 4.2.1).
const large = 512

// askLarge fetches records that are known to be long, as the daemon would.
func (d *doctor) askLarge(ctx context.Context, server string) diagnosis {
	g := of("resolver, large answers", server)
	// The doctor's own resolver would turn to the next server, or know the answer.
	alone := &dns.Resolver{Servers: []string{server}}
	defer alone.Close()
	most, from := 0, ""
	for _, domain := range append(d.mailDomains(), d.conf.Verify.TrustedSealers...) {
		texts, err := alone.TXT(ctx, domain)
		if errors.Is(err, dns.ErrTemporary) {
			return g.is(failure, fmt.Sprintf("the texts of %s do not come: %v", domain, err), "Let answers of more than 512 octets through, by UDP and by TCP.")
		}
		size := 0
		for _, text := range texts {
			size += len(text)
		}
		if size > most {
			most, from = size, domain
		}
	}
	if most <= large {
		return g.ok("not tried: none of our domains and trusted sealers has that long a text")
	}
	return g.ok(fmt.Sprintf("the texts of %s came whole, %d octets", from, most))
}

// exchange asks one server for the A records of a name, over just this network,
// which the daemon's resolver leaves to no caller.
func exchange(ctx context.Context, network, server, name string) (dnsmessage.Header, error) {
	q, err := dnsmessage.NewName(name)
	if err != nil {
		return dnsmessage.Header{}, err
	}
	id := uint16(rand.Uint32())
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: q, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	packet, err := query.AppendPack(make([]byte, 2)) // TCP's length first (RFC 1035 4.2.2)
	if err != nil {
		return dnsmessage.Header{}, err
	}
	binary.BigEndian.PutUint16(packet, uint16(len(packet)-2))
	ctx, cancel := context.WithTimeout(ctx, resolverPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, server)
	if err != nil {
		return dnsmessage.Header{}, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	if network == "udp" {
		packet = packet[2:]
	}
	if _, err := conn.Write(packet); err != nil {
		return dnsmessage.Header{}, err
	}
	return receive(conn, network, id)
}

// receive reads the header of a reply: its code is all that is asked for. A late
// or forged packet is a finding here, where nothing else is in flight.
func receive(conn net.Conn, network string, id uint16) (dnsmessage.Header, error) {
	const leastAnswer = 12 // octets of a header (RFC 1035 4.1.1)
	answer := make([]byte, 1<<16)
	if network == "tcp" {
		if _, err := io.ReadFull(conn, answer[:2]); err != nil {
			return dnsmessage.Header{}, err
		}
		answer = answer[:binary.BigEndian.Uint16(answer)]
	}
	n, err := io.ReadAtLeast(conn, answer, leastAnswer)
	if err != nil {
		return dnsmessage.Header{}, err
	}
	var p dnsmessage.Parser
	header, err := p.Start(answer[:n])
	if err == nil && (header.ID != id || !header.Response) {
		err = errors.New("what came is no reply to the question")
	}
	return header, err
}
