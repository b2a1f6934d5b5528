package main

import (
	"casegate/ingest/mx"
	"casegate/ingest/scan"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// needed is the least a configuration must hold.
const needed = `hostname = "gate.example"
[relay]
url = "smtp+starttls://relay.example:587"
[directory]
file = "directory.toml"
`

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "casegate.toml")
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "directory.toml"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // parts of the error; FILE stands for its path
	}{
		{"unknown key", "hostnam = \"gate.example\"\n" + needed, []string{`FILE:1: hostnam: there is no such key: did you mean "hostname"?`}},
		{"unknown key in a section", needed + "[smtp]\nlisten = \":25\"\nmax_size_mb = 3\n", []string{`FILE:8: smtp.max_size_mb: there is no such key: did you mean "max_size_mib"?`}},
		{"unknown section", needed + "[relai]\nurl = \"\"\n", []string{`FILE:6: relai: there is no such key: did you mean "relay"?`}},
		{"nothing near", needed + "[disk]\nzebra_crossing = 1\n", []string{`FILE:7: disk.zebra_crossing: there is no such key: known here are min_free_mib`}},
		{"two unknown keys", "a = 1\nb = 2\n" + needed, []string{"FILE:1: a:", "FILE:2: b:"}},
		{"text for a number", needed + "[smtp]\nmax_size_mib = \"50\"\n", []string{"FILE:7: smtp.max_size_mib: want a whole number, found a string"}},
		{"number for a text", "hostname = 5\n", []string{`FILE:1: hostname: want a text in quotes: "…", found an integer`}},
		{"number for a section", "smtp = 5\n", []string{"FILE:1: smtp: want a table, found an integer"}},
		{"numbers in a list", needed + "[smtp]\ntrusted_networks = [1]\n", []string{`FILE:7: smtp.trusted_networks: want a list of texts`}},
		{"broken syntax", "hostname = \n", []string{"FILE:1:"}},
		{"a key twice", "hostname = \"a.example\"\nhostname = \"b.example\"\n", []string{"FILE:2: hostname: key hostname is already defined"}},

		{"nothing at all", "", []string{"FILE: hostname: is missing", "FILE: relay.url: is missing", "FILE: directory.file: is missing"}},
		{"host name", strings.Replace(needed, "gate.example", "Gate.Example", 1), []string{`FILE:1: hostname: "Gate.Example" is not a lower-case domain name`}},
		{"no port to listen on", needed + "[smtp]\nlisten = \"127.0.0.1\"\n", []string{`FILE:7: smtp.listen: "127.0.0.1" is not an address to listen on`}},
		{"no such port", needed + "[http]\npublic = \"127.0.0.1:80800\"\n", []string{`FILE:7: http.public: "80800" is not a port`}},
		{"a name to listen on", needed + "[http]\nadmin = \"gate.example:80\"\n", []string{`FILE:7: http.admin: "gate.example" is not an IP address`}},
		{"metrics made public", needed + "[http]\npublic = \"127.0.0.1:8081\"\n", []string{"http.admin: 127.0.0.1:8081 and 127.0.0.1:8081 of http.public cannot both be listened on"}},
		{"too large", needed + "[smtp]\nmax_size_mib = 5000\n", []string{"FILE:7: smtp.max_size_mib: 5000 is out of range: want 1 to 1024"}},
		{"too few recipients", needed + "[smtp]\nmax_recipients = 10\n", []string{"smtp.max_recipients: 10 is out of range: want 100 to 1000"}},
		{"no network", needed + "[smtp]\ntrusted_networks = [\"10.0.0.0/8\", \"10.0.0.0/99\"]\n", []string{`FILE:7: smtp.trusted_networks: "10.0.0.0/99" is not a network`}},
		{"host bits", needed + "[smtp]\ntrusted_networks = [\"10.1.2.3/8\"]\n", []string{`FILE:7: smtp.trusted_networks: "10.1.2.3/8" is an address within a network: write "10.0.0.0/8" for the network, or "10.1.2.3"`}},
		{"no directory file", strings.Replace(needed, "directory.toml", "none.toml", 1), []string{"FILE:5: directory.file: ", "none.toml: no such file"}},
		{"the whole internet", needed + "[smtp]\ntrusted_networks = [\"::/0\"]\n", []string{"anybody could write as anybody"}},
		{"relay scheme", strings.Replace(needed, "smtp+starttls", "https", 1), []string{`FILE:3: relay.url: relay URL has no scheme that is known`}},
		{"password in the URL", strings.Replace(needed, "//relay", "//me:canary@relay", 1), []string{"FILE:3: relay.url:", "holds a password"}},
		{"user in the URL", strings.Replace(needed, "//relay", "//me@relay", 1), []string{"FILE:3: relay.url: the user does not belong here"}},
		{"relay path", strings.Replace(needed, ":587", ":587/x", 1), []string{"FILE:3: relay.url: relay URL has something behind the host"}},
		{"relay port", strings.Replace(needed, ":587", ":0", 1), []string{"FILE:3: relay.url:", "the port is not a number"}},
		{"unencrypted password", strings.Replace(strings.Replace(needed, "smtp+starttls", "smtp", 1), "[directory]", "user = \"me\"\npassword = \"canary\"\n[directory]", 1), []string{"FILE:3: relay.url:", "the password would travel unencrypted"}},
		{"user without password", strings.Replace(needed, "[directory]", "user = \"me\"\n[directory]", 1), []string{"relay.password: set exactly one of", "found 0"}},
		{"password without user", strings.Replace(needed, "[directory]", "password = \"canary\"\n[directory]", 1), []string{"relay.user: is missing"}},
		{"two passwords", strings.Replace(needed, "[directory]", "user = \"me\"\npassword = \"canary\"\npassword_env = \"X\"\n[directory]", 1), []string{"relay.password: set exactly one of", "found 2"}},
		{"no such variable", strings.Replace(needed, "[directory]", "user = \"me\"\npassword_env = \"CASEGATE_TEST_UNSET\"\n[directory]", 1), []string{"FILE:5: relay.password_env: the environment has no CASEGATE_TEST_UNSET"}},
		{"no such password file", strings.Replace(needed, "[directory]", "user = \"me\"\npassword_file = \"none\"\n[directory]", 1), []string{"FILE:5: relay.password_file:", "no such file"}},
		{"no front hop", needed + "[smtp]\nfront_hops = [\"mx.example\"]\n", []string{`FILE:7: smtp.front_hops: "mx.example" is not a network`}},
		{"a front hop that is trusted", needed + "[smtp]\ntrusted_networks = [\"10.0.0.0/8\"]\nfront_hops = [\"10.1.0.0/16\"]\n", []string{`FILE:8: smtp.front_hops: "10.1.0.0/16" overlaps "10.0.0.0/8" of trusted_networks:`, "was written by anybody"}},
		{"trusted within a front hop", needed + "[smtp]\nfront_hops = [\"2001:db8::/32\"]\ntrusted_networks = [\"2001:db8::25\"]\n", []string{`FILE:7: smtp.front_hops: "2001:db8::/32" overlaps "2001:db8::25/128"`}},
		{"all are front hops", needed + "[smtp]\nfront_hops = [\"0.0.0.0/0\"]\n", []string{`FILE:7: smtp.front_hops: "0.0.0.0/0" is the whole internet: no client would ever be told`}},
		{"no connections", needed + "[smtp]\nconnections = 0\n", []string{"FILE:7: smtp.connections: 0 is out of range: want 10 to 100000"}},
		{"no connections of one", needed + "[smtp]\nconnections_per_ip = 0\n", []string{"FILE:7: smtp.connections_per_ip: 0 is out of range"}},
		{"a key without a certificate", needed + "[smtp]\ntls_key = \"none.key\"\n", []string{"smtp.tls_cert: is missing beside tls_key"}},
		{"a certificate without a key", needed + "[smtp]\ntls_cert = \"none.pem\"\n", []string{"smtp.tls_key: is missing beside tls_cert"}},
		{"no such certificate", needed + "[smtp]\ntls_cert = \"none.pem\"\ntls_key = \"none.key\"\n", []string{"FILE:7: smtp.tls_cert: no certificate with its key can be read"}},
		{"a host name of one word", strings.Replace(needed, "gate.example", "gate", 1), []string{`FILE:1: hostname: "gate" is one word: want a whole name`}},
		{"two doors at one port", needed + "[submission]\nlisten = \":25\"\n", []string{"FILE:7: submission.listen: :25 and :25 of smtp.listen cannot both"}},
		{"a door within another", needed + "[smtp]\nlisten = \"192.0.2.1:25\"\n[submission]\ntls_listen = \"[::]:25\"\n", []string{"FILE:9: submission.tls_listen: [::]:25 and 192.0.2.1:25 of smtp.listen cannot both"}},
		{"ACME at the pages' port", needed + "[acme]\naccept_terms = true\nlisten = \"127.0.0.1:8080\"\n", []string{"FILE:8: acme.listen: 127.0.0.1:8080 and 127.0.0.1:8080 of http.public"}},
		{"no folder for the socket", needed + "[lmtp]\nsocket = \"/none/lmtp.sock\"\n", []string{"FILE:7: lmtp.socket: the socket's folder /none cannot be used", "make it"}},
		{"a socket over our own", needed + "[lmtp]\nsocket = \"control.sock\"\n", []string{"FILE:7: lmtp.socket:", "is a file of casegate's own"}},
		{"a day below an hour", needed + "[limits]\nsender_case_hour = 40\n", []string{"limits.sender_case_day: 30 is less than the 40 of sender_case_hour"}},
		{"an unknown key and a wrong value", needed + "[smtp]\nlisten = \"25\"\nlisen = 1\n", []string{"FILE:8: smtp.lisen", "FILE:7: smtp.listen"}},
		{"submission without a certificate", needed + "[submission]\nlisten = \":587\"\ntls_listen = \":465\"\n", []string{"FILE:7: submission.listen: needs a certificate, as passwords", "FILE:8: submission.tls_listen: needs a certificate"}},
		{"submission without a port", needed + "[submission]\nlisten = \"587\"\n", []string{`FILE:7: submission.listen: "587" is not an address to listen on`}},
		{"a long socket", needed + "[lmtp]\nsocket = \"/" + strings.Repeat("x", 120) + "\"\n", []string{"FILE:7: lmtp.socket:", "is too long for a Unix socket (121 octets, at most 100)"}},
		{"terms not accepted", needed + "[acme]\nemail = \"a@b.example\"\n", []string{"acme.accept_terms: must be true to get certificates"}},
		{"two certificates", needed + "[smtp]\ntls_cert = \"a\"\ntls_key = \"b\"\n[acme]\naccept_terms = true\n", []string{"FILE:10: acme.accept_terms: there is a certificate in smtp.tls_cert already"}},
		{"no ACME server", needed + "[acme]\naccept_terms = true\ndirectory_url = \"http://acme.example/directory\"\n", []string{"FILE:8: acme.directory_url:", "is not the address of an ACME server"}},
		{"nobody for ACME", needed + "[acme]\naccept_terms = true\nemail = \"hostmaster\"\n", []string{`FILE:8: acme.email: "hostmaster" is not a mail address`}},
		{"ACME port", needed + "[acme]\nlisten = \"80\"\n", []string{`FILE:7: acme.listen: "80" is not an address to listen on`}},
		{"no rspamd", needed + "[checks]\nrspamd = \"127.0.0.1:11333\"\n", []string{"FILE:7: checks.rspamd: is not the address of an rspamd"}},
		{"a password in rspamd's address", needed + "[checks]\nrspamd = \"http://me:canary@127.0.0.1:11333\"\n", []string{"FILE:7: checks.rspamd: is not the address of an rspamd"}},
		{"a password for no rspamd", needed + "[checks]\nrspamd_password = \"canary\"\n", []string{"checks.rspamd: is missing beside the password"}},
		{"two passwords of rspamd", needed + "[checks]\nrspamd = \"http://127.0.0.1:11333\"\nrspamd_password = \"canary\"\nrspamd_password_file = \"x\"\n", []string{"FILE:8: checks.rspamd_password: set only one of"}},
		{"no such file of rspamd", needed + "[checks]\nrspamd = \"http://127.0.0.1:11333\"\nrspamd_password_file = \"none\"\n", []string{"FILE:8: checks.rspamd_password_file:", "no such file"}},
		{"a relative clamd", needed + "[checks]\nclamav = \"clamd.ctl\"\n", []string{`FILE:7: checks.clamav: "clamd.ctl" is neither the path of a socket`}},
		{"no port of clamd", needed + "[checks]\nclamav = \"127.0.0.1:clamd\"\n", []string{`FILE:7: checks.clamav: "clamd" is not a port`}},
		{"policy", needed + "[checks]\non_failure = \"reject\"\n", []string{`FILE:7: checks.on_failure: "reject" is not known: want 451 or accept`}},
		{"no time for checks", needed + "[checks]\ntimeout_seconds = 0\n", []string{"FILE:7: checks.timeout_seconds: 0 is out of range: want 1 to 300"}},
		{"log level", needed + "[log]\nlevel = \"loud\"\n", []string{`FILE:7: log.level: "loud" is not known: want debug, info, warn or error`}},
		{"log format", needed + "[log]\nformat = \"xml\"\n", []string{`FILE:7: log.format: "xml" is not known: want text or json`}},
		{"disk", needed + "[disk]\nmin_free_mib = -1\n", []string{"disk.min_free_mib: -1 is out of range"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeConfig(t, c.text)
			_, err := loadConfig(path)
			if err == nil {
				t.Fatalf("the file was taken:\n%s", c.text)
			}
			for _, want := range c.want {
				if want = strings.ReplaceAll(want, "FILE", path); !strings.Contains(err.Error(), want) {
					t.Errorf("error is:\n%v\nwant in it:\n%s", err, want)
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("T105: the error shows a password: %v", err)
			}
		})
	}
}

func TestConfigValues(t *testing.T) {
	path := writeConfig(t, needed+"[smtp]\ntrusted_networks = [\"192.0.2.0/24\", \"2001:db8::25\"]\n")
	c, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.trusted), "[192.0.2.0/24 2001:db8::25/128]"; got != want {
		t.Errorf("trusted networks are %s, want %s", got, want)
	}
	if want := filepath.Join(filepath.Dir(path), "directory.toml"); c.Directory.File != want {
		t.Errorf("directory.file is %q, want it beside the configuration: %q", c.Directory.File, want)
	}
}

// TestScanners: what the configuration names is asked, within its time.
func TestScanners(t *testing.T) {
	path := writeConfig(t, needed+"[checks]\nrspamd = \"http://127.0.0.1:11333\"\nrspamd_password = \"canary\"\nclamav = \"localhost:3310\"\non_failure = \"accept\"\ntimeout_seconds = 7\n")
	c, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	s := c.scanners()
	if len(s.List) != 2 || s.OnFailure != scan.Accept || s.Timeout != 7*time.Second {
		t.Fatalf("scanners are %+v, want two, the policy accept and 7 seconds", s)
	}
	if r, ok := s.List[0].(*scan.Rspamd); !ok || r.Password != "canary" || r.Timeout != s.Timeout {
		t.Errorf("the first scanner is %T, want rspamd with its password and time", s.List[0])
	}
	if v, ok := s.List[1].(*scan.ClamAV); !ok || v.Address != "localhost:3310" || v.MaxSize < c.maxSize() {
		t.Errorf("the second scanner is %+v, want a clamd that is sent whatever the doors take", s.List[1])
	}
	if fmt.Sprintf("%+v", c) != strings.ReplaceAll(fmt.Sprintf("%+v", c), "canary", "") {
		t.Error("T105: printing the configuration shows the password")
	}
	if none := defaultConfig(); none.scanners() != nil {
		t.Error("by default there are scanners, want none")
	}
}

// TestDoors: which doors a configuration opens, and where.
func TestDoors(t *testing.T) {
	c := defaultConfig()
	if got := c.wantedDoors(); len(got) != 1 || got[0].mode != mx.MX {
		t.Errorf("by default there are %d doors, want MX alone", len(got))
	}
	c.Data = "/data"
	c.Submission = submissionConfig{Listen: ":587", TLSListen: ":465"}
	c.LMTP.Socket = "in.sock"
	var got []string
	for _, d := range c.wantedDoors() {
		got = append(got, fmt.Sprint(d.name, " ", d.mode, " ", d.implicit, " ", d.address))
	}
	want := []string{"smtp mx false :25", "submission submission false :587", "submissions submission true :465", "lmtp lmtp false /data/in.sock"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("doors (-want +got):\n%s", diff)
	}
	if c.LMTP.Socket = "/run/in.sock"; c.lmtpSocket() != "/run/in.sock" {
		t.Errorf("an absolute socket is %q, want it as it is", c.lmtpSocket())
	}
}

// TestPasswords: each of the three ways works, and files that others can read
// are refused.
func TestPasswords(t *testing.T) {
	t.Setenv("CASEGATE_TEST_PASSWORD", "canary")
	for _, c := range []struct {
		name, line string
		mode       os.FileMode
		confMode   os.FileMode
		wantErr    string
	}{
		{"in the file", `password = "canary"`, 0, 0o600, ""},
		{"in the file, readable by all", `password = "canary"`, 0, 0o644, "relay.password: everybody on this machine can read this file"},
		{"in a file of its own", `password_file = "secret"`, 0o600, 0o644, ""},
		{"in a file for a group", `password_file = "secret"`, 0o640, 0o644, ""},
		{"in a file readable by all", `password_file = "secret"`, 0o644, 0o644, "chmod 600"},
		{"in the environment", `password_env = "CASEGATE_TEST_PASSWORD"`, 0, 0o644, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeConfig(t, strings.Replace(needed, "[directory]", "user = \"me\"\n"+c.line+"\n[directory]", 1))
			if err := os.Chmod(path, c.confMode); err != nil {
				t.Fatal(err)
			}
			if c.mode != 0 {
				secretPath := filepath.Join(filepath.Dir(path), "secret")
				if err := os.WriteFile(secretPath, []byte("canary\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(secretPath, c.mode); err != nil {
					t.Fatal(err)
				}
			}
			conf, err := loadConfig(path)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error is %v, want %q in it", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(conf.Relay.Password) != "canary" {
				t.Error("the password was not read")
			}
			if dump := fmt.Sprintf("%v %+v %#v", conf, conf, conf); strings.Contains(dump, "canary") {
				t.Error("T105: printing the configuration shows the password")
			}
		})
	}
}

var commented = regexp.MustCompile(`(?m)^#([a-z_]+ = )`)

// required are the keys that have no default: the example shows a value.
var required = map[string]bool{"hostname": true, "relay.url": true, "directory.file": true}

// TestExampleConfig holds the example and the structs together: it can be read,
// shows every key, and shows the defaults.
func TestExampleConfig(t *testing.T) {
	got := config{}
	if _, err := readTOML("example", []byte(exampleConfig), &got); err != nil {
		t.Fatal(err)
	}
	want := defaultConfig()
	want.Hostname, want.Relay.URL, want.Directory.File = got.Hostname, got.Relay.URL, got.Directory.File
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config{})); diff != "" {
		t.Errorf("the example does not show the defaults (-default +example):\n%s", diff)
	}

	whole := commented.ReplaceAllString(exampleConfig, "$1")
	f, err := readTOML("example with all keys on", []byte(whole), &config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range leafKeys(reflect.TypeFor[config](), "") {
		if f.lines[key] == 0 {
			t.Errorf("the example does not show the key %s", key)
		}
		if required[key] && commented.MatchString("#"+key) {
			t.Errorf("the example turns off the required key %s", key)
		}
	}
	if err := got.check(f); err != nil {
		t.Errorf("the example is not valid: %v", err)
	}
}

// leafKeys lists the keys of a struct and of the tables in it.
func leafKeys(t reflect.Type, prefix string) []string {
	var keys []string
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("toml")
		switch {
		case name == "":
		case t.Field(i).Type.Kind() == reflect.Struct:
			keys = append(keys, leafKeys(t.Field(i).Type, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}

// TestNeedRestart: only what a SIGHUP cannot take over is named.
func TestNeedRestart(t *testing.T) {
	now := defaultConfig()
	next := now
	next.Directory.File, next.Log.Level = "other.toml", "debug"
	if got := now.needRestart(next); len(got) > 0 {
		t.Errorf("%v need a restart, want the directory and the log level to need none", got)
	}
	next.SMTP.MaxSizeMiB, next.SMTP.TrustedNetworks, next.Log.Format, next.Relay.Password = 7, []string{"192.0.2.1"}, "json", "x"
	next.Data = "elsewhere"
	now.flags = []string{"data"}
	if got, want := fmt.Sprint(now.needRestart(next)), "[smtp.max_size_mib smtp.trusted_networks relay.password log.format]"; got != want {
		t.Errorf("%s need a restart, want %s", got, want)
	}
}
