package emulator

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestMultipartUpload(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, true)
	bucket, key := aws.String(testBucket), aws.String("big")
	created, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ContentType: aws.String("text/plain"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	part := func(number int32, body []byte) (types.CompletedPart, error) {
		out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: &number, Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			return types.CompletedPart{}, err
		}
		return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}, nil
	}
	first := bytes.Repeat([]byte("a"), 5<<20)
	one, err := part(1, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part(2, []byte("replaced")); err != nil {
		t.Fatal(err)
	}
	two, err := part(2, []byte("end"))
	if err != nil {
		t.Fatal(err)
	}
	reply, answer := send(t, s, "PUT", "/"+testBucket+"/big?partNumber=3&uploadId="+*created.UploadId, "us-east-1/s3", "x")
	if reply.StatusCode != 400 || !strings.Contains(answer, "<Message>Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null</Message>") {
		t.Errorf("a part without a checksum: %d %s", reply.StatusCode, answer)
	}
	_, err = part(10001, nil)
	wantCode(t, err, "InvalidArgument")
	parts, err := client.ListParts(t.Context(), &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MaxParts: aws.Int32(1)})
	if err != nil || len(parts.Parts) != 1 || !*parts.IsTruncated || *parts.NextPartNumberMarker != "1" {
		t.Errorf("parts %+v, %v", parts, err)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].Key != "big" || uploads.Uploads[0].ChecksumAlgorithm != types.ChecksumAlgorithmCrc32 || uploads.Uploads[0].ChecksumType != types.ChecksumTypeComposite {
		t.Errorf("uploads %+v, %v", uploads, err)
	}
	complete := func(parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
		return client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	}
	_, err = complete(two, one)
	wantCode(t, err, "InvalidPartOrder")
	_, err = complete(one, types.CompletedPart{PartNumber: aws.Int32(2), ETag: one.ETag})
	wantCode(t, err, "InvalidPart")
	_, err = complete(one, types.CompletedPart{PartNumber: aws.Int32(2), ETag: two.ETag})
	if message := wantCode(t, err, "InvalidRequest"); message != "The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 2 in the request." {
		t.Errorf("a part without its checksum: %s", message)
	}
	out, err := complete(one, two)
	if err != nil {
		t.Fatal(err)
	}
	x, y := md5.Sum(first), md5.Sum([]byte("end"))
	if want := fmt.Sprintf(`"%x-2"`, md5.Sum(append(x[:], y[:]...))); *out.ETag != want || out.VersionId == nil || !strings.HasSuffix(*out.ChecksumCRC32, "-2") {
		t.Errorf("completed %+v, want ETag %s", out, want)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || !bytes.Equal(body, append(first, "end"...)) || *got.ContentType != "text/plain" || *got.ETag != *out.ETag {
		t.Errorf("%d bytes, %v, %v", len(body), *got.ETag, err)
	}
	copied, err := client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String(testBucket + "/big")})
	if err != nil || copied.CopyObjectResult.ChecksumType != types.ChecksumTypeFullObject || aws.ToString(copied.CopyObjectResult.ChecksumCRC32) != crc32Of(body) {
		t.Errorf("copied %+v, %v", copied.CopyObjectResult, err)
	}
	_, err = complete(one, two)
	wantCode(t, err, "NoSuchUpload")
	if used := s.s3.store.used.Load(); used != int64(2*len(body)) {
		t.Errorf("%d bytes are held for an object of %d and its copy", used, len(body))
	}
}

func crc32Of(body []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// A completion that says of the object what is not true makes none.
func TestCompletionsAreHeldToWhatTheyClaim(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, key := aws.String(testBucket), aws.String("k")
	begin := func(kind types.ChecksumType) *s3.CompleteMultipartUploadInput {
		created, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: kind})
		must(t, err)
		part, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("hello")})
		must(t, err)
		return &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
			Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32}},
		}}
	}
	full, composite := begin(types.ChecksumTypeFullObject), begin(types.ChecksumTypeComposite)
	for want, claims := range map[string]func(*s3.CompleteMultipartUploadInput){
		"InvalidRequest: The upload was created using the FULL_OBJECT checksum mode. The complete request must use the same checksum mode.": func(in *s3.CompleteMultipartUploadInput) { in.ChecksumType = types.ChecksumTypeComposite },
		"InvalidRequest: The provided 'x-amz-mp-object-size' header value 6 does not match what was computed: 5":                            func(in *s3.CompleteMultipartUploadInput) { in.MpuObjectSize = aws.Int64(6) },
		"InvalidRequest: Value for x-amz-mp-object-size header is invalid.":                                                                 func(in *s3.CompleteMultipartUploadInput) { in.MpuObjectSize = aws.Int64(-1) },
		"BadDigest: The crc32 you specified did not match the calculated checksum.":                                                         func(in *s3.CompleteMultipartUploadInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") },
		"BadDigest: The crc32 you specified did not match the calculated checksum. ": func(in *s3.CompleteMultipartUploadInput) {
			in.ChecksumSHA1 = aws.String("qvTGHdzF6KLavt4PO0gs2a6pQ00=")
		},
	} {
		in := *full
		claims(&in)
		_, err := client.CompleteMultipartUpload(t.Context(), &in)
		code, message, _ := strings.Cut(strings.TrimSpace(want), ": ")
		if got := wantCode(t, err, code); got != message {
			t.Errorf("got %s, want %s", got, message)
		}
	}
	full.ChecksumType, full.ChecksumCRC32, full.MpuObjectSize = types.ChecksumTypeFullObject, aws.String("NhCmhg=="), aws.Int64(5)
	full.MultipartUpload.Parts[0].ChecksumCRC32 = nil
	_, err := client.CompleteMultipartUpload(t.Context(), full)
	must(t, err)
	composite.MpuObjectSize = aws.Int64(0)
	out, err := client.CompleteMultipartUpload(t.Context(), composite)
	if err != nil || out.ChecksumType != types.ChecksumTypeComposite {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestUploadPartCopy(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, key := aws.String(testBucket), aws.String("to")
	putObject(t, client, "from", strings.Repeat("0123456789", 1<<20))
	created, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i, bytes := range []string{"bytes=0-6291455", "bytes=7-9"} {
		out, err := client.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(int32(i + 1)), CopySource: aws.String(testBucket + "/from"), CopySourceRange: &bytes})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.CopyPartResult.ETag, ChecksumSHA256: out.CopyPartResult.ChecksumSHA256})
	}
	_, err = client.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(3), CopySource: aws.String(testBucket + "/from"), CopySourceRange: aws.String("7-9")})
	wantCode(t, err, "InvalidArgument")
	if _, err := client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}); err != nil {
		t.Fatal(err)
	}
	if body, _ := getObject(t, client, &s3.GetObjectInput{Key: key}); len(body) != 6291459 || !strings.HasSuffix(body, "345789") {
		t.Errorf("%d bytes, ending in %s", len(body), body[len(body)-6:])
	}
}

func TestAbandonedUploads(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	bucket, key := aws.String(testBucket), aws.String("k")
	var ids []*string
	for range 2 {
		created, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		var tags []types.CompletedPart
		for n := range int32(2) {
			out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(n + 1), Body: strings.NewReader("small")})
			if err != nil {
				t.Fatal(err)
			}
			tags = append(tags, types.CompletedPart{PartNumber: aws.Int32(n + 1), ETag: out.ETag})
		}
		_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: tags}})
		wantCode(t, err, "EntityTooSmall")
		ids = append(ids, created.UploadId)
	}
	if _, err := client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: ids[0]}); err != nil {
		t.Fatal(err)
	}
	_, err := client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: ids[0]})
	wantCode(t, err, "NoSuchUpload")
	if _, err := client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: bucket}); err != nil {
		t.Errorf("an upload in progress keeps the bucket: %v", err)
	}
	if used := s.s3.store.used.Load(); used != 0 {
		t.Errorf("%d bytes are still held", used)
	}
}

func TestObjectTags(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	bucket, key := aws.String(testBucket), aws.String("k")
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(""), Tagging: aws.String("a=1&b=2")}); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: bucket, Key: key})
	if err != nil || len(out.TagSet) != 2 || *out.TagSet[1].Value != "2" {
		t.Errorf("tags %+v, %v", out, err)
	}
	if _, err := client.DeleteObjectTagging(t.Context(), &s3.DeleteObjectTaggingInput{Bucket: bucket, Key: key}); err != nil {
		t.Error(err)
	}
	if _, got := getObject(t, client, &s3.GetObjectInput{Key: key}); got.TagCount != nil {
		t.Errorf("%d tags are left", *got.TagCount)
	}
}

// An upload-id-marker counts with a key-marker only: without one it is passed over, and not told.
func TestUploadMarkerWithoutAKey(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	_, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	must(t, err)
	if reply, body := send(t, s, "GET", "/"+testBucket+"?uploads&upload-id-marker=none", "us-east-1/s3", ""); reply.StatusCode != 200 || !strings.Contains(body, "<UploadIdMarker></UploadIdMarker>") || !strings.Contains(body, "<Key>k</Key>") {
		t.Errorf("%d %s", reply.StatusCode, body)
	}
	if reply, body := send(t, s, "GET", "/"+testBucket+"?uploads&key-marker=k&upload-id-marker=none", "us-east-1/s3", ""); reply.StatusCode != 400 || !strings.Contains(body, "<Message>Invalid uploadId marker</Message>") {
		t.Errorf("%d %s", reply.StatusCode, body)
	}
}

// A part without its upload is not taken for an object.
func TestPartsOfNoUpload(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "from", "x")
	for name, header := range map[string][]string{"a part": nil, "a copy": {"X-Amz-Copy-Source", testBucket + "/from"}} {
		if reply, body := send(t, s, "PUT", "/"+testBucket+"/k?partNumber=1", "us-east-1/s3", "", header...); reply.StatusCode != 400 || !strings.Contains(body, "<Message>This operation does not accept partNumber without uploadId</Message>") {
			t.Errorf("%s: %d %s", name, reply.StatusCode, body)
		}
	}
}
