package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// heldCmd holds the verbs about mails that somebody must decide, or that could
// not be read.
type heldCmd struct {
	List    heldListCmd    `cmd:"" help:"List held and failed mails."`
	Show    heldShowCmd    `cmd:"" help:"Show why a mail is held, and who wrote it."`
	Release heldReleaseCmd `cmd:"" help:"Let a mail through as if its sender had been verified."`
	Discard heldDiscardCmd `cmd:"" help:"Throw a mail away; its bytes are erased, its record stays."`
}

type heldListCmd struct {
	daemonAt
	format
	Limit int `help:"At most so many; 0: all." default:"0" placeholder:"N"`
}

func (*heldListCmd) Help() string { return "Example: casegate held list" }

// Run implements the verb.
func (c *heldListCmd) Run(ctx context.Context, con *console) error {
	if c.Limit < 0 {
		return &usageError{"--limit must not be negative"}
	}
	list, err := ask[*cases.MailRecord](ctx, c.client(), "held/list", heldRequest{c.Limit})
	if err != nil {
		return err
	}
	return print(con, c.format, list, func(w io.Writer, list []*cases.MailRecord) error {
		if len(list) == 0 {
			fmt.Fprintln(w, "Nothing is held.")
			return nil
		}
		why := func(text string) string { return text } // programs that read a pipe want all of it
		if isTerminal(w) {
			why = beginning
		}
		t := newTable(w, "ID", "STATUS", "WAITS", "RESELLER", "CASE", "FROM", "SUBJECT", "WHY")
		for _, m := range list {
			number := ""
			if m.Held != nil {
				number = m.Held.Number
			}
			t.row(m.ID, m.Status, waited(time.Since(m.Received)), m.Reseller, number, m.Identity.Address, cell(m.Subject), why(m.Reason))
		}
		return t.flush()
	})
}

// mailID is the argument of every verb about one mail.
type mailID struct {
	ID string `arg:"" help:"Id of the mail." placeholder:"ID"`
}

func (m mailID) parse() (mailer.ID, error) {
	id, err := mailer.ParseID(m.ID)
	if err != nil {
		return "", &usageError{err.Error()}
	}
	return id, nil
}

type heldShowCmd struct {
	daemonAt
	format
	mailID
}

func (*heldShowCmd) Help() string { return "Example: casegate held show 06c2k7gq0r1ne" }

// Run implements the verb.
func (c *heldShowCmd) Run(ctx context.Context, con *console) error {
	id, err := c.parse()
	if err != nil {
		return err
	}
	return showMail(ctx, con, c.client(), c.format, id)
}

func showMail(ctx context.Context, con *console, daemon *client, f format, id mailer.ID) error {
	records, err := ask[*cases.MailRecord](ctx, daemon, "mail/show", idRequest{ID: id})
	if err != nil {
		return err
	}
	return print(con, f, records, printRecords)
}

type heldReleaseCmd struct {
	daemonAt
	format
	mailID
	Customer string `help:"File it for this customer." placeholder:"DOMAIN"`
}

func (*heldReleaseCmd) Help() string {
	return "Example: casegate held release 06c2k7gq0r1ne --customer acme.example"
}

// Run implements the verb.
func (c *heldReleaseCmd) Run(ctx context.Context, con *console) error {
	return c.decide(ctx, con, "held/release", c.Customer)
}

func (c *heldReleaseCmd) decide(ctx context.Context, con *console, verb, customer string) error {
	id, err := c.parse()
	if err != nil {
		return err
	}
	records, err := ask[*cases.MailRecord](ctx, c.client(), verb, idRequest{ID: id, Customer: customer})
	if err != nil {
		return err
	}
	return print(con, c.format, records, func(w io.Writer, records []*cases.MailRecord) error {
		for _, r := range records {
			fmt.Fprintf(w, "Mail %s is %s now.\n", r.ID, r.Status)
			for _, effect := range r.Trace.Effects {
				fmt.Fprintln(w, "  "+oneLine(effect))
			}
		}
		return nil
	})
}

type heldDiscardCmd struct {
	daemonAt
	format
	mailID
}

func (*heldDiscardCmd) Help() string { return "Example: casegate held discard 06c2k7gq0r1ne" }

// Run implements the verb.
func (c *heldDiscardCmd) Run(ctx context.Context, con *console) error {
	same := heldReleaseCmd{daemonAt: c.daemonAt, format: c.format, mailID: c.mailID}
	return same.decide(ctx, con, "held/discard", "")
}
