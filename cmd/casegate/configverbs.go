package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"casegate/cases"
)

//go:embed example.toml
var exampleConfig string

// exampleConfigCmd prints the annotated example.
type exampleConfigCmd struct{}

func (*exampleConfigCmd) Help() string { return "Example: casegate example-config > casegate.toml" }

// Run implements the verb.
func (*exampleConfigCmd) Run(con *console) error {
	_, err := io.WriteString(con.out, exampleConfig)
	return err
}

// checkConfigCmd reads what `serve --config` would read, and stops there.
type checkConfigCmd struct {
	format
	Config string `help:"Configuration file; casegate.toml, unless named." default:"casegate.toml" placeholder:"FILE"`
}

func (*checkConfigCmd) Help() string {
	return "Example: casegate check-config --config /etc/casegate/casegate.toml"
}

// Run implements the verb.
func (c *checkConfigCmd) Run(con *console) error {
	conf, err := loadConfig(c.Config)
	var d *cases.Directory
	if _, none := os.Stat(conf.Directory.File); none == nil { // else that is said already
		var dirErr error
		d, dirErr = loadDirectory(conf.Directory.File)
		err = errors.Join(err, dirErr)
	}
	if err != nil {
		return err
	}
	valid := validConfig{c.Config, conf.Directory.File, len(d.Resellers), len(d.People), len(d.Customers), conf.warnings}
	return print(con, c.format, []validConfig{valid}, func(w io.Writer, _ []validConfig) error {
		for _, text := range conf.warnings {
			fmt.Fprintln(con.err, "casegate: warning: "+oneLine(text))
		}
		_, err := fmt.Fprintf(w, "%s is valid.\n%s is valid: %s.\n", c.Config, conf.Directory.File, summary(d))
		return err
	})
}

// validConfig is what check-config says with --json of files that are valid; of
// others it says what is wrong, as an error.
type validConfig struct {
	Config    string   `json:"config"`
	Directory string   `json:"directory"`
	Resellers int      `json:"resellers"`
	People    int      `json:"people"`
	Customers int      `json:"customers"`
	Warnings  []string `json:"warnings,omitempty"`
}

func summary(d *cases.Directory) string {
	people := "1 person"
	if n := len(d.People); n != 1 {
		people = fmt.Sprintf("%d people", n)
	}
	return fmt.Sprintf("%s, %s, %s", counted(len(d.Resellers), "reseller"), people, counted(len(d.Customers), "customer"))
}

// directoryCmd holds the verbs about the directory file.
type directoryCmd struct {
	Plan  directoryPlanCmd  `cmd:"" help:"Say what a directory file would change."`
	Apply directoryApplyCmd `cmd:"" help:"Make a directory file the one in force. At its next start, or on SIGHUP, the daemon applies the file its configuration names again."`
}

// directoryFileArg is what both verbs take.
type directoryFileArg struct {
	daemonAt
	format
	File string `arg:"" help:"Directory file (TOML)." placeholder:"FILE"`
}

func (c *directoryFileArg) run(ctx context.Context, con *console, verb string) error {
	d, err := loadDirectory(c.File)
	if err != nil {
		return err
	}
	changes, err := ask[lineAnswer](ctx, c.client(), verb, d)
	if err != nil {
		return err
	}
	return print(con, c.format, changes, func(w io.Writer, changes []lineAnswer) error {
		if len(changes) == 0 {
			fmt.Fprintln(w, "No change.")
		}
		for _, line := range changes {
			fmt.Fprintln(w, oneLine(line.Change))
		}
		return nil
	})
}

type directoryPlanCmd struct{ directoryFileArg }

func (*directoryPlanCmd) Help() string { return "Example: casegate directory plan directory.toml" }

// Run implements the verb.
func (c *directoryPlanCmd) Run(ctx context.Context, con *console) error {
	return c.run(ctx, con, "directory/plan")
}

type directoryApplyCmd struct{ directoryFileArg }

func (*directoryApplyCmd) Help() string { return "Example: casegate directory apply directory.toml" }

// Run implements the verb.
func (c *directoryApplyCmd) Run(ctx context.Context, con *console) error {
	return c.run(ctx, con, "directory/apply")
}
