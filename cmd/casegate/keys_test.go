package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// TestRotate: two keys live; a third may go when what it made has expired, and
// not a day earlier, unless forced.
func TestRotate(t *testing.T) {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	f := &keyFile{Keys: []keyEntry{newKey(255, start)}}
	rotate := func(what string, force bool, now time.Time, want string) {
		t.Helper()
		var known *cases.Error
		_, err := f.rotate(force, now)
		switch {
		case want == "" && err != nil:
			t.Fatalf("%s: %v", what, err)
		case want != "" && (!errors.As(err, &known) || !strings.Contains(known.Text, want)):
			t.Fatalf("%s: the error is %v, want %q", what, err, want)
		}
	}
	ids := func() (all []byte) {
		for _, k := range f.Keys {
			all = append(all, k.ID)
		}
		return all
	}
	rotate("the first time", false, start.Add(time.Hour), "")
	if got := ids(); string(got) != "\x00\xff" {
		t.Errorf("the keys are %v, want the next id, after 255, and then 255", got)
	}
	rotate("the next day", false, start.Add(24*time.Hour), "key 255 would be dropped, and addresses made with it are good until 2027-12-26")
	end := start.Add(time.Hour + tokenLife)
	rotate("a moment too early", false, end.Add(-time.Second), "would be dropped")
	rotate("in time", false, end, "")
	if got := ids(); string(got) != "\x01\x00" {
		t.Errorf("the keys are %v, want 1 and 0", got)
	}
	rotate("after a leak", true, end.Add(time.Hour), "")

	old := &keyFile{Keys: []keyEntry{{ID: 2, Secret: make([]byte, 32)}, {ID: 1, Secret: make([]byte, 32)}}}
	if _, err := old.rotate(false, start); err == nil || !strings.Contains(err.Error(), "not known until when") {
		t.Errorf("a file that does not say when its keys were made gives %v, want a refusal", err)
	}
}

// TestTokenLife: no notice has an address that is good for longer than a key is
// kept for it, and the bound is no guess.
func TestTokenLife(t *testing.T) {
	m := runDemo(t, nil)
	fileCase(t, m)
	var list []mailer.Delivery
	for begin := time.Now(); len(list) == 0; time.Sleep(10 * time.Millisecond) {
		sent, err := m.desk.Deliveries(t.Context(), mailer.Sent, 0)
		if err != nil || time.Since(begin) > patience {
			t.Fatalf("no notice was sent: %v", err)
		}
		for _, d := range sent {
			list = append(list, *d)
		}
	}
	out, err := m.sender.Content.Open(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(out.ReversePath.Local, mailer.ReturnPathPart)
	made := list[0].Created
	if _, err := m.keys.Open(token, mailer.PurposeReturnPath, made.Add(tokenLife-48*time.Hour)); err != nil {
		t.Errorf("two days before the bound the address is unknown: %v", err)
	}
	if _, err := m.keys.Open(token, mailer.PurposeReturnPath, made.Add(tokenLife)); err == nil {
		t.Error("an address is good for longer than tokenLife: rotation would drop its key too early")
	}
}

// TestRotateWhileBusy: mail goes on coming in meanwhile (-race tells).
func TestRotateWhileBusy(t *testing.T) {
	m := runDemo(t, nil)
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() {
			for range 5 {
				if _, err := send(m.status().SMTP, "it@acme.example", []string{"support@north.example"}, fire); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		if _, err := rotateLive(m.keys, m.Config.Data, true, time.Now()); err != nil {
			t.Error(err)
		}
	}
	busy.Wait()
	onDisk, err := readKeys(filepath.Join(m.Config.Data, keysName))
	if err != nil || len(onDisk.Keys) != maxLiveKeys || onDisk.Keys[0] != m.keys.Live()[0] {
		t.Errorf("on disk are %d keys, %v; want the two that the daemon has", len(onDisk.Keys), err)
	}
}

// TestRotateFails: what cannot be written does not change what the daemon uses.
func TestRotateFails(t *testing.T) {
	data := shortTempDir(t)
	path := filepath.Join(data, keysName)
	if err := makeKeys(path); err != nil {
		t.Fatal(err)
	}
	ring, err := readKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := rotateLive(ring, data, false, time.Now()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file it gives %v, want that there is none: nothing may be made up", err)
	}
	if len(ring.Live()) != 1 {
		t.Errorf("the daemon has %d keys, want the one it had", len(ring.Live()))
	}
}
