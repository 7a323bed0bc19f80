package emulator

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// s3Place is a bucket with an object and an upload of one part.
type s3Place struct {
	bucket, key, upload, etag *string
}

func newPlace(t *testing.T, client *s3.Client, number int) s3Place {
	t.Helper()
	ctx, p := t.Context(), s3Place{bucket: aws.String(fmt.Sprintf("place-%d", number)), key: aws.String("k")}
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: p.bucket})
	must(t, err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: p.bucket, Key: p.key, Body: strings.NewReader("x")})
	must(t, err)
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: p.bucket, Key: p.key})
	must(t, err)
	part, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: p.bucket, Key: p.key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	must(t, err)
	_, err = client.PutBucketMetricsConfiguration(ctx, &s3.PutBucketMetricsConfigurationInput{Bucket: p.bucket, Id: aws.String("m"), MetricsConfiguration: &types.MetricsConfiguration{Id: aws.String("m")}})
	must(t, err)
	p.upload, p.etag = upload.UploadId, part.ETag
	return p
}

// requests gives a request of every operation, of which nothing is refused.
func (p s3Place) requests() []any {
	source, tags := aws.String(*p.bucket+"/k"), &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectAcl","Resource":"arn:aws:s3:::` + *p.bucket + `/*"}]}`
	return []any{
		&s3.AbortMultipartUploadInput{Bucket: p.bucket, Key: p.key, UploadId: p.upload},
		&s3.CompleteMultipartUploadInput{Bucket: p.bucket, Key: p.key, UploadId: p.upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: p.etag}}}},
		&s3.CopyObjectInput{Bucket: p.bucket, Key: aws.String("copy"), CopySource: source}, &s3.CreateBucketInput{Bucket: aws.String(*p.bucket + "-new")},
		&s3.CreateMultipartUploadInput{Bucket: p.bucket, Key: p.key}, &s3.DeleteBucketInput{Bucket: p.bucket}, &s3.DeleteBucketEncryptionInput{Bucket: p.bucket}, &s3.DeleteBucketLifecycleInput{Bucket: p.bucket},
		&s3.DeleteBucketMetricsConfigurationInput{Bucket: p.bucket, Id: aws.String("m")}, &s3.DeleteBucketOwnershipControlsInput{Bucket: p.bucket}, &s3.DeleteBucketPolicyInput{Bucket: p.bucket}, &s3.DeleteBucketTaggingInput{Bucket: p.bucket},
		&s3.DeleteObjectInput{Bucket: p.bucket, Key: p.key}, &s3.DeleteObjectTaggingInput{Bucket: p.bucket, Key: p.key},
		&s3.DeleteObjectsInput{Bucket: p.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: p.key}}}}, &s3.DeletePublicAccessBlockInput{Bucket: p.bucket},
		&s3.GetBucketEncryptionInput{Bucket: p.bucket}, &s3.GetBucketLifecycleConfigurationInput{Bucket: p.bucket}, &s3.GetBucketLocationInput{Bucket: p.bucket}, &s3.GetBucketMetricsConfigurationInput{Bucket: p.bucket, Id: aws.String("m")},
		&s3.GetBucketOwnershipControlsInput{Bucket: p.bucket}, &s3.GetBucketPolicyInput{Bucket: p.bucket}, &s3.GetBucketPolicyStatusInput{Bucket: p.bucket}, &s3.GetBucketTaggingInput{Bucket: p.bucket}, &s3.GetBucketVersioningInput{Bucket: p.bucket},
		&s3.GetObjectInput{Bucket: p.bucket, Key: p.key}, &s3.GetObjectTaggingInput{Bucket: p.bucket, Key: p.key}, &s3.GetPublicAccessBlockInput{Bucket: p.bucket}, &s3.HeadBucketInput{Bucket: p.bucket}, &s3.HeadObjectInput{Bucket: p.bucket, Key: p.key},
		&s3.ListBucketMetricsConfigurationsInput{Bucket: p.bucket}, &s3.ListBucketsInput{}, &s3.ListMultipartUploadsInput{Bucket: p.bucket}, &s3.ListObjectVersionsInput{Bucket: p.bucket}, &s3.ListObjectsInput{Bucket: p.bucket}, &s3.ListObjectsV2Input{Bucket: p.bucket},
		&s3.ListPartsInput{Bucket: p.bucket, Key: p.key, UploadId: p.upload},
		&s3.PutBucketEncryptionInput{Bucket: p.bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}}}}},
		&s3.PutBucketLifecycleConfigurationInput{Bucket: p.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}}}},
		&s3.PutBucketMetricsConfigurationInput{Bucket: p.bucket, Id: aws.String("m"), MetricsConfiguration: &types.MetricsConfiguration{Id: aws.String("m")}},
		&s3.PutBucketOwnershipControlsInput{Bucket: p.bucket, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}}}},
		&s3.PutBucketPolicyInput{Bucket: p.bucket, Policy: &policy}, &s3.PutBucketTaggingInput{Bucket: p.bucket, Tagging: tags},
		&s3.PutBucketVersioningInput{Bucket: p.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}},
		&s3.PutObjectInput{Bucket: p.bucket, Key: p.key, Body: strings.NewReader("x")}, &s3.PutObjectTaggingInput{Bucket: p.bucket, Key: p.key, Tagging: tags},
		&s3.PutPublicAccessBlockInput{Bucket: p.bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}},
		&s3.UploadPartInput{Bucket: p.bucket, Key: p.key, UploadId: p.upload, PartNumber: aws.Int32(1), Body: strings.NewReader("x")},
		&s3.UploadPartCopyInput{Bucket: p.bucket, Key: p.key, UploadId: p.upload, PartNumber: aws.Int32(1), CopySource: source},
	}
}

// s3Samples are values of members whose form is checked before anything else is.
func s3Samples() map[string]any {
	sum := md5.Sum([]byte("x"))
	return map[string]any{
		"ExpectedBucketOwner": aws.String("000000000000"), "ExpectedSourceBucketOwner": aws.String("000000000000"), "ContentMD5": aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		"ACL": types.ObjectCannedACLPrivate, "SSECustomerKey": aws.String("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), "ContentLength": aws.Int64(1), "EncodingType": types.EncodingTypeUrl,
		"IfNoneMatch": aws.String("*"),
	}
}

// plainHeaders are headers of HTTP itself that operations heed.
var plainHeaders = map[string][]string{
	"PutObject":               {"CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "ContentLength", "ContentMD5", "Expires", "IfMatch", "IfNoneMatch"},
	"CopyObject":              {"CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires", "IfMatch", "IfNoneMatch"},
	"CreateMultipartUpload":   {"CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"},
	"CompleteMultipartUpload": {"IfMatch", "IfNoneMatch"},
	"UploadPart":              {"ContentLength", "ContentMD5"},
	"DeleteObject":            {"IfMatch"},
	"GetObject":               {"IfMatch", "IfModifiedSince", "IfNoneMatch", "IfUnmodifiedSince", "Range"},
	"HeadObject":              {"IfMatch", "IfModifiedSince", "IfNoneMatch", "IfUnmodifiedSince", "Range"},
}

// What S3's operations have in headers and queries is heeded, or refused by name and counted.
func TestEveryUnsupportedMemberOfS3IsRefusedByName(t *testing.T) {
	s := startServer(t, Options{})
	record := &requestRecord{}
	client := s3For(s, func(c *aws.Config) { record.inner, c.HTTPClient = c.HTTPClient, record })
	tried := map[string]bool{}
	places, refused := 0, 0
	for i, base := range newPlace(t, client, places).requests() {
		o := operationOf(base)
		tried[o.Name] = true
		for field := range exported(reflect.TypeOf(base).Elem()) {
			if !reflect.ValueOf(base).Elem().FieldByIndex(field.Index).IsZero() || field.Type.Kind() == reflect.Interface {
				continue
			}
			places++
			input := newPlace(t, client, places).requests()[i]
			member := reflect.ValueOf(input).Elem().FieldByIndex(field.Index)
			value := sample(field.Type, field.Name)
			if given, ok := s3Samples()[field.Name]; ok && reflect.TypeOf(given).ConvertibleTo(field.Type) {
				value = reflect.ValueOf(given).Convert(field.Type)
			}
			member.Set(value)
			before := s.Unsupported()
			_, err := callOperation(t.Context(), client, o.Name, input)
			named := slices.ContainsFunc(s.Unsupported(), func(u UnsupportedCount) bool {
				return u.Service == "s3" && u.Operation == o.Name && u.Member != "" && !slices.Contains(before, u)
			})
			switch api, _ := errors.AsType[smithy.APIError](err); {
			case named:
				refused++
			case api != nil && api.ErrorCode() == "NotImplemented":
				t.Errorf("%s refuses %s, but not by name: %v", o.Name, field.Name, err)
			case err != nil && api == nil && !strings.Contains(err.Error(), "checksum"):
				t.Errorf("%s with %s: %v", o.Name, field.Name, err)
			case !record.carries(member) && err == nil && !slices.Contains(plainHeaders[o.Name], field.Name) && !serial(field.Type):
				t.Errorf("%s takes %s, which is in no header or query that it heeds: %v", o.Name, field.Name, record.header)
			}
		}
	}
	for _, o := range s.Operations() {
		if o.Service == "s3" && !tried[o.Name] {
			t.Errorf("%s is not tried", o.Name)
		}
	}
	if refused < 60 {
		t.Errorf("only %d members were refused", refused)
	}
}

// serial tells a member that is a document or holds metadata.
func serial(t reflect.Type) bool {
	return t.Kind() == reflect.Map || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && t.Elem().PkgPath() != "time"
}

// requestRecord keeps the last request.
type requestRecord struct {
	inner  aws.HTTPClient
	header http.Header
	query  map[string][]string
	body   []byte
}

func (r *requestRecord) Do(request *http.Request) (*http.Response, error) {
	r.header, r.query = request.Header.Clone(), request.URL.Query()
	if request.Body != nil {
		var err error
		if r.body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return r.inner.Do(request)
}

// carries tells whether the request had something of S3's own beside the plain headers: the
// server, which lets nothing pass that is not in its table, has then looked at it.
func (r *requestRecord) carries(member reflect.Value) bool {
	text := fmt.Sprint(reflect.Indirect(member).Interface())
	if at, ok := reflect.Indirect(member).Interface().(time.Time); ok {
		text = at.UTC().Format(http.TimeFormat)
	}
	for name, values := range r.header {
		if strings.HasPrefix(name, "X-Amz-") && slices.ContainsFunc(values, func(v string) bool {
			return strings.EqualFold(v, text) || strings.EqualFold(v, strings.Trim(text, "[]"))
		}) {
			return true
		}
	}
	for name, values := range r.query {
		if name != "x-id" && (slices.Contains(values, text) || name == "response-expires") {
			return true
		}
	}
	return false
}

// The table of what S3's operations heed tells no lies: the code looks at each.
func TestWhatS3HeedsIsReadByItsCode(t *testing.T) {
	names, err := filepath.Glob("s3_*.go")
	must(t, err)
	var code strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || name == "s3_members.go" || name == "s3_model.go" {
			continue
		}
		text, err := os.ReadFile(name)
		must(t, err)
		code.Write(text)
	}
	read := code.String()
	for operation, members := range s3MembersOf() {
		for _, header := range members.headers {
			condition, copies := strings.CutPrefix(header, "Copy-Source-If-")
			if !strings.Contains(read, `"X-Amz-`+header+`"`) && !strings.HasPrefix(header, "Checksum-") && (!copies || !strings.Contains(read, `"If-`+condition+`"`)) {
				t.Errorf("%s: nothing reads the header x-amz-%s", operation, header)
			}
		}
		for _, query := range members.queries {
			if !strings.Contains(read, `"`+query+`"`) && !strings.HasPrefix(query, "response-") {
				t.Errorf("%s: nothing reads the query parameter %s", operation, query)
			}
		}
	}
}

// elsewhere are operations that the SDK sends to other hosts than S3's.
var elsewhere = map[string]string{
	"ListDirectoryBuckets":   "it goes to S3 Express; it is sent by hand",
	"WriteGetObjectResponse": "it goes to S3 Object Lambda",
}

// Each operation of S3 that the emulator does not have is refused as such.
func TestAbsentOperationsOfS3AreRefused(t *testing.T) {
	s := startServer(t, Options{})
	client := s3For(s, nil)
	p := newPlace(t, client, 0)
	has := s.Operations()
	kind, absent := reflect.TypeOf(client), 0
	for i := range kind.NumMethod() {
		method := kind.Method(i)
		if elsewhere[method.Name] != "" || method.Type.NumIn() != 4 || slices.Contains(has, Operation{"s3", method.Name}) || !strings.HasSuffix(method.Type.In(2).String(), "Input") {
			continue
		}
		input := reflect.New(method.Type.In(2).Elem())
		for field := range exported(input.Elem().Type()) {
			if field.Name != "ChecksumAlgorithm" { // the SDK computes not all
				input.Elem().FieldByIndex(field.Index).Set(sample(field.Type, field.Name))
			}
		}
		for name, value := range map[string]*string{"Bucket": p.bucket, "Key": p.key, "ExpectedBucketOwner": aws.String("000000000000")} {
			if field := input.Elem().FieldByName(name); field.IsValid() {
				field.Set(reflect.ValueOf(value))
			}
		}
		before := s.unsupported.sum()
		_, err := callOperation(t.Context(), client, method.Name, input.Interface())
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "NotImplemented" || s.unsupported.sum() == before {
			t.Errorf("%s: %v", method.Name, err)
		}
		absent++
	}
	before := s.unsupported.sum()
	if response, body := send(t, s, "GET", "/?max-directory-buckets=1", "us-east-1/s3", ""); response.StatusCode != http.StatusNotImplemented || s.unsupported.sum() == before {
		t.Errorf("ListDirectoryBuckets: %d %s", response.StatusCode, body)
	}
	if absent < 40 {
		t.Errorf("only %d operations were tried", absent)
	}
}

// No element of S3's documents is dropped: there is a place for it, or it is refused by name.
func TestElementsOfS3sDocumentsAreKeptOrRefused(t *testing.T) {
	s := startServer(t, Options{})
	record := &requestRecord{}
	client := s3For(s, func(c *aws.Config) { record.inner, c.HTTPClient = c.HTTPClient, record })
	bucket, key, id := aws.String("b"), aws.String("k"), aws.String("sample")
	tested := map[string]any{
		"CreateBucket": &createConfiguration{}, "PutBucketEncryption": &encryptionConfiguration{}, "PutBucketLifecycleConfiguration": &lifecycleConfiguration{},
		"PutBucketMetricsConfiguration": &metricsConfiguration{}, "PutBucketOwnershipControls": &ownershipControls{}, "PutBucketTagging": &tagging{}, "PutObjectTagging": &tagging{},
		"PutBucketVersioning": &versioningConfiguration{}, "PutPublicAccessBlock": &publicAccessBlock{}, "DeleteObjects": &deleteRequest{}, "CompleteMultipartUpload": &completeRequest{},
	}
	for operation, document := range tested {
		t.Run(operation, func(t *testing.T) {
			method := reflect.ValueOf(client).MethodByName(operation)
			input := reflect.New(method.Type().In(1).Elem())
			for field := range exported(input.Elem().Type()) {
				if serial(field.Type) {
					input.Elem().FieldByIndex(field.Index).Set(sample(field.Type, field.Name))
				}
			}
			for name, value := range map[string]*string{"Bucket": bucket, "Key": key, "Id": id, "UploadId": id} {
				if field := input.Elem().FieldByName(name); field.IsValid() {
					field.Set(reflect.ValueOf(value))
				}
			}
			_, err := callOperation(t.Context(), client, operation, input.Interface())
			if err == nil {
				t.Error("a document of everything at once is taken")
			}
			if err := xml.Unmarshal(record.body, document); err != nil {
				t.Fatalf("%v in %s", err, record.body)
			}
			for _, element := range unknownElements(reflect.ValueOf(document)) {
				if !slices.Contains(absentElements, element) {
					t.Errorf("%s is in S3's document, and not refused by name", element)
				}
			}
		})
	}
}
