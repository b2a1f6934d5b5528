package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakeACME is as much of an ACME server (RFC 8555) as one order takes. It asks
// for HTTP-01 at ask, and checks no signatures.
type fakeACME struct {
	t      *testing.T
	ask    http.Handler
	server *httptest.Server
	key    *ecdsa.PrivateKey
	proved atomic.Bool
	chain  atomic.Value // []byte, PEM
	orders atomic.Int32
}

func startACME(t *testing.T, ask http.Handler) *fakeACME {
	t.Helper()
	f := &fakeACME{t: t, ask: ask}
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /directory", f.directory)
	mux.HandleFunc("HEAD /nonce", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /account", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", f.server.URL+"/account/1")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"status":"valid"}`)
	})
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, r *http.Request) {
		f.orders.Add(1)
		w.Header().Set("Location", f.server.URL+"/order/1")
		w.WriteHeader(http.StatusCreated)
		f.order(w)
	})
	mux.HandleFunc("POST /order/1", func(w http.ResponseWriter, _ *http.Request) { f.order(w) })
	mux.HandleFunc("POST /authz/1", func(w http.ResponseWriter, _ *http.Request) { f.authz(w) })
	mux.HandleFunc("POST /challenge/1", f.challenge)
	mux.HandleFunc("POST /finalize/1", f.finalize)
	mux.HandleFunc("POST /cert/1", func(w http.ResponseWriter, _ *http.Request) { w.Write(f.chain.Load().([]byte)) })
	nonces := atomic.Int32{}
	f.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", fmt.Sprint("n", nonces.Add(1)))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.server.Close)
	return f
}

func (f *fakeACME) directory(w http.ResponseWriter, _ *http.Request) {
	u := f.server.URL
	json.NewEncoder(w).Encode(map[string]any{"newNonce": u + "/nonce", "newAccount": u + "/account", "newOrder": u + "/order", "meta": map[string]any{"termsOfService": u + "/terms"}})
}

func (f *fakeACME) order(w io.Writer) {
	u, status := f.server.URL, "pending"
	if f.proved.Load() {
		status = "ready"
	}
	order := map[string]any{
		"status": status, "identifiers": []any{map[string]string{"type": "dns", "value": "gate.example"}},
		"authorizations": []string{u + "/authz/1"}, "finalize": u + "/finalize/1",
	}
	if f.chain.Load() != nil {
		order["status"], order["certificate"] = "valid", u+"/cert/1"
	}
	json.NewEncoder(w).Encode(order)
}

const acmeToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

func (f *fakeACME) authz(w io.Writer) {
	status := "pending"
	if f.proved.Load() {
		status = "valid"
	}
	json.NewEncoder(w).Encode(map[string]any{
		"status": status, "identifier": map[string]string{"type": "dns", "value": "gate.example"},
		"challenges": []any{map[string]string{"type": "http-01", "url": f.server.URL + "/challenge/1", "token": acmeToken, "status": status}},
	})
}

// challenge comes by for the proof as a stranger does, by plain HTTP.
func (f *fakeACME) challenge(w http.ResponseWriter, _ *http.Request) {
	answer := httptest.NewRecorder()
	f.ask.ServeHTTP(answer, httptest.NewRequest("GET", "http://gate.example:5002/.well-known/acme-challenge/"+acmeToken, nil))
	if !strings.HasPrefix(answer.Body.String(), acmeToken+".") {
		f.t.Errorf("the challenge is answered %d %q, want the token and the account's thumbprint", answer.Code, answer.Body)
	}
	f.proved.Store(true)
	io.WriteString(w, `{"type":"http-01","status":"valid","token":"`+acmeToken+`"}`)
}

func (f *fakeACME) finalize(w http.ResponseWriter, r *http.Request) {
	var jws struct{ Payload string }
	var request struct{ CSR string }
	json.NewDecoder(r.Body).Decode(&jws)
	payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
	json.Unmarshal(payload, &request)
	der, _ := base64.RawURLEncoding.DecodeString(request.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		f.t.Errorf("the certificate request cannot be read: %v", err)
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake"}, DNSNames: csr.DNSNames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, csr.PublicKey, f.key)
	if err != nil {
		f.t.Error(err)
	}
	f.chain.Store(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}))
	w.Header().Set("Location", f.server.URL+"/order/1")
	f.order(w)
}

func acmeConf(t *testing.T) config {
	conf := demoConfig()
	conf.Data = t.TempDir()
	conf.ACME.AcceptTerms = true
	return conf
}

// TestACME: the certificate is asked for by itself, proved by HTTP-01, kept under
// the data directory, and served whatever name a client asks for, or none.
func TestACME(t *testing.T) {
	conf := acmeConf(t)
	source, err := newACMECerts(conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	fake := startACME(t, source.challenges())
	source.manager.Client.DirectoryURL = fake.server.URL + "/directory"
	source.manager.Client.HTTPClient = fake.server.Client()
	if !source.Expiry().IsZero() {
		t.Error("there is an expiry before there is a certificate")
	}
	source.obtain(t.Context())
	for _, name := range []string{"", "gate.example", "north.example"} {
		state, err := served(t, source, &tls.Config{ServerName: name})
		if err != nil {
			t.Fatalf("a client that asks for %q gets %v, want the certificate", name, err)
		}
		if err := state.PeerCertificates[0].VerifyHostname("gate.example"); err != nil {
			t.Errorf("a client that asks for %q gets another certificate: %v", name, err)
		}
	}
	if n := fake.orders.Load(); n != 1 {
		t.Errorf("%d certificates were ordered, want one", n)
	}
	if left := time.Until(source.Expiry()); left < 89*24*time.Hour {
		t.Errorf("the certificate expires in %v, want 90 days", left)
	}
	dir := filepath.Join(conf.Data, acmeName)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s is %v, %v; want mode 0700", dir, info, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) < 2 {
		t.Errorf("kept are %v, want the account's key and the certificate", files)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600: it holds a key", f, info.Mode())
		}
	}
}

// TestACMEStrangers: who asks the port for HTTP-01 for anything else gets nothing.
func TestACMEStrangers(t *testing.T) {
	source, err := newACMECerts(acmeConf(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/metrics", "/.well-known/acme-challenge/nothing", "/.well-known/acme-challenge/../../keys.json"} {
		w := httptest.NewRecorder()
		source.challenges().ServeHTTP(w, httptest.NewRequest("GET", "http://gate.example"+path, nil))
		if w.Code < 400 {
			t.Errorf("GET %s is answered %d, want an error", path, w.Code)
		}
	}
}

// TestACMEWaiting: before the first certificate no door offers to encrypt, and no
// handshake asks the server for one; once it is there, both work without a
// restart.
func TestACMEWaiting(t *testing.T) {
	source, err := newACMECerts(acmeConf(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	fake := startACME(t, source.challenges())
	source.manager.Client.DirectoryURL = fake.server.URL + "/directory"
	source.manager.Client.HTTPClient = fake.server.Client()
	m := runDemo(t, func(m *Main) {
		m.certs = source
		m.Config.Submission.Listen = "127.0.0.1:0"
	})
	d, _ := healthy(t)
	d.conf.Data, d.conf.ACME.AcceptTerms = m.Config.Data, true
	d.askDaemon(t.Context())
	offered := func(door doorAt) (*smtp.Client, bool) {
		t.Helper()
		c, err := smtp.Dial(door.Address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		ok, _ := c.Extension("STARTTLS")
		return c, ok
	}
	for _, door := range m.status().Doors {
		c, ok := offered(door)
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); ok || err == nil || !strings.HasPrefix(err.Error(), "454 ") {
			t.Errorf("%s: before there is a certificate STARTTLS is offered: %v, and answered %v; want 454", door.Door, ok, err)
		}
	}
	if _, err := served(t, source, &tls.Config{}); err == nil || fake.orders.Load() != 0 {
		t.Errorf("a handshake gives %v and %d orders, want an error and none", err, fake.orders.Load())
	}
	found := d.checkListeners(t.Context())
	if len(found) != 2 || found[0].Status != warning || found[1].Status != failure || !strings.Contains(found[1].Found, "nobody can sign in") {
		t.Errorf("the doctor says %+v, want a warning of SMTP and an error of Submission", found)
	}
	source.obtain(t.Context())
	for _, door := range m.status().Doors {
		c, ok := offered(door)
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); !ok || err != nil {
			t.Errorf("%s: with a certificate STARTTLS is offered: %v, and answered %v", door.Door, ok, err)
		}
	}
}
