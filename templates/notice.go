package templates

import "time"

// Notice is one kind of mail we write.
type Notice string

const (
	Filed   Notice = "filed"    // to who filed it: we have your case
	NewCase Notice = "new-case" // to agents: there is a case to answer
	Message Notice = "message"  // somebody wrote
	Shared  Notice = "shared"   // the case is shared with you

	HeldReply  Notice = "held-reply"  // to who may decide: a mail to a reply address is held
	HeldIntake Notice = "held-intake" // to agents: a mail that would file a case is held
	Confirm    Notice = "confirm"     // to its sender: is it yours? It says nothing of the mail (T90)
	Digest     Notice = "digest"      // to agents: all that is held
)

// Notices lists every Notice.
var Notices = []Notice{Filed, NewCase, Message, Shared, HeldReply, HeldIntake, Confirm, Digest}

// noticeParts are the texts that each notice has of its own: what happened, in
// a few words and in a sentence, and what the reader can do now.
var noticeParts = []string{"heading", "lead", "next"}

// Roles of a reader, each with a text that says why the notice came.
const (
	RoleRequester = "requester"
	RoleAgent     = "agent"
	RoleShared    = "shared"
	RoleNamed     = "named" // a mail names the reader as its sender

	RoleAdministrator = "administrator" // of a reseller without agents
	RoleAnswered      = "answered"      // the reader has answered a mail about held mail
)

var roles = []string{RoleRequester, RoleAgent, RoleShared, RoleNamed, RoleAdministrator, RoleAnswered}

// Levels of who wrote a held mail, each with a text.
const (
	LevelVerified   = "verified"
	LevelUnverified = "unverified"
	LevelFailed     = "failed" // what was checked speaks against it
)

var levels = []string{LevelVerified, LevelUnverified, LevelFailed}

// Why a mail is held, each with a text.
const (
	WhyUnreadable  = "unreadable"
	WhyForged      = "forged"
	WhyContent     = "content"
	WhyOtherSender = "other-sender" // on a reply address that is not the sender's
	WhyUnverified  = "unverified"
	WhyAutomatic   = "automatic"
	WhySentOn      = "sent-on"  // it was not written to us
	WhyCustomer    = "customer" // it does not say for which one it is
	WhyOther       = "other"    // stands for every one that is not here
)

var whys = []string{WhyUnreadable, WhyForged, WhyContent, WhyOtherSender, WhyUnverified, WhyAutomatic, WhySentOn, WhyCustomer, WhyOther}

// Why a reader's answer to a mail about held mail did nothing, each with a text.
const (
	VainDecided = "decided" // nothing is left to decide
	VainOther   = "other"   // stands for every one that is not here
)

var vains = []string{
	"word", "customer", "unknown-customer", "no-grant", "known-sender", VainDecided, "not-alone", "digest", VainOther,
}

// Data is what a notice tells, put together by the caller. All strings may hold
// anything: they are cleaned and escaped here (T77, T78).
type Data struct {
	Number   string // of the case: "NORTH-1042"
	Title    string
	Customer string // "" where there is none: then nothing is said of it
	Severity string // code: "P3"
	State    string // code: "NEW"
	Filed    time.Time

	// DefaultSeverity: nobody chose the severity, and the notice says so (R24).
	DefaultSeverity bool

	Sender string // who writes to the reader: "North Support"
	Actor  string // who did what the notice tells; "": Sender
	Role   string // the reader's: RoleRequester, RoleAgent, RoleShared

	Messages     []Entry
	MoreMessages int // that many more are not in the notice

	Held     []HeldMail
	MoreHeld int // that many more are not in the notice

	Vain string // the reader's answer did nothing: why, VainDecided and so on; "": it is no answer
	Mail string // id of the held mail that is not there any more; "": none

	Zone *time.Location // the reader's; nil: UTC
}

// Entry is a message somebody wrote in the case.
type Entry struct {
	Author          string
	Unverified      bool // the author may be somebody else
	Time            time.Time
	Text            string
	Cut             bool // Text is not all of it
	Elided          bool // what it quotes, and its signature, were left out of Text
	Attachments     []Attachment
	MoreAttachments int      // that many more are not listed
	Limits          []string // what could not be read, and why
}

// HeldMail is a mail on which somebody has to decide. What is "" is not said.
type HeldMail struct {
	From    string // who wrote it
	Level   string // how far that is known: LevelVerified, LevelUnverified, LevelFailed
	Time    time.Time
	Waits   time.Duration // 0: not said
	Subject string
	Why     string // it is held: WhyForged and so on
	Number  string // of the case whose reply address it came to
	ID      string
	Decide  string // the address to decide by

	Customers []string // of which the reader has to name one to release it
	Block     bool     // the reader may have its sender blocked
}

// Attachment is a file that came with a message. Size is in octets.
type Attachment struct {
	Name string
	Size int64
}

// sample is data that uses every part of a layout.
func sample() *Data {
	when := time.Date(2026, 11, 20, 13, 5, 0, 0, time.UTC)
	return &Data{
		Number: "NORTH-1042", Title: "Nobody can sign in", Customer: "acme.example",
		Severity: "P3", State: "NEW", Filed: when, DefaultSeverity: true,
		Sender: "North Support", Actor: "Anna Nowak", Role: RoleShared,
		Messages: []Entry{{
			Author: "Anna Nowak", Unverified: true, Time: when, Text: "Hello\nthere", Cut: true, Elided: true,
			Attachments: []Attachment{{"log.txt", 1200}}, MoreAttachments: 1, Limits: []string{"too deep"},
		}},
		MoreMessages: 1,
		Held: []HeldMail{{
			From: "eve@partner.example", Level: LevelUnverified, Time: when, Waits: 50 * time.Hour, Subject: "Me too",
			Why: WhyOtherSender, Number: "NORTH-1041", ID: "06c2k7gq0r1ne", Decide: "h-x@gate.example",
			Customers: []string{"acme.example"}, Block: true,
		}},
		MoreHeld: 2,
	}
}
