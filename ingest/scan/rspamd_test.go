package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"casegate/mailer"
)

func TestParseAnswer(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   mailer.Scan // zero: an error
	}{
		{`{"is_skipped":false,"score":0.0,"required_score":15.0,"action":"no action","symbols":{},"messages":{},"message-id":"1@b.example"}`,
			mailer.Scan{Verdict: mailer.ScanClean, Detail: "no action", Threshold: 15}},
		{`{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject","symbols":{"GTUBE":{"name":"GTUBE","score":0.0,"metric_score":0.0}}}`,
			mailer.Scan{Verdict: mailer.ScanHarmful, Detail: "reject (its further checks were skipped): GTUBE 0", Score: 15, Threshold: 15}},
		{`{"action":"add header","score":6.1,"required_score":15,"symbols":{"R_SPF_ALLOW":{"score":-0.2},"BAYES_SPAM":{"score":5.1},"B":{"score":1},"A":{"score":1}}}`,
			mailer.Scan{Verdict: mailer.ScanSuspicious, Detail: "add header: BAYES_SPAM 5.1, A 1, B 1, R_SPF_ALLOW -0.2", Score: 6.1, Threshold: 15}},
		{`{"action":"rewrite subject"}`, mailer.Scan{Verdict: mailer.ScanSuspicious, Detail: "rewrite subject"}},
		{`{"action":"soft reject"}`, mailer.Scan{Verdict: mailer.ScanSuspicious, Detail: "soft reject"}},
		{`{"action":"greylist"}`, mailer.Scan{Verdict: mailer.ScanSuspicious, Detail: "greylist"}},
		{`{"action":"quarantine"}`, mailer.Scan{Verdict: mailer.ScanSuspicious, Detail: "quarantine"}},
		{`{"action":"discard"}`, mailer.Scan{Verdict: mailer.ScanHarmful, Detail: "discard"}},
		{`{"action":"no action","symbols":{"A\r\n\u001b[2J":{"score":1}}}`, mailer.Scan{Verdict: mailer.ScanClean, Detail: "no action: A???[2J 1"}},

		{`{"action":"NO ACTION"}`, mailer.Scan{}},
		{`{"action":""}`, mailer.Scan{}},
		{`{"action":null}`, mailer.Scan{}},
		{`{"action":["no action"]}`, mailer.Scan{}},
		{`{"error":"cannot parse message"}`, mailer.Scan{}},
		{`{"action":"no action","score":nan}`, mailer.Scan{}},
		{`{"action":"no action","score":1e999}`, mailer.Scan{}},
		{`{"action":"no action"} {"action":"reject"}`, mailer.Scan{}},
		{`{"action":"no action"`, mailer.Scan{}},
		{`"no action"`, mailer.Scan{}},
		{`null`, mailer.Scan{}},
		{``, mailer.Scan{}},
		{strings.Repeat("[", maxAnswer), mailer.Scan{}},
	} {
		got, err := parseAnswer([]byte(c.answer))
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want.Verdict == "") {
			t.Errorf("rspamd's answer %.200q was to be read otherwise (error: %v, -want +got):\n%s", c.answer, err, diff)
		}
	}
}

// A long list of symbols is told in one short line.
func TestManySymbols(t *testing.T) {
	var symbols []string
	for i := range 10000 {
		symbols = append(symbols, fmt.Sprintf(`"SYMBOL_%04d":{"score":0.5}`, i))
	}
	got, err := parseAnswer([]byte(`{"action":"reject","symbols":{` + strings.Join(symbols, ",") + `}}`))
	if err != nil || !strings.HasPrefix(got.Detail, "reject: SYMBOL_0000 0.5, SYMBOL_0001 0.5") || strings.Count(got.Detail, "SYMBOL") != shownSymbols {
		t.Errorf("the operator was to be told %d symbols, and reads %q (%v)", shownSymbols, got.Detail, err)
	}
}

// capture is an rspamd that finds nothing and gives what it was asked.
func capture(t *testing.T, m *mailer.Mail, password string) (h http.Header, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/checkv2" {
			t.Errorf("rspamd was asked %s %s, want POST /checkv2", r.Method, r.URL.Path)
		}
		b, _ := io.ReadAll(r.Body)
		h, body = r.Header, string(b)
		io.WriteString(w, `{"action":"no action"}`)
	}))
	defer server.Close()
	// As an operator may write it, with a slash at the end.
	s := &Rspamd{URL: server.URL + "/", Password: password}
	if scan, err := s.Scan(t.Context(), m, text(cleanMail)); err != nil || scan.Verdict != mailer.ScanClean {
		t.Fatalf("rspamd found nothing, and Scan gave %+v, %v", scan, err)
	}
	return h, body
}

func TestEnvelopeFields(t *testing.T) {
	anna, support := mailer.MustAddress("anna@north.example"), mailer.MustAddress("support@north.example")
	quoted := mailer.Address{Local: `x> y"\`, Domain: "b.example"}
	v4 := netip.MustParseAddr("192.0.2.1")
	for _, c := range []struct {
		name     string
		envelope mailer.Envelope
		password string
		want     map[string][]string
	}{
		{"a direct client", mailer.Envelope{ReversePath: anna, Recipients: []mailer.Address{support, quoted}, Helo: "mx.north.example", Remote: v4}, "secret",
			map[string][]string{"From": {"<anna@north.example>"}, "Rcpt": {"<support@north.example>", `<"x> y\"\\"@b.example>`},
				"Ip": {"192.0.2.1"}, "Helo": {"mx.north.example"}, "Password": {"secret"}}},
		{"null reverse-path, IPv6 with a zone", mailer.Envelope{Remote: netip.MustParseAddr("fe80::1%eth0\r\nX: y")}, "",
			map[string][]string{"From": {"<>"}, "Ip": {"fe80::1"}}},
		{"mapped IPv4", mailer.Envelope{Remote: netip.MustParseAddr("::ffff:192.0.2.1")}, "",
			map[string][]string{"From": {"<>"}, "Ip": {"192.0.2.1"}}},
		{"behind a front hop", mailer.Envelope{ReversePath: anna, Helo: "mta.local", Remote: v4, FrontHop: true}, "",
			map[string][]string{"From": {"<anna@north.example>"}}},
		{"submission", mailer.Envelope{ReversePath: anna, User: "anna"}, "",
			map[string][]string{"From": {"<anna@north.example>"}, "User": {"anna"}}},
		{"injection (T46)", mailer.Envelope{Helo: "a\r\nIP: 127.0.0.1\r\n\r\nb é\x00", User: "u\nPassword: x"}, "",
			map[string][]string{"From": {"<>"}, "Helo": {"a??IP:?127.0.0.1????b????"}, "User": {"u?Password:?x"}}},
		{"a long name", mailer.Envelope{Helo: strings.Repeat("h", 5000)}, "",
			map[string][]string{"From": {"<>"}, "Helo": {strings.Repeat("h", maxHelo)}}},
		{"many recipients", mailer.Envelope{Recipients: slices.Repeat([]mailer.Address{support}, 1000)}, "",
			map[string][]string{"From": {"<>"}, "Rcpt": slices.Repeat([]string{"<support@north.example>"}, maxRcpts)}},
	} {
		got, body := capture(t, &mailer.Mail{ID: "06c2k7gq0r1ne", Envelope: c.envelope}, c.password)
		for _, own := range []string{"User-Agent", "Accept-Encoding", "Connection"} {
			got.Del(own)
		}
		c.want["Queue-Id"] = []string{"06c2k7gq0r1ne"}
		if diff := cmp.Diff(http.Header(c.want), got); diff != "" {
			t.Errorf("%s: rspamd was to be told (-want +got):\n%s", c.name, diff)
		}
		if body != cleanMail {
			t.Errorf("%s: rspamd was to get the mail, and got %q", c.name, body)
		}
	}
}

func TestRspamdPing(t *testing.T) {
	for name, c := range map[string]struct {
		server, body, want string
	}{
		"rspamd":         {"rspamd/3.4", "pong\r\n", "rspamd/3.4"},
		"something else": {"nginx", "pong\r\n", ""},
		"no pong":        {"rspamd/3.4", "<html>", ""},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", c.server)
			if r.URL.Path == "/ping" {
				io.WriteString(w, c.body)
			}
		}))
		got, err := (&Rspamd{URL: server.URL}).Ping(t.Context())
		server.Close()
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: Ping gave %q, %v; want %q", name, got, err, c.want)
		}
	}
	if _, err := (&Rspamd{URL: "http://" + refusing(t)}).Ping(context.Background()); err == nil {
		t.Error("Ping of nobody was to fail")
	}
}

// Whatever rspamd says: what is read as clean says so in a whole JSON object,
// and the operator's line has no control characters.
func FuzzRspamdAnswer(f *testing.F) {
	for _, seed := range []string{`{"action":"no action","score":1.5,"required_score":15}`, `{"action":"reject","symbols":{"A":{"score":1}}}`,
		`{"action":"no action"`, `null`, `{"action":"soft reject","symbols":{"\u0007":{"score":-1e300},"B":{}}}`, `{"Action":"reject","action":"no action"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		scan, err := parseAnswer(b)
		if (err != nil) != (scan == mailer.Scan{}) {
			t.Fatalf("%q gave %+v and the error %v", b, scan, err)
		}
		if err != nil {
			return
		}
		if scan.Detail != oneLine(scan.Detail) && len(scan.Detail) <= maxDetail {
			t.Fatalf("%q gave the line %q", b, scan.Detail)
		}
		var whole map[string]any
		if json.Unmarshal(b, &whole) != nil {
			t.Fatalf("%q was read, and is no JSON object", b)
		}
		if scan.Verdict == mailer.ScanClean && !strings.HasPrefix(scan.Detail, "no action") {
			t.Fatalf("%q was read as clean with %q", b, scan.Detail)
		}
	})
}
