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

// Figure is a metric as people ask for it.
type Figure struct {
	Name      string // as iterator-age
	Title     string
	Unit      string // "" for a number of things
	Statistic string // Sum, Average, Maximum or a percentile
	Metric    Metric
}

// Figures are those that tell how the pipeline does, on the way of an event.
func (p *Pipeline) Figures() []Figure {
	n := p.names
	figures := []Figure{
		{"records-in", "records put", "", "Sum", n.streamMetric("IncomingRecords")},
		{"bytes-in", "bytes put", "bytes", "Sum", n.streamMetric("IncomingBytes")},
		{"refused", "records refused: not enough shards", "", "Sum", n.streamMetric("WriteProvisionedThroughputExceeded")},
		{"iterator-age", "how far the function is behind", "ms", "Maximum", n.functionMetric("IteratorAge")},
		{"invocations", "batches", "", "Sum", n.functionMetric("Invocations")},
		{"errors", "batches that failed", "", "Sum", n.functionMetric("Errors")},
		{"throttles", "batches that were throttled", "", "Sum", n.functionMetric("Throttles")},
		{"duration", "time of a batch", "ms", "Average", n.functionMetric("Duration")},
		{"duration-p99", "time of the slowest hundredth", "ms", "p99", n.functionMetric("Duration")},
		{"enriched", "records stored enriched", "", "Sum", n.ownMetric("RecordsEnriched")},
		{"dead-letters", "records stored as dead letters", "", "Sum", n.ownMetric("RecordsDeadLettered")},
		{"lookup-misses", "records without an item", "", "Sum", n.ownMetric("LookupMisses")},
		{"lookup-keys", "keys of batches to be looked up", "", "Sum", n.ownMetric("LookupKeys")},
		{"cache-hits", "keys that needed no lookup", "", "Sum", n.ownMetric("CacheHits")},
		{"lookups", "requests to the lookup tables", "", "Sum", n.ownMetric("Lookups")},
		{"lookup-throttles", "of them refused, wholly or in part", "", "Sum", n.ownMetric("LookupThrottles")},
		{"store-errors", "objects that could not be stored", "", "Sum", n.ownMetric("StoreErrors")},
		{"objects", "objects stored", "", "Sum", n.bucketMetric("PutRequests")},
		{"bucket-4xx", "requests to the bucket refused", "", "Sum", n.bucketMetric("4xxErrors")},
		{"bucket-5xx", "requests to the bucket that failed", "", "Sum", n.bucketMetric("5xxErrors")},
	}
	for _, lookup := range p.cfg.Lookups {
		name := "read-throttles"
		if len(p.cfg.Lookups) > 1 {
			name += "-" + lookup.Name
		}
		figures = append(figures, Figure{name, "reads of " + lookup.Name + " throttled", "", "Sum", n.tableMetric(lookup.Name, "ReadThrottleEvents")})
	}
	return figures
}

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
