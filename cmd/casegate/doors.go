package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"casegate/ingest/mx"
)

// door is one way that mail comes in by.
type door struct {
	name     string // for logs, metrics and status; that of MX is "smtp"
	mode     mx.Mode
	implicit bool // TLS from the start
	address  string
	listener net.Listener
	server   *mx.Server
}

// wantedDoors are the doors of the configuration; MX is the first.
func (c *config) wantedDoors() []*door {
	all := []*door{{name: "smtp", address: c.SMTP.Listen}}
	if c.Submission.Listen != "" {
		all = append(all, &door{name: "submission", mode: mx.Submission, address: c.Submission.Listen})
	}
	if c.Submission.TLSListen != "" {
		all = append(all, &door{name: "submissions", mode: mx.Submission, implicit: true, address: c.Submission.TLSListen})
	}
	if socket := c.lmtpSocket(); socket != "" {
		all = append(all, &door{name: "lmtp", mode: mx.LMTP, address: socket})
	}
	return all
}

// listen takes the door's port, or makes its socket.
func (d *door) listen() (err error) {
	if d.mode == mx.LMTP {
		if err := folderError(filepath.Dir(d.address)); err != nil {
			return fmt.Errorf("lmtp.socket: %w", err)
		}
		d.listener, err = listenSocket(d.address, 0o660)
		return err
	}
	if d.listener, err = net.Listen("tcp", d.address); err != nil {
		return listenError(d.name, d.address, err)
	}
	return nil
}

// newServer makes what serves a door, all of one make.
func (m *Main) newServer(d *door) *mx.Server {
	conf := m.Config
	s := &mx.Server{
		Mode: d.mode, Hostname: conf.Hostname, Handler: measuredHandler{m.desk, m.metrics},
		Read: m.pipeline.reader.Read, Blobs: m.blobs, NewID: m.newID, Now: time.Now, Log: m.Log,
		MaxSize: conf.maxSize(), MaxRecipients: conf.SMTP.MaxRecipients, Room: m.desk.Room,
		Connections: conf.SMTP.Connections, PerPrefix: conf.SMTP.ConnectionsPerIP, Exempt: conf.trusted,
	}
	if m.certs != nil && d.mode != mx.LMTP {
		s.TLS, s.ImplicitTLS = serverTLS(m.certs), d.implicit
		s.TLSReady = func() bool { return !m.certs.Expiry().IsZero() }
	}
	switch d.mode {
	case mx.MX:
		s.FrontHops = conf.fronts
	case mx.Submission:
		s.Auth = m.users.auth
	}
	return s
}

// openDoors lets mail in until Close, which waits for what is coming in by any
// of them.
func (m *Main) openDoors() {
	for _, d := range m.doors {
		go func() {
			if err := d.server.Serve(d.listener); err != nil {
				m.failed <- fmt.Errorf("%s: %w", d.name, err)
			}
		}()
	}
	m.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		var doors sync.WaitGroup
		for _, d := range m.doors {
			doors.Go(func() {
				if err := d.server.Shutdown(ctx); err != nil {
					m.Log.Warn("some mails that were coming in were cut off; their senders will try again", "door", d.name, "error", err)
				}
			})
		}
		doors.Wait()
		return nil
	})
}

// openCertificates finds the certificate of all doors, if there is to be one.
func (m *Main) openCertificates(context.Context) error {
	conf := m.Config
	switch {
	case conf.ACME.AcceptTerms:
		source, err := newACMECerts(conf, m.Log)
		if err != nil {
			return fmt.Errorf("acme: %w", err)
		}
		l, err := net.Listen("tcp", conf.ACME.Listen)
		if err != nil {
			return listenError("acme", conf.ACME.Listen, err)
		}
		m.certs = source
		m.serveHTTP("acme", limitedServer(source.challenges(), m.Log), l)
		ctx, cancel := context.WithCancel(context.Background())
		m.onClose(func() error { cancel(); return nil }) // an order that is under way is not waited for
		there := make(chan struct{})
		go func() {
			defer close(there)
			source.obtain(ctx)
		}()
		select { // one that is kept already is there at once, before a client is
		case <-there:
		case <-time.After(time.Second):
		}
	case conf.SMTP.TLSCert != "":
		source, err := newCertificates(conf, m.Log)
		if err != nil {
			return err
		}
		m.certs = source
		m.background(source.watch)
	}
	return nil
}

// listenSocket makes a Unix socket that exactly those may open whom mode allows,
// from its first moment on. One that is there already was left by a daemon that
// died: whoever calls this holds the store's lock.
func listenSocket(path string, mode fs.FileMode) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("open socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("open socket: %s is there already and no socket: remove it, or name another path", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove old socket: %w", err)
		}
	}
	// Nobody else may connect between Listen and Chmod either. The mask is the
	// whole process's, but it only takes from others what they have no need of.
	mask := syscall.Umask(0o077)
	l, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	return l, nil
}
