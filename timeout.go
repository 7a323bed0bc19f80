package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"
)

// defaultTimeout is for AWS on a bad day: on a good one a deploy takes half a minute.
const defaultTimeout = 10 * time.Minute

// overtimeError says that a command took longer than --timeout allows.
type overtimeError struct{ limit time.Duration }

func (e *overtimeError) Error() string {
	return fmt.Sprintf("not done after %s (--timeout)", e.limit)
}

// Is has errors of calls that this ended recognised.
func (e *overtimeError) Is(target error) bool { return target == context.DeadlineExceeded }

// timeout is what --timeout allows, or else a command's default.
func (p *program) timeout(usual time.Duration) time.Duration {
	if p.globals.timeout > 0 {
		return p.globals.timeout
	}
	return usual
}

// bounded has a command end when its time is over, as an interruption does: what
// exists is recorded and told.
func (p *program) bounded(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		over := &overtimeError{p.timeout(defaultTimeout)}
		ctx, cancel := context.WithTimeoutCause(c.Context, over.limit, over)
		defer cancel()
		c.Context = ctx
		err := action(c)
		if _, late := errors.AsType[*overtimeError](context.Cause(ctx)); !late || !ended(err) {
			return err // it is done, or has failed by itself
		}
		f := &fault{message: err.Error(), cause: err}
		if _, told := errors.AsType[*overtimeError](err); !told {
			f.message = over.Error() + ": " + f.message
		}
		return f.with("Timeout", nil).hint("a longer --timeout gives it more time")
	}
}

// ending tells in a word or two why a run ended early.
func ending(cause error) string {
	if over, ok := errors.AsType[*overtimeError](cause); ok {
		return over.Error()
	}
	return "interrupted"
}

// ended tells whether an error comes from the run's end alone.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
