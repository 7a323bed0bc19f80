package emulator

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// notification is one message that is published.
type notification struct {
	id         string
	subject    string
	message    string
	protocols  map[string]string // messages of their own, of MessageStructure json
	attributes map[string]types.MessageAttributeValue
}

func (s *snsService) publish(ctx context.Context, in *sns.PublishInput) (*sns.PublishOutput, error) {
	arn := deref(in.TopicArn)
	if arn == "" {
		arn = deref(in.TargetArn)
	}
	switch {
	case deref(in.PhoneNumber) != "":
		return nil, snsUnsupported("PhoneNumber")
	case in.MessageGroupId != nil:
		return nil, snsUnsupported("MessageGroupId")
	case in.MessageDeduplicationId != nil:
		return nil, snsInvalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case in.TopicArn == nil && in.TargetArn == nil:
		return nil, snsInvalid("TopicArn or TargetArn Reason: no value for required parameter")
	}
	n := &notification{id: newRequestID(), message: deref(in.Message), subject: deref(in.Subject), attributes: in.MessageAttributes}
	if err := n.check(in); err != nil {
		return nil, err
	}
	s.mu.RLock()
	t, err := s.topic(arn, callerOf(ctx).Region)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	s.spread(t.arn, n)
	return &sns.PublishOutput{MessageId: &n.id}, nil
}

// notify implements alarmTopics.
func (s *snsService) notify(topicARN, service, sourceARN, subject, message string) error {
	s.mu.RLock()
	t, err := s.topic(topicARN, "")
	var allowed decision
	if err == nil {
		allowed = t.policy.says(principalService(service), access{action: "sns:Publish", resource: topicARN, keys: serviceKeys(sourceARN)})
	}
	s.mu.RUnlock()
	switch {
	case err != nil:
		return err
	case allowed != allow:
		return failf(http.StatusForbidden, "AuthorizationError", "%s is not authorized to perform: SNS:Publish on resource: %s because no resource-based policy allows the SNS:Publish action", service, topicARN)
	}
	s.spread(topicARN, &notification{id: newRequestID(), subject: subject, message: message})
	return nil
}

// send publishes what the emulator has for a topic in the name of a role that may.
func (s *snsService) send(topicARN, message string) error {
	s.mu.RLock()
	_, err := s.topic(topicARN, "")
	s.mu.RUnlock()
	if err != nil {
		return err
	}
	if len(message) > publishLimit {
		return snsInvalid("Message too long")
	}
	s.spread(topicARN, &notification{id: newRequestID(), message: message})
	return nil
}

// check validates a message.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (n *notification) check(in *sns.PublishInput) error {
	size := len(n.message)
	for name, value := range n.attributes {
		size += len(name) + len(deref(value.DataType)) + len(deref(value.StringValue)) + len(value.BinaryValue)
		if err := checkMessageAttribute(name, value); err != nil {
			return err
		}
	}
	switch {
	case n.message == "":
		return snsInvalid("Empty message")
	case size > publishLimit:
		return snsInvalid("Message too long")
	case in.Subject != nil && !validSubject(n.subject):
		return snsInvalid("Subject")
	case in.MessageStructure == nil:
		return nil
	case *in.MessageStructure != "json":
		return snsInvalid("MessageStructure")
	}
	var parts map[string]any
	if err := json.Unmarshal([]byte(n.message), &parts); err != nil {
		return snsInvalid("Message Structure - JSON message body failed to parse")
	}
	n.protocols = map[string]string{}
	for protocol, part := range parts {
		if text, ok := part.(string); ok { // AWS ignores all else
			n.protocols[protocol] = text
		}
	}
	if _, ok := n.protocols["default"]; !ok {
		return snsInvalid("Message Structure - No default entry in JSON message body")
	}
	return nil
}

// validSubject holds a subject to what a mail's may be.
func validSubject(subject string) bool {
	return subject != "" && utf8.RuneCountInString(subject) <= subjectLimit && !strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r == 0x7f }) &&
		subject[0] != ' '
}

var attributeNamePattern = compiled(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func checkMessageAttribute(name string, value types.MessageAttributeValue) error {
	kind, _, _ := strings.Cut(deref(value.DataType), ".")
	switch {
	case len(name) > 256 || !attributeNamePattern().MatchString(name):
		return failf(http.StatusBadRequest, "ParameterValueInvalid", "Invalid parameter: message attribute name %q", name)
	case kind == "Binary" && len(value.BinaryValue) > 0, (kind == "String" || kind == "Number") && deref(value.StringValue) != "":
		return nil
	case kind != "Binary" && kind != "String" && kind != "Number":
		return failf(http.StatusBadRequest, "ParameterValueInvalid", "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	return failf(http.StatusBadRequest, "ParameterValueInvalid", "The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, kind)
}

// spread delivers a message to the confirmed subscribers of a topic, as it finds
// them now.
func (s *snsService) spread(topicARN string, n *notification) {
	s.mu.RLock()
	var subscribers []subscription
	if t := s.topics[topicARN]; t != nil {
		for _, sub := range t.subscriptions {
			if sub.confirmed {
				subscribers = append(subscribers, *sub)
			}
		}
	}
	s.mu.RUnlock()
	dimensions := map[string]string{"TopicName": topicName(topicARN)}
	s.metrics.record("AWS/SNS", "NumberOfMessagesPublished", dimensions, 1, "Count")
	s.metrics.record("AWS/SNS", "PublishSize", dimensions, float64(len(n.message)), "Bytes")
	for i := range subscribers {
		sub := &subscribers[i]
		if err := s.deliver(topicARN, sub, n); err != nil {
			s.options.Logger.Warn("a notification was not delivered", "topic", topicARN, "endpoint", sub.endpoint, "error", err)
			s.metrics.record("AWS/SNS", "NumberOfNotificationsFailed", dimensions, 1, "Count")
			continue
		}
		s.metrics.record("AWS/SNS", "NumberOfNotificationsDelivered", dimensions, 1, "Count")
	}
}

func (s *snsService) deliver(topicARN string, sub *subscription, n *notification) error {
	text := n.message
	for _, protocol := range []string{sub.protocol, "default"} {
		if own, ok := n.protocols[protocol]; ok {
			text = own
			break
		}
	}
	if sub.protocol != "sqs" {
		s.options.Logger.Info("the emulator sends no mail; this would have been one", "topic", topicARN, "address", sub.endpoint, "subject", n.subject, "message", text)
		return nil
	}
	message := queueMessage{body: text}
	if sub.raw() {
		message.attributes = queueAttributes(n.attributes)
	} else {
		var err error
		if message.body, err = s.envelope(topicARN, sub, n, text); err != nil {
			return err
		}
	}
	if s.queues == nil {
		return errors.New("there are no queues")
	}
	return s.queues.deliver(sub.endpoint, "sns.amazonaws.com", topicARN, message)
}

// envelope is the JSON around a message. It carries no signature: nobody could
// hold that of an emulator against a certificate of AWS.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
func (s *snsService) envelope(topicARN string, sub *subscription, n *notification, text string) (string, error) {
	type attribute struct {
		Type, Value string
	}
	e := struct {
		Type              string
		MessageID         string `json:"MessageId"`
		TopicArn          string
		Subject           string `json:",omitempty"`
		Message           string
		Timestamp         string
		UnsubscribeURL    string
		MessageAttributes map[string]attribute `json:",omitempty"`
	}{
		Type: "Notification", MessageID: n.id, TopicArn: topicARN, Subject: n.subject, Message: text, Timestamp: isoTime(s.now()),
		UnsubscribeURL: s.link("Unsubscribe", url.Values{"SubscriptionArn": {sub.arn}}),
	}
	for name, value := range n.attributes {
		if e.MessageAttributes == nil {
			e.MessageAttributes = map[string]attribute{}
		}
		shown := attribute{deref(value.DataType), deref(value.StringValue)}
		if value.BinaryValue != nil {
			shown.Value = base64.StdEncoding.EncodeToString(value.BinaryValue)
		}
		e.MessageAttributes[name] = shown
	}
	body, err := json.Marshal(e)
	return string(body), err
}

// serviceKeys are the condition keys of a call that an AWS service makes for a
// resource.
func serviceKeys(sourceARN string) map[string]string {
	return map[string]string{
		"aws:securetransport": "true", "aws:sourcearn": sourceARN, "aws:sourceaccount": partOf(sourceARN, 4), "aws:sourceowner": partOf(sourceARN, 4),
	}
}
