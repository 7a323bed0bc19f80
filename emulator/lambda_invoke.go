package emulator

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	asyncPayloadLimit = mib // of an event that is queued
	asyncAttempts     = 3
	asyncAge          = 6 * time.Hour
)

func (l *lambdaService) invokeFunction(ctx context.Context, in *awslambda.InvokeInput) (*awslambda.InvokeOutput, error) {
	if err := firstUnsupported(map[string]bool{
		"DurableExecutionName": in.DurableExecutionName != nil, "TenantId": in.TenantId != nil,
	}); err != nil {
		return nil, err
	}
	f, err := l.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	payload := in.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	limit := payloadLimit
	if in.InvocationType == types.InvocationTypeEvent {
		limit = asyncPayloadLimit
	}
	if len(payload) > limit {
		return nil, lambdaFail(http.StatusRequestEntityTooLarge, "RequestTooLargeException", "Request must be smaller than %d bytes for the InvokeFunction operation", limit)
	}
	if !json.Valid(payload) {
		return nil, lambdaFail(http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json")
	}
	clientContext, err := base64.StdEncoding.DecodeString(deref(in.ClientContext))
	if err != nil || len(clientContext) > 0 && !json.Valid(clientContext) {
		return nil, lambdaFail(http.StatusBadRequest, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	ev := event{payload: payload, clientContext: string(clientContext)}
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		return &awslambda.InvokeOutput{StatusCode: http.StatusNoContent}, nil
	case types.InvocationTypeEvent:
		l.count(f, "AsyncEventsReceived", 1, "Count")
		if !l.background(func() { l.invokeLater(f, ev) }) {
			return nil, failf(http.StatusServiceUnavailable, "ServiceException", "The emulator is shutting down.")
		}
		return &awslambda.InvokeOutput{StatusCode: http.StatusAccepted}, nil
	}
	o, err := l.execute(f, ev)
	if err != nil {
		return nil, err
	}
	out := &awslambda.InvokeOutput{StatusCode: http.StatusOK, Payload: o.answer.payload, ExecutedVersion: new(latestVersion)}
	if o.answer.failed {
		out.FunctionError = new("Unhandled")
	}
	if in.LogType == types.LogTypeTail {
		out.LogResult = new(base64.StdEncoding.EncodeToString(o.tail))
	}
	return out, nil
}

// invokeLater runs a queued event as Lambda does: twice more after function
// errors, a minute and two later, and for up to six hours while throttled.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (l *lambdaService) invokeLater(f *function, ev event) {
	queued, throttledFor := l.clock.Now(), time.Second
	for attempt := 1; attempt <= asyncAttempts; {
		l.count(f, "AsyncEventAge", milliseconds(l.clock.Now().Sub(queued)), "Milliseconds")
		o, err := l.execute(f, ev)
		pause := time.Duration(attempt) * time.Minute
		switch {
		case err == nil && !o.answer.failed:
			return
		case err == nil:
			attempt++
		case isThrottle(err) && l.clock.Now().Sub(queued) < asyncAge:
			pause, throttledFor = throttledFor, min(2*throttledFor, 5*time.Minute)
		default:
			l.count(f, "AsyncEventsDropped", 1, "Count")
			l.logger.Warn("an asynchronous event was dropped", "function", f.name, "error", err)
			return
		}
		if attempt > asyncAttempts {
			break
		}
		select {
		case <-l.clock.After(pause):
		case <-l.stopped.Done():
			return
		}
	}
	l.count(f, "AsyncEventsDropped", 1, "Count")
	l.logger.Warn("an asynchronous event was dropped after its last attempt", "function", f.name)
}

func isThrottle(err error) bool {
	failure, ok := errors.AsType[*apiError](err)
	return ok && failure.Code == "TooManyRequestsException"
}
