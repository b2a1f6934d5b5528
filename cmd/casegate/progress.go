package main

import (
	"fmt"
	"io"
	"os"
)

// progress tells somebody at a terminal how far a long run has come. The nil
// progress tells nobody anything.
type progress struct {
	w           io.Writer
	done, total int
	shown       int // per cent
}

// newProgress gives the nil progress unless standard error is a terminal and
// what is printed goes elsewhere, so that the two do not mix.
func newProgress(con *console, total int) *progress {
	if total < 2 || !isTerminal(con.err) || isTerminal(con.out) {
		return nil
	}
	return &progress{w: con.err, total: total}
}

// isTerminal tells a character device; what is shown on /dev/null besides does
// no harm.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// step counts one more, and shows it where it makes a difference.
func (p *progress) step() {
	if p == nil {
		return
	}
	p.done++
	if now := 100 * p.done / p.total; now > p.shown {
		p.shown = now
		fmt.Fprintf(p.w, "\r%d of %s", p.done, counted(p.total, "file"))
	}
}

// clear takes the line away, for something else to be written there.
func (p *progress) clear() {
	if p != nil && p.shown > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
