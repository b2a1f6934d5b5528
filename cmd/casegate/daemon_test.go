package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// runDemo starts the demo in process, on a data directory and free ports.
func runDemo(t *testing.T, change func(*Main)) *Main {
	t.Helper()
	conf := demoConfig()
	conf.Data = shortTempDir(t)
	conf.SMTP.Listen, conf.HTTP.Public, conf.HTTP.Admin = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	conf.Disk.MinFreeMiB = 1
	log := &safeBuffer{}
	level := new(slog.LevelVar)
	m := &Main{Config: conf, Level: level, Log: newLogger(log, "text", level)}
	if change != nil {
		change(m)
	}
	if err := m.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("the daemon did not end well: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the daemon:\n%s", log)
		}
	})
	return m
}

// safeBuffer is a buffer that several goroutines may write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const fire = "From: Ida Acme <it@acme.example>\nTo: support@north.example\nSubject: Fire\nMessage-ID: <fire@acme.example>\n\nFire.\n"

// fileCase has a customer file a case by mail and gives the case.
func fileCase(t *testing.T, m *Main) *cases.Case {
	t.Helper()
	if _, err := send(m.status().SMTP, "it@acme.example", []string{"support@north.example"}, fire); err != nil {
		t.Fatal(err)
	}
	list, err := m.desk.List(t.Context(), cases.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("after one mail there are %d cases, %v; want one", len(list), err)
	}
	return list[0]
}

// TestNextSteps: the lines that --demo prints work when they are pasted.
func TestNextSteps(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is missing: install it in CI")
		}
		t.Skip("no curl on this machine")
	}
	m := runDemo(t, nil)
	var said string
	for _, command := range commandsIn(m.nextSteps(m.status().SMTP, "casegate")) {
		// Notices are sent beside the dialogue: a person is slower than they are.
		for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			cmd := exec.Command("sh", "-c", command)
			cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if said = string(out); err == nil && !strings.Contains(said, "there is no mail") {
				break
			}
			if time.Since(begin) > patience {
				t.Fatalf("%s\nfails: %v\n%s", command, err, out)
			}
		}
		t.Logf("%s\n%s", command, said)
	}
	if !strings.Contains(said, "appended to NORTH-1 as entry 2") {
		t.Errorf("the last step says\n%s\nwant it to explain how the answer entered the case", said)
	}
}

// commandsIn takes the commands, with what they read, out of the printed text.
func commandsIn(text string) []string {
	var commands []string
	reading := false
	for line := range strings.Lines(text) {
		switch {
		case reading:
			commands[len(commands)-1] += line
			reading = line != "EOF\n"
		case strings.HasPrefix(line, "curl ") || strings.HasPrefix(line, "casegate "):
			commands = append(commands, line)
			reading = strings.Contains(line, "<<EOF")
		}
	}
	return commands
}

// TestDrain: a mail that is coming in when the daemon is asked to stop is taken,
// and kept; new ones are not.
func TestDrain(t *testing.T) {
	m := runDemo(t, nil)
	addr := m.status().SMTP
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	c := textproto.NewConn(conn)
	say := func(line string, want int) {
		t.Helper()
		if line != "" {
			if err := c.PrintfLine("%s", line); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := c.ReadResponse(want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	say("", 220)
	say("EHLO acme.example", 250)
	say("MAIL FROM:<it@acme.example>", 250)
	say("RCPT TO:<support@north.example>", 250)
	say("DATA", 354)

	closed := make(chan error)
	go func() { closed <- m.Close() }()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		other, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		other.Close()
		if time.Since(begin) > patience {
			t.Fatal("a daemon that stops still takes connections")
		}
	}
	say(strings.ReplaceAll(fire, "\n", "\r\n")+".", 250)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}

	again := runDemo(t, func(next *Main) { next.Config.Data = m.Config.Data })
	list, err := again.desk.List(t.Context(), cases.Filter{})
	if err != nil || len(list) != 1 {
		t.Errorf("after the restart there are %d cases, %v; want the one that was acknowledged", len(list), err)
	}
}

// TestLeaveLink: looking changes nothing, the button and the one-click of a mail
// program do (RFC 8058), and whatever is wrong with a link looks the same (T80).
func TestLeaveLink(t *testing.T) {
	m := runDemo(t, nil)
	c := fileCase(t, m)
	if _, _, err := m.desk.Share(t.Context(), c.Number, mailer.MustAddress("ceo@acme.example"), false); err != nil {
		t.Fatal(err)
	}
	token := func(purpose mailer.Purpose, participant uint16, expires time.Time) string {
		return m.desk.Keys.Seal(mailer.Token{Purpose: purpose, Tenant: mailer.TenantTag("north"), Case: 1, Participant: participant, Expires: expires})
	}
	soon := time.Now().Add(24 * time.Hour)
	good := token(mailer.PurposeLeave, 1, soon)
	active := func() bool {
		found, _, err := m.desk.Find(t.Context(), c.Number)
		if err != nil {
			t.Fatal(err)
		}
		return found.Participants[0].Active()
	}
	for _, step := range []struct {
		name, method, token string
		status              int
		active              bool
	}{
		{"look", "GET", good, 200, true},
		{"look with HEAD", "HEAD", good, 200, true},
		{"another purpose", "POST", token(mailer.PurposeReply, 1, soon), 404, true},
		{"expired", "POST", token(mailer.PurposeLeave, 1, time.Now().Add(-72*time.Hour)), 404, true},
		{"changed", "POST", flip(good), 404, true},
		{"no participant", "POST", token(mailer.PurposeLeave, 9, soon), 404, true},
		{"nonsense", "GET", "x", 404, true},
		{"leave", "POST", good, 200, false},
		{"leave twice", "POST", good, 200, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			resp := request(t, step.method, "http://"+m.status().Public+"/leave/"+step.token, "List-Unsubscribe=One-Click")
			if resp.StatusCode != step.status {
				t.Errorf("%s answers %s, want %d", step.method, resp.Status, step.status)
			}
			if active() != step.active {
				t.Errorf("the participant is active: %v, want %v", active(), step.active)
			}
		})
	}
}

// flip changes a letter in the middle of a token.
func flip(token string) string {
	b := []byte(token)
	if b[20]++; b[20] > 'z' {
		b[20] = 'a'
	}
	return string(b)
}

func request(t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// TestPublicPages: headers on each answer, bounded requests, and nothing of the
// admin's (T83).
func TestPublicPages(t *testing.T) {
	m := runDemo(t, nil)
	base := "http://" + m.status().Public
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"start", "GET", "/", "", 200},
		{"unknown", "GET", "/admin", "", 404},
		{"metrics", "GET", "/metrics", "", 404},
		{"profiles", "GET", "/debug/pprof/", "", 404},
		{"wrong method", "DELETE", "/", "", 405},
		{"up the tree", "GET", "/leave/..%2f..%2fetc", "", 404},
		{"large body", "POST", "/leave/x", strings.Repeat("a", maxForm+1), 400},
		{"large header", "GET", "/?" + strings.Repeat("a", 64<<10), "", 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := request(t, c.method, base+c.path, c.body)
			if resp.StatusCode != c.status {
				t.Errorf("answer is %s, want %d", resp.Status, c.status)
			}
			if c.status == 431 {
				return // answered by net/http before we see it
			}
			for _, name := range []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Cache-Control"} {
				if resp.Header.Get(name) == "" {
					t.Errorf("the answer has no %s", name)
				}
			}
		})
	}
}

// TestReadiness: not ready while nothing can be stored, with the reason; mail is
// put off meanwhile.
func TestReadiness(t *testing.T) {
	m := runDemo(t, func(m *Main) { m.Config.Disk.MinFreeMiB = 1 << 40 >> 20 })
	resp := request(t, "GET", "http://"+m.status().Admin+"/readyz", "")
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 503 || !strings.Contains(string(body), "disk.min_free_mib") {
		t.Errorf("with a full disk readyz answers %s %q, want 503 with the reason", resp.Status, body)
	}
	if resp := request(t, "GET", "http://"+m.status().Admin+"/healthz", ""); resp.StatusCode != 200 {
		t.Errorf("healthz answers %s, want 200: the process is alive", resp.Status)
	}
	_, err := send(m.status().SMTP, "it@acme.example", []string{"support@north.example"}, fire)
	if err == nil || !strings.HasPrefix(err.Error(), "452 ") {
		t.Errorf("with a full disk a mail is answered %v, want 452", err)
	}
	var greeting bytes.Buffer
	if m.greet(&greeting); !strings.Contains(greeting.String(), "\nNo mail is taken now: ") {
		t.Errorf("with a full disk the start says\n%s\nwant that no mail is taken", greeting.String())
	}
	m.draining.Store(true)
	if err := m.ready(); err == nil || err.Error() != "stopping" {
		t.Errorf("while stopping it is ready: %v", err)
	}
}

// TestReload: what is wrong in the new files changes nothing.
func TestReload(t *testing.T) {
	data := shortTempDir(t)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("casegate.toml", needed+"[log]\nlevel = \"info\"\n[disk]\nmin_free_mib = 1\n")
	write("directory.toml", base)
	m := runDemo(t, func(m *Main) {
		conf, err := loadConfig(filepath.Join(data, "casegate.toml"))
		if err != nil {
			t.Fatal(err)
		}
		conf.SMTP.Listen, conf.HTTP.Public, conf.HTTP.Admin = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
		m.Config = conf
	})
	for _, step := range []struct {
		name, config, directory string
		wantErr                 string
		wantLevel               slog.Level
		wantDomains             int
	}{
		{"bad configuration", "nonsense = 1\n", base, "nonsense: there is no such key", slog.LevelInfo, 1},
		{"bad directory", needed + "[log]\nlevel = \"debug\"\n", base + "nonsense = 1\n", "nonsense: there is no such key", slog.LevelInfo, 1},
		{"good", needed + "[log]\nlevel = \"debug\"\n", strings.Replace(base, `["north.example"]`, `["north.example", "n.example"]`, 1), "", slog.LevelDebug, 2},
	} {
		write("casegate.toml", step.config)
		write("directory.toml", step.directory)
		err := m.Reload(t.Context())
		if step.wantErr == "" && err != nil || step.wantErr != "" && (err == nil || !strings.Contains(err.Error(), step.wantErr)) {
			t.Errorf("%s: Reload gives %v, want %q", step.name, err, step.wantErr)
		}
		if got := m.Level.Level(); got != step.wantLevel {
			t.Errorf("%s: the log level is %v, want %v", step.name, got, step.wantLevel)
		}
		d := directoryOf(t, m)
		if got := len(d.Resellers[0].Domains); got != step.wantDomains {
			t.Errorf("%s: the reseller has %d domains, want %d", step.name, got, step.wantDomains)
		}
	}
}

func directoryOf(t *testing.T, m *Main) (d *cases.Directory) {
	t.Helper()
	err := m.store.View(t.Context(), func(tx cases.Tx) (err error) {
		d, err = tx.Directory()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestControlErrors: what the socket answers to what no verb sends.
func TestControlErrors(t *testing.T) {
	m := runDemo(t, nil)
	c := newClient(m.Config.Data)
	for _, q := range []struct{ verb, body, want string }{
		{"case/show", "{", "the request cannot be read"},
		{"case/show", `{"number": 5}`, "the request cannot be read"},
		{"case/show", `{"number": "NORTH-1"}`, `no case "NORTH-1"`},
		{"case/share", `{"number": "NORTH-1", "address": "nobody"}`, "not a mail address"},
		{"mail/raw", `{"id": "06c2k7gq0r1ne"}`, "no mail 06c2k7gq0r1ne"},
		{"explain?ip=x", "", `"x" is not an IP address`},
		{"directory/apply", `{"resellers": [{"id": "NORTH"}]}`, "has no domain"},
		{"nonsense", "{}", "is it another version?"},
	} {
		answer, err := c.post(t.Context(), q.verb, strings.NewReader(q.body))
		if err == nil {
			answer.Close()
			t.Errorf("%s %s was answered, want an error with %q", q.verb, q.body, q.want)
		} else if !strings.Contains(err.Error(), q.want) {
			t.Errorf("%s %s: error is %q, want %q in it", q.verb, q.body, err, q.want)
		}
	}
}

// TestLogsHoldNoSecrets: a whole conversation leaves no text, no token and no
// key in the log (T79).
func TestLogsHoldNoSecrets(t *testing.T) {
	log := &safeBuffer{}
	m := runDemo(t, func(m *Main) {
		m.Config.Log.Level = "debug"
		m.Log = newLogger(log, "json", m.Level)
	})
	fileCase(t, m)
	var replies []string
	box := outbox{dir: filepath.Join(m.Config.Data, outboxName)}
	for begin := time.Now(); len(replies) < 2 && time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		list, err := box.list()
		if err != nil {
			continue // the first mail makes it
		}
		replies = nil
		for _, sent := range list {
			raw, err := os.ReadFile(sent.File)
			if err != nil {
				t.Fatal(err)
			}
			to, err := replyTo(raw)
			if err != nil {
				t.Fatal(err)
			}
			replies = append(replies, strings.TrimPrefix(to.Local, "case-"))
		}
	}
	if len(replies) != 2 {
		t.Fatalf("%d notices in the outbox, want 2", len(replies))
	}
	text := "From: North Desk <desk@agents.example>\nSubject: Re: Fire\n\nCAN-BODY-1\n"
	for _, rcpt := range []string{replies[1], flip(replies[1])} { // the second is refused
		send(m.status().SMTP, "desk@agents.example", []string{"case-" + rcpt + "@gate.example"}, text)
	}
	form := url.Values{"List-Unsubscribe": {"One-Click"}}.Encode()
	request(t, "POST", "http://"+m.status().Public+"/leave/"+replies[0], form)
	found, history, err := m.desk.Find(t.Context(), "NORTH-1")
	if err != nil || len(history) != 2 {
		t.Fatalf("%s has %d events, %v; want the answer in it", found.Number, len(history), err)
	}
	for _, secret := range append(replies, "CAN-BODY-1", flip(replies[1])) {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

// TestFailedListener: a daemon that has lost a door ends by itself, with an error.
func TestFailedListener(t *testing.T) {
	m := runDemo(t, nil)
	m.failed <- fmt.Errorf("smtp: broken")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m.Wait(ctx); err == nil || !strings.Contains(err.Error(), "smtp: broken") {
		t.Errorf("Wait gives %v, want why the daemon cannot go on", err)
	}
}
