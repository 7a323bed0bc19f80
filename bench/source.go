package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"enrich/clickstream"
)

// source gives events when they are due, one a line. Each has as its time when that was,
// even if nobody took it then: what it has to wait for counts.
type source struct {
	ctx    context.Context //nolint:containedctx // ends a Read
	events *clickstream.Stream
	run    string
	rate   float64
	total  int
	began  time.Time
	made   int
	rest   []byte // of what was made
}

// due is when an event's time has come.
func (s *source) due(n int) time.Time {
	return s.began.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

func (s *source) Read(into []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.made == s.total {
			return 0, io.EOF
		}
		timer := time.NewTimer(time.Until(s.due(s.made)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
	for now := time.Now(); s.made < s.total && len(s.rest) < len(into) && !s.due(s.made).After(now); s.made++ {
		mark := fmt.Sprintf(`"bench":{"run":%q,"n":%d}`, s.run, s.made)
		s.rest = append(append(s.rest, s.events.Next(s.due(s.made), mark)...), '\n')
	}
	n := copy(into, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
