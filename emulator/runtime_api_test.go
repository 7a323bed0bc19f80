package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestRuntimeAPIRefusesAReportOfAnotherRequest(t *testing.T) {
	a, err := newRuntimeAPI(t.Context())
	must(t, err)
	t.Cleanup(a.close)
	base := "http://" + a.address() + "/2018-06-01/runtime/invocation/"
	report := func(id, kind string) (int, string) {
		response, err := http.Post(base+id+"/"+kind, "application/json", strings.NewReader(`{}`))
		must(t, err)
		body, err := take(response)
		must(t, err)
		return response.StatusCode, string(body)
	}
	for _, kind := range []string{"response", "error"} {
		if status, body := report("none", kind); status != 400 || !strings.Contains(body, "InvalidRequestID") {
			t.Errorf("%s without a request: %d %s", kind, status, body)
		}
	}
	in := &invocation{id: "one", payload: []byte(`{}`), answered: make(chan functionAnswer, 1)}
	next := make(chan error, 1)
	go func() {
		response, err := http.Get(base + "next")
		if err == nil {
			err = response.Body.Close()
		}
		next <- err
	}()
	if !a.give(in, nil, nil) {
		t.Fatal("the event was not taken")
	}
	must(t, <-next)
	if status, _ := report("two", "response"); status != 400 {
		t.Errorf("another request's answer: %d", status)
	}
	if status, _ := report("one", "response"); status != 202 {
		t.Errorf("the answer: %d", status)
	}
	if status, _ := report("one", "response"); status != 400 {
		t.Errorf("a second answer: %d", status)
	}
	if answer := <-in.answered; string(answer.payload) != `{}` || answer.failed {
		t.Errorf("answer %+v", answer)
	}
}

func TestJSONLogHasPlatformRecords(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson}
	})
	w.brain.setDecide(func(delivery) reaction { return reaction{Print: "{\"level\":\"info\"}\n", Answer: "null"} })
	w.invoke(`{}`)
	id := w.brain.all()[0].Header.Get("Lambda-Runtime-Aws-Request-Id")
	var kinds []string
	for _, line := range w.logLines() {
		var record struct {
			Time   time.Time
			Type   string
			Record struct {
				RequestID string `json:"requestId"`
				Status    string
				Metrics   map[string]float64
			}
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			continue // the function's own line before the first event
		}
		kinds = append(kinds, record.Type)
		if record.Type == "platform.report" && (record.Record.RequestID != id || record.Record.Status != "success" || record.Record.Metrics["memorySizeMB"] != 256 || record.Record.Metrics["initDurationMs"] <= 0) {
			t.Errorf("report %s", line)
		}
	}
	if want := []string{"platform.initStart", "platform.start", "", "platform.report"}; !slices.Equal(kinds, want) {
		t.Errorf("records %q, want %q", kinds, want)
	}
}

func TestLogKeepsLongLinesAndUnfinishedOnes(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	long := strings.Repeat("x", lineLimit+10)
	w.brain.setDecide(func(d delivery) reaction {
		if string(d.Body) == "1" {
			return reaction{Print: long + "\nunfinished", Answer: "null"}
		}
		return reaction{Print: "second\n", Answer: "null"}
	})
	w.invoke(`1`)
	w.invoke(`2`)
	lines := w.logLines()
	at := slices.Index(lines, "unfinished")
	if at < 0 || !strings.HasPrefix(lines[at+1], "END RequestId") {
		t.Errorf("the unfinished line is not before END")
	}
	if got := lines[at-2] + lines[at-1]; got != long {
		t.Errorf("the long line came as %d and %d bytes", len(lines[at-2]), len(lines[at-1]))
	}
	if second := slices.Index(lines, "second"); second < at {
		t.Errorf("the second invocation's line is at %d, before %d", second, at)
	}
}

func TestMissingLogGroupDoesNotFailTheFunction(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
		in.LoggingConfig = &types.LoggingConfig{LogGroup: aws.String("/not/there")}
	})
	if out := w.invoke(`{}`); out.FunctionError != nil {
		t.Errorf("payload %s", out.Payload)
	}
}

func TestFunctionAndStreamReportMetrics(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.brain.setDecide(func(d delivery) reaction {
		if d.data(t) == "1" {
			return reaction{Error: "broken"}
		}
		return reaction{Answer: "{}"}
	})
	uuid := w.createMapping(batchSize(1), retries(0))
	w.put("k", "1", "2", "33")
	w.brain.atLeast(t, 3)
	eventually(t, "all records to be done", func() bool { return w.caughtUp(uuid) })
	client := cloudwatch.NewFromConfig(sdkConfig(w.server))
	sum := func(namespace, metric, dimension, value string, statistic cloudwatchtypes.Statistic) float64 {
		out, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: &namespace, MetricName: &metric, Period: aws.Int32(3600), Statistics: []cloudwatchtypes.Statistic{statistic},
			StartTime: aws.Time(time.Now().Add(-2 * time.Hour)), EndTime: aws.Time(time.Now().Add(2 * time.Hour)),
			Dimensions: []cloudwatchtypes.Dimension{{Name: &dimension, Value: &value}},
		})
		must(t, err)
		total := 0.0
		for _, point := range out.Datapoints {
			total += deref(point.Sum) + deref(point.SampleCount)
		}
		return total
	}
	for _, c := range []struct {
		namespace, metric, dimension, value string
		statistic                           cloudwatchtypes.Statistic
		want                                float64
	}{
		{"AWS/Kinesis", "IncomingRecords", "StreamName", "events", cloudwatchtypes.StatisticSum, 3},
		{"AWS/Kinesis", "IncomingBytes", "StreamName", "events", cloudwatchtypes.StatisticSum, 4},
		{"AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", "events", cloudwatchtypes.StatisticSampleCount, 3},
		{"AWS/Lambda", "Invocations", "FunctionName", "work", cloudwatchtypes.StatisticSum, 3},
		{"AWS/Lambda", "Errors", "FunctionName", "work", cloudwatchtypes.StatisticSum, 1},
		{"AWS/Lambda", "Errors", "FunctionName", "work", cloudwatchtypes.StatisticSampleCount, 3},
		{"AWS/Lambda", "Duration", "FunctionName", "work", cloudwatchtypes.StatisticSampleCount, 3},
		{"AWS/Lambda", "IteratorAge", "FunctionName", "work", cloudwatchtypes.StatisticSampleCount, 3},
	} {
		if got := sum(c.namespace, c.metric, c.dimension, c.value, c.statistic); got != c.want {
			t.Errorf("%s %s: %s %v, want %v", c.namespace, c.metric, c.statistic, got, c.want)
		}
	}
}

// BenchmarkPutToFunction brings records from PutRecords over HTTP through a
// mapping into a function's process, which reads and drops them.
func BenchmarkPutToFunction(b *testing.B) {
	w := newWorld(b, Options{}, 4)
	w.createFunction("null")
	uuid := w.createMapping(batchSize(1000))
	data := []byte(`{"user_id":"user123","event_type":"page_view",` + strings.Repeat(" ", 350) + `"page":"/products"}`)
	b.SetBytes(int64(len(data)))
	b.ResetTimer()
	for sent := 0; sent < b.N; {
		n := min(500, b.N-sent)
		putBenchmark(b, w, data, sent, n)
		sent += n
	}
	eventually(b, "all records to be done", func() bool { return w.caughtUp(uuid) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkPutToFunctionLatency takes the time from a put to the function's
// having the record, one at a time.
func BenchmarkPutToFunctionLatency(b *testing.B) {
	w := newWorld(b, Options{}, 1)
	w.createFunction("proxy")
	w.createMapping()
	for i := range b.N {
		w.put("k", fmt.Sprint(i))
		w.brain.atLeast(b, i+1)
	}
}
