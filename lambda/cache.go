package lambda

import (
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"enrich/enrichment"
)

// freshness tells what a kept answer is good for.
type freshness int

const (
	unknown freshness = iota // nothing is kept, or it is too old for anything
	fresh                    // as good as asked for now
	stale                    // for when the table does not answer
)

// cache keeps what one lookup found from batch to batch, within a bounded part of
// the memory. It is safe for concurrent use.
type cache struct {
	ttl, missing, stale time.Duration
	room                int // bytes

	mutex sync.Mutex
	used  int                                // bytes
	kept  *simplelru.LRU[string, keptAnswer] // by key
}

// keptAnswer is what was found at a time. A nil answer says that there is no item.
type keptAnswer struct {
	answer *enrichment.Answer
	at     time.Time
}

// keptOverhead is about what a kept answer takes up beside its key and its text.
const keptOverhead = 160

// size is what a kept answer takes up, in bytes.
func (k keptAnswer) size(key string) int {
	n := keptOverhead + len(key)
	if k.answer != nil {
		n += k.answer.Size()
	}
	return n
}

// newCaches makes the caches of lookups, nil for one that keeps nothing. Those that
// name no size share an eighth of the function's memory, in bytes.
func newCaches(lookups []enrichment.Lookup, memory int64) ([]*cache, error) {
	const megabyte = 1 << 20
	if memory <= 0 {
		memory = 128 * megabyte // the least that a function has
	}
	sharing := 0
	for _, l := range lookups {
		if l.Cache.TTL > 0 && l.Cache.Size == 0 {
			sharing++
		}
	}
	caches := make([]*cache, len(lookups))
	for i, l := range lookups {
		if l.Cache.TTL == 0 {
			continue
		}
		c := &cache{
			ttl:     time.Duration(l.Cache.TTL) * time.Second,
			missing: time.Duration(l.Cache.MissingTTL) * time.Second,
			stale:   time.Duration(l.Cache.Stale) * time.Second,
			room:    l.Cache.Size * megabyte,
		}
		if c.room == 0 {
			c.room = int(memory/8) / sharing
		}
		var err error
		// Bytes bound the cache, not the number of its entries.
		c.kept, err = simplelru.NewLRU(math.MaxInt, func(key string, k keptAnswer) { c.used -= k.size(key) })
		if err != nil {
			return nil, err
		}
		caches[i] = c
	}
	return caches, nil
}

// get answers what is kept of a key at a time.
func (c *cache) get(key string, now time.Time) (*enrichment.Answer, freshness) {
	if c == nil {
		return nil, unknown
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	k, ok := c.kept.Get(key)
	if !ok {
		return nil, unknown
	}
	age := now.Sub(k.at)
	switch {
	case age < 0: // the clock was set back: nothing is known of the age
		return nil, unknown
	case k.answer == nil && age < c.missing, k.answer != nil && age < c.ttl:
		return k.answer, fresh
	case k.answer != nil && age < c.ttl+c.stale:
		return k.answer, stale
	default:
		c.kept.Remove(key)
		return nil, unknown
	}
}

// put keeps what was found for a key.
func (c *cache) put(key string, answer *enrichment.Answer, now time.Time) {
	if c == nil {
		return
	}
	k := keptAnswer{answer: answer, at: now}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.kept.Remove(key) // or its bytes would count twice, and what is gone come back as stale
	if answer == nil && c.missing == 0 || k.size(key) > c.room {
		return
	}
	c.kept.Add(key, k)
	for c.used += k.size(key); c.used > c.room; {
		c.kept.RemoveOldest()
	}
}
