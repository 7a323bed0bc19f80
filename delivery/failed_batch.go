package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// failedBatches is the prefix that Lambda chooses for what an event source mapping
// gives up: aws/lambda/<mapping's UUID>/<shard ID>/…
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
const failedBatches = "aws/lambda/"

// FailedBatch is a batch that the event source mapping gave up. Its object, at Key,
// has the records too.
type FailedBatch struct {
	Reason        string    `json:"reason"`         // RetryAttemptsExhausted, RecordAgeExceeded, …
	FunctionError string    `json:"function_error"` // "": the function did not fail
	Attempts      int       `json:"attempts"`       // about
	ShardID       string    `json:"shard_id"`
	First         string    `json:"first_sequence_number"` // of its records
	Last          string    `json:"last_sequence_number"`  // of its records
	Records       int       `json:"records"`               // how many
	StoredAt      time.Time `json:"stored_at"`             // when it was given up
	Key           string    `json:"key"`                   // of its object
}

// batchesAhead are read before they are asked for. A batch is up to 6 MB.
const batchesAhead = 4

// FailedBatches gives the batches that were given up since then, of each mapping
// and shard in the order of time, holding a few of them. An error, the context's among
// them, is the last thing that it gives.
func FailedBatches(ctx context.Context, client *s3.Client, p Place, since time.Time) iter.Seq2[FailedBatch, error] {
	return func(yield func(FailedBatch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		read := func(o outcome) <-chan outcome {
			done := make(chan outcome, 1)
			running.Go(func() {
				if o.err == nil {
					stored := o.batch.StoredAt
					o.batch, o.err = failedBatch(ctx, client, p, o.batch.Key)
					o.batch.StoredAt = stored
				}
				done <- o
			})
			return done
		}
		for done := range ahead(ctx, &running, batchesAhead, listFailedBatches(ctx, client, p, since), read) {
			o := <-done
			if errors.Is(o.err, ErrGone) {
				continue
			}
			if !yield(o.batch, o.err) || o.err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(FailedBatch{}, context.Cause(ctx))
		}
	}
}

// outcome is a batch, or why there is none.
type outcome struct {
	batch FailedBatch
	err   error
}

// listFailedBatches gives batches of which only the key and the time are known.
func listFailedBatches(ctx context.Context, client *s3.Client, p Place, since time.Time) iter.Seq[outcome] {
	return func(yield func(outcome) bool) {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: &p.Bucket, Prefix: aws.String(failedBatches), ExpectedBucketOwner: p.owner(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(outcome{err: fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, failedBatches, err)})
				return
			}
			for _, o := range page.Contents {
				stored := aws.ToTime(o.LastModified).UTC()
				if !stored.Before(since) && !yield(outcome{batch: FailedBatch{Key: aws.ToString(o.Key), StoredAt: stored}}) {
					return
				}
			}
		}
	}
}

func failedBatch(ctx context.Context, client *s3.Client, p Place, key string) (FailedBatch, error) {
	b := FailedBatch{Key: key}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key, ExpectedBucketOwner: p.owner()})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return b, ErrGone
	}
	if err != nil {
		return b, fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }() // only read from
	var told struct {
		RequestContext struct {
			Condition              string `json:"condition"`
			ApproximateInvokeCount int    `json:"approximateInvokeCount"`
		} `json:"requestContext"`
		ResponseContext struct {
			FunctionError string `json:"functionError"`
		} `json:"responseContext"`
		Batch struct {
			ShardID string `json:"shardId"`
			First   string `json:"startSequenceNumber"`
			Last    string `json:"endSequenceNumber"`
			Size    int    `json:"batchSize"`
		} `json:"KinesisBatchInfo"`
	}
	if err := json.NewDecoder(out.Body).Decode(&told); err != nil {
		return b, fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
	}
	b.Reason, b.Attempts = told.RequestContext.Condition, told.RequestContext.ApproximateInvokeCount
	b.FunctionError, b.ShardID = told.ResponseContext.FunctionError, told.Batch.ShardID
	b.First, b.Last, b.Records = told.Batch.First, told.Batch.Last, told.Batch.Size
	return b, nil
}
