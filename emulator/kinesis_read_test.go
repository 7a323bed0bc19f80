package emulator

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestIteratorTypes(t *testing.T) {
	clock := NewManualClock(epoch)
	client, _ := startKinesis(t, Options{Clock: clock}, 1)
	var sequences []string
	for i := range 5 {
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: fmt.Appendf(nil, "%d", i)})
		must(t, err)
		sequences = append(sequences, *out.SequenceNumber)
		clock.Advance(time.Second)
	}
	shard := aws.String("shardId-000000000000")
	for _, c := range []struct {
		in   *kinesis.GetShardIteratorInput
		want string
	}{
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, "01234"},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest}, ""},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: &sequences[2]}, "234"},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: &sequences[2]}, "34"},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: &sequences[4]}, ""},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(epoch.Add(2 * time.Second))}, "234"},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(epoch.Add(1001 * time.Millisecond))}, "234"},
		{&kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(epoch.Add(-time.Hour))}, "01234"},
	} {
		c.in.ShardId = shard
		records, _ := readShard(t, client, c.in)
		got := ""
		for _, r := range records {
			got += string(r.Data)
		}
		if got != c.want {
			t.Errorf("%s: read %q, want %q", c.in.ShardIteratorType, got, c.want)
		}
	}
}

func TestMillisBehindLatestTellsTheAgeOfTheNextRecord(t *testing.T) {
	clock := NewManualClock(epoch)
	client, _ := startKinesis(t, Options{Clock: clock}, 1)
	for range 3 {
		_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte("1")})
		must(t, err)
		clock.Advance(10 * time.Second)
	}
	in := fromStart("shardId-000000000000")
	in.StreamName = aws.String("s")
	it, err := client.GetShardIterator(t.Context(), in)
	must(t, err)
	for _, want := range []int64{20_000, 10_000, 0} {
		out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator, Limit: aws.Int32(1)})
		must(t, err)
		if *out.MillisBehindLatest != want {
			t.Errorf("%d ms behind, want %d", *out.MillisBehindLatest, want)
		}
		it.ShardIterator = out.NextShardIterator
	}
}

// A reader that was told 0 would take it that it has all.
func TestMillisBehindLatestIsZeroAtTheEndOnly(t *testing.T) {
	client, _ := startKinesis(t, Options{Clock: NewManualClock(epoch)}, 1)
	for range 2 {
		_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte("1")})
		must(t, err)
	}
	in := fromStart("shardId-000000000000")
	in.StreamName = aws.String("s")
	it, err := client.GetShardIterator(t.Context(), in)
	must(t, err)
	for _, want := range []int64{1, 0} {
		out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator, Limit: aws.Int32(1)})
		must(t, err)
		if *out.MillisBehindLatest != want {
			t.Errorf("%d ms behind, want %d", *out.MillisBehindLatest, want)
		}
		it.ShardIterator = out.NextShardIterator
	}
}

func TestIteratorExpiresAfterFiveMinutes(t *testing.T) {
	clock := NewManualClock(epoch)
	client, _ := startKinesis(t, Options{Clock: clock}, 1)
	in := fromStart("shardId-000000000000")
	in.StreamName = aws.String("s")
	it, err := client.GetShardIterator(t.Context(), in)
	must(t, err)
	clock.Advance(5 * time.Minute)
	_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	must(t, err)
	clock.Advance(time.Millisecond)
	_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	wantCode(t, err, "ExpiredIteratorException")
}

func TestIteratorOfAStreamThatIsGone(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 1)
	in := fromStart("shardId-000000000000")
	in.StreamName = aws.String("s")
	it, err := client.GetShardIterator(t.Context(), in)
	must(t, err)
	_, err = client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)})
	must(t, err)
	_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestRecordsAreKeptForTheRetentionAlone(t *testing.T) {
	clock := NewManualClock(epoch)
	client, s := startKinesis(t, Options{Clock: clock}, 1)
	put := func(n int) {
		for range n {
			_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte("1")})
			must(t, err)
		}
	}
	put(30)
	clock.Advance(23 * time.Hour)
	put(3)
	clock.Advance(time.Hour)
	if records, _ := readShard(t, client, fromStart("shardId-000000000000")); len(records) != 33 {
		t.Errorf("after 24 h there are %d records, want 33", len(records))
	}
	clock.Advance(time.Millisecond)
	if records, _ := readShard(t, client, fromStart("shardId-000000000000")); len(records) != 3 {
		t.Errorf("after 24 h and 1 ms there are %d records, want 3", len(records))
	}
	st, _ := s.kinesis.byARN("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	if sh := st.open[0]; cap(sh.records) >= 30 {
		t.Errorf("the memory of forgotten records is kept: %d", cap(sh.records))
	}
}

func TestRetentionIsRaisedAndLowered(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 1)
	increase := func(hours int32) error {
		_, err := client.IncreaseStreamRetentionPeriod(t.Context(), &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: aws.String("s"), RetentionPeriodHours: &hours})
		return err
	}
	decrease := func(hours int32) error {
		_, err := client.DecreaseStreamRetentionPeriod(t.Context(), &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: aws.String("s"), RetentionPeriodHours: &hours})
		return err
	}
	must(t, increase(168))
	must(t, increase(168))
	wantCode(t, increase(48), "InvalidArgumentException")
	wantCode(t, decrease(169), "InvalidArgumentException")
	must(t, decrease(48))
	wantCode(t, decrease(23), "InvalidArgumentException")
	wantCode(t, increase(8761), "InvalidArgumentException")
	out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	must(t, err)
	if got := *out.StreamDescriptionSummary.RetentionPeriodHours; got != 48 {
		t.Errorf("retention %d h", got)
	}
}

func FuzzParseShardIterator(f *testing.F) {
	f.Add(shardIterator{streamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/s", shard: "shardId-000000000000", created: 1, ordinal: 2, issued: 3}.String())
	f.Add("AAAAAAAAAAE")
	f.Add("AAAAAAAAAAEaQoK")
	f.Fuzz(func(t *testing.T, token string) {
		it, ok := parseShardIterator(token)
		if !ok {
			return
		}
		again, ok := parseShardIterator(it.String())
		if !ok || again != it {
			t.Fatalf("%q: %+v became %+v", token, it, again)
		}
	})
}
