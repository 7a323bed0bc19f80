package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A record is found in the batch that holds it, by its number and not as text, among
// objects of other batches and of nobody.
func TestAwaitFailedBatch(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	key := func(name string, at time.Time) string {
		return "aws/lambda/uuid/" + shard + at.Format("/2006/01/02/2006-01-02T15.04.05-") + name
	}
	batch := func(start, end string) []byte {
		return fmt.Appendf(nil, `{"requestContext":{"condition":"RetryAttemptsExhausted","approximateInvokeCount":3},"responseContext":{"statusCode":200,"functionError":"Unhandled"},`+
			`"KinesisBatchInfo":{"shardId":%q,"startSequenceNumber":%q,"endSequenceNumber":%q},"payload":{"Records":[]}}`, shard, start, end)
	}
	short := sequence[:len(sequence)-1] // less, though a prefix
	put(t, c, key("a", now.Add(-time.Hour)), batch(sequence, sequence))
	put(t, c, key("b", now), []byte("nobody's"))
	put(t, c, key("c", now), batch(short, short))
	put(t, c, key("d", now), batch(sequence+"0", sequence+"9"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if d, err := AwaitFailedBatch(ctx, c, place, "uuid", shard, sequence, now, time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %+v, %v", d, err)
	}
	put(t, c, key("e", now), batch(short, sequence+"0"))
	d, err := AwaitFailedBatch(t.Context(), c, place, "uuid", shard, sequence, now, time.Millisecond)
	if time.Since(d.StoredAt).Abs() > time.Minute {
		t.Errorf("stored at %s", d.StoredAt)
	}
	want := FailedBatch{
		Key: key("e", now), Reason: "RetryAttemptsExhausted", Attempts: 3, FunctionError: "Unhandled", ShardID: shard,
		First: short, Last: sequence + "0", StoredAt: d.StoredAt,
	}
	if err != nil || d != want {
		t.Errorf("got %+v, %v", d, err)
	}
	if text := d.Text(); text != "Lambda gave it up after 3 invocations: RetryAttemptsExhausted, Unhandled" {
		t.Error(text)
	}
	missing := place
	missing.Bucket = "none"
	if _, err := AwaitFailedBatch(t.Context(), c, missing, "uuid", shard, sequence, now, time.Millisecond); err == nil || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("got %v", err)
	}
}
