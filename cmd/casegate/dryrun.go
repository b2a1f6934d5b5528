package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

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
	q := url.Values{"from": {c.From}, "rcpt": c.Rcpt, "ip": {c.IP}, "helo": {c.Helo}, "resolver": {c.Resolver}, "at": {c.At}}
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
	whole := newPipeline(conf, desk.Blobs, &mailer.IDs{Seed: randomSeed})
	pipeline, done := whole.as(w.how)
	w.pipeline = pipeline
	w.close = func() error {
		done()
		return errors.Join(whole.close(), stop(), os.RemoveAll(scratch))
	}
	return nil
}

// decide tells who wrote a mail, and what would become of it.
func (w *dryWorld) decide(ctx context.Context, raw io.Reader) (*explanation, error) {
	if w.asked == nil {
		x, err := w.pipeline.explain(ctx, w.desk, w.how, raw)
		var here *cases.Error
		if errors.As(err, &here) && here.Kind == cases.Invalid {
			return &explanation{Decision: here.Text}, nil
		}
		return x, err
	}
	found, err := askWith[*explanation](ctx, w.asked, "explain?"+w.query, raw)
	var there *answerError
	if errors.As(err, &there) && there.Kind == string(cases.Invalid) {
		return &explanation{Decision: there.Text}, nil
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// dryRun is what a mail file does not say: how it would have come.
type dryRun struct {
	from     *mailer.Address // nil: the header's From
	noFrom   bool            // a reverse-path was named that no door would take
	rcpt     []mailer.Address
	ip       netip.Addr
	helo     string
	resolver string    // "": the configured ones
	at       time.Time // zero: now
}

func parseDryRun(q url.Values) (d dryRun, err error) {
	if s := q.Get("from"); s != "" {
		if s != "<>" && !strings.Contains(s, "@") {
			return d, fmt.Errorf("--from: %q has no @: want an address, or <> for the null reverse-path", s)
		}
		a, err := anyReversePath(s)
		d.from, d.noFrom = &a, err != nil
	}
	for _, s := range q["rcpt"] {
		a, err := mailer.ParseAddress(s)
		if err != nil {
			return d, fmt.Errorf("--rcpt: %w", err)
		}
		d.rcpt = append(d.rcpt, a)
	}
	if d.ip, err = netip.ParseAddr(q.Get("ip")); err != nil {
		return d, fmt.Errorf("--ip: %q is not an IP address", q.Get("ip"))
	}
	d.helo = q.Get("helo")
	if d.resolver = q.Get("resolver"); d.resolver != "" {
		if _, err := netip.ParseAddrPort(d.resolver); err != nil {
			return d, fmt.Errorf("--resolver: %q is not an address with a port: want one such as 127.0.0.1:53", d.resolver)
		}
	}
	d.at, err = parseMoment(q.Get("at"))
	return d, err
}

// anyReversePath reads a reverse-path as SPF has to (RFC 7208 4.3), which must
// have an answer for those that no door of ours takes too: without a local part
// it is the postmaster's. Its error means that there is no such domain.
func anyReversePath(s string) (mailer.Address, error) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if s == "" {
		return mailer.Address{}, nil
	}
	if a, err := mailer.ParseAddress(s); err == nil {
		return a, nil
	}
	local, domain := "", s
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		local, domain = s[:at], s[at+1:]
	}
	if local == "" {
		local = "postmaster"
	}
	return mailer.NewAddress(local, domain)
}

// parseMoment reads a time as RFC 3339 or in seconds since 1970; "" is zero.
func parseMoment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fmt.Errorf("--at: %q is not a time: want one such as 2026-11-20T08:00:00Z, or seconds since 1970", s)
	}
	return at, nil
}
