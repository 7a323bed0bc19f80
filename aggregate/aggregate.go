// Package aggregate knows the format in which the Kinesis Producer Library packs several
// records into one.
package aggregate

import (
	"bytes"
	"crypto/md5" // of no use against malice, but the format demands it
	"encoding/binary"
)

// The Kinesis Producer Library packs several records into one: four bytes of
// magic, a protocol buffers message, and the message's MD5
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
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
var magic = []byte{0xf3, 0x89, 0x9a, 0xc2}

// PartsAtMost is how many records the function takes out of one. It cannot be divided,
// so more would be more than a function can hold, in every attempt. The Kinesis Producer
// Library packs some hundreds.
const PartsAtMost = 65_536

// Part is one of the records that were packed into one.
type Part struct{ PartitionKey, Data []byte }

// Unpack appends the parts of an aggregated record. It answers false for anything
// that is not one from its first to its last byte; such data is a record as it is.
func Unpack(dst []Part, data []byte) ([]Part, bool) {
	message, ok := messageOf(data)
	if !ok {
		return dst, false
	}
	var keys [][]byte
	for rest := message; len(rest) > 0; {
		var f field
		if f, rest, ok = nextField(rest); !ok {
			return dst, false
		}
		if f.number == 1 && f.kind == lengthDelimited {
			keys = append(keys, f.bytes)
		}
	}
	parts := dst
	for rest := message; len(rest) > 0; {
		var f field
		f, rest, _ = nextField(rest) // once well, always well
		if f.number != 3 || f.kind != lengthDelimited {
			continue
		}
		p, ok := partOf(f.bytes, keys)
		if !ok {
			return dst, false
		}
		parts = append(parts, p)
	}
	return parts, len(parts) > len(dst)
}

// messageOf gives what is between the magic and its sum.
func messageOf(data []byte) (message []byte, ok bool) {
	message, ok = bytes.CutPrefix(data, magic)
	if !ok || len(message) < md5.Size {
		return nil, false
	}
	message, sum := message[:len(message)-md5.Size], message[len(message)-md5.Size:]
	got := md5.Sum(message)
	return message, bytes.Equal(got[:], sum)
}

// partOf reads a Record.
func partOf(message []byte, keys [][]byte) (p Part, ok bool) {
	index, hasIndex := uint64(0), false
	for len(message) > 0 {
		var f field
		if f, message, ok = nextField(message); !ok {
			return p, false
		}
		switch {
		case f.number == 1 && f.kind == varint:
			index, hasIndex = f.value, true
		case f.number == 3 && f.kind == lengthDelimited:
			p.Data = f.bytes
		}
	}
	if !hasIndex || index >= uint64(len(keys)) || p.Data == nil {
		return p, false
	}
	p.PartitionKey = keys[index]
	return p, true
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
	bytes  []byte // of a length-delimited one; never nil
}

// nextField takes the first field off a message.
func nextField(message []byte) (f field, rest []byte, ok bool) {
	tag, n := binary.Uvarint(message)
	if n <= 0 || tag>>3 == 0 {
		return f, nil, false
	}
	message = message[n:]
	f.number, f.kind = tag>>3, tag&7
	size := uint64(0)
	switch f.kind {
	case varint:
		f.value, n = binary.Uvarint(message)
		if n <= 0 {
			return f, nil, false
		}
		return f, message[n:], true
	case lengthDelimited:
		size, n = binary.Uvarint(message)
		if n <= 0 {
			return f, nil, false
		}
		message = message[n:]
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	default: // groups are of a past that this format never had
		return f, nil, false
	}
	if size > uint64(len(message)) {
		return f, nil, false
	}
	f.bytes = message[:size:size]
	return f, message[size:], true
}
