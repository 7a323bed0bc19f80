package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
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
	from, err := listFrom(in)
	if err != nil {
		return nil, err
	}
	st, err := s.find(ctx, from.name, from.ARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	if want := in.StreamCreationTimestamp; want != nil && want.Unix() != st.created.Unix() {
		return nil, streamNotFound(st.name, st.account)
	}
	shards := st.listed(s.clock.Now())
	if from.Filter != nil {
		if shards, err = st.filtered(shards, from.Filter); err != nil {
			return nil, err
		}
		if from.Filter.Type == types.ShardFilterTypeAfterShardId && from.After == "" {
			from.After = *from.Filter.ShardId
		}
	}
	limit := 1000
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	page, more := shardPage(shards, from.After, limit)
	out := &kinesis.ListShardsOutput{Shards: page}
	if more {
		token, err := json.Marshal(shardPlace{ARN: &st.arn, After: *page[len(page)-1].ShardId, Filter: from.Filter})
		if err != nil {
			return nil, err
		}
		out.NextToken = new(encodeToken(string(token)))
	}
	return out, nil
}

// shardPlace is where a page of shards begins, and what a token holds.
type shardPlace struct {
	name   *string
	ARN    *string
	After  string
	Filter *types.ShardFilter
}

// listFrom tells of which stream to list, and after which shard: a token holds all of
// it, so nothing else may be given with it.
func listFrom(in *kinesis.ListShardsInput) (place shardPlace, err error) {
	if in.NextToken == nil {
		return shardPlace{name: in.StreamName, ARN: in.StreamARN, After: deref(in.ExclusiveStartShardId), Filter: in.ShardFilter}, nil
	}
	beside := map[string]bool{
		"StreamName": in.StreamName != nil, "StreamARN": in.StreamARN != nil, "ShardFilter": in.ShardFilter != nil,
		"ExclusiveStartShardId": in.ExclusiveStartShardId != nil, "StreamCreationTimestamp": in.StreamCreationTimestamp != nil,
	}
	for _, member := range sortedKeys(beside) {
		if beside[member] {
			return place, failf(http.StatusBadRequest, "InvalidArgumentException", "NextToken and %s cannot be provided together.", member)
		}
	}
	text, err := decodeToken(*in.NextToken)
	if err == nil {
		err = json.Unmarshal([]byte(text), &place)
	}
	if err != nil || place.ARN == nil {
		return place, failf(http.StatusBadRequest, "InvalidArgumentException", "NextToken is invalid.")
	}
	return place, nil
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
