package arc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"casegate/mailer/dkim"
)

// mailOf takes a mail with CRLF line ends apart, the plainest way: what it gets
// here is well-formed.
func mailOf(t testing.TB, raw string) *dkim.Mail {
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
			name, _, _ := strings.Cut(line, ":")
			m.Fields = append(m.Fields, dkim.Field{Name: name, Raw: []byte(line)})
		}
	}
	var err error
	if m.Body, err = dkim.HashBody(strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	return m
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
