package emulator

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	// The default quotas of most regions.
	// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	shardQuota       = 1000
	onDemandQuota    = 50
	onDemandShards   = 4 // what a new on-demand stream begins with
	defaultRetention = 24 * time.Hour
)

func (s *kinesisService) createStream(ctx context.Context, in *kinesis.CreateStreamInput) (*kinesis.CreateStreamOutput, error) {
	mode, shards, err := checkCreate(in)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	s.sweep()
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := c.arn("kinesis", "stream/"+*in.StreamName)
	if _, exists := s.streams[arn]; exists {
		return nil, failf(http.StatusBadRequest, "ResourceInUseException", "Stream %s under account %s already exists.", *in.StreamName, s.account)
	}
	if err := s.checkQuota(c, mode, shards); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	st := &stream{
		name: *in.StreamName, arn: arn, region: c.Region, account: s.account, created: now.Truncate(time.Millisecond),
		visible: s.readiness.visible(),
		mode:    mode, retention: defaultRetention, encryption: types.EncryptionTypeNone, maxRecord: defaultMaxRecord,
		room: s.room, tags: map[string]string{}, resharded: make(chan struct{}), gone: make(chan struct{}),
	}
	maps.Copy(st.tags, in.Tags)
	if in.MaxRecordSizeInKiB != nil {
		st.maxRecord = int(*in.MaxRecordSizeInKiB) * kib
	}
	starts := uniformStarts(shards)
	for i, start := range starts {
		end := maxHashKey()
		if i+1 < len(starts) {
			end = starts[i+1].before()
		}
		st.newShard(now, start, end)
	}
	s.enter(st, types.StreamStatusCreating)
	s.streams[arn] = st
	return &kinesis.CreateStreamOutput{}, nil
}

func checkCreate(in *kinesis.CreateStreamInput) (types.StreamMode, int, error) {
	var c constraints
	if in.StreamName == nil {
		c.null("streamName")
	}
	c.text(in.StreamName, "streamName", 1, 128, streamNamePattern)
	c.between(in.ShardCount, "shardCount", 1, 100_000)
	c.between(in.MaxRecordSizeInKiB, "maxRecordSizeInKiB", defaultMaxRecord/kib, maxRecordLimit/kib)
	if in.StreamModeDetails != nil && in.StreamModeDetails.StreamMode == "" {
		c.null("streamModeDetails.streamMode")
	}
	if err := c.err(); err != nil {
		return "", 0, err
	}
	if in.RecordDistributionStrategy != "" {
		return "", 0, unsupportedMember("InvalidArgumentException", "RecordDistributionStrategy")
	}
	if in.WarmThroughputMiBps != nil {
		return "", 0, unsupportedMember("InvalidArgumentException", "WarmThroughputMiBps")
	}
	if err := checkResourceTags(in.Tags); err != nil {
		return "", 0, err
	}
	mode := types.StreamModeProvisioned
	if in.StreamModeDetails != nil {
		mode = in.StreamModeDetails.StreamMode
	}
	switch {
	case mode == types.StreamModeOnDemand && in.ShardCount != nil:
		return "", 0, failf(http.StatusBadRequest, "ValidationException", "ShardCount must not be specified for a stream in ON_DEMAND mode.")
	case mode == types.StreamModeOnDemand:
		return mode, onDemandShards, nil
	case in.ShardCount == nil:
		return "", 0, failf(http.StatusBadRequest, "ValidationException", "ShardCount must be specified for a stream in PROVISIONED mode.")
	}
	return mode, int(*in.ShardCount), nil
}

// checkQuota refuses what the account's quotas of a region do not allow. The
// service's mutex must be held.
func (s *kinesisService) checkQuota(c caller, mode types.StreamMode, more int) error {
	shards, onDemand := s.usage(c.Region)
	if mode == types.StreamModeOnDemand {
		if onDemand >= onDemandQuota {
			return failf(http.StatusBadRequest, "LimitExceededException",
				"This request would exceed the on-demand stream limit for the account %s in %s. Limit: %d.", s.account, c.Region, onDemandQuota)
		}
		return nil
	}
	if shards+more > shardQuota {
		return failf(http.StatusBadRequest, "LimitExceededException",
			"This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.",
			s.account, c.Region, shards, shardQuota, more)
	}
	return nil
}

// usage counts the open shards of provisioned streams and the on-demand streams
// of a region. The service's mutex must be held.
func (s *kinesisService) usage(region string) (shards, onDemand int) {
	for _, st := range s.streams {
		if st.region != region {
			continue
		}
		st.mu.RLock()
		if st.mode == types.StreamModeOnDemand {
			onDemand++
		} else {
			shards += len(st.open)
		}
		st.mu.RUnlock()
	}
	return shards, onDemand
}

func (s *kinesisService) describeLimits(ctx context.Context, _ *kinesis.DescribeLimitsInput) (*kinesis.DescribeLimitsOutput, error) {
	s.sweep()
	s.mu.RLock()
	defer s.mu.RUnlock()
	shards, onDemand := s.usage(callerOf(ctx).Region)
	return &kinesis.DescribeLimitsOutput{
		OpenShardCount: new(int32(shards)), ShardLimit: new(int32(shardQuota)),
		OnDemandStreamCount: new(int32(onDemand)), OnDemandStreamCountLimit: new(int32(onDemandQuota)),
	}, nil
}

func (s *kinesisService) deleteStream(ctx context.Context, in *kinesis.DeleteStreamInput) (*kinesis.DeleteStreamOutput, error) {
	// EnforceConsumerDeletion changes nothing: there are no registered consumers
	// here that could stand in the way.
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.deleted {
		return nil, failf(http.StatusBadRequest, "ResourceInUseException",
			"Stream %s under account %s not ACTIVE or UPDATING, instead in state %s", st.name, st.account, types.StreamStatusDeleting)
	}
	st.deleted = true
	s.enter(st, types.StreamStatusDeleting)
	if st.until.IsZero() {
		delete(s.streams, st.arn)
	} else {
		s.leaving.Add(1)
	}
	for _, sh := range st.shards {
		sh.clear()
	}
	close(st.gone)
	st.announce()
	return &kinesis.DeleteStreamOutput{}, nil
}

func (s *kinesisService) describeStream(ctx context.Context, in *kinesis.DescribeStreamInput) (*kinesis.DescribeStreamOutput, error) {
	var c constraints
	c.between(in.Limit, "limit", 1, 10_000)
	c.text(in.ExclusiveStartShardId, "exclusiveStartShardId", 1, 128, streamNamePattern)
	if err := c.err(); err != nil {
		return nil, err
	}
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	shards := st.listed(now)
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.status(now) == types.StreamStatusCreating {
		shards = nil // they are listed when the stream is ACTIVE
	}
	limit := 100 // at most, whatever is asked for
	if in.Limit != nil {
		limit = min(limit, int(*in.Limit))
	}
	page, more := shardPage(shards, deref(in.ExclusiveStartShardId), limit)
	d := &types.StreamDescription{
		StreamName: &st.name, StreamARN: &st.arn, StreamStatus: st.status(now), StreamCreationTimestamp: &st.created,
		RetentionPeriodHours: new(int32(st.retention / time.Hour)), EncryptionType: st.encryption,
		EnhancedMonitoring: st.enhanced(), StreamModeDetails: &types.StreamModeDetails{StreamMode: st.mode},
		Shards: page, HasMoreShards: &more,
	}
	if st.keyID != "" {
		d.KeyId = new(st.keyID)
	}
	return &kinesis.DescribeStreamOutput{StreamDescription: d}, nil
}

// shardPage gives up to limit shards after one.
func shardPage(shards []*shard, after string, limit int) (page []types.Shard, more bool) {
	page = []types.Shard{}
	for _, sh := range shards {
		if sh.id <= after {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, sh.describe())
	}
	return page, false
}

func (st *stream) enhanced() []types.EnhancedMetrics {
	return []types.EnhancedMetrics{{ShardLevelMetrics: append([]types.MetricsName{}, st.monitoring...)}}
}

func (s *kinesisService) describeStreamSummary(ctx context.Context, in *kinesis.DescribeStreamSummaryInput) (*kinesis.DescribeStreamSummaryOutput, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	d := &types.StreamDescriptionSummary{
		StreamName: &st.name, StreamARN: &st.arn, StreamStatus: st.status(s.clock.Now()), StreamCreationTimestamp: &st.created,
		RetentionPeriodHours: new(int32(st.retention / time.Hour)), EncryptionType: st.encryption,
		EnhancedMonitoring: st.enhanced(), StreamModeDetails: &types.StreamModeDetails{StreamMode: st.mode},
		OpenShardCount: new(int32(len(st.open))), ConsumerCount: new(int32(0)), MaxRecordSizeInKiB: new(int32(st.maxRecord / kib)),
	}
	if st.keyID != "" {
		d.KeyId = new(st.keyID)
	}
	return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: d}, nil
}

func (s *kinesisService) listStreams(ctx context.Context, in *kinesis.ListStreamsInput) (*kinesis.ListStreamsOutput, error) {
	var c constraints
	c.between(in.Limit, "limit", 1, 10_000)
	c.text(in.ExclusiveStartStreamName, "exclusiveStartStreamName", 1, 128, streamNamePattern)
	if err := c.err(); err != nil {
		return nil, err
	}
	after := deref(in.ExclusiveStartStreamName)
	if in.NextToken != nil {
		last, err := decodeToken(*in.NextToken)
		if err != nil {
			return nil, failf(http.StatusBadRequest, "ExpiredNextTokenException", "NextToken is invalid.")
		}
		after = last
	}
	limit := 100
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	out := &kinesis.ListStreamsOutput{StreamNames: []string{}, StreamSummaries: []types.StreamSummary{}, HasMoreStreams: new(false)}
	now := s.clock.Now()
	for _, st := range s.inRegion(callerOf(ctx).Region) {
		if st.name <= after {
			continue
		}
		if len(out.StreamNames) == limit {
			out.HasMoreStreams, out.NextToken = new(true), new(encodeToken(out.StreamNames[limit-1]))
			break
		}
		st.mu.RLock()
		out.StreamNames = append(out.StreamNames, st.name)
		out.StreamSummaries = append(out.StreamSummaries, types.StreamSummary{
			StreamName: &st.name, StreamARN: &st.arn, StreamStatus: st.status(now),
			StreamCreationTimestamp: &st.created, StreamModeDetails: &types.StreamModeDetails{StreamMode: st.mode},
		})
		st.mu.RUnlock()
	}
	return out, nil
}
