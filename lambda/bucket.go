package lambda

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/enrichment"
)

// bucket is the enrichment.Sink over S3.
type bucket struct {
	client  *s3.Client
	name    string
	media   string // type of the objects' content
	backoff backoff
}

var _ enrichment.Sink = (*bucket)(nil)

func newBucket(cfg aws.Config, name, media string, pathStyle bool, logger *slog.Logger) *bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		// S3 then refuses a body that was altered on the way.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
	})
	return &bucket{
		client: client, name: name, media: media,
		backoff: backoff{base: 50 * time.Millisecond, most: 3 * time.Second, attempt: 15 * time.Second, logger: logger},
	}
}

// Store puts an object. It goes on until S3 has taken it or the context leaves no
// time for another call.
func (b *bucket) Store(ctx context.Context, key string, body []byte) error {
	for n := 0; ; n++ {
		again, err := b.backoff.call(ctx, func(ctx context.Context) error {
			_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
				Bucket:              &b.name,
				Key:                 &key,
				Body:                bytes.NewReader(body),
				ContentLength:       aws.Int64(int64(len(body))),
				ContentType:         &b.media,
				ExpectedBucketOwner: owner(ctx),
			})
			return err
		})
		if err == nil || !again || !b.backoff.wait(ctx, n, err) {
			return err
		}
	}
}

// owner is the account that the function runs in, which the bucket belongs to: a
// bucket of the same name in another's hands gets nothing. Nil when it is unknown.
func owner(ctx context.Context) *string {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return nil
	}
	function, err := arn.Parse(lc.InvokedFunctionArn)
	if err != nil || function.AccountID == "" {
		return nil
	}
	return &function.AccountID
}
