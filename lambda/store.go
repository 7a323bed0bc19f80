package lambda

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"enrich/enrichment"
)

// parallelPuts bounds how many objects of a batch are stored at the same time.
const parallelPuts = 16

// put is an object on its way.
type put struct {
	object *object
	key    string
	err    error
}

// store puts the objects and answers the position from which the batch must be
// delivered again: the number of deliveries when it need not be.
func (b *batch) store(ctx context.Context) int {
	var puts []put
	for _, p := range b.partitions.list[:b.partitions.used] {
		if o := &p.enriched; o.used {
			puts = append(puts, put{object: o, key: b.h.layout.enriched(p.place, b.deliveries[o.first].sequence)})
		}
		if o := &p.dead; o.used {
			puts = append(puts, put{object: o, key: b.h.layout.dead(p.place, b.deliveries[o.first].sequence)})
		}
	}
	var group errgroup.Group
	group.SetLimit(parallelPuts)
	for i := range puts {
		group.Go(func() error {
			puts[i].err = storeSafely(ctx, b.h.sink, puts[i].key, puts[i].object.body.Bytes())
			return nil
		})
	}
	_ = group.Wait() // each put has its own error
	objects := make([]stretch, len(puts))
	for i, p := range puts {
		objects[i] = p.object.stretch
		if p.err != nil {
			b.stats.storeErrors++
			b.fail(p.err)
			continue
		}
		objects[i].stored = true
		b.stats.objects++
		b.stats.bytes += p.object.body.Len()
	}
	return checkpoint(b.cut, objects)
}

// storeSafely turns a panic into a failure of the one object.
func storeSafely(ctx context.Context, sink enrichment.Sink, key string, body []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("storing %s: panic: %v", key, p)
		}
	}()
	if err := sink.Store(ctx, key, body); err != nil {
		return fmt.Errorf("storing %s: %w", key, err)
	}
	return nil
}
