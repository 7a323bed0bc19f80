package redrive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"unicode/utf8"
)

// record is one that failed, as it is put again.
type record struct {
	identity string // <shardId>:<sequenceNumber>[:<subSequence>]
	key      string // partition key
	data     []byte // with the mark
}

func (r *record) size() int { return len(r.data) + len(r.key) }

// maxKey is how many characters a partition key may have.
const maxKey = 256

// marked makes a record of what failed. What is whole may be an aggregate, which is
// marked as it is: in another one the function would not find its records.
func marked(identity, key string, data []byte, whole bool) record {
	r := record{identity: identity, key: key}
	packed := false
	if whole {
		r.data, packed = again(identity, data)
	}
	if !packed {
		r.data = alone(identity, key, data)
	}
	// In an aggregate a key may be what Kinesis does not take for one.
	if n := utf8.RuneCountInString(key); n == 0 || n > maxKey || !utf8.ValidString(key) {
		sum := sha256.Sum256([]byte(key))
		r.key = hex.EncodeToString(sum[:16])
	}
	return r
}

// fit tells which record is larger than the stream takes.
func fit(list []record, most int) error {
	for i := range list {
		if size := list[i].size(); size > most {
			return fmt.Errorf("record %s has %d bytes with its partition key and the mark, and the stream takes %d: raise its limit (aws kinesis update-max-record-size), or put it without the mark by hand",
				list[i].identity, size, most)
		}
	}
	return nil
}
