package emulator

import (
	"context"
	"time"
)

// lane delivers the records of a shard whose partition keys fall to it, one
// batch after the other.
type lane struct {
	*shardPoller
	lambda *lambdaService
	index  int
	of     int
	at     uint64 // ordinal of the first record that is not done
	writer eventWriter
}

func newLane(p *shardPoller, index, of int, at uint64) *lane {
	return &lane{shardPoller: p, lambda: p.run.mapping.lambda, index: index, of: of, at: at, writer: newEventWriter(p.stream, p.shard)}
}

// mine tells whether a record's partition key falls to this lane.
func (ln *lane) mine(r *record) bool {
	if ln.of == 1 {
		return true
	}
	// FNV-1a: any hash that spreads keys does.
	hash := uint32(2166136261)
	for i := range len(r.partitionKey) {
		hash = (hash ^ uint32(r.partitionKey[i])) * 16777619
	}
	return int(hash%uint32(ln.of)) == ln.index
}

// poll delivers batches until ctx ends or the stream is deleted, or until the shard is closed and has no
// more records: then it gives true.
func (ln *lane) poll(ctx context.Context) bool {
	for ctx.Err() == nil {
		records, next, ended := ln.gather(ctx)
		if ctx.Err() != nil {
			break
		}
		if !ln.deliver(ctx, records) {
			break
		}
		ln.commit(next)
		if ended {
			return true
		}
	}
	return false
}

// commit notes that all before an ordinal is done.
func (ln *lane) commit(next uint64) {
	ln.at = next
	m := ln.run.mapping
	m.mu.Lock()
	defer m.mu.Unlock()
	ln.progress.lanes[ln.index] = next
}

// gather waits for a batch: until it is full, its window is over, or its payload
// would be too large. It tells where to go on and whether the shard ended there.
func (ln *lane) gather(ctx context.Context) (batch []*record, next uint64, ended bool) {
	size, windowOver := 0, (<-chan time.Time)(nil)
	limit := int(*ln.run.config.BatchSize)
	window := time.Duration(*ln.run.config.MaximumBatchingWindowInSeconds) * time.Second
	role := ln.role()
	next = ln.at
	for {
		v := ln.shard.read(ln.lambda.clock.Now(), ln.stream.keeps(), next, limit, payloadLimit)
		next = v.next
		for i := range v.records {
			r := &v.records[i]
			if !ln.mine(r) {
				continue
			}
			n := ln.writer.size(r, role)
			if len(batch) == limit || len(batch) > 0 && size+n > payloadLimit-eventFrame {
				return batch, r.ordinal, false
			}
			batch, size = append(batch, r), size+n
		}
		if v.next < v.latest && len(batch) < limit {
			continue // there is more to be had at once
		}
		if v.ended || len(batch) == limit || len(batch) > 0 && window == 0 {
			return batch, next, v.ended
		}
		if len(batch) > 0 && windowOver == nil {
			windowOver = ln.lambda.clock.After(window)
		}
		if len(v.records) == 0 {
			ln.countEvents(eventsPolled, 0) // an empty poll counts as that
		}
		select {
		case <-v.changed:
		case <-windowOver:
			return batch, next, false
		case <-ctx.Done():
			return nil, ln.at, false
		}
	}
}

// attempt is a part of a batch that is delivered as one.
type attempt struct {
	records     []*record
	invocations int           // of exactly these records, and of the larger parts before
	failures    int           // of them, those that count against the retries
	pause       time.Duration // before the next one
}

// deliver brings a batch to its end: to the function, to the on-failure
// destination, or apart. It gives false when ctx ended before that.
func (ln *lane) deliver(ctx context.Context, records []*record) bool {
	ln.countEvents(eventsPolled, len(records))
	waiting := []attempt{{records: records}} // in the order of the records
	for len(waiting) > 0 {
		a := &waiting[0]
		ln.discardAged(ctx, a)
		if len(a.records) == 0 {
			waiting = waiting[1:]
			continue
		}
		if ctx.Err() != nil {
			return false
		}
		v := ln.invoke(a)
		switch {
		case v.done == len(a.records):
			ln.commit(a.records[v.done-1].ordinal + 1)
			waiting = waiting[1:]
		case v.done > 0:
			// What comes after the checkpoint is a new batch, with all its retries.
			ln.commit(a.records[v.done].ordinal)
			*a = attempt{records: a.records[v.done:]}
		case v.split && len(a.records) > 1:
			half := len(a.records) / 2
			first, second := *a, *a
			first.records, second.records = a.records[:half], a.records[half:]
			waiting = append([]attempt{first, second}, waiting[1:]...)
		case v.hopeless || v.counted && ln.exhausted(a):
			ln.discard(ctx, a.records, conditionExhausted, a.invocations, &v)
			waiting = waiting[1:]
		default:
			if !ln.backOff(ctx, a) {
				return false
			}
		}
	}
	return true
}
