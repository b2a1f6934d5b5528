package cases

import (
	"time"

	"casegate/mailer"
)

// EventType says what happened to a case.
type EventType string

const (
	EventFiled   EventType = "filed"   // the case was made; carries the first message
	EventMessage EventType = "message" // somebody wrote
	EventAuto    EventType = "auto"    // an automatic mail came: kept, nobody is told (R78)
	EventShared  EventType = "shared"  // a participant was added
	EventLeft    EventType = "left"    // a participant left

	// EventShareRequested: a mail named people who do not follow the case; who may
	// share it decides.
	EventShareRequested EventType = "share-requested"
)

// Event is one entry of a case's history, which is only ever appended to (R75).
// Several events of one mail or request share a Group.
type Event struct {
	Seq     int       `json:"seq"` // from 1, without gaps
	Time    time.Time `json:"time"`
	Type    EventType `json:"type"`
	Group   mailer.ID `json:"group"`
	Actor   Actor     `json:"actor"`
	Channel string    `json:"channel"` // "mail", "cli"; later "web", "api"

	Mail        mailer.ID `json:"mail,omitempty"`        // raw mail it came from
	Automatic   bool      `json:"automatic,omitempty"`   // no person wrote that mail: its sender is never answered
	Message     *Message  `json:"message,omitempty"`     // EventFiled, EventMessage, EventAuto
	Released    string    `json:"released,omitempty"`    // that mail was held: who let it pass, for people
	Participant uint16    `json:"participant,omitempty"` // EventShared, EventLeft: who

	Requested []mailer.Address `json:"requested,omitempty"` // EventShareRequested: for whom
}

// Actor is who did something, as it was known then.
type Actor struct {
	Participant uint16         `json:"participant,omitempty"` // of this case; 0: nobody on its sharing list
	Person      string         `json:"person,omitempty"`
	Address     mailer.Address `json:"address,omitzero"`
	Name        string         `json:"name,omitempty"`
	Level       mailer.Level   `json:"level"` // how far the sender was known; shown where not verified
}

// Message is what somebody wrote.
type Message struct {
	Subject     string              `json:"subject"` // in full
	MessageID   string              `json:"message_id,omitempty"`
	Text        string              `json:"text"`                // the whole of it
	Reply       string              `json:"reply,omitempty"`     // what was written anew, where that is less and certain enough
	Forwarded   *mailer.Forwarded   `json:"forwarded,omitempty"` // who wrote what it passes on, as it says
	Attachments []mailer.Attachment `json:"attachments,omitempty"`
	Marks       []string            `json:"marks,omitempty"`  // how it was protected, and what that means
	Limits      []string            `json:"limits,omitempty"` // what could not be shown, and why
}

// Shown is what people are shown of the text: what was written anew, without what
// it answers and without the signature, or the whole where they cannot be told apart.
func (m *Message) Shown() string {
	if m.Reply != "" {
		return m.Reply
	}
	return m.Text
}
