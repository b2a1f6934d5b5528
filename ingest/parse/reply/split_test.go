package reply

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casegate/ingest/parse/page"
)

// answer is what the samples say above or below what they quote.
const answer = "Thanks, that helped.\nThe calendars are back."

// TestAttributions: the line above a quote, as mailers write it in the languages
// of our users and others, with the quote marked and unmarked (mail-traps D).
func TestAttributions(t *testing.T) {
	for name, line := range map[string]string{
		"gmail en":                 "On Mon, Nov 2, 2026 at 10:00 AM Anna Lind <anna@acme.example> wrote:",
		"gmail en, wrapped":        "On Mon, Nov 2, 2026 at 10:00 AM Anna Lind <anna.lind.long.name@acme.example>\nwrote:",
		"gmail en, in the address": "On Mon, Nov 2, 2026 at 10:00 AM Anna Lind <\nanna@acme.example> wrote:",
		"gmail en, wrapped early":  "On Mon, Nov 2, 2026 at\n10:00 AM Anna Lind <anna@acme.example> wrote:",
		"gmail en, three lines":    "On Mon, Nov 2, 2026 at 10:00 AM\nAnna Lind via North Support\n<anna@acme.example> wrote:",
		"gmail en, bracket alone":  "On Mon, Nov 2, 2026 at 10:00 AM Anna Lind <anna@acme.example\n> wrote:",
		"gmail en, old":            "2026-11-02 10:00 GMT+01:00 Anna Lind <anna@acme.example>:",
		"gmail pl":                 "pon., 2 lis 2026 o 10:00 Anna Lind <anna@acme.example> napisał(a):",
		"gmail zh-TW":              "Anna Lind <anna@acme.example> 於 2026年11月2日 週一 上午10:00寫道：",
		"gmail zh-CN":              "Anna Lind <anna@acme.example> 于2026年11月2日周一 10:00写道：",
		"gmail sv":                 "Den mån 2 nov. 2026 kl 10:00 skrev Anna Lind <anna@acme.example>:",
		"gmail it":                 "Il giorno lun 2 nov 2026 alle ore 10:00 Anna Lind <anna@acme.example> ha scritto:",
		"gmail id":                 "Pada tanggal Sen, 2 Nov 2026 pukul 10.00 Anna Lind <anna@acme.example> menulis:",
		"gmail de":                 "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Anna Lind <anna@acme.example>:",
		"gmail fr":                 "Le lun. 2 nov. 2026 à 10:00, Anna Lind <anna@acme.example> a écrit :",
		"gmail es":                 "El lun, 2 nov 2026 a las 10:00, Anna Lind (<anna@acme.example>) escribió:",
		"gmail pt":                 "Anna Lind <anna@acme.example> escreveu (segunda, 2/11/2026 à(s) 10:00):",
		"gmail pt-BR":              "Em seg., 2 de nov. de 2026 às 10:00, Anna Lind <anna@acme.example> escreveu:",
		"gmail nl":                 "Op ma 2 nov 2026 om 10:00 schreef Anna Lind <anna@acme.example>:",
		"gmail da":                 "Den man. 2. nov. 2026 kl. 10.00 skrev Anna Lind <anna@acme.example>:",
		"gmail no":                 "man. 2. nov. 2026 kl. 10:00 skrev Anna Lind <anna@acme.example>:",
		"gmail fi":                 "ma 2. marrask. 2026 klo 10.00 Anna Lind (anna@acme.example) kirjoitti:",
		"gmail cs":                 "po 2. 11. 2026 v 10:00 odesílatel Anna Lind <anna@acme.example> napsal:",
		"gmail sk":                 "po 2. 11. 2026 o 10:00 Anna Lind <anna@acme.example> napísal(a):",
		"gmail hu":                 "Anna Lind <anna@acme.example> ezt írta (időpont: 2026. nov. 2., H, 10:00):",
		"gmail ro":                 "În lun., 2 nov. 2026 la 10:00, Anna Lind <anna@acme.example> a scris:",
		"gmail ru":                 "пн, 2 нояб. 2026 г. в 10:00, Anna Lind <anna@acme.example>:",
		"gmail uk":                 "пн, 2 лист. 2026 р. о 10:00 Anna Lind <anna@acme.example> пише:",
		"gmail tr":                 "Anna Lind <anna@acme.example>, 2 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
		"gmail ja":                 "2026年11月2日(月) 10:00 Anna Lind <anna@acme.example>:",
		"gmail ko":                 "2026년 11월 2일 (월) 오전 10:00, Anna Lind <anna@acme.example>님이 작성:",
		"gmail vi":                 "Vào Th 2, 2 thg 11, 2026 vào lúc 10:00 Anna Lind <anna@acme.example> đã viết:",
		"gmail el":                 "Στις Δευ 2 Νοε 2026 στις 10:00 π.μ., ο χρήστης Anna Lind <anna@acme.example> έγραψε:",
		"apple en":                 "On 2 Nov 2026, at 10:00, Anna Lind <anna@acme.example> wrote:",
		"apple pl":                 "Wiadomość napisana przez Anna Lind <anna@acme.example> w dniu 2 lis 2026, o godz. 10:00:",
		"apple pl, new":            "2 lis 2026, o godz. 10:00 Anna Lind <anna@acme.example> napisał(a):",
		"apple sv":                 "2 nov. 2026 kl. 10:00 skrev Anna Lind <anna@acme.example>:",
		"apple it":                 "Il giorno 2 nov 2026, alle ore 10:00, Anna Lind <anna@acme.example> ha scritto:",
		"apple zh-TW":              "Anna Lind <anna@acme.example> 於 2026年11月2日 上午10:00 寫道：",
		"apple nl":                 "Op 2 nov. 2026, om 10:00 heeft Anna Lind <anna@acme.example> het volgende geschreven:",
		"apple de":                 "Am 02.11.2026 um 10:00 schrieb Anna Lind <anna@acme.example>:",
		"wp pl":                    "Dnia 2 listopada 2026 10:00 Anna Lind <anna@acme.example> napisał(a):",
		"onet pl":                  "W dniu 2026-11-02 10:00:00 użytkownik Anna Lind <anna@acme.example> napisał:",
		"yahoo en":                 "On Monday, November 2, 2026 at 10:00:00 AM GMT+1, Anna Lind <anna@acme.example> wrote:",
		"yahoo id":                 "Pada Senin, 2 November 2026 10.00.00 WIB, Anna Lind <anna@acme.example> menulis:",
		"yahoo it":                 "Il lunedì 2 novembre 2026 alle ore 10:00:00 CET, Anna Lind <anna@acme.example> ha scritto:",
		"yandex":                   "02.11.2026, 10:00, \"Anna Lind\" <anna@acme.example>:",
		"mail.ru":                  "Понедельник, 2 ноября 2026, 10:00 +03:00 от Anna Lind <anna@acme.example>:",
		"proton":                   "On Monday, November 2nd, 2026 at 10:00, Anna Lind <anna@acme.example> wrote:",
		"zoho":                     "---- On Mon, 02 Nov 2026 10:00:00 +0100 Anna Lind <anna@acme.example> wrote ----",
		"zoho, plain":              "On Mon, 02 Nov 2026 10:00:00 +0100 Anna Lind <anna@acme.example> wrote",
		"gmail de, name first":     "Anna Lind <anna@acme.example> schrieb am Mo., 2. Nov. 2026, 10:00:",
		"gmx":                      "Anna Lind <anna@acme.example> hat am 02.11.2026 10:00 CET geschrieben:",
		"163":                      "在 2026-11-02 10:00:00，\"Anna Lind\" <anna@acme.example> 写道：",
		"notes":                    "-----Anna Lind <anna@acme.example> wrote: -----",
		"address behind":           "On Nov 2, 2026, anna@acme.example wrote:",
	} {
		for kind, quote := range map[string]string{
			"marked":   "\n> Please look at the calendars.\n>\n> Anna\n",
			"unmarked": "\nPlease look at the calendars.\n\nAnna\n",
			"a gap":    "\n\n> Please look at the calendars.\n\n",
		} {
			r := Split(answer+"\n\n"+line+quote, nil, nil)
			if r.Text != answer {
				t.Errorf("%s, %s: the reply is %q (%s, %.2f), want what is above the quote", name, kind, r.Text, r.Reason, r.Confidence)
			}
			if squeeze(r.Elided) != squeeze(line+quote) {
				t.Errorf("%s, %s: left out is %q, want the line and the quote", name, kind, r.Elided)
			}
		}
	}
}

// TestMarkedAttributions: lines that need marks below them to be believed.
func TestMarkedAttributions(t *testing.T) {
	for name, line := range map[string]string{
		"thunderbird en": "On 02/11/2026 10:00, Anna Lind wrote:",
		"thunderbird pl": "W dniu 2.11.2026 o 10:00, Anna Lind pisze:",
		"thunderbird sv": "Den 2026-11-02 kl. 10:00, skrev Anna Lind:",
		"thunderbird it": "Il 02/11/2026 10:00, Anna Lind ha scritto:",
		"thunderbird id": "Pada 02/11/2026 10.00, Anna Lind menulis:",
		"thunderbird tw": "於 2026/11/2 上午 10:00, Anna Lind 寫道:",
		"thunderbird de": "Am 02.11.2026 um 10:00 schrieb Anna Lind:",
		"thunderbird nl": "Op 02-11-2026 om 10:00 schreef Anna Lind:",
		"name":           "Anna Lind wrote:",
		"address":        "Anna Lind <anna@acme.example> wrote:",
		"horde":          "Quoting Anna Lind <anna@acme.example>:",
		"horde pl":       "Cytowanie Anna Lind <anna@acme.example> napisał:",
		"no colon":       "2026/11/2 Anna Lind <anna@acme.example>",
		"mutt":           "On Mon, Nov 02, 2026 at 10:00:00AM +0100, Anna Lind wrote:",
		"wrote on":       "Anna Lind wrote on Monday, November 2, 2026 10:00 AM:",
		"schrieb am":     "Anna Lind schrieb am 02.11.2026 um 10:00:",
		"emacs":          "Anna Lind <anna@acme.example> writes:",
	} {
		r := Split(answer+"\n\n"+line+"\n> Please look at the calendars.\n", nil, nil)
		if r.Text != answer || !strings.HasPrefix(r.Elided, line) {
			t.Errorf("%s: the reply is %q, left out is %q; want the line with the quote", name, r.Text, r.Elided)
		}
	}
}

// TestHeads: the head of a mail as it stands above what is quoted without marks.
func TestHeads(t *testing.T) {
	for name, head := range map[string]string{
		"outlook en":         "From: Anna Lind <anna@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: North Support <help@north.example>\nSubject: RE: Calendars",
		"outlook no mail":    "From: Anna Lind\nSent: Monday, November 2, 2026 10:00 AM\nTo: North Support\nSubject: RE: Calendars",
		"outlook rule":       "________________________________\nFrom: Anna Lind <anna@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: North\nSubject: Calendars",
		"outlook bold":       "*From:* Anna Lind <anna@acme.example>\n*Sent:* Monday, November 2, 2026 10:00 AM\n*To:* North\n*Subject:* Calendars",
		"outlook original":   "-----Original Message-----\nFrom: Anna Lind\nSent: Monday, November 2, 2026 10:00 AM\nTo: North\nSubject: Calendars",
		"outlook gaps":       "From: Anna Lind <anna@acme.example>\n\nSent: Monday, November 2, 2026 10:00 AM\n\nTo: North\n\nSubject: Calendars",
		"outlook wrapped":    "From: Anna Lind\n<anna@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: North; East; \nWest <west@acme.example>\nSubject: Calendars",
		"outlook pl":         "Od: Anna Lind <anna@acme.example>\nWysłano: poniedziałek, 2 listopada 2026 10:00\nDo: North\nTemat: Kalendarze",
		"outlook pl, bold":   "*Od:* Anna Lind <anna@acme.example>\n*Wysłane:* poniedziałek, 2 listopada 2026 10:00\n*Do:* North\n*DW:* East\n*Temat:* Kalendarze",
		"outlook zh-TW":      "寄件者: Anna Lind <anna@acme.example>\n寄件日期: 2026年11月2日 上午 10:00\n收件者: North\n主旨: 行事曆",
		"outlook zh-TW wide": "寄件者：Anna Lind <anna@acme.example>\n日期：2026年11月2日 星期一 上午10:00\n收件者：North\n主旨：行事曆",
		"outlook zh-CN":      "发件人: Anna Lind <anna@acme.example>\n发送时间: 2026年11月2日 10:00\n收件人: North\n主题: 日历",
		"outlook sv":         "Från: Anna Lind <anna@acme.example>\nSkickat: den 2 november 2026 10:00\nTill: North\nÄmne: Kalendrar",
		"outlook it":         "Da: Anna Lind <anna@acme.example>\nInviato: lunedì 2 novembre 2026 10:00\nA: North\nOggetto: Calendari",
		"outlook id":         "Dari: Anna Lind <anna@acme.example>\nDikirim: Senin, 2 November 2026 10.00\nKepada: North\nSubjek: Kalender",
		"outlook de":         "Von: Anna Lind <anna@acme.example>\nGesendet: Montag, 2. November 2026 10:00\nAn: North\nBetreff: Kalender",
		"outlook fr":         "De : Anna Lind <anna@acme.example>\nEnvoyé : lundi 2 novembre 2026 10:00\nÀ : North\nObjet : Calendriers",
		"outlook es":         "De: Anna Lind <anna@acme.example>\nEnviado: lunes, 2 de noviembre de 2026 10:00\nPara: North\nAsunto: Calendarios",
		"outlook pt":         "De: Anna Lind <anna@acme.example>\nEnviada em: segunda-feira, 2 de novembro de 2026 10:00\nPara: North\nAssunto: Agendas",
		"outlook nl":         "Van: Anna Lind <anna@acme.example>\nVerzonden: maandag 2 november 2026 10:00\nAan: North\nOnderwerp: Agenda's",
		"outlook da":         "Fra: Anna Lind <anna@acme.example>\nSendt: 2. november 2026 10:00\nTil: North\nEmne: Kalendere",
		"outlook fi":         "Lähettäjä: Anna Lind <anna@acme.example>\nLähetetty: maanantai 2. marraskuuta 2026 10.00\nVastaanottaja: North\nAihe: Kalenterit",
		"outlook cs":         "Od: Anna Lind <anna@acme.example>\nOdesláno: pondělí 2. listopadu 2026 10:00\nKomu: North\nPředmět: Kalendáře",
		"outlook hu":         "Feladó: Anna Lind <anna@acme.example>\nElküldve: 2026. november 2., hétfő 10:00\nCímzett: North\nTárgy: Naptárak",
		"outlook ru":         "От: Anna Lind <anna@acme.example>\nОтправлено: 2 ноября 2026 г. 10:00\nКому: North\nТема: Календари",
		"outlook tr":         "Kimden: Anna Lind <anna@acme.example>\nGönderildi: 2 Kasım 2026 Pazartesi 10:00\nKime: North\nKonu: Takvimler",
		"outlook ja":         "差出人: Anna Lind <anna@acme.example>\n送信日時: 2026年11月2日 10:00\n宛先: North\n件名: カレンダー",
		"outlook ko":         "보낸 사람: Anna Lind <anna@acme.example>\n보낸 날짜: 2026년 11월 2일 10:00\n받는 사람: North\n제목: 일정",
		"proton":             "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, November 2nd, 2026 at 10:00, Anna Lind <anna@acme.example> wrote:",
		"qq":                 "------------------ 原始邮件 ------------------\n发件人: \"Anna Lind\" <anna@acme.example>;\n发送时间: 2026年11月2日(星期一) 上午10:00\n收件人: \"North\" <help@north.example>;\n主题: 日历",
		"gmx":                "Gesendet: Montag, 02. November 2026 um 10:00 Uhr\nVon: \"Anna Lind\" <anna@acme.example>\nAn: help@north.example\nBetreff: Kalender",
		"notes":              "From:        Anna Lind/ACME\nTo:        North/ACME\nDate:        11/02/2026 10:00 AM\nSubject:        Calendars",
		"zimbra":             "----- Original Message -----\nFrom: \"Anna Lind\" <anna@acme.example>\nTo: \"North\" <help@north.example>\nSent: Monday, November 2, 2026 10:00:00 AM\nSubject: Calendars",
		"samsung pl":         "-------- Oryginalna wiadomość --------\nOd: Anna Lind <anna@acme.example>\nData: 2.11.2026 10:00 (GMT+01:00)\nDo: North\nTemat: Kalendarze",
		"samsung sv":         "-------- Originalmeddelande --------\nFrån: Anna Lind <anna@acme.example>\nDatum: 2026-11-02 10:00 (GMT+01:00)\nTill: North\nÄmne: Kalendrar",
		"samsung it":         "-------- Messaggio originale --------\nDa: Anna Lind <anna@acme.example>\nData: 02/11/26 10:00 (GMT+01:00)\nA: North\nOggetto: Calendari",
		"samsung id":         "-------- Pesan asli --------\nDari: Anna Lind <anna@acme.example>\nTanggal: 02/11/26 10.00 (GMT+07:00)\nKepada: North\nPerihal: Kalender",
		"samsung zh-TW":      "-------- 原始郵件 --------\n寄件者： Anna Lind <anna@acme.example>\n日期： 2026/11/2 10:00 (GMT+08:00)\n收件者： North\n主旨： 行事曆",
		"unknown words":      "-------- Kamomosa pitopo --------\nFrom: Anna Lind <anna@acme.example>\nDate: 2 Nov 2026 10:00\nTo: North",
		"hotmail":            "Date: Mon, 2 Nov 2026 10:00:00 +0100\nFrom: anna@acme.example\nTo: help@north.example\nSubject: Calendars",
		"three fields":       "From: Anna Lind\nSent: Monday, November 2, 2026\nTo: North",
		"one line":           "From: anna@acme.example Date: Mon, 2 Nov 2026 10:00 Subject: Calendars",
	} {
		r := Split(answer+"\n\n"+head+"\n\nPlease look at the calendars.\n\nAnna\n", nil, nil)
		if r.Text != answer {
			t.Errorf("%s: the reply is %q (%s, %.2f), want what is above the head", name, r.Text, r.Reason, r.Confidence)
		}
		if !strings.HasPrefix(squeeze(r.Elided), squeeze(head)) {
			t.Errorf("%s: left out is %q, want it to begin with the head", name, r.Elided)
		}
	}
}

// TestShapes: where the answer stands, and what is kept with it.
func TestShapes(t *testing.T) {
	const line = "On Mon, Nov 2, 2026 at 10:00 AM Anna <anna@acme.example> wrote:\n"
	for _, c := range []struct{ name, text, reply, elided, signature string }{
		{"nothing quoted", "One.\n\nTwo.\n", "One.\n\nTwo.", "", ""},
		{"nothing", "", "", "", ""},
		{"blank", " \n\n\u00a0\n", "", "", ""},
		{"answer below", line + "> One?\n> Two?\n\nYes.\n", "Yes.", line + "> One?\n> Two?", ""},
		{"answer below without a line", "> One?\n\nYes.\n", "Yes.", "> One?", ""},
		{"answer below, directly", line + "> One?\nYes.\n", "Yes.", line + "> One?", ""},
		{"greeting above, answer below", "Hi,\n" + line + "> One?\n\nYes.\n", "Hi,\n\nYes.", line + "> One?", ""},
		{"answers between", "Hi,\n" + line + "> One?\n\nYes.\n\n> Two?\n\nNo.\n", "Hi,\n" + line + "> One?\n\nYes.\n\n> Two?\n\nNo.", "", ""},
		{"short answers between", "> One?\nyes\n> Two?\nno\n> Three?\nnever\n", "> One?\nyes\n> Two?\nno\n> Three?\nnever", "", ""},
		{"answers between, rest below", line + "> One?\n\nYes.\n\n> Two?\n\nNo.\n\n> Three is fine.\n>\n> Anna\n", line + "> One?\n\nYes.\n\n> Two?\n\nNo.", "> Three is fine.\n>\n> Anna", ""},
		{"quoted by hand", "You wrote\n> One?\nand I say no.\n", "You wrote\n> One?\nand I say no.", "", ""},
		{"nothing but a quote", line + "> One?\n", strings.TrimSpace(line + "> One?\n"), "", ""},
		{"quote without a line", "Yes.\n\n> One?\n> Two?\n> Three?\n", "Yes.", "> One?\n> Two?\n> Three?", ""},
		{"quote with its head", "Yes.\n\n> From: anna@acme.example\n> Date: Mon, 2 Nov 2026 10:00\n", "Yes.", "> From: anna@acme.example\n> Date: Mon, 2 Nov 2026 10:00", ""},
		{"quote of quotes", "Yes.\n\n" + line + "> " + line + ">> One?\n> Two.\n", "Yes.", line + "> " + line + ">> One?\n> Two.", ""},
		{"a new quote at once", "Yes.\n> On 2 Nov 2026, at 10:00, Anna <anna@acme.example> wrote:\n> \n> One?\n", "Yes.", "> On 2 Nov 2026, at 10:00, Anna <anna@acme.example> wrote:\n> \n> One?", ""},
		{"signature", "Yes.\n-- \nAnna\nAcme\n", "Yes.", "", "-- \nAnna\nAcme"},
		{"signature without the blank", "Yes.\n\n--\nAnna\n", "Yes.", "", "--\nAnna"},
		{"names of firms", "Yes.\n--\nAnna Lind, Head of Sales\nThe Acme Media Group Ltd.\nAcme Polska Sp. z o.o.\n", "Yes.", "", "--\nAnna Lind, Head of Sales\nThe Acme Media Group Ltd.\nAcme Polska Sp. z o.o."},
		{"signature above the quote", "Yes.\n\n-- \nAnna\n\n" + line + "> One?\n", "Yes.", line + "> One?", "-- \nAnna"},
		{"signature below the quote", "Yes.\n\n" + line + "> One?\n\n-- \nAnna\n", "Yes.", line + "> One?", "-- \nAnna"},
		{"signature below answers", "> One?\n\nYes.\n\n> Two?\n\nNo.\n\n-- \nAnna\n", "> One?\n\nYes.\n\n> Two?\n\nNo.", "", "-- \nAnna"},
		{"phone", "Yes.\n\nSent from my iPhone\n\n" + line + "> One?\n", "Yes.", line + "> One?", "Sent from my iPhone"},
		{"text below the phone's line", "Yes.\n\nSent from my iPhone\n\nAnd please call me.\n", "Yes.\n\nSent from my iPhone\n\nAnd please call me.", "", ""},
		{"parts divided by dashes", "One\n--\nTwo\n--\nThree\n", "One\n--\nTwo\n--\nThree", "", ""},
		{"closing stays", "Yes.\n\nBest regards,\nAnna\n", "Yes.\n\nBest regards,\nAnna", "", ""},
		{"list footer", "Yes.\n\n_______________________________________________\nusers mailing list\nusers@lists.example\n", "Yes.", "", "_______________________________________________\nusers mailing list\nusers@lists.example"},
		{"original message", "Yes.\n\n-----Original Message-----\nOne?\n", "Yes.", "-----Original Message-----\nOne?", ""},
		{"line end lost above the line", "Yes. On Mon, Nov 2, 2026 at 10:00 AM, anna@acme.example wrote:\n> One?\n", "Yes.", "On Mon, Nov 2, 2026 at 10:00 AM, anna@acme.example wrote:\n> One?", ""},
		{"mbox From", "Yes.\n>From here on it works.\n", "Yes.\n>From here on it works.", "", ""},
		{"comparison", "The load is\n>= 5 since noon.\n", "The load is\n>= 5 since noon.", "", ""},
		{"link broken off", "Yes.\n\n" + line + "> See the page of the case (http://north.example/cases/\n1?a=b)\n> One?\n", "Yes.", line + "> See the page of the case (http://north.example/cases/\n1?a=b)\n> One?", ""},
		{"link moved out", "Yes.\n\n" + line + "> See the case\n (http://north.example/1) >\n> One?\n", "Yes.", line + "> See the case\n (http://north.example/1) >\n> One?", ""},
		{"a smile is no bracket", line + "> Is the mailbox (the second\n:) it is\n> one) of any use?\n", ":) it is\n> one) of any use?", line + "> Is the mailbox (the second", ""},
		{"brackets of an answer", line + "> Is the mailbox (the second\n(yes) it is\n> one) of any use?\n", "(yes) it is\n> one) of any use?", line + "> Is the mailbox (the second", ""},
		{"quote under other marks", "Yes.\n\n" + line + "\n| One?\n| Two?\n\nThanks.\n", "Yes.\n\nThanks.", line + "\n| One?\n| Two?", ""},
		{"phrase below a signature", "Yes.\n\n-- \nAnna\nAcme\n\nPS: Bob's account is locked, too.\n", "Yes.\n\nPS: Bob's account is locked, too.", "", "-- \nAnna\nAcme"},
		{"question below a signature", "Yes.\n\n-- \nAnna\n\nCould you open Bob's account as well?\n" + line + "> One?\n", "Yes.\n\nCould you open Bob's account as well?", line + "> One?", "-- \nAnna"},
		{"notice in a signature", "Yes.\n\n-- \nAnna\nPlease think of the environment before you print this mail.\n", "Yes.", "", "-- \nAnna\nPlease think of the environment before you print this mail."},
		{"list footer below a card", "Yes.\n\n--\nAnna\nAcme\n\n-------\nListe de diffusion de Acme\nhttp://lists.example/\n", "Yes.", "", "--\nAnna\nAcme\n\n-------\nListe de diffusion de Acme\nhttp://lists.example/"},
		{"list footer with a link", "Yes.\n\n_____________\nTo unsubscribe, go to https://lists.example/users\n", "Yes.", "", "_____________\nTo unsubscribe, go to https://lists.example/users"},
	} {
		r := Split(c.text, nil, nil)
		if r.Text != c.reply || squeeze(r.Elided) != squeeze(c.elided) || r.Signature != c.signature {
			t.Errorf("%s (%s, %.2f):\n reply     %q\n want      %q\n left out  %q\n want      %q\n signature %q\n want      %q",
				c.name, r.Reason, r.Confidence, r.Text, c.reply, r.Elided, c.elided, r.Signature, c.signature)
		}
		if r.Elided != "" && r.Confidence < Sure {
			t.Errorf("%s: left something out at a confidence of %.2f, want at least %.2f", c.name, r.Confidence, Sure)
		}
	}
}

// TestKept: what only looks like a quote belongs to the sender.
func TestKept(t *testing.T) {
	for name, text := range map[string]string{
		"a sentence":         "Yesterday at 10:30 Bob wrote:\n\nplease restart the server\n\nWhat shall we do?",
		"a report":           "On 2 November 2026 at 10:00 our admin wrote:\n\nno mail comes in\n\nPlease help.",
		"on and on":          "On the one hand it works.\nOn the other hand, from 2026 on:\n- no users\n- no mail",
		"times":              "The times were:\n2026-11-02 10:00\n2026-11-02 11:30\nThat is all.",
		"itinerary":          "We travel as follows.\n\nFrom: Rome\nTo: Oslo\nDate: 2 May 2026\n\nWhich calendar is right?",
		"setting":            "Please forward mails:\nFrom: sales@acme.example\nTo: help@acme.example\nThank you.",
		"hours":              "Support hours\nFrom: 9:00\nTo: 17:00\nPlease confirm.",
		"appointment":        "Interview\n\nDate: Monday 2 November 2026\nTime: 10:00\nAddress: 1 High Street\n\nBring your ID.",
		"pasted header":      "This mail was lost.\n\nMessage-ID: <1@acme.example>\nFrom: anna@acme.example\nTo: bob@acme.example\nSubject: lost\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\nWhere is it?",
		"announced header":   "The header of the mail that was lost:\n\nFrom: anna@acme.example\nTo: bob@acme.example\nDate: Mon, 2 Nov 2026 10:00:00 +0100\nSubject: lost\n\nWhere is it?",
		"answers in the old": "See my answers inline.\n\nFrom: Anna <anna@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: North\nSubject: Calendars\n\nOne?\nYes.\nTwo?\nNo.",
		"greeting only":      "Hello,\n\nFrom: Anna <anna@acme.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: North\nSubject: Calendars\n\nOne?\n\nYes, we do.",
		"table of dashes":    "Service Date\n--------------------\nMail 2 Nov 2026\nDrive 3 Nov 2026\n--------------------\nAll are down.",
		"list":               "We need:\n-- more room\n-- more users\nThanks",
		"sent from a desk":   "Works.\n\nSent from my desk, where it is quiet today.",
		"sent from a place":  "The invoice was\nsent from our office in Oslo to the wrong address, could you send it again?",
		"forwarded":          "FYI\n\n---------- Forwarded message ---------\nFrom: Anna <anna@acme.example>\nDate: Mon, Nov 2, 2026 at 10:00 AM\nSubject: Calendars\nTo: <help@north.example>\n\nPlease look.\n\n-- \nAnna",
		"forwarded pl":       "Proszę zobaczyć.\n\n---------- Wiadomość przekazana ---------\nOd: Anna <anna@acme.example>\nData: 2 lis 2026\nTemat: Kalendarze\n\nDzień dobry",
		"forwarded apple":    "FYI\n\n> Begin forwarded message:\n> \n> From: Anna <anna@acme.example>\n> Subject: Calendars\n> Date: 2 Nov 2026\n> \n> Please look.",
		"forwarded apple 2":  "FYI\n\nBegin forwarded message:\n\n> From: Anna <anna@acme.example>\n> Date: 2 Nov 2026\n> Subject: Calendars\n> \n> Please look.",
		"bounce, pasted":     "Mails come back:\n\n<bob@acme.example>: host mx2.acme.example[192.0.2.8] said:\n    550 5.1.1 no such user\n\nPlease check.",
		"bounce, exim":       "Mails come back:\n\n  host mx2.acme.example [192.0.2.22]\n    SMTP error from remote mail server after MAIL FROM:<anna@acme.example>:\n    550 5.7.1 refused\n\nPlease check.",
		"bounce, gmail":      "Mails come back.\n\n----- Original message -----\n\nX-Received: by 192.0.2.1\nReturn-Path: <anna@acme.example>\nFrom: Anna <anna@acme.example>\nDate: 2 Nov 2026\nSubject: x\n\nPlease check.",
		"header with traces": "Lost:\n\nReceived: from mx.acme.example\n\tby mx2.acme.example;\n\tMon, 2 Nov 2026 10:00:00 +0100\nSubject: x\nFrom: Anna <anna@acme.example>\nTo: bob@acme.example\n\nPlease check.",
		"log":                "The log says\n2026-11-02 10:00:01 H=mx [192.0.2.1] F=<a@acme.example> rejected <b@acme.example>:\nno such user\n\nPlease check.",
		"path":               "It fails in\n> Settings > Users\n> Groups",
		"a mail described":   "Please search this mail\n\nFrom: bob@acme.example\nDate: 2 Nov 2026\n\nIt never came.",
		"a mail described 2": "Please search this mail\n\nFrom: bob@acme.example\nTo: anna@acme.example\nSubject: Invoice\n\nIt never came.",
		"a mail described 3": "Please search this mail\n\nFrom: bob@acme.example\nSent: 2 November 2026\n\nIt never came.",
		"forwarded by Notes": "FYI\n\n---------- Forwarded by Anna Lind/Acme on 11/02/2026 10:00 AM ----------\n\nFrom: Bob <bob@acme.example>\nDate: 2 Nov 2026 10:00\nTo: Anna\nSubject: x\n\nPlease look.",
		"prompt":             "I ran\n>>> import mail\n>>> mail.send()",
		"dialogue":           "The server says\n>>> RCPT TO:<a@acme.example>\n<<< 550 no such user\n>>> QUIT",
		"code":               "Run this:\n\n    cat <<EOF > file\n    From: x\n    EOF\n\nand tell me.",
	} {
		r := Split(text+"\n", nil, nil)
		if r.Text != text {
			t.Errorf("%s: the reply is %q (%s, %.2f), left out %q, signature %q; want the whole text", name, r.Text, r.Reason, r.Confidence, r.Elided, r.Signature)
		}
	}
}

// TestMarker: below our own line stands our own text, whatever the mailer did.
func TestMarker(t *testing.T) {
	for language, marker := range Markers {
		for name, text := range map[string]string{
			"marked":     answer + "\n\nOn 2 Nov 2026, at 10:00, North <help@north.example> wrote:\n\n> ##- " + marker + " -##\n>\n> We look into it.\n",
			"unmarked":   answer + "\n\nOn 2 Nov 2026, North wrote:\n##- " + marker + " -##\n\nWe look into it.\n",
			"no line":    answer + "\n\n##- " + marker + " -##\n\nWe look into it.\n",
			"bare":       answer + "\n" + marker + "\nWe look into it.\n",
			"head":       answer + "\n\nVon: North\nGesendet: Montag, 2. November 2026\nAn: Anna\nBetreff: Kalender\n\n##- " + marker + " -##\n\nWe look into it.\n",
			"bold":       answer + "\n\n*##- " + marker + " -##*\n\nWe look into it.\n",
			"in a page":  answer + "\n##- " + marker + " -## \n\nWe look into it.",
			"with marks": answer + "\n> | ##- " + marker + " -##\n> We look into it.\n",
		} {
			r := Split(text, nil, nil)
			if r.Text != answer || r.Confidence != 1 {
				t.Errorf("%s, %s: the reply is %q (%s, %.2f), want what is above our marker with confidence 1", language, name, r.Text, r.Reason, r.Confidence)
			}
		}
		for _, above := range []string{"Please see my answers inline.", "Hi,"} {
			text := above + "\n\nFrom: North <help@north.example>\nDate: 2 Nov 2026 10:00\n\n##- " + marker + " -##\n\nOne?\nYes."
			if r := Split(text, nil, nil); r.Text != text {
				t.Errorf("%s: the reply is %q (%s), want the whole text below %q", language, r.Text, r.Reason, above)
			}
		}
		between := "On 2 Nov 2026, North wrote:\n> ##- " + marker + " -##\n> One?\n\nYes.\n\n> Two?\n\nNo.\n"
		if r := Split(between, nil, nil); !strings.Contains(r.Text, "Yes.") || !strings.Contains(r.Text, "No.") {
			t.Errorf("%s: the reply is %q, want the answers between the quotes in it", language, r.Text)
		}
		below := "##- " + marker + " -##\n\nWe look into it.\n\nYes, please.\n"
		if r := Split(below, nil, nil); !strings.Contains(r.Text, "Yes, please.") {
			t.Errorf("%s: the reply is %q, want all of a text that begins with our marker", language, r.Text)
		}
	}
}

// TestMarkersOfNotices: what our notices begin with is a marker.
func TestMarkersOfNotices(t *testing.T) {
	files, err := filepath.Glob("../../../templates/texts/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no texts of notices found: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]json.RawMessage
		var line string
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(texts["reply-above"], &line) != nil || !isMarker("##- "+line+" -##") {
			t.Errorf("%s: %q is not known as a marker; put it into Markers", name, line)
		}
	}
}

// TestMarkup: what markup tells goes before what the text looks like.
func TestMarkup(t *testing.T) {
	const quote = "Anna <anna@acme.example>:\nOne?\nTwo?\n"
	span := func(why, text, part string) []page.Span {
		at := strings.Index(text, part)
		return []page.Span{{Start: at, End: at + len(part), Why: why}}
	}
	for _, c := range []struct{ name, why, above, quote, below, reply string }{
		{"gmail", "gmail_quote", "Yes.\n\n", quote, "", "Yes."},
		{"text below", "gmail_quote", "Yes.\n\n", quote, "\nAnd thanks.\n", "Yes.\n\nAnd thanks."},
		{"answer below", "blockquote type=cite", "", quote, "\nYes.\n", "Yes."},
		{"no name in gmail", "gmail_quote", "Yes.\n", "A word of Shakespeare.\n", "", "Yes.\nA word of Shakespeare."},
		{"weak at the end", page.Blockquote, "Yes.\n", "One?\n", "", "Yes."},
		{"weak in the middle", page.Blockquote, "Do this:\n", "step one\n", "Thanks\n", "Do this:\nstep one\nThanks"},
		{"weak with a name", page.Blockquote, "Yes.\n", quote, "", "Yes."},
		{"weak addresses", page.Blockquote, "Delete these two\n", "bob@acme.example\neva@acme.example\n", "Best, Anna\n", "Delete these two\nbob@acme.example\neva@acme.example\nBest, Anna"},
		{"weak below a colon", page.Blockquote, "It says:\n", "No entry: code 5\n", "", "It says:\nNo entry: code 5"},
		{"weak below a request", page.Blockquote, "Please lock out\n", "Bob Ek\n", "", "Please lock out\nBob Ek"},
		{"weak below a sentence", page.Blockquote, "We did what the manual says:\n", "Step 1:\nWait\n", "No success.\n", "We did what the manual says:\nStep 1:\nWait\nNo success."},
		{"weak with a line", page.Blockquote, "Yes.\n", "On 2 Nov 2026, Anna <anna@acme.example> wrote:\nOne?\n", "And thanks.\n", "Yes.\n\nAnd thanks."},
		{"announced", "outlook border-top", "My answers are in red below.\nAnna\n", quote + "Yes.\n", "", "My answers are in red below.\nAnna\n" + quote + "Yes."},
		{"greeting", "yahoo_quoted", "Hello,\n", quote + "Yes.\n", "", "Hello,\n" + quote + "Yes."},
		{"line above it", page.Blockquote, "Yes.\n\nOn 2 Nov 2026, Anna wrote:\n", "One?\n", "And thanks.\n", "Yes.\n\nAnd thanks."},
		{"forward", "gmail forward", "FYI\n\n", quote, "", "FYI\n\n" + strings.TrimSpace(quote)},
		{"all of it", "gmail_quote", "", quote, "", strings.TrimSpace(quote)},
		{"begins in a line", "gmail_quote", "Yes. ", quote, "", "Yes."},
	} {
		text := c.above + c.quote + c.below
		r := Split(text, span(c.why, text, c.quote), nil)
		if r.Text != c.reply {
			t.Errorf("%s: the reply is %q (%s, %.2f), want %q", c.name, r.Text, r.Reason, r.Confidence, c.reply)
		}
	}
	text := "Yes.\nAnna\nAcme\n"
	r := Split(text, nil, span("gmail_signature", text, "Anna\nAcme\n"))
	if r.Text != "Yes." || r.Signature != "Anna\nAcme" {
		t.Errorf("signature by markup: reply %q, signature %q; want them apart", r.Text, r.Signature)
	}
	if r := Split(text, nil, span("gmail_signature", text, text)); r.Text != strings.TrimSpace(text) {
		t.Errorf("all in the signature: reply %q, want all of it, people write there", r.Text)
	}
	text = "Yes.\nAnna\nAcme Ltd.\nBob has no access since this morning.\n"
	r = Split(text, nil, span("gmail_signature", text, "Anna\nAcme Ltd.\nBob has no access since this morning.\n"))
	if r.Text != "Yes.\n\nBob has no access since this morning." || r.Signature != "Anna\nAcme Ltd." {
		t.Errorf("sentence in a signature: reply %q, signature %q; want the sentence in the reply", r.Text, r.Signature)
	}
}

// TestDevices: the line of a phone or a program in the languages of our users.
func TestDevices(t *testing.T) {
	for _, s := range []string{
		"Sent from my iPhone", "Sent from my Galaxy S26", "Sent from Outlook for Android", "Get Outlook for iOS<https://aka.ms/o0ukef>", "Sent from Mail for Windows",
		"Sent from my Verizon, Samsung Galaxy smartphone", "Sent from Yahoo Mail for iPhone", "Sent from Proton Mail for Android.", "Sent with Proton Mail secure email.", "Virus-free. www.avast.com",
		"Wysłane z iPhone'a", "Wysłano z telefonu Samsung", "Pobierz aplikację Outlook dla systemu Android", "從我的 iPhone 傳送", "從我的 iPad 寄出", "Skickat från min iPhone", "Hämta Outlook för iOS",
		"Inviato da iPhone", "Inviato dal mio dispositivo Samsung", "Scarica Outlook per Android", "Dikirim dari iPhone saya", "Dapatkan Outlook untuk Android", "Von meinem iPhone gesendet", "Gesendet von Outlook für Android<https://aka.ms/x>",
		"Envoyé de mon iPhone", "Enviado desde mi iPhone", "Enviado do meu iPhone", "Verstuurd vanaf mijn iPhone", "Sendt fra min iPhone", "Lähetetty iPhonesta", "Odesláno z iPhonu", "Отправлено с iPhone", "iPhoneから送信", "나의 iPhone에서 보냄", "iPhone'umdan gönderildi", "发自我的 iPhone",
		"Sent from my Wiko VIEW 2", "Sent from my phone", "This email has been checked for viruses by Avast antivirus software.", "Sent from Quickmail<https://quickmail.example>", "Sent from my iPhone, please excuse any typos", "從我的手機傳送", "Wysłane z mojego telefonu Huawei", "Envoyé depuis mon Xiaomi Redmi Note 9", "Gesendet mit der GMX Mail App",
	} {
		if !isDevice(s) {
			t.Errorf("%q: not taken for a mailer's line", s)
		}
	}
	for _, s := range []string{
		"Sent from my desk, where it is quiet.", "Sent by courier yesterday", "Get well soon", "從昨天開始就不行", "Download the file", "Was it sent from my iPhone?", "We sent from my iPhone", "",
		"從我的電腦無法開啟", "從我的手機也不能登入", "sent from a wrong mailbox", "sent from my iPhone", "inviato da un collega", "Wysłano z konta Ewy", "Enviado desde la oficina", "Skickat från vår gamla server", "Virus-free and still slow",
		"Sent from my desk phone is no option", "Den Brief habe ich mit Outlook gesendet", "Get Outlook running for Bob", "Download Outlook fails", "Pobierz Outlook",
	} {
		if isDevice(s) {
			t.Errorf("%q: taken for a mailer's line; somebody wrote it", s)
		}
	}
}

// TestLeadsUp: what a line of the sender's leads up to is shown to us, whoever
// wrote it and however it is set off.
func TestLeadsUp(t *testing.T) {
	for _, below := range []string{
		"-----Original Message-----\nFrom: Cy <cy@vendor.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: Ida\nSubject: Licence\n\nIt ran out.\n",
		"On Mon, Nov 2, 2026 at 10:00 AM Cy <cy@vendor.example> wrote:\n> It ran out.\n",
		"-----Wiadomość oryginalna-----\nOd: Cy <cy@vendor.example>\nWysłano: 2 listopada 2026 10:00\nDo: Ida\nTemat: Licencja\n\nWygasła.\n",
	} {
		for _, lead := range []string{"This is what the vendor says to it:", "Please look at the mail below from the vendor."} {
			text := lead + "\n\n" + below
			if r := Split(text, nil, nil); r.Elided != "" || !strings.HasSuffix(strings.TrimSpace(text), r.Text[len(r.Text)-10:]) {
				t.Errorf("of %q %q is left out (%s), want nothing", text, r.Elided, r.Reason)
			}
		}
	}
}
