package lambda

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"enrich/aggregate"
	"enrich/enrichment"
)

// record is what is enriched: a Kinesis record, or one of several that a producer
// put into one.
type record struct {
	whole        int // position of its Kinesis record in the batch
	sub          int // position within that; -1: it is all of it
	partitionKey []byte
	data         []byte
	event        int    // index in batch.events; -1: it can never be enriched
	reason       string // why
	buried       bool   // it is a dead letter
	misses       int    // lookups without item
	partition    int    // index in batch.partitions, as long as it is not left undone
}

// batch is one invocation's work. It is used again for a later one, so that its
// memory is.
type batch struct {
	h           *Handler
	decoder     decoder
	deliveries  []delivery
	parts       []aggregate.Part // of one aggregated record
	records     []record
	events      []enrichment.Event
	questions   []*question // by lookup
	refs        []int32     // by event and lookup: index of its key in the question; -1: it has none
	partitions  partitions
	compressors compressors
	cut         int // deliveries from here on are left undone
	budget      *budget
	left        string    // why, if the batch is too much for one invocation
	looked      time.Time // when the lookups began, the time of what they find
	written     int       // bytes of lines since the objects were last measured
	stats       stats
	took        phases
	failures    []error
}

// limits are the instants by which the phases of an invocation must be over, so
// that there is time to store what is done and to say what is not.
type limits struct {
	look  time.Time // for lookups
	write time.Time // for enriching
	store time.Time // for storing
}

// limitsOf divides the time that an invocation has. The zero limits never come.
func limitsOf(ctx context.Context, now time.Time) limits {
	deadline, ok := ctx.Deadline()
	if !ok {
		return limits{}
	}
	total := deadline.Sub(now)
	var l limits
	l.store = deadline.Add(-min(total/20, 500*time.Millisecond))
	l.write = l.store.Add(-min(total/4, 10*time.Second))
	l.look = l.write.Add(-min(total/10, 2*time.Second))
	return l
}

// fail keeps an error for the log.
func (b *batch) fail(err error) { b.failures = append(b.failures, err) }

// leave cuts off what is too much for one invocation. It is no failure: what comes
// before it is done, and it is delivered again as a batch of its own.
func (b *batch) leave(from int, reason string) { b.cut, b.left = from, reason }

const (
	// maxRecords is how many records of a batch are enough for one invocation. A batch
	// has 10,000 Kinesis records at most, but many can be packed into one, and each
	// takes up some 400 bytes beside its data.
	maxRecords = 50_000
	maxParts   = aggregate.PartsAtMost
)

// parse validates the records and collects the keys to look up. Kinesis records
// that are too many are cut off.
func (b *batch) parse() {
	b.records, b.events, b.refs = b.records[:0], b.events[:0], b.refs[:0]
	b.cut, b.left = len(b.deliveries), ""
	for i := range b.deliveries {
		if len(b.records) >= maxRecords {
			b.leave(i, fmt.Sprintf("there are more than %d records packed into those before", maxRecords))
			return
		}
		b.open(i)
		if i == 0 {
			for _, q := range b.questions {
				q.firsts = len(q.keys)
			}
		}
	}
}

// open adds the records that are in a Kinesis record: itself, or what is packed into it.
func (b *batch) open(whole int) {
	d := &b.deliveries[whole]
	var packed bool
	b.parts, packed = aggregate.Unpack(b.parts[:0], d.data)
	itself := record{whole: whole, sub: -1, partitionKey: d.partitionKey, data: d.data, event: -1}
	switch {
	case !packed:
		b.add(itself)
	case len(b.parts) > maxParts:
		itself.reason = fmt.Sprintf("%d records are packed into it, of which %d are possible", len(b.parts), maxParts)
		b.records = append(b.records, itself)
	default:
		for sub, p := range b.parts {
			b.add(record{whole: whole, sub: sub, partitionKey: p.PartitionKey, data: p.Data})
		}
	}
}

// add parses one record. What cannot be parsed stays, with the reason.
func (b *batch) add(r record) {
	r.event = len(b.events)
	if r.event < cap(b.events) {
		b.events = b.events[:r.event+1] // with the memory of its last use
	} else {
		b.events = append(b.events, enrichment.Event{})
	}
	ev := &b.events[r.event]
	if err := parseSafely(b.h.core, ev, r.data); err != nil {
		b.events = b.events[:r.event]
		r.event, r.reason = -1, err.Error()
		b.records = append(b.records, r)
		return
	}
	for i, q := range b.questions {
		b.refs = append(b.refs, q.add(ev.Key(i)))
	}
	b.records = append(b.records, r)
}

// parseSafely turns a panic into a rejection of the one record.
func parseSafely(core core, ev *enrichment.Event, data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			*ev = enrichment.Event{}
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return core.Parse(ev, data)
}

// limit lowers the cut to the first record whose item is not known.
func (b *batch) limit() {
	for i := range b.records {
		r := &b.records[i]
		if r.event >= 0 && !b.known(r.event) {
			b.cut = r.whole
			if len(b.failures) == 0 { // askAll ended early
				b.left = "the items of the records before take up the memory that there is"
			}
			return
		}
	}
}

func (b *batch) known(event int) bool {
	for i, q := range b.questions {
		if ref := b.refs[event*len(b.questions)+i]; ref >= 0 && !q.known[ref] {
			return false
		}
	}
	return true
}

// write makes the objects of all records below the cut. The cut is lowered when
// the time is over.
func (b *batch) write(until time.Time) error {
	b.compressors.reset() // before the objects that hold them may go
	b.place()
	b.written = 0
	stamp := enrichment.Stamp{Time: enrichment.Timestamp(b.h.now())}
	answers := make([]*enrichment.Answer, len(b.questions))
	looked := 0 // at the clock
	for i := range b.records {
		r := &b.records[i]
		if r.sub <= 0 && i-looked >= 64 && !until.IsZero() && r.whole < b.cut { // never within a Kinesis record
			looked = i
			if b.h.now().After(until) {
				b.cut = r.whole
				b.fail(errors.New("the time is over before all records are enriched"))
			}
		}
		if r.sub <= 0 && r.whole > 0 && r.whole < b.cut && b.full() {
			b.leave(r.whole, "the objects of the records before take up the memory that there is")
		}
		if r.whole >= b.cut {
			break
		}
		whole := &b.deliveries[r.whole]
		if r.event < 0 {
			if err := b.bury(r, r.reason); err != nil {
				return err
			}
			continue
		}
		// The object exists from the first record that is a valid event, whether
		// its policy then makes a dead letter of it or not: what a lookup finds
		// may change until the batch is delivered again, the object's name may not.
		if o := &b.partitions.list[r.partition].enriched; !o.used {
			o.begin(r.whole, &b.compressors)
		}
		for i, q := range b.questions {
			answers[i] = nil
			if ref := b.refs[r.event*len(b.questions)+i]; ref >= 0 {
				answers[i] = q.answers[ref]
			}
		}
		stamp.ID = appendID(stamp.ID[:0], whole, r)
		if err := b.enrich(r, answers, stamp); err != nil {
			return err
		}
	}
	return b.close()
}

// full tells whether the objects take up the memory that they may. It looks at each
// of them only when much was written since it did.
func (b *batch) full() bool {
	if b.written < fullStep {
		return false
	}
	b.written = 0
	size := 0
	for _, p := range b.partitions.list[:b.partitions.used] {
		size += p.enriched.size() + p.dead.size()
	}
	return int64(size) > b.h.share
}

// fullStep is how many bytes of lines may be written unnoticed.
const fullStep = 1 << 20

// close completes the objects, first those that have a compressor.
func (b *batch) close() error {
	for len(b.compressors.busy) > 0 {
		if err := b.compressors.busy[0].close(); err != nil {
			return err
		}
	}
	for _, p := range b.partitions.list[:b.partitions.used] {
		for _, o := range []*object{&p.enriched, &p.dead} {
			if o.used {
				if err := o.close(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// enrich writes one valid event to its object.
func (b *batch) enrich(r *record, answers []*enrichment.Answer, stamp enrichment.Stamp) error {
	ev, o := &b.events[r.event], &b.partitions.list[r.partition].enriched
	for i := range b.questions {
		if b.h.core.Miss(ev, answers, i) {
			r.misses++
		}
	}
	lines, err := appendSafely(b.h.core, o.lines, ev, answers, stamp)
	if err != nil {
		return b.bury(r, err.Error())
	}
	b.written += len(lines) - len(o.lines)
	o.lines = lines
	return o.end(r.whole)
}

// appendSafely turns a panic into a rejection of the one record.
func appendSafely(core core, dst []byte, ev *enrichment.Event, answers []*enrichment.Answer, stamp enrichment.Stamp) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = dst, fmt.Errorf("panic: %v", p)
		}
	}()
	return core.Append(dst, ev, answers, stamp)
}

// bury writes a dead letter. Those of an hour are together, whatever the value.
func (b *batch) bury(r *record, reason string) error {
	r.buried = true
	i, _ := b.partitions.open(&b.deliveries[r.whole], nil)
	o := &b.partitions.list[i].dead
	if !o.used {
		o.begin(r.whole, &b.compressors)
	}
	before := len(o.lines)
	o.lines = letter(o.lines, reason, &b.deliveries[r.whole], r)
	b.written += len(o.lines) - before
	return o.end(r.whole)
}

// appendID appends <shardId>:<sequenceNumber>[:<subSequence>].
func appendID(dst []byte, whole *delivery, r *record) []byte {
	dst = append(append(append(dst, whole.shard...), ':'), whole.sequence...)
	if r.sub < 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, ':'), int64(r.sub), 10)
}
