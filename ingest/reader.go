package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"

	"casegate/ingest/parse"
	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// DefaultBudget is how many octets of raw mail are read at once by default.
const DefaultBudget = 64 << 20

// maxHeld is about as much of one mail as is in memory at once, however large it
// is: a window, and the texts or the packed part that is being opened.
const maxHeld = 8 << 20

// Reader turns the raw bytes of mails into what is decided upon. All doors of a
// process share one, so that the memory for reading does not grow with the
// number of connections. The zero Reader is ready for mails that are in memory;
// it must not be copied after its first use.
type Reader struct {
	// Blobs holds the mails that are not in memory.
	Blobs blob.Store
	// Identify tells who wrote a mail; nil: nobody can.
	Identify func(env *mailer.Envelope, h header.Header) mailer.Identity
	// Budget bounds the octets of raw mail that are being read at once, over
	// all goroutines; 0: DefaultBudget. A mail larger than that waits until it
	// is the only one. Of a large mail only so much counts as is ever held.
	Budget int64

	once sync.Once
	room *semaphore.Weighted
}

// Read fills Message and Identity of a mail whose other fields are set. It
// waits until there is room in the budget. A mail that makes no sense is no
// error, its Message says so; an error means that the bytes could not be had,
// or that ctx was done first, and that trying again may help.
func (r *Reader) Read(ctx context.Context, m *mailer.Mail) error { return r.ReadFrom(ctx, m, r.Blobs) }

// ReadFrom is Read for a mail whose bytes, where they are not in memory, are in
// another store than Blobs.
func (r *Reader) ReadFrom(ctx context.Context, m *mailer.Mail, blobs blob.Store) error {
	r.once.Do(func() { r.room = semaphore.NewWeighted(r.budget()) })
	weight := min(m.Raw.Size, maxHeld, r.budget())
	if err := r.room.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("wait to read mail %s: %w", m.ID, err)
	}
	defer r.room.Release(weight)
	if err := r.read(m, blobs); err != nil {
		return fmt.Errorf("read mail %s: %w", m.ID, err)
	}
	// RFC 3834 2, mail-traps E: no person sends with the null reverse-path. That
	// it is a bounce is known only where the mail says so itself.
	if m.Envelope.ReversePath.IsZero() {
		m.Message.Automatic = true
		if m.Message.Kind == mailer.KindPerson {
			m.Message.Kind = mailer.KindAuto
		}
	}
	return nil
}

// read has the mail read from where it is.
func (r *Reader) read(m *mailer.Mail, blobs blob.Store) error {
	src := parse.Bytes(m.Raw.Data)
	if m.Raw.Ref != "" {
		if blobs == nil {
			return errNoStore
		}
		f, err := blobs.Open(m.Raw.Ref)
		if err != nil {
			return err
		}
		defer f.Close()
		src = parse.File(f, m.Raw.Size)
	}
	m.Message = src.Message()
	r.identify(m, src)
	if err := src.Err(); err != nil {
		return fmt.Errorf("blob %s of %d octets: %w", m.Raw.Ref, m.Raw.Size, err)
	}
	return nil
}

// identify keeps a panic over hostile bytes from ending more than this mail
// (T63): it becomes a failed one, of which nothing is believed.
func (r *Reader) identify(m *mailer.Mail, src *parse.Source) {
	m.Identity = mailer.Identity{Why: "nothing here verifies senders"}
	if r.Identify == nil {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			m.Identity = mailer.Identity{Why: "finding out the sender broke down"}
			m.Message.Failure = fmt.Sprintf("finding out the sender broke down: %.200v", cause)
		}
	}()
	m.Identity = r.Identify(&m.Envelope, src.Header())
}

func (r *Reader) budget() int64 {
	if r.Budget > 0 {
		return r.Budget
	}
	return DefaultBudget
}

var errNoStore = errors.New("no blob store to open it from")
