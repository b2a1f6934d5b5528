package cases

import (
	"context"
	"errors"
	"slices"
	"time"

	"casegate/mailer"
)

// countExactly is how many more held mails than are listed are read to count
// them, as some may be hidden; of a flood those beyond it are counted unread.
const countExactly = 1000

// Waiting lists the mails of a reseller on which its agents may decide, the
// oldest first; limit 0 means all. total is how many there are. What only the
// operator decides on is in Desk.Waiting.
func Waiting(tx Tx, r ResellerID, now time.Time, limit int) (list []*MailRecord, total int, err error) {
	dir, err := tx.Directory()
	if err != nil {
		return nil, 0, err
	}
	ids, err := waitingIDs(tx, r)
	if err != nil {
		return nil, 0, err
	}
	for i, id := range ids {
		if limit > 0 && total >= limit+countExactly {
			return list, total + len(ids) - i, nil
		}
		m, err := tx.Mail(id)
		if err != nil {
			return nil, 0, err
		}
		c, err := heldCase(tx, dir, m, now)
		if err != nil {
			return nil, 0, err
		}
		if m.Held.hidden(dir, c, now) {
			continue
		}
		if total++; limit == 0 || total <= limit {
			list = append(list, m)
		}
	}
	return list, total, nil
}

// waitingIDs lists the held and the failed mails, the oldest first; where resellers
// are named, only those that wait for their people.
func waitingIDs(tx Tx, of ...ResellerID) ([]mailer.ID, error) {
	var ids []mailer.ID
	for _, status := range []MailStatus{MailHeld, MailFailed} {
		for id, err := range tx.Mails(status, of...) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids) // by the time they were made
	return ids, nil
}

// digestHour is when a reseller's people are told what is held, in its zone.
const digestHour = 8

// digest is one mail of the day that is yet to be made.
type digest struct {
	reseller *Reseller
	person   *Person
	key      LedgerKey
	oldest   mailer.ID
}

// Digest has the people who answer for each reseller told what was held before
// eight o'clock today, in the reseller's zone, and still is: its agents or, where
// it has none, its administrators. It may be called at any time and as often as
// one likes: everybody gets one a day. It returns how many it made.
func (d *Desk) Digest(ctx context.Context, now time.Time) (int, error) {
	if d.Audience == nil {
		return 0, nil
	}
	var due []digest
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		due, err = d.digestsDue(tx, now)
		return err
	})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	var made []*mailer.Delivery
	err = d.Store.Update(ctx, func(tx Tx) error {
		made = nil
		for _, g := range due {
			if _, err := tx.Recall(g.key); !errors.Is(err, ErrNotFound) {
				if err != nil {
					return err
				}
				continue // another call was quicker
			}
			delivery := &mailer.Delivery{ID: d.newID(), Kind: mailer.DigestKind, Recipient: g.person.Mailbox(), Person: g.person.ID, Tenant: string(g.reseller.ID)}
			fresh(delivery, now.UTC())
			if err := errors.Join(tx.PutDelivery(delivery), tx.Remember(g.key, g.oldest, now)); err != nil {
				return err
			}
			made = append(made, delivery)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	d.due.offer(made)
	return len(made), nil
}

// digestsDue lists who has not had today's digest and has something to read in it.
func (d *Desk) digestsDue(tx Tx, now time.Time) ([]digest, error) {
	dir, err := tx.Directory()
	if err != nil {
		return nil, err
	}
	var due []digest
	for i := range dir.Resellers {
		r := &dir.Resellers[i]
		zone, err := time.LoadLocation(r.Zone)
		if err != nil {
			zone = time.UTC
		}
		y, m, day := now.In(zone).Date()
		since := time.Date(y, m, day, digestHour, 0, 0, 0, zone)
		if now.Before(since) {
			continue
		}
		wanted, err := d.unread(tx, dir, r, since)
		if err != nil {
			return nil, err
		}
		if len(wanted) == 0 {
			continue
		}
		oldest, _, err := Waiting(tx, r.ID, now, 1)
		if err != nil {
			return nil, err
		}
		if len(oldest) == 0 || !oldest[0].Held.Since.Before(since) {
			continue // what is held since is for tomorrow: it has just been told
		}
		for _, g := range wanted {
			g.oldest = oldest[0].ID
			due = append(due, g)
		}
	}
	return due, nil
}

// unread lists who gets a reseller's digests and has not had that of a day.
func (d *Desk) unread(tx Tx, dir *Directory, r *Reseller, day time.Time) ([]digest, error) {
	var all []digest
	for _, p := range digestReaders(dir, r.ID) {
		key := stateKey("digest", string(r.ID), p.ID, day.Format(time.DateOnly))
		if _, err := tx.Recall(key); err == nil {
			continue
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if d.router(dir).readsMail(p.Mailbox()) {
			all = append(all, digest{reseller: r, person: p, key: key})
		}
	}
	return all, nil
}

// digestReaders lists the agents of a reseller or, where it has none, its
// administrators.
func digestReaders(dir *Directory, r ResellerID) []*Person {
	if agents := dir.Agents(r); len(agents) > 0 {
		return agents
	}
	var admins []*Person
	for i := range dir.People {
		if a := dir.AccountIn(&dir.People[i], r); a != nil && a.Has(RoleResellerAdmin) {
			admins = append(admins, &dir.People[i])
		}
	}
	return admins
}

// ReadsDigest tells whether somebody is to be told what a reseller holds.
func ReadsDigest(dir *Directory, r ResellerID, p *Person) bool {
	return p != nil && slices.Contains(digestReaders(dir, r), p)
}

// HeldAge counts the mails on which somebody has yet to decide, and says since
// when the oldest waits; zero if there is none. It reads one record.
func (d *Desk) HeldAge(ctx context.Context) (count int, oldest time.Time, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		ids, err := waitingIDs(tx)
		if count, oldest = len(ids), (time.Time{}); err != nil || count == 0 {
			return err
		}
		r, err := tx.Mail(ids[0])
		if err != nil {
			return err
		}
		if oldest = r.Received; r.Held != nil {
			oldest = r.Held.Since
		}
		return nil
	})
	return count, oldest, err
}
