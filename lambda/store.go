package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/sync/errgroup"

	"enrich/enrichment"
)

// parallelPuts bounds how many objects of a batch are stored at the same time.
const parallelPuts = 16

// put is an object on its way.
type put struct {
	object *object
	key    string
	what   string // for the log, without the values of events that a key may hold
	err    error
}

// store puts the objects and answers the position from which the batch must be
// delivered again: the number of deliveries when it need not be.
func (b *batch) store(ctx context.Context) int {
	var puts []put
	for _, p := range b.partitions.list[:b.partitions.used] {
		if o := &p.enriched; o.used {
			sequence := b.deliveries[o.first].sequence
			puts = append(puts, put{object: o, key: b.h.layout.enriched(p.place, sequence), what: fmt.Sprintf("enriched records of %s from %s on", p.shard, sequence)})
		}
		if o := &p.dead; o.used {
			sequence := b.deliveries[o.first].sequence
			puts = append(puts, put{object: o, key: b.h.layout.dead(p.place, sequence), what: fmt.Sprintf("dead letters of %s from %s on", p.shard, sequence)})
		}
	}
	var group errgroup.Group
	group.SetLimit(parallelPuts)
	for i := range puts {
		group.Go(func() error {
			puts[i].err = puts[i].store(ctx, b.h.sink)
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

// store turns a panic into a failure of the one object.
func (p *put) store(ctx context.Context, sink enrichment.Sink) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("storing %s: panic: %v", p.what, failure)
		}
	}()
	if err := sink.Store(ctx, p.key, p.object.body.Bytes()); err != nil {
		return fmt.Errorf("storing %s: %w", p.what, withoutURL(err))
	}
	return nil
}

// withoutURL is what went wrong on the way to S3 without the URL, of which the key is
// a part.
func withoutURL(err error) error {
	if sending, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("sending the request: %w", sending.Err)
	}
	return err
}
