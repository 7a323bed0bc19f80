package emulator

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// sendSigned sends what a presigned URL is for, with the headers that it is signed with and
// some more: NAME: VALUE.
func sendSigned(t *testing.T, signed *v4.PresignedHTTPRequest, body string, more ...string) (status int, answer string, header http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, strings.NewReader(body))
	must(t, err)
	for name, values := range signed.SignedHeader {
		if name != "Host" && name != "Content-Length" {
			request.Header[name] = values
		}
	}
	for _, line := range more {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }() // only read from
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(text), response.Header
}

// with changes a presigned URL: NAME=VALUE, or NAME to take it out.
func with(t *testing.T, signed *v4.PresignedHTTPRequest, changes ...string) *v4.PresignedHTTPRequest {
	t.Helper()
	address, err := url.Parse(signed.URL)
	must(t, err)
	query := address.Query()
	for _, change := range changes {
		if name, value, some := strings.Cut(change, "="); some {
			query.Set(name, value)
		} else {
			query.Del(name)
		}
	}
	address.RawQuery = query.Encode()
	return &v4.PresignedHTTPRequest{URL: address.String(), Method: signed.Method, SignedHeader: signed.SignedHeader}
}

// What a presigned URL says in its query counts as if it were in headers.
func TestPresignedParametersCount(t *testing.T) {
	_, client := s3Client(t)
	newBucket(t, client, false)
	signer := s3.NewPresignClient(client)
	put, err := signer.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), ContentType: aws.String("text/plain"), Metadata: map[string]string{"a": "b"}})
	must(t, err)
	if status, answer, _ := sendSigned(t, put, "hello"); status != http.StatusOK {
		t.Fatalf("the SDK's own: %d %s", status, answer)
	}
	const right, wrong = "NhCmhg==", "AAAAAA==" // CRC32 of hello, and of nothing
	for _, test := range []struct {
		change []string
		want   string // in the answer
	}{
		{[]string{"x-amz-checksum-crc32=" + right, "x-amz-meta-c=d", "x-amz-storage-class=STANDARD_IA", "x-amz-sdk-checksum-algorithm=CRC32", "X-Amz-Tagging=e=f"}, ""},
		{[]string{"x-amz-checksum-crc32=" + wrong}, "<Code>BadDigest</Code>"},
		{[]string{"X-Amz-Website-Redirect-Location=/x"}, "<Code>NotImplemented</Code>"},
		{[]string{"x-amz-storage-class=NONE"}, "<Code>InvalidStorageClass</Code>"},
		{[]string{"x-amz-expected-bucket-owner=999999999999"}, "<Code>AccessDenied</Code>"},
	} {
		if status, answer, _ := sendSigned(t, with(t, put, test.change...), "hello"); test.want == "" != (status == http.StatusOK) || !strings.Contains(answer, test.want) {
			t.Errorf("%q: %d %s", test.change, status, answer)
		}
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled})
	must(t, err)
	if head.StorageClass != types.StorageClassStandardIa || head.Metadata["c"] != "d" || aws.ToString(head.ChecksumCRC32) != right || aws.ToInt32(head.TagCount) != 1 {
		t.Errorf("%+v", head)
	}
	get, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), ResponseContentType: aws.String("text/html"), ResponseContentDisposition: aws.String("attachment")})
	must(t, err)
	if status, answer, header := sendSigned(t, get, ""); status != http.StatusOK || answer != "hello" || header.Get("Content-Type") != "text/html" || header.Get("Content-Disposition") != "attachment" {
		t.Errorf("%d %s %v", status, answer, header)
	}
	plain := with(t, get, append([]string{"X-Amz-Checksum-Mode=ENABLED"}, signedBy...)...)
	if status, answer, _ := sendSigned(t, plain, ""); status != http.StatusNotImplemented || !strings.Contains(answer, "x-amz-checksum-mode") && !strings.Contains(answer, "X-Amz-Checksum-Mode") {
		t.Errorf("a parameter of a URL that is not presigned: %d %s", status, answer)
	}
}

// A presigned URL is good for its time, and for the headers that it names.
func TestPresignedURLIsChecked(t *testing.T) {
	clock := NewManualClock(time.Now())
	s := startServer(t, Options{Clock: clock})
	client := s3.NewFromConfig(sdkConfig(s), func(o *s3.Options) { o.UsePathStyle = true })
	newBucket(t, client, false)
	putObject(t, client, "k", "hello")
	get, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")}, s3.WithPresignExpires(time.Minute))
	must(t, err)
	for _, test := range []struct {
		change, header string
		status         int
		want           string
	}{
		{"", "", http.StatusOK, "hello"},
		{"", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", http.StatusOK, "hello"},
		{"X-Amz-Signature", "", http.StatusBadRequest, "AuthorizationQueryParametersError"},
		{"X-Amz-Algorithm=AWS4", "", http.StatusBadRequest, "X-Amz-Algorithm only supports"},
		{"X-Amz-Date=yesterday", "", http.StatusBadRequest, "ISO8601"},
		{"X-Amz-Expires=soon", "", http.StatusBadRequest, "should be a number"},
		{"X-Amz-Expires=-1", "", http.StatusBadRequest, "non-negative"},
		{"X-Amz-Expires=604801", "", http.StatusBadRequest, "less than a week"},
		{"X-Amz-Date=" + clock.Now().UTC().Add(time.Hour).Format(signatureTime), "", http.StatusForbidden, "Request is not valid yet"},
		{"", "X-Amz-Checksum-Mode: ENABLED", http.StatusForbidden, "<HeadersNotSigned>x-amz-checksum-mode</HeadersNotSigned>"},
		{"", "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0", http.StatusBadRequest, "Only one auth mechanism allowed"},
	} {
		signed, more := get, []string{}
		if test.change != "" {
			signed = with(t, get, test.change)
		}
		if test.header != "" {
			more = append(more, test.header)
		}
		if status, answer, _ := sendSigned(t, signed, "", more...); status != test.status || !strings.Contains(answer, test.want) {
			t.Errorf("%s%s: %d %s", test.change, test.header, status, answer)
		}
	}
	clock.Advance(2 * time.Minute)
	if status, answer, _ := sendSigned(t, get, ""); status != http.StatusForbidden || !strings.Contains(answer, "<Message>Request has expired</Message>") || !strings.Contains(answer, "<ServerTime>") {
		t.Errorf("afterwards: %d %s", status, answer)
	}
}
