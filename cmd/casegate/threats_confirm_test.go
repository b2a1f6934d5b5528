package main

import (
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// TestThreatConfirm: who is known but unverified is asked whether a mail is
// theirs, and only a person with that mailbox can say so, once (T2, F5, T90).
func TestThreatConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const pat = "x@none.test"
	w.run(t, []attack{{"T2 held, and asked", letter{to: []string{intake1}, mail: w.write(pat, intake1, "CAN-SUBJECT", "CAN-TEXT")}, "250", cases.MailHeld, false, nil}})
	var held *cases.MailRecord
	if list, err := w.gate.desk.Mails(t.Context(), cases.MailHeld, 1); err != nil || len(list) != 1 {
		t.Fatalf("run with the row before: %v", err)
	} else {
		held = list[0]
	}
	asked := w.find(pat, "confirm")
	yes := asked.answerTo(t)
	if !strings.HasPrefix(yes, mailer.ConfirmPart) {
		t.Fatalf("the question is answered to %q, want to an address that confirms", yes)
	}
	if strings.Contains(asked.text, "CAN-") || strings.Contains(asked.text, canary1) {
		t.Errorf("the question holds words of the mail:\n%s", asked.text)
	}
	to := []string{yes}
	mail := func(from, head string) string { return with(head, w.write(from, yes, "Re: Please confirm", "yes")) }
	w.run(t, []attack{
		{"F5 confirmed by another", letter{to: to, mail: sign(eve, mail(eve, ""))}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"F5 confirmed by another of the tenant", letter{ip: honestIP, path: ann, to: to, mail: sign(ann, mail(ann, ""))}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"F5 confirmed without a sender", letter{to: to, mail: onWire("Subject: yes\n\nyes\n")}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"T27 confirmed by an absence note", letter{path: "<>", to: to, mail: mail(pat, "Auto-Submitted: auto-replied\n")}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"T27 confirmed by an absence note of the old sort", letter{path: "<>", to: to, mail: mail(pat, "X-Autoreply: yes\nPrecedence: junk\n")}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"T27 confirmed by a bounce", letter{path: "<>", to: to, mail: onWire("From: MAILER-DAEMON@none.test\nTo: " + yes + "\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n--b--\n")}, "", anyStatus, false, stillHeld(w, held.ID)},
		{"F5 a letter changed", letter{path: pat, to: []string{flipEnd(yes)}, mail: mail(pat, "")}, "550 5.1.1", "", false, stillHeld(w, held.ID)},
		{"F5 control, by its sender", letter{path: pat, to: to, mail: mail(pat, "")}, "250", "", true, nil},
		{"F5 a second time", letter{path: pat, to: to, mail: mail(pat, "")}, "", anyStatus, false, nil},
		{"F5 at another tenant", letter{path: pat, to: []string{strings.Replace(yes, "@gate.test", "@r2.test", 1)}, mail: mail(pat, "")}, "550 5.1.1", "", false, nil},
	})
}

// TestThreatPoison: what a forger sends first does not stand for what its true
// sender sends later, to the octet (T17, F17).
func TestThreatPoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	rejected, held := w.write(sam, intake1, "New", "text"), w.write("cat@quar.test", intake1, "New", "text")
	w.run(t, []attack{
		{"T17 forged first, p=reject", letter{path: sam, to: []string{intake1}, mail: rejected}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T17 control, then by its sender", letter{ip: sharedIP, path: sam, to: []string{intake1}, mail: rejected}, "250", "", true, func(t *testing.T, _ *cases.MailRecord) {
			isFrom(sam, mailer.VerifiedSPF)(t, w.newest())
		}},
		{"T17 forged first, p=quarantine", letter{path: "cat@quar.test", to: []string{intake1}, mail: held}, "250", cases.MailHeld, false, nil},
		{"T17 control, then by its sender, p=quarantine", letter{ip: honestIP, path: "cat@quar.test", to: []string{intake1}, mail: held}, "250", "", true, nil},
	})
}

// TestThreatGroups: a token that was issued to a group serves whoever is verified
// and of the group's domain, and nobody else (F5, design 4).
func TestThreatGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if _, _, err := w.gate.desk.Share(t.Context(), c1, mailer.MustAddress("team@acme.test"), true); err != nil {
		t.Fatal(err)
	}
	token := w.token("team@acme.test", c1)
	by := func(from string) letter {
		return letter{ip: honestIP, path: from, to: []string{token}, mail: w.signed(from, token, "Re", "text")}
	}
	w.run(t, []attack{
		{"F5 a group's token, by a stranger", by(eve), "250", cases.MailHeld, false, nil},
		{"F5 a group's token, by another customer's", by(bob), "250", cases.MailHeld, false, nil},
		{"F5 a group's token, forged", letter{to: []string{token}, mail: w.write("carl@acme.test", token, "Re", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"F5 a group's token, of a domain below", letter{ip: honestIP, to: []string{token}, mail: sign(ann, w.write("carl@sub.acme.test", token, "Re", "text"))}, "250", cases.MailHeld, false, nil},
		{"F5 control, of its domain", by("carl@acme.test"), "250", "", true, w.entered(c1, "carl@acme.test")},
	})
}
