package reply

import "testing"

// TestForward: whose mail is passed on, in the words of mailers.
func TestForward(t *testing.T) {
	const outlook = "From: Bob Ek <bob@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: Anna\nSubject: Calendars\n\nPlease look.\n"
	for _, c := range []struct{ name, subject, text, from, who, date, about string }{
		{"gmail", "Fwd: Calendars", "FYI\n\n---------- Forwarded message ---------\nFrom: Bob Ek <bob@acme.example>\nDate: Mon, Nov 2, 2026 at 10:00 AM\nSubject: Calendars\nTo: Anna <anna@acme.example>\n\nPlease look.\n",
			"bob@acme.example", "Bob Ek", "Mon, Nov 2, 2026 at 10:00 AM", "Calendars"},
		{"gmail without a prefix", "Calendars", "---------- Forwarded message ---------\nFrom: <bob@acme.example>\nDate: Mon, Nov 2, 2026 at 10:00 AM\nSubject: Calendars\nof ours\nTo: Anna\n\nPlease look.\n",
			"bob@acme.example", "", "Mon, Nov 2, 2026 at 10:00 AM", "Calendars of ours"},
		{"gmail pl", "Fwd: x", "---------- Forwarded message ---------\nOd: Bob Ek <bob@acme.example>\nDate: pon., 2 lis 2026 o 10:00\nSubject: Kalendarze\nTo: Anna\n\nProszę.\n", "bob@acme.example", "Bob Ek", "pon., 2 lis 2026 o 10:00", "Kalendarze"},
		{"apple", "Fwd: x", "Begin forwarded message:\n\nFrom: Bob Ek <bob@acme.example>\nSubject: Calendars\nDate: 2 November 2026 at 10:00:00 CET\nTo: Anna\n\nPlease.\n", "bob@acme.example", "Bob Ek", "2 November 2026 at 10:00:00 CET", "Calendars"},
		{"apple with marks", "Fwd: x", "> Begin forwarded message:\n> \n> From: Bob Ek <bob@acme.example>\n> Subject: Calendars\n> Date: 2 Nov 2026\n", "bob@acme.example", "Bob Ek", "2 Nov 2026", "Calendars"},
		{"apple it", "I: x", "Inizio messaggio inoltrato:\n\nDa: Bob Ek <bob@acme.example>\nOggetto: Calendari\nData: 2 novembre 2026\nA: Anna\n", "bob@acme.example", "Bob Ek", "2 novembre 2026", "Calendari"},
		{"thunderbird", "Fwd: x", "Look.\n\n-------- Forwarded Message --------\nSubject: Calendars\nDate: Mon, 2 Nov 2026 10:00:00 +0100\nFrom: Bob Ek <bob@acme.example>\nTo: Anna\n\nPlease.\n", "bob@acme.example", "Bob Ek", "Mon, 2 Nov 2026 10:00:00 +0100", "Calendars"},
		{"thunderbird pl", "PD: x", "-------- Przekazana wiadomość --------\nTemat: Kalendarze\nData: 2 lis 2026\nNadawca: Bob Ek <bob@acme.example>\nAdresat: Anna\n", "bob@acme.example", "Bob Ek", "2 lis 2026", "Kalendarze"},
		{"thunderbird sv", "VB: x", "-------- Vidarebefordrat meddelande --------\nÄmne: Kalendrar\nDatum: 2 nov 2026\nFrån: Bob Ek <bob@acme.example>\nTill: Anna\n", "bob@acme.example", "Bob Ek", "2 nov 2026", "Kalendrar"},
		{"outlook", "FW: Calendars", "See below.\n\n" + outlook, "bob@acme.example", "Bob Ek", "Monday, November 2, 2026 10:00 AM", "Calendars"},
		{"outlook alone", "FW: Calendars", outlook, "bob@acme.example", "Bob Ek", "Monday, November 2, 2026 10:00 AM", "Calendars"},
		{"outlook old", "WG: x", "Von: Bob Ek [mailto:bob@acme.example]\nGesendet: Montag, 2. November 2026 10:00\nAn: Anna\nBetreff: Kalender\n", "bob@acme.example", "Bob Ek", "Montag, 2. November 2026 10:00", "Kalender"},
		{"outlook original", "PD: Re: x", "-----Original Message-----\nFrom: Bob Ek\nSent: Monday, November 2, 2026 10:00 AM\nTo: Anna\nSubject: Calendars\n", "", "Bob Ek", "Monday, November 2, 2026 10:00 AM", "Calendars"},
		{"outlook sv", "VB: x", "Från: Bob Ek <bob@acme.example>\nSkickat: den 2 november 2026 10:00\nTill: Anna\nÄmne: Kalendrar\n", "bob@acme.example", "Bob Ek", "den 2 november 2026 10:00", "Kalendrar"},
		{"outlook pl", "PD: x", "*Od:* Bob Ek <bob@acme.example>\n*Wysłane:* 2 listopada 2026 10:00\n*Do:* Anna\n*Temat:* Kalendarze\n", "bob@acme.example", "Bob Ek", "2 listopada 2026 10:00", "Kalendarze"},
		{"outlook zh-TW", "轉寄：x", "寄件者: Bob Ek <bob@acme.example>\n寄件日期: 2026年11月2日 上午 10:00\n收件者: Anna\n主旨: 行事曆\n", "bob@acme.example", "Bob Ek", "2026年11月2日 上午 10:00", "行事曆"},
		{"id", "Trs: x", "---------- Pesan terusan ---------\nDari: Bob Ek <bob@acme.example>\nTanggal: 2 Nov 2026\nSubjek: Kalender\n", "bob@acme.example", "Bob Ek", "2 Nov 2026", "Kalender"},
	} {
		f := Forward(c.text, c.subject)
		if f == nil {
			t.Errorf("%s: nothing found, want the mail of %s", c.name, c.who)
			continue
		}
		from := ""
		if c.from != "" {
			from = f.From.Email.String()
		}
		if from != c.from || f.From.Name != c.who || f.Date != c.date || f.Subject != c.about {
			t.Errorf("%s: got %+v, want from %q <%s>, date %q, subject %q", c.name, *f, c.who, c.from, c.date, c.about)
		}
	}
	for name, c := range map[string][2]string{
		"an answer":            {"Re: Calendars", "Yes.\n\n" + outlook},
		"no prefix":            {"Calendars", "Yes.\n\n" + outlook},
		"initials, not VB":     {"VB: macro fails", "Yes.\n\n" + outlook},
		"initials, not PD":     {"PD: salary", "Yes.\n\n-----Original Message-----\n" + outlook},
		"a forward was quoted": {"Re: x", "Yes.\n\nOn 2 Nov 2026, Anna <anna@acme.example> wrote:\n> ---------- Forwarded message ---------\n> From: Bob <bob@acme.example>\n> Date: 2 Nov 2026\n"},
		"below an original":    {"Re: x", "Yes.\n\n-----Original Message-----\nFYI\n\n---------- Forwarded message ---------\nFrom: Bob <bob@acme.example>\nDate: 2 Nov 2026\n"},
		"nothing":              {"Fwd: x", "Please call me."},
		"empty":                {"", ""},
	} {
		if f := Forward(c[1], c[0]); f != nil {
			t.Errorf("%s: got %+v, want nothing", name, *f)
		}
	}
}
