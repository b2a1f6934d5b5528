package kind

import (
	"strings"

	"casegate/mailer"
)

// challengeDomains are services that ask senders to prove to be people.
var challengeDomains = []string{
	"boxbe.com", "spamarrest.com", "bitbounce.com", "bitbounce.io", "mailblocks.com", "knowspam.net", "sendio.com",
	"spamlion.com", "vanquish.com", "choicemail.com", "digiportal.com", "totalblock.net", "cleanmymailbox.com",
	"spaminterceptor.com",
}

// challengeSubjects begin or are the subjects they use, in lower case.
var challengeSubjects = []string{
	"please confirm your message", "please confirm your e-mail", "please confirm your email to", "confirm your message",
	"please verify your message",
	"please verify your email to", "your message is awaiting verification", "your message requires verification",
	"your mail requires confirmation",
	"your email requires verification", "message verification required", "sender verification required",
	"verification required for your message",
	"confirmation required for your message", "requires confirmation", "action required: your message to", "challenge: ",
	"your message to ", "your email to ", "you must verify", "please authenticate your message", "proszę potwierdzić wiadomość",
	"proszę o potwierdzenie wysłania", "bitte bestätigen sie ihre nachricht", "antispam uol", "[spamarrest", "[sa:", "[boxbe]",
	"conferma il tuo messaggio", "bekräfta ditt meddelande", "請確認您的郵件", "请确认您的邮件",
}

// challengeMarks stand anywhere in a subject.
var challengeMarks = []string{
	"(verification required)", "(action required)", "(confirmation required)", "[verification required]", "verify your message",
	"awaiting confirmation", "awaiting your verification", "your approval needed to deliver",
}

// challengeWords are what such a mail asks for.
var challengeWords = []string{
	"to confirm that you are", "verify that you are", "prove that you are", "prove you are", "you are a human",
	"you're a human", "are not a spammer",
	"guest list", "confirm your message", "verify your message", "to release your message", "message to be delivered",
	"deliver your message",
	"this one-time", "only need to do this once", "just this once", "message is being held", "messages from unknown senders",
	"reply to this message to confirm", "reply to this email to confirm", "confirm this message",
	"verify your email address so",
	"whitelist", "approved senders", "click the link below to verify", "click below to complete the verification",
	"potwierdź, że", "potwierdzić, że nie jest", "aby wiadomość została dostarczona", "bestätigen sie", "conferma che",
	"bekräfta att du",
}

// challenge is a mail that asks the sender of another to prove to be a person.
// Two signs are wanted: a known service or a form of subject, and the request.
func challenge(m *Mail, s *signals) (Result, bool) {
	known := isUnder(s.sender.domain, challengeDomains)
	subject := beginsWith(s.subject, challengeSubjects) != "" || firstOf(s.subject, challengeMarks) != ""
	if !known && (!subject || !s.isAuto() && !isMachineLocal(s.sender.local) && s.sender.daemon == 0) {
		return Result{}, false
	}
	if subject && known {
		return isChallenge("challenge service and its subject")
	}
	if firstOf(lowerHead(m.Text, 8<<10), challengeWords) != "" {
		return isChallenge("subject or sender of a challenge, and its request")
	}
	return Result{}, false
}

func isChallenge(why string) (Result, bool) {
	return Result{Kind: mailer.KindChallenge, Automatic: true, Why: why}, true
}

// isUnder tells whether a domain is one of these or below one.
func isUnder(domain string, tops []string) bool {
	for _, top := range tops {
		if domain == top || strings.HasSuffix(domain, "."+top) {
			return true
		}
	}
	return false
}
