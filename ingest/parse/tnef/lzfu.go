package tnef

import (
	"encoding/binary"
	"errors"
)

// prebuilt is what the dictionary holds before the first octet (MS-OXRTFCP
// 2.1.2.1): the words that every RTF begins with.
const prebuilt = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript ` +
	`\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` + "\r\n" +
	`\par \pard\plain\f0\fs20\b\i\u\tab\tx`

const (
	compressed   = 0x75465a4c // "LZFu"
	uncompressed = 0x414c454d // "MELA"
	window       = 4096       // octets of the dictionary
)

var errRTF = errors.New("compressed RTF is damaged")

// decompressRTF undoes MS-OXRTFCP. It gives at most limit octets and tells
// whether there would be more; with an error it gives what came before.
func decompressRTF(b []byte, limit int) (out []byte, cut bool, err error) {
	const head = 16
	if len(b) < head {
		return nil, false, errRTF
	}
	// The size of the compressed data counts from behind itself.
	size := uint64(binary.LittleEndian.Uint32(b)) + 4
	raw := uint64(binary.LittleEndian.Uint32(b[4:]))
	method := binary.LittleEndian.Uint32(b[8:])
	body := b[head:]
	if size >= head && size-head < uint64(len(body)) {
		body = body[:size-head]
	}
	switch method {
	case uncompressed:
		n := int(min(raw, uint64(len(body))))
		return body[:min(n, limit)], n > limit, nil
	case compressed:
		out, cut, err = inflate(body, limit, int(min(raw, uint64(limit))))
		if err != nil && uint64(len(out)) >= raw {
			err = nil // some writers leave the end mark away
		}
		return out, cut, err
	}
	return nil, false, errRTF
}

// inflate reads runs of eight tokens, each an octet or a reference to 2 to 17
// octets of the dictionary. A reference to where it would write is the end.
func inflate(b []byte, limit, expected int) (out []byte, cut bool, err error) {
	const perOctet = 9 // no input grows more than this
	out = make([]byte, 0, min(expected, perOctet*len(b)))
	var dict [window]byte
	at := copy(dict[:], prebuilt)
	put := func(c byte) {
		out = append(out, c)
		dict[at] = c
		at = (at + 1) % window
	}
	for len(b) > 0 {
		control := b[0]
		b = b[1:]
		for bit := 0; bit < 8; bit++ {
			switch {
			case len(out) >= limit:
				return out[:limit], true, nil
			case len(b) == 0:
				return out, false, errRTF
			case control>>bit&1 == 0:
				put(b[0])
				b = b[1:]
				continue
			case len(b) < 2:
				return out, false, errRTF
			}
			ref := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			from, n := ref>>4, ref&15+2
			if from == at {
				return out, false, nil
			}
			for i := range n {
				put(dict[(from+i)%window])
			}
		}
	}
	return out, false, errRTF
}
