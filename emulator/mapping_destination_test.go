package emulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func toDestination(arn string) mappingChange {
	return func(in *awslambda.CreateEventSourceMappingInput) {
		in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}
	}
}

func countingEvents(in *awslambda.CreateEventSourceMappingInput) {
	in.MetricsConfig = &types.EventSourceMappingMetricsConfig{Metrics: []types.EventSourceMappingMetric{types.EventSourceMappingMetricEventCount}}
}

// letRole adds a policy to the role of a world's function.
func (w *world) letRole(action, resource string) {
	w.t.Helper()
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
	_, err := iam.NewFromConfig(sdkConfig(w.server)).PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("destination"), PolicyDocument: &document})
	must(w.t, err)
}

// eventCounts gives what CloudWatch has of a mapping's metrics.
func (w *world) eventCounts(uuid string) map[string]float64 {
	w.t.Helper()
	client, counts := cloudwatch.NewFromConfig(sdkConfig(w.server)), map[string]float64{}
	for _, name := range []string{"PolledEventCount", "FilteredOutEventCount", "InvokedEventCount", "FailedInvokeEventCount", "DeletedEventCount", "DroppedEventCount", "OnFailureDestinationDeliveredEventCount"} {
		if n := sumOf(w.t, client, "AWS/Lambda", name, "EventSourceMappingUUID", uuid); n != 0 {
			counts[name] = n
		}
	}
	return counts
}

func wantCounts(t testing.TB, got map[string]float64, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	must(t, err)
	if string(text) != want {
		t.Errorf("counted %s, want %s", text, want)
	}
}

func TestDiscardedRecordsGoToAQueueWithoutPayload(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	queues := sqs.NewFromConfig(sdkConfig(w.server))
	url := createQueue(t, queues, "failures", nil)
	w.letRole("sqs:SendMessage", queueARNs+"failures")
	sequences := w.put("k", "1", "2")
	uuid := w.createMapping(retries(1), toDestination(queueARNs+"failures"), countingEvents)
	var got []string
	pass(t, clock, "the message", func() bool { got = bodies(t, queues, url); return len(got) > 0 })
	eventually(t, "the last count", func() bool { return w.eventCounts(uuid)["OnFailureDestinationDeliveredEventCount"] == 2 })
	var d discarded
	must(t, json.Unmarshal([]byte(got[0]), &d))
	if strings.Contains(got[0], "payload") || d.Payload != nil {
		t.Errorf("payload in %s", got[0])
	}
	if d.RequestContext.Condition != "RetryAttemptsExhausted" || d.RequestContext.ApproximateInvokeCount != 2 || *d.ResponseContext.FunctionError != "Unhandled" || d.KinesisBatch.BatchSize != 2 ||
		d.KinesisBatch.StartSequence != sequences[0] || d.KinesisBatch.EndSequence != sequences[1] || d.KinesisBatch.StreamArn != w.streamARN || d.Version != "1.0" {
		t.Errorf("message %s", got[0])
	}
	wantCounts(t, w.eventCounts(uuid), `{"FailedInvokeEventCount":4,"InvokedEventCount":4,"OnFailureDestinationDeliveredEventCount":2,"PolledEventCount":2}`)
}

func TestDiscardedRecordsGoToATopic(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	topics, queues := sns.NewFromConfig(sdkConfig(w.server)), sqs.NewFromConfig(sdkConfig(w.server))
	topic := createTopic(t, topics, "failures")
	url := createQueue(t, queues, "q", map[string]string{"Policy": queuePolicy("q", topic)})
	subscribe(t, topics, topic, "sqs", queueARNs+"q", map[string]string{"RawMessageDelivery": "true"})
	w.letRole("sns:Publish", topic)
	w.put("k", "1")
	w.createMapping(retries(0), toDestination(topic))
	var got []string
	pass(t, clock, "the message", func() bool { got = bodies(t, queues, url); return len(got) > 0 })
	if !strings.Contains(got[0], `"condition":"RetryAttemptsExhausted","approximateInvokeCount":1`) || strings.Contains(got[0], "payload") {
		t.Errorf("message %s", got[0])
	}
}

func TestDestinationNeedsTheRolesPermission(t *testing.T) {
	for name, arn := range map[string]string{"queue": queueARNs + "failures", "topic": topicARNs + "failures"} {
		t.Run(name, func(t *testing.T) {
			w, clock := onManualClock(t, 1)
			w.brain.setDecide(func(d delivery) reaction {
				if d.data(t) == "1" {
					return reaction{Error: "broken"}
				}
				return reaction{Answer: "null"}
			})
			createTopic(t, sns.NewFromConfig(sdkConfig(w.server)), "failures")
			url := createQueue(t, sqs.NewFromConfig(sdkConfig(w.server)), "failures", nil)
			w.put("k", "1")
			uuid := w.createMapping(retries(0), toDestination(arn), countingEvents, batchSize(1))
			w.put("k", "2")
			pass(t, clock, "the next record", func() bool { return len(w.brain.all()) == 2 })
			if got := bodies(t, sqs.NewFromConfig(sdkConfig(w.server)), url); len(got) != 0 {
				t.Errorf("delivered %s", got)
			}
			metrics := cloudwatch.NewFromConfig(sdkConfig(w.server))
			if got := sumOf(t, metrics, "AWS/Lambda", "DestinationDeliveryFailures", "FunctionName", "work"); got != 1 {
				t.Errorf("%v failed deliveries", got)
			}
			eventually(t, "the last count", func() bool { return w.eventCounts(uuid)["InvokedEventCount"] == 2 })
			wantCounts(t, w.eventCounts(uuid), `{"DroppedEventCount":1,"FailedInvokeEventCount":1,"InvokedEventCount":2,"PolledEventCount":2}`)
		})
	}
}

func TestEventCountsAreKeptOnRequestOnly(t *testing.T) {
	w, clock := onManualClock(t, 1)
	w.put("k", "1", "2", "3")
	uuid := w.createMapping()
	pass(t, clock, "the records", func() bool { return len(w.brain.all()) == 1 })
	wantCounts(t, w.eventCounts(uuid), `{}`)
	get := func() *types.EventSourceMappingMetricsConfig {
		t.Helper()
		out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
		must(t, err)
		return out.MetricsConfig
	}
	if got := get(); got != nil {
		t.Errorf("without: %v", got)
	}
	update := func(metrics ...types.EventSourceMappingMetric) error {
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, MetricsConfig: &types.EventSourceMappingMetricsConfig{Metrics: metrics}})
		return err
	}
	wantCode(t, update(types.EventSourceMappingMetricKafkaMetrics), "InvalidParameterValueException")
	must(t, update(types.EventSourceMappingMetricEventCount))
	if got := get(); got == nil || len(got.Metrics) != 1 {
		t.Errorf("with: %v", got)
	}
	w.put("k", "4", "5")
	pass(t, clock, "the records", func() bool { return w.eventCounts(uuid)["InvokedEventCount"] == 2 })
	wantCounts(t, w.eventCounts(uuid), `{"InvokedEventCount":2,"PolledEventCount":2}`)
}

func TestRecordsThatReportedFailureCountAsFailed(t *testing.T) {
	w, clock := onManualClock(t, 1)
	sequences := w.put("k", "1", "2", "3")
	w.brain.setDecide(func(d delivery) reaction {
		if len(d.records(t)) == 3 {
			return failing(sequences[1])
		}
		return reaction{Answer: "{}"}
	})
	uuid := w.createMapping(countingEvents)
	pass(t, clock, "the retry", func() bool { return w.eventCounts(uuid)["InvokedEventCount"] == 5 })
	wantCounts(t, w.eventCounts(uuid), `{"FailedInvokeEventCount":2,"InvokedEventCount":5,"PolledEventCount":3}`)
}

// What the stream's own retention takes away is not counted as dropped, what the
// mapping's settings give up is.
func TestExpiredRecordsCountAsDroppedByTheMappingOnly(t *testing.T) {
	for want, change := range map[string]mappingChange{
		`{"DroppedEventCount":1,"InvokedEventCount":1,"PolledEventCount":2}`: recordAge(60),
		`{"InvokedEventCount":2,"PolledEventCount":2}`:                       recordAge(-1),
	} {
		w, clock := onManualClock(t, 1)
		w.put("k", "old")
		clock.Advance(61 * time.Second)
		w.put("k", "fresh")
		uuid := w.createMapping(change, countingEvents)
		client, got := cloudwatch.NewFromConfig(sdkConfig(w.server)), ""
		pass(t, clock, want, func() bool {
			counts := map[string]float64{}
			for _, name := range []string{"DroppedEventCount", "InvokedEventCount", "PolledEventCount"} {
				out, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
					Namespace: aws.String("AWS/Lambda"), MetricName: &name, Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("EventSourceMappingUUID"), Value: &uuid}},
					StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Hour)), Period: aws.Int32(3600), Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
				})
				must(t, err)
				for _, p := range out.Datapoints {
					if *p.Sum != 0 {
						counts[name] += *p.Sum
					}
				}
			}
			text, err := json.Marshal(counts)
			must(t, err)
			got = string(text)
			return counts["InvokedEventCount"]+counts["DroppedEventCount"] == 2
		})
		if got != want {
			t.Errorf("counted %s, want %s", got, want)
		}
	}
}
