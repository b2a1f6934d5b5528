package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
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
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "casegate_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.mails, m.turnedAway, m.accept, m.sends, m.storeErrors, build,
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
	for _, o := range outcomes {
		h.m.mails.WithLabelValues(string(o.Verdict), string(o.Reason)).Inc()
	}
	return outcomes, nil
}

func (h measuredHandler) Refused(ctx context.Context, r mailer.Refusal) {
	h.m.turnedAway.WithLabelValues(string(r.Reason)).Inc()
	h.Handler.Refused(ctx, r)
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

// backlog reports what waits: deliveries, and mails that somebody has to decide.
// It counts in the store, at most once in a while however often it is asked.
type backlog struct {
	store cases.Store
	log   *slog.Logger

	mu      sync.Mutex
	counted time.Time
	counts  backlogCounts
}

type backlogCounts struct {
	waiting, held, failed int
	oldest                time.Time // creation of the oldest waiting delivery
}

// recount is how long one count holds.
const recount = 10 * time.Second

var (
	waitingDesc = prometheus.NewDesc("casegate_deliveries_waiting", "Mails that wait to be sent.", nil, nil)
	oldestDesc  = prometheus.NewDesc("casegate_deliveries_oldest_seconds", "Age of the oldest mail that waits to be sent; 0 if none does.", nil, nil)
	heldDesc    = prometheus.NewDesc("casegate_mails_held", "Mails that wait for a decision.", nil, nil)
	failedDesc  = prometheus.NewDesc("casegate_mails_failed", "Mails that could not be read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- waitingDesc
	ch <- oldestDesc
	ch <- heldDesc
	ch <- failedDesc
}

// Collect implements prometheus.Collector. Where the store cannot be read, it
// gives nothing: a missing series raises an alarm, a wrong one does not.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Sub(b.counted) >= recount {
		counts, err := b.count()
		if err != nil {
			b.log.Error("count backlog", "error", err)
			return
		}
		b.counts, b.counted = counts, now
	}
	age := 0.0
	if !b.counts.oldest.IsZero() {
		age = now.Sub(b.counts.oldest).Seconds()
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(waitingDesc, float64(b.counts.waiting))
	gauge(oldestDesc, age)
	gauge(heldDesc, float64(b.counts.held))
	gauge(failedDesc, float64(b.counts.failed))
}

func (b *backlog) count() (c backlogCounts, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = b.store.View(ctx, func(tx cases.Tx) error {
		c = backlogCounts{}
		for d, err := range tx.Deliveries(mailer.Waiting) {
			if err != nil {
				return err
			}
			c.waiting++
			if c.oldest.IsZero() || d.Created.Before(c.oldest) {
				c.oldest = d.Created
			}
		}
		for status, n := range map[cases.MailStatus]*int{cases.MailHeld: &c.held, cases.MailFailed: &c.failed} {
			for _, err := range tx.Mails(status) {
				if err != nil {
					return err
				}
				*n++
			}
		}
		return nil
	})
	return c, err
}
