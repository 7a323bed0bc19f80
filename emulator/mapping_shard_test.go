package emulator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func parallel(n int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.ParallelizationFactor = &n }
}

// putMixed puts records of several partition keys; each holds its key and a
// number that grows by key.
func (w *world) putMixed(keys, each int) {
	w.t.Helper()
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events")}
	for i := range each {
		for key := range keys {
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d:%d", key, i), PartitionKey: aws.String(fmt.Sprint("key", key))})
		}
	}
	_, err := w.kinesis.PutRecords(w.t.Context(), in)
	must(w.t, err)
}

// wantOrderedByKey fails unless every record came once, and those of each key in
// their order.
func wantOrderedByKey(t testing.TB, all []delivery, keys, each int) {
	t.Helper()
	wantOrder(t, strings.Fields(strings.Join(dataOf(t, all), " ")), keys, each)
}

func wantOrder(t testing.TB, data []string, keys, each int) {
	t.Helper()
	next := map[string]int{}
	for _, word := range data {
		key, n, _ := strings.Cut(word, ":")
		if n != fmt.Sprint(next[key]) {
			t.Errorf("key %s: %s came, want %d", key, n, next[key])
		}
		next[key]++
	}
	if len(next) != keys {
		t.Errorf("%d keys, want %d", len(next), keys)
	}
	for key, n := range next {
		if n != each {
			t.Errorf("key %s: %d records, want %d", key, n, each)
		}
	}
}

func countRecords(t testing.TB, all []delivery) int {
	t.Helper()
	n := 0
	for _, d := range all {
		n += len(d.records(t))
	}
	return n
}

func TestParallelizationFactorKeepsTheOrderOfEachPartitionKey(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.putMixed(20, 20)
	w.createMapping(parallel(4), batchSize(7))
	all := w.brain.wait(t, "400 records", func(all []delivery) bool { return countRecords(t, all) >= 400 })
	wantOrderedByKey(t, all, 20, 20)
}

func TestParallelizationFactorRunsBatchesOfOneShardAtOnce(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	release := make(chan struct{})
	w.brain.setDecide(func(delivery) reaction { <-release; return reaction{Answer: "{}"} })
	w.putMixed(20, 1)
	w.createMapping(parallel(3))
	all := w.brain.atLeast(t, 3)
	close(release)
	if all[0].PID == all[1].PID || all[1].PID == all[2].PID || all[0].PID == all[2].PID {
		t.Errorf("processes %d, %d, %d", all[0].PID, all[1].PID, all[2].PID)
	}
	wantOrderedByKey(t, all, 20, 1)
}

func TestWithoutParallelizationOneBatchOfAShardRunsAtATime(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	running := make(chan struct{}, 1)
	w.brain.setDecide(func(delivery) reaction {
		select {
		case running <- struct{}{}:
			<-running
		default:
			t.Error("two batches of a shard at once")
		}
		return reaction{Answer: "{}"}
	})
	w.putMixed(20, 10)
	w.createMapping(batchSize(10))
	wantOrderedByKey(t, w.brain.wait(t, "200 records", func(all []delivery) bool { return countRecords(t, all) >= 200 }), 20, 10)
}

func TestChildrenWaitUntilTheirParentsAreDrained(t *testing.T) {
	for _, factor := range []int32{1, 3} {
		t.Run(fmt.Sprint("factor ", factor), func(t *testing.T) {
			w, clock := onManualClock(t, 2)
			var mu sync.Mutex
			var works bool
			var done []string // data, in the order in which it was accepted
			w.brain.setDecide(func(d delivery) reaction {
				mu.Lock()
				defer mu.Unlock()
				if !works {
					return reaction{Error: "not yet"}
				}
				done = append(done, strings.Fields(d.data(t))...)
				return reaction{Answer: "{}"}
			})
			w.createMapping(batchSize(10), parallel(factor))
			w.putMixed(10, 3)
			w.brain.atLeast(t, 1)
			for i, target := range []int32{4, 2, 3} {
				_, err := w.kinesis.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("events"), TargetShardCount: &target, ScalingType: kinesistypes.ScalingTypeUniformScaling})
				must(t, err)
				w.putMixedFrom(10, 3+i)
			}
			mu.Lock()
			works = true
			mu.Unlock()
			pass(t, clock, "all records", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(done) >= 60
			})
			mu.Lock()
			defer mu.Unlock()
			wantOrder(t, done, 10, 6)
		})
	}
}

func TestLatestReadsChildrenFromTheirBeginning(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.put("k", "old")
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.StartingPosition = types.EventSourcePositionLatest
	})
	target := int32(2)
	_, err := w.kinesis.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("events"), TargetShardCount: &target, ScalingType: kinesistypes.ScalingTypeUniformScaling})
	must(t, err)
	w.put("k", "new")
	if got := dataOf(t, w.brain.atLeast(t, 1)); !slices.Equal(got, []string{"new"}) {
		t.Errorf("delivered %q", got)
	}
}

func TestDisablingKeepsThePosition(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.StartingPosition = types.EventSourcePositionLatest
	})
	enable := func(enabled bool) string {
		out, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, Enabled: &enabled})
		must(t, err)
		return *out.State
	}
	w.put("k", "1")
	w.brain.atLeast(t, 1)
	if state := enable(false); state != "Disabling" {
		t.Errorf("state %s", state)
	}
	w.put("k", "2", "3")
	if state := enable(true); state != "Enabling" {
		t.Errorf("state %s", state)
	}
	w.put("k", "4")
	all := w.brain.wait(t, "4 records", func(all []delivery) bool { return countRecords(t, all) >= 4 })
	if got := strings.Join(dataOf(t, all), " "); got != "1 2 3 4" {
		t.Errorf("delivered %q", got)
	}
}

func TestDisabledMappingDeliversNothing(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) { in.Enabled = aws.Bool(false) })
	out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	must(t, err)
	if *out.State != "Disabled" {
		t.Errorf("state %s", *out.State)
	}
	w.put("k", "1")
	if m := w.server.lambda.mappings[uuid]; m.run != nil {
		t.Error("it polls")
	}
	if n := len(w.brain.all()); n > 0 {
		t.Errorf("%d deliveries", n)
	}
}

func TestUpdateWhileRunningLosesAndRepeatsNothing(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(batchSize(5))
	for i := range 10 {
		w.putMixedFrom(8, i)
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, BatchSize: aws.Int32(int32(3 + i))})
		must(t, err)
	}
	wantOrderedByKey(t, w.brain.wait(t, "80 records", func(all []delivery) bool { return countRecords(t, all) >= 80 }), 8, 10)
	out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	must(t, err)
	if *out.BatchSize != 12 || *out.State != "Enabled" {
		t.Errorf("batch size %d, state %s", *out.BatchSize, *out.State)
	}
}

// putMixedFrom puts one record of each key with a number.
func (w *world) putMixedFrom(keys, number int) {
	w.t.Helper()
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events")}
	for key := range keys {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d:%d", key, number), PartitionKey: aws.String(fmt.Sprint("key", key))})
	}
	_, err := w.kinesis.PutRecords(w.t.Context(), in)
	must(w.t, err)
}

func TestChangedParallelizationFactorLosesNothing(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(parallel(4), batchSize(3))
	w.putMixed(12, 10)
	w.brain.atLeast(t, 3)
	_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, ParallelizationFactor: aws.Int32(2)})
	must(t, err)
	all := w.brain.wait(t, "every record", func(all []delivery) bool { return len(distinct(t, all)) == 120 })
	if n := len(distinct(t, all)); n != 120 {
		t.Errorf("%d records, want 120", n)
	}
}

func distinct(t testing.TB, all []delivery) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for _, word := range strings.Fields(strings.Join(dataOf(t, all), " ")) {
		seen[word] = true
	}
	return seen
}

func TestDeletedMappingDeliversNoMore(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping()
	w.put("k", "1")
	w.brain.atLeast(t, 1)
	run := w.server.lambda.mappings[uuid].run
	_, err := w.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &uuid})
	must(t, err)
	<-run.done
	w.put("k", "2")
	if n := len(w.brain.all()); n != 1 {
		t.Errorf("%d deliveries", n)
	}
}

func TestMappingFollowsANewStreamOfTheSameName(t *testing.T) {
	w, clock := onManualClock(t, 1)
	uuid := w.createMapping()
	w.put("k", "1")
	eventually(t, "the first record", func() bool { return w.lastResult(uuid) == resultOK })
	_, err := w.kinesis.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("events")})
	must(t, err)
	eventually(t, "the problem", func() bool { return w.lastResult(uuid) == "PROBLEM: Stream not found" })
	_, err = w.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("events"), ShardCount: aws.Int32(1)})
	must(t, err)
	w.put("k", "2")
	pass(t, clock, "the new stream's record", func() bool { return len(w.brain.all()) == 2 })
	if got := w.brain.all()[1].data(t); got != "2" {
		t.Errorf("delivered %q", got)
	}
}
