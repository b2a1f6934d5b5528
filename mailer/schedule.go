package mailer

import "time"

// MaxAge is how long a delivery is tried before it is given up (design 6).
const MaxAge = 5 * 24 * time.Hour

// steps are the waits after the first attempts; after them it is 4 hours.
var steps = [...]time.Duration{
	1 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	1 * time.Hour, 2 * time.Hour, 4 * time.Hour,
}

// RetryAfter is the wait after the attempt with this number, counted from 1:
// 1, 5, 15, 30 min, 1, 2, 4 h, then 4-hourly ±10 % (RFC 5321 4.5.4.1). The
// spread comes from the delivery's id, so that it needs no randomness and is
// the same whenever it is asked.
func RetryAfter(attempt int, id ID) time.Duration {
	if attempt < 1 {
		return 0
	}
	if attempt <= len(steps) {
		return steps[attempt-1]
	}
	last := steps[len(steps)-1]
	spread := last / 5
	// Knuth's multiplicative hash: ids of one burst differ in their low bits only.
	h := (id.Number() + uint64(attempt)) * 0x9e3779b97f4a7c15
	// 16 bits of it: 32 would overflow the product with nanoseconds.
	return last - spread/2 + time.Duration(h>>48)*spread/(1<<16)
}
