package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/dkim/dkimtest"
	"casegate/mailer/dns/dnstest"
)

// Clients by where they connect from: all of 127.0.0.0/8 is this machine, and
// none of it is trusted.
const (
	frontIP  = "127.0.0.2"  // a front hop of the configuration
	honestIP = "127.0.0.10" // the servers of every honest domain
	sharedIP = "127.0.0.30" // a relay that sends for everybody
	evilIP   = "127.0.0.66" // evil.test's own server
)

// Addresses of the world.
const (
	intake1 = "support@r1.test"
	intake2 = "support@r2.test"
	ann     = "ann@acme.test" // requester of C1
	bob     = "bob@bolt.test" // requester of C2
	desk1   = "desk@agents1.test"
	eve     = "x@evil.test"
	c1, c2  = "RA-1", "RB-1"
)

// Canaries are in the data of one tenant only.
const (
	canary1 = "CAN-R1-7f3a"
	canary2 = "CAN-R2-91bd"
)

// worldDirectory is who is who: two resellers, each with a customer and an agent,
// and people of domains that publish more or less about themselves.
const worldDirectory = `
[reseller.r1]
name = "R1 Support"
domains = ["r1.test"]
intake = "support@r1.test"
prefix = "RA"
[reseller.r2]
name = "R2 Support"
domains = ["r2.test"]
intake = "support@r2.test"
prefix = "RB"
[person.desk1]
name = "Desk One"
linked = ["desk@agents1.test"]
accounts = [{ address = "desk@r1.test", roles = ["agent"] }]
[person.desk2]
name = "Desk Two"
linked = ["desk@agents2.test"]
accounts = [{ address = "desk@r2.test", roles = ["agent"] }]
[customer."acme.test"]
name = "Acme"
contacts = ["ann@acme.test", "ann@good.test", "alice@acme.test", "josé@acme.test", "cat@quar.test", "pat@pnone.test", "x@none.test", "x@tmp.test", "sam@shared.test", "both@acme.test"]
managed = [{ reseller = "r1" }]
[customer."bolt.test"]
name = "Bolt"
contacts = ["bob@bolt.test", "both@acme.test"]
managed = [{ reseller = "r2" }]
`

// worldKeys are the domains that sign their mail.
var worldKeys = []string{"acme.test", "good.test", "bolt.test", "tmp.test", "agents1.test", "agents2.test", "evil.test", "sealer.test"}

func keyOf(domain string) dkimtest.Key { return dkimtest.Ed25519(domain, "s1", "key of "+domain) }

// worldZone is what the domains publish: none.test is there and says nothing.
func worldZone() string {
	records := []string{
		"none.test. A " + evilIP, "tmp.test. A " + honestIP,
		dnstest.TXT("_dmarc.quar.test.", "v=DMARC1; p=quarantine"), dnstest.TXT("quar.test.", "v=spf1 ip4:"+honestIP+" -all"),
		dnstest.TXT("_dmarc.pnone.test.", "v=DMARC1; p=none"), dnstest.TXT("pnone.test.", "v=spf1 -all"),
		dnstest.TXT("_dmarc.shared.test.", "v=DMARC1; p=reject"), dnstest.TXT("shared.test.", "v=spf1 ip4:"+sharedIP+" -all"),
		dnstest.TXT("lists.test.", "v=spf1 ip4:"+honestIP+" -all"),
	}
	for _, domain := range worldKeys {
		ip := honestIP
		if domain == "evil.test" {
			ip = evilIP
		}
		k := keyOf(domain)
		records = append(records, dnstest.TXT(k.Name()+".", k.Record()), dnstest.TXT("_dmarc."+domain+".", "v=DMARC1; p=reject"),
			dnstest.TXT(domain+".", "v=spf1 ip4:"+ip+" -all"))
	}
	return strings.Join(records, "\n") + "\n"
}

// tmpNames are what nobody can ask about.
var tmpNames = []string{"tmp.test", "_dmarc.tmp.test", "s1._domainkey.tmp.test"}

// world is the "World of the tests" of threats.md around a daemon in process. Its
// tests run one after the other; worlds run beside each other.
type world struct {
	t    *testing.T
	gate *Main
	dns  *dnstest.Server
	sink *sink
	n    int // mails written, so that no two are the same

	mu   sync.Mutex
	said strings.Builder // every reply to a client
	log  *safeBuffer
}

// newWorld starts the daemon, with a changed configuration if need be, and has ann file C1 with R1, and bob C2 with R2.
func newWorld(t *testing.T, change func(*config)) *world {
	t.Helper()
	w := &world{t: t, dns: dnstest.Start(t, worldZone()), sink: newSink(t), log: &safeBuffer{}}
	for _, name := range tmpNames {
		w.dns.Fail(name, dnstest.ServFail)
	}
	conf := w.configuration()
	if change != nil {
		change(&conf)
	}
	level := new(slog.LevelVar)
	w.gate = &Main{Config: conf, Level: level, Log: newLogger(w.log, "text", level)}
	if err := w.gate.Run(context.Background()); err != nil {
		t.Fatalf("the daemon does not start: %v\n%s", err, w.log)
	}
	t.Cleanup(func() {
		w.audit()
		if err := w.gate.Close(); err != nil {
			t.Errorf("the daemon did not end well: %v", err)
		}
		if t.Failed() && os.Getenv("CASEGATE_TEST_LOG") != "" {
			t.Logf("log of the daemon:\n%s", w.log)
		}
	})
	w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "Printer "+canary1, canary1)})
	w.must("250", letter{ip: honestIP, path: bob, to: []string{intake2}, mail: w.signed(bob, intake2, "Lamp "+canary2, canary2)})
	return w
}

// configuration is read from a file, as an operator would write it.
func (w *world) configuration() config {
	w.t.Helper()
	dir := shortTempDir(w.t)
	cert, key := certificate(w.t, dir)
	text := fmt.Sprintf(`hostname = "gate.test"
[smtp]
front_hops = [%q]
tls_cert = %q
tls_key = %q
max_size_mib = 12
[verify]
resolvers = [%q]
trusted_sealers = ["sealer.test"]
authserv_ids = ["front.test"]
[relay]
url = "smtp://%s"
[directory]
file = "directory.toml"
[disk]
min_free_mib = 1
`, frontIP, cert, key, w.dns.Addr, w.sink.addr)
	for name, data := range map[string]string{"casegate.toml": text, "directory.toml": worldDirectory} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	conf, err := loadConfig(filepath.Join(dir, "casegate.toml"))
	if err != nil {
		w.t.Fatal(err)
	}
	conf.SMTP.Listen, conf.HTTP.Public, conf.HTTP.Admin = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return conf
}

// state is what an attack must leave as it was: cases with their histories and
// participants, and the notices that were made.
func (w *world) state() string {
	w.t.Helper()
	ctx := context.Background()
	list, err := w.gate.desk.List(ctx, cases.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range list {
		data, err := json.Marshal(c)
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", data)
	}
	// By id: one that is sent meanwhile is in two of the lists.
	notices := map[mailer.ID]bool{}
	for _, state := range []mailer.DeliveryState{mailer.Waiting, mailer.Sent, mailer.GivenUp, mailer.Withdrawn, mailer.Dropped} {
		deliveries, err := w.gate.desk.Deliveries(ctx, state, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, d := range deliveries {
			if d.Kind == mailer.NoticeKind {
				notices[d.ID] = true
			}
		}
	}
	fmt.Fprintf(&b, "%d notices", len(notices))
	return b.String()
}

// newest is the record of the mail that came last; nil for none.
func (w *world) newest() *cases.MailRecord {
	w.t.Helper()
	list, err := w.gate.desk.Mails(context.Background(), "", 1)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// in has failures be those of a subtest until it ends.
func (w *world) in(t *testing.T) {
	was := w.t
	w.t = t
	t.Cleanup(func() { w.t = was })
}

// attack is one row: who sends what, how it is answered, and what comes of it.
type attack struct {
	name string // begins with its number in threats.md or mail-traps.md
	letter
	want   string           // how the reply begins
	status cases.MailStatus // of the record that it leaves; "": none, or any where an effect is wanted
	effect bool             // of controls
	also   func(t *testing.T, r *cases.MailRecord)
}

// events is the history of a case.
func (w *world) events(number string) []cases.Event {
	w.t.Helper()
	_, history, err := w.gate.desk.Find(context.Background(), number)
	if err != nil {
		w.t.Fatal(err)
	}
	return history
}

// last is the newest event of a case.
func (w *world) last(number string) cases.Event {
	w.t.Helper()
	all := w.events(number)
	return all[len(all)-1]
}

// anyStatus is for rows that ask only that there is no effect.
const anyStatus cases.MailStatus = "any"

// run sends the rows one after the other. Whatever has no effect must still be
// seen by the operator, if it was kept: with the reason.
func (w *world) run(t *testing.T, rows []attack) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.in(t)
			before, last := w.state(), w.newest()
			reply := w.send(row.letter)
			if !strings.HasPrefix(reply, row.want) {
				t.Errorf("answered %q, want %s", reply, row.want)
			}
			after, record := w.state(), w.newest()
			if (before != after) != row.effect {
				t.Errorf("the cases were\n%s\nand are\n%s\nwant an effect: %v", before, after, row.effect)
			}
			if record != nil && last != nil && record.ID == last.ID {
				record = nil
			}
			checkStatus(t, record, row)
			if row.also != nil && !t.Failed() {
				row.also(t, record)
			}
		})
	}
}

func checkStatus(t *testing.T, r *cases.MailRecord, row attack) {
	t.Helper()
	switch {
	case row.status == anyStatus, row.effect && row.status == "":
	case r == nil && row.status != "":
		t.Errorf("the mail left no record, want one that is %s", row.status)
	case r != nil && r.Status != row.status:
		t.Errorf("the mail is recorded as %s (%s), want %q\n%s", r.Status, r.Reason, row.status, traceOf(r))
	case r != nil && r.Status == cases.MailHeld && r.Reason == "":
		t.Error("the mail is held without a reason")
	case r != nil && len(r.Trace.Checks) == 0:
		t.Error("the mail has no trace of its decision")
	}
}

func traceOf(r *cases.MailRecord) string {
	var b strings.Builder
	fmt.Fprintf(&b, "identity: %+v\n", r.Identity)
	for _, c := range r.Trace.Checks {
		fmt.Fprintf(&b, "%s %s -> %s (%s)\n", c.Name, c.Input, c.Verdict, c.Rule)
	}
	return b.String()
}
