package page

import (
	"strings"
	"testing"
)

func textOf(in string) string { return Read(in).Text }

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"paragraphs", "<p>a</p><p>b</p>", "a\n\nb\n"},
		{"line ends", "a<br>b<br/><br>c", "a\nb\n\nc\n"},
		{"the last line end of a block is none", "<div>a<br></div><div>b</div>", "a\nb\n"},
		{"an empty line of Gmail", "<div>a</div><div><br></div><div>b</div>", "a\n\nb\n"},
		{"lines of Outlook", `<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p><p class=MsoNormal>c</p>`, "a\n\nb\nc\n"},
		{"paragraphs without a margin", `<p style="margin:0 0 0 0">a</p><p style="margin-top: 0px">b</p><p style="margin-left:0">c`, "a\nb\n\nc\n"},
		{"headings", "<h1>a</h1>b<h2>c</h2>d", "a\n\nb\n\nc\n\nd\n"},
		{"white space", "  a\n <b> b</b>c ", "a bc\n"},
		{"spaces that count", "a&nbsp;&nbsp;b &nbsp;c&nbsp;<br>&nbsp; d", "a  b c\n d\n"},
		{"a line of a space", "<div>a</div><div>&nbsp;</div><div>&nbsp;</div><div>b</div>", "a\n\nb\n"},
		{"lists", "<ul><li>a<li>b</ul>c", "- a\n- b\n\nc\n"},
		{"numbered lists", "<ol start=3><li>a<li value=7>b<li><p>c</p></ol>", "3. a\n7. b\n\n8. c\n"},
		{"lists in lists", "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>", "- a\n  1. b\n  2. c\n- d\n"},
		{"lists of Word", `<p class=MsoListParagraph><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span><![endif]>a</p>`, "- a\n"},
		{"columns", "<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>", "a | b\nc | d\n"},
		{"columns in paragraphs", "<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a | b\n"},
		{"columns without rows", "<table><td>a<td>b</table>", "a | b\n"},
		{"empty columns of data", "<table border=1><tr><td>a<td><td>c</table>", "a | | c\n"},
		{"empty columns for looks", "<table><tr><td>&nbsp;<td>a<td> <td>c<td></table>", "a | c\n"},
		{"headed columns", "<table><tr><th>a<th>b<tr><td>c<td>d<br>e</table>f", "a | b\nc | d\ne\n\nf\n"},
		{"names of fields", "<table><tr><td>From: <td>Bo<tr><td>To：<td>Ann<br>Ida</table>", "From: Bo\nTo： Ann\nIda\n"},
		{"a table for looks", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb\n"},
		{"lines in cells", "<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc\n"},
		{"tables in tables", "<table><tr><td>x</td><td><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table></td></tr></table>", "x\na | b\nc\n"},
		{"much text in cells", "<table><tr><td>" + strings.Repeat("a ", 80) + "</td><td>b</td></tr></table>", strings.Repeat("a ", 79) + "a\nb\n"},
		{"words between cells", "<table><tr><td>a</td>b<td>c</td></tr></table>", "a b | c\n"},
		{"lines of spans", `<span style="display:block">a</span><span style="display:block">b</span><a style="display:block">c</a>d`, "a\nb\nc\nd\n"},
		{"cells of spans", `<div style="display:table-row"><span style="display:table-cell">a</span><span style="display:table-cell">b</span></div>`, "a\nb\n"},
		{"forms that were filled in", `<p>Name: <input value="Ann B"><input type=hidden value=x><input type=Password value=x><input type=checkbox value=x></p><input style="display:none" value=x>`, "Name: Ann B\n"},
		{"parts of forms", "<fieldset><legend>a</legend>b<select><option>c<option>d</select></fieldset>", "a\nb\nc\nd\n"},
		{"pre", "<pre>\na\r\n  b</pre>c", "a\n  b\nc\n"},
		{"pre by style", `<div style="white-space: pre-wrap">a
  b</div>`, "a\n  b\n"},
		{"sheets, scripts, titles", "<head><title>t</title><style>p{}</style></head><body><script>if (a<b) {}</script>a", "a\n"},
		{"a head without an end", "<head><meta a=b><p>a", "a\n"},
		{"a sheet without an end", "<style>never ends", ""},
		{"entities", "a &lt;b&gt; &amp;&nbsp;&#380;", "a <b> & ż\n"},
		{"comments", "<!-- hidden -->a<!--[if mso]><p>b</p><![endif]--><!--[if !mso]><!-->c<!--<![endif]-->", "ac\n"},
		{"no tag", "a<", "a<\n"},
		{"NUL and controls", "&#0;a\x00\x01b&#7;", "\ufffdab\n"},
		{"padding", "a&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8203;<p>b", "a\n\nb\n"},
		{"joiners", "می\u200cخواهم 👩\u200d💻 soft\u00adhyphen", "می\u200cخواهم 👩\u200d💻 softhyphen\n"},
		{"quotation marks", "<q>a</q>", "\"a\"\n"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := textOf(tt.in); got != tt.want {
			t.Errorf("%s: %q reads %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestLinksAndPictures(t *testing.T) {
	tests := []struct{ in, want string }{
		{`see <a href="https://x.example/a">the page</a>, or not`, "see the page <https://x.example/a>, or not\n"},
		{`<a href="https://x.example/">x.example</a> <a href="javascript:alert(1)">no</a> <a href="#top">up</a>`, "x.example no up\n"},
		{`<a href="https://a.example">one<a href="https://b.example">two</a><a href="https://c.example"></a>`, "one <https://a.example>two <https://b.example>\n"},
		{`<a href="mailto:a@x.example">Ann</a> <a href="tel:1">1</a>`, "Ann 1\n"},
		{`<a href="https://x.example"><div>a</div></a>b`, "a <https://x.example>\nb\n"},
		{`<img alt="Invoice 4 is due" src=x> <img alt=image001.png> <img alt=Logo> <img alt=a width=1> <img>`, "[Invoice 4 is due]\n"},
		{`ok <img alt="🙂" src="cid:1">`, "ok 🙂\n"},
		{"<a href=\"https://x.example/a b\n.pdf\">file</a>", "file <https://x.example/a%20b.pdf>\n"},
		{`<a href="https://x.example/pay"><img alt="Pay now"></a>`, "[Pay now] <https://x.example/pay>\n"},
	}
	for _, tt := range tests {
		if got := textOf(tt.in); got != tt.want {
			t.Errorf("%q reads %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestHidden hides a command in all the ways pages hide things (F9). What comes
// after must be read.
func TestHidden(t *testing.T) {
	tests := []string{
		`<div style="display:none">#close</div>`,
		`<div style="DISPLAY : NONE !important">#close</div>`,
		`<div style="display:/**/none">#close</div>`,
		`<div style="color:red;display:none;"><p style="display:block">#close</p></div>`,
		`<div style="display:none!important;display:block">#close</div>`,
		`<span style="visibility:hidden">#close</span>`,
		`<span style="visibility:collapse"><b>#close</b></span>`,
		`<div style="font-size:0">#close</div>`,
		`<div style="font-size:0px"><span style="font-size:2em">#close</span></div>`,
		`<div style="font:0/0 a">#close</div>`,
		`<div style="font-size:1px;color:#fff">#close</div>`,
		`<div style="max-height:0;overflow:hidden">#close</div>`,
		`<div style="max-height:0px">#close</div>`,
		`<div style="width:0;overflow:hidden">#close</div>`,
		`<div style="opacity:0">#close</div>`,
		`<div style="opacity:0.0"><p style="opacity:1">#close</p></div>`,
		`<span style="mso-hide:all">#close</span>`,
		`<span style="color:transparent">#close</span>`,
		`<div style="text-indent:-9999px">#close</div>`,
		`<div style="position:absolute;left:-10000px">#close</div>`,
		`<div style="position:absolute;clip:rect(0 0 0 0)">#close</div>`,
		`<div hidden>#close</div>`, `<div hidden=until-found>#close</div>`, `<dialog>#close</dialog>`,
		`<template>#close</template>`, `<noscript>#close</noscript>`, `<svg><text>#close</text></svg>`,
		`<object>#close</object>`, `<iframe>#close</iframe>`, `<title>#close</title>`, `<!-- #close -->`,
		`<style>.x{display:none}</style><p class="a x">#close</p>`,
		`<style><!-- /* c */ @media print{.y{color:red}} p.x, .z { color:red; display:none !important } --></style><p class=x style="display:block">#close</p>`,
		`<style>#x{visibility:hidden}</style><p id=x>#close</p>`,
		`<div style="display:none"><img alt="#close now"><a href="https://x.example/#close">x</a></div>`,
		`<img alt="#close now" style="display:none">`,
		`<div><span style="display:none"><div>#close</span>#close</div></div>`,
		`<div><p style="display:none">#close<div></div></div>`,
		`<table><tr><td style="display:none">#close<td></table>`,
		`<ul><li style="display:none">#close<li></ul>`,
		`<div><div style="display:none">#close<div>#close</div></div></div>`,
		`<div><b hidden><i>#close</b></i></div>`,
		strings.Repeat("<div>", 300) + `<div hidden>#close<div>#close</div>#close</div>` + strings.Repeat("</div>", 300),
		`<div hidden>` + strings.Repeat("<div>", 300) + "#close" + strings.Repeat("</div>", 300) + "#close</div>",
		`<p style="font-size:0.1px">#close</p>`, `<p style="font-size:.5pt">#close</p>`, `<p style="font-size:0.01em">#close</p>`, `<p style="font:1px Arial">#close</p>`, `<p style="font-size:calc(0px)">#close</p>`,
		`<p style="opacity:0.01">#close</p>`, `<p style="opacity:1%">#close</p>`, `<p style="filter:opacity(0)">#close</p>`, `<p style="zoom:0">#close</p>`, `<p style="content-visibility:hidden">#close</p>`,
		`<p style="color:rgba(0,0,0,0)">#close</p>`, `<p style="color:#00000000">#close</p>`, `<p style="color:#0000">#close</p>`, `<p style="color:rgb(0 0 0 / 0%)">#close</p>`,
		`<p style="display:n\6fne">#close</p>`, `<p style="d\69 splay:none">#close</p>`, `<p style="/*;*/display/**/:none">#close</p>`, `<style>.x{display:n\6fne}</style><p class=x>#close</p>`, `<style>/*}*/.x/**/{display:none}</style><p class=x>#close</p>`,
		`<style>b{display:none}</style><b>#close</b>`, `<style>P.x{display:none}</style><p class=x>#close</p>`, `<style>p#x{display:none}</style><p id=x>#close</p>`,
		`<style>@media all{.x{display:none}}</style><p class=x>#close</p>`, `<style>@media only screen {.x{display:none}}</style><p class=x>#close</p>`,
		`<p style="height:0;overflow:hidden">#close</p>`, `<p style="width:1px;height:1px;overflow:hidden">#close</p>`, `<p style="max-height:1px;overflow:hidden">#close</p>`, `<p style="max-height:0.0001px">#close</p>`,
		`<p style="margin-left:-9999px">#close</p>`, `<p style="text-indent:-999em">#close</p>`, `<p style="transform:translateX(-9999px)">#close</p>`, `<p style="left:9999px">#close</p>`, `<p style="right:-9999px">#close</p>`,
		`<p style="clip-path:circle(0)">#close</p>`, `<p style="clip: rect( 0,0,0,0)">#close</p>`, `<p style="transform: scale( 0 )">#close</p>`, `<p style="clip-path:polygon(0 0,0 0)">#close</p>`,
		`<p style="display:none;display:bogus">#close</p>`, `<p style="visibility:hidden;visibility:bogus">#close</p>`, `<p style="font-size:0;font-size:x">#close</p>`, `<p style="opacity:0;opacity:x">#close</p>`, `<p style="max-height:0;max-height:x">#close</p>`,
		`<math><p hidden/>#close</p>`,
	}
	for _, in := range tests {
		if got := textOf(in + "<p>after"); strings.Contains(got, "close") || !strings.HasSuffix(got, "after\n") {
			t.Errorf("%.200q reads %q: what is hidden must not be read, what follows must (F9)", in, got)
		}
		if got := Sanitize(in + "<p>after"); strings.Contains(got, "close") || !strings.Contains(got, "after") {
			t.Errorf("%.200q is shown as %q: what is hidden must not be shown, what follows must", in, got)
		}
	}
}

// TestNotHidden has what is seen though it looks hidden.
func TestNotHidden(t *testing.T) {
	tests := []string{
		`<div style="font-size:0"><p style="font-size:14px">seen</p></div>`, // MJML
		`<div style="visibility:hidden"><p style="visibility:visible">seen</p></div>`,
		`<a style="mso-hide:all" href="https://x.example/">seen</a>`, // the button of all but Outlook
		`<td height=0 style="height:0">seen`,
		`<div style="opacity:0.9;max-height:10px;line-height:0">seen</div>`,
		`<style>@media(max-width:9px){.x{display:none}}</style><p class=x>seen`,
		`<style media=print>.x{display:none}</style><p class=x>seen`,
		`<style>a:hover .x, .y .x{display:none}</style><p class=x>seen`,
		`<style>.x{display:none}.x{display:block}</style><p class=x>seen`,
		`<div><span style="display:none">x</div>seen`,
		`<div><div style="display:none">x</span></p></div>seen`,
		`<p style="display:none"><p>seen`,
		`<table><tr><td style="display:none">x<td>seen</table>`,
		`<div style="display:none"></div></div></div>seen`,
		`<style>.x{color:red</style>seen`,
		`<svg/>seen`, `<math/>seen`, `<div><svg>` + strings.Repeat("<path d=x />", 300) + `</svg>seen</div>`,
		`<style>img.x{display:none}</style><p class=x>seen`,
		`<style>@media screen and (max-width:9px){.x{display:none}}</style><p class=x>seen`, `<style>@media print{.x{display:none}}</style><p class=x>seen`,
		`<table><tr><td style="height:0;width:1px;overflow:hidden">seen</table>`, `<p style="height:0">seen`, `<p style="height:1px;overflow:visible">seen`,
		`<p style="color:rgba(0,0,0,.5);opacity:.5;font-size:80%;margin-left:-20px">seen`, `<p style="color:#000">seen`, `<p style="transform:scale(0.9)">seen`,
		`<p style="font:400 14px/1 Arial">seen`, `<p style="display:none;display:inline-block">seen`, `<p style="dis/**/play:none">seen`, `<p style="display:no/**/ne">seen`,
		`<p style="max-height:0;max-height:none">seen`, `<p style="clip-path:inset(10px)">seen`,
	}
	for _, in := range tests {
		if got := textOf(in); !strings.Contains(got, "seen") {
			t.Errorf("%.200q reads %q: words that a reader sees are lost", in, got)
		}
		if got := Sanitize(in); !strings.Contains(got, "seen") {
			t.Errorf("%.200q is shown as %q: words that a reader sees are lost", in, got)
		}
	}
}

func TestDecode(t *testing.T) {
	text, _ := Decode([]byte("<meta charset=iso-8859-2><p>za\xbf\xf3\xb3\xe6</p>"), "")
	if got := textOf(text); got != "zażółć\n" {
		t.Errorf("a page that names its own charset reads %q", got)
	}
}
