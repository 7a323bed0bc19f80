package pipeline

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	sdkretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/time/rate"
)

// ControlPlane has calls repeated with a patience that befits the making of
// resources: for about half a minute each while AWS is in trouble or asks for fewer
// calls, and no more often than it allows. What is somebody's choice stands: a
// retryer, a retry mode, a number of attempts. The clients of the configuration that
// it gives share what they learn of each service's rate.
func ControlPlane(sdk aws.Config) aws.Config {
	sdk = sdk.Copy()
	inner := sdk.Retryer
	if inner == nil {
		shared := &services{rates: rates(), of: map[string]aws.RetryerV2{}, make: func() aws.RetryerV2 { return retryerOf(sdk.RetryMode) }}
		shared.Retryer = shared.make()
		inner = func() aws.Retryer { return shared }
	}
	chosen := sdk.RetryMaxAttempts != 0
	sdk.Retryer = func() aws.Retryer {
		final := foreignAnswers{inner()}
		if chosen {
			return final
		}
		return patient{final}
	}
	return sdk
}

// retryerOf is the SDK's for a mode that somebody has chosen, else our own.
func retryerOf(mode aws.RetryMode) aws.RetryerV2 {
	switch mode {
	case aws.RetryModeStandard:
		return sdkretry.NewStandard()
	case aws.RetryModeAdaptive:
		return sdkretry.NewAdaptiveMode()
	}
	return newPaced()
}

// services keeps a retryer for each service: rates are those of an account,
// whatever clients make the calls.
type services struct {
	aws.Retryer // for what they all say
	rates       map[string]*rate.Limiter
	make        func() aws.RetryerV2

	mu sync.Mutex
	of map[string]aws.RetryerV2 // by the service's ID
}

func (s *services) in(ctx context.Context) aws.RetryerV2 {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := awsmiddleware.GetServiceID(ctx)
	if s.of[id] == nil {
		s.of[id] = s.make()
	}
	return s.of[id]
}

// GetAttemptToken waits until a call may be made.
func (s *services) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if limit := s.rates[awsmiddleware.GetServiceID(ctx)+"."+awsmiddleware.GetOperationName(ctx)]; limit != nil {
		if err := sleep(ctx, limit.Reserve().Delay()); err != nil {
			return nil, err
		}
	}
	return s.in(ctx).GetAttemptToken(ctx)
}

// GetRetryToken takes from what a service has for repetitions.
func (s *services) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	return s.in(ctx).GetRetryToken(ctx, err)
}

// rates are how many calls Kinesis takes in a second of a whole account.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
func rates() map[string]*rate.Limiter {
	limits := map[string]*rate.Limiter{}
	for operation, calls := range map[string]int{
		"CreateStream": 5, "DeleteStream": 5, "ListStreams": 5, "ListTagsForStream": 5, "DescribeStream": 10, "DescribeStreamSummary": 20,
	} {
		limits["Kinesis."+operation] = rate.NewLimiter(rate.Limit(calls), calls)
	}
	return limits
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

// patient goes on for longer than the SDK's three attempts. What no patience helps
// against ends as early as ever: an endpoint that is not there, and at once: a quota
// that is used up.
type patient struct{ foreignAnswers }

// patientAttempts take about half a minute.
const patientAttempts = 10

func (r patient) IsErrorRetryable(err error) bool {
	return !Exhausted(err) && r.foreignAnswers.IsErrorRetryable(err)
}

func (r patient) MaxAttempts() int { return max(patientAttempts, r.foreignAnswers.MaxAttempts()) }

func (r patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= r.foreignAnswers.MaxAttempts() && unreachable(err) {
		return 0, &sdkretry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	return r.foreignAnswers.RetryDelay(attempt, err)
}

// unreachable tells whether no connection came about.
func unreachable(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}
