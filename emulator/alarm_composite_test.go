package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const alarmARNs = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"

// putAlarms makes metric alarms, each on a metric of its own name.
func putAlarms(t testing.TB, client *cloudwatch.Client, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmName, in.Dimensions = aws.String(name), []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(name)}}
		}))
		must(t, err)
	}
}

// wantInvalidAlarm fails unless err is CloudWatch's ValidationException, for which
// the SDK has another code with each protocol. It gives its message.
func wantInvalidAlarm(t testing.TB, err error) string {
	t.Helper()
	invalid, ok := errors.AsType[*types.ValidationException](err)
	if !ok {
		t.Fatalf("got %v, want a ValidationException", err)
	}
	return invalid.ErrorMessage()
}

func putComposite(t testing.TB, client *cloudwatch.Client, name, rule string) {
	t.Helper()
	_, err := client.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
	must(t, err)
}

func setState(t testing.TB, client *cloudwatch.Client, name string, state types.StateValue) {
	t.Helper()
	_, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("a test")})
	must(t, err)
}

func describeComposite(t testing.TB, client *cloudwatch.Client, name string) types.CompositeAlarm {
	t.Helper()
	out, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
	must(t, err)
	if len(out.CompositeAlarms) != 1 || len(out.MetricAlarms) != 0 {
		t.Fatalf("%d composite and %d metric alarms named %s", len(out.CompositeAlarms), len(out.MetricAlarms), name)
	}
	return out.CompositeAlarms[0]
}

func TestCompositeAlarmFollowsItsAlarms(t *testing.T) {
	eachProtocol(t, func(t *testing.T, s *Server, clock *ManualClock, client *cloudwatch.Client) {
		putAlarms(t, client, "errors", "throttles")
		putComposite(t, client, "unhealthy", `ALARM("errors") OR ALARM(`+alarmARNs+"throttles)")
		putComposite(t, client, "page", "ALARM(unhealthy) AND NOT ALARM(throttles)")
		got := describeComposite(t, client, "unhealthy")
		if got.StateValue != types.StateValueOk || *got.StateReason != alarmARNs+"unhealthy was created and its alarm rule evaluates to OK" || *got.AlarmArn != alarmARNs+"unhealthy" || !*got.ActionsEnabled {
			t.Errorf("new: %v %v %v", got.StateValue, *got.StateReason, *got.AlarmArn)
		}
		if want := `{"triggeringAlarms":[{"arn":"` + alarmARNs + `errors","state":{"value":"INSUFFICIENT_DATA","timestamp":"2026-03-01T12:00:00.000+0000"}},{"arn":"` + alarmARNs + `throttles"`; !strings.HasPrefix(*got.StateReasonData, want) {
			t.Errorf("new for programs: %s", *got.StateReasonData)
		}
		s.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "errors"}, 1, "Count")
		clock.Advance(90 * time.Second)
		got = describeComposite(t, client, "unhealthy")
		if got.StateValue != types.StateValueAlarm || *got.StateReason != alarmARNs+"errors transitioned to ALARM at Sunday 01 March, 2026 12:01:00 UTC" || !got.StateTransitionedTimestamp.Equal(epoch.Add(time.Minute)) {
			t.Errorf("after errors: %v %v at %v", got.StateValue, *got.StateReason, got.StateTransitionedTimestamp)
		}
		if got = describeComposite(t, client, "page"); got.StateValue != types.StateValueAlarm || !strings.HasPrefix(*got.StateReason, alarmARNs+"unhealthy transitioned to ALARM at ") {
			t.Errorf("the alarm above: %v %v", got.StateValue, *got.StateReason)
		}
		// Minutes that nobody looked at count in their order.
		s.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "throttles"}, 1, "Count")
		clock.Advance(20 * time.Minute)
		if got = describeComposite(t, client, "unhealthy"); got.StateValue != types.StateValueOk || got.StateTransitionedTimestamp.After(epoch.Add(10*time.Minute)) {
			t.Errorf("later: %v since %v", got.StateValue, got.StateTransitionedTimestamp)
		}
	})
}

func TestCompositeAlarmKeepsAStateThatWasSetUntilAnAlarmChanges(t *testing.T) {
	s, client := cloudWatchClient(t)
	clock := s.options.Clock.(*ManualClock)
	putAlarms(t, client, "a", "b")
	putComposite(t, client, "c", "ALARM(a)")
	clock.Advance(time.Minute)
	setState(t, client, "c", types.StateValueAlarm)
	clock.Advance(10 * time.Minute)
	if got := describeComposite(t, client, "c"); got.StateValue != types.StateValueAlarm || *got.StateReason != "a test" {
		t.Errorf("ten minutes later: %v %v", got.StateValue, *got.StateReason)
	}
	setState(t, client, "a", types.StateValueInsufficientData)
	if got := describeComposite(t, client, "c"); got.StateValue != types.StateValueOk {
		t.Errorf("after a change of an alarm: %v", got.StateValue)
	}
	// An update keeps the state and the tags but looks at the rule again.
	_, err := client.TagResource(t.Context(), &cloudwatch.TagResourceInput{ResourceARN: aws.String(alarmARNs + "c"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}})
	must(t, err)
	putComposite(t, client, "c", "NOT ALARM(b)")
	if got := describeComposite(t, client, "c"); got.StateValue != types.StateValueAlarm || *got.StateReason != alarmARNs+"c was updated and its alarm rule evaluates to ALARM" || *got.AlarmRule != "NOT ALARM(b)" {
		t.Errorf("after an update: %v %v", got.StateValue, *got.StateReason)
	}
	tags, err := client.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(alarmARNs + "c")})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "web" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	_, err = client.DisableAlarmActions(t.Context(), &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"c"}})
	must(t, err)
	if got := describeComposite(t, client, "c"); *got.ActionsEnabled {
		t.Error("its actions are still enabled")
	}
}

func TestCompositeAlarmsInACycleStandStill(t *testing.T) {
	_, client := cloudWatchClient(t)
	putComposite(t, client, "x", "FALSE")
	putComposite(t, client, "y", "NOT ALARM(x)")
	putComposite(t, client, "x", "ALARM(y)")
	states := fmt.Sprint(describeComposite(t, client, "x").StateValue, describeComposite(t, client, "y").StateValue)
	if states != "ALARMOK" { // x follows y, then y follows x, and there it ends
		t.Errorf("states %s", states)
	}
	for _, name := range []string{"x", "y"} {
		_, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		wantInvalidAlarm(t, err)
	}
	putComposite(t, client, "x", "false")
	for _, name := range []string{"y", "x"} {
		_, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		must(t, err)
	}
}

func TestDeletingAlarmsOfCompositeAlarms(t *testing.T) {
	eachProtocol(t, func(t *testing.T, _ *Server, _ *ManualClock, client *cloudwatch.Client) {
		putAlarms(t, client, "a", "b", "free")
		putComposite(t, client, "p", "ALARM(a) OR ALARM(b)")
		putComposite(t, client, "q", "TRUE")
		for _, test := range []struct {
			names []string
			want  string
		}{
			{[]string{"a"}, "Cannot delete a as there are composite alarm(s) depending on it."},
			{[]string{"free", "a", "b"}, "Cannot delete a,b as there are composite alarm(s) depending on them."},
			{[]string{"p", "a"}, "Cannot delete a as there are composite alarm(s) depending on it."},
			{[]string{"p", "q"}, "At most one composite alarm"},
		} {
			_, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: test.names})
			if message := wantInvalidAlarm(t, err); !strings.HasPrefix(message, test.want) {
				t.Errorf("%v: %s", test.names, message)
			}
		}
		describeAlarm(t, client, "free") // nothing was deleted
		for _, names := range [][]string{{"p", "free", "never"}, {"a", "b", "q"}} {
			_, err := client.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
			must(t, err)
		}
		out, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}})
		if err != nil || len(out.CompositeAlarms)+len(out.MetricAlarms) > 0 {
			t.Errorf("left %+v, %v", out, err)
		}
	})
}

func TestDescribingBothTypesOfAlarms(t *testing.T) {
	eachProtocol(t, func(t *testing.T, _ *Server, _ *ManualClock, client *cloudwatch.Client) {
		putAlarms(t, client, "m-1", "m-2")
		for _, name := range []string{"c-1", "c-2", "c-3"} {
			putComposite(t, client, name, "ALARM(m-1) OR ALARM(m-2)")
		}
		putComposite(t, client, "top", "ALARM(c-1) AND OK(m-1)")
		both := []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}
		list := func(in *cloudwatch.DescribeAlarmsInput) string {
			t.Helper()
			var shown []string
			for pages := cloudwatch.NewDescribeAlarmsPaginator(client, in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				must(t, err)
				var names []string
				for _, a := range page.CompositeAlarms {
					names = append(names, *a.AlarmName)
				}
				for _, a := range page.MetricAlarms {
					names = append(names, *a.AlarmName)
				}
				shown = append(shown, strings.Join(names, ","))
			}
			return strings.Join(shown, "|")
		}
		for want, in := range map[string]*cloudwatch.DescribeAlarmsInput{
			"m-1,m-2":                 {},
			"c-1,c-2,c-3,top":         {AlarmTypes: both[1:]},
			"c-1,c-2,c-3|top,m-1,m-2": {AlarmTypes: both, MaxRecords: aws.Int32(3)},
			"c-2,m-2":                 {AlarmTypes: both, AlarmNames: []string{"m-2", "c-2"}},
			"c-1,c-2,c-3":             {AlarmTypes: both, AlarmNamePrefix: aws.String("c-")},
			"c-1,m-1":                 {ChildrenOfAlarmName: aws.String("top")},
			"top":                     {ParentsOfAlarmName: aws.String("c-1")},
			"":                        {AlarmTypes: []types.AlarmType{types.AlarmTypeLogAlarm}},
		} {
			if got := list(in); got != want {
				t.Errorf("%+v: %s, want %s", in, got, want)
			}
		}
		children, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("top")})
		must(t, err)
		if c := children.CompositeAlarms[0]; c.AlarmRule != nil || c.StateValue == "" || c.StateUpdatedTimestamp == nil {
			t.Errorf("child %+v", c)
		}
		for _, in := range []*cloudwatch.DescribeAlarmsInput{
			{ChildrenOfAlarmName: aws.String("top"), ParentsOfAlarmName: aws.String("m-1")},
			{ChildrenOfAlarmName: aws.String("top"), AlarmTypes: both},
			{ParentsOfAlarmName: aws.String("m-1"), StateValue: types.StateValueOk},
		} {
			_, err := client.DescribeAlarms(t.Context(), in)
			wantInvalidAlarm(t, err)
		}
	})
}

func TestCompositeAlarmErrors(t *testing.T) {
	_, client := cloudWatchClient(t)
	putAlarms(t, client, "a")
	tests := []struct {
		name, code, message string // code "" is that of a validation
		change              func(*cloudwatch.PutCompositeAlarmInput)
	}{
		{"missing alarms", "", "Could not save the composite alarm as alarms [b, c] in the alarm rule do not exist", func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmRule = aws.String("ALARM(a) OR ALARM(b) OR OK(c)")
		}},
		{"itself", "", "alarms [p] in the alarm rule do not exist", func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmRule = aws.String("ALARM(p)") }},
		{"other region", "", "do not exist", func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmRule = aws.String("ALARM(" + strings.Replace(alarmARNs, "us-east-1", "eu-west-1", 1) + "a)")
		}},
		{"syntax", "", "Error in AlarmRule [", func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmRule = aws.String("a") }},
		{"a metric alarm's name", "", "another type", func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmName = aws.String("a") }},
		{"suppressor", "InvalidParameterValue", "ActionsSuppressor is not supported by this emulator", func(in *cloudwatch.PutCompositeAlarmInput) { in.ActionsSuppressor = aws.String("a") }},
		{"action", "InvalidParameterValue", "Invalid arn syntax", func(in *cloudwatch.PutCompositeAlarmInput) { in.OKActions = []string{"topic"} }},
		{"other action", "InvalidParameterValue", "no SNS topic", func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmActions = []string{"arn:aws:lambda:us-east-1:000000000000:function:f"}
		}},
		{"topic of another region", "", "Invalid region eu-west-1 specified. Only us-east-1 is supported.", func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmActions = []string{"arn:aws:sns:eu-west-1:000000000000:t"}
		}},
		{"six actions", "InvalidParameterValue", "greater than 5", func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmActions = slices.Repeat([]string{"arn:aws:sns:us-east-1:000000000000:t"}, 6)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("p"), AlarmRule: aws.String("ALARM(a)")}
			test.change(in)
			_, err := client.PutCompositeAlarm(t.Context(), in)
			message := ""
			if test.code == "" {
				message = wantInvalidAlarm(t, err)
			} else {
				message = wantCode(t, err, test.code)
			}
			if !strings.Contains(message, test.message) {
				t.Errorf("message %s", message)
			}
		})
	}
	putComposite(t, client, "p", "ALARM(a)")
	_, err := client.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String("p") }))
	wantInvalidAlarm(t, err)
}

func TestAlarmsOfARuleHaveToBeVisible(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock, Readiness: Readiness{Visible: time.Second}})
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	putAlarms(t, client, "a")
	_, err := client.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("p"), AlarmRule: aws.String("ALARM(a)")})
	if message := wantInvalidAlarm(t, err); !strings.Contains(message, "alarms [a] in the alarm rule do not exist") {
		t.Error(message)
	}
	clock.Advance(time.Second)
	putComposite(t, client, "p", "ALARM(a)")
}
