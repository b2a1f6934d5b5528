// Command casegate is an e-mail-driven case gateway: this package reads flags
// and configuration, joins the parts, and holds the subcommands, the HTTP
// listeners and the metrics. What becomes of a mail is not decided here but in
// casegate/cases.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // a bare container has no zone files, and zones are in the directory

	"github.com/alecthomas/kong"
)

// cli is the command line: a field for each verb.
type cli struct {
	Serve         serveCmd         `cmd:"" help:"Run the daemon."`
	CheckConfig   checkConfigCmd   `cmd:"" help:"Check a configuration file and the directory it names."`
	ExampleConfig exampleConfigCmd `cmd:"" help:"Print an annotated configuration file."`
	Directory     directoryCmd     `cmd:"" help:"Resellers, people and customers: what a file would change, and changing it."`

	Case    caseCmd    `cmd:"" help:"List, show and share cases."`
	Held    heldCmd    `cmd:"" help:"Mails that wait for a decision, or could not be read."`
	Block   blockCmd   `cmd:"" help:"Whose mail a reseller refuses outright."`
	Explain explainCmd `cmd:"" help:"Why a mail became what it became, or what would become of one."`
	Mail    mailCmd    `cmd:"" help:"The bytes of a mail, and the files in it."`
	Queue   queueCmd   `cmd:"" help:"Mails on their way out."`
	Outbox  outboxCmd  `cmd:"" help:"Mails the demo caught instead of sending."`
	User    userCmd    `cmd:"" help:"Who may sign in to send mail to our own addresses."`
	Key     keyCmd     `cmd:"" help:"The keys that reply addresses are made with."`

	Status  statusCmd  `cmd:"" help:"What is running on a data directory, and how it is."`
	Doctor  doctorCmd  `cmd:"" help:"Check what mail needs around it: DNS, certificate, relay, machine."`
	Verify  verifyCmd  `cmd:"" help:"Check a data directory, while no daemon runs on it."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// console is where a verb reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes of every verb; scripts may rely on them.
const (
	exitOK       = 0
	exitFailed   = 1 // it did not work, or was not found
	exitUsage    = 2 // the command line makes no sense
	exitNoDaemon = 3 // the verb needs a running daemon, and there is none
)

// dataEnv names the data directory in place of a flag.
const dataEnv = "CASEGATE_DATA"

// usageError is a command line that parses but makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func main() {
	// Who reads our output may stop: then writing fails, and what we have to
	// remove is removed.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(os.Args[1:], &console{os.Stdin, os.Stdout, os.Stderr}))
}

func run(args []string, con *console) int {
	// Set but empty is not set, also to the parser.
	if os.Getenv(dataEnv) == "" {
		os.Unsetenv(dataEnv)
	}
	ctx, stop := untilSignal(context.Background(), con.err)
	defer stop()
	parser, err := kong.New(&cli{},
		kong.Name("casegate"),
		kong.Description("E-mail-driven case gateway for Google Workspace resellers.\n\n"+
			"Try it out: casegate serve --demo"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Writers(con.out, con.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(con))
	if err != nil {
		return con.fail(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return con.fail(&usageError{usageText(err)})
	}
	return con.fail(parsed.Run())
}

// usageText adds where help is to what the parser found wrong.
func usageText(err error) string {
	verb := ""
	var at *kong.ParseError
	if errors.As(err, &at) && at.Context != nil {
		if path := at.Context.Command(); path != "" {
			verb = strings.Split(path, " <")[0] + " "
		}
	}
	return fmt.Sprintf("%v\nSee: casegate %s--help", err, verb)
}

// fail prints an error, if there is one, and gives its exit code.
func (con *console) fail(err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(con.err, "casegate: "+manyLines(strings.TrimSuffix(line, "\n")))
	}
	var usage *usageError
	var none *noDaemonError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &none):
		return exitNoDaemon
	}
	return exitFailed
}
