package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Sender takes deliveries from a queue and sends them, several at a time. It
// leases only as many as it has idle workers for, so that nothing waits leased
// but unstarted. Content and Transport must return soon after their context is
// done; when they panic, the delivery stays due.
type Sender struct {
	Queue     Queue
	Content   Content
	Transport Transport
	Workers   int           // 0: 16
	Grace     time.Duration // for what is in flight when Run is told to stop; 0: 20 seconds
	Log       *slog.Logger

	mu       sync.Mutex
	inFlight map[ID]bool
}

const (
	defaultWorkers = 16
	defaultGrace   = 20 * time.Second

	// After a failed Lease the next one waits, twice as long each time.
	minLeasePause = time.Second
	maxLeasePause = time.Minute

	// finishTime is for Finish while the process stops: by then the context of
	// the work itself may be over.
	finishTime = 15 * time.Second
)

// finishPauses are the waits between tries to record a result. Few and short:
// the store is either busy for a moment or broken.
var finishPauses = [...]time.Duration{100 * time.Millisecond, time.Second, 4 * time.Second}

// Run sends until ctx is done. Then it leases nothing more, waits for what is in
// flight, for Grace at most, and cancels the rest, which stays due. Its error
// says how many attempts were cut off; nil if none was. Run it once only.
func (s *Sender) Run(ctx context.Context) error {
	workers, grace := s.Workers, s.Grace
	if workers <= 0 {
		workers = defaultWorkers
	}
	if grace <= 0 {
		grace = defaultGrace
	}
	s.inFlight = map[ID]bool{}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()

	idle := make(chan struct{}, workers)
	for range workers {
		idle <- struct{}{}
	}
	s.dispatch(ctx, work, idle)

	timer := time.NewTimer(grace)
	defer timer.Stop()
	for i := range workers {
		select {
		case <-idle:
		case <-timer.C:
			cut := workers - i
			cancel()
			for range cut {
				<-idle
			}
			return fmt.Errorf("stop sending: %d attempts were cut off after %v; they stay due", cut, grace)
		}
	}
	return nil
}

// dispatch leases and starts work until ctx is done. Every value in idle is a
// worker with nothing to do.
func (s *Sender) dispatch(ctx, work context.Context, idle chan struct{}) {
	pause := minLeasePause
	for {
		n := takeIdle(ctx, idle)
		if n == 0 {
			return
		}
		batch, err := s.Queue.Lease(ctx, n)
		for range n - len(batch) {
			idle <- struct{}{}
		}
		for i, d := range batch {
			if i >= n { // more than was asked for: they have to wait for a worker
				<-idle
			}
			go func() {
				defer func() { idle <- struct{}{} }()
				s.deliver(work, d)
			}()
		}
		if len(batch) > 0 {
			pause = minLeasePause
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.Log.Error("cannot lease deliveries, nothing is sent meanwhile", "error", err, "again_in", pause)
		}
		// A queue that answers at once with nothing is as broken as one that
		// fails: neither may keep a processor busy.
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, maxLeasePause)
	}
}

// takeIdle waits for an idle worker and takes all there are; 0 when ctx is done.
func takeIdle(ctx context.Context, idle chan struct{}) int {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case <-idle:
	case <-ctx.Done():
		return 0
	}
	for n := 1; ; n++ {
		select {
		case <-idle:
		default:
			return n
		}
	}
}

// deliver makes one attempt and records what came of it.
func (s *Sender) deliver(ctx context.Context, d Delivery) {
	if !s.start(d.ID) {
		// The first attempt is still waiting for the hop's answer, and will say
		// what came of it. A second one would be a second mail.
		s.Log.Warn("delivery leased again while it is being sent", "delivery", d.ID)
		return
	}
	defer s.stop(d.ID)
	began := time.Now()
	result := s.attempt(ctx, d)
	s.report(d, result, time.Since(began))

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	for try := 0; ; try++ {
		err := s.Queue.Finish(ctx, d, result)
		if err == nil {
			return
		}
		if try == len(finishPauses) || !sleep(ctx, finishPauses[try]) {
			s.Log.Error("cannot record the result of an attempt: it will be made again", "delivery", d.ID, "sent", result == nil, "error", err)
			return
		}
		s.Log.Warn("cannot record the result of an attempt, trying again", "delivery", d.ID, "error", err)
	}
}

func (s *Sender) start(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight[id] {
		return false
	}
	s.inFlight[id] = true
	return true
}

func (s *Sender) stop(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inFlight, id)
}

// attempt opens the mail and sends it. Once Send has returned its result
// stands: an error after a success would send the mail twice.
func (s *Sender) attempt(ctx context.Context, d Delivery) error {
	var m *Outgoing
	err := s.guard(d, "making the mail", func() (err error) {
		m, err = s.Content.Open(ctx, d)
		return err
	})
	if err != nil {
		return err
	}
	if m == nil || m.Body == nil {
		return errors.New("make the mail: got none, which is a fault of this program")
	}
	defer func() {
		if err := s.guard(d, "closing the mail", m.Body.Close); err != nil {
			s.Log.Warn("cannot close the mail that was sent", "delivery", d.ID, "error", err)
		}
	}()
	return s.guard(d, "sending the mail", func() error { return s.Transport.Send(ctx, m) })
}

// guard turns a panic into an error that is worth a retry, whatever was thrown:
// a mail is not given up for a fault of this program.
func (s *Sender) guard(d Delivery, doing string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("panic while "+doing, "delivery", d.ID, "panic", CutTokens(clip(fmt.Sprint(p))), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic while %s, which is a fault of this program: see the log", doing)
		}
	}()
	return f()
}

// report logs one line for the attempt. The reverse-path is left out: it holds
// a token.
func (s *Sender) report(d Delivery, result error, took time.Duration) {
	level, what := slog.LevelInfo, "sent"
	switch {
	case result == nil:
	case errors.Is(result, ErrWithdrawn):
		what = "withdrawn"
	case IsPermanent(result):
		level, what = slog.LevelWarn, "given up"
	default:
		level, what = slog.LevelWarn, "not sent, will be tried again"
	}
	attrs := []slog.Attr{
		slog.String("delivery", string(d.ID)), slog.String("to", d.Recipient.String()), slog.String("tenant", d.Tenant),
		slog.Uint64("case", uint64(d.Case)), slog.Int("attempt", d.Attempts), slog.Duration("took", took),
	}
	if result != nil && !errors.Is(result, ErrWithdrawn) {
		attrs = append(attrs, slog.String("error", CutTokens(result.Error())))
	}
	s.Log.LogAttrs(context.Background(), level, what, attrs...)
}

// sleep waits; false when ctx was done first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
