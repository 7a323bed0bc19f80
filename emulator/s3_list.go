package emulator

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// listing is what a page of a bucket is asked for.
type listing struct {
	prefix    string
	delimiter string
	after     string // keys up to here were listed before
	limit     int
	escape    func(string) listedKey
	encoding  string // "" or url
}

// commonPrefix gives the prefix into which a key is rolled up, if it is.
func (l *listing) commonPrefix(key string) (string, bool) {
	if l.delimiter == "" {
		return "", false
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(l.prefix)+i+len(l.delimiter)], true
}

// isCommon tells whether a marker is itself a common prefix.
func (l *listing) isCommon(marker string) bool {
	if marker == "" || !strings.HasPrefix(marker, l.prefix) {
		return false
	}
	common, ok := l.commonPrefix(marker)
	return ok && common == marker
}

// newListing reads the parameters that all listings share.
func (q *s3Request) newListing(limitName string) (listing, error) {
	l := listing{prefix: q.query.Get("prefix"), delimiter: q.query.Get("delimiter"), encoding: q.query.Get("encoding-type")}
	switch l.encoding {
	case "":
		l.escape = func(key string) listedKey { return listedKey(key) }
	case "url":
		l.escape = escapeKey
	default:
		return l, invalidArgument("encoding-type", l.encoding, "Invalid Encoding Method specified in Request")
	}
	var err error
	l.limit, err = q.limit(limitName)
	return l, err
}

// escapeKey encodes a key as S3 does with encoding-type=url: slashes stay.
func escapeKey(key string) listedKey {
	return listedKey(strings.ReplaceAll(url.QueryEscape(key), "%2F", "/"))
}

// listedKey is a key, or a part of one, in a listing. S3 writes what no XML 1.0 may
// have as a reference, at which a reader of XML fails: that is what encoding-type is for.
type listedKey string

func (k listedKey) MarshalXML(to *xml.Encoder, start xml.StartElement) error {
	if !strings.ContainsFunc(string(k), notXML) {
		return to.EncodeElement(string(k), start)
	}
	var text bytes.Buffer
	for _, r := range string(k) {
		if notXML(r) {
			fmt.Fprintf(&text, "&#x%x;", r)
		} else if err := xml.EscapeText(&text, []byte(string(r))); err != nil {
			return err
		}
	}
	return to.EncodeElement(struct {
		Text []byte `xml:",innerxml"`
	}{text.Bytes()}, start)
}

func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// settle puts the bucket's index in order, for which it needs the write lock.
// It comes back with the read lock held.
func (b *s3Bucket) settle() {
	for {
		b.mu.RLock()
		if b.index.settled() {
			return
		}
		b.mu.RUnlock()
		b.mu.Lock()
		b.index.settle(func(key string) bool { return b.objects[key] != nil })
		b.mu.Unlock()
	}
}

// page walks the keys of a listing in order and calls visit with each key or,
// once, each common prefix, until visit says that it has enough.
func (b *s3Bucket) page(l *listing, visit func(key, common string, object *s3Object) bool) {
	b.settle()
	defer b.mu.RUnlock()
	start := max(l.prefix, l.after)
	rolled := ""
	if l.isCommon(l.after) {
		rolled = l.after // told on an earlier page
	}
	for _, key := range b.index.from(start) {
		if !strings.HasPrefix(key, l.prefix) {
			return
		}
		if key <= l.after && l.after != "" || rolled != "" && strings.HasPrefix(key, rolled) {
			continue
		}
		object := b.objects[key]
		if object == nil {
			continue
		}
		common, isCommon := l.commonPrefix(key)
		if isCommon && object.hidden() {
			continue
		}
		if !visit(key, common, object) {
			return
		}
		if isCommon {
			rolled = common
		}
	}
}

// hidden tells whether plain listings show nothing of the object.
func (o *s3Object) hidden() bool { return o.latest().marker }

type listedObject struct {
	Key               listedKey
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int
	StorageClass      string
	Owner             *s3Owner
}

type commonPrefix struct {
	Prefix listedKey
}

type listResult struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                listedKey
	Marker                *listedKey
	NextMarker            listedKey `xml:",omitempty"`
	StartAfter            listedKey `xml:",omitempty"`
	ContinuationToken     string    `xml:",omitempty"`
	NextContinuationToken string    `xml:",omitempty"`
	KeyCount              *int
	MaxKeys               int
	Delimiter             listedKey `xml:",omitempty"`
	EncodingType          string    `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

// listObjects answers both versions of ListObjects.
func (s *s3Service) listObjects(q *s3Request) error {
	l, err := q.newListing("max-keys")
	if err != nil {
		return err
	}
	out := listResult{
		Name: q.name, Prefix: l.escape(l.prefix), MaxKeys: l.limit,
		Delimiter: l.escape(l.delimiter), EncodingType: l.encoding,
	}
	v2 := q.query.Get("list-type") == "2"
	switch {
	case q.query.Has("list-type") && !v2:
		return invalidArgument("list-type", q.query.Get("list-type"), "Invalid List Type specified in Request")
	case v2:
		if err := listStart(q, &l, &out); err != nil {
			return err
		}
	default:
		l.after = q.query.Get("marker")
		out.Marker = new(l.escape(l.after))
	}
	last := s.fillListing(q, &l, &out, !v2 || q.query.Get("fetch-owner") == "true")
	if v2 {
		out.KeyCount = new(len(out.Contents) + len(out.CommonPrefixes))
		if out.IsTruncated {
			out.NextContinuationToken = encodeToken(last)
		}
	} else if out.IsTruncated && l.delimiter != "" {
		out.NextMarker = l.escape(last) // told only with a delimiter
	}
	if strings.EqualFold(q.Header.Get("X-Amz-Request-Payer"), "requester") {
		q.w.Header().Set("X-Amz-Request-Charged", "requester")
	}
	return q.sendXML(out)
}

func listStart(q *s3Request, l *listing, out *listResult) error {
	l.after = q.query.Get("start-after")
	out.StartAfter = l.escape(l.after)
	if !q.query.Has("continuation-token") {
		return nil
	}
	out.ContinuationToken = q.query.Get("continuation-token")
	after, err := decodeToken(out.ContinuationToken)
	if err != nil || out.ContinuationToken == "" {
		return invalidArgument("continuation-token", out.ContinuationToken, "The continuation token provided is incorrect")
	}
	l.after = after
	return nil
}

// fillListing collects one page and gives the last key or prefix on it.
func (s *s3Service) fillListing(q *s3Request, l *listing, out *listResult, withOwner bool) string {
	last := ""
	if l.limit == 0 {
		return last
	}
	q.bucket.page(l, func(key, common string, object *s3Object) bool {
		if object.hidden() {
			return true
		}
		if len(out.Contents)+len(out.CommonPrefixes) == l.limit {
			out.IsTruncated = true
			return false
		}
		if common != "" {
			last = common
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{l.escape(common)})
			return true
		}
		last = key
		version := object.latest()
		item := listedObject{
			Key: l.escape(key), LastModified: s3Time(version.modified), ETag: version.etag, Size: len(version.body),
			StorageClass: version.class(), ChecksumAlgorithm: strings.ToUpper(version.sums.algorithm), ChecksumType: version.sums.kind,
		}
		if withOwner {
			item.Owner = new(s.owner())
		}
		out.Contents = append(out.Contents, item)
		return true
	})
	return last
}

func (v *s3Version) class() string {
	if class := v.header.Get("X-Amz-Storage-Class"); class != "" {
		return class
	}
	return "STANDARD"
}

var _ http.Handler = (*s3Service)(nil)
