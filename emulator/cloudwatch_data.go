package emulator

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	statisticsLimit = 1440   // data points of GetMetricStatistics
	dataQueries     = 500    // queries of GetMetricData
	dataLimit       = 100800 // data points of GetMetricData
)

// checkPeriod validates a period in seconds.
func checkPeriod(period int32) error {
	if period <= 0 || period%60 != 0 && period != 1 && period != 5 && period != 10 && period != 20 && period != 30 {
		return cwInvalid("The parameter Period must be greater than 0, and 1, 5, 10, 20, 30 or a multiple of 60.")
	}
	if period < 60 {
		return cwUnsupported("A Period of less than 60 seconds")
	}
	return nil
}

// window checks a time range and aligns its begin to the period, as CloudWatch
// does.
func window(start, end *time.Time, period int32) (time.Time, time.Time, error) {
	switch {
	case start == nil:
		return time.Time{}, time.Time{}, cwMissing("StartTime")
	case end == nil:
		return time.Time{}, time.Time{}, cwMissing("EndTime")
	case !start.Before(*end):
		return time.Time{}, time.Time{}, cwInvalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	return start.Truncate(time.Duration(min(period, 60)) * time.Second), *end, nil
}

func (c *cloudWatchService) getMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	statistics, err := checkStatistics(in)
	if err != nil {
		return nil, err
	}
	dimensions, err := inputDimensions(in.Dimensions)
	if err != nil {
		return nil, err
	}
	start, end, err := window(in.StartTime, in.EndTime, *in.Period)
	if err != nil {
		return nil, err
	}
	if points := end.Sub(start) / (time.Duration(*in.Period) * time.Second); points > statisticsLimit {
		return nil, cwCombination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", points, statisticsLimit)
	}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	s := c.metrics.find(*in.Namespace, *in.MetricName, dimensions)
	if s == nil {
		return out, nil
	}
	for _, m := range s.periods(start, end, int64(*in.Period), string(in.Unit)) {
		out.Datapoints = append(out.Datapoints, datapoint(&m, statistics))
	}
	return out, nil
}

func checkStatistics(in *cloudwatch.GetMetricStatisticsInput) ([]statistic, error) {
	switch {
	case deref(in.Namespace) == "":
		return nil, cwMissing("Namespace")
	case deref(in.MetricName) == "":
		return nil, cwMissing("MetricName")
	case in.Period == nil:
		return nil, cwMissing("Period")
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		return nil, cwMissing("Statistics")
	case len(in.Statistics) > 5 || len(in.ExtendedStatistics) > 10:
		return nil, cwInvalid("The parameters Statistics and ExtendedStatistics take at most 5 and 10 members.")
	}
	if err := checkPeriod(*in.Period); err != nil {
		return nil, err
	}
	var statistics []statistic
	for _, name := range in.Statistics {
		s, ok := parseStatistic(string(name))
		if !ok || s.percentile > 0 {
			return nil, cwInvalid("The parameter Statistics has the invalid value %s.", name)
		}
		statistics = append(statistics, s)
	}
	for _, name := range in.ExtendedStatistics {
		s, ok := parseStatistic(name)
		if !ok || s.percentile == 0 {
			return nil, cwInvalid("The parameter ExtendedStatistics takes percentiles such as p99 on this emulator, not %s.", name)
		}
		statistics = append(statistics, s)
	}
	return statistics, nil
}

func datapoint(m *minute, statistics []statistic) types.Datapoint {
	point := types.Datapoint{Timestamp: new(time.Unix(m.at, 0).UTC()), Unit: types.StandardUnit(m.unit)}
	for _, s := range statistics {
		value, ok := s.of(m)
		if !ok {
			continue
		}
		switch s.name {
		case "Average":
			point.Average = &value
		case "Sum":
			point.Sum = &value
		case "Minimum":
			point.Minimum = &value
		case "Maximum":
			point.Maximum = &value
		case "SampleCount":
			point.SampleCount = &value
		default:
			if point.ExtendedStatistics == nil {
				point.ExtendedStatistics = map[string]float64{}
			}
			point.ExtendedStatistics[s.name] = value
		}
	}
	return point
}

func (c *cloudWatchService) getMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	switch {
	case len(in.MetricDataQueries) == 0:
		return nil, cwMissing("MetricDataQueries")
	case len(in.MetricDataQueries) > dataQueries:
		return nil, cwInvalid("The collection MetricDataQueries must not have a size greater than %d.", dataQueries)
	}
	if in.LabelOptions != nil && in.LabelOptions.Timezone != nil && !timezone().MatchString(*in.LabelOptions.Timezone) {
		return nil, cwInvalid("The value %s for parameter LabelOptions.Timezone is invalid: it is + or - and four digits.", *in.LabelOptions.Timezone)
	}
	page, err := newDataPage(in)
	if err != nil {
		return nil, err
	}
	queries, err := parseQueries(in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	for i := range queries.list {
		q := &queries.list[i]
		if !q.returned {
			continue
		}
		start, end, err := window(in.StartTime, in.EndTime, q.period)
		if err != nil {
			return nil, err
		}
		values, err := c.values(queries, q, start, end)
		if err != nil {
			return nil, err
		}
		result := types.MetricDataResult{Id: &q.id, Label: &q.label, StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
		for _, at := range sortedKeys(values) {
			result.Timestamps = append(result.Timestamps, time.Unix(at, 0).UTC())
			result.Values = append(result.Values, values[at])
		}
		if in.ScanBy != types.ScanByTimestampAscending {
			slices.Reverse(result.Timestamps)
			slices.Reverse(result.Values)
		}
		if !page.cut(&result) {
			continue
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	out.NextToken = page.next()
	return out, nil
}

// values gives a query's data points by their times in Unix seconds.
func (c *cloudWatchService) values(queries *querySet, q *dataQuery, start, end time.Time) (map[int64]float64, error) {
	out := map[int64]float64{}
	if q.expression != nil {
		return queries.evaluate(q, func(other *dataQuery) (map[int64]float64, error) { return c.values(queries, other, start, end) })
	}
	s := c.metrics.find(q.namespace, q.metric, q.dimensions)
	if s == nil {
		return out, nil
	}
	for _, m := range s.periods(start, end, int64(q.period), q.unit) {
		if value, ok := q.statistic.of(&m); ok {
			out[m.at] = value
		}
	}
	return out, nil
}

// dataQuery is one parsed metric query.
type dataQuery struct {
	id         string
	label      string
	returned   bool
	period     int32
	namespace  string
	metric     string
	dimensions []dimension
	statistic  statistic
	unit       string
	expression *expression // nil: a metric
}

// querySet is a list of queries that may refer to each other.
type querySet struct {
	list []dataQuery
	byID map[string]*dataQuery
}

func parseQueries(in []types.MetricDataQuery) (*querySet, error) {
	set := &querySet{list: make([]dataQuery, 0, len(in)), byID: map[string]*dataQuery{}}
	for i := range in {
		q, err := parseQuery(&in[i])
		if err != nil {
			return nil, err
		}
		if set.byID[q.id] != nil {
			return nil, cwInvalid("The values for parameter id in MetricDataQueries are not unique: %s", q.id)
		}
		set.list = append(set.list, q)
		set.byID[q.id] = &set.list[len(set.list)-1]
	}
	return set, set.link()
}

func parseQuery(in *types.MetricDataQuery) (dataQuery, error) {
	q := dataQuery{id: deref(in.Id), label: deref(in.Label), returned: in.ReturnData == nil || *in.ReturnData, period: deref(in.Period)}
	switch {
	case !queryID().MatchString(q.id):
		return q, cwInvalid("The value %q for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.id)
	case in.AccountId != nil:
		return q, cwUnsupported("AccountId in metric queries")
	case strings.Contains(q.label, "${"):
		return q, cwUnsupported("A dynamic label: " + q.label)
	case (in.Expression == nil) == (in.MetricStat == nil):
		return q, cwCombination("A metric query needs exactly one of Expression and MetricStat.")
	}
	if in.Expression != nil {
		var err error
		if q.label == "" {
			q.label = q.id
		}
		q.expression, err = parseExpression(*in.Expression)
		return q, err
	}
	return q, q.readMetric(in.MetricStat)
}

func (q *dataQuery) readMetric(in *types.MetricStat) error {
	if in.Metric == nil || deref(in.Metric.Namespace) == "" || deref(in.Metric.MetricName) == "" {
		return cwMissing("MetricStat.Metric")
	}
	q.namespace, q.metric, q.unit = *in.Metric.Namespace, *in.Metric.MetricName, string(in.Unit)
	if in.Period == nil {
		return cwMissing("MetricStat.Period")
	}
	q.period = *in.Period
	if err := checkPeriod(q.period); err != nil {
		return err
	}
	var ok bool
	if q.statistic, ok = parseStatistic(deref(in.Stat)); !ok {
		return cwInvalid("The value %q for parameter MetricStat.Stat is not supported.", deref(in.Stat))
	}
	if q.label == "" {
		q.label = q.metric
	}
	var err error
	q.dimensions, err = inputDimensions(in.Metric.Dimensions)
	return err
}
