package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/dns"
)

// doctorCmd looks at all that mail needs beside the daemon: what is published in
// the DNS, the certificate, the relay, the machine. It changes nothing.
type doctorCmd struct {
	format
	Config   string `help:"Configuration file; casegate.toml, unless named." default:"casegate.toml" placeholder:"FILE"`
	Data     string `help:"Data directory, in place of the configured one." env:"CASEGATE_DATA" placeholder:"DIR"`
	Resolver string `help:"Name server to ask, in place of the configured ones." placeholder:"IP:PORT"`
	Send     string `help:"Send a real mail to this address through the relay." placeholder:"ADDRESS"`
}

func (*doctorCmd) Help() string {
	return "Each line says ok, warning or error, what was found, and what to do. It works with and without a running daemon, " +
		"and changes nothing.\n\nExit code: 0 if all is ok or there are warnings only, 1 if there is an error, 2 if the command line makes no sense.\n\n" +
		"Examples:\n  casegate doctor --config /etc/casegate/casegate.toml\n  casegate doctor --send me@corp.example"
}

// grade is how bad it is.
type grade string

const (
	fine    grade = "ok"
	warning grade = "warning" // mail works, but not as well as it could; or it cannot be known
	failure grade = "error"   // mail is lost, late or not believed until somebody does something
)

// diagnosis is the answer of one check about one subject: a line of --json.
type diagnosis struct {
	Check   string `json:"check"`
	Subject string `json:"subject"` // a domain, an address, a path; never ""
	Status  grade  `json:"status"`
	Found   string `json:"found"`
	Advice  string `json:"advice"` // what to do; "" where all is well
}

// of begins a diagnosis.
func of(check, subject string) diagnosis { return diagnosis{Check: check, Subject: subject} }

func (g diagnosis) is(status grade, found, advice string) diagnosis {
	g.Status, g.Found, g.Advice = status, found, advice
	return g
}

func (g diagnosis) ok(found string) diagnosis { return g.is(fine, found, "") }

// unknown is for questions that DNS did not answer: the fault is another check's.
func (g diagnosis) unknown(err error) diagnosis {
	return g.is(warning, "cannot be known: "+err.Error(), "See what is said of the resolver; then run this again.")
}

// doctor is what the checks know, and all that they touch the world by.
type doctor struct {
	conf      config
	confErr   error
	directory *cases.Directory // nil: it cannot be read
	dirErr    error

	dns    *dns.Resolver
	nonce  string // a label that nobody uses
	now    time.Time
	built  time.Time // zero: not known
	synced func() (synced, known bool)
	room   func(path string) (diskRoom, error)
	roots  *x509.CertPool // nil: the system's
	send   mailer.Address // zero: no mail is sent

	running   *statusAnswer // nil: no daemon
	daemonErr error
	kept      kept
}

// check answers one question, about one subject or several.
type check struct {
	name    string // said while it runs
	offline bool   // it needs no configuration
	run     func(*doctor, context.Context) []diagnosis
}

// checks are in the order in which a fault in one explains faults in the next.
func checks() []check {
	return []check{
		{"configuration", true, (*doctor).checkConfig},
		{"data directory", true, (*doctor).checkData},
		{"disk", true, (*doctor).checkDisk},
		{"daemon", true, (*doctor).checkDaemon},
		{"clock", true, (*doctor).checkClock},
		{"held mail", true, (*doctor).checkHeld},
		{"resolver", false, (*doctor).checkResolver},
		{"hostname", false, (*doctor).checkHostname},
		{"PTR", false, (*doctor).checkPTR},
		{"MX", false, (*doctor).checkMX},
		{"SPF", false, (*doctor).checkSPF},
		{"DKIM", false, (*doctor).checkDKIM},
		{"DMARC", false, (*doctor).checkDMARC},
		{"certificate", false, (*doctor).checkCertificate},
		{"listeners", false, (*doctor).checkListeners},
		{"relay", false, (*doctor).checkRelay},
		{"content checks", false, (*doctor).checkScanners},
	}
}

// Run implements the verb.
func (c *doctorCmd) Run(ctx context.Context, con *console) error {
	d, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	defer d.dns.Close()
	errs := 0
	for _, k := range checks() {
		if !k.offline && d.conf.file == "" {
			continue
		}
		done := con.busy(k.name)
		found := k.run(d, ctx)
		done()
		if ctx.Err() != nil { // what a check says that was interrupted is not true
			return context.Cause(ctx)
		}
		if err := print(con, c.format, found, printDiagnoses); err != nil {
			return err
		}
		for _, g := range found {
			if g.Status == failure {
				errs++
			}
		}
	}
	if errs > 0 {
		return fmt.Errorf("%s found", counted(errs, "error"))
	}
	return nil
}

// prepare reads the configuration, however broken it is, and asks the daemon.
func (c *doctorCmd) prepare(ctx context.Context) (*doctor, error) {
	d := &doctor{nonce: rand.Text(), now: time.Now(), built: buildTime(), synced: clockSynced, room: roomAt}
	d.conf, d.confErr = loadConfig(c.Config)
	if d.conf.file != "" {
		d.directory, d.dirErr = d.conf.readDirectory()
	}
	if c.Data != "" {
		d.conf.Data = c.Data
	}
	if c.Resolver != "" {
		if _, err := netip.ParseAddrPort(c.Resolver); err != nil {
			return nil, &usageError{fmt.Sprintf("--resolver: %q is not an address with a port: want one such as 127.0.0.1:53", c.Resolver)}
		}
		d.conf.Verify.Resolvers = []string{c.Resolver}
	}
	if c.Send != "" {
		a, err := mailer.ParseAddress(c.Send)
		if err != nil {
			return nil, &usageError{"--send: " + err.Error()}
		}
		d.send = a
	}
	d.dns = &dns.Resolver{Servers: d.conf.Verify.Resolvers}
	d.askDaemon(ctx)
	d.kept = d.lookAtStore(ctx)
	return d, nil
}

// daemonPatience bounds a question to the daemon: one that hangs is a finding.
const daemonPatience = 10 * time.Second

// askDaemon fills running, or daemonErr with why there is nothing to fill in.
func (d *doctor) askDaemon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, daemonPatience)
	defer cancel()
	status, err := ask[statusAnswer](ctx, newClient(d.conf.Data), "status", noRequest{})
	switch {
	case err != nil:
		d.daemonErr = err
	case len(status) == 0:
		d.daemonErr = errors.New("the daemon gives no answer")
	default:
		d.running = &status[0]
	}
}

// busy says at a terminal what is being waited for, until the returned function
// is called.
func (con *console) busy(what string) (done func()) {
	if !isTerminal(con.err) {
		return func() {}
	}
	fmt.Fprintf(con.err, "checking %s …", what)
	return func() { fmt.Fprint(con.err, "\r\x1b[K") }
}

// printDiagnoses writes lines that grep and sort can work with: the status first,
// and what strangers publish cleaned (T79).
func printDiagnoses(w io.Writer, found []diagnosis) error {
	for _, g := range found {
		line := fmt.Sprintf("%s %s: %s", g.Check, g.Subject, g.Found)
		if g.Advice != "" {
			line += ". " + g.Advice
		}
		if _, err := fmt.Fprintf(w, "%-8s %s\n", g.Status, oneLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// mailDomains are the domains of all resellers, in the order of the directory.
func (d *doctor) mailDomains() (all []string) {
	if d.directory == nil {
		return nil
	}
	for _, r := range d.directory.Resellers {
		all = append(all, r.Domains...)
	}
	return all
}
