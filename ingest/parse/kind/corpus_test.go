package kind

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"casegate/ingest/corpustest"
	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/transfer"
	"casegate/mailer"

	"golang.org/x/net/html"
)

// read makes of raw mail what Of is asked about: a plain stand-in for the
// reader that calls it.
func read(raw []byte) Mail {
	if bytes.IndexByte(raw, '\n') < 0 {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	h := header.Read(raw)
	m := Mail{Header: h, From: header.Mailboxes(h, "From", ""), Subject: charset.OneLine(charset.DecodeWords(h.Get("Subject"), ""), 998)}
	m.Type, m.Params = header.MediaType(h.Get("Content-Type"))
	if m.Type == "" {
		m.Type = "text/plain"
	}
	walk(&m, m.Type, m.Params, h.Get("Content-Transfer-Encoding"), raw[h.Body:], 0)
	for _, p := range m.Parts {
		switch {
		case p.Type == "text/plain":
			m.Text += p.Text + "\n"
		case p.Type == "text/html" && strings.TrimSpace(m.Text) == "":
			m.Text = plain(p.Text)
		}
	}
	return m
}

func walk(m *Mail, typ string, params map[string]string, encoding string, body []byte, depth int) {
	boundary := header.Boundary(typ, params)
	if boundary == "" && strings.HasPrefix(typ, "multipart/") {
		typ = "text/plain"
	}
	if boundary == "" || depth > 10 {
		p := Part{Type: typ}
		if strings.HasPrefix(typ, "text/") || strings.HasPrefix(typ, "message/") {
			p.Text = charset.Lines(charset.Decode(transfer.Decode(encoding, body), params["charset"]))
			p.Text = strings.ToValidUTF8(p.Text[:min(len(p.Text), 256<<10)], "")
		}
		m.Parts = append(m.Parts, p)
		return
	}
	before := len(m.Parts)
	defer func() {
		if len(m.Parts) == before { // torn: all of it is text
			walk(m, "text/plain", nil, encoding, body, depth)
		}
	}()
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if err != nil {
			return
		}
		content, _ := io.ReadAll(part)
		t, ps := header.MediaType(part.Header.Get("Content-Type"))
		if t == "" {
			t = "text/plain"
			if typ == "multipart/digest" {
				t = "message/rfc822"
			}
		}
		walk(m, t, ps, part.Header.Get("Content-Transfer-Encoding"), content, depth+1)
	}
}

// plain is the text of a page, as far as these tests need it.
func plain(text string) string {
	var b strings.Builder
	skip := false
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !skip {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			skip = token.Type == html.StartTagToken && (token.Data == "style" || token.Data == "script")
			if slices.Contains([]string{"p", "div", "br", "tr", "li", "table", "h1", "h2"}, token.Data) {
				b.WriteByte('\n')
			}
		}
	}
}

// facts is what the corpus says of a bounce.
type facts struct {
	Bounce *struct {
		IsBounce *bool `json:"is_bounce"`
		IsDSN    *bool `json:"is_dsn"`
		Status   string
		Records  []struct {
			Recipient, Action, Status string
		}
	}
	Feedback *json.RawMessage `json:"feedback_report"`
	Delivery *json.RawMessage `json:"delivery_report"`
}

// reference is the recipients that another tool reads: no fact, but a measure.
func reference(t *testing.T, item corpustest.Item) []string {
	if item.Reference == nil {
		return nil
	}
	var out struct {
		Records []struct{ Recipient string }
	}
	if err := json.Unmarshal(item.Reference, &out); err != nil {
		t.Fatal(item.ID, err)
	}
	var all []string
	for _, r := range out.Records {
		if r.Recipient != "" {
			all = append(all, r.Recipient)
		}
	}
	return all
}

func expected(t *testing.T, item corpustest.Item) facts {
	b, _ := json.Marshal(item.Expect)
	var f facts
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(item.ID, err)
	}
	return f
}

// score is how much of what the corpus states was read.
type score struct {
	bounces, bouncesRight       int
	recipients, recipientsFound int
	others, othersRight         int // mails of which it says that they are no bounces
	complaints, complaintsRight int
}

// TestCorpusBounces measures how many bounces are detected, with recipient and
// status where the mail states one, and fails on a loss. What is missed is
// shown by -v.
func TestCorpusBounces(t *testing.T) {
	var s score
	for _, item := range corpustest.Items(t) {
		f := expected(t, item)
		if f.Bounce != nil || f.Feedback != nil {
			s.count(t, item, f, Of(read(item.Raw)))
		}
	}
	t.Logf("bounces %d/%d, recipients of the reference %d/%d, no bounces %d/%d, complaints %d/%d", s.bouncesRight, s.bounces,
		s.recipientsFound, s.recipients, s.othersRight, s.others, s.complaintsRight, s.complaints)
	if s.bouncesRight*100 < s.bounces*98 || s.recipientsFound*100 < s.recipients*98 || s.othersRight < s.others || s.complaintsRight < s.complaints {
		t.Error("expected 98 % of the bounces and of their recipients, every complaint, and no bounce among the others")
	}
}

func (s *score) count(t *testing.T, item corpustest.Item, f facts, r Result) {
	id := item.ID
	if f.Feedback != nil {
		s.complaints++
		if r.Kind == mailer.KindComplaint {
			s.complaintsRight++
		} else {
			t.Logf("%s: %s (%s), expected complaint", id, r.Kind, r.Why)
		}
	}
	if f.Bounce == nil {
		return
	}
	isBounce := f.Bounce.IsBounce == nil || *f.Bounce.IsBounce
	for _, want := range reference(t, item) {
		if !isBounce && f.Feedback == nil {
			break
		}
		s.recipients++
		if slices.ContainsFunc(r.Bounces, func(b mailer.Bounce) bool { return strings.EqualFold(b.Recipient, want) }) {
			s.recipientsFound++
		} else {
			t.Logf("%s: reference has %q, got %q", id, want, r.Bounces)
		}
	}
	switch {
	case !isBounce:
		s.others++
		if r.Kind != mailer.KindBounce {
			s.othersRight++
			return
		}
		t.Logf("%s: bounce (%s), expected none", id, r.Why)
	default:
		s.bounces++
		if why := bounceMiss(f, r); why == "" {
			s.bouncesRight++
		} else {
			t.Logf("%s: %s; %s (%s) %q", id, why, r.Kind, r.Why, r.Bounces)
		}
	}
}

func bounceMiss(f facts, r Result) string {
	isDSN := f.Bounce.IsDSN != nil // a report, be it of a delivery
	switch {
	case r.Kind != mailer.KindBounce && !isDSN, isDSN && r.Kind != mailer.KindBounce && r.Kind != mailer.KindDeliveryReport:
		return "not detected"
	case len(r.Bounces) == 0 && !(isDSN && len(f.Bounce.Records) == 0):
		return "no recipient"
	}
	if s := f.Bounce.Status; s != "" && r.Bounces[0].Status != s {
		return "expected status " + s
	}
	for _, want := range f.Bounce.Records {
		if !slices.ContainsFunc(r.Bounces, func(b mailer.Bounce) bool {
			return (want.Status == "" || b.Status == want.Status) && (want.Recipient == "" || strings.EqualFold(b.Recipient, want.Recipient)) &&
				(want.Action == "" || b.Action == want.Action)
		}) {
			return "expected " + want.Recipient + " " + want.Action + " " + want.Status
		}
	}
	return ""
}

// TestCorpusPeople: in the sets of replies every mail is a person's.
func TestCorpusPeople(t *testing.T) {
	people := 0
	counts := map[mailer.Kind]int{}
	for _, item := range corpustest.Items(t) {
		r := Of(read(item.Raw))
		counts[r.Kind]++
		switch item.Set() {
		case "github_email_reply_parser", "zapier_email_reply_parser", "crisp_email_reply_parser", "willdurand_email_reply_parser", "talon", "django_helpdesk":
			people++
			if r.Kind != mailer.KindPerson || r.Automatic {
				t.Errorf("%s: %s (%s), expected a person's mail", item.ID, r.Kind, r.Why)
			}
		}
	}
	t.Logf("%d mails of people; in all: %v", people, counts)
}
