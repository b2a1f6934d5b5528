// Package scan asks content scanners, rspamd and ClamAV, what they make of a
// mail. It streams the mail to them and reads their verdict; it stores nothing,
// and what follows from a verdict is for others to decide.
//
// A scanner is a program that breaks: it is restarted, runs out of memory, or
// meets a mail that it cannot take. All of that is one verdict, mailer.ScanBroken,
// and one policy of the site says what becomes of the mail then. No mail is
// lost either way: it goes on unscanned, or its sender tries again.
package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"casegate/mailer"
)

// Opener gives the raw mail from its beginning. Each scanner opens it for
// itself, while others read it; whoever opens it closes it.
type Opener func() (io.ReadCloser, error)

// Scanner is one program that looks at mails. *Rspamd and *ClamAV are Scanners.
type Scanner interface {
	// Name is what stands in mailer.Scan.By and in logs.
	Name() string
	// Scan has the mail looked at. It returns soon after ctx is done, and calls
	// a mail clean only after the scanner has seen all of it. Any error means
	// that there is no verdict; its text is for the operator.
	Scan(ctx context.Context, m *mailer.Mail, open Opener) (mailer.Scan, error)
}

// Policy says what becomes of a mail that a scanner gave no verdict on.
type Policy string

const (
	Accept Policy = "accept" // it goes on, and the record says that it was not scanned
	Defer  Policy = "451"    // its sender is told to try again; also what any other value means
)

// Scanners is all scanners of a site. The zero value scans nothing.
type Scanners struct {
	List      []Scanner
	OnFailure Policy
	// Timeout is for all of them together, as they run in parallel; 0: one
	// minute. The client waits meanwhile, for ten (RFC 5321 4.5.3.2.6).
	Timeout time.Duration
}

const (
	defaultTimeout    = 30 * time.Second // of one scanner
	defaultRunTimeout = time.Minute
)

// ErrBroken is wrapped by the error that asks the door to answer 451, because a
// scanner gave no verdict.
var ErrBroken = errors.New("mail could not be scanned")

// Run has every scanner look at the mail; its results are in the order of List,
// complete also where there is an error. The error means "later": it wraps
// ErrBroken where OnFailure asks for that, or is the one of ctx. A mail is not
// let through unscanned because the process stops.
func (s *Scanners) Run(ctx context.Context, m *mailer.Mail, open Opener) ([]mailer.Scan, error) {
	limited, cancel := context.WithTimeout(ctx, positive(s.Timeout, defaultRunTimeout))
	defer cancel()
	scans := make([]mailer.Scan, len(s.List))
	var wg sync.WaitGroup
	for i, scanner := range s.List {
		wg.Go(func() { scans[i] = ask(limited, scanner, m, open) })
	}
	wg.Wait()

	var reasons []string
	for _, scan := range scans {
		if scan.Verdict == mailer.ScanBroken {
			reasons = append(reasons, scan.By+": "+scan.Detail)
		}
	}
	switch {
	case len(reasons) == 0:
		return scans, nil
	case ctx.Err() != nil:
		return scans, fmt.Errorf("scan mail: %w", ctx.Err())
	case s.OnFailure == Accept:
		return scans, nil
	}
	return scans, fmt.Errorf("%w: %s", ErrBroken, strings.Join(reasons, "; "))
}

// ask makes everything that is not a verdict a broken one, a panic included: it
// would end the process, and the mail would be sent again to end the next one
// (T63).
func ask(ctx context.Context, s Scanner, m *mailer.Mail, open Opener) (scan mailer.Scan) {
	name := s.Name()
	defer func() {
		if p := recover(); p != nil {
			scan = broken(name, fmt.Errorf("panic: %v", p))
		}
	}()
	scan, err := s.Scan(ctx, m, open)
	if err != nil {
		return broken(name, err)
	}
	switch scan.Verdict {
	case mailer.ScanClean, mailer.ScanSuspicious, mailer.ScanHarmful:
		scan.By = name
		return scan
	}
	return broken(name, fmt.Errorf("verdict %q", scan.Verdict))
}

func broken(by string, err error) mailer.Scan {
	return mailer.Scan{By: by, Verdict: mailer.ScanBroken, Detail: oneLine(err.Error())}
}

// maxDetail is how much of a foreign text is shown, in octets.
const maxDetail = 300

// oneLine makes a foreign text fit for a log line and a terminal (T79): what
// cannot be printed becomes "?", and a long text is cut.
func oneLine(s string) string {
	tail := ""
	if len(s) > maxDetail {
		s, tail = s[:maxDetail], "…"
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
	return strings.TrimSpace(s) + tail
}

// positive gives d, or what stands for it where d is not set.
func positive[T int64 | time.Duration](d, otherwise T) T {
	if d > 0 {
		return d
	}
	return otherwise
}
