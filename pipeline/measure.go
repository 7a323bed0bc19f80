package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Series is what a figure was, one period after the other. A period without data
// has no point.
type Series struct {
	Figure
	Points []Point
}

// Point is a figure in the period that begins At.
type Point struct {
	At    time.Time
	Value float64
}

// queriesAtOnce is how many metrics a GetMetricData may ask for.
const queriesAtOnce = 500

// Measure reads figures from a time until another, by periods of whole minutes, in
// the order in which they are asked for.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func (p *Pipeline) Measure(ctx context.Context, figures []Figure, from, until time.Time, period time.Duration) ([]Series, error) {
	series := make([]Series, len(figures))
	client := cloudWatch(p.sdk)
	for first := 0; first < len(figures); first += queriesAtOnce {
		in := &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(from.UTC().Truncate(time.Minute)), EndTime: aws.Time(until.UTC()), ScanBy: types.ScanByTimestampAscending,
		}
		for i := first; i < min(first+queriesAtOnce, len(figures)); i++ {
			series[i].Figure = figures[i]
			in.MetricDataQueries = append(in.MetricDataQueries, figures[i].query(i, period))
		}
		pages := cloudwatch.NewGetMetricDataPaginator(client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading the metrics: %w", err)
			}
			for _, result := range page.MetricDataResults {
				var i int
				if _, err := fmt.Sscanf(aws.ToString(result.Id), "m%d", &i); err != nil || i < 0 || i >= len(series) || len(result.Values) < len(result.Timestamps) {
					return nil, fmt.Errorf("reading the metrics: an answer to a question that was not asked: %q", aws.ToString(result.Id))
				}
				if result.StatusCode == types.StatusCodeInternalError || result.StatusCode == types.StatusCodeForbidden {
					return nil, fmt.Errorf("reading the metrics: %s: CloudWatch answers %s", figures[i].Name, result.StatusCode)
				}
				for k, at := range result.Timestamps {
					series[i].Points = append(series[i].Points, Point{at, result.Values[k]})
				}
			}
		}
	}
	for i := range series {
		slices.SortFunc(series[i].Points, func(a, b Point) int { return a.At.Compare(b.At) })
	}
	return series, nil
}

func (f Figure) query(i int, period time.Duration) types.MetricDataQuery {
	metric := types.Metric{Namespace: &f.Metric.Namespace, MetricName: &f.Metric.Name}
	for _, name := range slices.Sorted(maps.Keys(f.Metric.Dimensions)) {
		metric.Dimensions = append(metric.Dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(f.Metric.Dimensions[name])})
	}
	return types.MetricDataQuery{
		Id:         aws.String(fmt.Sprintf("m%d", i)),
		MetricStat: &types.MetricStat{Metric: &metric, Period: aws.Int32(int32(period / time.Second)), Stat: &f.Statistic},
	}
}

// Total is the figure of the whole time: the sum of sums, the largest of maxima and
// percentiles, the mean of averages over the periods. There is none without points.
func (s Series) Total() (total float64, ok bool) {
	for i, p := range s.Points {
		switch {
		case s.Statistic == "Sum" || s.Statistic == "Average":
			total += p.Value
		case i == 0 || p.Value > total:
			total = p.Value
		}
	}
	if s.Statistic == "Average" && len(s.Points) > 0 {
		total /= float64(len(s.Points))
	}
	return total, len(s.Points) > 0
}
