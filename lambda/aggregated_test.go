package lambda

import (
	"crypto/md5"
	"encoding/binary"
)

// aggregated packs pairs of partition key and data as the Kinesis Producer Library
// does.
func aggregated(pairs ...string) string {
	lengthed := func(dst []byte, number uint64, data string) []byte {
		dst = binary.AppendUvarint(dst, number<<3|2)
		return append(binary.AppendUvarint(dst, uint64(len(data))), data...)
	}
	var message []byte
	index := map[string]uint64{}
	for i := 0; i < len(pairs); i += 2 {
		if _, ok := index[pairs[i]]; !ok {
			index[pairs[i]] = uint64(len(index))
			message = lengthed(message, 1, pairs[i])
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		r := binary.AppendUvarint([]byte{1 << 3}, index[pairs[i]])
		message = lengthed(message, 3, string(lengthed(r, 3, pairs[i+1])))
	}
	sum := md5.Sum(message)
	return "\xf3\x89\x9a\xc2" + string(message) + string(sum[:])
}
