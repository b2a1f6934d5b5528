package mailer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"regexp"
	"slices"
	"sync/atomic"
	"time"
)

// Purpose says what a token may be used for; one made for one purpose is
// unknown for every other.
type Purpose byte

const (
	PurposeReply      Purpose = 'r' // reply address: this participant may write to this case
	PurposeReturnPath Purpose = 'b' // return path: bounces of this delivery
	PurposeMessageID  Purpose = 'm' // our own Message-ID: this case
	PurposeLeave      Purpose = 'l' // one-click link: this participant leaves the case
	PurposeHeld       Purpose = 'h' // decides on a held mail, Delivery being its number
	PurposeConfirm    Purpose = 'c' // the sender of a held mail confirms it, Delivery being its number
)

// Local parts of our own addresses begin so, and a token follows (design 3).
const (
	ReplyPart      = "case-"
	ReturnPathPart = "r-"
	HeldPart       = "h-"
	ConfirmPart    = "c-"
)

// Loggable is the address without its token, which is a secret of whoever it was
// issued to: for logs and records. The null reverse-path is "<>".
func (a Address) Loggable() string {
	if a.IsZero() {
		return "<>"
	}
	for _, part := range [...]string{ReplyPart, ReturnPathPart, HeldPart, ConfirmPart} {
		if local := lower(a.Local); len(local) > len(part) && local[:len(part)] == part {
			return part + "…@" + a.Domain
		}
	}
	return a.String()
}

// Token proves that we once wrote to somebody about a case. It proves tenant
// and case, never who is using it (design 3).
type Token struct {
	Purpose     Purpose
	Tenant      uint32    // TenantTag of the reseller
	Case        uint32    // the case's number within the reseller
	Participant uint16    // number within the case's sharing list; 0: none
	Delivery    uint64    // ID.Number of the delivery or held mail; 0: none, and then it is left out
	Expires     time.Time // precision: one UTC day, valid through that day
}

// TenantTag shortens a reseller's name for tokens. Directories in which two
// resellers share a tag are refused when applied.
func TenantTag(reseller string) uint32 {
	sum := sha256.Sum256([]byte("casegate tenant " + reseller))
	return binary.BigEndian.Uint32(sum[:])
}

// Key is one MAC key: an id that is written into each token, and 32 secret bytes.
type Key struct {
	ID     byte
	Secret [32]byte
}

// Keyring makes and opens tokens. The first key makes, all keys open, so that
// keys can be rotated while old tokens live. It is safe for concurrent use.
type Keyring struct {
	Keys []Key // to begin with

	replaced atomic.Pointer[[]Key]
}

// Replace puts other keys in the place of those it has.
func (k *Keyring) Replace(keys []Key) {
	keys = slices.Clone(keys)
	k.replaced.Store(&keys)
}

// Live gives the keys of now.
func (k *Keyring) Live() []Key {
	if keys := k.replaced.Load(); keys != nil {
		return *keys
	}
	return k.Keys
}

// ErrToken is the one answer to a token that is malformed, forged, expired or
// made for another purpose: from outside they must look the same.
var ErrToken = errors.New("unknown token")

const (
	tokenMAC = 16 // octets: 128 bits of HMAC-SHA-256
	tokenLen = 14 // octets before the MAC, without a delivery
)

var (
	tokenEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)
	tokenEpoch    = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
)

const day = 24 * time.Hour

// Seal writes a token as 48 lower-case letters and digits, 61 with a delivery:
// with a prefix of up to three characters it fits a local part.
func (k *Keyring) Seal(t Token) string {
	key := k.Live()[0]
	b := make([]byte, 0, tokenLen+8+tokenMAC)
	b = append(b, key.ID, byte(t.Purpose))
	b = binary.BigEndian.AppendUint32(b, t.Tenant)
	b = binary.BigEndian.AppendUint32(b, t.Case)
	b = binary.BigEndian.AppendUint16(b, t.Participant)
	// Clamped, so that a forgotten or absurd time cannot wrap around into a
	// distant year: before the epoch is expired, 2203 is the last.
	days := min(max(t.Expires.Sub(tokenEpoch)/day, 0), 1<<16-1)
	b = binary.BigEndian.AppendUint16(b, uint16(days))
	if t.Delivery != 0 {
		b = binary.BigEndian.AppendUint64(b, t.Delivery)
	}
	b = append(b, key.mac(b)...)
	return lower(tokenEncoding.EncodeToString(b))
}

// Open checks a token, in upper or lower case, at a given time. Its only error
// is ErrToken.
func (k *Keyring) Open(s string, want Purpose, now time.Time) (Token, error) {
	if len(s) > 80 {
		return Token{}, ErrToken
	}
	b, err := tokenEncoding.DecodeString(upper(s))
	if err != nil || len(b) != tokenLen+tokenMAC && len(b) != tokenLen+8+tokenMAC {
		return Token{}, ErrToken
	}
	// The last letter may carry bits that no octet holds: only one spelling is ours.
	if tokenEncoding.EncodeToString(b) != upper(s) {
		return Token{}, ErrToken
	}
	body, mac := b[:len(b)-tokenMAC], b[len(b)-tokenMAC:]
	good := false
	for _, key := range k.Live() {
		if key.ID == body[0] && hmac.Equal(mac, key.mac(body)) {
			good = true
		}
	}
	t := Token{
		Purpose:     Purpose(body[1]),
		Tenant:      binary.BigEndian.Uint32(body[2:]),
		Case:        binary.BigEndian.Uint32(body[6:]),
		Participant: binary.BigEndian.Uint16(body[10:]),
		Expires:     tokenEpoch.Add(time.Duration(binary.BigEndian.Uint16(body[12:])) * day),
	}
	if len(body) > tokenLen {
		t.Delivery = binary.BigEndian.Uint64(body[tokenLen:])
	}
	if !good || t.Purpose != want || !now.Before(t.Expires.Add(day)) {
		return Token{}, ErrToken
	}
	return t, nil
}

// CutTokens replaces whatever looks like a token in a text that is to be logged
// or shown: other servers like to quote our addresses in their replies.
func CutTokens(s string) string { return tokenLike.ReplaceAllString(s, "…") }

// tokenLike: a token is 48 letters and digits or more; what people write is not.
var tokenLike = regexp.MustCompile(`(?i)[a-z2-7]{48,}`)

func (k Key) mac(b []byte) []byte {
	h := hmac.New(sha256.New, k.Secret[:])
	h.Write(b)
	return h.Sum(nil)[:tokenMAC]
}
