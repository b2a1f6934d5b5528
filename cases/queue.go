package cases

import (
	"context"
	"errors"
	"sync"
	"time"

	"casegate/mailer"
)

// dueQueue is what is known in memory about deliveries: the store holds them all,
// and after a crash this is empty. The zero value is ready.
type dueQueue struct {
	once sync.Once
	bell chan struct{} // something may be due

	mu    sync.Mutex
	fresh []mailer.Delivery // leased by the commit that made them
	turns int

	inFlight sync.Map // mailer.ID of what is leased and not finished
}

// maxFresh bounds the deliveries that wait in memory. Those beyond it come back
// from the store when their first retry is due.
const maxFresh = 10_000

func (q *dueQueue) rung() chan struct{} {
	q.once.Do(func() { q.bell = make(chan struct{}, 1) })
	return q.bell
}

func (q *dueQueue) ring() {
	select {
	case q.rung() <- struct{}{}:
	default: // somebody has rung already
	}
}

// offer hands on deliveries that a commit has just made, with their first attempt
// counted: that commit was their lease, and no other is needed.
func (q *dueQueue) offer(deliveries []*mailer.Delivery) {
	if len(deliveries) == 0 {
		return
	}
	q.mu.Lock()
	for _, delivery := range deliveries {
		if len(q.fresh) == maxFresh {
			break
		}
		q.fresh = append(q.fresh, *delivery)
		q.inFlight.Store(delivery.ID, true)
	}
	q.mu.Unlock()
	q.ring()
}

// take gives up to n fresh deliveries. Every 16th time it gives none, so that
// what has failed before gets its turn while new ones never cease.
func (q *dueQueue) take(n int) []mailer.Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turns++
	if n = min(n, len(q.fresh)); n == 0 || q.turns%16 == 0 {
		return nil
	}
	taken := q.fresh[:n:n]
	if q.fresh = q.fresh[n:]; len(q.fresh) == 0 {
		q.fresh = nil
	}
	return taken
}

func (q *dueQueue) waiting() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.fresh) > 0
}

// Lease gives out deliveries that are due, as mailer.Queue says.
func (d *Desk) Lease(ctx context.Context, n int) ([]mailer.Delivery, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if fresh := d.due.take(n); len(fresh) > 0 {
			return fresh, nil
		}
		ids, next, err := d.dueNow(ctx, n)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			leased, err := d.lease(ctx, ids)
			if err != nil || len(leased) > 0 {
				return leased, err
			}
		}
		if len(ids) > 0 || d.due.waiting() {
			continue
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-d.due.rung():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// idlePoll bounds the wait for the next delivery, so that a clock that was set
// forward is noticed.
const idlePoll = time.Minute

// dueNow lists up to n deliveries that are due; if there is none, how long to wait.
func (d *Desk) dueNow(ctx context.Context, n int) (ids []mailer.ID, wait time.Duration, err error) {
	now := d.now()
	wait = idlePoll
	err = d.Store.View(ctx, func(tx Tx) error {
		ids = nil
		for delivery, err := range tx.Deliveries(mailer.Waiting) {
			if err != nil {
				return err
			}
			if delivery.Due.After(now) {
				wait = min(wait, delivery.Due.Sub(now))
				return nil
			}
			if _, busy := d.due.inFlight.Load(delivery.ID); busy {
				continue // its attempt has outlasted the retry time
			}
			if ids = append(ids, delivery.ID); len(ids) == n {
				return nil
			}
		}
		return nil
	})
	return ids, wait, err
}

// lease counts an attempt of each and sets the next due time, durably, before
// anything is dialled: a worker that dies costs one attempt and no delivery.
func (d *Desk) lease(ctx context.Context, ids []mailer.ID) ([]mailer.Delivery, error) {
	var leased []mailer.Delivery
	now := d.now()
	err := d.Store.Update(ctx, func(tx Tx) error {
		leased = nil
		for _, id := range ids {
			delivery, err := tx.Delivery(id)
			if errors.Is(err, ErrNotFound) || err == nil && (delivery.State != mailer.Waiting || delivery.Due.After(now)) {
				continue // another worker, or the operator, was quicker
			}
			if err != nil {
				return err
			}
			delivery.Attempts++
			delivery.Due = now.Add(mailer.RetryAfter(delivery.Attempts, id))
			if err := tx.PutDelivery(delivery); err != nil {
				return err
			}
			leased = append(leased, *delivery)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, delivery := range leased {
		d.due.inFlight.Store(delivery.ID, true)
	}
	return leased, nil
}

// Finish records what came of an attempt, as mailer.Queue says.
func (d *Desk) Finish(ctx context.Context, attempt mailer.Delivery, result error) error {
	now := d.now()
	defer d.due.inFlight.Delete(attempt.ID)
	return d.Store.UpdateSoon(ctx, func(tx Tx) error {
		delivery, err := tx.Delivery(attempt.ID)
		if err != nil || delivery.State != mailer.Waiting {
			return err // dropped by the operator meanwhile
		}
		judge(delivery, result, now)
		return tx.PutDelivery(delivery)
	})
}

// judge sets a delivery's state by the result of an attempt. One that may still
// succeed keeps the due time that the lease gave it.
func judge(delivery *mailer.Delivery, result error, now time.Time) {
	delivery.LastError = ""
	if result != nil {
		delivery.LastError = result.Error()
	}
	switch {
	case result == nil:
		delivery.State = mailer.Sent
	case errors.Is(result, mailer.ErrWithdrawn):
		delivery.State = mailer.Withdrawn
	case mailer.IsPermanent(result), now.Sub(delivery.Created) >= mailer.MaxAge:
		delivery.State = mailer.GivenUp
	default:
		if !delivery.Due.After(now) { // the attempt has outlasted its retry time
			delivery.Due = now.Add(mailer.RetryAfter(delivery.Attempts, delivery.ID))
		}
		return
	}
	delivery.Finished = now
}

// Deliveries lists up to limit deliveries of a state; limit 0 means all.
func (d *Desk) Deliveries(ctx context.Context, state mailer.DeliveryState, limit int) ([]*mailer.Delivery, error) {
	var list []*mailer.Delivery
	err := d.Store.View(ctx, func(tx Tx) error {
		list = nil
		for delivery, err := range tx.Deliveries(state) {
			if err != nil {
				return err
			}
			if list = append(list, delivery); len(list) == limit {
				break
			}
		}
		return nil
	})
	return list, err
}

// Delivery finds one delivery.
func (d *Desk) Delivery(ctx context.Context, id mailer.ID) (*mailer.Delivery, error) {
	var found *mailer.Delivery
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		found, err = tx.Delivery(id)
		return err
	})
	return found, notFound(err, "no delivery %s", id)
}

// Retry makes a delivery due now; one that had failed gets another chance.
func (d *Desk) Retry(ctx context.Context, id mailer.ID) (*mailer.Delivery, error) {
	defer d.due.ring()
	return d.changeDelivery(ctx, id, func(delivery *mailer.Delivery) error {
		if delivery.State != mailer.Waiting && delivery.State != mailer.GivenUp {
			return errorf(Conflict, "delivery %s is %s: only a waiting or failed one can be tried again", id, delivery.State)
		}
		delivery.State, delivery.Due, delivery.Finished = mailer.Waiting, d.now(), time.Time{}
		return nil
	})
}

// Drop takes a delivery out of the queue for good.
func (d *Desk) Drop(ctx context.Context, id mailer.ID) (*mailer.Delivery, error) {
	return d.changeDelivery(ctx, id, func(delivery *mailer.Delivery) error {
		if delivery.State != mailer.Waiting {
			return errorf(Conflict, "delivery %s is %s: only a waiting one can be dropped", id, delivery.State)
		}
		delivery.State, delivery.Finished = mailer.Dropped, d.now()
		return nil
	})
}

func (d *Desk) changeDelivery(ctx context.Context, id mailer.ID, change func(*mailer.Delivery) error) (*mailer.Delivery, error) {
	if _, busy := d.due.inFlight.Load(id); busy {
		return nil, errorf(Conflict, "delivery %s is being sent just now: look again in a minute", id)
	}
	var changed *mailer.Delivery
	err := d.Store.Update(ctx, func(tx Tx) error {
		delivery, err := tx.Delivery(id)
		if err != nil {
			return err
		}
		if err := change(delivery); err != nil {
			return err
		}
		changed = delivery
		return tx.PutDelivery(delivery)
	})
	return changed, notFound(err, "no delivery %s", id)
}
