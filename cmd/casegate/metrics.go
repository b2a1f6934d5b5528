package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"casegate/cases"
	"casegate/ingest"
	"casegate/mailer"
)

// metrics counts what the parts do, from outside of them: it wraps the handler,
// the transport and the store. No label holds an address, a customer or a
// reseller (T30).
type metrics struct {
	registry *prometheus.Registry

	mails       *prometheus.CounterVec // by verdict and reason, one for each recipient
	turnedAway  *prometheus.CounterVec // by the door itself
	accept      prometheus.Histogram
	sends       *prometheus.CounterVec // attempts by result
	storeErrors *prometheus.CounterVec
	senders     *prometheus.CounterVec // mails kept, by the identity level of the sender
	scans       *prometheus.CounterVec // by scanner and verdict
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_mails_total", Help: "Mails decided, one for each recipient.",
		}, []string{"verdict", "reason"}),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_refusals_total", Help: "Recipients and mails turned away in the dialogue before they were decided.",
		}, []string{"reason"}),
		accept: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "casegate_accept_seconds", Help: "Time from a mail read whole to its commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_send_attempts_total", Help: "Attempts to hand a mail to the next hop.",
		}, []string{"result"}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_store_errors_total", Help: "Updates the store could not commit.",
		}, []string{"kind"}),
		senders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_senders_total", Help: "Mails kept, by how far their sender is known.",
		}, []string{"level"}),
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "casegate_scans_total", Help: "What content scanners said of mails.",
		}, []string{"by", "verdict"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "casegate_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.mails, m.turnedAway, m.accept, m.sends, m.storeErrors, m.senders, m.scans, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// measuredHandler counts what becomes of mails.
type measuredHandler struct {
	ingest.Handler
	m *metrics
}

func (h measuredHandler) Check(ctx context.Context, env *mailer.Envelope, rcpt mailer.Address) mailer.Outcome {
	o := h.Handler.Check(ctx, env, rcpt)
	if o.Verdict != mailer.Accepted {
		h.m.turnedAway.WithLabelValues(string(o.Reason)).Inc()
	}
	return o
}

func (h measuredHandler) Accept(ctx context.Context, m *mailer.Mail) ([]mailer.Outcome, error) {
	start := time.Now()
	outcomes, err := h.Handler.Accept(ctx, m)
	h.m.accept.Observe(time.Since(start).Seconds())
	if err != nil {
		h.m.mails.WithLabelValues("error", "").Add(float64(len(m.Envelope.Recipients)))
		return outcomes, err
	}
	kept := false
	for _, o := range outcomes {
		h.m.mails.WithLabelValues(string(o.Verdict), string(o.Reason)).Inc()
		kept = kept || o.Verdict == mailer.Accepted || o.Verdict == mailer.Held
	}
	if kept {
		h.m.senders.WithLabelValues(m.Identity.Level.String()).Inc()
	}
	return outcomes, nil
}

func (h measuredHandler) Refused(ctx context.Context, r mailer.Refusal) {
	h.m.turnedAway.WithLabelValues(string(r.Reason)).Inc()
	h.Handler.Refused(ctx, r)
}

// scanFunc is ingest.Reader's Scan.
type scanFunc = func(context.Context, *mailer.Mail, func() (io.ReadCloser, error)) ([]mailer.Scan, error)

// measuredScan counts what content scanners say; nil stays nil.
func (m *metrics) measuredScan(scan scanFunc) scanFunc {
	if scan == nil {
		return nil
	}
	return func(ctx context.Context, mail *mailer.Mail, open func() (io.ReadCloser, error)) ([]mailer.Scan, error) {
		scans, err := scan(ctx, mail, open)
		for _, s := range scans {
			m.scans.WithLabelValues(s.By, string(s.Verdict)).Inc()
		}
		return scans, err
	}
}

// measuredTransport counts attempts.
type measuredTransport struct {
	mailer.Transport
	m *metrics
}

func (t measuredTransport) Send(ctx context.Context, out *mailer.Outgoing) error {
	err := t.Transport.Send(ctx, out)
	result := "temporary"
	switch {
	case err == nil:
		result = "sent"
	case mailer.IsPermanent(err):
		result = "permanent"
	}
	t.m.sends.WithLabelValues(result).Inc()
	return err
}

// measuredStore counts commits that failed, by what the store said.
type measuredStore struct {
	cases.Store
	m *metrics
}

func (s measuredStore) Update(ctx context.Context, f func(cases.Tx) error) error {
	return s.count(s.Store.Update(ctx, f))
}

func (s measuredStore) UpdateSoon(ctx context.Context, f func(cases.Tx) error) error {
	return s.count(s.Store.UpdateSoon(ctx, f))
}

func (s measuredStore) count(err error) error {
	switch {
	case errors.Is(err, cases.ErrBroken):
		s.m.storeErrors.WithLabelValues("broken").Inc()
	case errors.Is(err, cases.ErrFull):
		s.m.storeErrors.WithLabelValues("full").Inc()
	}
	return err
}
