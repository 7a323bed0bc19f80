package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// FailedBatchesFolder is the prefix that Lambda chooses for what an event source mapping
// gives up: aws/lambda/<mapping's UUID>/<shard ID>/…
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
const FailedBatchesFolder = "aws/lambda/"

// FailedBatch is a batch that the event source mapping gave up. Its object, at Key,
// has the records too.
type FailedBatch struct {
	Reason        string    `json:"reason"`         // RetryAttemptsExhausted, RecordAgeExceeded, …
	FunctionError string    `json:"function_error"` // "": the function did not fail
	Attempts      int       `json:"attempts"`       // about
	ShardID       string    `json:"shard_id"`
	First         string    `json:"first_sequence_number"`
	Last          string    `json:"last_sequence_number"`
	Records       int       `json:"records"`
	StoredAt      time.Time `json:"stored_at"`
	Key           string    `json:"key"`
}

// FailedBatches gives the batches that were given up since then, of each mapping
// and shard in the order of time, holding one of them (a batch is some MB). An error
// is the last thing that it gives.
func FailedBatches(ctx context.Context, client *s3.Client, p Place, since time.Time) iter.Seq2[FailedBatch, error] {
	return func(yield func(FailedBatch, error) bool) {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: &p.Bucket, Prefix: aws.String(FailedBatchesFolder), ExpectedBucketOwner: p.owner(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(FailedBatch{}, fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, FailedBatchesFolder, err))
				return
			}
			for _, o := range page.Contents {
				if aws.ToTime(o.LastModified).Before(since) {
					continue
				}
				b, err := failedBatch(ctx, client, p, aws.ToString(o.Key))
				if errors.Is(err, ErrGone) {
					continue
				}
				b.StoredAt = aws.ToTime(o.LastModified).UTC()
				if !yield(b, err) || err != nil {
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
