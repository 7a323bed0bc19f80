package emulator

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

// copyObject makes an object of another one.
func (s *s3Service) copyObject(q *s3Request, source string) error {
	type result struct {
		XMLName      xml.Name `xml:"CopyObjectResult"`
		ETag         string
		LastModified string
		ChecksumType string
		Checksum     *xmlElement
	}
	if err := checkKey(q.key); err != nil {
		return err
	}
	bucket, from, err := s.copySource(q, source)
	if err != nil {
		return err
	}
	condition, err := putCondition(q.Header)
	if err != nil {
		return err
	}
	version, err := s.newVersion(q)
	if err != nil {
		return err
	}
	switch directive := q.Header.Get("X-Amz-Metadata-Directive"); directive {
	case "", "COPY":
		for name, values := range from.header {
			if !strings.HasPrefix(name, "X-Amz-") || strings.HasPrefix(name, metaPrefix) {
				version.header[name] = values
			}
		}
	case "REPLACE":
	default:
		return invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.")
	}
	if q.Header.Get("X-Amz-Tagging-Directive") != "REPLACE" {
		version.tags = bucket.tagsOf(from)
	}
	sum, _, err := verify(from.body, http.Header{})
	if err != nil {
		return err
	}
	version.body, version.etag = from.body, quotedHex(sum[:])
	// A copy is made in one piece: it has no checksum of parts, whatever the source has.
	algorithm := cmp.Or(strings.ToLower(q.Header.Get("X-Amz-Checksum-Algorithm")), from.sums.algorithm)
	if version.sums, err = checksumOf(algorithm, from.body); err != nil {
		return err
	}
	if err := q.bucket.put(q.key, version, condition); err != nil {
		return err
	}
	if from.id != nullVersion {
		q.w.Header().Set("X-Amz-Copy-Source-Version-Id", from.id)
	}
	s.describeWrite(q, version)
	q.w.Header().Del("ETag")
	return q.sendXML(result{ETag: version.etag, LastModified: s3Time(version.modified), ChecksumType: version.sums.kind, Checksum: version.sums.element()})
}

// copySource finds the version that x-amz-copy-source names:
// [/]bucket/key[?versionId=id], URL-encoded.
func (s *s3Service) copySource(q *s3Request, source string) (*s3Bucket, *s3Version, error) {
	path, query, _ := strings.Cut(source, "?")
	invalid := invalidArgument("x-amz-copy-source", source, "Invalid copy source object key")
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, nil, invalid
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, invalid
	}
	name, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || name == "" || key == "" {
		return nil, nil, invalidArgument("x-amz-copy-source", source, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	bucket, ok := s.store.bucket(name)
	if !ok {
		return nil, nil, noSuchBucket()
	}
	action, id := "s3:GetObject", values.Get("versionId")
	if id != "" {
		action = "s3:GetObjectVersion"
	}
	if err := s.permitted(q.Context(), bucket, action, s.bucketARN(name)+"/"+key); err != nil {
		return nil, nil, err
	}
	version, err := bucket.get(key, id)
	switch {
	case err != nil:
		return nil, nil, err
	case version.marker && id == "":
		return nil, nil, noSuchKey(key)
	case version.marker:
		return nil, nil, invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
	case name == q.name && key == q.key && id == "" && !q.query.Has("uploadId") && q.Header.Get("X-Amz-Metadata-Directive") != "REPLACE" && q.Header.Get("X-Amz-Storage-Class") == "" && q.Header.Get("X-Amz-Server-Side-Encryption") == "":
		return nil, nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return bucket, version, copyConditions(q.Header, version)
}

// copyConditions evaluates x-amz-copy-source-if-….
func copyConditions(header http.Header, version *s3Version) error {
	conditions := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if value := header.Get("X-Amz-Copy-Source-" + name); value != "" {
			conditions.Set(name, value)
		}
	}
	if failure := readConditions(conditions, version); failure != nil {
		return preconditionFailed("x-amz-copy-source-If-*")
	}
	return nil
}

// copyPart makes a part of an upload of an object or a range of one.
func (s *s3Service) copyPart(q *s3Request, number int, source string) error {
	type result struct {
		XMLName      xml.Name `xml:"CopyPartResult"`
		ETag         string
		LastModified string
		Checksum     *xmlElement
	}
	_, from, err := s.copySource(q, source)
	if err != nil {
		return err
	}
	body := from.body
	if wanted := q.Header.Get("X-Amz-Copy-Source-Range"); wanted != "" {
		first, last, ok, err := parseRange(wanted, int64(len(body)))
		if err != nil {
			return err
		}
		if !ok {
			return invalidArgument("x-amz-copy-source-range", wanted, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
		body = body[first : last+1]
	}
	part, err := s.storePart(q, number, body, nil)
	if err != nil {
		return err
	}
	return q.sendXML(result{ETag: part.etag(), LastModified: s3Time(part.modified), Checksum: part.sums.element()})
}
