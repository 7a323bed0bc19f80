package emulator

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sqsService is SQS: standard queues.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
type sqsService struct {
	options   Options
	endpoint  string // of the emulator, with which the URLs of queues begin
	metrics   metricRecorder
	readiness *readiness

	stopped context.Context //nolint:containedctx // the lifetime of the service, not of a call
	stop    context.CancelFunc

	mu     sync.Mutex
	queues map[string]*queue    // by ARN
	gone   map[string]time.Time // when queues were deleted, by ARN
	held   int                  // bytes of all messages
}

const (
	queuesMax = 5000
	// queueBytes bounds what all queues hold together. AWS has no such limit; the
	// emulator holds messages in memory.
	queueBytes   = 256 << 20
	queuePause   = 60 * time.Second // after a deletion, and between two purges
	inFlightMax  = 120_000
	receiveMax   = 10
	longestPoll  = 20      // seconds
	longestDelay = 900     // seconds
	longestHide  = 43_200  // seconds
	messageMost  = 1 << 20 // bytes: 1 MiB since August 2025
)

func newSQS(o Options, endpoint string, metrics metricRecorder) *sqsService {
	stopped, stop := context.WithCancel(context.Background())
	return &sqsService{
		options: o, endpoint: endpoint, metrics: metrics, stopped: stopped, stop: stop,
		queues: map[string]*queue{}, gone: map[string]time.Time{},
	}
}

func (s *sqsService) operations() map[string]operation {
	return map[string]operation{
		"CreateQueue":        op(s.createQueue),
		"GetQueueUrl":        op(s.getQueueURL),
		"GetQueueAttributes": op(s.getQueueAttributes),
		"SetQueueAttributes": op(s.setQueueAttributes),
		"ListQueues":         op(s.listQueues),
		"DeleteQueue":        op(s.deleteQueue),
		"PurgeQueue":         op(s.purgeQueue),
		"SendMessage":        op(s.sendMessage),
		"ReceiveMessage":     op(s.receiveMessage),
		"DeleteMessage":      op(s.deleteMessage),
		"TagQueue":           op(s.tagQueue),
		"UntagQueue":         op(s.untagQueue),
		"ListQueueTags":      op(s.listQueueTags),
	}
}

func (s *sqsService) now() time.Time { return s.options.Clock.Now().UTC() }

// close ends the calls that wait for messages.
func (s *sqsService) close() { s.stop() }

// sqsInvalid is SQS's answer to a parameter that it does not take.
func sqsInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}

func sqsRange(value any, name string, low, high int) *apiError {
	return sqsInvalid("Value %v for parameter %s is invalid. Reason: Must be >= %d and <= %d, if provided.", value, name, low, high)
}

func sqsMissing(member string) *apiError {
	return failf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter %s.", member)
}

func sqsUnsupported(what string) *apiError {
	return notHad(failf(http.StatusBadRequest, "UnsupportedOperation", "%s is not supported by this emulator.", what), what)
}

func noSuchQueue() *apiError {
	return failf(http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist.")
}

// sqsQueryCode gives the code that an error of SQS had in the query protocol, "" if
// it is the same.
func sqsQueryCode(code string) string {
	switch code {
	case "QueueDoesNotExist":
		return "AWS.SimpleQueueService.NonExistentQueue"
	case "QueueNameExists":
		return "QueueAlreadyExists"
	case "QueueDeletedRecently", "PurgeQueueInProgress", "UnsupportedOperation":
		return "AWS.SimpleQueueService." + code
	}
	return ""
}

// queueOf gives the ARN of the queue that a URL names, in the region of the
// caller; "" when it names none.
func queueOf(c caller, url string) string {
	parts := strings.Split(url, "/")
	if len(parts) < 2 || !accountPattern().MatchString(parts[len(parts)-2]) {
		return ""
	}
	c.Account = parts[len(parts)-2]
	return c.arn("sqs", parts[len(parts)-1])
}

// url is what a queue is called by.
func (s *sqsService) url(arn string) string {
	return s.endpoint + "/" + partOf(arn, 4) + "/" + partOf(arn, 5)
}

// queue finds the queue of a URL. The lock is held.
func (s *sqsService) queue(ctx context.Context, url *string) (*queue, error) {
	if deref(url) == "" {
		return nil, sqsMissing("QueueUrl")
	}
	arn := queueOf(callerOf(ctx), *url)
	if arn == "" {
		return nil, failf(http.StatusNotFound, "InvalidAddress", "The address %s is not valid for this endpoint.", *url)
	}
	return s.queueBy(arn)
}

// queueBy finds a queue by its ARN. The lock is held.
func (s *sqsService) queueBy(arn string) (*queue, error) {
	q := s.queues[arn]
	if q == nil || s.readiness.before(q.visible) {
		return nil, noSuchQueue()
	}
	return q, nil
}

// tagged implements tagSource.
func (s *sqsService) tagged(region string) []taggedResource {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []taggedResource
	for arn, q := range s.queues {
		if partOf(arn, 3) == region && !s.readiness.before(q.visible) {
			found = append(found, taggedResource{arn: arn, tags: q.tags})
		}
	}
	return found
}

// policyOf gives the policy of a queue; nil when there is none.
func (s *sqsService) policyOf(arn string) *policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[arn]; q != nil {
		return q.policy
	}
	return nil
}
