package emulator

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// s3Members are the headers named x-amz-… and the query parameters that each
// operation of S3 heeds, beside those of every request and, of queries, the one that
// selects the operation. What else of S3's own is in a request is refused.
type s3Members struct {
	headers []string // without X-Amz-
	queries []string
}

// everyHeader are headers that say nothing about what an operation is to do: of the
// signature, the transport and the client; the owner is checked for all, and nobody
// pays.
var everyHeader = []string{
	"Content-Sha256", "Date", "Security-Token", "User-Agent", "Decoded-Content-Length", "Trailer", "Te",
	"Expected-Bucket-Owner", "Request-Payer", "Sdk-Checksum-Algorithm",
}

// needlessHeaders are those for which there is nothing to do, with the reason.
var needlessHeaders = map[string]string{
	"Bypass-Governance-Retention":       "no object is locked",
	"Mfa":                               "no bucket has MFA delete",
	"Confirm-Remove-Self-Bucket-Access": "no policy is refused for locking out who puts it",
	"Optional-Object-Attributes":        "no object is being restored",
	"Object-Annotation-Directive":       "no object has annotations",
}

// s3Queries are the parameters of S3's operations that select none.
var s3Queries = []string{
	"annotation-prefix", "annotationName", "bucket-region", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "id", "key-marker", "marker",
	"max-annotation-results", "max-buckets", "max-directory-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber", "prefix",
	"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires",
	"select-type", "start-after", "upload-id-marker", "version-id-marker", "versionId",
}

// absentElements are elements of S3's own documents that the emulator does not have.
var absentElements = []string{
	"Bucket", "Location", // of a directory bucket
	"ChecksumXXHASH128", "ChecksumXXHASH3", "ChecksumXXHASH64",
}

func s3MembersOf() map[string]s3Members {
	written := []string{
		"Acl", "Grant-Full-Control", "Grant-Read", "Grant-Read-Acp", "Grant-Write-Acp", "Server-Side-Encryption", "Server-Side-Encryption-Aws-Kms-Key-Id",
		"Server-Side-Encryption-Bucket-Key-Enabled", "Storage-Class", "Tagging",
	}
	source := []string{
		"Copy-Source", "Copy-Source-If-Match", "Copy-Source-If-Modified-Since", "Copy-Source-If-None-Match", "Copy-Source-If-Unmodified-Since", "Source-Expected-Bucket-Owner",
	}
	var sums []string
	for _, algorithm := range checksumAlgorithms {
		sums = append(sums, "Checksum-"+strings.ToUpper(algorithm[:1])+algorithm[1:])
	}
	read := s3Members{headers: []string{"Checksum-Mode"}, queries: append([]string{"versionId"}, prefixed("response-", "cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")...)}
	listed := []string{"delimiter", "encoding-type", "prefix"}
	id, version := s3Members{queries: []string{"id"}}, s3Members{queries: []string{"versionId"}}
	return map[string]s3Members{
		"PutObject":                        {headers: slices.Concat(written, sums)},
		"CopyObject":                       {headers: slices.Concat(written, source, []string{"Checksum-Algorithm", "Metadata-Directive", "Tagging-Directive"})},
		"CreateMultipartUpload":            {headers: slices.Concat(written, []string{"Checksum-Algorithm", "Checksum-Type"})},
		"UploadPart":                       {headers: sums, queries: []string{"partNumber"}},
		"UploadPartCopy":                   {headers: slices.Concat(source, []string{"Copy-Source-Range"}), queries: []string{"partNumber"}},
		"CompleteMultipartUpload":          {headers: slices.Concat(sums, []string{"Checksum-Type", "Mp-Object-Size"})},
		"CreateBucket":                     {headers: []string{"Acl", "Bucket-Namespace", "Bucket-Object-Lock-Enabled", "Object-Ownership"}},
		"PutBucketLifecycleConfiguration":  {headers: []string{"Transition-Default-Minimum-Object-Size"}},
		"GetObject":                        read,
		"HeadObject":                       read,
		"DeleteObject":                     version,
		"GetObjectTagging":                 version,
		"PutObjectTagging":                 version,
		"DeleteObjectTagging":              version,
		"GetBucketMetricsConfiguration":    id,
		"PutBucketMetricsConfiguration":    id,
		"DeleteBucketMetricsConfiguration": id,
		"ListBucketMetricsConfigurations":  {queries: []string{"continuation-token"}},
		"ListBuckets":                      {queries: []string{"bucket-region", "continuation-token", "max-buckets", "prefix"}},
		"ListMultipartUploads":             {queries: append([]string{"key-marker", "max-uploads", "upload-id-marker"}, listed...)},
		"ListObjectVersions":               {queries: append([]string{"key-marker", "max-keys", "version-id-marker"}, listed...)},
		"ListObjects":                      {queries: append([]string{"marker", "max-keys"}, listed...)},
		"ListObjectsV2":                    {queries: append([]string{"continuation-token", "fetch-owner", "max-keys", "start-after"}, listed...)},
		"ListParts":                        {queries: []string{"max-parts", "part-number-marker"}},
	}
}

func prefixed(prefix string, names ...string) []string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}

// checkMembers refuses what an operation would not heed.
func (s *s3Service) checkMembers(q *s3Request, operation s3Operation) error {
	heeded := s.members[operation.called(q)]
	for _, header := range sortedKeys(q.Header) {
		rest, ours := strings.CutPrefix(header, "X-Amz-")
		digest := strings.HasPrefix(rest, "Checksum-") && q.Method != http.MethodGet && q.Method != http.MethodHead && operation.document()
		switch {
		case !ours, digest, strings.HasPrefix(header, metaPrefix), needlessHeaders[rest] != "":
		case !slices.Contains(everyHeader, rest) && !slices.Contains(heeded.headers, rest):
			return notHeededByS3(header, "header", strings.ToLower(header))
		}
	}
	for _, query := range sortedKeys(q.query) {
		// Of a URL that is not presigned, or with a signature of version 2.
		header, isHeader := strings.CutPrefix(textproto.CanonicalMIMEHeaderKey(query), "X-Amz-")
		ours := slices.Contains(s3Queries, query) || isHeader && !slices.Contains(everyHeader, header)
		if ours && !slices.Contains(heeded.queries, query) {
			return notHeededByS3(query, "query parameter", query)
		}
	}
	return nil
}

// called is the name that AWS has for the operation of a request: some routes lead to two.
func (o s3Operation) called(q *s3Request) string {
	copies := q.Header.Get("X-Amz-Copy-Source") != ""
	switch {
	case o.name == "PutObject" && copies:
		return "CopyObject"
	case o.name == "UploadPart" && copies:
		return "UploadPartCopy"
	case o.name == "GetBucketMetricsConfiguration" && !q.query.Has("id"):
		return "ListBucketMetricsConfigurations"
	case o.name == "DeleteBucketLifecycleConfiguration":
		return "DeleteBucketLifecycle"
	}
	return o.name
}

// document tells an operation that reads a document, which may come with a checksum.
func (o s3Operation) document() bool {
	return strings.HasPrefix(o.name, "Put") && o.name != "PutObject" || o.name == "DeleteObjects" || o.name == "CreateBucket"
}

// notHeededByS3 refuses in S3's words, and names what it is about.
func notHeededByS3(member, kind, name string) *apiError {
	failure := failf(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented: the emulator does not have the %s %s here.", kind, name)
	if kind != "header" {
		failure.Message = "A " + kind + strings.TrimPrefix(failure.Message, "A header")
	}
	failure.Extra = map[string]any{"Header": member}
	return notHad(failure, name)
}
