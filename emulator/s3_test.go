package emulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Client gives a client of a new emulator.
func s3Client(t testing.TB) (*Server, *s3.Client) {
	t.Helper()
	s := startServer(t, Options{})
	return s, s3For(s, nil)
}

func s3For(s *Server, change func(*aws.Config)) *s3.Client {
	config := sdkConfig(s)
	config.RequestChecksumCalculation, config.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenSupported, aws.ResponseChecksumValidationWhenSupported
	if change != nil {
		change(&config)
	}
	return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
}

const testBucket = "test-bucket-000000000000"

// newBucket makes testBucket, with versions if asked for.
func newBucket(t testing.TB, client *s3.Client, versioned bool) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(testBucket)}); err != nil {
		t.Fatal(err)
	}
	if versioned {
		setVersioning(t, client, types.BucketVersioningStatusEnabled)
	}
}

func setVersioning(t testing.TB, client *s3.Client, status types.BucketVersioningStatus) {
	t.Helper()
	_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String(testBucket), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func putObject(t testing.TB, client *s3.Client, key, body string) *s3.PutObjectOutput {
	t.Helper()
	out, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("putting %s: %v", key, err)
	}
	return out
}

func getObject(t testing.TB, client *s3.Client, in *s3.GetObjectInput) (string, *s3.GetObjectOutput) {
	t.Helper()
	in.Bucket = aws.String(testBucket)
	out, err := client.GetObject(t.Context(), in)
	if err != nil {
		t.Fatalf("getting %s: %v", *in.Key, err)
	}
	body, err := io.ReadAll(out.Body) // the SDK checks the checksum while reading
	if err != nil {
		t.Fatal(err)
	}
	return string(body), out
}

func statusOf(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

func TestObjectRoundTrip(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	key := "enriched-data/2026/03/01/12/a key+with ünusual & <chars>.ndjson.gz"
	put, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader("hello"), ContentType: aws.String("application/x-ndjson"),
		ContentEncoding: aws.String("gzip"), Metadata: map[string]string{"first": "1"}, CacheControl: aws.String("no-cache"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := aws.ToString(put.ETag), `"5d41402abc4b2a76b9719d911017c592"`; got != want {
		t.Errorf("ETag %s, want the MD5 %s", got, want)
	}
	if aws.ToString(put.ChecksumCRC32) != "NhCmhg==" || put.ChecksumType != types.ChecksumTypeFullObject || put.ServerSideEncryption != types.ServerSideEncryptionAes256 {
		t.Errorf("checksum %v %v, encryption %v", aws.ToString(put.ChecksumCRC32), put.ChecksumType, put.ServerSideEncryption)
	}
	if put.VersionId != nil {
		t.Errorf("a bucket without versions gave version %s", *put.VersionId)
	}
	body, got := getObject(t, client, &s3.GetObjectInput{Key: &key})
	if body != "hello" || aws.ToString(got.ContentType) != "application/x-ndjson" || aws.ToString(got.ContentEncoding) != "gzip" || got.Metadata["first"] != "1" || aws.ToString(got.CacheControl) != "no-cache" || *got.ContentLength != 5 {
		t.Errorf("got %q %+v", body, got)
	}
	if got.LastModified == nil || time.Since(*got.LastModified) > time.Minute {
		t.Errorf("last modified %v", got.LastModified)
	}
	// A second write takes the place of the first with all that it had.
	putObject(t, client, key, "again")
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	if len(head.Metadata) != 0 || head.ContentEncoding != nil || *head.ContentLength != 5 || head.ChecksumCRC32 == nil {
		t.Errorf("head after overwriting: %+v", head)
	}
}

func TestObjectErrors(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "there", "12345")
	there := func() *s3.GetObjectInput {
		return &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("there")}
	}
	get := func(change func(*s3.GetObjectInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			in := there()
			change(in)
			_, err := client.GetObject(ctx, in)
			return err
		}
	}
	put := func(change func(*s3.PutObjectInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			in := &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("there"), Body: strings.NewReader("x")}
			change(in)
			_, err := client.PutObject(ctx, in)
			return err
		}
	}
	tests := []struct {
		name   string
		call   func(context.Context) error
		code   string
		status int
	}{
		{"no such key", get(func(in *s3.GetObjectInput) { in.Key = aws.String("nowhere") }), "NoSuchKey", 404},
		{"no such bucket", get(func(in *s3.GetObjectInput) { in.Bucket = aws.String("no-such-bucket") }), "NoSuchBucket", 404},
		{"no such version", get(func(in *s3.GetObjectInput) { in.VersionId = aws.String("abc") }), "NoSuchVersion", 404},
		{"not satisfiable", get(func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=5-") }), "InvalidRange", 416},
		{"if match", get(func(in *s3.GetObjectInput) { in.IfMatch = aws.String(`"other"`) }), "PreconditionFailed", 412},
		{"other owner", get(func(in *s3.GetObjectInput) { in.ExpectedBucketOwner = aws.String("111111111111") }), "AccessDenied", 403},
		{"one part", get(func(in *s3.GetObjectInput) { in.PartNumber = aws.Int32(1) }), "NotImplemented", 501},
		{"exists already", put(func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed", 412},
		{"other etag", put(func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"0"`) }), "PreconditionFailed", 412},
		{"key too long", put(func(in *s3.PutObjectInput) { in.Key = aws.String(strings.Repeat("k", 1025)) }), "KeyTooLongError", 400},
		{"bad md5", put(func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("XUFAKrxLKna5cZ2REBfFkg==") }), "BadDigest", 400},
		{"broken md5", put(func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("eHg=") }), "InvalidDigest", 400},
		{"bad checksum", put(func(in *s3.PutObjectInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") }), "BadDigest", 400},
		{"xxhash", put(func(in *s3.PutObjectInput) { in.ChecksumXXHASH64 = aws.String("AAAAAAAAAAA=") }), "NotImplemented", 501},
		{"acl", put(func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLPublicRead }), "AccessControlListNotSupported", 400},
		{"storage class", put(func(in *s3.PutObjectInput) { in.StorageClass = "CHEAP" }), "InvalidStorageClass", 400},
		{"customer key", put(func(in *s3.PutObjectInput) { in.WebsiteRedirectLocation = aws.String("/x") }), "NotImplemented", 501},
		{"too much metadata", put(func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"k": strings.Repeat("v", 2048)} }), "MetadataTooLarge", 400},
		{"system tag", put(func(in *s3.PutObjectInput) { in.Tagging = aws.String("aws:x=1") }), "InvalidTag", 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.call(t.Context())
			wantCode(t, err, test.code)
			if got := statusOf(err); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
		})
	}
	body, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("there")})
	if body != "12345" {
		t.Errorf("a refused write changed the object to %q", body)
	}
}

func TestNotModified(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	put := putObject(t, client, "k", "v")
	_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), IfNoneMatch: put.ETag})
	if got := statusOf(err); got != http.StatusNotModified {
		t.Fatalf("got %v, want 304", err)
	}
}

func TestRanges(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "k", "0123456789")
	for _, test := range []struct{ header, body, content string }{
		{"bytes=0-0", "0", "bytes 0-0/10"},
		{"bytes=3-", "3456789", "bytes 3-9/10"},
		{"bytes=-4", "6789", "bytes 6-9/10"},
		{"bytes=8-100", "89", "bytes 8-9/10"},
		{"bytes=-100", "0123456789", "bytes 0-9/10"},
		{"nonsense", "0123456789", ""},
		{"bytes=5-2", "0123456789", ""},
	} {
		body, out := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k"), Range: &test.header})
		if body != test.body || aws.ToString(out.ContentRange) != test.content {
			t.Errorf("%s: got %q %q, want %q %q", test.header, body, aws.ToString(out.ContentRange), test.body, test.content)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	s, client := s3Client(t)
	_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	withID, ok := errors.AsType[s3.ResponseError](err)
	if !ok || len(withID.ServiceRequestID()) != 16 || withID.ServiceHostID() == "" {
		t.Errorf("no request ID: %v", err)
	}
	response := rawRequest(t, s, http.MethodGet, "/"+testBucket+"/k", nil, nil)
	text := readAll(t, response)
	for _, part := range []string{"<Code>NoSuchBucket</Code>", "<BucketName>" + testBucket + "</BucketName>", "<RequestId>" + response.Header.Get("x-amz-request-id") + "</RequestId>", "<HostId>"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

// rawRequest sends an unsigned request.
func rawRequest(t testing.TB, s *Server, method, path string, body io.Reader, header http.Header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		if name == "Host" {
			request.Host = values[0]
		}
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func readAll(t testing.TB, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestVirtualHosts(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	putObject(t, client, "a/b", "v")
	for _, host := range []string{testBucket + ".localhost:1234", testBucket + ".127.0.0.1", testBucket + ".s3.localhost", testBucket + ".s3.us-east-1.amazonaws.com"} {
		if got := readAll(t, rawRequest(t, s, http.MethodGet, "/a/b", nil, http.Header{"Host": {host}})); got != "v" {
			t.Errorf("%s: got %q", host, got)
		}
	}
}

func TestLocate(t *testing.T) {
	for _, test := range []struct{ host, path, bucket, key string }{
		{"127.0.0.1:80", "/b/k/l", "b", "k/l"},
		{"127.0.0.1", "/", "", ""},
		{"localhost:1", "/b", "b", ""},
		{"localhost:1", "/b/", "b", ""},
		{"s3.localhost", "/b/k", "b", "k"},
		{"s3.us-east-1.amazonaws.com", "/b/k", "b", "k"},
		{"a.b.localhost:1", "//k", "a.b", "/k"},
		{"127.0.0.1", "/b//k", "b", "/k"},
	} {
		if bucket, key := locate(test.host, test.path); bucket != test.bucket || key != test.key {
			t.Errorf("%s%s: got %q %q, want %q %q", test.host, test.path, bucket, key, test.bucket, test.key)
		}
	}
}

func TestChunkedBody(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	chunked := func(body, trailer string, header http.Header) *http.Response {
		h := http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "X-Amz-Decoded-Content-Length": {"5"}, "Content-Encoding": {"aws-chunked"}, "X-Amz-Trailer": {"x-amz-checksum-crc32"}}
		for name, values := range header {
			h[name] = values
		}
		return rawRequest(t, s, http.MethodPut, "/"+testBucket+"/c", strings.NewReader(body+trailer), h)
	}
	tests := []struct {
		name, body, trailer string
		header              http.Header
		status              int
		code                string
	}{
		{"trailer", "2\r\nhe\r\n3\r\nllo\r\n0\r\n", "x-amz-checksum-crc32:NhCmhg==\r\n\r\n", nil, 200, ""},
		{"signed chunks", "5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n", "", http.Header{"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, "X-Amz-Trailer": nil}, 200, ""},
		{"wrong checksum", "5\r\nhello\r\n0\r\n", "x-amz-checksum-crc32:AAAAAA==\r\n\r\n", nil, 400, "BadDigest"},
		{"no trailer", "5\r\nhello\r\n0\r\n", "\r\n", nil, 400, "MalformedTrailerError"},
		{"cut off", "5\r\nhel", "", nil, 400, "IncompleteBody"},
		{"too long", "6\r\nhello!\r\n0\r\n", "\r\n", nil, 400, "IncompleteBody"},
		{"too short", "4\r\nhell\r\n0\r\n", "\r\n", nil, 400, "IncompleteBody"},
		{"no size", "x\r\n", "", nil, 400, "IncompleteBody"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response := chunked(test.body, test.trailer, test.header)
			text := readAll(t, response)
			if response.StatusCode != test.status || test.code != "" && !strings.Contains(text, "<Code>"+test.code+"</Code>") {
				t.Fatalf("got %d %s, want %d %s", response.StatusCode, text, test.status, test.code)
			}
		})
	}
	body, out := getObject(t, client, &s3.GetObjectInput{Key: aws.String("c")})
	if body != "hello" || out.ContentEncoding != nil {
		t.Errorf("got %q, encoding %v", body, aws.ToString(out.ContentEncoding))
	}
}

func TestEveryChecksum(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256} {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), Body: bytes.NewReader([]byte("123456789")), ChecksumAlgorithm: algorithm})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		getObject(t, client, &s3.GetObjectInput{Key: aws.String("k")})
	}
	// The check value of CRC-64/NVME: https://reveng.sourceforge.io/crc-catalogue/all.htm
	if sum, err := checksum("crc64nvme", []byte("123456789")); err != nil || sum != "rosUhgp5mIg=" {
		t.Errorf("CRC64NVME is %s, %v", sum, err)
	}
}

func TestPutOfInProcessWriters(t *testing.T) {
	s, client := s3Client(t)
	if err := s.s3.put(t.Context(), testBucket, "k", nil); err == nil || asAPIError(err).Code != "NoSuchBucket" {
		t.Errorf("got %v", err)
	}
	newBucket(t, client, false)
	body := []byte("abc")
	if err := s.s3.put(t.Context(), testBucket, "k", body); err != nil {
		t.Fatal(err)
	}
	body[0] = 'x'
	if got, _ := getObject(t, client, &s3.GetObjectInput{Key: aws.String("k")}); got != "abc" {
		t.Errorf("got %q: the writer's bytes are shared", got)
	}
}

func TestCopyObject(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, true)
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("from here"), Body: strings.NewReader("v"), Metadata: map[string]string{"m": "1"}}); err != nil {
		t.Fatal(err)
	}
	out, err := client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: aws.String("to"), CopySource: aws.String(testBucket + "/from%20here")})
	if err != nil {
		t.Fatal(err)
	}
	if out.VersionId == nil || out.CopySourceVersionId == nil || aws.ToString(out.CopyObjectResult.ETag) == "" {
		t.Errorf("copied: %+v", out)
	}
	if body, got := getObject(t, client, &s3.GetObjectInput{Key: aws.String("to")}); body != "v" || got.Metadata["m"] != "1" {
		t.Errorf("got %q %v", body, got.Metadata)
	}
	_, err = client.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: aws.String("to"), CopySource: aws.String(testBucket + "/to")})
	wantCode(t, err, "InvalidRequest")
}

func TestCapacity(t *testing.T) {
	s, client := s3Client(t)
	newBucket(t, client, false)
	s.s3.store.used.Store(s3Capacity - 3)
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), Body: strings.NewReader("1234")})
	wantCode(t, err, "SlowDown")
	putObject(t, client, "k", "123")
	putObject(t, client, "k", "456") // takes the place of the first, and its room
}
