package guard

import "time"

// tally counts what a client does that leads to no mail. A correct client, one
// that pipelines into a refusal included, stays far below the limits.
type tally struct {
	verb     string // of the command that is being answered
	commands int    // since the last mail
	errors   int
	wasted   int64 // octets of chunks that belong to no mail
}

const (
	maxCommands = 1000
	maxErrors   = 20
	maxWasted   = 64 << 20
)

func (t *tally) command(verb string) {
	t.verb = verb
	t.commands++
}

// mail is where the text of a mail begins.
func (t *tally) mail() { t.commands = 0 }

// reply counts the errors of syntax and sequence (RFC 5321 4.2.1). Those to RCPT,
// DATA and BDAT do not count: all of a transaction that was pipelined after a
// refused MAIL ends so, and refused recipients are counted by their own measure.
func (t *tally) reply(line string) {
	if len(line) < 4 || line[:2] != "50" || line[3] != ' ' {
		return
	}
	if t.verb != "RCPT" && t.verb != "DATA" && t.verb != "BDAT" {
		t.errors++
	}
}

// waste counts octets that will be read for nothing; false if they are too many.
func (t *tally) waste(n int64) bool {
	if n > maxWasted-t.wasted {
		return false
	}
	t.wasted += n
	return true
}

func (t *tally) isOver() bool { return t.commands >= maxCommands || t.errors >= maxErrors }

// Refused counts a refused recipient, or a wrong password, for the client's
// network. True: there were so many of them within the hour that its new
// connections are not taken any more, and this session should end as well (T45).
func (c *Conn) Refused() (tooMany bool) {
	g := c.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peers.refuse(c.from, time.Now())
}
