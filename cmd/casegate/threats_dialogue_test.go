package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// letter is a mail with its envelope. Fields that are "" are those of eve.
type letter struct {
	ip, helo, path string // path "<>": the null reverse-path
	to             []string
	mail           string
	utf8           bool // with SMTPUTF8
}

// send has a client send a letter and gives the reply that decides it: the last
// refusal where no recipient was taken, else that to the text.
func (w *world) send(l letter) string {
	w.t.Helper()
	c := w.dial(l.ip)
	defer c.close()
	c.expect("220")
	c.say("EHLO " + or(l.helo, "mx.evil.test"))
	mail := "MAIL FROM:<" + strings.Trim(or(l.path, eve), "<>") + ">"
	if l.utf8 {
		mail += " SMTPUTF8 BODY=8BITMIME"
	}
	if r := c.say(mail); r[0] != '2' {
		return r
	}
	refused, taken := "", false
	for _, to := range l.to {
		if r := c.say("RCPT TO:<" + to + ">"); r[0] == '2' {
			taken = true
		} else {
			refused = r
		}
	}
	if !taken {
		return refused
	}
	if r := c.say("DATA"); r[0] != '3' {
		return r
	}
	c.write(stuffed(l.mail) + ".\r\n")
	reply := c.reply()
	c.say("QUIT")
	return reply
}

// must is send for what has to go well.
func (w *world) must(want string, l letter) string {
	w.t.Helper()
	got := w.send(l)
	if !strings.HasPrefix(got, want) {
		w.t.Fatalf("the mail to %v is answered %q, want %s", l.to, got, want)
	}
	return got
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// stuffed is a text as DATA carries it (RFC 5321 4.5.2), with its last CRLF.
func stuffed(text string) string {
	if !strings.HasSuffix(text, "\r\n") {
		text += "\r\n"
	}
	text = strings.ReplaceAll(text, "\r\n.", "\r\n..")
	if strings.HasPrefix(text, ".") {
		text = "." + text
	}
	return text
}

// conversation is a raw SMTP connection.
type conversation struct {
	w    *world
	conn net.Conn
	in   *bufio.Reader
}

func (w *world) dial(ip string) *conversation {
	w.t.Helper()
	return w.dialTo(ip, w.gate.status().SMTP)
}

func (w *world) dialTo(ip, addr string) *conversation {
	w.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(or(ip, evilIP))}, Timeout: patience}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &conversation{w: w}
	c.over(conn)
	return c
}

// over goes on over another connection, such as one with TLS.
func (c *conversation) over(conn net.Conn) {
	c.conn, c.in = conn, bufio.NewReader(conn)
	conn.SetDeadline(time.Now().Add(patience))
}

func (c *conversation) close() { c.conn.Close() }

// write sends octets as they are. That the other side has hung up shows in its
// reply.
func (c *conversation) write(s string) { io.WriteString(c.conn, s) }

// say sends a line and gives the reply to it.
func (c *conversation) say(line string) string {
	c.write(line + "\r\n")
	return c.reply()
}

// closed is the reply of a connection that has ended.
const closed = "closed"

// reply reads one reply, all its lines in one.
func (c *conversation) reply() string {
	var all strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil || len(line) < 4 {
			return closed
		}
		c.w.heard(line)
		all.WriteString(strings.TrimSpace(line))
		if line[3] == ' ' {
			return all.String()
		}
		all.WriteString(" / ")
	}
}

// expect reads one reply, which must begin with want.
func (c *conversation) expect(want string) string {
	c.w.t.Helper()
	got := c.reply()
	if !strings.HasPrefix(got, want) {
		c.w.t.Errorf("the reply is %q, want %s", got, want)
	}
	return got
}

// replies reads what there is until the other side hangs up.
func (c *conversation) replies() (all []string) {
	for r := c.reply(); r != closed; r = c.reply() {
		all = append(all, r)
	}
	return all
}

func (w *world) heard(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said.WriteString(line)
}

// write makes a mail that is like no other.
func (w *world) write(from, to, subject, text string) string {
	w.n++
	return onWire(fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <m%d@client.test>\n\n%s\n",
		from, to, subject, time.Now().Format(time.RFC1123Z), w.n, text))
}

// signed is a mail that the sender's domain has signed.
func (w *world) signed(from, to, subject, text string) string {
	return sign(from, w.write(from, to, subject, text))
}

// sign signs a mail for the domain of an address.
func sign(as, mail string) string {
	_, domain, _ := strings.Cut(as, "@")
	return keyOf(domain).Sign(mail, "from", "to", "cc", "subject", "date", "message-id")
}

func onWire(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// with puts fields on top of a mail.
func with(fields, mail string) string { return onWire(fields) + mail }
