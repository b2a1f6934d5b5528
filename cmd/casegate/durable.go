package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// writeDurably writes a whole file: a temporary one is synced and renamed, and
// the folder is synced, so that after a power cut there is the old file or the
// new one, never half of one and never neither.
func writeDurably(path string, fill func(*os.File) error) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	return nil
}
