package mailer

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	noon    = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	testKey = Key{ID: 1, Secret: [32]byte(bytes.Repeat([]byte("k"), 32))}
	ring    = &Keyring{Keys: []Key{testKey}}
)

func drawToken(t *rapid.T) Token {
	return Token{
		Purpose:     rapid.SampledFrom([]Purpose{PurposeReply, PurposeReturnPath, PurposeMessageID, PurposeLeave}).Draw(t, "purpose"),
		Tenant:      rapid.Uint32().Draw(t, "tenant"),
		Case:        rapid.Uint32().Draw(t, "case"),
		Participant: rapid.Uint16().Draw(t, "participant"),
		Delivery:    rapid.Uint64().Draw(t, "delivery"),
		Expires:     noon.Truncate(day).Add(time.Duration(rapid.IntRange(0, 20*365).Draw(t, "days")) * day),
	}
}

func TestTokenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawToken(t)
		s := ring.Seal(want)
		prefix := "case-"
		if want.Delivery != 0 {
			prefix = "r-"
		}
		// Design 3: a local part of at most 64 octets, without quotes.
		a, err := ParseAddress(prefix + s + "@north.example")
		if err != nil || a.Local != prefix+s || len(a.Local) > maxLocal {
			t.Fatalf("%q is no local part: %v", prefix+s, err)
		}
		for _, spelling := range []string{s, upper(s), upper(s[:20]) + s[20:]} {
			got, err := ring.Open(spelling, want.Purpose, noon)
			if err != nil || got != want {
				t.Fatalf("Open(%q) = %+v, %v, want %+v", spelling, got, err, want)
			}
		}
		if CutTokens("to <"+prefix+s+"@north.example>") != "to <"+prefix+"…@north.example>" {
			t.Fatalf("%q is not cut from a text", s)
		}
	})
}

// F5: whichever bit of a token is changed, it is unknown.
func TestTokenBitFlips(t *testing.T) {
	for _, delivery := range []uint64{0, 1 << 40} {
		s := ring.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Participant: 3, Delivery: delivery, Expires: noon})
		raw, err := tokenEncoding.DecodeString(upper(s))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(raw) * 8 {
			forged := bytes.Clone(raw)
			forged[bit/8] ^= 1 << (bit % 8)
			for _, want := range []Purpose{PurposeReply, Purpose(forged[1])} {
				if _, err := ring.Open(lower(tokenEncoding.EncodeToString(forged)), want, noon); !errors.Is(err, ErrToken) {
					t.Fatalf("token with bit %d of %d flipped was opened", bit, len(raw)*8)
				}
			}
		}
		// The same on the letters: the last one carries bits outside the octets.
		for i := range s {
			for _, c := range "abcdefghijklmnopqrstuvwxyz234567" {
				forged := s[:i] + string(c) + s[i+1:]
				if _, err := ring.Open(forged, PurposeReply, noon); forged != s && !errors.Is(err, ErrToken) {
					t.Fatalf("token with letter %d changed to %q was opened", i, c)
				}
			}
		}
		if _, err := ring.Open(s, PurposeReply, noon); err != nil {
			t.Fatalf("control: the token itself: %v", err)
		}
	}
}

func TestTokenIsUnknown(t *testing.T) {
	good := ring.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Expires: noon})
	bounce := ring.Seal(Token{Purpose: PurposeReturnPath, Tenant: 7, Case: 1042, Delivery: 9, Expires: noon})
	other := &Keyring{Keys: []Key{{ID: 1, Secret: [32]byte{1}}}}
	for name, s := range map[string]string{
		"another purpose":     bounce,
		"another key":         other.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Expires: noon}),
		"empty":               "",
		"cut":                 good[:47],
		"longer":              good + "a",
		"without its MAC":     good[:23],
		"padded":              good + "========",
		"line end inside":     good[:10] + "\r\n" + good[10:],
		"line end behind":     good + "\n",
		"space":               good[:47] + " ",
		"not base32":          strings.Repeat("1", 48),
		"very long":           strings.Repeat("a", 1<<20),
		"letter beyond ASCII": strings.Replace(good, good[:1], "ı", 1),
	} {
		if got, err := ring.Open(s, PurposeReply, noon); !errors.Is(err, ErrToken) || got != (Token{}) {
			t.Errorf("%s: Open = %+v, %v, want ErrToken and nothing else", name, got, err)
		}
	}
	if _, err := ring.Open(good, PurposeReply, noon); err != nil {
		t.Errorf("control: %v", err)
	}
}

func TestTokenExpiry(t *testing.T) {
	midnight := noon.Truncate(day)
	for _, c := range []struct {
		name    string
		expires time.Time
		now     time.Time
		open    bool
	}{
		{"on the day", noon, noon, true},
		{"first instant of the day", noon, midnight, true},
		{"last instant of the day", noon, midnight.Add(day - 1), true},
		{"the day after", noon, midnight.Add(day), false},
		{"another zone, still the day in UTC", noon, midnight.Add(day - 1).In(time.FixedZone("", 14*3600)), true},
		{"never set", time.Time{}, noon, false},
		{"before the epoch", tokenEpoch.Add(-5 * 365 * day), noon, false},
		{"far beyond what fits", noon.AddDate(1000, 0, 0), noon, true},
		{"far beyond what fits, long after", noon.AddDate(1000, 0, 0), noon.AddDate(200, 0, 0), false},
	} {
		s := ring.Seal(Token{Purpose: PurposeReply, Expires: c.expires})
		if _, err := ring.Open(s, PurposeReply, c.now); (err == nil) != c.open {
			t.Errorf("%s: opened %v, want %v", c.name, err == nil, c.open)
		}
	}
}

func TestTokenKeyRotation(t *testing.T) {
	token := Token{Purpose: PurposeReply, Tenant: 7, Case: 1, Expires: noon.Truncate(day)}
	next := Key{ID: 2, Secret: [32]byte{2}}
	old, both, newOnly := ring, &Keyring{Keys: []Key{next, testKey}}, &Keyring{Keys: []Key{next}}
	for _, c := range []struct {
		name         string
		sealed, open *Keyring
		want         bool
	}{
		{"an old token while both live", old, both, true},
		{"a new token while both live", both, newOnly, true},
		{"an old token when the old key is gone", old, newOnly, false},
		{"a new token at a node that has not got the key", both, old, false},
	} {
		got, err := c.open.Open(c.sealed.Seal(token), PurposeReply, noon)
		if (err == nil) != c.want || c.want && got != token {
			t.Errorf("%s: %+v, %v, want opened %v", c.name, got, err, c.want)
		}
	}
	// Two keys with one id: whichever made it opens it.
	twins := &Keyring{Keys: []Key{{ID: 1, Secret: [32]byte{9}}, testKey}}
	if _, err := twins.Open(old.Seal(token), PurposeReply, noon); err != nil {
		t.Errorf("a key with the id of another does not open its own token: %v", err)
	}
}

// T18: who knows one token, and so the whole form, guesses no other.
func TestTokenGuessing(t *testing.T) {
	own := ring.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Participant: 3, Expires: noon})
	raw, err := tokenEncoding.DecodeString(upper(own))
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		guess := bytes.Clone(raw)
		guess[9], guess[11] = byte(rnd.Uint32()), byte(rnd.Uint32()) // another case, another participant
		if bytes.Equal(guess[:tokenLen], raw[:tokenLen]) {
			continue
		}
		for i := tokenLen; i < len(guess); i++ {
			guess[i] = byte(rnd.Uint32())
		}
		if _, err := ring.Open(tokenEncoding.EncodeToString(guess), PurposeReply, noon); err == nil {
			t.Fatalf("guessed the token %x", guess)
		}
	}
	// A MAC does not move from one token's fields to another's, nor does a
	// delivery's eight octets pass for something else.
	long := ring.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Participant: 3, Delivery: 5, Expires: noon})
	rawLong, _ := tokenEncoding.DecodeString(upper(long))
	for _, forged := range [][]byte{
		append(bytes.Clone(raw[:tokenLen]), rawLong[tokenLen+8:]...),
		append(bytes.Clone(rawLong[:tokenLen+8]), raw[tokenLen:]...),
		rawLong[:tokenLen+tokenMAC],
	} {
		if _, err := ring.Open(tokenEncoding.EncodeToString(forged), PurposeReply, noon); err == nil {
			t.Errorf("a token put together from two others was opened: %x", forged)
		}
	}
}

func TestTenantTag(t *testing.T) {
	if a, b := TenantTag("north"), TenantTag("south"); a == b || a == 0 {
		t.Errorf("tags of north and south: %x, %x, want two different ones", a, b)
	}
}

func TestCutTokens(t *testing.T) {
	for _, keep := range []string{"", "550 5.1.1 no such user", "queued as 4XyZabcdefghijklmnop", strings.Repeat("a", 47), "https://example.org/" + strings.Repeat("a-", 60)} {
		if got := CutTokens(keep); got != keep {
			t.Errorf("CutTokens(%q) = %q, want it unchanged", keep, got)
		}
	}
	s := ring.Seal(Token{Purpose: PurposeReply, Expires: noon})
	if got := CutTokens("<" + upper(s) + ">, <" + s + ">"); got != "<…>, <…>" {
		t.Errorf("CutTokens left %q", got)
	}
}

func FuzzOpenToken(f *testing.F) {
	f.Add(ring.Seal(Token{Purpose: PurposeReply, Tenant: 7, Case: 1042, Participant: 3, Expires: noon}))
	f.Add(ring.Seal(Token{Purpose: PurposeReply, Delivery: 1, Expires: noon}))
	f.Add("")
	f.Add("\n=a2")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ring.Open(s, PurposeReply, noon)
		if err != nil {
			if err != ErrToken || got != (Token{}) {
				t.Fatalf("Open(%q) = %+v, %v, want ErrToken and nothing else", s, got, err)
			}
			return
		}
		if again := ring.Seal(got); again != lower(s) {
			t.Fatalf("Open(%q) took a token that we would write as %q", s, again)
		}
	})
}

func TestLoggable(t *testing.T) {
	for in, want := range map[string]string{
		"case-abc@x.example": "case-…@x.example", "CASE-abc@x.example": "case-…@x.example", "R-1@x.example": "r-…@x.example",
		"case-@x.example": "case-@x.example", "cases+acme@x.example": "cases+acme@x.example", "anna@x.example": "anna@x.example",
	} {
		if got := MustAddress(in).Loggable(); got != want {
			t.Errorf("%s is logged as %s, want %s", in, got, want)
		}
	}
	if got := (Address{}).Loggable(); got != "<>" {
		t.Errorf("the null reverse-path is logged as %s", got)
	}
}

// TestReplace: after a rotation old tokens are good and new ones are of the new
// key; after the next the oldest are unknown.
func TestReplace(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	token := Token{Purpose: PurposeReply, Tenant: 1, Case: 2, Expires: now.Add(day)}
	first, second, third := Key{ID: 1, Secret: [32]byte{1}}, Key{ID: 2, Secret: [32]byte{2}}, Key{ID: 3, Secret: [32]byte{3}}
	ring := &Keyring{Keys: []Key{first}}
	old := ring.Seal(token)
	ring.Replace([]Key{second, first})
	if _, err := ring.Open(old, PurposeReply, now); err != nil {
		t.Errorf("after a rotation an old token gives %v, want that it is known", err)
	}
	if made := ring.Seal(token); made == old {
		t.Error("after a rotation tokens are made with the old key")
	}
	ring.Replace([]Key{third, second})
	if _, err := ring.Open(old, PurposeReply, now); err != ErrToken {
		t.Errorf("after two rotations a token of the first key gives %v, want %v", err, ErrToken)
	}
}
