package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestThreatRetries: a client that never saw the 250 comes again, and it is one
// mail (T49).
func TestThreatRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := strings.Count(w.state(), "\n")
	mail := w.signed(ann, intake1, "Once", "text")
	t.Run("T49 gone before the answer", func(t *testing.T) {
		w.in(t)
		c := w.open(honestIP, false)
		c.say("MAIL FROM:<" + ann + ">")
		c.say("RCPT TO:<" + intake1 + ">")
		c.say("DATA")
		c.write(stuffed(mail) + ".\r\n")
		c.close()
		for range 5 {
			w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: mail})
		}
		if n := strings.Count(w.state(), "\n") - before; n != 1 {
			t.Errorf("six tries made %d cases, want one", n)
		}
	})
	t.Run("T49 A3 gone within the text", func(t *testing.T) {
		w.in(t)
		was := w.state()
		for _, way := range []string{"DATA\r\n", "BDAT 5000 LAST\r\n"} {
			c := w.open(sharedIP, false)
			c.transaction()
			c.write(way + "From: " + sam + "\r\n\r\nRSET\r\n" + strings.TrimSuffix(smuggled, ".\r\n"))
			c.close()
		}
		w.settled()
		if after := w.state(); after != was {
			t.Errorf("the cases are\n%s", after)
		}
	})
}

// TestThreatStoreFails: a store that fails is a temporary answer without our
// internals (A5).
func TestThreatStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.drained()
	t.Run("A5 the blobs cannot be written", func(t *testing.T) { w.in(t); w.storeFails(t) })
}

// TestThreatReplies: what a good server answers where go-smtp does not (A7, A8).
func TestThreatReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ask := func(name, begin, command, want string) {
		t.Run(name, func(t *testing.T) {
			w.in(t)
			c := w.open("", false)
			if begin != "" {
				c.say(begin)
			}
			if r := c.say(command); !strings.HasPrefix(r, want) {
				t.Errorf("%q is answered %q, want %s", command, r, want)
			}
		})
	}
	const mail = "MAIL FROM:<x@evil.test>"
	ask("A7 bare postmaster", mail, "RCPT TO:<Postmaster>", "250")
	ask("A7 a second MAIL", mail, mail, "503")
	ask("A7 a mail of exactly the size", "", fmt.Sprintf(mail+" SIZE=%d", 12<<20), "250")
	ask("A7 one octet more", "", fmt.Sprintf(mail+" SIZE=%d", 12<<20+1), "552")
	ask("A8 parameters in an address", "", `MAIL FROM:<"x> NOTIFY=NEVER y"@evil.test>`, "250")
	ask("A8 parameters behind an address", mail, "RCPT TO:<"+intake1+"> NOTIFY=NEVER", "5")
	ask("A8 CR LF in quotes", "", "MAIL FROM:<\"x\rRCPT TO:<a@b.test>\"@evil.test>", "5")
	ask("A8 8-bit without SMTPUTF8", "", "MAIL FROM:<é@evil.test>", "553")
	ask("A8 no UTF-8 with SMTPUTF8", "", "MAIL FROM:<\xff@evil.test> SMTPUTF8", "5")
	w.run(t, []attack{
		{"A7 control, lines of 64 KiB", letter{ip: sharedIP, path: sam, to: []string{intake1}, mail: w.write(sam, intake1, "Long", strings.Repeat("a", 64<<10))}, "250", "", true, nil},
		{"A7 control, a mail of exactly the size", letter{ip: sharedIP, path: sam, to: []string{intake1}, mail: exactly(w.write(sam, intake1, "Full", ""), 12<<20)}, "250", "", true, nil},
		{"A7 one octet more", letter{ip: sharedIP, path: sam, to: []string{intake1}, mail: exactly(w.write(sam, intake1, "Full", ""), 12<<20+1)}, "552 5.3.4", "", false, nil},
	})
}

// exactly fills a mail up with lines to a size in octets.
func exactly(mail string, size int) string {
	line := strings.Repeat("a", 70) + "\r\n"
	mail += strings.Repeat(line, (size-len(mail))/len(line)-1)
	return mail + strings.Repeat("b", size-len(mail)-2) + "\r\n"
}

// storeFails has the daemon's files go away: a mail that is larger than fits the
// store needs one.
func (w *world) storeFails(t *testing.T) {
	dir := filepath.Join(w.gate.Config.Data, blobsName)
	before := w.state()
	large := w.signed(ann, intake1, "Large", strings.Repeat("a line of text\n", 20_000))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.send(letter{ip: honestIP, path: ann, to: []string{intake1}, mail: large})
	if !strings.HasPrefix(r, "451 4.3.0") || strings.ContainsAny(r, "/:") {
		t.Errorf("it is answered %q, want 451 4.3.0 and no path", r)
	}
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Run("A5 control, the blobs are back", func(t *testing.T) {
		w.in(t)
		w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: large})
	})
}
