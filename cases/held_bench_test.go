package cases_test

import (
	"testing"
	"time"

	"casegate/cases"
)

// BenchmarkManyHeld: 100,000 mails wait, and the daemon counts them, and looks
// every hour whether somebody is to be told.
func BenchmarkManyHeld(b *testing.B) {
	c := newReleasingOffice(b)
	l := letter{from: "it@acme.example", to: []string{intake}, subject: "x"}
	record := c.hold(l)
	const n = 100_000
	for i := 0; i < n; i += 1000 {
		if err := c.Store.Update(b.Context(), func(tx cases.Tx) error {
			for range 1000 {
				record.ID = c.NewID()
				if err := tx.PutMail(record); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("HeldAge", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := c.HeldAge(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Digest", func(b *testing.B) {
		for b.Loop() {
			c.clock = c.clock.Add(24 * time.Hour)
			if _, err := c.Digest(b.Context(), c.clock); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nothing in the digest", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Digest(b.Context(), c.clock); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Waiting", func(b *testing.B) {
		for b.Loop() {
			err := c.Store.View(b.Context(), func(tx cases.Tx) error {
				_, _, err := cases.Waiting(tx, "north", c.clock, 50)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
