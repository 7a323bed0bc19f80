package emulator

import (
	"slices"
	"sync"
	"time"
)

// wallClock is the host's time.
type wallClock struct{}

func (wallClock) Now() time.Time                         { return time.Now() }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// ManualClock is a clock that stands still until it is told to move, for tests
// of what takes hours in AWS. It is safe for concurrent use.
type ManualClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters []waiter
}

type waiter struct {
	due  time.Time
	fire chan time.Time
}

// NewManualClock gives a clock that shows start.
func NewManualClock(start time.Time) *ManualClock { return &ManualClock{now: start} }

// Now is the time that the clock was last set to.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After fires when the clock has been moved by d; at once if d is not positive.
func (c *ManualClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	fire := make(chan time.Time, 1)
	if d <= 0 {
		fire <- c.now
		return fire
	}
	c.waiters = append(c.waiters, waiter{due: c.now.Add(d), fire: fire})
	return fire
}

// Advance moves the clock forward by d and wakes who waited for that, in order.
func (c *ManualClock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Set moves the clock to t. Going back wakes nobody.
func (c *ManualClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
	slices.SortStableFunc(c.waiters, func(a, b waiter) int { return a.due.Compare(b.due) })
	due := 0
	for due < len(c.waiters) && !c.waiters[due].due.After(t) {
		c.waiters[due].fire <- t
		due++
	}
	c.waiters = slices.Delete(c.waiters, 0, due)
}

// Waiting tells how many wait for the clock to move: a test that must not
// advance too early waits for this number first.
func (c *ManualClock) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiters)
}
