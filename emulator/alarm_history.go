package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	alarmHistory     = 1000                // items of one alarm
	alarmHistoryAge  = 30 * 24 * time.Hour // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
	alarmHistoryPage = 100
)

// note adds an item to an alarm's history.
func (a *alarm) note(kind types.HistoryItemType, at time.Time, summary string, data any) {
	text, err := json.Marshal(data)
	if err != nil { // a reason that JSON cannot hold
		text = []byte(`{"version":"1.0"}`)
	}
	if len(a.past) == alarmHistory {
		a.past = slices.Delete(a.past, 0, 1)
	}
	a.past = append(a.past, types.AlarmHistoryItem{
		AlarmName: a.shown.AlarmName, AlarmType: types.AlarmTypeMetricAlarm, HistoryItemType: kind,
		Timestamp: &at, HistorySummary: &summary, HistoryData: new(string(text)),
	})
}

// noteConfiguration notes that an alarm was created or updated.
func (a *alarm) noteConfiguration(change string) {
	a.note(types.HistoryItemTypeConfigurationUpdate, *a.shown.AlarmConfigurationUpdatedTimestamp,
		fmt.Sprintf("Alarm %q %sd", *a.shown.AlarmName, strings.ToLower(change)), map[string]string{"version": "1.0", "type": change})
}

// historicState is a state as the history has it.
type historicState struct {
	Value  types.StateValue `json:"stateValue"`
	Reason string           `json:"stateReason"`
	Data   json.RawMessage  `json:"stateReasonData,omitempty"`
}

// noteState notes that an alarm goes from its present state to another.
func (a *alarm) noteState(to types.StateValue, reason, data string, at time.Time) {
	from := a.shown.StateValue
	if from == to {
		return
	}
	change := struct {
		Version string        `json:"version"`
		Old     historicState `json:"oldState"`
		New     historicState `json:"newState"`
	}{
		"1.0", historicState{from, deref(a.shown.StateReason), rawData(deref(a.shown.StateReasonData))}, historicState{to, reason, rawData(data)},
	}
	a.note(types.HistoryItemTypeStateUpdate, at, fmt.Sprintf("Alarm updated from %s to %s", from, to), change)
}

// rawData is a reason for programs, if it is JSON.
func rawData(data string) json.RawMessage {
	if !json.Valid([]byte(data)) {
		return nil
	}
	return json.RawMessage(data)
}

// describeAlarmHistory tells of the metric alarms that there are; that of an alarm
// ends with its deletion, while CloudWatch keeps it for 30 days.
func (c *cloudWatchService) describeAlarmHistory(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	limit, from := alarmHistoryPage, 0
	if in.MaxRecords != nil {
		limit = int(*in.MaxRecords)
	}
	switch {
	case in.AlarmContributorId != nil:
		return nil, cwUnsupported("AlarmContributorId")
	case limit < 1 || limit > alarmHistoryPage:
		return nil, cwInvalid("The parameter MaxRecords must be between 1 and %d.", alarmHistoryPage)
	case in.StartDate != nil && in.EndDate != nil && in.StartDate.After(*in.EndDate):
		return nil, cwInvalid("The parameter StartDate must not be after the parameter EndDate.")
	}
	if in.NextToken != nil {
		text, err := decodeToken(*in.NextToken)
		if err != nil {
			return nil, cwToken()
		}
		if from, err = strconv.Atoi(text); err != nil || from < 1 {
			return nil, cwToken()
		}
	}
	found := c.history(callerOf(ctx).Region, in)
	out := &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: found[min(from, len(found)):min(from+limit, len(found))]}
	if from+limit < len(found) {
		out.NextToken = new(encodeToken(strconv.Itoa(from + limit)))
	}
	return out, nil
}

// history gives the items that are asked for, the latest first unless told.
func (c *cloudWatchService) history(region string, in *cloudwatch.DescribeAlarmHistoryInput) []types.AlarmHistoryItem {
	c.mu.Lock()
	defer c.mu.Unlock()
	oldest := c.now().Add(-alarmHistoryAge)
	found := []types.AlarmHistoryItem{}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return found
	}
	c.evaluate()
	for _, a := range c.alarmsOf(region) {
		if in.AlarmName != nil && *in.AlarmName != *a.shown.AlarmName {
			continue
		}
		for _, item := range a.past {
			if item.Timestamp.Before(oldest) || in.HistoryItemType != "" && item.HistoryItemType != in.HistoryItemType ||
				in.StartDate != nil && item.Timestamp.Before(*in.StartDate) || in.EndDate != nil && item.Timestamp.After(*in.EndDate) {
				continue
			}
			found = append(found, item)
		}
	}
	slices.SortStableFunc(found, func(a, b types.AlarmHistoryItem) int { return a.Timestamp.Compare(*b.Timestamp) })
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(found)
	}
	return found
}

// describeAlarmsForMetric finds the alarms of one metric; those of metric math are
// not among them, as in CloudWatch.
func (c *cloudWatchService) describeAlarmsForMetric(ctx context.Context, in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	switch {
	case deref(in.MetricName) == "":
		return nil, cwMissing("MetricName")
	case deref(in.Namespace) == "":
		return nil, cwMissing("Namespace")
	}
	dimensions, err := inputDimensions(in.Dimensions)
	if err != nil {
		return nil, err
	}
	key := seriesKey(*in.Namespace, *in.MetricName, dimensions)
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evaluate()
	for _, a := range c.alarmsOf(callerOf(ctx).Region) {
		q, shown := a.watched, &a.shown
		switch {
		case shown.MetricName == nil || seriesKey(q.namespace, q.metric, q.dimensions) != key,
			in.Period != nil && *in.Period != q.period, in.Unit != "" && in.Unit != shown.Unit,
			in.Statistic != "" && in.Statistic != shown.Statistic,
			in.ExtendedStatistic != nil && *in.ExtendedStatistic != deref(shown.ExtendedStatistic),
			c.readiness.before(a.visible):
		default:
			out.MetricAlarms = append(out.MetricAlarms, *shown)
		}
	}
	return out, nil
}
