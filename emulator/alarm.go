package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarm is a metric alarm. Its state is brought up to date when somebody looks:
// minute by minute since the last time, as CloudWatch would have done. What an
// alarm's actions name is not called.
type alarm struct {
	region  string
	shown   types.MetricAlarm
	queries *querySet // what is watched
	watched *dataQuery
	tags    map[string]string
	visible time.Time // when calls find it

	evaluated int64 // the last minute that was evaluated
	past      []types.AlarmHistoryItem
}

// alarmLimits of one request.
const (
	alarmPage    = 50
	alarmPageMax = 100
	alarmDelete  = 100
	alarmsMax    = 5000
)

func (c *cloudWatchService) putMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	made, err := c.newAlarm(ctx, in)
	if err != nil {
		return nil, err
	}
	tags, err := inputTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	arn := *made.shown.AlarmArn
	old := c.alarms[arn]
	switch {
	case old != nil:
		// An update leaves the state, and the tags, as they are.
		c.evaluate(old)
		made.tags, made.evaluated, made.visible = old.tags, old.evaluated, old.visible
		made.shown.StateValue, made.shown.StateReason, made.shown.StateReasonData = old.shown.StateValue, old.shown.StateReason, old.shown.StateReasonData
		made.past = old.past
		made.noteConfiguration("Update")
		made.shown.StateUpdatedTimestamp, made.shown.StateTransitionedTimestamp = old.shown.StateUpdatedTimestamp, old.shown.StateTransitionedTimestamp
	case len(c.alarms) >= alarmsMax:
		return nil, failf(http.StatusBadRequest, "LimitExceededFault", "The emulator holds at most %d alarms.", alarmsMax)
	default:
		made.tags, made.visible = tags, c.readiness.visible()
		made.noteConfiguration("Create")
	}
	c.alarms[arn] = made
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

// newAlarm validates the input and makes an alarm that nothing was evaluated of.
func (c *cloudWatchService) newAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*alarm, error) {
	if err := checkAlarm(in); err != nil {
		return nil, err
	}
	queries, watched, err := alarmQueries(in)
	if err != nil {
		return nil, err
	}
	caller, now := callerOf(ctx), c.now()
	region := caller.Region
	if region == "" {
		region = c.options.Region
	}
	enabled := in.ActionsEnabled == nil || *in.ActionsEnabled
	return &alarm{
		region: region, queries: queries, watched: watched, evaluated: now.Unix() / 60,
		shown: types.MetricAlarm{
			AlarmName: in.AlarmName, AlarmArn: new(caller.arn("cloudwatch", "alarm:"+*in.AlarmName)), AlarmDescription: in.AlarmDescription,
			ActionsEnabled: &enabled, OKActions: orEmpty(in.OKActions), AlarmActions: orEmpty(in.AlarmActions), InsufficientDataActions: orEmpty(in.InsufficientDataActions),
			AlarmConfigurationUpdatedTimestamp: &now, StateUpdatedTimestamp: &now, StateTransitionedTimestamp: &now,
			StateValue: types.StateValueInsufficientData, StateReason: new("Unchecked: Initial alarm creation"),
			Namespace: in.Namespace, MetricName: in.MetricName, Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic,
			Dimensions: in.Dimensions, Metrics: in.Metrics, Period: in.Period, Unit: in.Unit,
			EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm, Threshold: in.Threshold,
			ComparisonOperator: in.ComparisonOperator, TreatMissingData: in.TreatMissingData, EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
		},
	}, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// alarmQueries makes the query that an alarm watches.
func alarmQueries(in *cloudwatch.PutMetricAlarmInput) (*querySet, *dataQuery, error) {
	metrics := in.Metrics
	if len(metrics) == 0 {
		stat := string(in.Statistic)
		if in.ExtendedStatistic != nil {
			stat = *in.ExtendedStatistic
		}
		metrics = []types.MetricDataQuery{{Id: new("m1"), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions},
			Period: in.Period, Stat: &stat, Unit: in.Unit,
		}}}
	}
	queries, err := parseQueries(metrics)
	if err != nil {
		return nil, nil, err
	}
	var watched *dataQuery
	for i := range queries.list {
		if !queries.list[i].returned {
			continue
		}
		if watched != nil {
			return nil, nil, cwInvalid("Exactly one element of the metrics list should return data.")
		}
		watched = &queries.list[i]
	}
	if watched == nil {
		return nil, nil, cwInvalid("Exactly one element of the metrics list should return data.")
	}
	if span := int64(watched.period) * int64(*in.EvaluationPeriods); span > 7*86400 || watched.period < 3600 && span > 86400 {
		return nil, nil, cwInvalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
	}
	return queries, watched, nil
}

func (c *cloudWatchService) describeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	after, err := decodeToken(deref(in.NextToken))
	if err != nil {
		return nil, cwToken()
	}
	limit := alarmPage
	if in.MaxRecords != nil {
		limit = int(*in.MaxRecords)
	}
	switch {
	case limit < 1 || limit > alarmPageMax:
		return nil, cwInvalid("The parameter MaxRecords must be between 1 and %d.", alarmPageMax)
	case len(in.AlarmNames) > alarmPageMax:
		return nil, cwInvalid("The collection AlarmNames must not have a size greater than %d.", alarmPageMax)
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return nil, cwCombination("AlarmNamePrefix and AlarmNames cannot be specified together.")
	case in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil:
		return nil, cwUnsupported("Composite alarms: ChildrenOfAlarmName and ParentsOfAlarmName")
	}
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.alarmsOf(callerOf(ctx).Region) {
		c.evaluate(a)
		if *a.shown.AlarmName <= after && after != "" || !a.asked(in) || c.readiness.before(a.visible) {
			continue
		}
		if len(out.MetricAlarms) == limit {
			out.NextToken = new(encodeToken(*out.MetricAlarms[limit-1].AlarmName))
			break
		}
		out.MetricAlarms = append(out.MetricAlarms, a.shown)
	}
	return out, nil
}

// asked tells whether an alarm passes the filters of DescribeAlarms.
func (a *alarm) asked(in *cloudwatch.DescribeAlarmsInput) bool {
	switch {
	case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, *a.shown.AlarmName),
		!strings.HasPrefix(*a.shown.AlarmName, deref(in.AlarmNamePrefix)),
		in.StateValue != "" && a.shown.StateValue != in.StateValue:
		return false
	case in.ActionPrefix == nil:
		return true
	}
	return slices.ContainsFunc(slices.Concat(a.shown.AlarmActions, a.shown.OKActions, a.shown.InsufficientDataActions), func(action string) bool {
		return strings.HasPrefix(action, *in.ActionPrefix)
	})
}

// alarmsOf gives a region's alarms by name. The lock is held.
func (c *cloudWatchService) alarmsOf(region string) []*alarm {
	var found []*alarm
	for _, arn := range sortedKeys(c.alarms) {
		if a := c.alarms[arn]; region == "" || a.region == region {
			found = append(found, a)
		}
	}
	return found
}

// named gives one alarm of the caller's region, or nil. The lock is held.
func (c *cloudWatchService) alarm(ctx context.Context, name string) *alarm {
	return c.alarms[callerOf(ctx).arn("cloudwatch", "alarm:"+name)]
}

// deleteAlarms deletes the alarms that exist; those that do not are no error.
func (c *cloudWatchService) deleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	switch {
	case len(in.AlarmNames) == 0:
		return nil, cwMissing("AlarmNames")
	case len(in.AlarmNames) > alarmDelete:
		return nil, cwInvalid("The collection AlarmNames must not have a size greater than %d.", alarmDelete)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range in.AlarmNames {
		delete(c.alarms, callerOf(ctx).arn("cloudwatch", "alarm:"+name))
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

func noSuchAlarm(name string) *apiError {
	return failf(http.StatusNotFound, "ResourceNotFound", "The alarm %s does not exist.", name)
}

// setAlarmState sets the state until the next minute is evaluated.
func (c *cloudWatchService) setAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	switch {
	case deref(in.AlarmName) == "":
		return nil, cwMissing("AlarmName")
	case in.StateValue == "":
		return nil, cwMissing("StateValue")
	case in.StateReason == nil:
		return nil, cwMissing("StateReason")
	case len(*in.StateReason) > 1023:
		return nil, cwInvalid("The parameter StateReason must be shorter than 1024 characters.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.alarm(ctx, *in.AlarmName)
	if a == nil {
		return nil, noSuchAlarm(*in.AlarmName)
	}
	c.evaluate(a)
	a.become(in.StateValue, *in.StateReason, deref(in.StateReasonData), c.now())
	return &cloudwatch.SetAlarmStateOutput{}, nil
}

// become puts an alarm into a state.
func (a *alarm) become(state types.StateValue, reason, data string, at time.Time) {
	a.noteState(state, reason, data, at)
	if a.shown.StateValue != state {
		a.shown.StateTransitionedTimestamp = &at
	}
	a.shown.StateValue, a.shown.StateReason, a.shown.StateUpdatedTimestamp = state, &reason, &at
	a.shown.StateReasonData = nil
	if data != "" {
		a.shown.StateReasonData = &data
	}
}

func (c *cloudWatchService) enableAlarmActions(ctx context.Context, in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
	return &cloudwatch.EnableAlarmActionsOutput{}, c.setActions(ctx, in.AlarmNames, true)
}

func (c *cloudWatchService) disableAlarmActions(ctx context.Context, in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
	return &cloudwatch.DisableAlarmActionsOutput{}, c.setActions(ctx, in.AlarmNames, false)
}

// setActions switches the actions of the alarms that exist.
func (c *cloudWatchService) setActions(ctx context.Context, names []string, enabled bool) error {
	if len(names) == 0 {
		return cwMissing("AlarmNames")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		if a := c.alarm(ctx, name); a != nil {
			a.shown.ActionsEnabled = &enabled
		}
	}
	return nil
}
