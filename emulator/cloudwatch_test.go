package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// eachProtocol runs a test with the query protocol and with CBOR, the SDK's own
// choice, each on an emulator whose clock stands still.
func eachProtocol(t *testing.T, test func(t *testing.T, s *Server, clock *ManualClock, client *cloudwatch.Client)) {
	t.Helper()
	for name, options := range map[string]func(*cloudwatch.Options){
		"cbor":  func(*cloudwatch.Options) {},
		"query": func(o *cloudwatch.Options) { o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801) },
	} {
		t.Run(name, func(t *testing.T) {
			clock := NewManualClock(epoch)
			s := startServer(t, Options{Clock: clock})
			test(t, s, clock, cloudwatch.NewFromConfig(sdkConfig(s), options))
		})
	}
}

func TestMetricStatistics(t *testing.T) {
	eachProtocol(t, func(t *testing.T, s *Server, _ *ManualClock, client *cloudwatch.Client) {
		dimensions := []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f")}}
		for i := range 100 {
			s.cloudwatch.record("AWS/Lambda", "Duration", map[string]string{"FunctionName": "f"}, float64(i+1), "Milliseconds")
		}
		if _, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Mine"), MetricData: []types.MetricDatum{
			{MetricName: aws.String("m"), Value: aws.Float64(3), Unit: types.StandardUnitCount, Timestamp: aws.Time(epoch.Add(-5 * time.Minute))},
			{MetricName: aws.String("m"), Values: []float64{1, 2}, Counts: []float64{2, 1}, Unit: types.StandardUnitCount},
			{MetricName: aws.String("m"), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(30), Minimum: aws.Float64(10), Maximum: aws.Float64(20)}, Unit: types.StandardUnitCount},
		}}); err != nil {
			t.Fatal(err)
		}
		in := &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration"), Dimensions: dimensions, Period: aws.Int32(300),
			StartTime: aws.Time(epoch.Add(-time.Hour)), EndTime: aws.Time(epoch.Add(time.Minute)),
			Statistics: []types.Statistic{"Average", "Sum", "Minimum", "Maximum", "SampleCount"},
		}
		out, err := client.GetMetricStatistics(t.Context(), in)
		if err != nil || len(out.Datapoints) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		if p := out.Datapoints[0]; *p.Average != 50.5 || *p.Sum != 5050 || *p.Minimum != 1 || *p.Maximum != 100 || *p.SampleCount != 100 || p.Unit != "Milliseconds" || !p.Timestamp.Equal(epoch) {
			t.Errorf("datapoint %+v", p)
		}
		in.Statistics, in.ExtendedStatistics = nil, []string{"p50", "p99", "p100"}
		if out, err = client.GetMetricStatistics(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if p := out.Datapoints[0].ExtendedStatistics; p["p50"] != 50 || p["p99"] != 99 || p["p100"] != 100 {
			t.Errorf("percentiles %v", p)
		}
		in.Namespace, in.MetricName, in.Dimensions, in.Period = aws.String("Mine"), aws.String("m"), nil, aws.Int32(60)
		in.Statistics, in.ExtendedStatistics = []types.Statistic{"Sum", "SampleCount", "Maximum"}, nil
		if out, err = client.GetMetricStatistics(t.Context(), in); err != nil || len(out.Datapoints) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		if p := out.Datapoints[1]; *p.Sum != 34 || *p.SampleCount != 5 || *p.Maximum != 20 {
			t.Errorf("sum %v of %v", *p.Sum, *p.SampleCount)
		}
	})
}

func TestMetricErrors(t *testing.T) {
	_, client := cloudWatchClient(t)
	statistics := func(change func(*cloudwatch.GetMetricStatisticsInput)) error {
		in := &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("N"), MetricName: aws.String("m"), Period: aws.Int32(60), Statistics: []types.Statistic{"Sum"},
			StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Hour)),
		}
		change(in)
		_, err := client.GetMetricStatistics(t.Context(), in)
		return err
	}
	put := func(namespace string, d types.MetricDatum) error {
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{d}})
		return err
	}
	name := aws.String("m")
	tests := []struct {
		name, code string
		err        error
	}{
		{"period", "InvalidParameterValue", statistics(func(in *cloudwatch.GetMetricStatisticsInput) { in.Period = aws.Int32(61) })},
		{"times", "InvalidParameterValue", statistics(func(in *cloudwatch.GetMetricStatisticsInput) { in.EndTime = in.StartTime })},
		{"too many points", "InvalidParameterCombination", statistics(func(in *cloudwatch.GetMetricStatisticsInput) { in.EndTime = aws.Time(epoch.Add(25 * time.Hour)) })},
		{"no statistics", "MissingParameter", statistics(func(in *cloudwatch.GetMetricStatisticsInput) { in.Statistics = nil })},
		{"trimmed mean", "InvalidParameterValue", statistics(func(in *cloudwatch.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"tm90"} })},
		{"namespace of AWS", "InvalidParameterValue", put("AWS/Mine", types.MetricDatum{MetricName: name, Value: aws.Float64(1)})},
		{"no value", "MissingParameter", put("N", types.MetricDatum{MetricName: name})},
		{"two values", "InvalidParameterCombination", put("N", types.MetricDatum{MetricName: name, Value: aws.Float64(1), Values: []float64{1}})},
		{"too old", "InvalidParameterValue", put("N", types.MetricDatum{MetricName: name, Value: aws.Float64(1), Timestamp: aws.Time(epoch.AddDate(0, 0, -15))})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantCode(t, test.err, test.code) })
	}
}

func cloudWatchClient(t testing.TB) (*Server, *cloudwatch.Client) {
	t.Helper()
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	return s, cloudwatch.NewFromConfig(sdkConfig(s))
}

func TestMetricData(t *testing.T) {
	eachProtocol(t, func(t *testing.T, s *Server, clock *ManualClock, client *cloudwatch.Client) {
		for minute, errors := range []float64{1, 0, 2} {
			if minute != 1 {
				s.cloudwatch.record("N", "errors", nil, errors, "Count")
			}
			s.cloudwatch.record("N", "calls", nil, 4, "Count")
			clock.Advance(time.Minute)
		}
		stat := func(id, name string, returned bool) types.MetricDataQuery {
			return types.MetricDataQuery{Id: &id, ReturnData: &returned, MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("N"), MetricName: &name}, Period: aws.Int32(60), Stat: aws.String("Sum")}}
		}
		out, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Hour)), ScanBy: types.ScanByTimestampAscending,
			MetricDataQueries: []types.MetricDataQuery{
				stat("e", "errors", true), stat("c", "calls", false),
				{Id: aws.String("rate"), Expression: aws.String("100 * FILL(e, 0) / c"), Label: aws.String("Error rate")},
			},
		})
		if err != nil || len(out.MetricDataResults) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		if r := out.MetricDataResults[0]; fmt.Sprint(r.Values) != "[1 2]" || !r.Timestamps[1].Equal(epoch.Add(2*time.Minute)) || *r.Label != "errors" {
			t.Errorf("errors %v at %v", r.Values, r.Timestamps)
		}
		if r := out.MetricDataResults[1]; fmt.Sprint(r.Values) != "[25 0 50]" || *r.Label != "Error rate" {
			t.Errorf("rates %v", r.Values)
		}
	})
}

func TestListMetrics(t *testing.T) {
	s, client := cloudWatchClient(t)
	for i := range metricPage + 1 {
		s.cloudwatch.record("N", fmt.Sprintf("m%04d", i), map[string]string{"d": fmt.Sprint(i % 2)}, 1, "")
	}
	count := func(in *cloudwatch.ListMetricsInput) int {
		n := 0
		for pages := cloudwatch.NewListMetricsPaginator(client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Metrics)
		}
		return n
	}
	if got := count(&cloudwatch.ListMetricsInput{Namespace: aws.String("N")}); got != metricPage+1 {
		t.Errorf("listed %d", got)
	}
	if got := count(&cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("d"), Value: aws.String("1")}}}); got != metricPage/2 {
		t.Errorf("listed %d by dimension", got)
	}
	if got := count(&cloudwatch.ListMetricsInput{Namespace: aws.String("N"), MetricName: aws.String("none")}); got != 0 {
		t.Errorf("listed %d of a metric that there is not", got)
	}
}

func TestMetricStoreIsBounded(t *testing.T) {
	clock := NewManualClock(epoch)
	m := newMetricStore(clock)
	for i := range metricSeries + 10 {
		m.add("N", fmt.Sprint(i), nil, clock.Now(), 1, 1, "")
	}
	if len(m.series) != metricSeries {
		t.Errorf("%d metrics", len(m.series))
	}
	clock.Advance(metricRetention + time.Minute)
	m.add("N", "new", nil, clock.Now(), 1, 1, "")
	if len(m.series) != 1 {
		t.Errorf("%d metrics after the retention", len(m.series))
	}
	for i := range 10000 {
		m.add("N", "values", nil, clock.Now(), float64(i), 1, "")
	}
	minute := &m.find("N", "values", nil).minutes[0]
	if len(minute.values) > metricValues+1000 {
		t.Errorf("%d values are kept", len(minute.values))
	}
	if p, ok := minute.percentile(99); !ok || p < 9800 || p > 9999 {
		t.Errorf("p99 of 0…9999 is %v", p)
	}
}

func TestDashboards(t *testing.T) {
	eachProtocol(t, func(t *testing.T, _ *Server, _ *ManualClock, client *cloudwatch.Client) {
		name, body := aws.String("p-us-east-1"), `{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"region":"us-east-1","metrics":[["AWS/Lambda","Errors","FunctionName","f"],[".","Duration"]],"title":"Errors"}},{"type":"text","properties":{"markdown":"# hi"}}]}`
		_, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: name})
		wantCode(t, err, "ResourceNotFound")
		if !isNotFound(err) {
			t.Errorf("the SDK does not know %T", err)
		}
		if _, err := client.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: name, DashboardBody: &body}); err != nil {
			t.Fatal(err)
		}
		out, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: name})
		if err != nil || *out.DashboardBody != body || *out.DashboardArn != "arn:aws:cloudwatch::000000000000:dashboard/p-us-east-1" {
			t.Errorf("%+v, %v", out, err)
		}
		list, err := client.ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{DashboardNamePrefix: aws.String("p-")})
		if err != nil || len(list.DashboardEntries) != 1 || *list.DashboardEntries[0].Size != int64(len(body)) {
			t.Errorf("%+v, %v", list, err)
		}
		_, err = client.DeleteDashboards(t.Context(), &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{*name, "other"}})
		wantCode(t, err, "ResourceNotFound")
		if _, err = client.DeleteDashboards(t.Context(), &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{*name}}); err != nil {
			t.Error(err)
		}
	})
}

func isNotFound(err error) bool {
	if e := new(types.DashboardNotFoundError); asError(err, &e) {
		return true
	}
	e := new(types.ResourceNotFound) // the query protocol gives both the same name
	return asError(err, &e)
}

func TestDashboardBodies(t *testing.T) {
	for body, want := range map[string]string{
		`{"widgets":[]}`:                "",
		``:                              "must be a valid JSON object",
		`[]`:                            "must be a valid JSON object",
		`{"widgets":[]} x`:              "must be a valid JSON object",
		`null`:                          "must be a valid JSON object",
		`{}`:                            "Should have required property 'widgets'",
		`{"widgets":[{"type":"pie"}]}`:  "Should be equal to one of the allowed values",
		`{"widgets":[{"type":"text"}]}`: "Should have required property 'properties'",
		`{"widgets":[{"type":"text","x":24,"properties":{"markdown":""}}]}`:               "Should be an integer between 0 and 23",
		`{"widgets":[{"type":"metric","properties":{"metrics":[["N","m"]]}}]}`:            "Should have required property 'region'",
		`{"widgets":[{"type":"metric","properties":{"region":"r","metrics":[]}}]}`:        "Should NOT have fewer than 1 items",
		`{"widgets":[{"type":"metric","properties":{"region":"r","metrics":["N"]}}]}`:     "Should be array of arrays",
		`{"widgets":[{"type":"metric","properties":{"annotations":{"alarms":["arn"]}}}]}`: "",
		`{"widgets":[{"type":"alarm","properties":{}}]}`:                                  "Should have required property 'alarms'",
	} {
		_, err := checkDashboard(body)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
		if err != nil && (asAPIError(err).Code != "DashboardInvalidInputError" || asAPIError(err).Status != http.StatusBadRequest) {
			t.Errorf("%s: %+v", body, err)
		}
	}
}

func TestMetricExpressions(t *testing.T) {
	for text, want := range map[string]float64{"1 + 2 * 3": 7, "(1 + 2) * 3": 9, "-2 - -3": 1, "8 / 4 / 2": 1, "1.5e2": 150, ".5*2": 1} {
		e, err := parseExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := e.value(nil, nil); !got.scalar || got.number != want {
			t.Errorf("%s is %v, want %v", text, got.number, want)
		}
	}
	for _, text := range []string{"", "1 +", "(1", "1)", "a b", "M1", "SUM(METRICS())", "IF(a, 1, 2)", "FILL(a)", "FILL(a, b)", "1 ? 2", strings.Repeat("(", 500), strings.Repeat("1+", 600) + "1"} {
		if _, err := parseExpression(text); err == nil {
			t.Errorf("%q is an expression", text)
		}
	}
	for text, function := range map[string]string{"SUM(METRICS())": "SUM", "1 + SEARCH('{N} m', 'Sum')": "SEARCH", "FILL(a, 0) + ANOMALY_DETECTION_BAND (a)": "ANOMALY_DETECTION_BAND"} {
		if _, err := parseExpression(text); err == nil || !strings.Contains(err.Error(), "The function "+function+" of metric math is not supported") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, queries := range [][]types.MetricDataQuery{
		{{Id: aws.String("a"), Expression: aws.String("b")}, {Id: aws.String("b"), Expression: aws.String("a")}},
		{{Id: aws.String("a"), Expression: aws.String("a + 1")}},
		{{Id: aws.String("a"), Expression: aws.String("nowhere")}},
	} {
		if _, err := parseQueries(queries); err == nil {
			t.Errorf("%v is accepted", queries)
		}
	}
}

func FuzzMetricExpression(f *testing.F) {
	f.Add("100 * FILL(e, 0) / (c - 1)")
	f.Fuzz(func(_ *testing.T, text string) {
		e, err := parseExpression(text)
		if err != nil {
			return
		}
		inputs := map[string]map[int64]float64{}
		for _, id := range e.uses {
			inputs[id] = map[int64]float64{60: 1}
		}
		e.value(inputs, map[int64]float64{60: 0})
	})
}

func FuzzDashboard(f *testing.F) {
	f.Add(`{"widgets":[{"type":"metric","x":0,"properties":{"region":"r","metrics":[["N","m"]]}}]}`)
	f.Fuzz(func(_ *testing.T, body string) { _, _ = checkDashboard(body) })
}

func BenchmarkRecord(b *testing.B) {
	c := newCloudWatch(withDefaults(Options{}))
	dimensions := map[string]string{"BucketName": "bucket", "FilterId": "EntireBucket"}
	for b.Loop() {
		c.record("AWS/S3", "PutRequests", dimensions, 1, "Count")
	}
}
