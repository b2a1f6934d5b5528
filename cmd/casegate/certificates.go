package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// certSource is where the doors have their certificate from: *certificates or
// *acmeCerts.
type certSource interface {
	// GetCertificate is for tls.Config.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Expiry is when the certificate ends that is in use; zero if there is none yet.
	Expiry() time.Time
}

// serverTLS is how the doors speak TLS. The suites are Go's own, which have
// forward secrecy all: narrower ones would have old mail servers fall back to
// sending in the clear (RFC 7435).
func serverTLS(from certSource) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: from.GetCertificate}
}

// certificates is a pair of files that is read again when one of them changes. A
// pair that cannot be used changes nothing: whoever renews a certificate writes
// one file after the other.
type certificates struct {
	cert, key string
	hostname  string // that it should be for
	log       *slog.Logger
	now       func() time.Time

	mu      sync.Mutex
	looked  time.Time
	seen    [2]os.FileInfo
	current *tls.Certificate
}

// certLook is how long one look at the files holds. Where no client comes by, they
// are looked at every certIdleLook: who renews them hears soon of what is wrong.
const (
	certLook     = 3 * time.Second
	certIdleLook = time.Minute
)

func newCertificates(conf config, log *slog.Logger) (*certificates, error) {
	c := &certificates{cert: conf.SMTP.TLSCert, key: conf.SMTP.TLSKey, hostname: conf.Hostname, log: log, now: time.Now}
	if err := c.read(); err != nil {
		return nil, err
	}
	c.warn()
	return c, nil
}

// watch looks at the files until ctx is done.
func (c *certificates) watch(ctx context.Context) {
	for tick := time.NewTicker(certIdleLook); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			c.GetCertificate(nil)
		}
	}
}

// GetCertificate implements certSource, for every name: a client that delivers
// mail does not always say which it wants, and takes what there is.
func (c *certificates) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.looked) >= certLook {
		if now := c.stat(); !unchanged(c.seen[0], now[0]) || !unchanged(c.seen[1], now[1]) {
			c.reread()
		}
		c.looked = c.now()
	}
	return c.current, nil
}

// Expiry implements certSource.
func (c *certificates) Expiry() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Leaf.NotAfter
}

// reload reads the files now, whether they look changed or not.
func (c *certificates) reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reread()
}

func (c *certificates) reread() {
	if err := c.read(); err != nil {
		c.log.Error("the certificate has changed and cannot be used; the old one stays", "file", c.cert, "expires", c.current.Leaf.NotAfter, "error", err)
		return
	}
	c.log.Info("certificate", "file", c.cert, "names", certNames(c.current.Leaf), "expires", c.current.Leaf.NotAfter)
	c.warn()
}

// warn logs that the certificate is for others.
func (c *certificates) warn() {
	if text := wrongNames(c.current.Leaf, c.hostname); text != "" {
		c.log.Warn("the certificate "+text, "file", c.cert)
	}
}

// certNames are the names that a certificate is for, in words.
func certNames(leaf *x509.Certificate) string {
	if len(leaf.DNSNames) == 0 {
		return "no DNS names"
	}
	return strings.Join(leaf.DNSNames, " ")
}

// wrongNames says for whom a certificate is that is not for the hostname; "": it
// is. Mail comes in with it nevertheless, but not from whom it matters to (RFC
// 8461 4.2), and mail programs of those who sign in refuse it.
func wrongNames(leaf *x509.Certificate, hostname string) string {
	switch {
	case leaf.VerifyHostname(hostname) == nil:
		return ""
	case len(leaf.DNSNames) == 0:
		return "has no DNS names, and should have " + hostname
	}
	return "is for " + certNames(leaf) + ", not for " + hostname
}

func (c *certificates) read() error {
	c.seen = c.stat() // before reading: a change meanwhile is seen the next time
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	c.current = &pair
	return nil
}

func (c *certificates) stat() [2]os.FileInfo { return [2]os.FileInfo{lookAt(c.cert), lookAt(c.key)} }

// lookAt gives what there is to see of a file from outside; nil: there is none.
func lookAt(path string) fs.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// unchanged tells whether a file looks as it did: it is the same one, and nobody
// has written to it.
func unchanged(then, now fs.FileInfo) bool {
	if then == nil || now == nil {
		return then == nil && now == nil
	}
	return os.SameFile(then, now) && then.Size() == now.Size() && then.ModTime().Equal(now.ModTime())
}
