package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"enrich/engine"
	"enrich/logs"
)

// The hops of an event. They are in the documents of -o json.
const (
	hopPut      = "put"
	hopPickedUp = "picked up"
	hopEnriched = "enriched"
	hopStored   = "stored"
)

// silence is why an event did not arrive.
type silence struct {
	Hop   string   `json:"hop"` // the first that failed
	Cause string   `json:"cause"`
	Why   string   `json:"why"`
	Log   []string `json:"log"` // the function's lines that tell of a failure, the last ones
	hints []string
}

// explainLimit is how long the search for the reason may take: who waited in
// vain does not want to wait again.
const explainLimit = 10 * time.Second

// explain turns the end of the wait for an event into the hop that failed and why.
func (f *following) explain(ctx context.Context, e *sentEvent, err error, of int) error {
	if ctx.Err() != nil {
		return err
	}
	reading, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	names := f.session.pipeline.Names()
	details := map[string]any{"sequence_number": e.receipt.SequenceNumber, "shard_id": e.receipt.ShardID, "bucket": names.Bucket}
	hints := []string{fmt.Sprintf("the event was stored as %s in %s", e.receipt.SequenceNumber, e.receipt.ShardID)}
	var message, code string
	var found silence
	gone, discarded := errors.AsType[*discardedError](err)
	switch {
	case errors.Is(err, errDeadLetter):
		found = f.deadLetter(e)
		message, code = "the event could not be enriched: "+found.Why, "DeadLetter"
		details["key"], details["letter"] = e.found.Key, json.RawMessage(e.found.Record)
		hints = nil
	case discarded:
		found = silence{Hop: hopEnriched, Cause: "Discarded", Why: gone.batch.Text(), Log: f.failures(reading, e, 0)}
		found.hints = append(found.hints, fmt.Sprintf("what Lambda tells of it is kept in s3://%s/%s", names.Bucket, gone.batch.Key))
		message, code = "the event was not enriched: "+found.reason(), "Discarded"
		details["key"] = gone.batch.Key
	case errors.Is(err, context.DeadlineExceeded):
		found = f.diagnose(reading, e, details)
		message, code = fmt.Sprintf("no enriched record after %s: %s", f.timeout, found.reason()), "Timeout"
		details["waiting"] = err.Error()
	default: // S3 does not let the record be looked for
		found = silence{Hop: hopStored, Cause: "Unreadable", Why: err.Error()}
		message = "the event was put, but its record cannot be looked for: " + err.Error()
	}
	details["hop"], details["cause"], details["why"], details["log"] = found.Hop, found.Cause, found.Why, nonNilStrings(found.Log)
	if of > 1 {
		hints = append(hints, fmt.Sprintf("it is one of %d events", of))
	}
	for _, line := range found.Log {
		hints = append(hints, "the function's log: "+line)
	}
	return &fault{message: message, code: code, cause: err, details: details, hints: append(hints, found.hints...)}
}

func nonNilStrings(list []string) []string { return append([]string{}, list...) }

// reason is the hop that failed and why, for people.
func (s silence) reason() string {
	switch {
	case s.Cause == "Unknown":
		return s.Why
	case s.Hop == hopPickedUp:
		return "the function did not get it: " + s.Why
	}
	return s.Why
}

// deadLetter is the failure of an event that can never be enriched.
func (f *following) deadLetter(e *sentEvent) silence {
	var letter struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(e.found.Record, &letter); err != nil || letter.Reason == "" {
		letter.Reason = "no reason given"
	}
	return silence{Hop: hopEnriched, Cause: "DeadLetter", Why: letter.Reason,
		hints: []string{fmt.Sprintf("it is kept in s3://%s/%s", f.session.pipeline.Names().Bucket, e.found.Key)}}
}

// callFailed is how a mapping tells that the function, and not the way to it, failed.
const callFailed = "PROBLEM: Function call failed"

// diagnose asks the mapping and the function's log why no record came in time.
func (f *following) diagnose(ctx context.Context, e *sentEvent, details map[string]any) silence {
	mapping, err := f.session.mapping(ctx)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return silence{Hop: hopPickedUp, Cause: "MappingMissing", Why: "there is no event source mapping",
			hints: []string{"make it again: " + f.again("deploy")}}
	case err != nil:
		return silence{Hop: hopPickedUp, Cause: "Unknown", Why: "the event source mapping could not be read: " + err.Error()}
	}
	details["mapping"] = map[string]string{"status": mapping.Status, "detail": mapping.Detail, "problem": mapping.Unhealthy}
	repair := "make it as configured: " + f.again("deploy")
	if mapping.Status != "Enabled" {
		cause := "MappingNotReady"
		if mapping.Status == "Disabled" || mapping.Status == "Disabling" {
			cause = "MappingDisabled"
		}
		return silence{Hop: hopPickedUp, Cause: cause, Why: mappingText(mapping), hints: []string{repair}}
	}
	if strings.HasPrefix(mapping.Detail, "PROBLEM") && !strings.HasPrefix(mapping.Detail, callFailed) {
		return silence{Hop: hopPickedUp, Cause: "MappingProblem", Why: mapping.Detail, hints: []string{repair}}
	}
	failing, before := strings.HasPrefix(mapping.Detail, callFailed), time.Duration(0)
	if failing {
		before = lookBack
	}
	lines := f.failures(ctx, e, before)
	if failing || len(lines) > 0 {
		s := silence{Hop: hopEnriched, Cause: "FunctionError", Why: "the function fails", Log: lines,
			hints: []string{"Lambda tries it again; " + f.again("logs --errors -f") + " shows what comes"}}
		if strings.Contains(strings.Join(lines, " "), "AccessDenied") {
			s.Cause = "AccessDenied"
			s.hints = append(s.hints, "the function's role lacks a permission; "+repair)
		}
		return s
	}
	return silence{Hop: hopPickedUp, Cause: "Unknown", Why: "nothing is known to be wrong",
		hints: []string{mappingText(mapping), fmt.Sprintf("a longer wait may be enough (--timeout); %s shows everything", f.again("status"))}}
}

// shownFailures is how many lines of the log are shown.
const shownFailures = 3

// lookBack is how long before the event the function may have begun to fail: an
// earlier record keeps its shard waiting, in pauses of up to a minute between tries.
const lookBack = 5 * time.Minute

// failures are the function's last lines that tell of a failure, from some time
// before the event was put, without those of other shards.
func (f *following) failures(ctx context.Context, e *sentEvent, before time.Duration) []string {
	q := logs.Query{Group: f.session.pipeline.Names().LogGroup, Since: e.receipt.At.Truncate(time.Second).Add(-before)}
	var lines []string
	for event, err := range logs.Read(ctx, cloudwatchlogs.NewFromConfig(f.session.sdk), q) {
		if err != nil {
			f.out.trace("the function's log could not be read: %s", err)
			break
		}
		line := logs.Parse(event.Message)
		if !line.Failed() || ofOtherShard(line, e.receipt.ShardID) {
			continue
		}
		text := failedLine(line)
		lines = append(slices.DeleteFunc(lines, func(before string) bool { return before == text }), text)
	}
	return lines[max(0, len(lines)-shownFailures):]
}

func ofOtherShard(line logs.Line, shard string) bool {
	return slices.ContainsFunc(line.Fields, func(field logs.Field) bool { return field.Name == "shard_id" && field.Value != shard })
}

// failedLine is the part of a line that tells why.
func failedLine(line logs.Line) string {
	for _, field := range line.Fields {
		if field.Name == "error" {
			return line.Text + ": " + field.Value
		}
	}
	return line.Text
}

func mappingText(mapping *engine.Observed) string {
	text := "the event source mapping is " + mapping.Status
	if mapping.Detail != "" {
		text += ", " + mapping.Detail
	}
	if mapping.Unhealthy != "" {
		text += ": " + mapping.Unhealthy
	}
	return text
}

// mapping reads what AWS says of the event source mapping.
func (s *session) mapping(ctx context.Context) (*engine.Observed, error) {
	for _, r := range s.pipeline.Resources() {
		if r.Key() == mappingKey {
			return r.Read(ctx)
		}
	}
	return nil, engine.ErrNotFound
}
