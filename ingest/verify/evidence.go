package verify

import (
	"context"
	"errors"
	"io"

	"casegate/ingest/parse/header"
	"casegate/ingest/verify/dmarc"
	"casegate/mailer"
	"casegate/mailer/arc"
	"casegate/mailer/dkim"
	"casegate/mailer/dns"
)

// evidence is what the methods found of one mail.
type evidence struct {
	signatures []dkim.Result
	chain      arc.Result
	front      frontHop
	dmarc      dmarc.Result
	spf        mailer.AuthSPF
	spfUnsure  bool   // it might have passed, had DNS said all
	doubled    string // field that the newest message signature of the chain does not cover, though another of its name; "" none
	aligned    string // domain that DKIM passed for and that stands for From where no DMARC record exists; "" none
}

// authenticate runs every method on a mail that nothing else vouches for.
func (v *Verifier) authenticate(ctx context.Context, m *mailer.Mail, h header.Header, body io.Reader) error {
	if v.DNS == nil {
		m.Identity.Why = "nothing is asked of DNS; nothing vouches for the sender"
		return nil
	}
	signed, err := signedMail(m, h, body)
	if err != nil {
		return err
	}
	patience := v.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	// From here on: to read a large body takes its time.
	ctx, cancel := dns.WithBudget(ctx, maxQuestions, patience)
	defer cancel()

	// What From's domain publishes is asked for first, and known from then on: keys,
	// chains and SPF anybody can make so slow that patience ends.
	e, from := &evidence{}, m.Identity.Address.Domain
	v.evaluate(ctx, e, from)
	e.signatures = dkim.Verify(ctx, signed, v.texts, v.now())
	if m.Envelope.FrontHop {
		e.front = v.readFrontHop(h)
		e.spf, e.spfUnsure = e.front.spf, e.front.spf.Result == string(dkim.TempError)
	}
	v.evaluate(ctx, e, from)
	e.chain = arc.Validate(ctx, signed, v.texts, v.now())
	if n := len(e.chain.Sets); n > 0 {
		e.doubled = dkim.Doubled(signed.Fields, e.chain.Sets[n-1].AMSSigned)
	}
	if !m.Envelope.FrontHop {
		e.spf, e.spfUnsure = v.spf(ctx, &m.Envelope)
		if e.spf.Result == pass && e.dmarc.Status != dmarc.Pass {
			v.evaluate(ctx, e, from)
		}
	}
	if from != "" {
		m.Identity = v.level(e, m.Identity)
		if id, ok := v.group(e, m.Identity, h); ok {
			m.Identity = id
		}
	}
	m.Auth = e.auth()
	return nil
}

// evaluate asks what the domain of From publishes about itself.
func (v *Verifier) evaluate(ctx context.Context, e *evidence, from string) {
	q := dmarc.Query{From: from}
	if e.spf.Result == pass {
		q.SPF = e.spf.Domain
	}
	for _, s := range e.signatures {
		if s.Status == dkim.Pass {
			q.DKIM = append(q.DKIM, s.Domain)
		}
	}
	q.DKIM = append(q.DKIM, e.front.dkim...)
	e.dmarc = dmarc.Evaluate(ctx, q, v.published)
	if e.dmarc.Domain == "" {
		e.dmarc.Domain = from
	}
	if e.dmarc.Status == dmarc.None {
		e.aligned = dmarc.Aligned(from, q.DKIM...)
	}
}

// signedMail prepares a mail for DKIM and ARC. Our own trace header is not part of
// what was signed.
func signedMail(m *mailer.Mail, h header.Header, body io.Reader) (*dkim.Mail, error) {
	signed := &dkim.Mail{}
	own := m.Own
	for _, f := range h.Fields {
		if own > 0 {
			own -= len(f.Raw)
			continue
		}
		signed.Fields = append(signed.Fields, dkim.Field{Name: f.Name, Raw: f.Raw})
	}
	var err error
	signed.Body, err = dkim.HashBody(body, dkim.Asked(signed.Fields))
	return signed, err
}

// texts is the look-up of keys: no such name and no such record are the same.
func (v *Verifier) texts(ctx context.Context, name string) ([]string, error) {
	texts, err := v.DNS.TXT(ctx, name)
	if errors.Is(err, dns.ErrNoName) {
		return nil, nil
	}
	return texts, err
}

// published is the look-up of policies, to which a name that does not exist is
// another thing than one that publishes nothing (np, RFC 9989).
func (v *Verifier) published(ctx context.Context, name string) ([]string, error) {
	texts, err := v.DNS.TXT(ctx, name)
	if errors.Is(err, dns.ErrNoName) {
		return nil, dmarc.ErrNoName
	}
	return texts, err
}

// auth puts the evidence into words.
func (e *evidence) auth() mailer.Auth {
	a := mailer.Auth{
		SPF:   e.spf,
		DMARC: mailer.AuthDMARC{Result: string(e.dmarc.Status), Policy: string(e.dmarc.Policy), Domain: e.dmarc.Domain, Reason: e.dmarc.Reason},
		ARC:   mailer.AuthARC{CV: string(e.chain.CV), Reason: e.chain.Reason},
	}
	for _, s := range e.signatures {
		a.DKIM = append(a.DKIM, mailer.AuthDKIM{Domain: s.Domain, Selector: s.Selector, Result: string(s.Status), Reason: s.Reason})
	}
	for _, set := range e.chain.Sets {
		a.ARC.Sealers = append(a.ARC.Sealers, set.Domain)
	}
	return a
}
