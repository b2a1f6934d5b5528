package reply

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"casegate/ingest/corpustest"
	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/page"
	"casegate/mailer"
)

// TestCorpus measures how many replies of the corpus are found (mail-traps D),
// and that no word of any text is lost. What the sources state is logged, not
// required item by item, because they contradict each other.
func TestCorpus(t *testing.T) {
	score := map[string]*[2]int{}
	for _, it := range corpustest.Items(t) {
		text, p := textOf(it)
		if text == "" && it.Input != "body-html" {
			continue
		}
		r := Split(text, p.Quotes, p.Signatures)
		if why := lost(text, r); why != "" {
			t.Errorf("%s: %s", it.ID, why)
		}
		for fact := range it.Expect {
			judgeFact(t, it, fact, r, text, score)
		}
	}
	var names []string
	for name := range score {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Logf("%-50s %3d of %3d", name, score[name][0], score[name][1])
	}
	if s := score["reply_text"]; s == nil || s[0] < 115 {
		t.Errorf("exact replies: %v, want at least 115 of 121", s)
	}
}

// judgeFact counts one stated fact, in total and for its source.
func judgeFact(t *testing.T, it corpustest.Item, fact string, r mailer.Reply, text string, score map[string]*[2]int) {
	source, _, _ := strings.Cut(it.ID, "/")
	ok, known := holds(fact, it.Expect[fact], r, text)
	if !known {
		return
	}
	for _, name := range []string{fact, fact + " " + source} {
		if score[name] == nil {
			score[name] = &[2]int{}
		}
		score[name][1]++
		if ok {
			score[name][0]++
		}
	}
	if !ok {
		t.Logf("%s: %s is not as stated: reply %q (%s, %.2f)", it.ID, fact, clip(r.Text), r.Reason, r.Confidence)
	}
}

func clip(s string) string { return s[:min(len(s), 300)] }

// holds compares one fact; known is false for facts of other packages.
func holds(fact string, stated json.RawMessage, r mailer.Reply, text string) (ok, known bool) {
	var one string
	var many []string
	json.Unmarshal(stated, &one)
	json.Unmarshal(stated, &many)
	got := squeeze(r.Text)
	switch fact {
	case "reply_text":
		return got == squeeze(one), true
	case "reply_text_nowhitespace":
		return strings.Join(strings.Fields(r.Text), "") == one, true
	case "reply_starts_with":
		return strings.HasPrefix(got, squeeze(one)), true
	case "whole_body_is_reply":
		return got == squeeze(text), true
	case "reply_contains":
		return !slices.ContainsFunc(many, func(s string) bool { return !strings.Contains(got, squeeze(s)) }), true
	case "reply_not_contains":
		return !slices.ContainsFunc(many, func(s string) bool { return strings.Contains(got, squeeze(s)) }), true
	case "text_without_signature":
		return got == squeeze(one), true
	case "signature":
		return squeeze(r.Signature) == squeeze(one), true
	}
	return false, false
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// textOf gives the text of an item that is a body, or of the first plain part
// of a mail: enough for the mails whose reply is stated.
func textOf(it corpustest.Item) (string, page.Page) {
	_, body, _ := bytes.Cut(it.Raw, []byte("\r\n\r\n"))
	switch it.Input {
	case "body-text":
		return charset.Lines(charset.Clean(string(body))), page.Page{}
	case "body-html":
		p := page.Read(string(body))
		return p.Text, p
	case "message":
		m, err := mail.ReadMessage(bytes.NewReader(it.Raw))
		if err != nil {
			return "", page.Page{}
		}
		return charset.Lines(plain(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)), page.Page{}
	}
	return "", page.Page{}
}

// plain gives the first plain text in a part.
func plain(contentType, encoding string, r io.Reader) string {
	kind, params, _ := mime.ParseMediaType(contentType)
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return ""
			}
			if text := plain(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); text != "" {
				return text
			}
		}
	}
	if kind != "text/plain" && kind != "" {
		return ""
	}
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	b, _ := io.ReadAll(r)
	return charset.Clean(string(b))
}

// lost tells which characters of a text are in no part of what it was taken apart
// to, or in two. Lines that a mailer joined are divided, so that words are not
// compared.
func lost(text string, r mailer.Reply) string {
	count := map[rune]int{}
	for _, c := range text {
		count[c]++
	}
	for _, part := range []string{r.Text, r.Elided, r.Signature} {
		for _, c := range part {
			count[c]--
		}
	}
	for c, n := range count {
		if n != 0 && !isSpace(c) {
			return fmt.Sprintf("%q was lost %d times; every character must be in one part", c, n)
		}
	}
	return ""
}

func isSpace(r rune) bool { return r == '\n' || blank(string(r)) > 0 }
