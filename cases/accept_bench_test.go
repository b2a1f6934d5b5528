package cases_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"casegate/cases/casestest"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// BenchmarkAccept files a case with each mail: decision, record, history, two
// deliveries, ledger and raw bytes in one durable commit, shared by as many
// writers as there are. Mails per second are in the last column.
func BenchmarkAccept(b *testing.B) {
	for _, size := range []int{4 << 10, 60 << 10} {
		for _, writers := range []int{1, 10, 50, 200} {
			b.Run(fmt.Sprintf("%dKiB/%d", size>>10, writers), func(b *testing.B) {
				o := newOffice(b)
				o.Now = time.Now
				body := strings.Repeat("The meter reading of unit seven is late again.\r\n", size/48)
				var n atomic.Int64
				accept := func() {
					i := n.Add(1)
					raw := fmt.Appendf(nil, "From: it@acme.example\r\nSubject: %d\r\n\r\n%s", i, body)
					m := &mailer.Mail{
						ID: o.NewID(), Received: casestest.Now, Door: "bench",
						Envelope: mailer.Envelope{ReversePath: mailer.MustAddress("it@acme.example"), Recipients: []mailer.Address{mailer.MustAddress("support@north.example")}},
						Identity: mailer.Identity{Level: mailer.Verified, Address: mailer.MustAddress("it@acme.example")},
						Message:  mailer.Message{Subject: fmt.Sprint(i), Text: body, Kind: mailer.KindPerson, MessageID: fmt.Sprintf("%d@acme.example", i)},
						Raw:      blob.Body{Data: raw, Size: int64(len(raw))}, Sum: sha256.Sum256(raw),
					}
					if out, err := o.Accept(b.Context(), m); err != nil || out[0].Verdict != mailer.Accepted {
						b.Errorf("accept: %v %v", out, err)
					}
				}
				b.ResetTimer()
				parallel(b.N, writers, accept)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
			})
		}
	}
}

// parallel calls f n times from a number of goroutines.
func parallel(n, goroutines int, f func()) {
	work := make(chan struct{})
	done := make(chan struct{})
	for range goroutines {
		go func() {
			for range work {
				f()
			}
			done <- struct{}{}
		}()
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	for range goroutines {
		<-done
	}
}
