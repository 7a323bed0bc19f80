package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// traced has every AWS call of the configuration's clients printed by -v, and its
// repetitions counted.
func traced(sdk aws.Config, out *output, toll *toll) aws.Config {
	if !out.verbose {
		return sdk
	}
	sdk.APIOptions = append(sdk.APIOptions, toll.count)
	sdk.APIOptions = append(sdk.APIOptions, func(stack *middleware.Stack) error {
		// After: the SDK's own first step puts the names into the context.
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("EnrichTrace",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				began := time.Now()
				result, metadata, err := next.HandleInitialize(ctx, in)
				out.trace("%s", call(ctx, metadata, err, time.Since(began)))
				return result, metadata, err
			}), middleware.After)
	})
	return sdk
}

// toll is what the repetitions of AWS calls have cost.
type toll struct {
	mu      sync.Mutex
	calls   int
	repeats int
	waited  time.Duration // before repetitions, and for a rate that AWS had asked for
}

// count has the calls of a client counted: what passes around the SDK's loop of
// attempts and not within them is waiting.
func (t *toll) count(stack *middleware.Stack) error {
	type attemptsKey struct{}
	type attempts struct {
		number int
		took   time.Duration
	}
	around := middleware.FinalizeMiddlewareFunc("EnrichToll",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			began, made := time.Now(), &attempts{}
			result, metadata, err := next.HandleFinalize(context.WithValue(ctx, attemptsKey{}, made), in)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.calls++
			t.repeats += max(0, made.number-1)
			t.waited += time.Since(began) - made.took
			return result, metadata, err
		})
	within := middleware.FinalizeMiddlewareFunc("EnrichTollAttempt",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			began := time.Now()
			result, metadata, err := next.HandleFinalize(ctx, in)
			if made, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
				made.number++
				made.took += time.Since(began)
			}
			return result, metadata, err
		})
	return errors.Join(stack.Finalize.Insert(around, "Retry", middleware.Before), stack.Finalize.Insert(within, "Retry", middleware.After))
}

// tell prints the line with which -v ends.
func (t *toll) tell(out *output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls > 0 {
		out.trace("%s, %s, %s spent waiting for them", count(t.calls, "AWS call"), count(t.repeats, "repetition"), seconds(t.waited))
	}
}

// sdkLogger has what the SDK would write to stderr by itself printed by -v.
func sdkLogger(out *output) logging.Logger {
	return logging.LoggerFunc(func(level logging.Classification, format string, args ...any) {
		out.trace("SDK %s: %s", level, fmt.Sprintf(format, args...))
	})
}

// call is the line of one AWS call.
func call(ctx context.Context, metadata middleware.Metadata, err error, took time.Duration) string {
	outcome := "ok"
	request, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	if err != nil {
		outcome = "failed"
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			outcome = api.ErrorCode()
		}
		if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
			request = response.RequestID
		}
	}
	if request == "" {
		request = "none"
	}
	attempts := ""
	if results, ok := retry.GetAttemptResults(metadata); ok && len(results.Results) > 1 {
		attempts = fmt.Sprintf(" after %d attempts", len(results.Results))
		for _, attempt := range results.Results[:len(results.Results)-1] {
			if attempt.Err != nil {
				attempts += fmt.Sprintf(" (%s)", attempt.Err)
			}
		}
	}
	return fmt.Sprintf("%s %s: %s%s in %s, request %s", awsmiddleware.GetServiceID(ctx),
		awsmiddleware.GetOperationName(ctx), outcome, attempts, seconds(took), request)
}
