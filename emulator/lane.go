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
	window *tumblingWindow
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
	if !ln.leaveStaleWindow(ctx) {
		return false
	}
	for ctx.Err() == nil {
		g := ln.gather(ctx)
		if ctx.Err() != nil {
			break
		}
		if !ln.deliver(ctx, g.records) {
			break
		}
		ln.commit(g.next)
		if g.windowOver && !ln.finishWindow(ctx) {
			break
		}
		if g.ended {
			return true
		}
	}
	return false
}

// commit notes that all before an ordinal is done, and what came of it.
func (ln *lane) commit(next uint64) {
	ln.at = next
	m := ln.run.mapping
	m.mu.Lock()
	defer m.mu.Unlock()
	ln.progress.lanes[ln.index] = next
	if ln.index == 0 {
		ln.progress.window = ln.window
	}
}

// gathered is what a lane does next.
type gathered struct {
	records    []*record
	next       uint64 // where to go on after them
	ended      bool   // the shard ends there
	windowOver bool   // no more records fall into the tumbling window
}

// gathering is a batch that is being gathered.
type gathering struct {
	gathered
	limit  int // of records
	room   int // for more of them, in bytes
	role   string
	window *windowWatch
}

// gather waits for a batch: until it is full, its window is over, or its payload
// would be too large. Records that the filters do not let pass are done with.
func (ln *lane) gather(ctx context.Context) gathered {
	g := gathering{
		gathered: gathered{next: ln.at}, limit: int(*ln.run.config.BatchSize),
		room: payloadLimit - eventFrame - ln.windowSize(), role: ln.role(), window: ln.watchWindow(),
	}
	window, windowOver := time.Duration(*ln.run.config.MaximumBatchingWindowInSeconds)*time.Second, (<-chan time.Time)(nil)
	for {
		v := ln.shard.read(ln.lambda.clock.Now(), ln.stream.keeps(), g.next, g.limit, payloadLimit)
		if ctx.Err() != nil {
			return gathered{next: ln.at} // what was put after a change of the mapping is not for the filters before it
		}
		if len(v.records) > 0 && (!ln.mayRead(ctx) || !ln.readsNow(ctx)) {
			select {
			case <-windowOver:
				return g.gathered
			case <-ctx.Done():
				return gathered{next: ln.at}
			default:
				continue
			}
		}
		before, more := len(g.records), ln.take(&g, v)
		ln.countServed(g.records[before:])
		if !more {
			return g.gathered
		}
		if len(g.records) == 0 && g.next != ln.at {
			ln.commit(g.next) // other filters that come later do not bring it back
		}
		if v.next < v.latest && len(g.records) < g.limit {
			continue // there is more to be had at once
		}
		if v.ended || len(g.records) == g.limit || len(g.records) > 0 && window == 0 {
			g.ended, g.windowOver = v.ended, v.ended
			return g.gathered
		}
		if len(g.records) > 0 && windowOver == nil {
			windowOver = ln.lambda.clock.After(window)
		}
		if len(v.records) == 0 {
			ln.countEvents(eventsPolled, 0) // an empty poll counts as that
		}
		select {
		case <-v.changed:
		case <-windowOver:
			return g.gathered
		case <-g.window.assumedOver(ln.lambda.clock):
			g.windowOver = true
			return g.gathered
		case <-ctx.Done():
			return gathered{next: ln.at}
		}
	}
}

// take adds what was read of the shard to the batch. It gives false when the
// batch has to go without the rest of it.
func (ln *lane) take(g *gathering, v view) bool {
	for i := range v.records {
		r := &v.records[i]
		if !ln.mine(r) {
			continue
		}
		if g.window.isOver(r.arrived) {
			g.next, g.windowOver = r.ordinal, true
			return false
		}
		if !ln.run.filters.pass(r) {
			ln.countFiltered(1)
			continue
		}
		n := ln.writer.size(r, g.role)
		if len(g.records) == g.limit || len(g.records) > 0 && n > g.room {
			g.next = r.ordinal
			return false
		}
		g.records, g.room = append(g.records, r), g.room-n
		g.window.open(r.arrived)
	}
	g.next = v.next
	return true
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
		if !ln.terminateFullWindow(ctx) || ctx.Err() != nil {
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
	return ln.terminateFullWindow(ctx)
}
