package dkim_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"pgregory.net/rapid"

	"casegate/mailer/dkim"
)

// mailOf takes a mail with CRLF line ends apart, the plainest way: what it gets
// here is well-formed.
func mailOf(t rapid.TB, raw string) *dkim.Mail {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	if strings.HasPrefix(raw, "\r\n") {
		head, body = "", raw[2:]
	}
	m := &dkim.Mail{}
	for line := range strings.SplitAfterSeq(strings.TrimSuffix(head, "\r\n")+"\r\n", "\r\n") {
		switch n := len(m.Fields); {
		case line == "" || line == "\r\n":
		case n > 0 && (line[0] == ' ' || line[0] == '\t'):
			m.Fields[n-1].Raw = append(m.Fields[n-1].Raw, line...)
		default:
			m.Fields = append(m.Fields, dkim.Field{Raw: []byte(line)})
		}
	}
	for i, f := range m.Fields {
		m.Fields[i].Name, _, _ = strings.Cut(string(f.Raw), ":")
	}
	var err error
	if m.Body, err = dkim.HashBody(strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	return m
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

var errDNS = errors.New("no answer")

// lookupIn finds keys in a zone of one record each; TEMPERROR is an error,
// PERMERROR a name that does not exist.
func lookupIn(zone map[string]string) dkim.Lookup {
	return func(_ context.Context, name string) ([]string, error) {
		switch record, ok := zone[name]; {
		case record == "TEMPERROR":
			return nil, errDNS
		case !ok || record == "PERMERROR":
			return nil, nil
		default:
			return []string{record}, nil
		}
	}
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
