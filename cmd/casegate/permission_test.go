package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is the user that root becomes: root may read everything.
const nobody = 65534

// TestForeignData: a data directory or store of somebody else stops every verb
// that needs it, and the message says what to do.
func TestForeignData(t *testing.T) {
	dir := shortTempDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "casegate") // go test's own folder is closed to others
	binary, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(exe, binary, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	// closed is somebody else's directory, and mine has somebody else's store.
	closed, mine := filepath.Join(dir, "closed"), filepath.Join(dir, "mine")
	store := filepath.Join(mine, storeName)
	err = errors.Join(os.Mkdir(closed, 0o700), os.Mkdir(mine, 0o700), os.WriteFile(store, []byte("a store"), 0o600))
	attributes := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		attributes.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		err = errors.Join(err, os.Chown(mine, nobody, nobody))
	} else {
		err = errors.Join(err, os.Chmod(closed, 0), os.Chmod(store, 0))
	}
	if err != nil {
		t.Fatal(err)
	}
	ports := []string{"--smtp", "127.0.0.1:0", "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0"}
	for _, c := range []struct {
		verb string
		data string
		more []string
		want []string
	}{
		{"serve --demo", closed, ports, []string{"data directory " + closed + " cannot be written", "chown", "another one with --data"}},
		{"serve --demo", filepath.Join(closed, "below"), ports, []string{"cannot be read", "chown"}},
		{"serve --demo", mine, ports, []string{store, "permission"}},
		{"status", closed, nil, []string{"no permission to use the data directory " + closed, "run this as the user who owns it"}},
		{"verify", closed, nil, []string{"no permission to use the data directory"}},
		{"verify", mine, nil, []string{store, "permission"}},
	} {
		args := append(strings.Fields(c.verb), "--data", c.data)
		child := exec.Command(exe, append(args, c.more...)...)
		child.SysProcAttr, child.Dir = attributes, dir
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
			t.Errorf("%s on %s ended with %v, want exit code %d", c.verb, c.data, err, exitFailed)
		}
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s on %s says\n%swant in it: %s", c.verb, c.data, out, want)
			}
		}
	}
}
