package kind

import (
	"net/netip"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// complaint is a report that somebody called a mail spam (RFC 5965), and what
// some providers send for it instead.
func complaint(m *Mail, s *signals) (Result, bool) {
	isReport := m.Type == "multipart/report" || s.isAuto() || s.machine != ""
	for _, p := range m.Parts {
		if p.Type == "message/feedback-report" && (isReport || !p.Attached && isComplaintSender(s.sender.local)) {
			return feedback(m, s, p.Text), true
		}
	}
	if strings.EqualFold(m.Params["report-type"], "feedback-report") && m.Type == "multipart/report" {
		return feedback(m, s, m.Text[:min(len(m.Text), maxNotice)]), true // its parts cannot be told apart
	}
	switch {
	case s.unsubscribe && s.autoSubmit != "":
		r := Result{Kind: mailer.KindComplaint, Automatic: true, Feedback: "opt-out", Why: "a mail program's button to unsubscribe"}
		if len(m.From) > 0 {
			r.Bounces = []mailer.Bounce{{Recipient: m.From[0].Email.String(), Action: delivered}}
		}
		return r, true
	case s.client || !isComplaintSender(s.sender.local) || returnedPart(m) == "":
		return Result{}, false
	case isOldComplaint(s.subject), s.isAuto() && beginsWith(s.subject, complaintSubjects) != "":
		r := feedback(m, s, "")
		r.Why = "complaint in an old form"
		return r, true
	}
	return Result{}, false
}

// oldComplaints are the subjects of providers' reports, before an address of the
// Internet or as a whole; the others people choose, too, when they report spam.
var (
	oldComplaints = []string{
		"complaint about message from", "email feedback report for ip", "feedback report for ip", "client tos notification", "fbl report",
	}
	complaintSubjects = []string{
		"complaint about a message", "abuse report", "spam report", "[spam report]", "spam complaint", "junk mail report", "[abuse report]",
		"feedback loop", "email abuse report", "reported as spam", "user complaint",
	}
)

func isOldComplaint(subject string) bool {
	begin := beginsWith(subject, oldComplaints)
	if begin == "" {
		return false
	}
	rest := strings.Trim(subject[len(begin):], " :[]()")
	_, err := netip.ParseAddr(rest)
	return rest == "" || err == nil
}

func isComplaintSender(local string) bool {
	return beginsWith(local, []string{
		"staff", "abuse", "fbl", "feedback", "complaint", "scomp", "junkmail", "spam", "antispam", "arf", "noreply",
		"no-reply", "postmaster",
	}) != ""
}

// feedback reads the fields of RFC 5965 3, and the reported mail for what
// they leave out.
func feedback(m *Mail, s *signals, text string) Result {
	r := Result{Kind: mailer.KindComplaint, Automatic: true, Feedback: "abuse", Why: "feedback report"}
	did := delivered
	var who []string
	for field := range unfolded(text) {
		name, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "feedback-type":
			if w := keyword(value); w != "" {
				r.Feedback = charset.OneLine(charset.Clean(w), 60)
			}
		case "original-rcpt-to", "removal-recipient":
			who = append(who, value)
		case "delivery-result": // RFC 6591 3.1
			if keyword(value) == "reject" {
				did = failed
			}
		}
	}
	n := newNotice(m, s)
	r.Original = n.original(m)
	if len(who) == 0 {
		who = mailboxes(returnedHeader(n.returned), "To")
	}
	if len(who) == 0 {
		who = n.returnedTo()
	}
	seen := map[string]bool{}
	for _, w := range who {
		a := address(w)
		if a == "" || seen[strings.ToLower(a)] || len(r.Bounces) == maxRecipients {
			continue
		}
		seen[strings.ToLower(a)] = true
		r.Bounces = append(r.Bounces, mailer.Bounce{Recipient: a, Action: did})
	}
	return r
}

// returnedPart is the mail that a report is about, or its header, as it lies
// in a part of its own; "" without one.
func returnedPart(m *Mail) string {
	for _, p := range m.Parts {
		switch p.Type {
		case "message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global",
			"message/global-headers", "text/rfc822":
			if strings.TrimSpace(p.Text) != "" {
				return p.Text
			}
		}
	}
	return ""
}

// returnedHeader is the header of that mail.
func returnedHeader(text string) header.Header {
	return header.Read([]byte(strings.TrimLeft(text, " \t\r\n")))
}
