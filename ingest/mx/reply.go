package mx

import (
	"errors"
	"strings"
	"syscall"

	"github.com/emersion/go-smtp"

	"casegate/mailer"
)

var (
	errTooLarge    = reply(552, code{5, 3, 4}, "The mail is larger than this server takes")
	errBareNewline = reply(550, code{5, 6, 11}, "The mail has a CR or LF that stands alone")

	errNeedsUTF8 = errors.New("address is not ASCII, and SMTPUTF8 was not asked for")
	errUnguarded = errors.New("connection does not come from the guard")
)

// code is an enhanced status code (RFC 3463).
type code = smtp.EnhancedCode

// answer is what a Reason becomes: reply code (RFC 5321 4.2), enhanced code, and
// a text for outcomes that have none.
type answer struct {
	reason   mailer.Reason
	basic    int
	enhanced code
	text     string
}

var answers = [...]answer{
	{mailer.NoSuchAddress, 550, code{5, 1, 1}, "No such address"},
	{mailer.NotAllowed, 550, code{5, 7, 1}, "This sender may not write here"},
	{mailer.NotAuthenticated, 550, code{5, 7, 26}, "The mail is not authenticated, and its domain asks to reject such mail"},
	{mailer.NoGrant, 550, code{5, 7, 1}, "The customer has not granted access to its cases"},
	{mailer.Malformed, 550, code{5, 6, 0}, "The mail is malformed"},
	{mailer.Unreadable, 550, code{5, 6, 0}, "The mail cannot be read"},
	{mailer.TooLarge, 552, code{5, 3, 4}, "The mail is larger than this server takes"},
	{mailer.TooManyHops, 554, code{5, 4, 6}, "Too many hops, this looks like a mail loop"},
	{mailer.TooMany, 450, code{4, 7, 1}, "Too many, try again later"},
	{mailer.TryLater, 451, code{4, 3, 0}, "Not possible now, try again later"},
	{mailer.Full, 452, code{4, 3, 1}, "Out of room, try again later"},
}

// Where verdict and reason do not go together, the verdict counts.
var (
	anyRefused  = answer{basic: 550, enhanced: code{5, 7, 1}, text: "Refused"}
	anyDeferred = answer{basic: 451, enhanced: code{4, 3, 0}, text: "Not possible now, try again later"}
)

// replyFor turns an outcome into a reply; nil for Accepted and Held, and an
// unknown verdict is a temporary failure.
func replyFor(o mailer.Outcome) *smtp.SMTPError {
	if o.Verdict == mailer.Accepted || o.Verdict == mailer.Held {
		return nil
	}
	a := anyDeferred
	if o.Verdict == mailer.Refused {
		a = anyRefused
	}
	for _, known := range answers {
		if known.reason == o.Reason && known.basic/100 == a.basic/100 {
			a = known
		}
	}
	if o.Text != "" {
		a.text = o.Text
	}
	return reply(a.basic, a.enhanced, a.text)
}

// replyToAll makes one reply of the outcomes for all recipients (design 2.2);
// nil: accepted.
func replyToAll(outcomes []mailer.Outcome) *smtp.SMTPError {
	var first *smtp.SMTPError
	accepted := false
	for _, o := range outcomes {
		r := replyFor(o)
		switch {
		case r == nil:
			accepted = true
		case r.Temporary():
			return r
		case first == nil:
			first = r
		}
	}
	if accepted {
		return nil
	}
	return first
}

// replyTo turns an error into a reply. One that is not a reply already is our
// own failure: the client tries again, and learns no more than the id under
// which the log has the rest (mail-traps A5).
func replyTo(err error, id mailer.ID) *smtp.SMTPError {
	var r *smtp.SMTPError
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, errNoRoom), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return reply(452, code{4, 3, 1}, "Out of room, try again later ("+string(id)+")")
	}
	return reply(451, code{4, 3, 0}, "Internal failure, try again later ("+string(id)+")")
}

// addressReply answers a malformed address.
func addressReply(err error, enhanced code, whose string) *smtp.SMTPError {
	if errors.Is(err, errNeedsUTF8) {
		return reply(553, code{5, 6, 7}, "The "+whose+" address needs SMTPUTF8") // RFC 6531 3.5
	}
	return reply(553, enhanced, "The "+whose+" address is malformed")
}

// reply makes a reply of one line of printable ASCII.
func reply(basic int, enhanced code, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: basic, EnhancedCode: enhanced, Message: printable(text, maxText)}
}

// maxText keeps a reply line within maxReply, with room for an id.
const maxText = 400

// printable keeps to ASCII and to a length in octets.
func printable(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
