package redrive

import (
	"bytes"
	"crypto/md5" // of no use against malice, but the format demands it
	"encoding/binary"
)

// MarkKey is the key of the tag by which a record that was put again is known. Its
// value is the identity that the record had when it failed:
// <shardId>:<sequenceNumber>[:<subSequence>].
const MarkKey = "enrich:redriven"

// A mark is a tag of a record in the format of the Kinesis Producer Library
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md),
// which the function unpacks without a look at the tags:
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4;
//	}
//	message Tag {
//	  required string key   = 1;
//	  optional string value = 2;
//	}
var magic = []byte{0xf3, 0x89, 0x9a, 0xc2}

// Numbers of fields.
const (
	keyTable = 1
	records  = 3

	keyIndex = 1
	dataOf   = 3
	tags     = 4

	tagKey   = 1
	tagValue = 2
)

// alone packs data as the only record of an aggregate, with the mark.
func alone(identity, key string, data []byte) []byte {
	record := appendVarint(nil, keyIndex, 0)
	record = appendBytes(record, dataOf, data)
	record = appendBytes(record, tags, mark(identity))
	message := appendBytes(nil, keyTable, []byte(key))
	return seal(appendBytes(message, records, record))
}

// again gives an aggregate the mark, in the place of one that it may have: on its
// first record, and for all of them, whose places in it stay. It answers false for what
// is no aggregate.
func again(identity string, data []byte) ([]byte, bool) {
	message, ok := open(data)
	if !ok {
		return nil, false
	}
	marked := make([]byte, 0, len(message)+len(MarkKey)+len(identity)+16)
	done := false
	for len(message) > 0 {
		f, rest, _ := next(message) // open has read it
		if f.number != records || f.kind != lengthDelimited || done {
			marked = append(marked, f.raw...)
			message = rest
			continue
		}
		record := make([]byte, 0, len(f.bytes))
		for inner := f.bytes; len(inner) > 0; {
			var g field
			g, inner, _ = next(inner)
			if _, ours := markOf(g); !ours {
				record = append(record, g.raw...)
			}
		}
		marked = appendBytes(marked, records, appendBytes(record, tags, mark(identity)))
		message, done = rest, true
	}
	return seal(marked), true
}

// Mark tells the identity that a Kinesis record's data had before it was put again;
// false: it was not. An aggregate of several records has that of the whole: the places
// of the records in it are what they were.
func Mark(data []byte) (identity string, marked bool) {
	message, ok := open(data)
	if !ok {
		return "", false
	}
	for len(message) > 0 {
		var f field
		if f, message, _ = next(message); f.number != records || f.kind != lengthDelimited {
			continue
		}
		for inner := f.bytes; len(inner) > 0; {
			var g field
			g, inner, _ = next(inner)
			if identity, ours := markOf(g); ours {
				return identity, true
			}
		}
		return "", false // only the first record has it
	}
	return "", false
}

func mark(identity string) []byte {
	return appendBytes(appendBytes(nil, tagKey, []byte(MarkKey)), tagValue, []byte(identity))
}

// markOf reads a tag of a record.
func markOf(f field) (identity string, ours bool) {
	if f.number != tags || f.kind != lengthDelimited {
		return "", false
	}
	for tag := f.bytes; len(tag) > 0; {
		g, rest, ok := next(tag)
		if !ok {
			return "", false
		}
		switch {
		case g.kind != lengthDelimited:
		case g.number == tagKey:
			ours = string(g.bytes) == MarkKey
		case g.number == tagValue:
			identity = string(g.bytes)
		}
		tag = rest
	}
	return identity, ours
}

// open gives the message of an aggregate that the function would unpack: whole, and
// with records.
func open(data []byte) (message []byte, ok bool) {
	message, ok = bytes.CutPrefix(data, magic)
	if !ok || len(message) < md5.Size {
		return nil, false
	}
	message, sum := message[:len(message)-md5.Size], message[len(message)-md5.Size:]
	if got := md5.Sum(message); !bytes.Equal(got[:], sum) {
		return nil, false
	}
	return message, parts(message) > 0
}

// parts counts the records of a message; 0: it is none that the function would unpack.
func parts(message []byte) int {
	keys, count := uint64(0), 0
	for rest := message; len(rest) > 0; {
		var f field
		var ok bool
		if f, rest, ok = next(rest); !ok {
			return 0
		}
		if f.number == keyTable && f.kind == lengthDelimited {
			keys++
		}
	}
	for rest := message; len(rest) > 0; {
		var f field
		if f, rest, _ = next(rest); f.number != records || f.kind != lengthDelimited {
			continue
		}
		if !whole(f.bytes, keys) {
			return 0
		}
		count++
	}
	return count
}

// whole tells whether a record has what it must have.
func whole(record []byte, keys uint64) bool {
	hasKey, hasData := false, false
	for len(record) > 0 {
		var f field
		var ok bool
		if f, record, ok = next(record); !ok {
			return false
		}
		switch {
		case f.number == keyIndex && f.kind == varint:
			hasKey = f.value < keys
		case f.number == dataOf && f.kind == lengthDelimited:
			hasData = true
		}
	}
	return hasKey && hasData
}

func seal(message []byte) []byte {
	sum := md5.Sum(message)
	sealed := make([]byte, 0, len(magic)+len(message)+len(sum))
	return append(append(append(sealed, magic...), message...), sum[:]...)
}

// Kinds of fields on the wire (https://protobuf.dev/programming-guides/encoding).
const (
	varint          = 0
	fixed64         = 1
	lengthDelimited = 2
	fixed32         = 5
)

type field struct {
	number uint64
	kind   uint64
	value  uint64 // of a varint
	bytes  []byte // of a length-delimited one
	raw    []byte // all of it
}

// next takes the first field off a message.
func next(message []byte) (f field, rest []byte, ok bool) {
	tag, at := binary.Uvarint(message)
	if at <= 0 || tag>>3 == 0 {
		return f, nil, false
	}
	f.number, f.kind = tag>>3, tag&7
	size := uint64(0)
	switch f.kind {
	case varint, lengthDelimited:
		value, n := binary.Uvarint(message[at:])
		if n <= 0 {
			return f, nil, false
		}
		at += n
		if f.kind == varint {
			f.value = value
		} else {
			size = value
		}
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	default: // groups are of a past that this format never had
		return f, nil, false
	}
	if size > uint64(len(message)-at) {
		return f, nil, false
	}
	end := at + int(size)
	f.bytes, f.raw = message[at:end:end], message[:end:end]
	return f, message[end:], true
}

func appendVarint(dst []byte, number, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, number<<3|varint), value)
}

func appendBytes(dst []byte, number uint64, data []byte) []byte {
	dst = binary.AppendUvarint(dst, number<<3|lengthDelimited)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	return append(dst, data...)
}
