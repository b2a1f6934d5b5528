package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"unicode"
)

// maxLogged bounds each value of a log line in octets: a subject can have
// megabytes (T79).
const maxLogged = 1024

// newLogger writes one line for each event. Both handlers escape line ends and
// control characters, so that nobody's subject forges a line.
func newLogger(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: tame}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// tame cuts and cleans a value, whatever it is: the texts of errors quote
// strangers too. What hides itself when printed stays hidden (T105).
func tame(_ []string, a slog.Attr) slog.Attr {
	if client, ok := a.Value.Any().(netip.Addr); ok && !client.IsValid() {
		return slog.Attr{} // it came by a socket of this machine
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, logged(a.Value.String()))
	case slog.KindAny:
		return slog.String(a.Key, logged(fmt.Sprintf("%+v", a.Value.Any())))
	}
	return a
}

// logged makes a text fit for a log. encoding/json writes 8-bit controls and
// marks of direction as they are, and terminals act on them.
func logged(s string) string {
	cut := len(s) > maxLogged
	if cut {
		s = s[:maxLogged]
	}
	s = strings.Map(func(r rune) rune {
		if r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return s
}
