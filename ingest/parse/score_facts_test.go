package parse

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"casegate/mailer"
)

// comparer compares one fact, by its name and as it is stated.
type comparer func(r *reading, name string, stated json.RawMessage)

// fact makes a comparer of one for facts of a certain form.
func fact[T any](compare func(r *reading, name string, want T)) comparer {
	return func(r *reading, name string, stated json.RawMessage) {
		var want T
		if err := json.Unmarshal(stated, &want); err != nil {
			r.book.skip(name, "stated in a form that the scorer does not know")
			return
		}
		compare(r, name, want)
	}
}

// comparers has every fact that a message can be held against, by the
// conventions of the corpus.
func comparers() map[string]comparer {
	all := headerFacts()
	for _, more := range []map[string]comparer{textFacts(), replyFacts(), partFacts(), reportFacts()} {
		maps.Copy(all, more)
	}
	return all
}

// whyNotCompared has the facts that a message cannot be held against.
func whyNotCompared(name string) string {
	reasons := map[string]string{
		"leaf_count":                "a message has no MIME tree, only what is in it",
		"multipart_count":           "a message has no MIME tree, only what is in it",
		"embedded_messages":         "a message has no MIME tree, only what is in it",
		"structure":                 "a message has no MIME tree, only what is in it",
		"top_level_parts":           "a message has no MIME tree, only what is in it",
		"mbox_summary":              "a message has no MIME tree, only what is in it",
		"inline_count":              "compared with attachment_count: all that is sent along",
		"other_part_count":          "compared with attachment_count: all that is sent along",
		"reply_html_nowhitespace":   "the same as reply_text_nowhitespace: replies are kept as text",
		"third_attachment_md5":      "attachments are told by SHA-256",
		"text_contains_anywhere":    "what a report says is in Bounces, not in the text",
		"encoding_problem":          "a remark about the source's parser",
		"source_error":              "a remark about the source's parser",
		"max_seconds":               "no wall clock in tests; the benchmarks show that time is linear",
		"robustness":                "the same as survive",
		"must_not_fail":             "the same as survive",
		"attachment_names_in_order": "the order is not kept",
	}
	for _, prefix := range []string{"dkim", "arc", "auth_cases"} {
		if strings.HasPrefix(name, prefix) {
			return "authentication is not read here"
		}
	}
	if reason := reasons[name]; reason != "" {
		return reason
	}
	return "a fact that the scorer does not know"
}

func headerFacts() map[string]comparer {
	return map[string]comparer{
		"subject":         textIs(func(r *reading) string { return r.mail.Subject }),
		"message_id":      fact(compareMessageID),
		"date":            fact(compareDate),
		"from":            mailboxesAre(func(m *mailer.Message) []mailer.Mailbox { return m.From }),
		"to":              mailboxesAre(func(m *mailer.Message) []mailer.Mailbox { return m.To }),
		"cc":              mailboxesAre(func(m *mailer.Message) []mailer.Mailbox { return m.Cc }),
		"reply_to":        mailboxesAre(func(m *mailer.Message) []mailer.Mailbox { return m.ReplyTo }),
		"from_header":     mailboxesIn(func(m *mailer.Message) []mailer.Mailbox { return m.From }),
		"to_header":       mailboxesIn(func(m *mailer.Message) []mailer.Mailbox { return m.To }),
		"cc_header":       mailboxesIn(func(m *mailer.Message) []mailer.Mailbox { return m.Cc }),
		"reply_to_header": mailboxesIn(func(m *mailer.Message) []mailer.Mailbox { return m.ReplyTo }),
		"no_valid_sender": fact(func(r *reading, name string, want bool) {
			r.check(name, (len(r.mail.From) == 0) == want, "no sender", showMailboxes(r.mail.From))
		}),
	}
}

func compareMessageID(r *reading, name, want string) {
	want = strings.Trim(strings.TrimSpace(want), "<>")
	r.check(name, r.mail.MessageID == want, want, r.mail.MessageID)
}

// compareDate compares the moment, not the zone that it is told in.
func compareDate(r *reading, name, want string) {
	got := r.mail.Date
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.RFC1123Z} {
		if stated, err := time.Parse(layout, want); err == nil {
			r.check(name, stated.Equal(got), want, got.Format(time.RFC3339))
			return
		}
	}
	r.book.skip(name, "stated in a form that the scorer does not know")
}

// statedMailbox is how the corpus writes an address.
type statedMailbox struct{ Email, Name string }

// mailboxesAre compares lists: addresses without case, names where stated. A
// name without an address is no mailbox here.
func mailboxesAre(get func(*mailer.Message) []mailer.Mailbox) comparer {
	return fact(func(r *reading, name string, stated []statedMailbox) {
		var want []statedMailbox
		for _, w := range stated {
			if w.Email != "" {
				want = append(want, w)
			}
		}
		if len(want) == 0 && len(stated) > 0 {
			r.book.skip(name, "only names, no address")
			return
		}
		got := get(&r.mail)
		ok := len(got) == len(want)
		for i := 0; ok && i < len(got); i++ {
			ok = sameAddress(got[i].Email.String(), want[i].Email) &&
				(want[i].Name == "" || squeeze(got[i].Name) == squeeze(want[i].Name))
		}
		r.check(name, ok, showStated(want), showMailboxes(got))
	})
}

// sameAddress compares without case; a domain of Unicode is kept in its ASCII
// form (RFC 5890 2.3.2.1).
func sameAddress(got, want string) bool {
	local, domain, _ := strings.Cut(want, "@")
	ascii, err := idna.Lookup.ToASCII(domain)
	return strings.EqualFold(got, want) || err == nil && strings.EqualFold(got, local+"@"+ascii)
}

// mailboxesIn compares loosely: a whole field as text names all that was read.
func mailboxesIn(get func(*mailer.Message) []mailer.Mailbox) comparer {
	return fact(func(r *reading, name, want string) {
		got := get(&r.mail)
		ok := len(got) > 0 || !strings.Contains(want, "@")
		for _, m := range got {
			ok = ok && strings.Contains(strings.ToLower(want), strings.ToLower(m.Email.String())) &&
				strings.Contains(squeeze(want), squeeze(m.Name))
		}
		r.check(name, ok, want, showMailboxes(got))
	})
}

func showStated(list []statedMailbox) string {
	var out strings.Builder
	for _, m := range list {
		out.WriteString(m.Name + " <" + m.Email + "> ")
	}
	return out.String()
}

func showMailboxes(list []mailer.Mailbox) string {
	var out strings.Builder
	for _, m := range list {
		out.WriteString(m.Name + " <" + m.Email.String() + "> ")
	}
	return out.String()
}
