package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"enrich/engine"
)

// Polling begins at half a second and ends at one: AWS needs between one second
// and some tens, and the SDK's own waiters (10 to 20 s) would add half of that
// again. DescribeStreamSummary allows 20 calls a second in an account.
const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = time.Second
)

// gone is the state of what does not exist.
const gone = "gone"

// waiter polls until something has reached a state.
type waiter struct {
	pending  []string      // states on the way
	target   []string      // states that end the wait well
	timeout  time.Duration // of the whole wait
	progress engine.Progress
	doing    string // "waiting for ACTIVE"
}

// wait asks for the state until it is a target. A state that is neither target
// nor pending ends the wait as an error, with the reason that AWS gave for it.
// An answer of engine.ErrNotFound is the state gone.
func (w waiter) wait(ctx context.Context, state func(context.Context) (state, reason string, err error)) error {
	deadline := time.Now().Add(w.timeout)
	for pause := firstPoll; ; pause = min(pause+pause/4, lastPoll) {
		now, reason, err := state(ctx)
		if errors.Is(err, engine.ErrNotFound) {
			now, reason, err = gone, "", nil
		}
		switch {
		case err != nil:
			return err
		case slices.Contains(w.target, now):
			return nil
		case !slices.Contains(w.pending, now):
			return fmt.Errorf("%s: it is %s%s", w.doing, now, because(reason))
		case time.Now().Add(pause).After(deadline):
			return fmt.Errorf("%s: still %s after %s%s", w.doing, now, w.timeout, because(reason))
		}
		w.progress.Status(w.doing)
		if pause == firstPoll {
			defer w.progress.Waits()()
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s: %w", w.doing, err)
		}
	}
}

// takenLimit bounds how often a name is asked for that is taken by what does not
// show: about two minutes.
const takenLimit = 60

// create makes something of a name that may still be taken by one that is being
// deleted: it waits until that is gone. A name that is taken by what is there to
// stay is a success: it exists, though it may not show for a moment after it was
// created.
func create(ctx context.Context, taken string, call func(context.Context) error, deleting func(context.Context) (bool, error), vanish func(context.Context) error) error {
	pause := firstRetry
	for attempt := 1; ; attempt++ {
		err := call(ctx)
		if !hasCode(err, taken) || attempt == takenLimit {
			return err
		}
		if leaving, err := deleting(ctx); err != nil || !leaving {
			return err
		}
		if err := vanish(ctx); err != nil {
			return err
		}
		if interrupted := sleep(ctx, pause); interrupted != nil {
			return fmt.Errorf("waiting for the name: %w (last answer: %w)", interrupted, err)
		}
		pause = min(pause*2, lastRetry)
	}
}

func because(reason string) string {
	if reason = oneLine(reason); reason == "" { // a verdict is one line
		return ""
	}
	return " (" + reason + ")"
}

// sleep ends early, with the context's error, when the context does.
func sleep(ctx context.Context, d time.Duration) error {
	if smithytime.SleepWithContext(ctx, d) != nil {
		return context.Cause(ctx)
	}
	return nil
}
