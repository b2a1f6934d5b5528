package parse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
	"unicode/utf8"

	"casegate/ingest/corpustest"
	"casegate/mailer"
)

var update = flag.Bool("update", false, "write the recorded scores anew")

// TestCorpusWithLineEnds: a mail says the same with CRLF and with LF line ends.
func TestCorpusWithLineEnds(t *testing.T) {
	t.Parallel()
	for _, it := range corpustest.Items(t) {
		lf := bytes.ReplaceAll(it.Raw, []byte("\r\n"), []byte("\n"))
		if bytes.ContainsAny(lf, "\r\x00") {
			continue // bare CR, which the door refuses; NUL: UTF-16, whose line ends are other octets
		}
		a, b := Read(lf), Read(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")))
		if len(a.Limits) > 0 {
			continue // cut, and CR counts
		}
		if a.Subject != b.Subject || a.Text != b.Text || a.Reply != b.Reply ||
			len(a.Attachments) != len(b.Attachments) || a.Kind != b.Kind || len(a.Bounces) != len(b.Bounces) {
			t.Errorf("%s: read differently with LF and with CRLF", it.ID)
		}
	}
}

// TestCorpus is the scorer. It reads every item of the corpus and compares what
// is read with what the item's source states. Nothing may break down, what
// comes out must be fit to be stored, and no set may get worse in any fact than
// what is recorded in testdata. That a fact is not met is no error in itself:
// the sources disagree with each other. With -v it prints the misses, grouped
// by fact, and the table of scores.
func TestCorpus(t *testing.T) {
	t.Parallel()
	items := corpustest.Items(t)
	if len(items) != corpustest.Size {
		t.Errorf("read %d items, the corpus has %d", len(items), corpustest.Size)
	}
	book, known := newScorebook(), comparers()
	for _, it := range items {
		r, why := readItem(it, book)
		r.check("survive", why == "", "a message that is fit to be stored", why)
		if why != "" {
			t.Errorf("%s: %s", it.ID, why)
		}
		r.compareAll(known)
	}
	if testing.Verbose() {
		// Not by Log, which would indent the lines that others look for.
		fmt.Fprint(os.Stdout, book.misses(), book.notCompared(), book.table())
	}
	checkBaseline(t, book)
}

// reading is an item of the corpus beside what is read of it.
type reading struct {
	corpustest.Item
	mail mailer.Message
	html string // of the page made for showing, without its tags
	book *scorebook
}

// readItem reads an item; why says what is wrong with the result whatever the
// mail, or is "".
func readItem(it corpustest.Item, book *scorebook) (r *reading, why string) {
	r = &reading{Item: it, book: book}
	defer func() {
		if cause := recover(); cause != nil {
			why = fmt.Sprintf("panic: %v", cause)
		}
	}()
	src := Bytes(it.Raw)
	r.mail = src.Message()
	page := src.HTML()
	r.html = withoutTags(page)
	switch {
	case r.mail.Failure != "":
		return r, r.mail.Failure
	case !utf8.ValidString(page) || bytes.ContainsRune([]byte(page), 0):
		return r, "a page that is not UTF-8 without NUL"
	}
	if why := unfit(r.mail); why != "" {
		return r, why
	}
	return r, unfitDetails(r.mail)
}

// unfitDetails is unfit for what stands beside the text and the header facts.
func unfitDetails(m mailer.Message) string {
	texts := []string{m.Reply.Text, m.Reply.Elided, m.Reply.Signature, m.Reply.Reason, m.Feedback}
	for _, list := range [][]string{m.Upstream, m.Tokens, m.Marks, m.CharsetRepairs, m.Limits} {
		texts = append(texts, list...)
	}
	for _, b := range m.Bounces {
		texts = append(texts, b.Recipient, b.Action, b.Status, b.Diagnostic)
	}
	if f := m.Forwarded; f != nil {
		texts = append(texts, f.From.Name, f.Date, f.Subject)
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || bytes.IndexByte([]byte(s), 0) >= 0 {
			return "a detail that is not UTF-8 without NUL"
		}
	}
	if c := m.Reply.Confidence; c < 0 || c > 1 {
		return fmt.Sprintf("a confidence of %g, outside 0 to 1", c)
	}
	return ""
}

// check counts one comparison; want and got are for the list of misses.
func (r *reading) check(fact string, ok bool, want, got string) {
	r.book.count(r.Set(), fact, ok)
	if !ok {
		r.book.miss(r.ID, fact, want, got)
	}
}

// compareAll compares each fact that the item states, and what holds for mails
// that state none.
func (r *reading) compareAll(known map[string]comparer) {
	for name, stated := range r.Expect {
		if compare := known[name]; compare != nil {
			compare(r, name, stated)
		} else {
			r.book.skip(name, whyNotCompared(name))
		}
	}
	comparePerson(r)
	compareReference(r)
}
