package dns

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casegate/mailer/dns/dnstest"
)

const world = `
good.test        TXT "v=spf1 -all"
good.test        TXT "one " "two"
good.test        MX  20 mx2.good.test
good.test        MX  10 MX1.good.test
null.test        MX  0 .
mx1.good.test    A   192.0.2.1
mx1.good.test    A   192.0.2.2
mx1.good.test    AAAA 2001:db8::1
deep.below.test  A   192.0.2.3
alias.test       CNAME alias2.test
alias2.test      CNAME good.test
nowhere.test     CNAME missing.test
bare.test        CNAME below.test
loop.test        CNAME loop2.test
loop2.test       CNAME loop.test
1.2.0.192.in-addr.arpa PTR MX1.good.test
1.2.0.192.in-addr.arpa PTR b\.ad.good.test
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.good.test
`

// start gives a resolver with one server. Its timeout is long: what must time
// out sets its own.
func start(t testing.TB, zone string) (*Resolver, *dnstest.Server) {
	t.Helper()
	server := dnstest.Start(t, zone)
	r := &Resolver{Servers: []string{server.Addr}, Timeout: 5 * time.Second}
	t.Cleanup(func() { r.Close() })
	return r, server
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || (want == nil) != (err == nil) {
		t.Errorf("%s gave error %v, want %v", what, err, want)
	}
	if errors.Is(err, ErrNoName) && errors.Is(err, ErrTemporary) {
		t.Errorf("%s gave error %v, which is two kinds at once", what, err)
	}
}

func TestAnswers(t *testing.T) {
	r, server := start(t, world)
	for name, f := range map[string]dnstest.Fault{
		"sf.test": dnstest.ServFail, "ref.test": dnstest.Refused, "junk.test": dnstest.Garbage, "tc.test": dnstest.Truncated,
	} {
		server.Fail(name, f)
	}
	long := strings.Repeat("0123456789", 500)
	odd := "caf\xc3\xa9 \xff \"q\" \\0 \\\\;()\x00"
	if err := server.Set(dnstest.TXT("tc.test", "by TCP") + dnstest.TXT("long.test", long) + dnstest.TXT("odd.test", odd) + dnstest.TXT(`we\ ird\(x.test`, "weird")); err != nil {
		t.Fatal(err)
	}
	addrs := func(list ...string) (as []netip.Addr) {
		for _, s := range list {
			as = append(as, netip.MustParseAddr(s))
		}
		return as
	}
	ctx := t.Context()
	for _, c := range []struct {
		what string
		ask  func(name string) (any, error)
		name string
		want any
		err  error
	}{
		{"TXT, strings joined", txt(ctx, r), "good.test", []string{"v=spf1 -all", "one two"}, nil},
		{"final dot, letter case", txt(ctx, r), "GOOD.test.", []string{"v=spf1 -all", "one two"}, nil},
		{"MX sorted, host lower-case", mx(ctx, r), "good.test", []MX{{"mx1.good.test", 10}, {"mx2.good.test", 20}}, nil},
		{"null MX, RFC 7505", mx(ctx, r), "null.test", []MX{{".", 0}}, nil},
		{"A", a(ctx, r), "mx1.good.test", addrs("192.0.2.1", "192.0.2.2"), nil},
		{"AAAA", aaaa(ctx, r), "mx1.good.test", addrs("2001:db8::1"), nil},
		{"PTR, without what is no host name", ptr(ctx, r), "192.0.2.1", []string{"mx1.good.test"}, nil},
		{"PTR of a mapped address", ptr(ctx, r), "::ffff:192.0.2.1", []string{"mx1.good.test"}, nil},
		{"PTR of IPv6 with zone", ptr(ctx, r), "2001:db8::1%eth0", []string{"six.good.test"}, nil},
		{"CNAMEs followed", txt(ctx, r), "alias.test", []string{"v=spf1 -all", "one two"}, nil},
		{"name without such records", txt(ctx, r), "mx1.good.test", []string(nil), nil},
		{"name that only has names below, RFC 8020", txt(ctx, r), "below.test", []string(nil), nil},
		{"CNAME to a name without such records", txt(ctx, r), "bare.test", []string(nil), nil},
		{"NXDOMAIN", txt(ctx, r), "missing.test", []string(nil), ErrNoName},
		{"CNAME to NXDOMAIN", txt(ctx, r), "nowhere.test", []string(nil), ErrNoName},
		{"no such PTR", ptr(ctx, r), "192.0.2.99", []string(nil), ErrNoName},
		{"CNAME loop", txt(ctx, r), "loop.test", []string(nil), ErrTemporary},
		{"SERVFAIL", txt(ctx, r), "sf.test", []string(nil), ErrTemporary},
		{"REFUSED", mx(ctx, r), "ref.test", []MX(nil), ErrTemporary},
		{"garbage", a(ctx, r), "junk.test", []netip.Addr(nil), ErrTemporary},
		{"truncated", txt(ctx, r), "tc.test", []string{"by TCP"}, nil},
		{"longer than UDP carries", txt(ctx, r), "long.test", []string{long}, nil},
		{"bytes of a text", txt(ctx, r), "odd.test", []string{odd}, nil},
		{"bytes of a name", txt(ctx, r), "we ird(x.test", []string{"weird"}, nil},
	} {
		for _, from := range []string{"server", "cache"} {
			got, err := c.ask(c.name)
			wantErr(t, c.what+" from "+from, err, c.err)
			if d := cmp.Diff(c.want, got, cmp.Comparer(func(x, y netip.Addr) bool { return x == y })); d != "" {
				t.Errorf("%s: asked for %q, from %s (-want +got):\n%s", c.what, c.name, from, d)
			}
		}
	}
}

func txt(ctx context.Context, r *Resolver) func(string) (any, error) {
	return func(name string) (any, error) { return r.TXT(ctx, name) }
}

func mx(ctx context.Context, r *Resolver) func(string) (any, error) {
	return func(name string) (any, error) { return r.MX(ctx, name) }
}

func a(ctx context.Context, r *Resolver) func(string) (any, error) {
	return func(name string) (any, error) { return r.A(ctx, name) }
}

func aaaa(ctx context.Context, r *Resolver) func(string) (any, error) {
	return func(name string) (any, error) { return r.AAAA(ctx, name) }
}

func ptr(ctx context.Context, r *Resolver) func(string) (any, error) {
	return func(addr string) (any, error) { return r.PTR(ctx, netip.MustParseAddr(addr)) }
}

// RFC 1035 2.3.4: names that cannot exist cost no question.
func TestImpossibleNames(t *testing.T) {
	r, server := start(t, "")
	label := strings.Repeat("x", 63)
	longest := strings.Join([]string{label, label, label, label[:61]}, ".")
	for name, asked := range map[string]bool{
		longest: true, longest[1:] + ".": true, "x" + longest: false,
		label + ".test": true, "x" + label + ".test": false,
		"": false, ".": false, "..": false, ".test": false, "a..test": false, "test..": false,
		"a b.test": true, "a\x00b.test": true, `a\.test`: true, "*.test": true, "\xff.test": true,
	} {
		before := server.Total()
		_, err := r.TXT(t.Context(), name)
		wantErr(t, "TXT of "+name, err, ErrNoName)
		if got := server.Total() > before; got != asked {
			t.Errorf("name %q of %d octets: server asked is %v, want %v", name, len(name), got, asked)
		}
	}
	_, err := r.PTR(t.Context(), netip.Addr{})
	wantErr(t, "PTR of no address", err, ErrNoName)
}

func TestNextServer(t *testing.T) {
	bad, good := dnstest.Start(t, ""), dnstest.Start(t, world)
	bad.Fail(dnstest.Everything, dnstest.ServFail)
	r := &Resolver{Servers: []string{bad.Addr, good.Addr}, Timeout: 5 * time.Second}
	defer r.Close()
	for _, name := range []string{"good.test", "mx1.good.test", "below.test"} {
		if _, err := r.TXT(t.Context(), name); err != nil {
			t.Errorf("first server fails, second one works: %v, want its answer", err)
		}
	}
	if n := bad.Total(); n != 1 {
		t.Errorf("the failing server was asked %d times, want 1: from then on the other is asked first", n)
	}
	good.Fail(dnstest.Everything, dnstest.Refused)
	_, err := r.TXT(t.Context(), "other.test")
	wantErr(t, "TXT with two failing servers", err, ErrTemporary)
	if n := bad.Queries("other.test") + good.Queries("other.test"); n != 2 {
		t.Errorf("two failing servers were asked %d times together, want 2", n)
	}
}

func TestSystemServers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("search a.test\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := systemServers(path), []string{"192.0.2.53:53", "[2001:db8::53]:53"}; !cmp.Equal(got, want) {
		t.Errorf("servers of resolv.conf are %q, want %q", got, want)
	}
	if got, want := systemServers(path+".missing"), []string{"127.0.0.1:53"}; !cmp.Equal(got, want) {
		t.Errorf("servers without resolv.conf are %q, want %q, resolv.conf(5)", got, want)
	}
}

// Equal questions at the same time are one question, and answers are each
// caller's own.
func TestConcurrent(t *testing.T) {
	r, server := start(t, world)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got, err := r.TXT(t.Context(), "good.test")
			if err != nil || len(got) != 2 || got[0] != "v=spf1 -all" {
				t.Errorf("TXT gave %q, %v", got, err)
				return
			}
			got[0] = "changed by a caller"
		})
	}
	wg.Wait()
	if n := server.Queries("good.test"); n != 1 {
		t.Errorf("50 equal questions cost the server %d, want 1", n)
	}
}

func TestClose(t *testing.T) {
	r, server := start(t, world)
	if _, err := r.TXT(t.Context(), "good.test"); err != nil {
		t.Fatal(err)
	}
	r.Close()
	_, err := r.TXT(t.Context(), "good.test")
	wantErr(t, "known answer after Close", err, nil)
	_, err = r.TXT(t.Context(), "other.test")
	wantErr(t, "question after Close", err, ErrTemporary)
	if n := server.Queries("other.test"); n != 0 {
		t.Errorf("a closed resolver asked %d times, want none", n)
	}
	var unused Resolver
	unused.Close()
}
