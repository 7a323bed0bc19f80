package emulator

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func criteria(patterns ...string) *types.FilterCriteria {
	c := &types.FilterCriteria{Filters: []types.Filter{}}
	for _, p := range patterns {
		c.Filters = append(c.Filters, types.Filter{Pattern: &p})
	}
	return c
}

func filters(patterns ...string) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) { in.FilterCriteria = criteria(patterns...) }
}

// deliveredOf gives what of some data a mapping with filters delivers.
func deliveredOf(t *testing.T, data []string, patterns ...string) []string {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.put("key", data...)
	w.put("last", `{"last":true}`)
	w.createMapping(filters(append(patterns, `{"partitionKey":["last"]}`)...))
	w.brain.wait(t, "the last record", func(all []delivery) bool {
		return strings.HasSuffix(strings.Join(dataOf(t, all), " "), `{"last":true}`)
	})
	got := strings.Fields(strings.Join(dataOf(t, w.brain.all()), " "))
	return got[:len(got)-1]
}

func TestFiltersAreORed(t *testing.T) {
	got := deliveredOf(t, []string{`{"a":1}`, `{"a":2}`, `{"b":1}`}, `{"data":{"a":[1]}}`, `{"data":{"b":[1]}}`)
	if want := []string{`{"a":1}`, `{"b":1}`}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
}

func TestFilterOfMetadata(t *testing.T) {
	for pattern, want := range map[string]int{
		`{"partitionKey":["key"]}`: 2, `{"partitionKey":["other"]}`: 0, `{"partitionKey":[{"prefix":"k"}],"data":{"a":[1]}}`: 1,
		`{"sequenceNumber":[{"exists":true}]}`: 2, `{"approximateArrivalTimestamp":[{"numeric":[">",0]}],"partitionKey":["key"]}`: 2, `{"kinesisSchemaVersion":["2.0"]}`: 0,
		`{"$or":[{"partitionKey":["other"]},{"data":{"a":[2]}}]}`: 1,
	} {
		t.Run(pattern, func(t *testing.T) {
			got := deliveredOf(t, []string{`{"a":1}`, `{"a":2}`}, pattern)
			if n := len(got); n != want {
				t.Errorf("delivered %q, want %d", got, want)
			}
		})
	}
}

// TestFilterOfDataThatIsNotJSON has the rows of the documented table.
func TestFilterOfDataThatIsNotJSON(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          []string
	}{
		{"a pattern for data drops it", `{"data":{"a":[1]}}`, []string{`{"a":1}`}},
		{"even one that asks for nothing", `{"data":{"b":[{"exists":false}]}}`, []string{`{"a":1}`}},
		{"a pattern without data does not look at it", `{"partitionKey":["key"]}`, []string{"text", `{"a":1}`, `{"a":1}{}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := deliveredOf(t, []string{"text", `{"a":1}`, `{"a":1}{}`}, c.pattern); !slices.Equal(got, c.want) {
				t.Errorf("delivered %q, want %q", got, c.want)
			}
		})
	}
}

func TestIteratorMovesPastFilteredRecords(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(filters(`{"data":{"a":[2]}}`))
	w.put("k", `{"a":1}`, `text`)
	m := w.server.lambda.mappings[uuid]
	eventually(t, "the position", func() bool {
		m.mu.RLock()
		defer m.mu.RUnlock()
		sh := m.stream.listed(w.server.lambda.clock.Now())[0]
		_, next := sh.ends()
		return m.progress[sh.id].lanes[0] == next
	})
	_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, FilterCriteria: criteria(`{"data":{"a":[1,3]}}`)})
	must(t, err)
	w.put("k", `{"a":3}`)
	if got := w.brain.atLeast(t, 1)[0].data(t); got != `{"a":3}` {
		t.Errorf("delivered %s", got)
	}
}

func TestFilteredRecordsTakeNoPlaceInTheBatch(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	for range 4 {
		w.put("k", `{"a":0}`, `{"a":1}`, `{"a":0}`)
	}
	w.createMapping(batchSize(2), filters(`{"data":{"a":[1]}}`))
	all := w.brain.wait(t, "4 records", func(all []delivery) bool { return countRecords(t, all) == 4 })
	if len(all) != 2 {
		t.Errorf("batches %q", dataOf(t, all))
	}
}

func TestTwoMappingsFilterOneStream(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("other") })
	w.createMapping(filters(`{"data":{"a":[1]}}`))
	w.createMapping(filters(`{"data":{"a":[2]}}`), func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("other") })
	w.put("k", `{"a":1}`, `{"a":2}`, `{"a":3}`)
	got := map[string]string{}
	for _, d := range w.brain.atLeast(t, 2) {
		got[d.Environment["AWS_LAMBDA_FUNCTION_NAME"]] = d.data(t)
	}
	if got["work"] != `{"a":1}` || got["other"] != `{"a":2}` {
		t.Errorf("delivered %q", got)
	}
}

func TestFilterCriteriaAreDescribedChangedAndRemoved(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(filters(`{"data":{"a":[1]}}`))
	want := func(patterns ...string) {
		t.Helper()
		out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
		must(t, err)
		if (out.FilterCriteria == nil) != (len(patterns) == 0) {
			t.Fatalf("FilterCriteria %v, want %q", out.FilterCriteria, patterns)
		}
		for i, p := range patterns {
			if got := *out.FilterCriteria.Filters[i].Pattern; got != p {
				t.Errorf("pattern %s, want %s", got, p)
			}
		}
	}
	update := func(c *types.FilterCriteria) {
		t.Helper()
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, FilterCriteria: c})
		must(t, err)
	}
	want(`{"data":{"a":[1]}}`)
	update(nil)
	want(`{"data":{"a":[1]}}`)
	update(criteria(`{"data":{"a":[2]}}`, `{"data":{"a":[3]}}`))
	want(`{"data":{"a":[2]}}`, `{"data":{"a":[3]}}`)
	update(criteria())
	want()
	w.put("k", "anything")
	if got := w.brain.atLeast(t, 1)[0].data(t); got != "anything" {
		t.Errorf("delivered %s", got)
	}
}

func TestFilterCriteriaThatAreRefused(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) { in.Enabled = aws.Bool(false) })
	const pattern = `{"data":{"a":[1]}}`
	for _, c := range []struct {
		name, code, message string
		criteria            *types.FilterCriteria
	}{
		{"no JSON", "InvalidParameterValueException", "Invalid filter pattern definition.", criteria(pattern, `data`)},
		{"no pattern", "InvalidParameterValueException", "Invalid filter pattern definition.", &types.FilterCriteria{Filters: []types.Filter{{}}}},
		{"data that is no JSON", "InvalidParameterValueException", "Invalid filter pattern definition.", criteria(`{"data":["text"]}`)},
		{"the same in a branch", "InvalidParameterValueException", "Invalid filter pattern definition.", criteria(`{"$or":[{"data":["text"]},{"partitionKey":["1"]}]}`)},
		{"six filters", "InvalidParameterValueException", "at most 5 filters", criteria(pattern, pattern, pattern, pattern, pattern, pattern)},
		{"a long pattern", "ValidationException", "'filterCriteria.filters.1.member.pattern' failed to satisfy constraint: Member must have length less than or equal to 4096", criteria(`{"data":{"a":["` + strings.Repeat("x", 4096) + `"]}}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.lambda.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{EventSourceArn: &w.streamARN, FunctionName: &w.function,
				StartingPosition: types.EventSourcePositionTrimHorizon, FilterCriteria: c.criteria})
			if message := wantCode(t, err, c.code); !strings.Contains(message, c.message) {
				t.Errorf("creating: %s", message)
			}
			_, err = w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, FilterCriteria: c.criteria})
			if message := wantCode(t, err, c.code); !strings.Contains(message, c.message) {
				t.Errorf("updating: %s", message)
			}
		})
	}
}

// A record that is put after filters were changed is not lost to those before.
func TestReplacedFiltersDropNothing(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	uuid := w.createMapping(filters(`{"data":{"a":[1]}}`), func(in *awslambda.CreateEventSourceMappingInput) { in.Enabled = aws.Bool(false) })
	m, err := w.server.lambda.findMapping(&uuid)
	must(t, err)
	old, problem := parseFilterCriteria(m.config.FilterCriteria)
	st, ok := w.server.lambda.kinesis.byARN(w.streamARN)
	if problem != nil || !ok {
		t.Fatal(problem, ok)
	}
	ctx, stop := context.WithCancel(t.Context())
	run := &pollerRun{mapping: m, config: m.config, filters: old, stop: stop}
	poller := run.ready(st, map[string]bool{})[0]
	at := poller.progress.lanes[0]
	ln := newLane(poller, 0, 1, at)
	stop() // as a change of the mapping does
	w.put("k", "anything")
	if g := ln.gather(ctx); g.next != at || len(g.records) > 0 || poller.progress.lanes[0] != at {
		t.Errorf("a run that was replaced took %+v and is at %v", g, poller.progress.lanes)
	}
}
