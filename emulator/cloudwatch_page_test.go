package emulator

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func sumQuery(id, name string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("N"), MetricName: &name}, Period: aws.Int32(60), Stat: aws.String("Sum"),
	}}
}

func TestMetricDataComesInPages(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	for i := range 3 {
		s.cloudwatch.record("N", "a", nil, float64(i+1), "Count")
		s.cloudwatch.record("N", "b", nil, float64(i+4), "Count")
		clock.Advance(time.Minute)
	}
	for size, want := range map[int32]string{
		1: "a[1] a[2] a[3] b[4] b[5] b[6]", 2: "a[1 2] a[3] b[4] b[5 6]", 3: "a[1 2 3] b[4 5 6]", 4: "a[1 2 3] b[4] b[5 6]", 6: "a[1 2 3] b[4 5 6]",
	} {
		got, pages := "", 0
		in := &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Hour)), ScanBy: types.ScanByTimestampAscending,
			MaxDatapoints: &size, MetricDataQueries: []types.MetricDataQuery{sumQuery("a", "a"), sumQuery("b", "b")},
		}
		for p := cloudwatch.NewGetMetricDataPaginator(client, in); p.HasMorePages(); pages++ {
			out, err := p.NextPage(t.Context())
			must(t, err)
			for _, r := range out.MetricDataResults {
				got += fmt.Sprintf(" %s%v", *r.Id, r.Values)
				if whole := r.Values[len(r.Values)-1] == map[string]float64{"a": 3, "b": 6}[*r.Id]; whole != (r.StatusCode == types.StatusCodeComplete) {
					t.Errorf("%v is %s", r.Values, r.StatusCode)
				}
			}
		}
		if got != " "+want || pages != (6+int(size)-1)/int(size) {
			t.Errorf("pages of %d: %s in %d", size, got, pages)
		}
	}
}

func TestMetricDataRefusesWhatItHasNot(t *testing.T) {
	_, client := cloudWatchClient(t)
	for name, change := range map[string]func(*cloudwatch.GetMetricDataInput){
		"token": func(in *cloudwatch.GetMetricDataInput) { in.NextToken = aws.String("x") },
		"page":  func(in *cloudwatch.GetMetricDataInput) { in.MaxDatapoints = aws.Int32(0) },
		"timezone": func(in *cloudwatch.GetMetricDataInput) {
			in.LabelOptions = &types.LabelOptions{Timezone: aws.String("CET")}
		},
		"search": func(in *cloudwatch.GetMetricDataInput) {
			in.MetricDataQueries[0] = types.MetricDataQuery{Id: aws.String("s"), Expression: aws.String("SEARCH('{N} m', 'Sum', 60)")}
		},
		"trimmed mean": func(in *cloudwatch.GetMetricDataInput) {
			in.MetricDataQueries[0].MetricStat.Stat = aws.String("TM(10%:90%)")
		},
		"label":   func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].Label = aws.String("${MAX}") },
		"seconds": func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(10) },
	} {
		in := &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Hour)), MetricDataQueries: []types.MetricDataQuery{sumQuery("a", "a")},
		}
		if _, err := client.GetMetricData(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		change(in)
		if _, err := client.GetMetricData(t.Context(), in); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestPutMetricDataRefusesNumbersThatAreNone(t *testing.T) {
	_, client := cloudWatchClient(t)
	for name, d := range map[string]types.MetricDatum{
		"NaN":        {Value: aws.Float64(math.NaN())},
		"infinity":   {Values: []float64{math.Inf(1)}},
		"too big":    {Value: aws.Float64(math.Pow(2, 361))},
		"resolution": {Value: aws.Float64(1), StorageResolution: aws.Int32(5)},
	} {
		d.MetricName = aws.String("m")
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []types.MetricDatum{d}})
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// What cannot be kept is refused where somebody hears of it.
func TestPutMetricDataTellsThatItIsFull(t *testing.T) {
	s, client := cloudWatchClient(t)
	for i := range metricSeries {
		s.cloudwatch.record("N", fmt.Sprint(i), nil, 1, "")
	}
	_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Mine"), MetricData: []types.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}})
	wantCode(t, err, "LimitExceeded")
}

// The minutes of many metrics with many values do not pile up: the oldest go early.
func TestMetricPointsAreBounded(t *testing.T) {
	clock := NewManualClock(epoch)
	m := newMetricStore(clock)
	for range 5 * 60 {
		for series := range 20 {
			for value := range 150 {
				m.add("N", fmt.Sprint(series), nil, clock.Now(), float64(value), 1, "")
			}
		}
		clock.Advance(time.Minute)
	}
	if kept := m.kept.Load(); kept > metricPoints || kept < metricPoints/4 {
		t.Errorf("%d points are kept", kept)
	}
	counted := int64(0)
	for _, s := range m.series {
		for _, minute := range s.minutes {
			counted += 1 + int64(len(minute.values))
		}
	}
	if counted != m.kept.Load() {
		t.Errorf("%d points are counted as %d", counted, m.kept.Load())
	}
	if latest := m.find("N", "0", nil).periods(clock.Now().Add(-time.Hour), clock.Now(), 60, ""); len(latest) != 60 {
		t.Errorf("%d minutes of the latest hour are left", len(latest))
	}
}

func TestListMetricsRecentlyActive(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	s.cloudwatch.record("N", "old", nil, 1, "")
	clock.Advance(4 * time.Hour)
	s.cloudwatch.record("N", "new", nil, 1, "")
	out, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{RecentlyActive: types.RecentlyActivePt3h})
	must(t, err)
	if len(out.Metrics) != 1 || *out.Metrics[0].MetricName != "new" {
		t.Errorf("%+v", out.Metrics)
	}
}
