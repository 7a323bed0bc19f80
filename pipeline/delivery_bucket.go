package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enrich/cost"
	"enrich/engine"
)

// DeliveryBucket holds the enriched events, the dead letters and the batches
// that failed.
type DeliveryBucket struct {
	Versioned           bool                     `json:"versioned"`
	Encryption          string                   `json:"encryption"`
	PublicAccessBlocked bool                     `json:"public_access_blocked"`
	Ownership           string                   `json:"ownership"`
	Policy              map[string]Statement     `json:"policy"`
	Lifecycle           map[string]LifecycleRule `json:"lifecycle"`
	RequestMetrics      []string                 `json:"request_metrics"` // IDs of configurations
	Tags                map[string]string        `json:"tags"`
}

// LifecycleRule of a bucket. Zero is: not in the rule.
type LifecycleRule struct {
	Enabled             bool   `json:"enabled"`
	Prefix              string `json:"prefix,omitempty"`
	AbortUploadsDays    int    `json:"abort_uploads_days,omitempty"`
	NoncurrentDays      int    `json:"noncurrent_days,omitempty"`
	ExpireDeleteMarkers bool   `json:"expire_delete_markers,omitempty"`
	// Other tells of settings that the rules of this program never have.
	Other string `json:"other,omitempty"`
}

// requestMetrics is the ID that the S3 console gives to the metrics of a whole
// bucket; it is the FilterId dimension of the alarm.
const requestMetrics = "EntireBucket"

// Lifecycle in days. A batch that is written again replaces its object, which is
// when versions grow old; dead letters and failed batches are current versions
// and stay until somebody has looked at them.
const (
	abortUploadsDays = 7
	noncurrentDays   = 30
)

// expireVersions is the ID of the lifecycle rule that deletes old versions.
const expireVersions = "expire-old-versions"

type deliveryBucket struct {
	identified
	desired DeliveryBucket
	policy  Policy
	account string
	region  string
	force   bool
	client  *s3.Client
}

func (p *Pipeline) deliveryBucket() engine.Resource {
	bucket := p.namedBucket(keyBucket, p.names.Bucket)
	bucket.policy = transportPolicy(p.id.bucketARN(bucket.name))
	bucket.desired = DeliveryBucket{
		Versioned: true,
		// Keys of S3's own cost nothing; a bucket key would only save requests to
		// KMS, of which there are none.
		Encryption:          string(types.ServerSideEncryptionAes256),
		PublicAccessBlocked: true,
		Ownership:           string(types.ObjectOwnershipBucketOwnerEnforced),
		Policy:              bucket.policy.statements(),
		Lifecycle: map[string]LifecycleRule{
			"abort-unfinished-uploads": {Enabled: true, AbortUploadsDays: abortUploadsDays},
			expireVersions:             {Enabled: true, NoncurrentDays: noncurrentDays, ExpireDeleteMarkers: true},
		},
		RequestMetrics: []string{requestMetrics},
		Tags:           p.tags,
	}
	return bucket
}

func (p *Pipeline) namedBucket(key, name string) *deliveryBucket {
	return &deliveryBucket{
		identified: identified{key: key, kind: kindBucket, name: name, arn: p.id.bucketARN(name)},
		account:    p.id.Account,
		region:     p.id.Region,
		force:      p.Force,
		client:     storage(p.sdk),
	}
}

// transportPolicy refuses everybody who does not use TLS.
func transportPolicy(bucket string) Policy {
	return Policy{Version: PolicyVersion, Statements: []Statement{{
		Sid:       "RefuseWithoutTLS",
		Effect:    "Deny",
		Principal: principal{everyone: {everyone}},
		Action:    words{"s3:*"},
		Resource:  words{bucket, bucket + "/*"},
		Condition: map[string]map[string]conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}}}
}

// Desired is the data that the bucket shall have.
func (b *deliveryBucket) Desired() any { return b.desired }

func (b *deliveryBucket) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer b.explain("reading", &err)
	if err := b.head(ctx); err != nil {
		return nil, err
	}
	spec, tags, err := b.settings(ctx)
	if err != nil {
		return nil, notFound(err, "NoSuchBucket")
	}
	return &engine.Observed{
		ID:     b.name,
		ARN:    b.arn,
		Status: "present", // S3 has no states
		Detail: detailOf(spec),
		Tags:   tags,
		Spec:   spec,
	}, nil
}

func detailOf(spec DeliveryBucket) string {
	detail := "not versioned"
	if spec.Versioned {
		detail = "versioned"
	}
	if spec.PublicAccessBlocked {
		return detail + ", private"
	}
	return detail + ", public access possible"
}

// ErrBucketRefused is all that S3 says to those who may not look at a bucket,
// because it is not theirs or because they lack the permission.
var ErrBucketRefused = errors.New("the bucket belongs to another account, which takes another name for the pipeline, or the caller lacks s3:ListBucket")

// head asks for the bucket of our account: names are shared by all accounts.
func (b *deliveryBucket) head(ctx context.Context) error {
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	// A HEAD has no body, so these codes are the SDK's words for the status.
	switch {
	case hasCode(err, "Forbidden", "AccessDenied"):
		return fmt.Errorf("%w: %w", ErrBucketRefused, err)
	case hasCode(err, "MovedPermanently", "PermanentRedirect"):
		return fmt.Errorf("the bucket is in another region than %s: %w", b.region, err)
	}
	return notFound(err, "NotFound", "NoSuchBucket")
}

func (b *deliveryBucket) Diff(observed *engine.Observed) []engine.Change {
	return compare(b.desired, observed.Spec)
}

// Create looks before it creates: in us-east-1 S3 answers the creation of a
// bucket that one owns with success, and resets its access control list.
func (b *deliveryBucket) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer b.explain("creating", &err)
	if err := b.head(ctx); errors.Is(err, engine.ErrNotFound) {
		if err := b.create(ctx, progress); err != nil {
			return err
		}
		// At once: until then only the record tells whose the bucket is.
		if err := b.apply(ctx, nil, []engine.Change{{Field: "tags"}}, progress); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	progress.Identified(b.name, b.arn)
	var observed *engine.Observed
	err = retry{
		match:    func(err error) bool { return errors.Is(err, engine.ErrNotFound) },
		timeout:  bucketTimeout,
		progress: progress,
		doing:    "waiting for the new bucket",
	}.do(ctx, func(ctx context.Context) error {
		observed, err = b.Read(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return b.apply(ctx, observed.Tags, b.Diff(observed), progress)
}

// bucketTimeout bounds what S3 needs to know of a new bucket everywhere, or to
// finish a conflicting operation; after a deletion of the same name this can
// take a while.
const bucketTimeout = 2 * time.Minute

func (b *deliveryBucket) create(ctx context.Context, progress engine.Progress) error {
	input := &s3.CreateBucketInput{Bucket: &b.name, ObjectOwnership: types.ObjectOwnership(b.desired.Ownership)}
	if b.region != "us-east-1" { // there S3 refuses the constraint
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(b.region),
		}
	}
	err := b.uncontested(progress).do(ctx, func(ctx context.Context) error {
		_, err := b.client.CreateBucket(ctx, input)
		return err
	})
	if hasCode(err, "BucketAlreadyExists") {
		return fmt.Errorf("another account has a bucket of this name: choose another name for the pipeline: %w", err)
	}
	return ignore(err, "BucketAlreadyOwnedByYou")
}

// uncontested repeats what S3 refuses while it works on something else in the
// bucket, or does not know a new bucket yet.
func (b *deliveryBucket) uncontested(progress engine.Progress) retry {
	return retry{
		match:    func(err error) bool { return hasCode(err, "OperationAborted", "NoSuchBucket") },
		timeout:  bucketTimeout,
		progress: progress,
		doing:    "waiting for another operation on the bucket",
	}
}

func (b *deliveryBucket) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer b.explain("updating", &err)
	return b.apply(ctx, observed.Tags, changes, progress)
}

// apply makes the changes one after the other: S3 aborts settings of one bucket
// that arrive at the same time.
func (b *deliveryBucket) apply(ctx context.Context, tags map[string]string, changes []engine.Change, progress engine.Progress) error {
	steps := []struct {
		field string
		put   func(context.Context) error
	}{
		// Tags first: they tell whose the bucket is.
		{"tags", func(ctx context.Context) error { return b.putTags(ctx, tags) }},
		{"public_access_blocked", b.putPublicAccessBlock},
		{"ownership", b.putOwnership},
		{"encryption", b.putEncryption},
		{"versioned", b.putVersioning},
		{"lifecycle", b.putLifecycle},
		{"request_metrics", b.putMetrics},
		{"policy", b.putPolicy},
	}
	for _, step := range steps {
		if !changed(changes, step.field) {
			continue
		}
		if err := b.uncontested(progress).do(ctx, step.put); err != nil {
			return fmt.Errorf("%s: %w", step.field, err)
		}
	}
	return nil
}

// Delete empties the bucket first, and again while something that was on its way
// arrives. Its metrics configuration goes with it; there are endpoints where
// deleting that one deletes the bucket.
func (b *deliveryBucket) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer b.explain("deleting", &err)
	if err := b.head(ctx); errors.Is(err, engine.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	err = retry{
		match:    func(err error) bool { return hasCode(err, "BucketNotEmpty", "OperationAborted") },
		timeout:  bucketTimeout,
		progress: progress,
		doing:    "waiting until nothing is written any more",
	}.do(ctx, func(ctx context.Context) error {
		if err := b.clear(ctx, progress); err != nil {
			return err
		}
		_, err := b.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
		return err
	})
	return ignore(err, "NoSuchBucket")
}

// requestMetricNames is how many metrics a configuration of request metrics gives.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
const requestMetricNames = 16

func (b *deliveryBucket) charges(flow cost.Flow) []cost.Charge {
	return []cost.Charge{
		{Item: cost.Put, What: "enriched objects", Traffic: flow.Objects},
		{Item: cost.Storage, What: "enriched events of a month", Traffic: flow.StoredBytes / cost.GB},
		{Item: cost.CustomMetric, What: "the bucket's request metrics", Traffic: float64(requestMetricNames*len(b.desired.RequestMetrics)) * flow.Active()},
	}
}

func (b *deliveryBucket) needs() []need {
	put := words{
		"s3:PutBucketTagging", "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls", "s3:PutEncryptionConfiguration",
		"s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutMetricsConfiguration", "s3:PutBucketPolicy",
	}
	return []need{{
		sid: "DeliveryBucket", on: words{b.arn},
		read: words{
			"s3:ListBucket", "s3:GetBucketTagging", "s3:GetBucketPublicAccessBlock", "s3:GetBucketOwnershipControls", "s3:GetEncryptionConfiguration",
			"s3:GetBucketVersioning", "s3:GetLifecycleConfiguration", "s3:GetMetricsConfiguration", "s3:GetBucketPolicy",
		},
		create: append(words{"s3:CreateBucket"}, put...),
		update: put,
		remove: words{"s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:DeleteBucketPolicy", "s3:DeleteBucket"},
	}, {
		sid: "DeliveredObjects", on: words{b.arn + "/*"},
		remove: words{"s3:DeleteObjectVersion", "s3:AbortMultipartUpload"},
	}}
}
