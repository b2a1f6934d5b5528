package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// pipeline reads mails that come by no door: held ones that are released, and
// files that are to be explained. The reading is the doors' own.
type pipeline struct {
	read    func(context.Context, *mailer.Mail) error // ingest.Reader.Read
	newID   func() mailer.ID
	now     func() time.Time
	maxSize int64 // octets of a mail
}

// again reads a mail that was kept once more.
func (p *pipeline) again(ctx context.Context, desk *cases.Desk, record *cases.MailRecord) (*mailer.Mail, error) {
	m := &mailer.Mail{
		ID: record.ID, Received: record.Received, Door: record.Door, Envelope: record.Envelope, Identity: record.Identity,
		Sum: record.Sum, Raw: blob.Body{Ref: record.Blob, Size: record.Size},
	}
	if record.Blob == "" {
		raw, err := desk.Raw(ctx, record.ID)
		if err != nil {
			return nil, err
		}
		defer raw.Close()
		if m.Raw.Data, err = io.ReadAll(raw); err != nil {
			return nil, fmt.Errorf("read mail %s: %w", record.ID, err)
		}
	}
	if err := p.read(ctx, m); err != nil {
		return nil, fmt.Errorf("read mail %s again: %w", record.ID, err)
	}
	return m, nil
}

// explain decides the mail in r without writing anything.
func (p *pipeline) explain(ctx context.Context, desk *cases.Desk, q dryRun, r io.Reader) ([]*cases.MailRecord, error) {
	raw, err := io.ReadAll(io.LimitReader(r, p.maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	if int64(len(raw)) > p.maxSize {
		return nil, &cases.Error{Kind: cases.Invalid, Text: fmt.Sprintf("the mail is larger than smtp.max_size_mib allows (%d MiB): it would be refused with 552", p.maxSize>>20)}
	}
	raw = wireLines(raw)
	m := &mailer.Mail{ID: p.newID(), Received: p.now().UTC(), Door: "file", Sum: sha256.Sum256(raw),
		Raw: blob.Body{Data: raw, Size: int64(len(raw))}}
	m.Envelope = mailer.Envelope{Helo: "file", Remote: q.ip, Recipients: q.rcpt}
	if err := p.envelope(ctx, desk, q, m); err != nil {
		return nil, err
	}
	if len(m.Envelope.Recipients) == 0 {
		return nil, &cases.Error{Kind: cases.Invalid, Text: "the mail names no recipient: say which with --rcpt"}
	}
	if err := p.read(ctx, m); err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	return desk.Explain(ctx, m)
}

// envelope guesses from the header what was not said: the sender by From, the
// recipients by To and Cc as far as they are ours, or all of them if none is.
func (p *pipeline) envelope(ctx context.Context, desk *cases.Desk, q dryRun, m *mailer.Mail) error {
	if q.from != nil {
		m.Envelope.ReversePath = *q.from
	}
	if q.from != nil && len(q.rcpt) > 0 {
		return nil
	}
	// The mail is read once for its addresses and, as its sender is told by the
	// envelope, once more with that.
	if err := p.read(ctx, m); err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	if from := addresses(m.Message.From); q.from == nil && len(from) > 0 {
		m.Envelope.ReversePath = from[0]
	}
	if len(q.rcpt) > 0 {
		return nil
	}
	all := addresses(slices.Concat(m.Message.To, m.Message.Cc))
	for _, a := range all {
		if desk.Check(ctx, &m.Envelope, a).Verdict == mailer.Accepted {
			m.Envelope.Recipients = append(m.Envelope.Recipients, a)
		}
	}
	if len(m.Envelope.Recipients) == 0 {
		m.Envelope.Recipients = all
	}
	return nil
}

// addresses leaves out names, and mailboxes whose address could not be read.
func addresses(boxes []mailer.Mailbox) (all []mailer.Address) {
	for _, box := range boxes {
		if !box.Email.IsZero() {
			all = append(all, box.Email)
		}
	}
	return all
}

// wireLines gives a file the line ends that it would have on the wire: there a bare
// LF is refused.
func wireLines(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}
