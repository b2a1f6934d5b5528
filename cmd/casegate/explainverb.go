package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"casegate/cases"
	"casegate/mailer"
)

// explainCmd tells why: of a mail that came, from its record; of files, by
// reading them and running them through the same pipeline without writing
// anything.
type explainCmd struct {
	daemonAt
	format
	Mail     []string `arg:"" name:"mail" help:"Id of a mail that came, number of a case (all its mails), or files and folders (- for standard input)." placeholder:"ID|NUMBER|FILE"`
	From     string   `help:"Reverse-path of the file's envelope; its Return-Path or From, unless named." placeholder:"ADDRESS"`
	Rcpt     []string `help:"Recipient of the file's envelope, may be given several times; those of To and Cc that are ours, unless named." placeholder:"ADDRESS"`
	IP       string   `name:"ip" help:"Address the file comes from; unless named, one that nobody trusts." default:"192.0.2.1" placeholder:"IP"`
	Helo     string   `help:"Name that the client gives in HELO." default:"file.invalid" placeholder:"NAME"`
	Resolver string   `help:"Name server to ask, instead of the configured ones." env:"CASEGATE_RESOLVER" placeholder:"IP:PORT"`
	At       string   `help:"Time at which signatures must be valid; now, unless named." placeholder:"TIME"`
	Config   string   `help:"Configuration to use where no daemon runs; the demo's, unless named." placeholder:"FILE"`
}

func (*explainCmd) Help() string {
	return "Examples:\n  casegate explain 06c2k7gq0r1ne\n  casegate explain NORTH-1\n" +
		"  casegate explain mail.eml --from it@acme.example --rcpt support@north.example --ip 127.0.0.1\n" +
		"  casegate explain mail.eml --ip 192.0.2.7 --helo mx.acme.example --at 2026-11-20T08:00:00Z --resolver 127.0.0.1:53\n" +
		"  casegate explain --json maildir/cur > read.jsonl"
}

// Run implements the verb.
func (c *explainCmd) Run(ctx context.Context, con *console) error {
	if len(c.Mail) == 1 && !isFile(c.Mail[0]) {
		return c.recorded(ctx, con, c.Mail[0])
	}
	for _, name := range c.Mail {
		if _, err := mailer.ParseID(name); !isFile(name) && (err == nil || caseNumber.MatchString(name)) {
			return &usageError{fmt.Sprintf("%q is no file, and ids and case numbers are explained one at a time", name)}
		}
	}
	return c.files(ctx, con)
}

// isFile tells a file from the id of a mail or the number of a case. What looks
// like a path is meant as one.
func isFile(name string) bool {
	if name == stdinName || strings.ContainsAny(name, "./") {
		return true
	}
	_, err := os.Stat(name)
	return !errors.Is(err, os.ErrNotExist)
}

var caseNumber = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,11}-[0-9]+$`)

// recorded explains one mail that came, or all that are in a case's history.
func (c *explainCmd) recorded(ctx context.Context, con *console, name string) error {
	if !caseNumber.MatchString(name) {
		id, err := mailer.ParseID(name)
		if err != nil {
			return &usageError{fmt.Sprintf("%q is no file, no case number and no id of a mail: an id has 13 letters and digits, such as 06c2k7gq0r1ne", name)}
		}
		return showMail(ctx, con, c.client(), c.format, id)
	}
	found, err := ask[caseAnswer](ctx, c.client(), "case/show", numberRequest{Number: name})
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
	switch { // one recipient that is put off puts off the mail
	case slices.ContainsFunc(r.Outcomes, func(o mailer.Outcome) bool { return o.Verdict == mailer.Deferred }):
		facts.row("Status", "deferred: nothing is kept, and the client, told 451, tries again")
	case r.Status != "":
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
