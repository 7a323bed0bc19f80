package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type mappingChange = func(*awslambda.CreateEventSourceMappingInput)

func batchSize(n int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.BatchSize = &n }
}

func retries(n int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.MaximumRetryAttempts = &n }
}

func recordAge(seconds int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.MaximumRecordAgeInSeconds = &seconds }
}

func batchingWindow(seconds int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.MaximumBatchingWindowInSeconds = &seconds }
}

func bisect(in *awslambda.CreateEventSourceMappingInput) {
	in.BisectBatchOnFunctionError = aws.Bool(true)
}

func toBucket(in *awslambda.CreateEventSourceMappingInput) {
	in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:s3:::failures")}}
}

// onManualClock makes a world whose time only the test moves, with a function
// that never runs into its timeout by that.
func onManualClock(t testing.TB, shards int32) (*world, *ManualClock) {
	clock := NewManualClock(epoch)
	w := newWorld(t, Options{Clock: clock}, shards)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(900) })
	return w, clock
}

// pass lets time pass until a condition holds.
func pass(t testing.TB, clock *ManualClock, what string, condition func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		if condition() {
			return true
		}
		clock.Advance(100 * time.Millisecond)
		return false
	})
}

// failure is an object at the on-failure destination.
type failure struct {
	key  string
	body []byte
	discarded
}

func (w *world) failures() []failure {
	w.t.Helper()
	list, err := w.s3.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: &w.bucket})
	must(w.t, err)
	var all []failure
	for _, object := range list.Contents {
		out, err := w.s3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &w.bucket, Key: object.Key})
		must(w.t, err)
		body, err := io.ReadAll(out.Body)
		must(w.t, err)
		f := failure{key: *object.Key, body: body}
		must(w.t, json.Unmarshal(body, &f.discarded))
		all = append(all, f)
	}
	return all
}

// data gives what the discarded records held.
func (f failure) data(t testing.TB) string { return delivery{Body: f.Payload}.data(t) }

func (w *world) lastResult(uuid string) string {
	w.t.Helper()
	out, err := w.lambda.GetEventSourceMapping(w.t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	must(w.t, err)
	return *out.LastProcessingResult
}

func numbers(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func TestEventHasTheShapeOfKinesisEvents(t *testing.T) {
	clock := NewManualClock(time.UnixMilli(1545084650987))
	w := newWorld(t, Options{Clock: clock}, 1)
	w.createFunction("proxy")
	w.createMapping()
	sequence := w.put(`a"ü<`, "hello")[0]
	got := string(w.brain.atLeast(t, 1)[0].Body)
	want := `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"a\"ü<","sequenceNumber":"` + sequence +
		`","data":"aGVsbG8=","approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:` + sequence +
		`","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::000000000000:role/work-role","awsRegion":"us-east-1","eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/events"}]}`
	if got != want {
		t.Errorf("event\n%s\nwant\n%s", got, want)
	}
}

func TestBatchHoldsUpToBatchSizeRecordsInOrder(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.put("k", numbers(1, 25)...)
	w.createMapping(batchSize(10))
	got := dataOf(t, w.brain.atLeast(t, 3))
	want := []string{strings.Join(numbers(1, 10), " "), strings.Join(numbers(11, 20), " "), strings.Join(numbers(21, 25), " ")}
	if !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestBatchHoldsRecordsOfOneShard(t *testing.T) {
	w := newWorld(t, Options{}, 4)
	w.createFunction("proxy")
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events")}
	for i := range 100 {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d", i), PartitionKey: aws.String(fmt.Sprint(i))})
	}
	_, err := w.kinesis.PutRecords(t.Context(), in)
	must(t, err)
	w.createMapping()
	all := w.brain.wait(t, "100 records", func(all []delivery) bool {
		n := 0
		for _, d := range all {
			n += len(d.records(t))
		}
		return n >= 100
	})
	for _, d := range all {
		shard, _, _ := strings.Cut(d.records(t)[0].EventID, ":")
		for _, r := range d.records(t) {
			if r.EventID != shard+":"+r.Kinesis.SequenceNumber {
				t.Errorf("a batch of %s holds %s", shard, r.EventID)
			}
		}
	}
}

func TestBatchingWindowHoldsAnUnfilledBatch(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.createMapping(batchingWindow(5), batchSize(3))
	idle := clock.Waiting()
	w.put("k", "1")
	eventually(t, "the window to open", func() bool { return clock.Waiting() > idle })
	clock.Advance(4 * time.Second)
	w.put("k", "2")
	clock.Advance(999 * time.Millisecond)
	if all := w.brain.all(); len(all) > 0 {
		t.Errorf("delivered within the window: %q", dataOf(t, all))
	}
	clock.Advance(time.Millisecond)
	// Whether the second record was read before the window ended is a race that
	// is Lambda's too; nothing may be lost or come twice.
	w.brain.atLeast(t, 1)
	w.put("k", "3", "4", "5", "6", "7", "8") // fills batches, so no window is waited for
	all := w.brain.wait(t, "full batches", func(all []delivery) bool {
		return len(strings.Fields(strings.Join(dataOf(t, all), " "))) >= 6
	})
	if got := strings.Join(dataOf(t, all), " "); !strings.HasPrefix(strings.Join(numbers(1, 8), " "), got) {
		t.Errorf("delivered %q", got)
	}
}

func TestFullBatchDoesNotWaitForItsWindow(t *testing.T) {
	w, _ := onManualClock(t, 1)
	w.createMapping(batchingWindow(300), batchSize(2))
	w.put("k", "1", "2", "3")
	if got := w.brain.atLeast(t, 1)[0].data(t); got != "1 2" {
		t.Errorf("batch %q", got)
	}
}

func TestBatchStaysBelowSixMegabytesOfPayload(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	// Under the race detector such a batch takes several hundred megabytes.
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.MemorySize = aws.Int32(2048) })
	for i := range 10 {
		w.put("k", fmt.Sprint(i)+strings.Repeat("x", 900*kib))
	}
	w.createMapping()
	all := w.brain.wait(t, "10 records", func(all []delivery) bool {
		n := 0
		for _, d := range all {
			n += len(d.records(t))
		}
		return n >= 10
	})
	if len(all) != 2 {
		t.Errorf("%d batches, want 2: five records fit into each", len(all))
	}
	for _, d := range all {
		if len(d.Body) > payloadLimit {
			t.Errorf("a payload of %d bytes", len(d.Body))
		}
	}
}

func TestStartingPositionLatestSkipsWhatWasThere(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.put("k", "old")
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.StartingPosition = types.EventSourcePositionLatest
	})
	w.put("k", "new")
	if got := dataOf(t, w.brain.atLeast(t, 1)); got[0] != "new" {
		t.Errorf("delivered %q", got)
	}
}

func TestStartingPositionAtTimestamp(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.put("k", "old")
	clock.Advance(time.Minute)
	from := clock.Now()
	w.put("k", "new")
	clock.Advance(time.Minute)
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.StartingPosition, in.StartingPositionTimestamp = types.EventSourcePositionAtTimestamp, &from
	})
	if got := dataOf(t, w.brain.atLeast(t, 1)); got[0] != "new" {
		t.Errorf("delivered %q", got)
	}
}

func TestRecordAboveThePayloadLimitGoesToTheDestination(t *testing.T) {
	w, clock := onManualClock(t, 1)
	_, err := w.kinesis.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{StreamARN: &w.streamARN, MaxRecordSizeInKiB: aws.Int32(10240)})
	must(t, err)
	large := strings.Repeat("x", payloadLimit/4*3+1) // its base64 alone is above the limit
	w.put("k", "1", large, "2")
	w.createMapping(toBucket)
	var all []failure
	pass(t, clock, "the next record", func() bool {
		all = w.failures()
		return len(all) > 0 && len(w.brain.all()) == 2
	})
	if got := dataOf(t, w.brain.all()); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("batches of %d and more bytes", len(got[0]))
	}
	if all[0].data(t) != large {
		t.Error("the destination has not the record")
	}
}

func TestLastProcessingResult(t *testing.T) {
	w, clock := onManualClock(t, 1)
	uuid := w.createMapping()
	if got := w.lastResult(uuid); got != "No records processed" {
		t.Errorf("at first %q", got)
	}
	w.put("k", "1")
	eventually(t, "a success", func() bool { return w.lastResult(uuid) == "OK" })
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	w.put("k", "2")
	eventually(t, "a failure", func() bool { return w.lastResult(uuid) == "PROBLEM: Function call failed" })
	w.brain.setDecide(nil)
	pass(t, clock, "another success", func() bool { return w.lastResult(uuid) == "OK" })
}
