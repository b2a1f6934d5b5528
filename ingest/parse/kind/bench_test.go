package kind

import (
	"fmt"
	"strings"
	"testing"

	"casegate/mailer"
)

// personal is a mail of 4 KiB as people write.
func personal() Mail {
	return read([]byte("Return-Path: <bert@south.example>\nReceived: from a.example by b.example; Tue, 3 Nov 2026 10:00:00 +0100\n" +
		"From: Bert South <bert@south.example>\nTo: IT <it@acme.example>\nDate: Tue, 3 Nov 2026 10:00:00 +0100\nMessage-ID: <1@south.example>\n" +
		"In-Reply-To: <2@acme.example>\nReferences: <2@acme.example>\nUser-Agent: Mozilla Thunderbird\nMIME-Version: 1.0\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; d=south.example; b=" + strings.Repeat("x", 300) + "\nX-Spam-Status: No\nSubject: Re: The printer on floor 3\n" +
		"Content-Type: text/plain; charset=utf-8\n\n" + strings.Repeat("The printer could not be reached, again.\n", 80)))
}

func BenchmarkOfPerson(b *testing.B) {
	m := personal()
	b.ReportAllocs()
	for b.Loop() {
		if Of(m).Kind != mailer.KindPerson {
			b.Fatal("expected a person")
		}
	}
}

func BenchmarkOfBounce(b *testing.B) {
	m := read([]byte("From: Mail Delivery System <Mailer-Daemon@x.example>\nTo: anna@north.example\nSubject: Mail delivery failed: returning message to sender\n\n" +
		"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n" +
		"  bert@south.example\n    host mx.south.example [192.0.2.1]: 550 5.1.1 no such user\n\n------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <anna@north.example>\n" + strings.Repeat("The printer is on fire, again.\n", 80)))
	b.ReportAllocs()
	for b.Loop() {
		if len(Of(m).Bounces) != 1 {
			b.Fatal("expected a bounce of one recipient")
		}
	}
}

// hostile is mails of some 240 KiB, each made to keep one rule busy (T54, T66).
func hostile() map[string]string {
	const head = "From: MAILER-DAEMON@x.example\nReturn-Path: <>\nSubject: failure notice\nTo: anna@north.example\n"
	report := "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
	const words = "u@x.example and these words mean nothing at all, they go on and on, so that the line is long enough for a search\n"
	lines, apart := strings.Repeat(words, 2300), strings.Repeat(words+"\n", 2300)
	two := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n%s\n--b\n\n%s\n--b--\n"
	return map[string]string{
		"two parts":         head + fmt.Sprintf(two, lines, lines),
		"two parts, apart":  head + fmt.Sprintf(two, apart, apart),
		"addresses":         head + "\n" + strings.Repeat("a@b\n", 60_000),
		"addresses in line": head + "\n" + strings.Repeat("a@b ", 60_000),
		"at signs":          head + "\n" + strings.Repeat("@", 250_000),
		"angles":            head + "\n" + strings.Repeat("<", 250_000),
		"address and prose": head + "\n" + strings.Repeat("a@b x\n", 40_000),
		"codes":             head + "\n" + strings.Repeat("550 5.1.", 30_000),
		"digits":            head + "\n<a@b>:\n" + strings.Repeat("5.5.", 60_000),
		"paragraphs":        head + "\n" + strings.Repeat("x\n\n", 80_000),
		"recipients":        head + report + strings.Repeat("Final-Recipient: rfc822; a@b\nAction: failed\n\n", 5000),
		"folded":            head + report + "Diagnostic-Code: x\n" + strings.Repeat(" y\n", 80_000) + "Final-Recipient: a@b",
		"escapes":           head + report + "Final-Recipient: utf-8; " + strings.Repeat(`\x{61}`, 40_000) + "@b",
		"dates":             "Subject: Automatic reply: x\nAuto-Submitted: auto-replied\n\n" + strings.Repeat("back on the the the ", 12_000),
		"months":            "Subject: Automatic reply: x\nAuto-Submitted: auto-replied\n\n" + strings.Repeat("月", 80_000),
		"failed":            head + "X-Failed-Recipients: " + strings.Repeat("a@b,", 50_000) + "\n\nx",
		"comments":          "Auto-Submitted: " + strings.Repeat("()", 100_000) + "\n\nx",
	}
}

// TestHostile: none of them breaks a rule down.
func TestHostile(t *testing.T) {
	for name, raw := range hostile() {
		if r := Of(read([]byte(raw))); r.Why == "" || len(r.Bounces) > maxRecipients {
			t.Errorf("%s: %d records (%s), expected %d at most", name, len(r.Bounces), r.Why, maxRecipients)
		}
	}
}

// BenchmarkHostile: each must stay far below 200 ms.
func BenchmarkHostile(b *testing.B) {
	for name, raw := range hostile() {
		m := read([]byte(raw))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Of(m)
			}
		})
	}
}
