package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// keyCmd holds the verbs about the keys of reply addresses. They work on the
// data directory, and through the daemon where one runs.
type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List the keys that reply addresses are made with."`
	Rotate keyRotateCmd `cmd:"" help:"Make a new key; what was made with the one before goes on working."`
}

// keyAnswer is a key without its secret.
type keyAnswer struct {
	ID      int        `json:"id"`
	Use     string     `json:"use"`              // "makes and opens" or "opens"
	Made    *time.Time `json:"made"`             // null: not known
	Expires *time.Time `json:"expires"`          // when the last address made with it does; null while it makes them, or not known
	Dropped bool       `json:"dropped,omitzero"` // by this rotation
}

type keyListCmd struct {
	dataAt
	format
}

func (*keyListCmd) Help() string { return "Example: casegate key list" }

// Run implements the verb.
func (c *keyListCmd) Run(con *console) error {
	if err := existing(c.Data); err != nil {
		return err
	}
	file, err := readKeyFile(filepath.Join(c.Data, keysName))
	if err != nil {
		return err
	}
	return print(con, c.format, file.answers(), printKeys)
}

func printKeys(w io.Writer, keys []keyAnswer) error {
	t := newTable(w, "KEY", "USE", "MADE", "ADDRESSES EXPIRE")
	for _, k := range keys {
		use := k.Use
		if k.Dropped {
			use = "dropped: what it made is unknown"
		}
		t.row(k.ID, use, dayOf(k.Made), dayOf(k.Expires))
	}
	return t.flush()
}

func dayOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

type keyRotateCmd struct {
	dataAt
	format
	Force bool `help:"Drop the older key although addresses made with it are still good."`
}

func (*keyRotateCmd) Help() string {
	return "Example: casegate key rotate\n\n" +
		"Two keys live: the new one makes addresses, the one before still opens those it made. A third one is dropped, once its last address has expired. " +
		"After a leak rotate twice, the second time with --force: from then on every reply address, return path and unsubscribe link sent before the first of the two is unknown (550), " +
		"and replies to such notices do not find their case by them."
}

// Run implements the verb.
func (c *keyRotateCmd) Run(ctx context.Context, con *console) error {
	keys, err := ask[keyAnswer](ctx, newClient(c.Data), "key/rotate", rotateRequest{c.Force})
	var none *noDaemonError
	if errors.As(err, &none) {
		keys, err = rotateKeys(c.Data, c.Force, time.Now())
	}
	if err != nil {
		return err
	}
	return print(con, c.format, keys, func(w io.Writer, keys []keyAnswer) error {
		fmt.Fprintf(w, "Key %d makes reply addresses now. Back it up: %s\n", keys[0].ID, filepath.Join(c.Data, keysName))
		return printKeys(w, keys)
	})
}
