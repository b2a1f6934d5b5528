package dns

import (
	"sync"
	"time"
)

const (
	defaultCacheSize = 10000
	// maxCacheOctets bounds the cache where answers are large: a stranger can
	// publish 64 KiB under any number of names.
	maxCacheOctets = 32 << 20
)

// cache remembers answers in two generations. What is used moves to the young
// one; when that is full, it becomes the old one and the old one is forgotten.
// So the answers used last are kept, without a list to be sorted at each use.
type cache struct {
	size int // answers in one generation

	mu         sync.Mutex
	young, old map[question]entry
	octets     int // in young
}

type entry struct {
	answer
	until time.Time
}

func newCache(size int) *cache {
	if size <= 0 {
		size = defaultCacheSize
	}
	return &cache{size: max(1, size/2), young: map[question]entry{}}
}

func (c *cache) get(q question, now time.Time) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, young := c.young[q]
	if !young {
		var old bool
		if e, old = c.old[q]; !old {
			return answer{}, false
		}
	}
	if !now.Before(e.until) {
		return answer{}, false // the next put replaces it
	}
	if !young {
		delete(c.old, q)
		c.add(q, e)
	}
	return e.answer, true
}

func (c *cache) put(q question, a answer, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.old, q)
	if e, ok := c.young[q]; ok {
		c.octets -= cost(q, e)
	}
	c.add(q, entry{a, now.Add(a.ttl)})
}

func (c *cache) add(q question, e entry) {
	if _, ok := c.young[q]; !ok && len(c.young) >= c.size || c.octets+cost(q, e) > maxCacheOctets/2 {
		c.old, c.young, c.octets = c.young, map[question]entry{}, 0
	}
	c.young[q] = e
	c.octets += cost(q, e)
}

func cost(q question, e entry) int { return len(q.name) + e.size() }
