package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"casegate/mailer"
)

// TestContentChecks: the doors show each mail to the scanners, whose verdict is
// in its record and in the metrics; where one is broken, the policy decides.
func TestContentChecks(t *testing.T) {
	verdict := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mail, _ := io.ReadAll(r.Body)
		if !strings.HasPrefix(string(mail), "From: ") || r.Header.Get("Rcpt") != "<support@north.example>" {
			t.Errorf("rspamd gets %q for %q, want the mail as it came", mail, r.Header.Get("Rcpt"))
		}
		io.WriteString(w, `{"action":"add header","score":7.5,"required_score":15,"symbols":{}}`)
	}))
	defer verdict.Close()
	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	for _, c := range []struct {
		name, url, policy string
		code              int // 0: taken
		want              mailer.ScanVerdict
	}{
		{"suspicious", verdict.URL, "451", 0, mailer.ScanSuspicious},
		{"broken, to be tried again", broken.URL, "451", 451, ""},
		{"broken, taken all the same", broken.URL, "accept", 0, mailer.ScanBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := runDemo(t, func(m *Main) {
				m.Config.Checks.Rspamd, m.Config.Checks.OnFailure = c.url, c.policy
			})
			said, err := send(m.status().SMTP, "it@acme.example", []string{"support@north.example"}, fire)
			var refused *textproto.Error
			if c.code != 0 {
				if !errors.As(err, &refused) || refused.Code != c.code {
					t.Errorf("the mail is answered %q, %v; want %d", said, err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			id, err := mailer.ParseID(strings.TrimSpace(said[strings.LastIndex(strings.TrimSpace(said), " ")+1:]))
			if err != nil {
				t.Fatal(err)
			}
			record, err := m.desk.Mail(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if len(record.Scans) != 1 || record.Scans[0].By != "rspamd" || record.Scans[0].Verdict != c.want {
				t.Errorf("the record has the scans %+v, want one that is %s", record.Scans, c.want)
			}
			w := httptest.NewRecorder()
			adminRoutes(m.metrics.registry, m.ready).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			if want := `casegate_scans_total{by="rspamd",verdict="` + string(c.want) + `"} 1`; !strings.Contains(w.Body.String(), want) {
				t.Errorf("the metrics do not say %s", want)
			}
		})
	}
}

// TestNewServer: what the configuration says of the doors reaches them, and only
// those that it is for.
func TestNewServer(t *testing.T) {
	cert, key := certificate(t, t.TempDir())
	front := netip.MustParsePrefix("192.0.2.0/24")
	m := runDemo(t, func(m *Main) {
		m.Config.SMTP.TLSCert, m.Config.SMTP.TLSKey = cert, key
		m.Config.SMTP.Connections, m.Config.SMTP.ConnectionsPerIP = 77, 7
		m.Config.fronts = []netip.Prefix{front}
		m.Config.Submission = submissionConfig{Listen: "127.0.0.1:0", TLSListen: "127.0.0.1:0"}
		m.Config.LMTP.Socket = "in.sock"
	})
	if len(m.doors) != 4 {
		t.Fatalf("%d doors are open, want four", len(m.doors))
	}
	for _, d := range m.doors {
		s := d.server
		if s.Connections != 77 || s.PerPrefix != 7 || s.MaxSize != m.Config.maxSize() {
			t.Errorf("%s allows %d connections, %d of one client, and %d octets; want what is configured", d.name, s.Connections, s.PerPrefix, s.MaxSize)
		}
		if got, want := s.TLS != nil, d.name != "lmtp"; got != want {
			t.Errorf("%s speaks TLS: %v, want %v", d.name, got, want)
		}
		if got, want := s.ImplicitTLS, d.name == "submissions"; got != want {
			t.Errorf("%s speaks TLS from the start: %v, want %v", d.name, got, want)
		}
		if got, want := s.Auth != nil, strings.HasPrefix(d.name, "submission"); got != want {
			t.Errorf("%s lets people sign in: %v, want %v", d.name, got, want)
		}
		if got, want := len(s.FrontHops) == 1, d.name == "smtp"; got != want {
			t.Errorf("%s knows front hops: %v, want %v", d.name, got, want)
		}
	}
	if left := time.Until(m.certs.Expiry()); left <= 0 {
		t.Errorf("the certificate ends in %v, want that it is known", left)
	}
}
