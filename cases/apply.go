package cases

import (
	"fmt"

	"casegate/mailer"
)

// Audience says which participants of a case, by number, are to hear of events.
// The case is as it will be after them. cases/notify has the one we use.
type Audience func(d *Directory, c *Case, events []Event) []uint16

// change is what happens to one case in one atomic group: written together, one
// notice to each who hears of it.
type change struct {
	c          *Case
	created    bool
	events     []Event
	deliveries []*mailer.Delivery
	messageID  string // of the mail, to thread later replies by
}

// record appends an event to the change and numbers it.
func (ch *change) record(e Event) {
	ch.c.Events++
	ch.c.Updated = e.Time
	e.Seq = ch.c.Events
	ch.events = append(ch.events, e)
}

// tell makes the deliveries for the events of the change. Their first attempt is
// counted and the next set with them: the commit that stores them is their lease.
func (ch *change) tell(dir *Directory, inform Audience, newID func() mailer.ID) {
	if inform == nil || len(ch.events) == 0 {
		return
	}
	for _, no := range inform(dir, ch.c, ch.events) {
		p := ch.c.Participant(no)
		if p == nil {
			continue
		}
		id := newID()
		ch.deliveries = append(ch.deliveries, &mailer.Delivery{
			ID: id, Recipient: p.mailbox(dir), Tenant: string(ch.c.ID.Reseller), Case: ch.c.ID.N, Participant: no,
			First: ch.events[0].Seq, Last: ch.events[len(ch.events)-1].Seq,
			State: mailer.Waiting, Created: ch.c.Updated, Attempts: 1, Due: ch.c.Updated.Add(mailer.RetryAfter(1, id)),
		})
	}
}

// mailbox is where a participant reads mail now: the directory may have changed
// since the case was shared.
func (p *Participant) mailbox(dir *Directory) mailer.Address {
	if person := dir.Person(p.Person); person != nil {
		return person.Mailbox()
	}
	return p.Address
}

// join adds a participant, or gives the one who is there already.
func (c *Case) join(p Participant) (entry *Participant, added bool) {
	for i := range c.Participants {
		old := &c.Participants[i]
		if old.Active() && (p.Person != "" && old.Person == p.Person || old.Address.Is(p.Address)) {
			return old, false
		}
	}
	p.No = uint16(len(c.Participants) + 1)
	c.Participants = append(c.Participants, p)
	return &c.Participants[len(c.Participants)-1], true
}

// write stores a change.
func (ch *change) write(tx Tx) error {
	store := tx.PutCase
	if ch.created {
		store = tx.CreateCase
	}
	if err := store(ch.c); err != nil {
		return err
	}
	for i := range ch.events {
		if err := tx.Append(ch.c.ID, &ch.events[i]); err != nil {
			return err
		}
	}
	for _, delivery := range ch.deliveries {
		if err := tx.PutDelivery(delivery); err != nil {
			return err
		}
	}
	if ch.messageID != "" {
		return tx.SetThread(ch.c.ID.Reseller, ch.messageID, ch.c.ID)
	}
	return nil
}

// keepsBytes tells that the part needs the raw mail: it is new, and not refused.
// To a front hop a refused mail is taken (design 2.5), so it is there to be looked
// at for as long as its decision is.
func (p *part) keepsBytes() bool {
	return !p.stored && (p.record.Status != MailRefused || p.record.Envelope.FrontHop)
}

// rest stores what a part does besides its mail.
func (p *part) rest(tx Tx) error {
	for _, delivery := range p.deliveries {
		if delivery.Mail == "" { // this one, whose id was not known
			delivery.Mail = p.record.ID
		}
		if err := tx.PutDelivery(delivery); err != nil {
			return err
		}
	}
	for _, key := range p.remember {
		if err := tx.Remember(key, p.record.ID, p.record.Received); err != nil {
			return err
		}
	}
	if p.blocks != nil {
		if err := tx.SetBlocks(p.record.Reseller, p.blocks); err != nil {
			return err
		}
	}
	if p.erase && p.erased == "" {
		return tx.PutRaw(p.record.ID, nil)
	}
	return nil
}

// write stores what one tenant keeps of a mail; raw is the mail's bytes, unless
// they are in a blob. Of a refused mail only the decision is kept, and it is no
// mail that was taken.
func (p *part) write(tx Tx, raw []byte) error {
	for _, ch := range p.changes {
		if err := ch.write(tx); err != nil {
			return err
		}
	}
	if !p.stored {
		// An id that is taken would lay this mail over another one.
		if _, err := tx.Mail(p.record.ID); err == nil {
			return fmt.Errorf("mail id %s is taken: has the clock been set back?", p.record.ID)
		}
	}
	if err := tx.PutMail(p.record); err != nil {
		return err
	}
	if err := p.rest(tx); err != nil || !p.keepsBytes() {
		return err
	}
	if p.record.Blob == "" {
		if err := tx.PutRaw(p.record.ID, append([]byte{}, raw...)); err != nil {
			return err
		}
	}
	if p.record.Status == MailRefused {
		return nil
	}
	return tx.Remember(p.ledger, p.record.ID, p.record.Received)
}
