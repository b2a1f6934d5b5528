package bolt_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// disk is the folder of a child as a disk has it that loses whatever was not
// synced: the bytes of a file until the file is, a name in a folder until the
// folder is. It is told what the child did by strace.
type disk struct {
	root    string
	fds     map[int]*handle
	live    map[string]*inode // by path below root; "" is root
	started map[string]func(result int)
}

type handle struct {
	ino    *inode
	offset int64
}

// inode is a file or folder: what is durable of it, and what was done since.
type inode struct {
	data    image             // of a file
	names   map[string]*inode // of a folder; nil: a file
	synced  int               // how many changes are in them
	pending []func(*inode, *rand.Rand)
}

// image is the content of a file by pages, of which those never written are
// zeros. Pages are replaced, never changed.
type image struct {
	size  int64
	pages map[int64][]byte
}

const (
	pageSize   = 4096
	sectorSize = 512
)

func (m image) clone() image { return image{m.size, maps.Clone(m.pages)} }

func (m *image) write(off int64, b []byte) {
	m.size = max(m.size, off+int64(len(b)))
	for len(b) > 0 {
		page := make([]byte, pageSize)
		copy(page, m.pages[off/pageSize])
		n := copy(page[off%pageSize:], b)
		m.pages[off/pageSize] = page
		off, b = off+int64(n), b[n:]
	}
}

func (m *image) truncate(size int64) {
	if size < m.size {
		for page := range m.pages {
			if page*pageSize >= size {
				delete(m.pages, page)
			}
		}
		if keep := m.pages[size/pageSize]; keep != nil {
			m.pages[size/pageSize] = append(bytes.Clone(keep[:size%pageSize]), make([]byte, pageSize-size%pageSize)...)
		}
	}
	m.size = size
}

func newDisk(root string) *disk {
	return &disk{root: root, fds: map[int]*handle{}, live: map[string]*inode{"": {names: map[string]*inode{}}}, started: map[string]func(int){}}
}

func newFile() *inode { return &inode{data: image{pages: map[int64][]byte{}}} }

// sync gives what to do when a sync that begins now has succeeded. Others may
// overlap with it.
func (ino *inode) sync() func() {
	until := ino.synced + len(ino.pending)
	return func() {
		for ; ino.synced < until; ino.synced++ {
			ino.pending[0](ino, nil)
			ino.pending = ino.pending[1:]
		}
	}
}

// write notes a write. Where it may or may not have reached the disk, each of
// its sectors is on its own.
func (ino *inode) write(off int64, b []byte) {
	ino.pending = append(ino.pending, func(ino *inode, chance *rand.Rand) {
		if chance == nil {
			ino.data.write(off, b)
			return
		}
		for at := 0; at < len(b); at += sectorSize {
			if chance.IntN(2) == 0 {
				ino.data.write(off+int64(at), b[at:min(at+sectorSize, len(b))])
			}
		}
	})
}

func (ino *inode) truncate(size int64) {
	ino.pending = append(ino.pending, func(ino *inode, _ *rand.Rand) { ino.data.truncate(size) })
}

func (ino *inode) name(name string, child *inode) {
	ino.pending = append(ino.pending, func(ino *inode, _ *rand.Rand) {
		if child == nil {
			delete(ino.names, name)
			return
		}
		ino.names[name] = child
	})
}

// setName changes the live tree and notes it in the folder.
func (d *disk) setName(path string, ino *inode) error {
	dir, name := filepath.Split(path)
	folder := d.live[strings.TrimSuffix(dir, "/")]
	if folder == nil {
		return fmt.Errorf("%s is in no folder we know", path)
	}
	if ino == nil {
		delete(d.live, path)
	} else {
		d.live[path] = ino
	}
	folder.name(name, ino)
	return nil
}

// survivors writes what a power cut now would leave into a new folder. Without
// chance nothing that was not synced survives. With it, of each folder and file
// the first few changes do, and of a file's any writes.
func (d *disk) survivors(dir string, chance *rand.Rand) error { return d.live[""].build(dir, chance) }

func (ino *inode) build(path string, chance *rand.Rand) error {
	left := &inode{data: ino.data.clone(), names: maps.Clone(ino.names)}
	if chance != nil && len(ino.pending) > 0 {
		keep := ino.pending
		if ino.names != nil {
			keep = keep[:chance.IntN(len(keep)+1)] // a journal keeps order
		}
		for _, change := range keep {
			if ino.names != nil || chance.IntN(3) > 0 {
				change(left, chance)
			}
		}
	}
	if ino.names == nil {
		return left.data.save(path)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for name, child := range left.names {
		if err := child.build(filepath.Join(path, name), chance); err != nil {
			return err
		}
	}
	return nil
}

func (m image) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for page, b := range m.pages {
		if _, err := f.WriteAt(b, page*pageSize); err != nil {
			return err
		}
	}
	return f.Truncate(m.size)
}

// traced are the system calls that the model knows, and some that it would have
// to know if they were ever used on a file of the child.
const traced = "openat,close,write,pwrite64,ftruncate,fsync,fdatasync,renameat,renameat2,rename,linkat,unlinkat,mkdirat," +
	"writev,pwritev,pwritev2,fallocate,truncate,copy_file_range,sendfile,splice,dup,dup2,dup3,creat,open,mkdir,unlink,rmdir,link"

var (
	wholeCall    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
	unfinished   = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumed      = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)`)
	quoted       = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?`)
	acknowledges = regexp.MustCompile(`^ack (\d+)\n$`)
)

// step is told after each line that changed something or acknowledged: what the
// call was and the mail that was acknowledged, or -1.
type step func(call string, acked int) error

// replay reads a trace. The state that step sees for an acknowledgement is the
// one in which the child began to write it.
func (d *disk) replay(trace io.Reader, then step) error {
	lines := bufio.NewReaderSize(trace, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		if m := wholeCall.FindStringSubmatch(line); m != nil {
			err = d.call(m[1], m[2], m[3], m[4], then)
		} else if m := unfinished.FindStringSubmatch(line); m != nil {
			err = d.begin(m[1], m[2], m[3], then)
		} else if m := resumed.FindStringSubmatch(line); m != nil {
			err = d.end(m[1], m[2], m[4], then)
		}
		if err != nil {
			return fmt.Errorf("%.200s: %w", line, err)
		}
	}
}

func (d *disk) call(thread, name, args, result string, then step) error {
	if err := d.begin(thread, name, args, then); err != nil {
		return err
	}
	return d.end(thread, name, result, then)
}

// begin notes what a call will do when it succeeds.
func (d *disk) begin(thread, name, args string, then step) error {
	var texts []string
	for _, m := range quoted.FindAllStringSubmatch(args, -1) {
		if m[2] != "" {
			return fmt.Errorf("strace has cut a string short")
		}
		texts = append(texts, unhex(m[1]))
	}
	if name == "write" && strings.HasPrefix(args, "1,") {
		if m := acknowledges.FindStringSubmatch(texts[0]); m != nil {
			n, _ := strconv.Atoi(m[1])
			return then("acknowledgement", n)
		}
		return nil
	}
	effect, err := d.effect(name, args, texts)
	if err != nil {
		return err
	}
	d.started[thread+name] = effect
	return nil
}

func (d *disk) end(thread, name, result string, then step) error {
	effect := d.started[thread+name]
	delete(d.started, thread+name)
	n, err := strconv.Atoi(result)
	if effect == nil || err != nil || n < 0 {
		return nil
	}
	effect(n)
	return then(name, -1)
}

// below gives a path below root.
func (d *disk) below(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, d.root)
	return strings.TrimPrefix(rest, "/"), ok
}

// effect is what a call does, given its result; nil: nothing that matters.
func (d *disk) effect(name, args string, texts []string) (func(int), error) {
	numbers := strings.Split(quoted.ReplaceAllString(args, ""), ",")
	number := func(i int) int {
		n, _ := strconv.Atoi(strings.TrimSpace(numbers[i]))
		return n
	}
	if len(texts) > 0 && !strings.HasSuffix(name, "write") && !strings.HasPrefix(name, "pwrite") {
		return d.pathEffect(name, args, texts)
	}
	h := d.fds[number(0)]
	if h == nil {
		return nil, nil
	}
	switch name {
	case "close":
		return func(int) { delete(d.fds, number(0)) }, nil
	case "write":
		return func(n int) {
			h.ino.write(h.offset, []byte(texts[0][:n]))
			h.offset += int64(n)
		}, nil
	case "pwrite64":
		return func(n int) { h.ino.write(int64(number(3)), []byte(texts[0][:n])) }, nil
	case "ftruncate":
		return func(int) { h.ino.truncate(int64(number(1))) }, nil
	case "fsync", "fdatasync":
		done := h.ino.sync()
		return func(int) { done() }, nil
	}
	return nil, fmt.Errorf("the model does not know %s", name)
}

func (d *disk) pathEffect(name, args string, texts []string) (func(int), error) {
	path, ours := d.below(texts[0])
	if !ours {
		return nil, nil
	}
	var to string
	if len(texts) > 1 {
		to, _ = d.below(texts[1])
	}
	switch name {
	case "openat":
		return func(fd int) {
			ino := d.live[path]
			if ino == nil {
				ino = newFile()
				d.setName(path, ino)
			}
			d.fds[fd] = &handle{ino: ino}
		}, nil
	case "mkdirat":
		return func(int) { d.setName(path, &inode{names: map[string]*inode{}}) }, nil
	case "unlinkat":
		return func(int) { d.setName(path, nil) }, nil
	case "linkat":
		return func(int) { d.setName(to, d.live[path]) }, nil
	case "renameat", "renameat2", "rename":
		return func(int) {
			d.setName(to, d.live[path])
			d.setName(path, nil)
		}, nil
	}
	return nil, fmt.Errorf("the model does not know %s(%s)", name, args)
}

func unhex(s string) string {
	b := make([]byte, len(s)/4)
	for i := range b {
		n, _ := strconv.ParseUint(s[4*i+2:4*i+4], 16, 8)
		b[i] = byte(n)
	}
	return string(b)
}
