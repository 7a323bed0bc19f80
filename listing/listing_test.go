package listing_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"enrich/emulator"
	"enrich/listing"
)

// Keys as they may come, in their order.
var keys = []string{"\x01a", "%41", "a\n/\x1f", "a\n/\x1fb", "a b+c", "a/\r&<'\">", "b", "é\uffff"}

const bucketName = "listed"

// newClient has a bucket with an object, and an unfinished upload, of each key.
func newClient(t *testing.T) *s3.Client {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	client := s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: &http.Client{},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String(bucketName)
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	return client
}

func anyKey(o *s3.Options) { o.APIOptions = append(o.APIOptions, listing.AnyKey) }

// Each key comes once, and as it is, whatever the size of the pages.
func TestAnyKey(t *testing.T) {
	client := newClient(t)
	bucket := aws.String(bucketName)
	if _, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket}); err == nil {
		t.Error("there is a listing without it: what is this package for?")
	}
	for _, size := range []int32{1, 3, 100} {
		var objects, versions, uploads []string
		for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: &size}); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context(), anyKey)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				objects = append(objects, *o.Key)
			}
		}
		for pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: bucket, MaxKeys: &size}); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context(), anyKey)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Versions {
				versions = append(versions, *v.Key)
			}
		}
		for pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: bucket, MaxUploads: &size}); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context(), anyKey)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Uploads {
				uploads = append(uploads, *u.Key)
			}
		}
		for what, got := range map[string][]string{"objects": objects, "versions": versions, "uploads": uploads} {
			if diff := cmp.Diff(keys, got); diff != "" {
				t.Errorf("%s, %d a page: %s", what, size, diff)
			}
		}
	}
}

// What was asked for comes back as it was asked for, and a delete marker has its key.
func TestAnyKeyEchoed(t *testing.T) {
	client := newClient(t)
	bucket, prefix, delimiter, after := aws.String(bucketName), aws.String("a\n"), aws.String("\x1f"), aws.String("a\x02")
	in := &s3.ListObjectsV2Input{Bucket: bucket, Prefix: prefix, Delimiter: delimiter, StartAfter: after}
	objects, err := client.ListObjectsV2(t.Context(), in, anyKey)
	if err != nil {
		t.Fatal(err)
	}
	if in.EncodingType != "" {
		t.Error("the caller's input is not left alone")
	}
	if len(objects.CommonPrefixes) != 1 || len(objects.Contents) != 0 {
		t.Fatalf("%+v", objects)
	}
	if diff := cmp.Diff([]*string{prefix, delimiter, after, aws.String("a\n/\x1f")}, []*string{objects.Prefix, objects.Delimiter, objects.StartAfter, objects.CommonPrefixes[0].Prefix}); diff != "" {
		t.Error(diff)
	}
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &keys[0]}); err != nil {
		t.Fatal(err)
	}
	versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: aws.String("\x01")}, anyKey)
	if err != nil {
		t.Fatal(err)
	}
	if len(versions.DeleteMarkers) != 1 || *versions.DeleteMarkers[0].Key != keys[0] || *versions.Prefix != "\x01" {
		t.Errorf("%+v", versions)
	}
}
