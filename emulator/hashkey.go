package emulator

import (
	"crypto/md5" //nolint:gosec // Kinesis itself routes by MD5; nothing is protected by it.
	"encoding/binary"
	"math/big"
	"math/bits"
)

// hashKey is a 128-bit unsigned integer: the place of a partition key in the
// hash key space that the shards of a stream divide among themselves.
type hashKey struct{ hi, lo uint64 }

// maxHashKey is 2^128-1.
func maxHashKey() hashKey { return hashKey{^uint64(0), ^uint64(0)} }

// hashOf gives the hash key of a partition key: its MD5 as a big-endian number.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
func hashOf(partitionKey string) hashKey {
	sum := md5.Sum([]byte(partitionKey)) //nolint:gosec // see the import
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads a decimal number of at most 128 bits without sign and
// leading zeros.
func parseHashKey(s string) (hashKey, bool) {
	if s == "" || len(s) > 39 || len(s) > 1 && s[0] == '0' {
		return hashKey{}, false
	}
	var k hashKey
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return hashKey{}, false
		}
		var ok bool
		if k, ok = k.timesTenPlus(uint64(s[i] - '0')); !ok {
			return hashKey{}, false
		}
	}
	return k, true
}

func (k hashKey) timesTenPlus(digit uint64) (hashKey, bool) {
	carry, lo := bits.Mul64(k.lo, 10)
	overflow, hi := bits.Mul64(k.hi, 10)
	lo, c := bits.Add64(lo, digit, 0)
	hi, c2 := bits.Add64(hi, carry, c)
	return hashKey{hi, lo}, overflow == 0 && c2 == 0
}

func (k hashKey) String() string {
	n := new(big.Int).SetUint64(k.hi)
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(k.lo)).String()
}

func (k hashKey) less(other hashKey) bool {
	return k.hi < other.hi || k.hi == other.hi && k.lo < other.lo
}

// before is k-1.
func (k hashKey) before() hashKey {
	lo, borrow := bits.Sub64(k.lo, 1, 0)
	return hashKey{k.hi - borrow, lo}
}

// after is k+1.
func (k hashKey) after() hashKey {
	lo, carry := bits.Add64(k.lo, 1, 0)
	return hashKey{k.hi + carry, lo}
}

// uniformStarts gives the first hash keys of n shards that divide the space as
// CreateStream and UpdateShardCount do: floor(2^128/n) each, the rest in the last.
func uniformStarts(n int) []hashKey {
	width := new(big.Int).Lsh(big.NewInt(1), 128)
	width.Div(width, big.NewInt(int64(n)))
	starts := make([]hashKey, n)
	at := new(big.Int)
	low := new(big.Int).SetUint64(^uint64(0))
	for i := range starts {
		starts[i] = hashKey{new(big.Int).Rsh(at, 64).Uint64(), new(big.Int).And(at, low).Uint64()}
		at.Add(at, width)
	}
	return starts
}
