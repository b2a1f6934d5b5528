package main

import (
	"context"
	"errors"
	"path/filepath"

	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// finding is one thing that does not fit together in a data directory.
type finding struct {
	Fault string `json:"fault"`
}

// verifyData checks a data directory that no daemon is using; it changes nothing.
func verifyData(ctx context.Context, data string) ([]finding, error) {
	store, err := bolt.Open(filepath.Join(data, storeName), bolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return verifyStore(ctx, store, blobsIn(data))
}

// verifyStore checks the store, and that each large mail it refers to is there.
func verifyStore(ctx context.Context, store *bolt.Store, blobs blob.Store) ([]finding, error) {
	problems, err := store.Verify(ctx, func(ref blob.Ref) (bool, error) {
		f, err := blobs.Open(ref)
		if errors.Is(err, blob.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return true, f.Close()
	})
	var found []finding
	for _, p := range problems {
		found = append(found, finding{p})
	}
	return found, err
}
