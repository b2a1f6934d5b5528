package parse

import (
	"regexp"
	"strings"

	"casegate/mailer"
)

// replyFacts holds Reply against what sources of reply trimming state. They
// contradict each other on signatures.
func replyFacts() map[string]comparer {
	elided := func(r *reading) string { return r.mail.Reply.Elided }
	return map[string]comparer{
		"reply_text":              textIs(replyText),
		"reply_contains":          textHas(replyText),
		"reply_text_contains":     textHas(replyText),
		"reply_not_contains":      textHasNot(replyText),
		"reply_text_not_contains": textHasNot(replyText),
		"reply_starts_with":       textStarts(replyText),
		"reply_text_nowhitespace": spaceless(replyText),
		"elided_text":             textIs(elided),
		"text_without_signature":  textIs(replyText),
		"signature":               textIs(func(r *reading) string { return r.mail.Reply.Signature }),
		"before_embedded_text":    textIs(replyText),
		"embedded_text":           textHas(elided),
		"whole_body_is_reply": fact(func(r *reading, name string, want bool) {
			whole := squeeze(r.mail.Reply.Text) == squeeze(r.mail.Text)
			r.check(name, whole == want, r.mail.Text, r.mail.Reply.Text)
		}),
		"forwarded": fact(func(r *reading, name string, want bool) {
			r.check(name, (r.mail.Forwarded != nil) == want, "a forwarded mail, or none", r.mail.Subject)
		}),
	}
}

// Signs in a header of mail that no person wrote; hasAutomaticSign has those in
// a body. They are wide on purpose: what has one of them is not asked to be a
// person's.
var (
	automaticField = regexp.MustCompile(`(?im)^(auto-submitted|precedence|feedback-id|list-[a-z]+|x-(failed-recipients|auto[a-z-]*|loop|mailing-list|cron-env|ms-exchange-[a-z-]*auto[a-z-]*|mailer-daemon[a-z-]*)|return-receipt-to)\b|^return-path:\s*<\s*>`)
	automaticFrom  = regexp.MustCompile(`(?im)^(from|sender):.*(mailer.?daemon|post.?master|mail delivery|no.?reply|do.?not.?reply|bounce|notif|daemon|system|root@|cron|alert|monitor)`)
	automaticTopic = regexp.MustCompile(`(?im)^subject:.*(undeliver|deliver|return|fail|could not be|auto|out of (the )?office|vacation|away|alert|warning|calendar|invit|accept|declin)`)
)

// comparePerson: a mail whose source states nothing about reports or automatic
// mail, and that bears no sign of either, was written by somebody. All bodies
// of the reply sets are such mails, in a header of our own.
func comparePerson(r *reading) {
	for _, about := range []string{"bounce", "auto_submitted", "out_of_office", "feedback_report", "delivery_report"} {
		if r.Expect[about] != nil {
			return
		}
	}
	switch r.Input {
	case "body-text", "body-html":
	case "message":
		if isBounceSet(r.Set()) || hasAutomaticSign(string(r.Raw)) {
			return
		}
	default:
		return // parts and files, not mails
	}
	k := r.mail.Kind
	r.check("person", k == mailer.KindPerson || k == mailer.KindList, "person or list", string(k)+": "+r.mail.Subject)
}

// isBounceSet: all of the set is reports, also where nothing is stated.
func isBounceSet(set string) bool { return strings.HasPrefix(set, "sisimai") }

// hasAutomaticSign looks at the whole mail, also at mails within it.
func hasAutomaticSign(raw string) bool {
	raw = strings.ToLower(strings.ReplaceAll(raw, "\r\n", "\n"))
	for _, part := range []string{
		"multipart/report", "message/delivery", "message/disposition", "message/feedback",
		"text/rfc822-headers", "text/calendar", "begin:vcalendar",
		"--- this ", "--- below ", "--- the following ", "original message follows", "original message was",
	} {
		if strings.Contains(raw, part) {
			return true
		}
	}
	header, _, _ := strings.Cut(raw, "\n\n")
	return automaticField.MatchString(header) || automaticFrom.MatchString(header) || automaticTopic.MatchString(header)
}
