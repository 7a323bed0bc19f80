package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const topicARNs = "arn:aws:sns:us-east-1:000000000000:"

func snsClient(t testing.TB) (*Server, *ManualClock, *sns.Client) {
	t.Helper()
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	return s, clock, sns.NewFromConfig(sdkConfig(s))
}

func createTopic(t testing.TB, client *sns.Client, name string) string {
	t.Helper()
	out, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name})
	must(t, err)
	return *out.TopicArn
}

func subscribe(t testing.TB, client *sns.Client, topic, protocol, endpoint string, attributes map[string]string) string {
	t.Helper()
	out, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes, ReturnSubscriptionArn: true})
	must(t, err)
	return *out.SubscriptionArn
}

// confirm follows the link of the mail that the emulator logs.
func confirm(t testing.TB, s *Server, topic, address string) {
	t.Helper()
	s.sns.mu.RLock()
	link := ""
	for _, sub := range s.sns.topics[topic].subscriptions {
		if sub.endpoint == address {
			link = s.sns.link("ConfirmSubscription", map[string][]string{"TopicArn": {topic}, "Token": {sub.token}})
		}
	}
	s.sns.mu.RUnlock()
	follow(t, link)
}

func follow(t testing.TB, link string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s", link, response.Status)
	}
}

func TestCreateTopicIsIdempotent(t *testing.T) {
	_, _, client := snsClient(t)
	ab := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}
	in := func(change func(*sns.CreateTopicInput)) *sns.CreateTopicInput {
		in := &sns.CreateTopicInput{Name: aws.String("alarms"), Tags: ab, Attributes: map[string]string{"DisplayName": "Alarms"}}
		if change != nil {
			change(in)
		}
		return in
	}
	for name, change := range map[string]func(*sns.CreateTopicInput){
		"the same": nil, "fewer tags": func(in *sns.CreateTopicInput) { in.Tags = ab[:1] }, "nothing": func(in *sns.CreateTopicInput) { in.Tags, in.Attributes = nil, nil },
	} {
		out, err := client.CreateTopic(t.Context(), in(nil))
		must(t, err)
		again, err := client.CreateTopic(t.Context(), in(change))
		if err != nil || *again.TopicArn != *out.TopicArn || *out.TopicArn != topicARNs+"alarms" {
			t.Errorf("%s: %v, %v", name, again, err)
		}
	}
	for message, change := range map[string]func(*sns.CreateTopicInput){
		"Invalid parameter: Tags Reason: Topic already exists with different tags": func(in *sns.CreateTopicInput) {
			in.Tags = append(slices.Clone(ab), types.Tag{Key: aws.String("c"), Value: aws.String("3")})
		},
		"Invalid parameter: Attributes Reason: Topic already exists with different attributes": func(in *sns.CreateTopicInput) { in.Attributes["DisplayName"] = "Others" },
		"Invalid parameter: Duplicated keys are not allowed.":                                  func(in *sns.CreateTopicInput) { in.Tags = append(slices.Clone(ab), ab[0]) },
		"Invalid parameter: Topic Name":                                                        func(in *sns.CreateTopicInput) { in.Name = aws.String("a b") },
		"Invalid parameter: FifoTopic is not supported by this emulator":                       func(in *sns.CreateTopicInput) { in.Name = aws.String("a.fifo") },
		"Invalid parameter: AttributeName: KmsMasterKeyId is not supported by this emulator":   func(in *sns.CreateTopicInput) { in.Attributes["KmsMasterKeyId"] = "alias/aws/sns" },
		"Invalid parameter: AttributeName":                                                     func(in *sns.CreateTopicInput) { in.Attributes["Colour"] = "red" },
		"Invalid parameter: Policy Error: Syntax errors in policy.":                            func(in *sns.CreateTopicInput) { in.Attributes["Policy"] = "{" },
		"Invalid parameter: Policy statement action out of service scope!": func(in *sns.CreateTopicInput) {
			in.Attributes["Policy"] = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`
		},
	} {
		_, err := client.CreateTopic(t.Context(), in(change))
		if got := wantCode(t, err, "InvalidParameter"); got != message {
			t.Errorf("got %s, want %s", got, message)
		}
	}
}

func TestTopicAttributes(t *testing.T) {
	_, _, client := snsClient(t)
	topic := createTopic(t, client, "alarms")
	got := func() map[string]string {
		t.Helper()
		out, err := client.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: &topic})
		must(t, err)
		return out.Attributes
	}
	a := got()
	if a["TopicArn"] != topic || a["Owner"] != "000000000000" || a["DisplayName"] != "" || a["SubscriptionsConfirmed"] != "0" || !json.Valid([]byte(a["EffectiveDeliveryPolicy"])) {
		t.Errorf("new topic: %v", a)
	}
	if !strings.Contains(a["Policy"], `"AWS:SourceOwner":"000000000000"`) || !strings.Contains(a["Policy"], `"Resource":"`+topic+`"`) {
		t.Errorf("its policy: %s", a["Policy"])
	}
	set := func(name, value string) error {
		_, err := client.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: &name, AttributeValue: &value})
		return err
	}
	must(t, set("DisplayName", "Alarms"))
	if got()["DisplayName"] != "Alarms" {
		t.Errorf("changed: %v", got())
	}
	wantCode(t, set("DisplayName", strings.Repeat("x", 101)), "InvalidParameter")
	wantCode(t, set("TracingConfig", "Active"), "InvalidParameter")
	_, err := client.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &topic})
	must(t, err)
	_, err = client.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &topic})
	must(t, err) // again
	_, err = client.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: &topic})
	if message := wantCode(t, err, "NotFound"); message != "Topic does not exist" {
		t.Error(message)
	}
	_, err = client.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String("alarms")})
	if message := wantCode(t, err, "InvalidParameter"); message != "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1" {
		t.Error(message)
	}
	_, err = client.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String(strings.Replace(topic, "us-east-1", "eu-west-1", 1))})
	wantCode(t, err, "InvalidParameter")
}

func TestTopicsAreListedInPages(t *testing.T) {
	_, _, client := snsClient(t)
	for i := range 150 {
		createTopic(t, client, fmt.Sprintf("t-%03d", i))
	}
	var arns []string
	sizes := []int{}
	for pages := sns.NewListTopicsPaginator(client, &sns.ListTopicsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		sizes = append(sizes, len(page.Topics))
		for _, topic := range page.Topics {
			arns = append(arns, *topic.TopicArn)
		}
	}
	if !slices.Equal(sizes, []int{100, 50}) || !slices.IsSorted(arns) || arns[149] != topicARNs+"t-149" {
		t.Errorf("%v: %v", sizes, arns)
	}
	_, err := client.ListTopics(t.Context(), &sns.ListTopicsInput{NextToken: aws.String("x")})
	wantCode(t, err, "InvalidParameter")
}

func TestEmailSubscriptionsWaitForConfirmation(t *testing.T) {
	s, clock, client := snsClient(t)
	topic := createTopic(t, client, "alarms")
	in := &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("email"), Endpoint: aws.String("ops@example.com")}
	for range 2 { // again: there is still one
		out, err := client.Subscribe(t.Context(), in)
		if err != nil || *out.SubscriptionArn != "pending confirmation" {
			t.Fatalf("%v, %v", out, err)
		}
	}
	list := func() []types.Subscription {
		t.Helper()
		byTopic, err := client.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
		must(t, err)
		all, err := client.ListSubscriptions(t.Context(), &sns.ListSubscriptionsInput{})
		must(t, err)
		if len(all.Subscriptions) != len(byTopic.Subscriptions) {
			t.Errorf("%d of %d subscriptions", len(byTopic.Subscriptions), len(all.Subscriptions))
		}
		return byTopic.Subscriptions
	}
	if got := list(); len(got) != 1 || *got[0].SubscriptionArn != "PendingConfirmation" || *got[0].Endpoint != "ops@example.com" || *got[0].Protocol != "email" || *got[0].Owner != "000000000000" {
		t.Fatalf("pending: %+v", got)
	}
	arn := subscribe(t, client, topic, "email", "ops@example.com", nil)
	attributes := func() map[string]string {
		t.Helper()
		out, err := client.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
		must(t, err)
		return out.Attributes
	}
	if got := attributes(); got["PendingConfirmation"] != "true" || got["TopicArn"] != topic || got["Protocol"] != "email" {
		t.Errorf("pending: %v", got)
	}
	_, err := client.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: &arn})
	if message := wantCode(t, err, "InvalidParameter"); !strings.Contains(message, "Cannot unsubscribe a subscription that is pending confirmation") {
		t.Error(message)
	}
	_, err = client.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: aws.String("PendingConfirmation")})
	wantCode(t, err, "InvalidParameter")
	_, err = client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: &topic, Token: aws.String("guessed")})
	wantCode(t, err, "InvalidParameter")
	confirm(t, s, topic, "ops@example.com")
	if got := list(); len(got) != 1 || *got[0].SubscriptionArn != arn {
		t.Errorf("confirmed: %+v", got)
	}
	if got := attributes(); got["PendingConfirmation"] != "false" {
		t.Errorf("confirmed: %v", got)
	}
	subscribe(t, client, topic, "email", "late@example.com", nil)
	clock.Advance(48 * time.Hour)
	if got := list(); len(got) != 1 || *got[0].Endpoint != "ops@example.com" {
		t.Errorf("two days later: %+v", got)
	}
	for range 2 {
		_, err = client.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: &arn})
		must(t, err)
	}
	counts, err := client.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: &topic})
	if err != nil || len(list()) != 0 || counts.Attributes["SubscriptionsDeleted"] != "1" {
		t.Errorf("unsubscribed: %v, %v", counts, err)
	}
	_, err = client.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
	if message := wantCode(t, err, "NotFound"); message != "Subscription does not exist" {
		t.Error(message)
	}
}

func TestSubscriptionErrors(t *testing.T) {
	_, _, client := snsClient(t)
	topic := createTopic(t, client, "alarms")
	queue := "arn:aws:sqs:us-east-1:000000000000:q"
	subscribe(t, client, topic, "sqs", queue, map[string]string{"RawMessageDelivery": "true"})
	for message, in := range map[string]*sns.SubscribeInput{
		"Invalid parameter: Email address":                                                            {Protocol: aws.String("email"), Endpoint: aws.String("ops")},
		"Invalid parameter: SQS endpoint ARN":                                                         {Protocol: aws.String("sqs"), Endpoint: aws.String("http://q")},
		"Invalid parameter: Amazon SNS does not support this protocol string: pigeon":                 {Protocol: aws.String("pigeon"), Endpoint: aws.String("x")},
		"Invalid parameter: Protocol https is not supported by this emulator":                         {Protocol: aws.String("https"), Endpoint: aws.String("https://x")},
		"Invalid parameter: AttributeName: FilterPolicy is not supported by this emulator":            {Protocol: aws.String("sqs"), Endpoint: &queue, Attributes: map[string]string{"FilterPolicy": "{}"}},
		"Invalid parameter: Attributes Reason: Subscription already exists with different attributes": {Protocol: aws.String("sqs"), Endpoint: &queue, Attributes: map[string]string{"RawMessageDelivery": "false"}},
		"Invalid parameter: Attributes Reason: RawMessageDelivery: Delivery protocol [email] does not support raw message delivery.": {
			Protocol: aws.String("email"), Endpoint: aws.String("a@example.com"), Attributes: map[string]string{"RawMessageDelivery": "true"},
		},
	} {
		in.TopicArn = &topic
		_, err := client.Subscribe(t.Context(), in)
		if got := wantCode(t, err, "InvalidParameter"); got != message {
			t.Errorf("got %s, want %s", got, message)
		}
	}
	_, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: aws.String(topicARNs + "none"), Protocol: aws.String("sqs"), Endpoint: &queue})
	wantCode(t, err, "NotFound")
	_, err = client.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(topicARNs + "none")})
	wantCode(t, err, "NotFound")
}

func TestTopicTags(t *testing.T) {
	s, _, client := snsClient(t)
	topic := createTopic(t, client, "alarms")
	_, err := client.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: &topic, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}})
	must(t, err)
	_, err = client.UntagResource(t.Context(), &sns.UntagResourceInput{ResourceArn: &topic, TagKeys: []string{"a", "z"}})
	must(t, err)
	tags, err := client.ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: &topic})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "b" || *tags.Tags[0].Value != "2" {
		t.Errorf("%+v, %v", tags, err)
	}
	found, err := resourcegroupstaggingapi.NewFromConfig(sdkConfig(s)).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"sns:topic"}})
	if err != nil || len(found.ResourceTagMappingList) != 1 || *found.ResourceTagMappingList[0].ResourceARN != topic {
		t.Errorf("%+v, %v", found, err)
	}
	var many []types.Tag
	for i := range 50 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprint(i)), Value: aws.String("")})
	}
	_, err = client.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: &topic, Tags: many})
	wantCode(t, err, "TagLimitExceeded")
	_, err = client.ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: aws.String(topicARNs + "none")})
	if message := wantCode(t, err, "ResourceNotFound"); message != "Resource does not exist" {
		t.Error(message)
	}
}

func TestPublishErrors(t *testing.T) {
	_, _, client := snsClient(t)
	topic := createTopic(t, client, "alarms")
	for want, in := range map[string]*sns.PublishInput{
		"InvalidParameter: Invalid parameter: Empty message":                                                 {TopicArn: &topic, Message: aws.String("")},
		"InvalidParameter: Invalid parameter: Message too long":                                              {TopicArn: &topic, Message: aws.String(strings.Repeat("x", 262_145))},
		"InvalidParameter: Invalid parameter: Subject":                                                       {TopicArn: &topic, Message: aws.String("m"), Subject: aws.String("two\nlines")},
		"InvalidParameter: Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter": {Message: aws.String("m")},
		"InvalidParameter: Invalid parameter: Message Structure - No default entry in JSON message body":     {TopicArn: &topic, Message: aws.String(`{"sqs":"x"}`), MessageStructure: aws.String("json")},
		"InvalidParameter: Invalid parameter: Message Structure - JSON message body failed to parse":         {TopicArn: &topic, Message: aws.String(`{`), MessageStructure: aws.String("json")},
		"InvalidParameter: Invalid parameter: PhoneNumber is not supported by this emulator":                 {PhoneNumber: aws.String("+4912345678"), Message: aws.String("m")},
		"NotFound: Topic does not exist":                                                                     {TargetArn: aws.String(topicARNs + "none"), Message: aws.String("m")},
		"ParameterValueInvalid: The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.": {
			TopicArn: &topic, Message: aws.String("m"), MessageAttributes: map[string]types.MessageAttributeValue{"a": {DataType: aws.String("String"), StringValue: aws.String("")}},
		},
	} {
		_, err := client.Publish(t.Context(), in)
		code, message, _ := strings.Cut(want, ": ")
		if got := wantCode(t, err, code); got != message {
			t.Errorf("got %s, want %s", got, message)
		}
	}
}

// lockedBuffer is what several goroutines log to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestMailIsLoggedInsteadOfSent(t *testing.T) {
	log := &lockedBuffer{}
	s := startServer(t, Options{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	client := sns.NewFromConfig(sdkConfig(s))
	topic := createTopic(t, client, "alarms")
	subscribe(t, client, topic, "email", "ops@example.com", nil)
	var line struct{ Link string }
	must(t, json.Unmarshal([]byte(log.String()), &line))
	publish := func(message string) {
		t.Helper()
		_, err := client.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: &message, Subject: aws.String("ALARM")})
		must(t, err)
	}
	publish("too early")
	follow(t, line.Link)
	publish("in time")
	if got := log.String(); strings.Contains(got, "too early") || !strings.Contains(got, `"address":"ops@example.com","subject":"ALARM","message":"in time"`) {
		t.Error(got)
	}
}
