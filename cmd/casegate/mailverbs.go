package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"casegate/ingest/parse"
	"casegate/mailer"
)

// mailCmd holds the verbs about any mail that was kept.
type mailCmd struct {
	Raw        mailRawCmd        `cmd:"" help:"Write the raw bytes of a mail to standard output."`
	Attachment mailAttachmentCmd `cmd:"" help:"List the files in a mail, or write one to standard output."`
}

type mailRawCmd struct {
	daemonAt
	mailID
}

func (*mailRawCmd) Help() string { return "Example: casegate mail raw 06c2k7gq0r1ne > mail.eml" }

// Run implements the verb.
func (c *mailRawCmd) Run(ctx context.Context, con *console) error {
	id, err := c.parse()
	if err != nil {
		return err
	}
	return copyRaw(ctx, c.client(), id, con.out)
}

// copyRaw writes the bytes of a mail that the daemon keeps.
func copyRaw(ctx context.Context, daemon *client, id mailer.ID, w io.Writer) error {
	request, err := json.Marshal(idRequest{ID: id})
	if err != nil {
		return err
	}
	raw, err := daemon.post(ctx, "mail/raw", bytes.NewReader(request))
	if err != nil {
		return err
	}
	defer raw.Close()
	if _, err := io.Copy(w, raw); err != nil {
		return fmt.Errorf("read mail %s: %w", id, err)
	}
	return nil
}

type mailAttachmentCmd struct {
	daemonAt
	format
	mailID
	File string `arg:"" optional:"" help:"Which: its number in the list, or its name. The list, unless named." placeholder:"NUMBER|NAME"`
}

func (*mailAttachmentCmd) Help() string {
	return "Examples:\n  casegate mail attachment 06c2k7gq0r1ne\n  casegate mail attachment 06c2k7gq0r1ne 1 > log.txt\n\n" +
		"What is written is what a stranger sent: be careful what opens it."
}

// Run implements the verb.
func (c *mailAttachmentCmd) Run(ctx context.Context, con *console) (err error) {
	id, err := c.parse()
	if err != nil {
		return err
	}
	// The mail is read here, through a file, as it may be large.
	f, err := os.CreateTemp("", "casegate-mail-")
	if err != nil {
		return err
	}
	// It is gone whatever ends this: nobody else is to find somebody's mail there.
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	if err := copyRaw(ctx, c.client(), id, f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	src := parse.File(f, size)
	m := src.Message()
	files := newMessageAnswer(&m, "").Attachments
	if err := src.Err(); err != nil {
		return err
	}
	if c.File == "" {
		return print(con, c.format, files, printFileList)
	}
	n, err := find(files, c.File)
	if err != nil {
		return err
	}
	return src.Attachment(n, con.out)
}

// find gives the place of a file by its number from 1, or by its name if no other
// has that.
func find(files []attachmentAnswer, which string) (int, error) {
	found := -1
	for i, f := range files {
		switch {
		case f.Name != which:
		case found >= 0:
			return 0, &usageError{fmt.Sprintf("several files are named %q: say which by its number", which)}
		default:
			found = i
		}
	}
	if n, err := strconv.Atoi(which); found < 0 && err == nil && n >= 1 && n <= len(files) {
		found = n - 1
	}
	if found < 0 {
		return 0, fmt.Errorf("no file %q in this mail, which has %s", which, counted(len(files), "file"))
	}
	return found, nil
}

// printFileList lists files for people, by the numbers that find knows.
func printFileList(w io.Writer, files []attachmentAnswer) error {
	t := newTable(w, "NUMBER", "OCTETS", "TYPE", "NAME")
	for i, f := range files {
		t.row(i+1, f.Size, f.ContentType, f.Name)
	}
	return t.flush()
}
