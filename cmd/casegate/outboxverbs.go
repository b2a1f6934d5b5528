package main

import (
	"fmt"
	"io"
	"path/filepath"
)

// outboxName is the outbox's folder in the data directory.
const outboxName = "outbox"

// outboxCmd reads the files of the outbox; it needs no running daemon.
type outboxCmd struct {
	List outboxListCmd `cmd:"" default:"withargs" help:"List the mails the demo caught, the oldest first."`
	Show outboxShowCmd `cmd:"" help:"Show one of them."`
}

// dataAt is the flag of verbs that read a data directory themselves.
type dataAt struct {
	Data string `help:"Data directory; casegate-data, unless named." default:"casegate-data" env:"CASEGATE_DATA" placeholder:"DIR"`
}

func (d dataAt) outbox() outbox { return outbox{dir: filepath.Join(d.Data, outboxName)} }

type outboxListCmd struct {
	dataAt
	format
}

func (*outboxListCmd) Help() string { return "Example: casegate outbox" }

// Run implements the verb.
func (c *outboxListCmd) Run(con *console) error {
	mails, err := c.outbox().list()
	if err != nil {
		return err
	}
	return print(con, c.format, mails, func(w io.Writer, mails []sentMail) error {
		if len(mails) == 0 {
			fmt.Fprintf(w, "The outbox of %s is empty.\n", c.Data)
			return nil
		}
		t := newTable(w, "NO", "TIME", "CASE", "TO", "SUBJECT")
		for _, m := range mails {
			t.row(m.Number, m.Time, m.Case, m.To, m.Subject)
		}
		return t.flush()
	})
}

type outboxShowCmd struct {
	dataAt
	Number  int  `arg:"" help:"Number of the mail in the list."`
	Raw     bool `help:"Print the exact bytes." xor:"part"`
	ReplyTo bool `name:"reply-to" help:"Print the address that an answer goes to, and nothing else." xor:"part"`
	format
}

func (*outboxShowCmd) Help() string { return "Example: casegate outbox show 1" }

// Run implements the verb.
func (c *outboxShowCmd) Run(con *console) error {
	m, raw, err := c.outbox().bytes(c.Number)
	if err != nil {
		return err
	}
	switch {
	case c.Raw:
		_, err := con.out.Write(raw)
		return err
	case c.ReplyTo:
		address, err := replyTo(raw)
		if err == nil {
			fmt.Fprintln(con.out, address)
		}
		return err
	}
	return print(con, c.format, []sentMail{m}, func(w io.Writer, _ []sentMail) error {
		return readable(w, raw)
	})
}
