package emulator

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// metricRecorder takes the figures that AWS services report about themselves.
type metricRecorder interface {
	record(namespace, name string, dimensions map[string]string, value float64, unit string)
}

// kinesisService is Kinesis Data Streams: streams of shards that keep their
// records for the retention period.
type kinesisService struct {
	account   string
	clock     Clock
	metrics   metricRecorder
	faults    *faultInjector
	readiness *readiness

	mu       sync.RWMutex
	streams  map[string]*stream // by ARN
	leaving  atomic.Int64       // streams that are DELETING
	room     *capacity          // of all records
	enforced atomic.Bool        // shards have the limits of AWS's
}

func newKinesis(o Options, metrics metricRecorder) *kinesisService {
	return &kinesisService{account: o.Account, clock: o.Clock, metrics: metrics, streams: map[string]*stream{}, room: &capacity{limit: o.StreamMemory}}
}

func (s *kinesisService) operations() map[string]operation {
	return map[string]operation{
		"AddTagsToStream":               op(s.addTagsToStream),
		"CreateStream":                  op(s.createStream),
		"DecreaseStreamRetentionPeriod": op(s.decreaseRetention),
		"DeleteStream":                  op(s.deleteStream),
		"DescribeLimits":                op(s.describeLimits),
		"DescribeStream":                op(s.describeStream),
		"DescribeStreamSummary":         op(s.describeStreamSummary),
		"DisableEnhancedMonitoring":     op(s.disableMonitoring),
		"EnableEnhancedMonitoring":      op(s.enableMonitoring),
		"GetRecords":                    op(s.getRecords),
		"GetShardIterator":              op(s.getShardIterator),
		"IncreaseStreamRetentionPeriod": op(s.increaseRetention),
		"ListShards":                    op(s.listShards),
		"ListStreams":                   op(s.listStreams),
		"ListTagsForResource":           op(s.listTagsForResource),
		"ListTagsForStream":             op(s.listTagsForStream),
		"MergeShards":                   op(s.mergeShards),
		"PutRecord":                     op(s.putRecord),
		"PutRecords":                    op(s.putRecords),
		"RemoveTagsFromStream":          op(s.removeTagsFromStream),
		"SplitShard":                    op(s.splitShard),
		"StartStreamEncryption":         op(s.startEncryption),
		"StopStreamEncryption":          op(s.stopEncryption),
		"TagResource":                   op(s.tagResource),
		"UntagResource":                 op(s.untagResource),
		"UpdateMaxRecordSize":           op(s.updateMaxRecordSize),
		"UpdateShardCount":              op(s.updateShardCount),
		"UpdateStreamMode":              op(s.updateStreamMode),
	}
}

// stream is one data stream. Its mutex guards all but the contents of the
// shards, which guard themselves: puts hold it shared, resharding exclusively.
type stream struct {
	name    string
	arn     string
	region  string
	account string
	created time.Time
	visible time.Time // when calls find it

	mu         sync.RWMutex
	pending    types.StreamStatus // CREATING, UPDATING or DELETING until then; "" when ACTIVE
	until      time.Time
	mode       types.StreamMode
	retention  time.Duration
	encryption types.EncryptionType
	keyID      string
	monitoring []types.MetricsName // sorted
	maxRecord  int                 // bytes of data and partition key
	tags       map[string]string
	shards     []*shard      // every shard that AWS would still list, by ID
	open       []*shard      // those that take records, by hash key range
	nextShard  uint32        // number of the next shard
	room       *capacity     // of the service
	resharded  chan struct{} // closed when shards changed or the stream was deleted
	deleted    bool
	gone       chan struct{} // closed with the deletion
}

// status is the stream's state at now. The stream's mutex must be held.
func (st *stream) status(now time.Time) types.StreamStatus {
	if st.pending != "" && now.Before(st.until) {
		return st.pending
	}
	return types.StreamStatusActive
}

// enter begins a state that ends when the stream is ready.
func (s *kinesisService) enter(st *stream, state types.StreamStatus) {
	st.pending, st.until = state, s.readiness.until(s.readiness.inForce().Stream)
}

// changes gives a channel that closes when the stream's shards change.
func (st *stream) changes() <-chan struct{} {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.resharded
}

// announce wakes who waits for changes. The stream's mutex must be held.
func (st *stream) announce() {
	close(st.resharded)
	st.resharded = make(chan struct{})
}

// byARN finds a stream that exists, DELETING ones excluded.
func (s *kinesisService) byARN(arn string) (*stream, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st, ok := s.streams[arn]
	if !ok {
		return nil, false
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st, !st.deleted
}

// find gives the stream that a request names, by name or by ARN.
func (s *kinesisService) find(ctx context.Context, name, arn, id *string) (*stream, error) {
	if id != nil {
		return nil, unsupportedMember("InvalidArgumentException", "StreamId")
	}
	streamARN, err := s.resolve(ctx, name, arn)
	if err != nil {
		return nil, err
	}
	s.sweep()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if st, ok := s.streams[streamARN]; ok && !s.readiness.before(st.visible) {
		return st, nil
	}
	return nil, streamNotFound(streamARN[strings.LastIndexByte(streamARN, '/')+1:], s.account)
}

func (s *kinesisService) resolve(ctx context.Context, name, arn *string) (string, error) {
	switch {
	case arn != nil:
		if !streamARNPattern().MatchString(*arn) {
			return "", invalidMember(*arn, "streamARN", "Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+")
		}
		if name != nil && !strings.HasSuffix(*arn, ":stream/"+*name) {
			return "", failf(http.StatusBadRequest, "InvalidArgumentException", "StreamARN and StreamName do not match: %s and %s.", *arn, *name)
		}
		return *arn, nil
	case name != nil:
		if err := checkStreamName(*name); err != nil {
			return "", err
		}
		return callerOf(ctx).arn("kinesis", "stream/"+*name), nil
	}
	return "", failf(http.StatusBadRequest, "InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
}

// findActive is find for operations that need a stream in state ACTIVE.
func (s *kinesisService) findActive(ctx context.Context, name, arn, id *string) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if status := st.status(s.clock.Now()); status != types.StreamStatusActive {
		return nil, failf(http.StatusBadRequest, "ResourceInUseException",
			"Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.account, status)
	}
	return st, nil
}

func streamNotFound(name, account string) error {
	return failf(http.StatusBadRequest, "ResourceNotFoundException", "Stream %s under account %s not found.", name, account)
}

// sweep removes the streams whose deletion is over.
func (s *kinesisService) sweep() {
	if s.leaving.Load() == 0 {
		return
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.streams, func(_ string, st *stream) bool {
		st.mu.RLock()
		defer st.mu.RUnlock()
		over := st.deleted && !now.Before(st.until)
		if over {
			s.leaving.Add(-1)
		}
		return over
	})
}

// inRegion gives the streams of one region by name.
func (s *kinesisService) inRegion(region string) []*stream {
	s.sweep()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*stream
	for _, st := range s.streams {
		if st.region == region && !s.readiness.before(st.visible) {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *stream) int { return cmp.Compare(a.name, b.name) })
	return list
}
