// Package parse reads the bytes of a mail into a mailer.Message: header facts,
// text, what of it is the reply, attachments and what sort of mail it is. It is
// not for deciding who wrote a mail (ingest/verify does, from the Header read
// here), and it changes nothing: the raw bytes stay the original.
//
// A mail is read in steps, each linear in its size and bounded: the header, its
// facts, split (the MIME structure, without decoding), and then the parts. It is
// read through a window, wherever it lies, and attachments are decoded only to be
// hashed, chunk by chunk: a large mail needs hardly more memory than a small one.
//
// What the steps need is in packages of its own: charset and transfer turn octets
// into text, header reads fields, page HTML, flowed and enriched other text,
// reply tells what was written from what was quoted, kind tells people from
// machines and reads their reports, tnef, smime, uuencode and calendar open what
// mail is packed in.
//
// enmime reads no mail here; in the tests it is the second opinion on the
// structure of well-formed mail, and what we are timed against. It finds delimiters
// in the middle of lines, and its time doubles with each part that has no end of
// its own: the mail in TestHostile named "delimiters in the middle of lines", 2 kB,
// kept it busy until it was killed after five minutes, though to RFC 2046 it is one
// multipart without a part. Of single texts it loses words without an error: all of
// them where base64 has a character too many, and octets of quoted-printable where
// lines are longer than 1,024 (both in TestNothingLost).
package parse
