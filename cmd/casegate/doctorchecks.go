package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"casegate/ingest/scan"
)

// scannerPatience bounds a question to a scanner that it answers from memory.
const scannerPatience = 5 * time.Second

// checkScanners asks the content scanners for a sign of life. Whether one that is
// dead is an error depends on what becomes of the mails meanwhile.
func (d *doctor) checkScanners(ctx context.Context) (all []diagnosis) {
	ctx, cancel := context.WithTimeout(ctx, 2*scannerPatience)
	defer cancel()
	status, meanwhile := failure, "mail is put off with 451"
	if d.conf.Checks.OnFailure == string(scan.Accept) {
		status, meanwhile = warning, "mail is taken unscanned"
	}
	dead := func(g diagnosis, err error, advice string) diagnosis {
		return g.is(status, "gives no answer, so that "+meanwhile+": "+err.Error(), advice)
	}
	if address := d.conf.Checks.Rspamd; address != "" {
		g := of("content check rspamd", address)
		rspamd := &scan.Rspamd{URL: address, Password: string(d.conf.Checks.RspamdPassword), Timeout: scannerPatience}
		if version, err := rspamd.Ping(ctx); err != nil {
			g = dead(g, err, "Start it, or correct checks.rspamd and its password.")
		} else {
			g = g.ok("answers: " + version)
		}
		all = append(all, g)
	}
	if address := d.conf.Checks.ClamAV; address != "" {
		g := of("content check clamav", address)
		clamd := &scan.ClamAV{Address: address, MaxSize: d.conf.maxSize(), Timeout: scannerPatience}
		version, err := clamd.Ping(ctx)
		if err != nil {
			g = dead(g, err, "Start clamd, or correct checks.clamav; the user who runs casegate must be allowed to connect.")
		} else {
			g = d.clamdLimit(ctx, g.ok("answers: "+version), clamd, meanwhile)
		}
		all = append(all, g)
	}
	return all
}

// clamdLimit looks whether a mail as large as the doors take it can be scanned;
// such a one can never come in where the policy is 451.
func (d *doctor) clamdLimit(ctx context.Context, g diagnosis, clamd *scan.ClamAV, meanwhile string) diagnosis {
	switch err := clamd.Takes(ctx, d.conf.maxSize()); {
	case errors.Is(err, scan.ErrTooLarge):
		return g.is(warning, fmt.Sprintf("%s, but takes no mail of %d MiB, as smtp.max_size_mib allows: such %s", g.Found, d.conf.SMTP.MaxSizeMiB, meanwhile),
			"Set StreamMaxLength in clamd.conf to more than smtp.max_size_mib.")
	case err != nil:
		return g.is(warning, g.Found+", but does not say what size it takes: "+err.Error(), "See that StreamMaxLength in clamd.conf is more than smtp.max_size_mib.")
	}
	return g
}
