package dmarc_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casegate/ingest/verify/dmarc"
)

// suite is where the case list lies beside the repository; it is measured
// against, and nothing of it is ever copied here.
var suite = filepath.Join("..", "..", "..", "..", "shared", "corpus", "dmarc_mailauth", "cases.json")

// suiteCase is one case of the list. Identifiers come as strings or objects.
type suiteCase struct {
	Test  string
	Input struct {
		HeaderFrom              json.RawMessage
		DKIMDomains, SPFDomains []json.RawMessage
	}
	Answers map[string]json.RawMessage `json:"dns_answers"`
	Expect  struct {
		Result        dmarc.Status
		Policy        dmarc.Policy `json:"policy_applied"`
		P, SP         dmarc.Policy
		Pct           *int
		NotApplicable bool `json:"not_applicable"`
		Strict        struct{ DKIM, SPF *bool }
		Aligned       struct{ SPF, DKIM string }
	}
}

func TestSuite(t *testing.T) {
	b, err := os.ReadFile(suite)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("no corpus at %s", suite)
	}
	if err != nil {
		t.Fatal(err)
	}
	var cases []suiteCase
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range cases {
		if t.Run(c.Test, func(t *testing.T) { c.check(t) }) {
			good++
		}
	}
	t.Logf("%d of %d cases as the suite expects", good, len(cases))
}

func (c *suiteCase) check(t *testing.T) {
	q := dmarc.Query{From: c.from(t), DKIM: identifiers(t, c.Input.DKIMDomains)}
	if spf := identifiers(t, c.Input.SPFDomains); len(spf) > 0 {
		q.SPF = spf[0]
	}
	res := dmarc.Evaluate(context.Background(), q, c.lookup)
	want := c.Expect
	if want.NotApplicable && res.Status != dmarc.None {
		t.Errorf("Evaluate found %q; without one author domain it should find none", res.Status)
	}
	differs := func(what string, got, want any) {
		t.Errorf("%s is %v, the suite expects %v (%+v)", what, got, want, res)
	}
	if want.Result != "" && res.Status != want.Result {
		differs("status", res.Status, want.Result)
	}
	if want.Policy != "" && res.Policy != want.Policy {
		differs("policy", res.Policy, want.Policy)
	}
	if want.P != "" && res.Record.P != want.P {
		differs("p", res.Record.P, want.P)
	}
	if want.SP != "" && res.Record.SP != want.SP {
		differs("sp", res.Record.SP, want.SP)
	}
	if want.Pct != nil && res.Record.Percent != *want.Pct {
		differs("pct", res.Record.Percent, *want.Pct)
	}
	if s := want.Strict.DKIM; s != nil && res.Record.DKIMStrict != *s {
		differs("adkim=s", res.Record.DKIMStrict, *s)
	}
	if s := want.Strict.SPF; s != nil && res.Record.SPFStrict != *s {
		differs("aspf=s", res.Record.SPFStrict, *s)
	}
	if s := want.Aligned.SPF; s != "" && res.SPFAligned != s {
		differs("aligned SPF domain", res.SPFAligned, s)
	}
	if s := want.Aligned.DKIM; s != "" && res.DKIMAligned != s {
		differs("aligned DKIM domain", res.DKIMAligned, s)
	}
}

// from gives the one author domain; several addresses are none for DMARC.
func (c *suiteCase) from(t *testing.T) string {
	var list []string
	if json.Unmarshal(c.Input.HeaderFrom, &list) != nil {
		list = make([]string, 1)
		if err := json.Unmarshal(c.Input.HeaderFrom, &list[0]); err != nil {
			t.Fatal(err)
		}
	}
	if len(list) != 1 {
		return ""
	}
	return list[0][strings.LastIndexByte(list[0], '@')+1:]
}

func identifiers(t *testing.T, list []json.RawMessage) []string {
	var out []string
	for _, raw := range list {
		var name string
		var object struct{ Domain string }
		if json.Unmarshal(raw, &name) == nil {
			out = append(out, name)
		} else if err := json.Unmarshal(raw, &object); err == nil {
			out = append(out, object.Domain)
		} else {
			t.Fatal(err)
		}
	}
	return out
}

// lookup answers as the case says; what it does not mention does not exist.
func (c *suiteCase) lookup(_ context.Context, name string) ([]string, error) {
	raw, ok := c.Answers[name+" TXT"]
	if !ok {
		return nil, dmarc.ErrNoName
	}
	var failure struct{ Error string }
	if json.Unmarshal(raw, &failure) == nil {
		switch failure.Error {
		case "ENOTFOUND":
			return nil, dmarc.ErrNoName
		case "ENODATA":
			return nil, nil
		}
		return nil, errors.New(failure.Error)
	}
	var records [][]string
	if err := json.Unmarshal(raw, &records); err != nil {
		return nil, err
	}
	var texts []string
	for _, strs := range records {
		texts = append(texts, strings.Join(strs, ""))
	}
	return texts, nil
}
