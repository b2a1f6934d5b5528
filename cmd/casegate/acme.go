package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeName is the folder in the data directory for the keys and certificates
// that ACME gives us (RFC 8555).
const acmeName = "acme"

// acmeCerts has its certificate from an ACME server, and renews it in time.
type acmeCerts struct {
	hostname string
	manager  *autocert.Manager
	log      *slog.Logger

	mu     sync.Mutex
	expiry time.Time
}

func newACMECerts(conf config, log *slog.Logger) (*acmeCerts, error) {
	dir := filepath.Join(conf.Data, acmeName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &acmeCerts{hostname: conf.Hostname, log: log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Email: conf.ACME.Email, Cache: autocert.DirCache(dir),
		// No stranger's wish has us ask for a certificate.
		HostPolicy: autocert.HostWhitelist(conf.Hostname),
		Client:     &acme.Client{DirectoryURL: conf.ACME.DirectoryURL, UserAgent: "casegate/" + version()},
	}}, nil
}

var errNoACMEYet = errors.New("no certificate from the ACME server yet")

// GetCertificate implements certSource. Before the first certificate is there, no
// handshake asks for one: authorities count what fails, and a stranger could have
// us ask every minute.
func (a *acmeCerts) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if a.Expiry().IsZero() {
		return nil, errNoACMEYet
	}
	return a.get(hello)
}

// get has the certificate from the cache or the server. The name is always the
// hostname: mail servers name none, or the domain that their mail is for.
func (a *acmeCerts) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	ours := *hello
	ours.ServerName = a.hostname
	// An answer to the server's question by TLS, which is not asked here.
	ours.SupportedProtos = nil
	cert, err := a.manager.GetCertificate(&ours)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if cert.Leaf != nil {
		a.expiry = cert.Leaf.NotAfter
	}
	return cert, nil
}

// Expiry implements certSource.
func (a *acmeCerts) Expiry() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.expiry
}

// challenges answers the ACME server (RFC 8555 8.3), and nobody else. It does so
// under any name: a proxy in front may have put its own in the request, and what
// is answered are secrets of the order that is open.
func (a *acmeCerts) challenges() http.Handler {
	answers := a.manager.HTTPHandler(http.NotFoundHandler())
	return secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = a.hostname
		answers.ServeHTTP(w, r)
	}))
}

// patienceACME is the longest pause between tries to get the first certificate:
// authorities count those that fail.
const patienceACME = time.Hour

// obtain gets the first certificate, from the cache or the server; until then the
// doors offer no encryption. From then on it is renewed 30 days before its end.
func (a *acmeCerts) obtain(ctx context.Context) {
	hello := &tls.ClientHelloInfo{
		CipherSuites:      []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedVersions: []uint16{tls.VersionTLS13},
	}
	for pause := time.Minute; ; pause = min(2*pause, patienceACME) {
		_, err := a.get(hello)
		if err == nil {
			a.log.Info("certificate", "from", a.manager.Client.DirectoryURL, "names", a.hostname, "expires", a.Expiry())
			return
		}
		a.log.Error("no certificate from the ACME server yet: the doors cannot encrypt", "server", a.manager.Client.DirectoryURL,
			"again_in", pause, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
