package emulator

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queue is one queue. The service's lock guards it.
type queue struct {
	arn        string
	attributes map[string]string // those that can be set, with their defaults
	policy     *policy           // nil: there is none
	tags       map[string]string
	created    time.Time
	modified   time.Time
	purged     time.Time
	visible    time.Time // when calls find it
	messages   []*storedMessage
	changed    chan struct{} // closed when a message comes
}

var queueNamePattern = compiled(`^[A-Za-z0-9_-]{1,80}$`)

// numberAttributes are the attributes of a queue that are numbers, with what they
// may be and what they are when nothing is said.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
var numberAttributes = map[string]struct{ low, high, usual int }{
	"DelaySeconds":                  {0, longestDelay, 0},
	"MaximumMessageSize":            {1024, messageMost, messageMost},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, longestPoll, 0},
	"VisibilityTimeout":             {0, longestHide, 30},
}

func newQueue(arn string, now time.Time) *queue {
	q := &queue{arn: arn, created: now, modified: now, changed: make(chan struct{}), attributes: map[string]string{"SqsManagedSseEnabled": "true"}}
	for name, n := range numberAttributes {
		q.attributes[name] = strconv.Itoa(n.usual)
	}
	return q
}

// set sets an attribute.
func (q *queue) set(name, value string) error {
	if limits, ok := numberAttributes[name]; ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < limits.low || n > limits.high {
			return failf(http.StatusBadRequest, "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		}
		q.attributes[name] = strconv.Itoa(n)
		return nil
	}
	switch name {
	case "Policy":
		parsed, err := parseQueuePolicy(value)
		if err != nil {
			return err
		}
		if q.policy = parsed; parsed == nil {
			delete(q.attributes, name)
			return nil
		}
	case "SqsManagedSseEnabled":
		if value != "true" && value != "false" {
			return failf(http.StatusBadRequest, "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		}
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		if name != "FifoQueue" || value != "false" {
			return sqsUnsupported("A FIFO queue: " + name)
		}
		return nil
	case "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds":
		return sqsUnsupported(name)
	default:
		return failf(http.StatusBadRequest, "InvalidAttributeName", "Unknown Attribute %s.", name)
	}
	q.attributes[name] = value
	return nil
}

// parseQueuePolicy reads and validates the policy of a queue; "" is none.
func parseQueuePolicy(text string) (*policy, error) {
	if text == "" {
		return nil, nil
	}
	parsed, err := parsePolicy(text, resourcePolicy)
	if err != nil {
		return nil, failf(http.StatusBadRequest, "InvalidAttributeValue", "Invalid value for the parameter Policy. %s", err.Error())
	}
	for _, statement := range parsed.statements {
		for _, action := range statement.actions {
			if action != "*" && !strings.HasPrefix(strings.ToLower(action), "sqs:") {
				return nil, failf(http.StatusBadRequest, "InvalidAttributeValue", "Invalid value for the parameter Policy. Policy statement action out of service scope!")
			}
		}
	}
	return parsed, nil
}

// number gives an attribute that is a number.
func (q *queue) number(name string) int {
	n, _ := strconv.Atoi(q.attributes[name]) // checked when it was set
	return n
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

// createQueue makes a queue, or finds the one of this name if it has the
// attributes that are asked for.
func (s *sqsService) createQueue(ctx context.Context, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := deref(in.QueueName)
	switch {
	case strings.HasSuffix(name, ".fifo"):
		return nil, sqsUnsupported("A FIFO queue: QueueName " + name)
	case !queueNamePattern().MatchString(name):
		return nil, sqsInvalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := checkQueueTags(in.Tags); err != nil {
		return nil, err
	}
	arn := callerOf(ctx).arn("sqs", name)
	made := newQueue(arn, s.now())
	for _, attribute := range sortedKeys(in.Attributes) {
		if err := made.set(attribute, in.Attributes[attribute]); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.queues[arn]; old != nil {
		for _, attribute := range sortedKeys(in.Attributes) {
			if old.attributes[attribute] != made.attributes[attribute] {
				return nil, failf(http.StatusBadRequest, "QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", attribute)
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: new(s.url(arn))}, nil
	}
	maps.DeleteFunc(s.gone, func(_ string, at time.Time) bool { return !s.now().Before(at.Add(queuePause)) })
	if _, lately := s.gone[arn]; lately {
		return nil, failf(http.StatusBadRequest, "QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	if len(s.queues) >= queuesMax {
		return nil, failf(http.StatusForbidden, "OverLimit", "The emulator holds at most %d queues.", queuesMax)
	}
	made.tags, made.visible = maps.Clone(in.Tags), s.readiness.visible()
	if made.tags == nil {
		made.tags = map[string]string{}
	}
	s.queues[arn] = made
	return &sqs.CreateQueueOutput{QueueUrl: new(s.url(arn))}, nil
}

func (s *sqsService) getQueueURL(ctx context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	c := callerOf(ctx)
	if in.QueueOwnerAWSAccountId != nil {
		c.Account = *in.QueueOwnerAWSAccountId
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queueBy(c.arn("sqs", deref(in.QueueName)))
	if err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: new(s.url(q.arn))}, nil
}

func (s *sqsService) getQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.expire(q)
	all := maps.Clone(q.attributes)
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"], all["LastModifiedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10), strconv.FormatInt(q.modified.Unix(), 10)
	visible, hidden, delayed := q.counts(s.now())
	all["ApproximateNumberOfMessages"], all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(visible), strconv.Itoa(hidden)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	if slices.Contains(in.AttributeNames, types.QueueAttributeNameAll) {
		return &sqs.GetQueueAttributesOutput{Attributes: all}, nil
	}
	asked := map[string]string{}
	for _, name := range in.AttributeNames {
		if value, ok := all[string(name)]; ok {
			asked[string(name)] = value
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: asked}, nil
}

// setQueueAttributes sets all attributes of a request or, if one is wrong, none.
func (s *sqsService) setQueueAttributes(ctx context.Context, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	if in.Attributes == nil {
		return nil, sqsMissing("Attributes")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	changed := *q
	changed.attributes = maps.Clone(q.attributes)
	for _, name := range sortedKeys(in.Attributes) {
		if err := changed.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	q.attributes, q.policy, q.modified = changed.attributes, changed.policy, s.now()
	return &sqs.SetQueueAttributesOutput{}, nil
}

// queuePage is how many queues ListQueues gives at most.
const queuePage = 1000

func (s *sqsService) listQueues(ctx context.Context, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	after, err := decodeToken(deref(in.NextToken))
	if err != nil {
		return nil, sqsInvalid("Invalid or expired next token.")
	}
	limit := queuePage
	if in.MaxResults != nil {
		if limit = int(*in.MaxResults); limit < 1 || limit > queuePage {
			return nil, sqsRange(limit, "MaxResults", 1, queuePage)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &sqs.ListQueuesOutput{}
	last, prefix := "", callerOf(ctx).arn("sqs", deref(in.QueueNamePrefix))
	for _, arn := range sortedKeys(s.queues) {
		if arn <= after && after != "" || !strings.HasPrefix(arn, prefix) || s.readiness.before(s.queues[arn].visible) {
			continue
		}
		if len(out.QueueUrls) == limit {
			// AWS pages only who asks for pages.
			if in.MaxResults != nil {
				out.NextToken = new(encodeToken(last))
			}
			break
		}
		last = arn
		out.QueueUrls = append(out.QueueUrls, s.url(arn))
	}
	return out, nil
}

func (s *sqsService) deleteQueue(ctx context.Context, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.drop(q, func(*storedMessage) bool { return true })
	delete(s.queues, q.arn)
	s.gone[q.arn] = s.now()
	close(q.changed) // who waits for messages learns that there is no queue
	return &sqs.DeleteQueueOutput{}, nil
}

func (s *sqsService) purgeQueue(ctx context.Context, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if s.now().Before(q.purged.Add(queuePause)) {
		return nil, failf(http.StatusForbidden, "PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", partOf(q.arn, 5))
	}
	q.purged = s.now()
	s.drop(q, func(*storedMessage) bool { return true })
	return &sqs.PurgeQueueOutput{}, nil
}
