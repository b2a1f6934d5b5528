package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate of its own making, and gives its two files.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	cert, key, err := writeCertificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func writeCertificate(dir string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"gate.example"}, NotAfter: time.Now().Add(time.Hour)}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, "mx.pem"), filepath.Join(dir, "mx.key")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", err
		}
	}
	return cert, key, nil
}

// TestStartTLS: with a certificate in the configuration mail comes in encrypted,
// and the trace field says so (RFC 3848).
func TestStartTLS(t *testing.T) {
	cert, key := certificate(t, t.TempDir())
	m := runDemo(t, func(m *Main) {
		m.Config.SMTP.TLSCert, m.Config.SMTP.TLSKey = cert, key
		bad := &complaints{file: &tomlFile{name: "test"}}
		m.Config.checkTLS(bad)
		if len(bad.errs) > 0 {
			t.Fatal(bad.errs)
		}
	})
	c, err := smtp.Dial(m.smtpListener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, ServerName: "gate.example"}); err != nil {
		t.Fatalf("STARTTLS: %v", err)
	}
	if err := c.Mail("it@acme.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("support@north.example"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("From: it@acme.example\r\nSubject: secret\r\n\r\nx\r\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, history, err := m.desk.Find(t.Context(), "NORTH-1")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := m.desk.Raw(t.Context(), history[0].Mail)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	head := make([]byte, 300)
	n, _ := raw.Read(head)
	if !strings.Contains(string(head[:n]), "SMTPS id ") {
		t.Errorf("the trace field is %q, want one with ESMTPS or UTF8SMTPS", head[:n])
	}
}

func TestBadCertificate(t *testing.T) {
	cert, _ := certificate(t, t.TempDir())
	c := demoConfig()
	c.SMTP.TLSCert = cert
	bad := &complaints{file: &tomlFile{name: "casegate.toml"}}
	c.checkSMTP(bad)
	if len(bad.errs) != 1 || !strings.Contains(bad.errs[0].Error(), "smtp.tls_key: is missing") {
		t.Errorf("a certificate without a key gives %v, want one error that names the key", bad.errs)
	}
}
