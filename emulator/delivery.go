package emulator

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// The pauses between retries double from the first to the longest. AWS does
	// not publish its own; recorded were 8 invocations within 60 s, and so many
	// there are here.
	firstPause   = 400 * time.Millisecond
	longestPause = time.Minute
)

// verdict is what came of delivering an attempt.
type verdict struct {
	done     int  // how many of its records are done, from the first on
	counted  bool // it failed in a way that counts against the retries
	split    bool // it failed, and is to be split
	hopeless bool // it can never be delivered
	status   int  // HTTP status of the invocation
	failure  *string
}

// callee finds the function, whose role has to be allowed to read the stream. It
// gives false when there is a problem, which it reports.
func (ln *lane) callee() (f *function, role string, ok bool) {
	f, ok = ln.lambda.byARN(*ln.run.config.FunctionArn)
	if !ok {
		ln.run.mapping.report("PROBLEM: Function not found")
		return nil, "", false
	}
	role = *f.snapshot().config.Role
	if err := ln.lambda.roles.allowed(role, "kinesis:GetRecords", ln.stream.arn); err != nil {
		ln.run.mapping.report("PROBLEM: " + err.Error())
		return nil, "", false
	}
	return f, role, true
}

// invoke delivers an attempt once.
func (ln *lane) invoke(a *attempt) verdict {
	m := ln.run.mapping
	f, role, ok := ln.callee()
	if !ok {
		ln.countEvents(eventsFailed, len(a.records))
		return verdict{}
	}
	ln.enterWindow(a.records[0])
	payload := ln.writer.event(a.records, role)
	if len(payload) > payloadLimit && len(a.records) > 1 {
		return verdict{split: true} // the function has a role with a longer ARN by now
	}
	if len(payload) > payloadLimit {
		// What AWS does with such a record is not documented; to retry it is of no use.
		m.report("PROBLEM: Record exceeds the payload limit")
		a.invocations++
		return verdict{hopeless: true, status: 413}
	}
	o, err := ln.lambda.executeFor(f, event{payload: payload})
	if err != nil {
		m.report("PROBLEM: " + err.Error())
		ln.countEvents(eventsFailed, len(a.records))
		return verdict{}
	}
	ln.countRead(f, a.records)
	ln.countEvents(eventsInvoked, len(a.records))
	a.invocations++
	v := ln.aggregate(ln.judge(a.records, o.answer), o.answer)
	if v.done == len(a.records) {
		m.report(resultOK)
	} else {
		m.report(resultFailed)
		ln.countEvents(eventsFailed, len(a.records)-v.done)
	}
	return v
}

// role is the function's present role; "" when there is no function.
func (ln *lane) role() string {
	f, ok := ln.lambda.byARN(*ln.run.config.FunctionArn)
	if !ok {
		return ""
	}
	return *f.snapshot().config.Role
}

// judge reads a function's answer.
func (ln *lane) judge(records []*record, answer functionAnswer) verdict {
	c := &ln.run.config
	v := verdict{status: 200}
	if answer.failed {
		v.failure = new("Unhandled")
	}
	reports := slices.Contains(c.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures)
	if !answer.failed {
		if !reports {
			v.done = len(records)
			return v
		}
		if first, ok := firstFailure(answer.payload, records); ok {
			v.done = first
			v.counted = first == 0
			return v
		}
	}
	v.counted, v.split = true, deref(c.BisectBatchOnFunctionError)
	return v
}

// exhausted counts a failure and tells whether no retry is left.
func (ln *lane) exhausted(a *attempt) bool {
	a.failures++
	allowed := *ln.run.config.MaximumRetryAttempts
	return allowed >= 0 && a.failures > int(allowed)
}

// recordAge is the age at which records are given up: what the stream no longer
// keeps counts as too old as well.
func (ln *lane) recordAge() time.Duration {
	age := ln.stream.keeps()
	if limit := *ln.run.config.MaximumRecordAgeInSeconds; limit >= 0 {
		age = min(age, time.Duration(limit)*time.Second)
	}
	return age
}

// discardAged sends the records at the front that are too old to the on-failure
// destination.
func (ln *lane) discardAged(ctx context.Context, a *attempt) {
	horizon := ln.lambda.clock.Now().Add(-ln.recordAge()).UnixMilli()
	n := 0
	for n < len(a.records) && a.records[n].arrived < horizon {
		n++
	}
	if n == 0 {
		return
	}
	// Recorded: 1 for records that were too old when first read.
	ln.discard(ctx, a.records[:n], conditionAged, max(1, a.invocations), nil)
	a.records = a.records[n:]
}

// backOff waits before the next try, but no longer than until the first record
// is too old. It gives false when ctx ended.
func (ln *lane) backOff(ctx context.Context, a *attempt) bool {
	if a.pause == 0 {
		a.pause = firstPause
	}
	expires := time.UnixMilli(a.records[0].arrived + 1).Add(ln.recordAge())
	wait := min(a.pause, max(expires.Sub(ln.lambda.clock.Now()), time.Millisecond))
	a.pause = min(2*a.pause, longestPause)
	select {
	case <-ln.lambda.clock.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// countRead records how far behind the function and the stream's readers are.
func (ln *lane) countRead(f *function, records []*record) {
	age := float64(since(ln.lambda.clock.Now(), records[len(records)-1].arrived))
	ln.lambda.metrics.record("AWS/Lambda", "IteratorAge", map[string]string{"FunctionName": f.name}, age, "Milliseconds")
	bytes := 0
	for _, r := range records {
		bytes += len(r.data)
	}
	ln.lambda.kinesis.measureRead(ln.stream, ln.shard.id, len(records), bytes, age)
}
