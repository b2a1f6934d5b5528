package page

import (
	"strings"
	"testing"
)

// marked writes a page's text with its spans: ⟦why: words⟧ for quotes, ⟪why: words⟫ for signatures.
func marked(p Page) string {
	var b strings.Builder
	q, s := p.Quotes, p.Signatures
	for i := 0; i <= len(p.Text); i++ {
		if len(q) > 0 && i == q[0].End {
			b.WriteString("⟧")
			q = q[1:]
		}
		if len(s) > 0 && i == s[0].End {
			b.WriteString("⟫")
			s = s[1:]
		}
		if len(q) > 0 && i == q[0].Start {
			b.WriteString("⟦" + q[0].Why + ": ")
		}
		if len(s) > 0 && i == s[0].Start {
			b.WriteString("⟪" + s[0].Why + ": ")
		}
		if i < len(p.Text) {
			b.WriteByte(p.Text[i])
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestQuotes(t *testing.T) {
	const head = `<b>From:</b> Bo &lt;bo@x.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> hi`
	const read = `From: Bo <bo@x.example> Sent: Monday To: Ann Subject: hi`
	tests := []struct{ name, in, want string }{
		{"Gmail", `<div dir="ltr">yes</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Monday Bo wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">old<blockquote class="gmail_quote" style="border-left:1px solid">older</blockquote>old</blockquote></div>`,
			"yes ⟦gmail_quote: On Monday Bo wrote: old older old⟧"},
		{"Gmail, answers within and below", `<div class=gmail_quote><div class=gmail_attr>Bo wrote:</div><blockquote class=gmail_quote style="border-left:1px solid">one</blockquote><div>first</div><blockquote class=gmail_quote style="border-left:1px solid">two</blockquote><div>second</div></div>`,
			"⟦gmail_quote: Bo wrote: one⟧ first ⟦gmail_quote: two⟧ second"},
		{"Gmail, old", `yes<div class=gmail_extra><br><div class=gmail_quote>Bo wrote:<br><blockquote class=gmail_quote style="border-left:1px #ccc solid">old</blockquote></div><br>-- <br><div class=gmail_signature>Ann</div></div>`,
			"yes ⟦gmail_quote: Bo wrote: old⟧ -- ⟪gmail_signature: Ann⟫"},
		{"Gmail, forward", `see<div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Bo</div>hello<blockquote class=gmail_quote>old</blockquote>bye</div>`,
			"see ⟦gmail forward: ---------- Forwarded message --------- From: Bo hello old bye⟧"},
		{"Gmail, indented", `a<blockquote class="gmail_quote" style="margin:0 0 0 40px;border:none;padding:0px">b</blockquote>`, "a b"},
		{"Gmail, quoted by others", `a<div class="x_gmail_quote">b</div>`, "a ⟦gmail_quote: b⟧"},
		{"Outlook on the web", `<div>yes</div><div id="Signature"><p>Ann</p></div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">` + head + `</div><div>old</div>`,
			"yes ⟪signature: Ann⟫ ⟦appendonsend: " + read + " old⟧"},
		{"Outlook on the web, no line", `yes<div id="x_divRplyFwdMsg">` + head + `</div><div>old</div>`, "yes ⟦divRplyFwdMsg: " + read + " old⟧"},
		{"Outlook", `<div class=WordSection1><p class=MsoNormal>yes</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>` + head + `</p></div></div><p class=MsoNormal>old</p></div>`,
			"yes ⟦outlook border-top: " + read + " old⟧"},
		{"Outlook, not English", `tak<div style='border:none;border-top:solid #B5C4DF 1.0pt'><p><b><span>Od:</span></b><span> Bo<br><b>Wysłano:</b> dziś<br><b>Do:</b> Ann</span></p></div>stare`,
			"tak ⟦outlook border-top: Od: Bo Wysłano: dziś Do: Ann stare⟧"},
		{"Outlook, answers within", `see below<div style='border:none;border-left:solid blue 1.5pt;padding:0cm 0cm 0cm 4.0pt'><div><div style='border:none;border-top:solid #E1E1E1 1.0pt'>` + head + `</div></div>old</div><p>new</p>`,
			"see below ⟦outlook border-left: " + read + " old⟧ new"},
		{"a line drawn by a person", `<div style="border-top:1px solid">Note: the office moves</div>a`, "Note: the office moves a"},
		{"Outlook for phones", `yes<div id="ms-outlook-mobile-signature">Sent from my phone</div><div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message skipProofing">` + head + `</div>old</div>`,
			"yes ⟪ms-outlook-mobile-signature: Sent from my phone⟫ ⟦mail-editor-reference-message-container: " + read + " old⟧"},
		{"Outlook for phones, bare", `yes<div class="ms-outlook-mobile-reference-message">` + head + `</div>old`, "yes ⟦ms-outlook-mobile-reference-message: " + read + " old⟧"},
		{"Outlook for Mac", `<div>yes</div><span id="OLK_SRC_BODY_SECTION">` + head + `<p>old</p></span>`, "yes ⟦OLK_SRC_BODY_SECTION: " + read + " old⟧"},
		{"Hotmail", `yes<hr id="stopSpelling">Date: Monday<br>old`, "yes ⟦stopSpelling: Date: Monday old⟧"},
		{"a line and a head", `yes<hr>` + head + `<p>old`, "yes ⟦hr: " + read + " old⟧"},
		{"a line and a way to travel", `I want to go<hr>From: Malmö<br>To: Turin<br>Date: Monday`, "I want to go From: Malmö To: Turin Date: Monday"},
		{"a line and words", `a<hr>b<br>From: Bo<br>Subject: x`, "a b From: Bo Subject: x"},
		{"Thunderbird", `yes<div class="moz-cite-prefix">Bo wrote:</div><blockquote type="cite" cite="mid:1@x.example">one</blockquote>first<blockquote type="cite">two</blockquote><pre class="moz-signature" cols="72">-- 
Ann</pre>`, "yes ⟦moz-cite-prefix: Bo wrote: one⟧ first ⟦blockquote type=cite: two⟧ ⟪moz-signature: -- Ann⟫"},
		{"Thunderbird, forward", `see<div class="moz-forward-container">-------- Forwarded Message --------<blockquote type=cite>x</blockquote></div>`, "see ⟦moz forward: -------- Forwarded Message -------- x⟧"},
		{"Apple", `yes<br><div><blockquote type="cite"><div>On Monday, Bo wrote:</div><div>old</div></blockquote></div>new`, "yes ⟦blockquote type=cite: On Monday, Bo wrote: old⟧ new"},
		{"Yahoo", `yes<div id="ydp12ab34cdyahoo_quoted_77" class="ydp12ab34cdyahoo_quoted"><div>Bo wrote:</div><blockquote>old</blockquote>old</div>`, "yes ⟦yahoo_quoted: Bo wrote: old old⟧"},
		{"AOL", `yes<div id="AOLMsgPart_2_ab">old</div>`, "yes ⟦AOLMsgPart: old⟧"},
		{"Proton", `yes<div class="protonmail_signature_block">Ann</div><div class="protonmail_quote">Bo wrote:<br><blockquote class="protonmail_quote" type="cite">old</blockquote>new</div>`,
			"yes ⟪protonmail_signature_block: Ann⟫ ⟦protonmail_quote: Bo wrote: old⟧ new"},
		{"Zoho", `yes<div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- Bo wrote ----</div><blockquote id="blockquote_zmail">old</blockquote></div>`, "yes ⟦zmail_extra: ---- Bo wrote ---- old⟧"},
		{"mail.ru", `yes<blockquote style="border-left:1px solid #0857A6; margin:10px">old</blockquote>`, "yes ⟦blockquote border-left: old⟧"},
		{"Outlook Express", `yes<BLOCKQUOTE style="PADDING-LEFT: 5px; MARGIN-LEFT: 5px; BORDER-LEFT: #000000 2px solid; MARGIN-RIGHT: 0px">old</BLOCKQUOTE>`, "yes ⟦blockquote border-left: old⟧"},
		{"Outlook Express, in capitals", `yes<DIV style="BORDER-TOP: #b5c4df 1pt solid">` + head + `</DIV>old`, "yes ⟦outlook border-top: " + read + " old⟧"},
		{"Fastmail", `yes<blockquote type="cite" id="qt">old</blockquote>`, "yes ⟦id=qt: old⟧"},
		{"GMX", `yes<div name="quote" style="padding:10px"><b>Von:</b> Bo<div name="quoted-content">old</div></div>`, "yes ⟦name=quote: Von: Bo old⟧"},
		{"Zimbra", `yes<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">From: Bo</div><div data-marker="__QUOTED_TEXT__">old</div>`, "yes ⟦zwchr: From: Bo old⟧"},
		{"Roundcube", `<p id="reply-intro">On Monday Bo wrote:</p><blockquote type="cite">old</blockquote><div>yes</div>`, "⟦reply-intro: On Monday Bo wrote: old⟧ yes"},
		{"Spark", `<div name="messageBodySection">yes</div><div name="messageSignatureSection">Ann</div><div name="messageReplySection">Bo wrote:<blockquote type="cite">old</blockquote></div>`,
			"yes ⟪messageSignatureSection: Ann⟫ ⟦messageReplySection: Bo wrote: old⟧"},
		{"no mark", "a<blockquote>b</blockquote>c", "a ⟦blockquote: b⟧ c"},
		{"a quote in a quotation", "a<blockquote>b<blockquote type=cite>c</blockquote>d</blockquote>e", "a ⟦blockquote: b⟧ ⟦blockquote type=cite: c⟧ ⟦blockquote: d⟧ e"},
		{"two quotes", "<blockquote>b</blockquote><blockquote>c</blockquote>", "⟦blockquote: b⟧ ⟦blockquote: c⟧"},
		{"a quote without an end", "a<div><blockquote type=cite>b</div>c", "a ⟦blockquote type=cite: b⟧ c"},
		{"a quote in columns", "<table><tr><td>a<td><blockquote type=cite>b</blockquote><td>c</table>", "a | ⟦blockquote type=cite: b⟧ | c"},
		{"a signature in a quote", `<blockquote type=cite>b<div class=gmail_signature>Bo</div></blockquote>`, "⟦blockquote type=cite: b Bo⟧"},
		{"nothing in a quote", `a<div class=gmail_quote><br></div>b`, "a b"},
	}
	for _, tt := range tests {
		p := Read(tt.in)
		if got := marked(p); got != tt.want {
			t.Errorf("%s: reads\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}
