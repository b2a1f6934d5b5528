package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"time"

	"casegate/mailer"
)

// ClamAV asks a clamd, by its command INSTREAM (clamd(8)). What clamd does not
// look into, because of its own MaxScanSize, MaxFileSize or MaxRecursion, it
// calls clean unless its AlertExceedsMax is on.
type ClamAV struct {
	Address string // the path of its socket, "/run/clamav/clamd.ctl", or "host:port"
	// MaxSize is clamd's StreamMaxLength in octets; 0: 100 MiB, its default. A
	// larger mail cannot be scanned, ever: where the policy is Defer it must not
	// be smaller than what the doors let in.
	MaxSize int64
	Timeout time.Duration // of one scan; 0: 30 seconds
}

const (
	defaultStreamMax = 100 << 20
	chunkSize        = 32 << 10
	// maxReply is more than clamd ever says to one command, in octets.
	maxReply = 4 << 10
)

// ErrTooLarge: clamd does not take a mail of this size.
var ErrTooLarge = errors.New("mail is larger than clamd's StreamMaxLength")

// errCut: clamd takes no more of the mail.
var errCut = errors.New("clamd stopped listening")

// Name implements Scanner.
func (c *ClamAV) Name() string { return "clamav" }

// Scan implements Scanner. Whatever clamd finds is harmful; its name for it is
// the Detail.
func (c *ClamAV) Scan(ctx context.Context, _ *mailer.Mail, open Opener) (mailer.Scan, error) {
	mail, err := open()
	if err != nil {
		return mailer.Scan{}, fmt.Errorf("open mail: %w", err)
	}
	defer mail.Close()
	reply, err := c.command(ctx, "INSTREAM", mail)
	if err != nil {
		return mailer.Scan{}, err
	}
	return parseFound(reply)
}

// Ping asks whether clamd is alive, and gives its version and that of its
// signatures: "ClamAV 1.4.6/27831/Wed Nov 18 09:41:22 2026", or the program's
// alone where there are no official signatures.
func (c *ClamAV) Ping(ctx context.Context) (version string, err error) {
	pong, err := c.command(ctx, "PING", nil)
	if err != nil {
		return "", err
	}
	if pong != "PONG" {
		return "", fmt.Errorf("clamd answered PING with %q", oneLine(pong))
	}
	version, err = c.command(ctx, "VERSION", nil)
	return oneLine(version), err
}

// Takes asks whether clamd would scan a mail of so many octets; nil: it would.
// ErrTooLarge: its StreamMaxLength is less. No mail is sent: clamd refuses a chunk
// that is too long by its length alone.
func (c *ClamAV) Takes(ctx context.Context, size int64) error {
	if size > math.MaxUint32 {
		return ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, positive(c.Timeout, defaultTimeout))
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(binary.BigEndian.AppendUint32([]byte("zINSTREAM\x00"), uint32(size))); err != nil {
		return fmt.Errorf("ask clamd: %w", err)
	}
	// With the end of what we say, clamd waits for no chunk and has no more to say
	// either, unless it has said no.
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return fmt.Errorf("ask clamd: %w", err)
		}
	}
	reply, err := io.ReadAll(io.LimitReader(conn, maxReply))
	switch {
	case bytes.Contains(reply, []byte("size limit exceeded")):
		return ErrTooLarge
	case err != nil:
		return fmt.Errorf("read clamd's answer: %w", err)
	}
	return nil
}

// dial connects to clamd.
func (c *ClamAV) dial(ctx context.Context) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(c.Address, "/") {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, c.Address)
	if err != nil {
		return nil, fmt.Errorf("connect to clamd: %w", err)
	}
	return conn, nil
}

// command sends a command, then the mail if there is one, and reads the answer.
// Each has a connection of its own: one that is kept could be gone, which is
// only seen when a mail is already on its way.
func (c *ClamAV) command(ctx context.Context, name string, mail io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, positive(c.Timeout, defaultTimeout))
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	// The letter z: command and answer end with a NUL.
	if _, err = io.WriteString(conn, "z"+name+"\x00"); err != nil {
		err = fmt.Errorf("%w: %w", errCut, err)
	} else if mail != nil {
		err = c.stream(conn, mail)
	}
	if err != nil && !errors.Is(err, errCut) {
		return "", err
	}
	reply, readErr := readReply(conn)
	switch {
	case err == nil:
		return reply, readErr
	case readErr == nil:
		// It said why. Even "OK" is not believed about a part of a mail.
		return "", fmt.Errorf("%w: %q", errCut, oneLine(reply))
	}
	return "", err
}

// stream sends the mail in chunks, each after its length in four octets; one of
// length 0 is the end. It is sent only if all of the mail was, so that clamd
// never gives a verdict on a part.
func (c *ClamAV) stream(w io.Writer, mail io.Reader) error {
	buf := make([]byte, 4+chunkSize)
	for left := positive(c.MaxSize, defaultStreamMax); ; {
		n, readErr := mail.Read(buf[4:])
		if left -= int64(n); left < 0 {
			return ErrTooLarge
		}
		if readErr != nil && readErr != io.EOF {
			return fmt.Errorf("read mail: %w", readErr)
		}
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if _, err := w.Write(buf[:4+n]); err != nil {
				return fmt.Errorf("%w: %w", errCut, err)
			}
		}
		if readErr == io.EOF {
			if _, err := w.Write(make([]byte, 4)); err != nil {
				return fmt.Errorf("%w: %w", errCut, err)
			}
			return nil
		}
	}
}

// readReply reads up to the NUL; an answer without one was broken off.
func readReply(r io.Reader) (string, error) {
	// More than clamd says is not an answer, however long it goes on.
	b, err := io.ReadAll(io.LimitReader(r, maxReply))
	reply, _, ended := strings.Cut(string(b), "\x00")
	switch {
	case ended:
		return reply, nil
	case err != nil:
		return "", fmt.Errorf("read clamd's answer: %w", err)
	}
	return "", fmt.Errorf("clamd's answer has no end: %q", oneLine(reply))
}

// parseFound reads what clamd says to INSTREAM: "stream: OK", "stream: NAME
// FOUND", or something that ends with ERROR.
func parseFound(reply string) (mailer.Scan, error) {
	if reply == "stream: OK" {
		return mailer.Scan{Verdict: mailer.ScanClean}, nil
	}
	name, ok := strings.CutPrefix(reply, "stream: ")
	name, found := strings.CutSuffix(name, " FOUND")
	if ok && found && strings.TrimSpace(name) != "" {
		return mailer.Scan{Verdict: mailer.ScanHarmful, Detail: oneLine(name)}, nil
	}
	return mailer.Scan{}, fmt.Errorf("clamd answered %q", oneLine(reply))
}
