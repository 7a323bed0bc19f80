package emulator

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum that SQS has
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// queueMessage is a message as it is sent.
type queueMessage struct {
	body       string
	attributes map[string]types.MessageAttributeValue
	delay      time.Duration
	sender     string // who sent it, for SenderId
}

// size is what counts against MaximumMessageSize.
func (m *queueMessage) size() int {
	size := len(m.body)
	for name, value := range m.attributes {
		size += len(name) + len(deref(value.DataType)) + len(deref(value.StringValue)) + len(value.BinaryValue)
	}
	return size
}

// storedMessage is a message in a queue.
type storedMessage struct {
	queueMessage
	id       string
	sent     time.Time
	hidden   time.Time // until then nobody receives it
	received int
	first    time.Time // when it was received the first time
}

// counts gives how many messages can be received, how many have been and are not
// deleted yet, and how many are delayed.
func (q *queue) counts(now time.Time) (visible, inFlight, delayed int) {
	for _, m := range q.messages {
		switch {
		case !now.Before(m.hidden):
			visible++
		case m.received > 0:
			inFlight++
		default:
			delayed++
		}
	}
	return visible, inFlight, delayed
}

// drop takes messages away. The lock is held.
func (s *sqsService) drop(q *queue, which func(*storedMessage) bool) {
	q.messages = slices.DeleteFunc(q.messages, func(m *storedMessage) bool {
		if !which(m) {
			return false
		}
		s.held -= m.size()
		return true
	})
}

// expire takes away what is older than the queue keeps. The lock is held.
func (s *sqsService) expire(q *queue) {
	oldest := s.now().Add(-q.seconds("MessageRetentionPeriod"))
	s.drop(q, func(m *storedMessage) bool { return m.sent.Before(oldest) })
}

func (s *sqsService) sendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	switch {
	case deref(in.MessageBody) == "":
		return nil, sqsMissing("MessageBody")
	case in.MessageGroupId != nil:
		return nil, sqsUnsupported("MessageGroupId")
	case in.MessageDeduplicationId != nil:
		return nil, sqsInvalid("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type.", *in.MessageDeduplicationId)
	case len(in.MessageSystemAttributes) > 0:
		return nil, sqsUnsupported("MessageSystemAttributes")
	case in.DelaySeconds < 0 || in.DelaySeconds > longestDelay:
		return nil, sqsRange(in.DelaySeconds, "DelaySeconds", 0, longestDelay)
	}
	c := callerOf(ctx)
	m := queueMessage{body: *in.MessageBody, attributes: in.MessageAttributes, sender: c.Account, delay: time.Duration(in.DelaySeconds) * time.Second}
	if c.Session != nil {
		m.sender = c.Session.roleID + ":" + c.Session.name
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	stored, err := s.store(q, m)
	if err != nil {
		return nil, err
	}
	return &sqs.SendMessageOutput{MessageId: &stored.id, MD5OfMessageBody: new(messageSum([]byte(m.body))), MD5OfMessageAttributes: md5OfAttributes(m.attributes)}, nil
}

// check validates a message.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
func (m *queueMessage) check() error {
	if len(m.attributes) > 10 {
		return sqsInvalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(m.attributes))
	}
	for _, r := range m.body {
		if r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r == 0xfffe || r == 0xffff) {
			return failf(http.StatusBadRequest, "InvalidMessageContents", "Invalid binary character '#x%X' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", r)
		}
	}
	for _, name := range sortedKeys(m.attributes) {
		value := m.attributes[name]
		kind, _, _ := strings.Cut(deref(value.DataType), ".")
		lower := strings.ToLower(name)
		switch {
		case len(value.StringListValues) > 0 || len(value.BinaryListValues) > 0: // AWS reserves them
			return failf(http.StatusBadRequest, "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.")
		case len(name) > 256 || !attributeNamePattern().MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
			return sqsInvalid("Message (user) attribute name '%s' is invalid.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return sqsInvalid("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case kind == "Binary" && len(value.BinaryValue) == 0, kind != "Binary" && deref(value.StringValue) == "":
			return sqsInvalid("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
		}
	}
	return nil
}

// store puts a message into a queue and wakes who waits for one. The lock is held.
func (s *sqsService) store(q *queue, m queueMessage) (*storedMessage, error) {
	if limit := q.number("MaximumMessageSize"); m.size() > limit {
		return nil, sqsInvalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	s.expire(q)
	if s.held+m.size() > queueBytes {
		return nil, failf(http.StatusForbidden, "OverLimit", "The emulator holds at most %d bytes of messages.", queueBytes)
	}
	if m.delay == 0 {
		// The SDK's own type does not tell 0 from no DelaySeconds.
		m.delay = q.seconds("DelaySeconds")
	}
	now := s.now()
	stored := &storedMessage{queueMessage: m, id: newRequestID(), sent: now, hidden: now.Add(m.delay)}
	q.messages = append(q.messages, stored)
	s.held += m.size()
	close(q.changed)
	q.changed = make(chan struct{})
	s.count(q, "NumberOfMessagesSent", 1, "Count")
	s.count(q, "SentMessageSize", m.size(), "Bytes")
	return stored, nil
}

func (s *sqsService) count(q *queue, name string, value int, unit string) {
	s.metrics.record("AWS/SQS", name, map[string]string{"QueueName": partOf(q.arn, 5)}, float64(value), unit)
}

// deliver implements topicQueues.
func (s *sqsService) deliver(queueARN, service, sourceARN string, m queueMessage) error {
	m.sender = service
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queueBy(queueARN)
	if err != nil {
		return err
	}
	said := implicitDeny
	if q.policy != nil {
		said = q.policy.says(principalService(service), access{action: "sqs:SendMessage", resource: queueARN, keys: serviceKeys(sourceARN)})
	}
	if said != allow {
		return failf(http.StatusForbidden, "AccessDeniedException", "%s is not authorized to perform: sqs:sendmessage on resource: %s because no resource-based policy allows the sqs:sendmessage action", service, queueARN)
	}
	_, err = s.store(q, m)
	return err
}

// send puts what the emulator has for a queue in the name of a role that may.
func (s *sqsService) send(queueARN, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queueBy(queueARN)
	if err != nil {
		return err
	}
	_, err = s.store(q, queueMessage{body: body, sender: partOf(queueARN, 4)})
	return err
}

func messageSum(text []byte) string {
	sum := md5.Sum(text) //nolint:gosec // the checksum that SQS has
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the checksum of attributes, nil when there are none.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func md5OfAttributes(attributes map[string]types.MessageAttributeValue) *string {
	if len(attributes) == 0 {
		return nil
	}
	var text []byte
	add := func(part []byte) {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(part))), part...) //nolint:gosec // at most 1 MiB
	}
	for _, name := range sortedKeys(attributes) {
		value := attributes[name]
		add([]byte(name))
		add([]byte(deref(value.DataType)))
		if strings.HasPrefix(deref(value.DataType), "Binary") {
			text = append(text, 2)
			add(value.BinaryValue)
			continue
		}
		text = append(text, 1)
		add([]byte(deref(value.StringValue)))
	}
	return new(messageSum(text))
}

// queueAttributes gives the attributes of a notification to a queue.
func queueAttributes(in map[string]snstypes.MessageAttributeValue) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{}
	for name, value := range in {
		out[name] = types.MessageAttributeValue{DataType: value.DataType, StringValue: value.StringValue, BinaryValue: value.BinaryValue}
	}
	return out
}

// receiptMark begins every receipt handle.
const receiptMark = "receipt:"

// receipt makes the handle with which whoever received a message deletes it.
func (m *storedMessage) receipt(queueARN string) string {
	return base64.StdEncoding.EncodeToString([]byte(receiptMark + queueARN + "\n" + m.id + "\n" + newRequestID()))
}

// receiptOf gives the message that a handle is about.
func receiptOf(handle, queueARN string) (id string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(handle)
	if err != nil {
		return "", false
	}
	parts := strings.Split(string(raw), "\n")
	return strings.Join(parts[min(1, len(parts)):min(2, len(parts))], ""), len(parts) == 3 && parts[0] == receiptMark+queueARN
}

func (s *sqsService) deleteMessage(ctx context.Context, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	id, ok := receiptOf(deref(in.ReceiptHandle), q.arn)
	if !ok {
		return nil, failf(http.StatusNotFound, "ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", deref(in.ReceiptHandle))
	}
	s.drop(q, func(m *storedMessage) bool { return m.id == id })
	s.count(q, "NumberOfMessagesDeleted", 1, "Count")
	return &sqs.DeleteMessageOutput{}, nil
}
