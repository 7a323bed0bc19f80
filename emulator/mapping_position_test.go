package emulator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// reshard changes the number of the stream's shards.
func (w *world) reshard(target int32) {
	w.t.Helper()
	_, err := w.kinesis.UpdateShardCount(w.t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("events"), TargetShardCount: &target, ScalingType: kinesistypes.ScalingTypeUniformScaling})
	must(w.t, err)
}

func TestPositionSurvivesARestartOfTheFunctionProcess(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.createMapping()
	w.put("k", "1", "2")
	first := w.brain.wait(t, "two records", func(all []delivery) bool { return countRecords(t, all) == 2 })
	_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, Description: aws.String("changed")})
	must(t, err)
	w.put("k", "3")
	all := w.brain.wait(t, "the third record", func(all []delivery) bool { return countRecords(t, all) == 3 })
	if got := strings.Join(dataOf(t, all), " "); got != "1 2 3" {
		t.Errorf("delivered %q", got)
	}
	if last := all[len(all)-1]; last.PID == first[0].PID {
		t.Errorf("process %d was not replaced", last.PID)
	}
}

func TestClosedShardsAreDrained(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.putMixedFrom(6, 0)
	w.reshard(2)
	w.putMixedFrom(6, 1)
	w.reshard(1)
	w.putMixedFrom(6, 2)
	uuid := w.createMapping(batchSize(2))
	wantOrderedByKey(t, w.brain.wait(t, "18 records", func(all []delivery) bool { return countRecords(t, all) == 18 }), 6, 3)
	m := w.server.lambda.mappings[uuid]
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, sh := range m.stream.listed(w.server.lambda.clock.Now()) {
		if closed := !sh.closed.IsZero(); m.progress[sh.id].drained != closed {
			t.Errorf("%s is closed: %v, drained: %v", sh.id, closed, m.progress[sh.id].drained)
		}
	}
}

func TestAtTimestampSkipsWhatIsOlderInClosedShardsToo(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.putMixedFrom(4, 9)
	clock.Advance(time.Minute)
	from := clock.Now()
	w.putMixedFrom(4, 0)
	w.reshard(2)
	w.putMixedFrom(4, 1)
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) {
		in.StartingPosition, in.StartingPositionTimestamp = types.EventSourcePositionAtTimestamp, &from
	})
	wantOrderedByKey(t, w.brain.wait(t, "8 records", func(all []delivery) bool { return countRecords(t, all) == 8 }), 4, 2)
}

func TestStartingPositionTrimHorizonBeginsWithTheOldestRecord(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.put("k", "1", "2")
	w.createMapping()
	w.put("k", "3")
	all := w.brain.wait(t, "three records", func(all []delivery) bool { return countRecords(t, all) == 3 })
	if got := strings.Join(dataOf(t, all), " "); got != "1 2 3" {
		t.Errorf("delivered %q", got)
	}
}

// TestDisablingLetsTheBatchInHandEnd has a mapping disabled and enabled while a
// batch is being worked on: it is neither broken off nor repeated.
func TestDisablingLetsTheBatchInHandEnd(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	release := make(chan struct{})
	w.brain.setDecide(func(delivery) reaction { <-release; return reaction{Answer: "{}"} })
	uuid := w.createMapping()
	w.put("k", "1")
	w.brain.atLeast(t, 1)
	for _, enabled := range []bool{false, true} {
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, Enabled: &enabled})
		must(t, err)
	}
	w.put("k", "2")
	if n := len(w.brain.all()); n != 1 {
		t.Errorf("%d deliveries while the first one runs", n)
	}
	close(release)
	if got := dataOf(t, w.brain.atLeast(t, 2)); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("batches %q", got)
	}
}

func TestUpdateWhileRetryingKeepsThePosition(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	w.put("k", "1", "2")
	uuid := w.createMapping()
	pass(t, clock, "retries", func() bool { return len(w.brain.all()) > 2 })
	w.brain.setDecide(nil)
	_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, BatchSize: aws.Int32(1)})
	must(t, err)
	w.put("k", "3")
	pass(t, clock, "the third record", func() bool { return slices.Contains(dataOf(t, w.brain.all()), "3") })
	got := dataOf(t, w.brain.all())
	got = got[slices.IndexFunc(got, func(batch string) bool { return batch != "1 2" }):]
	if !slices.Equal(got, []string{"1", "2", "3"}) && !slices.Equal(got, []string{"3"}) {
		t.Errorf("batches after the update %q", got)
	}
}

func TestUpdatedFunctionGetsWhatComesNext(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("other") })
	uuid := w.createMapping()
	w.put("k", "1")
	w.brain.atLeast(t, 1)
	_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, FunctionName: aws.String("other")})
	must(t, err)
	w.put("k", "2")
	all := w.brain.atLeast(t, 2)
	if name := all[1].Environment["AWS_LAMBDA_FUNCTION_NAME"]; name != "other" || all[1].data(t) != "2" {
		t.Errorf("%s got %q", name, all[1].data(t))
	}
}
