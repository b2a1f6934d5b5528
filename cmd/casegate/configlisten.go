package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
)

// listener is a key that says where something is to listen.
type listener struct{ key, address string }

// listeners are those of TCP that a daemon with this configuration would have.
func (c *config) listeners() []listener {
	all := []listener{
		{"smtp.listen", c.SMTP.Listen}, {"submission.listen", c.Submission.Listen}, {"submission.tls_listen", c.Submission.TLSListen},
		{"http.public", c.HTTP.Public}, {"http.admin", c.HTTP.Admin},
	}
	if c.ACME.AcceptTerms {
		all = append(all, listener{"acme.listen", c.ACME.Listen})
	}
	return slices.DeleteFunc(all, func(l listener) bool { return l.address == "" })
}

// checkListeners finds two that want the same port, of which the second would
// stop the start.
func (c *config) checkListeners(bad *complaints) {
	all := c.listeners()
	for i, l := range all {
		for _, before := range all[:i] {
			if samePort(before.address, l.address) {
				bad.add(l.key, "%s and %s of %s cannot both be listened on: choose another port", l.address, before.address, before.key)
				break
			}
		}
	}
}

// samePort tells whether two addresses cannot be had both. Port 0 is a new one
// each time, and all addresses of a machine are each of them too.
func samePort(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false // what is no address is said elsewhere
	}
	hosts := [2]netip.Addr{}
	for i, host := range []string{hostA, hostB} {
		if host == "localhost" {
			host = "127.0.0.1"
		}
		hosts[i], _ = netip.ParseAddr(host) // "": all, as is the unspecified address
	}
	every := func(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() }
	return hosts[0] == hosts[1] || every(hosts[0]) || every(hosts[1])
}

// checkSocket wants a place for the LMTP socket. Where that is in the data
// directory, the first start makes it.
func (c *config) checkSocket(bad *complaints) {
	path := c.lmtpSocket()
	if path == "" {
		return
	}
	if len(path) > maxSocketPath {
		bad.add("lmtp.socket", "%s is too long for a Unix socket (%d octets, at most %d)", path, len(path), maxSocketPath)
	}
	folder := filepath.Dir(path)
	if folder == filepath.Clean(c.Data) {
		if slices.Contains([]string{socketName, storeName, keysName, usersName, dirtyName, blobsName, acmeName}, filepath.Base(path)) {
			bad.add("lmtp.socket", "%s is a file of casegate's own: choose another name", path)
		}
		return
	}
	if err := folderError(folder); err != nil {
		bad.add("lmtp.socket", "%v", err)
	}
}

// folderError says what to do where a socket cannot be made for want of its folder.
func folderError(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no folder: name another path for the socket", folder)
	case err != nil:
		return fmt.Errorf("the socket's folder %s cannot be used (%w): make it, for the user who runs casegate and the group that may connect", folder, withoutPath(err))
	}
	return nil
}
