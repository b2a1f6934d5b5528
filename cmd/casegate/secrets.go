package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// hashed is what is kept of a password (argon2id, RFC 9106) or of a token
// (SHA-256: what is random and long enough needs no slow hash). The zero value
// fits nothing.
type hashed struct {
	memory, time uint32 // KiB, passes; 0: a token
	threads      uint8
	salt, sum    []byte
}

// The cost of a password, as OWASP's Password Storage Cheat Sheet asks for.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSalt    = 16
	hashSum     = 32
)

// Bounds of what a file may ask of the machine.
const (
	maxHashMemory = 64 << 10 // KiB
	maxHashTime   = 10
)

const (
	passwordForm = "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s"
	tokenForm    = "$sha256$"
)

var errSecret = errors.New("its secret is neither of argon2id, in the form $argon2id$v=19$m=…,t=…,p=…$salt$hash, nor a token's $sha256$…")

// hashPassword is for a password that is set.
func hashPassword(password string) hashed {
	h := hashed{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, hashSalt)}
	rand.Read(h.salt) // never fails (crypto/rand)
	h.sum = h.of(password, hashSum)
	return h
}

// newToken makes a token of 256 random bits, and what is kept of it.
func newToken() (string, hashed) {
	var b [32]byte
	rand.Read(b[:])
	token := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	sum := sha256.Sum256([]byte(token))
	return token, hashed{sum: sum[:]}
}

func (h hashed) of(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(size))
}

func (h hashed) token() bool { return h.memory == 0 && len(h.sum) > 0 }

// isToken compares in constant time.
func (h hashed) isToken(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return h.token() && subtle.ConstantTimeCompare(sum[:], h.sum) == 1
}

// isPassword takes as long for a hash that is none, which no password fits.
func (h hashed) isPassword(text string) bool {
	if h.memory == 0 {
		none := hashed{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, hashSalt)}
		none.of(text, hashSum)
		return false
	}
	return subtle.ConstantTimeCompare(h.of(text, len(h.sum)), h.sum) == 1
}

// text is the form in the file: the PHC string format, and one in its manner.
func (h hashed) text() string {
	code := base64.RawStdEncoding
	if h.token() {
		return tokenForm + code.EncodeToString(h.sum)
	}
	return fmt.Sprintf(passwordForm, h.memory, h.time, h.threads, code.EncodeToString(h.salt), code.EncodeToString(h.sum))
}

// parseHashed reads what text wrote, or another program's argon2id.
func parseHashed(s string) (h hashed, err error) {
	code := base64.RawStdEncoding.Strict()
	if sum, ok := strings.CutPrefix(s, tokenForm); ok {
		if h.sum, err = code.DecodeString(sum); err != nil || len(h.sum) != sha256.Size {
			return hashed{}, errSecret
		}
		return h, nil
	}
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v=19" {
		return hashed{}, errSecret
	}
	if err := h.parseCost(part[3]); err != nil {
		return hashed{}, err
	}
	h.salt, err = code.DecodeString(part[4])
	if err == nil {
		h.sum, err = code.DecodeString(part[5])
	}
	if err != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.sum) < 16 || len(h.sum) > 64 {
		return hashed{}, errSecret
	}
	return h, nil
}

// parseCost reads "m=19456,t=2,p=1".
func (h *hashed) parseCost(s string) error {
	var n [3]uint64
	fields := strings.Split(s, ",")
	if len(fields) != len(n) {
		return errSecret
	}
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], name)
		value, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || strconv.FormatUint(value, 10) != digits {
			return errSecret
		}
		n[i] = value
	}
	if n[2] < 1 || n[2] > 4 || n[1] < 1 || n[1] > maxHashTime || n[0] < 8*n[2] || n[0] > maxHashMemory {
		return fmt.Errorf("its secret costs too much or nothing: want m of at most %d, t of at most %d, p of at most 4", maxHashMemory, maxHashTime)
	}
	h.memory, h.time, h.threads = uint32(n[0]), uint32(n[1]), uint8(n[2])
	return nil
}
