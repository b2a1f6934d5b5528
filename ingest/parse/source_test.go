package parse

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"casegate/ingest/corpustest"
)

// TestFileReadsLikeBytes: a mail says the same from a file, through windows that
// cut it everywhere, as from memory.
func TestFileReadsLikeBytes(t *testing.T) {
	for _, it := range corpustest.Items(t) {
		want, err := json.Marshal(Read(it.Raw))
		if err != nil {
			t.Fatalf("%s: %v", it.ID, err)
		}
		src := File(bytes.NewReader(it.Raw), int64(len(it.Raw)))
		src.step = 100 + len(it.Raw)%50
		got, err := json.Marshal(src.Message())
		if err != nil || src.Err() != nil {
			t.Fatalf("%s: %v, %v", it.ID, err, src.Err())
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s reads from a file\n%.2000s\nand from memory\n%.2000s", it.ID, got, want)
		}
	}
}

// failing gives an error where a disk would.
type failing struct {
	io.ReaderAt
	from int64
}

var errDisk = errors.New("the disk is gone")

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at >= f.from {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, at)
}

// TestFileErrors: an error of the disk is no fact of the mail.
func TestFileErrors(t *testing.T) {
	raw := mime("mixed", "b", plainPart, "Content-Type: a/b\n\n"+strings.Repeat("x", 3*windowSize))
	src := File(failing{strings.NewReader(raw), windowSize}, int64(len(raw)))
	if src.Message(); !errors.Is(src.Err(), errDisk) {
		t.Errorf("reading from a broken disk gives the error %v, want %v", src.Err(), errDisk)
	}
}

// zeros is a large attachment that is nowhere.
type zeros struct {
	head string
	size int64
}

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		switch at := at + int64(i); {
		case at >= z.size:
			return i, io.EOF
		case at < int64(len(z.head)):
			p[i] = z.head[at]
		case at%78 == 76:
			p[i] = '\r'
		case at%78 == 77:
			p[i] = '\n'
		default:
			p[i] = 'A'
		}
	}
	return len(p), nil
}

// TestLargeAttachment: an attachment of 50 MiB costs no 50 MiB of memory.
func TestLargeAttachment(t *testing.T) {
	head := mime("mixed", "b", plainPart, "Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n")
	head = strings.TrimSuffix(head, "--b--\n")
	const size = 50 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := File(zeros{head, size}, size).Message()
	runtime.ReadMemStats(&after)
	if len(m.Attachments) != 1 || m.Attachments[0].Size < size/78*57-1000 {
		t.Fatalf("attachments: %+v", m.Attachments)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("reading allocated %d KiB in all, want less than 4 MiB", got>>10)
	}
}

// TestAttachments: what is written of each attachment in the corpus is what the
// message says of it, and of no other there is any.
func TestAttachments(t *testing.T) {
	for _, it := range corpustest.Items(t) {
		src := Bytes(it.Raw)
		all := src.Message().Attachments
		for i, a := range all {
			var b bytes.Buffer
			err := src.Attachment(i, &b)
			if sum := sha256.Sum256(b.Bytes()); err != nil || hex.EncodeToString(sum[:]) != a.SHA256 || int64(b.Len()) != a.Size {
				t.Errorf("%s: of %q %d octets are written (%v), want the %d of the message", it.ID, a.Name, b.Len(), err, a.Size)
			}
		}
		if err := src.Attachment(len(all), io.Discard); !errors.Is(err, ErrNoAttachment) {
			t.Errorf("%s: beyond the last attachment: %v, want ErrNoAttachment", it.ID, err)
		}
	}
	src := Bytes([]byte(mime("mixed", "b", pdfPart)))
	if err := src.Attachment(0, brokenPipe{}); !errors.Is(err, errDisk) {
		t.Errorf("an attachment that cannot be written: %v, want %v", err, errDisk)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errDisk }

// TestCutFile: a file that is shorter than it was, wherever it ends, is an error
// and no endless search.
func TestCutFile(t *testing.T) {
	raw := mime("mixed", "b", plainPart, "Content-Type: message/rfc822\n\n"+mime("alternative", "c", plainPart, htmlPart), pdfPart)
	for n := range raw {
		src := File(strings.NewReader(raw[:n]), int64(len(raw)+10))
		if src.Message(); src.Err() == nil {
			t.Errorf("cut at %d of %d octets there is no error", n, len(raw))
		}
	}
}
