package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmHistory(t *testing.T) {
	eachProtocol(t, func(t *testing.T, s *Server, clock *ManualClock, client *cloudwatch.Client) {
		for range 2 {
			_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(nil))
			must(t, err)
		}
		clock.Advance(time.Minute)
		s.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "f"}, 2, "Count")
		clock.Advance(time.Minute)
		describe := func(change func(*cloudwatch.DescribeAlarmHistoryInput)) string {
			t.Helper()
			in := &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("p-function-errors"), ScanBy: types.ScanByTimestampAscending}
			if change != nil {
				change(in)
			}
			got := ""
			for p := cloudwatch.NewDescribeAlarmHistoryPaginator(client, in); p.HasMorePages(); {
				out, err := p.NextPage(t.Context())
				must(t, err)
				for _, item := range out.AlarmHistoryItems {
					got += fmt.Sprintf("%s %s %s; ", item.Timestamp.Format("04"), item.HistoryItemType, *item.HistorySummary)
				}
			}
			return got
		}
		const configured = `00 ConfigurationUpdate Alarm "p-function-errors" created; 00 ConfigurationUpdate Alarm "p-function-errors" updated; `
		const raised = "02 StateUpdate Alarm updated from OK to ALARM; "
		for name, test := range map[string]struct {
			want   string
			change func(*cloudwatch.DescribeAlarmHistoryInput)
		}{
			"all":   {configured + "01 StateUpdate Alarm updated from INSUFFICIENT_DATA to OK; " + raised, nil},
			"pages": {configured + "01 StateUpdate Alarm updated from INSUFFICIENT_DATA to OK; " + raised, func(in *cloudwatch.DescribeAlarmHistoryInput) { in.MaxRecords = aws.Int32(1) }},
			"since": {raised, func(in *cloudwatch.DescribeAlarmHistoryInput) { in.StartDate = aws.Time(epoch.Add(2 * time.Minute)) }},
			"until": {configured, func(in *cloudwatch.DescribeAlarmHistoryInput) { in.EndDate = aws.Time(epoch) }},
			"kind": {configured, func(in *cloudwatch.DescribeAlarmHistoryInput) {
				in.HistoryItemType = types.HistoryItemTypeConfigurationUpdate
			}},
			"other": {"", func(in *cloudwatch.DescribeAlarmHistoryInput) { in.AlarmName = aws.String("other") }},
			"composites": {"", func(in *cloudwatch.DescribeAlarmHistoryInput) {
				in.AlarmTypes = []types.AlarmType{types.AlarmTypeCompositeAlarm}
			}},
		} {
			if got := describe(test.change); got != test.want {
				t.Errorf("%s: %s", name, got)
			}
		}
		out, err := client.DescribeAlarmHistory(t.Context(), &cloudwatch.DescribeAlarmHistoryInput{MaxRecords: aws.Int32(1)})
		must(t, err)
		data := *out.AlarmHistoryItems[0].HistoryData
		if !strings.Contains(data, `"oldState":{"stateValue":"OK","stateReason":"Threshold Crossed: no datapoints`) || !strings.Contains(data, `"newState":{"stateValue":"ALARM"`) || !strings.Contains(data, `"recentDatapoints":[2]`) {
			t.Errorf("the latest change is %s", data)
		}
		clock.Advance(31 * 24 * time.Hour)
		if got := describe(func(in *cloudwatch.DescribeAlarmHistoryInput) {
			in.HistoryItemType = types.HistoryItemTypeConfigurationUpdate
		}); got != "" {
			t.Errorf("after 31 days: %s", got)
		}
	})
}

func TestAlarmHistoryIsBounded(t *testing.T) {
	a := &alarm{shown: types.MetricAlarm{AlarmName: aws.String("a"), StateValue: types.StateValueOk}}
	for i := range alarmHistory + 10 {
		a.become([]types.StateValue{types.StateValueAlarm, types.StateValueOk}[i%2], "r", "not JSON", epoch.Add(time.Duration(i)*time.Minute))
	}
	if len(a.past) != alarmHistory || !a.past[0].Timestamp.Equal(epoch.Add(10*time.Minute)) {
		t.Errorf("%d items since %v", len(a.past), a.past[0].Timestamp)
	}
}

func TestDescribeAlarmsForMetric(t *testing.T) {
	eachProtocol(t, func(t *testing.T, _ *Server, _ *ManualClock, client *cloudwatch.Client) {
		_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(nil))
		must(t, err)
		dimensions := []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f")}}
		for name, test := range map[string]struct {
			in   cloudwatch.DescribeAlarmsForMetricInput
			want int
		}{
			"its metric":      {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Errors"), Dimensions: dimensions}, 1},
			"its statistic":   {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Errors"), Dimensions: dimensions, Statistic: types.StatisticSum, Period: aws.Int32(60)}, 1},
			"without its dim": {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Errors")}, 0},
			"other metric":    {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Throttles"), Dimensions: dimensions}, 0},
			"other period":    {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Errors"), Dimensions: dimensions, Period: aws.Int32(300)}, 0},
			"other statistic": {cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("Errors"), Dimensions: dimensions, ExtendedStatistic: aws.String("p99")}, 0},
		} {
			test.in.Namespace = aws.String("AWS/Lambda")
			out, err := client.DescribeAlarmsForMetric(t.Context(), &test.in)
			must(t, err)
			if len(out.MetricAlarms) != test.want {
				t.Errorf("%s: %d alarms", name, len(out.MetricAlarms))
			}
		}
		_, err = client.DescribeAlarmsForMetric(t.Context(), &cloudwatch.DescribeAlarmsForMetricInput{MetricName: aws.String("m"), Namespace: aws.String("")})
		if err == nil {
			t.Error("no namespace is needed")
		}
	})
}

// An alarm on a percentile sees what the average hides.
func TestAlarmOnPercentile(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.MetricName, in.Statistic, in.ExtendedStatistic, in.Threshold = aws.String("Duration"), "", aws.String("p99"), aws.Float64(900)
	}))
	must(t, err)
	_, err = client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.ExtendedStatistic, in.EvaluateLowSampleCountPercentile = "", aws.String("p99"), aws.String("ignore")
	}))
	if message := wantCode(t, err, "InvalidParameterValue"); !strings.Contains(message, "ignore is not supported") {
		t.Error(message)
	}
	for i := range 100 {
		s.cloudwatch.record("AWS/Lambda", "Duration", map[string]string{"FunctionName": "f"}, map[bool]float64{true: 1000, false: 10}[i < 2], "Milliseconds")
	}
	clock.Advance(time.Minute)
	if got := describeAlarm(t, client, "p-function-errors"); got.StateValue != types.StateValueAlarm || !strings.Contains(*got.StateReasonData, `"statistic":"p99"`) {
		t.Errorf("%s: %v", got.StateValue, *got.StateReasonData)
	}
}
