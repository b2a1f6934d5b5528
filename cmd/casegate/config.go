package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"casegate/mailer"
	"casegate/mailer/remote"
)

// config is the configuration file: one struct for each section. The annotated
// example.toml explains every key; a test holds the two together.
type config struct {
	Hostname string `toml:"hostname"`
	Data     string `toml:"data"`

	SMTP       smtpConfig       `toml:"smtp"`
	Submission submissionConfig `toml:"submission"`
	LMTP       lmtpConfig       `toml:"lmtp"`
	ACME       acmeConfig       `toml:"acme"`
	Verify     verifyConfig     `toml:"verify"`
	Limits     limitsConfig     `toml:"limits"`
	Checks     checksConfig     `toml:"checks"`
	HTTP       httpConfig       `toml:"http"`
	Relay      relayConfig      `toml:"relay"`
	Directory  directoryConfig  `toml:"directory"`
	Log        logConfig        `toml:"log"`
	Disk       diskConfig       `toml:"disk"`

	warnings []string         // what is allowed, and hardly meant; each with its file and line
	file     string           // where it was read from; "" for the demo
	flags    []string         // keys that the command line has set instead
	demo     bool             // the built-in directory, and the outbox instead of a relay
	trusted  []netip.Prefix   // SMTP.TrustedNetworks
	groups   []mailer.Address // Verify.GoogleGroups
	fronts   []netip.Prefix   // SMTP.FrontHops
	target   remote.Target    // Relay.URL and Relay.User
}

type smtpConfig struct {
	Listen           string   `toml:"listen"`
	MaxSizeMiB       int      `toml:"max_size_mib"`
	MaxRecipients    int      `toml:"max_recipients"`
	Connections      int      `toml:"connections"`
	ConnectionsPerIP int      `toml:"connections_per_ip"`
	TrustedNetworks  []string `toml:"trusted_networks"`
	FrontHops        []string `toml:"front_hops"`
	TLSCert          string   `toml:"tls_cert"`
	TLSKey           string   `toml:"tls_key"`
}

type httpConfig struct {
	Public string `toml:"public"`
	Admin  string `toml:"admin"`
	URL    string `toml:"url"`
}

type relayConfig struct {
	URL          string `toml:"url"`
	User         string `toml:"user"`
	Password     secret `toml:"password"`
	PasswordFile string `toml:"password_file"`
	PasswordEnv  string `toml:"password_env"`
	Concurrency  int    `toml:"concurrency"`
}

type directoryConfig struct {
	File string `toml:"file"`
}

type logConfig struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

type diskConfig struct {
	MinFreeMiB int `toml:"min_free_mib"`
}

// secret is a text that shows itself in no log, dump or error (T105).
type secret string

func (secret) String() string               { return "(hidden)" }
func (secret) GoString() string             { return "(hidden)" }
func (secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

func defaultConfig() config {
	return config{
		Data:   "casegate-data",
		SMTP:   defaultSMTP(),
		ACME:   defaultACME(),
		Limits: defaultLimits(),
		Verify: defaultVerify(),
		Checks: defaultChecks(),
		HTTP:   httpConfig{Public: "127.0.0.1:8080", Admin: "127.0.0.1:8081"},
		Relay:  relayConfig{Concurrency: 4},
		Log:    logConfig{Level: "info", Format: "text"},
		Disk:   diskConfig{MinFreeMiB: 512},
	}
}

func defaultSMTP() smtpConfig {
	return smtpConfig{
		Listen: ":25", MaxSizeMiB: 50, MaxRecipients: 100, Connections: 4000, ConnectionsPerIP: 50,
		TrustedNetworks: []string{}, FrontHops: []string{},
	}
}

// demoConfig needs no file and reaches nothing but this machine.
func demoConfig() config {
	c := defaultConfig()
	c.demo = true
	c.Hostname = "gate.example"
	c.SMTP.Listen = "127.0.0.1:2525"
	c.trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	c.Disk.MinFreeMiB = 64
	return c
}

// loadConfig reads and checks a configuration file. Paths in it are relative to
// its own folder, so that it means the same wherever the daemon is started.
func loadConfig(file string) (config, error) {
	c := defaultConfig()
	data, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	f, unknown := readTOML(file, data, &c)
	if !f.whole {
		return c, unknown
	}
	c.file = file
	for _, path := range []*string{
		&c.Data, &c.Directory.File, &c.Relay.PasswordFile, &c.SMTP.TLSCert, &c.SMTP.TLSKey, &c.Checks.RspamdPasswordFile,
	} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	err = errors.Join(unknown, c.check(f))
	if _, none := os.Stat(c.Directory.File); none != nil && c.Directory.File != "" {
		err = errors.Join(err, f.errorAt([]string{"directory", "file"}, "%s: %v", c.Directory.File, withoutPath(none)))
	}
	return c, err
}

// complaints collects what is wrong with the values of one file.
type complaints struct {
	file *tomlFile
	errs []error
}

func (c *complaints) add(key string, format string, args ...any) {
	c.errs = append(c.errs, c.file.errorAt(strings.Split(key, "."), format, args...))
}

func (c *config) check(f *tomlFile) error {
	bad := &complaints{file: f}
	if c.Hostname == "" {
		bad.add("hostname", `is missing: set the name that mail is sent to, such as hostname = "gate.example"`)
	} else if a, err := mailer.NewAddress("x", c.Hostname); err != nil || a.Domain != c.Hostname {
		bad.add("hostname", "%q is not a lower-case domain name", c.Hostname)
	} else if !strings.Contains(c.Hostname, ".") {
		bad.add("hostname", "%q is one word: want a whole name that others find in the DNS, such as gate.example", c.Hostname)
	}
	if c.Data == "" {
		bad.add("data", "is empty: name a directory")
	}
	c.checkSMTP(bad)
	c.checkDoors(bad)
	c.checkVerify(bad)
	c.checkLimits(bad)
	c.checkChecks(bad)
	c.checkHTTP(bad)
	c.checkListeners(bad)
	c.checkRelay(bad)
	if c.Directory.File == "" {
		bad.add("directory.file", `is missing: name the file that says who is who, such as file = "directory.toml"`)
	}
	if _, err := c.Log.level(); err != nil {
		bad.add("log.level", "%v", err)
	}
	oneOf(bad, "log.format", c.Log.Format, "text", "json")
	between(bad, "disk.min_free_mib", c.Disk.MinFreeMiB, 1, 1<<20)
	return errors.Join(bad.errs...)
}

func (c *config) checkSMTP(bad *complaints) {
	listenAddress(bad, "smtp.listen", c.SMTP.Listen)
	between(bad, "smtp.max_size_mib", c.SMTP.MaxSizeMiB, 1, 1024)
	// RFC 5321 4.5.3.1.8: at least 100 recipients have to be taken.
	between(bad, "smtp.max_recipients", c.SMTP.MaxRecipients, 100, 1000)
	between(bad, "smtp.connections", c.SMTP.Connections, 10, 100_000)
	between(bad, "smtp.connections_per_ip", c.SMTP.ConnectionsPerIP, 1, 100_000)
	c.trusted = networks(bad, "smtp.trusted_networks", c.SMTP.TrustedNetworks, "anybody could write as anybody")
	c.checkFrontHops(bad)
	c.checkTLS(bad)
}

// parseNetwork reads a network as it is written, or a single address as a network of one.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func (c *config) checkHTTP(bad *complaints) {
	listenAddress(bad, "http.public", c.HTTP.Public)
	listenAddress(bad, "http.admin", c.HTTP.Admin)
	if c.HTTP.URL == "" {
		return
	}
	u, err := url.Parse(c.HTTP.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(c.HTTP.URL, "/") {
		bad.add("http.url", `%q is not an address that links can begin with: want one such as "https://gate.example", without a slash at its end`, c.HTTP.URL)
	}
}

func (c *config) checkRelay(bad *complaints) {
	between(bad, "relay.concurrency", c.Relay.Concurrency, 1, 100)
	if c.Relay.URL == "" {
		bad.add("relay.url", `is missing: name the mail server that sends for you, such as url = "smtp+starttls://relay.example:587" (serve --demo runs without one)`)
		return
	}
	target, err := remote.Parse(c.Relay.URL)
	if err == nil && target.User != "" {
		err = errors.New("the user does not belong here: set relay.user")
	}
	if err != nil {
		bad.add("relay.url", "%v", err)
		return
	}
	target.User = c.Relay.User
	c.target = target
	before := len(bad.errs)
	c.readPassword(bad)
	if len(bad.errs) > before || c.Hostname == "" {
		return
	}
	// It connects to nothing yet, and knows best what it cannot work with.
	if _, err := remote.New(c.relay()); err != nil {
		bad.add("relay.url", "%v", err)
	}
}

// relay is how mails leave.
func (c *config) relay() remote.Config {
	return remote.Config{
		Target: c.target, Password: string(c.Relay.Password), Hostname: c.Hostname, MaxConns: c.Relay.Concurrency,
		AllowPlainAuth: true, // it is refused but for a relay on this machine
	}
}

// readPassword fills Relay.Password from whichever of the three places is set.
func (c *config) readPassword(bad *complaints) {
	r := &c.Relay
	set := 0
	for _, s := range []string{string(r.Password), r.PasswordFile, r.PasswordEnv} {
		if s != "" {
			set++
		}
	}
	switch {
	case r.User == "" && set > 0:
		bad.add("relay.user", "is missing beside the password")
	case r.User == "":
		return
	case set != 1:
		bad.add("relay.password", "set exactly one of password, password_file and password_env beside user (found %d)", set)
	case r.PasswordFile != "":
		password, err := readSecretFile(r.PasswordFile)
		if err != nil {
			bad.add("relay.password_file", "%v", err)
		}
		r.Password = password
	case r.PasswordEnv != "":
		r.Password = secret(os.Getenv(r.PasswordEnv))
		if r.Password == "" {
			bad.add("relay.password_env", "the environment has no %s, or it is empty", r.PasswordEnv)
		}
	default:
		if readableByAll(c.file) {
			bad.add("relay.password", "everybody on this machine can read this file: chmod 640 %s, or use password_file", c.file)
		}
	}
}

// readSecretFile reads a one-line secret and refuses a file that others can read.
func readSecretFile(path string) (secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o004 != 0 {
		return "", fmt.Errorf("everybody on this machine can read %s: chmod 600 it", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" || strings.ContainsAny(text, "\r\n\x00") {
		return "", fmt.Errorf("%s must hold one line, the password", path)
	}
	return secret(text), nil
}

func (l logConfig) level() (slog.Level, error) {
	switch l.Level {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("%q is not known: want debug, info, warn or error", l.Level)
}

func listenAddress(bad *complaints, key, value string) {
	host, p, err := net.SplitHostPort(value)
	if err != nil {
		bad.add(key, `%q is not an address to listen on: want one such as "127.0.0.1:8080" or ":25"`, value)
		return
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			bad.add(key, "%q is not an IP address of this machine (leave it empty for all)", host)
		}
	}
	port(bad, key, p)
}

func port(bad *complaints, key, value string) {
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 65535 {
		bad.add(key, "%q is not a port: want a number from 1 to 65535", value)
	}
}

func between(bad *complaints, key string, value, least, most int) {
	if value < least || value > most {
		bad.add(key, "%d is out of range: want %d to %d", value, least, most)
	}
}

func oneOf(bad *complaints, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		bad.add(key, "%q is not known: want %s", value, strings.Join(allowed, " or "))
	}
}
