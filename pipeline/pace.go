package pipeline

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/time/rate"
)

// paced adapts to the rate that a service allows. The SDK's own adaptive mode begins
// with the rate that it has seen, of which a client that makes some calls and then
// waits has none: after one refusal it makes one call in two seconds, and a dozen
// alarms wait for half a minute.
type paced struct {
	*sdkretry.Standard

	mu    sync.Mutex
	limit *rate.Limiter
}

// Rates in calls a second. A service that has refused none is called at any rate,
// one that refuses for the first time at the first of these. From there each
// refusal halves the rate, and each success adds one.
const (
	refusedRate rate.Limit = 10
	lowestRate  rate.Limit = 1
	freeRate    rate.Limit = 20 // from here on at any rate again
)

func newPaced() *paced {
	return &paced{
		limit:    rate.NewLimiter(rate.Inf, 1),
		Standard: sdkretry.NewStandard(func(o *sdkretry.StandardOptions) { o.Backoff = sdkretry.BackoffDelayerFunc(backoff) }),
	}
}

// GetAttemptToken waits until the service is to be called again.
func (p *paced) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := sleep(ctx, p.limit.Reserve().Delay()); err != nil {
		return nil, err
	}
	release, err := p.Standard.GetAttemptToken(ctx)
	if err != nil {
		return nil, err
	}
	return func(outcome error) error {
		p.adapt(outcome)
		return release(outcome)
	}, nil
}

func (p *paced) adapt(outcome error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.limit.Limit()
	switch {
	case throttled(outcome) && now == rate.Inf:
		p.limit.SetLimit(refusedRate)
	case throttled(outcome):
		p.limit.SetLimit(max(now/2, lowestRate))
	case outcome == nil && now+1 >= freeRate:
		p.limit.SetLimit(rate.Inf)
	case outcome == nil:
		p.limit.SetLimit(now + 1)
	}
}

func throttled(err error) bool {
	return err != nil && !Exhausted(err) && sdkretry.IsErrorThrottles(sdkretry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// backoff is how long to wait before the next attempt, half of it at random: a call
// that broke off may be made again at once, one that came too early may not.
func backoff(attempt int, err error) (time.Duration, error) {
	pause := 100 * time.Millisecond
	if throttled(err) {
		pause = 500 * time.Millisecond
	}
	pause = min(pause<<min(attempt-1, 10), sdkretry.DefaultMaxBackoff)
	return pause/2 + rand.N(pause/2), nil
}
