package emulator

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// cloudWatchService is CloudWatch: metrics, alarms and dashboards.
type cloudWatchService struct {
	options   Options
	metrics   *metricStore
	readiness *readiness
	topics    alarmTopics // nil: nobody is told of alarms

	running sync.WaitGroup  // the watch over alarms
	stopped context.Context //nolint:containedctx // the lifetime of the service, not of a call
	stop    context.CancelFunc

	mu         sync.Mutex
	alarms     map[string]*alarm          // metric alarms by ARN
	composites map[string]*compositeAlarm // by ARN
	dashboards map[string]*dashboard      // by name: they belong to no region
	watching   bool                       // the watch runs
	closed     bool                       // and never will again
}

func newCloudWatch(options Options) *cloudWatchService {
	stopped, stop := context.WithCancel(context.Background())
	return &cloudWatchService{
		options: options, metrics: newMetricStore(options.Clock), stopped: stopped, stop: stop,
		alarms: map[string]*alarm{}, composites: map[string]*compositeAlarm{}, dashboards: map[string]*dashboard{},
	}
}

func (c *cloudWatchService) operations() map[string]operation {
	return map[string]operation{
		"PutMetricData":           op(c.putMetricData),
		"ListMetrics":             op(c.listMetrics),
		"GetMetricStatistics":     op(c.getMetricStatistics),
		"GetMetricData":           op(c.getMetricData),
		"DescribeAlarmHistory":    op(c.describeAlarmHistory),
		"DescribeAlarmsForMetric": op(c.describeAlarmsForMetric),
		"PutMetricAlarm":          op(c.putMetricAlarm),
		"PutCompositeAlarm":       op(c.putCompositeAlarm),
		"DescribeAlarms":          op(c.describeAlarms),
		"DeleteAlarms":            op(c.deleteAlarms),
		"SetAlarmState":           op(c.setAlarmState),
		"EnableAlarmActions":      op(c.enableAlarmActions),
		"DisableAlarmActions":     op(c.disableAlarmActions),
		"PutDashboard":            op(c.putDashboard),
		"GetDashboard":            op(c.getDashboard),
		"ListDashboards":          op(c.listDashboards),
		"DeleteDashboards":        op(c.deleteDashboards),
		"TagResource":             op(c.tagResource),
		"UntagResource":           op(c.untagResource),
		"ListTagsForResource":     op(c.listTags),
	}
}

func (c *cloudWatchService) now() time.Time { return c.options.Clock.Now().UTC() }

// record adds one value at the present minute. It is for what runs within the
// emulator.
func (c *cloudWatchService) record(namespace, name string, dimensions map[string]string, value float64, unit string) {
	c.metrics.add(namespace, name, dimensionsOf(dimensions), c.options.Clock.Now(), value, 1, unit)
}

// cloudWatchQueryCode gives the query protocol's name of an error that
// CloudWatch's other protocols name by its shape.
func cloudWatchQueryCode(code string) string {
	switch code {
	case "DashboardInvalidInputError":
		return "InvalidParameterInput"
	case "DashboardNotFoundError":
		return "ResourceNotFound"
	case "InvalidParameterValueException":
		return "InvalidParameterValue"
	case "InvalidParameterCombinationException":
		return "InvalidParameterCombination"
	case "MissingRequiredParameterException":
		return "MissingParameter"
	case "InvalidFormatFault":
		return "InvalidFormat"
	case "LimitExceededFault":
		return "LimitExceeded"
	case "InternalServiceFault":
		return "InternalServiceError"
	}
	return code
}

func cwInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
}

func cwCombination(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameterCombinationException", format, args...)
}

func cwMissing(name string) *apiError {
	return failf(http.StatusBadRequest, "MissingRequiredParameterException", "The parameter %s is required.", name)
}

func cwUnsupported(what string) *apiError {
	return notHad(cwInvalid("%s is not supported by this emulator.", what), what)
}

func cwToken() *apiError {
	return failf(http.StatusBadRequest, "InvalidNextToken", "The NextToken is invalid.")
}

func (c *cloudWatchService) putMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	namespace := deref(in.Namespace)
	switch {
	case namespace == "":
		return nil, cwMissing("Namespace")
	case strings.HasPrefix(namespace, "AWS/"):
		return nil, cwInvalid("The value AWS/ for parameter Namespace is invalid.")
	case len(namespace) > 255 || strings.HasPrefix(namespace, ":"):
		return nil, cwInvalid("The value %s for parameter Namespace is invalid.", namespace)
	case len(in.EntityMetricData) > 0:
		return nil, cwUnsupported("EntityMetricData")
	case len(in.MetricData) > 1000:
		return nil, cwInvalid("The collection MetricData must not have a size greater than 1000.")
	}
	for i := range in.MetricData {
		if err := c.checkDatum(&in.MetricData[i]); err != nil {
			return nil, err
		}
	}
	for i := range in.MetricData {
		if !c.storeDatum(namespace, &in.MetricData[i]) {
			return nil, failf(http.StatusBadRequest, "LimitExceededFault", "The emulator holds at most %d metrics.", metricSeries)
		}
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func (c *cloudWatchService) checkDatum(d *types.MetricDatum) error {
	given := 0
	for _, is := range []bool{d.Value != nil, d.StatisticValues != nil, len(d.Values) > 0} {
		if is {
			given++
		}
	}
	switch name := deref(d.MetricName); {
	case name == "" || len(name) > 255:
		return cwMissing("MetricData.member.N.MetricName")
	case len(d.Dimensions) > 30:
		return cwInvalid("The collection MetricData.member.N.Dimensions must not have a size greater than 30.")
	case given == 0:
		return cwMissing("MetricData.member.N.Value")
	case given > 1:
		return cwCombination("The parameters MetricData.member.N.Value, Values and StatisticValues are mutually exclusive and you have specified more than one.")
	case len(d.Values) > 150:
		return cwInvalid("The collection MetricData.member.N.Values must not have a size greater than 150.")
	case len(d.Counts) > 0 && len(d.Counts) != len(d.Values):
		return cwInvalid("The parameters MetricData.member.N.Values and MetricData.member.N.Counts must be of the same size.")
	}
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		return cwInvalid("The parameter MetricData.member.N.StorageResolution must be 1 or 60.")
	}
	if slices.ContainsFunc(datumNumbers(d), func(x float64) bool { return math.IsNaN(x) || math.Abs(x) > math.Pow(2, 360) }) {
		return cwInvalid("The parameter MetricData.member.N takes values from -2^360 to 2^360 and neither NaN nor infinity.")
	}
	if set := d.StatisticValues; set != nil && (set.Maximum == nil || set.Minimum == nil || set.Sum == nil || deref(set.SampleCount) <= 0) {
		return cwInvalid("The parameter MetricData.member.N.StatisticValues needs SampleCount, Sum, Minimum and Maximum.")
	}
	if at := d.Timestamp; at != nil && (at.Before(c.now().Add(-14*24*time.Hour)) || at.After(c.now().Add(2*time.Hour))) {
		return cwInvalid("The parameter MetricData.member.N.Timestamp must specify a time within the past two weeks and no more than two hours in the future.")
	}
	_, err := inputDimensions(d.Dimensions)
	return err
}

// datumNumbers are all numbers of a datum.
func datumNumbers(d *types.MetricDatum) []float64 {
	numbers := slices.Concat(d.Values, d.Counts, []float64{deref(d.Value)})
	if set := d.StatisticValues; set != nil {
		numbers = append(numbers, deref(set.Sum), deref(set.Minimum), deref(set.Maximum), deref(set.SampleCount))
	}
	return numbers
}

// storeDatum gives false when there is no room for one more metric.
func (c *cloudWatchService) storeDatum(namespace string, d *types.MetricDatum) bool {
	dimensions, _ := inputDimensions(d.Dimensions) // checked before
	at := c.now()
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	name, unit := *d.MetricName, string(d.Unit)
	switch {
	case d.Value != nil:
		return c.metrics.add(namespace, name, dimensions, at, *d.Value, 1, unit)
	case d.StatisticValues != nil:
		set := d.StatisticValues
		return c.metrics.addSet(namespace, name, dimensions, at, minute{count: *set.SampleCount, sum: *set.Sum, min: *set.Minimum, max: *set.Maximum}, unit)
	}
	stored := true
	for i, value := range d.Values {
		count := 1.0
		if len(d.Counts) > 0 {
			count = d.Counts[i]
		}
		stored = stored && c.metrics.add(namespace, name, dimensions, at, value, count, unit)
	}
	return stored
}

// inputDimensions takes the dimensions of a request.
func inputDimensions(in []types.Dimension) ([]dimension, error) {
	out := make([]dimension, 0, len(in))
	for _, d := range in {
		name, value := deref(d.Name), deref(d.Value)
		if name == "" || value == "" || len(name) > 255 || len(value) > 1024 || strings.HasPrefix(name, ":") {
			return nil, cwInvalid("The parameter Dimensions needs names of 1 to 255 and values of 1 to 1024 characters.")
		}
		if slices.ContainsFunc(out, func(other dimension) bool { return other.name == name }) {
			return nil, cwInvalid("No dimension may be repeated: %s", name)
		}
		out = append(out, dimension{name, value})
	}
	return sortDimensions(out), nil
}

func outputDimensions(in []dimension) []types.Dimension {
	out := make([]types.Dimension, 0, len(in))
	for _, d := range in {
		out = append(out, types.Dimension{Name: new(d.name), Value: new(d.value)})
	}
	return out
}

// metricPage is how many metrics ListMetrics gives at a time.
const metricPage = 500

func (c *cloudWatchService) listMetrics(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	after, err := decodeToken(deref(in.NextToken))
	if err != nil {
		return nil, cwToken()
	}
	switch {
	case deref(in.IncludeLinkedAccounts):
		return nil, cwUnsupported("IncludeLinkedAccounts")
	case in.OwningAccount != nil:
		return nil, cwUnsupported("OwningAccount")
	case len(in.Dimensions) > 10:
		return nil, cwInvalid("The collection Dimensions must not have a size greater than 10.")
	}
	c.metrics.mu.RLock()
	defer c.metrics.mu.RUnlock()
	out := &cloudwatch.ListMetricsOutput{Metrics: []types.Metric{}}
	last := ""
	for _, key := range sortedKeys(c.metrics.series) {
		s := c.metrics.series[key]
		if key <= after && after != "" || !listed(s, in) || in.RecentlyActive != "" && !s.activeSince(c.now().Add(-3*time.Hour)) {
			continue
		}
		if len(out.Metrics) == metricPage {
			out.NextToken = new(encodeToken(last))
			break
		}
		last = key
		out.Metrics = append(out.Metrics, types.Metric{Namespace: &s.namespace, MetricName: &s.name, Dimensions: outputDimensions(s.dimensions)})
	}
	return out, nil
}

func (s *series) activeSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.minutes) > 0 && s.minutes[len(s.minutes)-1].at >= t.Unix()/60
}

// listed tells whether a metric passes the filters of ListMetrics.
func listed(s *series, in *cloudwatch.ListMetricsInput) bool {
	if in.Namespace != nil && *in.Namespace != s.namespace || in.MetricName != nil && *in.MetricName != s.name {
		return false
	}
	for _, filter := range in.Dimensions {
		found := slices.ContainsFunc(s.dimensions, func(d dimension) bool {
			return d.name == deref(filter.Name) && (filter.Value == nil || d.value == *filter.Value)
		})
		if !found {
			return false
		}
	}
	return true
}
