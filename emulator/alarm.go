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

// alarm is a metric alarm. Its state is brought up to date when somebody looks,
// and every minute while there are actions to take: minute by minute since the
// last time, as CloudWatch would have done.
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
	c.evaluate()
	old := c.alarms[arn]
	switch {
	case c.composites[arn] != nil:
		return nil, otherKind(*in.AlarmName)
	case old != nil:
		// An update leaves the state, and the tags, as they are.
		made.tags, made.evaluated, made.visible = old.tags, old.evaluated, old.visible
		made.shown.StateValue, made.shown.StateReason, made.shown.StateReasonData = old.shown.StateValue, old.shown.StateReason, old.shown.StateReasonData
		made.past = old.past
		made.noteConfiguration("Update")
		made.shown.StateUpdatedTimestamp, made.shown.StateTransitionedTimestamp = old.shown.StateUpdatedTimestamp, old.shown.StateTransitionedTimestamp
	case len(c.alarms)+len(c.composites) >= alarmsMax:
		return nil, tooManyAlarms()
	default:
		made.tags, made.visible = tags, c.readiness.visible()
		made.noteConfiguration("Create")
	}
	c.alarms[arn] = made
	c.watch()
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func tooManyAlarms() error {
	return failf(http.StatusBadRequest, "LimitExceededFault", "The emulator holds at most %d alarms.", alarmsMax)
}

// regionOf gives the region that a caller's alarms belong to.
func (c *cloudWatchService) regionOf(caller caller) string {
	if caller.Region == "" {
		return c.options.Region
	}
	return caller.Region
}

// newAlarm validates the input and makes an alarm that nothing was evaluated of.
func (c *cloudWatchService) newAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*alarm, error) {
	if err := checkAlarm(in, callerOf(ctx).Region); err != nil {
		return nil, err
	}
	queries, watched, err := alarmQueries(in)
	if err != nil {
		return nil, err
	}
	caller, now := callerOf(ctx), c.now()
	enabled := in.ActionsEnabled == nil || *in.ActionsEnabled
	return &alarm{
		region: c.regionOf(caller), queries: queries, watched: watched, evaluated: now.Unix() / 60,
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

// deleteAlarms deletes the alarms that exist; those that do not are no error.
// What a composite alarm names can not be deleted before it, nor, as far as AWS
// tells, together with it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
func (c *cloudWatchService) deleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	switch {
	case len(in.AlarmNames) == 0:
		return nil, cwMissing("AlarmNames")
	case len(in.AlarmNames) > alarmDelete:
		return nil, cwInvalid("The collection AlarmNames must not have a size greater than %d.", alarmDelete)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var arns, needed []string
	composites := 0
	for _, name := range in.AlarmNames {
		arn := callerOf(ctx).arn("cloudwatch", "alarm:"+name)
		if c.composites[arn] != nil && !slices.Contains(arns, arn) {
			composites++
		}
		if len(c.parentsOf(arn)) > 0 {
			needed = append(needed, name)
		}
		arns = append(arns, arn)
	}
	switch {
	case composites > 1:
		return nil, cwValidation("At most one composite alarm can be deleted in one operation.")
	case len(needed) == 1:
		return nil, cwValidation("Cannot delete %s as there are composite alarm(s) depending on it.", needed[0])
	case len(needed) > 1:
		return nil, cwValidation("Cannot delete %s as there are composite alarm(s) depending on them.", strings.Join(needed, ","))
	}
	for _, arn := range arns {
		delete(c.alarms, arn)
		delete(c.composites, arn)
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

func noSuchAlarm(name string) *apiError {
	return failf(http.StatusNotFound, "ResourceNotFound", "The alarm %s does not exist.", name)
}

// setAlarmState sets the state until the next minute is evaluated; that of a
// composite alarm until one of its alarms changes.
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
	c.evaluate()
	arn, now := callerOf(ctx).arn("cloudwatch", "alarm:"+*in.AlarmName), c.now()
	if a := c.alarms[arn]; a != nil {
		before := a.shown.StateValue
		a.become(in.StateValue, *in.StateReason, deref(in.StateReasonData), now)
		c.changed(a, before, now)
		return &cloudwatch.SetAlarmStateOutput{}, nil
	}
	a := c.composites[arn]
	if a == nil {
		return nil, noSuchAlarm(*in.AlarmName)
	}
	before := a.shown.StateValue
	a.become(in.StateValue, *in.StateReason, deref(in.StateReasonData), now)
	if a.shown.StateValue != before {
		c.announceComposite(a, before, nil)
		c.rise(arn, now, map[string]bool{})
	}
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
	c.evaluate() // what happened before is acted upon as it was then
	for _, name := range names {
		arn := callerOf(ctx).arn("cloudwatch", "alarm:"+name)
		if a := c.alarms[arn]; a != nil {
			a.shown.ActionsEnabled = &enabled
		}
		if a := c.composites[arn]; a != nil {
			a.shown.ActionsEnabled = &enabled
		}
	}
	return nil
}
