package remote

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Target
		text string // for logs and errors
	}{
		{"smtp://relay.example", Target{"smtp", "relay.example", "25", ""}, "smtp://relay.example:25"},
		{"smtp+starttls://relay.example", Target{"smtp+starttls", "relay.example", "587", ""}, "smtp+starttls://relay.example:587"},
		{"smtps://relay.example", Target{"smtps", "relay.example", "465", ""}, "smtps://relay.example:465"},
		{"SMTPS://Relay.Example/", Target{"smtps", "relay.example", "465", ""}, "smtps://relay.example:465"},
		{"smtp://relay.example:2525", Target{"smtp", "relay.example", "2525", ""}, "smtp://relay.example:2525"},
		{"smtp://127.0.0.1:025", Target{"smtp", "127.0.0.1", "25", ""}, "smtp://127.0.0.1:25"},
		{"smtp://[2001:DB8::1]:2525", Target{"smtp", "2001:db8::1", "2525", ""}, "smtp://[2001:db8::1]:2525"},
		{"smtp://przekaźnik.example", Target{"smtp", "xn--przekanik-vbc.example", "25", ""}, "smtp://xn--przekanik-vbc.example:25"},
		{"smtps://casegate@relay.example", Target{"smtps", "relay.example", "465", "casegate"}, "smtps://relay.example:465"},
		{"smtps://anna%40north.example@relay.example:10465", Target{"smtps", "relay.example", "10465", "anna@north.example"}, "smtps://relay.example:10465"},
	} {
		got, err := Parse(c.in)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("Parse(%q) = %+v (%s), %v, want %+v (%s)", c.in, got, got, err, c.want, c.text)
		}
	}
}

// Errors name what is wrong and never repeat what may be a password.
func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "scheme",
		"relay.example":                        "scheme",
		"relay.example:25":                     "scheme",
		"hunter2":                              "scheme",
		"http://relay.example":                 "scheme",
		"hunter2://relay.example":              "scheme",
		"smtp:relay.example":                   "behind the host",
		"smtp://":                              "no host",
		"smtp:///hunter2":                      "behind the host",
		"smtp://relay.example/hunter2":         "behind the host",
		"smtp://relay.example?x=hunter2":       "behind the host",
		"smtp://relay.example?":                "behind the host",
		"smtp://relay.example#hunter2":         "behind the host",
		"smtp://relay.example:":                "port",
		"smtp://relay.example:0":               "port",
		"smtp://relay.example:65536":           "port",
		"smtp://user:hunter2":                  "malformed",
		"smtp://user:hunter2/x@relay.example":  "malformed",
		"smtp://user:hunter2@relay.example":    "password",
		"smtp://user:@relay.example":           "password",
		"smtp://user:hunter2@relay.example:x":  "malformed",
		"smtp://us\ner:hunter2@relay.example":  "malformed",
		"smtp://user:hunter2%zz@relay.example": "malformed",
		"smtp://re lay.example":                "malformed",
		"smtp://hunter2_.example":              "host",
		"smtp://%00hunter2@relay.example":      "control character",
		"smtp://-.-..example":                  "host",
	} {
		got, err := Parse(in)
		if err == nil || got != (Target{}) || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %+v, %v, want an error with %q", in, got, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.ContainsAny(err.Error(), "\r\n\x00") {
			t.Errorf("Parse(%q): the error shows it all: %v", in, err)
		}
	}
}

func TestNewErrors(t *testing.T) {
	target := func(url string) Target {
		parsed, err := Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for name, c := range map[string]struct {
		config Config
		want   string // "": no error
	}{
		"good":               {Config{Target: target("smtp://relay.example"), Hostname: ourName}, ""},
		"good, with login":   {Config{Target: target("smtps://u@relay.example"), Hostname: ourName, Password: "hunter2"}, ""},
		"good, on loopback":  {Config{Target: target("smtp://u@127.0.0.2"), Hostname: ourName, Password: "hunter2", AllowPlainAuth: true}, ""},
		"good, on loopback6": {Config{Target: target("smtp://u@[::1]"), Hostname: ourName, Password: "hunter2", AllowPlainAuth: true}, ""},
		"no target":          {Config{Hostname: ourName}, "no target"},
		"no host name":       {Config{Target: target("smtp://relay.example")}, "set the hostname"},
		"localhost":          {Config{Target: target("smtp://relay.example"), Hostname: "localhost"}, "set the hostname"},
		"line end in name":   {Config{Target: target("smtp://relay.example"), Hostname: "a.example\r\nRSET"}, "set the hostname"},
		"no password":        {Config{Target: target("smtps://u@relay.example"), Hostname: ourName}, "no password"},
		"no user":            {Config{Target: target("smtps://relay.example"), Hostname: ourName, Password: "hunter2"}, "no user"},
		"line end":           {Config{Target: target("smtps://u@relay.example"), Hostname: ourName, Password: "hunter2\n"}, "line end"},
		"unencrypted":        {Config{Target: target("smtp://u@127.0.0.1"), Hostname: ourName, Password: "hunter2"}, "unencrypted"},
		"unencrypted, far":   {Config{Target: target("smtp://u@relay.example"), Hostname: ourName, Password: "hunter2", AllowPlainAuth: true}, "unencrypted"},
		"look-alike":         {Config{Target: target("smtp://u@localhost.example"), Hostname: ourName, Password: "hunter2", AllowPlainAuth: true}, "unencrypted"},
	} {
		_, err := New(c.config)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: New: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error holds the password: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"smtp://relay.example", "smtps://u%40x@[::1]:465", "smtp+starttls://a:b@c", "smtp://a:b", "smtp://ŻÓŁW.example:25/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := Parse(s)
		if err != nil {
			return
		}
		shown := target.String()
		again, err := Parse(shown)
		target.User = ""
		if err != nil || again != target {
			t.Errorf("%q is shown as %q, which is read as %+v, %v", s, shown, again, err)
		}
		if strings.ContainsAny(shown, " \r\n\x00@") {
			t.Errorf("%q is shown as %q", s, shown)
		}
	})
}
