package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"time"
)

// expirySoon: ACME renews 30 days before the end, so that something is wrong with
// a certificate that has less than half of them left.
const expirySoon = 14 * 24 * time.Hour

var errNoCertificate = errors.New("none")

// certificate is what the doors should show: of the files, or of ACME's cache.
func (d *doctor) certificate() (pair tls.Certificate, path string, err error) {
	switch {
	case d.conf.ACME.AcceptTerms:
		path = filepath.Join(d.conf.Data, acmeName, d.conf.Hostname)
		both, err := os.ReadFile(path)
		if err != nil {
			return pair, path, err
		}
		pair, err = tls.X509KeyPair(both, both)
		return pair, path, err
	case d.conf.SMTP.TLSCert != "":
		path = d.conf.SMTP.TLSCert
		pair, err = tls.LoadX509KeyPair(path, d.conf.SMTP.TLSKey)
		return pair, path, err
	}
	return pair, "", errNoCertificate
}

// checkCertificate judges the files: what a daemon would show from its next look
// at them on.
func (d *doctor) checkCertificate(context.Context) []diagnosis {
	pair, path, err := d.certificate()
	g := of("certificate", path)
	switch {
	case errors.Is(err, errNoCertificate):
		g.Subject = d.conf.Hostname
		return []diagnosis{g.is(warning, "none is configured: mail comes in unencrypted", "Set smtp.tls_cert and smtp.tls_key, or [acme].")}
	case errors.Is(err, fs.ErrNotExist) && d.conf.ACME.AcceptTerms:
		return []diagnosis{g.is(warning, "none has come from the ACME server yet", "Look for acme in the log of the daemon; port 80 of the hostname must lead to acme.listen.")}
	case err != nil:
		return []diagnosis{g.is(failure, "certificate and key cannot be used together: "+err.Error(), "Put the chain into smtp.tls_cert and the key of its first certificate into smtp.tls_key.")}
	}
	return []diagnosis{d.chain(g, pair.Leaf, pair.Certificate[1:])}
}

// chain judges a certificate as a careful client does (RFC 5280 6.1).
func (d *doctor) chain(g diagnosis, leaf *x509.Certificate, above [][]byte) diagnosis {
	const renew = "Renew it."
	until := "until " + moment(leaf.NotAfter)
	switch {
	case d.now.After(leaf.NotAfter):
		return g.is(failure, "has expired: it was valid "+until, renew)
	case d.now.Before(leaf.NotBefore):
		return g.is(failure, "is valid from "+moment(leaf.NotBefore)+" on, which is to come", "See what is said of the clock; else wait, or use another one.")
	case wrongNames(leaf, d.conf.Hostname) != "":
		return g.is(failure, wrongNames(leaf, d.conf.Hostname), "Get one with the hostname in it.")
	}
	pool := x509.NewCertPool()
	for _, der := range above {
		if c, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(c)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: d.roots, Intermediates: pool, CurrentTime: d.now})
	switch {
	case err != nil:
		return g.is(warning, "is not trusted by this machine: "+err.Error(), "Put the intermediate certificates behind it into the file; a self-signed one is for tests only.")
	case leaf.NotAfter.Sub(d.now) < expirySoon:
		return g.is(warning, "expires soon: it is valid "+until, renew+" See why that has not happened by itself.")
	}
	return g.ok(fmt.Sprintf("is for %s, valid %s", certNames(leaf), until))
}

// listenerPatience is what a door on this machine has for a handshake.
const listenerPatience = 10 * time.Second

// checkListeners looks at what clients are shown: a daemon may have an older
// certificate in use, or be another program.
func (d *doctor) checkListeners(ctx context.Context) (all []diagnosis) {
	pair, _, err := d.certificate()
	if d.running == nil {
		return nil // said already
	}
	if errors.Is(err, fs.ErrNotExist) && d.conf.ACME.AcceptTerms {
		return d.waitingListeners()
	}
	if err != nil {
		return nil // said already
	}
	for _, door := range d.running.Doors {
		if door.Door == "lmtp" {
			continue
		}
		g := of("TLS of "+doorWords[door.Door], door.Address)
		leaf, above, err := d.shown(ctx, door)
		switch {
		case err != nil:
			g = g.is(failure, "no TLS: "+err.Error(), "See the log of the daemon; restart it if the certificate has been configured since its start.")
		case !bytes.Equal(leaf.Raw, pair.Leaf.Raw):
			g = g.is(warning, "shows another certificate than the file holds, valid until "+moment(leaf.NotAfter), "Send the daemon a SIGHUP, and see its log.")
		default:
			g = d.chain(g, leaf, above)
		}
		all = append(all, g)
	}
	return all
}

// waitingListeners says what does not work before ACME has given a certificate.
func (d *doctor) waitingListeners() (all []diagnosis) {
	const advice = "See what is said of the certificate: once there is one, encryption is offered without a restart."
	for _, door := range d.running.Doors {
		g := of("TLS of "+doorWords[door.Door], door.Address)
		switch door.Door {
		case "smtp":
			all = append(all, g.is(warning, "is not offered, as there is no certificate yet: mail comes in unencrypted", advice))
		case "submission", "submissions":
			all = append(all, g.is(failure, "is not offered, as there is no certificate yet: nobody can sign in", advice))
		}
	}
	return all
}

// shown gives the chain that a door shows, whoever may have signed it.
func (d *doctor) shown(ctx context.Context, door doorAt) (leaf *x509.Certificate, above [][]byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, listenerPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", door.Address)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	// chain judges what is shown; nothing is sent that a wrong server could use.
	conf := &tls.Config{ServerName: d.conf.Hostname, InsecureSkipVerify: true}
	var state tls.ConnectionState
	if door.Door == "submissions" {
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, nil, err
		}
		state = secure.ConnectionState()
	} else {
		c, err := smtp.NewClient(conn, d.conf.Hostname)
		if err == nil {
			err = c.Hello(d.conf.Hostname)
		}
		if err == nil {
			err = c.StartTLS(conf)
		}
		if err != nil {
			return nil, nil, err
		}
		state, _ = c.TLSConnectionState()
		defer c.Quit()
	}
	if len(state.PeerCertificates) == 0 {
		return nil, nil, errors.New("no certificate is shown")
	}
	for _, c := range state.PeerCertificates[1:] {
		above = append(above, c.Raw)
	}
	return state.PeerCertificates[0], above, nil
}
