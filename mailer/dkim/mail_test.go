package dkim_test

import (
	"bytes"
	"strings"
	"time"

	"casegate/mailer/dkim"
)

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// statuses joins the statuses of results with blanks.
func statuses(results []dkim.Result) string {
	var b bytes.Buffer
	for i, r := range results {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(r.Status))
	}
	return b.String()
}

// noon is the time of the tests that have none of their own.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// late is the time for what the library signs, which it dates by the clock.
var late = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
