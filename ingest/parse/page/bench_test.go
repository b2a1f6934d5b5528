package page

import (
	"fmt"
	"strings"
	"testing"
)

// outlookPage is a reply as Outlook writes it, of about size octets.
func outlookPage(size int) string {
	var b strings.Builder
	b.WriteString(`<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><style><!--
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif;}
a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
span.EmailStyle17 {mso-style-type:personal-compose; font-family:"Calibri",sans-serif; color:windowtext;}
--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head><body lang=EN-GB link="#0563C1" vlink="#954F72"><div class=WordSection1>`)
	const paragraph = `<p class=MsoNormal><span lang=EN-GB style='font-size:11.0pt;font-family:"Calibri",sans-serif;color:#1F497D;mso-fareast-language:EN-US'>The pump at the second site stopped again this morning, see <a href="https://pumps.example/site/2">the log</a>.<o:p></o:p></span></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
`
	for b.Len() < size-700 {
		b.WriteString(paragraph)
	}
	b.WriteString(`<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b><span lang=EN-US>From:</span></b><span lang=EN-US> Bo Ek &lt;bo@x.example&gt; <br><b>Sent:</b> Monday, 2 November 2026 10:00<br><b>To:</b> Ann &lt;ann@y.example&gt;<br><b>Subject:</b> Pump<o:p></o:p></span></p></div></div>` + paragraph + `</div></body></html>`)
	return b.String()
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10} {
		page := outlookPage(size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				Read(page)
			}
		})
	}
}

func BenchmarkSanitize(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10} {
		page := outlookPage(size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				Sanitize(page)
			}
		})
	}
}

// hostile are pages that grow where a reader may take more than linear time.
func hostile(size int) map[string]string {
	many := func(s string) string { return strings.Repeat(s, size/len(s)) }
	pages := map[string]string{}
	for _, s := range []string{
		"<div>", "<table><tr><td>", "<a href=https://x.example/>", "<a href=https://x.example/>a", "<blockquote>a",
		"<b><i>a</b></i>", "<b><div></b>", "</div>", "<p>a", "<ul><li>a", "<ol><li>a", "<li>a", "<tr><td>a<td>b", "&amp;", "&nbsp;", "&zwnj;",
		"<div hidden>a", "<div style=display:none>a</div>", "<div class=gmail_quote><blockquote type=cite>a", "<hr>From: a", "<pre> \n", "<br>",
		"<table><tr><td>a<td><table><tr><td>b<td>c</table></table>", "<style>.a{display:none}</style><p class=a>", "<!--", "<![if x]>",
		"<font color=red>a<p>", "<x1><x2></x1>", "<th>a<td>b", "<span style='mso-list:Ignore'>o</span>", "<svg><b>", "<q>",
	} {
		pages[s] = many(s)
	}
	pages["attributes"] = "<div " + many("a ") + ">x"
	pages["attributes kept"] = "<div " + many("style=color:red ") + ">x"
	pages["classes"] = "<div class='" + many("a ") + "'>x"
	pages["style"] = "<div style='" + many("color:red;") + "'>x"
	pages["style, one value"] = "<div style='color:" + many("a ") + "'>x"
	pages["link"] = "<a href='https://x.example/" + many("a") + "'>x</a>"
	pages["sheet"] = "<style>" + many(".a,.b{display:none}") + "</style>x"
	pages["sheet, open"] = "<style>" + many("@media{") + "</style>x"
	pages["sheet, selectors"] = "<style>" + many(".a,") + "{display:none}</style>x"
	pages["deep, then ends"] = strings.Repeat("<div>", 300) + many("</b></i>")
	pages["picture"] = "<img src='data:image/png;base64," + many("A") + "'>"
	return pages
}

func BenchmarkReadHostile(b *testing.B)     { benchmarkHostile(b, func(s string) { Read(s) }) }
func BenchmarkSanitizeHostile(b *testing.B) { benchmarkHostile(b, func(s string) { Sanitize(s) }) }

func benchmarkHostile(b *testing.B, f func(string)) {
	for _, size := range []int{64 << 10, 256 << 10, 1 << 20} {
		for name, page := range hostile(size) {
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, "/", "∕"), size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(page)))
				for b.Loop() {
					f(page)
				}
			})
		}
	}
}

// TestLinear reads hostile pages. None may need a search of the page for each of
// its elements: the test would not end in minutes, while one pass is milliseconds.
func TestLinear(t *testing.T) {
	for name, page := range hostile(64 << 10) {
		p := Read(page)
		if len(p.Text) > 8*len(page) {
			t.Errorf("%s: a page of %d octets reads %d octets", name, len(page), len(p.Text))
		}
	}
}
