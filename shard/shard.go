// Package shard reads the shards of a Kinesis data stream from a time on, beside
// those who read them for a living.
package shard

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Shard is one shard of a stream.
type Shard struct {
	ID      string
	Parents []string // that it continues: one after a split, two after a merge; they may be forgotten
	Closed  bool     // it takes no more records
}

// List gives the shards that a stream has, those among them that a resharding has
// closed and whose records it still keeps.
func List(ctx context.Context, client *kinesis.Client, stream string) ([]Shard, error) {
	var shards []Shard
	for input := (&kinesis.ListShardsInput{StreamName: &stream}); ; {
		page, err := client.ListShards(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("listing the shards of %s: %w", stream, err)
		}
		for _, s := range page.Shards {
			one := Shard{ID: aws.ToString(s.ShardId)}
			for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
				if parent != nil {
					one.Parents = append(one.Parents, *parent)
				}
			}
			one.Closed = s.SequenceNumberRange != nil && s.SequenceNumberRange.EndingSequenceNumber != nil
			shards = append(shards, one)
		}
		if page.NextToken == nil {
			return shards, nil
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken} // which names the stream
	}
}
