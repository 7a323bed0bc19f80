package delivery

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// The object is the example of AWS's guide, shortened.
func TestFailedBatches(t *testing.T) {
	c := client(t, nil)
	key := "aws/lambda/a1b2c3d4/" + shard + "/2026/11/25/2026-11-25T05.00.00-0a0b"
	put(t, c, key, []byte(`{"requestContext":{"condition":"RetryAttemptsExhausted","approximateInvokeCount":3},
		"responseContext":{"statusCode":200,"functionError":"Unhandled"},"version":"1.0",
		"KinesisBatchInfo":{"shardId":"`+shard+`","startSequenceNumber":"1","endSequenceNumber":"9","batchSize":7},"payload":{"Records":[]}}`))
	var got []FailedBatch
	for b, err := range FailedBatches(t.Context(), c, place, time.Now().Add(-time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		b.StoredAt = time.Time{}
		got = append(got, b)
	}
	want := FailedBatch{Reason: "RetryAttemptsExhausted", FunctionError: "Unhandled", Attempts: 3, ShardID: shard, First: "1", Last: "9", Records: 7, Key: key}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v", got)
	}
	for b, err := range FailedBatches(t.Context(), c, place, time.Now().Add(time.Hour)) {
		t.Errorf("got %+v, %v", b, err)
	}
	put(t, c, "aws/lambda/b/broken", []byte("no JSON"))
	var failed error
	for _, err := range FailedBatches(t.Context(), c, place, time.Time{}) {
		failed = err
	}
	if failed == nil {
		t.Error("what cannot be read is left out")
	}
}

// A batch tells its records, and lies elsewhere when they were put again.
func TestFailedRecords(t *testing.T) {
	c := client(t, nil)
	key := Redriven + "aws/lambda/a1b2c3d4/" + shard + "/2026/11/25/2026-11-25T05.00.00-0a0b"
	put(t, c, key, []byte(`{"KinesisBatchInfo":{"shardId":"`+shard+`","startSequenceNumber":"1","endSequenceNumber":"9","batchSize":2},
		"payload":{"Records":[{"kinesis":{"sequenceNumber":"1","data":"e30="},"eventID":"s:1"},{"kinesis":{"sequenceNumber":"9"}}]}}`))
	got, err := FailedRecords(t.Context(), c, place, key)
	if err != nil || !slices.Equal(got, []string{"1", "9"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := FailedRecords(t.Context(), c, place, "none"); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	for b, err := range FailedBatches(t.Context(), c, place, time.Time{}) {
		t.Errorf("got %+v, %v", b, err)
	}
	found := 0
	for b, err := range RedrivenBatches(t.Context(), c, place, time.Time{}) {
		if found++; err != nil || b.Key != key || b.First != "1" || b.Last != "9" {
			t.Errorf("got %+v, %v", b, err)
		}
	}
	if found != 1 {
		t.Errorf("%d batches", found)
	}
}

// The event of a batch may be there as a text, and may not be there.
func TestPayload(t *testing.T) {
	c := client(t, nil)
	for payload, want := range map[string][]string{
		`{"Records":[{"kinesis":{"sequenceNumber":"1"}}]}`:           {"1"},
		`"{\"Records\":[{\"kinesis\":{\"sequenceNumber\":\"1\"}}]}"`: {"1"},
		`null`: nil,
		`""`:   nil,
	} {
		put(t, c, "aws/lambda/text", []byte(`{"payload":`+payload+`}`))
		if got, err := FailedRecords(t.Context(), c, place, "aws/lambda/text"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", payload, got, err)
		}
	}
}

// What is not of Lambda's form is told, and does not hide what comes after it. Folders of
// the S3 console are passed over.
func TestMalformedBatches(t *testing.T) {
	c := client(t, nil)
	put(t, c, "aws/lambda/", nil)
	put(t, c, "aws/lambda/a", []byte("no JSON"))
	put(t, c, "aws/lambda/a2", nil)
	put(t, c, "aws/lambda/b", []byte(`{"KinesisBatchInfo":{"shardId":"s"}}`))
	bad, good := 0, 0
	for b, err := range FailedBatches(t.Context(), c, place, time.Time{}) {
		switch {
		case Malformed(err):
			bad++
		case err != nil || b.ShardID != "s":
			t.Errorf("got %+v, %v", b, err)
		default:
			good++
		}
	}
	if bad != 2 || good != 1 {
		t.Errorf("%d malformed, %d not", bad, good)
	}
}
