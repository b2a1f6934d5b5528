package scan

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"casegate/mailer"
)

// told is a scanner that says what it is told to.
type told struct {
	name string
	says func(ctx context.Context) (mailer.Scan, error)
}

func (f told) Name() string { return f.name }

func (f told) Scan(ctx context.Context, _ *mailer.Mail, _ Opener) (mailer.Scan, error) {
	return f.says(ctx)
}

func says(name string, v mailer.ScanVerdict) told {
	return told{name, func(context.Context) (mailer.Scan, error) { return mailer.Scan{Verdict: v}, nil }}
}

func failing(name, why string) told {
	return told{name, func(context.Context) (mailer.Scan, error) { return mailer.Scan{}, errors.New(why) }}
}

// after takes its time, but no longer than it is given.
func after(name string, d time.Duration) told {
	return told{name, func(ctx context.Context) (mailer.Scan, error) {
		select {
		case <-time.After(d):
			return mailer.Scan{Verdict: mailer.ScanClean}, nil
		case <-ctx.Done():
			return mailer.Scan{}, ctx.Err()
		}
	}}
}

// text opens a mail that is a string.
func text(s string) Opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

const cleanMail = "From: anna@north.example\r\nTo: support@north.example\r\nSubject: Printer\r\n" +
	"Date: Fri, 20 Nov 2026 19:00:00 +0000\r\nMessage-ID: <1@north.example>\r\n\r\nIt is on fire again.\r\n"

func aMail() *mailer.Mail { return &mailer.Mail{ID: "06c2k7gq0r1ne"} }

func TestRunFollowsThePolicy(t *testing.T) {
	clean, harmful := says("a", mailer.ScanClean), says("b", mailer.ScanHarmful)
	crash := told{"c", func(context.Context) (mailer.Scan, error) { panic("index out of range") }}
	cleanScan := mailer.Scan{By: "a", Verdict: mailer.ScanClean}
	harmfulScan := mailer.Scan{By: "b", Verdict: mailer.ScanHarmful}
	for _, c := range []struct {
		name     string
		list     []Scanner
		want     []mailer.Scan
		why      string // of the error under "451"; "": there is none
		accepted bool   // no error under "accept"
	}{
		{"no scanner", nil, []mailer.Scan{}, "", true},
		{"verdicts", []Scanner{clean, harmful}, []mailer.Scan{cleanScan, harmfulScan}, "", true},
		{"one fails", []Scanner{harmful, failing("x", "no route\nto host")},
			[]mailer.Scan{harmfulScan, {By: "x", Verdict: mailer.ScanBroken, Detail: "no route?to host"}}, "x: no route?to host", true},
		{"one panics (T63)", []Scanner{crash, clean},
			[]mailer.Scan{{By: "c", Verdict: mailer.ScanBroken, Detail: "panic: index out of range"}, cleanScan}, "c: panic", true},
		{"no verdict at all", []Scanner{says("d", "")},
			[]mailer.Scan{{By: "d", Verdict: mailer.ScanBroken, Detail: `verdict ""`}}, "d: verdict", true},
	} {
		for _, policy := range []Policy{Accept, Defer, ""} {
			s := Scanners{List: c.list, OnFailure: policy}
			scans, err := s.Run(t.Context(), aMail(), text(cleanMail))
			if diff := cmp.Diff(c.want, scans); diff != "" {
				t.Errorf("%s, policy %q: Run was to give, for every scanner in order (-want +got):\n%s", c.name, policy, diff)
			}
			switch {
			case c.why == "" || policy == Accept:
				if err != nil {
					t.Errorf("%s, policy %q: Run failed with %v, the mail was to go on", c.name, policy, err)
				}
			case !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), c.why):
				t.Errorf("%s, policy %q: Run gave the error %v, want ErrBroken with %q", c.name, policy, err, c.why)
			}
		}
	}
}

// All scanners share one deadline and do not wait for each other.
func TestRunIsParallelWithOneDeadline(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  []Scanner
		limit time.Duration
		takes time.Duration
		last  mailer.ScanVerdict
	}{
		{"two slow ones", []Scanner{after("a", 40*time.Second), after("b", 50*time.Second)}, 0, 50 * time.Second, mailer.ScanClean},
		{"one hangs", []Scanner{after("a", time.Second), after("b", 24*time.Hour)}, 0, time.Minute, mailer.ScanBroken},
		{"one hangs, a limit", []Scanner{after("b", 24*time.Hour)}, 5 * time.Second, 5 * time.Second, mailer.ScanBroken},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := Scanners{List: c.list, OnFailure: Accept, Timeout: c.limit}
			scans, err := s.Run(t.Context(), aMail(), text(cleanMail))
			if took := time.Since(start); took != c.takes {
				t.Errorf("%s: Run took %v, want %v", c.name, took, c.takes)
			}
			if got := scans[len(scans)-1].Verdict; err != nil || got != c.last {
				t.Errorf("%s: the last scanner's verdict is %q (error %v), want %q", c.name, got, err, c.last)
			}
		})
	}
}

// A process that stops must not let mail through unscanned, whatever the policy.
func TestRunIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Scanners{List: []Scanner{after("a", time.Hour)}, OnFailure: Accept}
	if _, err := s.Run(ctx, aMail(), text(cleanMail)); !errors.Is(err, context.Canceled) {
		t.Errorf("Run of a cancelled context gave the error %v, want context.Canceled, so that the door says later", err)
	}
	// What has been scanned nevertheless is as good as ever.
	s.List = []Scanner{says("a", mailer.ScanClean)}
	if _, err := s.Run(ctx, aMail(), text(cleanMail)); err != nil {
		t.Errorf("Run with a verdict from everybody failed with %v", err)
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("stream: OK")
	f.Add("a\r\nb\x1b[31m\x00\u202e\xff")
	f.Add(strings.Repeat("é", 400))
	f.Fuzz(func(t *testing.T, s string) {
		got := oneLine(s)
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("oneLine(%q) = %q holds %U, which a terminal obeys", s, got, r)
			}
		}
		if len(got) > 3*maxDetail {
			t.Fatalf("oneLine gave %d octets", len(got))
		}
		if oneLine(s) == s && len(s) > maxDetail {
			t.Fatalf("oneLine did not cut %d octets", len(s))
		}
	})
}
