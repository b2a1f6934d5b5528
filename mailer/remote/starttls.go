package remote

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"
)

// maxPreface bounds all that a relay says before TLS.
const maxPreface = 64 << 10

// askForTLS holds the dialogue up to STARTTLS (RFC 3207). The client could, but
// would call itself "localhost" and miss a lower-case offer. Nothing that was
// said here is believed afterwards.
func (r *Relay) askForTLS(conn *deadlineConn) error {
	in := bufio.NewReader(io.LimitReader(conn, maxPreface))
	replies := textproto.NewReader(in)
	ask := func(command string, want int) (string, error) {
		if err := conn.SetDeadline(time.Now().Add(r.config.Timeouts.Command)); err != nil {
			return "", err
		}
		if command != "" {
			if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
				return "", err
			}
		}
		_, text, err := replies.ReadResponse(want)
		return text, err
	}
	if _, err := ask("", 220); err != nil {
		return stageError("greeting", err)
	}
	offer, err := ask("EHLO "+r.config.Hostname, 250)
	if err != nil {
		return stageError("EHLO", err)
	}
	if !offers(offer, "STARTTLS") {
		return errors.New("cannot encrypt the connection: the relay does not offer STARTTLS, or somebody on the way has removed the offer")
	}
	if _, err := ask("STARTTLS", 220); err != nil {
		return stageError("STARTTLS", err)
	}
	if n := in.Buffered(); n > 0 {
		// Whoever can write to the unencrypted connection would have these
		// octets taken for the relay's encrypted ones.
		return fmt.Errorf("cannot encrypt the connection: %d octets came unencrypted behind the reply to STARTTLS", n)
	}
	return conn.SetDeadline(time.Time{})
}

// offers finds an extension in the text of a reply to EHLO, whose first line is
// the relay's name.
func offers(ehlo, extension string) bool {
	_, lines, _ := strings.Cut(ehlo, "\n")
	for line := range strings.Lines(lines) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.EqualFold(name, extension) {
			return true
		}
	}
	return false
}
