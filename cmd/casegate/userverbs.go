package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"casegate/mailer"
)

// userCmd holds the verbs about who may sign in at the submission doors. They
// work on the data directory, whether a daemon runs there or not.
type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Let somebody sign in, and write as the addresses named."`
	List   userListCmd   `cmd:"" help:"List who may sign in."`
	Passwd userPasswdCmd `cmd:"" help:"Set a new password or token; the old one ends."`
	Remove userRemoveCmd `cmd:"" help:"Let somebody sign in no more."`
}

// userAnswer is a user for people and programs.
type userAnswer struct {
	Name      string           `json:"name"`
	Addresses []mailer.Address `json:"addresses"`
	SignsIn   string           `json:"signs_in"`        // "password" or "token"
	Token     string           `json:"token,omitempty"` // only where it was just made
}

func (u user) answer() userAnswer {
	a := userAnswer{Name: u.Name, Addresses: u.Addresses, SignsIn: "password"}
	if u.secret.token() {
		a.SignsIn = "token"
	}
	return a
}

// userName is the argument of verbs about one user.
type userName struct {
	Name string `arg:"" help:"Name of the user." placeholder:"NAME"`
}

// check tells a name that nobody can have from one that nobody has.
func (n userName) check() error {
	if err := checkUserName(n.Name); err != nil {
		return &usageError{err.Error()}
	}
	return nil
}

// newSecret is how a secret comes to be set.
type newSecret struct {
	Token bool `help:"Make a token, for a script, and print it: it is shown this once."`
}

type userAddCmd struct {
	dataAt
	format
	newSecret
	userName
	Address []string `help:"Address that the user may write as; several times for several." required:"" placeholder:"ADDRESS"`
}

func (*userAddCmd) Help() string {
	return "Examples:\n  casegate user add anna --address anna@corp.example\n  casegate user add nagios --address alerts@corp.example --token\n\n" +
		fmt.Sprintf("The password is asked for, or is the first line of standard input: at least %d characters. ", minPassword) +
		"It is never part of the command line, which others on the machine can see.\n\n" +
		"Signing in says who writes, and gives no rights of itself: what a mail from one of the addresses may do, the directory says."
}

// Run implements the verb.
func (c *userAddCmd) Run(ctx context.Context, con *console) error {
	u := user{Name: c.Name}
	if err := c.check(); err != nil {
		return err
	}
	var err error
	if u.Addresses, err = userAddresses(c.Address); err != nil {
		return &usageError{err.Error()}
	}
	list, err := usersOf(c.Data)
	if err == nil && index(list, c.Name) >= 0 {
		err = fmt.Errorf("there is a user %s already: remove it first, or set a password with casegate user passwd", c.Name)
	}
	if err != nil {
		return err // before a password is asked for
	}
	token, err := c.set(ctx, con, &u)
	if err != nil {
		return err
	}
	err = changeUsers(c.Data, func(list []user) ([]user, error) {
		if index(list, c.Name) >= 0 {
			return nil, fmt.Errorf("there is a user %s already", c.Name)
		}
		return append(list, u), nil
	})
	if err != nil {
		return err
	}
	return printSecret(con, c.format, u, token, "may sign in now")
}

// set gives a user a new secret, and tells it if it is a token.
func (s newSecret) set(ctx context.Context, con *console, u *user) (token string, err error) {
	if s.Token {
		token, u.secret = newToken()
		return token, nil
	}
	password, err := readPassword(ctx, con)
	if err != nil {
		return "", err
	}
	u.secret = hashPassword(password)
	return "", nil
}

func printSecret(con *console, f format, u user, token, now string) error {
	a := u.answer()
	a.Token = token
	return print(con, f, []userAnswer{a}, func(w io.Writer, _ []userAnswer) error {
		if token != "" {
			_, err := fmt.Fprintln(w, token) // and nothing else: for $(…)
			return err
		}
		_, err := fmt.Fprintf(w, "User %s %s.\n", u.Name, now)
		return err
	})
}

func index(list []user, name string) int {
	return slices.IndexFunc(list, func(u user) bool { return u.Name == name })
}

func noUser(name string) error { return fmt.Errorf("there is no user %s", oneLine(clipped(name))) }

type userPasswdCmd struct {
	dataAt
	format
	newSecret
	userName
}

func (*userPasswdCmd) Help() string {
	return "Examples:\n  casegate user passwd anna\n  casegate user passwd nagios --token"
}

// Run implements the verb.
func (c *userPasswdCmd) Run(ctx context.Context, con *console) error {
	if err := c.check(); err != nil {
		return err
	}
	list, err := usersOf(c.Data)
	if err == nil && index(list, c.Name) < 0 {
		err = noUser(c.Name)
	}
	if err != nil {
		return err
	}
	var u user
	token, err := c.set(ctx, con, &u)
	if err != nil {
		return err
	}
	err = changeUsers(c.Data, func(list []user) ([]user, error) {
		i := index(list, c.Name)
		if i < 0 {
			return nil, noUser(c.Name)
		}
		list[i].secret = u.secret
		u = list[i]
		return list, nil
	})
	if err != nil {
		return err
	}
	return printSecret(con, c.format, u, token, "has a new password")
}

type userRemoveCmd struct {
	dataAt
	format
	userName
}

func (*userRemoveCmd) Help() string { return "Example: casegate user remove anna" }

// Run implements the verb.
func (c *userRemoveCmd) Run(con *console) error {
	if err := c.check(); err != nil {
		return err
	}
	var gone user
	err := changeUsers(c.Data, func(list []user) ([]user, error) {
		i := index(list, c.Name)
		if i < 0 {
			return nil, noUser(c.Name)
		}
		gone = list[i]
		return slices.Delete(list, i, i+1), nil
	})
	if err != nil {
		return err
	}
	return printSecret(con, c.format, gone, "", "may not sign in any more")
}

type userListCmd struct {
	dataAt
	format
}

func (*userListCmd) Help() string { return "Example: casegate user list" }

// Run implements the verb.
func (c *userListCmd) Run(con *console) error {
	list, err := usersOf(c.Data)
	if err != nil {
		return err
	}
	var answers []userAnswer
	for _, u := range list {
		answers = append(answers, u.answer())
	}
	return print(con, c.format, answers, func(w io.Writer, list []userAnswer) error {
		if len(list) == 0 {
			fmt.Fprintln(w, "Nobody may sign in.")
			return nil
		}
		t := newTable(w, "NAME", "SIGNS IN WITH", "WRITES AS")
		for _, u := range list {
			texts := make([]string, len(u.Addresses))
			for i, a := range u.Addresses {
				texts[i] = a.String()
			}
			t.row(u.Name, u.SignsIn, strings.Join(texts, " "))
		}
		return t.flush()
	})
}

// A password that people choose has at least minPassword characters; none has
// more octets than maxPassword.
const (
	minPassword = 12
	maxPassword = 512
)

// readPassword asks for a password twice where a person sits at the terminal, and
// else reads the first line.
func readPassword(ctx context.Context, con *console) (string, error) {
	in := bufio.NewReader(io.LimitReader(con.in, 4*maxPassword))
	terminal := fromTerminal(con.in)
	if terminal {
		show := hideTyping()
		defer show()
	}
	ask := func(prompt string) (string, error) {
		if terminal {
			fmt.Fprint(con.err, prompt)
			defer fmt.Fprintln(con.err)
		}
		return readLine(ctx, in)
	}
	password, err := ask("New password: ")
	if err != nil {
		return "", err
	}
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if terminal {
		again, err := ask("Again: ")
		if err != nil {
			return "", err
		}
		if again != password {
			return "", errors.New("the passwords are not the same: nothing was changed")
		}
	}
	return password, nil
}

func checkPassword(password string) error {
	switch {
	case password == "":
		return errors.New("no password: type one, or give it as the first line of standard input")
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("the password is too short: want at least %d characters", minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("the password is too long: want at most %d octets", maxPassword)
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return errors.New("the password has characters that cannot be typed everywhere")
	}
	return nil
}

// readLine reads a line, and gives up when ctx is done, as reading from a
// terminal does not.
func readLine(ctx context.Context, in *bufio.Reader) (string, error) {
	type result struct {
		text string
		err  error
	}
	got := make(chan result, 1)
	go func() {
		text, err := in.ReadString('\n')
		got <- result{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case r := <-got:
		if r.err != nil && r.err != io.EOF {
			return "", fmt.Errorf("read password: %w", r.err)
		}
		return r.text, nil
	case <-ctx.Done():
		return "", fmt.Errorf("nothing was changed: %w", ctx.Err())
	}
}

func fromTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && stty("-g") == nil
}

// hideTyping keeps the terminal from showing what is typed until show is called.
func hideTyping() (show func()) {
	if stty("-echo") != nil {
		return func() {}
	}
	return func() { stty("echo") }
}

// stty sets the terminal at standard input; it fails where there is none.
func stty(how string) error {
	cmd := exec.Command("stty", how)
	cmd.Stdin = os.Stdin
	return cmd.Run()
}
