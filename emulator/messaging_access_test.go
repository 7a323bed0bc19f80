package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Each call to topics, queues and composite alarms needs the permissions that it
// needs at AWS, in this order.
func TestAccessesToTopicsQueuesAndCompositeAlarms(t *testing.T) {
	var log accessLog
	s := startServer(t, Options{OnAccess: log.add})
	topics, queues, alarms := sns.NewFromConfig(sdkConfig(s)), sqs.NewFromConfig(sdkConfig(s)), cloudwatch.NewFromConfig(sdkConfig(s))
	topic, url := aws.String(topicARNs+"t"), aws.String(s.Endpoint()+"/000000000000/q")
	for _, test := range []struct {
		name string
		call func() error
		want []string
	}{
		{"a topic with tags", func() error {
			_, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t"), Tags: []snstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
			return err
		}, []string{"sns:CreateTopic " + *topic, "sns:TagResource " + *topic}},
		{"a subscription", func() error {
			_, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")})
			return err
		}, []string{"sns:Subscribe " + *topic}},
		{"a subscription by its ARN", func() error {
			_, err := topics.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: aws.String(*topic + ":gone")})
			return err
		}, []string{"sns:Unsubscribe *"}},
		{"all topics", func() error {
			_, err := topics.ListTopics(t.Context(), &sns.ListTopicsInput{})
			return err
		}, []string{"sns:ListTopics *"}},
		{"tags of a topic", func() error {
			_, err := topics.ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: topic})
			return err
		}, []string{"sns:ListTagsForResource " + *topic}},
		{"a target", func() error {
			_, err := topics.Publish(t.Context(), &sns.PublishInput{TargetArn: topic, Message: aws.String("m")})
			return err
		}, []string{"sns:Publish " + *topic}},
		{"a queue with tags", func() error {
			_, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Tags: map[string]string{"a": "b"}})
			return err
		}, []string{"sqs:CreateQueue " + queueARNs + "q", "sqs:TagQueue " + queueARNs + "q"}},
		{"a queue by its URL", func() error {
			_, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("m")})
			return err
		}, []string{"sqs:SendMessage " + queueARNs + "q"}},
		{"all queues", func() error {
			_, err := queues.ListQueues(t.Context(), &sqs.ListQueuesInput{})
			return err
		}, []string{"sqs:ListQueues *"}},
		{"a composite alarm, which no policy can confine, with tags", func() error {
			_, err := alarms.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("c"), AlarmRule: aws.String("FALSE"), Tags: []cloudwatchtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
			return err
		}, []string{"cloudwatch:PutCompositeAlarm *", "cloudwatch:TagResource " + alarmARNs + "c"}},
		{"composite alarms", func() error {
			_, err := alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeCompositeAlarm}})
			return err
		}, []string{"cloudwatch:DescribeAlarms *"}},
		{"metric alarms", func() error {
			_, err := alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
			return err
		}, []string{"cloudwatch:DescribeAlarms " + alarmARNs + "*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			must(t, test.call())
			if got := log.take(); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Within an account either policy is enough, the role's or the resource's, and a
// deny of either wins. The policy that a new topic has gives roles nothing.
func TestPoliciesOfTopicsAndQueuesDecideToo(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/worker"
	allow := func(principal, action, effect string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"` + action + `","Resource":"*"}}`
	}
	for name, test := range map[string]struct {
		own      bool   // whether the role's policy allows both
		resource string // principal
		effect   string
		want     string // "" is success
	}{
		"neither":           {want: "because no identity-based policy allows the "},
		"the role's":        {own: true},
		"the resource's":    {resource: `{"AWS":"` + role + `"}`, effect: "Allow"},
		"everybody":         {resource: `"*"`, effect: "Allow"},
		"the account":       {resource: `{"AWS":"000000000000"}`, effect: "Allow", want: "because no identity-based policy allows the "},
		"a resource's deny": {own: true, resource: `{"AWS":"` + role + `"}`, effect: "Deny", want: "with an explicit deny in a resource-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Options{})
			roles := iam.NewFromConfig(sdkConfig(s))
			arn := createRole(t, roles, "worker", lambdaTrust)
			topics, queues := sns.NewFromConfig(sdkConfig(s)), sqs.NewFromConfig(sdkConfig(s))
			topic, url := createTopic(t, topics, "t"), createQueue(t, queues, "q", nil)
			if test.own {
				_, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
					`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sns:Publish","sqs:SendMessage"],"Resource":["` + topic + `","` + queueARNs + `q"]}}`)})
				must(t, err)
			}
			if test.resource != "" {
				_, err := topics.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String(allow(test.resource, "sns:Publish", test.effect))})
				must(t, err)
				_, err = queues.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"Policy": allow(test.resource, "sqs:SendMessage", test.effect)}})
				must(t, err)
			}
			config := sessionConfig(s, s.iam.sessionFor(arn, "fn"))
			_, published := sns.NewFromConfig(config).Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String("m")})
			_, sent := sqs.NewFromConfig(config).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("m")})
			if test.want == "" {
				must(t, published)
				must(t, sent)
				return
			}
			const user = "User: arn:aws:sts::000000000000:assumed-role/worker/fn is not authorized to perform: "
			if message := wantCode(t, published, "AuthorizationError"); !strings.HasPrefix(message, user+"SNS:Publish on resource: "+topic+" "+test.want) {
				t.Error(message)
			}
			if message := wantCode(t, sent, "AccessDenied"); !strings.HasPrefix(message, user+"sqs:sendmessage on resource: "+queueARNs+"q "+test.want) {
				t.Error(message)
			}
		})
	}
}

// The link of a mail has no signature and needs no permission; whoever signs needs one.
func TestMailLinksNeedNoPermission(t *testing.T) {
	s := startServer(t, Options{})
	topics := sns.NewFromConfig(sdkConfig(s))
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t")})
	must(t, err)
	made, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com"), ReturnSubscriptionArn: true})
	must(t, err)
	must(t, s.SetCallerPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:GetSubscriptionAttributes","Resource":"*"}]}`))
	_, err = topics.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic.TopicArn, Token: aws.String("guessed")})
	wantCode(t, err, "AuthorizationError")
	confirm(t, s, *topic.TopicArn, "a@example.com")
	response, text := send(t, s, "GET", "/?Action=Unsubscribe&Version=2010-03-31&SubscriptionArn="+url.QueryEscape(*made.SubscriptionArn), "", "")
	if response.StatusCode != http.StatusOK {
		t.Errorf("unsubscribing: %d %s", response.StatusCode, text)
	}
}
