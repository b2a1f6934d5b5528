package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"casegate/ingest/parse"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// stdinName stands for standard input among the names of files.
const stdinName = "-"

// maxPiped bounds what is held in memory of standard input, in octets.
const maxPiped = 128 << 20

// files explains all files that were named, and those in folders.
func (c *explainCmd) files(ctx context.Context, con *console) (err error) {
	files, err := mailFiles(c.Mail)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no files in %s", strings.Join(c.Mail, ", "))
	}
	world, err := c.openDryWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.close()) }()
	if world.asked != nil && c.Config != "" {
		fmt.Fprintf(con.err, "casegate: a daemon runs on %s and decides by its own configuration: --config %s is not read\n", c.Data, oneLine(c.Config))
	}
	if world.asked == nil && slices.ContainsFunc(files, func(f mailFile) bool { return f.err == nil }) {
		fmt.Fprintf(con.err, "casegate: no daemon runs on %s: explained by %s\n", c.Data, world.name)
	}
	e := &explainer{in: con.in, json: c.JSON, several: len(c.Mail) > 1 || isFolder(c.Mail[0]), world: world}
	sum := tally{progress: newProgress(con, len(files))}
	err = inOrder(ctx, len(files), func(i int) explained { return e.explain(ctx, files[i]) }, func(x explained) error {
		return sum.add(con, e.several, x)
	})
	sum.progress.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped after %d of %s", sum.files, counted(len(files), "file"))
	case err != nil:
		return err
	case !e.several:
		return sum.last
	}
	if !c.JSON {
		sum.print(con.out)
	}
	if sum.failed > 0 {
		return fmt.Errorf("%d of %s could not be explained", sum.failed, counted(sum.files, "file"))
	}
	return nil
}

// mailFile is a file to explain, or why there is none.
type mailFile struct {
	path string
	err  error
}

// mailFiles lists what was named: of a folder all regular files in it and below
// in the order of their names, but no hidden ones.
func mailFiles(names []string) ([]mailFile, error) {
	var files []mailFile
	stdin := false
	for _, name := range names {
		switch {
		case name == stdinName && stdin:
			return nil, &usageError{"standard input (-) can be read only once"}
		case name == stdinName:
			stdin = true
			files = append(files, mailFile{path: name})
		case isFolder(name):
			files = append(files, filesIn(name)...)
		default:
			_, err := os.Stat(name)
			files = append(files, mailFile{name, withoutPath(err)})
		}
	}
	return files, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func filesIn(folder string) (files []mailFile) {
	// A symbolic link to a folder is walked as the folder only with a slash at its end.
	root := strings.TrimSuffix(folder, "/") + "/"
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(filepath.Base(path), ".")
		switch {
		case err != nil:
			files = append(files, mailFile{path, withoutPath(err)})
		case hidden && d.IsDir():
			return fs.SkipDir
		case !hidden && d.Type().IsRegular():
			files = append(files, mailFile{path: path})
		}
		return nil
	})
	return files
}

// open gives the file's octets, and how many there are. The caller closes it.
func (f mailFile) open(stdin io.Reader) (blob.File, int64, error) {
	switch {
	case f.err != nil:
		return nil, 0, f.err
	case f.path == stdinName:
		return piped(stdin)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, 0, withoutPath(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		defer file.Close()
		return piped(file)
	}
	if err != nil {
		return nil, 0, errors.Join(withoutPath(err), file.Close())
	}
	return file, info.Size(), nil
}

// piped holds what cannot be read twice.
func piped(in io.Reader) (blob.File, int64, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxPiped+1))
	switch {
	case err != nil:
		return nil, 0, withoutPath(err)
	case len(raw) > maxPiped:
		return nil, 0, fmt.Errorf("larger than %d MiB: can be read where it is a file, not from a pipe", maxPiped>>20)
	}
	body := blob.Body{Data: raw, Size: int64(len(raw))}
	file, err := body.Open(nil)
	return file, body.Size, err
}

// explained is what became of one file: what is to be printed, and what the
// tally counts.
type explained struct {
	out               []byte
	kind              mailer.Kind // "": it could not be read
	limited, repaired bool
	err               error
}

// explainer explains files; its methods may run at the same time.
type explainer struct {
	in      io.Reader // standard input
	json    bool
	several bool // people are told which file is which
	world   *dryWorld
}

// explain reads a file and prints what it says into memory, so that a slow
// terminal or pipe is not waited for.
func (e *explainer) explain(ctx context.Context, f mailFile) (x explained) {
	answer := &fileAnswer{File: f.path}
	err := e.fill(ctx, f, answer)
	if m := answer.Message; m != nil {
		x.kind, x.limited, x.repaired = m.Kind, len(m.Limits) > 0, len(m.CharsetRepairs) > 0
	}
	answer.Records = list(answer.Records)
	if err != nil {
		x.err = fmt.Errorf("%s: %w", f.path, err)
		answer.Error = err.Error()
	}
	var out bytes.Buffer
	if printErr := e.print(&out, answer); printErr != nil {
		x.err = errors.Join(x.err, fmt.Errorf("%s: %w", f.path, printErr))
	}
	x.out = out.Bytes()
	return x
}

// fill reads a file and has it decided. One that breaks something must not end a
// run over thousands (T63).
func (e *explainer) fill(ctx context.Context, f mailFile, answer *fileAnswer) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("explaining it broke down: %.200v", cause)
		}
	}()
	file, size, err := f.open(e.in)
	if err != nil {
		return err
	}
	defer file.Close()
	src := parse.File(file, size)
	m, page := src.Message(), src.HTML()
	if err := src.Err(); err != nil {
		return withoutPath(err)
	}
	answer.Message = newMessageAnswer(&m, page)
	x, err := e.world.decide(ctx, io.NewSectionReader(file, 0, size))
	if x != nil {
		answer.Auth, answer.Records, answer.Decision = x.Auth, x.Records, x.Decision
	}
	return err
}

// withoutPath leaves the file's name to who prints the error.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// print writes what is known of a file: a line for programs, a block for people.
func (e *explainer) print(w io.Writer, a *fileAnswer) error {
	switch {
	case e.json:
		return jsonLine(w, a)
	case e.several:
		fmt.Fprintf(w, "==> %s <==\n", oneLine(a.File))
	case a.Message == nil:
		return nil // the error says it all
	}
	err := printFile(w, a)
	if e.several {
		fmt.Fprintln(w)
	}
	return err
}

// tally counts what was explained.
type tally struct {
	progress                         *progress
	files, failed, limited, repaired int
	kinds                            map[mailer.Kind]int
	last                             error // of the file explained last
}

// add prints what became of a file, and counts it.
func (t *tally) add(con *console, several bool, x explained) error {
	t.files++
	t.last = x.err
	if x.err != nil {
		t.failed++
		if several {
			t.progress.clear()
			con.fail(x.err)
		}
	}
	if x.limited {
		t.limited++
	}
	if x.repaired {
		t.repaired++
	}
	if t.kinds == nil {
		t.kinds = map[mailer.Kind]int{}
	}
	if x.kind != "" {
		t.kinds[x.kind]++
	}
	t.progress.step()
	_, err := con.out.Write(x.out)
	return err
}

// print tells people what the files are.
func (t *tally) print(w io.Writer) {
	line := counted(t.files, "file")
	for _, kind := range slices.Sorted(maps.Keys(t.kinds)) {
		line += fmt.Sprintf(", %d %s", t.kinds[kind], kind)
	}
	fmt.Fprintln(w, line)
	for _, c := range []struct {
		n    int
		what string
	}{
		{t.repaired, "with text read in another charset than it names"},
		{t.limited, "with something that could not be shown"},
		{t.failed, "could not be explained"},
	} {
		if c.n > 0 {
			fmt.Fprintf(w, "  %d %s\n", c.n, c.what)
		}
	}
}
