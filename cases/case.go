package cases

import (
	"fmt"
	"time"

	"casegate/mailer"
)

// ResellerID is the name of a reseller in the directory, such as "north". It is
// the tenant: whatever carries another one does not exist for it.
type ResellerID string

// CaseID names a case: the reseller and a number counted within it.
type CaseID struct {
	Reseller ResellerID `json:"reseller"`
	N        uint32     `json:"n"`
}

// String is for errors; people are told Case.Number.
func (id CaseID) String() string { return fmt.Sprintf("%s/%d", id.Reseller, id.N) }

// State is where a case stands, in the words of the Cloud Support API.
type State string

const (
	New            State = "NEW"
	InProgress     State = "IN_PROGRESS_GOOGLE_SUPPORT"
	ActionRequired State = "ACTION_REQUIRED"
	Provided       State = "SOLUTION_PROVIDED"
	Closed         State = "CLOSED"
)

// States lists every State, in the order of a case's life.
var States = []State{New, InProgress, ActionRequired, Provided, Closed}

// Priority is P0…P4, "severity" to people. P3 is the default of mail (R24).
type Priority string

const (
	P0 Priority = "P0"
	P1 Priority = "P1"
	P2 Priority = "P2"
	P3 Priority = "P3"
	P4 Priority = "P4"
)

// Priorities lists every Priority, the most severe first.
var Priorities = []Priority{P0, P1, P2, P3, P4}

// MaxTitle is the length of a title in characters (R19); the full subject stays
// in the history.
const MaxTitle = 140

// Case is the present state of a support case; its history is kept beside it.
type Case struct {
	ID       CaseID   `json:"id"`
	Number   string   `json:"number"` // "NORTH-1042", for people
	Title    string   `json:"title"`  // at most MaxTitle characters
	State    State    `json:"state"`
	Priority Priority `json:"priority"`
	Customer string   `json:"customer"` // the customer's domain, a key of the directory

	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Events  int       `json:"events"` // length of the history; events count from 1

	// Participants is the sharing list. An entry keeps its number for the life
	// of the case, so that tokens can name it; whoever leaves is marked.
	Participants []Participant `json:"participants"`

	// Requested are the addresses that were in To or Cc of a participant's mail
	// (T21): each is asked for once, and joins only when somebody shares the case.
	Requested []mailer.Address `json:"requested,omitempty"`

	// Untold are the notices that wait for the end of a brake, each of all that
	// its reader has not been told of: one per participant at most (T86).
	Untold []mailer.ID `json:"untold,omitempty"`

	// Thread is the local part of the Message-ID that every mail of the case
	// refers to first. Made with the key of the day it is kept, so that mail
	// programs go on threading when keys change.
	Thread string `json:"thread,omitempty"`
}

// Role is why somebody follows a case.
type Role string

const (
	RoleRequester Role = "requester" // filed it
	RoleAgent     Role = "agent"     // of the reseller's support
	RoleShared    Role = "shared"    // R27
)

// Participant is one entry of a case's sharing list: a person of the directory,
// or an address that is not in it (a guest, a customer's contact, a group).
type Participant struct {
	No      uint16         `json:"no"`               // from 1
	Person  string         `json:"person,omitempty"` // id of a person of the directory
	Address mailer.Address `json:"address"`          // where it was shared to, or the guest's address
	Name    string         `json:"name,omitempty"`
	Group   bool           `json:"group,omitempty"` // a group address: whoever is of its domain may answer for it
	Role    Role           `json:"role"`
	Since   time.Time      `json:"since"`
	Left    time.Time      `json:"left,omitzero"`
}

// Active tells that the participant has not left.
func (p Participant) Active() bool { return p.Left.IsZero() }

// Participant finds an entry by its number; nil if there is none.
func (c *Case) Participant(no uint16) *Participant {
	if no == 0 || int(no) > len(c.Participants) {
		return nil
	}
	return &c.Participants[no-1]
}

// Anchor is the token that Thread is made of.
func (c *Case) Anchor() mailer.Token {
	return mailer.Token{
		Purpose: mailer.PurposeMessageID, Tenant: mailer.TenantTag(string(c.ID.Reseller)), Case: c.ID.N,
		Expires: c.Created.Add(anchorLife),
	}
}

// anchorLife: the anchor outlives every reply token.
const anchorLife = 20 * 365 * 24 * time.Hour
