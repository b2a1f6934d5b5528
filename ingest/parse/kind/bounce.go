package kind

import (
	"strings"

	"casegate/mailer"
)

// enough is how much must speak for a bounce that is no report by RFC 3464.
const enough = 4

// textBounce is a bounce that is written for people, as most mail servers did
// before RFC 3464 and some still do. Who sent it, its subject and its words are
// weighed; without a sign of a machine nothing else is looked at.
func textBounce(m *Mail, s *signals) (Result, bool) {
	isReport := m.Type == "multipart/report" && !isOtherReport(m.Params["report-type"])
	marked := s.machine != "" || isReport
	if s.sender.daemon == 0 && !marked && !s.nullPath && s.autoSubmit == "" && s.bulk == "" && !s.listServer {
		return Result{}, false
	}
	if !marked && s.sender.daemon < 2 && (s.client || s.isAnswer()) {
		return Result{}, false // a postmaster who writes in person
	}
	weight := s.weight(isReport)
	if beginsWith(s.subject, bounceSubjects) != "" || firstOf(s.subject, bounceMarks) != "" {
		weight += 2
	} else if s.isVacation(m) {
		return Result{}, false // null path and all
	}
	if weight == 0 {
		return Result{}, false
	}
	n := newNotice(m, s)
	if bouncePhrases.in(n.lower) || s.sender.daemon > 0 && hasReply(n.lower) {
		weight += 2
	}
	if n.returned != "" {
		weight++
	}
	if weight < enough || !marked && !s.isServer(n) {
		return Result{}, false
	}
	bounces := recipients(n.text + "\n\n" + n.below)
	return n.result(m, bounces, "bounce: "+s.bounceWhy(isReport)), true
}

var bouncePhrases = newPhrases(bounceWords)

// isServer tells whether a mail server wrote a notice, and not somebody about
// mail: an administrator who goes by such a name, or a courier, who writes about
// parcels that could not be delivered.
func (s *signals) isServer(n *notice) bool {
	switch {
	case s.sender.daemon == 2, s.listServer:
		return true
	case s.sender.daemon == 1:
		return s.isAuto() || n.returned != "" || structurePhrases.in(n.lower)
	}
	return n.returned != "" || hasReply(n.lower)
}

var structurePhrases = newPhrases(structureWords)

// hasReply tells whether a notice quotes the answer of a server.
func hasReply(low string) bool { return findStatus(low, errorClasses) != "" || replyCode(low) != "" }

// weight is what the header, but for the subject, says for a bounce.
func (s *signals) weight(isReport bool) int {
	w := s.sender.daemon
	if s.nullPath {
		w++
	}
	switch {
	case isReport: // RFC 6522, and what it holds cannot be read
		w += enough
	case s.machine != "":
		w += 3
	}
	if s.listServer || s.autoSubmit == "auto-replied" || s.autoSubmit == "auto-generated" {
		w++
	}
	return w
}

func (s *signals) bounceWhy(isReport bool) string {
	switch {
	case isReport:
		return "multipart/report"
	case s.machine != "":
		return s.machine + " field"
	case s.sender.daemon > 0:
		return "sent by a mail server, with the words of one"
	}
	return "automatic, with the words of a bounce"
}

// isOtherReport tells report types that are no bounce, whatever is in them
// (RFC 8098, 5965, 8460).
func isOtherReport(typ string) bool {
	switch strings.ToLower(typ) {
	case "disposition-notification", "feedback-report", "tlsrpt":
		return true
	}
	return false
}

// serviceNotice is a bounce, a complaint or a delivery as Amazon's notification
// service tells of it: a JSON object, often broken by line ends.
func serviceNotice(m *Mail, s *signals) (Result, bool) {
	if s.sender.domain != "sns.amazonaws.com" && s.sender.domain != "amazonses.com" {
		return Result{}, false
	}
	text := strings.NewReplacer(`\"`, `"`, `\\`, `\`, "\n ", "", "\r\n ", "").Replace(m.Text[:min(len(m.Text), maxNotice)])
	after := func(key string) string { v, _ := jsonString(text, key); return v }
	typ := strings.ToLower(after("notificationType") + after("eventType"))
	r := Result{Automatic: true, Why: "notice of a mail service", Original: strings.Trim(after("messageId"), "<>")}
	action := delivered
	switch {
	case strings.HasPrefix(typ, "bounce"):
		r.Kind, action = mailer.KindBounce, failed
	case strings.HasPrefix(typ, "complaint"):
		r.Kind, r.Feedback = mailer.KindComplaint, after("complaintFeedbackType")
		if r.Feedback == "" {
			r.Feedback = "abuse"
		}
	case strings.HasPrefix(typ, "delivery"):
		r.Kind = mailer.KindDeliveryReport
	default:
		return Result{}, false
	}
	r.Bounces = serviceRecipients(text, action)
	return r, true
}

// serviceRecipients reads the objects of a list of recipients one by one: the
// fields of each stand between its address and the next, or before it.
func serviceRecipients(text, action string) []mailer.Bounce {
	var all []mailer.Bounce
	for _, key := range [...]string{`"bouncedRecipients"`, `"complainedRecipients"`, `"recipients"`} {
		_, rest, found := strings.Cut(text, key)
		if !found {
			continue
		}
		list, _, _ := strings.Cut(rest, "]")
		for object := range strings.SplitSeq(list, "}") {
			who, ok := jsonString(object, "emailAddress")
			if !ok {
				who, _, _ = strings.Cut(strings.TrimLeft(object, " \t\r\n:[\""), `"`)
			}
			who = address(who)
			if !strings.Contains(who, "@") || len(all) == maxRecipients {
				continue
			}
			b := mailer.Bounce{Recipient: who, Action: action}
			b.Diagnostic, _ = jsonString(object, "diagnosticCode")
			b.Diagnostic = oneLine(strings.TrimPrefix(b.Diagnostic, "smtp; "))
			status, _ := jsonString(object, "status")
			if b.Status = findStatus(status, allClasses); b.Status == "" && action == failed {
				b.Status = statusOf(b.Diagnostic, action)
			}
			all = append(all, b)
		}
		if len(all) > 0 {
			break
		}
	}
	return all
}

// jsonString finds the first string under a key.
func jsonString(text, key string) (string, bool) {
	_, rest, found := strings.Cut(text, `"`+key+`"`)
	if !found {
		return "", false
	}
	rest = strings.TrimLeft(rest, " \t\r\n:")
	if !strings.HasPrefix(rest, `"`) {
		return "", false
	}
	value, _, found := strings.Cut(rest[1:], `"`)
	return value, found
}
