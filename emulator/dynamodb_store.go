package emulator

import (
	"crypto/md5" //nolint:gosec // spreads keys; hides nothing
	"encoding/binary"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes are those of one item. Stored ones are never changed, only
// replaced, so they can be given away without a copy.
type attributes map[string]types.AttributeValue

// storedItem is one item under its primary key.
type storedItem struct {
	key        primaryKey
	attributes attributes
	size       int // in bytes, as DynamoDB counts
}

// primaryKey orders the items of a table as scans give them: by the hash of the
// hash key, then by the hash key, then by the sort key. It is eight bytes of
// hash, the hash key, and the sort key; each in a form that sorts as bytes.
type primaryKey string

// itemCapacity is how many bytes, as DynamoDB counts them, the items of all tables
// may have together. In memory they take more.
const itemCapacity = 1 << 30

// buckets are how many parts a table's items lie in. Inserting moves the part
// of a bucket behind the item, which stays small for a million items.
const buckets = 4096

// itemStore holds the items of a table in the order of their primary keys; its
// table guards it.
type itemStore struct {
	parts [][]storedItem // nil until the first item
	count int
	bytes int64
}

// newPrimaryKey makes the key of encoded hash and sort keys.
func newPrimaryKey(hash, sort []byte) primaryKey {
	sum := md5.Sum(hash) //nolint:gosec // as above
	key := make([]byte, 0, 8+len(hash)+2+len(sort))
	key = append(key, sum[:8]...)
	key = appendEscaped(key, hash)
	return primaryKey(append(key, sort...))
}

// appendEscaped ends b so that no key is a prefix of another: a zero byte is
// written as 0 255, the end as 0 1.
func appendEscaped(key, b []byte) []byte {
	for _, c := range b {
		key = append(key, c)
		if c == 0 {
			key = append(key, 0xff)
		}
	}
	return append(key, 0, 1)
}

func (k primaryKey) bucket() int {
	return int(binary.BigEndian.Uint16([]byte(k[:2])) >> 4)
}

// search finds where a key is, or would be, in its bucket.
func (s *itemStore) search(key primaryKey) (bucket, index int, found bool) {
	bucket = key.bucket()
	if s.parts == nil {
		return bucket, 0, false
	}
	index, found = slices.BinarySearchFunc(s.parts[bucket], key, func(i storedItem, k primaryKey) int {
		return strings.Compare(string(i.key), string(k))
	})
	return bucket, index, found
}

func (s *itemStore) get(key primaryKey) (storedItem, bool) {
	bucket, index, found := s.search(key)
	if !found {
		return storedItem{}, false
	}
	return s.parts[bucket][index], true
}

func (s *itemStore) put(item storedItem) {
	if s.parts == nil {
		s.parts = make([][]storedItem, buckets)
	}
	bucket, index, found := s.search(item.key)
	if found {
		s.bytes += int64(item.size - s.parts[bucket][index].size)
		s.parts[bucket][index] = item
		return
	}
	s.parts[bucket] = slices.Insert(s.parts[bucket], index, item)
	s.count++
	s.bytes += int64(item.size)
}

func (s *itemStore) delete(key primaryKey) {
	bucket, index, found := s.search(key)
	if !found {
		return
	}
	s.count--
	s.bytes -= int64(s.parts[bucket][index].size)
	s.parts[bucket] = slices.Delete(s.parts[bucket], index, index+1)
}

// after yields the items whose keys come after a key, in order; all for "".
func (s *itemStore) after(key primaryKey) func(func(storedItem) bool) {
	return func(yield func(storedItem) bool) {
		first, index := 0, 0
		if key != "" {
			var found bool
			if first, index, found = s.search(key); found {
				index++
			}
		}
		for bucket := first; bucket < len(s.parts); bucket++ {
			for ; index < len(s.parts[bucket]); index++ {
				if !yield(s.parts[bucket][index]) {
					return
				}
			}
			index = 0
		}
	}
}

// partition yields the items of one hash key, in the order of the sort key or
// the reverse.
func (s *itemStore) partition(prefix primaryKey, forward bool) func(func(storedItem) bool) {
	return func(yield func(storedItem) bool) {
		if s.parts == nil {
			return
		}
		bucket, start, _ := s.search(prefix)
		part := s.parts[bucket]
		end := start
		for end < len(part) && strings.HasPrefix(string(part[end].key), string(prefix)) {
			end++
		}
		for i := range end - start {
			at := start + i
			if !forward {
				at = end - 1 - i
			}
			if !yield(part[at]) {
				return
			}
		}
	}
}
