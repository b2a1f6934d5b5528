package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// Main is the daemon: the parts of casegate, joined. Run starts it, Wait waits
// for its end and Close ends it, so that tests run the real program in process.
type Main struct {
	Config config
	Log    *slog.Logger
	Level  *slog.LevelVar // of Log; set from the configuration

	since     time.Time
	directory string // what it holds, in words
	metrics   *metrics
	store     *bolt.Store
	blobs     *blob.Local
	desk      *cases.Desk
	pipeline  *pipeline
	sender    *mailer.Sender
	keys      *mailer.Keyring
	users     *users
	certs     certSource // nil: nothing is encrypted
	newID     func() mailer.ID
	doors     []*door

	smtpListener, publicListener, adminListener, controlListener net.Listener

	draining atomic.Bool
	failed   chan error // what ended by itself, and should not have
	closers  []func() error
	closing  sync.Once
}

// drainTime is how long mails that are coming in may take when the daemon is
// asked to stop.
const drainTime = 30 * time.Second

// Run starts everything, in an order in which nothing can be reached before what
// it needs is there. After an error nothing runs any more.
func (m *Main) Run(ctx context.Context) error {
	m.since = time.Now()
	m.failed = make(chan error, 8)
	m.metrics = newMetrics(version())
	for _, step := range []func(context.Context) error{
		m.setLevel,
		m.openData,
		m.openPorts,
		m.openCertificates,
		m.joinParts,
		m.applyDirectory,
		m.startSending,
		m.startServing,
		m.startHousekeeping,
	} {
		if err := step(ctx); err != nil {
			return errors.Join(err, m.Close())
		}
	}
	m.Log.Info("ready", "version", version(), "data", m.Config.Data, "smtp", m.smtpListener.Addr().String())
	return nil
}

// Wait returns nil when ctx is done, and an error when the daemon cannot go on.
func (m *Main) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-m.store.Broken():
		return fmt.Errorf("%w: stopping; the store is verified at the next start", m.store.Err())
	case <-m.blobs.Broken():
		return fmt.Errorf("%w: stopping; the store is verified at the next start", m.blobs.Err())
	case err := <-m.failed:
		return err
	}
}

// Close ends what Run has started, the last first. What was acknowledged is safe
// before and after.
func (m *Main) Close() error {
	var errs []error
	m.closing.Do(func() {
		m.draining.Store(true)
		for i := len(m.closers) - 1; i >= 0; i-- {
			errs = append(errs, m.closers[i]())
		}
	})
	return errors.Join(errs...)
}

func (m *Main) onClose(f func() error) { m.closers = append(m.closers, f) }

func (m *Main) setLevel(context.Context) error {
	level, err := m.Config.Log.level()
	if err == nil {
		m.Level.Set(level)
	}
	return err
}

// openData opens the store first, because its lock tells that no other daemon is
// using the directory. A store that was not closed well is verified before
// anything can be added to it.
func (m *Main) openData(ctx context.Context) error {
	data := m.Config.Data
	if err := prepareData(data); err != nil {
		return err
	}
	store, err := bolt.Open(filepath.Join(data, storeName), bolt.Options{Log: m.Log})
	if err != nil {
		return err
	}
	m.store, m.blobs = store, blobsIn(data)
	m.onClose(m.closeStore)
	wasDirty, err := markDirty(data)
	if err != nil {
		return fmt.Errorf("mark data directory as in use: %w", err)
	}
	if !wasDirty {
		return nil
	}
	m.Log.Warn("the last daemon on this data directory did not end well: verifying the store", "data", data)
	faults, err := verifyStore(ctx, m.store, m.blobs)
	if err != nil {
		return fmt.Errorf("verify store: %w", err)
	}
	for _, f := range faults {
		m.Log.Error("verify", "fault", f.Fault)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s in %s, the first: %s: keep a copy of it and restore a backup, or see `casegate verify`",
			counted(len(faults), "fault"), data, faults[0].Fault)
	}
	return nil
}

// closeStore leaves the mark in place where the store has to be verified again.
func (m *Main) closeStore() error {
	broken := errors.Join(m.store.Err(), m.blobs.Err())
	if err := m.store.Close(); err != nil || broken != nil {
		return err
	}
	return markClean(m.Config.Data)
}

// openPorts takes all ports before anything serves, so that a port in use stops
// the start and not the work.
func (m *Main) openPorts(context.Context) error {
	m.doors = m.Config.wantedDoors()
	for _, d := range m.doors {
		if err := d.listen(); err != nil {
			return err
		}
		m.onClose(func() error { d.listener.Close(); return nil }) // twice is no harm
	}
	m.smtpListener = m.doors[0].listener
	for _, p := range []struct {
		what, address string
		into          *net.Listener
	}{
		{"public", m.Config.HTTP.Public, &m.publicListener},
		{"admin", m.Config.HTTP.Admin, &m.adminListener},
	} {
		l, err := net.Listen("tcp", p.address)
		if err != nil {
			return listenError(p.what, p.address, err)
		}
		*p.into = l
		m.onClose(func() error { l.Close(); return nil })
	}
	l, err := listenControl(m.Config.Data)
	if err != nil {
		return err
	}
	m.controlListener = l
	m.onClose(func() error { l.Close(); return nil })
	return nil
}

// listenError says what to do about a port that cannot be had.
func listenError(what, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s: %s is in use by another program: stop that one, or choose another port with %s", what, address, chosenWith(what))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: no permission to listen on %s: ports below 1024 need root or CAP_NET_BIND_SERVICE", what, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s: %s is not an address of this machine", what, address)
	}
	return fmt.Errorf("%s: listen on %s: %w", what, address, err)
}

// chosenWith says where the address of a listener is set.
func chosenWith(what string) string {
	if slices.Contains([]string{"smtp", "public", "admin"}, what) {
		return "--" + what
	}
	return "[" + strings.TrimSuffix(what, "s") + "] in the configuration"
}

// startServing opens the doors: first the ones to look through, then the one
// that mail comes in by.
func (m *Main) startServing(context.Context) error {
	public := &public{desk: m.desk, hostname: m.Config.Hostname, log: m.Log}
	m.serveHTTP("public", limitedServer(public.routes(), m.Log), m.publicListener)
	m.serveHTTP("admin", limitedServer(adminRoutes(m.metrics.registry, m.ready), m.Log), m.adminListener)
	control := &control{desk: m.desk, pipeline: m.pipeline, keys: m.keys, status: m.status, log: m.Log}
	// Without write timeout: a raw mail or a profile may take its time.
	m.serveHTTP("control", &http.Server{Handler: control.routes(), ReadHeaderTimeout: 10 * time.Second}, m.controlListener)

	m.openDoors()
	return nil
}

// maxHTTP bounds the open connections of a listener.
const maxHTTP = 512

func (m *Main) serveHTTP(name string, s *http.Server, l net.Listener) {
	go func() {
		if err := s.Serve(netutil.LimitListener(l, maxHTTP)); !errors.Is(err, http.ErrServerClosed) {
			m.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	m.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if s.Shutdown(ctx) != nil {
			s.Close()
		}
		return nil
	})
}

// background runs f until Close, which waits for it.
func (m *Main) background(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	m.onClose(func() error {
		cancel()
		<-done
		return nil
	})
}

func (m *Main) startSending(context.Context) error {
	m.background(func(ctx context.Context) {
		if err := m.sender.Run(ctx); err != nil {
			m.Log.Warn("sending stopped", "error", err)
		}
	})
	return nil
}

// startHousekeeping forgets daily what is older than it needs to be, and reads
// the configuration again when asked to.
func (m *Main) startHousekeeping(context.Context) error {
	m.background(func(ctx context.Context) {
		for daily := time.NewTicker(24 * time.Hour); ; {
			if err := m.desk.Prune(ctx); err != nil && ctx.Err() == nil {
				m.Log.Error("prune", "error", err)
			}
			select {
			case <-ctx.Done():
				daily.Stop()
				return
			case <-daily.C:
			}
		}
	})
	m.background(m.tellWhatIsHeld)
	m.background(func(ctx context.Context) {
		onHangup(ctx, func(ctx context.Context) {
			if files, ok := m.certs.(*certificates); ok {
				files.reload()
			}
			if err := m.Reload(ctx); err != nil {
				m.Log.Error("not reloaded, everything stays as it was", "error", err)
			}
		})
	})
	return nil
}

// tellWhatIsHeld has those who answer for mails that are held reminded of them,
// each once a day in the morning of their reseller's zone.
func (m *Main) tellWhatIsHeld(ctx context.Context) {
	for hourly := time.NewTicker(time.Hour); ; {
		if _, err := m.desk.Digest(ctx, time.Now()); err != nil && ctx.Err() == nil {
			m.Log.Error("digest of held mails", "error", err)
		}
		select {
		case <-ctx.Done():
			hourly.Stop()
			return
		case <-hourly.C:
		}
	}
}

// Reload reads the configuration and the directory again, and takes over the
// directory and the log level. After an error nothing has changed.
func (m *Main) Reload(ctx context.Context) error {
	if m.Config.demo {
		return errors.New("the demo has no configuration to read again")
	}
	next, err := loadConfig(m.Config.file)
	if err != nil {
		return err
	}
	d, err := loadDirectory(next.Directory.File)
	if err != nil {
		return err
	}
	level, err := next.Log.level()
	if err != nil {
		return err
	}
	changes, err := m.desk.ApplyDirectory(ctx, d)
	if err != nil {
		return err
	}
	m.Level.Set(level)
	for _, change := range changes {
		m.Log.Info("directory", "change", change)
	}
	if keys := m.Config.needRestart(next); len(keys) > 0 {
		m.Log.Warn("these keys have changed and are taken over at the next start only", "keys", strings.Join(keys, " "))
	}
	m.Log.Info("reloaded", "config", m.Config.file, "directory_changes", len(changes), "level", next.Log.Level)
	return nil
}

// ready is nil while mail can be taken.
func (m *Main) ready() error {
	if m.draining.Load() {
		return errors.New("stopping")
	}
	if err := errors.Join(m.store.Err(), m.blobs.Err()); err != nil {
		return err
	}
	return m.desk.Room()
}

func (m *Main) status() statusAnswer {
	s := statusAnswer{
		Version: version(), PID: os.Getpid(), Since: m.since.UTC(), Data: m.Config.Data, Ready: "yes",
		SMTP: m.smtpListener.Addr().String(), Public: m.publicListener.Addr().String(), Admin: m.adminListener.Addr().String(),
	}
	for _, d := range m.doors {
		s.Doors = append(s.Doors, doorAt{d.name, d.listener.Addr().String()})
	}
	if err := m.ready(); err != nil {
		s.Ready = "no: " + err.Error()
	}
	return s
}
