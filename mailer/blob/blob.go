// Package blob keeps the bytes of mails that are too large for the store, each
// written once and named by a Ref. What it returns as written is durable. It
// knows nothing of what the bytes mean.
package blob

import (
	"bytes"
	"errors"
	"io"
)

// Ref names a blob, such as "2026-11/06c2k7gq0r1ne". It is never made from
// foreign input.
type Ref string

// Errors of a Store; match them with errors.Is.
var (
	// ErrNotFound: no blob has this name.
	ErrNotFound = errors.New("no such blob")
	// ErrBroken: a sync failed, so that what is on disk is not known. Every
	// later Create and Commit gives it too.
	ErrBroken = errors.New("blobs are broken: a write to disk failed")
)

// Store keeps blobs.
type Store interface {
	// Create starts a blob. It has no name until Commit.
	Create() (Writer, error)
	// Open reads a blob. Its error for a name that is not there wraps ErrNotFound.
	Open(Ref) (File, error)
	// Remove deletes a blob; one that is not there is no error.
	Remove(Ref) error
}

// File is an open blob: to be read from its beginning, or by offsets.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// Writer takes the bytes of one blob.
type Writer interface {
	io.Writer
	// Commit makes the blob durable, file and folder, and names it.
	Commit() (Ref, error)
	// Abort throws it away; after Commit it does nothing.
	Abort()
}

// InlineLimit is the size in octets up to which a mail, such as a text of 64 KiB
// with its header, stays in memory and travels through the store's own commit. A
// file and its two syncs for every mail would cost two thirds of the throughput.
const InlineLimit = 80 << 10

// Body is the bytes of one mail: Data while small, else a durable blob.
type Body struct {
	Data []byte
	Ref  Ref // "" while Data holds the bytes
	Size int64
}

// Open reads the body from memory or from the store.
func (b Body) Open(s Store) (File, error) {
	if b.Ref == "" {
		return nopCloser{bytes.NewReader(b.Data)}, nil
	}
	return s.Open(b.Ref)
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// Spool collects a body of unknown size: in memory up to InlineLimit, beyond it
// in a blob.
type Spool struct {
	Store Store

	data []byte
	w    Writer
	size int64
}

// Write implements io.Writer.
func (s *Spool) Write(p []byte) (int, error) {
	if s.w == nil && len(s.data)+len(p) <= InlineLimit {
		s.data = append(s.data, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	if s.w == nil {
		w, err := s.Store.Create()
		if err != nil {
			return 0, err
		}
		s.w = w
		if _, err := w.Write(s.data); err != nil {
			return 0, err
		}
		s.data = nil
	}
	n, err := s.w.Write(p)
	s.size += int64(n)
	return n, err
}

// Close ends the body; a large one is durable when it returns.
func (s *Spool) Close() (Body, error) {
	if s.w == nil {
		return Body{Data: s.data, Size: s.size}, nil
	}
	ref, err := s.w.Commit()
	return Body{Ref: ref, Size: s.size}, err
}

// Abort throws away what was collected; after Close it does nothing.
func (s *Spool) Abort() {
	if s.w != nil {
		s.w.Abort()
	}
}
