package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// finding is one thing that does not fit together in a data directory: either a
// fault, or what is worth knowing but does no harm.
type finding struct {
	Fault string `json:"fault,omitempty"`
	Note  string `json:"note,omitempty"`
}

// verifyData checks a data directory that no daemon is using; it changes nothing.
func verifyData(ctx context.Context, data string) ([]finding, error) {
	store, err := bolt.Open(filepath.Join(data, storeName), bolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	blobs := blobsIn(data)
	found, err := verifyStore(ctx, store, blobs)
	if err != nil {
		return found, err
	}
	if len(found) == 0 { // else it is not certain what an orphan is
		orphans, err := store.Orphans(ctx, blobs.All())
		if err != nil {
			return nil, err
		}
		if len(orphans) > 0 {
			found = append(found, finding{Note: fmt.Sprintf("%s that nothing refers to, %.1f MiB: the next start removes them",
				counted(len(orphans), "blob"), mebibytes(orphans))})
		}
	}
	return append(found, verifyKeys(filepath.Join(data, keysName), store)...), nil
}

// verifyStore checks the store, and that each large mail it refers to is there
// and as long as it should be.
func verifyStore(ctx context.Context, store *bolt.Store, blobs *blob.Local) ([]finding, error) {
	problems, err := store.Verify(ctx, blobs.All())
	var found []finding
	for _, p := range problems {
		found = append(found, finding{Fault: p})
	}
	return found, err
}

// verifyKeys checks the file of token keys. Before there is a case it may be
// missing.
func verifyKeys(path string, store *bolt.Store) []finding {
	lost, err := keysLost(path, store)
	if lost {
		return []finding{{Fault: keysMissing}}
	}
	if err == nil {
		_, err = readKeys(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []finding{{Fault: err.Error()}}
	}
	return nil
}

// faultsOf are the findings that are faults.
func faultsOf(found []finding) []finding {
	var bad []finding
	for _, f := range found {
		if f.Fault != "" {
			bad = append(bad, f)
		}
	}
	return bad
}

func mebibytes(blobs []blob.Info) float64 {
	var n int64
	for _, b := range blobs {
		n += b.Size
	}
	return float64(n) / (1 << 20)
}
