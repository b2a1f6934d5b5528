package cases

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"casegate/mailer"
)

// finish completes a change with its notices and makes it part of the decision.
func (t *tenantDecision) finish(ch *change) error {
	ch.tell(t.dir, t.inform, t.newID)
	if len(ch.deliveries) > 0 {
		if err := t.brake(ch); err != nil {
			return err
		}
	}
	t.part.changes = append(t.part.changes, ch)
	t.part.record.Cases = append(t.part.record.Cases, ch.c.ID)
	return nil
}

// brake puts the notices of a change off while a budget of its mail is spent
// (T86): each who would hear of it is told once, when the budget is good again,
// of all that has happened till then. A notice that may go tells of what was put
// off before it too, so that nobody reads an answer before the question.
func (t *tenantDecision) brake(ch *change) error {
	putOff, err := t.putOff(ch.c)
	if err != nil {
		return err
	}
	spent := t.spend(ch)
	for i, notice := range ch.deliveries {
		until := spent.until(ch, notice)
		old := putOff[notice.Participant]
		switch {
		case until.IsZero() && old != nil:
			notice.First = old.First
			old.State, old.Finished, old.LastError = mailer.Withdrawn, t.now, fmt.Sprintf("notice %s tells of it", notice.ID)
			delete(putOff, notice.Participant)
			ch.deliveries = append(ch.deliveries, old)
		case until.IsZero():
		case old != nil:
			old.Last, old.Recipient = notice.Last, notice.Recipient
			ch.deliveries[i] = old
		default:
			notice.Attempts, notice.Due = 0, until
			putOff[notice.Participant] = notice
		}
	}
	ch.c.Untold = nil
	for _, notice := range putOff {
		ch.c.Untold = append(ch.c.Untold, notice.ID)
	}
	slices.Sort(ch.c.Untold)
	return nil
}

// putOff fetches the notices of a case that were put off and still wait, by
// participant. One that has been tried is as it is: every attempt sends the same.
func (t *tenantDecision) putOff(c *Case) (map[uint16]*mailer.Delivery, error) {
	notices := map[uint16]*mailer.Delivery{}
	for _, id := range c.Untold {
		notice, err := t.tx.Delivery(id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if isPutOff(notice) {
			notices[notice.Participant] = notice
		}
	}
	return notices, nil
}

// isPutOff tells a notice that waits for the end of a brake.
func isPutOff(d *mailer.Delivery) bool { return d.State == mailer.Waiting && d.Attempts == 0 }

// leased are the deliveries whose first attempt was counted with the commit.
func leased(all []*mailer.Delivery) []*mailer.Delivery {
	return slices.DeleteFunc(slices.Clone(all), func(d *mailer.Delivery) bool { return d.State != mailer.Waiting || d.Attempts == 0 })
}

func (t *tenantDecision) traceNotices(ch *change) {
	for _, notice := range ch.deliveries {
		switch {
		case isPutOff(notice):
			t.trace.Effect("notice %s to %s, put off until %s", notice.ID, notice.Recipient, notice.Due.Format(time.RFC3339))
		case notice.State == mailer.Withdrawn:
			t.trace.Effect("notice %s withdrawn: %s", notice.ID, notice.LastError)
		default:
			t.trace.Effect("notice %s to %s", notice.ID, notice.Recipient)
		}
	}
}
