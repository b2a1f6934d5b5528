package cases

import (
	"errors"
	"fmt"
)

// ErrorKind sorts the errors that a Desk gives to programs and people.
type ErrorKind string

const (
	NotFound ErrorKind = "not-found"
	Invalid  ErrorKind = "invalid"  // the request makes no sense; Text says what to do
	Conflict ErrorKind = "conflict" // not in the present state
)

// Error is an error of a Desk that may be shown to whoever asked. Every other
// error is internal.
type Error struct {
	Kind ErrorKind
	Text string

	vain Vain // for whom it answers by mail; "": VainOther
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

func errorf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// notFound turns a store's ErrNotFound into words.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, ErrNotFound) {
		return errorf(NotFound, format, args...)
	}
	return err
}
