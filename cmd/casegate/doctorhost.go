package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"casegate/cases"
	"casegate/cases/store/bolt"
)

// checkConfig says what check-config would say.
func (d *doctor) checkConfig(context.Context) []diagnosis {
	conf, dir := of("configuration", d.conf.file), of("directory", d.conf.Directory.File)
	if d.conf.file == "" {
		conf.Subject = "file"
		advice := "Correct it: the daemon does not start with it, and no more can be checked."
		if errors.Is(d.confErr, fs.ErrNotExist) {
			advice = "Name the file with --config; casegate example-config prints one to begin with."
		}
		return []diagnosis{conf.is(failure, d.confErr.Error(), advice)}
	}
	found := []diagnosis{conf.ok("is valid")}
	if d.confErr != nil {
		found[0] = conf.is(failure, strings.TrimPrefix(d.confErr.Error(), d.conf.file+":"), "Correct it: the daemon does not start with it.")
	}
	switch {
	case d.conf.Directory.File == "": // said already
	case d.dirErr != nil:
		found = append(found, dir.is(failure, strings.TrimPrefix(d.dirErr.Error(), d.conf.Directory.File+": "), "Correct it: no reseller's domains are checked below."))
	default:
		found = append(found, dir.ok(summary(d.directory)))
	}
	return found
}

// checkData looks at who else may read what we keep (T105).
func (d *doctor) checkData(context.Context) []diagnosis {
	g := of("data directory", d.conf.Data)
	info, err := os.Stat(d.conf.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []diagnosis{g.is(warning, "is not there yet", "The first start makes it. If a daemon has run already, name its directory with --data.")}
	case err != nil:
		return []diagnosis{g.is(failure, err.Error(), "Run this as the user who owns it.")}
	case !info.IsDir():
		return []diagnosis{g.is(failure, "is a file", "Name a directory with data in the configuration.")}
	case info.Mode().Perm()&0o077 != 0:
		return []diagnosis{g.is(failure, fmt.Sprintf("is open to others on this machine (mode %04o)", info.Mode().Perm()),
			"chmod 700 it; the daemon does not start before.")}
	}
	return []diagnosis{d.checkFiles(g)}
}

// checkFiles names the first file that others could read if the directory were
// opened to them one day, as a backup or a move does.
func (d *doctor) checkFiles(g diagnosis) diagnosis {
	entries, err := os.ReadDir(d.conf.Data)
	if err != nil {
		return g.is(failure, err.Error(), "Run this as the user who owns it.")
	}
	hasStore, hasKeys := false, false
	for _, e := range entries {
		hasStore, hasKeys = hasStore || e.Name() == storeName, hasKeys || e.Name() == keysName
		info, err := e.Info()
		// A socket for a mail server beside us is meant to be open to its group.
		if err != nil || info.Mode().Perm()&0o077 == 0 || info.Mode().Type() == fs.ModeSocket && e.Name() != socketName {
			continue
		}
		path := filepath.Join(d.conf.Data, e.Name())
		return g.is(failure, fmt.Sprintf("%s is open to others on this machine (mode %04o)", path, info.Mode().Perm()),
			fmt.Sprintf("chmod %s %s.", map[bool]string{true: "700", false: "600"}[e.IsDir()], path))
	}
	if hasStore && !hasKeys {
		return g.is(failure, keysName+" is missing beside "+storeName, "Restore it from a backup: without it reply addresses of notices sent before are unknown.")
	}
	return g.ok("only its owner can read it and what is in it")
}

// diskRoom is what a file system has left.
type diskRoom struct{ free, inodes, allInodes uint64 } // octets; allInodes 0: it has no such limit

// roomAt asks the file system; for another user than root some of it is kept back.
func roomAt(path string) (diskRoom, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return diskRoom{}, err
	}
	return diskRoom{fs.Bavail * uint64(fs.Bsize), uint64(fs.Ffree), uint64(fs.Files)}, nil
}

// fewInodes: each large mail takes one, and each commit of it another for a while.
const fewInodes = 10_000

// checkDisk warns at twice the mark at which the daemon puts mail off. A directory
// that is not there yet will be on its parent's disk.
func (d *doctor) checkDisk(context.Context) []diagnosis {
	g := of("disk", d.conf.Data)
	path := d.conf.Data
	for _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path); _, err = os.Stat(path) {
		path = filepath.Dir(path)
	}
	room, err := d.room(path)
	if err != nil {
		return []diagnosis{g.is(failure, "free space cannot be read: "+err.Error(), "Run this as the user who owns it.")}
	}
	const advice = "Make room, or move the data directory to a larger disk."
	least := uint64(d.conf.Disk.MinFreeMiB)
	found := fmt.Sprintf("%d MiB free, disk.min_free_mib is %d", room.free>>20, least)
	switch limited := room.allInodes > 0; {
	case room.free>>20 < least:
		return []diagnosis{g.is(failure, found+": mail is put off with 452", advice)}
	case limited && room.inodes < fewInodes/10:
		return []diagnosis{g.is(failure, fmt.Sprintf("%d inodes are left", room.inodes), "Remove files: no mail can be stored without an inode.")}
	case room.free>>20 < 2*least:
		return []diagnosis{g.is(warning, found, advice)}
	case limited && room.inodes < fewInodes:
		return []diagnosis{g.is(warning, fmt.Sprintf("%d inodes are left", room.inodes), "Remove files, or use a file system with more inodes.")}
	}
	return []diagnosis{g.ok(found)}
}

// checkDaemon: none running is no error, as one runs the doctor before the first
// start too.
func (d *doctor) checkDaemon(context.Context) []diagnosis {
	g := of("daemon", d.conf.Data)
	var none *noDaemonError
	switch {
	case errors.As(d.daemonErr, &none):
		return []diagnosis{g.is(warning, "no daemon runs on it", "Start one with casegate serve, or name its directory with --data.")}
	case d.daemonErr != nil:
		return []diagnosis{g.is(failure, d.daemonErr.Error(), "See the log of the daemon, and who owns its control socket.")}
	case d.running.Ready != "yes":
		return []diagnosis{g.is(failure, "is not ready: "+d.running.Ready, "No mail is taken until this is mended: see the log of the daemon.")}
	case d.running.Version != version():
		return []diagnosis{g.is(warning, fmt.Sprintf("version %s runs, this is %s", d.running.Version, version()), "Restart the daemon to run the new one.")}
	}
	return []diagnosis{g.ok(fmt.Sprintf("version %s runs since %s", d.running.Version, moment(d.running.Since)))}
}

// kept is what the store tells a doctor.
type kept struct {
	newest  time.Time // of all mails; zero: there is none, or it cannot be known
	waiting []*cases.MailRecord
	err     error
}

// lookAtStore asks the daemon, or reads the store where none runs.
func (d *doctor) lookAtStore(ctx context.Context) (k kept) {
	ctx, cancel := context.WithTimeout(ctx, daemonPatience)
	defer cancel()
	if d.running != nil {
		daemon := newClient(d.conf.Data)
		if k.waiting, k.err = ask[*cases.MailRecord](ctx, daemon, "held/list", heldRequest{}); k.err != nil {
			return k
		}
		list, err := ask[caseAnswer](ctx, daemon, "case/list", cases.Filter{Limit: 1})
		// Of what the daemon can be asked, this and the mails that wait come closest
		// to the newest mail.
		if k.err = err; len(list) > 0 {
			k.newest = list[0].Updated
		}
		k.count()
		return k
	}
	path := filepath.Join(d.conf.Data, storeName)
	var none *noDaemonError
	if _, err := os.Stat(path); err != nil || !errors.As(d.daemonErr, &none) {
		return k
	}
	store, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		return kept{err: err}
	}
	defer store.Close()
	id, err := store.NewestID()
	if err == nil && id != "" {
		const counter = 20 // bits; see mailer.IDs
		k.newest = time.UnixMilli(int64(id.Number() >> counter))
	}
	desk := &cases.Desk{Store: store}
	for _, status := range []cases.MailStatus{cases.MailHeld, cases.MailFailed} {
		list, mailsErr := desk.Mails(ctx, status, 0)
		k.waiting, err = append(k.waiting, list...), errors.Join(err, mailsErr)
	}
	k.err = err
	k.count()
	return k
}

// count has the newest of the mails that wait count as well.
func (k *kept) count() {
	for _, m := range k.waiting {
		if m.Received.After(k.newest) {
			k.newest = m.Received
		}
	}
}

// heldTooLong: whoever wrote a mail expects something within a week.
const heldTooLong = 7 * 24 * time.Hour

// checkHeld: nothing that is held may be forgotten (design 2.4).
func (d *doctor) checkHeld(context.Context) []diagnosis {
	g := of("held mail", d.conf.Data)
	if d.kept.err != nil {
		return []diagnosis{g.is(failure, "the store cannot be read: "+d.kept.err.Error(), "Stop the daemon and run casegate verify.")}
	}
	old, oldest := 0, d.now
	for _, m := range d.kept.waiting {
		if d.now.Sub(m.Received) > heldTooLong {
			old++
		}
		if m.Received.Before(oldest) {
			oldest = m.Received
		}
	}
	if old > 0 {
		return []diagnosis{g.is(warning, fmt.Sprintf("%s for more than 7 days, the oldest since %s", waits(old), moment(oldest)),
			"Decide: casegate held list, then held release or held discard.")}
	}
	if len(d.kept.waiting) == 0 {
		return []diagnosis{g.ok("no mail waits for a decision")}
	}
	return []diagnosis{g.ok(waits(len(d.kept.waiting)) + ", none for more than 7 days")}
}

func waits(n int) string {
	if n == 1 {
		return "1 mail waits for a decision"
	}
	return counted(n, "mail") + " wait for a decision"
}

// clockSlack is what two honest clocks may differ by.
const clockSlack = time.Minute

// checkClock compares with times that cannot be in the future. Signatures, tokens
// and certificates are judged by this clock. No outside clock is asked.
func (d *doctor) checkClock(context.Context) []diagnosis {
	g := of("clock", "system")
	const advice = "Set the clock and keep it with NTP, such as chrony; then restart the daemon."
	synced, known := d.synced()
	switch {
	case d.now.Before(d.built):
		return []diagnosis{g.is(failure, fmt.Sprintf("is %s, before this program was made (%s)", moment(d.now), moment(d.built)), advice)}
	case d.kept.newest.Sub(d.now) > clockSlack:
		return []diagnosis{g.is(failure, fmt.Sprintf("is %s, %v before the newest mail kept", moment(d.now),
			d.kept.newest.Sub(d.now).Round(time.Second)), advice)}
	case known && !synced:
		return []diagnosis{g.is(warning, "is "+moment(d.now)+", and the system does not keep it with a time server",
			"Run an NTP client such as chrony; in a container the host should.")}
	}
	found := "is " + moment(d.now)
	if !d.kept.newest.IsZero() {
		found += ", after the newest mail kept (" + moment(d.kept.newest) + ")"
	}
	return []diagnosis{g.ok(found)}
}

// buildTime is when the source was committed that this program is made of.
func buildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value)
			return t
		}
	}
	return time.Time{}
}
