package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/semaphore"

	"casegate/ingest/parse"
	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// DefaultBudget is how many octets of raw mail are read at once by default.
const DefaultBudget = 64 << 20

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
	// is the only one.
	Budget int64

	once sync.Once
	room *semaphore.Weighted
}

// Read fills Message and Identity of a mail whose other fields are set. It
// waits until there is room in the budget. A mail that makes no sense is no
// error, its Message says so; an error means that the bytes could not be had,
// or that ctx was done first, and that trying again may help.
func (r *Reader) Read(ctx context.Context, m *mailer.Mail) error {
	r.once.Do(func() { r.room = semaphore.NewWeighted(r.budget()) })
	weight := min(m.Raw.Size, r.budget())
	if err := r.room.Acquire(ctx, weight); err != nil {
		return fmt.Errorf("wait to read mail %s: %w", m.ID, err)
	}
	defer r.room.Release(weight)
	raw, err := r.bytes(m.Raw)
	if err != nil {
		return fmt.Errorf("read mail %s: %w", m.ID, err)
	}
	m.Message = parse.Read(raw)
	r.identify(m, raw)
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

// identify keeps a panic over hostile bytes from ending more than this mail
// (T63): it becomes a failed one, of which nothing is believed.
func (r *Reader) identify(m *mailer.Mail, raw []byte) {
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
	m.Identity = r.Identify(&m.Envelope, header.Read(raw))
}

func (r *Reader) budget() int64 {
	if r.Budget > 0 {
		return r.Budget
	}
	return DefaultBudget
}

var errNoStore = errors.New("no blob store to open it from")

// bytes gives the whole of a body. One in memory is not copied.
func (r *Reader) bytes(b blob.Body) ([]byte, error) {
	if b.Ref == "" {
		return b.Data, nil
	}
	if r.Blobs == nil {
		return nil, errNoStore
	}
	f, err := b.Open(r.Blobs)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw := make([]byte, b.Size)
	if _, err := io.ReadFull(f, raw); err != nil {
		return nil, fmt.Errorf("blob %s holds less than its %d octets: %w", b.Ref, b.Size, err)
	}
	return raw, nil
}
