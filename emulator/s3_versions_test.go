package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func deleteKey(t testing.TB, client *s3.Client, key, version string) *s3.DeleteObjectOutput {
	t.Helper()
	in := &s3.DeleteObjectInput{Bucket: aws.String(testBucket), Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := client.DeleteObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// versionsOf lists "key:id:latest" of versions, and of delete markers with a !.
func versionsOf(t testing.TB, client *s3.Client) (found []string, ids []string) {
	t.Helper()
	out, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(testBucket)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range out.Versions {
		found = append(found, fmt.Sprintf("%s %t", *v.Key, *v.IsLatest))
		ids = append(ids, *v.VersionId)
	}
	for _, m := range out.DeleteMarkers {
		found = append(found, fmt.Sprintf("%s! %t", *m.Key, *m.IsLatest))
		ids = append(ids, *m.VersionId)
	}
	return found, ids
}

func TestVersions(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, true)
	first, second := putObject(t, client, "k", "1"), putObject(t, client, "k", "2")
	if first.VersionId == nil || *first.VersionId == *second.VersionId || len(*first.VersionId) != 32 {
		t.Fatalf("versions %v and %v", first.VersionId, second.VersionId)
	}
	for id, want := range map[*string]string{first.VersionId: "1", second.VersionId: "2", nil: "2"} {
		if got, out := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k"), VersionId: id}); got != want || out.VersionId == nil {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), VersionId: first.VersionId})
	if err != nil || *head.VersionId != *first.VersionId {
		t.Errorf("head of the first version: %v, %v", head, err)
	}
	marker := deleteKey(t, client, "k", "")
	if !aws.ToBool(marker.DeleteMarker) || marker.VersionId == nil {
		t.Fatalf("deleting gave %+v", marker)
	}
	_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	wantCode(t, err, "NoSuchKey")
	_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), VersionId: marker.VersionId})
	wantCode(t, err, "MethodNotAllowed")
	found, ids := versionsOf(t, client)
	if want := []string{"k false", "k false", "k! true"}; !slices.Equal(found, want) || ids[0] != *second.VersionId {
		t.Errorf("versions %v %v, want %v with the newest first", found, ids, want)
	}
	// Without its delete marker the object is there again, and without its latest
	// version the one before is.
	if out := deleteKey(t, client, "k", *marker.VersionId); !aws.ToBool(out.DeleteMarker) || *out.VersionId != *marker.VersionId {
		t.Errorf("deleting the marker gave %+v", out)
	}
	if got, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k")}); got != "2" {
		t.Errorf("got %q", got)
	}
	deleteKey(t, client, "k", *second.VersionId)
	if got, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k")}); got != "1" {
		t.Errorf("got %q", got)
	}
	deleteKey(t, client, "k", "unknown")
	deleteKey(t, client, "k", *first.VersionId)
	if found, _ := versionsOf(t, client); len(found) != 0 {
		t.Errorf("left: %v", found)
	}
}

func TestNullVersions(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "k", "before")
	deleteKey(t, client, "never", "") // no versions, no delete marker
	setVersioning(t, client, types.BucketVersioningStatusEnabled)
	putObject(t, client, "k", "while")
	setVersioning(t, client, types.BucketVersioningStatusSuspended)
	if got, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k"), VersionId: aws.String("null")}); got != "before" {
		t.Errorf("null is %q", got)
	}
	putObject(t, client, "k", "after") // takes the place of the null version alone
	if got, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k"), VersionId: aws.String("null")}); got != "after" {
		t.Errorf("null is %q", got)
	}
	if found, _ := versionsOf(t, client); !slices.Equal(found, []string{"k true", "k false"}) {
		t.Errorf("versions %v", found)
	}
	if out := deleteKey(t, client, "k", ""); !aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) != "null" {
		t.Errorf("deleting gave %+v", out)
	}
	if found, _ := versionsOf(t, client); !slices.Equal(found, []string{"k false", "k! true"}) {
		t.Errorf("versions %v", found)
	}
}

// TestEmptying lists and deletes versions page by page, as who destroys a bucket
// does: the marker of each page is gone when the next is asked for.
func TestEmptying(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, true)
	const keys, versions = 7, 9
	for range versions {
		for k := range keys {
			putObject(t, client, fmt.Sprintf("k%d", k), "v")
		}
	}
	for k := range keys {
		deleteKey(t, client, fmt.Sprintf("k%d", k), "")
	}
	_, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(testBucket)})
	wantCode(t, err, "BucketNotEmpty")
	if out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(testBucket)}); err != nil || len(out.Contents) != 0 {
		t.Fatalf("deleted objects are listed: %v, %v", out.Contents, err)
	}
	deleted, markers := 0, 0
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: aws.String(testBucket), MaxKeys: aws.Int32(4)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var objects []types.ObjectIdentifier
		for _, v := range page.Versions {
			objects = append(objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			objects = append(objects, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: objects}})
		if err != nil || len(out.Errors) > 0 {
			t.Fatal(err, out)
		}
		for _, d := range out.Deleted {
			if deleted++; aws.ToBool(d.DeleteMarker) {
				markers++
			}
		}
	}
	if deleted != keys*(versions+1) || markers != keys {
		t.Errorf("deleted %d, of them %d markers; want %d and %d", deleted, markers, keys*(versions+1), keys)
	}
	if _, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(testBucket)}); err != nil {
		t.Error(err)
	}
}

func TestDeleteObjects(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, true)
	putObject(t, client, "a", "1")
	identifiers := func(n int) []types.ObjectIdentifier {
		list := make([]types.ObjectIdentifier, n)
		for i := range list {
			list[i].Key = aws.String(fmt.Sprintf("key-%d", i))
		}
		return list
	}
	out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: identifiers(1000), Quiet: aws.Bool(true)}})
	if err != nil || len(out.Deleted) != 0 || len(out.Errors) != 0 {
		t.Errorf("1,000 keys, quietly: %v, %v", out, err)
	}
	_, err = client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: identifiers(1001)}})
	wantCode(t, err, "MalformedXML")
	out, err = client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String(strings.Repeat("x", maxKey+1))}}}})
	if err != nil || len(out.Deleted) != 1 || !aws.ToBool(out.Deleted[0].DeleteMarker) || out.Deleted[0].DeleteMarkerVersionId == nil || len(out.Errors) != 1 || *out.Errors[0].Code != "KeyTooLongError" {
		t.Errorf("got %+v, %v", out, err)
	}
	_, err = client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("b")}, {Key: aws.String("x"), ETag: aws.String("y")}}}})
	wantCode(t, err, "NotImplemented")
	if want := (UnsupportedCount{Service: "s3", Operation: "DeleteObjects", Member: "conditions on deleted objects", Count: 1}); !slices.Contains(s.Unsupported(), want) {
		t.Errorf("counted %+v, want %+v", s.Unsupported(), want)
	}
}

func TestListVersionsByPrefix(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, true)
	for _, key := range []string{"a/1", "a/2", "b/1", "c", "c"} {
		putObject(t, client, key, "v")
	}
	var got []string
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: aws.String(testBucket), MaxKeys: aws.Int32(1), Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		for _, v := range page.Versions {
			got = append(got, *v.Key)
		}
	}
	if want := "a/ b/ c c"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
