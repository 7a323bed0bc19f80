package emulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// wantWhole fails unless the open shards' ranges cover all hash keys once.
func wantWhole(t testing.TB, shards []types.Shard) {
	t.Helper()
	slices.SortFunc(shards, func(a, b types.Shard) int {
		x, _ := parseHashKey(*a.HashKeyRange.StartingHashKey)
		y, _ := parseHashKey(*b.HashKeyRange.StartingHashKey)
		if x.less(y) {
			return -1
		}
		return 1
	})
	next := hashKey{}
	for i, s := range shards {
		start, _ := parseHashKey(*s.HashKeyRange.StartingHashKey)
		end, _ := parseHashKey(*s.HashKeyRange.EndingHashKey)
		if start != next || end.less(start) {
			t.Fatalf("shard %d of %d holds %s to %s, want from %s", i, len(shards), start, end, next)
		}
		next = end.after()
	}
	if next != (hashKey{}) {
		t.Fatalf("the last shard ends before %s", next)
	}
}

func TestUpdateShardCountSplitsAndMerges(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 2)
	update := func(target int32) error {
		_, err := client.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("s"), TargetShardCount: &target, ScalingType: types.ScalingTypeUniformScaling})
		return err
	}
	must(t, update(4))
	shards := openShards(t, client)
	if len(shards) != 4 {
		t.Fatalf("%d shards", len(shards))
	}
	wantWhole(t, shards)
	for _, s := range shards {
		if parent := deref(s.ParentShardId); parent != "shardId-000000000000" && parent != "shardId-000000000001" || s.AdjacentParentShardId != nil {
			t.Errorf("%s has the parents %s and %s", *s.ShardId, parent, deref(s.AdjacentParentShardId))
		}
	}
	must(t, update(3))
	shards = openShards(t, client)
	wantWhole(t, shards)
	for i, want := range uniformStarts(3) {
		if got := *shards[i].HashKeyRange.StartingHashKey; got != want.String() {
			t.Errorf("shard %d of 3 begins at %s, want %s", i, got, want)
		}
	}
	must(t, update(2))
	if shards = openShards(t, client); len(shards) != 2 {
		t.Errorf("%d shards, want 2", len(shards))
	}
	wantWhole(t, shards)
	if message := wantCode(t, update(5), "InvalidArgumentException"); !strings.Contains(message, "cannot scale up over double your current open shard count. Current open shard count: 2. Target shard count: 5") {
		t.Error(message)
	}
	must(t, update(4))
	if message := wantCode(t, update(1), "InvalidArgumentException"); !strings.Contains(message, "cannot scale down below half") {
		t.Error(message)
	}
}

func TestClosedShardIsReadToItsEnd(t *testing.T) {
	clock := NewManualClock(epoch)
	client, _ := startKinesis(t, Options{Clock: clock}, 1)
	put := func(data string) string {
		out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte(data)})
		must(t, err)
		return *out.ShardId
	}
	put("before")
	_, err := client.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("100")})
	must(t, err)
	if shard := put("after"); shard == "shardId-000000000000" {
		t.Errorf("the closed shard took a record")
	}
	records, last := readShard(t, client, fromStart("shardId-000000000000"))
	if len(records) != 1 || last.NextShardIterator != nil || len(last.ChildShards) != 2 {
		t.Errorf("%d records, iterator %v, children %+v", len(records), last.NextShardIterator, last.ChildShards)
	}
	all, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s")})
	must(t, err)
	if len(all.Shards) != 3 || all.Shards[0].SequenceNumberRange.EndingSequenceNumber == nil || all.Shards[1].SequenceNumberRange.EndingSequenceNumber != nil {
		t.Errorf("shards %+v", all.Shards)
	}
	clock.Advance(24*time.Hour + time.Second)
	all, err = client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s")})
	must(t, err)
	if len(all.Shards) != 2 {
		t.Errorf("a closed shard is listed after the retention: %d shards", len(all.Shards))
	}
}

func TestMergeAndSplitOfWhatCannotBe(t *testing.T) {
	client, _ := startKinesis(t, Options{}, 3)
	id := func(n int) *string { return aws.String(shardID(uint32(n))) }
	merge := func(a, b int) error {
		_, err := client.MergeShards(t.Context(), &kinesis.MergeShardsInput{StreamName: aws.String("s"), ShardToMerge: id(a), AdjacentShardToMerge: id(b)})
		return err
	}
	split := func(n int, at string) error {
		_, err := client.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: id(n), NewStartingHashKey: &at})
		return err
	}
	wantCode(t, merge(0, 2), "InvalidArgumentException")
	wantCode(t, merge(0, 0), "InvalidArgumentException")
	wantCode(t, merge(0, 9), "ResourceNotFoundException")
	wantCode(t, split(0, "0"), "InvalidArgumentException")
	wantCode(t, split(0, "113427455640312821154458202477256070484"), "InvalidArgumentException") // its last key
	wantCode(t, split(1, "5"), "InvalidArgumentException")
	wantCode(t, split(0, "x"), "ValidationException")
	must(t, merge(1, 0)) // the higher one first is right too
	wantCode(t, merge(0, 1), "InvalidArgumentException")
	wantCode(t, split(0, "5"), "InvalidArgumentException")
	shards := openShards(t, client)
	wantWhole(t, shards)
	merged := shards[0]
	if deref(merged.ParentShardId) != *id(1) || deref(merged.AdjacentParentShardId) != *id(0) {
		t.Errorf("parents %s and %s", deref(merged.ParentShardId), deref(merged.AdjacentParentShardId))
	}
}

// TestReshardingNeverLosesAKey runs many changes in a row that are random, but
// the same each time.
func TestReshardingNeverLosesAKey(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	st := &stream{retention: time.Hour, resharded: make(chan struct{}), gone: make(chan struct{})}
	st.newShard(epoch, hashKey{}, maxHashKey())
	for range 300 {
		target := max(1, min(40, len(st.open)/2+random.IntN(2*len(st.open)+1)))
		st.rescale(epoch, target)
		if len(st.open) != target {
			t.Fatalf("%d shards, want %d", len(st.open), target)
		}
		next := hashKey{}
		for _, sh := range st.open {
			if sh.start != next {
				t.Fatalf("%s begins at %s, want %s", sh.id, sh.start, next)
			}
			next = sh.end.after()
		}
		key := hashOf(fmt.Sprint(random.Uint64()))
		if sh := st.shardFor(key); key.less(sh.start) || sh.end.less(key) {
			t.Fatalf("key %s is given to %s: %s to %s", key, sh.id, sh.start, sh.end)
		}
	}
}

func TestStreamStates(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock, Readiness: Readiness{Stream: 10 * time.Second}})
	client := kinesis.NewFromConfig(sdkConfig(s))
	name := aws.String("s")
	status := func() types.StreamStatus {
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: name})
		must(t, err)
		return out.StreamDescriptionSummary.StreamStatus
	}
	put := func() error {
		_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("k"), Data: []byte("1")})
		return err
	}
	update := func() error {
		_, err := client.IncreaseStreamRetentionPeriod(t.Context(), &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(48)})
		return err
	}
	want := func(wanted types.StreamStatus) {
		t.Helper()
		if got := status(); got != wanted {
			t.Errorf("status %s, want %s", got, wanted)
		}
	}
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
	must(t, err)
	want(types.StreamStatusCreating)
	wantCode(t, put(), "ResourceNotFoundException")
	wantCode(t, update(), "ResourceInUseException")
	clock.Advance(10 * time.Second)
	want(types.StreamStatusActive)
	must(t, update())
	want(types.StreamStatusUpdating)
	must(t, put())
	wantCode(t, update(), "ResourceInUseException")
	clock.Advance(10 * time.Second)
	_, err = client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: name})
	must(t, err)
	want(types.StreamStatusDeleting)
	_, err = client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)})
	wantCode(t, err, "ResourceInUseException")
	clock.Advance(10 * time.Second)
	_, err = client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: name})
	wantCode(t, err, "ResourceNotFoundException")
}
