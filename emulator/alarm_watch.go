package emulator

import (
	"context"
	"time"
)

// watch keeps the alarms up to date while one of them has actions: what an alarm
// does, it does when nobody looks, too. The lock is held.
func (c *cloudWatchService) watch() {
	if c.watching || c.closed || !c.acts() {
		return
	}
	c.watching = true
	c.running.Go(func() {
		for c.tick() {
		}
	})
}

// acts tells whether any alarm has actions. The lock is held.
func (c *cloudWatchService) acts() bool {
	for _, a := range c.alarms {
		if len(a.shown.AlarmActions)+len(a.shown.OKActions)+len(a.shown.InsufficientDataActions) > 0 {
			return true
		}
	}
	for _, a := range c.composites {
		if len(a.shown.AlarmActions)+len(a.shown.OKActions)+len(a.shown.InsufficientDataActions) > 0 {
			return true
		}
	}
	return false
}

// tick evaluates the alarms and waits for the next minute. It gives false when
// there is nothing more to watch for.
func (c *cloudWatchService) tick() bool {
	c.mu.Lock()
	if c.watching = c.acts() && !c.closed; !c.watching {
		c.mu.Unlock()
		return false
	}
	now := c.now()
	c.evaluate()
	c.mu.Unlock()
	next := now.Truncate(time.Minute).Add(time.Minute)
	late := c.options.Clock.After(next.Sub(now))
	if !c.now().Before(next) {
		return true // the clock was moved before it knew that somebody waits
	}
	select {
	case <-late:
	case <-c.stopped.Done():
	}
	return true
}

// close ends the watch and waits for it until ctx ends.
func (c *cloudWatchService) close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
