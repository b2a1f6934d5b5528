package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"

	"casegate/cases"
	"casegate/mailer"
)

// dryWorld decides mails that have not come, without writing anything: in the
// world of the daemon that runs or, where none does, by what its data directory
// holds.
type dryWorld struct {
	how   dryRun
	query string  // how, for the daemon
	asked *client // nil: no daemon runs, and the following is set

	desk     *cases.Desk
	pipeline *pipeline
	name     string // what mails are explained by
	close    func() error
}

// openDryWorld asks once whether a daemon runs: thousands of mails may follow.
// The caller closes the world.
func (c *explainCmd) openDryWorld(ctx context.Context) (*dryWorld, error) {
	q := url.Values{"from": {c.From}, "rcpt": c.Rcpt, "ip": {c.IP}}
	how, err := parseDryRun(q)
	if err != nil {
		return nil, &usageError{err.Error()}
	}
	w := &dryWorld{how: how, query: q.Encode(), asked: c.client(), close: func() error { return nil }}
	_, err = ask[statusAnswer](ctx, w.asked, "status", noRequest{})
	var none *noDaemonError
	if errors.As(err, &none) {
		w.asked = nil
		err = w.open(ctx, c.Data, c.Config)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// open makes the world without a daemon. It writes nothing that stays.
func (w *dryWorld) open(ctx context.Context, data, configFile string) (err error) {
	conf := demoConfig()
	if configFile != "" {
		if conf, err = loadConfig(configFile); err != nil {
			return err
		}
		data = conf.Data
	}
	scratch, err := os.MkdirTemp("", "casegate-explain-")
	if err != nil {
		return err
	}
	desk, name, stop, err := offlineDesk(ctx, conf, data, scratch)
	if err != nil {
		return errors.Join(err, os.RemoveAll(scratch))
	}
	w.desk, w.name = desk, name
	w.pipeline = newPipeline(conf, desk.Blobs, &mailer.IDs{Seed: randomSeed})
	w.close = func() error { return errors.Join(stop(), os.RemoveAll(scratch)) }
	return nil
}

// decide gives the records that would be kept of a mail. Where nothing can be
// decided, as the mail could not come like this, why says so.
func (w *dryWorld) decide(ctx context.Context, raw io.Reader) (records []*cases.MailRecord, why string, err error) {
	if w.asked != nil {
		records, err = askWith[*cases.MailRecord](ctx, w.asked, "explain?"+w.query, raw)
	} else {
		records, err = w.pipeline.explain(ctx, w.desk, w.how, raw)
	}
	var here *cases.Error
	var there *answerError
	switch {
	case errors.As(err, &here) && here.Kind == cases.Invalid:
		return nil, here.Text, nil
	case errors.As(err, &there) && there.Kind == string(cases.Invalid):
		return nil, there.Text, nil
	}
	return records, "", err
}

// dryRun is what a mail file does not say: how it would have come.
type dryRun struct {
	from *mailer.Address // nil: the header's From
	rcpt []mailer.Address
	ip   netip.Addr
}

func parseDryRun(q url.Values) (dryRun, error) {
	var d dryRun
	if s := q.Get("from"); s != "" {
		a := mailer.Address{}
		if s != "<>" { // the null reverse-path
			var err error
			if a, err = mailer.ParseAddress(s); err != nil {
				return d, fmt.Errorf("--from: %w", err)
			}
		}
		d.from = &a
	}
	for _, s := range q["rcpt"] {
		a, err := mailer.ParseAddress(s)
		if err != nil {
			return d, fmt.Errorf("--rcpt: %w", err)
		}
		d.rcpt = append(d.rcpt, a)
	}
	ip, err := netip.ParseAddr(q.Get("ip"))
	if err != nil {
		return d, fmt.Errorf("--ip: %q is not an IP address", q.Get("ip"))
	}
	d.ip = ip
	return d, nil
}
