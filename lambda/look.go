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

// inquiry is a call's worth of keys[from:to] of a lookup.
type inquiry struct {
	lookup, from, to int
	short            bool // the table is short of throughput
}

// look asks for all keys of the batch. A key stays unknown when asking failed.
func (b *batch) look(ctx context.Context) {
	var inquiries []*inquiry
	// The keys of the first records come first, of all lookups: when the time is
	// over or a call fails, all records before that can be enriched.
	for from, more := 0, true; more; from += keysPerCall {
		more = false
		for i, q := range b.questions {
			if from < len(q.keys) {
				more = true
				inquiries = append(inquiries, &inquiry{lookup: i, from: from, to: min(from+keysPerCall, len(q.keys))})
			}
		}
	}
	b.askAll(ctx, inquiries)
	// Calls that share a table's last throughput would each get some of their keys
	// and hardly one would be complete, but only the records up to the first unknown
	// key can be stored. So what was refused is asked for in order, one by one.
	for _, in := range inquiries {
		if in.short && !b.askAgain(ctx, in) {
			break
		}
	}
	for _, q := range b.questions {
		b.stats.keys += len(q.keys)
	}
}

// askAll makes all calls at the same time.
func (b *batch) askAll(ctx context.Context, inquiries []*inquiry) {
	var group errgroup.Group
	group.SetLimit(parallelCalls)
	var mutex sync.Mutex
	for _, in := range inquiries {
		group.Go(func() error {
			found, err := b.ask(ctx, in.lookup, b.questions[in.lookup].keys[in.from:in.to], false)
			in.short = found.Short
			mutex.Lock()
			defer mutex.Unlock()
			b.count(found)
			if err != nil && !in.short {
				b.fail(err)
			}
			return nil
		})
	}
	_ = group.Wait() // each call's error is kept
}

// askAgain asks for what is not known yet, with patience.
func (b *batch) askAgain(ctx context.Context, in *inquiry) bool {
	q := b.questions[in.lookup]
	var keys []string
	for i := in.from; i < in.to; i++ {
		if !q.known[i] {
			keys = append(keys, q.keys[i])
		}
	}
	found, err := b.ask(ctx, in.lookup, keys, true)
	b.count(found)
	b.stats.retries++
	if err != nil {
		b.fail(err)
	}
	return err == nil
}

func (b *batch) count(found enrichment.Found) {
	b.stats.calls += found.Calls
	b.stats.retries += found.Retries
}

// ask looks up keys of one lookup. No two calls at a time have keys in common.
func (b *batch) ask(ctx context.Context, lookup int, keys []string, patient bool) (found enrichment.Found, err error) {
	l, q := b.h.lookups[lookup], b.questions[lookup]
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("lookup %s: panic: %v", l.Name, p)
		}
	}()
	found, err = b.h.finder.Find(ctx, &l, keys[:len(keys):len(keys)], patient)
	if err != nil {
		err = fmt.Errorf("lookup %s: %w", l.Name, err)
		if len(found.Left) == 0 {
			return found, err
		}
	}
	for _, key := range keys {
		i := q.index[key]
		item, ok := found.Items[key]
		if !ok {
			q.known[i] = !slices.Contains(found.Left, key)
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
