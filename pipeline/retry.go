package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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

// foreignAnswers makes answers final that no AWS gave. An endpoint that lacks an
// operation may say so with status 500 and a page of HTML, which the SDK takes
// for AWS in trouble and repeats. 502, 503 and 504 remain what they are: a proxy
// or balancer speaks HTML too when AWS is in trouble.
type foreignAnswers struct{ aws.Retryer }

func (r foreignAnswers) IsErrorRetryable(err error) bool {
	return !foreign(err) && r.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken keeps the rate limit of an adaptive retryer in force.
func (r foreignAnswers) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

func foreign(err error) bool {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return false
	}
	return answer.HTTPStatusCode() == http.StatusInternalServerError &&
		strings.HasPrefix(answer.Response.Header.Get("Content-Type"), "text/html")
}

// patient goes on for longer when a rate is exceeded: all alarms are worked on
// at the same time, of which CloudWatch takes three a second in an account. Other
// trouble ends as early as ever, and so does LimitExceededException, which may
// be a quota that no waiting helps against.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
type patient struct{ foreignAnswers }

// throttledAttempts take about half a minute.
const throttledAttempts = 8

func (r patient) MaxAttempts() int { return max(throttledAttempts, r.foreignAnswers.MaxAttempts()) }

func (r patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	usual := r.foreignAnswers.MaxAttempts()
	if attempt >= usual && !hasCode(err, "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown") {
		return 0, &sdkretry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	return r.foreignAnswers.RetryDelay(attempt, err)
}

// controlPlane wraps whatever retryer the configuration leads to. A number of
// attempts that somebody has chosen stands.
func controlPlane(sdk aws.Config) aws.Config {
	inner := sdk.Retryer
	if inner == nil {
		inner = func() aws.Retryer { return retryerOf(sdk.RetryMode) }
	}
	chosen := sdk.RetryMaxAttempts != 0
	sdk = sdk.Copy()
	sdk.Retryer = func() aws.Retryer {
		final := foreignAnswers{inner()}
		if chosen {
			return final
		}
		return patient{final}
	}
	return sdk
}

// retryerOf is what a client would make by itself.
func retryerOf(mode aws.RetryMode) aws.Retryer {
	if mode == aws.RetryModeAdaptive {
		return sdkretry.NewAdaptiveMode()
	}
	return sdkretry.NewStandard()
}
