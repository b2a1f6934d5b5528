package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"casegate/cases"
	"casegate/ingest"
	"casegate/ingest/parse"
	"casegate/ingest/parse/header"
	"casegate/ingest/verify"
	"casegate/mailer"
	"casegate/mailer/blob"
	"casegate/mailer/dns"
)

// pipeline is how all doors have a mail read. It also reads mails that come by no
// door: held ones that are released, and files that are to be explained.
type pipeline struct {
	reader   *ingest.Reader
	known    *ingest.Reader // for mails whose sender is known already
	verifier *verify.Verifier
	newID    func() mailer.ID
	now      func() time.Time
	fronts   []netip.Prefix // front hops, as the SMTP door has them
	maxSize  int64          // octets of a mail
}

// close ends what the pipeline has running.
func (p *pipeline) close() error {
	if p.verifier.DNS == nil {
		return nil
	}
	return p.verifier.DNS.Close()
}

// as is the pipeline as it would be at another time, or with another DNS. The
// caller calls done when it is through.
func (p *pipeline) as(q dryRun) (changed *pipeline, done func()) {
	v, other := *p.verifier, *p
	done = func() {}
	if !q.at.IsZero() {
		v.Now = func() time.Time { return q.at }
		other.now = v.Now
	}
	if q.resolver != "" {
		v.DNS = &dns.Resolver{Servers: []string{q.resolver}}
		done = func() { v.DNS.Close() }
	}
	other.verifier = &v
	other.reader = &ingest.Reader{Blobs: p.reader.Blobs, Verify: v.Verify, Scan: p.reader.Scan}
	return &other, done
}

// explanation is what explain says of a mail that has not come.
type explanation struct {
	Auth     *authAnswer         `json:"auth"` // null: the mail could not be read
	Records  []*cases.MailRecord `json:"records"`
	Decision string              `json:"decision"` // why there are no records
}

// authAnswer is who wrote a mail, and what that follows from.
type authAnswer struct {
	mailer.Auth
	Identity mailer.Identity `json:"identity"`
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
	if err := p.known.Read(ctx, m); err != nil {
		return nil, fmt.Errorf("read mail %s again: %w", record.ID, err)
	}
	m.Identity, m.Auth, m.Scans = record.Identity, record.Auth, record.Scans
	return m, nil
}

// explain reads and decides the mail in r without writing anything that stays.
func (p *pipeline) explain(ctx context.Context, desk *cases.Desk, q dryRun, r io.Reader) (x *explanation, err error) {
	scratch, err := os.MkdirTemp("", "casegate-mail-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	store := &blob.Local{Dir: scratch}
	m := &mailer.Mail{ID: p.newID(), Received: p.now().UTC(), Door: "file"}
	m.Envelope = mailer.Envelope{Helo: q.helo, Remote: q.ip, Recipients: q.rcpt}
	m.Envelope.FrontHop = slices.ContainsFunc(p.fronts, func(n netip.Prefix) bool { return n.Contains(q.ip.Unmap()) })
	if err := p.spool(m, store, r); err != nil {
		return nil, err
	}
	raw, err := m.Raw.Open(store)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	envelope(ctx, desk, q, m, parse.File(raw, m.Raw.Size).Header())
	if err := p.reader.ReadFrom(ctx, m, store); err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	x = &explanation{Auth: &authAnswer{m.Auth, m.Identity}}
	if len(m.Envelope.Recipients) == 0 {
		x.Decision = "the mail names no recipient: say which with --rcpt"
		return x, nil
	}
	x.Records, err = desk.Explain(ctx, m)
	return x, err
}

// spool takes in a mail as a door would: a small one in memory, with the line
// ends that it would have on the wire, where a bare LF is refused.
func (p *pipeline) spool(m *mailer.Mail, store blob.Store, r io.Reader) (err error) {
	spool := &blob.Spool{Store: store}
	defer spool.Abort()
	sum := sha256.New()
	n, err := io.Copy(&wireLines{w: io.MultiWriter(spool, sum)}, io.LimitReader(r, p.maxSize+1))
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	if n > p.maxSize {
		return &cases.Error{Kind: cases.Invalid, Text: fmt.Sprintf("the mail is larger than smtp.max_size_mib allows (%d MiB): it would be refused with 552", p.maxSize>>20)}
	}
	sum.Sum(m.Sum[:0])
	m.Raw, err = spool.Close()
	return err
}

// envelope guesses from the header what was not said: the sender, the
// recipients by To and Cc as far as they are ours, or all of them if none is.
func envelope(ctx context.Context, desk *cases.Desk, q dryRun, m *mailer.Mail, h header.Header) {
	if q.from != nil {
		m.Envelope.ReversePath = *q.from
	}
	if q.noFrom {
		m.Envelope.Helo = "" // what is no domain has no SPF, and HELO does not stand in for it
	}
	if q.from != nil && len(q.rcpt) > 0 {
		return
	}
	if q.from == nil {
		m.Envelope.ReversePath = reversePath(h)
	}
	if len(q.rcpt) > 0 {
		return
	}
	all := addresses(slices.Concat(header.Mailboxes(h, "To", ""), header.Mailboxes(h, "Cc", "")))
	for _, a := range all {
		if desk.Check(ctx, &m.Envelope, a).Verdict == mailer.Accepted {
			m.Envelope.Recipients = append(m.Envelope.Recipients, a)
		}
	}
	if len(m.Envelope.Recipients) == 0 {
		m.Envelope.Recipients = all
	}
}

// reversePath is what the last hop wrote (RFC 5321 4.4), or else the sender.
func reversePath(h header.Header) mailer.Address {
	from := addresses(header.Mailboxes(h, "From", ""))
	if h.Has("Return-Path") {
		from = addresses(header.Mailboxes(h, "Return-Path", "")) // none: the null reverse-path
	}
	if len(from) == 0 {
		return mailer.Address{}
	}
	return from[0]
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

// wireLines gives what is written to it the line ends that it would have on the
// wire, and writes that to w.
type wireLines struct {
	w   io.Writer
	out []byte
	cr  bool // the octet before was a CR
}

func (l *wireLines) Write(p []byte) (int, error) {
	l.out = l.out[:0]
	for _, c := range p {
		if c == '\n' && !l.cr {
			l.out = append(l.out, '\r')
		}
		l.out = append(l.out, c)
		l.cr = c == '\r'
	}
	if _, err := l.w.Write(l.out); err != nil {
		return 0, err
	}
	return len(p), nil
}
