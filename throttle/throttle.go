// Package throttle finds the pace at which a service takes what it is sent in parts.
package throttle

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// firstPause follows a request of which nothing was stored; lastPause is the most
	// that it grows to.
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
	// share is how much time the entries of one request may be worth: a shard takes no
	// more at once than it does in a second, however long it was left alone.
	share = 500 * time.Millisecond
	// longestEach is what the largest entries need at a single shard, or at a small table.
	longestEach = time.Second
	// faster is by how much the pace rises with each request that was stored whole:
	// slowly, as whoever goes back to full speed at once is refused at once.
	faster = 0.95
)

// Pace finds the pace that a stream or a table takes, and keeps to it: whatever is
// refused has to go over the line once more. It belongs to one sender.
type Pace struct {
	Batch int // entries that a request may have

	each  time.Duration // what an entry needs; 0: not known, as nothing was refused
	pause time.Duration // after requests of which nothing was stored
	began time.Time     // when the last request was begun
	put   int           // entries of it
}

// Most is how many entries the next request may have.
func (t *Pace) Most() int {
	if t.each == 0 {
		return t.Batch
	}
	return min(t.Batch, max(1, int(share/t.each)))
}

// Wait waits until the next request, of so many entries, may begin.
func (t *Pace) Wait(ctx context.Context, entries int) error {
	apart := max(time.Duration(t.put)*t.each, t.pause)
	// Jitter: feeds that are throttled together do not come back together.
	if left := apart*7/8 + rand.N(apart/4+1) - time.Since(t.began); apart > 0 && left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	t.began, t.put = time.Now(), entries
	return nil
}

// Answered takes in what became of the last request: how many of its entries were
// stored, and how many refused for their rate; the others failed.
func (t *Pace) Answered(stored, refused int) {
	switch {
	case stored == 0:
		t.pause = min(max(2*t.pause, firstPause), lastPause)
	case stored < t.put && refused == 0:
		t.pause = firstPause
	default:
		t.pause = 0
	}
	switch {
	case stored == t.put:
		if t.each = time.Duration(float64(t.each) * faster); time.Duration(t.put)*t.each < time.Millisecond {
			t.each = 0
		}
	case stored > 0 && refused > 0:
		// What was stored took as long as all of it. More than twice as long is not
		// believed: what came before may have used the stream up.
		took := max(time.Since(t.began), time.Duration(t.put)*t.each)
		t.each = min(took/time.Duration(t.put)*time.Duration(min(t.put, 2*stored))/time.Duration(stored), longestEach)
	}
}
