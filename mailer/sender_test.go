package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeQueue hands out what is put into it and remembers what came back.
type fakeQueue struct {
	leaseErr  error
	finishErr func(try int) error // asked at each Finish of a delivery, from 1

	mu       sync.Mutex
	due      []Delivery
	arrived  chan struct{}
	asked    []int // n of each Lease
	leased   int
	tries    map[ID]int
	finished map[ID]error
}

func newFakeQueue(ids ...ID) *fakeQueue {
	q := &fakeQueue{arrived: make(chan struct{}, 1), tries: map[ID]int{}, finished: map[ID]error{}}
	q.put(ids...)
	return q
}

func (q *fakeQueue) put(ids ...ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		q.due = append(q.due, Delivery{ID: id, Recipient: Address{"anna", "corp.example"}, Tenant: "north", Case: 1042, Attempts: 1})
	}
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

func (q *fakeQueue) Lease(ctx context.Context, n int) ([]Delivery, error) {
	q.mu.Lock()
	q.asked = append(q.asked, n)
	err := q.leaseErr
	q.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for {
		q.mu.Lock()
		if k := min(n, len(q.due)); k > 0 {
			batch := slices.Clone(q.due[:k])
			q.due = q.due[k:]
			q.leased += k
			q.mu.Unlock()
			return batch, nil
		}
		q.mu.Unlock()
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *fakeQueue) Finish(ctx context.Context, d Delivery, result error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tries[d.ID]++
	if q.finishErr != nil {
		if err := q.finishErr(q.tries[d.ID]); err != nil {
			return err
		}
	}
	q.finished[d.ID] = result
	return nil
}

func (q *fakeQueue) counts() (leased, finished int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.leased, len(q.finished)
}

func (q *fakeQueue) result(t *testing.T, id ID) error {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	result, ok := q.finished[id]
	if !ok {
		t.Errorf("delivery %s was never finished", id)
	}
	return result
}

// fakeContent makes a mail for each delivery and counts the bodies left open.
type fakeContent struct {
	open func(d Delivery) (*Outgoing, error) // nil: a small mail

	mu         sync.Mutex
	bodies     int
	closeError error
}

type fakeBody struct {
	io.Reader
	c *fakeContent
}

func (b fakeBody) Close() error {
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	b.c.bodies--
	if b.c.closeError != nil && b.c.closeError.Error() == "panic" {
		panic(b.c.closeError)
	}
	return b.c.closeError
}

func (c *fakeContent) Open(_ context.Context, d Delivery) (*Outgoing, error) {
	if c.open != nil {
		if m, err := c.open(d); m == nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies++
	token := ring.Seal(Token{Purpose: PurposeReturnPath, Delivery: 5, Expires: noon})
	return &Outgoing{
		ID: d.ID, Recipient: d.Recipient, ReversePath: Address{"r-" + token, "north.example"},
		Header: []byte("Subject: secret subject\r\n"), Body: fakeBody{strings.NewReader("\r\nsecret body\r\n"), c},
	}, nil
}

type fakeTransport func(ctx context.Context, m *Outgoing) error

func (f fakeTransport) Send(ctx context.Context, m *Outgoing) error { return f(ctx, m) }

// world is a running Sender in a synctest bubble.
type world struct {
	queue   *fakeQueue
	content *fakeContent
	log     *bytes.Buffer // read it after stop
	stop    context.CancelFunc
	done    chan error
}

func startSender(q *fakeQueue, c *fakeContent, send fakeTransport) *world {
	w := &world{queue: q, content: c, log: &bytes.Buffer{}, done: make(chan error, 1)}
	s := &Sender{Queue: q, Content: c, Transport: send, Workers: 3, Log: slog.New(slog.NewTextHandler(w.log, nil))}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	go func() { w.done <- s.Run(ctx) }()
	return w
}

// end stops the sender and checks what must hold after every run.
func (w *world) end(t *testing.T) {
	t.Helper()
	w.stop()
	if err := <-w.done; err != nil {
		t.Errorf("Run: %v, want nil when nothing was cut off", err)
	}
	if w.content.bodies != 0 {
		t.Errorf("%d bodies were left open", w.content.bodies)
	}
	for _, secret := range []string{"secret", ring.Seal(Token{Purpose: PurposeReturnPath, Delivery: 5, Expires: noon})} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, w.log)
		}
	}
}

func TestSenderResults(t *testing.T) {
	temporary := errors.New("451 4.3.0 later")
	permanent := &PermanentError{Err: errors.New("550 5.1.1 no such user")}
	for _, c := range []struct {
		name       string
		open, send error
		want       error
		log        string
	}{
		{"success", nil, nil, nil, "msg=sent"},
		{"temporary", nil, temporary, temporary, "msg=\"not sent, will be tried again\""},
		{"permanent", nil, permanent, permanent, "msg=\"given up\""},
		{"permanent, wrapped", nil, fmt.Errorf("relay: %w", permanent), permanent, "msg=\"given up\""},
		{"withdrawn", ErrWithdrawn, nil, ErrWithdrawn, "msg=withdrawn"},
		{"content fails", temporary, nil, temporary, "will be tried again"},
		{"content fails for good", permanent, nil, permanent, "given up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				content := &fakeContent{}
				if c.open != nil {
					content.open = func(Delivery) (*Outgoing, error) { return nil, c.open }
				}
				w := startSender(newFakeQueue("d1"), content, func(context.Context, *Outgoing) error { return c.send })
				synctest.Wait()
				if got := w.queue.result(t, "d1"); !errors.Is(got, c.want) || IsPermanent(got) != IsPermanent(c.want) {
					t.Errorf("the queue was told %v, want %v", got, c.want)
				}
				w.end(t)
				for _, part := range []string{c.log, "delivery=d1", "to=anna@corp.example", "case=1042", "attempt=1"} {
					if strings.Count(w.log.String(), part) != 1 {
						t.Errorf("the log says %q not exactly once:\n%s", part, w.log)
					}
				}
			})
		})
	}
}

// The mail is handed to the transport as the content made it.
func TestSenderPassesTheMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got string
		w := startSender(newFakeQueue("d1"), &fakeContent{}, func(_ context.Context, m *Outgoing) error {
			body, err := io.ReadAll(m.Body)
			got = string(m.ID) + "|" + m.Recipient.String() + "|" + string(m.Header) + string(body)
			return err
		})
		synctest.Wait()
		if want := "d1|anna@corp.example|Subject: secret subject\r\n\r\nsecret body\r\n"; got != want {
			t.Errorf("the transport got %q, want %q", got, want)
		}
		w.end(t)
	})
}

func TestSenderRecoversPanics(t *testing.T) {
	permanent := &PermanentError{Err: errors.New("thrown")}
	for name, c := range map[string]struct {
		content *fakeContent
		send    fakeTransport
		sent    bool
	}{
		"content": {&fakeContent{open: func(Delivery) (*Outgoing, error) { panic("no template") }},
			func(context.Context, *Outgoing) error { return nil }, false},
		"transport":                  {&fakeContent{}, func(context.Context, *Outgoing) error { panic(permanent) }, false},
		"transport, quoting a token": {&fakeContent{}, func(_ context.Context, m *Outgoing) error { panic("550 " + m.ReversePath.String()) }, false},
		"content gives nothing": {&fakeContent{open: func(Delivery) (*Outgoing, error) { return nil, nil }},
			func(context.Context, *Outgoing) error { t.Error("sent nothing"); return nil }, false},
		// What was sent stays sent: a retry would be a second mail.
		"closing the body":       {&fakeContent{closeError: errors.New("panic")}, func(context.Context, *Outgoing) error { return nil }, true},
		"closing the body fails": {&fakeContent{closeError: errors.New("disk")}, func(context.Context, *Outgoing) error { return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := startSender(newFakeQueue("d1", "d2"), c.content, c.send)
				synctest.Wait()
				for _, id := range []ID{"d1", "d2"} {
					got := w.queue.result(t, id)
					if (got == nil) != c.sent || IsPermanent(got) || errors.Is(got, ErrWithdrawn) {
						t.Errorf("the queue was told %v of %s, want sent %v, and never given up", got, id, c.sent)
					}
				}
				w.end(t)
			})
		})
	}
}

func TestSenderShutdown(t *testing.T) {
	for _, c := range []struct {
		name    string
		takes   time.Duration // each Send
		cut     bool
		elapsed time.Duration
	}{
		{"in flight ends within the grace", 15 * time.Second, false, 15 * time.Second},
		{"in flight is cut off", time.Hour, true, defaultGrace},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := startSender(newFakeQueue("d1", "d2"), &fakeContent{}, func(ctx context.Context, _ *Outgoing) error {
					select {
					case <-time.After(c.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				synctest.Wait()
				began := time.Now()
				w.stop()
				w.queue.put("d3") // too late: must stay in the queue
				err := <-w.done
				if took := time.Since(began); took != c.elapsed {
					t.Errorf("Run ended after %v, want %v", took, c.elapsed)
				}
				if (err != nil) != c.cut || c.cut && !strings.Contains(err.Error(), "2 attempts") {
					t.Errorf("Run: %v, want cut off %v", err, c.cut)
				}
				for _, id := range []ID{"d1", "d2"} {
					if got := w.queue.result(t, id); c.cut != errors.Is(got, context.Canceled) || IsPermanent(got) {
						t.Errorf("the queue was told %v of %s, want canceled %v", got, id, c.cut)
					}
				}
				if w.queue.leased != 2 || w.content.bodies != 0 {
					t.Errorf("leased %d, want 2; %d bodies left open", w.queue.leased, w.content.bodies)
				}
			})
		})
	}
}

func TestSenderStopsWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startSender(newFakeQueue(), &fakeContent{}, nil)
		synctest.Wait()
		began := time.Now()
		w.end(t)
		if took := time.Since(began); took != 0 {
			t.Errorf("an idle sender took %v to stop, want none", took)
		}
	})
}

// One stuck destination keeps one worker, not the others; and no more is leased
// than there are idle workers.
func TestSenderSlowDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := newFakeQueue("slow")
		w := startSender(q, &fakeContent{}, func(_ context.Context, m *Outgoing) error {
			if m.ID == "slow" {
				<-release
			} else {
				time.Sleep(time.Second)
			}
			return nil
		})
		synctest.Wait()
		began := time.Now()
		for i := range 20 {
			q.put(ID(fmt.Sprintf("d%02d", i)))
		}
		synctest.Wait()
		if leased, _ := q.counts(); leased != 3 {
			t.Errorf("3 workers hold %d leases, want 3", leased)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if _, n := q.counts(); n != 20 {
			t.Errorf("%d of 20 deliveries were done after %v beside a stuck one, want all", n, time.Since(began))
		}
		close(release)
		w.end(t)
		for _, n := range q.asked {
			if n < 1 || n > 3 {
				t.Errorf("Lease was asked for %d with 3 workers", n)
			}
		}
	})
}

func TestSenderBacksOff(t *testing.T) {
	for name, broken := range map[string]error{"error": errors.New("store is broken"), "empty answer": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &brokenQueue{fakeQueue: newFakeQueue(), err: broken}
				ctx, cancel := context.WithCancel(t.Context())
				s := &Sender{Queue: q, Content: &fakeContent{}, Transport: fakeTransport(func(context.Context, *Outgoing) error { return nil }),
					Log: slog.New(slog.DiscardHandler)}
				done := make(chan error, 1)
				go func() { done <- s.Run(ctx) }()
				time.Sleep(time.Hour)
				synctest.Wait()
				q.mu.Lock()
				calls := q.calls
				q.works = true
				q.mu.Unlock()
				// 1, 2, 4, 8, 16, 32 s, then every minute.
				if calls < 60 || calls > 70 {
					t.Errorf("a broken queue was asked %d times in an hour, want 65 or so", calls)
				}
				q.put("d1")
				time.Sleep(maxLeasePause + time.Second)
				synctest.Wait()
				q.result(t, "d1")
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// brokenQueue answers Lease at once with its error and nothing, until it works.
type brokenQueue struct {
	*fakeQueue
	err   error
	calls int
	works bool
}

func (q *brokenQueue) Lease(ctx context.Context, n int) ([]Delivery, error) {
	q.mu.Lock()
	q.calls++
	works := q.works
	q.mu.Unlock()
	if !works {
		return nil, q.err
	}
	return q.fakeQueue.Lease(ctx, n)
}

func TestSenderRetriesFinish(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int
		recorded bool
	}{{"once", 1, true}, {"three times", 3, true}, {"for ever", 1 << 30, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				q := newFakeQueue("d1")
				q.finishErr = func(try int) error {
					if try <= c.failures {
						return errors.New("busy")
					}
					return nil
				}
				w := startSender(q, &fakeContent{}, func(context.Context, *Outgoing) error { sent++; return nil })
				time.Sleep(time.Minute)
				synctest.Wait()
				_, recorded := q.finished["d1"]
				if recorded != c.recorded || sent != 1 {
					t.Errorf("recorded %v, want %v; sent %d times, want once", recorded, c.recorded, sent)
				}
				if q.tries["d1"] > 4 {
					t.Errorf("Finish was called %d times, want a few", q.tries["d1"])
				}
				w.end(t)
				if lost := strings.Contains(w.log.String(), "cannot record the result of an attempt: it will be made again"); lost == c.recorded {
					t.Errorf("the log tells of a lost result: %v, want %v:\n%s", lost, !c.recorded, w.log)
				}
			})
		})
	}
}

// A hop may take ten minutes over its answer, longer than the first retry is
// away: the delivery must not go out a second time meanwhile.
func TestSenderDoesNotSendTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		q := newFakeQueue("d1")
		w := startSender(q, &fakeContent{}, func(context.Context, *Outgoing) error {
			sent++
			time.Sleep(10 * time.Minute)
			return nil
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		q.put("d1")
		time.Sleep(time.Hour)
		synctest.Wait()
		if sent != 1 || q.tries["d1"] != 1 {
			t.Errorf("sent %d times and finished %d times, want once each", sent, q.tries["d1"])
		}
		q.put("d1") // afterwards it may be sent again
		synctest.Wait()
		if sent != 2 {
			t.Errorf("a later lease was sent %d times in all, want 2", sent)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		w.end(t)
	})
}
