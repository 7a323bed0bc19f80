package emulator

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// receiveMessage gives messages and hides them from others for a while. With a
// wait time it waits, on the emulator's clock, until there is one.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
func (s *sqsService) receiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	switch {
	case in.MaxNumberOfMessages < 0 || in.MaxNumberOfMessages > receiveMax:
		return nil, sqsInvalid("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and %d, if provided.", in.MaxNumberOfMessages, receiveMax)
	case in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > longestPoll:
		return nil, sqsRange(in.WaitTimeSeconds, "WaitTimeSeconds", 0, longestPoll)
	case in.VisibilityTimeout < 0 || in.VisibilityTimeout > longestHide:
		return nil, sqsRange(in.VisibilityTimeout, "VisibilityTimeout", 0, longestHide)
	case in.ReceiveRequestAttemptId != nil:
		return nil, sqsUnsupported("ReceiveRequestAttemptId")
	}
	started := s.now()
	var over <-chan time.Time // the wait time
	for {
		r, err := s.take(ctx, in)
		if err != nil || len(r.messages) > 0 {
			return &sqs.ReceiveMessageOutput{Messages: r.messages}, err
		}
		left := started.Add(r.wait).Sub(s.now())
		if left <= 0 {
			return &sqs.ReceiveMessageOutput{}, nil
		}
		if over == nil {
			over = s.options.Clock.After(left)
		}
		var next <-chan time.Time // when a message that is hidden can be received
		if !r.next.IsZero() {
			next = s.options.Clock.After(r.next.Sub(s.now()))
		}
		select {
		case <-r.changed:
		case <-next:
		case <-over:
		case <-s.stopped.Done():
			return &sqs.ReceiveMessageOutput{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// taken is what one look into a queue gives.
type taken struct {
	messages []types.Message
	wait     time.Duration   // how long to wait for one in all
	next     time.Time       // when the next one can be received; zero: none is there
	changed  <-chan struct{} // closed when one comes
}

// take receives what can be received now.
func (s *sqsService) take(ctx context.Context, in *sqs.ReceiveMessageInput) (taken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return taken{}, err
	}
	s.expire(q)
	now := s.now()
	// The SDK's own type does not tell 0 from no value.
	hide, wait := time.Duration(in.VisibilityTimeout)*time.Second, time.Duration(in.WaitTimeSeconds)*time.Second
	if hide == 0 {
		hide = q.seconds("VisibilityTimeout")
	}
	if wait == 0 {
		wait = q.seconds("ReceiveMessageWaitTimeSeconds")
	}
	if _, inFlight, _ := q.counts(now); inFlight >= inFlightMax {
		return taken{}, failf(http.StatusForbidden, "OverLimit", "Too many messages in flight: %d.", inFlight)
	}
	r := taken{wait: wait, changed: q.changed}
	for _, m := range q.messages {
		if now.Before(m.hidden) {
			if r.next.IsZero() || m.hidden.Before(r.next) {
				r.next = m.hidden
			}
			continue
		}
		if len(r.messages) == max(1, int(in.MaxNumberOfMessages)) {
			break
		}
		if m.received++; m.received == 1 {
			m.first = now
		}
		m.hidden = now.Add(hide)
		r.messages = append(r.messages, m.wire(q.arn, in))
	}
	if len(r.messages) > 0 {
		s.count(q, "NumberOfMessagesReceived", len(r.messages), "Count")
	} else {
		s.count(q, "NumberOfEmptyReceives", 1, "Count")
	}
	return r, nil
}

// wire gives a message with the attributes that a request asks for.
func (m *storedMessage) wire(queueARN string, in *sqs.ReceiveMessageInput) types.Message {
	shown := types.Message{MessageId: &m.id, Body: &m.body, MD5OfBody: new(messageSum([]byte(m.body))), ReceiptHandle: new(m.receipt(queueARN))}
	system := map[string]string{
		"SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10), "ApproximateReceiveCount": strconv.Itoa(m.received),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10), "SenderId": m.sender,
	}
	asked := map[string]bool{}
	for _, name := range in.MessageSystemAttributeNames {
		asked[string(name)] = true
	}
	for _, name := range in.AttributeNames { //nolint:staticcheck // what older SDKs send
		asked[string(name)] = true
	}
	for name, value := range system {
		if asked[name] || asked["All"] {
			if shown.Attributes == nil {
				shown.Attributes = map[string]string{}
			}
			shown.Attributes[name] = value
		}
	}
	for name, value := range m.attributes {
		if !slices.ContainsFunc(in.MessageAttributeNames, func(asked string) bool { return wantsAttribute(asked, name) }) {
			continue
		}
		if shown.MessageAttributes == nil {
			shown.MessageAttributes = map[string]types.MessageAttributeValue{}
		}
		shown.MessageAttributes[name] = value
	}
	shown.MD5OfMessageAttributes = md5OfAttributes(shown.MessageAttributes)
	return shown
}

// wantsAttribute tells whether a name of MessageAttributeNames means an attribute:
// its own name, All or .*, or a prefix as order.*
func wantsAttribute(asked, name string) bool {
	if asked == "All" || asked == name {
		return true
	}
	prefix, many := strings.CutSuffix(asked, ".*")
	return many && (prefix == "" || strings.HasPrefix(name, prefix+"."))
}
