package lambda

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"enrich/enrichment"
)

const (
	keysPerCall   = 100 // BatchGetItem takes no more
	parallelCalls = 16  // lookups of a batch at the same time
)

// question is what a batch asks of one lookup.
type question struct {
	index   map[string]int32 // of a key in keys
	keys    []string         // in the order in which they first came
	known   []bool           // by key: it is known whether there is an item
	answers []*enrichment.Answer
}

func (q *question) reset() {
	clear(q.index)
	clear(q.answers)
	q.keys, q.known, q.answers = q.keys[:0], q.known[:0], q.answers[:0]
}

// add enters a key and answers its index; -1 when there is none.
func (q *question) add(key enrichment.Key) int32 {
	if !key.OK {
		return -1
	}
	if i, ok := q.index[string(key.Text)]; ok {
		return i
	}
	i := int32(len(q.keys))
	text := string(key.Text)
	q.index[text] = i
	q.keys = append(q.keys, text)
	q.known = append(q.known, false)
	q.answers = append(q.answers, nil)
	return i
}

// look asks for all keys of the batch. A key stays unknown when asking failed.
func (b *batch) look(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(parallelCalls)
	var mutex sync.Mutex
	// The keys of the first records come first, of all lookups: when the time is
	// over or a call fails, all records before that can be enriched.
	for from, more := 0, true; more; from += keysPerCall {
		more = false
		for i, q := range b.questions {
			if from >= len(q.keys) {
				continue
			}
			more = true
			to := min(from+keysPerCall, len(q.keys))
			group.Go(func() error {
				found, err := b.ask(ctx, i, from, to)
				mutex.Lock()
				defer mutex.Unlock()
				b.stats.calls += found.Calls
				b.stats.retries += found.Retries
				if err != nil {
					b.fail(err)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // each call's error is kept
	for _, q := range b.questions {
		b.stats.keys += len(q.keys)
	}
}

// ask looks up keys[from:to] of one lookup. No two calls have keys in common.
func (b *batch) ask(ctx context.Context, lookup, from, to int) (found enrichment.Found, err error) {
	l, q := b.h.lookups[lookup], b.questions[lookup]
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("lookup %s: panic: %v", l.Name, p)
		}
	}()
	found, err = b.h.finder.Find(ctx, &l, q.keys[from:to:to])
	if err != nil {
		err = fmt.Errorf("lookup %s: %w", l.Name, err)
		if len(found.Left) == 0 {
			return found, err
		}
	}
	for i := from; i < to; i++ {
		item, ok := found.Items[q.keys[i]]
		if !ok {
			q.known[i] = !slices.Contains(found.Left, q.keys[i])
			continue
		}
		answer, hitErr := b.h.core.Hit(lookup, item)
		if hitErr != nil {
			return found, hitErr
		}
		q.answers[i], q.known[i] = answer, true
	}
	return found, err
}
