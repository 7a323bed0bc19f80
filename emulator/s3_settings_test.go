package emulator

import (
	"encoding/xml"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestDeletedSettings(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, ctx := aws.String(testBucket), t.Context()
	if _, err := client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms"},
	}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	if err != nil || encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
		t.Errorf("a bucket without encryption: %v, %v", encryption, err)
	}
	if _, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
		Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)},
	}}}}); err != nil {
		t.Fatal(err)
	}
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	if err != nil || aws.ToString(lifecycle.Rules[0].ID) == "" || aws.ToString(lifecycle.Rules[0].Filter.Prefix) != "" {
		t.Errorf("a rule without ID: %+v, %v", lifecycle, err)
	}
	if _, err := client.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	wantCode(t, err, "NoSuchLifecycleConfiguration")
	tags := &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}
	if _, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: tags}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
	wantCode(t, err, "NoSuchTagSet")
	putObject(t, client, "k", "v")
	if _, err := client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: bucket, Key: aws.String("k"), Tagging: tags}); err != nil {
		t.Fatal(err)
	}
	if _, got := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k")}); aws.ToInt32(got.TagCount) != 1 {
		t.Errorf("%v tags", got.TagCount)
	}
	_, err = client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: bucket})
	wantCode(t, err, "NoSuchBucketPolicy")
}

func TestRuleDates(t *testing.T) {
	for text, want := range map[string]bool{"2027-01-01T00:00:00Z": true, "2027-01-01T00:00:00.000Z": true, "2027-01-01T12:00:00Z": false, "soon": false} {
		if midnight(&text) != want {
			t.Errorf("%s: %t", text, !want)
		}
	}
}

// Every document of an answer is in S3's namespace, as parsers that heed namespaces need it.
func TestDocumentsAreInTheNamespaceOfS3(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "k", "x")
	_, err := client.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String(testBucket), LifecycleConfiguration: &types.BucketLifecycleConfiguration{
		Rules: []types.LifecycleRule{{Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}},
	}})
	must(t, err)
	for _, query := range []string{"?lifecycle", "?metrics", "?uploads", "?versions", "?versioning", "?encryption", "?publicAccessBlock", "?ownershipControls", "?location", "/k?tagging", "?list-type=2"} {
		_, body := send(t, s, "GET", "/"+testBucket+query, "us-east-1/s3", "")
		var root struct{ XMLName xml.Name }
		if err := xml.Unmarshal([]byte(body), &root); err != nil || root.XMLName.Space != s3Namespace {
			t.Errorf("%s: %v, %v in %s", query, root.XMLName, err, body)
		}
	}
}
