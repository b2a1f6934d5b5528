package calendar

import (
	"fmt"
	"strings"
)

// Text tells what the calendar says: a heading, then what is known with aligned
// labels, then the description. Every line ends with \n.
func (e Event) Text() string {
	var b strings.Builder
	e.write(&b)
	for _, other := range e.More {
		b.WriteByte('\n')
		other.write(&b)
	}
	if e.left > 0 {
		fmt.Fprintf(&b, "\nand %d more\n", e.left)
	}
	return b.String()
}

// write tells one event.
func (e Event) write(b *strings.Builder) {
	b.WriteString(e.heading() + "\n")
	e.label(b, "What", e.Summary)
	e.label(b, "When", e.when())
	e.label(b, "Repeats", e.Repeats)
	e.label(b, "Where", e.Location)
	e.label(b, "Organiser", e.Organizer)
	if e.Status != "confirmed" { // which nearly all are
		e.label(b, "Status", e.Status)
	}
	// In an answer only who answers is named (RFC 5546 3.2.3).
	label := "Attendees"
	if e.Method == "REPLY" {
		label = "Answer"
	}
	for _, who := range e.Attendees {
		e.label(b, label, who)
		label = ""
	}
	if e.unnamed > 0 {
		e.label(b, "", fmt.Sprintf("and %d more", e.unnamed))
	}
	for _, text := range []string{e.Comment, e.Description} {
		if text != "" {
			b.WriteString("\n" + text)
		}
	}
}

// label writes one line; the labels are as wide as the longest of them.
func (e Event) label(b *strings.Builder, label, value string) {
	if value == "" {
		return
	}
	if label != "" {
		label += ":"
	}
	fmt.Fprintf(b, "%-10s %s\n", label, value)
}

// heading says what kind of message it is (RFC 5546 1.4).
func (e Event) heading() string {
	switch e.Method {
	case "REQUEST":
		return "Invitation"
	case "REPLY":
		if e.Answer != "" {
			return "Answer to an invitation: " + e.Answer
		}
		return "Answer to an invitation"
	case "CANCEL":
		return "Cancelled event"
	case "COUNTER":
		return "Proposal of another time"
	case "DECLINECOUNTER":
		return "Proposal of another time, declined"
	case "REFRESH":
		return "Question for the latest version of an event"
	}
	return "Event"
}
