package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"casegate/mailer"
)

// users are who may sign in at the submission doors, by the file of the data
// directory, which is read again when it has changed. The zero value knows nobody.
type users struct {
	path string
	log  *slog.Logger
	// memory bounds what verifying passwords takes at once.
	memory *semaphore.Weighted

	mu     sync.Mutex
	seen   os.FileInfo
	looked bool
	table  map[string]user
}

// maxHashing is how many passwords are verified at once; the others wait.
const maxHashing = 4

// newUsers reads the file; it is no error that there is none.
func newUsers(data string, log *slog.Logger) (*users, error) {
	u := &users{path: filepath.Join(data, usersName), log: log, memory: semaphore.NewWeighted(maxHashing)}
	return u, u.read()
}

// current gives the users as the file has them now. While it cannot be read,
// those stay who were known before.
func (u *users) current() map[string]user {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.looked && unchanged(u.seen, lookAt(u.path)) {
		return u.table
	}
	if err := u.read(); err != nil {
		u.log.Error("the users have changed and cannot be read; those known before stay", "error", err)
	}
	return u.table
}

func (u *users) read() error {
	u.seen, u.looked = lookAt(u.path), true // before reading: a change meanwhile is seen the next time
	list, err := readUsers(u.path)
	if err != nil {
		return err
	}
	table := make(map[string]user, len(list))
	for _, one := range list {
		table[one.Name] = one
	}
	u.table = table
	return nil
}

// auth tells whether a password is the user's; its error is that of ctx. A
// password is hashed for every try that is not a right token, also where there is
// no such user: how long it takes tells nothing (T42).
func (u *users) auth(ctx context.Context, name, password string) (bool, error) {
	known := u.current()[name]
	if known.secret.isToken(password) {
		return true, nil
	}
	if err := u.memory.Acquire(ctx, 1); err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	defer u.memory.Release(1)
	return known.secret.isPassword(password), nil
}

// mayWriteAs tells whether an address is one of the user's, for verify.Verifier.
func (u *users) mayWriteAs(name string, a mailer.Address) bool {
	return !a.IsZero() && slices.ContainsFunc(u.current()[name].Addresses, a.Is)
}
