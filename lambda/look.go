package lambda

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

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
	stale   []*enrichment.Answer // by key: what will do if the table does not answer; empty: nothing
	open    []int32              // keys that the cache could not answer, by their indices
	firsts  int                  // keys that the batch's first Kinesis record needs
}

func (q *question) reset() {
	clear(q.index)
	clear(q.answers)
	clear(q.stale)
	q.keys, q.known, q.answers = q.keys[:0], q.known[:0], q.answers[:0]
	q.stale, q.open, q.firsts = q.stale[:0], q.open[:0], 0
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

// recall answers from the cache what it can.
func (q *question) recall(c *cache, now time.Time) (hits int) {
	for i, key := range q.keys {
		answer, good := c.get(key, now)
		switch good {
		case fresh:
			q.answers[i], q.known[i] = answer, true
			hits++
			continue
		case stale:
			if len(q.stale) == 0 {
				q.stale = append(q.stale, make([]*enrichment.Answer, len(q.keys))...)
			}
			q.stale[i] = answer
		case unknown:
		}
		q.open = append(q.open, int32(i))
	}
	return hits
}

// settle takes stale answers for those of the keys that stayed unknown.
func (q *question) settle(keys []int32) (settled int) {
	if len(q.stale) == 0 {
		return 0
	}
	for _, i := range keys {
		if !q.known[i] && q.stale[i] != nil {
			q.answers[i], q.known[i] = q.stale[i], true
			settled++
		}
	}
	return settled
}

// inquiry is a call's worth of keys of a lookup.
type inquiry struct {
	lookup int
	keys   []int32 // indices in the question's keys
	must   bool    // without these keys the invocation would not get on
	failed bool
	again  bool // it failed, and another call can help
}

// look answers all keys of the batch, from the cache or the tables. A key stays
// unknown when asking failed.
func (b *batch) look(ctx context.Context) {
	for i, q := range b.questions {
		b.stats.keys += len(q.keys)
		b.stats.hits += q.recall(b.h.caches[i], b.looked)
	}
	inquiries := b.inquiries()
	b.askAll(ctx, inquiries)
	for _, in := range inquiries {
		if in.failed {
			b.stats.stale += b.questions[in.lookup].settle(in.keys)
		}
	}
	// Calls that share a table's last throughput would each get some of their keys
	// and hardly one would be complete, but only the records up to the first unknown
	// key can be stored. So what was refused is asked for in order, one by one.
	for _, in := range inquiries {
		if in.again && !b.askAgain(ctx, in) {
			break
		}
	}
}

// inquiries divides what is open into calls. The keys of the first records come
// first, of all lookups: when the time is over or a call fails, all records before
// that can be enriched.
func (b *batch) inquiries() []*inquiry {
	var all []*inquiry
	for from, more := 0, true; more; from += keysPerCall {
		more = false
		for i, q := range b.questions {
			if from < len(q.open) {
				more = true
				keys := q.open[from:min(from+keysPerCall, len(q.open))]
				all = append(all, &inquiry{lookup: i, keys: keys, must: from == 0 || int(keys[0]) < q.firsts})
			}
		}
	}
	return all
}

// askAll makes all calls at the same time. Where what they find would take up more
// memory than a batch may, the calls that are left are not made: their records are
// for the next invocation. What the batch's first record needs is always asked for,
// as it cannot be divided, so every invocation gets on.
func (b *batch) askAll(ctx context.Context, inquiries []*inquiry) {
	var group errgroup.Group
	group.SetLimit(parallelCalls)
	var mutex sync.Mutex
	for _, in := range inquiries {
		taken, ok := b.room(in, len(in.keys))
		if !ok {
			break
		}
		group.Go(func() error {
			result, size, err := b.ask(ctx, in.lookup, in.keys, b.effort(in))
			b.budget.settle(taken, size)
			in.failed, in.again = err != nil, result.Again
			mutex.Lock()
			defer mutex.Unlock()
			b.count(result)
			if err != nil && !in.again {
				b.fail(err)
			}
			return nil
		})
	}
	_ = group.Wait() // each call's error is kept
}

// room takes memory for what a call for so many keys will find.
func (b *batch) room(in *inquiry, keys int) (taken int64, ok bool) {
	return b.budget.take(func() int64 { return b.h.sizes.expected(in.lookup, keys, b.budget.most) }, in.must)
}

// effort is how hard to try at first: with stale answers at hand one failure is
// enough.
func (b *batch) effort(in *inquiry) enrichment.Effort {
	q := b.questions[in.lookup]
	if len(q.stale) > 0 && slices.ContainsFunc(in.keys, func(i int32) bool { return q.stale[i] != nil }) {
		return enrichment.Once
	}
	return enrichment.Eager
}

// askAgain asks for what is not known yet, with patience. It answers false when
// there is no sense in asking for more.
func (b *batch) askAgain(ctx context.Context, in *inquiry) bool {
	q := b.questions[in.lookup]
	keys := slices.DeleteFunc(slices.Clone(in.keys), func(i int32) bool { return q.known[i] })
	if len(keys) == 0 {
		return true
	}
	taken, ok := b.room(in, len(keys))
	if !ok {
		return false
	}
	found, size, err := b.ask(ctx, in.lookup, keys, enrichment.Patient)
	b.budget.settle(taken, size)
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
	b.stats.throttles += found.Throttles
}

// ask looks up keys of one lookup and answers how many bytes was found. No two
// calls at a time have keys in common.
func (b *batch) ask(ctx context.Context, lookup int, indices []int32, effort enrichment.Effort) (found enrichment.Found, size int64, err error) {
	l, q := b.h.lookups[lookup], b.questions[lookup]
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("lookup %s: panic: %v", l.Name, p)
		}
	}()
	keys := make([]string, len(indices))
	for n, i := range indices {
		keys[n] = q.keys[i]
	}
	found, err = b.h.finder.Find(ctx, &l, keys, effort)
	if err != nil {
		err = fmt.Errorf("lookup %s: %w", l.Name, err)
		if len(found.Left) == 0 {
			return found, 0, err
		}
	}
	for _, i := range indices {
		key := q.keys[i]
		item, ok := found.Items[key]
		var answer *enrichment.Answer
		if ok {
			var hitErr error
			if answer, hitErr = b.h.core.Hit(lookup, item); hitErr != nil {
				return found, size, hitErr
			}
			size += int64(answer.Size())
		} else if slices.Contains(found.Left, key) {
			continue
		}
		q.answers[i], q.known[i] = answer, true
		b.h.caches[lookup].put(key, answer, b.looked)
	}
	if answered := len(indices) - len(found.Left); answered > 0 {
		b.h.sizes.learn(lookup, answered, size)
	}
	return found, size, err
}
