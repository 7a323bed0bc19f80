package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/sync/errgroup"

	"enrich/delivery"
)

// unreadCalls bounds how long the records of a shard are counted, at up to 10,000
// a call. Kinesis allows five calls a second, which the function shares.
const unreadCalls = 10

// unread counts the records that a stream holds and the bucket does not: what goes
// with the stream for good.
func (s *session) unread(ctx context.Context, stream string) (string, error) {
	client := kinesis.NewFromConfig(s.sdk)
	shards, retention, err := shardsOf(ctx, client, stream)
	if err != nil {
		return "", err
	}
	positions, err := delivery.Positions(ctx, s.storage(), s.place(), shards, time.Now().Add(-retention))
	if err != nil {
		return "", err
	}
	counts, more := make([]int, len(shards)), make([]bool, len(shards))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, shard := range shards {
		group.Go(func() (err error) {
			counts[i], more[i], err = countAfter(ctx, client, stream, shard, positions[shard])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	total, about := 0, ""
	for i := range shards {
		total += counts[i]
		if more[i] {
			about = "more than "
		}
	}
	if total == 0 && about == "" {
		return "no unread records", nil
	}
	return about + count(total, "unread record"), nil
}

func shardsOf(ctx context.Context, client *kinesis.Client, stream string) (shards []string, retention time.Duration, err error) {
	summary, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	if err != nil {
		return nil, 0, fmt.Errorf("describing %s: %w", stream, err)
	}
	retention = time.Duration(aws.ToInt32(summary.StreamDescriptionSummary.RetentionPeriodHours)) * time.Hour
	for input := (&kinesis.ListShardsInput{StreamName: &stream}); ; {
		page, err := client.ListShards(ctx, input)
		if err != nil {
			return nil, 0, fmt.Errorf("listing the shards of %s: %w", stream, err)
		}
		for _, shard := range page.Shards {
			shards = append(shards, aws.ToString(shard.ShardId))
		}
		if page.NextToken == nil {
			return shards, retention, nil
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken} // which names the stream
	}
}

// countAfter counts a shard's records after a sequence number, or all that it
// holds. more tells that it has given up.
func countAfter(ctx context.Context, client *kinesis.Client, stream, shard, position string) (records int, more bool, err error) {
	input := &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if position != "" {
		input.ShardIteratorType, input.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &position
	}
	begin, err := client.GetShardIterator(ctx, input)
	if err != nil {
		return 0, false, fmt.Errorf("reading %s of %s: %w", shard, stream, err)
	}
	iterator := begin.ShardIterator
	for range unreadCalls {
		page, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		if throttled := (*types.ProvisionedThroughputExceededException)(nil); errors.As(err, &throttled) {
			return records, true, nil // others read as well; a lower bound will do
		}
		if err != nil {
			return 0, false, fmt.Errorf("reading %s of %s: %w", shard, stream, err)
		}
		records += len(page.Records)
		iterator = page.NextShardIterator
		if iterator == nil || aws.ToInt64(page.MillisBehindLatest) == 0 {
			return records, false, nil
		}
	}
	return records, true, nil
}
