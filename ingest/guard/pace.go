package guard

import "time"

// pace decides how long the next octets may take (mail-traps A4). A command
// line has one time for the whole of it. A mail's text has a credit of waiting
// time that each wait uses up and each octet adds to, so that whoever keeps up
// the minimum rate on average is never cut, and nobody else stays.
type pace struct {
	line   time.Time // when the command line must be whole
	text   bool
	credit time.Duration // in text
}

const (
	lineTime = time.Minute // for a command line from its first octet on
	// A text begins with a credit of grace, and who sends fast may earn as much
	// as maxCredit, for the stall that comes later.
	grace     = 30 * time.Second
	maxCredit = 2 * time.Minute
)

// begin is where a text begins.
func (p *pace) begin() { p.text, p.credit = true, grace }

// until is when a read that begins now must have got something.
func (p *pace) until(now time.Time) time.Time {
	if p.text {
		return now.Add(p.credit)
	}
	return p.line
}

// behind is since when the client has been behind the minimum rate, if nothing
// more comes; one that is ahead of it, in the future.
func (p *pace) behind(now time.Time) time.Time { return now.Add(p.credit - grace) }

// got notes that n octets came after a wait.
func (p *pace) got(n int, waited time.Duration, rate int) {
	if p.text {
		p.credit = min(maxCredit, p.credit-waited+time.Duration(n)*time.Second/time.Duration(rate))
	}
}

// started: the first octets of a command line have come.
func (p *pace) started(now time.Time) { p.line = earliest(p.line, now.Add(lineTime)) }

// isOver tells that a read has timed out because the text came too slowly.
func (p *pace) isOver() bool { return p.text && p.credit <= 0 }

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
