package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"enrich/config"
	"enrich/emulator"
	"enrich/engine"
)

const opsAddress = "ops@example.com"

func notified(c *config.Config) { c.Alarms.Notify = []string{opsAddress} }

// links keeps the tokens that confirm subscriptions, which the emulator logs in the
// place of a mail.
type links struct {
	mu   sync.Mutex
	last string
}

func (l *links) Enabled(context.Context, slog.Level) bool { return true }
func (l *links) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *links) WithGroup(string) slog.Handler            { return l }

func (l *links) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if _, token, found := strings.Cut(a.Value.String(), "Token="); found && a.Key == "link" {
			l.mu.Lock()
			l.last, _, _ = strings.Cut(token, "&")
			l.mu.Unlock()
		}
		return true
	})
	return nil
}

func (l *links) token() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// A subscription is there from its mail on, and ended when it is confirmed; before
// that AWS does not let anybody end it.
func TestSubscription(t *testing.T) {
	mails := &links{}
	c, _ := emulatedWith(t, emulator.Options{Logger: slog.New(mails)})
	p := c.pipeline(t, notified)
	s := pick(t, p, subscriptionKey(opsAddress))
	absent(t, s)
	if err := s.Delete(t.Context(), &notes{}); err != nil {
		t.Errorf("without a topic: %v", err)
	}
	deployed(t, p, keyTopic)
	absent(t, s)
	told := &notes{}
	if err := s.Create(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	observed := same(t, s)
	if observed.Status != subscriptionPending || observed.Unhealthy != "" || observed.Transient || observed.ID != told.id || observed.ARN != "" {
		t.Errorf("%+v", observed)
	}
	going := []engine.Inspection{{Resource: s, Observed: observed}}
	if len(Lingering(going)) != 1 {
		t.Error("nobody is told that it cannot be ended")
	}
	if left := Lingering(append(going, engine.Inspection{Resource: pick(t, p, keyTopic)})); left != nil {
		t.Errorf("it goes with its topic: %q", left)
	}
	first := mails.token()
	if err := s.Delete(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	if read(t, s).Status != subscriptionPending {
		t.Error("it was ended")
	}
	if err := s.Create(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	client := sns.NewFromConfig(c.sdk)
	if _, err := client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: aws.String(p.id.topicARN(p.names.AlarmTopic)), Token: &first}); err != nil {
		t.Fatal(err)
	}
	observed = same(t, s)
	if observed.Status != subscriptionConfirmed || observed.ARN == "" || Lingering([]engine.Inspection{{Resource: s, Observed: observed}}) != nil {
		t.Errorf("%+v", observed)
	}
	restored, err := p.Restore(s.Key(), s.Kind(), s.Name(), observed.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := restored.Delete(t.Context(), &notes{}); err != nil {
			t.Fatal(err)
		}
		absent(t, s)
	}
}

// The topic takes what the pipeline's own alarms tell, and nothing of others.
func TestTopicTakesAlarms(t *testing.T) {
	c, _ := newEmulated(t)
	p := c.pipeline(t, notified)
	alarm := deployed(t, p, alarmKey(alarmFunctionErrors))
	topic := p.id.topicARN(p.names.AlarmTopic)
	url := subscribedQueue(t, c, topic)
	stranger := deployed(t, neighbour(c).pipeline(t, func(c *config.Config) { c.Alarms.Notify = []string{topic} }), alarmKey(alarmFunctionErrors))
	c.sound(t, stranger)
	c.sound(t, alarm)
	if got := messages(t, c, url, 1); len(got) != 1 || !strings.Contains(got[0], "orders-dev-function-errors") {
		t.Errorf("%q", got)
	}
}

// messages takes what has been published, until it is as much as is wanted.
func messages(t *testing.T, c cloud, url string, want int) []string {
	t.Helper()
	client := sqs.NewFromConfig(c.sdk)
	var bodies []string
	for len(bodies) < want {
		got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 20})
		if err != nil || len(got.Messages) == 0 {
			t.Fatalf("%q, and no more: %v", bodies, err)
		}
		for _, message := range got.Messages {
			bodies = append(bodies, aws.ToString(message.Body))
		}
	}
	return bodies
}

// neighbour is another pipeline in the same account.
func neighbour(c cloud) cloud {
	c.id.Name = "others"
	return c
}

// subscribedQueue has what is published to a topic.
func subscribedQueue(t *testing.T, c cloud, topic string) (url string) {
	t.Helper()
	queue, err := sqs.NewFromConfig(c.sdk).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("ear"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + c.id.arn("sqs", "ear") + `"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sns.NewFromConfig(c.sdk).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: aws.String(c.id.arn("sqs", "ear")),
	}); err != nil {
		t.Fatal(err)
	}
	return aws.ToString(queue.QueueUrl)
}

// Our topic is notified with the topics that there are, and made before the alarms.
func TestNotify(t *testing.T) {
	given := "arn:aws:sns:us-east-1:123456789012:pager"
	own := "arn:aws:sns:us-east-1:123456789012:orders-dev-alarms"
	for _, test := range []struct{ notify, want, after []string }{
		{nil, []string{}, nil},
		{[]string{given}, []string{given}, nil},
		{[]string{opsAddress, given, "dev@example.com"}, []string{given, own}, []string{keyTopic}},
		{[]string{own, opsAddress, given}, []string{own, given}, []string{keyTopic}},
	} {
		p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) { c.Alarms.Notify = test.notify })
		for _, r := range p.metricAlarms() {
			alarm := r.(*metricAlarm)
			after := slices.DeleteFunc(slices.Clone(alarm.after), func(key string) bool { return key == keyMapping })
			if !slices.Equal(alarm.desired.Notify, test.want) || !slices.Equal(after, test.after) {
				t.Errorf("%s of %q notifies %q after %q", alarm.name, test.notify, alarm.desired.Notify, alarm.after)
			}
		}
		topics := slices.DeleteFunc(p.Resources(), func(r engine.Resource) bool { return r.Kind() != kindTopic && r.Kind() != kindSubscription })
		addresses := slices.DeleteFunc(slices.Clone(test.notify), func(entry string) bool { return strings.HasPrefix(entry, "arn:") })
		if want := len(addresses) + len(test.after); len(topics) != want {
			t.Errorf("%q makes %d resources, want %d", test.notify, len(topics), want)
		}
	}
}

// Whatever a topic's policy was changed to, alarms are let in again.
func TestTopicPolicyIsMended(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t, notified)
	topic := deployed(t, p, keyTopic)
	for _, policy := range []string{
		`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"` + topic.ARN() + `"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"` + topic.ARN() + `"}]}`,
	} {
		if _, err := sns.NewFromConfig(c.sdk).SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{
			TopicArn: aws.String(topic.ARN()), AttributeName: aws.String("Policy"), AttributeValue: &policy,
		}); err != nil {
			t.Fatal(err)
		}
		observed := read(t, topic)
		changes := topic.Diff(observed)
		if len(changes) == 0 || !changed(changes, "policy") {
			t.Fatalf("%q is no difference", policy)
		}
		if err := topic.Update(t.Context(), observed, changes, &notes{}); err != nil {
			t.Fatal(err)
		}
		same(t, topic)
	}
}
