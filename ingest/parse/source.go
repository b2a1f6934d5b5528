package parse

import (
	"bytes"
	"io"

	"casegate/ingest/parse/header"
)

// windowSize is how much of a mail that is not in memory is held at once, in octets.
const windowSize = 512 << 10

// maxHeader is as much as a header with its limit can take up: one that is longer
// is seen to be.
const maxHeader = header.MaxOctets + 64<<10

// Source is the octets of one mail, in memory or not. It is read by offsets, a
// window at a time, so that a large mail costs no more memory than a small one.
// It must not be used by several goroutines at once.
type Source struct {
	at   int    // where data is in the mail
	data []byte // the window
	size int
	r    io.ReaderAt // nil: data is all
	step int         // the size of the window
	cr   bool        // lines end with CR alone; read as LF
	err  error       // of r; sticky

	pages []string // HTML, as it came
}

// Bytes is a mail that is in memory; raw must not change.
func Bytes(raw []byte) *Source {
	if endsLinesWithCR(raw) {
		return &Source{data: bytes.ReplaceAll(raw, []byte("\r"), []byte("\n")), size: len(raw), cr: true}
	}
	return &Source{data: raw, size: len(raw)}
}

// File is a mail of a size in octets that is read as it is needed.
func File(r io.ReaderAt, size int64) *Source { return &Source{r: r, size: int(size), step: windowSize} }

// endsLinesWithCR tells a mail whose lines end as on old Macs. No door takes it
// from the network, where what is a line end would be open to doubt (mail-traps
// A6); files are.
func endsLinesWithCR(begin []byte) bool {
	begin = begin[:min(len(begin), maxHeader)]
	return bytes.IndexByte(begin, '\n') < 0 && bytes.Count(begin, []byte("\r")) > 1
}

// Err is the first error of reading, which says nothing of the mail.
func (s *Source) Err() error { return s.err }

// Header reads the header, which is believed by its raw bytes alone.
func (s *Source) Header() header.Header { return s.headerAt(0, maxHeader) }

// headerAt reads the header at an offset, at most so many octets long.
func (s *Source) headerAt(from, most int) header.Header {
	v := s.view(from, most)
	v = v[:min(len(v), most)]
	h := header.Read(v)
	if s.r == nil {
		return h
	}
	return header.Read(bytes.Clone(v[:h.Body])) // the window moves on, the fields stay
}

// view gives what is at an offset: at least so many octets, unless the mail ends
// before. It is good until the next call.
func (s *Source) view(from, least int) []byte {
	least = min(least, s.size-from)
	if least <= 0 {
		return nil
	}
	if s.r != nil && (from < s.at || from+least > s.at+len(s.data)) {
		s.load(from, least)
	}
	return s.data[min(len(s.data), max(0, from-s.at)):]
}

// load moves the window.
func (s *Source) load(from, least int) {
	n := min(max(s.step, least), s.size-from)
	if cap(s.data) < n {
		s.data = make([]byte, n)
	}
	s.at, s.data = from, s.data[:n]
	n, err := s.r.ReadAt(s.data, int64(from))
	if n < len(s.data) {
		s.data = s.data[:n]
		if s.err == nil {
			s.err = err
		}
	}
	s.cr = s.cr || from == 0 && endsLinesWithCR(s.data)
	if !s.cr {
		return
	}
	for i, c := range s.data {
		if c == '\r' {
			s.data[i] = '\n'
		}
	}
}

// next gives some of a section, which is good until the next call; nothing where
// it ends or the mail cannot be read.
func (s *Source) next(start, end int) []byte {
	v := s.view(start, 1)
	return v[:min(len(v), max(0, end-start))]
}

// bytes gives a section as a slice that stays good, cut at a size in octets.
func (s *Source) bytes(start, end, most int) (b []byte, cut bool) {
	if end-start > most {
		end, cut = start+most, true
	}
	if end <= start {
		return nil, cut
	}
	if s.r == nil {
		return s.data[start:end:end], cut
	}
	b = make([]byte, 0, end-start)
	for v := s.next(start, end); len(v) > 0; v = s.next(start, end) {
		b = append(b, v...)
		start += len(v)
	}
	return b, cut
}

// copy writes a section to w, a digest, which keeps the errors that matter.
func (s *Source) copy(w io.Writer, start, end int) {
	for v := s.next(start, end); len(v) > 0; v = s.next(start, end) {
		w.Write(v)
		start += len(v)
	}
}
