package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
)

// limited is a world whose shards have their limits.
func limited(t *testing.T, shards int32) (*world, *ManualClock) {
	clock := NewManualClock(epoch)
	return newWorld(t, Options{Clock: clock, EnforceThroughput: true}, shards), clock
}

// putAll puts records into the shard of a hash key and gives how many it took.
func (w *world) putAll(hash string, records, size int) (stored int) {
	w.t.Helper()
	for records > 0 {
		in := &kinesis.PutRecordsInput{StreamARN: &w.streamARN}
		for range min(records, putRecordsLimit) {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{
				PartitionKey: aws.String("k"), ExplicitHashKey: &hash, Data: bytes.Repeat([]byte("x"), size-1),
			})
		}
		records -= len(in.Records)
		out, err := w.kinesis.PutRecords(w.t.Context(), in)
		must(w.t, err)
		stored += len(in.Records) - int(*out.FailedRecordCount)
		for i, r := range out.Records {
			if r.ErrorCode != nil && (*r.ErrorCode != tooMuchThroughput || !strings.HasPrefix(*r.ErrorMessage, "Rate exceeded for shard shardId-00000000000")) {
				w.t.Errorf("record %d: %s, %s", i, *r.ErrorCode, *r.ErrorMessage)
			}
		}
	}
	return stored
}

const upperHalf = "340282366920938463463374607431768211455"

// A shard takes 1,000 records or 1 MiB a second; others are not touched by that.
func TestShardTakesNoMoreThanItsThroughput(t *testing.T) {
	w, clock := limited(t, 2)
	if got := w.putAll("0", 1200, 10); got != 1000 {
		t.Errorf("%d records of 10 B are stored in a second", got)
	}
	clock.Advance(100 * time.Millisecond)
	if got := w.putAll("0", 500, 10); got != 100 {
		t.Errorf("%d records are stored in the next tenth", got)
	}
	if got := w.putAll(upperHalf, 40, 32*kib); got != 32 {
		t.Errorf("%d records of 32 KiB are stored in a second", got)
	}
	if got := sumOf(t, cloudwatch.NewFromConfig(sdkConfig(w.server)), "AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", "events"); got != 200+400+8 {
		t.Errorf("CloudWatch shows %v", got)
	}
	_, err := w.kinesis.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamARN: &w.streamARN, PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("0"), Data: []byte("x")})
	if exceeded, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err); !ok || exceeded.ErrorMessage() != "Rate exceeded for shard shardId-000000000000 in stream events under account 000000000000." {
		t.Errorf("PutRecord: %v", err)
	}
	w.server.SetEnforceThroughput(false)
	if got := w.putAll("0", 1500, 10); got != 1500 {
		t.Errorf("%d records are stored without limits", got)
	}
}

// A record of 10 MiB, where they are allowed, takes the shard's next ten seconds.
func TestLargeRecordUsesThroughputInAdvance(t *testing.T) {
	w, clock := limited(t, 1)
	_, err := w.kinesis.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{StreamARN: &w.streamARN, MaxRecordSizeInKiB: aws.Int32(10 * 1024)})
	must(t, err)
	if w.putAll("0", 1, 10*mib) != 1 {
		t.Fatal("it is refused")
	}
	clock.Advance(9 * time.Second)
	if w.putAll("0", 1, 10) != 0 {
		t.Error("the shard takes more after nine seconds")
	}
	clock.Advance(time.Second)
	if w.putAll("0", 1, 10) != 1 {
		t.Error("the shard takes nothing after ten seconds")
	}
}

func (w *world) iterator() *string {
	w.t.Helper()
	out, err := w.kinesis.GetShardIterator(w.t.Context(), &kinesis.GetShardIteratorInput{
		StreamARN: &w.streamARN, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	must(w.t, err)
	return out.ShardIterator
}

// A shard is read five times a second, and after 10 MB not for five seconds.
func TestShardGivesNoMoreThanItsThroughput(t *testing.T) {
	w, clock := limited(t, 1)
	read := func() error {
		_, err := w.kinesis.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: w.iterator()})
		return err
	}
	for range shardReads {
		must(t, read())
	}
	if exceeded, ok := errors.AsType[*types.ProvisionedThroughputExceededException](read()); !ok {
		t.Errorf("the sixth reading: %v", exceeded)
	}
	for range 12 {
		clock.Advance(time.Second)
		if got := w.putAll("0", 16, 60*kib); got != 16 {
			t.Fatalf("%d are stored", got)
		}
	}
	must(t, read())
	clock.Advance(4 * time.Second)
	if read() == nil {
		t.Error("it is read again after four seconds")
	}
	clock.Advance(2 * time.Second)
	must(t, read())
}

// A mapping reads within the same limits, together with others, and loses nothing
// by it.
func TestMappingReadsWithinTheThroughput(t *testing.T) {
	w, clock := limited(t, 1)
	// Its time is the clock's, which does not wait for it.
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(900) })
	for i := range 30 {
		clock.Advance(time.Second)
		if got := w.putAll("0", 16, 60*kib); got != 16 {
			t.Fatalf("%d of second %d are stored", got, i)
		}
	}
	uuid := w.createMapping(batchSize(16))
	eventually(t, "all records to be done", func() bool {
		clock.Advance(250 * time.Millisecond)
		return w.caughtUp(uuid)
	})
	got := 0
	for _, d := range w.brain.all() {
		got += len(d.records(t))
	}
	if got != 30*16 {
		t.Errorf("the function got %d records", got)
	}
	// 30 batches at five readings a second, 27 MiB at two a second.
	if took := clock.Now().Sub(epoch) - 30*time.Second; took < 12*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What streams hold has a bound, and retention makes room.
func TestStreamMemoryIsBounded(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock, StreamMemory: 10 * mib})
	client := kinesis.NewFromConfig(sdkConfig(s))
	create := func(name string) {
		_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)})
		must(t, err)
	}
	put := func(name string) error {
		_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: &name, Records: []types.PutRecordsRequestEntry{
			{PartitionKey: aws.String("k"), Data: make([]byte, mib-1)}, {PartitionKey: aws.String("k"), Data: make([]byte, mib-1)},
		}})
		return err
	}
	create("a")
	create("b")
	for range 4 {
		must(t, put("a"))
	}
	full := func(name string) {
		t.Helper()
		refused, ok := errors.AsType[smithy.APIError](put(name))
		if want := fmt.Sprintf("The emulator holds at most %d bytes of stream records in memory, and there is no room for this.", 10*mib); !ok || refused.ErrorCode() != "EmulatorCapacityExceeded" || refused.ErrorMessage() != want {
			t.Errorf("%v", refused)
		}
	}
	full("b")
	full("a")
	clock.Advance(25 * time.Hour) // nobody has read or written since
	for range 4 {
		must(t, put("b"))
	}
	full("a")
	_, err := client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("b")})
	must(t, err)
	must(t, put("a"))
	if held := s.kinesis.room.used.Load(); held != 2*(mib+recordFrame) {
		t.Errorf("%d bytes are held of two records", held)
	}
}

// So have the items of all tables.
func TestItemsInMemoryAreBounded(t *testing.T) {
	s := startServer(t, Options{})
	s.dynamodb.room.limit = 1000
	client := dynamodb.NewFromConfig(sdkConfig(s))
	createTable(t, client, "users", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	set := func(id string, size int) error {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("users"), Item: item{"id": str(id), "v": str(strings.Repeat("x", size))}})
		return err
	}
	must(t, set("a", 900))
	if refused, ok := errors.AsType[smithy.APIError](set("b", 200)); !ok || refused.ErrorCode() != "EmulatorCapacityExceeded" {
		t.Errorf("%v", refused)
	}
	must(t, set("a", 100)) // what it replaces makes room
	must(t, set("b", 200))
	for _, id := range []string{"a", "b"} {
		_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("users"), Key: item{"id": str(id)}})
		must(t, err)
	}
	if held := s.dynamodb.room.used.Load(); held != 0 {
		t.Errorf("%d bytes are held of no item", held)
	}
	must(t, set("a", 900))
	_, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("users")})
	must(t, err)
	if held := s.dynamodb.room.used.Load(); held != 0 {
		t.Errorf("%d bytes are held of no table", held)
	}
}
