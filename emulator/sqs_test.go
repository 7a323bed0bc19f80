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

func TestVisibilityTimeoutHidesAMessage(t *testing.T) {
	_, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", map[string]string{"VisibilityTimeout": "10"})
	sendTo(t, client, url, "a")
	receive := func(timeout int32) []types.Message {
		t.Helper()
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, VisibilityTimeout: timeout, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		must(t, err)
		return out.Messages
	}
	first := receive(0)
	if len(first) != 1 || *first[0].Body != "a" || first[0].Attributes["ApproximateReceiveCount"] != "1" || first[0].Attributes["SentTimestamp"] != fmt.Sprint(epoch.UnixMilli()) || first[0].Attributes["SenderId"] != "000000000000" {
		t.Fatalf("%+v", first)
	}
	if got := attributesOf(t, client, url); got["ApproximateNumberOfMessages"] != "0" || got["ApproximateNumberOfMessagesNotVisible"] != "1" {
		t.Errorf("in flight: %v", got)
	}
	clock.Advance(9 * time.Second)
	if again := receive(0); len(again) != 0 {
		t.Errorf("too early: %+v", again)
	}
	clock.Advance(time.Second)
	second := receive(60)
	if len(second) != 1 || *second[0].MessageId != *first[0].MessageId || second[0].Attributes["ApproximateReceiveCount"] != "2" || *second[0].ReceiptHandle == *first[0].ReceiptHandle {
		t.Fatalf("%+v", second)
	}
	clock.Advance(59 * time.Second)
	if again := receive(0); len(again) != 0 {
		t.Errorf("too early: %+v", again)
	}
	for range 2 {
		_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: second[0].ReceiptHandle})
		must(t, err)
	}
	clock.Advance(time.Hour)
	if again := receive(0); len(again) != 0 {
		t.Errorf("deleted: %+v", again)
	}
	_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("x")})
	wantCode(t, err, "ReceiptHandleIsInvalid")
}

func TestLongPollingWaitsOnTheClock(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(t *testing.T, clock *ManualClock, client *sqs.Client, url string)
		want    string
	}{
		"a message comes":             {func(t *testing.T, _ *ManualClock, client *sqs.Client, url string) { sendTo(t, client, url, "late") }, "[late]"},
		"the wait ends":               {func(_ *testing.T, clock *ManualClock, _ *sqs.Client, _ string) { clock.Advance(20 * time.Second) }, "[]"},
		"a hidden message comes back": {func(_ *testing.T, clock *ManualClock, _ *sqs.Client, _ string) { clock.Advance(5 * time.Second) }, "[hidden]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, clock, client := sqsClient(t)
			url := createQueue(t, client, "q", map[string]string{"ReceiveMessageWaitTimeSeconds": "20", "VisibilityTimeout": "5"})
			waiting := 2 // the keeper of idle functions does always
			if test.want == "[hidden]" {
				waiting = 3 // for the message, too
				sendTo(t, client, url, "hidden")
				bodies(t, client, url)
			}
			got := make(chan string)
			go func() { got <- fmt.Sprint(bodies(t, client, url)) }()
			eventually(t, "the call waits", func() bool { return clock.Waiting() == waiting })
			test.happens(t, clock, client, url)
			if answer := <-got; answer != test.want {
				t.Errorf("got %s", answer)
			}
		})
	}
}

func TestDeletedQueueEndsLongPolling(t *testing.T) {
	_, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", nil)
	got := make(chan error)
	go func() {
		_, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
		got <- err
	}()
	eventually(t, "the call waits", func() bool { return clock.Waiting() == 2 })
	_, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url})
	must(t, err)
	wantCode(t, <-got, "AWS.SimpleQueueService.NonExistentQueue")
}

func TestDelayedAndExpiredMessages(t *testing.T) {
	_, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", map[string]string{"DelaySeconds": "5", "MessageRetentionPeriod": "60"})
	sendTo(t, client, url, "delayed")
	_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 10})
	must(t, err)
	if got := attributesOf(t, client, url); got["ApproximateNumberOfMessagesDelayed"] != "2" || len(bodies(t, client, url)) != 0 {
		t.Errorf("at first: %v", got)
	}
	clock.Advance(5 * time.Second)
	if got := fmt.Sprint(bodies(t, client, url)); got != "[delayed]" {
		t.Errorf("after 5 s: %s", got)
	}
	clock.Advance(30 * time.Second)
	if got := fmt.Sprint(bodies(t, client, url)); got != "[delayed later]" {
		t.Errorf("after 35 s: %s", got)
	}
	clock.Advance(30 * time.Second)
	if got := attributesOf(t, client, url); got["ApproximateNumberOfMessages"] != "0" || got["ApproximateNumberOfMessagesNotVisible"] != "0" {
		t.Errorf("after the retention: %v", got)
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

func TestMessageLimits(t *testing.T) {
	_, _, client := sqsClient(t)
	large, small := createQueue(t, client, "large", nil), createQueue(t, client, "small", map[string]string{"MaximumMessageSize": "1024"})
	sendTo(t, client, large, strings.Repeat("x", 1<<20))
	word := map[string]types.MessageAttributeValue{"a": {DataType: aws.String("String"), StringValue: aws.String("b")}}
	for want, in := range map[string]*sqs.SendMessageInput{
		"InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.":                                                                                   {QueueUrl: &large, MessageBody: aws.String(strings.Repeat("x", 1<<20+1))},
		"InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.":                                                                                      {QueueUrl: &small, MessageBody: aws.String(strings.Repeat("x", 1020)), MessageAttributes: word},
		"MissingParameter: The request must contain the parameter MessageBody.":                                                                                                                            {QueueUrl: &small, MessageBody: aws.String("")},
		"InvalidParameterValue: Value 901 for parameter DelaySeconds is invalid. Reason: Must be >= 0 and <= 900, if provided.":                                                                            {QueueUrl: &small, MessageBody: aws.String("x"), DelaySeconds: 901},
		"InvalidMessageContents: Invalid binary character '#x1' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF": {QueueUrl: &small, MessageBody: aws.String("\x01")},
		"AWS.SimpleQueueService.UnsupportedOperation: MessageGroupId is not supported by this emulator.":                                                                                                   {QueueUrl: &small, MessageBody: aws.String("x"), MessageGroupId: aws.String("g")},
		"AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.":                                                                                                                     {QueueUrl: aws.String(small + "er"), MessageBody: aws.String("x")},
		"InvalidAddress: The address nowhere is not valid for this endpoint.":                                                                                                                              {QueueUrl: aws.String("nowhere"), MessageBody: aws.String("x")},
	} {
		_, err := client.SendMessage(t.Context(), in)
		code, message, _ := strings.Cut(want, ": ")
		if got := wantCode(t, err, code); got != message {
			t.Errorf("got %s, want %s", got, message)
		}
	}
	for _, in := range []*sqs.ReceiveMessageInput{{MaxNumberOfMessages: 11}, {WaitTimeSeconds: 21}, {VisibilityTimeout: 43_201}} {
		in.QueueUrl = &small
		_, err := client.ReceiveMessage(t.Context(), in)
		wantCode(t, err, "InvalidParameterValue")
	}
}

func TestMessageAttributesComeBack(t *testing.T) {
	_, _, client := sqsClient(t)
	url := createQueue(t, client, "q", nil)
	sent, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
		"order.id": {DataType: aws.String("Number"), StringValue: aws.String("7")}, "raw": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
	}})
	must(t, err)
	// What AWS's own rule for the checksum gives for these.
	if *sent.MD5OfMessageAttributes != "61c14fde69c14a096d3e04fa89741fcc" {
		t.Errorf("checksum %s", *sent.MD5OfMessageAttributes)
	}
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MessageAttributeNames: []string{"order.*"}})
	if err != nil || len(out.Messages) != 1 || len(out.Messages[0].MessageAttributes) != 1 || *out.Messages[0].MessageAttributes["order.id"].StringValue != "7" {
		t.Errorf("%+v, %v", out, err)
	}
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
