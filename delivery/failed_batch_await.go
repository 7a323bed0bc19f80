package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Text is why the batch was given up, for people.
func (b FailedBatch) Text() string {
	tries := "1 invocation"
	if b.Attempts != 1 {
		tries = fmt.Sprintf("%d invocations", b.Attempts)
	}
	text := fmt.Sprintf("Lambda gave it up after %s: %s", tries, b.Reason)
	if b.FunctionError != "" {
		text += ", " + b.FunctionError
	}
	return text
}

// AwaitFailedBatch looks for the record among the batches that a mapping gave up,
// every poll, until it is there or the context ends; the error then holds the
// context's cause. Answers of S3 that may get better are waited out. mapping is the
// UUID of the event source mapping, arrival when the record was put.
func AwaitFailedBatch(ctx context.Context, client *s3.Client, p Place, mapping, shardID, sequenceNumber string, arrival time.Time, poll time.Duration) (FailedBatch, error) {
	seen := make(map[string]bool)
	for {
		found, err := lookForFailedBatch(ctx, client, p, mapping+"/"+shardID+"/", sequenceNumber, arrival.Add(-skew), seen)
		if found != nil {
			return *found, nil
		}
		if ctx.Err() == nil && final(err) {
			return FailedBatch{}, err
		}
		if ended := sleep(ctx, poll); ended != nil {
			return FailedBatch{}, fmt.Errorf("waiting for a failed batch in s3://%s: %w", p.Bucket, ended)
		}
	}
}

// lookForFailedBatch looks once, at the objects that were stored since then and have not
// been seen.
func lookForFailedBatch(ctx context.Context, client *s3.Client, p Place, folder, sequence string, since time.Time, seen map[string]bool) (*FailedBatch, error) {
	// The names begin with the time, so those before can be left out.
	prefix := FailedBatchesFolder + folder
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
			b, err := failedBatch(ctx, client, p, key)
			switch {
			case errors.Is(err, ErrGone) || Malformed(err): // what is not of Lambda's form holds no record
			case err != nil:
				return nil, err
			case b.covers(sequence):
				b.StoredAt = aws.ToTime(o.LastModified).UTC()
				return &b, nil
			}
			seen[key] = true
		}
	}
	return nil, nil
}

// covers tells whether a record is in the batch, by its number.
func (b FailedBatch) covers(sequence string) bool {
	return decimal(b.First) && CompareSequence(b.First, sequence) <= 0 && CompareSequence(sequence, b.Last) <= 0
}

// Malformed tells whether an object's content, which is not of Lambda's form, and not
// the reading of it, is at fault.
func Malformed(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, errEmpty)
}

// errEmpty is that of an object without content.
var errEmpty = errors.New("it is empty")
