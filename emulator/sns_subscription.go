package emulator

import (
	"context"
	"maps"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// subscription is one subscriber of a topic.
type subscription struct {
	arn, protocol, endpoint string
	attributes              map[string]string // that were set
	token                   string            // that confirms it; "": it needed none
	confirmed               bool
	expires                 time.Time // of one that is not confirmed
}

func (s *subscription) pending() bool { return !s.confirmed }

// raw tells whether it gets messages without SNS's envelope.
func (s *subscription) raw() bool { return s.attributes["RawMessageDelivery"] == "true" }

// expire takes away the subscriptions that nobody confirmed in time. The lock is
// held for writing.
func (s *snsService) expire(t *topic) {
	now := s.now()
	maps.DeleteFunc(t.subscriptions, func(_ string, sub *subscription) bool {
		return sub.pending() && !now.Before(sub.expires)
	})
}

var queueARNPattern = compiled(`^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}$`)

// checkSubscriber checks the protocol and endpoint of a new subscription.
func checkSubscriber(protocol, endpoint string) error {
	switch protocol {
	case "sqs":
		if strings.HasSuffix(endpoint, ".fifo") {
			return snsInvalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
		}
		if !queueARNPattern().MatchString(endpoint) {
			return snsInvalid("SQS endpoint ARN")
		}
	case "email", "email-json":
		if address, err := mail.ParseAddress(endpoint); err != nil || address.Address != endpoint {
			return snsInvalid("Email address")
		}
	case "http", "https", "sms", "application", "lambda", "firehose":
		return snsUnsupported("Protocol " + protocol)
	default:
		return snsInvalid("Amazon SNS does not support this protocol string: %s", protocol)
	}
	return nil
}

// set sets an attribute.
func (s *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		on, err := strconv.ParseBool(strings.ToLower(value))
		if err != nil {
			return snsInvalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
		if on && s.protocol != "sqs" {
			return snsInvalid("Attributes Reason: RawMessageDelivery: Delivery protocol [%s] does not support raw message delivery.", s.protocol)
		}
		value = strconv.FormatBool(on)
	case "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "SubscriptionRoleArn", "ReplayPolicy":
		return snsUnsupported("AttributeName: " + name)
	default:
		return snsInvalid("AttributeName")
	}
	s.attributes[name] = value
	return nil
}

// pendingARN is what takes the place of the ARN of an unconfirmed subscription.
const pendingARN = "PendingConfirmation"

func (s *snsService) subscribe(ctx context.Context, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	made := &subscription{protocol: deref(in.Protocol), endpoint: deref(in.Endpoint), attributes: map[string]string{}}
	if err := checkSubscriber(made.protocol, made.endpoint); err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(in.Attributes) {
		if err := made.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(deref(in.TopicArn), callerOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	s.expire(t)
	for _, old := range t.subscriptions {
		if old.protocol != made.protocol || old.endpoint != made.endpoint {
			continue
		}
		if len(made.attributes) > 0 && !maps.Equal(old.attributes, made.attributes) {
			return nil, snsInvalid("Attributes Reason: Subscription already exists with different attributes")
		}
		if old.pending() {
			s.invite(t, old) // again
		}
		return old.answer(in.ReturnSubscriptionArn), nil
	}
	made.arn, made.confirmed = t.arn+":"+newRequestID(), made.protocol == "sqs"
	if made.pending() {
		made.token, made.expires = newToken(), s.now().Add(confirmWithin)
		s.invite(t, made)
	}
	t.subscriptions[made.arn] = made
	return made.answer(in.ReturnSubscriptionArn), nil
}

// newToken makes the token that confirms a subscription.
func newToken() string {
	return strings.ReplaceAll(newRequestID()+newRequestID()+newRequestID(), "-", "")
}

func (s *subscription) answer(withARN bool) *sns.SubscribeOutput {
	if s.pending() && !withARN {
		return &sns.SubscribeOutput{SubscriptionArn: new("pending confirmation")}
	}
	return &sns.SubscribeOutput{SubscriptionArn: &s.arn}
}

// invite gives the link of the mail that AWS would send. The emulator sends none.
func (s *snsService) invite(t *topic, sub *subscription) {
	s.options.Logger.Info("the emulator sends no mail; this link confirms a subscription", "topic", t.arn, "address", sub.endpoint,
		"link", s.link("ConfirmSubscription", url.Values{"TopicArn": {t.arn}, "Token": {sub.token}}))
}

// link makes the URL of an operation that needs no signature.
func (s *snsService) link(action string, parameters url.Values) string {
	parameters.Set("Action", action)
	parameters.Set("Version", snsVersion)
	return s.endpoint + "/?" + parameters.Encode()
}

func (s *snsService) confirmSubscription(ctx context.Context, in *sns.ConfirmSubscriptionInput) (*sns.ConfirmSubscriptionOutput, error) {
	if deref(in.AuthenticateOnUnsubscribe) != "" {
		return nil, snsUnsupported("AuthenticateOnUnsubscribe")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(deref(in.TopicArn), callerOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	s.expire(t)
	for _, sub := range t.subscriptions {
		if sub.token != "" && sub.token == deref(in.Token) {
			sub.confirmed = true
			return &sns.ConfirmSubscriptionOutput{SubscriptionArn: &sub.arn}, nil
		}
	}
	return nil, snsInvalid("Token")
}

// subscriber finds a subscription by its ARN, and its topic. Both are nil when
// there is none. The lock is held.
func (s *snsService) subscriber(arn, region string) (*topic, *subscription, error) {
	if err := checkARN("SubscriptionArn", arn, region); err != nil {
		return nil, nil, err
	}
	t := s.topics[arn[:max(0, strings.LastIndexByte(arn, ':'))]]
	if t == nil {
		return nil, nil, nil
	}
	s.expire(t)
	if sub := t.subscriptions[arn]; sub != nil {
		return t, sub, nil
	}
	return nil, nil, nil
}

// unsubscribe ends a subscription; one that does not exist is no error.
func (s *snsService) unsubscribe(ctx context.Context, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	arn := deref(in.SubscriptionArn)
	s.mu.Lock()
	defer s.mu.Unlock()
	t, sub, err := s.subscriber(arn, callerOf(ctx).Region)
	switch {
	case err != nil:
		return nil, err
	case strings.Count(arn, ":") < 6:
		return nil, snsInvalid("SubscriptionId")
	case sub == nil:
	case sub.pending():
		return nil, snsInvalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
	default:
		delete(t.subscriptions, arn)
		t.deleted++
	}
	return &sns.UnsubscribeOutput{}, nil
}

func (s *snsService) getSubscriptionAttributes(ctx context.Context, in *sns.GetSubscriptionAttributesInput) (*sns.GetSubscriptionAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, sub, err := s.subscriber(deref(in.SubscriptionArn), callerOf(ctx).Region)
	switch {
	case err != nil:
		return nil, err
	case sub == nil:
		return nil, snsNotFound("Subscription")
	}
	shown := map[string]string{
		"SubscriptionArn": sub.arn, "TopicArn": t.arn, "Owner": partOf(t.arn, 4), "Protocol": sub.protocol, "Endpoint": sub.endpoint,
		"PendingConfirmation": strconv.FormatBool(sub.pending()), "RawMessageDelivery": "false",
		// Who subscribes a queue of the own account has proven to be its owner; who follows a link has not.
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.token == ""), "SubscriptionPrincipal": "arn:" + partOf(t.arn, 1) + ":iam::" + partOf(t.arn, 4) + ":root",
	}
	maps.Copy(shown, sub.attributes)
	return &sns.GetSubscriptionAttributesOutput{Attributes: shown}, nil
}

func (s *snsService) setSubscriptionAttributes(ctx context.Context, in *sns.SetSubscriptionAttributesInput) (*sns.SetSubscriptionAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, sub, err := s.subscriber(deref(in.SubscriptionArn), callerOf(ctx).Region)
	switch {
	case err != nil:
		return nil, err
	case sub == nil:
		return nil, snsNotFound("Subscription")
	}
	return &sns.SetSubscriptionAttributesOutput{}, sub.set(deref(in.AttributeName), deref(in.AttributeValue))
}

func (s *snsService) listSubscriptions(ctx context.Context, in *sns.ListSubscriptionsInput) (*sns.ListSubscriptionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]types.Subscription{}
	for arn, t := range s.topics {
		if partOf(arn, 3) == callerOf(ctx).Region && !s.readiness.before(t.visible) {
			s.expire(t)
			maps.Copy(all, t.wire())
		}
	}
	page, next, err := subscriptionPage(all, in.NextToken)
	return &sns.ListSubscriptionsOutput{Subscriptions: page, NextToken: next}, err
}

func (s *snsService) listSubscriptionsByTopic(ctx context.Context, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(deref(in.TopicArn), callerOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	s.expire(t)
	page, next, err := subscriptionPage(t.wire(), in.NextToken)
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: page, NextToken: next}, err
}

// wire gives a topic's subscriptions as lists show them, by their ARNs.
func (t *topic) wire() map[string]types.Subscription {
	shown := map[string]types.Subscription{}
	for arn, sub := range t.subscriptions {
		listed := types.Subscription{SubscriptionArn: &sub.arn, TopicArn: &t.arn, Owner: new(partOf(t.arn, 4)), Protocol: &sub.protocol, Endpoint: &sub.endpoint}
		if sub.pending() {
			listed.SubscriptionArn = new(pendingARN)
		}
		shown[arn] = listed
	}
	return shown
}

func subscriptionPage(all map[string]types.Subscription, token *string) ([]types.Subscription, *string, error) {
	page, next, err := snsListPage(sortedKeys(all), token)
	if err != nil {
		return nil, nil, err
	}
	shown := make([]types.Subscription, 0, len(page))
	for _, arn := range page {
		shown = append(shown, all[arn])
	}
	return shown, next, nil
}
