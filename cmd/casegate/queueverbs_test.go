package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"casegate/mailer"
)

// TestQueueHint: whoever asks what waits learns that something has failed, and
// only people do.
func TestQueueHint(t *testing.T) {
	data := shortTempDir(t)
	l, err := listenControl(data)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	daemon := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q queueRequest
		json.NewDecoder(r.Body).Decode(&q)
		for range failed {
			if q.State == mailer.GivenUp {
				json.NewEncoder(w).Encode(mailer.Delivery{State: q.State})
			}
		}
	})}
	go daemon.Serve(l)
	defer daemon.Close()
	for _, c := range []struct {
		failed int
		more   string
		want   string
	}{
		{0, "", "No delivery is waiting.\n"},
		{1, "", "No delivery is waiting.\n1 delivery has failed: casegate queue list --state failed\n"},
		{2, "", "No delivery is waiting.\n2 deliveries have failed: casegate queue list --state failed\n"},
		{2, "--json", ""},
		{2, "--state sent", "No delivery is sent.\n"},
	} {
		failed = c.failed
		var out, errs bytes.Buffer
		args := append([]string{"queue", "list", "--data", data}, strings.Fields(c.more)...)
		if code := run(args, &console{out: &out, err: &errs}); code != exitOK || out.String() != c.want {
			t.Errorf("with %d failed, queue list %s says %q, %s and ends with %d; want %q", c.failed, c.more, out.String(), errs.String(), code, c.want)
		}
	}
}
