package pipeline

import (
	"context"
	"fmt"
	"time"

	"enrich/engine"
)

// retry repeats a call that AWS refuses only because something else has not
// spread yet. The SDK does not repeat these: to it they are faults of the
// caller, so the match has to be narrow.
type retry struct {
	match    func(error) bool
	timeout  time.Duration
	progress engine.Progress
	doing    string // "waiting for the role to become assumable"
}

// The first repetition comes soon: what spreads has often done so within a
// second.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = time.Second
)

func (r retry) do(ctx context.Context, call func(context.Context) error) error {
	var begin time.Time // of the wait: the call itself may take long, as emptying a bucket does
	for pause := firstRetry; ; pause = min(pause*2, lastRetry) {
		err := call(ctx)
		if err == nil || !r.match(err) {
			return err
		}
		if begin.IsZero() {
			begin = time.Now()
			defer r.progress.Waits()()
		}
		if time.Since(begin)+pause > r.timeout {
			return fmt.Errorf("%s for %s: %w", r.doing, r.timeout, err)
		}
		r.progress.Status(r.doing)
		if interrupted := sleep(ctx, pause); interrupted != nil {
			return fmt.Errorf("%s: %w (last answer: %w)", r.doing, interrupted, err)
		}
	}
}

// unoccupied repeats what Kinesis and DynamoDB refuse while the change before is
// in progress: the state that was waited for may have been read from a replica
// that lagged behind.
func unoccupied(progress engine.Progress) retry {
	return retry{
		match:    func(err error) bool { return hasCode(err, "ResourceInUseException") },
		timeout:  2 * time.Minute,
		progress: progress,
		doing:    "waiting for another change",
	}
}
