package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"casegate/cases"
	"casegate/mailer"
)

// backlog reports what waits: deliveries, and mails that somebody has to decide.
// It counts in the store, at most once in a while however often it is asked.
type backlog struct {
	store cases.Store
	// held counts the mails that somebody must decide on, and says since when the
	// oldest of them waits; Desk.HeldAge.
	held func(context.Context) (int, time.Time, error)
	log  *slog.Logger

	mu      sync.Mutex
	counted time.Time
	counts  backlogCounts
}

type backlogCounts struct {
	waiting, held, failed int       // failed ones are among those held
	oldest                time.Time // creation of the oldest waiting delivery
	heldSince             time.Time // of the oldest held mail
}

// recount is how long one count holds.
const recount = 10 * time.Second

var (
	waitingDesc = prometheus.NewDesc("casegate_deliveries_waiting", "Mails that wait to be sent.", nil, nil)
	oldestDesc  = prometheus.NewDesc("casegate_deliveries_oldest_seconds", "Age of the oldest mail that waits to be sent; 0 if none does.", nil, nil)
	heldDesc    = prometheus.NewDesc("casegate_held_mails", "Mails that wait for a decision, those that could not be read among them.", nil, nil)
	heldAgeDesc = prometheus.NewDesc("casegate_held_oldest_seconds", "How long the oldest mail has waited for a decision; 0 if none does.", nil, nil)
	failedDesc  = prometheus.NewDesc("casegate_mails_failed", "Mails that could not be read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- waitingDesc
	ch <- oldestDesc
	ch <- heldDesc
	ch <- heldAgeDesc
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
	age := func(since time.Time) float64 {
		if since.IsZero() {
			return 0
		}
		return now.Sub(since).Seconds()
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(waitingDesc, float64(b.counts.waiting))
	gauge(oldestDesc, age(b.counts.oldest))
	gauge(heldDesc, float64(b.counts.held))
	gauge(heldAgeDesc, age(b.counts.heldSince))
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
		for _, err := range tx.Mails(cases.MailFailed) {
			if err != nil {
				return err
			}
			c.failed++
		}
		return nil
	})
	if err == nil {
		c.held, c.heldSince, err = b.held(ctx)
	}
	return c, err
}
