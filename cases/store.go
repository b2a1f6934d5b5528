package cases

import (
	"context"
	"errors"
	"iter"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// Store keeps everything casegate knows. An Update is atomic and durable when
// it returns nil. Its function may be run more than once, concurrently with
// nothing else that writes, so it must have no effect outside the transaction;
// when it returns an error, or panics, nothing of it remains; it must not end its
// goroutine (runtime.Goexit, testing.T.FailNow). A View sees one
// consistent state. Neither may use its Tx, or what an iterator gave it, after
// it has returned.
type Store interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
	// UpdateSoon is Update for what nobody waits for: while others write, it may
	// take some milliseconds longer, to share a commit with them.
	UpdateSoon(ctx context.Context, f func(Tx) error) error
}

// Errors of a Store; match them with errors.Is.
var (
	// ErrNotFound: what was asked for is not there.
	ErrNotFound = errors.New("not found")
	// ErrReadOnly: a View tried to write.
	ErrReadOnly = errors.New("read-only transaction")
	// ErrFull: the disk is full. Nothing was written.
	ErrFull = errors.New("no room in the store")
	// ErrBroken: a sync failed, so that what is on disk is not known. Every
	// later Update gives it too: the daemon has to stop and verify.
	ErrBroken = errors.New("store is broken: a write to disk failed")
)

// Tx is a transaction, in terms of what casegate knows about. Values it returns
// belong to the caller, but for the Directory, which is shared: read only.
type Tx interface {
	// Directory gives the directory last set; an empty one at first.
	Directory() (*Directory, error)
	SetDirectory(*Directory) error

	// NextCase is the number the reseller's next case will get, counted from 1.
	NextCase(ResellerID) (uint32, error)
	// CreateCase stores a new case. Its ID.N must be what NextCase gives.
	CreateCase(*Case) error
	Case(CaseID) (*Case, error)
	// CaseByNumber finds a case by the number people use, in upper case.
	CaseByNumber(ResellerID, string) (*Case, error)
	PutCase(*Case) error
	// Cases lists the cases of a reseller, the last updated first (R33), equal times
	// by number descending.
	Cases(ResellerID) iter.Seq2[*Case, error]

	// Append adds an event to a history. Its Seq must be the next one.
	Append(CaseID, *Event) error
	// History gives the events first to last, both included; last 0: to the end.
	History(id CaseID, first, last int) ([]Event, error)

	// PutMail stores or replaces a mail's record.
	PutMail(*MailRecord) error
	Mail(mailer.ID) (*MailRecord, error)
	// Mails lists the mails of a status, the newest first; "": all. It reads no
	// records, so that counting is cheap, but for MailFiled. Where resellers are
	// named, it lists those that wait for their people; see MailRecord.WaitsFor.
	Mails(status MailStatus, of ...ResellerID) iter.Seq2[mailer.ID, error]
	// PutRaw stores a small raw mail (see blob.InlineLimit); nil erases it.
	PutRaw(mailer.ID, []byte) error
	Raw(mailer.ID) ([]byte, error)

	// Remember enters a mail into the ledger under a key; Recall finds it again.
	Remember(LedgerKey, mailer.ID, time.Time) error
	Recall(LedgerKey) (mailer.ID, error)

	// SetThread ties a foreign Message-ID to a case of this reseller; Thread finds
	// it. The first to do so keeps it: while the case it leads to exists, SetThread
	// for another case changes nothing.
	SetThread(ResellerID, string, CaseID) error
	Thread(ResellerID, string) (CaseID, error)

	// PutDelivery stores or replaces a delivery; a Waiting one is indexed by Due.
	PutDelivery(*mailer.Delivery) error
	Delivery(mailer.ID) (*mailer.Delivery, error)
	// Deliveries lists the deliveries of a state: waiting ones by Due, the
	// earliest first, others by ID, the newest first.
	Deliveries(mailer.DeliveryState) iter.Seq2[*mailer.Delivery, error]

	// Blocks gives a reseller's block list as it was last set, none at first.
	Blocks(ResellerID) ([]Block, error)
	SetBlocks(ResellerID, []Block) error

	// Prune forgets ledger entries, finished deliveries and refused mail that are
	// older than a time, at most n of each; it returns how many it forgot, and
	// the blobs that nothing refers to any more. It may leave some for a few days
	// longer.
	Prune(before time.Time, n int) (int, []blob.Ref, error)
}

// LedgerKey tells a mail that was taken before: a digest of tenant, reverse-path
// and the bytes below our own trace headers. It leads to the mail's record, which
// has the recipients (design 2.3).
type LedgerKey [16]byte
