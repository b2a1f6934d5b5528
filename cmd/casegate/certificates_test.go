package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// served is the certificate that a client gets, and how the handshake ended.
func served(t *testing.T, from certSource, client *tls.Config) (state tls.ConnectionState, err error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() {
		tls.Server(far, serverTLS(from)).Handshake()
		far.Close()
	}()
	client.InsecureSkipVerify = true
	conn := tls.Client(near, client)
	err = conn.Handshake()
	return conn.ConnectionState(), err
}

// certConfig is a configuration with a pair of files for gate.example.
func certConfig(cert, key string) config {
	conf := demoConfig()
	conf.SMTP.TLSCert, conf.SMTP.TLSKey = cert, key
	return conf
}

// TestCertificateReload: files that change are read again within seconds; a pair
// that cannot be used, such as half of a new one, changes nothing.
func TestCertificateReload(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	var log bytes.Buffer
	c, err := newCertificates(certConfig(cert, key), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	c.now = func() time.Time { return clock }
	serial := func() string {
		t.Helper()
		state, err := served(t, c, &tls.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return string(state.PeerCertificates[0].Raw)
	}
	first := serial()

	broken, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := certificate(t, t.TempDir())
	swap(t, other, cert) // and not its key
	if serial() != first {
		t.Error("the files were looked at twice within a moment, want one look to hold")
	}
	clock = clock.Add(certLook)
	if serial() != first {
		t.Error("a certificate without its key was taken, want the old pair to stay")
	}
	if !strings.Contains(log.String(), "the old one stays") {
		t.Errorf("the log says nothing of the broken pair: %s", log.String())
	}
	logged := log.Len()
	clock = clock.Add(certLook)
	serial()
	if log.Len() != logged {
		t.Error("the same broken pair was logged twice")
	}

	certificate(t, dir) // both files, anew
	clock = clock.Add(certLook)
	if serial() == first {
		t.Error("the old certificate is still served, want the new one")
	}
	if err := os.WriteFile(key, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	second := serial()
	c.reload() // a key that does not fit: SIGHUP too keeps what works
	if serial() != second {
		t.Error("after a reload of a broken pair another certificate is served")
	}
	if left := time.Until(c.Expiry()); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the certificate expires in %v, want an hour", left)
	}
}

func swap(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestServerTLS: nothing below TLS 1.2 and nothing without forward secrecy; what
// mail servers speak today is a positive control.
func TestServerTLS(t *testing.T) {
	cert, key := certificate(t, t.TempDir())
	c, err := newCertificates(certConfig(cert, key), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		client *tls.Config
		ok     bool
	}{
		{"TLS 1.3", &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		{"another name", &tls.Config{ServerName: "north.example"}, true},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"TLS 1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, false},
		{"RSA key exchange", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, false},
		{"3DES", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}}, false},
		{"RC4", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := served(t, c, test.client)
			if test.ok != (err == nil) {
				t.Errorf("the handshake gives %v, want it to work: %v", err, test.ok)
			}
		})
	}
}

// TestCertificateWatch: a broken pair is logged also where no client comes by.
func TestCertificateWatch(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	other, _ := certificate(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		c, err := newCertificates(certConfig(cert, key), slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		go c.watch(ctx)
		time.Sleep(certIdleLook + time.Second)
		if log.String() != "" {
			t.Errorf("control: of a pair that has not changed the log says %s", log.String())
		}
		swap(t, other, cert)
		time.Sleep(certIdleLook)
		if !strings.Contains(log.String(), "the old one stays") {
			t.Errorf("a minute after half a pair has come the log says %q, want that it cannot be used", log.String())
		}
		stop()
		synctest.Wait() // the watch has ended, or synctest complains
	})
}

// TestCertificateNames: a certificate for others works, and is warned of in words
// when it is read and by check-config.
func TestCertificateNames(t *testing.T) {
	for _, c := range []struct {
		name, dns, want string
	}{
		{"control", "gate.example", ""},
		{"another name", "mx.example", "is for mx.example, not for gate.example"},
		{"no name", "", "has no DNS names, and should have gate.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeConfig(t, needed+"[smtp]\ntls_cert = \"mx.pem\"\ntls_key = \"mx.key\"\n")
			issue(t, filepath.Dir(path), c.dns, time.Now(), time.Now().Add(time.Hour))
			conf, err := loadConfig(path)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			if _, err := newCertificates(conf, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
				t.Fatal(err)
			}
			warned := strings.Join(conf.warnings, "\n")
			if c.want == "" && (warned != "" || log.Len() > 0) || !strings.Contains(warned, c.want) || !strings.Contains(log.String(), c.want) {
				t.Errorf("check-config warns %q, and the log %q, want %q", warned, log.String(), c.want)
			}
		})
	}
	path := writeConfig(t, needed+"[smtp]\ntls_cert = \"mx.pem\"\ntls_key = \"mx.key\"\n")
	_, key := certificate(t, filepath.Dir(path))
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadConfig(path); err == nil || !strings.Contains(err.Error(), "smtp.tls_key: everybody on this machine can read") {
		t.Errorf("of a key that everybody can read the configuration says %v, want an error", err)
	}
}
