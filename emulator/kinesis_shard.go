package emulator

import (
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// record is one record of a shard. It never changes once it is stored, so
// readers share it.
type record struct {
	ordinal      uint64
	sequence     string
	partitionKey string
	data         []byte
	arrived      int64 // ms since 1970
	encrypted    bool
}

func (r *record) size() int { return len(r.data) + len(r.partitionKey) }

// recordFrame is what a record takes in memory beside its data and its key, in
// bytes.
const recordFrame = 160

func heldSize(data []byte, partitionKey string) int64 {
	return int64(len(data) + len(partitionKey) + recordFrame)
}

func (r *record) held() int64 { return heldSize(r.data, r.partitionKey) }

// shard holds the records of a range of hash keys. A record's ordinal is its
// number in the shard; readers keep their place by it.
type shard struct {
	id       string
	number   uint32
	start    hashKey
	end      hashKey // inclusive
	parent   string
	adjacent string // the other parent, of a merge
	created  time.Time

	mu      sync.Mutex
	records []record
	dead    int    // trimmed records whose memory the array still holds
	first   uint64 // ordinal of records[0]
	next    uint64 // ordinal of the next record
	room    *capacity
	allowances
	closed time.Time
	wake   chan struct{} // closed at the next change; nil while nobody waits
}

func shardID(number uint32) string { return fmt.Sprintf("shardId-%012d", number) }

// newShard adds an open shard to the stream, whose mutex must be held.
func (st *stream) newShard(now time.Time, start, end hashKey) *shard {
	sh := &shard{id: shardID(st.nextShard), number: st.nextShard, start: start, end: end, created: now, next: 1, first: 1, room: st.room}
	st.nextShard++
	st.shards = append(st.shards, sh)
	at, _ := slices.BinarySearchFunc(st.open, sh, byRange)
	st.open = slices.Insert(st.open, at, sh)
	return sh
}

func byRange(a, b *shard) int {
	switch {
	case a.start.less(b.start):
		return -1
	case b.start.less(a.start):
		return 1
	}
	return 0
}

// precedes tells whether another shard's range begins where this one's ends.
func (sh *shard) precedes(next *shard) bool {
	return sh.start.less(next.start) && sh.end.after() == next.start
}

// shardFor gives the open shard whose range holds the key.
func (st *stream) shardFor(key hashKey) *shard {
	at := sort.Search(len(st.open), func(i int) bool { return key.less(st.open[i].start) })
	return st.open[at-1] // the first range begins at 0
}

// retire closes a shard for good. The stream's mutex must be held.
func (st *stream) retire(sh *shard, now time.Time) {
	st.open = slices.DeleteFunc(st.open, func(o *shard) bool { return o == sh })
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.closed = now
	sh.signal()
}

// split closes a shard and opens two in its place.
func (st *stream) split(now time.Time, sh *shard, at hashKey) {
	st.retire(sh, now)
	low := st.newShard(now, sh.start, at.before())
	high := st.newShard(now, at, sh.end)
	low.parent, high.parent = sh.id, sh.id
}

// merge closes two neighbours and opens one in their place.
func (st *stream) merge(now time.Time, sh, neighbour *shard) *shard {
	st.retire(sh, now)
	st.retire(neighbour, now)
	start, end := sh.start, neighbour.end
	if neighbour.start.less(sh.start) {
		start, end = neighbour.start, sh.end
	}
	merged := st.newShard(now, start, end)
	merged.parent, merged.adjacent = sh.id, neighbour.id
	return merged
}

// append stores one record and gives its sequence number.
func (sh *shard) append(now time.Time, retention time.Duration, partitionKey string, data []byte, encrypted bool) string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.trim(now, retention)
	arrived := now.UnixMilli()
	if n := len(sh.records); n > 0 && arrived < sh.records[n-1].arrived {
		arrived = sh.records[n-1].arrived // a clock that was set back must not break the order
	}
	sequence := newSequenceNumber(sh.created, sh.number, sh.next, time.UnixMilli(arrived)).String()
	sh.records = append(sh.records, record{
		ordinal: sh.next, sequence: sequence, partitionKey: partitionKey, data: data, arrived: arrived, encrypted: encrypted,
	})
	sh.next++
	sh.signal()
	return sequence
}

// signal wakes the readers. The shard's mutex must be held.
func (sh *shard) signal() {
	if sh.wake != nil {
		close(sh.wake)
		sh.wake = nil
	}
}

// trim forgets the records that are older than the retention. The shard's mutex
// must be held. The rest moves to an array of its own once it is the smaller
// part, so that the memory goes too while slices that readers hold stay intact.
func (sh *shard) trim(now time.Time, retention time.Duration) {
	horizon := now.Add(-retention).UnixMilli()
	n := 0
	for n < len(sh.records) && sh.records[n].arrived < horizon {
		n++
	}
	if n == 0 {
		return
	}
	for i := range n {
		sh.room.free(sh.records[i].held())
	}
	sh.first += uint64(n)
	sh.records = sh.records[n:]
	if sh.dead += n; sh.dead > len(sh.records) {
		sh.records, sh.dead = slices.Clone(sh.records), 0
	}
}

func (sh *shard) forget(now time.Time, retention time.Duration) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.trim(now, retention)
}

// clear forgets all records.
func (sh *shard) clear() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i := range sh.records {
		sh.room.free(sh.records[i].held())
	}
	sh.first, sh.records, sh.dead = sh.next, nil, 0
}

// view is what a reader sees of a shard from a place on.
type view struct {
	records []record      // shared: not to be changed
	from    uint64        // ordinal of the first of them
	next    uint64        // where to go on
	ended   bool          // closed, and nothing comes after records
	changed chan struct{} // closes at the shard's next change
	latest  uint64        // ordinal that the next record would get
}

// read gives at most limit records from an ordinal on, fewer if they would be
// larger than maxBytes together, but at least one if there is one.
func (sh *shard) read(now time.Time, retention time.Duration, from uint64, limit, maxBytes int) view {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.trim(now, retention)
	from = min(max(from, sh.first), sh.next)
	rest := sh.records[from-sh.first:]
	n, size := 0, 0
	for n < len(rest) && n < limit {
		size += rest[n].size()
		if size > maxBytes && n > 0 {
			break
		}
		n++
	}
	v := view{records: rest[:n:n], from: from, next: from + uint64(n), latest: sh.next}
	v.ended = !sh.closed.IsZero() && v.next == sh.next
	if sh.wake == nil {
		sh.wake = make(chan struct{})
	}
	v.changed = sh.wake
	return v
}

// ordinalAt gives the ordinal of the first record that arrived at a time or
// after it, or of the next record to come.
func (sh *shard) ordinalAt(t time.Time) uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	ms := t.UnixMilli()
	return sh.first + uint64(sort.Search(len(sh.records), func(i int) bool { return sh.records[i].arrived >= ms }))
}

// ordinalOf gives the ordinal of the record with a sequence number, or of the
// first after it.
func (sh *shard) ordinalOf(sequence string) uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.first + uint64(sort.Search(len(sh.records), func(i int) bool {
		return compareSequence(sh.records[i].sequence, sequence) >= 0
	}))
}

// ordinalAfter gives the ordinal of the first record after a sequence number.
func (sh *shard) ordinalAfter(sequence string) uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.first + uint64(sort.Search(len(sh.records), func(i int) bool {
		return compareSequence(sh.records[i].sequence, sequence) > 0
	}))
}

// ends gives the ordinals of the oldest record and of the next one to come.
func (sh *shard) ends() (oldest, next uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.first, sh.next
}

// startingSequence is the number before the shard's first record.
func (sh *shard) startingSequence() string {
	return newSequenceNumber(sh.created, sh.number, 0, sh.created).String()
}

// endingSequence is where a closed shard ends; "" while it is open.
func (sh *shard) endingSequence() string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed.IsZero() {
		return ""
	}
	return newSequenceNumber(sh.created, sh.number, lastInShard, sh.closed).String()
}

// openSince tells whether the shard took records at t or later.
func (sh *shard) openSince(t time.Time) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.closed.IsZero() || !sh.closed.Before(t)
}

// expire drops the closed shards whose last record is older than the retention,
// as AWS does. The stream's mutex must be held.
func (st *stream) expire(now time.Time) {
	horizon := now.Add(-st.retention)
	st.shards = slices.DeleteFunc(st.shards, func(sh *shard) bool {
		if sh.openSince(horizon) {
			return false
		}
		sh.clear()
		return true
	})
}

// listed gives the shards that AWS would list at now.
func (st *stream) listed(now time.Time) []*shard {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.expire(now)
	return slices.Clone(st.shards)
}

func (st *stream) shard(id string) (*shard, bool) {
	at := slices.IndexFunc(st.shards, func(sh *shard) bool { return sh.id == id })
	if at < 0 {
		return nil, false
	}
	return st.shards[at], true
}

// describe gives the shard in the API's terms.
func (sh *shard) describe() types.Shard {
	starting, ending := sh.startingSequence(), sh.endingSequence()
	d := types.Shard{
		ShardId:             &sh.id,
		HashKeyRange:        &types.HashKeyRange{StartingHashKey: new(sh.start.String()), EndingHashKey: new(sh.end.String())},
		SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: &starting},
	}
	if ending != "" {
		d.SequenceNumberRange.EndingSequenceNumber = &ending
	}
	if sh.parent != "" {
		d.ParentShardId = &sh.parent
	}
	if sh.adjacent != "" {
		d.AdjacentParentShardId = &sh.adjacent
	}
	return d
}
