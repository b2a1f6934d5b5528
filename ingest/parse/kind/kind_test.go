package kind

import (
	"strings"
	"testing"
	"time"

	"casegate/mailer"
)

// TestHeaderRules: RFC 3834 2 and 5, mail-traps E.
func TestHeaderRules(t *testing.T) {
	tests := []struct {
		header    string
		want      mailer.Kind
		automatic bool
	}{
		{"Subject: x", mailer.KindPerson, false},
		{"Auto-Submitted: no", mailer.KindPerson, false},
		{"Auto-Submitted: (really) No; x=y", mailer.KindPerson, false},
		{"Auto-Submitted:", mailer.KindPerson, false},
		{"Auto-Submitted: (unclosed", mailer.KindPerson, false},
		{"Auto-Submitted: auto-replied", mailer.KindAutoReply, true},
		{"Auto-Submitted: auto-replied; owner-email=\"a@b.example\"", mailer.KindAutoReply, true},
		{"AUTO-SUBMITTED: Auto-Generated (rejected)", mailer.KindAuto, true},
		{"Auto-Submitted: no\nAuto-Submitted: auto-notified", mailer.KindAuto, true},
		{"Precedence: bulk", mailer.KindList, true},
		{"Precedence: Junk", mailer.KindList, true},
		{"Precedence: list", mailer.KindList, true},
		{"Precedence: first-class", mailer.KindPerson, false},
		{"Precedence: auto_reply", mailer.KindPerson, false},
		{"X-Auto-Response-Suppress: DR, OOF", mailer.KindAuto, true},
		{"X-Auto-Response-Suppress: None", mailer.KindPerson, false},
		{"X-Autoreply: yes", mailer.KindAutoReply, true},
		{"X-Autorespond:", mailer.KindAutoReply, true},
		{"X-Autoreply: no", mailer.KindPerson, false},
		{"Return-Path: <>", mailer.KindAuto, true},
		{"Return-Path: <bert@south.example>", mailer.KindPerson, false},
		{"List-Id: <x.example>", mailer.KindList, false},
		{"List-Unsubscribe: <mailto:x@y.z>", mailer.KindList, false},
		{"List-Post: <mailto:x@y.z>\nAuto-Submitted: auto-generated", mailer.KindList, true},
		{"Mailing-List: contact x@y.z", mailer.KindList, false},
		{"Content-Type: multipart/report; report-type=delivery-status; boundary=b", mailer.KindBounce, true},
		{"Auto-Submitted: auto-replied\nContent-Type: Multipart/Report; boundary=b", mailer.KindBounce, true},
		{"Content-Type: multipart/report; report-type=tlsrpt; boundary=b", mailer.KindAuto, true},
		{"X-Apple-Unsubscribe: true\nAuto-Submitted: auto-replied", mailer.KindComplaint, true},
	}
	for _, tt := range tests {
		r := Of(read([]byte("From: bert@south.example\n" + tt.header + "\n\nHello\n")))
		if r.Kind != tt.want || r.Automatic != tt.automatic {
			t.Errorf("%q makes it %s, automatic %v (%s), expected %s, %v", tt.header, r.Kind, r.Automatic, r.Why, tt.want, tt.automatic)
		}
	}
}

// TestVacationSubjects: the colon rule, and what people write.
func TestVacationSubjects(t *testing.T) {
	const answer = "In-Reply-To: <1@acme.example>\n"
	tests := []struct {
		subject, header, text string
		want                  mailer.Kind
	}{
		{"Automatic reply: Printer", answer, "", mailer.KindAutoReply},
		{"Odpowiedź automatyczna: Drukarka", answer, "", mailer.KindAutoReply},
		{"自動回覆：印表機", answer, "", mailer.KindAutoReply},
		{"Autosvar: Skrivare", answer, "", mailer.KindAutoReply},
		{"Risposta automatica: Stampante", answer, "", mailer.KindAutoReply},
		{"Balasan otomatis: Printer", "References: <1@acme.example>\n", "", mailer.KindAutoReply},
		{"Automatic reply: how do I switch it on?", answer, "", mailer.KindAutoReply},
		{"Absent: Your order", "Auto-Submitted: auto-generated\n", "", mailer.KindAutoReply},
		{"Re: Your order", "Precedence: junk\n", "I am out of the office.", mailer.KindAutoReply},

		// No field tells: somebody must say to be away.
		{"Automatic reply: Printer", "", "Thank you for your message. Anna reads my mail.", mailer.KindAutoReply},
		{"Odpowiedź automatyczna: Drukarka", "", "Do piątku jestem na urlopie.", mailer.KindAutoReply},
		{"自動回覆：印表機", "", "您好，我目前不在座位上。", mailer.KindAutoReply},
		{"Autosvar: Skrivare", "", "Hej! Jag är på semester.", mailer.KindAutoReply},
		{"Fuori ufficio: Stampante", "", "Sono in ferie.", mailer.KindAutoReply},
		{"Balasan otomatis: Printer", "", "Saya sedang cuti.", mailer.KindAutoReply},
		{"Automatic reply: please switch it off for Bert", "", "Bert left us. Please switch off his automatic reply.", mailer.KindPerson},
		{"Out of office: cannot set it for sales", "", "It cannot be set. Please help.", mailer.KindPerson},
		{"Automatic reply: is it sent?", "", "I am on leave and want to know.", mailer.KindPerson},
		{"Automatic reply: not sent", "User-Agent: Mozilla Thunderbird\n", "I am on leave, and it is not sent.", mailer.KindPerson},
		{"Automatic reply: not sent", "Message-ID: <1@mail.gmail.com>\n", "I am on leave, and it is not sent.", mailer.KindPerson},
		{"Absent: Bert, all week", "", "I am away, too.", mailer.KindPerson},
		{"Out of office does not work", "", "", mailer.KindPerson},
		{"Re: Automatic reply: x", "", "", mailer.KindPerson},
		{"Fwd: Out of Office: x", "", "", mailer.KindPerson},
	}
	for _, tt := range tests {
		r := Of(read([]byte("From: bert@south.example\nSubject: " + tt.subject + "\n" + tt.header + "\n" + tt.text + "\n")))
		if r.Kind != tt.want {
			t.Errorf("%q with %q and %q is %s (%s), expected %s", tt.subject, tt.header, tt.text, r.Kind, r.Why, tt.want)
		}
	}
}

const quotedBounce = `The original message was received at Tue, 3 Mar 2026 10:00:00 +0100

   ----- The following addresses had permanent fatal errors -----
<cora@east.example>
    (reason: 550 5.1.1 <cora@east.example>... User unknown)

This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients.
`

// senders are people's addresses, and those of offices that machines share.
var senders = []string{
	"Bert <bert@south.example>", "Postmaster South <postmaster@south.example>", "abuse@south.example", "admin@south.example",
	"Mail Administrator <it@south.example>", "System Administrator <it@south.example>", "System Administrator South <it@south.example>",
	"NOC <monitoring@south.example>", "Ndrek <ndrek.south@south.example>", "Bouncer Club <bounce@club.example>", "noreply@south.example",
	"staff@south.example", "sysadmin@south.example", "alerts@south.example",
}

// TestPeople: whatever people write about, forward or quote, it stays theirs,
// and from whatever address.
func TestPeople(t *testing.T) {
	report := "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; cora@east.example\nAction: failed\nStatus: 5.1.1\n"
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
	for name, raw := range map[string]string{
		"a reply to a bounce":       "Subject: Re: Delivery Status Notification (Failure)\nIn-Reply-To: <1@x.example>\n\nHelp\n> " + strings.ReplaceAll(quotedBounce, "\n", "\n> "),
		"a reply about a bounce":    "Subject: Re: Undeliverable mail\nReferences: <1@x.example>\n\nToday again: mail to cora@east.example could not be delivered: 550 5.1.1.\n",
		"a question about refusals": "Subject: Delivery failed for all mails to our bank\n\nMails to cora@east.example could not be delivered. We get 550 5.7.1. Please help.\n",
		"a problem with mail":       "Subject: Mail delivery problem\n\nOur mails to cora@east.example were rejected. What can we do?\n",
		"a report attached":         "Subject: What is this?\n" + mixed + "Please look.\n" + report + "--b--\n",
		"about automatic replies":   "Subject: Automatic replies are not sent\n\nI set up out of office until 12 November, and nothing happens. Auto-reply is on.\n",
		"on vacation":               "Subject: Offer\n\nI am out of the office until 12 November 2026 and will be back then.\n",
		"about an alert":            "Subject: Re: [FIRING:1] DiskFull\nIn-Reply-To: <2@x.example>\n\nWhat shall I do?\n",
		"an answer to an alert":     "Subject: [FIRING:1] DiskFull\nIn-Reply-To: <2@x.example>\n\nWhat shall I do?\n",
		"a problem":                 "Subject: Problem: users cannot send mail\n\nUsers called us.\n",
		"what is solved":            "Subject: Resolved: mail flows again\n\nThank you.\n",
		"a JSON notice pasted":      "Subject: x\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":\"a@b.example\"}]}}\n",
		"an abuse report by hand":   "Subject: Abuse report\n\nSomebody sends spam.\n",
		"about a complaint":         "Subject: Client TOS notification: what is this?\n" + mixed + "We got this.\n--b\nContent-Type: message/rfc822\n\nSubject: Win\n\nx\n--b--\n",
		"a complaint passed on":     "Subject: Fwd: Win\n" + mixed + "What is this?\n--b\nContent-Type: message/feedback-report\nContent-Disposition: attachment\n\nFeedback-Type: abuse\n--b--\n",
		"a calendar file":           "Subject: Calendar\n" + mixed + "This comes as a file.\n--b\nContent-Type: text/calendar; name=reply.ics\nContent-Disposition: attachment\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n--b--\n",
		"an invitation":             "Subject: Meeting\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n",
		"an invitation's reply":     "Subject: Meeting\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nMETHOD:REPLY\nEND:VEVENT\nEND:VCALENDAR\n",
	} {
		for _, from := range senders {
			expectPerson(t, name, "From: "+from+"\nTo: it@acme.example\n"+raw)
		}
	}
	for name, raw := range map[string]string{
		"a bounce forwarded":           "Subject: Fwd: Undelivered Mail Returned to Sender\n\nWhat is this?\n\n" + quotedBounce,
		"a bounce pasted, its subject": "Subject: Undelivered Mail Returned to Sender\n\n" + quotedBounce,
		"a bounce attached whole":      "Subject: FW: Undeliverable: Offer\n" + mixed + "Please look.\n--b\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\nuser unknown\n--b--\n",
		"about confirming":             "Subject: Please confirm your message\n\nPlease confirm this message about the price, to verify your message was read.\n",
		"spam passed on":               "X-Mailer: Microsoft Outlook 16.0\nSubject: Spam report\n" + mixed + "Spam!\n--b\nContent-Type: message/rfc822\n\nSubject: Win\n\nx\n--b--\n",
	} {
		expectPerson(t, name, "From: Bert <bert@south.example>\nTo: it@acme.example\n"+raw)
	}
	for _, client := range []string{"User-Agent: Mozilla Thunderbird", "Message-ID: <1@mail.gmail.com>"} {
		head := "From: Bert, Postmaster <postmaster@south.example>\n" + client + "\n"
		expectPerson(t, "a postmaster who writes in person", head+"Subject: Undeliverable mail to you\n\n"+quotedBounce)
		expectPerson(t, "a postmaster who passes on spam", head+"Subject: Complaint about message from 192.0.2.1\n"+mixed+"Hello\n--b\nContent-Type: message/rfc822\n\nSubject: Win\n\nx\n--b--\n")
	}
}

func expectPerson(t *testing.T, name, raw string) {
	t.Helper()
	if r := Of(read([]byte(raw))); r.Kind != mailer.KindPerson || r.Automatic || len(r.Bounces) > 0 {
		t.Errorf("%s, %.60q: %s (%s), expected a person's mail", name, raw, r.Kind, r.Why)
	}
}

// TestMachines: kinds that are neither reports nor answers.
func TestMachines(t *testing.T) {
	const reply = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nBert accepts\n--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\r\nMETHOD:reply\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\n"
	tests := []struct {
		name, raw string
		want      mailer.Kind
	}{
		{"calendar", "From: bert@south.example\nSubject: Accepted: Meeting\n" + reply, mailer.KindCalendarReply},
		{"calendar by parameter", "From: bert@south.example\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\n", mailer.KindCalendarReply},
		{"nagios", "From: nagios@mon.south.example\nSubject: ** PROBLEM Service Alert: web/HTTP is CRITICAL **\n\nx", mailer.KindMonitoring},
		{"icinga", "From: icinga@mon.south.example\nSubject: [PROBLEM] HTTP on web is CRITICAL!\n\nx", mailer.KindMonitoring},
		{"zabbix", "From: zabbix@mon.south.example\nSubject: Problem: High CPU\n\nx", mailer.KindMonitoring},
		{"alertmanager", "From: alertmanager@south.example\nSubject: [FIRING:1] DiskFull (web)\n\nx", mailer.KindMonitoring},
		{"grafana", "From: Grafana <grafana@south.example>\nSubject: [Alerting] CPU\n\nx", mailer.KindMonitoring},
		{"cron", "From: root@web.south.example (Cron Daemon)\nSubject: Cron <root@web> /usr/bin/backup\n\nx", mailer.KindMonitoring},
		{"cron by field", "From: root@web.south.example\nX-Cron-Env: <SHELL=/bin/sh>\nSubject: x\n\nx", mailer.KindMonitoring},
		{"uptime robot", "From: UptimeRobot <alert@uptimerobot.com>\nSubject: Monitor is DOWN: web\n\nx", mailer.KindMonitoring},
		{"google cloud", "From: Google Cloud Alerting <alerting-noreply@google.com>\nSubject: [ALERT] CPU\n\nx", mailer.KindMonitoring},
		{"cloudwatch", "From: AWS Notifications <no-reply@sns.amazonaws.com>\nSubject: ALARM: \"cpu\" in EU\n\nx", mailer.KindMonitoring},
		{"boxbe", "From: bert <bert@boxbe.com>\nSubject: Offer (Action Required)\n\nAdd yourself to the guest list", mailer.KindChallenge},
		{"challenge of a filter", "From: noreply@south.example\nSubject: Please confirm your message\n\nYour message is being held. Click to prove that you are a person.", mailer.KindChallenge},
		{"parcel", "From: noreply@courier.example\nAuto-Submitted: auto-generated\nSubject: Delivery failed: parcel 12345\n\nYour parcel could not be delivered to bert@south.example.", mailer.KindAuto},
		{"icinga, by an office's address", "From: monitoring@south.example\nSubject: ** PROBLEM Host Alert: web is DOWN **\n\nx", mailer.KindMonitoring},
		{"alert that says it is automatic", "From: it@south.example\nAuto-Submitted: auto-generated\nSubject: Problem: High CPU\n\nx", mailer.KindMonitoring},
		{"alert in answer to the one before", "From: alerts@south.example\nAuto-Submitted: auto-generated\nIn-Reply-To: <1@south.example>\nSubject: [RESOLVED] High CPU\n\nx", mailer.KindMonitoring},
		{"mail server without a bounce", "From: Mailer-Daemon@south.example\nSubject: Hello\n\nNew certificates.", mailer.KindAuto},
	}
	for _, tt := range tests {
		r := Of(read([]byte(tt.raw)))
		if r.Kind != tt.want || !r.Automatic {
			t.Errorf("%s: %s, automatic %v (%s), expected %s, true", tt.name, r.Kind, r.Automatic, r.Why, tt.want)
		}
	}
}

// TestReturns: the day on which somebody is back, if it is clear.
func TestReturns(t *testing.T) {
	tests := []struct{ text, want string }{
		{"I am out of the office until 12 November 2026.", "2026-11-12"},
		{"I'll be back on 2026-11-12.", "2026-11-12"},
		{"I will be back on Thursday, November 12th, 2026", "2026-11-12"},
		{"I will return on the 12th of November.", "2026-11-12"},
		{"Back in the office on Monday 4 January.", "2027-01-04"},
		{"I am away from 2 November until 11 November and will be back on 12 November.", "2026-11-12"},
		{"Nie ma mnie do 12.11.2026.", "2026-11-12"},
		{"Jestem na urlopie do dnia 12.11.2026 r.", "2026-11-12"},
		{"Wracam 12 listopada.", "2026-11-12"},
		{"Będę dostępna od poniedziałku, 16 listopada 2026.", "2026-11-16"},
		{"我於11月12日返回辦公室。", "2026-11-12"},
		{"本人休假至2026年11月12日，謝謝。", "2026-11-12"},
		{"Jag är tillbaka den 12 november.", "2026-11-12"},
		{"Jag är ledig till och med 2026-11-12.", "2026-11-12"},
		{"Sarò assente fino al 12 novembre.", "2026-11-12"},
		{"Rientro in ufficio lunedì 16 novembre 2026", "2026-11-16"},
		{"Saya cuti sampai 12 November.", "2026-11-12"},
		{"Saya kembali ke kantor pada tanggal 12 November 2026.", "2026-11-12"},
		{"Ich bin bis zum 12. November 2026 nicht im Büro.", "2026-11-12"},
		{"Back on 13/11/2026", "2026-11-13"},

		{"Ich bin bis zum 12. November 2026 nicht erreichbar. Bis 6. November bin ich im Büro.", "2026-11-12"},
		{"I am away until 12.11.2026. Tomorrow I am in the office.", "2026-11-12"},
		{"Nie będę dostępny do 12.11.2026.", "2026-11-12"},
		{"I am on leave until Nov. 12, 2026 and not available.", "2026-11-12"},

		{"I am available until 6 November, then on holiday.", ""},                // there until then
		{"Ich bin noch bis zum 6. November 2026 im Büro, danach im Urlaub.", ""}, // the same
		{"Jestem w biurze do 6 listopada, potem na urlopie.", ""},                // the same
		{"Sono in ufficio fino al 6 novembre, poi in ferie.", ""},                // the same
		{"Jag är på kontoret till och med 2026-11-06, sedan ledig.", ""},         // the same
		{"我上班到11月6日，之後休假。", ""},                                                  // the same
		{"I am on holiday. The offer is valid until 12 November.", ""},           // another sentence
		{"I am on holiday\n\nThe offer is valid until 12 November.", ""},         // another sentence
		{"Back on 11/12/2026", ""},                                               // which of them is the month?
		{"I am away on 10-12 November.", ""},                                     // nothing says when back
		{"Until further notice call Anna.", ""},                                  // no day
		{"Back on 12 November or back on 16 November.", ""},                      // two days
		{"I will be back on 31 June 2027.", ""},                                  // no such day
		{"I will be back on 12 November 1999.", ""},                              // past
		{"I was away until 1 November.", ""},                                     // past
		{"The offer of 12 November is valid.", ""},                               // another matter
		{"Please call before 12 November, until Anna is back.", ""},              // another matter
		{"", ""},
	}
	for _, tt := range tests {
		r := Of(read([]byte("From: bert@south.example\nDate: Tue, 3 Nov 2026 10:00:00 +0100\nSubject: Automatic reply: x\nIn-Reply-To: <1@acme.example>\n\n" + tt.text + "\n")))
		got := ""
		if !r.Returns.IsZero() {
			got = r.Returns.Format(time.DateOnly)
		}
		if got != tt.want || r.Kind != mailer.KindAutoReply {
			t.Errorf("%q: back on %q, expected %q (%s)", tt.text, got, tt.want, r.Kind)
		}
	}
}
