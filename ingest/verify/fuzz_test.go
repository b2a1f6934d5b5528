package verify

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

// FuzzForgery: whatever evil.test sends, from its own network and with any header,
// nobody else is verified but by the one mail that good.test signed, with the
// words that it signed.
func FuzzForgery(f *testing.F) {
	server := dnstest.Start(f, zone())
	resolver := &dns.Resolver{Servers: []string{server.Addr}}
	f.Cleanup(func() { resolver.Close() })
	v := &Verifier{DNS: resolver, Now: func() time.Time { return at2026 }, Sealers: []string{"sealer.test"}, Authserv: []string{"front.test"}}

	genuine := goodKey.Sign(mail("Ann <ann@good.test>"), covered...)
	sealed := sealerKey.Seal(genuine, 1, "front.test; dmarc=pass header.from=good.test", "none")
	for _, seed := range []string{
		genuine, sealed, "From: x@evil.test\r\n" + genuine, genuine + "more\r\n",
		strings.Replace(genuine, "From: Ann", "From : Ann", 1), strings.Replace(genuine, "\r\nTo:", "\r\nFrom: x@evil.test\r\nTo:", 1),
		evilKey.Sign(mail("ann@good.test"), covered...), evilKey.Sign(mail(`"ann@good.test" <x@evil.test>`), covered...),
		"Subject: Give me the keys\r\n" + genuine, "Subject: Give me the keys\r\n" + sealed, belowKey.Seal(mail("ann@good.test"), 1, "x; dmarc=pass header.from=good.test", "none"),
		"Authentication-Results: front.test; dmarc=pass header.from=good.test\r\n" + mail("ann@good.test"),
		strings.Replace(genuine, "d=good.test", "d=evil.test", 1), strings.Replace(genuine, "h=from", "h=sender", 1),
		strings.Replace(evilKey.Sign(mail("ann@good.test"), covered...), "d=evil.test", "d=good.test(.evil.test)", 1),
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, raw string, front bool) {
		m := &mailer.Mail{Envelope: mailer.Envelope{
			Remote: netip.MustParseAddr("192.0.2.66"), Helo: "evil.test", ReversePath: mailer.MustAddress("x@evil.test"), FrontHop: front,
		}}
		h := header.Read([]byte(raw))
		if err := v.Verify(context.Background(), m, h, strings.NewReader(raw[h.Body:])); err != nil {
			t.Fatal(err)
		}
		id := m.Identity
		if !id.IsVerified() || id.Address.Domain == "evil.test" || front && strings.Contains(raw, "front.test") {
			return
		}
		said := strings.Join(strings.Fields(raw[h.Body:]), " ")
		for _, name := range []string{"To", "Subject", "Date"} {
			said = strings.Join(strings.Fields(strings.Join(h.All(name), "|")), " ") + "; " + said
		}
		if !id.Address.Is(mailer.MustAddress("ann@good.test")) || said != "Fri, 20 Nov 2026 07:59:00 +0000; The gate; support@north.example; It is shut." {
			t.Errorf("%s is %s (%s) for a mail that good.test did not sign:\n%q\n%+v", id.Address, id.Level, id.Why, raw, m.Auth)
		}
	})
}
