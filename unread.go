package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/sync/errgroup"

	"enrich/delivery"
	"enrich/pipeline"
	"enrich/shard"
)

// unreadCalls bounds how long the records of a shard are counted, at up to 10,000
// a call. Kinesis allows five calls a second, which the function shares.
const unreadCalls = 10

// unreadLimit is how long a question waits for its number of records: a stream
// that keeps them for a year, with a shard that has stored nothing, has 8,760 hours
// to look through.
const unreadLimit = 20 * time.Second

// unread counts the records that a stream holds and the bucket does not: what goes
// with the stream for good. It gives up after a time.
func (s *session) unread(ctx context.Context, stream string, limit time.Duration) (string, error) {
	counting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	text, err := s.countUnread(counting, stream)
	if err != nil && counting.Err() != nil && ctx.Err() == nil {
		return fmt.Sprintf("maybe unread records: not counted within %s", limit), nil
	}
	return text, err
}

func (s *session) countUnread(ctx context.Context, stream string) (string, error) {
	shards, err := s.shardsWithRecords(ctx, stream)
	if err != nil {
		return "", err
	}
	var names []string
	since := time.Now()
	for name, oldest := range shards {
		names = append(names, name)
		if oldest.Before(since) {
			since = oldest
		}
	}
	positions := map[string]string{}
	if len(names) > 0 {
		// A bucket that has gone before the stream has none of its records.
		positions, err = delivery.Positions(ctx, s.storage(), s.place(), names, since)
		if code, _ := recognise(err); err != nil && code != "NoSuchBucket" {
			return "", err
		}
	}
	counts, more := make([]int, len(names)), make([]bool, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelShards)
	for i, shard := range names {
		group.Go(func() (err error) {
			counts[i], more[i], err = s.countAfter(ctx, stream, shard, positions[shard])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	total, about := 0, ""
	for i := range names {
		total += counts[i]
		if more[i] {
			about = "more than "
		}
	}
	switch {
	case total == 0 && about == "":
		return "no unread records", nil
	case total == 0:
		return "maybe unread records", nil
	}
	return about + count(total, "unread record"), nil
}

// parallelShards is how many shards are read at the same time.
const parallelShards = 16

// shardsWithRecords gives the arrival of the oldest record of each shard that has
// any.
func (s *session) shardsWithRecords(ctx context.Context, stream string) (map[string]time.Time, error) {
	client := kinesis.NewFromConfig(pipeline.ControlPlane(s.sdk))
	shards, err := shard.List(ctx, client, stream)
	if err != nil {
		return nil, err
	}
	oldest := make(map[string]time.Time)
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelShards)
	for _, one := range shards {
		group.Go(func() error {
			arrival, err := oldestRecord(ctx, client, stream, one.ID)
			if err != nil || arrival.IsZero() {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			oldest[one.ID] = arrival
			return nil
		})
	}
	return oldest, group.Wait()
}

// oldestRecord is when a shard's first record arrived, or a time before; zero if it
// has none.
func oldestRecord(ctx context.Context, client *kinesis.Client, stream, shard string) (time.Time, error) {
	iterator, err := iteratorAfter(ctx, client, stream, shard, "")
	if err != nil {
		return time.Time{}, err
	}
	// Answers may be empty although records follow.
	var behind time.Duration
	for range unreadCalls {
		page, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1)})
		if err != nil {
			return time.Time{}, fmt.Errorf("reading %s of %s: %w", shard, stream, err)
		}
		if len(page.Records) > 0 {
			return aws.ToTime(page.Records[0].ApproximateArrivalTimestamp), nil
		}
		behind = time.Duration(aws.ToInt64(page.MillisBehindLatest)) * time.Millisecond
		if iterator = page.NextShardIterator; iterator == nil || behind == 0 {
			return time.Time{}, nil
		}
	}
	return time.Now().Add(-behind), nil
}

// iteratorAfter begins after a sequence number, or with the first record.
func iteratorAfter(ctx context.Context, client *kinesis.Client, stream, shard, position string) (*string, error) {
	input := &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if position != "" {
		input.ShardIteratorType, input.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &position
	}
	begin, err := client.GetShardIterator(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", shard, stream, err)
	}
	return begin.ShardIterator, nil
}

// countAfter counts a shard's records after a sequence number, or all that it
// holds. more tells that it has given up.
func (s *session) countAfter(ctx context.Context, stream, shard, position string) (records int, more bool, err error) {
	client := kinesis.NewFromConfig(pipeline.ControlPlane(s.sdk))
	iterator, err := iteratorAfter(ctx, client, stream, shard, position)
	if err != nil {
		return 0, false, err
	}
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
