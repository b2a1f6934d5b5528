package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"casegate/mailer"
)

// Rspamd asks an rspamd over HTTP (rspamd.com/doc/developers/protocol.html).
type Rspamd struct {
	URL      string        // of its normal worker or its controller: "http://127.0.0.1:11333"
	Password string        // of the controller; "": none
	Timeout  time.Duration // of one scan; 0: 30 seconds
}

const (
	maxAnswer       = 1 << 20   // octets of JSON
	maxAnswerHeader = 64 << 10  // octets
	maxHelo         = 255       // octets: a domain (RFC 5321 4.5.3.1.2)
	maxUser         = 254       // octets: an address
	maxRcpts        = 100       // rspamd takes 80 KiB of header
	shownSymbols    = 10        // in Detail
	serverField     = "rspamd/" // how its Server field begins
)

// errRedirected: following it would show the mail to somebody else.
var errRedirected = errors.New("rspamd answered with a redirection")

// errEarly: its verdict would be about a part.
var errEarly = errors.New("rspamd answered before it had the whole mail")

// Name implements Scanner.
func (r *Rspamd) Name() string { return "rspamd" }

// Scan implements Scanner. The Detail is rspamd's action, then the symbols with
// most weight. What asks for a later try, "greylist" and "soft reject", is
// suspicious too: whether there is one is not rspamd's to say here.
func (r *Rspamd) Scan(ctx context.Context, m *mailer.Mail, open Opener) (mailer.Scan, error) {
	ctx, cancel := context.WithTimeout(ctx, positive(r.Timeout, defaultTimeout))
	defer cancel()
	req, err := r.request(ctx, http.MethodPost, "checkv2")
	if err != nil {
		return mailer.Scan{}, err
	}
	envelopeFields(req.Header, m)
	mail, err := open()
	if err != nil {
		return mailer.Scan{}, fmt.Errorf("open mail: %w", err)
	}
	sent := &body{ReadCloser: mail}
	req.Body = sent
	// In chunks: a mail that cannot be read to its end is then never taken for
	// a whole one.
	req.ContentLength = -1
	_, answer, err := r.do(req)
	if err != nil {
		return mailer.Scan{}, err
	}
	if !sent.ended.Load() {
		return mailer.Scan{}, errEarly
	}
	return parseAnswer(answer)
}

// body knows whether all of a mail was sent: net/http takes an answer that comes
// before the end of the request for as good as any.
type body struct {
	io.ReadCloser
	ended atomic.Bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}

// Ping asks whether rspamd is alive, and gives its version: "rspamd/3.4".
func (r *Rspamd) Ping(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, positive(r.Timeout, defaultTimeout))
	defer cancel()
	req, err := r.request(ctx, http.MethodGet, "ping")
	if err != nil {
		return "", err
	}
	header, pong, err := r.do(req)
	if err != nil {
		return "", err
	}
	version = oneLine(header.Get("Server"))
	if strings.TrimSpace(string(pong)) != "pong" || !strings.HasPrefix(version, serverField) {
		return "", fmt.Errorf("not an rspamd: %q answered ping with %q", version, oneLine(string(pong)))
	}
	return version, nil
}

func (r *Rspamd) request(ctx context.Context, method, path string) (*http.Request, error) {
	address, err := url.JoinPath(r.URL, path)
	if err != nil {
		return nil, fmt.Errorf("rspamd's URL: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("rspamd's URL: %w", err)
	}
	if r.Password != "" {
		req.Header.Set("Password", r.Password)
	}
	return req, nil
}

// do gives header and body of an answer of status 200. Each request has a
// connection of its own: one that is kept could be gone, and a mail that is
// being streamed cannot be sent again. No proxy of the environment gets to see
// mails.
func (r *Rspamd) do(req *http.Request) (http.Header, []byte, error) {
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswerHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirected },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("ask rspamd: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read rspamd's answer: %w", err)
	case len(body) > maxAnswer:
		return nil, nil, fmt.Errorf("rspamd's answer is longer than %d octets", maxAnswer)
	case resp.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("rspamd answered %s: %q", resp.Status, oneLine(string(body)))
	}
	return resp.Header, body, nil
}

// envelopeFields tells rspamd what the SMTP dialogue said. An address cannot
// hold a control character, what the client calls itself can (T46). Behind a
// front hop its IP and Helo are the hop's, and would be judged as the sender's.
func envelopeFields(h http.Header, m *mailer.Mail) {
	env := &m.Envelope
	h.Set("Queue-Id", string(m.ID))
	h.Set("From", "<"+env.ReversePath.String()+">")
	for _, rcpt := range env.Recipients[:min(len(env.Recipients), maxRcpts)] {
		h.Add("Rcpt", "<"+rcpt.String()+">")
	}
	if env.Remote.IsValid() && !env.FrontHop {
		h.Set("IP", env.Remote.Unmap().WithZone("").String())
	}
	if env.Helo != "" && !env.FrontHop {
		h.Set("Helo", fieldValue(env.Helo, maxHelo))
	}
	if env.User != "" {
		h.Set("User", fieldValue(env.User, maxUser))
	}
}

// fieldValue makes a foreign text safe in a field of HTTP: visible ASCII only,
// so that it neither ends the field nor makes the request an invalid one.
func fieldValue(s string, limit int) string {
	b := []byte(s[:min(len(s), limit)])
	for i, c := range b {
		if c <= ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// answer is what we read of rspamd's.
type answer struct {
	Action    string  `json:"action"`
	Skipped   bool    `json:"is_skipped"`
	Score     float64 `json:"score"`
	Threshold float64 `json:"required_score"`
	Symbols   map[string]struct {
		Score float64 `json:"score"`
	} `json:"symbols"`
}

// parseAnswer reads the JSON of /checkv2.
func parseAnswer(b []byte) (mailer.Scan, error) {
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return mailer.Scan{}, fmt.Errorf("read rspamd's answer %q: %w", oneLine(string(b)), err)
	}
	scan := mailer.Scan{Detail: a.detail(), Score: a.Score, Threshold: a.Threshold}
	switch a.Action {
	case "reject", "discard":
		scan.Verdict = mailer.ScanHarmful
	case "add header", "rewrite subject", "quarantine", "soft reject", "greylist":
		scan.Verdict = mailer.ScanSuspicious
	case "no action":
		scan.Verdict = mailer.ScanClean
	default:
		return mailer.Scan{}, fmt.Errorf("rspamd's answer has no action that we know: %q", oneLine(string(b)))
	}
	return scan, nil
}

// detail is one line for the operator: "add header: BAYES_SPAM 5.1, R_MIXED 1".
func (a *answer) detail() string {
	weight := func(name string) float64 { return a.Symbols[name].Score }
	// By weight, then by name so that the same answer reads the same.
	names := slices.SortedFunc(maps.Keys(a.Symbols), func(x, y string) int {
		return cmp.Or(cmp.Compare(weight(y), weight(x)), cmp.Compare(x, y))
	})
	var shown []string
	for _, name := range names[:min(len(names), shownSymbols)] {
		shown = append(shown, fmt.Sprintf("%s %g", name, weight(name)))
	}
	text := a.Action
	if a.Skipped {
		text += " (its further checks were skipped)"
	}
	if len(shown) > 0 {
		text += ": " + strings.Join(shown, ", ")
	}
	return oneLine(text)
}
