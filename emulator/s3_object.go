package emulator

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxKey      = 1024    // bytes
	maxMetadata = 2 << 10 // bytes of user-defined metadata
)

// kept are the headers that an object keeps beside its metadata.
var kept = []string{"Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control", "Expires"}

const metaPrefix = "X-Amz-Meta-"

func (s *s3Service) putObject(q *s3Request) error {
	if source := q.Header.Get("X-Amz-Copy-Source"); source != "" {
		return s.copyObject(q, source)
	}
	if err := checkKey(q.key); err != nil {
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
	body, err := readObject(q.Request)
	if err != nil {
		return err
	}
	sum, sums, err := verify(body, q.Header)
	if err != nil {
		return err
	}
	version.body, version.etag, version.sums = body, quotedHex(sum[:]), sums
	if err := q.bucket.put(q.key, version, condition); err != nil {
		return err
	}
	s.describeWrite(q, version)
	version.sums.set(q.w.Header())
	return q.send(http.StatusOK)
}

// put stores an object for a writer within the emulator; who ctx says the
// caller is needs the permission, as everybody.
func (s *s3Service) put(ctx context.Context, bucket, key string, body []byte) error {
	b, ok := s.store.bucket(bucket)
	if !ok {
		return noSuchBucket()
	}
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.permitted(ctx, b, "s3:PutObject", s.bucketARN(bucket)+"/"+key); err != nil {
		return err
	}
	sum, sums, err := verify(body, http.Header{})
	if err != nil {
		return err
	}
	return b.put(key, &s3Version{
		body: slices.Clone(body), etag: quotedHex(sum[:]), sums: sums, modified: s.now(),
		header: http.Header{"Content-Type": {"binary/octet-stream"}},
	}, nil)
}

func quotedHex(sum []byte) string { return `"` + hex.EncodeToString(sum) + `"` }

func checkKey(key string) error {
	if len(key) > maxKey {
		err := failf(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
		err.Extra = map[string]any{"Size": len(key), "MaxSizeAllowed": maxKey}
		return err
	}
	if !utf8.ValidString(key) {
		return failf(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	return nil
}

// describeWrite sets the headers that the answer to a write carries.
func (s *s3Service) describeWrite(q *s3Request, version *s3Version) {
	header := q.w.Header()
	header.Set("ETag", version.etag)
	for name, values := range version.header {
		if strings.HasPrefix(name, "X-Amz-Server-Side-Encryption") {
			header[name] = values
		}
	}
	if version.id != nullVersion {
		header.Set("X-Amz-Version-Id", version.id)
	}
}

func (s *s3Service) getObject(q *s3Request) error  { return s.readVersion(q, true) }
func (s *s3Service) headObject(q *s3Request) error { return s.readVersion(q, false) }

// readVersion answers GET and HEAD of an object.
func (s *s3Service) readVersion(q *s3Request, withBody bool) error {
	version, err := s.find(q)
	if err != nil {
		return err
	}
	header := q.w.Header()
	if err := readConditions(q.Header, version); err != nil {
		if err.Status == http.StatusNotModified {
			header.Set("ETag", version.etag)
		}
		return err
	}
	s.describeRead(q, version)
	body, status := version.body, http.StatusOK
	if wanted := q.Header.Get("Range"); wanted != "" {
		first, last, ok, err := parseRange(wanted, int64(len(body)))
		if err != nil {
			return err
		}
		if ok {
			header.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(last, 10)+"/"+strconv.Itoa(len(body)))
			body, status = body[first:last+1], http.StatusPartialContent
		}
	}
	if status == http.StatusOK && strings.EqualFold(q.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		version.sums.set(header)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	q.w.WriteHeader(status)
	if withBody {
		_, _ = bytes.NewReader(body).WriteTo(q.w) // an error means that the reader has gone
	}
	return nil
}

// find gives the version that a read is about.
func (s *s3Service) find(q *s3Request) (*s3Version, error) {
	id := q.query.Get("versionId")
	version, err := q.bucket.get(q.key, id)
	switch {
	case err != nil && s.permitted(q.Context(), q.bucket, "s3:ListBucket", s.bucketARN(q.name)) != nil:
		return nil, accessDenied() // who may not list is not told what exists
	case err != nil:
		return nil, err
	case !version.marker:
		return version, nil
	}
	q.w.Header().Set("X-Amz-Delete-Marker", "true")
	q.w.Header().Set("X-Amz-Version-Id", version.id)
	if id == "" {
		return nil, noSuchKey(q.key)
	}
	q.w.Header().Set("Last-Modified", version.modified.UTC().Format(http.TimeFormat))
	return nil, methodNotAllowed()
}

// describeRead sets the headers of an object.
func (s *s3Service) describeRead(q *s3Request, version *s3Version) {
	header := q.w.Header()
	for name, values := range version.header {
		header[name] = values
	}
	header.Set("ETag", version.etag)
	header.Set("Last-Modified", version.modified.UTC().Format(http.TimeFormat))
	header.Set("Accept-Ranges", "bytes")
	if version.id != nullVersion || q.bucket.current().versioning != "" {
		header.Set("X-Amz-Version-Id", version.id)
	}
	if n := len(q.bucket.tagsOf(version)); n > 0 {
		header.Set("X-Amz-Tagging-Count", strconv.Itoa(n))
	}
	for parameter, values := range q.query {
		if name, ok := strings.CutPrefix(parameter, "response-"); ok && slices.Contains(kept, http.CanonicalHeaderKey(name)) {
			header.Set(name, values[0])
		}
	}
}

// md5Of is the MD5 of the parts' MD5s, of which a multipart ETag is made.
func md5Of(sums ...[]byte) []byte {
	sum := md5.Sum(bytes.Join(sums, nil))
	return sum[:]
}
