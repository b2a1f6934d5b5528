package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// serveCmd runs the daemon.
type serveCmd struct {
	Config string `help:"Configuration file." placeholder:"FILE" xor:"source" required:""`
	Demo   bool   `help:"Run without a file and without a network: built-in directory, mail caught in an outbox." xor:"source" required:""`
	Data   string `help:"Data directory, in place of the configured one." env:"CASEGATE_DATA" placeholder:"DIR"`
	SMTP   string `name:"smtp" help:"Where mail comes in, in place of the configured address." placeholder:"ADDR"`
	Public string `help:"Where public pages are, in place of the configured address." placeholder:"ADDR"`
	Admin  string `help:"Where metrics and health are, in place of the configured address." placeholder:"ADDR"`
}

func (*serveCmd) Help() string {
	return "Examples:\n  casegate serve --demo\n  casegate serve --config /etc/casegate/casegate.toml"
}

// Run implements the verb.
func (c *serveCmd) Run(ctx context.Context, con *console) error {
	conf, err := c.settings()
	if err != nil {
		return err
	}
	// The heap is a few MiB, so that the collector would run for every few
	// mails; four times as many are still next to nothing.
	debug.SetGCPercent(400)
	level := new(slog.LevelVar)
	main := &Main{Config: conf, Level: level, Log: newLogger(con.err, conf.Log.Format, level)}
	if err := main.Run(ctx); err != nil {
		return err
	}
	main.greet(con.out)
	err = main.Wait(ctx)
	if err == nil {
		fmt.Fprintln(con.out, "casegate is stopping: it finishes the mails it is taking (a second Ctrl-C stops it at once).")
	}
	if closeErr := main.Close(); err == nil {
		err = closeErr
	}
	return err
}

// settings is the configuration with what the command line puts in its place.
func (c *serveCmd) settings() (config, error) {
	conf := demoConfig()
	if !c.Demo {
		var err error
		if conf, err = loadConfig(c.Config); err != nil {
			return conf, err
		}
	}
	for _, o := range []struct {
		flag, key, value string
		into             *string
	}{
		{"data", "data", c.Data, &conf.Data}, {"smtp", "smtp.listen", c.SMTP, &conf.SMTP.Listen},
		{"public", "http.public", c.Public, &conf.HTTP.Public}, {"admin", "http.admin", c.Admin, &conf.HTTP.Admin},
	} {
		if o.value == "" {
			continue
		}
		*o.into = o.value
		conf.flags = append(conf.flags, o.key)
		if o.flag == "data" {
			continue
		}
		bad := &complaints{file: &tomlFile{name: "command line"}}
		if listenAddress(bad, "--"+o.flag, o.value); len(bad.errs) > 0 {
			return conf, &usageError{bad.errs[0].Error()}
		}
	}
	return conf, nil
}

// greet says what runs and, in the demo, what to try.
func (m *Main) greet(w io.Writer) {
	fmt.Fprintf(w, "casegate %s\n\n", version())
	t := indented(w)
	status := m.status()
	t.row("Host name", m.Config.Hostname)
	for _, d := range status.Doors {
		t.row("Mail in ("+doorWords[d.Door]+")", d.Address)
	}
	t.row("Public pages", "http://"+status.Public+"/")
	t.row("Metrics, health", "http://"+status.Admin+"/metrics")
	t.row("Data", m.Config.Data)
	t.row("Directory", m.directory)
	if m.Config.demo {
		t.row("Mail out", "caught in "+filepath.Join(m.Config.Data, outboxName)+", never sent")
	} else {
		t.row("Mail out", "through "+m.Config.Relay.URL)
	}
	t.flush()
	if err := m.ready(); err != nil {
		fmt.Fprintf(w, "\nNo mail is taken now: %s\n", oneLine(err.Error()))
	}
	if m.Config.demo {
		fmt.Fprint(w, m.nextSteps(status.SMTP, programName()))
	}
	fmt.Fprintln(w, "\ncasegate is ready. Ctrl-C stops it.")
}

// programName is how whoever started this can start it again.
func programName() string {
	if exe, err := os.Executable(); err == nil && strings.Contains(exe, "go-build") {
		return "go run ./cmd/casegate"
	}
	return os.Args[0]
}

// nextSteps are lines to copy and paste. They need curl, which speaks SMTP.
func (m *Main) nextSteps(smtp, casegate string) string {
	data := ""
	if m.Config.Data != defaultConfig().Data {
		data = " --data " + m.Config.Data
	}
	return strings.NewReplacer("CASEGATE", casegate, " DATA", data, "SMTP", smtp).Replace(`
Try it, in another terminal. A customer writes:

curl -sS --crlf smtp://SMTP --mail-from it@acme.example --mail-rcpt support@north.example -T - <<EOF
From: Ida Acme <it@acme.example>
To: support@north.example
Subject: The printer is on fire
Message-ID: <fire-1@acme.example>

Since this morning. What shall we do?
EOF

CASEGATE case list DATA
CASEGATE outbox DATA
CASEGATE outbox show 2 DATA

The support agent answers that notice:

curl -sS --crlf smtp://SMTP --mail-from desk@agents.example --mail-rcpt "$(CASEGATE outbox show 2 --reply-to DATA)" -T - <<EOF
From: North Desk <desk@agents.example>
Subject: Re: The printer is on fire
Message-ID: <fire-2@agents.example>

Leave the building, please.
EOF

CASEGATE case show NORTH-1 DATA
CASEGATE explain NORTH-1 DATA
`)
}
