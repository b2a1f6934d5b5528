package smime

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const entity = "Content-Type: text/plain\r\n\r\nThe server is back.\r\n"

// el writes an element: a tag, a length, a content.
func el(tag byte, content ...[]byte) []byte {
	b := bytes.Join(content, nil)
	switch n := len(b); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, b...)
	default:
		return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, b...)
	}
}

// open writes an element whose end is not stated.
func open(tag byte, content ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(content, nil)...), 0, 0)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

var (
	version   = el(tagInteger, []byte{1})
	digests   = el(tagSet, el(tagSequence, el(tagOID, unhex("608648016503040201")), []byte{5, 0}))
	plainData = el(tagOID, unhex("2a864886f70d010701"))
	signers   = el(tagSet)
	signedOID = el(tagOID, []byte(oidSigned))
)

func TestRead(t *testing.T) {
	text := []byte(entity)
	pieces := open(tagOctets|formConstructed, el(tagOctets, text[:7]), open(tagOctets|formConstructed, el(tagOctets, text[7:20])), el(tagOctets|formConstructed, el(tagOctets, text[20:21]), el(tagOctets)), el(tagOctets, text[21:]))
	tests := []struct {
		name string
		in   []byte
		typ  string
		data string
		err  error
	}{
		{"DER", el(tagSequence, signedOID, el(tagExplicit0, el(tagSequence, version, digests, el(tagSequence, plainData, el(tagExplicit0, el(tagOctets, text))), signers))), "signed", entity, nil},
		{"in pieces, all lengths stated", el(tagSequence, signedOID, el(tagExplicit0, el(tagSequence, version, digests, el(tagSequence, plainData, el(tagExplicit0, el(tagOctets|formConstructed, el(tagOctets, text[:9]), el(tagOctets, text[9:])))), signers))), "signed", entity, nil},
		{"no length stated", open(tagSequence, signedOID, open(tagExplicit0, open(tagSequence, version, open(tagSet, open(tagSequence, el(tagOID, []byte{1}))), open(tagSequence, plainData, open(tagExplicit0, pieces)), signers))), "signed", entity, nil},
		{"the signature alone", el(tagSequence, signedOID, el(tagExplicit0, el(tagSequence, version, digests, el(tagSequence, plainData), el(tagExplicit0, el(tagOctets, text)), signers))), "signed", "", nil},
		{"the signature alone, no length stated", open(tagSequence, signedOID, open(tagExplicit0, open(tagSequence, version, digests, open(tagSequence, plainData), el(tagExplicit0, el(tagOctets, text)), signers))), "signed", "", nil},
		{"encrypted", el(tagSequence, el(tagOID, []byte(oidEnveloped)), el(tagExplicit0)), "encrypted", "", nil},
		{"encrypted and signed together", open(tagSequence, el(tagOID, []byte(oidAuthEnveloped)), el(tagExplicit0)), "encrypted", "", nil},
		{"compressed", el(tagSequence, el(tagOID, []byte(oidCompressed)), el(tagExplicit0)), "compressed", "", nil},
		{"data alone", el(tagSequence, plainData, el(tagExplicit0, el(tagOctets, text))), "unknown", "", ErrFormat},
		{"text", text, "unknown", "", ErrFormat},
		{"nothing", nil, "unknown", "", ErrTruncated},
		{"a length of eight octets", unhex("30 88 ff ff ff ff ff ff ff ff"), "unknown", "", ErrFormat},
		{"a length of 127 octets", unhex("30 ff 01"), "unknown", "", ErrTruncated},
	}
	for _, tt := range tests {
		c, err := Read(tt.in)
		if c.Type != tt.typ || string(c.Data) != tt.data || !errors.Is(err, tt.err) {
			t.Errorf("%s is %s with %q and %v, want %s with %q and %v", tt.name, c.Type, c.Data, err, tt.typ, tt.data, tt.err)
		}
	}
}

// TestTruncated: what came before the cut is there.
func TestTruncated(t *testing.T) {
	text := []byte(entity)
	for name, whole := range map[string][]byte{
		"DER": el(tagSequence, signedOID, el(tagExplicit0, el(tagSequence, version, digests, el(tagSequence, plainData, el(tagExplicit0, el(tagOctets, text)))))),
		"in pieces": open(tagSequence, signedOID, open(tagExplicit0, open(tagSequence, version, digests, open(tagSequence, plainData,
			open(tagExplicit0, open(tagOctets|formConstructed, el(tagOctets, text[:20]), el(tagOctets, text[20:]))))))),
	} {
		most := 0
		for n := range whole {
			c, err := Read(whole[:n])
			if !strings.HasPrefix(entity, string(c.Data)) {
				t.Fatalf("%s cut at %d gives %q, want a beginning of the content", name, n, c.Data)
			}
			if err == nil && len(c.Data) != len(entity) {
				t.Errorf("%s cut at %d gives %d octets without an error", name, n, len(c.Data))
			}
			if len(c.Data) < most {
				t.Errorf("%s cut at %d gives less than when cut before", name, n)
			}
			most = len(c.Data)
		}
		if most < len(entity)-1 {
			t.Errorf("%s gives %d octets when its end is missing, want nearly all", name, most)
		}
	}
}

// TestDeep: F13, nesting has a limit.
func TestDeep(t *testing.T) {
	head := []byte{tagSequence, 0x80}
	head = append(head, signedOID...)
	head = append(head, tagExplicit0, 0x80, tagSequence, 0x80)
	head = append(head, version...)
	content := append(bytes.Clone(head), digests...)
	content = append(append(content, tagSequence, 0x80), plainData...)
	content = append(content, tagExplicit0, 0x80)
	for name, in := range map[string][]byte{
		"pieces of pieces": append(content, bytes.Repeat([]byte{tagOctets | formConstructed, 0x80}, 1<<20)...),
		"sets in sets":     append(head, bytes.Repeat([]byte{tagSet, 0x80}, 1<<20)...),
	} {
		if _, err := Read(in); !errors.Is(err, ErrDepth) {
			t.Errorf("1,048,576 %s give %v, want ErrDepth", name, err)
		}
	}
}

// TestOpenSSL reads what a real program writes, both at once and while it reads.
func TestOpenSSL(t *testing.T) {
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl to write samples with")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(path, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("openssl %s: %v: %s", args[0], err, out)
		}
	}
	big := []byte(entity + strings.Repeat("one more line\r\n", 4000))
	if err := os.WriteFile(filepath.Join(dir, "in"), big, 0o600); err != nil {
		t.Fatal(err)
	}
	run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key", "-out", "cert", "-subj", "/CN=anna@acme.example", "-days", "30")
	sign := []string{"cms", "-sign", "-binary", "-in", "in", "-signer", "cert", "-inkey", "key", "-outform", "DER", "-out"}
	tests := []struct {
		name string
		args []string
		typ  string
		data []byte
	}{
		{"signed", append(sign, "a", "-nodetach"), "signed", big},
		{"signed in a stream", append(sign, "b", "-nodetach", "-stream"), "signed", big},
		{"detached", append(sign, "c"), "signed", nil},
		{"encrypted", []string{"cms", "-encrypt", "-in", "in", "-aes128", "-outform", "DER", "-out", "d", "cert"}, "encrypted", nil},
		{"encrypted in a stream", []string{"cms", "-encrypt", "-stream", "-in", "in", "-aes128", "-outform", "DER", "-out", "e", "cert"}, "encrypted", nil},
	}
	for i, tt := range tests {
		run(tt.args...)
		der, err := os.ReadFile(filepath.Join(dir, string(rune('a'+i))))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read(der)
		if err != nil || c.Type != tt.typ || !bytes.Equal(c.Data, tt.data) {
			t.Errorf("%s is %s with %d octets and %v, want %s with %d", tt.name, c.Type, len(c.Data), err, tt.typ, len(tt.data))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(el(tagSequence, signedOID, el(tagExplicit0, el(tagSequence, version, digests, el(tagSequence, plainData, el(tagExplicit0, el(tagOctets, []byte("abc"))))))))
	f.Add(open(tagSequence, signedOID, open(tagExplicit0, open(tagSequence, version, open(tagSet, open(tagSequence)), open(tagSequence, plainData,
		open(tagExplicit0, open(tagOctets|formConstructed, el(tagOctets, []byte("abc")), open(tagOctets|formConstructed, el(tagOctets, []byte("d")))))), signers))))
	f.Add(el(tagSequence, el(tagOID, []byte(oidEnveloped))))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(b)
		if len(c.Data) > len(b) {
			t.Errorf("%x gave %d octets, more than there are", b, len(c.Data))
		}
		if c.Type != "signed" && c.Data != nil {
			t.Errorf("%x is %s and has a content", b, c.Type)
		}
		if err != nil {
			return
		}
		// What stands behind a whole message changes nothing.
		if more, err := Read(append(bytes.Clone(b), b...)); c.Type == "signed" && c.Data != nil && (err != nil || !bytes.Equal(more.Data, c.Data)) {
			t.Errorf("%x with more behind it gives %x and %v, want %x", b, more.Data, err, c.Data)
		}
	})
}
