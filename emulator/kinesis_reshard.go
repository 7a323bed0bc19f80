package emulator

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func (s *kinesisService) splitShard(ctx context.Context, in *kinesis.SplitShardInput) (*kinesis.SplitShardOutput, error) {
	var c constraints
	if in.ShardToSplit == nil {
		c.null("shardToSplit")
	}
	if in.NewStartingHashKey == nil {
		c.null("newStartingHashKey")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	at, ok := parseHashKey(*in.NewStartingHashKey)
	if !ok {
		return nil, invalidMember(*in.NewStartingHashKey, "newStartingHashKey", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})")
	}
	err := s.reshard(ctx, in.StreamName, in.StreamARN, in.StreamId, 1, func(st *stream, now time.Time) error {
		sh, err := st.splittable(*in.ShardToSplit)
		if err != nil {
			return err
		}
		if !sh.start.less(at) || !at.less(sh.end) {
			return failf(http.StatusBadRequest, "InvalidArgumentException",
				"NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
				*in.NewStartingHashKey, sh.id, st.name, st.account, sh.start, sh.end)
		}
		st.split(now, sh, at)
		return nil
	})
	return &kinesis.SplitShardOutput{}, err
}

func (s *kinesisService) mergeShards(ctx context.Context, in *kinesis.MergeShardsInput) (*kinesis.MergeShardsOutput, error) {
	var c constraints
	if in.ShardToMerge == nil {
		c.null("shardToMerge")
	}
	if in.AdjacentShardToMerge == nil {
		c.null("adjacentShardToMerge")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	err := s.reshard(ctx, in.StreamName, in.StreamARN, in.StreamId, 0, func(st *stream, now time.Time) error {
		a, err := st.splittable(*in.ShardToMerge)
		if err != nil {
			return err
		}
		b, err := st.splittable(*in.AdjacentShardToMerge)
		if err != nil {
			return err
		}
		if !a.precedes(b) && !b.precedes(a) {
			return failf(http.StatusBadRequest, "InvalidArgumentException",
				"Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging", a.id, b.id, st.name, st.account)
		}
		st.merge(now, a, b)
		return nil
	})
	return &kinesis.MergeShardsOutput{}, err
}

// splittable gives a shard that is still open. The stream's mutex must be held.
func (st *stream) splittable(id string) (*shard, error) {
	sh, ok := st.shard(id)
	if !ok {
		return nil, failf(http.StatusBadRequest, "ResourceNotFoundException",
			"Could not find shard %s in stream %s under account %s.", id, st.name, st.account)
	}
	if !slices.Contains(st.open, sh) {
		return nil, failf(http.StatusBadRequest, "InvalidArgumentException",
			"Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.", id, st.name, st.account)
	}
	return sh, nil
}

func (s *kinesisService) updateShardCount(ctx context.Context, in *kinesis.UpdateShardCountInput) (*kinesis.UpdateShardCountOutput, error) {
	var c constraints
	if in.TargetShardCount == nil {
		c.null("targetShardCount")
	}
	c.between(in.TargetShardCount, "targetShardCount", 1, 100_000)
	if in.ScalingType == "" {
		c.null("scalingType")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	target := int(*in.TargetShardCount)
	out := &kinesis.UpdateShardCountOutput{TargetShardCount: in.TargetShardCount}
	more := 0 // the quota counts open shards, so only growth can break it
	if st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId); err == nil {
		st.mu.RLock()
		more = max(0, target-len(st.open))
		st.mu.RUnlock()
	}
	err := s.reshard(ctx, in.StreamName, in.StreamARN, in.StreamId, more, func(st *stream, now time.Time) error {
		current := len(st.open)
		out.StreamName, out.StreamARN, out.CurrentShardCount = &st.name, &st.arn, new(int32(current))
		if err := checkTarget(st, current, target); err != nil {
			return err
		}
		st.rescale(now, target)
		return nil
	})
	return out, err
}

// checkTarget holds a target to what one UpdateShardCount may do.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
func checkTarget(st *stream, current, target int) error {
	if st.mode == types.StreamModeOnDemand {
		return failf(http.StatusBadRequest, "ValidationException",
			"Request is invalid. Stream %s under account %s is in On-Demand mode.", st.name, st.account)
	}
	if target > 2*current {
		return failf(http.StatusBadRequest, "InvalidArgumentException",
			"UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: %d. Target shard count: %d", current, target)
	}
	if 2*target < current {
		return failf(http.StatusBadRequest, "InvalidArgumentException",
			"UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: %d. Target shard count: %d", current, target)
	}
	return nil
}

// rescale brings the open shards to the uniform ranges of a target count, by
// splits at every wanted border and merges of what lies between two of them.
// The stream's mutex must be held.
func (st *stream) rescale(now time.Time, target int) {
	if target == len(st.open) {
		return // AWS does not make ranges uniform again for the same count either
	}
	borders := uniformStarts(target)
	for _, border := range borders {
		if sh := st.shardFor(border); sh.start != border {
			st.split(now, sh, border)
		}
	}
	for i, border := range borders {
		last := maxHashKey()
		if i+1 < len(borders) {
			last = borders[i+1].before()
		}
		sh := st.shardFor(border)
		for sh.end != last {
			sh = st.merge(now, sh, st.shardFor(sh.end.after()))
		}
	}
}

// reshard runs a change of the shards of an ACTIVE stream; more is by how many
// open shards it grows.
func (s *kinesisService) reshard(ctx context.Context, name, arn, id *string, more int, change func(*stream, time.Time) error) error {
	st, err := s.findActive(ctx, name, arn, id)
	if err != nil {
		return err
	}
	if more > 0 && st.modeNow() == types.StreamModeProvisioned {
		s.mu.RLock()
		err := s.checkQuota(callerOf(ctx), types.StreamModeProvisioned, more)
		s.mu.RUnlock()
		if err != nil {
			return err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	now := s.clock.Now()
	st.expire(now)
	if err := change(st, now); err != nil {
		return err
	}
	s.enter(st, types.StreamStatusUpdating)
	st.announce()
	return nil
}

func (st *stream) modeNow() types.StreamMode {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.mode
}
