package remote

import (
	"errors"
	"strings"
	"testing"

	"casegate/mailer"
)

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name, script string
		mail         *mailer.Outgoing
		wantErr      string // part of it; "" for none
		want         Probed // Took aside
		permanent    bool
	}{
		{"NOOP", open + "C: NOOP\nS: 250 ok\n", nil, "", Probed{MaxSize: 1000000, EightBit: true, UTF8: true}, false},
		{"a relay that offers little", "S: 220 x\nC: EHLO gate.north.example\nS: 250 x\nC: NOOP\nS: 250 ok\n", nil, "", Probed{}, false},
		{"a mail", open + taken, note(), "", Probed{MaxSize: 1000000, EightBit: true, UTF8: true, Reply: "2.0.0 queued as 4711"}, false},
		{"a mail refused", open + "C: MAIL FROM:<r-1@north.example> BODY=8BITMIME SIZE=68\nS: 550 5.7.1 not you\n", note(), "not you",
			Probed{MaxSize: 1000000, EightBit: true, UTF8: true}, true},
		{"NOOP refused", open + "C: NOOP\nS: 421 full\n<close>\n", nil, "NOOP was answered 421 full",
			Probed{MaxSize: 1000000, EightBit: true, UTF8: true}, false},
		{"greeted with a no", "S: 554 no service\n<close>\n", nil, "was answered 554 no service", Probed{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeRelay(t, c.script)
			r := f.relay("smtp://relay.example", nil)
			got, err := r.Probe(t.Context(), c.mail)
			f.end(r)
			got.Took = 0
			if got != c.want {
				t.Errorf("Probe gives %+v, want %+v", got, c.want)
			}
			if (err == nil) != (c.wantErr == "") || err != nil && !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("Probe: %v, want %q", err, c.wantErr)
			}
			if mailer.IsPermanent(err) != c.permanent {
				t.Errorf("permanent is %v, want %v: %v", mailer.IsPermanent(err), c.permanent, err)
			}
		})
	}
}

// A refused login is found out without a mail, and shows no password (T105).
func TestProbeLogin(t *testing.T) {
	f := newFakeRelay(t, "S: 220 x\nC: EHLO gate.north.example\nS: 250-x\nS: 250 AUTH PLAIN\n"+
		"C: AUTH PLAIN AG1lAGNhbmFyeQ==\nS: 535 5.7.8 no canary here\nC: *\nS: 500 ok\n")
	f.network = loopback
	r := f.relay("smtp://me@127.0.0.1", func(c *Config) { c.Password, c.AllowPlainAuth = "canary", true })
	_, err := r.Probe(t.Context(), nil)
	f.end(r)
	if !errors.Is(err, ErrLogin) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Probe: %v, want ErrLogin without the password", err)
	}
}

// Postfix as the relay: one dialogue in each scheme, and a mail that arrives.
func TestProbePostfix(t *testing.T) {
	p := startPostfix(t)
	for _, scheme := range []string{Plain, StartTLS, TLS} {
		got, err := p.relay(scheme).Probe(t.Context(), nil)
		if err != nil || got.MaxSize != 3000000 || !got.EightBit || !got.UTF8 {
			t.Errorf("%s: %+v, %v, want SIZE 3000000, 8BITMIME and SMTPUTF8", scheme, got, err)
		}
	}
	got, err := p.relay(StartTLS).Probe(t.Context(), mailWith("probe", "x\r\n"))
	if err != nil || !strings.Contains(got.Reply, "queued as") {
		t.Errorf("a mail: %+v, %v, want it queued", got, err)
	}
	if p.delivered(1)["probe"] == "" {
		t.Error("Postfix did not deliver the mail it said it took")
	}
}
