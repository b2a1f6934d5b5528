package guard

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failing is a listener that has no file descriptors for a while.
type failing struct {
	pipes
	err   error
	until time.Time
	tries int
}

func (l *failing) Accept() (net.Conn, error) {
	if l.tries++; time.Now().Before(l.until) {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", l.err)}
	}
	return l.pipes.Accept()
}

// TestNoFiles: without file descriptors Accept waits, does not spin, and goes on
// when there are some (T44).
func TestNoFiles(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		synctest.Test(t, func(t *testing.T) {
			l := &failing{pipes: pipes{make(chan net.Conn), make(chan struct{})}, err: err, until: time.Now().Add(time.Minute)}
			g := &Guard{Silence: -1}
			serveOn(t, g, l)
			_, r := l.from("192.0.2.1")
			expect(t, r, "220")
			if took := time.Since(l.until); took > maxPause {
				t.Errorf("%v: served %v after there were descriptors again, want within %v", err, took, maxPause)
			}
			synctest.Wait()
			if l.tries > 150 || int(g.Stats().Turned[Files]) != l.tries-2 {
				t.Errorf("%v: %d tries in a minute, counted %d; want a few more than 60", err, l.tries, g.Stats().Turned[Files])
			}
		})
	}
}

// TestAcceptEnds: another error ends it at once, and so does closing while it rests.
func TestAcceptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{syscall.EINVAL, syscall.EMFILE} {
			l := &failing{pipes: pipes{make(chan net.Conn), make(chan struct{})}, err: err, until: time.Now().Add(time.Hour)}
			g := &Guard{}
			guarded, _ := g.Listen(l)
			if err == syscall.EMFILE {
				time.AfterFunc(time.Minute, g.Drain)
			}
			_, got := guarded.Accept()
			if want := map[bool]error{true: net.ErrClosed, false: err}[err == syscall.EMFILE]; !errors.Is(got, want) {
				t.Errorf("Accept after %v: %v, want %v", err, got, want)
			}
		}
	})
}

// TestRealLimit runs a guard in a process that may have few files: clients that
// are idle hold them all, and one more is served nevertheless (T44).
func TestRealLimit(t *testing.T) {
	const name = "CASEGATE_GUARD_FEW_FILES"
	if os.Getenv(name) != "" {
		limit := syscall.Rlimit{Cur: 40, Max: 40}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("listening on " + serve(t, &Guard{}) + "\n")
		os.Stdin.Read(make([]byte, 1)) // until the parent closes it
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestRealLimit$")
	child.Env = append(os.Environ(), name+"=1")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer in.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("child said %q (%v)", line, err)
	}
	for range 60 { // more than it has files
		dial(t, addr)
	}
	_, r := dial(t, addr)
	expect(t, r, "220 hello")
	in.Close()
	if err := child.Wait(); err != nil {
		t.Errorf("child: %v", err)
	}
	used := child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	t.Logf("the child used %v of the processor", used)
}
