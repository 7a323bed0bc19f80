package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

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
		"AWS.SimpleQueueService.UnsupportedOperation: Message attribute list values in SendMessage operation are not supported.": {QueueUrl: &small, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			"a": {DataType: aws.String("StringList"), StringListValues: []string{"b"}},
		}},
		"AWS.SimpleQueueService.UnsupportedOperation: MessageGroupId is not supported by this emulator.": {QueueUrl: &small, MessageBody: aws.String("x"), MessageGroupId: aws.String("g")},
		"AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.":                   {QueueUrl: aws.String(small + "er"), MessageBody: aws.String("x")},
		"InvalidAddress: The address nowhere is not valid for this endpoint.":                            {QueueUrl: aws.String("nowhere"), MessageBody: aws.String("x")},
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

func TestClosingTheServerEndsLongPolling(t *testing.T) {
	s, clock, client := sqsClient(t)
	url := createQueue(t, client, "q", nil)
	got := make(chan error)
	go func() {
		_, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
		got <- err
	}()
	eventually(t, "the call waits", func() bool { return clock.Waiting() == 2 })
	must(t, s.Close(t.Context()))
	must(t, <-got)
}
