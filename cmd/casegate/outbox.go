package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"casegate/mailer"

	gomail "github.com/emersion/go-message/mail"
)

// outbox is where the demo's mail ends instead of being sent: one .eml file for
// each delivery, its bytes the ones a relay would have got. It is a
// mailer.Transport. A file is named by its delivery, so that a mail tried twice
// is one file, and names sort by the time the delivery was made.
type outbox struct {
	dir string
}

const emlSuffix = ".eml"

// Send writes the mail; it is durable when Send returns nil.
func (o outbox) Send(_ context.Context, m *mailer.Outgoing) error {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return fmt.Errorf("make outbox: %w", err)
	}
	err := writeDurably(filepath.Join(o.dir, string(m.ID)+emlSuffix), func(f *os.File) error {
		if _, err := f.Write(m.Header); err != nil {
			return err
		}
		_, err := io.Copy(f, m.Body)
		return err
	})
	if err != nil {
		return fmt.Errorf("write mail to outbox: %w", err)
	}
	return nil
}

// sentMail is one mail of the outbox as `casegate outbox` shows it.
type sentMail struct {
	Number  int       `json:"number"` // from 1, the oldest first
	ID      mailer.ID `json:"id"`
	Time    time.Time `json:"time"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Case    string    `json:"case,omitempty"`
	File    string    `json:"file"`
}

// list reads the headers of all mails, the oldest first.
func (o outbox) list() ([]sentMail, error) {
	entries, err := os.ReadDir(o.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no outbox in %s: only the demo (casegate serve --demo) has one", filepath.Dir(o.dir))
	case errors.Is(err, syscall.ENOTDIR):
		return nil, notADirectory(filepath.Dir(o.dir))
	case err != nil:
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	names := slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return !strings.HasSuffix(e.Name(), emlSuffix)
	})
	var mails []sentMail
	for i, e := range names { // ReadDir sorts by name, which is by time
		m, err := o.read(e.Name())
		if err != nil {
			return nil, err
		}
		m.Number = i + 1
		mails = append(mails, m)
	}
	return mails, nil
}

func (o outbox) read(name string) (sentMail, error) {
	id := mailer.ID(strings.TrimSuffix(name, emlSuffix))
	m := sentMail{ID: id, File: filepath.Join(o.dir, name), Time: time.UnixMilli(int64(id.Number() >> 20)).UTC()}
	f, err := os.Open(m.File)
	if err != nil {
		return m, fmt.Errorf("read outbox: %w", err)
	}
	defer f.Close()
	parsed, err := mail.ReadMessage(io.LimitReader(f, 1<<20))
	if err != nil {
		return m, fmt.Errorf("read %s: %w", m.File, err)
	}
	m.Subject = decodeHeader(parsed.Header.Get("Subject"))
	m.To = decodeHeader(parsed.Header.Get("To"))
	// A notice's subject begins with its case: "[NORTH-1] Fire".
	if number, _, found := strings.Cut(strings.TrimPrefix(m.Subject, "["), "] "); found && caseNumber.MatchString(number) {
		m.Case = number
	}
	return m, nil
}

// bytes gives a mail by its number in the list.
func (o outbox) bytes(number int) (sentMail, []byte, error) {
	mails, err := o.list()
	if err != nil {
		return sentMail{}, nil, err
	}
	if number < 1 || number > len(mails) {
		return sentMail{}, nil, fmt.Errorf("there is no mail %d in the outbox: it holds %d (`casegate outbox` lists them)", number, len(mails))
	}
	m := mails[number-1]
	data, err := os.ReadFile(m.File)
	return m, data, err
}

// shownHeaders are the ones a reader of the outbox wants to see.
var shownHeaders = []string{"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted", "List-Unsubscribe"}

// readable writes a mail for people: its main headers and its text.
func readable(w io.Writer, raw []byte) error {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	for _, name := range shownHeaders {
		if value := decodeHeader(parsed.Header.Get(name)); value != "" {
			fmt.Fprintf(w, "%s: %s\n", name, oneLine(value))
		}
	}
	text, err := plainText(raw)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s\n", strings.TrimRight(manyLines(text), "\n"))
	return err
}

// replyTo is where a mail program would send an answer.
func replyTo(raw []byte) (mailer.Address, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return mailer.Address{}, err
	}
	list, err := parsed.Header.AddressList("Reply-To")
	if err != nil {
		return mailer.Address{}, fmt.Errorf("read Reply-To: %w", err)
	}
	return mailer.ParseAddress(list[0].Address)
}

// plainText decodes the first text/plain part of one of our own mails.
func plainText(raw []byte) (string, error) {
	r, err := gomail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	defer r.Close()
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		header, ok := part.Header.(*gomail.InlineHeader)
		if !ok {
			continue
		}
		if kind, _, err := header.ContentType(); err == nil && kind == "text/plain" {
			text, err := io.ReadAll(part.Body)
			return string(text), err
		}
	}
}

// decodeHeader undoes RFC 2047; a value that cannot be decoded stays as it is.
func decodeHeader(s string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s
	}
	return decoded
}
