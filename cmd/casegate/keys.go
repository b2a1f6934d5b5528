package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"casegate/cases/store/bolt"
	"casegate/mailer"
)

// keysName is the file of token keys in the data directory. Without it every
// reply address ever given out is unknown, so it belongs in each backup.
const keysName = "keys.json"

// keyFile is the form of the file. The first key makes tokens, all open them: to
// rotate, put a new one first and keep the old one while its tokens live.
type keyFile struct {
	Keys []keyEntry `json:"keys"`
}

type keyEntry struct {
	ID     byte   `json:"id"`
	Secret []byte `json:"secret"` // 32 octets, base64
}

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
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("keys: others can read %s (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("keys: %s is not a key file (%w): restore it from a backup", path, err)
	}
	ring := &mailer.Keyring{}
	for _, k := range file.Keys {
		key := mailer.Key{ID: k.ID}
		if copy(key.Secret[:], k.Secret) != len(key.Secret) || len(k.Secret) != len(key.Secret) {
			return nil, fmt.Errorf("keys: key %d in %s has %d octets, not %d: restore the file from a backup",
				k.ID, path, len(k.Secret), len(key.Secret))
		}
		ring.Keys = append(ring.Keys, key)
	}
	if len(ring.Keys) == 0 {
		return nil, fmt.Errorf("keys: %s holds no key: restore it from a backup", path)
	}
	return ring, nil
}

func makeKeys(path string) error {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails (crypto/rand)
	return writeDurably(path, func(f *os.File) error {
		enc := json.NewEncoder(f)
		enc.SetIndent("", "  ")
		return enc.Encode(keyFile{Keys: []keyEntry{{ID: 1, Secret: secret}}})
	})
}
