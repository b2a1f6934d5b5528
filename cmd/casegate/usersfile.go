package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"casegate/mailer"
)

// usersName is the file of users in the data directory: a line for each, of
// name, secret and addresses with commas between them. Neither has white space.
const usersName = "users"

// user is who may sign in, and the addresses they may write as.
type user struct {
	Name      string
	Addresses []mailer.Address
	secret    hashed
}

const (
	maxUsersFile = 4 << 20 // octets
	maxUserName  = 64      // octets
	maxUserLine  = 16 << 10
)

// checkUserName wants a name that is the same to everybody who writes it.
func checkUserName(name string) error {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_+@", r)
	})
	if name == "" || len(name) > maxUserName || odd {
		return fmt.Errorf("%q is no user name: want up to %d lower-case letters, digits and . - _ + @", clipped(name), maxUserName)
	}
	return nil
}

func clipped(s string) string { return s[:min(len(s), maxUserName)] }

// readUsers reads the file; where there is none there are no users.
func readUsers(path string) ([]user, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read users: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("users: %s is no file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("users: others can read %s (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxUsersFile+1))
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	if len(data) > maxUsersFile {
		return nil, fmt.Errorf("users: %s is larger than %d MiB", path, maxUsersFile>>20)
	}
	return parseUsers(path, data)
}

// parseUsers reads all lines; its error names the first that is wrong, and never
// quotes a secret.
func parseUsers(name string, data []byte) (list []user, err error) {
	lines := map[string]int{}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		u, err := parseUser(strings.TrimSuffix(string(line), "\n"))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if lines[u.Name] > 0 {
			return nil, fmt.Errorf("%s:%d: user %s is in line %d already", name, n, u.Name, lines[u.Name])
		}
		lines[u.Name] = n
		list = append(list, u)
	}
	return list, nil
}

func parseUser(line string) (u user, err error) {
	field := strings.Split(line, " ")
	if len(field) != 3 || len(line) > maxUserLine {
		return u, errors.New("want a name, a secret and addresses, with one space between them: see `casegate user add --help`")
	}
	if err := checkUserName(field[0]); err != nil {
		return u, err
	}
	u.Name = field[0]
	if u.secret, err = parseHashed(field[1]); err != nil {
		return u, fmt.Errorf("user %s: %w", u.Name, err)
	}
	if u.Addresses, err = userAddresses(strings.Split(field[2], ",")); err != nil {
		return u, fmt.Errorf("user %s: %w", u.Name, err)
	}
	return u, nil
}

// userAddresses reads addresses that can stand in the file.
func userAddresses(texts []string) (all []mailer.Address, err error) {
	for _, s := range texts {
		a, err := mailer.ParseAddress(s)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(a.String(), ", \t\r\n") {
			return nil, fmt.Errorf("%q has a comma or a space in it, which the file of users cannot hold", s)
		}
		if slices.ContainsFunc(all, a.Is) {
			continue
		}
		all = append(all, a)
	}
	return all, nil
}

// line is what parseUser reads.
func (u user) line() string {
	texts := make([]string, len(u.Addresses))
	for i, a := range u.Addresses {
		texts[i] = a.String()
	}
	return u.Name + " " + u.secret.text() + " " + strings.Join(texts, ",")
}

// usersOf reads the users of a data directory, which has to be there.
func usersOf(data string) ([]user, error) {
	if err := existing(data); err != nil {
		return nil, err
	}
	return readUsers(filepath.Join(data, usersName))
}

// changeUsers reads the file, has it changed and writes it, alone. A daemon that
// runs sees the new file by itself.
func changeUsers(data string, change func([]user) ([]user, error)) error {
	unlock, err := lockData(data)
	if err != nil {
		return err
	}
	defer unlock()
	path := filepath.Join(data, usersName)
	list, err := readUsers(path)
	if err != nil {
		return err
	}
	if list, err = change(list); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b user) int { return strings.Compare(a.Name, b.Name) })
	return writeDurably(path, func(f *os.File) error {
		for _, u := range list {
			if _, err := fmt.Fprintln(f, u.line()); err != nil {
				return err
			}
		}
		return giveTo(f, data)
	})
}

// lockData keeps two programs from changing the same small file of a data
// directory at the same time. It is another lock than the store's, which a
// daemon holds as long as it runs.
func lockData(data string) (unlock func(), err error) {
	if err := existing(data); err != nil {
		return nil, err
	}
	if err := prepareData(data); err != nil {
		return nil, err
	}
	d, err := os.Open(data)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		d.Close()
		return nil, fmt.Errorf("lock %s: %w", data, err)
	}
	return func() { d.Close() }, nil
}

// giveTo makes a file that root writes the property of whoever owns the data
// directory: the daemon, which runs as that user, has to read it.
func giveTo(f *os.File, data string) error {
	info, err := os.Stat(data)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}
