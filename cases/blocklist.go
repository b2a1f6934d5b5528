package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"casegate/mailer"
)

// Block is one entry of a reseller's block list: mail whose From or reverse-path
// matches is refused.
type Block struct {
	// Pattern is an address ("eve@evil.example"), a domain ("@evil.example") or the
	// subdomains of one (".evil.example"), in lower case.
	Pattern string    `json:"pattern"`
	By      string    `json:"by"` // who blocked it: "operator", or an address
	Since   time.Time `json:"since"`
	Why     string    `json:"why,omitempty"`
	// Note names customers' people whom it shuts out; Desk.Block finds out, and it is
	// not stored.
	Note string `json:"note,omitempty"`
}

// maxBlocks bounds a block list: it is read with every mail.
const maxBlocks = 1000

// matches tells whether an address is one that the entry is about.
func (b Block) matches(a mailer.Address) bool {
	switch {
	case a.IsZero():
		return false
	case strings.HasPrefix(b.Pattern, "@"):
		return b.Pattern[1:] == a.Domain
	case strings.HasPrefix(b.Pattern, "."):
		return strings.HasSuffix(a.Domain, b.Pattern)
	}
	return b.Pattern == a.Key().String()
}

// normalPattern gives the one form in which a pattern is kept.
func normalPattern(s string) (string, error) {
	s = strings.TrimSpace(s)
	// "*" may stand in a local part (RFC 5321 4.1.2), but nobody who writes it here means that.
	for _, wild := range []string{"*@*.", "*@", "*."} {
		if rest, ok := strings.CutPrefix(s, wild); ok {
			return "", errorf(Invalid, "%q: write %q instead", s, wild[len(wild)-1:]+rest)
		}
	}
	if strings.Contains(s, "*") {
		return "", errorf(Invalid, "%q: a part of a name cannot be left open: want an address, @domain, or .domain for its subdomains", s)
	}
	sign := ""
	if strings.HasPrefix(s, "@") || strings.HasPrefix(s, ".") {
		sign, s = s[:1], "x@"+s[1:]
	}
	a, err := mailer.ParseAddress(s)
	if err != nil {
		return "", errorf(Invalid, "%v: want an address, @domain, or .domain for its subdomains", err)
	}
	if sign != "" {
		return sign + a.Domain, nil
	}
	return a.Key().String(), nil
}

// Blocks gives a reseller's block list, in the order of the patterns.
func (d *Desk) Blocks(ctx context.Context, r ResellerID) ([]Block, error) {
	var list []Block
	err := d.Store.View(ctx, func(tx Tx) error {
		if _, err := resellerIn(tx, r); err != nil {
			return err
		}
		var err error
		list, err = tx.Blocks(r)
		return err
	})
	return list, err
}

// Block adds an entry to a reseller's block list; its Since is set, and kept has a
// Note for whoever asked. One that is there already stays as it is: added is false.
// Errors: NotFound, no such
// reseller; Invalid, not a pattern; Conflict, it would shut out the reseller's
// own people or an address of ours, or the list is full.
func (d *Desk) Block(ctx context.Context, r ResellerID, b Block) (kept Block, added bool, err error) {
	b.Since, b.Note = d.now(), ""
	if b.Pattern, err = normalPattern(b.Pattern); err != nil {
		return Block{}, false, err
	}
	err = d.Store.Update(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		var list []Block
		if list, added, err = d.router(dir).blocking(tx, r, b); err != nil {
			return err
		}
		i, _ := slices.BinarySearchFunc(list, b.Pattern, byPattern)
		kept = list[i]
		kept.Note = shutsOut(dir, r, b, d.now())
		if !added {
			return nil
		}
		return tx.SetBlocks(r, list)
	})
	return kept, added, err
}

// blocking gives a reseller's block list with an entry, whose pattern may be in
// any form, and stores nothing. added is false where it was there already.
func (r router) blocking(tx Tx, id ResellerID, b Block) (list []Block, added bool, err error) {
	if r.dir.Reseller(id) == nil {
		return nil, false, noReseller(id)
	}
	if b.Pattern, err = normalPattern(b.Pattern); err != nil {
		return nil, false, err
	}
	if own := r.shutOut(id, b); own != "" {
		return nil, false, errorf(Conflict, "%s would block %s: name other addresses", b.Pattern, own)
	}
	if list, err = tx.Blocks(id); err != nil {
		return nil, false, err
	}
	i, there := slices.BinarySearchFunc(list, b.Pattern, byPattern)
	if there {
		return list, false, nil
	}
	if len(list) >= maxBlocks {
		return nil, false, errorf(Conflict, "the block list of %s has %d entries, which is the most it can have: block whole domains", id, maxBlocks)
	}
	return slices.Insert(list, i, b), true, nil
}

func byPattern(b Block, pattern string) int { return strings.Compare(b.Pattern, pattern) }

// shutOut names somebody whom an entry must not block: the reseller's own people,
// and every address of ours; "" if there is none.
func (r router) shutOut(id ResellerID, b Block) string {
	for i := range r.dir.People {
		p := &r.dir.People[i]
		if r.dir.AccountIn(p, id) == nil {
			continue
		}
		for _, a := range p.addresses() {
			if b.matches(a) {
				return a.String() + " of " + p.ID
			}
		}
	}
	domains := []string{r.hostname}
	for _, other := range r.dir.Resellers {
		domains = append(domains, other.Domains...)
	}
	_, domain, _ := strings.Cut(b.Pattern, "@")
	for _, d := range domains {
		if domain == d || b.matches(mailer.Address{Local: "x", Domain: d}) {
			return "an address of ours, in " + d
		}
	}
	return ""
}

// shutsOut says which customers of a reseller an entry hits, for people; "" for
// none. That may be meant.
func shutsOut(dir *Directory, id ResellerID, b Block, now time.Time) string {
	var hit []string
	for i := range dir.Customers {
		c := &dir.Customers[i]
		if !c.ManagedBy(id, now) {
			continue
		}
		if b.matches(mailer.Address{Local: "x", Domain: c.Domain}) {
			hit = append(hit, fmt.Sprintf("everybody at the customer %s", c.Domain))
			continue
		}
		for _, a := range c.Contacts {
			if b.matches(a) {
				hit = append(hit, fmt.Sprintf("%s, a contact of %s", a, c.Domain))
			}
		}
		for _, a := range c.Monitoring {
			if b.matches(a) {
				hit = append(hit, fmt.Sprintf("%s, a monitoring sender of %s", a, c.Domain))
			}
		}
	}
	if len(hit) == 0 {
		return ""
	}
	const most = 3
	if more := len(hit) - most; more > 0 {
		hit = append(hit[:most], fmt.Sprintf("%d more", more))
	}
	return "blocks " + strings.Join(hit, "; ")
}

// addresses lists all that a person writes from.
func (p *Person) addresses() []mailer.Address {
	all := slices.Clone(p.Linked)
	for _, a := range p.Accounts {
		all = append(all, a.Address)
	}
	return all
}

// Unblock takes an entry off a reseller's block list. Errors: NotFound, no such
// reseller or entry; Invalid, not a pattern.
func (d *Desk) Unblock(ctx context.Context, r ResellerID, pattern string) error {
	pattern, err := normalPattern(pattern)
	if err != nil {
		return err
	}
	return d.Store.Update(ctx, func(tx Tx) error {
		if _, err := resellerIn(tx, r); err != nil {
			return err
		}
		list, err := tx.Blocks(r)
		if err != nil {
			return err
		}
		i, there := slices.BinarySearchFunc(list, pattern, byPattern)
		if !there {
			return errorf(NotFound, "%s is not on the block list of %s", pattern, r)
		}
		return tx.SetBlocks(r, slices.Delete(list, i, i+1))
	})
}

func resellerIn(tx Tx, id ResellerID) (*Reseller, error) {
	dir, err := tx.Directory()
	if err != nil {
		return nil, err
	}
	if r := dir.Reseller(id); r != nil {
		return r, nil
	}
	return nil, noReseller(id)
}

func noReseller(id ResellerID) error { return errorf(NotFound, "no reseller %q in the directory", id) }

// blocked looks for an entry of the tenant's block list that the mail falls
// under, by From or by reverse-path, and gives the answer. The reseller's own
// people are never blocked: the directory may have got them since. Reports on
// our own mail, and mail to the operator, have to arrive all the same.
func (t *tenantDecision) blocked(kind routeKind) (mailer.Outcome, bool, error) {
	if t.reseller == nil || kind == routeOperator || kind == routeReturnPath || t.released() {
		return mailer.Outcome{}, false, nil
	}
	list, err := t.blockList()
	if err != nil || len(list) == 0 {
		return mailer.Outcome{}, false, err
	}
	for _, a := range []mailer.Address{t.sender, t.mail.Envelope.ReversePath} {
		if t.dir.AccountIn(t.dir.PersonAt(a), t.reseller.ID) != nil {
			continue
		}
		if i := slices.IndexFunc(list, func(b Block) bool { return b.matches(a) }); i >= 0 {
			b := list[i]
			t.trace.Add("blocked", a.String(), b.Pattern, "the reseller's block list: by "+b.By+" on "+b.Since.Format(time.DateOnly))
			return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NotAllowed, Text: mayNot}, true, nil
		}
	}
	return mailer.Outcome{}, false, nil
}

// Resellers lists the ids of all resellers, in the directory's order.
func (d *Desk) Resellers(ctx context.Context) ([]ResellerID, error) {
	var ids []ResellerID
	err := d.Store.View(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		ids = nil
		if err != nil {
			return err
		}
		for _, r := range dir.Resellers {
			ids = append(ids, r.ID)
		}
		return nil
	})
	return ids, err
}
