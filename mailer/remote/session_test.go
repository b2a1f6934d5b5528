package remote

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"casegate/mailer"
)

const (
	beforeTLS = "S: 220 relay.example\nC: EHLO gate.north.example\nS: 250-relay.example\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go on\n<tls>\n"
	// behindTLS has no second greeting.
	behindTLS = "C: EHLO gate.north.example\nS: 250-relay.example\nS: 250-8BITMIME\nS: 250 SIZE 1000000\n"
)

func TestTLS(t *testing.T) {
	for _, c := range []struct {
		name, url, script string
		certificateFor    string
		untrusted         bool
		want              string // "": sent
	}{
		{"implicit", "smtps://relay.example", "<tls>\n" + open + taken, "relay.example", false, ""},
		{"STARTTLS", "smtp+starttls://relay.example", beforeTLS + behindTLS + taken, "relay.example", false, ""},
		{"lower-case offer", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "250 STARTTLS", "250 starttls", 1) + behindTLS + taken, "relay.example", false, ""},
		{"offer among others", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "S: 250 STARTTLS", "S: 250-SIZE 5\nS: 250-StartTLS\nS: 250 HELP", 1) + behindTLS + taken, "relay.example", false, ""},
		{"plain means plain", "smtp://relay.example", strings.Replace(open, "8BITMIME", "8BITMIME\nS: 250-STARTTLS", 1) + taken, "", false, ""},

		{"not offered", "smtp+starttls://relay.example", open, "", false, "does not offer STARTTLS"},
		{"offered in the relay's name only", "smtp+starttls://relay.example", strings.NewReplacer("250-relay.example\nS: 250 STARTTLS", "250-STARTTLS\nS: 250 HELP", "C: STARTTLS\nS: 220 go on\n<tls>\n", "").Replace(beforeTLS), "", false, "does not offer STARTTLS"},
		{"refused", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "S: 220 go on\n<tls>", "S: 454 4.7.0 not now", 1), "", false, "STARTTLS was answered 454 4.7.0 not now"},
		{"refused for good", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "S: 220 go on\n<tls>", "S: 502 no", 1), "", false, "STARTTLS was answered 502 no"},
		{"no EHLO", "smtp+starttls://relay.example", "S: 220 relay.example\nC: EHLO gate.north.example\nS: 502 no\n", "", false, "EHLO was answered 502 no"},
		{"unfriendly greeting", "smtp+starttls://relay.example", "S: 554 5.7.1 not you\n", "", false, "greeting was answered 554 5.7.1 not you"},
		{"closed before TLS", "smtp+starttls://relay.example", "<close>", "", false, "greeting: the relay closed the connection"},
		{"octets before TLS", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "S: 220 go on\n<tls>", `S: 220 go on\r\n250 injected`+"\n<close>", 1), "", false, "came unencrypted"},

		{"another name", "smtps://relay.example", "<tls>\n", "other.example", false, "certificate is valid for other.example, not relay.example"},
		{"another name, STARTTLS", "smtp+starttls://relay.example", beforeTLS, "other.example", false, "certificate is valid for other.example, not relay.example"},
		{"unknown issuer", "smtps://relay.example", "<tls>\n", "relay.example", true, "unknown authority"},
		{"not TLS at all", "smtps://relay.example", "S: 220 relay.example\n<close>", "", false, "cannot encrypt the connection"},
		{"not TLS after STARTTLS", "smtp+starttls://relay.example", strings.Replace(beforeTLS, "<tls>", "<close>", 1), "", false, "cannot encrypt the connection"},
		{"refused behind TLS", "smtps://relay.example", "<tls>\nS: 554 not you\n", "relay.example", false, "greeting and EHLO was answered 554 not you"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRelay(t, c.script)
				cert, pool := certificate(t, c.certificateFor)
				f.tls = &tls.Config{Certificates: []tls.Certificate{cert}}
				r := f.relay(c.url, func(config *Config) {
					config.TLS = &tls.Config{RootCAs: pool}
					if c.untrusted {
						config.TLS = nil
					}
				})
				err := r.Send(t.Context(), note())
				if c.want == "" && err != nil {
					t.Errorf("Send: %v", err)
				}
				if c.want != "" && (err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("Send: %v, want a temporary error with %q", err, c.want)
				}
				f.end(r)
			})
		})
	}
}

// The caller's configuration is not written to, and old versions are refused.
func TestTLSVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, "<tls>\n")
		cert, pool := certificate(t, "relay.example")
		f.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		own := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10}
		r := f.relay("smtps://relay.example", func(c *Config) { c.TLS = own })
		if err := r.Send(t.Context(), note()); err == nil || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("Send over TLS 1.1: %v, want it refused", err)
		}
		f.end(r)
		if own.ServerName != "" || own.MinVersion != tls.VersionTLS10 {
			t.Error("the caller's TLS configuration was changed")
		}
	})
}

func TestTLSHandshakeStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeRelay(t, "<stall>")
		r := f.relay("smtps://relay.example", nil)
		began := time.Now()
		if err := r.Send(t.Context(), note()); err == nil || mailer.IsPermanent(err) || time.Since(began) > 5*time.Minute {
			t.Errorf("Send: %v after %v, want a temporary error within 5 minutes", err, time.Since(began))
		}
		f.end(r)
	})
}

const password = "hunter2, hunter3"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// withAuth is a relay's opening that offers mechanisms.
func withAuth(offer string) string {
	return "<tls>\n" + strings.Replace(open, "S: 250-SMTPUTF8", "S: 250-"+offer, 1)
}

func TestLogin(t *testing.T) {
	plain := "C: AUTH PLAIN " + b64("\x00casegate\x00"+password) + "\n"
	login := "C: AUTH LOGIN " + b64("casegate") + "\nS: 334 " + b64("Password:") + "\nC: " + b64(password) + "\n"
	for _, c := range []struct {
		name, script string
		want         string // "": sent
		refused      bool   // an error of the login
	}{
		{"PLAIN", withAuth("AUTH PLAIN LOGIN") + plain + "S: 235 ok\n" + taken, "", false},
		{"PLAIN, in lower case", withAuth("auth login plain") + plain + "S: 235 ok\n" + taken, "", false},
		{"LOGIN", withAuth("AUTH LOGIN CRAM-MD5") + login + "S: 235 ok\n" + taken, "", false},
		{"neither", withAuth("AUTH CRAM-MD5 XOAUTH2"), "neither AUTH PLAIN nor AUTH LOGIN", true},
		{"none", withAuth("HELP"), "neither AUTH PLAIN nor AUTH LOGIN", true},
		{"refused", withAuth("AUTH PLAIN") + plain + "S: 535 5.7.8 wrong password\n", "AUTH was answered 535 5.7.8 wrong password", true},
		{"refused, LOGIN", withAuth("AUTH LOGIN") + login + "S: 535 5.7.8 wrong password\n", "AUTH was answered 535 5.7.8 wrong password", true},
		{"refused, repeating the line", withAuth("AUTH PLAIN") + plain + "S: 535 bad: " + plain[3:], "AUTH was answered 535 bad: AUTH PLAIN …", true},
		{"refused, repeating the password", withAuth("AUTH PLAIN") + plain + "S: 535 bad: " + password + " or " + b64(password) + "\n", "535 bad: … or …", true},
		{"not now", withAuth("AUTH PLAIN") + plain + "S: 454 4.7.0 not now\n", "AUTH was answered 454 4.7.0 not now", false},
		{"not SMTP", withAuth("AUTH PLAIN") + plain + "S: " + password + "\n", "AUTH", false},
		{"a wrong question", withAuth("AUTH LOGIN") + "C: AUTH LOGIN " + b64("casegate") + "\nS: 334 " + b64("Your mother's name:") + "\n", "AUTH", false},
		{"closed", withAuth("AUTH PLAIN") + plain + "<close>", "closed the connection", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeRelay(t, c.script)
				cert, pool := certificate(t, "relay.example")
				f.tls = &tls.Config{Certificates: []tls.Certificate{cert}}
				r := f.relay("smtps://casegate@relay.example", func(config *Config) {
					config.TLS, config.Password = &tls.Config{RootCAs: pool}, password
				})
				err := r.Send(t.Context(), note())
				if c.want == "" && err != nil {
					t.Errorf("Send: %v", err)
				}
				if c.want != "" && (err == nil || mailer.IsPermanent(err) || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("Send: %v, want a temporary error with %q", err, c.want)
				}
				if errors.Is(err, ErrLogin) != c.refused {
					t.Errorf("%v: an error of the login: %v, want %v", err, errors.Is(err, ErrLogin), c.refused)
				}
				checkNoSecret(t, err)
				f.end(r)
			})
		})
	}
}

func checkNoSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, secret := range []string{password, "hunter", b64(password), b64("\x00casegate\x00" + password), "casegate@"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error %q holds %q", err, secret)
			}
		}
		var reply *ReplyError
		if errors.As(err, &reply) && strings.Contains(reply.Text, "hunter") {
			t.Errorf("reply %q holds the password", reply.Text)
		}
	}
}

// After a refused login a relay is left alone for a while: the mails fail with
// the same words, and nothing is dialled.
func TestLoginPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain := "C: AUTH PLAIN " + b64("\x00casegate\x00"+password) + "\n"
		f := newFakeRelay(t, withAuth("AUTH PLAIN")+plain+"S: 535 5.7.8 wrong password\n", withAuth("AUTH PLAIN")+plain+"S: 235 ok\n"+taken)
		cert, pool := certificate(t, "relay.example")
		f.tls = &tls.Config{Certificates: []tls.Certificate{cert}}
		r := f.relay("smtps://casegate@relay.example", func(config *Config) {
			config.TLS, config.Password = &tls.Config{RootCAs: pool}, password
		})
		for i := range 10 {
			if err := r.Send(t.Context(), note()); !errors.Is(err, ErrLogin) || mailer.IsPermanent(err) {
				t.Errorf("mail %d: %v, want the refused login", i, err)
			}
		}
		if f.next != 1 {
			t.Errorf("the relay was dialled %d times, want once", f.next)
		}
		time.Sleep(loginPause)
		if err := r.Send(t.Context(), note()); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		f.end(r)
	})
}

// Without TLS a password goes to this very machine only, and only if allowed;
// the name alone does not prove it.
func TestLoginWithoutTLS(t *testing.T) {
	plain := "C: AUTH PLAIN " + b64("\x00casegate\x00"+password) + "\n"
	opening := strings.Replace(open, "S: 250-SMTPUTF8", "S: 250-AUTH PLAIN", 1)
	allow := func(c *Config) { c.Password, c.AllowPlainAuth = password, true }

	f := newFakeRelay(t, opening+plain+"S: 235 ok\n"+taken)
	f.network = loopback
	r := f.relay("smtp://casegate@localhost", allow)
	if err := r.Send(t.Context(), note()); err != nil {
		t.Errorf("Send to this machine: %v", err)
	}
	f.end(r)

	f = newFakeRelay(t, opening) // a pipe's address is not this machine's
	r = f.relay("smtp://casegate@localhost", allow)
	err := r.Send(t.Context(), note())
	if !errors.Is(err, ErrLogin) || mailer.IsPermanent(err) {
		t.Errorf("Send to a localhost elsewhere: %v, want a refusal to log in", err)
	}
	checkNoSecret(t, err)
	f.end(r)
}
