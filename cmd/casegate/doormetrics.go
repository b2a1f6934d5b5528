package main

import (
	"casegate/ingest/guard"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certMetric reports when the certificate of the doors ends; nothing while there
// is none.
type certMetric struct {
	source certSource
	now    func() time.Time
}

var expiryDesc = prometheus.NewDesc("casegate_tls_certificate_expiry_seconds",
	"Time until the certificate of the doors expires; negative: it has.", nil, nil)

// Describe implements prometheus.Collector.
func (c certMetric) Describe(ch chan<- *prometheus.Desc) { ch <- expiryDesc }

// Collect implements prometheus.Collector.
func (c certMetric) Collect(ch chan<- prometheus.Metric) {
	if end := c.source.Expiry(); !end.IsZero() {
		ch <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, end.Sub(c.now()).Seconds())
	}
}

// doorMetric reports what the guards of the doors count.
type doorMetric struct{ doors []*door }

var (
	openDesc   = prometheus.NewDesc("casegate_door_connections", "Connections that are open.", []string{"door"}, nil)
	servedDesc = prometheus.NewDesc("casegate_door_connections_total", "Connections that were let in.", []string{"door"}, nil)
	turnedDesc = prometheus.NewDesc("casegate_door_turned_away_total", "Connections that were turned away or ended, by why.", []string{"door", "reason"}, nil)
)

// Describe implements prometheus.Collector.
func (m doorMetric) Describe(ch chan<- *prometheus.Desc) {
	ch <- openDesc
	ch <- servedDesc
	ch <- turnedDesc
}

// Collect implements prometheus.Collector.
func (m doorMetric) Collect(ch chan<- prometheus.Metric) {
	for _, d := range m.doors {
		stats := d.server.Stats()
		ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(stats.Open), d.name)
		ch <- prometheus.MustNewConstMetric(servedDesc, prometheus.CounterValue, float64(stats.Served), d.name)
		for reason, n := range stats.Turned {
			ch <- prometheus.MustNewConstMetric(turnedDesc, prometheus.CounterValue, float64(n), d.name, guard.Reason(reason).String())
		}
	}
}

// counted64 is a counter that somebody else keeps.
func counted64(name, help string, value func() int64) prometheus.CounterFunc {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}
