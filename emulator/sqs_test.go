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
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const queueARNs = "arn:aws:sqs:us-east-1:000000000000:"

func sqsClient(t testing.TB) (*Server, *ManualClock, *sqs.Client) {
	t.Helper()
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	return s, clock, sqs.NewFromConfig(sdkConfig(s))
}

func createQueue(t testing.TB, client *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	must(t, err)
	return *out.QueueUrl
}

// queuePolicy lets a topic send to a queue.
func queuePolicy(queue, topic string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARNs + queue +
		`","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}}`
}

func sendTo(t testing.TB, client *sqs.Client, url, body string) {
	t.Helper()
	_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	must(t, err)
}

// bodies receives what is there at once.
func bodies(t testing.TB, client *sqs.Client, url string) []string {
	t.Helper()
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	must(t, err)
	var list []string
	for _, m := range out.Messages {
		list = append(list, *m.Body)
	}
	return list
}

// receiveOne waits for one message and deletes it.
func receiveOne(t testing.TB, client *sqs.Client, url string) string {
	t.Helper()
	body := ""
	eventually(t, "a message comes", func() bool {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
		must(t, err)
		if len(out.Messages) == 0 {
			return false
		}
		body = *out.Messages[0].Body
		_, err = client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
		must(t, err)
		return true
	})
	return body
}

func attributesOf(t testing.TB, client *sqs.Client, url string) map[string]string {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	must(t, err)
	return out.Attributes
}

func TestCreateQueueIsIdempotent(t *testing.T) {
	s, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", map[string]string{"VisibilityTimeout": "5"})
	if url != s.Endpoint()+"/000000000000/q" {
		t.Errorf("URL %s", url)
	}
	for _, attributes := range []map[string]string{nil, {"VisibilityTimeout": "5", "DelaySeconds": "0"}} {
		if again := createQueue(t, client, "q", attributes); again != url {
			t.Errorf("again: %s", again)
		}
	}
	_, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "6"}})
	if message := wantCode(t, err, "QueueAlreadyExists"); message != "A queue already exists with the same name and a different value for attribute VisibilityTimeout" {
		t.Error(message)
	}
	if _, ok := errors.AsType[*types.QueueNameExists](err); !ok {
		t.Errorf("%T", err)
	}
	got, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
	if err != nil || *got.QueueUrl != url {
		t.Errorf("%v, %v", got, err)
	}
	_, err = client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url})
	must(t, err)
	_, err = client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
	if message := wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue"); message != "The specified queue does not exist." {
		t.Error(message)
	}
	_, err = client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	wantCode(t, err, "AWS.SimpleQueueService.QueueDeletedRecently")
	clock.Advance(time.Minute)
	createQueue(t, client, "q", nil)
}

func TestQueueAttributes(t *testing.T) {
	_, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", nil)
	got := attributesOf(t, client, url)
	for name, want := range map[string]string{
		"QueueArn": queueARNs + "q", "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0",
		"ReceiveMessageWaitTimeSeconds": "0", "ApproximateNumberOfMessages": "0", "CreatedTimestamp": fmt.Sprint(epoch.Unix()), "SqsManagedSseEnabled": "true",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	clock.Advance(time.Minute)
	_, err := client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"VisibilityTimeout": "7", "MessageRetentionPeriod": "59"}})
	wantCode(t, err, "InvalidAttributeValue")
	_, err = client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"DelaySeconds": "7"}})
	must(t, err)
	if got = attributesOf(t, client, url); got["VisibilityTimeout"] != "30" || got["DelaySeconds"] != "7" || got["LastModifiedTimestamp"] != fmt.Sprint(epoch.Add(time.Minute).Unix()) {
		t.Errorf("changed: %v", got)
	}
	one, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"QueueArn", "Policy"}})
	if err != nil || len(one.Attributes) != 1 || one.Attributes["QueueArn"] != queueARNs+"q" {
		t.Errorf("%v, %v", one, err)
	}
	for want, attributes := range map[string]map[string]string{
		"InvalidAttributeName":                        {"Colour": "red"},
		"InvalidAttributeValue":                       {"Policy": "{"},
		"AWS.SimpleQueueService.UnsupportedOperation": {"RedrivePolicy": "{}"},
	} {
		_, err := client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: attributes})
		wantCode(t, err, want)
	}
}

func TestFIFOQueuesAreRefusedByName(t *testing.T) {
	_, _, client := sqsClient(t)
	for _, in := range []*sqs.CreateQueueInput{
		{QueueName: aws.String("q.fifo")}, {QueueName: aws.String("q"), Attributes: map[string]string{"FifoQueue": "true"}},
	} {
		_, err := client.CreateQueue(t.Context(), in)
		if message := wantCode(t, err, "AWS.SimpleQueueService.UnsupportedOperation"); !strings.Contains(message, "FIFO queue") {
			t.Error(message)
		}
	}
	_, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("a b")})
	wantCode(t, err, "InvalidParameterValue")
}

func TestQueuesAreListedInPages(t *testing.T) {
	_, _, client := sqsClient(t)
	for i := range 5 {
		createQueue(t, client, fmt.Sprintf("q-%d", i), nil)
	}
	createQueue(t, client, "other", nil)
	var sizes []int
	for pages := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("q-"), MaxResults: aws.Int32(3)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		sizes = append(sizes, len(page.QueueUrls))
	}
	if !slices.Equal(sizes, []int{3, 2}) {
		t.Errorf("pages of %v", sizes)
	}
	all, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil || len(all.QueueUrls) != 6 || all.NextToken != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestPurgeQueue(t *testing.T) {
	_, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", nil)
	sendTo(t, client, url, "a")
	purge := func() error {
		_, err := client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url})
		return err
	}
	must(t, purge())
	if got := bodies(t, client, url); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	if message := wantCode(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress"); message != "Only one PurgeQueue operation on q is allowed every 60 seconds." {
		t.Error(message)
	}
	clock.Advance(time.Minute)
	must(t, purge())
}

func TestQueueTags(t *testing.T) {
	s, _, client := sqsClient(t)
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Tags: map[string]string{"a": "1"}})
	must(t, err)
	if created, err := client.ListQueueTags(t.Context(), &sqs.ListQueueTagsInput{QueueUrl: out.QueueUrl}); err != nil || fmt.Sprint(created.Tags) != "map[a:1]" {
		t.Errorf("created with %v, %v", created, err)
	}
	_, err = client.TagQueue(t.Context(), &sqs.TagQueueInput{QueueUrl: out.QueueUrl, Tags: map[string]string{"b": "2"}})
	must(t, err)
	_, err = client.UntagQueue(t.Context(), &sqs.UntagQueueInput{QueueUrl: out.QueueUrl, TagKeys: []string{"a"}})
	must(t, err)
	tags, err := client.ListQueueTags(t.Context(), &sqs.ListQueueTagsInput{QueueUrl: out.QueueUrl})
	if err != nil || fmt.Sprint(tags.Tags) != "map[b:2]" {
		t.Errorf("%v, %v", tags, err)
	}
	found, err := resourcegroupstaggingapi.NewFromConfig(sdkConfig(s)).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"sqs:queue"}})
	if err != nil || len(found.ResourceTagMappingList) != 1 || *found.ResourceTagMappingList[0].ResourceARN != queueARNs+"q" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTopicDeliversToQueues(t *testing.T) {
	s, _, queues := sqsClient(t)
	topics := sns.NewFromConfig(sdkConfig(s))
	topic := createTopic(t, topics, "events")
	urls := map[string]string{}
	for _, name := range []string{"plain", "raw", "closed"} {
		attributes := map[string]string{}
		if name != "closed" {
			attributes["Policy"] = queuePolicy(name, topic)
		}
		urls[name] = createQueue(t, queues, name, attributes)
		var settings map[string]string
		if name == "raw" {
			settings = map[string]string{"RawMessageDelivery": "true"}
		}
		subscribe(t, topics, topic, "sqs", queueARNs+name, settings)
	}
	subscribe(t, topics, topic, "sqs", queueARNs+"gone", nil)
	sent, err := topics.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String(`{"default":"all","sqs":"queues"}`), MessageStructure: aws.String("json"), Subject: aws.String("s"),
		MessageAttributes: map[string]snstypes.MessageAttributeValue{"kind": {DataType: aws.String("String"), StringValue: aws.String("test")}}})
	must(t, err)
	if got := bodies(t, queues, urls["plain"]); len(got) != 1 || !strings.HasPrefix(got[0], `{"Type":"Notification","MessageId":"`+*sent.MessageId+`","TopicArn":"`+topic+`","Subject":"s","Message":"queues","Timestamp":"2026-03-01T12:00:00.000Z",`) ||
		!strings.HasSuffix(got[0], `"MessageAttributes":{"kind":{"Type":"String","Value":"test"}}}`) {
		t.Errorf("in an envelope: %s", got)
	}
	raw, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(urls["raw"]), MessageAttributeNames: []string{"All"}})
	must(t, err)
	if len(raw.Messages) != 1 || *raw.Messages[0].Body != "queues" || *raw.Messages[0].MessageAttributes["kind"].StringValue != "test" {
		t.Errorf("raw: %+v", raw.Messages)
	}
	if got := bodies(t, queues, urls["closed"]); len(got) != 0 {
		t.Errorf("a queue whose policy does not let the topic in got %s", got)
	}
	metrics := cloudwatch.NewFromConfig(sdkConfig(s))
	for name, want := range map[string]float64{"NumberOfMessagesPublished": 1, "NumberOfNotificationsDelivered": 2, "NumberOfNotificationsFailed": 2} {
		if got := sumOf(t, metrics, "AWS/SNS", name, "TopicName", "events"); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}
