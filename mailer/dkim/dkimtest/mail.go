package dkimtest

import (
	"context"
	"errors"
	"strings"

	"casegate/mailer/dkim"
)

// Mail takes a mail with CRLF line ends apart, the plainest way: what it gets is
// well-formed. The body is hashed in both forms.
func Mail(raw string) *dkim.Mail {
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
	if m.Body, err = dkim.HashBody(strings.NewReader(body), dkim.Forms{Simple: true, Relaxed: true}); err != nil {
		panic(err) // a string can be read
	}
	return m
}

// Lookup finds keys in a zone of one record each; TEMPERROR is an error, PERMERROR
// a name that does not exist.
func Lookup(zone map[string]string) dkim.Lookup {
	return func(_ context.Context, name string) ([]string, error) {
		switch record, ok := zone[name]; {
		case record == "TEMPERROR":
			return nil, errors.New("no answer")
		case !ok || record == "PERMERROR":
			return nil, nil
		default:
			return []string{record}, nil
		}
	}
}
