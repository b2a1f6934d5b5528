package bolt_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// BenchmarkAccept is mails of 4 KiB, each a new case, durable. b.N mails are
// spread over the writers, so that ns/op is the time between two mails.
func BenchmarkAccept(b *testing.B) {
	for _, writers := range []int{1, 16, 64, 200} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, bolt.Options{})
			raw := body(0, 4<<10)
			var n atomic.Int64
			b.SetBytes(int64(len(raw)))
			b.ResetTimer()
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for {
						i := int(n.Add(1))
						if i > b.N {
							return
						}
						err := s.Update(b.Context(), func(tx cases.Tx) error {
							return accept(tx, i, blob.Body{Data: raw, Size: int64(len(raw))})
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/float64(s.Commits()), "mails/commit")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

// BenchmarkRecall is the question that every mail asks twice, with a full ledger
// of thirty days, for a mail that never came before.
func BenchmarkRecall(b *testing.B) {
	s := open(b, bolt.Options{NoSync: true})
	const days, each = 31, 2000
	for day := range days {
		err := s.Update(b.Context(), func(tx cases.Tx) error {
			for n := range each {
				if err := tx.Remember(ledgerKey("bytes", day*each+n), mailer.ID("06c2k7gq0r1ne"), day0.Add(time.Duration(day)*24*time.Hour)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	err := s.Update(b.Context(), func(tx cases.Tx) error {
		for n := range b.N {
			if _, err := tx.Recall(ledgerKey("other", n)); err == nil {
				return fmt.Errorf("mail %d was recalled", n)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
