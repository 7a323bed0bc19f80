package lambda

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
)

// backoff is exponential backoff with full jitter
// (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter).
// The SDK's own retries are switched off: they know neither keys that were left
// unprocessed nor how long the invocation may last.
type backoff struct {
	base    time.Duration // the first wait is at most this, each later one at most twice the one before
	most    time.Duration // no wait is longer
	attempt time.Duration // that a single call may take, if there is twice as much
	logger  *slog.Logger  // told of each failed attempt, at level debug
}

// leastAttempt is the time that a call is always given.
const leastAttempt = 500 * time.Millisecond

// call makes one attempt. Retry tells whether another one can help. A call that
// hangs leaves half of the time for others.
func (b backoff) call(ctx context.Context, f func(context.Context) error) (retry bool, err error) {
	limit := b.attempt
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, max(time.Until(deadline)/2, leastAttempt))
	}
	attempt, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = f(attempt)
	switch {
	case err == nil, ctx.Err() != nil:
		return false, err
	case attempt.Err() != nil: // a call that hangs is tried again, though the SDK calls it cancelled
		return true, err
	default:
		return transient(err), err
	}
}

var transients = retry.IsErrorRetryables(retry.DefaultRetryables)

// transient tells whether another attempt can help: always, unless the service
// itself refused the request for good. What breaks on the way (a reset, an answer
// cut short) is no answer at all.
func transient(err error) bool {
	var refused smithy.APIError
	return !errors.As(err, &refused) || transients.IsErrorRetryable(err) == aws.TrueTernary
}

// wait waits after a failed attempt n, counting from 0, before the next one. It
// answers false, at once, when the time would be over by then.
func (b backoff) wait(ctx context.Context, n int, failure error) bool {
	b.logger.DebugContext(ctx, "attempt failed", "attempt", n, "error", failure.Error())
	most := b.most
	if n < 16 {
		most = min(most, b.base<<n)
	}
	d := rand.N(most) + time.Millisecond
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	return smithytime.SleepWithContext(ctx, d) == nil
}
