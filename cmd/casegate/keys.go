package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
)

// keysName is the file of token keys in the data directory. Without it every
// reply address ever given out is unknown, so it belongs in each backup.
const keysName = "keys.json"

// keyFile is the form of the file. The first key makes tokens, all open them.
type keyFile struct {
	Keys []keyEntry `json:"keys"`
}

type keyEntry struct {
	ID     byte      `json:"id"`
	Secret []byte    `json:"secret"`        // 32 octets, base64
	Made   time.Time `json:"made,omitzero"` // zero: not known
}

// tokenLife is the longest that an address is good for after its notice was
// made, with the day that a token is rounded to; a test holds it and the notices
// together.
const tokenLife = 401 * 24 * time.Hour

// maxLiveKeys: one that makes tokens, and one whose tokens still live.
const maxLiveKeys = 2

// loadKeys reads the token keys, and makes the first one where there is no file.
func loadKeys(path string) (*mailer.Keyring, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeKeys(path); err != nil {
			return nil, fmt.Errorf("make keys: %w", err)
		}
	}
	return readKeys(path)
}

const keysMissing = keysName + " is missing: reply addresses of notices sent before are unknown; restore it from a backup"

// keysLost tells whether there is no key file although there should be one.
func keysLost(path string, store *bolt.Store) (bool, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // what else is wrong, readKeys tells
	}
	return store.HasCases()
}

// readKeys is loadKeys for those who must not write.
func readKeys(path string) (*mailer.Keyring, error) {
	file, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	return file.ring(), nil
}

func readKeyFile(path string) (*keyFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("keys: others can read %s (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	file := &keyFile{}
	if err := json.Unmarshal(data, file); err != nil {
		return nil, fmt.Errorf("keys: %s is not a key file (%w): restore it from a backup", path, err)
	}
	for _, k := range file.Keys {
		if want := len(mailer.Key{}.Secret); len(k.Secret) != want {
			return nil, fmt.Errorf("keys: key %d in %s has %d octets, not %d: restore the file from a backup",
				k.ID, path, len(k.Secret), want)
		}
	}
	if len(file.Keys) == 0 {
		return nil, fmt.Errorf("keys: %s holds no key: restore it from a backup", path)
	}
	return file, nil
}

func (f *keyFile) ring() *mailer.Keyring {
	ring := &mailer.Keyring{}
	for _, k := range f.Keys {
		ring.Keys = append(ring.Keys, mailer.Key{ID: k.ID, Secret: [32]byte(k.Secret)})
	}
	return ring
}

func (f *keyFile) write(path string) error {
	return writeDurably(path, func(out *os.File) error {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(f); err != nil {
			return err
		}
		return giveTo(out, filepath.Dir(path))
	})
}

func newKey(id byte, now time.Time) keyEntry {
	k := keyEntry{ID: id, Secret: make([]byte, 32), Made: now.UTC().Truncate(time.Second)}
	rand.Read(k.Secret) // never fails (crypto/rand)
	return k
}

func makeKeys(path string) error {
	return (&keyFile{Keys: []keyEntry{newKey(1, time.Now())}}).write(path)
}

// expires is when the last token made by key i does: it made none after its
// successor was there. Zero: it still makes them, or that is not known.
func (f *keyFile) expires(i int) time.Time {
	if i == 0 || f.Keys[i-1].Made.IsZero() {
		return time.Time{}
	}
	return f.Keys[i-1].Made.Add(tokenLife)
}

func (f *keyFile) answers() (all []keyAnswer) {
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	for i, k := range f.Keys {
		use := "opens"
		if i == 0 {
			use = "makes and opens"
		}
		all = append(all, keyAnswer{ID: int(k.ID), Use: use, Made: known(k.Made), Expires: known(f.expires(i))})
	}
	return all
}

// rotate puts a new key first and drops those for which there is no place. Unless
// forced, it drops none whose tokens still live.
func (f *keyFile) rotate(force bool, now time.Time) (dropped []keyAnswer, err error) {
	all := f.answers()
	for i := maxLiveKeys - 1; i < len(all); i++ {
		switch end := f.expires(i); {
		case force:
		case end.IsZero():
			return nil, &cases.Error{Kind: cases.Invalid, Text: fmt.Sprintf(
				"key %d would be dropped, and it is not known until when addresses made with it are good; after a leak see --force", all[i].ID)}
		case now.Before(end):
			return nil, &cases.Error{Kind: cases.Invalid, Text: fmt.Sprintf(
				"key %d would be dropped, and addresses made with it are good until %s: rotate from then on; after a leak see --force",
				all[i].ID, end.Format(time.DateOnly))}
		}
		all[i].Dropped = true
		dropped = append(dropped, all[i])
	}
	id := f.Keys[0].ID + 1
	for slices.ContainsFunc(f.Keys, func(k keyEntry) bool { return k.ID == id }) {
		id++
	}
	f.Keys = slices.Insert(f.Keys[:min(len(f.Keys), maxLiveKeys-1)], 0, newKey(id, now))
	return dropped, nil
}

// rotateKeys does it in the file; it gives the keys of now and those that went.
func rotateKeys(data string, force bool, now time.Time) ([]keyAnswer, error) {
	path := filepath.Join(data, keysName)
	unlock, err := lockData(data)
	if err != nil {
		return nil, err
	}
	defer unlock()
	file, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	dropped, err := file.rotate(force, now)
	if err == nil {
		err = file.write(path)
	}
	if err != nil {
		return nil, err
	}
	return append(file.answers(), dropped...), nil
}

// rotateLive changes the file and, once that is on disk, the ring of a daemon.
func rotateLive(ring *mailer.Keyring, data string, force bool, now time.Time) ([]keyAnswer, error) {
	answers, err := rotateKeys(data, force, now)
	if err != nil {
		return nil, err
	}
	next, err := readKeys(filepath.Join(data, keysName))
	if err != nil {
		return nil, err
	}
	ring.Replace(next.Keys)
	return answers, nil
}
