package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func errorsAlarm(change func(*cloudwatch.PutMetricAlarmInput)) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("p-function-errors"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f")}}, Statistic: types.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold, TreatMissingData: aws.String("notBreaching"),
		Tags: []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("enrich")}},
	}
	if change != nil {
		change(in)
	}
	return in
}

func describeAlarm(t testing.TB, client *cloudwatch.Client, name string) types.MetricAlarm {
	t.Helper()
	out, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.MetricAlarms) != 1 {
		t.Fatalf("%d alarms named %s", len(out.MetricAlarms), name)
	}
	return out.MetricAlarms[0]
}

func TestAlarmFollowsItsMetric(t *testing.T) {
	eachProtocol(t, func(t *testing.T, s *Server, clock *ManualClock, client *cloudwatch.Client) {
		if _, err := client.PutMetricAlarm(t.Context(), errorsAlarm(nil)); err != nil {
			t.Fatal(err)
		}
		got := describeAlarm(t, client, "p-function-errors")
		if got.StateValue != types.StateValueInsufficientData || *got.StateReason != "Unchecked: Initial alarm creation" || *got.AlarmArn != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:p-function-errors" {
			t.Errorf("new alarm: %v %v %v", got.StateValue, *got.StateReason, *got.AlarmArn)
		}
		if *got.Threshold != 1 || *got.Period != 60 || got.Statistic != "Sum" || *got.TreatMissingData != "notBreaching" || !*got.ActionsEnabled || *got.Dimensions[0].Value != "f" {
			t.Errorf("new alarm %+v", got)
		}
		clock.Advance(time.Minute)
		if got = describeAlarm(t, client, *got.AlarmName); got.StateValue != types.StateValueOk || !strings.Contains(*got.StateReason, "1 missing datapoint was treated as [NonBreaching]") {
			t.Errorf("without data: %v %v", got.StateValue, *got.StateReason)
		}
		s.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "f"}, 2, "Count")
		clock.Advance(time.Minute)
		got = describeAlarm(t, client, *got.AlarmName)
		want := "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (01/03/26 12:01:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
		if got.StateValue != types.StateValueAlarm || *got.StateReason != want || !got.StateUpdatedTimestamp.Equal(epoch.Add(2*time.Minute)) {
			t.Errorf("after errors: %v %v at %v", got.StateValue, *got.StateReason, got.StateUpdatedTimestamp)
		}
		if !strings.Contains(*got.StateReasonData, `"recentDatapoints":[2]`) {
			t.Errorf("reason for programs: %s", *got.StateReasonData)
		}
		clock.Advance(time.Hour)
		if got = describeAlarm(t, client, *got.AlarmName); got.StateValue != types.StateValueOk || got.StateUpdatedTimestamp.After(epoch.Add(6*time.Minute)) {
			t.Errorf("an hour later: %v since %v", got.StateValue, got.StateUpdatedTimestamp)
		}
	})
}

// TestMissingData is AWS's own table of what missing data does.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingData(t *testing.T) {
	const ok, bad, unknown, retain = types.StateValueOk, types.StateValueAlarm, types.StateValueInsufficientData, types.StateValue("retain")
	tests := []struct {
		data   string // oldest first: 0 is good, X breaching, - missing
		m      int32  // of 3
		states [4]types.StateValue
	}{ // missing, ignore, breaching, notBreaching
		{"0-X-X", 3, [4]types.StateValue{ok, ok, ok, ok}},
		{"----0", 3, [4]types.StateValue{ok, ok, ok, ok}},
		{"-----", 3, [4]types.StateValue{unknown, retain, bad, ok}},
		{"0XX-X", 3, [4]types.StateValue{bad, bad, bad, bad}},
		{"--X--", 3, [4]types.StateValue{bad, retain, bad, ok}},
		{"0-X-X", 2, [4]types.StateValue{bad, bad, bad, bad}},
		{"00X0X", 2, [4]types.StateValue{bad, bad, bad, bad}},
		{"0-X--", 2, [4]types.StateValue{ok, ok, bad, ok}},
		{"----0", 2, [4]types.StateValue{ok, ok, bad, ok}},
		{"---X-", 2, [4]types.StateValue{bad, retain, bad, ok}},
	}
	for _, test := range tests {
		for i, treat := range []string{"missing", "ignore", "breaching", "notBreaching"} {
			for _, before := range []types.StateValue{ok, bad, unknown} {
				a := &alarm{watched: &dataQuery{period: 60, statistic: statistic{name: "Sum"}}, shown: types.MetricAlarm{
					EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: &test.m, Threshold: aws.Float64(1), TreatMissingData: &treat,
					ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold, StateValue: before,
				}}
				var points []point
				for i, c := range test.data {
					at := epoch.Add(time.Duration(i) * time.Minute)
					points = append(points, point{at, map[rune]float64{'X': 5}[c], c != '-'})
				}
				slices.Reverse(points)
				a.decide(points, epoch.Add(5*time.Minute))
				want := test.states[i]
				if want == retain {
					want = before
				}
				if a.shown.StateValue != want {
					t.Errorf("%s, %d of 3, %s, from %s: got %s, want %s", test.data, test.m, treat, before, a.shown.StateValue, want)
				}
			}
		}
	}
}

func TestComparisons(t *testing.T) {
	for operator, want := range map[types.ComparisonOperator][3]bool{
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: {false, true, true},
		types.ComparisonOperatorGreaterThanThreshold:          {false, false, true},
		types.ComparisonOperatorLessThanThreshold:             {true, false, false},
		types.ComparisonOperatorLessThanOrEqualToThreshold:    {true, true, false},
	} {
		a := &alarm{shown: types.MetricAlarm{Threshold: aws.Float64(2), ComparisonOperator: operator}}
		if got := [3]bool{a.breaches(1), a.breaches(2), a.breaches(3)}; got != want {
			t.Errorf("%s: %v, want %v", operator, got, want)
		}
	}
}

func TestAlarmOnExpression(t *testing.T) {
	s, client := cloudWatchClient(t)
	clock := s.options.Clock.(*ManualClock)
	stat := func(id string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("N"), MetricName: &id}, Period: aws.Int32(60), Stat: aws.String("Sum")}}
	}
	if _, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("rate"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0.1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		Metrics: []types.MetricDataQuery{stat("errors"), stat("calls"), {Id: aws.String("rate"), Expression: aws.String("errors / calls")}},
	}); err != nil {
		t.Fatal(err)
	}
	s.cloudwatch.record("N", "errors", nil, 1, "")
	s.cloudwatch.record("N", "calls", nil, 4, "")
	clock.Advance(time.Minute)
	if got := describeAlarm(t, client, "rate"); got.StateValue != types.StateValueAlarm || len(got.Metrics) != 3 || !strings.Contains(*got.StateReason, "[0.25 ") {
		t.Errorf("%v %v", got.StateValue, *got.StateReason)
	}
}

func TestAlarmLifecycle(t *testing.T) {
	eachProtocol(t, func(t *testing.T, _ *Server, clock *ManualClock, client *cloudwatch.Client) {
		for i := range 3 {
			if _, err := client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String(fmt.Sprintf("p-%d", i)) })); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("p-"), MaxRecords: aws.Int32(2), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}}); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.MetricAlarms {
				names = append(names, *a.AlarmName)
			}
		}
		if !slices.Equal(names, []string{"p-0", "p-1", "p-2"}) {
			t.Errorf("listed %v", names)
		}
		if _, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("p-0"), StateValue: "ALARM", StateReason: aws.String("a test")}); err != nil {
			t.Fatal(err)
		}
		if got := describeAlarm(t, client, "p-0"); got.StateValue != "ALARM" || *got.StateReason != "a test" {
			t.Errorf("state set: %v %v", got.StateValue, *got.StateReason)
		}
		// An update keeps the state and the tags.
		if _, err := client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmName, in.Threshold, in.Tags = aws.String("p-0"), aws.Float64(7), nil
		})); err != nil {
			t.Fatal(err)
		}
		if got := describeAlarm(t, client, "p-0"); got.StateValue != "ALARM" || *got.Threshold != 7 {
			t.Errorf("updated: %v %v", got.StateValue, *got.Threshold)
		}
		clock.Advance(time.Minute)
		if got := describeAlarm(t, client, "p-0"); got.StateValue != "OK" {
			t.Errorf("a minute later: %v", got.StateValue)
		}
		if _, err := client.DisableAlarmActions(t.Context(), &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"p-1"}}); err != nil {
			t.Fatal(err)
		}
		if got := describeAlarm(t, client, "p-1"); *got.ActionsEnabled {
			t.Error("actions are still enabled")
		}
		if _, err := client.EnableAlarmActions(t.Context(), &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"p-1"}}); err != nil {
			t.Fatal(err)
		}
		if got := describeAlarm(t, client, "p-1"); !*got.ActionsEnabled {
			t.Error("actions are still disabled")
		}
		arn := describeAlarm(t, client, "p-0").AlarmArn
		if _, err := client.TagResource(t.Context(), &cloudwatch.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.UntagResource(t.Context(), &cloudwatch.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"managed-by"}}); err != nil {
			t.Fatal(err)
		}
		tags, err := client.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: arn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "team" {
			t.Errorf("tags %+v, %v", tags, err)
		}
		if _, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"p-0", "p-1", "p-2", "never"}}); err != nil {
			t.Error(err)
		}
		_, err = client.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: arn})
		wantCode(t, err, "ResourceNotFoundException")
		_, err = client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("p-0"), StateValue: "OK", StateReason: aws.String("x")})
		wantCode(t, err, "ResourceNotFound")
	})
}

func TestAlarmErrors(t *testing.T) {
	_, client := cloudWatchClient(t)
	tests := []struct {
		name, code string
		change     func(*cloudwatch.PutMetricAlarmInput)
	}{
		{"no statistic", "MissingParameter", func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" }},
		{"two statistics", "InvalidParameterCombination", func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") }},
		{"no threshold", "MissingParameter", func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil }},
		{"missing data", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("Breaching") }},
		{"more than periods", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) }},
		{"no periods", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(0) }},
		{"over a day", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods = aws.Int32(300), aws.Int32(289)
		}},
		{"anomaly", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) {
			in.ComparisonOperator = types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold
		}},
		{"action", "InvalidParameterValue", func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"topic"} }},
		{"unit", "ValidationError", func(in *cloudwatch.PutMetricAlarmInput) { in.Unit = "Apples" }},
		{"metrics too", "InvalidParameterCombination", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Metrics = []types.MetricDataQuery{{Id: aws.String("a"), Expression: aws.String("1")}}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(test.change))
			wantCode(t, err, test.code)
		})
	}
	_, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")})
	wantCode(t, err, "InvalidParameterCombination")
	_, err = client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{NextToken: aws.String("x")})
	wantCode(t, err, "InvalidNextToken")
}

func BenchmarkDescribeAlarmsAfterAnHour(b *testing.B) {
	clock := NewManualClock(epoch)
	c := newCloudWatch(withDefaults(Options{Clock: clock}))
	for i := range 7 {
		if _, err := c.putMetricAlarm(b.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String(fmt.Sprint(i)) })); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		for range 60 {
			c.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "f"}, 0, "Count")
			clock.Advance(time.Minute)
		}
		if _, err := c.describeAlarms(b.Context(), &cloudwatch.DescribeAlarmsInput{}); err != nil {
			b.Fatal(err)
		}
	}
}
