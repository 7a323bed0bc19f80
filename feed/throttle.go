package feed

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// firstApart is what follows a request of which nothing was stored, lastApart the most
	// that it grows to.
	firstApart = 100 * time.Millisecond
	lastApart  = 2 * time.Second
	// faster is by how much they come closer after each that was stored whole: slowly,
	// as whoever goes back to full speed at once is refused at once.
	faster = 0.95
)

// throttle keeps requests as far apart as the stream takes them: whatever is refused
// has to go over the line once more.
type throttle struct {
	apart time.Duration // 0: as fast as they are answered
	began time.Time     // when the last one was begun
}

// wait waits until the next request may begin.
func (t *throttle) wait(ctx context.Context) error {
	// Jitter: feeds that are throttled together do not come back together.
	if left := t.apart*7/8 + rand.N(t.apart/4+1) - time.Since(t.began); t.apart > 0 && left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	t.began = time.Now()
	return nil
}

// answered takes in what became of the last request. Where a part was stored, that part
// tells how long the stream would have needed for all of it; more than twice as long
// is not believed, as a burst before it may have used the stream up.
func (t *throttle) answered(stored, left int) {
	switch {
	case left == 0:
		if t.apart = time.Duration(float64(t.apart) * faster); t.apart < time.Millisecond {
			t.apart = 0
		}
	case stored == 0:
		t.apart = min(max(2*t.apart, firstApart), lastApart)
	default:
		took := max(time.Since(t.began), t.apart)
		t.apart = min(took*time.Duration(min(stored+left, 2*stored))/time.Duration(stored), lastApart)
	}
}
