package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"casegate/mailer/dns/dnstest"
)

// signedItem is a signed mail of the corpus with what its source states.
type signedItem struct {
	ID     string
	DNS    map[string]string `json:"dns_txt"`
	At     int64             `json:"verify_at_unix"`
	Expect struct {
		DKIM []struct{ Result string }
		Last string `json:"dkim_last_signature"`
		Any  string `json:"dkim_any"`
		ARC  struct{ CV string }
	}
}

// TestExplainSignedCorpus runs the signed mails of the corpus through `explain`
// as a user would, with a real DNS server: what packages dkim and arc find must
// come out at the end.
func TestExplainSignedCorpus(t *testing.T) {
	server := dnstest.Start(t, "")
	data := t.TempDir()
	found := 0
	for _, set := range []string{"dkim_chasquid", "dkim_arc_stalwart", "arc_suite_visible"} {
		names, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", set, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			var item signedItem
			about, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if json.Unmarshal(about, &item) == nil && item.ID != "" {
				found++
				item.check(t, server, name, data)
			}
		}
	}
	if found == 0 && os.Getenv("CI") != "true" {
		t.Skip("no signed mails of the corpus beside the repository")
	}
	if want := 11 + 8 + 86; found != want {
		t.Errorf("the corpus has %d signed mails, want %d", found, want)
	}
}

func (item *signedItem) check(t *testing.T, server *dnstest.Server, name, data string) {
	t.Helper()
	for key, text := range item.DNS {
		switch text {
		case "TEMPERROR":
			server.Fail(key, dnstest.ServFail)
		case "PERMERROR":
			// A name that is not there.
		default:
			if err := server.Set(dnstest.TXT(key+".", text)); err != nil {
				t.Fatal(err)
			}
		}
		defer server.Fail(key, dnstest.None)
		defer server.Remove(key)
	}
	args := []string{"explain", strings.TrimSuffix(name, "json") + "eml", "--json", "--data", data, "--resolver", server.Addr,
		"--ip", "192.0.2.1", "--from", "<>"}
	if item.At != 0 {
		args = append(args, "--at", strconv.FormatInt(item.At, 10))
	}
	var out, complaints bytes.Buffer
	run(args, &console{strings.NewReader(""), &out, &complaints})
	var answer fileAnswer
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || answer.Auth == nil {
		t.Errorf("%s: explain gives no auth: %v, %s%s", item.ID, err, out.Bytes(), complaints.Bytes())
		return
	}
	item.compare(t, answer.Auth)
}

func (item *signedItem) compare(t *testing.T, got *authAnswer) {
	t.Helper()
	if want := item.Expect.ARC.CV; want != "" && got.ARC.CV != want {
		t.Errorf("%s: cv=%s (%s), want %s", item.ID, got.ARC.CV, got.ARC.Reason, want)
	}
	words := map[string]string{"permfail": "permerror", "tempfail": "temperror"}
	for i, want := range item.Expect.DKIM {
		if word, ok := words[want.Result]; ok {
			want.Result = word
		}
		if item.ID == "dkim_chasquid/009" && i == 0 {
			want.Result = "policy" // it has l=: the rest of the body is anybody's (T10)
		}
		if i >= len(got.DKIM) || got.DKIM[i].Result != want.Result {
			t.Errorf("%s: signature %d: %+v, want %s", item.ID, i+1, got.DKIM, want.Result)
		}
	}
	passed := false
	for _, s := range got.DKIM {
		passed = passed || s.Result == "pass"
	}
	if item.Expect.Any == "pass" && !passed {
		t.Errorf("%s: no signature passes: %+v", item.ID, got.DKIM)
	}
	if n := len(got.DKIM); item.Expect.Last != "" && (n == 0 || got.DKIM[n-1].Result != item.Expect.Last) {
		t.Errorf("%s: %+v, want the last to be %s", item.ID, got.DKIM, item.Expect.Last)
	}
}
