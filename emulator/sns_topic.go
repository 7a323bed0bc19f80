package emulator

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

var topicNamePattern = compiled(`^[A-Za-z0-9_-]{1,256}$`)

// createTopic makes a topic, or finds the one of this name if it has the
// attributes and tags that are asked for.
func (s *snsService) createTopic(ctx context.Context, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	name := deref(in.Name)
	switch {
	case strings.HasSuffix(name, ".fifo") || in.Attributes["FifoTopic"] == "true":
		return nil, snsUnsupported("FifoTopic")
	case !topicNamePattern().MatchString(name):
		return nil, snsInvalid("Topic Name")
	case deref(in.DataProtectionPolicy) != "":
		return nil, snsUnsupported("DataProtectionPolicy")
	}
	tags, err := snsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	arn := callerOf(ctx).arn("sns", name)
	made := &topic{arn: arn, attributes: map[string]string{}, tags: tags, subscriptions: map[string]*subscription{}}
	made.attributes["Policy"] = defaultTopicPolicy(arn)
	if made.policy, err = parseTopicPolicy(made.attributes["Policy"]); err != nil {
		return nil, fmt.Errorf("the default policy of a topic: %w", err)
	}
	given := maps.Clone(in.Attributes)
	delete(given, "FifoTopic") // it is false
	for _, attribute := range sortedKeys(given) {
		if err := made.set(attribute, given[attribute]); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.topics[arn]; old != nil {
		return &sns.CreateTopicOutput{TopicArn: &arn}, old.same(given, tags)
	}
	if len(s.topics) >= topicsMax {
		return nil, failf(http.StatusForbidden, "TopicLimitExceeded", "The emulator holds at most %d topics.", topicsMax)
	}
	made.visible = s.readiness.visible()
	s.topics[arn] = made
	return &sns.CreateTopicOutput{TopicArn: &arn}, nil
}

// same tells whether a topic is what somebody wants to create; what is not given
// does not count.
func (t *topic) same(attributes, tags map[string]string) error {
	for key, value := range tags {
		if present, ok := t.tags[key]; !ok || present != value {
			return snsInvalid("Tags Reason: Topic already exists with different tags")
		}
	}
	for name, value := range attributes {
		if t.attributes[name] != value {
			return snsInvalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	return nil
}

// set sets an attribute.
func (t *topic) set(name, value string) error {
	switch name {
	case "DisplayName":
		if utf8.RuneCountInString(value) > 100 {
			return snsInvalid("DisplayName Reason: Display Name must be at most 100 characters long")
		}
	case "Policy":
		if value == "" {
			value = defaultTopicPolicy(t.arn)
		}
		parsed, err := parseTopicPolicy(value)
		if err != nil {
			return err
		}
		t.policy = parsed
	case "DeliveryPolicy", "KmsMasterKeyId", "TracingConfig", "SignatureVersion", "MaximumMessageSize", "ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope",
		"HTTPSuccessFeedbackRoleArn", "HTTPFailureFeedbackRoleArn", "SQSSuccessFeedbackRoleArn", "SQSFailureFeedbackRoleArn":
		return snsUnsupported("AttributeName: " + name)
	default:
		return snsInvalid("AttributeName")
	}
	t.attributes[name] = value
	return nil
}

// defaultTopicPolicy is the policy that AWS gives a new topic. It lets AWS's
// services act for resources of the owner's account, CloudWatch's alarms among
// them; what roles may do is left to their own policies.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func defaultTopicPolicy(arn string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],` +
		`"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + partOf(arn, 4) + `"}}}]}`
}

// parseTopicPolicy reads and validates the policy of a topic.
func parseTopicPolicy(text string) (*policy, error) {
	parsed, err := parsePolicy(text, resourcePolicy)
	if err != nil {
		return nil, snsInvalid("Policy Error: %s", err.Error())
	}
	for _, statement := range parsed.statements {
		for _, action := range statement.actions {
			if action != "*" && !strings.HasPrefix(strings.ToLower(action), "sns:") {
				return nil, snsInvalid("Policy statement action out of service scope!")
			}
		}
	}
	return parsed, nil
}

// deleteTopic deletes a topic with its subscriptions; one that does not exist is
// no error.
func (s *snsService) deleteTopic(ctx context.Context, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	arn := deref(in.TopicArn)
	if err := checkARN("TopicArn", arn, callerOf(ctx).Region); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, arn)
	return &sns.DeleteTopicOutput{}, nil
}

// deliveryPolicy is what AWS shows of a topic that has no policy of its own for
// deliveries by HTTP.
const deliveryPolicy = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,` +
	`"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func (s *snsService) getTopicAttributes(ctx context.Context, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(deref(in.TopicArn), callerOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	s.expire(t)
	pending := 0
	for _, sub := range t.subscriptions {
		if sub.pending() {
			pending++
		}
	}
	shown := map[string]string{
		"TopicArn": t.arn, "Owner": partOf(t.arn, 4), "DisplayName": "", "EffectiveDeliveryPolicy": deliveryPolicy,
		"SubscriptionsConfirmed": strconv.Itoa(len(t.subscriptions) - pending), "SubscriptionsPending": strconv.Itoa(pending),
		"SubscriptionsDeleted": strconv.Itoa(t.deleted),
	}
	maps.Copy(shown, t.attributes)
	return &sns.GetTopicAttributesOutput{Attributes: shown}, nil
}

func (s *snsService) setTopicAttributes(ctx context.Context, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(deref(in.TopicArn), callerOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	return &sns.SetTopicAttributesOutput{}, t.set(deref(in.AttributeName), deref(in.AttributeValue))
}

func (s *snsService) listTopics(ctx context.Context, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var arns []string
	for _, arn := range sortedKeys(s.topics) {
		if partOf(arn, 3) == callerOf(ctx).Region && !s.readiness.before(s.topics[arn].visible) {
			arns = append(arns, arn)
		}
	}
	page, next, err := snsListPage(arns, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sns.ListTopicsOutput{Topics: []types.Topic{}, NextToken: next}
	for _, arn := range page {
		out.Topics = append(out.Topics, types.Topic{TopicArn: &arn})
	}
	return out, nil
}
