package reply

import (
	"fmt"
	"strings"
	"testing"
)

// outlookHead is what Outlook writes above a mail that is answered.
const outlookHead = "From: North Support <help@north.example>\nSent: Monday, November 2, 2026 10:00 AM\nTo: Anna <anna@acme.example>\nSubject: Calendars\n\n"

// TestAnnounced: who says that the answers are in the quote is believed (mail-traps
// D: no word of a customer is lost).
func TestAnnounced(t *testing.T) {
	for _, above := range []string{
		"Hello,", "Please see my answers in red below.\nAnna", "See my replies inline.", "I marked my comments with [Anna].", "Our remarks follow, answers are in CAPS\nbelow each of your questions.",
		"Odpowiedzi pod pytaniami.", "Odpowiadam poniżej na niebiesko.", "Svaren står nedanför.", "Jag svarar under varje fråga.", "Ho risposto sotto ogni domanda.", "Le risposte sono in verde.",
		"Jawaban kami ada di bawah setiap pertanyaan.", "我的回覆寫在下面。", "回答以紅色標示，寫在題目之後。", "Meine Antworten stehen hinter den Fragen in grün.", "Mes réponses sont ci-dessous.",
		"Respuestas en azul.", "As respostas estão abaixo.", "Antwoorden staan hieronder in rood.", "下記に回答いたします。",
		strings.Repeat("We looked at all of it with Bob. ", 20) + "\nOur answers are in red.",
	} {
		text := above + "\n\n" + outlookHead + "1. Which users?\nAll in Oslo"
		if r := Split(text, nil, nil); r.Text != text {
			t.Errorf("%q: the reply is %q (%s, %.2f), want the whole text", above, r.Text, r.Reason, r.Confidence)
		}
	}
	for _, above := range []string{"All in Oslo.", "Thanks for your answer.", "Your reply helped us, it works.", "Danke für die Antwort.", "Tack för svaret!", "謝謝您的回覆", "Grazie della risposta."} {
		if r := Split(above+"\n\n"+outlookHead+"1. Which users?\n", nil, nil); r.Text != above {
			t.Errorf("%q: the reply is %q (%s), want it alone", above, r.Text, r.Reason)
		}
	}
}

// TestShown: what the sender quotes to show it is the sender's, as is a sentence
// that looks like the line above a quote.
func TestShown(t *testing.T) {
	const line = "On Mon, Nov 2, 2026 at 10:00 AM North <help@north.example> wrote:\n"
	for name, text := range map[string]string{
		// A name, an address or a date stands in an attribution, no sentence.
		"the log says":    "Hi,\n\nBob had a look. The log says:\n> queue is full\n> giving up\n\nWhat is that?",
		"the server said": "Still broken. The server said:\n> 550 no such user",
		"a manual":        "您好\n手冊第五章提到：\n> 請先登出\n> 再登入\n\n沒有用",
		"a command":       "On 2 Nov 2026 at 10:00 mx1 got RCPT TO:<bob@acme.example> and wrote:\n> 550 no such user\n> 5.1.1\n\nWhy?",
		"a long book":     "我們公司的資訊安全管理手冊第五章第二節的附錄裡面寫道：\n> 請先登出\n> 再登入\n\n沒有用",
		"a customer":      "Customer wrote:\n> no mail\n> at all\n\nWhat now?",
		"a long line":     "Anna <anna@acme.example> " + strings.Repeat("and so on ", 50) + "wrote:\n> no mail\n> at all\n\nWhat now?",
		"a refusal":       "It is in the log\n\n2026-11-02 10:00:01 refused RCPT TO:<eva@acme.example>:\nno such user\n\nWho is that?",
		// Marked lines without a name, announced.
		"error":     "We get this error:\n\n> build 1.0\n> tsc -p .\n> cannot find it",
		"log":       "The log of the night is short.\n\n> 01:00 start\n> 01:01 stop\n> 01:02 start",
		"prints":    "The job prints this.\n> one\n> two\n> three",
		"this":      "The job gave me this.\n> one\n> two\n> three",
		"limits":    "Please set the limits\n\n> quota 5\n> users 2\n> lists 1",
		"following": "Acme told us the following.\n\n> No.\n> Never.\n> Sorry.",
		// Reports without marks.
		"our user":       "A strange thing.\n\nOn 2 November 2026 at 10:00 our user eva@acme.example wrote:\n\nNothing comes in.\n\nCould you look at it?",
		"no name":        "A strange thing.\n\nOn 2 November 2026 at 10:00 eva@acme.example wrote:\n\nNothing comes in.\n\nCould you look at it?",
		"ein Kunde":      "Bitte prüfen.\n\nAm 3.11.2026 um 9:00 hat eva@acme.example geschrieben:\n\nIch sehe nichts.\n\nWir brauchen das bis morgen.",
		"ein Kollege":    "Kurze Frage.\n\nAm 3.11.2026, 9 Uhr, schrieb Kollege Jan aus Oslo:\n\nEs druckt nicht.\n\nWer hilft?",
		"minutes":        "Status.\n\n2026-11-02 10:00 phoned eva@acme.example, she said:\n\nno access\n\nPlease go on from here.",
		"log of a relay": "Mail comes back, from the log\n\nNov  2 10:00:01 mx smtp[1]: to=<eva@acme.example>, status=bounced, host mx.acme.example said:\n 550 5.7.1 no\n\nIs it yours?",
		"pasted head":    "Hello, the following mail got lost.\n\nFrom: eva@acme.example\nSent: Monday, November 2, 2026 10:00 AM\nTo: jan@acme.example\nSubject: x\n\nIt is urgent.",
		"pasted, asking": "Eva sent a mail that got lost.\n\nFrom: eva@acme.example\nSent: Monday, November 2, 2026 10:00 AM\nTo: jan@acme.example\nSubject: x\n\nWould you look for it, please?",
		"pasted mail":    "Eva has got this:\n\n--- Original Message ---\nYour room is full\n--- End ---\n\nWhy?",
		"pasted mail de": "Eva bekam folgende Mail.\n\n-----Ursprüngliche Nachricht-----\nIhr Postfach ist voll.\n\nWarum?",
		// Answers among the lines of a quote.
		"a smile":          "Hi,\n" + line + "> Is the second mailbox (the one that was moved in October, not the first) of\nyes, it is :)\n> any use?",
		"in small letters": line + "> Please tell us whether the mailbox was moved and which users are concerned\nall of them in oslo\n> and since when\nsince monday",
		"long line":        "Yes.\n\n" + line + "> This is a line that was longer than what the mailer of the sender likes to\nsend in one line.\n> One?",
		"bars":             "Hi\n\n" + line + "\n| One?\n\nYes.\n\n| Two?\n\nNo.",
		"initials":         "Hi\n\n" + line + "\nNS> One?\n\nYes.\n\nNS> Two?\n\nNo.",
		"wide marks":       "Hi\n\n" + line + "\n＞One?\n\nYes.\n\n＞Two?\n\nNo.",
		// Dashes.
		"two questions":   "One: why is it full?\n--\nTwo: is there more room?",
		"two statements":  "The first one works.\n--\nThe second one does not work today.",
		"a program":       "Run this\n\nBEGIN\n--\nDELETE FROM a WHERE b = 1;",
		"a request":       "It works.\n--------------------\nPlease unsubscribe eva@acme.example from these notices.",
		"a list of asks":  "1. yes\n2. no\n__________\n3. How do we unsubscribe Eva?\n4. Who pays?",
		"asked of a list": "Yes.\n______\nThe users mailing list\nIs it still read?",
		"many lines":      "Yes.\n--\n1\n2\n3\n4\n5\n6\n7",
		"a wide card":     "Yes.\n--\nmore" + strings.Repeat(" room", 20),
		"a large block":   "Yes.\n-- \n" + strings.TrimSpace(strings.Repeat("0123456789 ", 400)),
		"a long block":    "Yes.\n-- \n" + strings.TrimSpace(strings.Repeat("1\n", 41)),
		"far from a rule": "Yes.\n_____\na mailing list" + strings.Repeat("\n1", 9),
		// More quotes than are taken apart.
		"many quotes": strings.Repeat("> One?\n\nYes.\n\n", maxRegions+1) + "> From: Eva <eva@acme.example>\n> Date: 2 Nov 2026 10:00\n> Bye",
	} {
		if r := Split(text+"\n", nil, nil); r.Text != text {
			t.Errorf("%s: the reply is %q (%s, %.2f), left out %q, signature %q; want the whole text", name, r.Text, r.Reason, r.Confidence, r.Elided, r.Signature)
		}
	}
}

// TestWrapped: only what cannot begin an attribution belongs to the line below it.
func TestWrapped(t *testing.T) {
	for above, line := range map[string]string{
		"帳號可以用了\n請檢查密碼": "North客服寫道：", "解決しました": "山田さんは書きました：", "Yes": "Anna Lind <anna@acme.example> wrote:", "OK": "Anna\n<anna@acme.example>\nwrote:",
	} {
		r := Split(fmt.Sprintf("%s\n%s\n> One?\n> Two?\n", above, line), nil, nil)
		if r.Text != above || !strings.HasPrefix(r.Elided, line) {
			t.Errorf("%q: the reply is %q, left out is %q; want the lines above it kept", line, r.Text, r.Elided)
		}
	}
}
