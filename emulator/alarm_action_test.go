package emulator

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// alarmQueue is a topic with a queue that gets its messages, for reading them.
type alarmQueue struct {
	server *Server
	clock  *ManualClock
	alarms *cloudwatch.Client
	topics *sns.Client
	queues *sqs.Client
	topic  string
	url    string
}

func newAlarmQueue(t testing.TB) *alarmQueue {
	t.Helper()
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	q := &alarmQueue{server: s, clock: clock, alarms: cloudwatch.NewFromConfig(sdkConfig(s)), topics: sns.NewFromConfig(sdkConfig(s)), queues: sqs.NewFromConfig(sdkConfig(s))}
	q.topic = createTopic(t, q.topics, "alarms")
	q.url = createQueue(t, q.queues, "alarms", map[string]string{"Policy": queuePolicy("alarms", q.topic)})
	subscribe(t, q.topics, q.topic, "sqs", queueARNs+"alarms", nil)
	return q
}

// next waits for the next message and gives its subject and what it says.
func (q *alarmQueue) next(t testing.TB) (subject string, message map[string]any) {
	t.Helper()
	body := receiveOne(t, q.queues, q.url)
	var envelope struct{ Subject, Message, TopicArn, Type string }
	must(t, json.Unmarshal([]byte(body), &envelope))
	if envelope.TopicArn != q.topic || envelope.Type != "Notification" {
		t.Errorf("envelope %s", body)
	}
	must(t, json.Unmarshal([]byte(envelope.Message), &message))
	return envelope.Subject, message
}

func TestAlarmNotifiesItsTopics(t *testing.T) {
	q := newAlarmQueue(t)
	_, err := q.alarms.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.AlarmActions, in.OKActions, in.AlarmDescription = []string{q.topic}, []string{q.topic}, aws.String("Errors of f")
	}))
	must(t, err)
	q.clock.Advance(time.Minute)
	subject, message := q.next(t) // nobody has looked at the alarm
	if subject != `OK: "p-function-errors" in US East (N. Virginia)` || message["NewStateValue"] != "OK" || message["OldStateValue"] != "INSUFFICIENT_DATA" {
		t.Errorf("%s: %v", subject, message)
	}
	q.server.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "f"}, 2, "Count")
	q.clock.Advance(time.Minute)
	subject, message = q.next(t)
	text, err := json.Marshal(message)
	must(t, err)
	const want = `{"AWSAccountId":"000000000000","AlarmActions":["arn:aws:sns:us-east-1:000000000000:alarms"],` +
		`"AlarmArn":"arn:aws:cloudwatch:us-east-1:000000000000:alarm:p-function-errors","AlarmConfigurationUpdatedTimestamp":"2026-03-01T12:00:00.000+0000",` +
		`"AlarmDescription":"Errors of f","AlarmName":"p-function-errors","InsufficientDataActions":[],` +
		`"NewStateReason":"Threshold Crossed: 1 out of the last 1 datapoints [2.0 (01/03/26 12:01:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -\u003e ALARM transition).",` +
		`"NewStateValue":"ALARM","OKActions":["arn:aws:sns:us-east-1:000000000000:alarms"],"OldStateValue":"OK","Region":"US East (N. Virginia)","StateChangeTime":"2026-03-01T12:02:00.000+0000",` +
		`"Trigger":{"ComparisonOperator":"GreaterThanOrEqualToThreshold","Dimensions":[{"name":"FunctionName","value":"f"}],"EvaluateLowSampleCountPercentile":"","EvaluationPeriods":1,` +
		`"MetricName":"Errors","Namespace":"AWS/Lambda","Period":60,"Statistic":"SUM","StatisticType":"Statistic","Threshold":1,"TreatMissingData":"notBreaching","Unit":null}}`
	if string(text) != want || subject != `ALARM: "p-function-errors" in US East (N. Virginia)` {
		t.Errorf("%s\n got %s\nwant %s", subject, text, want)
	}
}

func TestAlarmOnAnExpressionTellsItsMetrics(t *testing.T) {
	q := newAlarmQueue(t)
	_, err := q.alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("rate"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0.5), ComparisonOperator: types.ComparisonOperatorLessThanThreshold,
		InsufficientDataActions: []string{q.topic}, AlarmActions: []string{q.topic},
		Metrics: []types.MetricDataQuery{
			{Id: aws.String("a"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("N"), MetricName: aws.String("m")}, Period: aws.Int32(60), Stat: aws.String("p99")}},
			{Id: aws.String("b"), Expression: aws.String("a / 2"), Label: aws.String("half")},
		},
	})
	must(t, err)
	setState(t, q.alarms, "rate", types.StateValueAlarm)
	_, message := q.next(t)
	text, err := json.Marshal(message["Trigger"])
	must(t, err)
	if want := `"Metrics":[{"Id":"a","MetricStat":{"Metric":{"Dimensions":[],"MetricName":"m","Namespace":"N"},"Period":60,"Stat":"p99"},"ReturnData":false},{"Expression":"a / 2","Id":"b","Label":"half","ReturnData":true}]`; !strings.Contains(string(text), want) {
		t.Errorf("got %s", text)
	}
	setState(t, q.alarms, "rate", types.StateValueInsufficientData)
	if _, message = q.next(t); message["NewStateValue"] != "INSUFFICIENT_DATA" || message["AlarmDescription"] != nil || message["NewStateReason"] != "a test" {
		t.Errorf("%v", message)
	}
}

func TestCompositeAlarmNotifiesItsTopics(t *testing.T) {
	q := newAlarmQueue(t)
	putAlarms(t, q.alarms, "a", "b")
	_, err := q.alarms.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("c"), AlarmRule: aws.String("ALARM(a) OR ALARM(b)"), AlarmActions: []string{q.topic}, OKActions: []string{q.topic}})
	must(t, err)
	if subject, message := q.next(t); subject != `OK: "c" in US East (N. Virginia)` || len(message["TriggeringChildren"].([]any)) != 2 || message["AlarmRule"] != "ALARM(a) OR ALARM(b)" {
		t.Errorf("%s: %v", subject, message)
	}
	q.server.cloudwatch.record("AWS/Lambda", "Errors", map[string]string{"FunctionName": "b"}, 1, "Count")
	q.clock.Advance(time.Minute)
	subject, message := q.next(t)
	text, err := json.Marshal(message["TriggeringChildren"])
	must(t, err)
	if want := `[{"Arn":"` + alarmARNs + `b","State":{"Timestamp":"2026-03-01T12:01:00.000+0000","Value":"ALARM"}}]`; subject != `ALARM: "c" in US East (N. Virginia)` || string(text) != want {
		t.Errorf("%s: %s", subject, text)
	}
	if message["NewStateReason"] != alarmARNs+"b transitioned to ALARM at Sunday 01 March, 2026 12:01:00 UTC" {
		t.Error(message["NewStateReason"])
	}
}

func TestDisabledAlarmActionsAreNotTaken(t *testing.T) {
	q := newAlarmQueue(t)
	_, err := q.alarms.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.AlarmActions, in.ActionsEnabled = []string{q.topic}, aws.Bool(false)
	}))
	must(t, err)
	setState(t, q.alarms, "p-function-errors", types.StateValueAlarm)
	_, err = q.alarms.EnableAlarmActions(t.Context(), &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"p-function-errors"}})
	must(t, err)
	setState(t, q.alarms, "p-function-errors", types.StateValueAlarm) // no change
	setState(t, q.alarms, "p-function-errors", types.StateValueOk)    // has no action
	setState(t, q.alarms, "p-function-errors", types.StateValueAlarm)
	if _, message := q.next(t); message["OldStateValue"] != "OK" {
		t.Errorf("%v", message)
	}
	if left := sumOf(t, q.alarms, "AWS/SNS", "NumberOfMessagesPublished", "TopicName", "alarms"); left != 1 {
		t.Errorf("%v notifications", left)
	}
}

// A topic's policy decides whether alarms may publish; the one that AWS gives a new
// topic lets those of its own account.
func TestAlarmsNeedATopicPolicyThatLetsThem(t *testing.T) {
	for name, test := range map[string]struct {
		statement string
		want      float64
	}{
		"service":       {`{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"SNS:Publish","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"` + alarmARNs + `*"},"StringEquals":{"aws:SourceAccount":"000000000000"}}}`, 1},
		"other service": {`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}`, 0},
		"other alarm":   {`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + alarmARNs + `other"}}}`, 0},
		"denied":        {`{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*"},{"Effect":"Deny","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := newAlarmQueue(t)
			_, err := q.topics.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &q.topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17","Statement":[` + test.statement + `]}`)})
			must(t, err)
			_, err = q.alarms.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{q.topic} }))
			must(t, err)
			setState(t, q.alarms, "p-function-errors", types.StateValueAlarm)
			if got := sumOf(t, q.alarms, "AWS/SNS", "NumberOfMessagesPublished", "TopicName", "alarms"); got != test.want {
				t.Errorf("%v notifications", got)
			}
		})
	}
}

// The watch over alarms does not outlive the server, and begins only once.
func TestAlarmWatchEndsWithTheServer(t *testing.T) {
	q := newAlarmQueue(t)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			_, err := q.alarms.PutMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
				in.AlarmName, in.AlarmActions = aws.String(string(rune('a'+i))), []string{q.topic}
			}))
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	eventually(t, "somebody watches", func() bool { return q.clock.Waiting() == 2 }) // and the keeper of idle functions
	must(t, q.server.Close(t.Context()))
	q.server.cloudwatch.mu.Lock()
	defer q.server.cloudwatch.mu.Unlock()
	if q.server.cloudwatch.watching {
		t.Error("the alarms are still watched")
	}
}
