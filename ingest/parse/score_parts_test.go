package parse

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"casegate/mailer"
)

// statedPart is how the corpus describes what is sent along; nothing that is
// not stated is compared. Disposition is left out: Inline says whether a page
// shows the part, not what the mail calls it.
type statedPart struct {
	Name        string
	Kind        string
	ContentType string `json:"content_type"`
	ContentID   string `json:"content_id"`
	SHA256      string
	Size        *int64
}

func partFacts() map[string]comparer {
	return map[string]comparer{
		"attachments":         fact(compareAttachments),
		"attachments_include": fact(compareIncluded),
		"inlines_include":     fact(compareIncluded),
		"other_parts_include": fact(compareIncluded),
		"attachment_count":    fact(compareAttachmentCount),
		"attachment_names":    fact(compareNames),
		"attachment_names_by_index": fact(func(r *reading, name string, want map[string]string) {
			compareNames(r, name, slices.Collect(maps.Values(want)))
		}),
		"first_attachment_name": fact(func(r *reading, name, want string) { compareNames(r, name, []string{want}) }),
		"tnef_attachments":      fact(compareAttachments),
		"decodes_to":            fact(compareDecoded),
		"decoded_leaves":        fact(compareLeaves),
		"signed": fact(func(r *reading, name string, _ json.RawMessage) {
			marks := strings.Join(r.mail.Marks, "; ")
			r.check(name, strings.Contains(marks, "signed"), "a mark", marks)
		}),
	}
}

// compareAttachments compares a complete list: first its length, then each
// property as a set, whatever the order.
func compareAttachments(r *reading, name string, want []statedPart) {
	got := r.mail.Attachments
	r.check(name+".number", len(got) == len(want), fmt.Sprintf("%d: %s", len(want), showParts(want)),
		fmt.Sprintf("%d: %s", len(got), showAttachments(got)))
	for _, p := range []struct {
		name   string
		stated func(statedPart) string
		read   func(mailer.Attachment) string
	}{
		{"name", func(s statedPart) string { return s.Name }, func(a mailer.Attachment) string { return a.Name }},
		{"content_type", statedType, func(a mailer.Attachment) string { return a.ContentType }},
		{"size", statedSize, func(a mailer.Attachment) string { return fmt.Sprint(a.Size) }},
		{"sha256", func(s statedPart) string { return s.SHA256 }, func(a mailer.Attachment) string { return a.SHA256 }},
		{"content_id", statedID, func(a mailer.Attachment) string { return a.ContentID }},
	} {
		var wanted, have []string
		for _, w := range want {
			if v := p.stated(w); v != "" {
				wanted = append(wanted, v)
			}
		}
		for _, a := range got {
			have = append(have, p.read(a))
		}
		if len(wanted) > 0 {
			left := missing(wanted, have)
			r.check(name+"."+p.name, len(left) == 0, strings.Join(left, ", "), strings.Join(have, ", "))
		}
	}
}

func statedType(s statedPart) string {
	if s.ContentType == "" && strings.Contains(s.Kind, "/") {
		return s.Kind
	}
	return strings.ToLower(s.ContentType)
}

func statedSize(s statedPart) string {
	if s.Size == nil {
		return ""
	}
	return fmt.Sprint(*s.Size)
}

func statedID(s statedPart) string { return strings.Trim(s.ContentID, "<>") }

// missing is what of a multiset is not in another.
func missing(want, got []string) []string {
	count := map[string]int{}
	for _, g := range got {
		count[g]++
	}
	var left []string
	for _, w := range want {
		if count[w]--; count[w] < 0 {
			left = append(left, w)
		}
	}
	return left
}

// compareIncluded wants every stated part among the attachments.
func compareIncluded(r *reading, name string, want []statedPart) {
	for _, w := range want {
		if !slices.ContainsFunc(r.mail.Attachments, w.describes) {
			r.check(name, false, showParts([]statedPart{w}), showAttachments(r.mail.Attachments))
			return
		}
	}
	r.check(name, true, "", "")
}

func (s statedPart) describes(a mailer.Attachment) bool {
	return (s.Name == "" || s.Name == a.Name) &&
		(statedType(s) == "" || statedType(s) == a.ContentType) &&
		(s.SHA256 == "" || s.SHA256 == a.SHA256) &&
		(s.Size == nil || *s.Size == a.Size) &&
		(s.ContentID == "" || statedID(s) == a.ContentID)
}

// compareAttachmentCount counts all that is sent along. One source tells
// attachments, inline parts and other parts from each other; we do not.
func compareAttachmentCount(r *reading, name string, want int) {
	for _, also := range []string{"inline_count", "other_part_count"} {
		var n int
		if json.Unmarshal(r.Expect[also], &n) == nil {
			want += n
		}
	}
	got := r.mail.Attachments
	r.check(name, len(got) == want, fmt.Sprint(want), fmt.Sprintf("%d: %s", len(got), showAttachments(got)))
}

func compareNames(r *reading, name string, want []string) {
	var have []string
	for _, a := range r.mail.Attachments {
		have = append(have, a.Name)
	}
	left := missing(want, have)
	r.check(name, len(left) == 0, strings.Join(left, ", "), strings.Join(have, ", "))
}

// compareDecoded: a file alone, decoded. Text is held without CR.
func compareDecoded(r *reading, name string, want statedPart) {
	for _, a := range r.mail.Attachments {
		if a.SHA256 == want.SHA256 {
			r.check(name, true, "", "")
			return
		}
	}
	text := r.mail.Text
	ok := want.SHA256 == textSum(text) || want.SHA256 == textSum(strings.ReplaceAll(text, "\n", "\r\n"))
	r.check(name, ok, fmt.Sprintf("%s octets", statedSize(want)), showAttachments(r.mail.Attachments)+" "+text)
}

type statedLeaf struct {
	Kind    string
	SHA256  string
	Compact string `json:"nowhitespace_sha256"`
}

// compareLeaves looks for each leaf among the attachments, and text also within
// the text, white space aside.
func compareLeaves(r *reading, name string, want []statedLeaf) {
	if embedded := string(r.Expect["embedded_messages"]); embedded != "0" && embedded != "" {
		r.book.skip(name, "what is in a mail within the mail is kept as one attachment")
		return
	}
	for _, leaf := range want {
		there := slices.ContainsFunc(r.mail.Attachments, func(a mailer.Attachment) bool { return a.SHA256 == leaf.SHA256 })
		if !there && !(leaf.Kind == "text" && linesWithSum(r.mail.Text, leaf.Compact)) {
			r.check(name, false, leaf.Kind+" "+leaf.SHA256, showAttachments(r.mail.Attachments)+" "+r.mail.Text)
			return
		}
	}
	r.check(name, true, "", "")
}

// linesWithSum tells whether some lines one below the other have a sum.
func linesWithSum(text, want string) bool {
	if want == textSum("") {
		return true
	}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines) && i < 200; i++ {
		for j := i + 1; j <= len(lines) && j < i+200; j++ {
			if textSum(withoutSpace(strings.Join(lines[i:j], ""))) == want {
				return true
			}
		}
	}
	return false
}

func showParts(list []statedPart) string {
	var out []string
	for _, p := range list {
		out = append(out, strings.TrimSpace(p.Name+" "+statedType(p)+" "+statedSize(p)))
	}
	return strings.Join(out, ", ")
}

func showAttachments(list []mailer.Attachment) string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %s %d", a.Name, a.ContentType, a.Size))
	}
	return strings.Join(out, ", ")
}
