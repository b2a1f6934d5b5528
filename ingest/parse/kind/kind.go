// Package kind tells what sort of mail a mail is: whether a person wrote it, a
// machine answered it, or somebody's mail server reports about it; and it takes
// the facts out of such reports: recipients, states, the mail they are about, the
// day on which somebody is back (RFC 3834, 3464, 5965, 8098, mail-traps E). It is
// not for telling who sent a mail, and nothing it says is proof of that.
//
// A person's mail is never taken for a report because of what it talks about:
// no words count without a sign that only machines leave.
package kind

import (
	"strings"
	"time"

	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// Part is a leaf of the mail, in order.
type Part struct {
	Type string // media type in lower case
	Text string // decoded to UTF-8, at most 256 KiB; "" for what is neither text nor a report

	// Attached tells that it is sent along as a file (RFC 2183 2.2), and is not
	// what the mail says.
	Attached bool
}

// Mail is what the kind is told by.
type Mail struct {
	Header  header.Header
	From    []mailer.Mailbox
	Subject string
	Text    string // the whole text as it is shown to people
	Parts   []Part
	Type    string            // of the whole mail, in lower case
	Params  map[string]string // of the whole mail's Content-Type
}

// Result is what a mail turned out to be.
type Result struct {
	Kind      mailer.Kind
	Automatic bool      // see mailer.Message
	Returns   time.Time // midnight UTC of the day; zero if it does not say, or not clearly
	Bounces   []mailer.Bounce
	Feedback  string // the type of a complaint, such as "abuse"
	Original  string // Message-ID of the mail that a report is about, without brackets
	Why       string // the rule, for people
}

// Of tells what sort of mail m is. Reports come first, since they carry the
// marks of automatic mail and of lists too.
func Of(m Mail) Result {
	s := readSignals(&m)
	for _, rule := range [...]func(*Mail, *signals) (Result, bool){
		complaint, report, receipt, textBounce, serviceNotice, challenge, calendarReply, monitoring, autoReply, list, automatic,
	} {
		if r, ok := rule(&m, s); ok {
			return r
		}
	}
	return Result{Kind: mailer.KindPerson, Why: "nothing says otherwise"}
}

// calendarReply is an answer to an invitation (RFC 5546 3.2.3, 3.2.7): a person
// clicked, and the mail program wrote.
func calendarReply(m *Mail, _ *signals) (Result, bool) {
	method := m.Params["method"]
	for _, p := range m.Parts {
		if p.Type != "text/calendar" || p.Attached {
			continue
		}
		method = calendarMethod(p.Text)
	}
	if !strings.EqualFold(method, "REPLY") && !strings.EqualFold(method, "COUNTER") {
		return Result{}, false
	}
	return Result{Kind: mailer.KindCalendarReply, Automatic: true, Why: "calendar method " + strings.ToUpper(method)}, true
}

// calendarMethod finds the METHOD of an iCalendar object: it stands before its
// components (RFC 5545 3.6).
func calendarMethod(text string) string {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case strings.EqualFold(name, "METHOD"):
			return strings.TrimSpace(value)
		case strings.EqualFold(name, "BEGIN") && !strings.EqualFold(value, "VCALENDAR"):
			return ""
		}
	}
	return ""
}

// list is mail that came through a mailing list or in bulk. People write
// through lists, so that List-* alone makes nothing automatic.
func list(_ *Mail, s *signals) (Result, bool) {
	switch {
	case s.bulk != "":
		return Result{Kind: mailer.KindList, Automatic: true, Why: "Precedence: " + s.bulk}, true
	case s.list != "":
		return Result{Kind: mailer.KindList, Automatic: s.isAuto(), Why: s.list + " field"}, true
	}
	return Result{}, false
}

// automatic is what no person sent, and nothing else is known of.
func automatic(_ *Mail, s *signals) (Result, bool) {
	why := s.autoWhy()
	if why == "" {
		return Result{}, false
	}
	return Result{Kind: mailer.KindAuto, Automatic: true, Why: why}, true
}

// lowerHead is the beginning of a text in lower case: as much as needs to be
// looked at for wording.
func lowerHead(s string, octets int) string {
	return strings.ToLower(s[:min(len(s), octets)])
}

// firstOf gives the first of the phrases that s contains; "" for none.
func firstOf(s string, phrases []string) string {
	for _, p := range phrases {
		if strings.Contains(s, p) {
			return p
		}
	}
	return ""
}

// beginsWith gives the first of the phrases that s begins with; "" for none.
func beginsWith(s string, phrases []string) string {
	for _, p := range phrases {
		if strings.HasPrefix(s, p) {
			return p
		}
	}
	return ""
}
