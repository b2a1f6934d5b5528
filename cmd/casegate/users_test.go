package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/mailer"
)

// cheap is a hash that tests can wait for.
func cheap(password string) hashed {
	h := hashed{memory: 8, time: 1, threads: 1, salt: []byte("salt of a test")}
	h.sum = h.of(password, hashSum)
	return h
}

const (
	goodHash  = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodToken = "$sha256$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// TestUsersErrors: a file that somebody broke is refused whole, with the line
// and what is wrong, and without showing secrets (T105).
func TestUsersErrors(t *testing.T) {
	good := "anna " + goodHash + " anna@corp.example\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty line", good + "\n", "users:2: want a name, a secret and addresses"},
		{"a field too few", "anna " + goodHash + "\n", "users:1: want a name"},
		{"a field too many", "anna " + goodHash + " a@b.example c@d.example\n", "users:1: want a name"},
		{"two spaces", "anna  " + goodHash + " a@b.example\n", "users:1: want a name"},
		{"CR", "anna " + goodHash + " a@b.example\r\n", "users:1: user anna: not a mail address"},
		{"a NUL", "an\x00na " + goodHash + " a@b.example\n", "users:1:"},
		{"a long line", "anna " + goodHash + " " + strings.Repeat("a@b.example,", 2000) + "a@b.example\n", "users:1: want a name"},
		{"capitals in the name", good + "Anna " + goodHash + " a@b.example\n", `users:2: "Anna" is no user name`},
		{"the same name twice", good + good, "users:2: user anna is in line 1 already"},
		{"a password that is not hashed", "anna canary a@b.example\n", "users:1: user anna: its secret is neither"},
		{"bcrypt", "anna $2y$10$canarycanarycanarycana a@b.example\n", "users:1: user anna: its secret is neither"},
		{"argon2i", "anna " + strings.Replace(goodHash, "2id", "2i", 1) + " a@b.example\n", "its secret is neither"},
		{"old argon2id", "anna " + strings.Replace(goodHash, "v=19", "v=16", 1) + " a@b.example\n", "its secret is neither"},
		{"gigabytes of memory", "anna " + strings.Replace(goodHash, "m=19456", "m=4194304", 1) + " a@b.example\n", "costs too much or nothing"},
		{"hours of time", "anna " + strings.Replace(goodHash, "t=2", "t=4294967295", 1) + " a@b.example\n", "costs too much or nothing"},
		{"no time", "anna " + strings.Replace(goodHash, "t=2", "t=0", 1) + " a@b.example\n", "costs too much or nothing"},
		{"no threads", "anna " + strings.Replace(goodHash, "p=1", "p=0", 1) + " a@b.example\n", "costs too much or nothing"},
		{"signed cost", "anna " + strings.Replace(goodHash, "t=2", "t=+2", 1) + " a@b.example\n", "its secret is neither"},
		{"a hash of nothing", "anna $argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$ a@b.example\n", "its secret is neither"},
		{"a token of nothing", "anna $sha256$ a@b.example\n", "its secret is neither"},
		{"a short token", "anna $sha256$AAAA a@b.example\n", "its secret is neither"},
		{"no address", "anna " + goodHash + " \n", "users:1: user anna: not a mail address"},
		{"a bad address", "anna " + goodHash + " anna@corp.example,x\n", "users:1: user anna: not a mail address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := parseUsers("users", []byte(c.text))
			if err == nil {
				t.Fatalf("it was read as %v", list)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %q, want %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), goodHash[40:]) {
				t.Errorf("T105: the error shows a secret: %v", err)
			}
		})
	}
	if list, err := parseUsers("users", []byte(good+"nagios "+goodToken+" a@b.example,c@d.example")); err != nil || len(list) != 2 || len(list[1].Addresses) != 2 {
		t.Errorf("the control gives %v, %v; want two users, the second with two addresses", list, err)
	}
}

// TestUsersFile: what is no file of ours is not read.
func TestUsersFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, usersName)
	if list, err := readUsers(path); err != nil || len(list) != 0 {
		t.Errorf("no file gives %v, %v; want no users and no error", list, err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readUsers(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read gives %v, want what to do about it", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxUsersFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := readUsers(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a huge file gives %v, want it refused", err)
	}
	if _, err := readUsers(dir); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a folder gives %v, want it refused", err)
	}
}

func FuzzUsers(f *testing.F) {
	f.Add([]byte("anna " + goodHash + " anna@corp.example,\"a b\"@corp.example\nnagios " + goodToken + " a@b.example\n"))
	f.Add([]byte("anna $argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA a@xn--bcher-kva.example"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseUsers("users", data)
		if err != nil {
			if list != nil {
				t.Error("some users are taken of a file that is wrong")
			}
			return
		}
		// What was read is read the same once it is written, and cannot cost
		// more than it may.
		for _, u := range list {
			if u.secret.memory > maxHashMemory || u.secret.time > maxHashTime || len(u.secret.sum) < 16 || len(u.Addresses) == 0 {
				t.Errorf("taken: %+v", u)
			}
			again, err := parseUser(u.line())
			if err != nil || again.line() != u.line() {
				t.Errorf("%q is written as %q, which is read as %q, %v", data, u.line(), again.line(), err)
			}
		}
	})
}

func usersWith(t *testing.T, list ...user) *users {
	t.Helper()
	dir := shortTempDir(t)
	if err := changeUsers(dir, func([]user) ([]user, error) { return list, nil }); err != nil {
		t.Fatal(err)
	}
	u, err := newUsers(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func address(t *testing.T, s string) mailer.Address {
	t.Helper()
	a, err := mailer.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAuth: only the right secret of the right user, whatever is tried.
func TestAuth(t *testing.T) {
	token, kept := newToken()
	u := usersWith(t,
		user{Name: "anna", secret: cheap("correct horse"), Addresses: []mailer.Address{address(t, "anna@corp.example")}},
		user{Name: "nagios", secret: kept, Addresses: []mailer.Address{address(t, "alerts@corp.example")}})
	for _, c := range []struct {
		name, password string
		want           bool
	}{
		{"anna", "correct horse", true},
		{"nagios", token, true},
		{"anna", "correct horse ", false},
		{"anna", "", false},
		{"anna", token, false},
		{"nagios", "correct horse", false},
		{"nagios", strings.ToUpper(token), false},
		{"nagios", kept.text(), false},
		{"anna", cheap("correct horse").text(), false},
		{"Anna", "correct horse", false},
		{"nobody", "correct horse", false},
		{"nobody", "", false},
		{"", "", false},
	} {
		if ok, err := u.auth(t.Context(), c.name, c.password); ok != c.want || err != nil {
			t.Errorf("user %q with %q gets %v, %v; want %v", c.name, c.password, ok, err, c.want)
		}
	}
	for _, c := range []struct {
		name, address string
		want          bool
	}{
		{"anna", "anna@corp.example", true},
		{"anna", "ANNA@corp.example", address(t, "ANNA@corp.example").Is(address(t, "anna@corp.example"))},
		{"anna", "alerts@corp.example", false},
		{"anna", "anna@sub.corp.example", false},
		{"nobody", "anna@corp.example", false},
	} {
		if got := u.mayWriteAs(c.name, address(t, c.address)); got != c.want {
			t.Errorf("%s may write as %s: %v, want %v", c.name, c.address, got, c.want)
		}
	}
	if u.mayWriteAs("anna", mailer.Address{}) {
		t.Error("anna may write as nobody, want not")
	}
}

// TestAuthBounded: beyond four at once, who signs in waits, and not for ever.
func TestAuthBounded(t *testing.T) {
	u := usersWith(t)
	if err := u.memory.Acquire(t.Context(), maxHashing); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if ok, err := u.auth(ctx, "anna", "x"); ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a fifth gets %v, %v; want it to wait until its time is up", ok, err)
	}
}

// TestHash: OWASP's cost, a salt of its own each time, and the PHC form.
func TestHash(t *testing.T) {
	a, b := hashPassword("correct horse"), hashPassword("correct horse")
	if a.text() == b.text() {
		t.Error("two hashes of one password are the same, want a salt for each")
	}
	if !strings.HasPrefix(a.text(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %q, want OWASP's cost", a.text())
	}
	again, err := parseHashed(a.text())
	if err != nil || !again.isPassword("correct horse") || again.isPassword("correct horsf") {
		t.Errorf("the hash is read back as %+v, %v; want it to fit its password and no other", again, err)
	}
	// A test vector of the reference program, phc-winner-argon2.
	other, err := parseHashed("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil || !other.isPassword("password") {
		t.Errorf("the reference program's hash of \"password\" does not fit it (%v)", err)
	}
	if none := (hashed{}); none.isToken("") || none.isPassword("") {
		t.Error("what is no secret fits something")
	}
}

// TestUsersReread: the daemon sees changes by itself; a broken file changes
// nothing, and one that is taken away lets nobody in.
func TestUsersReread(t *testing.T) {
	var log bytes.Buffer
	anna := user{Name: "anna", secret: cheap("correct horse"), Addresses: []mailer.Address{address(t, "anna@corp.example")}}
	u := usersWith(t)
	u.log = slog.New(slog.NewTextHandler(&log, nil))
	data := filepath.Dir(u.path)
	knows := func() bool { return len(u.current()["anna"].Addresses) > 0 }
	change := func(list ...user) {
		t.Helper()
		if err := changeUsers(data, func([]user) ([]user, error) { return list, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if change(anna); !knows() {
		t.Error("a user who was added is not known")
	}
	if err := os.WriteFile(u.path, []byte("canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if !knows() {
			t.Error("a broken file shut out who was known")
		}
	}
	if n := strings.Count(log.String(), "cannot be read"); n != 1 || strings.Contains(log.String(), "canary") {
		t.Errorf("the log speaks %d times of one broken file, want once and without what is in it: %s", n, log.String())
	}
	if err := os.Remove(u.path); err != nil {
		t.Fatal(err)
	}
	if knows() {
		t.Error("without a file anna is still known")
	}
}

// TestReadPassword: from standard input comes one line, and nothing that nobody
// could type again.
func TestReadPassword(t *testing.T) {
	for _, c := range []struct{ in, want, wantErr string }{
		{"correct horse\n", "correct horse", ""},
		{"correct horse\r\nand more\n", "correct horse", ""},
		{"correct horse", "correct horse", ""},
		{"zażółć gęślą", "zażółć gęślą", ""},
		{"", "", "no password"},
		{"\ncorrect horse\n", "", "no password"},
		{"short\n", "", "too short"},
		{strings.Repeat("x", 600) + "\n", "", "too long"},
		{"correct\x00horse!\n", "", "cannot be typed"},
		{"correct horse \xff\n", "", "cannot be typed"},
	} {
		got, err := readPassword(t.Context(), &console{in: strings.NewReader(c.in), out: io.Discard, err: io.Discard})
		if got != c.want || (err == nil) != (c.wantErr == "") || err != nil && !strings.Contains(err.Error(), c.wantErr) {
			t.Errorf("%.30q gives %q, %v; want %q, %q", c.in, got, err, c.want, c.wantErr)
		}
	}
}

// TestReadPasswordStops: a person who presses Ctrl-C does not have to type on.
func TestReadPasswordStops(t *testing.T) {
	in, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readPassword(ctx, &console{in: in, out: io.Discard, err: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v, want it to stop", err)
	}
}
