package spf_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	library "blitiri.com.ar/go/spf"

	"casegate/ingest/verify/spf"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

// suite is where the RFC 7208 suite lies beside the repository; it is measured
// against, and nothing of it is ever copied here.
var suite = filepath.Join("..", "..", "..", "..", "shared", "corpus", "spf_rfc7208")

type suiteCase struct {
	Scenario, Test, Helo string
	Spec                 any
	Client               string       `json:"client_ip"`
	Sender               string       `json:"mail_from"`
	Expect               []spf.Status `json:"expect_spf"`
}

// TestSuite runs every case against a DNS server on loopback. The library's
// figure beside it shows that the cases can be failed.
func TestSuite(t *testing.T) {
	var cases []suiteCase
	if err := json.Unmarshal(suiteFile(t, "rfc7208-tests.cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	zones := suiteZones(t, string(suiteFile(t, "rfc7208-tests.yml")))
	resolvers := map[string]*dns.Resolver{}
	good, libraryGood := 0, 0
	for _, c := range cases {
		zone, ok := zones[c.Scenario]
		if !ok {
			t.Fatalf("no zone for %q", c.Scenario)
		}
		r := resolvers[c.Scenario]
		if r == nil {
			r = zone.start(t)
			resolvers[c.Scenario] = r
		}
		q := spf.Query{Client: netip.MustParseAddr(c.Client), Helo: c.Helo, Sender: c.Sender}
		res := spf.Check(t.Context(), q, r)
		if slices.Contains(c.Expect, res.Status) {
			good++
		} else {
			t.Errorf("%s (%v): %s (%s), the suite expects %v", c.Test, c.Spec, res.Status, res.Reason, c.Expect)
		}
		if slices.Contains(c.Expect, second(t, q, r)) {
			libraryGood++
		}
	}
	t.Logf("%d of %d cases as the suite expects; the library %d", good, len(cases), libraryGood)
	if len(cases) != 203 {
		t.Errorf("the suite has %d cases, want 203", len(cases))
	}
}

// second is the library's opinion.
func second(t testing.TB, q spf.Query, r *dns.Resolver) spf.Status {
	client := q.Client.Unmap()
	result, _ := library.CheckHostWithSender(net.IP(client.AsSlice()), q.Helo, q.Sender,
		library.WithContext(t.Context()), library.WithResolver(netResolver{Resolver: r, Client: client}))
	return spf.Status(result)
}

func suiteFile(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join(suite, name))
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("no corpus at %s", suite)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// suiteZone is the zone of a scenario: text for the server, and names that fail.
type suiteZone struct {
	text    string
	failing []string
}

func (z suiteZone) start(t *testing.T) *dns.Resolver {
	server := dnstest.Start(t, z.text)
	for _, name := range z.failing {
		server.Fail(name, dnstest.ServFail)
	}
	r := &dns.Resolver{Servers: []string{server.Addr}, Timeout: 5 * time.Second}
	t.Cleanup(func() { r.Close() })
	return r
}

// suiteZones reads the zonedata of each scenario: just so much of YAML as the
// suite uses for it.
func suiteZones(t *testing.T, yaml string) map[string]suiteZone {
	zones := map[string]suiteZone{}
	for doc := range strings.SplitSeq(yaml, "\n---\n") {
		head, data, ok := strings.Cut(doc, "\nzonedata:\n")
		if !ok {
			continue
		}
		_, description, _ := strings.Cut("\n"+head, "\ndescription: ")
		description, _, _ = strings.Cut(description, "\n")
		zones[description] = readZone(t, data)
	}
	return zones
}

func readZone(t *testing.T, data string) suiteZone {
	var z suiteZone
	name := ""
	var records [][2]string // type and value
	flush := func() {
		z.add(t, name, records)
		records = nil
	}
	for line := range strings.SplitSeq(data, "\n") {
		entry, isRecord := strings.CutPrefix(line, "    - ")
		switch text := strings.TrimSpace(line); {
		case text == "" || text[0] == '#':
		case isRecord:
			kind, value, _ := strings.Cut(entry, ":")
			records = append(records, [2]string{kind, strings.TrimSpace(value)})
		default:
			flush()
			name = scalar(t, strings.TrimSuffix(text, ":"))
		}
	}
	flush()
	return z
}

// add writes the records of a name as zone text. Records of type SPF stand for
// TXT where there is none, since RFC 7208 has no such type any more.
func (z *suiteZone) add(t *testing.T, name string, records [][2]string) {
	has := func(kind string) bool {
		return slices.ContainsFunc(records, func(r [2]string) bool { return r[0] == kind })
	}
	owner := presentation(name)
	for _, r := range records {
		kind, values := r[0], list(t, r[1])
		switch {
		case kind == "TIMEOUT": // of types that are not listed; the suite means it for TXT and A
			if !has("TXT") || slices.Contains(records, [2]string{"TXT", "NONE"}) {
				z.failing = append(z.failing, owner)
			}
		case kind == "CNAMELOOP":
			z.text += owner + " CNAME " + owner + "\n"
		case kind == "SPF" && has("TXT"), len(values) == 0, values[0] == "NONE":
		case kind == "SPF", kind == "TXT":
			z.text += dnstest.TXT(owner, strings.Join(values, ""))
		case kind == "MX":
			z.text += fmt.Sprintf("%s MX %s %s\n", owner, values[0], presentation(values[1]))
		case kind == "PTR", kind == "CNAME":
			z.text += fmt.Sprintf("%s %s %s\n", owner, kind, presentation(values[0]))
		default:
			z.text += fmt.Sprintf("%s %s %s\n", owner, kind, values[0])
		}
	}
}

// presentation escapes a name for zone text.
func presentation(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.TrimSuffix(name, ".")) {
		if strings.IndexByte(".-_", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String() + "."
}

// list reads "[a, b]", or one scalar as a list of it.
func list(t *testing.T, s string) (values []string) {
	inner, isList := strings.CutPrefix(s, "[")
	if !isList {
		return []string{scalar(t, s)}
	}
	inner = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	for item := range strings.SplitSeq(inner, ",") {
		if item = strings.TrimSpace(item); item != "" {
			values = append(values, scalar(t, item))
		}
	}
	return values
}

func scalar(t *testing.T, s string) string {
	switch {
	case strings.HasPrefix(s, `"`):
		value, err := strconv.Unquote(strings.ReplaceAll(s, `\0`, `\x00`))
		if err != nil {
			t.Fatalf("scalar %s: %v", s, err)
		}
		return value
	case strings.HasPrefix(s, "'"):
		return strings.Trim(s, "'")
	}
	return s
}
