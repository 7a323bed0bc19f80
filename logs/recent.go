package logs

import (
	"maps"
	"time"
)

// overlap is how much later than others of its time an event may become readable
// without being missed: streams reach CloudWatch Logs independently, most within
// seconds.
const overlap = 2 * time.Minute

// recent tells which events are new. It remembers those that a later reading may meet
// again, however many a reading has.
type recent struct {
	since, newest time.Time
	seen          map[string]time.Time
	full          int // so many are looked through for what can be forgotten
}

// leastFull keeps the looking through what is remembered rare.
const leastFull = 1000

func newRecent(since time.Time) *recent {
	return &recent{since: since, newest: since, seen: map[string]time.Time{}, full: leastFull}
}

// from is where the next reading begins.
func (r *recent) from() time.Time {
	if from := r.newest.Add(-overlap); from.After(r.since) {
		return from
	}
	return r.since
}

// add takes an event in, and tells whether it was not met before.
func (r *recent) add(e Event) bool {
	if _, known := r.seen[e.id]; known {
		return false
	}
	if e.At.After(r.newest) {
		r.newest = e.At
	}
	r.seen[e.id] = e.At
	if len(r.seen) >= r.full {
		from := r.from()
		maps.DeleteFunc(r.seen, func(_ string, at time.Time) bool { return at.Before(from) })
		r.full = max(leastFull, 2*len(r.seen))
	}
	return true
}
