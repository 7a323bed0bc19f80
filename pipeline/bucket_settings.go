package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// settings reads everything that is set on the bucket at the same time: each is
// a call of its own.
func (b *deliveryBucket) settings(ctx context.Context) (DeliveryBucket, map[string]string, error) {
	var spec DeliveryBucket
	var tags map[string]string
	group, ctx := errgroup.WithContext(ctx)
	read := func(what string, f func(context.Context) error) {
		group.Go(func() error {
			if err := f(ctx); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	read("versioning", func(ctx context.Context) (err error) { spec.Versioned, err = b.getVersioning(ctx); return })
	read("encryption", func(ctx context.Context) (err error) { spec.Encryption, err = b.getEncryption(ctx); return })
	read("public access block", func(ctx context.Context) (err error) {
		spec.PublicAccessBlocked, err = b.getPublicAccessBlock(ctx)
		return
	})
	read("ownership", func(ctx context.Context) (err error) { spec.Ownership, err = b.getOwnership(ctx); return })
	read("policy", func(ctx context.Context) (err error) { spec.Policy, err = b.getPolicy(ctx); return })
	read("lifecycle", func(ctx context.Context) (err error) { spec.Lifecycle, err = b.getLifecycle(ctx); return })
	read("request metrics", func(ctx context.Context) (err error) { spec.RequestMetrics, err = b.getMetrics(ctx); return })
	read("tags", func(ctx context.Context) (err error) { tags, err = b.getTags(ctx); return })
	err := group.Wait()
	spec.Tags = userTags(tags)
	return spec, tags, err
}

func (b *deliveryBucket) getVersioning(ctx context.Context) (bool, error) {
	answer, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if err != nil {
		return false, err
	}
	return answer.Status == types.BucketVersioningStatusEnabled, nil
}

func (b *deliveryBucket) putVersioning(ctx context.Context) error {
	_, err := b.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	return err
}

func (b *deliveryBucket) getEncryption(ctx context.Context) (string, error) {
	answer, err := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if hasCode(err, "ServerSideEncryptionConfigurationNotFoundError") {
		return "none", nil // not at AWS, where every bucket has AES256 at least
	}
	if err != nil {
		return "", err
	}
	for _, rule := range answer.ServerSideEncryptionConfiguration.Rules {
		if standard := rule.ApplyServerSideEncryptionByDefault; standard != nil {
			return string(standard.SSEAlgorithm), nil
		}
	}
	return "none", nil
}

func (b *deliveryBucket) putEncryption(ctx context.Context) error {
	_, err := b.client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryption(b.desired.Encryption)},
		}}},
	})
	return err
}

func (b *deliveryBucket) getPublicAccessBlock(ctx context.Context) (bool, error) {
	answer, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if hasCode(err, "NoSuchPublicAccessBlockConfiguration") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	block := answer.PublicAccessBlockConfiguration
	return aws.ToBool(block.BlockPublicAcls) && aws.ToBool(block.BlockPublicPolicy) &&
		aws.ToBool(block.IgnorePublicAcls) && aws.ToBool(block.RestrictPublicBuckets), nil
}

func (b *deliveryBucket) putPublicAccessBlock(ctx context.Context) error {
	_, err := b.client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
			IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
		},
	})
	return err
}

func (b *deliveryBucket) getOwnership(ctx context.Context) (string, error) {
	answer, err := b.client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if hasCode(err, "OwnershipControlsNotFoundError") {
		return "none", nil
	}
	if err != nil {
		return "", err
	}
	for _, rule := range answer.OwnershipControls.Rules {
		return string(rule.ObjectOwnership), nil
	}
	return "none", nil
}

func (b *deliveryBucket) putOwnership(ctx context.Context) error {
	_, err := b.client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{
			ObjectOwnership: types.ObjectOwnership(b.desired.Ownership),
		}}},
	})
	return err
}

func (b *deliveryBucket) getPolicy(ctx context.Context) (map[string]Statement, error) {
	answer, err := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if hasCode(err, "NoSuchBucketPolicy") {
		return map[string]Statement{}, nil
	}
	if err != nil {
		return nil, err
	}
	return readPolicy(aws.ToString(answer.Policy)), nil
}

func (b *deliveryBucket) putPolicy(ctx context.Context) error {
	document, err := b.policy.document()
	if err != nil {
		return err
	}
	_, err = b.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b.name, ExpectedBucketOwner: &b.account, Policy: &document})
	return err
}

func (b *deliveryBucket) getLifecycle(ctx context.Context) (map[string]LifecycleRule, error) {
	answer, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	rules := make(map[string]LifecycleRule)
	if hasCode(err, "NoSuchLifecycleConfiguration") {
		return rules, nil
	}
	if err != nil {
		return nil, err
	}
	for _, rule := range answer.Rules {
		rules[aws.ToString(rule.ID)] = observedRule(rule)
	}
	return rules, nil
}

func observedRule(rule types.LifecycleRule) LifecycleRule {
	observed := LifecycleRule{Enabled: rule.Status == types.ExpirationStatusEnabled}
	observed.Prefix = aws.ToString(rule.Prefix) //nolint:staticcheck // deprecated, but a rule made by others may still have it
	if filter := rule.Filter; filter != nil {
		if filter.Prefix != nil {
			observed.Prefix = *filter.Prefix
		}
		if filter.And != nil || filter.Tag != nil || filter.ObjectSizeGreaterThan != nil || filter.ObjectSizeLessThan != nil {
			observed.Other = "filter"
		}
	}
	if abort := rule.AbortIncompleteMultipartUpload; abort != nil {
		observed.AbortUploadsDays = int(aws.ToInt32(abort.DaysAfterInitiation))
	}
	if noncurrent := rule.NoncurrentVersionExpiration; noncurrent != nil {
		observed.NoncurrentDays = int(aws.ToInt32(noncurrent.NoncurrentDays))
		if aws.ToInt32(noncurrent.NewerNoncurrentVersions) > 0 {
			observed.Other = "newer versions kept"
		}
	}
	if expiration := rule.Expiration; expiration != nil {
		observed.ExpireDeleteMarkers = aws.ToBool(expiration.ExpiredObjectDeleteMarker)
		if expiration.Date != nil || aws.ToInt32(expiration.Days) > 0 {
			observed.Other = "expiration of current objects"
		}
	}
	if len(rule.Transitions) > 0 || len(rule.NoncurrentVersionTransitions) > 0 {
		observed.Other = "transitions"
	}
	return observed
}

func (b *deliveryBucket) putLifecycle(ctx context.Context) error {
	var rules []types.LifecycleRule
	for _, id := range slices.Sorted(maps.Keys(b.desired.Lifecycle)) {
		desired := b.desired.Lifecycle[id]
		rule := types.LifecycleRule{
			ID:     aws.String(id),
			Status: types.ExpirationStatusEnabled,
			Filter: &types.LifecycleRuleFilter{Prefix: aws.String(desired.Prefix)},
		}
		if desired.AbortUploadsDays > 0 {
			rule.AbortIncompleteMultipartUpload = &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(int32(desired.AbortUploadsDays))}
		}
		if desired.NoncurrentDays > 0 {
			rule.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(int32(desired.NoncurrentDays))}
		}
		if desired.ExpireDeleteMarkers {
			rule.Expiration = &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)}
		}
		rules = append(rules, rule)
	}
	_, err := b.client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})
	return err
}

// getMetrics takes an answer without any configuration in it for one that tells
// nothing: AWS answers NoSuchConfiguration when there is none.
func (b *deliveryBucket) getMetrics(ctx context.Context) ([]string, error) {
	answer, err := b.client.GetBucketMetricsConfiguration(ctx, &s3.GetBucketMetricsConfigurationInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account, Id: aws.String(requestMetrics),
	})
	if hasCode(err, "NoSuchConfiguration") {
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	if answer.MetricsConfiguration == nil || answer.MetricsConfiguration.Id == nil {
		return b.desired.RequestMetrics, nil
	}
	return []string{*answer.MetricsConfiguration.Id}, nil
}

func (b *deliveryBucket) putMetrics(ctx context.Context) error {
	_, err := b.client.PutBucketMetricsConfiguration(ctx, &s3.PutBucketMetricsConfigurationInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account, Id: aws.String(requestMetrics),
		MetricsConfiguration: &types.MetricsConfiguration{Id: aws.String(requestMetrics)},
	})
	return err
}

func (b *deliveryBucket) getTags(ctx context.Context) (map[string]string, error) {
	answer, err := b.client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	if hasCode(err, "NoSuchTagSet", "NoSuchTagSetError") {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	return tagMap(answer.TagSet, func(t types.Tag) (*string, *string) { return t.Key, t.Value }), nil
}

// putTags replaces all tags, so it sends those of AWS itself along, which must
// stay.
func (b *deliveryBucket) putTags(ctx context.Context, observed map[string]string) error {
	tags := maps.Clone(b.desired.Tags)
	for key, value := range observed {
		if _, removable := userTags(observed)[key]; !removable {
			tags[key] = value
		}
	}
	_, err := b.client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		Tagging: &types.Tagging{TagSet: tagList(tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })},
	})
	return err
}
