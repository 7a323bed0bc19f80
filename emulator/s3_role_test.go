package emulator

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestRoles is about what a function's role may do in S3.
func TestRoles(t *testing.T) {
	s, owner := s3Client(t)
	newBucket(t, owner, true)
	putObject(t, owner, "secret", "v")
	roles := iam.NewFromConfig(sdkConfig(s))
	role, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + testBucket + `/enriched-data/*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	session := s.iam.sessionFor(*role.Role.Arn, "f")
	client := s3For(s, func(config *aws.Config) { config.Credentials = sessionConfig(s, session).Credentials })
	putObject(t, client, "enriched-data/k", "v")
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("elsewhere"), Body: strings.NewReader("v")})
	message := wantCode(t, err, "AccessDenied")
	if want := `User: arn:aws:sts::000000000000:assumed-role/r/f is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::` + testBucket + `/elsewhere" because no identity-based policy allows the s3:PutObject action`; message != want || statusOf(err) != 403 {
		t.Errorf("got %d %s, want %s", statusOf(err), message, want)
	}
	for _, key := range []string{"secret", "nowhere"} {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &key})
		wantCode(t, err, "AccessDenied")
	}
	out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("secret")}}}})
	if err != nil || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("deleting: %+v, %v", out, err)
	}
	_, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(testBucket)})
	wantCode(t, err, "AccessDenied")
	_, err = client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantCode(t, err, "AccessDenied")
}
