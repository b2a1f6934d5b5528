package uuencode

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"casegate/ingest/corpustest"
)

// encode uuencodes data; zero is the character for 0: '`' or a space.
func encode(name string, data []byte, zero byte) string {
	digit := func(v byte) byte {
		if v == 0 {
			return zero
		}
		return ' ' + v
	}
	var b strings.Builder
	b.WriteString("begin 644 " + name + "\n")
	for len(data) > 0 {
		n := min(45, len(data))
		line := append(bytes.Clone(data[:n]), 0, 0)
		b.WriteByte(digit(byte(n)))
		for i := 0; i < n; i += 3 {
			x, y, z := line[i], line[i+1], line[i+2]
			b.Write([]byte{digit(x >> 2), digit(x<<4&63 | y>>4), digit(y<<2&63 | z>>6), digit(z & 63)})
		}
		b.WriteByte('\n')
		data = data[n:]
	}
	return b.String() + string(zero) + "\nend\n"
}

// yenc writes data in yEnc.
func yenc(name string, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "=ybegin line=100 size=%d name=%s\r\n", len(data), name)
	for i, c := range data {
		switch c += 42; c {
		case 0, '\n', '\r', '=':
			b.Write([]byte{'=', c + 64})
		default:
			b.WriteByte(c)
		}
		if i%100 == 99 {
			b.WriteString("\r\n")
		}
	}
	fmt.Fprintf(&b, "\r\n=yend size=%d crc32=%08x\r\n", len(data), crc32.ChecksumIEEE(data))
	return b.String()
}

// some is data with every octet in it, and zeros at its end.
func some(n int) []byte {
	data := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range data[:n*3/4] {
		data[i] = byte(r.Uint32())
	}
	return data
}

func TestSplit(t *testing.T) {
	trimmed := strings.ReplaceAll(encode("a b.bin", some(200), ' '), " \n", "\n")
	for strings.Contains(trimmed, " \n") {
		trimmed = strings.ReplaceAll(trimmed, " \n", "\n") // as mailers do on the way
	}
	base := "begin-base64 644 a b.bin\n" + base64.StdEncoding.EncodeToString(some(200)) + "\n====\n"
	for name, block := range map[string]string{
		"with grave accents": encode("a b.bin", some(200), '`'),
		"with spaces":        encode("a b.bin", some(200), ' '),
		"with lost spaces":   trimmed,
		"with CRLF":          strings.ReplaceAll(encode("a b.bin", some(200), '`'), "\n", "\r\n"),
		"in base64":          base,
		"in yEnc":            yenc("a b.bin", some(200)),
	} {
		text := "Please find the file here:\n\n" + block + "Regards\n" + block
		rest, files := Split([]byte(text))
		if string(rest) != "Please find the file here:\n\nRegards\n" || len(files) != 2 {
			t.Errorf("%s: the rest is %q with %d files, want the two lines and two files", name, rest, len(files))
			continue
		}
		for _, f := range files {
			if f.Name != "a b.bin" || !bytes.Equal(f.Data, some(200)) || f.Note != "" {
				t.Errorf("%s: the file is %q, % x, note %q; want a b.bin as it was", name, f.Name, f.Data, f.Note)
			}
		}
	}
}

func TestSplitLeaves(t *testing.T) {
	whole := encode("a", some(100), '`')
	for _, text := range []string{
		"", "begin", "begin ", "begin 644", "begin 644 ", "=ybegin ",
		"We\nbegin 5 new tasks\nand end\n",
		"begin 100 tasks\nThey are many.\nend\n",
		"begin 644 a\nend\n",
		"begin 644 a\n\nend\n",
		"begin 999 a\n`\nend\n",
		"begin 644 a\nEND OF STORY\n",
		strings.TrimSuffix(whole, "end\n"),
		strings.ReplaceAll(whole, "\nM", "\n> M"),
		strings.ReplaceAll("begin"+whole, "\n", "\n> "),
		"begin-base64 644 a\nnot base64 at all\n====\n", "begin-base64 644 a\nQUJD\n",
		"=ybegin line=128 size=3 name=a\nabc\n", "=ybegin name=a\nabc\n=yend size=3\n", "=yend size=3\n",
		"=ybegin line=128 size=3 name=a\nabc\n=ybegin x\n=yend size=3\n",
	} {
		if rest, files := Split([]byte(text)); len(files) != 0 || string(rest) != text {
			t.Errorf("%q became %q with %d files, want it left alone", text, rest, len(files))
		}
	}
}

func TestNotes(t *testing.T) {
	tests := []struct{ in, data, note string }{
		{"=ybegin line=128 size=3 name=a\n\x8b\x8c\x8d\n=yend size=3\n", "abc", ""},
		{"=ybegin line=128 size=3 name=a\n\x8b\x8c\n=yend size=3\n", "ab", "3 octets were announced and 2 are there"},
		{"=ybegin line=128 size=3 name=a\n\x8b\x8c\x8d\n=yend size=3 crc32=00000000\n", "abc", "its checksum is wrong"},
		{"=ybegin part=1 line=128 size=9 name=a\n=ypart begin=1 end=3\n\x8b\x8c\x8d\n=yend size=3 part=1 pcrc32=352441c2\n", "abc", "only octets 1 to 3 of 9"},
	}
	for _, tt := range tests {
		_, files := Split([]byte(tt.in))
		if len(files) != 1 || string(files[0].Data) != tt.data || files[0].Note != tt.note {
			t.Errorf("%q holds %+v, want %q with the note %q", tt.in, files, tt.data, tt.note)
		}
	}
}

// TestLimits: F13. Frames that are none cost no more than other lines.
func TestLimits(t *testing.T) {
	for _, line := range []string{
		"begin 644 x\n", "begin-base64 644 x\n", "=ybegin line=1 size=1 name=x\n",
		"begin 644 x\n" + strings.Repeat("#86)C\n", 20), "begin 644 x\n`\nend\n", "begin 644 x\n" + strings.Repeat("_\n", 1000) + "end\n", "begin 644 x\n`\n\n\n\n",
	} {
		text := []byte(strings.Repeat(line, 2<<20/len(line)))
		rest, files := Split(text)
		size := 0
		for _, f := range files {
			size += len(f.Data)
		}
		if size > 4<<20 || len(files) > maxFiles || len(rest) == 0 {
			t.Errorf("%d files of %d octets were taken out of many frames, want at most %d and the rest as text", len(files), size, maxFiles)
		}
	}
}

// BenchmarkSplit shows that the time grows with the size and with nothing else.
func BenchmarkSplit(b *testing.B) {
	for _, line := range []string{"begin 644 x\n", "=ybegin line=1 size=1 name=x\n", "Hello, how are you?\n"} {
		for _, size := range []int{1 << 20, 8 << 20} {
			text := []byte(strings.Repeat(line, size/len(line)))
			b.Run(fmt.Sprintf("%.8q/%d", line, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					Split(text)
				}
			})
		}
	}
}

// TestCorpus compares with the uuencoded files of the corpus.
func TestCorpus(t *testing.T) {
	right, total := 0, 0
	for _, item := range corpustest.Items(t) {
		if item.Input != "uuencoded" {
			continue
		}
		var want struct{ SHA256 string }
		if err := json.Unmarshal(item.Expect["decodes_to"], &want); err != nil {
			t.Fatal(err)
		}
		total++
		_, files := Split(item.Raw)
		if len(files) != 1 {
			t.Errorf("%s holds %d files, want 1", item.ID, len(files))
			continue
		}
		if sum := sha256.Sum256(files[0].Data); hex.EncodeToString(sum[:]) == want.SHA256 {
			right++
		} else {
			t.Errorf("%s is decoded wrongly", item.ID)
		}
	}
	t.Logf("%d of %d uuencoded files right", right, total)
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\n" + encode("x", some(50), '`') + "b\n"))
	f.Add([]byte(encode("x", some(5), ' ')))
	f.Add([]byte(yenc("x", some(50)) + "\n"))
	f.Add([]byte("begin-base64 644 x\nQUJD\n====\n"))
	f.Add([]byte("begin 644 x\n#86)C\n\nend"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rest, files := Split(text)
		size := len(rest)
		for _, file := range files {
			size += len(file.Data) - 4<<10 // for spaces that were lost
		}
		if size > len(text) {
			t.Errorf("%q gave %d octets, more than there are", text, size)
		}
		if len(files) == 0 && !bytes.Equal(rest, text) {
			t.Errorf("%q without a file became %q", text, rest)
		}
		// What was there before is there behind a file as well, and the file with it.
		with, more := Split(append([]byte(encode("seed", []byte("abc"), '`')), text...))
		if len(more) != min(len(files)+1, maxFiles) || string(more[0].Data) != "abc" || len(more) < maxFiles && !bytes.Equal(with, rest) {
			t.Errorf("%q behind a file gives %d files and %q, want %d and %q", text, len(more), with, len(files)+1, rest)
		}
	})
}
