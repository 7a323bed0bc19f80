package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func (s *kinesisService) listShards(ctx context.Context, in *kinesis.ListShardsInput) (*kinesis.ListShardsOutput, error) {
	var c constraints
	c.between(in.MaxResults, "maxResults", 1, 10_000)
	c.text(in.ExclusiveStartShardId, "exclusiveStartShardId", 1, 128, streamNamePattern)
	if err := c.err(); err != nil {
		return nil, err
	}
	arn, name, after, err := listFrom(in)
	if err != nil {
		return nil, err
	}
	st, err := s.find(ctx, name, arn, in.StreamId)
	if err != nil {
		return nil, err
	}
	if want := in.StreamCreationTimestamp; want != nil && want.Unix() != st.created.Unix() {
		return nil, streamNotFound(st.name, st.account)
	}
	shards := st.listed(s.clock.Now())
	if in.ShardFilter != nil {
		if shards, err = st.filtered(shards, in.ShardFilter); err != nil {
			return nil, err
		}
		if in.ShardFilter.Type == types.ShardFilterTypeAfterShardId && after == "" {
			after = *in.ShardFilter.ShardId
		}
	}
	limit := 1000
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	page, more := shardPage(shards, after, limit)
	out := &kinesis.ListShardsOutput{Shards: page}
	if more {
		out.NextToken = new(encodeToken(st.arn + "\n" + *page[len(page)-1].ShardId))
	}
	return out, nil
}

// listFrom tells of which stream to list, and after which shard: a token holds
// both, so nothing else may be given with it.
func listFrom(in *kinesis.ListShardsInput) (arn, name *string, after string, err error) {
	if in.NextToken == nil {
		return in.StreamARN, in.StreamName, deref(in.ExclusiveStartShardId), nil
	}
	if in.StreamName != nil || in.ExclusiveStartShardId != nil || in.StreamCreationTimestamp != nil {
		return nil, nil, "", failf(http.StatusBadRequest, "InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
	}
	last, err := decodeToken(*in.NextToken)
	streamARN, after, ok := strings.Cut(last, "\n")
	if err != nil || !ok {
		return nil, nil, "", failf(http.StatusBadRequest, "InvalidArgumentException", "NextToken is invalid.")
	}
	return &streamARN, nil, after, nil
}

// filtered keeps the shards that a filter names.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
func (st *stream) filtered(shards []*shard, filter *types.ShardFilter) ([]*shard, error) {
	at := func(needed bool) (time.Time, error) {
		if needed && filter.Timestamp == nil {
			return time.Time{}, failf(http.StatusBadRequest, "InvalidArgumentException", "Timestamp is required for the shard filter type %s.", filter.Type)
		}
		return deref(filter.Timestamp), nil
	}
	var keep func(sh *shard) bool
	switch filter.Type {
	case types.ShardFilterTypeAfterShardId:
		if filter.ShardId == nil {
			return nil, failf(http.StatusBadRequest, "InvalidArgumentException", "ShardId is required for the shard filter type %s.", filter.Type)
		}
		keep = func(*shard) bool { return true } // the page begins after it
	case types.ShardFilterTypeAtTrimHorizon:
		// The shards that were open at the horizon: those without a listed parent.
		keep = func(sh *shard) bool {
			return !slices.ContainsFunc(shards, func(o *shard) bool { return o.id == sh.parent || o.id == sh.adjacent })
		}
	case types.ShardFilterTypeFromTrimHorizon:
		keep = func(*shard) bool { return true }
	case types.ShardFilterTypeAtLatest:
		keep = func(sh *shard) bool { return sh.endingSequence() == "" }
	case types.ShardFilterTypeAtTimestamp, types.ShardFilterTypeFromTimestamp:
		t, err := at(true)
		if err != nil {
			return nil, err
		}
		from := filter.Type == types.ShardFilterTypeFromTimestamp
		keep = func(sh *shard) bool { return sh.openSince(t) && (from || !sh.created.After(t)) }
	default:
		return nil, nullMember("shardFilter.type")
	}
	kept := []*shard{}
	for _, sh := range shards {
		if keep(sh) {
			kept = append(kept, sh)
		}
	}
	return kept, nil
}
