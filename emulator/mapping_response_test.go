package emulator

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// responseShapes lets a function answer each batch with a shape, and gives the
// batches that were delivered until the record "end" was.
func responseShapes(t *testing.T, answer string) (batches []string, discarded []failure) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(d delivery) reaction {
		if d.data(t) == "end" {
			return reaction{Answer: "{}"}
		}
		return reaction{Answer: strings.ReplaceAll(answer, "SECOND", d.records(t)[min(1, len(d.records(t))-1)].Kinesis.SequenceNumber)}
	})
	w.put("k", "1", "2", "3")
	w.createMapping(batchSize(3), retries(0), toBucket)
	pass(t, clock, "the first batch", func() bool { return len(w.brain.all()) > 0 })
	w.put("k", "end")
	pass(t, clock, "the last record", func() bool {
		batches = dataOf(t, w.brain.all())
		return slices.Contains(batches, "end")
	})
	return batches, w.failures()
}

func TestResponsesThatCountAsSuccess(t *testing.T) {
	for _, answer := range []string{`""`, `[]`, `null`, `{}`, `{"batchItemFailures":[]}`, `{"batchItemFailures":null}`, `{"other":1}`, ``} {
		t.Run(answer, func(t *testing.T) {
			batches, discarded := responseShapes(t, answer)
			if want := []string{"1 2 3", "end"}; !slices.Equal(batches, want) || len(discarded) > 0 {
				t.Errorf("batches %q, %d discarded", batches, len(discarded))
			}
		})
	}
}

func TestResponsesThatFailTheWholeBatch(t *testing.T) {
	for _, answer := range []string{
		`{"batchItemFailures":[{"itemIdentifier":"unknown"}]}`,
		`{"batchItemFailures":[{"itemIdentifier":"SECOND"},{"itemIdentifier":"unknown"}]}`,
		`{"batchItemFailures":[{"itemIdentifier":123}]}`,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`,
		`{"batchItemFailures":[{"foo":"SECOND"}]}`,
		`{"batchItemFailures":[null]}`,
		`{"batchItemFailures":"SECOND"}`,
		`{"batchItemFailures":["SECOND"]}`,
		`no JSON`,
	} {
		t.Run(answer, func(t *testing.T) {
			batches, discarded := responseShapes(t, answer)
			if batches[0] != "1 2 3" || len(discarded) != 1 || discarded[0].data(t) != "1 2 3" {
				t.Errorf("batches %q, %d discarded", batches, len(discarded))
			}
		})
	}
}

func TestPartialResponseIsIgnoredWithoutReportBatchItemFailures(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.brain.setDecide(func(d delivery) reaction { return failing(d.records(t)[0].Kinesis.SequenceNumber) })
	w.put("k", "1", "2")
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionResponseTypes = nil })
	w.brain.atLeast(t, 1)
	w.put("k", "3")
	if got, want := dataOf(t, w.brain.atLeast(t, 2)), []string{"1 2", "3"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

// TestPartialResponseAsRecorded repeats a run that was recorded from AWS: six
// records in batches of three, of which the sixth always fails.
func TestPartialResponseAsRecorded(t *testing.T) {
	w, clock := onManualClock(t, 1)
	sequences := w.put("k", numbers(1, 6)...)
	w.brain.setDecide(func(d delivery) reaction {
		if strings.HasSuffix(d.data(t), "6") {
			return failing(sequences[5])
		}
		return reaction{Answer: "{}"}
	})
	uuid := w.createMapping(batchSize(3), retries(3), toBucket)
	var all []failure
	pass(t, clock, "the discarded record", func() bool { all = w.failures(); return len(all) > 0 })
	if got, want := dataOf(t, w.brain.all()), []string{"1 2 3", "4 5 6", "6", "6", "6", "6"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
	f := all[0]
	if f.KinesisBatch.BatchSize != 1 || f.RequestContext.ApproximateInvokeCount != 4 || f.RequestContext.Condition != "RetryAttemptsExhausted" || f.ResponseContext.FunctionError != nil {
		t.Errorf("discarded %s", f.body)
	}
	if result := w.lastResult(uuid); result != resultFailed {
		t.Errorf("LastProcessingResult %q", result)
	}
}

func TestLowestReturnedNumberIsTheCheckpoint(t *testing.T) {
	w, clock := onManualClock(t, 1)
	sequences := w.put("k", numbers(1, 6)...)
	w.brain.setDecide(func(d delivery) reaction {
		if len(d.records(t)) == 6 {
			return failing(sequences[4], sequences[2], sequences[5])
		}
		return reaction{Answer: "{}"}
	})
	w.createMapping()
	pass(t, clock, "the retry", func() bool { return len(w.brain.all()) >= 2 })
	if got, want := dataOf(t, w.brain.all()), []string{"1 2 3 4 5 6", "3 4 5 6"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestInvocationsAreMaximumRetryAttemptsAndOne(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	sequences := w.put("k", "1", "2")
	uuid := w.createMapping(retries(2), toBucket)
	var all []failure
	pass(t, clock, "the discarded batch", func() bool { all = w.failures(); return len(all) > 0 })
	if n := len(w.brain.all()); n != 3 {
		t.Errorf("%d invocations, want 3", n)
	}
	wantDiscarded(t, w, uuid, all[0], sequences)
}

// wantDiscarded checks the whole object of two records that a function failed on.
func wantDiscarded(t *testing.T, w *world, uuid string, f failure, sequences []string) {
	t.Helper()
	pattern := `^aws/lambda/` + uuid + `/shardId-000000000000/2026/03/01/2026-03-01T12\.\d\d\.\d\d-[0-9a-f]{8}-[0-9a-f-]{27}$`
	if !regexp.MustCompile(pattern).MatchString(f.key) {
		t.Errorf("key %s, want %s", f.key, pattern)
	}
	var members map[string]json.RawMessage
	must(t, json.Unmarshal(f.body, &members))
	if string(members["responseContext"]) != `{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"}` {
		t.Errorf("responseContext %s", members["responseContext"])
	}
	wantBatch := fmt.Sprintf(`{"shardId":"shardId-000000000000","startSequenceNumber":"%s","endSequenceNumber":"%s","approximateArrivalOfFirstRecord":"2026-03-01T12:00:00.000Z","approximateArrivalOfLastRecord":"2026-03-01T12:00:00.000Z","batchSize":2,"streamArn":"%s"}`,
		sequences[0], sequences[1], w.streamARN)
	if string(members["KinesisBatchInfo"]) != wantBatch {
		t.Errorf("KinesisBatchInfo\n%s, want\n%s", members["KinesisBatchInfo"], wantBatch)
	}
	wantRequest := `^\{"requestId":"[0-9a-f-]{36}","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:work","condition":"RetryAttemptsExhausted","approximateInvokeCount":3\}$`
	if !regexp.MustCompile(wantRequest).Match(members["requestContext"]) {
		t.Errorf("requestContext %s", members["requestContext"])
	}
	if string(members["version"]) != `"1.0"` || f.data(t) != "1 2" {
		t.Errorf("version %s, payload %s", members["version"], f.Payload)
	}
}

func TestDestinationThatCannotBeWrittenDoesNotBlockTheShard(t *testing.T) {
	w, clock := onManualClock(t, 1)
	_, err := w.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &w.bucket})
	must(t, err)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	w.createMapping(batchSize(1), retries(0), toBucket)
	w.put("k", "1", "2")
	pass(t, clock, "the next record", func() bool { return len(w.brain.all()) >= 2 })
	if got := dataOf(t, w.brain.all()); !slices.Equal(got[:2], []string{"1", "2"}) {
		t.Errorf("batches %q", got)
	}
}
