package emulator

import (
	"math/bits"
	"time"
)

// sequenceNumber is the number that Kinesis gives to a record: 186 bits, of
// which AWS's own follow this layout, from the highest down:
//
//	2 | creation of the shard, s: 36 | 4 bits | number in the shard: 64 | 8 bits | arrival, s: 36 | shard: 32 | version: 4
//
// The leading 2 makes every number 56 decimal digits long, so numbers compare
// as strings just as they do as numbers.
type sequenceNumber struct{ high, middle, low uint64 }

const sequenceDigits = 56

// lastInShard is the number in the shard that no record reaches: closed shards
// end there.
const lastInShard = 1<<63 - 1

func newSequenceNumber(shardCreated time.Time, shard uint32, ordinal uint64, arrival time.Time) sequenceNumber {
	created := uint64(shardCreated.Unix()) & (1<<36 - 1)
	arrived := uint64(arrival.Unix()) & (1<<36 - 1)
	// Bits 0..3 version, 4..35 shard, 36..71 arrival, 72..79 nothing, 80..143
	// ordinal, 144..147 shard's last hex digit, 148..183 creation, 184.. the 2.
	return sequenceNumber{
		low:    2 | uint64(shard)<<4 | arrived<<36,
		middle: arrived>>28 | ordinal<<16,
		high:   ordinal>>48 | uint64(shard&0xf)<<16 | created<<20 | 2<<56,
	}
}

// String writes the decimal number. It is on the path of every record, so it
// divides by 10^18 at once instead of asking math/big.
func (n sequenceNumber) String() string {
	var out [sequenceDigits]byte
	const chunk = 1_000_000_000_000_000_000
	high, middle, low := n.high, n.middle, n.low
	for end := sequenceDigits; end > 0; end -= 18 {
		var rest uint64
		high, rest = bits.Div64(0, high, chunk)
		middle, rest = bits.Div64(rest, middle, chunk)
		low, rest = bits.Div64(rest, low, chunk)
		for i := end - 1; i >= max(end-18, 0); i-- {
			out[i] = byte('0' + rest%10)
			rest /= 10
		}
	}
	return string(out[:])
}

// validSequenceNumber tells whether s has the form of a sequence number.
func validSequenceNumber(s string) bool {
	if s == "" || len(s) > 128 || len(s) > 1 && s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// compareSequence compares two valid sequence numbers by value.
func compareSequence(a, b string) int {
	switch {
	case len(a) < len(b):
		return -1
	case len(a) > len(b):
		return 1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
