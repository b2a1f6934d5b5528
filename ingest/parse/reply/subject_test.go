package reply

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestBaseSubject: the prefixes of the six languages and of others (mail-interface 2.3).
func TestBaseSubject(t *testing.T) {
	for _, c := range []struct {
		subject, base string
		forward       bool
	}{
		{"Calendars", "Calendars", false},
		{"", "", false},
		{"Re: Calendars", "Calendars", false},
		{"RE:Calendars", "Calendars", false},
		{"re : Calendars", "Calendars", false},
		{"Fwd: Re: Calendars", "Calendars", true},
		{"Re: Fwd: Calendars", "Calendars", false},
		{"FW: Calendars", "Calendars", true},
		{"Odp: PD: Kalendarze", "Kalendarze", false},
		{"PD: Kalendarze", "Kalendarze", true},
		{"Sv: VB: Kalendrar", "Kalendrar", false},
		{"VB: Kalendrar", "Kalendrar", true},
		{"R: Calendari", "Calendari", false},
		{"RIF: I: Calendari", "Calendari", false},
		{"I: Calendari", "Calendari", true},
		{"Bls: Kalender", "Kalender", false},
		{"Trs: Kalender", "Kalender", true},
		{"回覆: 行事曆", "行事曆", false},
		{"回覆：行事曆", "行事曆", false},
		{"轉寄：回覆: 行事曆", "行事曆", true},
		{"答复: 转发: 日历", "日历", false},
		{"AW: WG: Kalender", "Kalender", false},
		{"Antw: Agenda", "Agenda", false},
		{"Doorst: Agenda", "Agenda", true},
		{"TR : Calendriers", "Calendriers", true},
		{"RV: Calendarios", "Calendarios", true},
		{"ENC: RES: Agendas", "Agendas", true},
		{"VS: VL: Kalenterit", "Kalenterit", false},
		{"Vá: Naptárak", "Naptárak", false},
		{"YNT: İLT: Takvimler", "Takvimler", false},
		{"Re[2]: Calendars", "Calendars", false},
		{"Re (3): Calendars", "Calendars", false},
		{"Re^2: Calendars", "Calendars", false},
		{"Re: Re: RE: SV: Calendars", "Calendars", false},
		{"\u00a0Re:\u00a0Calendars", "Calendars", false},
		{"Re: ", "", false},
		// What only looks like one.
		{"RT: 5 minutes", "RT: 5 minutes", false},
		{"Request: more users", "Request: more users", false},
		{"Case: calendars", "Case: calendars", false},
		{"I:drive is full", "I:drive is full", false},
		{"i: calendars", "i: calendars", false},
		{"Regarding calendars", "Regarding calendars", false},
		{"10:30 outage", "10:30 outage", false},
		{": Calendars", ": Calendars", false},
		{"[2]: Calendars", "[2]: Calendars", false},
		{"A reply: yes", "A reply: yes", false},
		{"Re Calendars", "Re Calendars", false},
	} {
		if base, forward := BaseSubject(c.subject); base != c.base || forward != c.forward {
			t.Errorf("BaseSubject(%q) = %q, %v; want %q, %v", c.subject, base, forward, c.base, c.forward)
		}
	}
}

func FuzzBaseSubject(f *testing.F) {
	for _, s := range []string{"Re: Fwd: a", "回覆：a", "Re[2]: a", "I: a", "R:", ":", "Re^", "VÁ: x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		base, _ := BaseSubject(s)
		if !strings.HasSuffix(trim(s), base) {
			t.Errorf("%q became %q; want the end of it", s, base)
		}
		if utf8.ValidString(s) && !utf8.ValidString(base) {
			t.Errorf("%q became %q, want valid UTF-8", s, base)
		}
		if again, _ := BaseSubject(base); len(s) < maxPrefixes && again != base {
			t.Errorf("%q became %q, and that %q; want it to stay", s, base, again)
		}
	})
}

// TestUpstream: the numbers and tokens of Google's own mails (mail-interface 2.3).
func TestUpstream(t *testing.T) {
	for _, c := range []struct {
		subject, text   string
		numbers, tokens []string
	}{
		{"Google Cloud Support 12345678: calendars", "", []string{"12345678"}, nil},
		{"Re: Odp: GOOGLE CLOUD SUPPORT #1234567890", "", []string{"1234567890"}, nil},
		{"轉寄：Google Cloud Support 12345678", "", []string{"12345678"}, nil},
		{"About Google Cloud Support 12345678", "", nil, nil},
		{"Google Cloud Support 1234567", "", nil, nil},
		{"Google Cloud Support 12345678901", "", nil, nil},
		{"Google Cloud Support 12345678x", "", nil, nil},
		{"New comment [Case# 1234567] and [case #7654321]", "", []string{"1234567", "7654321"}, nil},
		{"[Case# 12] [Case 1234567] [Case# 1234567", "", nil, nil},
		{"", "Hello,\nYou've been CC'd on Case 12345678.\n", []string{"12345678"}, nil},
		{"", "x thread::a1B2c3D4_xy y thread::a1B2c3D4_xy\n", nil, []string{"thread::a1B2c3D4_xy"}},
		{"Re: thread::a1B2c3D4_xy::", "thread::Zz9Zz9Zz9_ab", nil, []string{"thread::a1B2c3D4_xy", "thread::Zz9Zz9Zz9_ab"}},
		{"", "thread::short_xy thread::a1B2c3D4 athread::a1B2c3D4_xy thread::", nil, nil},
		{"", "ref:_00D1x._500y:ref and ref:!00D1x.!500y:ref", nil, []string{"ref:_00D1x._500y:ref", "ref:!00D1x.!500y:ref"}},
		{"", "ref:x:ref ref:_:ref ref:_00D1x._500y:reference href:_a1:ref", nil, nil},
	} {
		numbers, tokens := Upstream(c.subject, c.text)
		if !slices.Equal(numbers, c.numbers) || !slices.Equal(tokens, c.tokens) {
			t.Errorf("Upstream(%q, %q) = %q, %q; want %q, %q", c.subject, c.text, numbers, tokens, c.numbers, c.tokens)
		}
	}
	many := ""
	for c := 'a'; c <= 'z'; c++ {
		many += " thread::12345678_x" + string(c)
	}
	if _, tokens := Upstream("", many); len(tokens) != maxNamed {
		t.Errorf("kept %d tokens, want at most %d", len(tokens), maxNamed)
	}
}
