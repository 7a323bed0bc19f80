package emulator

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// snsService is SNS: standard topics with subscriptions of queues, which get what
// is published, and of e-mail addresses, for which the log takes the place of the
// mail.
// https://docs.aws.amazon.com/sns/latest/api/welcome.html
type snsService struct {
	options   Options
	endpoint  string // of the emulator, for the links that a subscriber gets
	queues    topicQueues
	metrics   metricRecorder
	readiness *readiness

	mu     sync.RWMutex
	topics map[string]*topic // by ARN
}

// topicQueues are the queues that topics deliver to.
type topicQueues interface {
	// deliver sends a message in the name of an AWS service that acts for a
	// resource; the queue's policy has to allow it.
	deliver(queueARN, service, sourceARN string, message queueMessage) error
}

// topic is one topic. The service's lock guards it.
type topic struct {
	arn           string
	attributes    map[string]string // those that were set
	policy        *policy
	tags          map[string]string
	visible       time.Time                // when calls find it
	subscriptions map[string]*subscription // by ARN
	deleted       int                      // how many there were
}

const (
	snsVersion    = "2010-03-31" // of the API
	topicsMax     = 5000
	subjectLimit  = 100 // characters
	publishLimit  = 262_144
	snsPage       = 100
	confirmWithin = 48 * time.Hour
)

func newSNS(o Options, endpoint string, queues topicQueues, metrics metricRecorder) *snsService {
	return &snsService{options: o, endpoint: endpoint, queues: queues, metrics: metrics, topics: map[string]*topic{}}
}

func (s *snsService) operations() map[string]operation {
	return map[string]operation{
		"CreateTopic":               op(s.createTopic),
		"DeleteTopic":               op(s.deleteTopic),
		"GetTopicAttributes":        op(s.getTopicAttributes),
		"SetTopicAttributes":        op(s.setTopicAttributes),
		"ListTopics":                op(s.listTopics),
		"Subscribe":                 op(s.subscribe),
		"ConfirmSubscription":       op(s.confirmSubscription),
		"Unsubscribe":               op(s.unsubscribe),
		"ListSubscriptions":         op(s.listSubscriptions),
		"ListSubscriptionsByTopic":  op(s.listSubscriptionsByTopic),
		"GetSubscriptionAttributes": op(s.getSubscriptionAttributes),
		"SetSubscriptionAttributes": op(s.setSubscriptionAttributes),
		"Publish":                   op(s.publish),
		"TagResource":               op(s.tagResource),
		"UntagResource":             op(s.untagResource),
		"ListTagsForResource":       op(s.listTags),
	}
}

func (s *snsService) now() time.Time { return s.options.Clock.Now().UTC() }

// snsInvalid is SNS's answer to what is wrong with a request.
func snsInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: "+format, args...)
}

func snsUnsupported(what string) *apiError {
	return notHad(snsInvalid("%s is not supported by this emulator", what), what)
}

func snsNotFound(what string) *apiError {
	return failf(http.StatusNotFound, "NotFound", "%s does not exist", what)
}

// checkARN checks what is to be the ARN of a topic, or of something within one.
func checkARN(member, arn, region string) error {
	if n := strings.Count(arn, ":") + 1; n < 6 {
		return snsInvalid("%s Reason: An ARN must have at least 6 elements, not %d", member, n)
	}
	if partOf(arn, 2) != "sns" || region != "" && partOf(arn, 3) != region {
		return snsInvalid("%s", member)
	}
	return nil
}

// topic finds a topic for an operation. The lock is held.
func (s *snsService) topic(arn, region string) (*topic, error) {
	if err := checkARN("TopicArn", arn, region); err != nil {
		return nil, err
	}
	t := s.topics[arn]
	if t == nil || s.readiness.before(t.visible) {
		return nil, snsNotFound("Topic")
	}
	return t, nil
}

// topicName is the last part of a topic's ARN.
func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// tagged implements tagSource.
func (s *snsService) tagged(region string) []taggedResource {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []taggedResource
	for arn, t := range s.topics {
		if partOf(arn, 3) == region && !s.readiness.before(t.visible) {
			found = append(found, taggedResource{arn: arn, tags: t.tags})
		}
	}
	return found
}

// policyOf gives the policy of a topic; nil when there is no such topic.
func (s *snsService) policyOf(arn string) *policy {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.topics[arn]; t != nil {
		return t.policy
	}
	return nil
}

// snsListPage cuts the next page of up to 100 ordered ARNs.
func snsListPage(arns []string, token *string) (page []string, next *string, err error) {
	after, err := decodeToken(deref(token))
	if err != nil {
		return nil, nil, snsInvalid("NextToken")
	}
	for _, arn := range arns {
		if arn <= after && after != "" {
			continue
		}
		if len(page) == snsPage {
			return page, new(encodeToken(page[snsPage-1])), nil
		}
		page = append(page, arn)
	}
	return page, nil, nil
}
