package emulator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestBisectIsolatesThePoisonRecord(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(d delivery) reaction {
		if slices.Contains(strings.Fields(d.data(t)), "6") {
			return reaction{Exit: 1}
		}
		return reaction{Answer: "{}"}
	})
	w.put("k", numbers(1, 8)...)
	w.createMapping(bisect, retries(0), toBucket)
	var all []failure
	pass(t, clock, "the discarded record and what follows", func() bool {
		all = w.failures()
		return len(all) > 0 && strings.HasSuffix(strings.Join(dataOf(t, w.brain.all()), " "), "7 8")
	})
	want := []string{"1 2 3 4 5 6 7 8", "1 2 3 4", "5 6 7 8", "5 6", "5", "6", "7 8"}
	if got := dataOf(t, w.brain.all()); !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
	if len(all) != 1 || all[0].data(t) != "6" {
		t.Errorf("discarded %q", all[0].data(t))
	}
}

func TestBisectDoesNotUseUpRetries(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	w.put("k", "1", "2")
	w.createMapping(bisect, retries(2), toBucket)
	pass(t, clock, "both records to be discarded", func() bool { return len(w.failures()) == 2 })
	want := []string{"1 2", "1", "1", "1", "2", "2", "2"}
	if got := dataOf(t, w.brain.all()); !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestBisectWithPartialResponseRetriesTheRemainderOnly(t *testing.T) {
	w, clock := onManualClock(t, 1)
	sequences := w.put("k", numbers(1, 6)...)
	w.brain.setDecide(func(d delivery) reaction {
		if len(d.records(t)) == 6 {
			return failing(sequences[4])
		}
		return reaction{Answer: "{}"}
	})
	w.createMapping(bisect)
	pass(t, clock, "the retry", func() bool { return len(w.brain.all()) == 2 })
	w.put("k", "7")
	pass(t, clock, "the next batch", func() bool { return len(w.brain.all()) == 3 })
	if got, want := dataOf(t, w.brain.all()), []string{"1 2 3 4 5 6", "5 6", "7"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestBisectOnAnInvalidResponse(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(d delivery) reaction {
		if len(d.records(t)) > 1 {
			return failing("unknown")
		}
		return reaction{Answer: "{}"}
	})
	w.put("k", "1", "2", "3")
	w.createMapping(bisect)
	pass(t, clock, "single records", func() bool { return len(w.brain.all()) >= 5 })
	if got, want := dataOf(t, w.brain.all()), []string{"1 2 3", "1", "2 3", "2", "3"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestRecordTooOldWhenFirstReadIsNotDelivered(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.put("k", "old")
	clock.Advance(61 * time.Second)
	w.put("k", numbers(1, 5)...)
	w.createMapping(recordAge(60), toBucket)
	pass(t, clock, "the fresh records", func() bool { return len(w.brain.all()) > 0 })
	if got := dataOf(t, w.brain.all()); !slices.Equal(got, []string{"1 2 3 4 5"}) {
		t.Errorf("batches %q", got)
	}
	all := w.failures()
	if len(all) != 1 {
		t.Fatalf("%d objects at the destination", len(all))
	}
	if f := all[0]; f.data(t) != "old" || f.RequestContext.Condition != "RecordAgeExceeded" || f.RequestContext.ApproximateInvokeCount != 1 || f.ResponseContext != nil {
		t.Errorf("discarded %s", f.body)
	}
}

func TestRecordThatExpiresWhileRetryingIsDiscarded(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	w.put("k", "1")
	w.createMapping(recordAge(60), toBucket)
	var all []failure
	pass(t, clock, "the expired record", func() bool { all = w.failures(); return len(all) > 0 })
	f, n := all[0], len(w.brain.all())
	if f.RequestContext.Condition != "RecordAgeExceeded" || f.RequestContext.ApproximateInvokeCount != n || n < 3 || f.ResponseContext != nil {
		t.Errorf("after %d invocations discarded %s", n, f.body)
	}
}

func TestRecordsBeyondTheStreamsRetentionAreDiscarded(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(d delivery) reaction {
		if d.data(t) == "1" {
			return reaction{Error: "broken"}
		}
		return reaction{Answer: "{}"}
	})
	w.put("k", "1")
	w.createMapping(toBucket)
	w.brain.atLeast(t, 1)
	pass(t, clock, "the retry to wait", func() bool { return len(w.brain.all()) > 1 })
	clock.Advance(24 * time.Hour)
	w.put("k", "2")
	pass(t, clock, "the next record", func() bool { return slices.Contains(dataOf(t, w.brain.all()), "2") })
	if all := w.failures(); len(all) != 1 || all[0].data(t) != "1" {
		t.Errorf("%d objects at the destination", len(all))
	}
}

// TestRetriesBackOffAsRecorded counts the invocations that fit into a minute:
// eight were recorded from AWS.
func TestRetriesBackOffAsRecorded(t *testing.T) {
	clock := &leapingClock{now: epoch}
	l := &lambdaService{clock: clock}
	run := &pollerRun{mapping: &sourceMapping{lambda: l}}
	run.config.MaximumRecordAgeInSeconds = aws.Int32(60)
	ln := &lane{lambda: l, shardPoller: &shardPoller{run: run, stream: &stream{retention: 24 * time.Hour}}}
	a := &attempt{records: []*record{{arrived: epoch.UnixMilli()}}}
	invocations := 0
	for clock.now.Sub(epoch) <= time.Minute {
		invocations++
		if !ln.backOff(t.Context(), a) {
			t.Fatal("the pause was broken off")
		}
	}
	if invocations != 8 {
		t.Errorf("%d invocations in 60 s, want 8", invocations)
	}
	if late := clock.now.Sub(epoch); late > time.Minute+2*time.Millisecond {
		t.Errorf("the last pause ends %s after the arrival, past the record's age", late)
	}
}

// leapingClock moves to the end of every wait at once.
type leapingClock struct{ now time.Time }

func (c *leapingClock) Now() time.Time { return c.now }
func (c *leapingClock) After(d time.Duration) <-chan time.Time {
	c.now = c.now.Add(d)
	fired := make(chan time.Time, 1)
	fired <- c.now
	return fired
}

func TestThrottlesDoNotCountAsRetries(t *testing.T) {
	w, clock := onManualClock(t, 1)
	concurrency := func(n int32) {
		_, err := w.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: &w.function, ReservedConcurrentExecutions: &n})
		must(t, err)
	}
	concurrency(0)
	w.put("k", "1")
	uuid := w.createMapping(retries(0), toBucket)
	pass(t, clock, "a throttle", func() bool { return strings.HasPrefix(w.lastResult(uuid), "PROBLEM: TooManyRequestsException") })
	for range 50 {
		clock.Advance(time.Second)
	}
	concurrency(1)
	pass(t, clock, "the delivery", func() bool { return len(w.brain.all()) == 1 })
	pass(t, clock, "the result", func() bool { return w.lastResult(uuid) == "OK" })
	if all := w.failures(); len(all) > 0 {
		t.Errorf("a throttled record was discarded: %s", all[0].body)
	}
}

func TestPositionSurvivesFailuresAndCrashes(t *testing.T) {
	w, clock := onManualClock(t, 1)
	kinds := []reaction{{Error: "broken"}, {Exit: 1}, {Answer: "no JSON"}}
	n := 0 // one shard: one delivery at a time
	w.brain.setDecide(func(delivery) reaction {
		if n++; n <= len(kinds) {
			return kinds[n-1]
		}
		return reaction{Answer: "{}"}
	})
	w.put("k", "1", "2")
	uuid := w.createMapping()
	pass(t, clock, "the fourth delivery", func() bool { return len(w.brain.all()) == 4 })
	w.put("k", "3")
	pass(t, clock, "the next record", func() bool { return len(w.brain.all()) == 5 })
	if got, want := dataOf(t, w.brain.all()), []string{"1 2", "1 2", "1 2", "1 2", "3"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
	eventually(t, "the result", func() bool { return w.lastResult(uuid) == resultOK })
}

func TestMappingSurvivesItsFunction(t *testing.T) {
	w, clock := onManualClock(t, 1)
	uuid := w.createMapping()
	w.put("k", "1")
	w.brain.atLeast(t, 1)
	eventually(t, "the result", func() bool { return w.lastResult(uuid) == resultOK })
	_, err := w.lambda.DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: &w.function})
	must(t, err)
	w.put("k", "2")
	pass(t, clock, "the problem", func() bool { return w.lastResult(uuid) == "PROBLEM: Function not found" })
	out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	must(t, err)
	if *out.State != "Enabled" {
		t.Errorf("state %s", *out.State)
	}
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(900) })
	pass(t, clock, "the second record", func() bool { return len(w.brain.all()) == 2 })
	if got := w.brain.all()[1].data(t); got != "2" {
		t.Errorf("delivered %q", got)
	}
}

func TestPoisonRecordBlocksItsShardAlone(t *testing.T) {
	w, clock := onManualClock(t, 2)
	poison := "poison-" + keyFor(t, 2, 0)
	w.brain.setDecide(func(d delivery) reaction {
		if strings.HasPrefix(d.data(t), "poison") {
			return reaction{Error: "broken"}
		}
		return reaction{Answer: "{}"}
	})
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.FunctionResponseTypes = []types.FunctionResponseType{}
	})
	w.put(keyFor(t, 2, 0), poison, "behind")
	w.put(keyFor(t, 2, 1), "other")
	pass(t, clock, "retries and the other shard", func() bool {
		got := dataOf(t, w.brain.all())
		return slices.Contains(got, "other") && len(got) > 4
	})
	if slices.Contains(dataOf(t, w.brain.all()), "behind") {
		t.Error("the shard went on past the failing record")
	}
}

// keyFor gives a partition key that falls to one of a number of even shards.
func keyFor(t testing.TB, shards, shard int) string {
	t.Helper()
	starts := uniformStarts(shards)
	for i := range 1000 {
		key := strings.Repeat("k", i+1)
		hash := hashOf(key)
		if !hash.less(starts[shard]) && (shard+1 == shards || hash.less(starts[shard+1])) {
			return key
		}
	}
	t.Fatal("no key found")
	return ""
}
