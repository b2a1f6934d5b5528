package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// scripted is a handler, a transport and a store that answer as they are told.
type scripted struct {
	outcomes []mailer.Outcome
	err      error
}

func (s *scripted) Check(context.Context, *mailer.Envelope, mailer.Address) mailer.Outcome {
	return s.outcomes[0]
}
func (s *scripted) Accept(context.Context, *mailer.Mail) ([]mailer.Outcome, error) {
	return s.outcomes, s.err
}
func (s *scripted) Refused(context.Context, mailer.Refusal)                {}
func (s *scripted) Send(context.Context, *mailer.Outgoing) error           { return s.err }
func (s *scripted) View(context.Context, func(cases.Tx) error) error       { return s.err }
func (s *scripted) Update(context.Context, func(cases.Tx) error) error     { return s.err }
func (s *scripted) UpdateSoon(context.Context, func(cases.Tx) error) error { return s.err }

// TestMeasured: each thing is counted once, under what happened, and what the
// wrapped part said comes through unchanged.
func TestMeasured(t *testing.T) {
	m := newMetrics("test")
	refused := mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoSuchAddress}
	s := &scripted{outcomes: []mailer.Outcome{{Verdict: mailer.Accepted}, refused}}
	h := measuredHandler{s, m}
	two := &mailer.Mail{Envelope: mailer.Envelope{Recipients: make([]mailer.Address, 2)}}

	h.Check(t.Context(), nil, mailer.Address{}) // accepted: counted when its mail comes
	if out, err := h.Accept(t.Context(), two); err != nil || len(out) != 2 {
		t.Errorf("Accept gives %v, %v; want what the handler gave", out, err)
	}
	s.outcomes, s.err = []mailer.Outcome{refused}, cases.ErrFull
	if o := h.Check(t.Context(), nil, mailer.Address{}); o != refused {
		t.Errorf("Check gives %v, want what the handler gave", o)
	}
	if _, err := h.Accept(t.Context(), two); !errors.Is(err, cases.ErrFull) {
		t.Errorf("Accept gives %v, want the handler's error", err)
	}
	h.Refused(t.Context(), mailer.Refusal{Reason: mailer.TooLarge})

	transport := measuredTransport{s, m}
	for _, err := range []error{nil, errors.New("busy"), &mailer.PermanentError{Err: errors.New("no")}} {
		s.err = err
		if got := transport.Send(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("Send gives %v, want %v", got, err)
		}
	}
	store := measuredStore{s, m}
	for _, err := range []error{nil, fmt.Errorf("x: %w", cases.ErrBroken), cases.ErrFull, cases.ErrNotFound} {
		s.err = err
		if got := store.Update(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("Update gives %v, want %v", got, err)
		}
	}

	found := []mailer.Scan{{By: "rspamd", Verdict: mailer.ScanHarmful}, {By: "clamav", Verdict: mailer.ScanBroken}}
	scan := m.measuredScan(func(context.Context, *mailer.Mail, func() (io.ReadCloser, error)) ([]mailer.Scan, error) {
		return found, cases.ErrFull
	})
	if got, err := scan(t.Context(), two, nil); len(got) != 2 || !errors.Is(err, cases.ErrFull) {
		t.Errorf("Scan gives %v, %v; want what the scanners gave", got, err)
	}
	if m.measuredScan(nil) != nil {
		t.Error("no scanners are wrapped, want none to stay none")
	}

	w := httptest.NewRecorder()
	adminRoutes(m.registry, func() error { return nil }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`casegate_mails_total{reason="",verdict="accepted"} 1`,
		`casegate_mails_total{reason="no-such-address",verdict="refused"} 1`,
		`casegate_mails_total{reason="",verdict="error"} 2`,
		`casegate_refusals_total{reason="no-such-address"} 1`,
		`casegate_refusals_total{reason="too-large"} 1`,
		`casegate_send_attempts_total{result="sent"} 1`,
		`casegate_send_attempts_total{result="temporary"} 1`,
		`casegate_send_attempts_total{result="permanent"} 1`,
		`casegate_store_errors_total{kind="broken"} 1`,
		`casegate_store_errors_total{kind="full"} 1`,
		`casegate_accept_seconds_count 2`,
		`casegate_senders_total{level="unverified"} 1`,
		`casegate_scans_total{by="rspamd",verdict="harmful"} 1`,
		`casegate_scans_total{by="clamav",verdict="broken"} 1`,
	} {
		if !strings.Contains(w.Body.String(), "\n"+want+"\n") {
			t.Errorf("the metrics do not say %s", want)
		}
	}
	if n := strings.Count(w.Body.String(), "\ncasegate_store_errors_total{"); n != 2 {
		t.Errorf("%d kinds of store errors, want broken and full only: a thing not found is none", n)
	}
}
