package verify

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/dkim/dkimtest"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

var (
	at2026 = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

	goodKey   = dkimtest.Ed25519("good.test", "s1", "good")
	evilKey   = dkimtest.Ed25519("evil.test", "s1", "evil")
	softKey   = dkimtest.Ed25519("soft.test", "s1", "soft")
	plainKey  = dkimtest.Ed25519("plain.test", "s1", "plain")
	groupKey  = dkimtest.Ed25519("group.test", "s1", "group")
	sealerKey = dkimtest.Ed25519("sealer.test", "arc", "sealer")
	belowKey  = dkimtest.Ed25519("mail.sealer.test", "arc", "below")
	awayKey   = dkimtest.Ed25519("sealer.test", "away", "away")
	deadKey   = dkimtest.Ed25519("dead.test", "arc", "dead")
	mailKey   = dkimtest.Ed25519("mail.good.test", "s1", "mail")
	tmpOwn    = dkimtest.Ed25519("tmp.test", "s1", "tmpown")
	tmpKey    = dkimtest.Ed25519("tmpkey.test", "s1", "tmpkey")
)

// zone is the world of the threats: good.test rejects, quar.test quarantines,
// soft.test asks for nothing, plain.test has DKIM alone, none.test nothing at all,
// tmp.test cannot be asked, evil.test is all its own.
func zone() string {
	records := []string{
		dnstest.TXT("_dmarc.good.test.", "v=DMARC1; p=reject"), dnstest.TXT("good.test.", "v=spf1 ip4:192.0.2.10 -all"),
		dnstest.TXT("_dmarc.quar.test.", "v=DMARC1; p=quarantine"), dnstest.TXT("quar.test.", "v=spf1 ip4:192.0.2.10 -all"),
		dnstest.TXT("_dmarc.soft.test.", "v=DMARC1; p=none"), dnstest.TXT("soft.test.", "v=spf1 -all"),
		dnstest.TXT("_dmarc.evil.test.", "v=DMARC1; p=reject"), dnstest.TXT("evil.test.", "v=spf1 ip4:192.0.2.66 -all"),
		dnstest.TXT("_dmarc.group.test.", "v=DMARC1; p=reject"), dnstest.TXT("_dmarc.tmpkey.test.", "v=DMARC1; p=reject"),
		dnstest.TXT("tmpkey.test.", "v=spf1 ip4:192.0.2.10 -all"),
		"none.test. 60 IN A 192.0.2.99", "tmp.test. 60 IN A 192.0.2.99", "mx.good.test. 60 IN A 192.0.2.10",
		dnstest.TXT("mx.good.test.", "v=spf1 a -all"), dnstest.TXT("slow.test.", "v=spf1 include:silent.test -all"),
	}
	for _, k := range []dkimtest.Key{goodKey, evilKey, softKey, plainKey, groupKey, sealerKey, belowKey, mailKey, tmpOwn} {
		records = append(records, dnstest.TXT(k.Name()+".", k.Record()))
	}
	return strings.Join(records, "\n")
}

type world struct {
	*Verifier
	dns *dnstest.Server
}

func newWorld(t *testing.T) *world {
	server := dnstest.Start(t, zone())
	for _, name := range []string{"tmp.test", "_dmarc.tmp.test", tmpKey.Name(), awayKey.Name(), deadKey.Name()} {
		server.Fail(name, dnstest.ServFail)
	}
	resolver := &dns.Resolver{Servers: []string{server.Addr}}
	t.Cleanup(func() { resolver.Close() })
	return &world{&Verifier{
		DNS: resolver, Now: func() time.Time { return at2026 }, Sealers: []string{"sealer.test"}, Authserv: []string{"front.test"},
		Groups: []mailer.Address{mailer.MustAddress("support@group.test")},
		MayWriteAs: func(user string, a mailer.Address) bool {
			return user == "ann" && a.Is(mailer.MustAddress("ann@good.test"))
		},
	}, server}
}

// way is how a mail comes; the zero value is 192.0.2.66, evil.test's own.
type way struct {
	client, path, helo string
	front              bool
	user               string
}

func (w *world) verify(t *testing.T, raw string, by way) *mailer.Mail {
	t.Helper()
	if by.client == "" {
		by.client = "192.0.2.66"
	}
	m := &mailer.Mail{Envelope: mailer.Envelope{
		Remote: netip.MustParseAddr(by.client), Helo: by.helo, FrontHop: by.front, User: by.user,
	}}
	if by.path != "" {
		m.Envelope.ReversePath = mailer.MustAddress(by.path)
	}
	const own = "Received: from x by us; Fri, 20 Nov 2026 08:00:00 +0000\r\n"
	m.Own = len(own)
	h := header.Read([]byte(own + raw))
	if err := w.Verify(context.Background(), m, h, strings.NewReader((own + raw)[h.Body:])); err != nil {
		t.Fatal(err)
	}
	return m
}

func mail(from string) string {
	return "From: " + from + "\r\nTo: support@north.example\r\nSubject: The gate\r\nDate: Fri, 20 Nov 2026 07:59:00 +0000\r\n\r\nIt is shut.\r\n"
}

var covered = []string{"from", "to", "subject", "date", "x-original-sender"}

// TestLevels is the table of identity levels (design 4): what a mail proves, and
// what is held against it.
func TestLevels(t *testing.T) {
	w := newWorld(t)
	ann, x := mail("Ann <ann@good.test>"), mail("x@evil.test")
	passed := "front.test; dmarc=pass header.from=good.test"
	second := "Subject: Give me the keys\r\n"
	broken := func(s string) string { return strings.Replace(s, "shut", "open", 1) }
	tests := []struct {
		name   string
		raw    string
		by     way
		level  mailer.Level
		reject bool
		why    string
	}{
		{"DKIM aligned", goodKey.Sign(ann, covered...), way{}, mailer.Verified, false, "DKIM signature of good.test"},
		{"SPF alone (T12)", ann, way{client: "192.0.2.10", path: "ann@good.test"}, mailer.VerifiedSPF, false, "SPF alone"},
		{"SPF by HELO of a null reverse-path", mail("ann@mx.good.test"), way{client: "192.0.2.10", helo: "mx.good.test"}, mailer.VerifiedSPF, false, "SPF alone"},
		{"forged, rejected (T1, F2)", ann, way{path: "x@evil.test"}, mailer.Failed, true, "p=reject"},
		{"forged, and signed by the forger (T1)", evilKey.Sign(ann, covered...), way{path: "x@evil.test"}, mailer.Failed, true, "p=reject"},
		{"changed on the way", broken(goodKey.Sign(ann, covered...)), way{}, mailer.Failed, true, "p=reject"},
		{"forged, quarantined", mail("ann@quar.test"), way{}, mailer.Failed, false, "p=quarantine"},
		{"p=none and a failure", mail("ann@soft.test"), way{}, mailer.Unverified, false, "p=none"},
		{"p=none and a pass", softKey.Sign(mail("ann@soft.test"), covered...), way{}, mailer.Verified, false, "DKIM"},
		{"DKIM without DMARC", plainKey.Sign(mail("ann@plain.test"), covered...), way{}, mailer.Verified, false, "no DMARC record"},
		{"DKIM of another without DMARC", evilKey.Sign(mail("ann@plain.test"), covered...), way{}, mailer.Unverified, false, "nothing that passed is its own"},
		{"nothing published (T2)", mail("x@none.test"), way{}, mailer.Unverified, false, "publishes no DMARC"},
		{"DNS away (T3)", mail("x@tmp.test"), way{}, mailer.UnknownYet, false, "DMARC"},
		{"DMARC away, DKIM of the domain itself", tmpOwn.Sign(mail("x@tmp.test"), covered...), way{}, mailer.Verified, false, "whatever its DMARC"},
		{"key away, and it could pass", tmpKey.Sign(mail("x@tmpkey.test"), covered...), way{}, mailer.UnknownYet, false, "key of tmpkey.test"},
		{"key away, and SPF passes", tmpKey.Sign(mail("x@tmpkey.test"), covered...), way{client: "192.0.2.10", path: "x@tmpkey.test"}, mailer.VerifiedSPF, false, "SPF alone"},
		{"key of a bystander away, and nothing could pass", tmpKey.Sign(ann, covered...), way{}, mailer.Failed, true, "p=reject"},
		{"everything evil's own", evilKey.Sign(x, covered...), way{path: "x@evil.test"}, mailer.Verified, false, "evil.test"},

		{"a trusted sealer vouches", sealerKey.Seal(ann, 1, passed, "none"), way{}, mailer.VerifiedARC, false, "ARC chain of sealer.test"},
		{"a trusted sealer says fail", sealerKey.Seal(ann, 1, "front.test; dmarc=fail header.from=good.test", "none"), way{}, mailer.Failed, true, "p=reject"},
		{"a trusted sealer speaks of another domain", sealerKey.Seal(ann, 1, "front.test; dmarc=pass header.from=evil.test", "none"), way{}, mailer.Failed, true, "p=reject"},
		{"a stranger's seal (T96)", evilKey.Seal(ann, 1, passed, "none"), way{}, mailer.Failed, true, "p=reject"},
		{"a stranger's word under a trusted seal (T96)", sealerKey.Seal(evilKey.Seal(ann, 1, passed, "none"), 2, "front.test; arc=pass; dmarc=fail header.from=good.test", "pass"), way{}, mailer.Failed, true, "p=reject"},
		{"a trusted word under a stranger's seal", evilKey.Seal(sealerKey.Seal(ann, 1, passed, "none"), 2, "x.test; arc=pass", "pass"), way{}, mailer.Failed, true, "p=reject"},
		{"two trusted seals, the first vouches", sealerKey.Seal(sealerKey.Seal(ann, 1, passed, "none"), 2, "front.test; arc=pass", "pass"), way{}, mailer.VerifiedARC, false, "sealer.test"},
		{"sealed, and changed since", broken(sealerKey.Seal(ann, 1, passed, "none")), way{}, mailer.Failed, true, "p=reject"},

		{"sealed by a name below a trusted one", belowKey.Seal(ann, 1, passed, "none"), way{}, mailer.Failed, true, "p=reject"},
		{"a trusted seal's key away", awayKey.Seal(ann, 1, passed, "none"), way{}, mailer.UnknownYet, false, "ARC chain of sealer.test"},
		{"a stranger's seal's key away, and nothing could pass", deadKey.Seal(ann, 1, passed, "none"), way{}, mailer.Failed, true, "p=reject"},
		{"a stranger's message signature, its key away, under a trusted name", strings.Replace(deadKey.Seal(ann, 1, passed, "none"), "d=dead.test", "d=sealer.test", 1), way{}, mailer.Failed, true, "p=reject"},
		{"a trusted seal's key away, above a stranger's", awayKey.Seal(evilKey.Seal(ann, 1, passed, "none"), 2, "front.test; arc=pass", "pass"), way{}, mailer.Failed, true, "p=reject"},
		{"replayed with a second Subject (F8)", second + goodKey.Sign(ann, covered...), way{}, mailer.Failed, true, "p=reject"},
		{"sealed, and replayed with a second Subject", second + sealerKey.Seal(ann, 1, passed, "none"), way{}, mailer.Failed, true, "p=reject"},

		{"signed in", ann, way{user: "ann"}, mailer.Verified, false, "signed in as ann"},
		{"signed in, as somebody else", x, way{user: "ann"}, mailer.Failed, true, "may not write as"},
		{"signed in, unknown to the list", ann, way{user: "bob"}, mailer.Failed, true, "may not write as"},
	}
	for _, tt := range tests {
		m := w.verify(t, tt.raw, tt.by)
		id := m.Identity
		if id.Level != tt.level || id.Reject != tt.reject || !strings.Contains(id.Why, tt.why) {
			t.Errorf("%s: %s (reject %v, %q), want %s (reject %v, something with %q)\n%+v", tt.name, id.Level, id.Reject, id.Why, tt.level, tt.reject, tt.why, m.Auth)
		}
		if id.Address.IsZero() {
			t.Errorf("%s: the sender has no address", tt.name)
		}
		if m.Auth.DMARC.Result == "" || m.Auth.ARC.CV == "" || m.Auth.SPF.Result == "" {
			t.Errorf("%s: a method has no result: %+v", tt.name, m.Auth)
		}
	}
}

// TestFrontHop: behind a front hop SPF is what the hop says in its own topmost
// field, and nobody else's word counts (T9, F7, design 2.5).
func TestFrontHop(t *testing.T) {
	w := newWorld(t)
	w.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	ann := mail("ann@good.test")
	ar := func(s string) string { return "Authentication-Results: " + s + "\r\n" }
	spfPass := "front.test; spf=pass smtp.mailfrom=ann@good.test"
	tests := []struct {
		name, raw string
		by        way
		level     mailer.Level
	}{
		{"the hop says SPF passed", ar(spfPass) + ann, way{front: true}, mailer.VerifiedSPF},
		{"the hop says DKIM passed before it", ar("front.test; dkim=pass header.d=good.test") + ann, way{front: true}, mailer.Verified},
		{"the hop says SPF failed", ar("front.test; spf=fail smtp.mailfrom=good.test") + ann, way{front: true}, mailer.Failed},
		{"Google says DKIM passed", ar("front.test;\r\n       dkim=pass header.i=@good.test header.s=s1 header.b=qCcbdR00") + ann, way{front: true}, mailer.Verified},
		{"SPF passed, HELO has none", ar(spfPass+"; spf=none smtp.helo=mx.good.test") + ann, way{front: true}, mailer.VerifiedSPF},
		{"SPF failed, HELO passed", ar("front.test; spf=fail smtp.mailfrom=x@evil.test; spf=pass smtp.helo=mx.good.test") + ann, way{front: true}, mailer.Failed},
		{"HELO passed of a null reverse-path", ar("front.test; spf=none smtp.mailfrom=; spf=pass smtp.helo=mx.good.test") + ann, way{front: true}, mailer.VerifiedSPF},
		{"SPF passed, and failed", ar(spfPass+"; spf=fail smtp.mailfrom=x@evil.test") + ann, way{front: true}, mailer.Failed},
		{"SPF passed for another domain", ar("front.test; spf=pass smtp.mailfrom=x@evil.test") + ann, way{front: true}, mailer.Failed},
		{"another's word", ar("other.test; spf=pass smtp.mailfrom=ann@good.test") + ann, way{front: true}, mailer.Failed},
		{"another's word above the hop's", ar("other.test; spf=none") + ar(spfPass) + ann, way{front: true}, mailer.Failed},
		{"the hop's word above a forged one of its name", ar("front.test; spf=fail smtp.mailfrom=x@evil.test") + ar(spfPass) + ann, way{front: true}, mailer.Failed},
		{"a hop that says nothing", ann, way{front: true}, mailer.Failed},
		{"a hop that says nothing, DKIM holds", goodKey.Sign(ann, covered...), way{front: true}, mailer.Verified},
		{"a field that cannot be read", ar(`front.test; spf=pass smtp.mailfrom="ann@good.test`) + ann, way{front: true}, mailer.Failed},
		{"the same field from a direct client", ar(spfPass) + ann, way{client: "198.51.100.1"}, mailer.Failed},
		{"our network is trusted, but not what its hop passes on", ann, way{client: "192.0.2.9", front: true}, mailer.Failed},
		{"our network is trusted", ann, way{client: "192.0.2.9"}, mailer.Verified},
	}
	for _, tt := range tests {
		if m := w.verify(t, tt.raw, tt.by); m.Identity.Level != tt.level {
			t.Errorf("%s: %s (%s), want %s\n%+v", tt.name, m.Identity.Level, m.Identity.Why, tt.level, m.Auth)
		}
	}
}

// TestGroup: the rewrite of a Google Group is undone for a configured group, a
// signed field and a chain that vouches for the author; else the group wrote.
func TestGroup(t *testing.T) {
	w := newWorld(t)
	rewritten := "X-Original-Sender: jane@good.test\r\nX-Original-From: Jane <jane@good.test>\r\n" + mail(`"'Jane' via Support" <support@group.test>`)
	passed := "sealer.test; dmarc=pass header.from=good.test"
	sealed := func(raw string, key dkimtest.Key, fields ...string) string {
		return sealerKey.Seal(key.Sign(raw, fields...), 1, passed, "none")
	}
	tests := []struct {
		name, raw, address string
		level              mailer.Level
	}{
		{"undone", sealed(rewritten, groupKey, covered...), "jane@good.test", mailer.VerifiedARC},
		{"the field is not signed", sealed(rewritten, groupKey, "from", "to"), "support@group.test", mailer.Verified},
		{"no chain", groupKey.Sign(rewritten, covered...), "support@group.test", mailer.Verified},
		{"the chain speaks of another author", sealed(strings.ReplaceAll(rewritten, "jane@good.test", "jane@soft.test"), groupKey, covered...), "support@group.test", mailer.Verified},
		{"two authors signed", sealed("X-Original-Sender: x@evil.test\r\n"+rewritten, groupKey, covered...), "support@group.test", mailer.Verified},
		{"the author signed is another", sealed(strings.Replace(rewritten, "<jane@good.test>", "<ann@good.test>", 1), groupKey, covered...), "support@group.test", mailer.Verified},
		{"two such fields", sealed("X-Original-From: x@evil.test\r\n"+rewritten, groupKey, covered...), "support@group.test", mailer.Verified},
		{"two authors in it", sealed(strings.Replace(rewritten, "Jane <jane@good.test>", "jane@good.test, x@good.test", 1), groupKey, covered...), "support@group.test", mailer.Verified},
		{"not signed by the group", sealed(rewritten, evilKey, covered...), "support@group.test", mailer.Failed},
		{"a group that is not configured", sealed(strings.ReplaceAll(rewritten, "support@group.test", "help@group.test"), groupKey, covered...), "help@group.test", mailer.Verified},
	}
	for _, tt := range tests {
		// The chain vouches for jane only; the group's own domain passes by DKIM.
		m := w.verify(t, tt.raw, way{})
		if m.Identity.Level != tt.level || m.Identity.Address.String() != tt.address {
			t.Errorf("%s: %s wrote it, %s (%s), want %s, %s", tt.name, m.Identity.Address, m.Identity.Level, m.Identity.Why, tt.address, tt.level)
		}
	}
}

// TestProviders: what Google and Microsoft write of a mail that they pass on is
// understood, white space, comments, quotes and words of their own included.
func TestProviders(t *testing.T) {
	google, microsoft := dkimtest.Ed25519("google.com", "arc-20240605", "google"), dkimtest.Ed25519("microsoft.com", "arcselector10001", "microsoft")
	w := newWorld(t)
	w.Sealers = []string{"google.com", "microsoft.com"}
	for _, k := range []dkimtest.Key{google, microsoft} {
		w.dns.Set(dnstest.TXT(k.Name()+".", k.Record()))
	}
	const (
		fromMicrosoft = "mx.microsoft.com 1; spf=pass (sender ip is\r\n 192.0.2.10) smtp.rcpttodomain=x.test smtp.mailfrom=good.test; dmarc=pass\r\n" +
			" (p=reject sp=reject pct=100) action=none header.from=good.test;\r\n dkim=pass (signature was verified) header.d=good.test; arc=none (0)"
		fromGoogle = "mx.google.com;\r\n       dkim=pass header.i=@good.test header.s=s1 header.b=\"n/ZfB/Kd\";\r\n" +
			"       arc=pass (i=1 spf=pass spfdomain=good.test dkim=pass dkdomain=good.test dmarc=pass fromdomain=good.test);\r\n" +
			"       spf=pass (google.com: domain of prvs=86=ann@good.test designates 192.0.2.10 as permitted sender) smtp.mailfrom=\"prvs=86=ann@good.test\";\r\n" +
			"       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=good.test;\r\n       dara=pass header.i=@x.test"
	)
	ann := mail("Ann <ann@good.test>")
	for name, tt := range map[string]struct {
		raw   string
		level mailer.Level
	}{
		"Google":                      {google.Seal(ann, 1, fromGoogle, "none"), mailer.VerifiedARC},
		"Google, DMARC failed":        {google.Seal(ann, 1, strings.Replace(fromGoogle, "dmarc=pass (", "dmarc=fail (", 1), "none"), mailer.Failed},
		"Microsoft":                   {microsoft.Seal(ann, 1, fromMicrosoft, "none"), mailer.VerifiedARC},
		"Microsoft, by its own guess": {microsoft.Seal(ann, 1, strings.Replace(fromMicrosoft, "dmarc=pass", "dmarc=bestguesspass", 1), "none"), mailer.Failed},
		"Microsoft, then Google":      {google.Seal(microsoft.Seal(ann, 1, fromMicrosoft, "none"), 2, fromGoogle, "pass"), mailer.VerifiedARC},
	} {
		if m := w.verify(t, tt.raw, way{}); m.Identity.Level != tt.level {
			t.Errorf("%s: %s (%s), want %s\n%+v", name, m.Identity.Level, m.Identity.Why, tt.level, m.Auth)
		}
	}
}

// TestDoubtfulFrom: whatever passes, a mail without one sender has none.
func TestDoubtfulFrom(t *testing.T) {
	w := newWorld(t)
	for _, raw := range []string{
		"From: x@evil.test\r\n" + goodKey.Sign(mail("ann@good.test"), covered...),
		goodKey.Sign(mail("ann@good.test, ben@good.test"), covered...),
		goodKey.Sign(mail("Friends: ann@good.test;"), covered...),
	} {
		m := w.verify(t, raw, way{})
		if !m.Identity.Address.IsZero() || m.Identity.Level != mailer.Unverified {
			t.Errorf("%q: %s %s, want no sender (F6)", raw[:80], m.Identity.Level, m.Identity.Address)
		}
	}
}

// TestSilentDNS: a DNS that never answers makes nobody a forger, and after the
// first mail has waited for it, the next ones do not ask.
func TestSilentDNS(t *testing.T) {
	w := newWorld(t)
	w.dns.Fail(dnstest.Everything, dnstest.Silent)
	w.DNS = &dns.Resolver{Servers: []string{w.dns.Addr}, Timeout: 20 * time.Millisecond}
	defer w.DNS.Close()
	for i, from := range []string{"ann@good.test", "ann@quar.test", "ann@soft.test"} {
		before := w.dns.Total()
		m := w.verify(t, goodKey.Sign(mail(from), covered...), way{path: "x@evil.test"})
		if m.Identity.Level != mailer.UnknownYet {
			t.Errorf("mail %d: %s (%s), want unknown yet", i+1, m.Identity.Level, m.Identity.Why)
		}
		if asked := w.dns.Total() - before; i > 0 && asked > 0 {
			t.Errorf("mail %d asked %d questions of a DNS that is known to be away", i+1, asked)
		}
	}
}

// TestPatience: a mail that would ask for ever has an end, and is put off.
func TestPatience(t *testing.T) {
	w := newWorld(t)
	w.Patience = time.Nanosecond
	if m := w.verify(t, mail("ann@good.test"), way{}); m.Identity.Level != mailer.UnknownYet {
		t.Errorf("a mail whose time is up: %s (%s), want unknown yet", m.Identity.Level, m.Identity.Why)
	}
}

// TestStarved: SPF of whoever handed a mail on, which may have no end, leaves
// its sender verified.
func TestStarved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Fail("silent.test", dnstest.Silent)
	w.Patience = time.Second
	m := w.verify(t, mailKey.Sign(mail("ann@good.test"), covered...), way{path: "x@slow.test"})
	if m.Identity.Level != mailer.Verified || m.Auth.SPF.Result != "temperror" {
		t.Errorf("%s (%s), want verified beside an SPF of temperror\n%+v", m.Identity.Level, m.Identity.Why, m.Auth)
	}
}

// TestStalled: a key that never comes makes no forger unknown.
func TestStalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Fail(deadKey.Name(), dnstest.Silent)
	w.Patience = time.Second
	if m := w.verify(t, deadKey.Sign(mail("ann@good.test"), covered...), way{path: "x@evil.test"}); m.Identity.Level != mailer.Failed {
		t.Errorf("%s (%s), want failed\n%+v", m.Identity.Level, m.Identity.Why, m.Auth)
	}
}

// TestLargeBody: the time that a body takes to read is none of DNS's.
func TestLargeBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Patience = time.Second
	raw := goodKey.Sign(mail("ann@good.test"), covered...)
	h := header.Read([]byte(raw))
	m := &mailer.Mail{Envelope: mailer.Envelope{Remote: netip.MustParseAddr("192.0.2.66")}}
	slow := readerFunc(func(p []byte) (int, error) { time.Sleep(w.Patience); return 0, io.EOF })
	if err := w.Verify(t.Context(), m, h, io.MultiReader(strings.NewReader(raw[h.Body:]), slow)); err != nil || m.Identity.Level != mailer.Verified {
		t.Errorf("%s (%s): %v, want verified", m.Identity.Level, m.Identity.Why, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
