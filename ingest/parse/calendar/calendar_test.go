package calendar

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"casegate/ingest/corpustest"
)

// ics makes a calendar of lines.
func ics(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n"
}

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an invitation", ics(
			"METHOD:REQUEST", "BEGIN:VTIMEZONE", "TZID:Europe/Warsaw", "BEGIN:STANDARD",
			"DTSTART:19701025T030000", "RRULE:FREQ=YEARLY;BYMONTH=10", "END:STANDARD", "END:VTIMEZONE",
			"BEGIN:VEVENT", "UID:1", `SUMMARY;LANGUAGE=en:Migration\, part 2`,
			"DTSTART;TZID=Europe/Warsaw:20260304T100000", "DTEND;TZID=Europe/Warsaw:20260304T113000",
			`ORGANIZER;CN="Nowak; Anna":mailto:anna@acme.example`,
			"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=Jan Ko", " walski:MAILTO:jan@acme.example",
			"ATTENDEE;PARTSTAT=ACCEPTED:mailto:eva@acme.example",
			"LOCATION:Room 5", `DESCRIPTION:Dear all\,\n\nplease come.\n`, "STATUS:CONFIRMED",
			"BEGIN:VALARM", "TRIGGER:-PT15M", "DESCRIPTION:Reminder", "END:VALARM", "END:VEVENT"),
			`Invitation
What:      Migration, part 2
When:      2026-03-04 10:00 to 11:30 (Europe/Warsaw)
Where:     Room 5
Organiser: Nowak; Anna <anna@acme.example>
Attendees: Jan Kowalski <jan@acme.example>: no answer yet
           eva@acme.example: accepted

Dear all,

please come.
`},
		{"an answer (RFC 5546 3.2.3)", ics(
			"METHOD:REPLY", "BEGIN:VEVENT", "SUMMARY:Declined: Migration", "DTSTART:20260304T090000Z", "DTEND:20260305T090000Z",
			"ATTENDEE;PARTSTAT=DECLINED;CN=jan@acme.example:mailto:jan@acme.example", `COMMENT:I am away\; sorry`, "END:VEVENT"),
			`Answer to an invitation: declined
What:      Declined: Migration
When:      2026-03-04 09:00 to 2026-03-05 09:00 UTC
Answer:    jan@acme.example: declined

I am away; sorry
`},
		{"days, whose end is not part of them (RFC 5545 3.6.1)", ics(
			"BEGIN:VEVENT", "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260306", "END:VEVENT"),
			"Event\nWhen:      2026-03-04 to 2026-03-05\n"},
		{"one day", ics("BEGIN:VEVENT", "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260305", "END:VEVENT"),
			"Event\nWhen:      2026-03-04\n"},
		{"a length and a rule", ics("METHOD:CANCEL", "BEGIN:VEVENT", "DTSTART:20260304T090000", "DURATION:P1DT1H30M",
			"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,-1WE;UNTIL=20261231T000000Z", "STATUS:CANCELLED", "END:VEVENT"),
			`Cancelled event
When:      2026-03-04 09:00, for 1 day 1 h 30 min
Repeats:   every 2 weeks on Mon, the last Wed, until 2026-12-31 00:00 UTC
Status:    cancelled
`},
		{"a task cut short", "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Renew\nDUE:20260304\nSTATUS:IN-PROCESS",
			"Event\nWhat:      Renew\nWhen:      until 2026-03-04\nStatus:    in process\n"},
		{"values that are none", ics("BEGIN:VEVENT", "DTSTART:soon", "DTEND:łater and łater and łater", "DURATION:P5", "RRULE:X=Y", "nonsense", "SUMMARY:a\tb\x00c", "END:VEVENT"),
			"Event\nWhat:      a bc\nWhen:      soon to łater and łater and łater\nRepeats:   X=Y\n"},
	}
	for _, tt := range tests {
		e, err := Read(tt.in)
		if err != nil {
			t.Errorf("%s: %v, want it read", tt.name, err)
		}
		if got := e.Text(); got != tt.want {
			t.Errorf("%s is\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestFields(t *testing.T) {
	e, err := Read(ics("METHOD:reply", "BEGIN:VEVENT", "ATTENDEE;PARTSTAT=TENTATIVE;CN=\"A ^'B^' C\":mailto:a@b.example", "END:VEVENT"))
	if err != nil || e.Method != "REPLY" || e.Answer != "accepted tentatively" || e.Attendees[0] != `A "B" C <a@b.example>: accepted tentatively` {
		t.Errorf("the answer is %+v, %v; want a tentative one of A \"B\" C (RFC 6868)", e, err)
	}
	for _, in := range []string{"", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n", "Dear all: hello"} {
		if _, err := Read(in); !errors.Is(err, ErrFormat) {
			t.Errorf("reading %q gives %v, want ErrFormat", in, err)
		}
	}
}

func TestLimits(t *testing.T) {
	event := "BEGIN:VEVENT\r\nSUMMARY:x\r\n" + strings.Repeat("ATTENDEE:mailto:a@b.example\r\n", 60) + "END:VEVENT"
	e, err := Read(ics(strings.Split(strings.Repeat(event+"\n", 12), "\n")...))
	if err != nil || len(e.More) != maxEvents-1 || len(e.Attendees) != maxAttendees {
		t.Errorf("12 events of 60 attendees give 1+%d of %d and %v, want 1+9 of 50", len(e.More), len(e.Attendees), err)
	}
	if text := e.Text(); !strings.HasSuffix(text, "\nand 2 more\n") || strings.Count(text, "           and 10 more\n") != 10 {
		t.Error("the text does not say how many events and attendees it leaves out")
	}
	long, _ := Read(ics("BEGIN:VEVENT", "SUMMARY:"+strings.Repeat("ż", 5000), "DESCRIPTION:"+strings.Repeat("\r\n żż", 100_000), "END:VEVENT"))
	if len(long.Summary) > maxLine || len(long.Description) > maxText+1 || !utf8.ValidString(long.Text()) {
		t.Errorf("summary of %d octets and description of %d are too long, or cut within a character", len(long.Summary), len(long.Description))
	}
}

// TestCorpus reads the calendars that lie in the corpus as files.
func TestCorpus(t *testing.T) {
	read, total := 0, 0
	for _, item := range corpustest.Items(t) {
		if item.Input != "icalendar" {
			continue
		}
		total++
		if e, err := Read(string(item.Raw)); err == nil && e.Start != "" && e.Summary != "" {
			read++
		} else {
			t.Logf("%s: %v", item.ID, err)
		}
	}
	t.Logf("%d of %d calendars say what and when", read, total)
	if read < total-1 { // one of them has no event
		t.Errorf("%d of %d calendars say what and when, want all but one", read, total)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(ics("METHOD:REPLY", "BEGIN:VEVENT", `ATTENDEE;CN="a:b;c";PARTSTAT=ACCEPTED:mailto:a@b`, "RRULE:FREQ=DAILY;COUNT=3", "END:VEVENT"))
	f.Add(ics("BEGIN:VTODO", "DUE;TZID=X:20260304T100000", "DESCRIPTION:a\r\n b\\n\\", "DURATION:-PT5", "END:VTODO"))
	f.Add("BEGIN:VEVENT\nDTSTART:2026\nDTEND:\xff\nBEGIN:X\n\n :\n;=;:\nEND:VEVENT")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Read(s)
		if err != nil {
			return
		}
		text := e.Text()
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r") {
			t.Errorf("the text of %q is not fit for the store: %q", s, text)
		}
		if !strings.HasSuffix(text, "\n") {
			t.Errorf("the text of %q does not end its last line", s)
		}
		// A line folded after its first character says the same (RFC 5545 3.1).
		e2, err := Read(fold(s))
		if err != nil || e2.Text() != text {
			t.Errorf("%q folded is %q, want %q", s, e2.Text(), text)
		}
	})
}

// fold breaks every line in two that may be.
func fold(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if len(line) > 1 && line[0] != ' ' && line[0] != '\t' && line[0] != '\r' {
			lines[i] = line[:1] + "\n " + line[1:]
		}
	}
	return strings.Join(lines, "\n")
}
