package main

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"casegate/ingest/scan"
)

// fakeClamd answers what a doctor asks, and takes streams of so many octets.
func fakeClamd(t *testing.T, most uint32) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := func(conn net.Conn) {
		defer conn.Close()
		buf := make([]byte, 64)
		n, _ := conn.Read(buf)
		command, rest, _ := strings.Cut(string(buf[:n]), "\x00")
		switch command {
		case "zPING":
			io.WriteString(conn, "PONG\x00")
		case "zVERSION":
			io.WriteString(conn, "ClamAV 1.4.6\x00")
		case "zINSTREAM":
			if len(rest) == 4 && binary.BigEndian.Uint32([]byte(rest)) > most {
				io.WriteString(conn, "INSTREAM size limit exceeded. ERROR\x00")
			}
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return l.Addr().String()
}

// TestDoctorScanners: a scanner that is dead is as bad as what becomes of the mail
// meanwhile, and one that takes less than the doors is a warning.
func TestDoctorScanners(t *testing.T) {
	rspamd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "rspamd/3.4")
		io.WriteString(w, "pong\r\n")
	}))
	defer rspamd.Close()
	dead := freePort(t)
	for _, c := range []struct {
		name, rspamd, clamav string
		policy               scan.Policy
		want                 []diagnosis // Check and Subject are not compared; Found and Advice: parts
	}{
		{"none configured", "", "", scan.Defer, nil},
		{"both alive", rspamd.URL, fakeClamd(t, 50<<20), scan.Defer, []diagnosis{{Status: fine, Found: "rspamd/3.4"}, {Status: fine, Found: "ClamAV 1.4.6"}}},
		{"both dead, 451", "http://" + dead, dead, scan.Defer, []diagnosis{
			{Status: failure, Found: "put off with 451", Advice: "checks.rspamd"}, {Status: failure, Found: "put off with 451", Advice: "checks.clamav"}}},
		{"both dead, accept", "http://" + dead, dead, scan.Accept, []diagnosis{{Status: warning, Found: "taken unscanned"}, {Status: warning, Found: "taken unscanned"}}},
		{"a small clamd", "", fakeClamd(t, 50<<20-1), scan.Defer, []diagnosis{{Status: warning, Found: "takes no mail of 50 MiB", Advice: "StreamMaxLength"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := healthy(t)
			d.conf.Checks.Rspamd, d.conf.Checks.ClamAV, d.conf.Checks.OnFailure = c.rspamd, c.clamav, string(c.policy)
			got := d.checkScanners(t.Context())
			if len(got) != len(c.want) {
				t.Fatalf("the doctor says %+v, want %d lines", got, len(c.want))
			}
			for i, want := range c.want {
				if g := got[i]; g.Status != want.Status || !strings.Contains(g.Found, want.Found) || !strings.Contains(g.Advice, want.Advice) {
					t.Errorf("the doctor says %+v, want %+v", g, want)
				}
			}
		})
	}
}
