package bolt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// record runs a child and gives the trace of what it did to its folder.
func record(t *testing.T, way string) (root, trace string) {
	t.Helper()
	needStrace(t)
	dir := memoryDir(t)
	root, trace = filepath.Join(dir, "data"), filepath.Join(dir, "trace")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := runChild(t, root, way, "-f", "-qq", "-xx", "-s", "100000000", "-e", "signal=none", "-e", "trace="+traced, "-o", trace)
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	return root, trace
}

// powerCuts replays a trace and cuts the power at every acknowledgement, at
// every sync and change of a name, and at some of the writes between, until enough
// was lost. It gives what that was, and how often power was cut. With luck, each
// time also some of what was not synced survives; a store that does not sync must
// not be tried so: bbolt follows such a file round in circles until memory ends.
func powerCuts(t *testing.T, root, trace string, luck bool, enough int) (losses []string, cuts, acks int) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := newDisk(root)
	chance := rand.New(rand.NewPCG(1, 2))
	scratch := memoryDir(t)
	var acked []int
	err = d.replay(f, func(call string, ack int) error {
		switch {
		case len(losses) >= enough:
			return nil
		case ack >= 0:
			acked = append(acked, ack)
		case call == "close" || call == "openat":
			return nil
		case (call == "pwrite64" || call == "write") && chance.IntN(12) > 0:
			return nil
		}
		dir := filepath.Join(scratch, fmt.Sprint(cuts))
		defer os.RemoveAll(dir)
		ways := []*rand.Rand{nil}
		if luck {
			ways = append(ways, chance)
		}
		for i, way := range ways {
			after := filepath.Join(dir, fmt.Sprint(i))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			if err := d.survivors(after, way); err != nil {
				return err
			}
			cuts++
			if err := survived(t, after, acked); err != nil {
				losses = append(losses, fmt.Sprintf("power cut at %s, after %d acknowledgements, luck %v: %v", call, len(acked), i > 0, err))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return losses, cuts, len(acked)
}

// survived opens what is left as a daemon would and looks for every mail that
// was acknowledged.
func survived(t *testing.T, dir string, acked []int) error {
	t.Helper()
	s, err := bolt.Open(filepath.Join(dir, "casegate.db"), bolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	defer s.Close()
	blobs := &blob.Local{Dir: filepath.Join(dir, "blobs")}
	if _, err := blobs.Sweep(); err != nil {
		return err
	}
	err = s.View(t.Context(), func(tx cases.Tx) error {
		for _, n := range acked {
			if err := accepted(tx, n, childBody(n), blobs); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	problems, err := s.Verify(t.Context(), blobs.All())
	if len(problems) > 0 {
		err = errors.Join(err, fmt.Errorf("verify: %q", problems))
	}
	return err
}

// What was acknowledged survives a power cut at any moment, and what is left is
// whole (design 2.3).
func TestPowerCut(t *testing.T) {
	root, trace := record(t, wayRight)
	losses, cuts, acks := powerCuts(t, root, trace, true, 10)
	t.Logf("%d power cuts, %d mails acknowledged", cuts, acks)
	if acks != childMails || cuts < 4*acks {
		t.Errorf("the child acknowledged %d of %d mails and power was cut %d times: the test sees too little", acks, childMails, cuts)
	}
	for _, loss := range losses {
		t.Error(loss)
	}
}

// The controls: stores that leave something out must be caught.
func TestPowerCutCatches(t *testing.T) {
	for _, way := range []string{wayNoSync, wayNoFolderSync, wayNoBlobSync, wayEarly} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			root, trace := record(t, way)
			losses, cuts, _ := powerCuts(t, root, trace, false, 1)
			if len(losses) == 0 {
				t.Fatalf("%d power cuts found nothing wrong", cuts)
			}
			t.Logf("power cut number %d found: %s", cuts, losses[0])
		})
	}
}
