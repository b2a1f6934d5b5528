// Package calendar reads the invitations and answers that calendars send
// (RFC 5545, RFC 5546) and tells in English what they say. It is for people to
// read in a case: it computes no recurrences and converts no time zones.
package calendar

import (
	"errors"
	"strings"
)

// Event is an event or task, as its calendar wrote it. Every string is one line
// of valid UTF-8 but Description and Comment, whose lines end with \n.
type Event struct {
	Method      string // in upper case, such as "REQUEST", "REPLY" or "CANCEL"; "" if not stated
	Summary     string
	Location    string
	Organizer   string   // "name <address>", or one of them
	Start, End  string   // such as "2026-03-04 10:00 (Europe/Warsaw)"; the day alone if it is all day
	Duration    string   // in place of End, such as "1 h 30 min"
	Repeats     string   // such as "every 2 weeks on Mon and Wed, 10 times"
	Status      string   // such as "cancelled"
	Attendees   []string // with their answer: "name <address>: accepted"
	Answer      string   // of the first attendee, who in a reply is the one who answers: "accepted"
	Description string
	Comment     string  // what the one who answers adds
	More        []Event // further events of the same file, without More of their own

	unnamed int // attendees beyond maxAttendees
	left    int // events beyond maxEvents
}

// ErrFormat is the error of Read where there is no event.
var ErrFormat = errors.New("no event in the calendar")

// Limits of what is kept, in octets or pieces.
const (
	maxInput     = 4 << 20  // no calendar that a person is invited by is larger
	maxLine      = 1000     // of what is one line
	maxText      = 64 << 10 // of what is several
	maxEvents    = 10
	maxAttendees = 50
)

// Read reads the events of an iCalendar object. Where there is one at all, there
// is no error.
func Read(ics string) (Event, error) {
	r := reader{}
	lines := unfolder{rest: ics[:min(len(ics), maxInput)]}
	for line, ok := lines.next(); ok; line, ok = lines.next() {
		r.line(line)
	}
	if r.open {
		r.keep() // a file cut short still tells something
	}
	if len(r.events) == 0 {
		return Event{Method: r.method}, ErrFormat
	}
	for i := range r.events {
		r.events[i].Method = r.method
	}
	e := r.events[0]
	e.left = r.left
	if len(r.events) > 1 {
		e.More = r.events[1:]
	}
	return e, nil
}

// reader collects events.
type reader struct {
	method string
	events []Event
	left   int
	event  Event // the one that is read
	open   bool  // whether there is one
	depth  int   // components open in it, such as an alarm
}

// line takes one unfolded line. Components within an event, such as alarms, have
// properties of the same names and are stepped over; the end of the calendar ends
// everything that has no end of its own.
func (r *reader) line(line string) {
	p, ok := parse(line)
	if !ok {
		return
	}
	component := strings.ToUpper(strings.TrimSpace(p.value))
	switch {
	case p.name == "BEGIN" && r.open:
		r.depth++
	case p.name == "BEGIN" && (component == "VEVENT" || component == "VTODO"):
		r.open, r.depth, r.event = true, 0, Event{}
	case p.name == "END" && r.depth > 0 && component != "VCALENDAR":
		r.depth--
	case p.name == "END" && r.open:
		r.keep()
	case p.name == "METHOD" && !r.open && r.method == "":
		r.method = strings.ToUpper(oneLine(p.value))
	case r.open && r.depth == 0:
		r.event.set(p)
	}
}

// keep ends the event that is read.
func (r *reader) keep() {
	r.open = false
	if len(r.events) >= maxEvents {
		r.left++
		return
	}
	r.events = append(r.events, r.event)
}

// set takes one property; of one that may be there once the first counts.
func (e *Event) set(p property) {
	switch p.name {
	case "SUMMARY":
		first(&e.Summary, p.line)
	case "LOCATION":
		first(&e.Location, p.line)
	case "DESCRIPTION":
		first(&e.Description, p.lines)
	case "COMMENT":
		first(&e.Comment, p.lines)
	case "STATUS":
		first(&e.Status, p.word)
	case "ORGANIZER":
		first(&e.Organizer, p.person)
	case "ATTENDEE":
		e.attendee(p)
	case "DTSTART":
		first(&e.Start, p.time)
	case "DTEND":
		first(&e.End, p.end)
	case "DUE":
		first(&e.End, p.time)
	case "DURATION":
		first(&e.Duration, p.duration)
	case "RRULE":
		first(&e.Repeats, p.rule)
	}
}

// first keeps what is there already.
func first(to *string, value func() string) {
	if *to == "" {
		*to = value()
	}
}

// attendee notes who is invited, and what they answered (RFC 5545 3.2.12).
func (e *Event) attendee(p property) {
	if len(e.Attendees) >= maxAttendees {
		e.unnamed++
		return
	}
	who := p.person()
	if who == "" {
		return
	}
	answer := answers[strings.ToUpper(p.param("PARTSTAT"))]
	if len(e.Attendees) == 0 {
		e.Answer = answer
	}
	if answer != "" {
		who += ": " + answer
	}
	e.Attendees = append(e.Attendees, who)
}

// answers are what people read for a PARTSTAT.
var answers = map[string]string{
	"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted tentatively",
	"DELEGATED": "sent somebody else", "NEEDS-ACTION": "no answer yet",
	"COMPLETED": "completed", "IN-PROCESS": "in process",
}
