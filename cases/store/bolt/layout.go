package bolt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// format is the version of what this file describes. It goes up when an older
// casegate could not work with what a newer one writes.
const format = 1

// The buckets. Values are JSON unless said otherwise; index entries that have
// no value given have none. Keys that are written in the order of time keep a
// transaction's pages together: each key somewhere else costs a page of its own.
const (
	bucketMeta      = "meta"      // metaFormat: number
	bucketDirectory = "directory" // directoryKey: version (8 octets), Directory
	bucketBlocks    = "blocks"    // reseller: list of Block

	bucketCases       = "cases"        // case: Case
	bucketCaseNumbers = "case-numbers" // reseller, number for people: number in the case's key
	bucketCaseUpdated = "case-updated" // reseller, time of update, number
	bucketEvents      = "events"       // case, sequence: Event

	bucketMails      = "mails"       // id: MailRecord
	bucketMailStatus = "mail-status" // status, id of one that is not filed: for whose people it waits
	bucketRaw        = "raw"         // id: the mail's bytes
	bucketLedger     = "ledger"      // day: bucket of ledger key: mail's id
	bucketThreads    = "threads"     // reseller, digest of Message-ID: number of the case

	bucketDeliveries    = "deliveries"     // id: Delivery
	bucketDeliveryDue   = "delivery-due"   // due time, id of a waiting one
	bucketDeliveryState = "delivery-state" // state, id of another one
)

// buckets lists all of them, with how full a page is made when it is split:
// full where keys only ever grow, with some room where they are inserted.
var buckets = []bucketLayout{
	{bucketMeta, 0.5}, {bucketDirectory, 0.5}, {bucketBlocks, 0.5},
	{bucketCases, 0.9}, {bucketCaseNumbers, 0.9}, {bucketCaseUpdated, 1}, {bucketEvents, 0.9},
	{bucketMails, 1}, {bucketMailStatus, 0.9}, {bucketRaw, 1}, {bucketLedger, 0.5}, {bucketThreads, 0.5},
	{bucketDeliveries, 1}, {bucketDeliveryDue, 0.9}, {bucketDeliveryState, 0.9},
}

type bucketLayout struct {
	name string
	fill float64
}

var (
	metaFormat   = []byte("format")
	directoryKey = []byte("current")
)

// entry is one key of an index and its value. Each kind of record has a function
// that says which entries belong to it; Put keeps them and Verify checks them.
type entry struct {
	bucket     string
	key, value []byte
}

func (e entry) is(other entry) bool {
	return e.bucket == other.bucket && bytes.Equal(e.key, other.key) && bytes.Equal(e.value, other.value)
}

// listing is what an index has under a prefix, and the bucket of the records that
// are meant. key makes a record's key from what follows the prefix.
type listing struct {
	index, bucket string
	prefix        []byte
	key           func(rest []byte) []byte
}

func mailsOf(s cases.MailStatus) listing {
	return listing{bucketMailStatus, bucketMails, word(string(s)), sameKey}
}

func deliveriesOf(s mailer.DeliveryState) listing {
	return listing{bucketDeliveryState, bucketDeliveries, word(string(s)), sameKey}
}

func sameKey(id []byte) []byte { return id }

func afterTime(k []byte) []byte { return k[min(timeKeyLen, len(k)):] }

// word is a name at the start of a key; no name holds a NUL.
func word(s string) []byte { return append(append(make([]byte, 0, len(s)+24), s...), 0) }

// checkWord refuses a name that could be taken for another one's key.
func checkWord(what, s string) error {
	if s == "" || strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%s %q cannot be stored: it must have at least one character and no NUL", what, s)
	}
	return nil
}

var errNoID = errors.New("it has no id")

// timeKey sorts as the time does, to the nanosecond, for every time.Time.
func timeKey(k []byte, t time.Time) []byte {
	k = binary.BigEndian.AppendUint64(k, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond()))
}

const timeKeyLen = 12

func caseKey(id cases.CaseID) []byte {
	return binary.BigEndian.AppendUint32(word(string(id.Reseller)), id.N)
}

func eventKey(id cases.CaseID, seq int) []byte {
	return binary.BigEndian.AppendUint32(caseKey(id), uint32(seq))
}

func numberKey(r cases.ResellerID, number string) []byte { return append(word(string(r)), number...) }

// threadKey shortens the Message-ID, which may have a thousand octets and which
// strangers choose: nobody can find two with the same 128 bits of SHA-256 that
// would be of use to them, as both would have to be on cases of this reseller.
func threadKey(r cases.ResellerID, messageID string) []byte {
	sum := sha256.Sum256([]byte(messageID))
	return append(word(string(r)), sum[:16]...)
}

func caseEntries(c *cases.Case) []entry {
	n := binary.BigEndian.AppendUint32(nil, c.ID.N)
	updated := append(timeKey(word(string(c.ID.Reseller)), c.Updated), n...)
	return []entry{
		{bucketCaseNumbers, numberKey(c.ID.Reseller, c.Number), n},
		{bucketCaseUpdated, updated, []byte{}},
	}
}

func mailEntries(m *cases.MailRecord) []entry {
	if m.Status == cases.MailFiled {
		return nil
	}
	return []entry{{bucketMailStatus, append(word(string(m.Status)), m.ID...), []byte(m.WaitsFor())}}
}

func deliveryEntries(d *mailer.Delivery) []entry {
	if d.State == mailer.Waiting {
		return []entry{{bucketDeliveryDue, append(timeKey(nil, d.Due), d.ID...), []byte{}}}
	}
	return []entry{{bucketDeliveryState, append(word(string(d.State)), d.ID...), []byte{}}}
}

// ledgerDay names the bucket of a day, in UTC.
func ledgerDay(t time.Time) []byte { return []byte(t.UTC().Format(time.DateOnly)) }
