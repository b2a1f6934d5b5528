package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

func TestPrepareData(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open, group := filepath.Join(root, "open"), filepath.Join(root, "group")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o755),
		os.Mkdir(group, 0o700), os.Chmod(group, 0o750)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"new", filepath.Join(root, "a", "b"), ""},
		{"again", filepath.Join(root, "a", "b"), ""},
		{"a file", file, "is a file, not a directory"},
		{"below a file", filepath.Join(file, "data"), "not a directory"},
		{"open to all", open, "chmod 700"},
		{"open to a group", group, "chmod 700"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := prepareData(c.path)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("prepareData gives %v, want %q", err, c.want)
			}
		})
	}
	if info, err := os.Stat(filepath.Join(root, "a", "b")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the new directory has mode %v, %v; want 0700", info.Mode(), err)
	}
}

func TestDirtyMark(t *testing.T) {
	data := t.TempDir()
	for _, step := range []struct {
		name      string
		wantDirty bool
		clean     bool
	}{{"first start", false, true}, {"after a clean end", false, false}, {"after a crash", true, true}, {"mended", false, true}} {
		dirty, err := markDirty(data)
		if err != nil || dirty != step.wantDirty {
			t.Fatalf("%s: dirty is %v, %v; want %v", step.name, dirty, err, step.wantDirty)
		}
		if step.clean {
			if err := markClean(data); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestWatermark: mail is put off before the disk is full, and taken again after
// (bad input, "full disk").
func TestWatermark(t *testing.T) {
	now := time.Unix(0, 0)
	free, looks := uint64(100<<20), 0
	var log bytes.Buffer
	w := &watermark{path: "/data", min: 64 << 20, now: func() time.Time { return now }, free: func(string) (uint64, error) {
		looks++
		return free, nil
	}, log: newLogger(&log, "text", new(slog.LevelVar))}
	if err := w.room(); err != nil || log.Len() > 0 {
		t.Errorf("with 100 MiB free: %v and logged %q, want room and nothing said", err, log.String())
	}
	free = 10 << 20
	if err := w.room(); err != nil || looks != 1 {
		t.Errorf("at once again: %v after %d looks, want the first look to hold", err, looks)
	}
	for range 3 {
		now = now.Add(look)
		if err := w.room(); !errors.Is(err, cases.ErrFull) || !strings.Contains(err.Error(), "10 MiB free under /data") {
			t.Errorf("with 10 MiB free: %v, want cases.ErrFull with the figures", err)
		}
	}
	now, free = now.Add(look), 100<<20
	if err := w.room(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[1], "level=INFO") {
		t.Errorf("the log says\n%s\nwant one warning and one line that it is over", log.String())
	}
	if n, err := freeBytes(t.TempDir()); err != nil || n == 0 {
		t.Errorf("freeBytes gives %d, %v; want the real disk's", n, err)
	}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), keysName)
	first, err := loadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v; want 0600", info.Mode(), err)
	}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	token := first.Seal(mailer.Token{Purpose: mailer.PurposeReply, Case: 7, Expires: now})
	second, err := loadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(token, mailer.PurposeReply, now); err != nil || got.Case != 7 {
		t.Errorf("after a restart the token gives %+v, %v; want it to open", got, err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"not JSON", "hello", "is not a key file"},
		{"no key", `{"keys":[]}`, "holds no key"},
		{"short key", `{"keys":[{"id":1,"secret":"AAAA"}]}`, "has 3 octets, not 32"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadKeys(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q in it", c.name, err, c.want)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadKeys(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key file that others can read gives %v, want it refused", err)
	}
}

// TestLogLines: one event is one line, however long or odd its values (T79).
func TestLogLines(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		log := newLogger(&b, format, new(slog.LevelVar))
		long := "a\r\nlevel=ERROR \x1b[31m \u009b31m \u202e \x7f" + strings.Repeat("x", 1<<20)
		log.With("session", errors.New(long)).Info("mail", "subject", long, "error", errors.New(long), "list", []string{long}, "key", secret("canary"))
		if n := strings.Count(b.String(), "\n"); n != 1 {
			t.Errorf("%s: one event gives %d lines, want 1", format, n)
		}
		if strings.ContainsAny(b.String(), "\r\x1b\u009b\u202e\x7f") || strings.Contains(b.String(), "canary") || b.Len() > 5*maxLogged {
			t.Errorf("%s: the line has %d octets: %.120q; want it escaped and cut", format, b.Len(), b.String())
		}
	}
}

// TestLoggedClient: a mail that came by a socket has no client address to log.
func TestLoggedClient(t *testing.T) {
	for client, want := range map[netip.Addr]string{{}: "msg=mail id=1\n", netip.MustParseAddr("192.0.2.1"): "remote=192.0.2.1"} {
		var b bytes.Buffer
		newLogger(&b, "text", new(slog.LevelVar)).Info("mail", "remote", client, "id", 1)
		if !strings.Contains(b.String(), want) {
			t.Errorf("client %v is logged as %q, want %q", client, b.String(), want)
		}
	}
}
