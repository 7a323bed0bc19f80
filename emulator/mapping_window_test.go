package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

func tumbling(seconds int32) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.TumblingWindowInSeconds = &seconds }
}

// windowEvent is what an event of a tumbling window has beside its records.
type windowEvent struct {
	Window struct{ Start, End string }
	State  struct {
		Seen string `json:"seen"`
	}
	Final bool `json:"isFinalInvokeForWindow"`
	Early bool `json:"isWindowTerminatedEarly"`
}

func windowOf(t testing.TB, d delivery) windowEvent {
	t.Helper()
	var ev windowEvent
	must(t, json.Unmarshal(d.Body, &ev))
	return ev
}

// collect answers with a state that has the data of all records of the window.
func collect(t testing.TB) func(d delivery) reaction {
	return func(d delivery) reaction {
		return reaction{Answer: fmt.Sprintf(`{"state":{"seen":%q}}`, strings.TrimSpace(windowOf(t, d).State.Seen+" "+d.data(t)))}
	}
}

// told writes each delivery in short: its window's second and its state, its
// records, and what ends there.
func told(t testing.TB, all []delivery) []string {
	t.Helper()
	var list []string
	for _, d := range all {
		ev := windowOf(t, d)
		line := fmt.Sprintf("%s [%s] %s", strings.TrimPrefix(strings.TrimSuffix(ev.Window.Start, "Z"), "2026-03-01T12:"), ev.State.Seen, d.data(t))
		if ev.Final {
			line += "final"
		}
		if ev.Early {
			line += "early"
		}
		list = append(list, strings.TrimSpace(line))
	}
	return list
}

// windows is a world with a manual clock and a mapping whose tumbling window has 60 seconds.
func windows(t *testing.T, changes ...mappingChange) (*world, *ManualClock, string) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(collect(t))
	return w, clock, w.createMapping(append([]mappingChange{tumbling(60)}, changes...)...)
}

func (w *world) putAndWait(data string) {
	w.t.Helper()
	n := len(w.brain.all())
	w.put("k", data)
	w.brain.wait(w.t, "the record "+data, func(all []delivery) bool { return slices.Contains(dataOf(w.t, all[n:]), data) })
}

func wantTold(t *testing.T, all []delivery, want ...string) {
	t.Helper()
	if got := told(t, all); !slices.Equal(got, want) {
		t.Errorf("deliveries\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEventOfATumblingWindowHasTheDocumentedShape(t *testing.T) {
	w, clock, _ := windows(t)
	clock.Advance(75 * time.Second)
	sequence := w.put("k", "1")[0]
	got := string(w.brain.atLeast(t, 1)[0].Body)
	want := `"}],"window":{"start":"2026-03-01T12:01:00Z","end":"2026-03-01T12:02:00Z"},"state":{},"shardId":"shardId-000000000000","eventSourceARN":"` + w.streamARN +
		`","isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}`
	if !strings.HasSuffix(got, want) || !strings.Contains(got, sequence) {
		t.Errorf("event %s, want it to end with %s", got, want)
	}
	pass(t, clock, "the final invocation", func() bool { return len(w.brain.all()) == 2 })
	got = string(w.brain.all()[1].Body)
	want = `{"Records":[],"window":{"start":"2026-03-01T12:01:00Z","end":"2026-03-01T12:02:00Z"},"state":{"seen":"1"},"shardId":"shardId-000000000000","eventSourceARN":"` + w.streamARN +
		`","isFinalInvokeForWindow":true,"isWindowTerminatedEarly":false}`
	if got != want {
		t.Errorf("event\n%s\nwant\n%s", got, want)
	}
}

func TestStateGoesFromBatchToBatchOfAWindow(t *testing.T) {
	w, clock, _ := windows(t)
	w.putAndWait("1")
	w.putAndWait("2")
	clock.Advance(time.Minute)
	w.putAndWait("3")
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] 2", "00:00 [1 2] final", "01:00 [] 3")
}

func TestBatchHoldsRecordsOfOneTumblingWindow(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(collect(t))
	w.put("k", "1", "2")
	clock.Advance(time.Minute)
	w.put("k", "3")
	w.createMapping(tumbling(60))
	wantTold(t, w.brain.atLeast(t, 3)[:3], "00:00 [] 1 2", "00:00 [1 2] final", "01:00 [] 3")
}

func TestEmptyTumblingWindowIsNotInvokedFor(t *testing.T) {
	w, clock, _ := windows(t)
	w.putAndWait("1")
	clock.Advance(10 * time.Minute)
	w.putAndWait("2")
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] final", "10:00 [] 2")
}

func TestTumblingWindowIsAssumedOverTwoMinutesAfterItsEnd(t *testing.T) {
	w, clock, uuid := windows(t)
	idle := clock.Waiting()
	w.putAndWait("1")
	eventually(t, "the result", func() bool { return w.lastResult(uuid) == resultOK })
	eventually(t, "the window to be watched", func() bool { return clock.Waiting() > idle })
	clock.Advance(3*time.Minute - time.Millisecond)
	if clock.Waiting() <= idle {
		t.Error("the window was assumed to be over too early")
	}
	clock.Advance(time.Millisecond)
	wantTold(t, w.brain.atLeast(t, 2), "00:00 [] 1", "00:00 [1] final")
}

func TestStateOfAReportedFailureIsDropped(t *testing.T) {
	w, clock, _ := windows(t)
	w.putAndWait("1")
	w.brain.setDecide(func(d delivery) reaction {
		if len(w.brain.all()) == 2 {
			return reaction{Answer: `{"state":{"seen":"wrong"},"batchItemFailures":[{"itemIdentifier":"` + d.records(t)[0].Kinesis.SequenceNumber + `"}]}`}
		}
		return collect(t)(d)
	})
	w.put("k", "2")
	pass(t, clock, "the retry", func() bool { return len(w.brain.all()) == 3 })
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] 2", "00:00 [1] 2")
}

func TestAnswerWithoutStateFailsTheInvocation(t *testing.T) {
	for _, answer := range []string{``, `null`, `{}`, `{"batchItemFailures":[]}`, `[]`, `"state"`} {
		t.Run(answer, func(t *testing.T) {
			w, clock, _ := windows(t, retries(0), toBucket)
			w.brain.setDecide(func(delivery) reaction { return reaction{Answer: answer} })
			w.put("k", "1")
			var all []failure
			pass(t, clock, "the discarded record", func() bool { all = w.failures(); return len(all) == 1 })
			if all[0].RequestContext.Condition != conditionExhausted || all[0].data(t) != "1" {
				t.Errorf("discarded %s", all[0].body)
			}
		})
	}
}

func TestFailedInvocationKeepsTheState(t *testing.T) {
	w, clock, _ := windows(t)
	w.putAndWait("1")
	failures := 0
	w.brain.setDecide(func(d delivery) reaction {
		if failures++; failures < 3 {
			return reaction{Error: "broken"}
		}
		return collect(t)(d)
	})
	w.put("k", "2")
	pass(t, clock, "the retries", func() bool { return len(w.brain.all()) == 4 })
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] 2", "00:00 [1] 2", "00:00 [1] 2")
}

func TestPartialResponseKeepsItsState(t *testing.T) {
	w, clock, _ := windows(t)
	sequences := make(chan string, 1)
	w.brain.setDecide(func(d delivery) reaction {
		if len(d.records(t)) == 3 {
			return reaction{Answer: `{"state":{"seen":"1 2"},"batchItemFailures":[{"itemIdentifier":"` + d.records(t)[2].Kinesis.SequenceNumber + `"}]}`}
		}
		sequences <- d.records(t)[0].Kinesis.SequenceNumber
		return collect(t)(d)
	})
	put := w.put("k", "1", "2", "3")
	pass(t, clock, "the retry", func() bool { return len(w.brain.all()) == 2 })
	if got := <-sequences; got != put[2] {
		t.Errorf("retried %s, want %s", got, put[2])
	}
	wantTold(t, w.brain.all(), "00:00 [] 1 2 3", "00:00 [1 2] 3")
}

func TestFinalInvocationIsRepeatedUntilItSucceeds(t *testing.T) {
	w, clock, _ := windows(t, retries(0))
	w.putAndWait("1")
	finals := 0
	w.brain.setDecide(func(d delivery) reaction {
		if windowOf(t, d).Final {
			if finals++; finals < 4 {
				return reaction{Error: "broken"}
			}
		}
		return collect(t)(d)
	})
	clock.Advance(time.Minute)
	w.put("k", "2")
	pass(t, clock, "the next window", func() bool { return len(w.brain.all()) == 6 })
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] final", "00:00 [1] final", "00:00 [1] final", "00:00 [1] final", "01:00 [] 2")
}

func TestTumblingWindowWithTooLargeAStateIsTerminatedEarly(t *testing.T) {
	w, clock, _ := windows(t)
	w.brain.setDecide(func(d delivery) reaction {
		if d.data(t) == "large" {
			return reaction{Answer: `{"state":{"seen":"` + strings.Repeat("x", windowStateLimit) + `"}}`}
		}
		return collect(t)(d)
	})
	w.put("k", "large")
	if ev := windowOf(t, w.brain.atLeast(t, 2)[1]); !ev.Early || ev.Final || len(ev.State.Seen) != windowStateLimit {
		t.Errorf("early %v, final %v, %d bytes of state", ev.Early, ev.Final, len(ev.State.Seen))
	}
	w.putAndWait("2")
	clock.Advance(time.Minute)
	w.putAndWait("3")
	wantTold(t, w.brain.all()[2:], "00:00 [] 2", "00:00 [2] final", "01:00 [] 3")
}

func TestLargestStateIsKept(t *testing.T) {
	w, _, _ := windows(t)
	size := windowStateLimit - len(`{"seen":""}`)
	w.brain.setDecide(func(delivery) reaction {
		return reaction{Answer: `{"state":{"seen":"` + strings.Repeat("x", size) + `"}}`}
	})
	w.putAndWait("1")
	w.putAndWait("2")
	if ev := windowOf(t, w.brain.all()[1]); ev.Early || len(ev.State.Seen) != size {
		t.Errorf("early %v, %d bytes of state", ev.Early, len(ev.State.Seen))
	}
}

func TestStateCountsTowardsSixMegabytesOfPayload(t *testing.T) {
	w, _, _ := windows(t)
	size := windowStateLimit - len(`{"seen":""}`)
	w.brain.setDecide(func(delivery) reaction {
		return reaction{Answer: `{"state":{"seen":"` + strings.Repeat("x", size) + `"}}`}
	})
	w.putAndWait("1")
	for range 6 {
		w.put("k", strings.Repeat("y", 900*kib))
	}
	for _, d := range w.brain.wait(t, "7 records", func(all []delivery) bool { return countRecords(t, all) == 7 }) {
		if len(d.Body) > payloadLimit {
			t.Errorf("a payload of %d bytes", len(d.Body))
		}
	}
}

func TestClosedShardEndsItsTumblingWindow(t *testing.T) {
	w, _, _ := windows(t)
	w.putAndWait("1")
	_, err := w.kinesis.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("events"), TargetShardCount: aws.Int32(2), ScalingType: kinesistypes.ScalingTypeUniformScaling})
	must(t, err)
	w.putAndWait("2")
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] final", "00:00 [] 2")
}

func TestStateOutlivesDisablingAndUpdating(t *testing.T) {
	w, clock, uuid := windows(t)
	w.putAndWait("1")
	for _, in := range []awslambda.UpdateEventSourceMappingInput{{Enabled: aws.Bool(false)}, {BatchSize: aws.Int32(7)}, {Enabled: aws.Bool(true)}} {
		in.UUID = &uuid
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &in)
		must(t, err)
	}
	w.putAndWait("2")
	clock.Advance(time.Minute)
	w.putAndWait("3")
	wantTold(t, w.brain.all(), "00:00 [] 1", "00:00 [1] 2", "00:00 [1 2] final", "01:00 [] 3")
}

func TestChangedTumblingWindowFinishesTheOpenOne(t *testing.T) {
	w, _, uuid := windows(t)
	w.putAndWait("1")
	_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, TumblingWindowInSeconds: aws.Int32(300)})
	must(t, err)
	w.putAndWait("2")
	_, err = w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, TumblingWindowInSeconds: aws.Int32(0), ParallelizationFactor: aws.Int32(2)})
	must(t, err)
	w.putAndWait("3")
	all := w.brain.all()
	wantTold(t, all[:3], "00:00 [] 1", "00:00 [1] final", "00:00 [] 2")
	if len(all) != 4 || strings.Contains(string(all[3].Body), "window") {
		t.Errorf("%d deliveries, the last one %s", len(all), all[len(all)-1].Body)
	}
}

func TestTumblingWindowTogetherWithParallelizationIsRefused(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	_, err := w.lambda.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{EventSourceArn: &w.streamARN, FunctionName: &w.function,
		StartingPosition: "LATEST", TumblingWindowInSeconds: aws.Int32(1), ParallelizationFactor: aws.Int32(2)})
	wantCode(t, err, "InvalidParameterValueException")
	uuid := w.createMapping(tumbling(1))
	_, err = w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, ParallelizationFactor: aws.Int32(2)})
	wantCode(t, err, "InvalidParameterValueException")
}
