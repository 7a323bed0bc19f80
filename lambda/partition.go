package lambda

import "fmt"

// place tells partitions apart.
type place struct {
	shard string
	hour  int64  // since 1970, in which the stream took the records
	value string // that names their folder; "": none does
}

// partition holds what a batch gives for one place.
type partition struct {
	place
	enriched object
	dead     object // only where there is no value
}

// partitions are those of a batch. They are used again for a later one, so that
// their memory is.
type partitions struct {
	list  []*partition // used again
	used  int          // of list
	index map[place]int
	last  int // that was opened or found
}

// keptMemory is how many bytes of objects are kept for the next batch. The records
// of one value may fill the first partition in one batch and the last in another:
// without a limit every one of them would grow to the largest that there ever was.
const keptMemory = 16 << 20

// reset forgets all partitions.
func (p *partitions) reset() {
	p.used, p.last = 0, 0
	if p.index == nil {
		p.index = map[place]int{}
	}
	clear(p.index)
	size := 0
	for i, kept := range p.list {
		kept.enriched.used, kept.dead.used = false, false
		if size += kept.enriched.memory() + kept.dead.memory(); size > keptMemory {
			clear(p.list[i:])
			p.list = p.list[:i]
			return
		}
	}
}

// open finds a partition, or begins it, and answers its position in the list.
func (p *partitions) open(d *delivery, value []byte) (i int, opened bool) {
	hour := d.arrival / (3600 * 1000)
	if p.last < p.used { // it is the same again nearly always, where there are no values
		if l := p.list[p.last]; l.hour == hour && l.value == string(value) && l.shard == string(d.shard) {
			return p.last, false
		}
	}
	if i, ok := p.index[place{string(d.shard), hour, string(value)}]; ok {
		p.last = i
		return i, false
	}
	if p.used == len(p.list) {
		p.list = append(p.list, &partition{})
	}
	at := place{string(d.shard), hour, string(value)}
	p.list[p.used].place, p.index[at], p.last = at, p.used, p.used
	p.used++
	return p.last, true
}

// place finds each record's partition: that of its own value, whatever else is in
// the batch, or a record that is delivered again in another batch would be stored in
// a second place. So it is the batch that is cut, at a whole Kinesis record, where
// there would be too many partitions. Only the first one may pass the limit, with
// all that is packed into it, as it would be too much in any batch.
func (b *batch) place() {
	b.partitions.reset()
	for i := range b.records {
		r := &b.records[i]
		if r.whole >= b.cut {
			return
		}
		var value []byte
		if r.event >= 0 {
			value = b.events[r.event].Value()
		}
		var opened bool
		r.partition, opened = b.partitions.open(&b.deliveries[r.whole], value)
		if opened && b.partitions.used > b.h.layout.most && r.whole > 0 {
			b.leave(r.whole, fmt.Sprintf("there are records for more than %d partitions", b.h.layout.most))
			return
		}
	}
}
