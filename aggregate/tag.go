package aggregate

import (
	"crypto/md5" // of no use against malice, but the format demands it
	"encoding/binary"
	"slices"
)

// A tag of a record, which Unpack and most readers do not look at.
//
//	message Tag {
//	  required string key   = 1;
//	  optional string value = 2;
//	}

// Pack makes data the only record of an aggregate.
func Pack(partitionKey string, data []byte) []byte {
	record := appendBytes(binary.AppendUvarint([]byte{1<<3 | varint}, 0), 3, data)
	return seal(appendBytes(appendBytes(nil, 1, []byte(partitionKey)), 3, record))
}

// Tag tells the value of a tag of the first record that is packed; false: that has no
// such tag, or data is no aggregate.
func Tag(data []byte, key string) (value string, ok bool) {
	_, record, _, ok := first(data)
	if !ok {
		return "", false
	}
	for len(record) > 0 {
		var f field
		f, record, _ = nextField(record)
		if value, ok := f.tag(key); ok {
			return value, true
		}
	}
	return "", false
}

// Tagged gives the first record that is packed a tag, in the place of one with the same
// key; the rest stays as it is. It is false for what is no aggregate.
func Tagged(data []byte, key, value string) ([]byte, bool) {
	before, record, after, ok := first(data)
	if !ok {
		return nil, false
	}
	kept := make([]byte, 0, len(record)+len(key)+len(value)+16)
	for len(record) > 0 {
		f, rest, _ := nextField(record)
		if _, same := f.tag(key); !same {
			kept = append(kept, record[:len(record)-len(rest)]...)
		}
		record = rest
	}
	kept = appendBytes(kept, 4, appendBytes(appendBytes(nil, 1, []byte(key)), 2, []byte(value)))
	return seal(slices.Concat(before, appendBytes(nil, 3, kept), after)), true
}

// first gives the first record that is packed into an aggregate, and the message before
// and after it.
func first(data []byte) (before, record, after []byte, ok bool) {
	if _, ok := Unpack(nil, data); !ok {
		return nil, nil, nil, false
	}
	message, _ := messageOf(data)
	for rest := message; ; {
		at := len(message) - len(rest)
		var f field
		if f, rest, _ = nextField(rest); f.number == 3 && f.kind == lengthDelimited {
			return message[:at], f.bytes, rest, true
		}
	}
}

// tag reads a field of a record as a tag with a key.
func (f field) tag(key string) (value string, ok bool) {
	if f.number != 4 || f.kind != lengthDelimited {
		return "", false
	}
	for tag := f.bytes; len(tag) > 0; {
		inner, rest, whole := nextField(tag)
		switch {
		case !whole:
			return "", false
		case inner.kind != lengthDelimited:
		case inner.number == 1:
			ok = string(inner.bytes) == key
		case inner.number == 2:
			value = string(inner.bytes)
		}
		tag = rest
	}
	return value, ok
}

func seal(message []byte) []byte {
	sum := md5.Sum(message)
	return slices.Concat(magic, message, sum[:])
}

func appendBytes(dst []byte, number uint64, data []byte) []byte {
	dst = binary.AppendUvarint(dst, number<<3|lengthDelimited)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	return append(dst, data...)
}
