package bolt_test

import (
	"path/filepath"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/cases/store/storetest"
)

// open opens a store in a new folder and closes it when t ends.
func open(t testing.TB, o bolt.Options) *bolt.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "casegate.db"), o)
}

func openAt(t testing.TB, path string, o bolt.Options) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	// The suite is about what a transaction means; power cuts have their own test.
	storetest.Run(t, func(t *testing.T) cases.Store { return open(t, bolt.Options{NoSync: true}) })
}
