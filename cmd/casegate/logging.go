package main

import (
	"io"
	"log/slog"
)

// maxLogged bounds each value of a log line in octets: a subject can have
// megabytes (T79).
const maxLogged = 1024

// newLogger writes one line for each event. Both handlers escape line ends and
// control characters, so that nobody's subject forges a line.
func newLogger(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: cutLong}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func cutLong(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString {
		if s := a.Value.String(); len(s) > maxLogged {
			return slog.String(a.Key, s[:maxLogged]+"…")
		}
	}
	return a
}
