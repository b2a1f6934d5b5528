package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"casegate/cases"
)

// directoryVersion is a directory as it is shared by everybody: indexed, and
// never changed again.
type directoryVersion struct {
	version uint64
	dir     *cases.Directory
}

// Directory implements cases.Tx.
func (t *txn) Directory() (*cases.Directory, error) {
	if t.directory != nil {
		return t.directory.dir, nil
	}
	b := t.bucket(bucketDirectory).Get(directoryKey)
	if b != nil && len(b) < 8 {
		return nil, errors.New("directory: damaged record")
	}
	var version uint64
	if b != nil {
		version = binary.BigEndian.Uint64(b)
	}
	// Decoding takes longer than most transactions: once for each version will do.
	cached := t.s.directory.Load()
	if cached != nil && cached.version == version {
		return cached.dir, nil
	}
	d := new(cases.Directory)
	if b != nil {
		if err := json.Unmarshal(b[8:], d); err != nil {
			return nil, fmt.Errorf("directory: damaged record: %w", err)
		}
	}
	if err := d.Index(); err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	if cached == nil || cached.version < version {
		t.s.directory.CompareAndSwap(cached, &directoryVersion{version, d})
	}
	return d, nil
}

// SetDirectory implements cases.Tx. It refuses a directory that Index finds
// fault with: it would fail everything from then on.
func (t *txn) SetDirectory(d *cases.Directory) error {
	b, err := encode(d)
	if err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	own := new(cases.Directory) // the caller's may change
	if err := json.Unmarshal(b, own); err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	if err := own.Index(); err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	var version uint64
	if old := t.bucket(bucketDirectory).Get(directoryKey); len(old) >= 8 {
		version = binary.BigEndian.Uint64(old)
	}
	version++
	if err := t.put(bucketDirectory, directoryKey, append(binary.BigEndian.AppendUint64(nil, version), b...)); err != nil {
		return fmt.Errorf("store directory: %w", err)
	}
	t.directory = &directoryVersion{version, own}
	return nil
}
