package page

import "testing"

func TestHTMLText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<p>a</p><p>b</p>", "a\n\nb\n"},
		{"a<br>b<br/><br>c", "a\nb\n\nc\n"},
		{"<div>a</div><div>b</div>", "a\nb\n"},
		{"  a\n <b> b</b>c ", "a bc\n"},
		{"<ul><li>a<li>b</ul>c", "- a\n- b\n\nc\n"},
		{"<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc\n"},
		{`see <a href="https://x.example/a">the page</a>, or not`, "see the page <https://x.example/a>, or not\n"},
		{`<a href="https://x.example/">x.example</a> <a href="javascript:alert(1)">no</a> <a href="#top">up</a>`, "x.example no up\n"},
		{`<a href="https://a.example">one<a href="https://b.example">two</a><a href="https://c.example"></a>`, "one <https://a.example>two <https://b.example>\n"},
		{"<head><title>t</title><style>p{}</style></head><body>a", "a\n"},
		{"<head><meta a=b><p>a", "a\n"},
		{"<script>if (a<b) {}</script>a", "a\n"},
		{"<style>never ends", ""},
		{"a &lt;b&gt; &amp;&nbsp;&#380;", "a <b> & ż\n"},
		{"<pre>a\r\n  b</pre>c", "a\n  b\nc\n"},
		{"<!-- hidden -->a", "a\n"},
		{"a<", "a<\n"},
		{"&#0;a\x00", "\ufffda\n"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Text(tt.in); got != tt.want {
			t.Errorf("%q reads %q, want %q", tt.in, got, tt.want)
		}
	}
	page := []byte("<meta charset=iso-8859-2><p>za\xbf\xf3\xb3\xe6</p>")
	if got := Text(Decode(page, "")); got != "zażółć\n" {
		t.Errorf("a page that names its own charset reads %q", got)
	}
}
