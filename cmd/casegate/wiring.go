package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"casegate/cases"
	"casegate/cases/notify"
	"casegate/cases/store/bolt"
	"casegate/ingest"
	"casegate/ingest/verify"
	"casegate/mailer"
	"casegate/mailer/blob"
	"casegate/mailer/dns"
	"casegate/mailer/remote"
	"casegate/templates"
)

// joinParts makes the parts and gives each what it needs of the others. It is
// the one place that knows all of them.
func (m *Main) joinParts(ctx context.Context) error {
	conf := m.Config
	keys, err := m.loadKeys()
	if err != nil {
		return err
	}
	m.keys = keys
	if m.users, err = newUsers(conf.Data, m.Log); err != nil {
		return err
	}
	texts, err := templates.Load()
	if err != nil {
		return err
	}
	transport, err := m.transport()
	if err != nil {
		return err
	}
	blobs := m.blobs
	if err := m.cleanBlobs(ctx); err != nil {
		return err
	}
	disk := &watermark{path: conf.Data, min: uint64(conf.Disk.MinFreeMiB) << 20, now: time.Now, free: freeBytes, log: m.Log}
	store := measuredStore{m.store, m.metrics}
	ids, err := newIDs(m.store)
	if err != nil {
		return err
	}

	m.desk = &cases.Desk{
		Store: store, Blobs: blobs, Keys: keys, Hostname: conf.Hostname, Audience: notify.Audience,
		Room: disk.room, NewID: ids.New, Log: m.Log, Limits: conf.Limits.budgets(),
	}
	m.newID = ids.New
	m.joinPipeline(newPipeline(conf, blobs, ids))
	m.sender = &mailer.Sender{
		Queue:     m.desk,
		Content:   &notify.Renderer{Store: store, Set: texts, Keys: keys, Hostname: conf.Hostname, URL: m.publicURL(), Now: time.Now},
		Transport: measuredTransport{transport, m.metrics}, Workers: conf.Relay.Concurrency, Log: m.Log,
	}
	for _, d := range m.doors {
		d.server = m.newServer(d)
	}
	m.metrics.registry.MustRegister(&backlog{store: store, held: m.desk.HeldAge, log: m.Log}, doorMetric{m.doors},
		counted64("casegate_braked_total", "Mails that were stored, and of which people hear later: they came too fast.", m.desk.Braked),
		counted64("casegate_throttled_total", "Recipients put off because their client had guessed too often.", m.desk.Throttled))
	if m.certs != nil {
		m.metrics.registry.MustRegister(certMetric{m.certs, time.Now})
	}
	return nil
}

// joinPipeline lets mails be read, and those that were held be read again.
func (m *Main) joinPipeline(p *pipeline) {
	p.verifier.MayWriteAs = m.users.mayWriteAs
	p.reader.Scan = m.metrics.measuredScan(p.reader.Scan)
	m.pipeline = p
	m.onClose(p.close)
	m.desk.Reread = func(ctx context.Context, r *cases.MailRecord) (*mailer.Mail, error) { return p.again(ctx, m.desk, r) }
}

// loadKeys reads the token keys, or makes them.
func (m *Main) loadKeys() (*mailer.Keyring, error) {
	path := filepath.Join(m.Config.Data, keysName)
	lost, err := keysLost(path, m.store)
	if err != nil {
		return nil, err
	}
	if lost {
		m.Log.Warn(keysMissing, "data", m.Config.Data)
	}
	return loadKeys(path)
}

// newIDs makes ids that no stored mail or delivery has, also where the clock was
// set back since: a second mail of the same id would replace the first.
func newIDs(store *bolt.Store) (*mailer.IDs, error) {
	newest, err := store.NewestID()
	if err != nil {
		return nil, err
	}
	ids := &mailer.IDs{Seed: randomSeed}
	ids.After(newest)
	return ids, nil
}

func randomSeed() uint32 {
	var b [4]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint32(b[:])
}

// cleanBlobs removes what an earlier daemon left behind when it died: mails half
// received, and whole ones that no record refers to any more. The latter may
// have been discarded, as holding personal data.
func (m *Main) cleanBlobs(ctx context.Context) error {
	n, err := m.blobs.Sweep()
	if err != nil {
		return fmt.Errorf("clean up blobs: %w", err)
	}
	if n > 0 {
		m.Log.Info("removed mails that were half received when the last daemon ended", "count", n)
	}
	orphans, err := m.store.Orphans(ctx, m.blobs.All())
	for _, b := range orphans {
		err = errors.Join(err, m.blobs.Remove(b.Ref))
	}
	switch {
	case err != nil: // mail can be taken nevertheless
		m.Log.Warn("blobs that nothing refers to are not removed: run casegate verify", "error", err)
	case len(orphans) > 0:
		m.Log.Info("removed blobs that nothing refers to", "count", len(orphans), "mib", mebibytes(orphans))
	}
	return nil
}

func (c *config) maxSize() int64 { return int64(c.SMTP.MaxSizeMiB) << 20 }

func blobsIn(data string) *blob.Local { return &blob.Local{Dir: filepath.Join(data, blobsName)} }

// newPipeline joins the doors' way of reading a mail.
func newPipeline(conf config, blobs blob.Store, ids *mailer.IDs) *pipeline {
	v := &verify.Verifier{
		Trusted: conf.trusted, Sealers: conf.Verify.TrustedSealers, Authserv: conf.Verify.AuthservIDs, Groups: conf.groups,
		DNS: &dns.Resolver{Servers: conf.Verify.Resolvers},
	}
	p := &pipeline{verifier: v, newID: ids.New, now: time.Now, fronts: conf.fronts, maxSize: conf.maxSize()}
	p.reader = &ingest.Reader{Blobs: blobs, Verify: v.Verify}
	p.known = &ingest.Reader{Blobs: blobs}
	if s := conf.scanners(); s != nil {
		p.reader.Scan = func(ctx context.Context, m *mailer.Mail, open func() (io.ReadCloser, error)) ([]mailer.Scan, error) {
			return s.Run(ctx, m, open)
		}
	}
	return p
}

// transport is the relay, or in the demo the outbox.
func (m *Main) transport() (mailer.Transport, error) {
	if m.Config.demo {
		dir := filepath.Join(m.Config.Data, outboxName)
		return outbox{dir: dir}, os.MkdirAll(dir, 0o700)
	}
	c := m.Config.relay()
	c.Log = m.Log
	relay, err := remote.New(c)
	if err != nil {
		return nil, err
	}
	m.onClose(relay.Close)
	return relay, nil
}

// publicURL is what links in mails begin with; "" for no links.
func (m *Main) publicURL() string {
	if m.Config.demo {
		return "http://" + m.publicListener.Addr().String()
	}
	return m.Config.HTTP.URL
}

// applyDirectory puts the configured directory in force: the file is the truth,
// so it wins over what was applied since by hand.
func (m *Main) applyDirectory(ctx context.Context) error {
	d, err := m.Config.readDirectory()
	if err != nil {
		return err
	}
	changes, err := m.desk.ApplyDirectory(ctx, d)
	if err != nil {
		return fmt.Errorf("apply directory: %w", err)
	}
	for _, change := range changes {
		m.Log.Info("directory", "change", change)
	}
	m.directory = summary(d)
	return nil
}

func applyTo(ctx context.Context, desk *cases.Desk, conf config) error {
	d, err := conf.readDirectory()
	if err == nil {
		_, err = desk.ApplyDirectory(ctx, d)
	}
	return err
}

func (c *config) readDirectory() (*cases.Directory, error) {
	if c.demo {
		return demoDirectory()
	}
	return loadDirectory(c.Directory.File)
}

// offlineDesk is a desk for looking only: by what the data directory holds or,
// where there is nothing, by an empty store in the scratch folder and the
// configured directory.
func offlineDesk(ctx context.Context, conf config, data, scratch string) (desk *cases.Desk, world string, stop func() error, err error) {
	desk = &cases.Desk{Blobs: blobsIn(scratch), Hostname: conf.Hostname, Audience: notify.Audience}
	world, options := "what "+data+" holds", bolt.Options{ReadOnly: true}
	_, err = os.Stat(filepath.Join(data, storeName))
	empty := errors.Is(err, fs.ErrNotExist)
	if empty {
		data, options = scratch, bolt.Options{NoSync: true}
		world = "an empty store and the directory " + conf.Directory.File
		if conf.demo {
			world = "an empty store and the demo's directory"
		}
	}
	store, err := bolt.Open(filepath.Join(data, storeName), options)
	if err != nil {
		return nil, "", nil, err
	}
	desk.Store = store
	keys := filepath.Join(data, keysName)
	if empty {
		if err = makeKeys(keys); err == nil {
			err = applyTo(ctx, desk, conf)
		}
	}
	if err == nil {
		desk.Keys, err = readKeys(keys)
	}
	if err != nil {
		return nil, "", nil, errors.Join(err, store.Close())
	}
	return desk, world, store.Close, nil
}
