package tnef

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// winmail builds a winmail.dat of attributes.
func winmail(attributes ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, signature)
	b = append(b, 1, 0)
	return append(b, bytes.Join(attributes, nil)...)
}

// attribute builds one attribute with its checksum.
func attribute(level byte, id uint32, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{level}, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	var sum uint16
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(b, sum)
}

// properties builds a list of MAPI properties.
func properties(props ...[]byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(props))), bytes.Join(props, nil)...)
}

func propertyHead(typ, id uint16) []byte {
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, typ), id)
}

// variable builds a property whose length varies.
func variable(typ, id uint16, values ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(propertyHead(typ, id), uint32(len(values)))
	for _, v := range values {
		b = padded(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v)
	}
	return b
}

func padded(b, v []byte) []byte {
	b = append(b, v...)
	return append(b, make([]byte, -len(v)&3)...)
}

func number(id uint16, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(propertyHead(3, id), v)
}

// wide is text in UTF-16 with the zero that ends it.
func wide(s string) []byte {
	var b []byte
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// plainRTF wraps RTF as it is (MS-OXRTFCP 2.1.3.1, "MELA").
func plainRTF(s string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(s)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	b = binary.LittleEndian.AppendUint32(b, uncompressed)
	return append(binary.LittleEndian.AppendUint32(b, 0), s...)
}

func codepage(cp byte, high byte) []byte {
	return attribute(levelMessage, attOEMCodepage, []byte{cp, high, 0, 0, 0, 0, 0, 0})
}

func TestRead(t *testing.T) {
	named := append(append(propertyHead(typeUnicode, 0x8001), make([]byte, 16)...), 1, 0, 0, 0)
	named = padded(binary.LittleEndian.AppendUint32(named, 6), wide("ab"))
	named = append(append(named, 1, 0, 0, 0, 4, 0, 0, 0), wide("x")...)
	numbered := append(append(propertyHead(3, 0x8002), make([]byte, 24)...), 1, 0, 0, 0)
	inner := winmail(attribute(levelMessage, attSubject, []byte("Inside\x00")), attribute(levelMessage, attBody, []byte("deep")))
	b := winmail(
		codepage(0xe2, 0x04), // 1250, after which strings are in it
		attribute(levelMessage, attSubject, []byte("\xa3\xf3d\x9f\x00")),
		attribute(levelMessage, attMessageProps, properties(
			named, numbered, number(propInternetCode, 65001),
			append(propertyHead(typeTime, 0x0039), make([]byte, 8)...),
			append(propertyHead(typeTime|multiple, 0x6000), append([]byte{2, 0, 0, 0}, make([]byte, 16)...)...),
			variable(typeBinary|multiple, 0x6001, []byte("a"), []byte("bc")),
			variable(typeUnicode, propBody, wide("Dear Łucja,\r\nthe file is here.\r\n")),
			variable(typeBinary, propHTML, []byte("<p>Dear Łucja</p>")),
		)),
		attribute(levelAttachment, attRenderData, make([]byte, 14)),
		attribute(levelAttachment, attTitle, []byte("PLAN~1.TXT\x00")),
		attribute(levelAttachment, attData, []byte("the plan")),
		attribute(levelAttachment, attAttachment, properties(
			variable(typeString8, propFileName, []byte("PLAN~1.TXT\x00")),
			variable(typeString8, propLongFileName, []byte("plan \xb3.txt\x00")),
			variable(typeUnicode, propLongFileName, wide("plan żółty.txt")),
			variable(typeString8, propContentType, []byte("Text/Plain\x00")),
			variable(typeUnicode, propContentID, wide("<a1@acme.example>")),
		)),
		attribute(levelAttachment, attRenderData, make([]byte, 14)),
		attribute(levelAttachment, attTitle, []byte("Untitled Attachment\x00")),
		attribute(levelAttachment, attData, []byte("This attachment is a message")),
		attribute(levelAttachment, attAttachment, properties(
			variable(typeString8, propDisplayName, []byte("Inside\x00")),
			variable(typeObject, propData, append(bytes.Clone(messageInterface), inner...)),
		)),
	)
	m, err := Read(b)
	if err != nil || m.Limit != "" {
		t.Fatalf("a whole file gives %v and %q, want nothing wrong", err, m.Limit)
	}
	if m.Subject != "Łódź" || m.Text != "Dear Łucja,\nthe file is here.\n" || m.HTML != "<p>Dear Łucja</p>" {
		t.Errorf("the message is %q, %q, %q; want Łódź and two texts", m.Subject, m.Text, m.HTML)
	}
	want := []File{
		{"plan żółty.txt", "text/plain", "a1@acme.example", []byte("the plan")},
		{"Inside", "application/ms-tnef", "", inner},
	}
	if len(m.Attachments) != len(want) {
		t.Fatalf("there are %d attachments, want %d", len(m.Attachments), len(want))
	}
	for i, a := range m.Attachments {
		w := want[i]
		if a.Name != w.Name || a.ContentType != w.ContentType || a.ContentID != w.ContentID || !bytes.Equal(a.Data, w.Data) {
			t.Errorf("attachment %d is %q, want %q", i, a, w)
		}
	}
	if m, err := Read(m.Attachments[1].Data); err != nil || m.Subject != "Inside" || m.Text != "deep" {
		t.Errorf("the message within is %q, %q, %v; want it read likewise", m.Subject, m.Text, err)
	}
}

func TestDamage(t *testing.T) {
	whole := winmail(
		attribute(levelMessage, attSubject, []byte("Offer")),
		attribute(levelAttachment, attRenderData, nil),
		attribute(levelAttachment, attData, []byte("0123456789")),
	)
	for n := range whole {
		m, err := Read(whole[:n])
		if n < 4 && !errors.Is(err, ErrFormat) {
			t.Errorf("%d octets give %v, want ErrFormat", n, err)
		}
		if len(m.Attachments) > 0 && !bytes.HasPrefix([]byte("0123456789"), m.Attachments[0].Data) {
			t.Errorf("cut at %d the attachment is %q, want its beginning", n, m.Attachments[0].Data)
		}
	}
	if m, err := Read(whole[:len(whole)-5]); !errors.Is(err, ErrTruncated) || string(m.Attachments[0].Data) != "0123456" || m.Subject != "Offer" {
		t.Errorf("cut within the attachment: %v, %+v; want ErrTruncated and what was read", err, m)
	}
	wrong := bytes.Clone(whole)
	wrong[len(wrong)-1]++
	if m, err := Read(wrong); err != nil || !strings.Contains(m.Limit, "checksum") {
		t.Errorf("a wrong checksum gives %v and %q, want a note alone", err, m.Limit)
	}
	if m, err := Read(append(bytes.Clone(whole), "Kind regards, and more"...)); err != nil || m.Limit == "" || len(m.Attachments) != 1 {
		t.Errorf("text behind the end gives %v and %q, want a note alone", err, m.Limit)
	}
	huge := winmail(attribute(levelMessage, attMessageProps, []byte{0xff, 0xff, 0xff, 0xff, 0x02, 0x11, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}))
	if m, err := Read(huge); err != nil || !strings.Contains(m.Limit, "cut short") {
		t.Errorf("counts beyond the end give %v and %q, want a note", err, m.Limit)
	}
}

// TestLimits: F13, many attachments.
func TestLimits(t *testing.T) {
	many := winmail(bytes.Repeat(attribute(levelAttachment, attRenderData, nil), 100_000))
	if m, err := Read(many); err != nil || len(m.Attachments) != maxFiles || m.Limit == "" {
		t.Errorf("100,000 attachments give %d, %v, %q; want 1,000 and a note", len(m.Attachments), err, m.Limit)
	}
	zeros := winmail(attribute(levelMessage, attBody, bytes.Repeat([]byte("a"), maxSource+1)))
	if m, _ := Read(zeros); len(m.Text) != maxSource || m.Limit == "" {
		t.Errorf("a text of 4 MiB and 1 octet has %d octets and the note %q, want it cut", len(m.Text), m.Limit)
	}
}

// TestCodepages: text in a code page that the message names, PR_RTF and all.
func TestCodepages(t *testing.T) {
	for cp, want := range map[uint32]string{
		0: "", 932: "shift_jis", 1250: "cp1250", 28592: "iso-8859-2", 65001: "utf-8", 437: "cp437",
	} {
		if got := label(cp); got != want {
			t.Errorf("code page %d is %q, want %q", cp, got, want)
		}
	}
	for cp, octets := range map[uint32]string{1251: "\xe4\xe0", 932: "\x83\x81", 437: "\x82", 999_999: "\xe9"} {
		want := map[uint32]string{1251: "да", 932: "メ", 437: "é", 999_999: "é"}[cp]
		if got, err := encodingOf(cp).NewDecoder().String(octets); err != nil || got != want {
			t.Errorf("% x in code page %d is %q, %v; want %q", octets, cp, got, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(winmail(attribute(levelMessage, attSubject, []byte("a\x00")), codepage(0xe4, 4)))
	f.Add(winmail(attribute(levelMessage, attMessageProps, properties(
		variable(typeUnicode, propBody, wide("a")), variable(typeBinary, propRTF, plainRTF(`{\rtf1\fromhtml1 {\*\htmltag64 <p>}a\par}`))))))
	f.Add(winmail(attribute(levelMessage, attMessageProps, properties(variable(typeBinary, propRTF, example1)))))
	f.Add(winmail(attribute(levelAttachment, attRenderData, nil), attribute(levelAttachment, attData, []byte("x")),
		attribute(levelAttachment, attAttachment, properties(variable(typeObject, propData, append(bytes.Clone(messageInterface), winmail()...)), number(propInternetCode, 1)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _ := Read(b)
		size := 0
		for _, a := range m.Attachments {
			size += len(a.Data)
			for _, s := range []string{a.Name, a.ContentType, a.ContentID} {
				checkText(t, b, s)
			}
		}
		if size > len(b) {
			t.Errorf("%x holds attachments of %d octets, more than there are", b, size)
		}
		if len(m.RTF) > 9*len(b) {
			t.Errorf("%x grew to %d octets of RTF", b, len(m.RTF))
		}
		for _, s := range []string{m.Subject, m.Text, m.HTML, m.Limit} {
			checkText(t, b, s)
		}
	})
}

func checkText(t *testing.T, in []byte, s string) {
	if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") {
		t.Errorf("%x gives %q, which is not fit for the store", in, s)
	}
}
