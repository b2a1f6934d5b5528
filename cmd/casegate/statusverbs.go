package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// version is what was built: a tag, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}

type versionCmd struct {
	format
}

func (*versionCmd) Help() string { return "Example: casegate version" }

// Run implements the verb.
func (c *versionCmd) Run(con *console) error {
	type answer struct {
		Version string `json:"version"`
	}
	return print(con, c.format, []answer{{version()}}, func(w io.Writer, v []answer) error {
		_, err := fmt.Fprintln(w, "casegate", v[0].Version)
		return err
	})
}

// doorWords are the doors' names for people.
var doorWords = map[string]string{"smtp": "SMTP", "submission": "Submission", "submissions": "Submission (TLS)", "lmtp": "LMTP"}

type statusCmd struct {
	daemonAt
	format
}

func (*statusCmd) Help() string { return "Example: casegate status --data /var/lib/casegate" }

// Run implements the verb.
func (c *statusCmd) Run(ctx context.Context, con *console) error {
	status, err := ask[statusAnswer](ctx, c.client(), "status", noRequest{})
	if err != nil {
		return err
	}
	return print(con, c.format, status, func(w io.Writer, status []statusAnswer) error {
		t := newTable(w)
		for _, s := range status {
			t.row("Version", s.Version)
			t.row("Process", s.PID)
			t.row("Running since", s.Since)
			t.row("Data", s.Data)
			for _, d := range s.Doors {
				t.row(doorWords[d.Door], d.Address)
			}
			t.row("Public pages", "http://"+s.Public+"/")
			t.row("Metrics, health", "http://"+s.Admin+"/metrics")
			t.row("Ready", s.Ready)
		}
		return t.flush()
	})
}

// verifyCmd checks a data directory that no daemon is using.
type verifyCmd struct {
	dataAt
	format
}

func (*verifyCmd) Help() string { return "Example: casegate verify --data /var/lib/casegate" }

// Run implements the verb.
func (c *verifyCmd) Run(ctx context.Context, con *console) error {
	_, err := ask[statusAnswer](ctx, newClient(c.Data), "status", noRequest{})
	var none *noDaemonError
	var answer *answerError
	switch {
	case errors.As(err, &none):
	case err == nil, errors.As(err, &answer):
		return fmt.Errorf("a daemon runs on %s: stop it first, then verify", c.Data)
	default: // it cannot be known
		return err
	}
	found, err := verifyData(ctx, c.Data)
	if err != nil {
		return err
	}
	bad := faultsOf(found)
	err = print(con, c.format, found, func(w io.Writer, found []finding) error {
		for _, f := range found {
			fmt.Fprintln(w, oneLine(f.Fault+f.Note))
		}
		if len(bad) == 0 {
			fmt.Fprintf(w, "%s is sound.\n", c.Data)
		}
		return nil
	})
	if err == nil && len(bad) > 0 {
		err = fmt.Errorf("%s found in %s: keep a copy of it, and restore a backup if mails are missing", counted(len(bad), "fault"), c.Data)
	}
	return err
}
