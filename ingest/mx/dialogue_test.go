package mx

import (
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDialogues plays the scripts of testdata. Lines of a script:
//
//	> TEXT            send a line; what is sent without a reply between is one write
//	raw "..."         send bytes, as a Go string
//	repeat N "..."    send them N times
//	< PREFIX          expect a reply whose last line begins so
//	has LINE          the reply before had this line
//	base64 PREFIX "..."  send a line that ends in the base64 of a Go string
//	tls               do the client's part of a handshake
//	end               expect that the server closes the connection
//	mail RCPTS "..."  expect a mail with this text to have reached the handler
//	refused REASON    expect the handler to have heard of a refusal
//	blobs N           expect this many blobs left
//
// The name of the file is the mode, with others for MX. At the end, there must be no mails and refusals that were not expected, and
// the client must not have been shown anything internal.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues found: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mode := modeOf(name)
		// A txtar archive: titles between double hyphens, comment before the first.
		titles := title.FindAllSubmatch(text, -1)
		for i, script := range title.Split(string(text), -1)[1:] {
			t.Run(string(titles[i][1]), func(t *testing.T) {
				t.Parallel()
				if mode == Submission { // which makes one wait
					synctest.Test(t, func(t *testing.T) { play(t, script, mode, &wires{next: make(chan net.Conn)}) })
				} else {
					play(t, script, mode, nil)
				}
			})
		}
	}
}

var title = regexp.MustCompile(`(?m)^-- (.*) --\n`)

func modeOf(file string) Mode {
	for _, m := range []Mode{Submission, LMTP} {
		if filepath.Base(file) == m.String()+".txtar" {
			return m
		}
	}
	return MX
}

func play(t *testing.T, script string, mode Mode, on net.Listener) {
	d := open(t, func(d *door) {
		d.Mode = mode
		if mode == Submission {
			d.on, d.TLS, d.Auth = on, selfSigned(t), account
		}
	})
	p := &player{door: d, client: d.connect(t)}
	for i, line := range strings.Split(script, "\n") {
		line = strings.TrimRight(line, " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := p.step(t, line); err != nil {
			t.Fatalf("line %d, %q: %v", i+1, line, err)
		}
	}
	p.flush(t)
	p.Close()
	if n := d.desk.count(); n != p.mails {
		t.Errorf("handler saw %d mails, the script expects %d", n, p.mails)
	}
	if n := len(d.desk.refused); n != p.refused {
		t.Errorf("handler heard of %d refusals, the script expects %d: %+v", n, p.refused, d.desk.refused)
	}
	if strings.Contains(p.heard.String(), secret) || strings.Contains(p.heard.String(), hunter) {
		t.Errorf("client was shown something internal (A5):\n%s", p.heard.String())
	}
}

type player struct {
	*door
	*client
	out            strings.Builder
	heard          strings.Builder
	last           []string
	mails, refused int
}

func (p *player) flush(t *testing.T) {
	if p.out.Len() > 0 {
		p.send(t, p.out.String())
		p.out.Reset()
	}
}

func (p *player) step(t *testing.T, line string) error {
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case ">":
		p.out.WriteString(arg + "\r\n")
	case "raw", "repeat":
		times := "1"
		if verb == "repeat" {
			times, arg, _ = strings.Cut(arg, " ")
		}
		n, err := strconv.Atoi(times)
		if err != nil {
			return err
		}
		s, err := strconv.Unquote(arg)
		if err != nil {
			return err
		}
		p.out.WriteString(strings.Repeat(s, n))
	case "base64":
		prefix, quoted, _ := strings.Cut(arg, `"`)
		s, err := strconv.Unquote(`"` + quoted)
		if err != nil {
			return err
		}
		s = strings.ReplaceAll(s, "PASSWORD", hunter)
		p.out.WriteString(prefix + base64.StdEncoding.EncodeToString([]byte(s)) + "\r\n")
	case "tls":
		p.flush(t)
		p.encrypt()
	case "<":
		p.flush(t)
		return p.hear(arg)
	case "has":
		for _, l := range p.last {
			if l == arg {
				return nil
			}
		}
		return fmt.Errorf("server said %q", p.last)
	case "end":
		p.flush(t)
		p.expectEnd(t)
	case "mail":
		return p.expectMail(arg)
	case "refused":
		return p.expectRefusal(arg)
	case "blobs":
		if n, open := p.store.left(); fmt.Sprint(n) != arg || open != 0 {
			return fmt.Errorf("%d blobs and %d unfinished ones are left", n, open)
		}
	default:
		return fmt.Errorf("no such step")
	}
	return nil
}

func (p *player) hear(want string) (err error) {
	p.last, err = p.reply()
	p.heard.WriteString(strings.Join(p.last, "\n") + "\n")
	if err != nil || !strings.HasPrefix(p.last[len(p.last)-1], want) {
		return fmt.Errorf("server said %q (%v)", p.last, err)
	}
	return nil
}

func (p *player) expectMail(arg string) error {
	split := strings.LastIndex(arg, ` "`)
	rcpts, quoted := arg[:split], arg[split+1:]
	want, err := strconv.Unquote(quoted)
	if err != nil {
		return err
	}
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	if p.mails++; len(p.desk.mails) < p.mails {
		return fmt.Errorf("handler saw %d mails only", len(p.desk.mails))
	}
	m := p.desk.mails[p.mails-1]
	var got []string
	for _, r := range m.Envelope.Recipients {
		got = append(got, r.String())
	}
	if m.Door != p.Mode.String() || m.Envelope.FrontHop != (p.Mode == LMTP) || (m.Envelope.User != "") != (p.Mode == Submission) {
		return fmt.Errorf("handler saw a mail by the door %s with the envelope %+v", m.Door, m.Envelope)
	}
	if strings.Join(got, ",") != rcpts || m.body != want {
		return fmt.Errorf("handler saw a mail to %v: %q", got, m.body)
	}
	return nil
}

func (p *player) expectRefusal(reason string) error {
	// Told before the reply, but the log of it may be read after the door's
	// own goroutine went on.
	deadline := time.Now().Add(5 * time.Second)
	for {
		p.desk.mu.Lock()
		n := len(p.desk.refused)
		p.desk.mu.Unlock()
		if n > p.refused || time.Now().After(deadline) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	if p.refused++; len(p.desk.refused) < p.refused {
		return fmt.Errorf("handler heard of %d refusals only", len(p.desk.refused))
	}
	if got := p.desk.refused[p.refused-1].Reason; string(got) != reason {
		return fmt.Errorf("handler heard of %q", got)
	}
	return nil
}
