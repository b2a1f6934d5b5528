package templates

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Subject is the heading of a notice, for the Subject of one that is about no case.
func (s *Set) Subject(n Notice, lang string, d *Data) (string, error) {
	c, ok := s.catalogues[lang]
	if !ok {
		return "", fmt.Errorf("subject of notice %q: no texts in language %q", n, lang)
	}
	return newView(n, c, d).Heading()
}

// Render writes a notice in one of the languages that Languages lists, as plain
// text and as HTML, both with the same content. Lines end with \n.
func (s *Set) Render(n Notice, lang string, d *Data) (text, html string, err error) {
	c, ok := s.catalogues[lang]
	if !ok {
		return "", "", fmt.Errorf("render notice %q: no texts in language %q", n, lang)
	}
	if !slices.Contains(Notices, n) {
		return "", "", fmt.Errorf("render notice %q: there is no such notice", n)
	}
	v := newView(n, c, d)
	var b bytes.Buffer
	if err := s.text.Execute(&b, v); err != nil {
		return "", "", fmt.Errorf("render notice %q in %q as text: %w", n, lang, err)
	}
	text = b.String()
	b.Reset()
	if err := s.html.Execute(&b, v); err != nil {
		return "", "", fmt.Errorf("render notice %q in %q as HTML: %w", n, lang, err)
	}
	return text, b.String(), nil
}

// view is what the layouts see: the data, cleaned, and the texts of a language
// through its methods.
type view struct {
	Data
	catalogue
	notice   Notice
	Messages []message
	Held     []held
}

// message is an Entry with its text cleaned.
type message struct {
	Entry
}

// Lines gives the text line by line: a mail program that ignores white-space:pre-wrap
// still breaks them.
func (m message) Lines() []string { return strings.Split(m.Text, "\n") }

// newView cleans what comes from people, in one place for all layouts.
func newView(n Notice, c catalogue, d *Data) *view {
	v := &view{Data: *d, catalogue: c, notice: n}
	for _, field := range []*string{&v.Number, &v.Title, &v.Customer, &v.Severity, &v.State, &v.Sender, &v.Actor, &v.Mail} {
		*field = OneLine(*field)
	}
	if v.Actor == "" {
		v.Actor = v.Sender
	}
	for _, e := range d.Messages {
		e.Author, e.Text = OneLine(e.Author), lines(e.Text)
		e.Attachments, e.Limits = slices.Clone(e.Attachments), slices.Clone(e.Limits)
		for i := range e.Attachments {
			e.Attachments[i].Name = OneLine(e.Attachments[i].Name)
		}
		for i := range e.Limits {
			e.Limits[i] = OneLine(e.Limits[i])
		}
		v.Messages = append(v.Messages, message{e})
	}
	for _, h := range d.Held {
		for _, field := range []*string{&h.From, &h.Subject, &h.Why, &h.Number, &h.ID, &h.Decide} {
			*field = OneLine(*field)
		}
		h.Customers = slices.Clone(h.Customers)
		for i := range h.Customers {
			h.Customers[i] = OneLine(h.Customers[i])
		}
		v.Held = append(v.Held, held{h, v})
	}
	return v
}

// T gives the text at a key; one that is not there is an error of the layout.
func (v *view) T(key string) (string, error) {
	n := len(v.Messages) + v.MoreMessages
	if v.notice == Digest {
		n = len(v.Held) + v.MoreHeld
	}
	return v.N(key, n)
}

// N gives the text at a key in the form for a number.
func (v *view) N(key string, n int) (string, error) {
	e, ok := v.texts[key]
	if !ok {
		return "", fmt.Errorf("texts/%s.json: %q: missing", v.language, key)
	}
	return e.form(v.locale, n).fill(func(field string) string { return v.value(field, n) }), nil
}

// value is what a placeholder stands for.
func (v *view) value(field string, n int) string {
	switch field {
	case "number":
		return v.Number
	case "title":
		return v.Title
	case "sender":
		return v.Sender
	case "actor":
		return v.Actor
	case "severity":
		return v.coded("severity", v.Severity, "%[2]s – %[1]s")
	case "count":
		return strconv.Itoa(n)
	}
	return ""
}

// coded names an enumerated value and keeps its code beside the name; the name
// is argument 1 of the format, the code argument 2. A code we have no name for
// stands alone.
func (v *view) coded(kind, code, format string) string {
	e, ok := v.texts[kind+"."+code]
	if !ok {
		return code
	}
	return fmt.Sprintf(format, e.plain.fill(func(string) string { return "" }), code)
}

// Lang is the language, for the attribute.
func (v *view) Lang() string { return v.language }

// Reason says why the reader gets the notice.
func (v *view) Reason() (string, error) {
	role := v.Role
	if !slices.Contains(roles, role) {
		role = RoleShared
	}
	return v.T("reason." + role)
}

// Preheader is what a list of mails shows beside the subject: the latest message,
// or what happened.
func (v *view) Preheader() (string, error) {
	if n := len(v.Messages); n > 0 && v.Messages[n-1].Text != "" {
		const enough = 120
		// Cut before it is folded: the text may be long.
		return start(OneLine(start(v.Messages[n-1].Text, 4*enough)), enough), nil
	}
	return v.Lead()
}

// Moment writes a time in the reader's zone and language; nothing for no time.
func (v *view) Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(v.locale, t, v.Zone)
}

// Size writes a number of octets.
func (v *view) Size(octets int64) string { return size(v.locale, octets) }

// Wrap breaks a sentence into lines.
func (v *view) Wrap(s string) string { return wrap(s) }

// fact is a line of what is known of the case; its label is the text
// "label.<name>".
type fact struct {
	name  string
	value func(*view) string
}

var facts = []fact{
	{"number", func(v *view) string { return v.Number }},
	{"title", func(v *view) string { return v.Title }},
	{"customer", func(v *view) string { return v.Customer }},
	{"severity", func(v *view) string { return v.value("severity", 0) }},
	{"state", func(v *view) string { return v.coded("state", v.State, "%[1]s (%[2]s)") }},
	{"filed", func(v *view) string { return v.Moment(v.Filed) }},
	{"mail", func(v *view) string { return v.Mail }},
}

// labelled is a fact as it is shown.
type labelled struct {
	Label, Value string
}

// Facts lists what is known of the case; what is not known is left out.
func (v *view) Facts() ([]labelled, error) {
	var shown []labelled
	for _, f := range facts {
		label, err := v.T("label." + f.name)
		if err != nil {
			return nil, err
		}
		if value := f.value(v); value != "" {
			shown = append(shown, labelled{label, value})
		}
	}
	return shown, nil
}
