package mx

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"casegate/mailer"
)

// FuzzDialogue: no dialogue crashes the door, and nothing gets to the handler
// that the client did not send in so many words.
func FuzzDialogue(f *testing.F) {
	for _, s := range scripts(f) {
		f.Add(s)
	}
	for _, text := range newlineCases {
		f.Add("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n" + text + "\r\n.\r\nQUIT\r\n")
	}
	p := newPlayback(f)
	f.Fuzz(func(t *testing.T, input string) { p.check(t, input) })
}

// states are dialogues up to where the fuzzer goes on.
var states = []string{
	"", // before HELO
	"EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\n",
	"EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\nDATA\r\n",
	"EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\nBDAT 9\r\nSubject: ",
	"EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\nRCPT TO:<unknown@north.example>\r\nBDAT 20\r\n",
	"EHLO c.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<unknown@north.example>\r\nDATA\r\n",
	"EHLO c.example\r\nSTARTTLS\r\n", // what follows is in clear
}

// FuzzStates is FuzzDialogue from each state of a session on, in clear and, for
// an odd number, within TLS.
func FuzzStates(f *testing.F) {
	const mail = "MAIL FROM:<ceo@victim.example>\r\nRCPT TO:<b@north.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
	for i := range 2 * len(states) {
		for _, s := range []string{
			"", "EHLO d.example\r\n" + mail, "RSET\r\n" + mail, "QUIT\r\n", "RCPT TO:<refused@north.example>\r\nBDAT 3 LAST\r\nabcNOOP\r\n",
			"BDAT 70 LAST\r\nRSET\r\n" + mail + "QUIT\r\n", "BDAT 1\r\n\rBDAT 1 LAST\r\n\n", "text\r\n.\r\n" + mail, "\n.\r\n" + mail,
			".\r\n" + mail, "\r\n.\n" + mail, strings.Repeat("x", 400) + "\r\n.\r\n" + mail, "BDAT 18446744073709551615\r\n" + mail,
			"BDAT -1 LAST\r\n" + mail, "STARTTLS\r\n" + mail, "NOOP \x00\r\n" + mail, strings.Repeat("y", 3000) + "\r\n" + mail,
		} {
			f.Add(uint8(i), s)
		}
	}
	p := newPlayback(f)
	f.Fuzz(func(t *testing.T, state uint8, input string) {
		i := int(state) % (2 * len(states))
		input = states[i/2] + input
		if i%2 == 0 || strings.Contains(states[i/2], "STARTTLS") {
			p.check(t, input)
			return
		}
		p.compare(t, input, "220 the greeting was in clear\r\n"+p.playTLS(t, input))
	})
}

// scripts gives what the clients of the dialogues send.
func scripts(t testing.TB) []string {
	files, _ := filepath.Glob("testdata/*.txtar")
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, script := range title.Split(string(text), -1)[1:] {
			var b strings.Builder
			for line := range strings.SplitSeq(script, "\n") {
				if sent, ok := strings.CutPrefix(line, "> "); ok {
					b.WriteString(sent + "\r\n")
				}
				if quoted, ok := strings.CutPrefix(line, "raw "); ok {
					sent, _ := strconv.Unquote(quoted)
					b.WriteString(sent)
				}
			}
			all = append(all, b.String())
		}
	}
	return all
}

// reference reads a dialogue as strictly as RFC 5321 and RFC 3030 are written.
// It knows of the server only what it replied. Where the RFCs give no meaning to
// what the client sent, it stops: the server may say a last word, and nothing
// after it may have been executed.
type reference struct {
	in      string
	replies []string // last lines of replies not yet matched with a command
	events  []string // what the handler should have seen, as witness writes it

	helo   string
	from   mailer.Address
	open   bool // within a transaction
	rcpts  []mailer.Address
	chunks strings.Builder
}

// read gives the events; replies that no command explains are left over.
func (r *reference) read(output string) []string {
	for line := range strings.SplitSeq(output, "\r\n") {
		if len(line) >= 4 && line[3] == ' ' {
			r.replies = append(r.replies, line)
		}
	}
	r.reply() // the greeting
	for r.command() {
	}
	return r.events
}

// reply takes the server's next reply; "" after the last.
func (r *reference) reply() string {
	if len(r.replies) == 0 {
		return ""
	}
	next := r.replies[0]
	r.replies = r.replies[1:]
	return next
}

// last is the server's last word to what has no meaning: it must refuse it.
func (r *reference) last() bool {
	if len(r.replies) > 0 && (r.replies[0][0] == '4' || r.replies[0][0] == '5') {
		r.reply()
	}
	return false
}

// take takes n octets of the client's.
func (r *reference) take(n int) (string, bool) {
	if n < 0 || n > len(r.in) {
		return "", false
	}
	s := r.in[:n]
	r.in = r.in[n:]
	return s, true
}

// commandLine is what may be a command: no octet of it is a control (RFC 5321
// 4.1.2), but for the tab, which is white space to everybody.
var commandLine = regexp.MustCompile(`^(?s:[^\x00-\x08\x0a-\x1f\x7f]*)\r\n`)

// command reads one command and what belongs to it; false at the end.
func (r *reference) command() bool {
	line := r.in[:strings.IndexByte(r.in, '\n')+1]
	if line == "" || !commandLine.MatchString(line) {
		return r.last() // an unfinished line may be too long, or worse
	}
	r.take(len(line))
	line = strings.TrimSuffix(line, "\r\n")
	verb := strings.ToUpper(line[:min(4, len(line))])
	if verb == "BDAT" {
		return r.chunk(line)
	}
	reply := r.reply()
	done := strings.HasPrefix(reply, "250")
	switch {
	case verb == "RCPT" && r.open:
		r.recipient(line, reply)
	case verb == "MAIL" && done:
		r.reset()
		r.from, r.open = path(line), true
	case verb == "DATA" && strings.HasPrefix(reply, "354"):
		return r.data()
	case done && slices.Contains([]string{"EHLO", "HELO"}, verb):
		r.helo = strings.TrimSpace(line[4:])
		r.reset()
	case done && verb == "RSET":
		r.reset()
	}
	// After 220 the client speaks TLS; after the others the session is over.
	return !slices.ContainsFunc([]string{"220", "221", "421", "500 5.5.1 Too many"}, func(end string) bool {
		return reply == "" || strings.HasPrefix(reply, end)
	})
}

func (r *reference) reset() {
	r.open, r.rcpts = false, nil
	r.chunks.Reset()
}

// recipient notes the question that the handler is asked, unless the server saw
// itself that the address cannot be, or had it already.
func (r *reference) recipient(line, reply string) {
	to := path(line)
	asked := slices.ContainsFunc([]string{"250", "550 5.1.1", "451 4.3.0", "421 4.7.0 Too many recipients"}, func(s string) bool {
		return strings.HasPrefix(reply, s)
	})
	if !asked || slices.ContainsFunc(r.rcpts, to.Is) {
		return
	}
	r.events = append(r.events, fmt.Sprintf("recipient %s of %s by %s", to, r.from, r.helo))
	if strings.HasPrefix(reply, "250") {
		r.rcpts = append(r.rcpts, to)
	}
}

// pathLine is RFC 5321 4.1.2 with what else is understood: white space before
// the path, and a path without its brackets. A source route means nothing.
var pathLine = regexp.MustCompile(`^[^:]*:[ \t]*<?(?:@[^:]*:)?(?s:("(?:\\.|[^"\\])*"|[^"@]*)@([^ \t>]*))`)

// path is the address of a command that was accepted.
func path(line string) mailer.Address {
	m := pathLine.FindStringSubmatch(line)
	if m == nil {
		_, arg, _ := strings.Cut(line, ":")
		if strings.EqualFold(strings.TrimSpace(arg)[:min(12, len(strings.TrimSpace(arg)))], "<postmaster>") {
			return mailer.MustAddress("postmaster@mx.north.example")
		}
		return mailer.Address{}
	}
	local := m[1]
	if strings.HasPrefix(local, `"`) {
		local = quotedPair.ReplaceAllString(local[1:len(local)-1], "$1")
	}
	a, _ := mailer.NewAddress(local, m[2])
	return a
}

var quotedPair = regexp.MustCompile(`(?s)\\(.)`)

// bodyEnd is the line with a dot; where the text begins is as good as a line's
// end (RFC 5321 4.1.1.4).
const bodyEnd = "\r\n.\r\n"

// data reads the text after DATA. Bare newlines in it make the server refuse
// the mail and end the session.
func (r *reference) data() bool {
	end := strings.Index("\r\n"+r.in, bodyEnd)
	if end < 0 {
		return r.last()
	}
	text, _ := r.take(end + len(bodyEnd) - 2)
	text = strings.TrimSuffix("\r\n"+text, ".\r\n")
	text = strings.ReplaceAll(text, "\r\n.", "\r\n")[2:]
	reply := r.reply()
	if hasBare(text) {
		if reply != "" && reply[0] != '5' {
			r.events = append(r.events, "a mail with bare newlines must be refused, not "+reply)
		}
		return false
	}
	r.mail(text, reply)
	r.reset()
	return reply != "" && !strings.HasPrefix(reply, "421")
}

func hasBare(text string) bool {
	return strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n")
}

// mail notes a mail that was answered by the handler. One that the door refuses
// itself was too large.
func (r *reference) mail(text, reply string) {
	handled := slices.ContainsFunc([]string{"250 2.0.0 Accepted", "550 5.7.1", "451 4.3.0", "452 4.3.1"}, func(known string) bool {
		return strings.HasPrefix(reply, known)
	})
	switch tooLarge := len(text) > 300; {
	case handled:
		r.events = append(r.events, fmt.Sprintf("mail to %s: %q", r.rcpts, text))
	case reply != "" && tooLarge != strings.HasPrefix(reply, "552"):
		r.events = append(r.events, fmt.Sprintf("a mail of %d octets was answered %s", len(text), reply))
	}
}

// bdat is RFC 3030 2, with the white space that everybody takes.
var bdat = regexp.MustCompile(`^(?i)BDAT[ \t]+([0-9]+)([ \t]+LAST)?[ \t]*$`)

// chunk reads a chunk; its octets are never anything else, whatever the server
// thinks of it.
func (r *reference) chunk(line string) bool {
	m := bdat.FindStringSubmatch(line)
	if m == nil {
		return r.last()
	}
	n, err := strconv.Atoi(m[1])
	body, ok := r.take(n)
	if err != nil || !ok {
		return r.last()
	}
	reply := r.reply()
	r.chunks.WriteString(body)
	text := r.chunks.String()
	switch bare := hasBare(text); {
	case reply == "" || strings.HasPrefix(reply, "421") || strings.HasPrefix(reply, "552 5.3.4 mx"):
		return false
	case m[2] == "" && strings.HasPrefix(reply, "250"):
		return true
	case strings.HasPrefix(reply, "503"): // ignored: it belongs to no mail
		r.chunks.Reset()
		return true
	case m[2] != "" && !bare && r.open:
		r.mail(text, reply)
	}
	r.reset()
	return true
}
