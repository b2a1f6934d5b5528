package blob

import "os"

// ReplaceFile makes a writer write somewhere else, for tests of a failing disk.
func ReplaceFile(w Writer, f *os.File) {
	lw := w.(*localWriter)
	name := lw.f.Name()
	lw.f.Close()
	os.Remove(name)
	lw.f = f
}

// SyncFolder makes a folder durable, for tests of a failing disk.
func (l *Local) SyncFolder(path string) error { return l.syncFolder(path) }
