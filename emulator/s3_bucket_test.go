package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func inRegion(region string) func(*aws.Config) {
	return func(config *aws.Config) { config.Region = region }
}

func TestCreateBucket(t *testing.T) {
	s, east := s3Client(t)
	west := s3For(s, inRegion("eu-west-1"))
	constraint := func(region string) *types.CreateBucketConfiguration {
		return &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	tests := []struct {
		name   string
		client *s3.Client
		in     s3.CreateBucketInput
		code   string
	}{
		{"in us-east-1", east, s3.CreateBucketInput{Bucket: aws.String("east-bucket")}, ""},
		{"again", east, s3.CreateBucketInput{Bucket: aws.String("east-bucket")}, ""},
		{"elsewhere", west, s3.CreateBucketInput{Bucket: aws.String("west-bucket"), CreateBucketConfiguration: constraint("eu-west-1")}, ""},
		{"again elsewhere", west, s3.CreateBucketInput{Bucket: aws.String("west-bucket"), CreateBucketConfiguration: constraint("eu-west-1")}, "BucketAlreadyOwnedByYou"},
		{"one of another region", west, s3.CreateBucketInput{Bucket: aws.String("east-bucket"), CreateBucketConfiguration: constraint("eu-west-1")}, "BucketAlreadyOwnedByYou"},
		{"without constraint", west, s3.CreateBucketInput{Bucket: aws.String("other")}, "IllegalLocationConstraintException"},
		{"with another constraint", west, s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: constraint("eu-west-2")}, "IllegalLocationConstraintException"},
		{"us-east-1 named", east, s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: constraint("us-east-1")}, "InvalidLocationConstraint"},
		{"no region", east, s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: constraint("nowhere")}, "InvalidLocationConstraint"},
		{"from us-east-1", east, s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: constraint("ap-south-1")}, ""},
		{"capitals", east, s3.CreateBucketInput{Bucket: aws.String("Capitals")}, "InvalidBucketName"},
		{"short", east, s3.CreateBucketInput{Bucket: aws.String("ab")}, "InvalidBucketName"},
		{"address", east, s3.CreateBucketInput{Bucket: aws.String("192.168.0.1")}, "InvalidBucketName"},
		{"two dots", east, s3.CreateBucketInput{Bucket: aws.String("a..b")}, "InvalidBucketName"},
		{"reserved", east, s3.CreateBucketInput{Bucket: aws.String("name-s3alias")}, "InvalidBucketName"},
		{"lock", east, s3.CreateBucketInput{Bucket: aws.String("locked"), ObjectLockEnabledForBucket: aws.Bool(true)}, "NotImplemented"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.client.CreateBucket(t.Context(), &test.in)
			if test.code != "" {
				wantCode(t, err, test.code)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	location, err := west.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("west-bucket")})
	if err != nil || location.LocationConstraint != "eu-west-1" {
		t.Errorf("location %v, %v", location, err)
	}
	head, err := west.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("west-bucket")})
	if err != nil || *head.BucketRegion != "eu-west-1" {
		t.Errorf("head %v, %v", head, err)
	}
	_, err = east.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("west-bucket")})
	wantCode(t, err, "PermanentRedirect")
	list, err := east.ListBuckets(t.Context(), &s3.ListBucketsInput{MaxBuckets: aws.Int32(2)})
	if err != nil || len(list.Buckets) != 2 || *list.Buckets[0].Name != "east-bucket" || list.ContinuationToken == nil {
		t.Errorf("buckets %+v, %v", list, err)
	}
}

func TestHeadBucket(t *testing.T) {
	_, client := s3Client(t)
	_, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(testBucket)})
	if statusOf(err) != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	newBucket(t, client, false)
	_, err = client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(testBucket), ExpectedBucketOwner: aws.String("111111111111")})
	if statusOf(err) != http.StatusForbidden {
		t.Errorf("another owner: %v", err)
	}
	if _, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(testBucket), ExpectedBucketOwner: aws.String("000000000000")}); err != nil {
		t.Error(err)
	}
}

// TestNewBucketSettings is about what a bucket has that nothing was said of.
func TestNewBucketSettings(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket := aws.String(testBucket)
	ctx := t.Context()
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	if err != nil || encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
		t.Errorf("encryption %v, %v", encryption, err)
	}
	block, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	if err != nil || !*block.PublicAccessBlockConfiguration.BlockPublicAcls || !*block.PublicAccessBlockConfiguration.RestrictPublicBuckets {
		t.Errorf("public access %v, %v", block, err)
	}
	ownership, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket})
	if err != nil || ownership.OwnershipControls.Rules[0].ObjectOwnership != types.ObjectOwnershipBucketOwnerEnforced {
		t.Errorf("ownership %v, %v", ownership, err)
	}
	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
	if err != nil || versioning.Status != "" {
		t.Errorf("versioning %v, %v", versioning, err)
	}
}

// TestAbsentSettings is about the errors of settings that are not there.
func TestAbsentSettings(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket := aws.String(testBucket)
	tests := map[string]func(context.Context) error{
		"NoSuchBucketPolicy": func(ctx context.Context) error {
			_, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			return err
		},
		"NoSuchLifecycleConfiguration": func(ctx context.Context) error {
			_, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
			return err
		},
		"NoSuchTagSet": func(ctx context.Context) error {
			_, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
			return err
		},
		"NoSuchPublicAccessBlockConfiguration": func(ctx context.Context) error {
			if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
				return err
			}
			_, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
			return err
		},
		"OwnershipControlsNotFoundError": func(ctx context.Context) error {
			if _, err := client.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: bucket}); err != nil {
				return err
			}
			_, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket})
			return err
		},
		"NoSuchConfiguration": func(ctx context.Context) error {
			_, err := client.GetBucketMetricsConfiguration(ctx, &s3.GetBucketMetricsConfigurationInput{Bucket: bucket, Id: aws.String("x")})
			return err
		},
		"NoSuchBucket": func(ctx context.Context) error {
			_, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("no-such-bucket")})
			return err
		},
	}
	for code, call := range tests {
		t.Run(code, func(t *testing.T) {
			err := call(t.Context())
			wantCode(t, err, code)
			if statusOf(err) != http.StatusNotFound {
				t.Errorf("status %d", statusOf(err))
			}
		})
	}
}

func TestSettingsRoundTrip(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, ctx := aws.String(testBucket), t.Context()
	if _, err := client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: aws.String("key")}, BucketKeyEnabled: aws.Bool(true),
	}}}}); err != nil {
		t.Fatal(err)
	}
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if rule := encryption.ServerSideEncryptionConfiguration.Rules[0]; *rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID != "key" || !*rule.BucketKeyEnabled {
		t.Errorf("encryption %+v", rule)
	}
	if out := putObject(t, client, "k", "v"); out.ServerSideEncryption != "aws:kms" || *out.SSEKMSKeyId != "key" || !*out.BucketKeyEnabled {
		t.Errorf("an object is encrypted with %v", out.ServerSideEncryption)
	}
	if _, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	block, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	if err != nil || !*block.PublicAccessBlockConfiguration.BlockPublicAcls || *block.PublicAccessBlockConfiguration.BlockPublicPolicy {
		t.Errorf("public access %+v, %v", block, err)
	}
	if _, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("enrich:pipeline"), Value: aws.String("p")}}}}); err != nil {
		t.Fatal(err)
	}
	tags, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
	if err != nil || len(tags.TagSet) != 1 || *tags.TagSet[0].Key != "enrich:pipeline" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	_, err = client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("2")}}}})
	wantCode(t, err, "InvalidTag")
	if _, err := client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: bucket, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: "BucketOwnerEnforced"}}}}); err != nil {
		t.Error(err)
	}
}

func TestLifecycle(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket := aws.String(testBucket)
	rule := func(change func(*types.LifecycleRule)) *s3.PutBucketLifecycleConfigurationInput {
		r := types.LifecycleRule{
			ID: aws.String("r"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("enriched-data/")},
			Transitions:                    []types.Transition{{Days: aws.Int32(30), StorageClass: "STANDARD_IA"}},
			Expiration:                     &types.LifecycleExpiration{Days: aws.Int32(365)},
			NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(30), NewerNoncurrentVersions: aws.Int32(2)},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
		}
		if change != nil {
			change(&r)
		}
		return &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{r}}}
	}
	out, err := client.PutBucketLifecycleConfiguration(t.Context(), rule(nil))
	if err != nil || out.TransitionDefaultMinimumObjectSize != types.TransitionDefaultMinimumObjectSizeAllStorageClasses128k {
		t.Fatalf("%v, %v", out, err)
	}
	got, err := client.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if r := got.Rules[0]; *r.ID != "r" || *r.Filter.Prefix != "enriched-data/" || *r.Transitions[0].Days != 30 || *r.Expiration.Days != 365 || *r.NoncurrentVersionExpiration.NewerNoncurrentVersions != 2 || *r.AbortIncompleteMultipartUpload.DaysAfterInitiation != 7 || got.TransitionDefaultMinimumObjectSize == "" {
		t.Errorf("rule %+v", r)
	}
	tests := []struct {
		name   string
		change func(*types.LifecycleRule)
		code   string
	}{
		{"no filter", func(r *types.LifecycleRule) { r.Filter = nil }, "MalformedXML"},
		{"status", func(r *types.LifecycleRule) { r.Status = "On" }, "MalformedXML"},
		{"too early", func(r *types.LifecycleRule) { r.Transitions[0].Days = aws.Int32(29) }, "InvalidArgument"},
		{"expired before", func(r *types.LifecycleRule) { r.Expiration.Days = aws.Int32(30) }, "InvalidArgument"},
		{"no days", func(r *types.LifecycleRule) { r.Expiration = &types.LifecycleExpiration{} }, "MalformedXML"},
		{"zero days", func(r *types.LifecycleRule) { r.Expiration.Days = aws.Int32(0) }, "InvalidArgument"},
		{"abort by tag", func(r *types.LifecycleRule) {
			r.Filter = &types.LifecycleRuleFilter{Tag: &types.Tag{Key: aws.String("a"), Value: aws.String("b")}}
		}, "InvalidRequest"},
		{"no action", func(r *types.LifecycleRule) {
			*r = types.LifecycleRule{Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}}
		}, "InvalidRequest"},
		{"class", func(r *types.LifecycleRule) { r.Transitions[0].StorageClass = "STANDARD" }, "MalformedXML"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.PutBucketLifecycleConfiguration(t.Context(), rule(test.change))
			wantCode(t, err, test.code)
		})
	}
}

func TestBucketPolicy(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, arn := aws.String(testBucket), "arn:aws:s3:::"+testBucket
	tlsOnly := `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["` + arn + `","` + arn + `/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	put := func(policy string) error {
		_, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy})
		return err
	}
	if err := put(tlsOnly); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: bucket})
	if err != nil || *out.Policy != tlsOnly {
		t.Errorf("policy %v, %v", out, err)
	}
	putObject(t, client, "k", "v") // secure transport holds here
	for name, policy := range map[string]string{
		"not JSON":        `{"Version"`,
		"a list":          `[]`,
		"no principal":    `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"` + arn + `"}]}`,
		"other bucket":    `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other"}]}`,
		"other service":   `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"` + arn + `"}]}`,
		"other condition": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"` + arn + `","Condition":{"Bool":{"aws:Unheard":"false"}}}]}`,
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, put(policy), "MalformedPolicy") })
	}
	wantCode(t, put(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"`+arn+`/*"}]}`), "AccessDenied")
	if err := put(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"s3:Put*","Resource":"` + arn + `/locked/*"}]}`); err != nil {
		t.Fatal(err)
	}
	putObject(t, client, "open/k", "v")
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("locked/k"), Body: strings.NewReader("v")})
	if message := wantCode(t, err, "AccessDenied"); !strings.Contains(message, "explicit deny in a resource-based policy") {
		t.Error(message)
	}
	if _, err := client.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: bucket}); err != nil {
		t.Error(err)
	}
}

func TestMetricsConfigurations(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	bucket := aws.String(testBucket)
	put := func(id string, filter types.MetricsFilter) error {
		_, err := client.PutBucketMetricsConfiguration(t.Context(), &s3.PutBucketMetricsConfigurationInput{Bucket: bucket, Id: &id, MetricsConfiguration: &types.MetricsConfiguration{Id: &id, Filter: filter}})
		return err
	}
	if err := put("EntireBucket", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("part", &types.MetricsFilterMemberPrefix{Value: "part/"}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put("tag", &types.MetricsFilterMemberTag{Value: types.Tag{Key: aws.String("a"), Value: aws.String("b")}}), "NotImplemented")
	wantCode(t, put("not an id", nil), "InvalidConfigurationId")
	list, err := client.ListBucketMetricsConfigurations(t.Context(), &s3.ListBucketMetricsConfigurationsInput{Bucket: bucket})
	if err != nil || len(list.MetricsConfigurationList) != 2 || *list.MetricsConfigurationList[1].Id != "part" {
		t.Errorf("list %+v, %v", list, err)
	}
	putObject(t, client, "part/k", "v")
	putObject(t, client, "other", "v")
	_, _ = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("nowhere")})
	sum := func(name, filter string) float64 {
		x := s.cloudwatch.metrics.find("AWS/S3", name, dimensionsOf(map[string]string{"BucketName": testBucket, "FilterId": filter}))
		total := 0.0
		for i := range x.minutes {
			total += x.minutes[i].sum
		}
		return total
	}
	// Two requests for objects; those for configurations count among all only. The
	// unsupported filter failed with 501, the invalid ID with 400 and the missing key with 404.
	got := []float64{sum("PutRequests", "EntireBucket"), sum("PutRequests", "part"), sum("4xxErrors", "EntireBucket"), sum("4xxErrors", "part"), sum("5xxErrors", "EntireBucket")}
	if want := []float64{2, 1, 2, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("requests and errors %v, want %v", got, want)
	}
	if _, err := client.DeleteBucketMetricsConfiguration(t.Context(), &s3.DeleteBucketMetricsConfigurationInput{Bucket: bucket, Id: aws.String("part")}); err != nil {
		t.Error(err)
	}
	_, err = client.DeleteBucketMetricsConfiguration(t.Context(), &s3.DeleteBucketMetricsConfigurationInput{Bucket: bucket, Id: aws.String("part")})
	wantCode(t, err, "NoSuchConfiguration")
}
