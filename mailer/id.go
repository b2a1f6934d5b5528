package mailer

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// ID names a mail or a delivery: 13 characters of lower-case base32, such as
// "06c2k7gq0r1ne". IDs of one generator sort by the time they were made, which
// keeps a store's newest entries together, and say nothing about volume.
type ID string

// idEncoding keeps the order of the bytes (RFC 4648 7, "base32hex").
var idEncoding = base32.HexEncoding.WithPadding(base32.NoPadding)

const idLength = 13

// MakeID gives the ID for a number; see IDs.
func MakeID(n uint64) ID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return ID(lower(idEncoding.EncodeToString(b[:])))
}

// ParseID reads an ID as a person typed it.
func ParseID(s string) (ID, error) {
	n, ok := decodeID(s)
	if !ok {
		return "", fmt.Errorf("%q is not an id: want %d letters and digits, such as 06c2k7gq0r1ne", clip(s), idLength)
	}
	return MakeID(n), nil
}

// Number is the inverse of MakeID; 0 for anything that is not an ID.
func (id ID) Number() uint64 {
	n, _ := decodeID(string(id))
	return n
}

func decodeID(s string) (uint64, bool) {
	b, err := idEncoding.DecodeString(upper(s))
	if err != nil || len(b) != 8 {
		return 0, false
	}
	// The decoder skips line ends and the last letter carries a bit too many:
	// only one spelling is an ID.
	n := binary.BigEndian.Uint64(b)
	if string(MakeID(n)) != lower(s) {
		return 0, false
	}
	return n, true
}

// IDs makes IDs: 44 bits of milliseconds since 1970 and 20 bits that start at
// Seed and count up, so that two of the same millisecond stay in order. The
// zero value is ready; it is safe for concurrent use. Where IDs are stored, two
// processes whose clocks overlap must not make the same one: set Seed to
// something random, and call After.
type IDs struct {
	Now  func() time.Time // nil: time.Now
	Seed func() uint32    // of each new millisecond, 19 bits of it; nil: 0

	mu   sync.Mutex
	last uint64
}

// After makes every later ID come after one that exists already, whatever the
// clock says.
func (g *IDs) After(id ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last, id.Number())
}

// New makes the next ID.
func (g *IDs) New() ID {
	now := time.Now
	if g.Now != nil {
		now = g.Now
	}
	n := uint64(now().UnixMilli()) << 20
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case n>>20 <= g.last>>20:
		n = g.last + 1
	case g.Seed != nil:
		// Half the range, so that a busy millisecond has room to count.
		n |= uint64(g.Seed() & (1<<19 - 1))
	}
	g.last = n
	return MakeID(n)
}

// lower and upper fold ASCII letters only: the Turkish dotless i and its kind
// must never make two names equal.
func lower(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }
func upper(s string) string { return mapASCII(s, 'a', 'z', -('a' - 'A')) }

func mapASCII(s string, from, to byte, delta int) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= from && s[i] <= to {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= from && b[i] <= to {
					b[i] = byte(int(b[i]) + delta)
				}
			}
			return string(b)
		}
	}
	return s
}
