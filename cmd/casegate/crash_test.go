package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/notify"
	"casegate/cases/store/bolt"
	"casegate/ingest"
	"casegate/ingest/mx"
	"casegate/ingest/verify"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// TestKill9 kills the daemon thirty times while mails are in flight. The client
// keeps its own ledger of the 250s it received, and after a restart sends again
// what was not answered, as a mail server does. In the end every acknowledged
// mail must be in a case exactly once.
func TestKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the daemon thirty times; not with -short")
	}
	c, lost, doubled := crash(t, "casegate", 30, nil)
	if lost > 0 || doubled > 0 {
		t.Errorf("%d acknowledged mails are lost, %d are doubled", lost, doubled)
	}
	found, err := verifyData(t.Context(), c.data)
	if err != nil || len(found) > 0 {
		t.Errorf("the data directory has the faults %v, %v; want none, and each large mail's bytes there", found, err)
	}
}

// TestKill9Control: the same client catches a store that lets the door answer 250
// before the commit. Without this, a client that sees nothing would pass too.
func TestKill9Control(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a daemon many times; not with -short")
	}
	_, lost, _ := crash(t, "casegate-early", 60, func(lost, doubled int) bool { return lost > 0 })
	if lost == 0 {
		t.Error("a store that answers before the commit lost nothing in 60 kills: the test above proves nothing")
	}
}

// TestKill9ControlDoubled: it also catches a store that does not know again what it
// has taken before.
func TestKill9ControlDoubled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a daemon many times; not with -short")
	}
	_, _, doubled := crash(t, "casegate-forgetful", 60, func(lost, doubled int) bool { return doubled > 0 })
	if doubled == 0 {
		t.Error("a store without a ledger doubled nothing in 60 kills: the first test proves nothing")
	}
}

// crash runs a daemon, by the name under which TestMain knows it, kills it under
// load until a number of kills has hit mails in flight, or until enough says so,
// and counts.
func crash(t *testing.T, daemon string, kills int, enough func(lost, doubled int) bool) (c *crashClient, lost, doubled int) {
	c = &crashClient{t: t, data: shortTempDir(t), addr: freePort(t), acked: map[string]bool{}}
	for kill := 0; c.hits < kills && kill < 2*kills; kill++ {
		child := c.start(daemon)
		inFlight := c.load(20+rand.IntN(60), child)
		if inFlight == 0 {
			t.Logf("kill %d hit no mail in flight", kill)
		} else {
			c.hits++
		}
		if enough != nil && (kill+1)%10 == 0 {
			if lost, doubled = c.count(); enough(lost, doubled) {
				t.Logf("after %d kills %d lost, %d doubled", kill+1, lost, doubled)
				return c, lost, doubled
			}
		}
	}
	// The last round lets the daemon live, so that every mail gets its answer.
	child := c.start(daemon)
	c.again(1 << 20)
	if err := child.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("the daemon did not end well: %v", err)
	}
	lost, doubled = c.count()
	t.Logf("%d mails acknowledged, %d kills with mails in flight, %d sent again; %d lost, %d doubled", len(c.acked), c.hits, c.retried, lost, doubled)
	if c.hits < kills || len(c.acked) < kills {
		t.Errorf("only %d kills of %d hit a mail in flight, %d mails were acknowledged: the run says nothing", c.hits, kills, len(c.acked))
	}
	return c, lost, doubled
}

// crashClient sends mails and remembers what it was told of them.
type crashClient struct {
	t    *testing.T
	data string
	addr string
	next int

	mu       sync.Mutex
	acked    map[string]bool // by subject
	pending  []string        // begun, and not acknowledged
	inFlight int             // of this round: written to their end, and not answered
	hits     int             // kills with mails in flight
	retried  int
}

// start runs a daemon, under another program if there is one, until it listens.
func (c *crashClient) start(daemon string, under ...string) *exec.Cmd {
	c.t.Helper()
	// TestMain has put this program under all its names into PATH's first folder.
	exe, err := exec.LookPath(daemon)
	if err != nil {
		c.t.Fatal(err)
	}
	args := append(under, exe, "serve", "--demo", "--data", c.data, "--smtp", c.addr, "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	child := exec.Command(args[0], args[1:]...)
	var out strings.Builder
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { // however the test ends
		child.Process.Kill()
		child.Wait()
	})
	for range 400 {
		if conn, err := net.Dial("tcp", c.addr); err == nil {
			conn.Close()
			return child
		}
		time.Sleep(25 * time.Millisecond)
	}
	child.Process.Kill()
	c.t.Fatalf("%s does not listen on %s:\n%s", daemon, c.addr, out.String())
	return nil
}

// load sends mails over several connections, what was not answered before
// first, until a number of new ones is acknowledged; then it kills the daemon
// in mid-work, or after a while in any case. It returns how many mails were in
// flight.
func (c *crashClient) load(enough int, child *exec.Cmd) int {
	before := len(c.acked)
	c.again(8)
	c.inFlight = 0
	var wg sync.WaitGroup
	var kill sync.Once
	late := time.AfterFunc(10*time.Second, func() { kill.Do(func() { child.Process.Kill() }) })
	defer late.Stop()
	for range 8 {
		wg.Go(func() {
			conn := c.dial()
			if conn == nil {
				return
			}
			defer conn.close()
			for {
				subject := c.subject()
				if !c.send(conn, subject) {
					return
				}
				c.mu.Lock()
				full := len(c.acked)-before >= enough
				c.mu.Unlock()
				if full {
					kill.Do(func() { child.Process.Kill() })
				}
			}
		})
	}
	wg.Wait()
	kill.Do(func() { child.Process.Kill() })
	child.Wait()
	return c.inFlight
}

// again sends what was not answered in the rounds before, byte for byte.
func (c *crashClient) again(most int) {
	conn := c.dial()
	if conn == nil {
		return
	}
	defer conn.close()
	old := c.pending
	c.pending = nil
	for i, subject := range old {
		if i >= most {
			c.pending = append(c.pending, old[i:]...)
			return
		}
		c.retried++
		if !c.send(conn, subject) {
			c.pending = append(c.pending, old[i+1:]...)
			return
		}
	}
}

func (c *crashClient) subject() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return fmt.Sprintf("crash %d", c.next)
}

// send sends one mail; false when it was not acknowledged.
func (c *crashClient) send(conn *dialogue, subject string) bool {
	written := conn.say("MAIL FROM:<it@acme.example>", "250") && conn.say("RCPT TO:<support@north.example>", "250") &&
		conn.say("DATA", "354") && conn.write(crashMail(subject)+".")
	ok := written && conn.reply("250")
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ok:
		c.acked[subject] = true
	case written:
		c.inFlight++
		fallthrough
	default:
		c.pending = append(c.pending, subject)
	}
	return ok
}

// crashMail is the same for the same subject. One in ten has about 200 KiB and is
// kept in a file beside the store.
func crashMail(subject string) string {
	lines := 20
	if strings.HasSuffix(subject, "7") {
		lines = 2700
	}
	return fmt.Sprintf("From: it@acme.example\r\nSubject: %s\r\nMessage-ID: <%s@acme.example>\r\n\r\n%s",
		subject, strings.ReplaceAll(subject, " ", "."), strings.Repeat(strings.Repeat("smoke and fire ", 5)+"\r\n", lines))
}

// dialogue is one SMTP connection.
type dialogue struct {
	conn net.Conn
	in   *bufio.Reader
	last string // line of a reply
}

func (c *crashClient) dial() *dialogue {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return nil
	}
	d := &dialogue{conn: conn, in: bufio.NewReader(conn)}
	if !d.reply("220") || !d.say("EHLO client.example", "250") {
		d.close()
		return nil
	}
	return d
}

func (d *dialogue) close() { d.conn.Close() }

func (d *dialogue) say(line, want string) bool { return d.write(line) && d.reply(want) }

func (d *dialogue) write(line string) bool {
	d.conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err := io.WriteString(d.conn, line+"\r\n")
	return err == nil
}

func (d *dialogue) reply(want string) bool {
	for {
		line, err := d.in.ReadString('\n')
		if err != nil || len(line) < 4 {
			return false
		}
		if d.last = line; line[3] == ' ' {
			return strings.HasPrefix(line, want)
		}
	}
}

// count looks into the store, while no daemon runs on it, for the mails that were
// acknowledged.
func (c *crashClient) count() (lost, doubled int) {
	c.t.Helper()
	store, err := bolt.Open(filepath.Join(c.data, storeName), bolt.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer store.Close()
	found := map[string]int{}
	err = store.View(context.Background(), func(tx cases.Tx) error {
		for one, err := range tx.Cases("north") {
			if err != nil {
				return err
			}
			history, err := tx.History(one.ID, 1, 0)
			if err != nil {
				return err
			}
			for _, e := range history {
				found[e.Message.Subject]++
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for subject := range c.acked {
		switch n := found[subject]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	return lost, doubled
}

// earlyStore lets an update return as soon as its function has run, before the
// commit: the mistake that TestKill9 must be able to see.
type earlyStore struct{ *bolt.Store }

func (s earlyStore) Update(ctx context.Context, f func(cases.Tx) error) error {
	ran := make(chan error, 1)
	go s.Store.Update(context.WithoutCancel(ctx), func(tx cases.Tx) error {
		err := f(tx)
		select {
		case ran <- err:
		default:
		}
		return err
	})
	return <-ran
}

// forgetfulStore never finds a mail in the ledger: the other mistake.
type forgetfulStore struct{ *bolt.Store }

func (s forgetfulStore) Update(ctx context.Context, f func(cases.Tx) error) error {
	return s.Store.Update(ctx, func(tx cases.Tx) error { return f(forgetfulTx{tx}) })
}

type forgetfulTx struct{ cases.Tx }

func (forgetfulTx) Recall(cases.LedgerKey) (mailer.ID, error) { return "", cases.ErrNotFound }

// serveWrong is the daemon's way in, joined by hand on a store that makes a
// mistake. It takes the arguments that crashClient gives.
func serveWrong(mistake func(*bolt.Store) cases.Store) {
	data, addr := os.Args[4], os.Args[6]
	if err := runWrong(data, addr, mistake); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runWrong(data, addr string, mistake func(*bolt.Store) cases.Store) error {
	store, err := bolt.Open(filepath.Join(data, storeName), bolt.Options{})
	if err != nil {
		return err
	}
	dir, err := demoDirectory()
	if err != nil {
		return err
	}
	var ids mailer.IDs
	blobs := &blob.Local{Dir: filepath.Join(data, "blobs")}
	desk := &cases.Desk{Store: mistake(store), Blobs: blobs, Keys: &mailer.Keyring{Keys: []mailer.Key{{ID: 1}}},
		Hostname: "gate.example", Audience: notify.Audience}
	if _, err := desk.ApplyDirectory(context.Background(), dir); err != nil {
		return err
	}
	verifier := &verify.Verifier{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	reader := &ingest.Reader{Blobs: blobs, Verify: verifier.Verify}
	server := &mx.Server{Hostname: "gate.example", Handler: desk, Read: reader.Read, Blobs: blobs, NewID: ids.New, Log: slog.New(slog.DiscardHandler)}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return errors.Join(server.Serve(l), store.Close())
}
