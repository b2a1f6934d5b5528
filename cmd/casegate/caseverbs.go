package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"casegate/cases"
	"casegate/mailer"
)

// caseCmd holds the verbs about cases.
type caseCmd struct {
	List  caseListCmd  `cmd:"" help:"List cases, the last updated first."`
	Show  caseShowCmd  `cmd:"" help:"Show a case: facts, participants, history."`
	Share caseShareCmd `cmd:"" help:"Share a case with an address."`
}

type caseListCmd struct {
	daemonAt
	format
	Reseller string `help:"Only cases of this reseller." placeholder:"NAME"`
	Customer string `help:"Only cases of this customer." placeholder:"DOMAIN"`
	Status   string `help:"Only cases in this state: NEW, IN_PROGRESS_GOOGLE_SUPPORT, ACTION_REQUIRED, SOLUTION_PROVIDED or CLOSED." placeholder:"STATE"`
	Severity string `help:"Only cases of this severity: P0 to P4." placeholder:"P"`
	Keyword  string `help:"Only cases with this in title or messages." placeholder:"WORDS"`
	Limit    int    `help:"At most so many; 0: all." default:"0" placeholder:"N"`
}

func (*caseListCmd) Help() string {
	return "Example: casegate case list --customer acme.example --status NEW --limit 20"
}

// Run implements the verb.
func (c *caseListCmd) Run(ctx context.Context, con *console) error {
	if c.Limit < 0 {
		return &usageError{"--limit must not be negative"}
	}
	status, err := known("--status", c.Status, cases.New, cases.InProgress, cases.ActionRequired, cases.Provided, cases.Closed)
	if err != nil {
		return err
	}
	severity, err := known("--severity", c.Severity, cases.Priorities...)
	if err != nil {
		return err
	}
	list, err := ask[*cases.Case](ctx, c.client(), "case/list", cases.Filter{
		Reseller: cases.ResellerID(c.Reseller), Customer: c.Customer, Status: status,
		Severity: severity, Keyword: c.Keyword, Limit: c.Limit,
	})
	if err != nil {
		return err
	}
	return print(con, c.format, list, func(w io.Writer, list []*cases.Case) error {
		if len(list) == 0 {
			fmt.Fprintln(w, "No cases.")
			return nil
		}
		t := newTable(w, "NUMBER", "STATUS", "SEVERITY", "CUSTOMER", "UPDATED", "TITLE")
		for _, c := range list {
			t.row(c.Number, c.State, c.Priority, c.Customer, c.Updated, c.Title)
		}
		return t.flush()
	})
}

// known is the value of a flag as one of those that there are, in whatever case
// it was typed; "" stays.
func known[T ~string](flag, value string, all ...T) (T, error) {
	v := T(strings.ToUpper(value))
	if v == "" || slices.Contains(all, v) {
		return v, nil
	}
	var names []string
	for _, one := range all {
		names = append(names, string(one))
	}
	return "", &usageError{fmt.Sprintf("%s must be one of %s but got %q", flag, strings.Join(names, ", "), value)}
}

// caseNo is the argument of every verb about one case.
type caseNo struct {
	Number string `arg:"" help:"Number of the case."`
}

// check tells what is no number from one that no case has.
func (n caseNo) check() error {
	if !caseNumber.MatchString(n.Number) {
		return &usageError{fmt.Sprintf("%q is not the number of a case, such as NORTH-1", n.Number)}
	}
	return nil
}

type caseShowCmd struct {
	daemonAt
	format
	caseNo
}

func (*caseShowCmd) Help() string { return "Example: casegate case show NORTH-1" }

// Run implements the verb.
func (c *caseShowCmd) Run(ctx context.Context, con *console) error {
	if err := c.check(); err != nil {
		return err
	}
	found, err := ask[caseAnswer](ctx, c.client(), "case/show", numberRequest{Number: c.Number})
	if err != nil {
		return err
	}
	return print(con, c.format, found, func(w io.Writer, found []caseAnswer) error {
		for _, c := range found {
			if err := printCase(w, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func printCase(w io.Writer, c caseAnswer) error {
	fmt.Fprintf(w, "%s  %s\n\n", c.Number, oneLine(c.Title))
	facts := newTable(w)
	facts.row("Status", c.State)
	facts.row("Severity", c.Priority)
	facts.row("Customer", c.Customer)
	facts.row("Reseller", c.ID.Reseller)
	facts.row("Filed", c.Created)
	facts.row("Updated", c.Updated)
	if err := facts.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nParticipants")
	people := indented(w)
	for _, p := range c.Participants {
		left := ""
		if !p.Active() {
			left = "left " + moment(p.Left)
		}
		people.row(p.No, p.Role, p.Address, p.Name, left)
	}
	if err := people.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nHistory")
	for _, e := range c.History {
		printEvent(w, c.Case, e)
	}
	return nil
}

// eventWords says in a past participle what a person did.
var eventWords = map[cases.EventType]string{
	cases.EventFiled: "filed this case", cases.EventMessage: "wrote", cases.EventAuto: "wrote automatically",
	cases.EventShared: "shared this case", cases.EventLeft: "left this case",
	cases.EventShareRequested: "wrote to people who do not follow this case; casegate case share adds them:",
}

func printEvent(w io.Writer, c *cases.Case, e cases.Event) {
	who := oneLine(strings.TrimSpace(e.Actor.Name + " <" + e.Actor.Address.String() + ">"))
	if e.Actor.Address.IsZero() {
		who = "the operator"
	}
	what := eventWords[e.Type]
	if p := c.Participant(e.Participant); e.Type == cases.EventShared && p != nil {
		what += " with " + p.Address.String()
	}
	for _, a := range e.Requested {
		what += " " + a.String()
	}
	fmt.Fprintf(w, "\n#%d  %s  %s %s", e.Seq, moment(e.Time), who, what)
	if e.Message != nil && e.Actor.Level < mailer.VerifiedSPF {
		fmt.Fprintf(w, " (sender %s)", e.Actor.Level)
	}
	if e.Mail != "" {
		fmt.Fprintf(w, "  mail %s", e.Mail)
	}
	fmt.Fprintln(w)
	if e.Message == nil {
		return
	}
	printShown(w, manyLines(e.Message.Shown()))
	if e.Message.Reply != "" {
		fmt.Fprintf(w, "    (quoted text or a signature is left out: casegate mail raw %s)\n", e.Mail)
	}
	if f := e.Message.Forwarded; f != nil {
		fmt.Fprintf(w, "    forwarded: a mail that says to be from %s\n", oneLine(f.From.Name+" <"+f.From.Email.String()+">"))
	}
	for _, a := range e.Message.Attachments {
		fmt.Fprintf(w, "    attached: %s (%s, %d octets)\n", oneLine(a.Name), oneLine(a.ContentType), a.Size)
	}
	for _, mark := range e.Message.Marks {
		fmt.Fprintf(w, "    note: %s\n", oneLine(mark))
	}
	for _, limit := range e.Message.Limits {
		fmt.Fprintf(w, "    not shown: %s\n", oneLine(limit))
	}
}

// maxShown is how many lines of one message are printed.
const maxShown = 200

// printShown prints what people are shown of a message, indented.
func printShown(w io.Writer, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	for _, line := range lines[:min(len(lines), maxShown)] {
		fmt.Fprintln(w, strings.TrimRight("    "+line, " \t\n"))
	}
	if more := len(lines) - maxShown; more > 0 {
		fmt.Fprintf(w, "    … and %s more: --json has them\n", counted(more, "line"))
	}
}

type caseShareCmd struct {
	daemonAt
	format
	caseNo
	Address string `arg:"" help:"Whom to share it with."`
	Group   bool   `help:"It is a group's address: anybody of its domain may answer."`
}

func (*caseShareCmd) Help() string {
	return "Example: casegate case share NORTH-1 colleague@acme.example"
}

// Run implements the verb.
func (c *caseShareCmd) Run(ctx context.Context, con *console) error {
	if err := c.check(); err != nil {
		return err
	}
	address, err := mailer.ParseAddress(c.Address)
	if err != nil {
		return &usageError{err.Error()}
	}
	shared, err := ask[shareAnswer](ctx, c.client(), "case/share", numberRequest{Number: c.Number, Address: address, Group: c.Group})
	if err != nil {
		return err
	}
	if len(shared) != 1 || shared[0].Case == nil {
		return errors.New("the daemon gave no answer")
	}
	return print(con, c.format, shared, func(w io.Writer, shared []shareAnswer) error {
		said := "is shared with"
		if !shared[0].Added {
			said = "was already shared with"
		}
		_, err := fmt.Fprintf(w, "%s %s %s.\n", shared[0].Number, said, address)
		return err
	})
}
