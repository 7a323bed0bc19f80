package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// newVersion takes what the headers of a write say about the object.
func (s *s3Service) newVersion(q *s3Request) (*s3Version, error) {
	if err := refuseFeatures(q); err != nil {
		return nil, err
	}
	version := &s3Version{modified: s.now(), header: http.Header{}}
	size := 0
	for name, values := range q.Header {
		if slices.Contains(kept, name) {
			version.header[name] = values[:1]
		}
		if rest, ok := strings.CutPrefix(name, metaPrefix); ok {
			version.header[name] = []string{strings.Join(values, ",")}
			size += len(rest) + len(version.header.Get(name))
		}
	}
	if size > maxMetadata {
		err := failf(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
		err.Extra = map[string]any{"Size": size, "MaxSizeAllowed": maxMetadata}
		return nil, err
	}
	if version.header.Get("Content-Type") == "" {
		version.header.Set("Content-Type", "binary/octet-stream")
	}
	if encoding := plainEncoding(version.header.Get("Content-Encoding")); encoding != "" {
		version.header.Set("Content-Encoding", encoding)
	} else {
		version.header.Del("Content-Encoding")
	}
	if class := q.Header.Get("X-Amz-Storage-Class"); class != "" && class != "STANDARD" {
		version.header.Set("X-Amz-Storage-Class", class)
	}
	if err := encrypt(q, version.header); err != nil {
		return nil, err
	}
	var err error
	version.tags, err = headerTags(q.Header.Get("X-Amz-Tagging"))
	return version, err
}

// plainEncoding takes aws-chunked, which is of the transport, out of an
// object's content encoding.
func plainEncoding(header string) string {
	var rest []string
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			rest = append(rest, part)
		}
	}
	return strings.Join(rest, ",")
}

var storageClasses = []string{"", "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"}

// refuseFeatures answers for what a write may ask and the emulator would have
// to ignore.
func refuseFeatures(q *s3Request) error {
	if !slices.Contains(storageClasses, q.Header.Get("X-Amz-Storage-Class")) {
		return failf(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid")
	}
	acl := q.Header.Get("X-Amz-Acl")
	for _, header := range []string{"X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write-Acp"} {
		if q.Header.Get(header) != "" {
			acl = header
		}
	}
	if acl == "" || acl == "private" || acl == "bucket-owner-full-control" {
		return nil
	}
	if ownership := q.bucket.current().ownership; ownership != nil && ownership.Rules[0].ObjectOwnership == ownerEnforced {
		return failf(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	return notImplemented("access control lists")
}

// encrypt sets the encryption headers: the request's or the bucket's default.
func encrypt(q *s3Request, header http.Header) error {
	rule := q.bucket.current().encryption.Rules[0]
	algorithm, key, bucketKey := rule.Default.Algorithm, rule.Default.Key, rule.BucketKeyEnabled
	if wanted := q.Header.Get("X-Amz-Server-Side-Encryption"); wanted != "" {
		if !slices.Contains(encryptions, wanted) {
			return invalidArgument("x-amz-server-side-encryption", wanted, "The encryption method specified is not supported")
		}
		algorithm, key = wanted, q.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
		bucketKey = strings.EqualFold(q.Header.Get("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"), "true")
	}
	header.Set("X-Amz-Server-Side-Encryption", algorithm)
	if algorithm == "AES256" {
		return nil
	}
	if key == "" {
		key = callerOf(q.Context()).arn("kms", "alias/aws/s3")
	}
	header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", key)
	if bucketKey {
		header.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
	}
	return nil
}

// putCondition reads If-Match and If-None-Match of a write.
func putCondition(header http.Header) (func(*s3Version) error, error) {
	match, none := header.Get("If-Match"), header.Get("If-None-Match")
	switch {
	case match == "" && none == "":
		return nil, nil
	case match != "" && none != "", none != "" && none != "*":
		return nil, failf(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented")
	}
	return func(current *s3Version) error {
		switch {
		case none != "" && current != nil:
			return preconditionFailed("If-None-Match")
		case match != "" && current == nil:
			return failf(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		case match != "" && match != "*" && strings.Trim(match, `"`) != strings.Trim(current.etag, `"`):
			return preconditionFailed("If-Match")
		}
		return nil
	}, nil
}

// refuseNamespace answers for buckets whose names are their account's alone.
func refuseNamespace(header http.Header) error {
	if namespace := header.Get("X-Amz-Bucket-Namespace"); namespace == "account-regional" {
		return notImplemented("the bucket namespace " + namespace)
	}
	return nil
}
