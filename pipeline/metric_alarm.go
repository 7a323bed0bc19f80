package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enrich/cost"
	"enrich/engine"
)

// MetricAlarm watches one metric, or the value of an expression over several.
type MetricAlarm struct {
	Description       string            `json:"description"`
	Metrics           []AlarmMetric     `json:"metrics"`
	Expression        string            `json:"expression,omitempty"` // over the metrics m1, m2 …; "" with one metric
	Comparison        string            `json:"comparison"`
	Threshold         float64           `json:"threshold"`
	EvaluationPeriods int               `json:"evaluation_periods"`
	DatapointsToAlarm int               `json:"datapoints_to_alarm"`
	MissingData       string            `json:"missing_data"`
	Notify            []string          `json:"notify"`
	Tags              map[string]string `json:"tags"`
}

// AlarmMetric is one metric of an alarm.
type AlarmMetric struct {
	Metric
	Statistic string `json:"statistic"`
	Period    int    `json:"period"` // seconds
}

type metricAlarm struct {
	identified
	desired MetricAlarm
	idle    bool                // its state ALARM says that nothing comes in, which is no ill health
	mapping *eventSourceMapping // whose metrics it watches; nil: none
	client  *cloudwatch.Client
}

func (p *Pipeline) namedAlarm(key, name string) *metricAlarm {
	return &metricAlarm{
		identified: identified{key: key, kind: kindAlarm, name: name, arn: p.id.alarmARN(name)},
		client:     cloudWatch(p.sdk),
	}
}

// Desired is the data that the alarm shall have.
func (a *metricAlarm) Desired() any { return a.desired }

func (a *metricAlarm) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer a.explain("reading", &err)
	answer, err := a.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{a.name}, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm},
	})
	if err != nil {
		return nil, err
	}
	if len(answer.MetricAlarms) == 0 {
		return nil, engine.ErrNotFound
	}
	now := answer.MetricAlarms[0]
	tags, err := readCloudWatchTags(ctx, a.client, a.arn)
	if err != nil {
		return nil, err
	}
	spec := observedAlarm(now)
	if err := a.recognize(ctx, spec); err != nil {
		return nil, err
	}
	spec.Tags = userTags(tags)
	observed := &engine.Observed{
		ID:     a.name,
		ARN:    aws.ToString(now.AlarmArn),
		Status: string(now.StateValue),
		Detail: spec.rule(),
		Tags:   tags,
		Spec:   spec,
	}
	// INSUFFICIENT_DATA is how every alarm begins and what no traffic looks like.
	if now.StateValue == types.StateValueAlarm && !a.idle {
		observed.Unhealthy = spec.Description + because(aws.ToString(now.StateReason))
	}
	return observed, nil
}

func readCloudWatchTags(ctx context.Context, client *cloudwatch.Client, arn string) (map[string]string, error) {
	answer, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFoundException", "ResourceNotFound")
	}
	return tagMap(answer.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value }), nil
}

func observedAlarm(now types.MetricAlarm) MetricAlarm {
	spec := MetricAlarm{
		Description:       aws.ToString(now.AlarmDescription),
		Comparison:        string(now.ComparisonOperator),
		Threshold:         aws.ToFloat64(now.Threshold),
		EvaluationPeriods: int(aws.ToInt32(now.EvaluationPeriods)),
		DatapointsToAlarm: int(aws.ToInt32(now.DatapointsToAlarm)),
		MissingData:       aws.ToString(now.TreatMissingData),
		Notify:            notifiedOf(now.ActionsEnabled, now.AlarmActions, now.OKActions),
	}
	if len(now.Metrics) == 0 {
		metric := Metric{Namespace: aws.ToString(now.Namespace), Name: aws.ToString(now.MetricName), Dimensions: dimensionMap(now.Dimensions)}
		spec.Metrics = []AlarmMetric{{Metric: metric, Statistic: string(now.Statistic), Period: int(aws.ToInt32(now.Period))}}
	}
	queries := slices.SortedFunc(slices.Values(now.Metrics), func(a, b types.MetricDataQuery) int {
		return strings.Compare(aws.ToString(a.Id), aws.ToString(b.Id)) // m1, m2 …: nothing says that the order is kept
	})
	for _, query := range queries {
		if query.MetricStat == nil {
			spec.Expression = aws.ToString(query.Expression)
			continue
		}
		metric := Metric{Dimensions: map[string]string{}}
		if m := query.MetricStat.Metric; m != nil {
			metric = Metric{Namespace: aws.ToString(m.Namespace), Name: aws.ToString(m.MetricName), Dimensions: dimensionMap(m.Dimensions)}
		}
		spec.Metrics = append(spec.Metrics, AlarmMetric{
			Metric: metric, Statistic: aws.ToString(query.MetricStat.Stat), Period: int(aws.ToInt32(query.MetricStat.Period)),
		})
	}
	return spec
}

// notifiedOf are the topics that hear when an alarm goes on and when it goes off.
// Actions that somebody has switched off notify nobody.
func notifiedOf(enabled *bool, on, off []string) []string {
	if enabled != nil && !*enabled {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(on), func(topic string) bool { return !slices.Contains(off, topic) })
}

// rule tells what raises the alarm: "Errors >= 1 in 3 of 5 min", or
// "100 * Duration / (60 * 1000) >= 80 in 3 of 5 min".
func (a MetricAlarm) rule() string {
	var names []string
	period := 0
	for _, m := range a.Metrics {
		names = append(names, m.Name)
		period = m.Period
	}
	watched := strings.Join(names, " + ")
	if len(names) == 1 && a.Expression != "" {
		watched = strings.ReplaceAll(a.Expression, "m1", names[0])
	}
	comparison := map[types.ComparisonOperator]string{
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: ">=",
		types.ComparisonOperatorGreaterThanThreshold:          ">",
		types.ComparisonOperatorLessThanThreshold:             "<",
		types.ComparisonOperatorLessThanOrEqualToThreshold:    "<=",
	}[types.ComparisonOperator(a.Comparison)]
	if comparison == "" {
		comparison = a.Comparison // one that somebody chose by hand
	}
	minutes := func(periods int) string { return strconv.FormatFloat(float64(periods*period)/60, 'g', 3, 64) }
	return fmt.Sprintf("%s %s %s in %s of %s min", watched, comparison,
		strconv.FormatFloat(a.Threshold, 'f', -1, 64), minutes(a.DatapointsToAlarm), minutes(a.EvaluationPeriods))
}

func dimensionMap(list []types.Dimension) map[string]string {
	return tagMap(list, func(d types.Dimension) (*string, *string) { return d.Name, d.Value })
}

func dimensionList(dimensions map[string]string) []types.Dimension {
	return tagList(dimensions, func(name, value string) types.Dimension { return types.Dimension{Name: &name, Value: &value} })
}

func (a *metricAlarm) Diff(observed *engine.Observed) []engine.Change {
	return compare(a.desired, observed.Spec)
}

func (a *metricAlarm) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer a.explain("creating", &err)
	if err := a.put(ctx, progress); err != nil {
		return err
	}
	progress.Identified(a.name, a.arn)
	return nil
}

// put creates the alarm or replaces all of it but its tags, which count at the
// creation only.
func (a *metricAlarm) put(ctx context.Context, progress engine.Progress) error {
	d, err := a.resolved(ctx, progress)
	if err != nil {
		return err
	}
	input := &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &a.name,
		AlarmDescription:   &d.Description,
		ActionsEnabled:     aws.Bool(true),
		AlarmActions:       d.Notify,
		OKActions:          d.Notify,
		ComparisonOperator: types.ComparisonOperator(d.Comparison),
		Threshold:          &d.Threshold,
		EvaluationPeriods:  aws.Int32(int32(d.EvaluationPeriods)),
		DatapointsToAlarm:  aws.Int32(int32(d.DatapointsToAlarm)),
		TreatMissingData:   &d.MissingData,
		Tags:               cloudWatchTags(d.Tags),
	}
	if d.Expression == "" {
		only := d.Metrics[0]
		input.Namespace, input.MetricName = &only.Namespace, &only.Name
		input.Dimensions = dimensionList(only.Dimensions)
		input.Statistic, input.Period = types.Statistic(only.Statistic), aws.Int32(int32(only.Period))
	} else {
		input.Metrics = queries(d)
	}
	_, err = a.client.PutMetricAlarm(ctx, input)
	return err
}

// Query is one metric of an alarm over several, or the expression over them.
type Query struct {
	ID     string
	Metric *AlarmMetric // nil: the expression
	// Label and Expression are those of what the alarm looks at.
	Label, Expression string
}

// Queries give the alarm's metrics the names that its expression uses.
func (a MetricAlarm) Queries() []Query {
	list := make([]Query, 0, len(a.Metrics)+1)
	for i := range a.Metrics {
		list = append(list, Query{ID: fmt.Sprintf("m%d", i+1), Metric: &a.Metrics[i]})
	}
	return append(list, Query{ID: "value", Label: strings.SplitN(a.Description, ":", 2)[0], Expression: a.Expression})
}

func queries(d MetricAlarm) []types.MetricDataQuery {
	var list []types.MetricDataQuery
	for _, q := range d.Queries() {
		if q.Metric == nil {
			list = append(list, types.MetricDataQuery{
				Id: &q.ID, Expression: &q.Expression, Label: &q.Label, ReturnData: aws.Bool(true),
			})
			continue
		}
		list = append(list, types.MetricDataQuery{
			Id:         &q.ID,
			ReturnData: aws.Bool(false),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: &q.Metric.Namespace, MetricName: &q.Metric.Name, Dimensions: dimensionList(q.Metric.Dimensions),
				},
				Period: aws.Int32(int32(q.Metric.Period)),
				Stat:   &q.Metric.Statistic,
			},
		})
	}
	return list
}

func cloudWatchTags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })
}

func (a *metricAlarm) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer a.explain("updating", &err)
	if tagged(changes) {
		if err := retagCloudWatch(ctx, a.client, a.arn, observed.Tags, a.desired.Tags); err != nil {
			return err
		}
	}
	return a.put(ctx, progress)
}

func retagCloudWatch(ctx context.Context, client *cloudwatch.Client, arn string, observed, desired map[string]string) error {
	set, remove := tagChanges(observed, desired)
	if len(remove) > 0 {
		if _, err := client.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &arn, TagKeys: remove}); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if len(set) > 0 {
		if _, err := client.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &arn, Tags: cloudWatchTags(set)}); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	return nil
}

// Delete waits for the composite alarm that goes at the same time: the record knows
// no order of what the configuration no longer has.
func (a *metricAlarm) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer a.explain("deleting", &err)
	err = retry{
		match:    func(err error) bool { return says(err, "composite alarm(s) depending on") },
		timeout:  time.Minute,
		progress: progress,
		doing:    "waiting for the end of the composite alarm",
	}.do(ctx, func(ctx context.Context) error {
		_, err := a.client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{a.name}})
		return err
	})
	return ignore(err, "ResourceNotFound", "ResourceNotFoundException")
}

// charges are by the metrics that the alarm looks at.
func (a *metricAlarm) charges(cost.Flow) []cost.Charge {
	return []cost.Charge{{Item: cost.AlarmMetric, What: "alarms", Idle: float64(len(a.desired.Metrics))}}
}

// describeAlarms is about all alarms whatever names it gives, and shows composite ones
// only to whoever may see everything.
const describeAlarms = "cloudwatch:DescribeAlarms"

func (a *metricAlarm) needs() []need {
	list := []need{{
		sid: "Alarms", on: words{a.arn},
		read:   words{"cloudwatch:ListTagsForResource"},
		create: words{"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"},
		update: words{"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"},
		remove: words{"cloudwatch:DeleteAlarms"},
	}, {
		sid: sidUnscoped, on: words{everything},
		read: words{describeAlarms},
	}}
	if a.mapping != nil {
		const find = "lambda:ListEventSourceMappings"
		list = append(list, need{sid: sidUnscoped, on: words{everything}, read: words{find}, create: words{find}, update: words{find}})
	}
	return list
}
