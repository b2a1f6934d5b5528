package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"casegate/cases"
)

// blockCmd holds the verbs about the block lists: whose mail a reseller refuses
// outright.
type blockCmd struct {
	List   blockListCmd   `cmd:"" help:"List whom resellers block."`
	Add    blockAddCmd    `cmd:"" help:"Refuse all mail of an address or a domain."`
	Remove blockRemoveCmd `cmd:"" help:"Take mail of an address or a domain again."`
}

// blockRequest names a block list, and an entry where one is meant.
type blockRequest struct {
	Reseller cases.ResellerID `json:"reseller"`
	Pattern  string           `json:"pattern"`
	Why      string           `json:"why"`
}

// blockAnswer is an entry and whose it is.
type blockAnswer struct {
	Reseller cases.ResellerID `json:"reseller"`
	cases.Block
	Added bool `json:"added,omitempty"` // block add: it was not there before
}

// unblockAnswer is an entry that is gone.
type unblockAnswer struct {
	Reseller cases.ResellerID `json:"reseller"`
	Pattern  string           `json:"pattern"`
}

// malformed makes a usage error of what the daemon calls an invalid request, for
// verbs whose arguments only it can read.
func malformed(err error) error {
	var there *answerError
	if errors.As(err, &there) && there.Kind == string(cases.Invalid) {
		return &usageError{there.Text}
	}
	return err
}

type blockListCmd struct {
	daemonAt
	format
	Reseller string `arg:"" optional:"" help:"Only this reseller's list." placeholder:"RESELLER"`
}

func (*blockListCmd) Help() string { return "Example: casegate block list north" }

// Run implements the verb.
func (c *blockListCmd) Run(ctx context.Context, con *console) error {
	found, err := ask[blockAnswer](ctx, c.client(), "block/list", blockRequest{Reseller: cases.ResellerID(c.Reseller)})
	if err != nil {
		return err
	}
	return print(con, c.format, found, func(w io.Writer, found []blockAnswer) error {
		if len(found) == 0 {
			fmt.Fprintln(w, "Nobody is blocked.")
			return nil
		}
		t := newTable(w, "RESELLER", "PATTERN", "SINCE", "BY", "WHY")
		for _, b := range found {
			t.row(b.Reseller, b.Pattern, b.Since, b.By, cell(b.Why))
		}
		return t.flush()
	})
}

// blockEntry is the arguments of a verb about one entry.
type blockEntry struct {
	Reseller string `arg:"" help:"Whose block list." placeholder:"RESELLER"`
	Pattern  string `arg:"" help:"An address, @domain, or .domain for all its subdomains." placeholder:"ADDRESS|@DOMAIN|.DOMAIN"`
}

type blockAddCmd struct {
	daemonAt
	format
	blockEntry
	Why string `help:"A note for those who look at the list." placeholder:"TEXT"`
}

func (*blockAddCmd) Help() string {
	return "Example: casegate block add north @evil.example --why 'advertising'"
}

// Run implements the verb.
func (c *blockAddCmd) Run(ctx context.Context, con *console) error {
	request := blockRequest{Reseller: cases.ResellerID(c.Reseller), Pattern: c.Pattern, Why: c.Why}
	kept, err := ask[blockAnswer](ctx, c.client(), "block/add", request)
	if err != nil {
		return malformed(err)
	}
	return print(con, c.format, kept, func(w io.Writer, kept []blockAnswer) error {
		for _, b := range kept {
			said := "blocks"
			if !b.Added {
				said = "blocked already, since " + moment(b.Since) + ","
			}
			fmt.Fprintf(w, "%s %s %s.\n", b.Reseller, said, b.Pattern)
			if b.Note != "" {
				fmt.Fprintf(w, "Note: this %s.\n", oneLine(b.Note))
			}
		}
		return nil
	})
}

type blockRemoveCmd struct {
	daemonAt
	format
	blockEntry
}

func (*blockRemoveCmd) Help() string { return "Example: casegate block remove north @evil.example" }

// Run implements the verb.
func (c *blockRemoveCmd) Run(ctx context.Context, con *console) error {
	request := blockRequest{Reseller: cases.ResellerID(c.Reseller), Pattern: c.Pattern}
	gone, err := ask[unblockAnswer](ctx, c.client(), "block/remove", request)
	if err != nil {
		return malformed(err)
	}
	return print(con, c.format, gone, func(w io.Writer, gone []unblockAnswer) error {
		for _, b := range gone {
			fmt.Fprintf(w, "%s takes mail of %s again.\n", b.Reseller, b.Pattern)
		}
		return nil
	})
}

// blockList lists the block list of one reseller, or all of them.
func (c *control) blockList(ctx context.Context, r blockRequest) ([]blockAnswer, error) {
	resellers := []cases.ResellerID{r.Reseller}
	if r.Reseller == "" {
		var err error
		if resellers, err = c.desk.Resellers(ctx); err != nil {
			return nil, err
		}
	}
	var found []blockAnswer
	for _, id := range resellers {
		list, err := c.desk.Blocks(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, b := range list {
			found = append(found, blockAnswer{Reseller: id, Block: b})
		}
	}
	return found, nil
}

func (c *control) blockAdd(ctx context.Context, r blockRequest) ([]blockAnswer, error) {
	kept, added, err := c.desk.Block(ctx, r.Reseller, cases.Block{Pattern: r.Pattern, By: "operator", Why: r.Why})
	return []blockAnswer{{r.Reseller, kept, added}}, err
}

func (c *control) blockRemove(ctx context.Context, r blockRequest) ([]unblockAnswer, error) {
	err := c.desk.Unblock(ctx, r.Reseller, r.Pattern)
	return []unblockAnswer{{r.Reseller, r.Pattern}}, err
}
