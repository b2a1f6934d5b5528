package tnef

import (
	"bytes"
	"encoding/binary"
)

// Types of properties (MS-OXCDATA 2.11.1) that are not 4 octets long.
const (
	typeDouble   = 0x0005
	typeCurrency = 0x0006
	typeAppTime  = 0x0007
	typeObject   = 0x000d
	typeInteger8 = 0x0014
	typeString8  = 0x001e
	typeUnicode  = 0x001f
	typeTime     = 0x0040
	typeGUID     = 0x0048
	typeBinary   = 0x0102

	multiple = 0x1000 // a flag beside the type
)

// Properties that are read (MS-OXPROPS).
const (
	propSubject         = 0x0037
	propBody            = 0x1000
	propRTF             = 0x1009
	propHTML            = 0x1013
	propDisplayName     = 0x3001
	propData            = 0x3701
	propFileName        = 0x3704
	propLongFileName    = 0x3707
	propTransportName   = 0x370c
	propContentType     = 0x370e
	propContentID       = 0x3712
	propInternetCode    = 0x3fde
	propMessageCodepage = 0x3ffd
)

// firstNamed is the first id of a property that has a name as well.
const firstNamed = 0x8000

// messageInterface is IID_IMessage, before an object that is a message.
var messageInterface = []byte{0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}

// value is a property's first value, as written.
type value struct {
	typ    uint16
	octets []byte
}

// set keeps a value unless there is one already; Unicode replaces what is not,
// which has question marks in its place.
func (v *value) set(typ uint16, octets []byte) {
	if len(octets) > 0 && (len(v.octets) == 0 || typ == typeUnicode && v.typ == typeString8) {
		*v = value{typ, octets}
	}
}

// number reads a value of 4 octets.
func (v value) number() uint32 {
	if len(v.octets) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(v.octets)
}

// properties reads a list of MAPI properties (MS-OXTNEF 2.1.3.4) and gives each
// with its first value to yield. The counts are believed as far as there is data.
func (r *reader) properties(b []byte, yield func(id uint16, v value)) {
	c := cursor{b: b}
	for n := c.uint32(); n > 0 && !c.short; n-- {
		typ, id := c.uint16(), c.uint16()
		if id >= firstNamed {
			c.skipName()
		}
		v := c.value(typ)
		if len(v.octets) > 0 {
			yield(id, v)
		}
	}
	if c.short {
		r.note("its properties are cut short")
	}
}

// messageProperty takes one property of the message.
func (r *reader) messageProperty(id uint16, v value) {
	switch id {
	case propSubject:
		r.subject.set(v.typ, v.octets)
	case propBody:
		r.text.set(v.typ, v.octets)
	case propHTML:
		r.html.set(v.typ, v.octets)
	case propRTF:
		if v.typ == typeBinary && len(r.rtf) == 0 {
			r.rtf = v.octets
		}
	case propInternetCode:
		r.internet = v.number()
	case propMessageCodepage:
		if r.codepage == 0 {
			r.codepage = v.number()
		}
	}
}

// property takes one property of an attachment.
func (f *file) property(id uint16, v value) {
	switch id {
	case propLongFileName:
		f.names[longName].set(v.typ, v.octets)
	case propFileName:
		f.names[shortName].set(v.typ, v.octets)
	case propTransportName:
		f.names[transportName].set(v.typ, v.octets)
	case propDisplayName:
		f.names[displayName].set(v.typ, v.octets)
	case propContentType:
		f.contentType.set(v.typ, v.octets)
	case propContentID:
		f.contentID.set(v.typ, v.octets)
	case propData:
		f.object(v)
	}
}

// object takes the content from a property, where an object has the name of its
// interface before it.
func (f *file) object(v value) {
	data := v.octets
	isMessage := false
	if v.typ == typeObject && len(data) >= len(messageInterface) {
		isMessage = bytes.HasPrefix(data, messageInterface)
		data = data[len(messageInterface):]
	}
	// What is said of the content as a whole goes before a picture of it.
	if isMessage || len(f.data) == 0 {
		f.data, f.message = data, isMessage
	}
}

// cursor reads little-endian values; at the end it sets short and gives zeros.
type cursor struct {
	b     []byte
	short bool
}

// take gives the next n octets, or those that are left.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		n, c.short = uint64(len(c.b)), true
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); len(b) == 2 {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// skipName steps over what a named property is called: a GUID, then a number or
// a string.
func (c *cursor) skipName() {
	const isString = 1
	c.take(16)
	if c.uint32() != isString {
		c.take(4)
		return
	}
	c.padded(c.uint32())
}

// padded takes n octets and what makes them a multiple of 4. The last value of
// a list may have nothing behind it.
func (c *cursor) padded(n uint32) []byte {
	out := c.take(uint64(n))
	pad := uint64(-n & 3)
	c.b = c.b[min(pad, uint64(len(c.b))):]
	return out
}

// value takes all values of a property and gives the first.
func (c *cursor) value(typ uint16) value {
	base := typ &^ multiple
	variable := base == typeObject || base == typeString8 || base == typeUnicode || base == typeBinary
	n := uint32(1)
	if variable || typ&multiple != 0 {
		n = c.uint32()
	}
	v := value{typ: base}
	for i := uint32(0); i < n && !c.short; i++ {
		size := fixedSize(base)
		if variable {
			size = c.uint32()
		}
		octets := c.padded(size)
		if i == 0 {
			v.octets = octets
		}
	}
	return v
}

// fixedSize is the length of a value on the wire, where 2 octets take 4 as well.
func fixedSize(typ uint16) uint32 {
	switch typ {
	case typeDouble, typeCurrency, typeAppTime, typeInteger8, typeTime:
		return 8
	case typeGUID:
		return 16
	}
	return 4
}
