package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list` says of a package, its tests included.
type pkg struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
}

const module = "casegate"

// mayImport is design.md's table: the folders at the top, and whom each knows
// besides itself.
var mayImport = map[string][]string{
	"templates": {},
	"mailer":    {},
	"ingest":    {"mailer"},
	"cases":     {"mailer", "templates"},
	"cmd":       {"mailer", "ingest", "cases", "templates"},
}

// homes says which package alone may know a library. go-smtp is a server and a
// client in one package, so it has a home for each.
var homes = map[string][]string{
	"github.com/emersion/go-smtp":         {"ingest/mx", "mailer/remote"},
	"github.com/emersion/go-imap/v2":      {"ingest/imap"},
	"github.com/jhillyerd/enmime/v2":      {"ingest/parse"},
	"github.com/microcosm-cc/bluemonday":  {"ingest/parse/page"},
	"go.etcd.io/bbolt":                    {"cases/store/bolt"},
	"github.com/miekg/dns":                {"mailer/dns", "mailer/dns/dnstest"},
	"github.com/emersion/go-msgauth":      {"mailer/dkim"},
	"github.com/alecthomas/kong":          {"cmd/casegate"},
	"github.com/pelletier/go-toml/v2":     {"cmd/casegate"},
	"github.com/prometheus/client_golang": {"cmd/casegate"},
}

// faults checks one package against the rules.
func faults(p pkg) []string {
	var found []string
	from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	top, _, _ := strings.Cut(from, "/")
	allowed, known := mayImport[top]
	if !known {
		return []string{fmt.Sprintf("%s: the top-level folder %q is not one of the five", p.ImportPath, top)}
	}
	check := func(path string, test bool) {
		if to, ours := strings.CutPrefix(path, module+"/"); ours {
			if to, _, _ := strings.Cut(to, "/"); to != top && !slices.Contains(allowed, to) {
				found = append(found, fmt.Sprintf("%s imports %s: %s may know %v only", p.ImportPath, path, top, append([]string{top}, allowed...)))
			}
			// A test of the root may use an adapter; the root itself never does.
			if from == "cases" && (strings.HasPrefix(to, "cases/notify") || strings.HasPrefix(to, "cases/store")) && !test {
				found = append(found, fmt.Sprintf("%s imports its adapter %s", p.ImportPath, path))
			}
			return
		}
		for library, home := range homes {
			if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(home, from) {
				found = append(found, fmt.Sprintf("%s imports %s, whose home is %s", p.ImportPath, path, strings.Join(home, ", ")))
			}
		}
	}
	for _, path := range p.Imports {
		check(path, false)
	}
	for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
		// A test may drive one of our packages with the library of another:
		// a server to try a client against.
		if strings.HasPrefix(path, module+"/") {
			check(path, true)
		}
	}
	return found
}

// TestImportRule: who may know whom (design.md, 1).
func TestImportRule(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	n := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; n++ {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(p) {
			t.Error(fault)
		}
	}
	if n < 5 {
		t.Errorf("go list gave %d packages, want all of the five folders: the rule was not checked", n)
	}
}

// TestImportRuleCatches is the positive control: what must be reported, and
// what must not.
func TestImportRuleCatches(t *testing.T) {
	for _, c := range []struct {
		name string
		pkg  pkg
		want string // part of the report; "" for none
	}{
		{"mailer knows nobody", pkg{ImportPath: "casegate/mailer", Imports: []string{"casegate/cases"}}, "mailer may know [mailer] only"},
		{"templates knows nobody", pkg{ImportPath: "casegate/templates", Imports: []string{"casegate/mailer"}}, "templates may know [templates] only"},
		{"ingest does not know cases", pkg{ImportPath: "casegate/ingest/mx", Imports: []string{"casegate/cases"}}, "ingest may know [ingest mailer] only"},
		{"nor do its tests", pkg{ImportPath: "casegate/ingest/mx", XTestImports: []string{"casegate/cases/casestest"}}, "ingest may know"},
		{"cases does not know ingest", pkg{ImportPath: "casegate/cases/notify", Imports: []string{"casegate/ingest"}}, "cases may know [cases mailer templates] only"},
		{"cases does not know its store", pkg{ImportPath: "casegate/cases", Imports: []string{"casegate/cases/store/bolt"}}, "imports its adapter"},
		{"cases does not know its notices", pkg{ImportPath: "casegate/cases", Imports: []string{"casegate/cases/notify"}}, "imports its adapter"},
		{"nobody is beside the five", pkg{ImportPath: "casegate/internal/util"}, "not one of the five"},
		{"bbolt stays at home", pkg{ImportPath: "casegate/cases", Imports: []string{"go.etcd.io/bbolt"}}, "whose home is cases/store/bolt"},
		{"enmime stays at home", pkg{ImportPath: "casegate/ingest", Imports: []string{"github.com/jhillyerd/enmime/v2"}}, "whose home is ingest/parse"},
		{"so do its sub-packages", pkg{ImportPath: "casegate/ingest", Imports: []string{"github.com/jhillyerd/enmime/v2/dsn"}}, "whose home is ingest/parse"},
		{"go-smtp has two homes", pkg{ImportPath: "casegate/cmd/casegate", Imports: []string{"github.com/emersion/go-smtp"}}, "whose home is"},
		{"a test may use a server", pkg{ImportPath: "casegate/mailer", TestImports: []string{"github.com/emersion/go-smtp"}}, ""},
		{"a test of cases may use a store", pkg{ImportPath: "casegate/cases", XTestImports: []string{"casegate/cases/store/bolt"}}, ""},
		{"cmd knows all", pkg{ImportPath: "casegate/cmd/casegate", Imports: []string{"casegate/cases", "casegate/cases/store/bolt", "casegate/ingest/mx", "fmt"}}, ""},
		{"ingest knows mailer", pkg{ImportPath: "casegate/ingest", Imports: []string{"casegate/mailer/blob", "casegate/ingest/parse"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := faults(c.pkg)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("reported %q, want nothing", got)
			case c.want != "" && !strings.Contains(strings.Join(got, "\n"), c.want):
				t.Errorf("reported %q, want something with %q", got, c.want)
			}
		})
	}
}
