package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"casegate/mailer"
)

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMailFiles: folders are listed in order and without hidden files; what was
// named comes in the order it was named in.
func TestMailFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"in/c", "in/a/2.eml", "in/a/1.eml", "in/b", "in/.x", "in/.git/d", ".out/e"} {
		writeFile(t, name, "")
	}
	for link, to := range map[string]string{"in/link": "b", "box": "in/a"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"in"}, "in/a/1.eml in/a/2.eml in/b in/c"},
		{[]string{"in/"}, "in/a/1.eml in/a/2.eml in/b in/c"},
		{[]string{"in/c", "in/a"}, "in/c in/a/1.eml in/a/2.eml"},
		{[]string{".out", "in/.x"}, ".out/e in/.x"},
		{[]string{"box"}, "box/1.eml box/2.eml"},
		{[]string{"-", "none"}, "- none!"},
	} {
		files, err := mailFiles(c.names)
		if err != nil {
			t.Errorf("%q: %v", c.names, err)
		}
		var got []string
		for _, f := range files {
			if f.err != nil {
				f.path += "!"
			}
			got = append(got, f.path)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%q lists %s, want %s", c.names, got, c.want)
		}
	}
}

// TestInOrder: whatever finishes first, results come in order; few are at work,
// and none when it has returned.
func TestInOrder(t *testing.T) {
	const n = 500
	var busy, most atomic.Int64
	work := func(i int) int {
		now := busy.Add(1)
		defer busy.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		for range i * 7 % 5 {
			runtime.Gosched()
		}
		return i
	}
	var got []int
	each := func(i int) error { got = append(got, i); return nil }
	if err := inOrder(t.Context(), n, work, each); err != nil || len(got) != n || !slices.IsSorted(got) {
		t.Errorf("inOrder gives %d results and %v, want %d in order", len(got), err, n)
	}
	if limit := int64(runtime.GOMAXPROCS(0) + 2); most.Load() > limit {
		t.Errorf("%d were at work at once, want at most %d", most.Load(), limit)
	}

	full := errors.New("disk full")
	calls := 0
	err := inOrder(t.Context(), n, work, func(int) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 || busy.Load() != 0 {
		t.Errorf("after an error: %v, %d more results, %d at work; want the error, nothing more", err, calls-1, busy.Load())
	}

	ctx, cancel := context.WithCancel(t.Context())
	calls = 0
	err = inOrder(ctx, n, work, func(int) error {
		if calls++; calls == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || calls == n {
		t.Errorf("after cancel: %v after %d results, want it to have stopped before %d", err, calls, n)
	}
}

// TestProgress: told at a terminal only, once for each per cent, and taken away.
func TestProgress(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, con := range map[string]*console{"a pipe": {out: w, err: w}, "no file": {out: w, err: &bytes.Buffer{}}} {
		if p := newProgress(con, 9); p != nil {
			t.Errorf("%s is told of progress, want nothing where nobody looks", name)
		}
	}
	(*progress)(nil).step()
	(*progress)(nil).clear()

	var b bytes.Buffer
	p := &progress{w: &b, total: 1000}
	p.clear()
	for range 25 {
		p.step()
	}
	p.clear()
	if got, want := b.String(), "\r10 of 1000 files\r20 of 1000 files\r\x1b[K"; got != want {
		t.Errorf("25 of 1000 steps show %q, want %q", got, want)
	}
}

// TestExplainTooLarge: a mail over smtp.max_size_mib is shown and not decided,
// one too that memory would not hold.
func TestExplainTooLarge(t *testing.T) {
	t.Chdir(t.TempDir())
	head := "To: support@north.example\nSubject: Large\n\n"
	writeFile(t, "small.eml", head+strings.Repeat("word ", 400)+strings.Repeat("line of text\n", 100_000))
	writeFile(t, "large.eml", head+"Hello.\n")
	if err := os.Truncate("large.eml", maxPiped+1); err != nil {
		t.Fatal(err)
	}
	conf := "hostname = \"gate.example\"\ndata = \"data\"\n[smtp]\nmax_size_mib = 1\n[relay]\nurl = \"smtp://127.0.0.1\"\n[directory]\nfile = \"demo.toml\"\n"
	writeFile(t, "gate.toml", conf)
	writeFile(t, "demo.toml", string(demoTOML))
	var out, warned bytes.Buffer
	code := run([]string{"explain", "--json", "--config", "gate.toml", "small.eml", "large.eml"}, &console{strings.NewReader(""), &out, &warned})
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, warned.String())
	}
	var got []string
	for dec := json.NewDecoder(&out); dec.More(); {
		var a struct {
			File, Decision string
			Message        struct{ Subject string }
		}
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a.File+": "+a.Message.Subject+": "+a.Decision)
	}
	want := []string{
		"small.eml: Large: the mail is larger than smtp.max_size_mib allows (1 MiB): it would be refused with 552",
		"large.eml: Large: the mail is larger than smtp.max_size_mib allows (1 MiB): it would be refused with 552",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("large mails (-want +got):\n%s", diff)
	}
}

// TestExplainBreaksDown: a mail that breaks something is one error, and not the
// end of the run (T63).
func TestExplainBreaksDown(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "mail.eml", "To: support@north.example\n\nHello.\n")
	broken := &pipeline{newID: func() mailer.ID { panic("out of ids") }, maxSize: 1 << 20}
	e := &explainer{json: true, world: &dryWorld{pipeline: broken}}
	x := e.explain(t.Context(), mailFile{path: "mail.eml"})
	if x.err == nil || !strings.Contains(x.err.Error(), "mail.eml: explaining it broke down: out of ids") {
		t.Errorf("error is %v, want it to tell the file and the cause", x.err)
	}
	if !strings.Contains(string(x.out), `"text":"Hello.`) {
		t.Errorf("%s lacks what had been read before", x.out)
	}
}
