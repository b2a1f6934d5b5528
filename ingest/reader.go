package ingest

import (
	"bytes"
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
	// Verify sets Identity and Auth of a mail by its raw header and body; nil:
	// nobody can tell who wrote it. An error means that the body could not be
	// read; *verify.Verifier has it.
	Verify func(ctx context.Context, m *mailer.Mail, h header.Header, body io.Reader) error
	// Scan has the content checked, and may be slow; nil: nothing is. An error
	// asks for a later try. *scan.Scanners has it.
	Scan func(ctx context.Context, m *mailer.Mail, open func() (io.ReadCloser, error)) ([]mailer.Scan, error)
	// Budget bounds the octets of raw mail that are being read at once, over
	// all goroutines; 0: DefaultBudget. A mail larger than that waits until it
	// is the only one. Of a large mail only so much counts as is ever held.
	Budget int64

	once sync.Once
	room *semaphore.Weighted
}

// Read fills Message, Identity, Auth and Scans of a mail whose other fields are
// set. It waits until there is room in the budget. A mail that makes no sense is
// no error, its Message says so; an error means that the bytes could not be had,
// that a content check asks for a later try, or that ctx was done first: trying
// again may help.
func (r *Reader) Read(ctx context.Context, m *mailer.Mail) error { return r.ReadFrom(ctx, m, r.Blobs) }

// ReadFrom is Read for a mail whose bytes, where they are not in memory, are in
// another store than Blobs.
func (r *Reader) ReadFrom(ctx context.Context, m *mailer.Mail, blobs blob.Store) error {
	if err := r.read(ctx, m, blobs); err != nil {
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

// read opens the mail where it is, and has it read, verified and checked. Only
// the first needs memory; the others wait for DNS and for servers.
func (r *Reader) read(ctx context.Context, m *mailer.Mail, blobs blob.Store) error {
	src := parse.Bytes(m.Raw.Data)
	var raw io.ReaderAt = bytes.NewReader(m.Raw.Data)
	if m.Raw.Ref != "" {
		if blobs == nil {
			return errNoStore
		}
		f, err := blobs.Open(m.Raw.Ref)
		if err != nil {
			return err
		}
		defer f.Close()
		src, raw = parse.File(f, m.Raw.Size), f
	}
	h, err := r.parse(ctx, m, src)
	if err == nil {
		err = r.verify(ctx, m, h, raw)
	}
	if err != nil {
		return fmt.Errorf("%d octets %s: %w", m.Raw.Size, m.Raw.Ref, err)
	}
	if r.Scan == nil {
		return nil
	}
	m.Scans, err = r.Scan(ctx, m, func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(raw, int64(m.Own), m.Raw.Size-int64(m.Own))), nil
	})
	return err
}

// parse reads what the mail says, within the budget.
func (r *Reader) parse(ctx context.Context, m *mailer.Mail, src *parse.Source) (header.Header, error) {
	r.once.Do(func() { r.room = semaphore.NewWeighted(r.budget()) })
	weight := min(m.Raw.Size, maxHeld, r.budget())
	if err := r.room.Acquire(ctx, weight); err != nil {
		return header.Header{}, fmt.Errorf("wait for room: %w", err)
	}
	defer r.room.Release(weight)
	m.Message = src.Message()
	h := src.Header()
	return h, src.Err()
}

// verify keeps a panic over hostile bytes from ending more than this mail
// (T63): it becomes a failed one, of which nothing is believed.
func (r *Reader) verify(ctx context.Context, m *mailer.Mail, h header.Header, raw io.ReaderAt) error {
	m.Identity, m.Auth = mailer.Identity{Why: "nothing here verifies senders"}, mailer.Auth{}
	if r.Verify == nil {
		return nil
	}
	defer func() {
		if cause := recover(); cause != nil {
			m.Identity, m.Auth = mailer.Identity{Why: "finding out the sender broke down"}, mailer.Auth{}
			m.Message.Failure = fmt.Sprintf("finding out the sender broke down: %.200v", cause)
		}
	}()
	return r.Verify(ctx, m, h, io.NewSectionReader(raw, int64(h.Body), m.Raw.Size-int64(h.Body)))
}

func (r *Reader) budget() int64 {
	if r.Budget > 0 {
		return r.Budget
	}
	return DefaultBudget
}

var errNoStore = errors.New("no blob store to open it from")
