package engine

import (
	"slices"
	"sync"
	"time"
)

// Waits begins a wait for the cloud, which the function that comes back ends.
// Waits of one resource may overlap; their time counts once.
func (p *progress) Waits() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits == 0 {
		p.since = time.Now()
	}
	p.waits++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.waits--; p.waits == 0 {
			p.waited += time.Since(p.since)
		}
	})
}

// critical is the chain of work that decided how long a run took: what ended
// last, before it what it came after that ended last, and so on. It begins with
// the first.
func critical(results map[string]Result, after map[string][]string) []string {
	last := func(keys []string) (found string) {
		for _, key := range keys {
			switch r, known := results[key]; {
			case !known || r.Phase == Unchanged || r.Phase == NotStarted:
			case found == "" || r.end().After(results[found].end()):
				found = key
			}
		}
		return found
	}
	keys := make([]string, 0, len(results))
	for key := range results {
		keys = append(keys, key)
	}
	slices.Sort(keys) // of two that end at the same time it is the same one each time
	var chain []string
	for key := last(keys); key != ""; key = last(after[key]) {
		chain = append(chain, key)
	}
	slices.Reverse(chain)
	return chain
}

func (r Result) end() time.Time { return r.Began.Add(r.Elapsed) }
