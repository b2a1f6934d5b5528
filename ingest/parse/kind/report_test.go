package kind

import (
	"strings"
	"testing"

	"casegate/mailer"
)

// dsn makes a delivery status notification of a report's text.
func dsn(status string) string {
	return "From: MAILER-DAEMON@mx.north.example\nTo: anna@north.example\nSubject: Undelivered Mail Returned to Sender\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThis is the mail system.\n" +
		"--b\nContent-Type: message/delivery-status\n\n" + status +
		"\n--b\nContent-Type: message/rfc822\n\nReceived: from a by b for <bert@south.example>; Tue\nMessage-ID: <orig@north.example>\nTo: bert@south.example\n\nHello\n--b--\n"
}

// TestReports: RFC 3464 2, and what is made of it.
func TestReports(t *testing.T) {
	const head = "Reporting-MTA: dns; mx.north.example\nArrival-Date: x\n\n"
	tests := []struct {
		name, status, want string
		kind               mailer.Kind
		diagnostic         string
	}{
		{"plain", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n such user\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, "550 5.1.1 no such user"},
		{"delayed", head + "Final-Recipient: rfc822; bert@south.example\nAction: delayed\nStatus: 4.4.1\n",
			"bert@south.example delayed 4.4.1", mailer.KindBounce, ""},
		{"delivered", head + "Final-Recipient: rfc822; bert@south.example\nAction: delivered\nStatus: 2.0.0\n",
			"bert@south.example delivered 2.0.0", mailer.KindDeliveryReport, ""},
		{"relayed and failed", head + "Final-Recipient: rfc822; bert@south.example\nAction: relayed (to a host that cannot report)\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; cora@east.example\nAction: failed\nStatus: 5.2.2\n",
			"bert@south.example relayed 2.0.0|cora@east.example failed 5.2.2", mailer.KindBounce, ""},
		{"no empty lines", "Reporting-MTA: dns; x\nFinal-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; cora@east.example\nAction: failed\nStatus: 5.1.2\n",
			"bert@south.example failed 5.1.1|cora@east.example failed 5.1.2", mailer.KindBounce, ""},
		{"group torn apart", head + "Final-Recipient: rfc822; bert@south.example\n\nAction: failed\n\nStatus: 5.1.1\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"action first", head + "Action: failed\nFinal-Recipient: rfc822;bert@south.example\nStatus: 5.1.1\n\nAction: failed\nFinal-Recipient: rfc822;cora@east.example\nStatus: 5.1.2\n",
			"bert@south.example failed 5.1.1|cora@east.example failed 5.1.2", mailer.KindBounce, ""},
		{"original recipient only", head + "Original-Recipient: <bert@south.example>\nAction: Failed\nDiagnostic-Code: smtp; 550 no such user\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, "550 no such user"},
		{"pipe", head + "Final-Recipient: rfc822; |/usr/bin/filter\nAction: failed\nStatus: 5.3.0\n",
			"bert@south.example failed 5.3.0", mailer.KindBounce, ""},
		{"vague status, exact diagnostic", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.7.26 not authenticated\n",
			"bert@south.example failed 5.7.26", mailer.KindBounce, ""},
		{"version of a program", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 554 rejected by MailScanner 5.3.4 with SpamAssassin 4.0.1\n",
			"bert@south.example failed 5.7.1", mailer.KindBounce, ""},
		{"version of a filter", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user (filter 2.1.5)\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"version, no status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nDiagnostic-Code: smtp; 550 no such user, says Filter 5.3.5\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"version, vague status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 said MTA-5.3.5 or MTA/5.3.6\n",
			"bert@south.example failed 5.0.0", mailer.KindBounce, ""},
		{"code at the end, vague status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 sorry, no mailbox (#5.1.1)\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"code at the end, exact status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 sorry, no mailbox (#5.1.1)\n",
			"bert@south.example failed 5.7.1", mailer.KindBounce, ""},
		{"vague diagnostic, exact status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.0.0 no\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"server's code behind its host", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: X-Postfix; host mx.south.example said: 550 5.7.26 not authenticated\n",
			"bert@south.example failed 5.7.26", mailer.KindBounce, ""},
		{"code of another class", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 550 4.4.7 message expired\n",
			"bert@south.example failed 4.4.1", mailer.KindBounce, ""},
		{"code behind a word for it", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no, error 5.7.9\n",
			"bert@south.example failed 5.7.9", mailer.KindBounce, ""},
		{"code of another class, no status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nDiagnostic-Code: smtp; 550 no such user (#4.2.1)\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"server's code of another class, no status", head + "Final-Recipient: rfc822; bert@south.example\nAction: failed\nDiagnostic-Code: smtp; 550 4.4.7 waited\n",
			"bert@south.example failed 4.4.7", mailer.KindBounce, ""},
		{"delivered with a warning", head + "Final-Recipient: rfc822; bert@south.example\nAction: delivered\nStatus: 2.1.5\nDiagnostic-Code: smtp; 550 5.1.1 at first\n",
			"bert@south.example delivered 2.1.5", mailer.KindDeliveryReport, ""},
		{"international", head + "Final-Recipient: utf-8; b\\x{F6}rt@south.example\nAction: failed\nStatus: 5.1.1 (no such user)\n",
			"bört@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"X.400", head + "Final-Recipient: x400; /G=Bert/S=South/O=East/\nOriginal-Recipient: rfc822; bert@south.example\nAction: failed\nStatus: 5.1.1\n",
			"bert@south.example failed 5.1.1", mailer.KindBounce, ""},
		{"no action", head + "Final-Recipient: rfc822; bert@south.example\nStatus: 4.4.7\n",
			"bert@south.example delayed 4.4.7", mailer.KindBounce, ""},
		{"empty report", "Reporting-MTA: dns; x\n", "bert@south.example failed", mailer.KindBounce, ""},
	}
	for _, tt := range tests {
		r := Of(read([]byte(dsn(tt.status))))
		if got := summary(r.Bounces); r.Kind != tt.kind || got != tt.want || !r.Automatic || r.Original != "orig@north.example" {
			t.Errorf("%s: %s %q about %q (%s), expected %s %q", tt.name, r.Kind, got, r.Original, r.Why, tt.kind, tt.want)
		} else if tt.diagnostic != "" && r.Bounces[0].Diagnostic != tt.diagnostic {
			t.Errorf("%s: diagnostic %q, expected %q", tt.name, r.Bounces[0].Diagnostic, tt.diagnostic)
		}
	}
}

func TestReportLimits(t *testing.T) {
	var b strings.Builder
	for range 5000 {
		b.WriteString("Final-Recipient: rfc822; bert@south.example\nAction: failed\nDiagnostic-Code: smtp; " + strings.Repeat("x", 20) + "\n\n")
	}
	r := Of(read([]byte(dsn(b.String()))))
	if len(r.Bounces) != maxRecipients {
		t.Errorf("%d records, expected the limit of %d", len(r.Bounces), maxRecipients)
	}
	r = Of(read([]byte(dsn("Final-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: smtp; " + strings.Repeat("é", 5000) + "\n"))))
	if n := len(r.Bounces[0].Diagnostic); n > maxDiagnostic {
		t.Errorf("diagnostic of %d octets, expected %d at most", n, maxDiagnostic)
	}
}

// TestReceipts: RFC 8098 3, RFC 5429 2.1.2.
func TestReceipts(t *testing.T) {
	mdn := func(subject, text, disposition string) string {
		return "From: bert@south.example\nSubject: " + subject + "\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\n" + text +
			"\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; bert@south.example\nOriginal-Message-ID: <orig@north.example>\nDisposition: " + disposition + "\n--b--\n"
	}
	tests := []struct {
		raw, want string
		kind      mailer.Kind
	}{
		{mdn("Read: Offer", "Your message was read.", "manual-action/MDN-sent-manually; displayed"), "bert@south.example delivered", mailer.KindDeliveryReport},
		{mdn("Not read: Offer", "Your message was deleted.", "automatic-action/MDN-sent-automatically; deleted"), "bert@south.example delivered", mailer.KindDeliveryReport},
		{mdn("Rejected: Offer", "Your message was automatically rejected: I left.", "automatic-action/MDN-sent-automatically; deleted"), "bert@south.example failed 5.7.1", mailer.KindBounce},
		{mdn("Rejected: Offer", "Your message was automatically rejected: Quota exceeded (mailbox for user is full)", "automatic-action/MDN-sent-automatically; deleted"), "bert@south.example failed 5.2.2", mailer.KindBounce},
	}
	for _, tt := range tests {
		r := Of(read([]byte(tt.raw)))
		if got := summary(r.Bounces); r.Kind != tt.kind || got != tt.want || r.Original != "orig@north.example" {
			t.Errorf("%.40q: %s %q about %q, expected %s %q", tt.raw, r.Kind, got, r.Original, tt.kind, tt.want)
		}
	}
}

// TestComplaints: RFC 5965 3, and the forms before it.
func TestComplaints(t *testing.T) {
	const returned = "--b\nContent-Type: message/rfc822\n\nMessage-ID: <orig@north.example>\nTo: bert@south.example\n\nHello\n--b--\n"
	tests := []struct{ name, raw, feedback string }{
		{"ARF", "From: fbl@east.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAn abuse report.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: Fraud\nUser-Agent: x\nOriginal-Rcpt-To: <bert@south.example>\n" + returned, "fraud"},
		{"ARF without recipient", "From: fbl@east.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n" + returned, "abuse"},
		{"ARF, no report by its type", "From: fbl@east.example\nAuto-Submitted: auto-generated\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/feedback-report\nContent-Disposition: attachment\n\nFeedback-Type: abuse\n" + returned, "abuse"},
		{"ARF from a feedback address", "From: fbl@east.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n" + returned, "abuse"},
		{"by whole subject", "From: scomp@east.example\nSubject: Client TOS Notification\nContent-Type: multipart/mixed; boundary=b\n\n" + returned, "abuse"},
		{"by subject", "From: staff@east.example\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary=b\n\n" + returned, "abuse"},
	}
	for _, tt := range tests {
		r := Of(read([]byte(tt.raw)))
		if got := summary(r.Bounces); r.Kind != mailer.KindComplaint || r.Feedback != tt.feedback || got != "bert@south.example delivered" || r.Original != "orig@north.example" {
			t.Errorf("%s: %s %q %q about %q, expected a complaint of %q", tt.name, r.Kind, r.Feedback, got, r.Original, tt.feedback)
		}
	}
}

// TestServiceNotices: what Amazon's mail service tells through its notification
// service, as plain JSON and as JSON within JSON.
func TestServiceNotices(t *testing.T) {
	const bounce = `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"status":"5.1.1","action":"failed","diagnosticCode":"smtp; 550 5.1.1 user unknown","emailAddress":"bert@south.example"}]},"mail":{"messageId":"orig@north.example"}}`
	const delivery = `{"notificationType":"Delivery","mail":{"destination":["bert@south.example"]},"delivery":{"recipients":["bert@south.example"]}}`
	const complaint = `{"eventType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"bert@south.example"}],"complaintFeedbackType":"fraud"}}`
	tests := []struct {
		text, want string
		kind       mailer.Kind
	}{
		{bounce, "bert@south.example failed 5.1.1", mailer.KindBounce},
		{`{"Message" : "` + strings.ReplaceAll(bounce, `"`, `\"`) + `"}`, "bert@south.example failed 5.1.1", mailer.KindBounce},
		{delivery, "bert@south.example delivered", mailer.KindDeliveryReport},
		{complaint, "bert@south.example delivered", mailer.KindComplaint},
	}
	for _, tt := range tests {
		r := Of(read([]byte("From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n" + tt.text)))
		if got := summary(r.Bounces); r.Kind != tt.kind || got != tt.want {
			t.Errorf("%.60s: %s %q, expected %s %q", tt.text, r.Kind, got, tt.kind, tt.want)
		}
	}
}

// TestDiagnosticOfAnother: a recipient of whom the text says nothing does not get
// what it says of another.
func TestDiagnosticOfAnother(t *testing.T) {
	n := notice{text: "Some mail could not be delivered.\n\n<a@x.example>: 550 5.1.1 no such user\n"}
	bounces := []mailer.Bounce{
		{Recipient: "a@x.example", Action: failed}, {Recipient: "c@z.example", Action: failed, Status: "5.0.0"},
		{Recipient: "d@z.example", Action: "relayed", Status: "2.0.0"},
	}
	n.complete(bounces)
	if bounces[0].Diagnostic == "" || bounces[1].Diagnostic != "" || bounces[2].Diagnostic != "" {
		t.Errorf("the diagnostics are %+v, want one for the first alone", bounces)
	}
}
