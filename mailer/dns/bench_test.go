package dns

import (
	"fmt"
	"testing"
	"time"
)

func BenchmarkTXTCached(b *testing.B) {
	r, _ := start(b, world)
	for b.Loop() {
		if _, err := r.TXT(b.Context(), "good.test"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTXTLoopback asks a server in this process by UDP each time.
func BenchmarkTXTLoopback(b *testing.B) {
	r, _ := start(b, world)
	now := time.Unix(1, 0)
	r.Now = func() time.Time { return now }
	for b.Loop() {
		now = now.Add(2 * maxTTL)
		if _, err := r.TXT(b.Context(), "good.test"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCachePut(b *testing.B) {
	c := newCache(0)
	names := make([]question, 20000)
	for i := range names {
		names[i].name = fmt.Sprintf("q%d.test", i)
	}
	now := time.Unix(1, 0)
	for i := 0; b.Loop(); i++ {
		c.put(names[i%len(names)], answer{ttl: time.Hour}, now)
	}
}
