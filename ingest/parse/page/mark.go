package page

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// mark is what an element says of what is in it or behind it.
type mark struct {
	kind    kind
	why     string
	forward bool
}

type kind int

const (
	nothing   kind = iota
	whole          // all in it is quoted
	holder         // an attribution and a quote are in it, and maybe an answer below
	cite           // it is the quote itself
	weak           // it is a block quotation
	rest           // it and all behind it is quoted
	heading        // what follows is quoted if it begins with the head of a mail
	beginning      // what follows is quoted if it begins with a line
	signature
)

// markOf reads the marks that mail programs leave.
func markOf(e *element) (m mark) {
	if m = named(marks, e.id); m.kind == nothing {
		e.classes(func(name []byte) bool {
			m = named(marks, name)
			return m.kind != nothing
		})
	}
	for _, name := range [][]byte{e.name, e.marker, e.smartmail} {
		if m.kind == nothing && len(name) > 0 {
			m = named(names, name)
		}
	}
	switch e.tag.atom() {
	case atom.Blockquote:
		return markOfBlockquote(e, m)
	case atom.Div:
		if m.kind == nothing && len(e.style) > 0 {
			return markOfBorder(e.style)
		}
	}
	return m
}

// markOfBlockquote tells quotes from indented text: Gmail marks both alike, but
// draws a line beside a quote only.
func markOfBlockquote(e *element, m mark) mark {
	border, line := borderLeft(e.style)
	switch {
	case m.kind == holder && line:
		m.kind = cite
	case m.kind == holder && border:
		return mark{} // Gmail's "indent more"
	case m.kind == holder && m.why == "gmail_quote":
		m.kind = weak
	case m.kind == holder || m.kind == whole:
		m.kind = cite
	case m.kind != nothing:
	case equal(e.typ, "cite"), len(e.cite) > 0:
		m = mark{kind: cite, why: "blockquote type=cite"}
	case line:
		m = mark{kind: cite, why: "blockquote border-left"}
	default:
		m = mark{kind: weak, why: Blockquote}
	}
	return m
}

// borderLeft tells whether a style speaks of borders at all, and whether it
// draws a line to the left.
//
// Outlook Express wrote its styles in capitals, and its quotes are still sent.
func borderLeft(style []byte) (border, line bool) {
	var buf [maxStyle]byte
	for rest := bytesLower(buf[:0], style[:min(len(style), maxStyle)]); ; {
		i := bytes.Index(rest, []byte("border"))
		if i < 0 {
			return border, line
		}
		border = true
		rest = rest[i+len("border"):]
		if bytes.HasPrefix(rest, []byte("-left")) {
			value, _, _ := bytes.Cut(rest, []byte(";"))
			if bytes.Contains(value, []byte("solid")) || bytes.Contains(value, []byte("#")) || bytes.Contains(value, []byte("px ")) {
				line = true
			}
		}
	}
}

// maxStyle is how much of a style attribute is searched for borders: programs
// write less, and whoever writes more wants the search to be long.
const maxStyle = 1000

// markOfBorder reads the lines that Outlook draws: one above the head of the
// earlier mail, a blue one beside all of it where the sender answers within.
func markOfBorder(style []byte) mark {
	if len(style) > maxStyle {
		return mark{}
	}
	var buf [maxStyle]byte
	style = bytesLower(buf[:0], style)
	switch {
	case bytes.Contains(style, []byte("border-left:solid blue")):
		return mark{kind: whole, why: "outlook border-left"}
	case bytes.Contains(style, []byte("border-top")) && bytes.Contains(style, []byte("solid")),
		bytes.Contains(style, []byte("border-style:solid none none")),
		bytes.Contains(style, []byte("border-style: solid none none")):
		return mark{kind: heading, why: "outlook border-top"}
	}
	return mark{}
}

// maxName is the longest name that is looked at, in octets.
const maxName = 80

// named finds a name without what other programs put before it when they quote.
//
// Clients that quote the HTML of others rename its classes so that styles do not
// clash: x_ is Outlook on the web, ecx was Hotmail, m_ and digits is Gmail.
func named(table map[string]mark, name []byte) mark {
	if len(name) == 0 || len(name) > maxName {
		return mark{}
	}
	var buf [maxName]byte
	s := bytesLower(buf[:0], name)
	if m, ok := table[string(s)]; ok {
		return m
	}
	s = bytes.TrimPrefix(s, []byte("gmail-"))
	for bytes.HasPrefix(s, []byte("x_")) {
		s = s[2:]
	}
	s = bytes.TrimPrefix(s, []byte("ecx"))
	if rest, found := bytes.CutPrefix(s, []byte("m_")); found {
		s = bytes.TrimLeft(rest, "-0123456789")
	}
	if m, ok := table[string(s)]; ok {
		return m
	}
	switch {
	case bytes.Contains(s, []byte("yahoo_quoted")):
		return mark{kind: whole, why: "yahoo_quoted"}
	case bytes.HasPrefix(s, []byte("aolmsgpart")):
		return mark{kind: whole, why: "AOLMsgPart"}
	case bytes.HasPrefix(s, []byte("ydp")) && bytes.HasSuffix(s, []byte("signature")):
		return mark{kind: signature, why: "yahoo signature"}
	}
	return mark{}
}

// marks are the classes and ids of mail programs, in lower case.
var marks = map[string]mark{
	// Google
	"gmail_quote": {kind: holder, why: "gmail_quote"}, "gmail_quote_container": {kind: holder, why: "gmail_quote"},
	"gmail_attr": {kind: whole, why: "gmail_attr"}, "gmail_quote_attribution": {kind: whole, why: "gmail_attr"},
	"gmail_signature": {kind: signature, why: "gmail_signature"}, "gmail_signature_prefix": {kind: signature, why: "gmail_signature"},
	// Microsoft
	"divrplyfwdmsg": {kind: rest, why: "divRplyFwdMsg"}, "olk_src_body_section": {kind: whole, why: "OLK_SRC_BODY_SECTION"},
	"mail-editor-reference-message-container": {kind: whole, why: "mail-editor-reference-message-container"},
	"ms-outlook-mobile-reference-message":     {kind: rest, why: "ms-outlook-mobile-reference-message"},
	"appendonsend":                            {kind: beginning, why: "appendonsend"}, "stopspelling": {kind: rest, why: "stopSpelling"},
	"signature": {kind: signature, why: "signature"}, "ms-outlook-mobile-signature": {kind: signature, why: "ms-outlook-mobile-signature"},
	// Mozilla and kin
	"moz-cite-prefix": {kind: whole, why: "moz-cite-prefix"}, "moz-signature": {kind: signature, why: "moz-signature"},
	"moz-forward-container": {kind: whole, why: "moz forward", forward: true},
	"reply-intro":           {kind: whole, why: "reply-intro"}, "_rc_sig": {kind: signature, why: "_rc_sig"},
	"-x-evo-signature": {kind: signature, why: "x-evo-signature"}, "-x-evo-signature-wrapper": {kind: signature, why: "x-evo-signature"},
	"-x-evo-attribution": {kind: whole, why: "x-evo-attribution"},
	// Apple and programs for its machines
	"applemailsignature": {kind: signature, why: "AppleMailSignature"}, "clean_bq": {kind: whole, why: "clean_bq"},
	"airmail_on": {kind: whole, why: "airmail_on"}, "airmail_ext_on": {kind: whole, why: "airmail_on"},
	"bloop_sign":        {kind: signature, why: "bloop_sign"},
	"sh-quoted-content": {kind: holder, why: "sh-quoted-content"}, "sh-signature": {kind: signature, why: "sh-signature"},
	"spark-signature": {kind: signature, why: "spark-signature"},
	// Yahoo, AOL
	"yahoo-quoted-text": {kind: whole, why: "yahoo_quoted"}, "yahoo-quoted-begin": {kind: whole, why: "yahoo_quoted"},
	"yahoo-signature": {kind: signature, why: "yahoo signature"}, "aolmail_quote": {kind: whole, why: "aolmail_quote"},
	// others
	"protonmail_quote": {kind: holder, why: "protonmail_quote"}, "protonmail_signature_block": {kind: signature, why: "protonmail_signature_block"},
	"tutanota_quote": {kind: whole, why: "tutanota_quote"}, "tutanota_signature": {kind: signature, why: "tutanota_signature"},
	"zmail_extra": {kind: holder, why: "zmail_extra"}, "blockquote_zmail": {kind: whole, why: "zmail_extra"},
	"zm-_id_-sgn": {kind: signature, why: "zmail signature"}, "zmail_signature_below": {kind: signature, why: "zmail signature"},
	"qt": {kind: whole, why: "id=qt"}, "zwchr": {kind: rest, why: "zwchr"},
	"front-blockquote": {kind: whole, why: "front-blockquote"}, "front-signature": {kind: signature, why: "front-signature"},
	"missive_quote": {kind: whole, why: "missive_quote"}, "missive_signature": {kind: signature, why: "missive_signature"},
	"nylas-quote": {kind: whole, why: "nylas-quote"}, "cm_quote": {kind: whole, why: "cm_quote"},
	"quoted_output_body": {kind: whole, why: "quoted_output_body"}, "composer_signature": {kind: signature, why: "composer_signature"},
	"orimsghtmlseperator": {kind: rest, why: "oriMsgHtmlSeperator"}, "isreplycontent": {kind: whole, why: "isReplyContent"},
	"ntes-mailmaster-quote": {kind: whole, why: "ntes-mailmaster-quote"}, "__aliyun_previous_quote": {kind: rest, why: "aliyun_previous_quote"},
	"freshdesk_quote": {kind: holder, why: "freshdesk_quote"}, "zd-quote": {kind: whole, why: "zd-quote"},
	"zd_quote": {kind: whole, why: "zd-quote"}, "intercom-quote": {kind: whole, why: "intercom-quote"},
	"helpscout-quote": {kind: whole, why: "helpscout-quote"}, "mail-quote-collapse": {kind: whole, why: "mail-quote-collapse"},
}

// names are what stands in the attributes name, data-marker and data-smartmail.
var names = map[string]mark{
	"quote":                   {kind: whole, why: "name=quote"}, // GMX, WEB.DE
	"messagereplysection":     {kind: holder, why: "messageReplySection"},
	"messagesignaturesection": {kind: signature, why: "messageSignatureSection"},
	"__divider__":             {kind: rest, why: "zwchr"}, "__quoted_text__": {kind: whole, why: "zimbra quote"},
	"__headers__":     {kind: whole, why: "zimbra headers"},
	"__sig_pre__":     {kind: signature, why: "zimbra signature"},
	"__sig_post__":    {kind: signature, why: "zimbra signature"},
	"gmail_signature": {kind: signature, why: "gmail_signature"},
}
