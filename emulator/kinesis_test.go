package emulator

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// stream makes a stream on a server of its own.
func startKinesis(t testing.TB, options Options, shards int32) (*kinesis.Client, *Server) {
	t.Helper()
	s := startServer(t, options)
	client := kinesis.NewFromConfig(sdkConfig(s))
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: &shards})
	must(t, err)
	return client, s
}

// readShard reads a shard from an iterator on until it gives nothing more.
func readShard(t testing.TB, client *kinesis.Client, in *kinesis.GetShardIteratorInput) (records []types.Record, last *kinesis.GetRecordsOutput) {
	t.Helper()
	in.StreamName = aws.String("s")
	it, err := client.GetShardIterator(t.Context(), in)
	must(t, err)
	for next := it.ShardIterator; next != nil; next = last.NextShardIterator {
		last, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
		must(t, err)
		records = append(records, last.Records...)
		if len(last.Records) == 0 {
			break
		}
	}
	return records, last
}

func fromStart(shard string) *kinesis.GetShardIteratorInput {
	return &kinesis.GetShardIteratorInput{ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
}

func openShards(t testing.TB, client *kinesis.Client) []types.Shard {
	t.Helper()
	out, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s"), ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}})
	must(t, err)
	return out.Shards
}

func TestPutRoutesByMD5OfThePartitionKey(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 3)
	shards := openShards(t, client)
	for i := range 50 {
		key := fmt.Sprintf("key-%d", i)
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: &key, Data: []byte(key)})
		must(t, err)
		at := slices.IndexFunc(shards, func(s types.Shard) bool { return *s.ShardId == *out.ShardId })
		start, _ := parseHashKey(*shards[at].HashKeyRange.StartingHashKey)
		end, _ := parseHashKey(*shards[at].HashKeyRange.EndingHashKey)
		if hash := hashOf(key); hash.less(start) || end.less(hash) {
			t.Errorf("%s with hash %s went to %s: %s to %s", key, hash, *out.ShardId, start, end)
		}
	}
}

func TestExplicitHashKeyOverridesThePartitionKey(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 2)
	for hash, want := range map[string]string{
		"0": "shardId-000000000000", "170141183460469231731687303715884105727": "shardId-000000000000",
		"170141183460469231731687303715884105728": "shardId-000000000001", "340282366920938463463374607431768211455": "shardId-000000000001",
	} {
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("x"), ExplicitHashKey: &hash, Data: []byte("1")})
		must(t, err)
		if *out.ShardId != want {
			t.Errorf("hash key %s went to %s, want %s", hash, *out.ShardId, want)
		}
	}
}

func TestRecordsComeBackAsTheyWerePut(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 1)
	arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	before := time.Now().Add(-time.Second)
	data := [][]byte{{}, {0, 255, '\n'}, []byte("ä"), bytes.Repeat([]byte("x"), mib-1)}
	previous := ""
	for _, d := range data {
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamARN: arn, PartitionKey: aws.String("k"), Data: d})
		must(t, err)
		if len(*out.SequenceNumber) != 56 || *out.SequenceNumber <= previous {
			t.Errorf("sequence number %s after %s", *out.SequenceNumber, previous)
		}
		previous = *out.SequenceNumber
	}
	records, last := readShard(t, client, fromStart("shardId-000000000000"))
	if len(records) != len(data) {
		t.Fatalf("read %d records, want %d", len(records), len(data))
	}
	for i, r := range records {
		if !bytes.Equal(r.Data, data[i]) || *r.PartitionKey != "k" || r.ApproximateArrivalTimestamp.Before(before) || r.ApproximateArrivalTimestamp.After(time.Now().Add(time.Second)) {
			t.Errorf("record %d: %d bytes, key %s, arrived %s", i, len(r.Data), *r.PartitionKey, r.ApproximateArrivalTimestamp)
		}
	}
	if *last.MillisBehindLatest != 0 || last.NextShardIterator == nil {
		t.Errorf("at the end: %d ms behind, iterator %v", *last.MillisBehindLatest, last.NextShardIterator)
	}
}

func TestPutRecordsGivesEachRecordItsPlace(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 2)
	in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
	for i := range 500 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d", i), PartitionKey: aws.String(fmt.Sprint(i % 7))})
	}
	out, err := client.PutRecords(t.Context(), in)
	must(t, err)
	if *out.FailedRecordCount != 0 || len(out.Records) != 500 {
		t.Fatalf("%d failed of %d", *out.FailedRecordCount, len(out.Records))
	}
	stored := map[string]string{}
	for _, shard := range []string{"shardId-000000000000", "shardId-000000000001"} {
		records, _ := readShard(t, client, fromStart(shard))
		for _, r := range records {
			stored[shard+*r.SequenceNumber] = string(r.Data)
		}
	}
	for i, r := range out.Records {
		if got := stored[*r.ShardId+*r.SequenceNumber]; got != fmt.Sprint(i) {
			t.Errorf("record %d is %q", i, got)
		}
	}
}

func TestKinesisRefusesBadInput(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 2)
	name := aws.String("s")
	put := func(in *kinesis.PutRecordInput) func(context.Context) error {
		return func(ctx context.Context) error {
			in.StreamName = name
			_, err := client.PutRecord(ctx, in)
			return err
		}
	}
	puts := func(records ...types.PutRecordsRequestEntry) func(context.Context) error {
		if records == nil {
			records = []types.PutRecordsRequestEntry{} // nil is refused by the SDK itself
		}
		return func(ctx context.Context) error {
			_, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: name, Records: records})
			return err
		}
	}
	iterator := func(in *kinesis.GetShardIteratorInput) func(context.Context) error {
		return func(ctx context.Context) error {
			in.StreamName = name
			_, err := client.GetShardIterator(ctx, in)
			return err
		}
	}
	first, key, one := aws.String("shardId-000000000000"), aws.String("k"), []byte("1")
	large := types.PutRecordsRequestEntry{Data: make([]byte, mib-1), PartitionKey: key}
	for _, c := range []struct {
		name    string
		call    func(context.Context) error
		code    string
		message string // part of it
	}{
		{"stream exists", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
			return err
		}, "ResourceInUseException", "Stream s under account 000000000000 already exists."},
		{"stream name", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("a b"), ShardCount: aws.Int32(0)})
			return err
		}, "ValidationException", "2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount'"},
		{"no shard count", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("t")})
			return err
		}, "ValidationException", "ShardCount"},
		{"more shards than the quota", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("t"), ShardCount: aws.Int32(999)})
			return err
		}, "LimitExceededException", "Current shard count for the account: 2. Limit: 1000."},
		{"missing stream", func(ctx context.Context) error {
			_, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("other")})
			return err
		}, "ResourceNotFoundException", "Stream other under account 000000000000 not found."},
		{"no stream at all", func(ctx context.Context) error {
			_, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{})
			return err
		}, "InvalidArgumentException", "StreamName or StreamARN"},
		{"data of the stream's limit and one more byte", put(&kinesis.PutRecordInput{PartitionKey: key, Data: make([]byte, mib)}),
			"ValidationException", "at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"},
		{"empty partition key", put(&kinesis.PutRecordInput{PartitionKey: aws.String(""), Data: one}), "ValidationException", "at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"long partition key", put(&kinesis.PutRecordInput{PartitionKey: aws.String(strings.Repeat("ä", 257)), Data: one}), "ValidationException", "less than or equal to 256"},
		{"hash key beyond 2^128", put(&kinesis.PutRecordInput{PartitionKey: key, Data: one, ExplicitHashKey: aws.String("340282366920938463463374607431768211456")}), "InvalidArgumentException", "Invalid ExplicitHashKey"},
		{"no records", puts(), "ValidationException", "'records'"},
		{"501 records", puts(slices.Repeat([]types.PutRecordsRequestEntry{{Data: one, PartitionKey: key}}, 501)...), "ValidationException", "less than or equal to 500"},
		{"more than 10 MiB", puts(slices.Repeat([]types.PutRecordsRequestEntry{large}, 11)...), "InvalidArgumentException", "Records size exceeds 10 MB limit"},
		{"one bad record of two", puts(types.PutRecordsRequestEntry{Data: one, PartitionKey: key}, types.PutRecordsRequestEntry{Data: one, PartitionKey: aws.String("")}), "ValidationException", "records.2.member.partitionKey"},
		{"missing shard", iterator(fromStart("shardId-000000000009")), "ResourceNotFoundException", "Shard shardId-000000000009 in stream s under account 000000000000 does not exist"},
		{"sequence number with TRIM_HORIZON", iterator(&kinesis.GetShardIteratorInput{ShardId: first, ShardIteratorType: types.ShardIteratorTypeTrimHorizon, StartingSequenceNumber: aws.String("1")}), "InvalidArgumentException", "TRIM_HORIZON and also"},
		{"AT_SEQUENCE_NUMBER without one", iterator(&kinesis.GetShardIteratorInput{ShardId: first, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber}), "InvalidArgumentException", "no StartingSequenceNumber"},
		{"sequence number of elsewhere", iterator(&kinesis.GetShardIteratorInput{ShardId: first, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: aws.String("5")}), "InvalidArgumentException", "did not come from this stream"},
		{"no sequence number", iterator(&kinesis.GetShardIteratorInput{ShardId: first, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: aws.String("x1")}), "ValidationException", "startingSequenceNumber"},
		{"timestamp to come", iterator(&kinesis.GetShardIteratorInput{ShardId: first, ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(time.Now().Add(time.Hour))}), "InvalidArgumentException", "cannot be greater than the currentTimestampInMillis"},
		{"no iterator", func(ctx context.Context) error {
			_, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("x")})
			return err
		}, "InvalidArgumentException", "Invalid ShardIterator."},
		{"limit of GetRecords", func(ctx context.Context) error {
			_, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("x"), Limit: aws.Int32(10_001)})
			return err
		}, "ValidationException", "'limit'"},
		{"StreamId", func(ctx context.Context) error {
			_, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: name, StreamId: aws.String("1")})
			return err
		}, "InvalidArgumentException", "StreamId is not supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			message := wantCode(t, c.call(t.Context()), c.code)
			if !strings.Contains(message, c.message) {
				t.Errorf("message %q, want %q in it", message, c.message)
			}
		})
	}
	if records, _ := readShard(t, client, fromStart("shardId-000000000000")); len(records) > 0 {
		t.Errorf("a refused request stored %d records", len(records))
	}
}

func TestRaisedRecordSizeTakesLargerRecords(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 1)
	_, err := client.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{
		StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s"), MaxRecordSizeInKiB: aws.Int32(10_240),
	})
	must(t, err)
	_, err = client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: make([]byte, maxRecordLimit-1)})
	must(t, err)
	summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	must(t, err)
	if got := *summary.StreamDescriptionSummary.MaxRecordSizeInKiB; got != 10_240 {
		t.Errorf("MaxRecordSizeInKiB %d", got)
	}
}

func TestConcurrentPutsKeepTheOrderOfEachShard(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 2)
	var writers sync.WaitGroup
	for writer := range 8 {
		writers.Go(func() {
			key := fmt.Sprint(writer)
			for i := range 20 {
				_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: &key, Data: fmt.Appendf(nil, "%d", i)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	total := 0
	for _, shard := range []string{"shardId-000000000000", "shardId-000000000001"} {
		records, _ := readShard(t, client, fromStart(shard))
		total += len(records)
		previous, next := "", map[string]int{}
		for _, r := range records {
			if *r.SequenceNumber <= previous {
				t.Errorf("%s comes after %s", *r.SequenceNumber, previous)
			}
			previous = *r.SequenceNumber
			if want := fmt.Sprint(next[*r.PartitionKey]); string(r.Data) != want {
				t.Errorf("key %s: %s, want %s", *r.PartitionKey, r.Data, want)
			}
			next[*r.PartitionKey]++
		}
	}
	if total != 160 {
		t.Errorf("%d records, want 160", total)
	}
}
