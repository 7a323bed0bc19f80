package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// What BatchWriteItem leaves is not written, and comes back as it was asked.
func TestUnprocessedItemsAreLeftForAnotherCall(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	client := dynamodb.NewFromConfig(sdkConfig(s))
	createTable(t, client, "things", keyAttribute{"id", types.ScalarAttributeTypeS})
	var asked []types.WriteRequest
	for i := range 24 {
		asked = append(asked, types.WriteRequest{PutRequest: &types.PutRequest{Item: item{"id": str(fmt.Sprint(i)), "rest": str("x")}}})
	}
	put(t, client, "things", item{"id": str("old")})
	asked = append(asked, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: item{"id": str("old")}}})
	setFaults(t, s, Fault{Service: "dynamodb", Operation: "BatchWriteItem", Kind: FaultUnprocessed, Rate: 1})
	count := func() int {
		out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("things"), ConsistentRead: aws.Bool(true)})
		must(t, err)
		return int(out.Count)
	}
	left, rounds := 0, 0
	for ; len(asked) > 0; rounds++ {
		before := len(asked)
		out, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"things": asked}})
		must(t, err)
		asked = out.UnprocessedItems["things"]
		if left += len(asked); len(asked) == before {
			t.Fatal("a call wrote nothing")
		}
		if rounds == 0 {
			deleted := !slices.ContainsFunc(asked, func(r types.WriteRequest) bool { return r.DeleteRequest != nil })
			want := 25 - len(asked)
			if deleted {
				want-- // of what was done, one was no item more
			} else {
				want++ // the old one is still there
			}
			if got := count(); len(asked) == 0 || got != want {
				t.Errorf("%d writes were left, and %d items are there", len(asked), got)
			}
		}
	}
	if got := count(); got != 24 || rounds < 2 {
		t.Errorf("%d items at last, in %d rounds", got, rounds)
	}
	if got := sumOf(t, cloudwatch.NewFromConfig(sdkConfig(s)), "AWS/DynamoDB", "WriteThrottleEvents", "TableName", "things"); got != float64(left) {
		t.Errorf("CloudWatch shows %v of %d writes", got, left)
	}
}

// What PutRecords refuses in part is not in the stream, and says why.
func TestPutRecordsFailsInPart(t *testing.T) {
	w := newWorld(t, Options{Clock: NewManualClock(epoch)}, 2)
	in := &kinesis.PutRecordsInput{StreamARN: &w.streamARN}
	for i := range 50 {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: aws.String(fmt.Sprint(i)), Data: []byte("x")})
	}
	setFaults(t, w.server, Fault{Service: "kinesis", Operation: "PutRecords", Kind: FaultUnprocessed, Rate: 1, Limit: 1})
	out, err := w.kinesis.PutRecords(t.Context(), in)
	must(t, err)
	failed := 0
	for i, r := range out.Records {
		if r.ErrorCode == nil {
			if r.SequenceNumber == nil {
				t.Errorf("record %d has neither a sequence number nor an error", i)
			}
			continue
		}
		failed++
		if *r.ErrorCode != "ProvisionedThroughputExceededException" || r.SequenceNumber != nil || r.ShardId != nil ||
			!strings.HasPrefix(*r.ErrorMessage, "Rate exceeded for shard shardId-00000000000") {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	if failed == 0 || failed == len(in.Records) || int(*out.FailedRecordCount) != failed {
		t.Errorf("%d records failed, counted %d", failed, *out.FailedRecordCount)
	}
	metrics := cloudwatch.NewFromConfig(sdkConfig(w.server))
	name := w.streamARN[strings.LastIndexByte(w.streamARN, '/')+1:]
	if got := sumOf(t, metrics, "AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", name); got != float64(failed) {
		t.Errorf("CloudWatch shows %v of %d", got, failed)
	}
	if got := sumOf(t, metrics, "AWS/Kinesis", "IncomingRecords", "StreamName", name); got != float64(50-failed) {
		t.Errorf("CloudWatch shows %v records of %d", got, 50-failed)
	}
	out, err = w.kinesis.PutRecords(t.Context(), in)
	if err != nil || *out.FailedRecordCount != 0 {
		t.Errorf("after that %v, %v", out, err)
	}
}

// A mapping's reads pass by the faults of GetRecords; what it could not read it reads
// later, and the function hears nothing of it.
func TestMappingReadsAreThrottled(t *testing.T) {
	for _, kind := range []FaultKind{FaultThrottle, FaultError, FaultReset, FaultLost} {
		t.Run(string(kind), func(t *testing.T) {
			w, clock := onManualClock(t, 1)
			setFaults(t, w.server, Fault{Service: "kinesis", Operation: "GetRecords", Kind: kind, Rate: 1, Limit: 3})
			w.brain.setDecide(func(delivery) reaction { return reaction{Answer: "{}"} })
			w.put("k", "1", "2")
			begun := clock.Now()
			uuid := w.createMapping()
			pass(t, clock, "the records", func() bool { return w.caughtUp(uuid) })
			if got := dataOf(t, w.brain.all()); !slices.Equal(got, []string{"1 2"}) {
				t.Errorf("delivered %q", got)
			}
			if took := clock.Now().Sub(begun); took < 3*time.Second {
				t.Errorf("three reads failed and it took %s", took)
			}
			if got := w.server.Faults()[0]; got.Struck != 3 || got.Calls < 4 {
				t.Errorf("counted %+v", got)
			}
			name := w.streamARN[strings.LastIndexByte(w.streamARN, '/')+1:]
			want := map[FaultKind]float64{FaultThrottle: 3}[kind]
			if got := sumOf(t, cloudwatch.NewFromConfig(sdkConfig(w.server)), "AWS/Kinesis", "ReadProvisionedThroughputExceeded", "StreamName", name); got != want {
				t.Errorf("CloudWatch shows %v throttled reads, want %v", got, want)
			}
		})
	}
}
