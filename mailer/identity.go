package mailer

import "fmt"

// Level says how far we know who wrote a mail (design 4). Rights follow from
// it; the zero value gives none.
type Level int

const (
	// Unverified: nothing published for the domain, or nothing that passed.
	Unverified Level = iota
	// Failed: DMARC failed under quarantine or reject.
	Failed
	// UnknownYet: a temporary DNS failure could change the outcome.
	UnknownYet
	// VerifiedSPF: DMARC passed by SPF alone; may file and append, never command.
	VerifiedSPF
	// Verified: DMARC pass, aligned DKIM, authenticated submission, or a listed
	// trusted network.
	Verified
	// VerifiedARC: the chain of a sealer we trust says that DMARC passed; as good
	// as Verified.
	VerifiedARC
)

var levelNames = [...]string{"unverified", "failed", "unknown yet", "verified(spf)", "verified", "verified(arc)"}

// String gives the level's name, as design 4 spells it.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames[l]
}

// MarshalText writes the level's name, as design 4 spells it.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(b []byte) error {
	for i, name := range levelNames {
		if name == string(b) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("unknown identity level %q", b)
}

// Identity is who wrote a mail, as far as verify can tell. Address is the one
// mailbox in From; zero where there is none, several or a group, and then
// Level is never a verified one.
type Identity struct {
	Level   Level   `json:"level"`
	Address Address `json:"address"`
	Name    string  `json:"name,omitempty"`   // display name, decoded; shown, never trusted
	Reject  bool    `json:"reject,omitempty"` // Failed only: the domain asks for rejection, not quarantine
	Why     string  `json:"why"`              // one line for the operator
}

// IsVerified tells whether the sender's address may be believed for filing and
// appending.
func (i Identity) IsVerified() bool { return i.Level >= VerifiedSPF && !i.Address.IsZero() }

// MayCommand tells whether the sender's address may be believed for commands:
// a pass by SPF alone is no proof, as other customers of the same relay pass too
// (T12).
func (i Identity) MayCommand() bool { return i.Level >= Verified && !i.Address.IsZero() }
