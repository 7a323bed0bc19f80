package emulator

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmRow is an alarm of either type in the order of a list.
type alarmRow struct {
	key  string // its type, then its name
	show func(out *cloudwatch.DescribeAlarmsOutput)
}

func (c *cloudWatchService) describeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	after, err := decodeToken(deref(in.NextToken))
	if err != nil {
		return nil, cwToken()
	}
	limit, err := describeLimit(in)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evaluate()
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	last, shown := "", 0
	for _, row := range c.rows(ctx, in) {
		if row.key <= after && after != "" {
			continue
		}
		if shown == limit {
			out.NextToken = new(encodeToken(last))
			break
		}
		row.show(out)
		last, shown = row.key, shown+1
	}
	return out, nil
}

// describeLimit validates a request and gives its page size.
func describeLimit(in *cloudwatch.DescribeAlarmsInput) (int, error) {
	limit := alarmPage
	if in.MaxRecords != nil {
		limit = int(*in.MaxRecords)
	}
	family := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	filtered := in.ActionPrefix != nil || in.AlarmNamePrefix != nil || len(in.AlarmNames) > 0 || len(in.AlarmTypes) > 0 || in.StateValue != ""
	switch {
	case limit < 1 || limit > alarmPageMax:
		return 0, cwInvalid("The parameter MaxRecords must be between 1 and %d.", alarmPageMax)
	case len(in.AlarmNames) > alarmPageMax:
		return 0, cwInvalid("The collection AlarmNames must not have a size greater than %d.", alarmPageMax)
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return 0, cwCombination("AlarmNamePrefix and AlarmNames cannot be specified together.")
	case family && (filtered || in.ChildrenOfAlarmName != nil && in.ParentsOfAlarmName != nil):
		return 0, cwValidation("ChildrenOfAlarmName and ParentsOfAlarmName cannot be specified together, nor with any other parameter but MaxRecords and NextToken.")
	}
	return limit, nil
}

// rows gives the alarms that a request asks for in order. The lock is held.
func (c *cloudWatchService) rows(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) []alarmRow {
	region := callerOf(ctx).Region
	switch {
	case in.ChildrenOfAlarmName != nil:
		parent := c.composites[callerOf(ctx).arn("cloudwatch", "alarm:"+*in.ChildrenOfAlarmName)]
		return c.childRows(parent)
	case in.ParentsOfAlarmName != nil:
		return parentRows(c.parentsOf(callerOf(ctx).arn("cloudwatch", "alarm:"+*in.ParentsOfAlarmName)))
	}
	var rows []alarmRow
	if len(in.AlarmTypes) == 0 || slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		for _, a := range c.alarmsOf(region) {
			s := &a.shown
			if !c.readiness.before(a.visible) && asked(in, *s.AlarmName, s.StateValue, s.AlarmActions, s.OKActions, s.InsufficientDataActions) {
				rows = append(rows, alarmRow{"metric:" + *s.AlarmName, func(out *cloudwatch.DescribeAlarmsOutput) { out.MetricAlarms = append(out.MetricAlarms, *s) }})
			}
		}
	}
	if slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) {
		for _, a := range c.compositesOf(region) {
			s := &a.shown
			if !c.readiness.before(a.visible) && asked(in, *s.AlarmName, s.StateValue, s.AlarmActions, s.OKActions, s.InsufficientDataActions) {
				rows = append(rows, alarmRow{"composite:" + *s.AlarmName, func(out *cloudwatch.DescribeAlarmsOutput) { out.CompositeAlarms = append(out.CompositeAlarms, *s) }})
			}
		}
	}
	sortRows(rows)
	return rows
}

func sortRows(rows []alarmRow) {
	slices.SortFunc(rows, func(a, b alarmRow) int { return strings.Compare(a.key, b.key) })
}

// childRows shows of the alarms of a rule what AWS does: names, ARNs and states.
func (c *cloudWatchService) childRows(parent *compositeAlarm) []alarmRow {
	if parent == nil {
		return nil
	}
	var rows []alarmRow
	for _, arn := range parent.order {
		if a := c.alarms[arn]; a != nil {
			s := types.MetricAlarm{AlarmName: a.shown.AlarmName, AlarmArn: a.shown.AlarmArn, StateValue: a.shown.StateValue, StateUpdatedTimestamp: a.shown.StateUpdatedTimestamp}
			rows = append(rows, alarmRow{"metric:" + *s.AlarmName, func(out *cloudwatch.DescribeAlarmsOutput) { out.MetricAlarms = append(out.MetricAlarms, s) }})
		}
		if a := c.composites[arn]; a != nil {
			s := types.CompositeAlarm{AlarmName: a.shown.AlarmName, AlarmArn: a.shown.AlarmArn, StateValue: a.shown.StateValue, StateUpdatedTimestamp: a.shown.StateUpdatedTimestamp}
			rows = append(rows, alarmRow{"composite:" + *s.AlarmName, func(out *cloudwatch.DescribeAlarmsOutput) { out.CompositeAlarms = append(out.CompositeAlarms, s) }})
		}
	}
	sortRows(rows)
	return rows
}

// parentRows shows of composite alarms their names and ARNs.
func parentRows(parents []*compositeAlarm) []alarmRow {
	var rows []alarmRow
	for _, a := range parents {
		s := types.CompositeAlarm{AlarmName: a.shown.AlarmName, AlarmArn: a.shown.AlarmArn}
		rows = append(rows, alarmRow{"composite:" + *s.AlarmName, func(out *cloudwatch.DescribeAlarmsOutput) { out.CompositeAlarms = append(out.CompositeAlarms, s) }})
	}
	sortRows(rows)
	return rows
}

// asked tells whether an alarm passes the filters of DescribeAlarms.
func asked(in *cloudwatch.DescribeAlarmsInput, name string, state types.StateValue, actions ...[]string) bool {
	switch {
	case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name),
		!strings.HasPrefix(name, deref(in.AlarmNamePrefix)),
		in.StateValue != "" && state != in.StateValue:
		return false
	case in.ActionPrefix == nil:
		return true
	}
	return slices.ContainsFunc(slices.Concat(actions...), func(action string) bool {
		return strings.HasPrefix(action, *in.ActionPrefix)
	})
}

// alarmsOf gives a region's metric alarms by name. The lock is held.
func (c *cloudWatchService) alarmsOf(region string) []*alarm {
	var found []*alarm
	for _, arn := range sortedKeys(c.alarms) {
		if a := c.alarms[arn]; region == "" || a.region == region {
			found = append(found, a)
		}
	}
	return found
}

// compositesOf gives a region's composite alarms by name. The lock is held.
func (c *cloudWatchService) compositesOf(region string) []*compositeAlarm {
	var found []*compositeAlarm
	for _, arn := range sortedKeys(c.composites) {
		if a := c.composites[arn]; region == "" || a.region == region {
			found = append(found, a)
		}
	}
	return found
}
