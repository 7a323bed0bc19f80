package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
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
// them, is the last thing that it gives, unless it is one of Malformed.
func FailedBatches(ctx context.Context, client *s3.Client, p Place, since time.Time) iter.Seq2[FailedBatch, error] {
	return batchesBelow(ctx, client, p, FailedBatchesFolder, since)
}

// RedrivenBatches gives those whose records were put into the stream again since then.
func RedrivenBatches(ctx context.Context, client *s3.Client, p Place, since time.Time) iter.Seq2[FailedBatch, error] {
	return batchesBelow(ctx, client, p, Redriven+FailedBatchesFolder, since)
}

func batchesBelow(ctx context.Context, client *s3.Client, p Place, prefix string, since time.Time) iter.Seq2[FailedBatch, error] {
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
		for done := range ahead(ctx, &running, batchesAhead, listBatches(ctx, client, p, prefix, since), read) {
			o := <-done
			if errors.Is(o.err, ErrGone) {
				continue
			}
			if o.err != nil && ctx.Err() != nil {
				o.err = context.Cause(ctx) // and not the call that it ended
			}
			if !yield(o.batch, o.err) || o.err != nil && !Malformed(o.err) {
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

// listBatches gives batches of which only the key and the time are known.
func listBatches(ctx context.Context, client *s3.Client, p Place, prefix string, since time.Time) iter.Seq[outcome] {
	return func(yield func(outcome) bool) {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: &p.Bucket, Prefix: &prefix, ExpectedBucketOwner: p.owner(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(outcome{err: fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, prefix, err)})
				return
			}
			for _, o := range page.Contents {
				stored := aws.ToTime(o.LastModified).UTC()
				if strings.HasSuffix(aws.ToString(o.Key), "/") {
					continue // a folder of the S3 console
				}
				if !stored.Before(since) && !yield(outcome{batch: FailedBatch{Key: aws.ToString(o.Key), StoredAt: stored}}) {
					return
				}
			}
		}
	}
}

func failedBatch(ctx context.Context, client *s3.Client, p Place, key string) (FailedBatch, error) {
	b := FailedBatch{Key: key}
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
	if err := decodeBatch(ctx, client, p, key, &told); err != nil {
		return b, err
	}
	b.Reason, b.Attempts = told.RequestContext.Condition, told.RequestContext.ApproximateInvokeCount
	b.FunctionError, b.ShardID = told.ResponseContext.FunctionError, told.Batch.ShardID
	b.First, b.Last, b.Records = told.Batch.First, told.Batch.Last, told.Batch.Size
	return b, nil
}

// FailedRecords gives the sequence numbers of the records in a batch. They need not be
// all between its first and its last: a shard's batches may be delivered side by side.
func FailedRecords(ctx context.Context, client *s3.Client, p Place, key string) ([]string, error) {
	var told struct {
		Payload Payload `json:"payload"`
	}
	if err := decodeBatch(ctx, client, p, key, &told); err != nil {
		return nil, err
	}
	if len(told.Payload) == 0 {
		return nil, nil
	}
	var event struct {
		Records []struct {
			Kinesis struct {
				SequenceNumber string `json:"sequenceNumber"`
			} `json:"kinesis"`
		}
	}
	if err := json.Unmarshal(told.Payload, &event); err != nil {
		return nil, fmt.Errorf("reading the payload of s3://%s/%s: %w", p.Bucket, key, err)
	}
	var numbers []string
	for _, r := range event.Records {
		numbers = append(numbers, r.Kinesis.SequenceNumber)
	}
	return numbers, nil
}

// Payload is the event of a failed batch; empty if it has none. The guide shows a text
// in its place, and does not tell whether the event is in that, as JSON in JSON.
type Payload []byte

// UnmarshalJSON takes the event out of its text.
func (p *Payload) UnmarshalJSON(text []byte) error {
	var inner string
	switch {
	case string(text) == "null":
		*p = nil
	case text[0] != '"':
		*p = bytes.Clone(text)
	default:
		if err := json.Unmarshal(text, &inner); err != nil {
			return err
		}
		*p = []byte(inner)
	}
	return nil
}

func decodeBatch(ctx context.Context, client *s3.Client, p Place, key string, into any) error {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key, ExpectedBucketOwner: p.owner()})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }() // only read from
	err = json.NewDecoder(out.Body).Decode(into)
	if errors.Is(err, io.EOF) {
		err = errEmpty
	}
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
	}
	return nil
}
