package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"

	"casegate/cases"
	"casegate/mailer"
)

// explainCmd tells why: of a mail that came, from its record; of a file, by
// running it through the same pipeline without writing anything.
type explainCmd struct {
	daemonAt
	format
	Mail   string   `arg:"" name:"mail" help:"Id of a mail that came, number of a case (all its mails), or a file (- for standard input)." placeholder:"ID|NUMBER|FILE"`
	From   string   `help:"Reverse-path of the file's envelope; its From, unless named." placeholder:"ADDRESS"`
	Rcpt   []string `help:"Recipient of the file's envelope, may be given several times; those of To and Cc that are ours, unless named." placeholder:"ADDRESS"`
	IP     string   `name:"ip" help:"Address the file comes from." default:"127.0.0.1" placeholder:"IP"`
	Config string   `help:"Configuration to use where no daemon runs; the demo's, unless named." placeholder:"FILE"`
}

func (*explainCmd) Help() string {
	return "Examples:\n  casegate explain 06c2k7gq0r1ne\n  casegate explain NORTH-1\n" +
		"  casegate explain mail.eml --from it@acme.example --rcpt support@north.example --ip 192.0.2.7"
}

// Run implements the verb.
func (c *explainCmd) Run(ctx context.Context, con *console) error {
	raw, isFile, err := c.open(con)
	if err != nil {
		return err
	}
	if !isFile {
		return c.recorded(ctx, con)
	}
	defer raw.Close()
	records, err := c.dryRun(ctx, con, raw)
	if err != nil {
		return err
	}
	return print(con, c.format, records, func(w io.Writer, records []*cases.MailRecord) error {
		fmt.Fprint(w, "Dry run: nothing is stored, and the mail keeps no id.\n\n")
		return printRecords(w, records)
	})
}

var caseNumber = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,11}-[0-9]+$`)

// recorded explains one mail that came, or all that are in a case's history.
func (c *explainCmd) recorded(ctx context.Context, con *console) error {
	if !caseNumber.MatchString(c.Mail) {
		id, err := mailer.ParseID(c.Mail)
		if err != nil {
			return &usageError{fmt.Sprintf("%q is no file, no case number and no id of a mail: an id has 13 letters and digits, such as 06c2k7gq0r1ne", c.Mail)}
		}
		return showMail(ctx, con, c.client(), c.format, id)
	}
	found, err := ask[caseAnswer](ctx, c.client(), "case/show", numberRequest{Number: c.Mail})
	if err != nil {
		return err
	}
	var records []*cases.MailRecord
	for _, e := range found[0].History {
		if e.Mail == "" {
			continue
		}
		record, err := ask[*cases.MailRecord](ctx, c.client(), "mail/show", idRequest{ID: e.Mail})
		if err != nil {
			return err
		}
		records = append(records, record...)
	}
	return print(con, c.format, records, printRecords)
}

// open opens the file, if the argument is one.
func (c *explainCmd) open(con *console) (raw io.ReadCloser, isFile bool, err error) {
	if c.Mail == "-" {
		return io.NopCloser(con.in), true, nil
	}
	f, err := os.Open(c.Mail)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(c.Mail, "./") {
		return nil, false, nil
	}
	return f, true, err
}

// dryRun has the running daemon explain the mail, in its own world. Without one
// it is explained here, by what the data directory holds.
func (c *explainCmd) dryRun(ctx context.Context, con *console, raw io.Reader) ([]*cases.MailRecord, error) {
	q := url.Values{"from": {c.From}, "rcpt": c.Rcpt, "ip": {c.IP}}
	how, err := parseDryRun(q)
	if err != nil {
		return nil, &usageError{err.Error()}
	}
	data, err := io.ReadAll(raw)
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	records, err := askWith[*cases.MailRecord](ctx, c.client(), "explain?"+q.Encode(), bytes.NewReader(data))
	var none *noDaemonError
	if !errors.As(err, &none) {
		return records, err
	}
	records, world, err := explainOffline(ctx, c.Data, c.Config, how, data)
	if err == nil {
		fmt.Fprintf(con.err, "casegate: no daemon runs on %s: explained by %s\n", c.Data, world)
	}
	return records, err
}

// dryRun is what a mail file does not say: how it would have come.
type dryRun struct {
	from *mailer.Address // nil: the header's From
	rcpt []mailer.Address
	ip   netip.Addr
}

func parseDryRun(q url.Values) (dryRun, error) {
	var d dryRun
	if s := q.Get("from"); s != "" {
		a := mailer.Address{}
		if s != "<>" { // the null reverse-path
			var err error
			if a, err = mailer.ParseAddress(s); err != nil {
				return d, fmt.Errorf("--from: %w", err)
			}
		}
		d.from = &a
	}
	for _, s := range q["rcpt"] {
		a, err := mailer.ParseAddress(s)
		if err != nil {
			return d, fmt.Errorf("--rcpt: %w", err)
		}
		d.rcpt = append(d.rcpt, a)
	}
	ip, err := netip.ParseAddr(q.Get("ip"))
	if err != nil {
		return d, fmt.Errorf("--ip: %q is not an IP address", q.Get("ip"))
	}
	d.ip = ip
	return d, nil
}

// printRecords writes decision records for people: what is known of the mail,
// the checks in their order, and what came of them.
func printRecords(w io.Writer, records []*cases.MailRecord) error {
	for i, r := range records {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printRecord(w, r); err != nil {
			return err
		}
	}
	return nil
}

func printRecord(w io.Writer, r *cases.MailRecord) error {
	facts := newTable(w)
	facts.row("Mail", r.ID)
	facts.row("Received", fmt.Sprintf("%s by %s, %d octets", moment(r.Received), r.Door, r.Size))
	facts.row("From", fmt.Sprintf("%s, %s: %s", r.Identity.Address, r.Identity.Level, r.Identity.Why))
	facts.row("Reverse-path", "<"+r.Envelope.ReversePath.String()+">")
	facts.row("Subject", r.Subject)
	facts.row("Reseller", r.Reseller)
	if r.Status != "" {
		facts.row("Status", strings.TrimSuffix(fmt.Sprintf("%s: %s", r.Status, r.Reason), ": "))
	}
	if err := facts.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nChecks")
	checks := indented(w)
	for _, c := range r.Trace.Checks {
		checks.row(c.Name, c.Verdict, c.Input, c.Rule)
	}
	if err := checks.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nOutcome")
	for _, o := range r.Outcomes {
		line := fmt.Sprintf("%s: %s", o.Recipient.Loggable(), o.Verdict)
		if o.Reason != "" {
			line += fmt.Sprintf(" (%s) %s", o.Reason, o.Text)
		}
		fmt.Fprintln(w, "  "+oneLine(line))
	}
	for _, effect := range r.Trace.Effects {
		fmt.Fprintln(w, "  "+oneLine(effect))
	}
	return nil
}
