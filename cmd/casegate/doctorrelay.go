package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"casegate/mailer"
	"casegate/mailer/remote"
)

// relayPatience bounds the whole dialogue. A mail may wait longer; who sits at a
// terminal should not.
const relayPatience = 30 * time.Second

// checkRelay goes through all that comes before a mail, and through a mail if
// one is asked for.
func (d *doctor) checkRelay(ctx context.Context) []diagnosis {
	g := of("relay", d.conf.Relay.URL)
	relay, err := remote.New(d.conf.relay())
	if err != nil {
		return []diagnosis{g.is(failure, err.Error(), "Correct [relay] in the configuration.")}
	}
	defer relay.Close()
	ctx, cancel := context.WithTimeout(ctx, relayPatience)
	defer cancel()
	var mail *mailer.Outgoing
	if !d.send.IsZero() {
		mail = d.testMail()
	}
	seen, err := relay.Probe(ctx, mail)
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "relay "+d.conf.target.String()+": ")
		return []diagnosis{g.is(failure, text, relayAdvice(err))}
	}
	g = d.offered(g, seen)
	if mail == nil {
		return []diagnosis{g}
	}
	return []diagnosis{g, of("mail through the relay", d.send.String()).is(fine, "taken: "+seen.Reply, "See whether it arrives, and where: not as spam.")}
}

// offered judges what the relay can take: a mail that we take and it does not is
// lost to its reader, though not to us.
func (d *doctor) offered(g diagnosis, seen remote.Probed) diagnosis {
	how := fmt.Sprintf("answers in %d ms", seen.Took.Milliseconds())
	if d.conf.target.Scheme != remote.Plain {
		how += ", encrypted"
	}
	if d.conf.target.User != "" {
		how += ", logged in"
	}
	switch {
	case seen.MaxSize > 0 && seen.MaxSize < d.conf.maxSize():
		return g.is(warning, fmt.Sprintf("%s, but takes mails up to %d MiB only, and smtp.max_size_mib is %d", how, seen.MaxSize>>20, d.conf.SMTP.MaxSizeMiB),
			"Have it take larger mails, or set smtp.max_size_mib lower: what we take must not be too large to be passed on.")
	case !seen.EightBit:
		return g.is(warning, how+", but takes no 8-bit text (8BITMIME)", "Use another relay: mails with such text cannot be passed on.")
	case !seen.UTF8:
		return g.ok(how + "; takes no international addresses (SMTPUTF8)")
	}
	return g.ok(how)
}

// relayAdvice tells apart whose fault it is: the password, the relay's mind about
// us, the encryption, or the way to it.
func relayAdvice(err error) string {
	var reply *remote.ReplyError
	switch {
	case errors.Is(err, remote.ErrLogin):
		return "Correct relay.user and its password."
	case errors.As(err, &reply):
		return "Ask the relay's operator what it wants of this machine, and see its log."
	case strings.Contains(err.Error(), "encrypt"):
		return "See the relay's certificate, and whether the scheme of relay.url is the right one."
	}
	return "See whether host and port of relay.url are right, and whether a firewall lets this machine out to it."
}

// testMail is from the postmaster of the hostname, who hears of it if it bounces.
func (d *doctor) testMail() *mailer.Outgoing {
	id := (&mailer.IDs{Seed: randomSeed}).New()
	from, err := mailer.NewAddress("postmaster", d.conf.Hostname)
	if err != nil { // said of the configuration; then the mail is from nobody
		from = mailer.Address{}
	}
	header := []string{
		"From: casegate doctor <" + from.String() + ">",
		"To: " + d.send.String(),
		"Subject: casegate doctor: a mail through the relay",
		"Date: " + d.now.Format(time.RFC1123Z),
		"Message-ID: <doctor-" + string(id) + "@" + d.conf.Hostname + ">",
		"Auto-Submitted: auto-generated", // RFC 3834 5
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
	}
	text := "\r\nThis mail was sent by `casegate doctor --send` on " + d.conf.Hostname + ".\r\nWho reads it knows that the relay works.\r\n"
	return &mailer.Outgoing{
		ID: id, ReversePath: from, Recipient: d.send, UTF8: !d.send.IsASCII(),
		Header: []byte(strings.Join(header, "\r\n") + "\r\n"), Body: io.NopCloser(strings.NewReader(text)),
	}
}
