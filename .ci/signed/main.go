// Command signed prepares a measurement with verification on: it signs the mails
// named on the command line for acme.example with RSA-2048, and
// serves the domain's SPF, DKIM and DMARC records on a loopback address until it
// is killed.
//
//	go run ./.ci/signed 127.0.0.1:5300 mail.eml…   writes mail.eml.signed beside each
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"strings"

	"casegate/mailer/dkim/dkimtest"
	"casegate/mailer/dns/dnstest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "signed:", err)
		os.Exit(1)
	}
	select {}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: signed ADDRESS FILE…")
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	key := dkimtest.RSA("acme.example", "load", private)
	for _, name := range args[1:] {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		mail := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
		if err := os.WriteFile(name+".signed", []byte(key.Sign(mail, "from", "to", "subject")), 0o644); err != nil {
			return err
		}
	}
	_, err = dnstest.Serve(args[0], strings.Join([]string{
		dnstest.TXT("acme.example.", "v=spf1 ip4:127.0.0.0/8 -all"),
		dnstest.TXT("_dmarc.acme.example.", "v=DMARC1; p=reject"),
		dnstest.TXT(key.Name()+".", key.Record()),
	}, "\n"))
	return err
}
