package dns

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCacheIsBounded(t *testing.T) {
	now := time.Unix(1, 0)
	c := newCache(100)
	used := question{name: "used.test"}
	c.put(used, answer{ttl: time.Hour}, now)
	for i := range 10000 {
		c.put(question{name: fmt.Sprintf("q%d.test", i)}, answer{ttl: time.Hour}, now)
		if _, ok := c.get(used, now); !ok {
			t.Fatalf("an answer used all the time was forgotten after %d others", i)
		}
	}
	if n := len(c.young) + len(c.old); n > 100 {
		t.Errorf("%d answers are kept, want at most 100", n)
	}
	if _, ok := c.get(question{name: "q9999.test"}, now); !ok {
		t.Error("the last answer is not kept")
	}
	if _, ok := c.get(question{name: "q0.test"}, now); ok {
		t.Error("the first answer, never used, is still kept")
	}
}

// A stranger's large answers under many names must not fill the memory.
func TestCacheIsBoundedInOctets(t *testing.T) {
	now := time.Unix(1, 0)
	c := newCache(0)
	large := answer{texts: []string{strings.Repeat("x", 60000)}, ttl: time.Hour}
	for i := range 2000 {
		c.put(question{name: fmt.Sprintf("q%d.test", i%1000)}, large, now)
	}
	kept := 0
	for _, generation := range []map[question]entry{c.young, c.old} {
		for q, e := range generation {
			kept += cost(q, e)
		}
	}
	if kept > maxCacheOctets || kept < maxCacheOctets/4 {
		t.Errorf("%d octets are kept, want at most %d, and no less than a quarter", kept, maxCacheOctets)
	}
}

// The same name asked again and again, each time with a new answer, is one answer.
func TestCacheReplaces(t *testing.T) {
	now := time.Unix(1, 0)
	c := newCache(10)
	for i := range 1000 {
		c.put(question{name: "x.test"}, answer{texts: []string{fmt.Sprint(i)}, ttl: time.Second}, now.Add(time.Duration(i)*time.Second))
	}
	if n := len(c.young) + len(c.old); n != 1 {
		t.Errorf("%d answers are kept, want 1", n)
	}
	if want := cost(question{name: "x.test"}, c.young[question{name: "x.test"}]); c.octets != want {
		t.Errorf("they are counted as %d octets, want %d", c.octets, want)
	}
}
