package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// discardedBatches is the prefix under which Lambda stores what it gives up.
const discardedBatches = "aws/lambda/"

// Discarded is what Lambda tells in its on-failure destination of a batch that it
// gave up.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
type Discarded struct {
	Key           string // of the object
	Condition     string // RetryAttemptsExhausted, RecordAgeExceeded, …
	Invocations   int    // approximately
	FunctionError string // Unhandled, …; "": the function answered, and did not do all
}

// Text is why the batch was given up, for people.
func (d Discarded) Text() string {
	tries := "1 invocation"
	if d.Invocations != 1 {
		tries = fmt.Sprintf("%d invocations", d.Invocations)
	}
	text := fmt.Sprintf("Lambda gave it up after %s: %s", tries, d.Condition)
	if d.FunctionError != "" {
		text += ", " + d.FunctionError
	}
	return text
}

// AwaitDiscarded looks for the record among the batches that a mapping gave up,
// every poll, until it is there or the context ends; the error then holds the
// context's cause. Answers of S3 that may get better are waited out. mapping is the
// UUID of the event source mapping, arrival when the record was put.
func AwaitDiscarded(ctx context.Context, client *s3.Client, p Place, mapping, shardID, sequenceNumber string, arrival time.Time, poll time.Duration) (Discarded, error) {
	seen := make(map[string]bool)
	for {
		found, err := lookDiscarded(ctx, client, p, mapping+"/"+shardID+"/", sequenceNumber, arrival.Add(-skew), seen)
		if found != nil {
			return *found, nil
		}
		if ctx.Err() == nil && final(err) {
			return Discarded{}, err
		}
		if ended := sleep(ctx, poll); ended != nil {
			return Discarded{}, fmt.Errorf("waiting for a discarded batch in s3://%s: %w", p.Bucket, ended)
		}
	}
}

// lookDiscarded looks once, at the objects that were stored since then and have not
// been seen.
func lookDiscarded(ctx context.Context, client *s3.Client, p Place, folder, sequence string, since time.Time, seen map[string]bool) (*Discarded, error) {
	// The names begin with the time, so those before can be left out.
	prefix := discardedBatches + folder
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: &p.Bucket, Prefix: &prefix, ExpectedBucketOwner: p.owner(),
		StartAfter: aws.String(prefix + since.UTC().Format("2006/01/02/2006-01-02T15.04.05")),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, prefix, err)
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if seen[key] {
				continue
			}
			d, covers, err := readDiscarded(ctx, client, p, key, sequence)
			if err != nil {
				return nil, err
			}
			if covers {
				return &d, nil
			}
			seen[key] = true
		}
	}
	return nil, nil
}

// readDiscarded reads one object and tells whether the record is in its batch. What
// is not of Lambda's form holds none.
func readDiscarded(ctx context.Context, client *s3.Client, p Place, key, sequence string) (d Discarded, covers bool, err error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key, ExpectedBucketOwner: p.owner()})
	if missing := (*types.NoSuchKey)(nil); errors.As(err, &missing) {
		return d, false, nil // redriven or expired since it was listed
	}
	if err != nil {
		return d, false, fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
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
			Start string `json:"startSequenceNumber"`
			End   string `json:"endSequenceNumber"`
		} `json:"KinesisBatchInfo"`
	}
	if err := json.NewDecoder(out.Body).Decode(&told); err != nil {
		if malformed(err) {
			return d, false, nil
		}
		return d, false, fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
	}
	covers = decimal(told.Batch.Start) && CompareSequence(told.Batch.Start, sequence) <= 0 && CompareSequence(sequence, told.Batch.End) <= 0
	return Discarded{
		Key: key, Condition: told.RequestContext.Condition, Invocations: told.RequestContext.ApproximateInvokeCount,
		FunctionError: strings.TrimSpace(told.ResponseContext.FunctionError),
	}, covers, nil
}

// malformed tells whether content, and not the reading of it, is at fault.
func malformed(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}
