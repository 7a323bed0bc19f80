package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/engine"
)

// clear empties the bucket. Where the bucket's own policy may be what stands in the
// way, it goes first, and comes back if that was not it. A policy of somebody else
// goes only by force: it may be there to protect what is in the bucket.
func (b *deliveryBucket) clear(ctx context.Context, progress engine.Progress) error {
	err := b.empty(ctx, progress)
	if !hasCode(err, "AccessDenied", "Forbidden") {
		return err
	}
	answer, failed := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if failed != nil {
		return err // nothing to be sure of stands in the way
	}
	switch statements := readPolicy(aws.ToString(answer.Policy)); {
	case !denies(statements):
		return err
	case b.ours(statements):
		if !b.withoutTLS() {
			return err
		}
	case !b.force:
		return fmt.Errorf("a policy of the bucket that is not the pipeline's refuses some calls, maybe these: only enrich destroy --force takes it away: %w", err)
	}
	_, failed = b.client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if failed != nil {
		return err
	}
	if err = b.empty(ctx, progress); err == nil {
		return nil
	}
	// Also after an interruption: what stays shall be as safe as it was.
	_, failed = b.client.PutBucketPolicy(context.WithoutCancel(ctx), &s3.PutBucketPolicyInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account, Policy: answer.Policy,
	})
	if failed != nil {
		return errors.Join(err, fmt.Errorf("putting back the bucket's policy: %w", failed))
	}
	return err
}

// denies tells whether a policy may refuse anything.
func denies(statements map[string]Statement) bool {
	for _, s := range statements {
		if s.Effect != "Allow" { // also of one that could not be read
			return true
		}
	}
	return false
}

// ours tells whether a policy is the one that the pipeline gives its bucket.
func (b *deliveryBucket) ours(statements map[string]Statement) bool {
	return len(compare(DeliveryBucket{Policy: transportPolicy(b.arn).statements()}, DeliveryBucket{Policy: statements})) == 0
}

// withoutTLS tells whether our own policy refuses our own calls.
func (b *deliveryBucket) withoutTLS() bool {
	return strings.HasPrefix(aws.ToString(b.client.Options().BaseEndpoint), "http://")
}
