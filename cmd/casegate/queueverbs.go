package main

import (
	"context"
	"fmt"
	"io"

	"casegate/mailer"
)

// queueCmd holds the verbs about mails on their way out.
type queueCmd struct {
	List  queueListCmd  `cmd:"" help:"List deliveries; those that wait, unless another state is named."`
	Show  queueShowCmd  `cmd:"" help:"Show one delivery."`
	Retry queueRetryCmd `cmd:"" help:"Try a waiting or failed delivery now."`
	Drop  queueDropCmd  `cmd:"" help:"Take a waiting delivery out of the queue for good."`
}

type queueListCmd struct {
	daemonAt
	format
	State string `help:"Deliveries in this state: ${enum}." enum:"waiting,sent,failed,withdrawn,dropped" default:"waiting" placeholder:"STATE"`
	Limit int    `help:"At most so many; 0: all." default:"0" placeholder:"N"`
}

func (*queueListCmd) Help() string { return "Example: casegate queue list --state failed" }

// Run implements the verb.
func (c *queueListCmd) Run(ctx context.Context, con *console) error {
	if c.Limit < 0 {
		return &usageError{"--limit must not be negative"}
	}
	list, err := ask[*mailer.Delivery](ctx, c.client(), "queue/list", queueRequest{mailer.DeliveryState(c.State), c.Limit})
	if err != nil {
		return err
	}
	err = print(con, c.format, list, func(w io.Writer, list []*mailer.Delivery) error {
		if len(list) == 0 {
			fmt.Fprintf(w, "No delivery is %s.\n", c.State)
			return nil
		}
		t := newTable(w, "ID", "STATE", "CREATED", "DUE", "TRIES", "RESELLER", "CASE", "TO", "LAST ERROR")
		for _, d := range list {
			t.row(d.ID, d.State, d.Created, d.Due, d.Attempts, d.Tenant, d.Case, d.Recipient, cell(d.LastError))
		}
		return t.flush()
	})
	if err != nil || c.JSON || mailer.DeliveryState(c.State) != mailer.Waiting {
		return err
	}
	return c.hint(ctx, con)
}

// hint tells whoever looks at what waits of what will not be tried any more.
func (c *queueListCmd) hint(ctx context.Context, con *console) error {
	failed, err := ask[*mailer.Delivery](ctx, c.client(), "queue/list", queueRequest{State: mailer.GivenUp})
	if err != nil || len(failed) == 0 {
		return err
	}
	said := "1 delivery has"
	if n := len(failed); n > 1 {
		said = fmt.Sprintf("%d deliveries have", n)
	}
	_, err = fmt.Fprintf(con.out, "%s failed: casegate queue list --state failed\n", said)
	return err
}

// oneDelivery is what the verbs about one delivery have in common.
type oneDelivery struct {
	daemonAt
	format
	ID string `arg:"" help:"Id of the delivery." placeholder:"ID"`
}

func (c *oneDelivery) run(ctx context.Context, con *console, verb string) error {
	id, err := mailer.ParseID(c.ID)
	if err != nil {
		return &usageError{err.Error()}
	}
	found, err := ask[*mailer.Delivery](ctx, c.client(), verb, idRequest{ID: id})
	if err != nil {
		return err
	}
	return print(con, c.format, found, printDeliveries)
}

func printDeliveries(w io.Writer, found []*mailer.Delivery) error {
	t := newTable(w)
	for _, d := range found {
		t.row("Delivery", d.ID)
		t.row("State", d.State)
		t.row("To", d.Recipient)
		t.row("Case", fmt.Sprintf("%s/%d, participant %d, history %d to %d", d.Tenant, d.Case, d.Participant, d.First, d.Last))
		t.row("Created", d.Created)
		t.row("Tries", d.Attempts)
		if d.State == mailer.Waiting {
			t.row("Due", d.Due)
		} else {
			t.row("Finished", d.Finished)
		}
		if d.LastError != "" {
			t.row("Last error", d.LastError)
		}
	}
	return t.flush()
}

type queueShowCmd struct{ oneDelivery }

func (*queueShowCmd) Help() string { return "Example: casegate queue show 06c2k7gq0r1ne" }

// Run implements the verb.
func (c *queueShowCmd) Run(ctx context.Context, con *console) error {
	return c.run(ctx, con, "queue/show")
}

type queueRetryCmd struct{ oneDelivery }

func (*queueRetryCmd) Help() string { return "Example: casegate queue retry 06c2k7gq0r1ne" }

// Run implements the verb.
func (c *queueRetryCmd) Run(ctx context.Context, con *console) error {
	return c.run(ctx, con, "queue/retry")
}

type queueDropCmd struct{ oneDelivery }

func (*queueDropCmd) Help() string { return "Example: casegate queue drop 06c2k7gq0r1ne" }

// Run implements the verb.
func (c *queueDropCmd) Run(ctx context.Context, con *console) error {
	return c.run(ctx, con, "queue/drop")
}
