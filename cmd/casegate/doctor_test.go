package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

// healthyZone publishes all that gate.example and the reseller north.example should.
const healthyZone = `
gate.example. A 192.0.2.25
gate.example. AAAA 2001:db8::25
gate.example. MX 10 gate.example.
gate.example. TXT "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"
25.2.0.192.in-addr.arpa. PTR gate.example.
5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR gate.example.
north.example. A 192.0.2.80
north.example. MX 10 gate.example.
north.example. TXT "v=spf1 include:gate.example ~all"
_dmarc.north.example. TXT "v=DMARC1; p=reject; rua=mailto:r@north.example"
far.example. A 198.51.100.1
lost.example. TXT "no address"
`

// healthy is a doctor who has nothing to complain about but what a test breaks.
func healthy(t *testing.T) (*doctor, *dnstest.Server) {
	t.Helper()
	server := dnstest.Start(t, healthyZone)
	conf := demoConfig()
	conf.file, conf.demo = "casegate.toml", false
	conf.Data = shortTempDir(t)
	conf.Relay.URL = "smtp://127.0.0.1:1"
	conf.target.Scheme, conf.target.Host, conf.target.Port = "smtp", "127.0.0.1", "1"
	conf.Verify.Resolvers = []string{server.Addr}
	conf.Verify.TrustedSealers = []string{"google.com"}
	d := &doctor{
		conf: conf, directory: &cases.Directory{Resellers: []cases.Reseller{{Domains: []string{"north.example"}}}},
		dns:   &dns.Resolver{Servers: conf.Verify.Resolvers, Timeout: 300 * time.Millisecond},
		nonce: "nobody-has-this", now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		synced: func() (bool, bool) { return true, true },
		room:   func(string) (diskRoom, error) { return diskRoom{10 << 30, 1e6, 2e6}, nil },
	}
	t.Cleanup(func() { d.dns.Close() })
	return d, server
}

// fault breaks one thing and says what the doctor has to say of it.
type fault struct {
	name   string
	breaks func(*doctor, *dnstest.Server)
	check  string
	want   diagnosis // Subject "": that of the only answer; Found and Advice: parts
}

func publishing(records string) func(*doctor, *dnstest.Server) {
	return func(_ *doctor, s *dnstest.Server) {
		if err := s.Set(records); err != nil {
			panic(err)
		}
	}
}

func without(name string) func(*doctor, *dnstest.Server) {
	return func(_ *doctor, s *dnstest.Server) { s.Remove(name) }
}

func answering(name string, f dnstest.Fault) func(*doctor, *dnstest.Server) {
	return func(_ *doctor, s *dnstest.Server) { s.Fail(name, f) }
}

func checkNamed(t *testing.T, name string) check {
	t.Helper()
	for _, k := range checks() {
		if k.name == name {
			return k
		}
	}
	t.Fatalf("no check is called %q", name)
	return check{}
}

func (f fault) test(t *testing.T) {
	d, server := healthy(t)
	k := checkNamed(t, f.check)
	if f.breaks != nil {
		f.breaks(d, server)
	}
	found := k.run(d, t.Context())
	for _, g := range found {
		if f.want.Subject != "" && g.Subject != f.want.Subject || f.want.Check != "" && g.Check != f.want.Check {
			continue
		}
		if g.Status != f.want.Status || !strings.Contains(g.Found, f.want.Found) || !strings.Contains(g.Advice, f.want.Advice) {
			t.Errorf("the doctor says %+v, want %+v", g, f.want)
		}
		if g.Status != fine && g.Advice == "" {
			t.Errorf("the doctor says %+v, and not what to do", g)
		}
		return
	}
	t.Errorf("the doctor says %+v, want %+v among it", found, f.want)
}

// good is a fault's control: the same check of what is not broken.
func good(check, subject, found string) fault {
	return fault{"control: " + check + " " + subject, nil, check, diagnosis{Subject: subject, Status: fine, Found: found}}
}

func TestDoctorDNS(t *testing.T) {
	const gate, north = "gate.example", "north.example"
	for _, f := range []fault{
		good("hostname", gate, "leads to 192.0.2.25, 2001:db8::25"),
		{"hostname without address", func(_ *doctor, s *dnstest.Server) { s.Remove(gate) }, "hostname", diagnosis{"", gate, failure, "no address", "A record"}},
		{"hostname at home", publishing("gate.example. A 127.0.0.1"), "hostname", diagnosis{"", gate, failure, "127.0.0.1", "public address"}},
		{"hostname inside", publishing("gate.example. A 10.0.0.1"), "hostname", diagnosis{"", gate, warning, "cannot be reached from outside", "public address"}},
		{"hostname unanswered", answering(gate, dnstest.ServFail), "hostname", diagnosis{"", gate, warning, "cannot be known", "resolver"}},

		good("PTR", "192.0.2.25", "leads back"),
		good("PTR", "2001:db8::25", "leads back"),
		{"no PTR", without("25.2.0.192.in-addr.arpa"), "PTR", diagnosis{"", "192.0.2.25", failure, "no name", "PTR gate.example"}},
		{"no PTR, a relay elsewhere", func(d *doctor, s *dnstest.Server) {
			s.Remove("25.2.0.192.in-addr.arpa")
			d.conf.target.Host = "relay.example"
		}, "PTR", diagnosis{"", "192.0.2.25", warning, "no name", "PTR gate.example"}},
		{"PTR that lies", publishing("25.2.0.192.in-addr.arpa. PTR far.example."), "PTR", diagnosis{"", "192.0.2.25", failure, "far.example, which does not lead back", "PTR gate.example"}},
		{"PTR unanswered", answering("25.2.0.192.in-addr.arpa", dnstest.Refused), "PTR", diagnosis{"", "192.0.2.25", warning, "cannot be known", "resolver"}},

		good("MX", gate, "gate.example leads here"),
		good("MX", north, "gate.example leads here"),
		{"no such domain", func(_ *doctor, s *dnstest.Server) {
			s.Remove(north)
			s.Remove("_dmarc." + north)
		}, "MX", diagnosis{"", north, failure, "no such domain", "north.example. MX 10 gate.example."}},
		{"null MX", publishing("north.example. MX 0 ."), "MX", diagnosis{"", north, failure, "takes no mail", "MX 10 gate.example."}},
		{"MX elsewhere", publishing("north.example. MX 1 far.example."), "MX", diagnosis{"", north, warning, "split delivery: mail goes to far.example", "pass on"}},
		{"MX here and elsewhere", publishing("north.example. MX 1 far.example.\nnorth.example. MX 2 gate.example."), "MX", diagnosis{"", north, warning, "split delivery", "pass on"}},
		{"MX without address", publishing("north.example. MX 1 lost.example."), "MX", diagnosis{"", north, failure, "lost.example has no address", "MX 10 gate.example."}},
		{"one MX without address", publishing("north.example. MX 1 lost.example.\nnorth.example. MX 2 gate.example."), "MX", diagnosis{"", north, warning, "lost.example has no address", "Remove"}},
		{"MX unanswered", answering(north, dnstest.ServFail), "MX", diagnosis{"", north, warning, "cannot be known", "resolver"}},
		{"MX host unanswered", func(_ *doctor, s *dnstest.Server) {
			publishing("north.example. MX 1 far.example.")(nil, s)
			s.Fail("far.example", dnstest.ServFail)
		}, "MX", diagnosis{"", north, warning, "cannot be known", "resolver"}},
		{"a front hop is no split", func(d *doctor, s *dnstest.Server) {
			publishing("north.example. MX 1 far.example.")(nil, s)
			d.conf.fronts = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, "MX", diagnosis{"", north, fine, "far.example leads here", ""}},
		{"no MX, address elsewhere", func(_ *doctor, s *dnstest.Server) {
			s.Remove(north)
			publishing("north.example. A 192.0.2.80")(nil, s)
		}, "MX", diagnosis{"", north, failure, "192.0.2.80 is not ours", "MX 10 gate.example."}},
		{"no MX, address here", func(_ *doctor, s *dnstest.Server) {
			s.Remove(north)
			publishing("north.example. A 192.0.2.25")(nil, s)
		}, "MX", diagnosis{"", north, warning, "its address leads here", "MX 10 gate.example."}},
		{"no MX, no address", func(_ *doctor, s *dnstest.Server) {
			s.Remove(north)
			publishing(`north.example. TXT "x"`)(nil, s)
		}, "MX", diagnosis{"", north, failure, "neither MX record nor address", "MX 10 gate.example."}},
	} {
		t.Run(f.name, f.test)
	}
}

func TestDoctorSender(t *testing.T) {
	const gate, north = "gate.example", "north.example"
	eleven := "v=spf1"
	for _, c := range "abcdefghijk" {
		eleven += " a:" + string(c) + ".gate.example"
	}
	names := ""
	for _, c := range "abcdefghijk" {
		names += string(c) + ".gate.example. A 198.51.100.9\n"
	}
	for _, f := range []fault{
		good("SPF", gate, "passes for 192.0.2.25, 2001:db8::25"),
		good("SPF", north, "passes for 192.0.2.25"),
		{"no SPF", without(gate), "SPF", diagnosis{"", gate, warning, "no record", "gate.example. TXT \"v=spf1 include:NAME ~all\", where NAME"}},
		{"no SPF, what to publish", publishing(`north.example. TXT "x"`), "SPF", diagnosis{"", north, warning, "no record", `"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 ~all"`}},
		{"two records", publishing("north.example. TXT \"v=spf1 -all\"\nnorth.example. TXT \"v=spf1 ~all\""), "SPF", diagnosis{"", north, failure, "2 records", "Join"}},
		{"+all", publishing(`north.example. TXT "v=spf1 +all"`), "SPF", diagnosis{"", north, failure, "lets everybody send", "-all"}},
		{"everybody by an include", func(_ *doctor, s *dnstest.Server) {
			publishing(dnstest.TXT("north.example.", "v=spf1 include:far.example -all")+"\n"+dnstest.TXT("far.example.", "v=spf1 ip4:0.0.0.0/0 -all"))(nil, s)
		}, "SPF", diagnosis{"", north, failure, "lets everybody send", "-all"}},
		{"eleven lookups", publishing(dnstest.TXT("north.example.", eleven) + "\n" + names), "SPF", diagnosis{"", north, failure, "more than 10 terms that ask DNS", "ip4"}},
		{"syntax", publishing(`north.example. TXT "v=spf1 ipv4:192.0.2.1 -all"`), "SPF", diagnosis{"", north, failure, "cannot be evaluated", "Correct"}},
		{"not us", publishing(`north.example. TXT "v=spf1 ip4:198.51.100.1 -all"`), "SPF", diagnosis{"", north, warning, "gives fail for 192.0.2.25", "Add that address"}},
		{"not the relay", func(d *doctor, _ *dnstest.Server) { d.conf.target.Host = "far.example" }, "SPF", diagnosis{"", north, warning, "gives softfail for 198.51.100.1", "Add that address"}},
		{"nobody known to send", func(d *doctor, _ *dnstest.Server) { d.conf.target.Host = "lost.example" }, "SPF", diagnosis{"", north, warning, "not known", "relay"}},
		{"SPF unanswered", answering(north, dnstest.ServFail), "SPF", diagnosis{"", north, warning, "cannot be known", "resolver"}},
		{"an include unanswered", answering(gate, dnstest.ServFail), "SPF", diagnosis{"", north, warning, "cannot be known", "resolver"}},

		{"nothing is signed here", nil, "DKIM", diagnosis{"", "notices", warning, "does not sign", "relay sign"}},

		good("DMARC", north, "p=reject at _dmarc.north.example"),
		{"no DMARC", without("_dmarc.north.example"), "DMARC", diagnosis{"", north, warning, "no record", `_dmarc.north.example. TXT "v=DMARC1; p=none; rua=mailto:postmaster@north.example"`}},
		{"p=none", publishing(`_dmarc.north.example. TXT "v=DMARC1; p=none"`), "DMARC", diagnosis{"", north, warning, "p=none", "p=quarantine"}},
		{"for a test", publishing(`_dmarc.north.example. TXT "v=DMARC1; p=reject; t=y"`), "DMARC", diagnosis{"", north, warning, "t=y", "t=y"}},
		{"no policy", publishing(`_dmarc.north.example. TXT "v=DMARC1; p=rejct"`), "DMARC", diagnosis{"", north, failure, "p=rejct", "Correct"}},
		{"not quite a record", publishing(`_dmarc.north.example. TXT "p=reject; v=DMARC1"`), "DMARC", diagnosis{"", north, failure, "does not begin with v=DMARC1", "Correct"}},
		{"two DMARC records", publishing("_dmarc.north.example. TXT \"v=DMARC1; p=none\"\n_dmarc.north.example. TXT \"v=DMARC1; p=reject\""), "DMARC", diagnosis{"", north, failure, "2 records", "Leave one"}},
		{"of the domain above", func(d *doctor, _ *dnstest.Server) { d.directory.Resellers[0].Domains = []string{"sub.north.example"} }, "DMARC",
			diagnosis{"", "sub.north.example", fine, "p=reject at _dmarc.north.example", ""}},
		{"DMARC unanswered", answering("_dmarc.north.example", dnstest.ServFail), "DMARC", diagnosis{"", north, warning, "cannot be known", "resolver"}},
	} {
		t.Run(f.name, f.test)
	}
}

// TestDoctorResolver: each way in which a server can be bad.
func TestDoctorResolver(t *testing.T) {
	long := dnstest.TXT("google.com.", strings.Repeat("long ", 300))
	nobody := "nobody-has-this.invalid."
	for _, f := range []fault{
		{"control: UDP", nil, "resolver", diagnosis{"resolver by udp", "", fine, "does not exist", ""}},
		{"control: TCP", nil, "resolver", diagnosis{"resolver by tcp", "", fine, "does not exist", ""}},
		{"control: large", publishing(long), "resolver", diagnosis{"resolver, large answers", "", fine, "google.com came whole, 1500 octets", ""}},
		{"control: nothing large", nil, "resolver", diagnosis{"resolver, large answers", "", fine, "not tried", ""}},
		{"silent", answering(dnstest.Everything, dnstest.Silent), "resolver", diagnosis{"resolver by udp", "", failure, "no answer within 1s", "verify.resolvers"}},
		{"refuses", answering(dnstest.Everything, dnstest.Refused), "resolver", diagnosis{"resolver by udp", "", failure, "refuses", "Let this machine"}},
		{"cannot", answering(dnstest.Everything, dnstest.ServFail), "resolver", diagnosis{"resolver by udp", "", failure, "refuses", "verify.resolvers"}},
		{"nothing listens", func(d *doctor, s *dnstest.Server) { s.Close() }, "resolver", diagnosis{"resolver by udp", "", failure, "no answer", "verify.resolvers"}},
		{"invents", publishing(nobody + " A 198.51.100.1"), "resolver", diagnosis{"resolver by udp", "", failure, "invents names", "does not"}},
		{"large answers are lost", func(_ *doctor, s *dnstest.Server) {
			publishing(long)(nil, s)
			s.Fail("google.com", dnstest.Garbage)
		}, "resolver", diagnosis{"resolver, large answers", "", failure, "do not come", "512 octets"}},
	} {
		t.Run(f.name, f.test)
	}
}

// TestDoctorResolverUDPOnly: TCP is closed, as behind some firewalls.
func TestDoctorResolverUDPOnly(t *testing.T) {
	d, server := healthy(t)
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() {
		for buf := make([]byte, 4096); ; {
			n, from, err := front.ReadFrom(buf)
			if err != nil {
				return
			}
			if behind, err := net.Dial("udp", server.Addr); err == nil {
				behind.Write(buf[:n])
				n, _ = behind.Read(buf)
				front.WriteTo(buf[:n], from)
				behind.Close()
			}
		}
	}()
	d.dns = &dns.Resolver{Servers: []string{front.LocalAddr().String()}}
	defer d.dns.Close()
	found := d.checkResolver(t.Context())
	if len(found) != 2 || found[0].Status != fine || found[1].Status != failure || !strings.Contains(found[1].Advice, "port 53 by TCP") {
		t.Errorf("the doctor says %+v, want UDP to be fine and TCP to be missed", found)
	}
}

// TestDoctorRun is the verb as it is typed: the exit codes, and the JSON lines.
func TestDoctorRun(t *testing.T) {
	server := dnstest.Start(t, healthyZone)
	m := runDemo(t, nil) // stands for the relay
	file := writeConfig(t, strings.NewReplacer("smtp+starttls://relay.example:587", "smtp://"+m.smtpListener.Addr().String()).Replace(needed)+
		"[disk]\nmin_free_mib = 1\n")
	directory := "[reseller.north]\nname = \"North\"\ndomains = [\"north.example\"]\nintake = \"support@north.example\"\n" +
		"prefix = \"NORTH\"\nlanguage = \"en\"\nzone = \"UTC\"\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "directory.toml"), []byte(directory), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(shortTempDir(t), "data")
	doctor := func(args ...string) (int, string, string) {
		var out, complaints bytes.Buffer
		code := run(append([]string{"doctor", "--config", file, "--data", data, "--resolver", server.Addr}, args...),
			&console{strings.NewReader(""), &out, &complaints})
		return code, out.String(), complaints.String()
	}
	if code, out, complaints := doctor("--send", "postmaster@north.example"); code != exitOK || strings.Contains(out, "error ") ||
		!strings.Contains(out, "mail through the relay postmaster@north.example: taken:") {
		t.Errorf("with nothing but warnings the doctor ends with %d, want 0, and the mail taken:\n%s%s", code, out, complaints)
	}
	if held, err := m.desk.Mails(t.Context(), cases.MailHeld, 0); err != nil || len(held) != 1 || !strings.Contains(held[0].Subject, "casegate doctor") {
		t.Errorf("the relay holds %+v, %v, want the doctor's mail", held, err)
	}
	server.Remove("gate.example")
	code, out, complaints := doctor("--json")
	if code != exitFailed || !strings.Contains(complaints, "found") {
		t.Errorf("with errors the doctor ends with %d, want 1:\n%s", code, complaints)
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var g diagnosis
		if err := dec.Decode(&g); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen[g.Check] = true
		if g.Subject == "" || g.Found == "" || g.Status != fine && g.Advice == "" {
			t.Errorf("%+v is not whole", g)
		}
	}
	for _, want := range []string{"configuration", "directory", "data directory", "disk", "daemon", "clock", "held mail", "resolver by udp",
		"hostname", "MX", "SPF", "DKIM", "DMARC", "certificate", "relay"} {
		if !seen[want] {
			t.Errorf("the doctor says nothing of %s:\n%s", want, out)
		}
	}
	for _, bad := range [][]string{{"--resolver", "here"}, {"--send", "nobody"}} {
		if code, _, complaints := doctor(bad...); code != exitUsage {
			t.Errorf("%v ends with %d, want 2: %s", bad, code, complaints)
		}
	}
}

// TestDoctorPrints: one line for each, and nothing of strangers moves the cursor (T79).
func TestDoctorPrints(t *testing.T) {
	var out bytes.Buffer
	err := printDiagnoses(&out, []diagnosis{of("SPF", "a.example").is(warning, "x\x1b[2J\ny", "Do it."), of("MX", "b.example").ok("fine")})
	if want := "warning  SPF a.example: x y. Do it.\nok       MX b.example: fine\n"; err != nil || out.String() != want {
		t.Errorf("printed %q, %v, want %q", out.String(), err, want)
	}
}

// TestDoctorStops: Ctrl-C ends it in the midst of the checks.
func TestDoctorStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &doctorCmd{Config: writeConfig(t, needed), Data: t.TempDir()}
	var out bytes.Buffer
	if err := c.Run(ctx, &console{strings.NewReader(""), &out, os.Stderr}); err == nil || out.Len() > 0 {
		t.Errorf("the doctor ends with %v and says %q, want it to stop", err, out.String())
	}
}
