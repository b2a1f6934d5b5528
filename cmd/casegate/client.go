package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"syscall"
)

// socketName is the control socket's name in the data directory. Whoever may
// open it may do everything: its mode is 0600, in a folder of mode 0700.
const socketName = "control.sock"

// maxSocketPath: an operating system allows 104 to 108 octets for the path of a
// Unix socket.
const maxSocketPath = 100

// socketPath is where the daemon on a data directory listens.
func socketPath(data string) (string, error) {
	path := filepath.Join(data, socketName)
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("data directory %s: its path is too long for a Unix socket (%d octets, at most %d): use a shorter one",
			data, len(path), maxSocketPath)
	}
	return path, nil
}

// client talks to the daemon that runs on a data directory.
type client struct {
	data string
	http http.Client
}

// noDaemonError: nothing listens on the data directory's control socket.
type noDaemonError struct{ data string }

func (e *noDaemonError) Error() string {
	return fmt.Sprintf("no daemon runs on %s: start one (casegate serve --demo), or name its data directory with --data or CASEGATE_DATA", e.data)
}

func newClient(data string) *client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, err := socketPath(data)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &client{data: data, http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// answerError is what the daemon says went wrong.
type answerError struct {
	Kind string `json:"kind"`
	Text string `json:"error"`
}

func (e *answerError) Error() string { return e.Text }

// post sends one request; the caller closes the answer's body.
func (c *client) post(ctx context.Context, verb string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://casegate/"+verb, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, &noDaemonError{c.data}
	case errors.Is(err, syscall.ENOTDIR):
		return nil, notADirectory(c.data)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("no permission to use the data directory %s: run this as the user who owns it and runs the daemon", c.data)
	case err != nil:
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("ask the daemon: %w", err)
	case resp.StatusCode == http.StatusOK:
		return resp.Body, nil
	}
	defer resp.Body.Close()
	answer := &answerError{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(answer); err != nil || answer.Text == "" {
		return nil, fmt.Errorf("the daemon answered %s to %s: is it another version?", resp.Status, verb)
	}
	return nil, answer
}

// ask sends a request and reads the answer: one JSON value on each line.
func ask[T any](ctx context.Context, c *client, verb string, request any) ([]T, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("write request %s: %w", verb, err)
	}
	return askWith[T](ctx, c, verb, bytes.NewReader(body))
}

// askWith is ask with any bytes as the request.
func askWith[T any](ctx context.Context, c *client, verb string, body io.Reader) ([]T, error) {
	answer, err := c.post(ctx, verb, body)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var all []T
	for dec := json.NewDecoder(bufio.NewReader(answer)); ; {
		var v T
		err := dec.Decode(&v)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the daemon's answer to %s: %w", verb, err)
		}
		all = append(all, v)
	}
}

// format is how a verb answers: for people, or for programs.
type format struct {
	JSON bool `name:"json" help:"Print JSON, one object on each line."`
}

// print writes all values as JSON lines, or lets people do it for people.
func print[T any](con *console, f format, all []T, people func(io.Writer, []T) error) error {
	if !f.JSON {
		return people(con.out, all)
	}
	for _, v := range all {
		if err := jsonLine(con.out, v); err != nil {
			return err
		}
	}
	return nil
}

// daemonAt is the flag of every verb that asks a running daemon.
type daemonAt struct {
	Data string `help:"Data directory of the daemon; casegate-data, unless named." default:"casegate-data" env:"CASEGATE_DATA" placeholder:"DIR"`
}

func (d daemonAt) client() *client { return newClient(d.Data) }
