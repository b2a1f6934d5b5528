package parse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"casegate/mailer"
)

// statedBounce is what the corpus says of a report. Classes of the source's own
// are left out: its reasons, hard and soft, and statuses that it made up.
type statedBounce struct {
	IsBounce   *bool `json:"is_bounce"`
	IsDSN      *bool `json:"is_dsn"`
	Count      *int
	Status     string
	SMTPCode   string `json:"smtp_code"`
	Recipients []string
	Temporary  []string `json:"temporary_recipients"`
	Records    []statedRecord
}

type statedRecord struct {
	Recipient  string
	Action     string
	Status     string
	SMTPCode   string `json:"smtp_code"`
	Diagnostic string `json:"diagnostic_code"`
}

type statedFeedback struct {
	Types []string
	Count int
}

func reportFacts() map[string]comparer {
	return map[string]comparer{
		"bounce": fact(compareBounce),
		"auto_submitted": fact(func(r *reading, name string, want bool) {
			r.check(name, r.mail.Automatic == want, fmt.Sprint(want), string(r.mail.Kind))
		}),
		"out_of_office": fact(func(r *reading, name string, want bool) {
			r.check(name, (r.mail.Kind == mailer.KindAutoReply) == want, fmt.Sprint(want), string(r.mail.Kind))
		}),
		"delivery_report": fact(func(r *reading, name string, want bool) {
			r.check(name, (r.mail.Kind == mailer.KindDeliveryReport) == want, fmt.Sprint(want), string(r.mail.Kind))
		}),
		"feedback_report": fact(func(r *reading, name string, want statedFeedback) {
			m := r.mail
			ok := m.Kind == mailer.KindComplaint && slices.Contains(want.Types, m.Feedback)
			r.check(name+".type", ok, strings.Join(want.Types, ", "), string(m.Kind)+" "+m.Feedback)
			if want.Count > 0 {
				r.check(name+".count", len(m.Bounces) == want.Count, fmt.Sprint(want.Count), showBounces(m.Bounces))
			}
		}),
	}
}

func compareBounce(r *reading, name string, want statedBounce) {
	m := r.mail
	shown := string(m.Kind) + " " + showBounces(m.Bounces)
	complete := m.Kind == mailer.KindBounce
	check := func(detail string, ok bool, want any) {
		r.check(name+"."+detail, ok, fmt.Sprint(want), shown)
		complete = complete && (ok || detail != "count" && detail != "status")
	}
	if want.IsBounce != nil {
		check("is_bounce", (m.Kind == mailer.KindBounce) == *want.IsBounce, *want.IsBounce)
	}
	if want.IsDSN != nil {
		report := m.Kind == mailer.KindBounce || m.Kind == mailer.KindDeliveryReport
		check("is_dsn", report == *want.IsDSN, *want.IsDSN)
	}
	if want.Count != nil {
		check("count", len(m.Bounces) == *want.Count, *want.Count)
	}
	compareRecords(m, want, check)
	if isBounceSet(r.Set()) && want.IsBounce != nil && *want.IsBounce {
		stated := []string{}
		for _, rec := range want.Records {
			stated = append(stated, strings.TrimSpace(rec.Status+" "+rec.SMTPCode))
		}
		r.check("bounce.complete", complete, fmt.Sprintf("bounce %d: %s", len(stated), strings.Join(stated, "; ")), shown)
	}
}

// compareRecords compares each property of the records as a set; what one of
// them does not state is not compared.
func compareRecords(m mailer.Message, want statedBounce, check func(detail string, ok bool, want any)) {
	var got, stated struct{ recipient, action, status []string }
	for _, b := range m.Bounces {
		got.recipient = append(got.recipient, plainRecipient(b.Recipient))
		got.action = append(got.action, strings.ToLower(b.Action))
		got.status = append(got.status, b.Status)
	}
	add := func(list *[]string, s string) {
		if s != "" {
			*list = append(*list, s)
		}
	}
	add(&stated.status, want.Status)
	codes, diagnostics := []string{}, []string{}
	add(&codes, want.SMTPCode)
	for _, rec := range want.Records {
		add(&stated.recipient, plainRecipient(rec.Recipient))
		add(&stated.action, strings.ToLower(rec.Action))
		add(&stated.status, rec.Status)
		add(&codes, rec.SMTPCode)
		add(&diagnostics, rec.Diagnostic)
	}
	for _, rcpt := range slices.Concat(want.Recipients, want.Temporary) {
		add(&stated.recipient, plainRecipient(rcpt))
	}
	for _, p := range []struct {
		name      string
		want, got []string
	}{
		{"recipient", stated.recipient, got.recipient}, {"action", stated.action, got.action}, {"status", stated.status, got.status},
	} {
		if len(p.want) > 0 {
			left := missing(p.want, p.got)
			check(p.name, len(left) == 0, left)
		}
	}
	if len(codes) > 0 {
		check("smtp_code", inDiagnostics(m.Bounces, codes), codes)
	}
	if len(diagnostics) > 0 {
		check("diagnostic", inDiagnostics(m.Bounces, diagnostics), diagnostics)
	}
}

// inDiagnostics wants each string in the diagnostic of some recipient. The type
// in front of it, as in "smtp; 550", is not part of it.
func inDiagnostics(got []mailer.Bounce, want []string) bool {
	for _, w := range want {
		if typ, rest, ok := strings.Cut(w, ";"); ok && !strings.Contains(typ, " ") {
			w = rest
		}
		if !slices.ContainsFunc(got, func(b mailer.Bounce) bool {
			return strings.Contains(squeeze(b.Diagnostic), squeeze(w))
		}) {
			return false
		}
	}
	return true
}

func plainRecipient(s string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(s), "<>"))
}

// compareReference holds the recipients against those that the source's own
// tool reads. That is no fact, but nothing else tells of recipients.
func compareReference(r *reading) {
	var reference struct{ Records []statedRecord }
	if json.Unmarshal(r.Reference, &reference) != nil || r.Expect["auto_submitted"] != nil {
		return // nothing, or an answer to a mail, which is no report
	}
	var want, got []string
	for _, rec := range reference.Records {
		if rec.Recipient != "" {
			want = append(want, plainRecipient(rec.Recipient))
		}
	}
	for _, b := range r.mail.Bounces {
		got = append(got, plainRecipient(b.Recipient))
	}
	if len(want) > 0 {
		ok := len(missing(want, got)) == 0 && len(missing(got, want)) == 0
		r.check("reference_recipients", ok, strings.Join(want, ", "), strings.Join(got, ", "))
	}
}

func showBounces(list []mailer.Bounce) string {
	var out []string
	for _, b := range list {
		out = append(out, strings.Join([]string{b.Recipient, b.Action, b.Status, b.Diagnostic}, " "))
	}
	return fmt.Sprintf("%d: %s", len(list), strings.Join(out, "; "))
}
