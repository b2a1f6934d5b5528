package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFailedSync runs the daemon on a disk whose syncs begin to fail, by strace:
// those of the store, or those of the folder that large mails are in. No mail is
// taken from then on, the daemon ends with an error by itself, and the next one
// verifies the store and has every mail that was acknowledged.
func TestFailedSync(t *testing.T) {
	if out, err := exec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("strace does not work here (%v: %s): install Debian's strace and allow ptrace", err, out)
		}
		t.Skipf("needs strace and ptrace (%v)", err)
	}
	month := time.Now().UTC().Format("2006-01")
	for _, disk := range []struct{ name, path, call, when string }{
		{"store", storeName, "fdatasync", "60+"},
		{"large mails", filepath.Join(blobsName, month), "fsync", "3+"},
	} {
		t.Run(disk.name, func(t *testing.T) { failedSync(t, disk.path, disk.call, disk.when) })
	}
}

// failedSync has a system call on a path below the data directory fail from some
// time on.
func failedSync(t *testing.T, path, call, when string) {
	c := &crashClient{t: t, data: shortTempDir(t), addr: freePort(t), acked: map[string]bool{}}
	// -D: strace is the child, so that what ends the daemon is not between us.
	daemon := c.start("casegate", "strace", "-D", "-f", "-q", "-o", os.DevNull,
		"-P", filepath.Join(c.data, path), "-e", "trace="+call, "-e", "inject="+call+":error=EIO:when="+when)
	conn := c.dial()
	if conn == nil {
		t.Fatal("the daemon does not take connections")
	}
	defer conn.close()
	for range 200 {
		if subject := c.subject(); !c.send(conn, subject) {
			break
		}
	}
	err := daemon.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
		t.Errorf("the daemon ended with %v, want exit code %d after a failed sync", err, exitFailed)
	}
	if len(c.acked) == 0 || len(c.acked) == 200 {
		t.Fatalf("%d mails were acknowledged, want some and not all: the fault did not strike", len(c.acked))
	}
	// 421 where it was a notice's sync that failed, and the daemon is stopping.
	if !strings.HasPrefix(conn.last, "451 ") && !strings.HasPrefix(conn.last, "421 ") {
		t.Errorf("the first mail that was not taken was answered %q, want 451 or 421", conn.last)
	}
	next := c.start("casegate")
	c.again(1 << 20)
	if err := next.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := next.Wait(); err != nil {
		t.Errorf("the next daemon did not end well: %v", err)
	}
	if lost, doubled := c.count(); lost+doubled > 0 {
		t.Errorf("of %d acknowledged mails %d are lost, %d doubled", len(c.acked), lost, doubled)
	}
}
