package emulator

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// s3Settings are the subresources of a bucket.
type s3Settings struct {
	versioning   string // "", Enabled or Suspended
	encryption   encryptionConfiguration
	publicAccess *publicAccessBlock
	ownership    *ownershipControls
	policy       *bucketPolicy
	lifecycle    *lifecycleConfiguration
	// transitionMinimum is the header that goes with the lifecycle.
	transitionMinimum string
	metrics           map[string]metricsConfiguration
	tags              []xmlTag
}

const (
	versioningEnabled   = "Enabled"
	versioningSuspended = "Suspended"
)

// newBucketSettings gives what a new bucket has: encrypted, private, owner
// enforced. https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-overview.html
func newBucketSettings(q *s3Request) (s3Settings, error) {
	settings := s3Settings{
		encryption:   defaultEncryption(),
		publicAccess: &publicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true},
		ownership:    &ownershipControls{Rules: []ownershipRule{{ObjectOwnership: ownerEnforced}}},
		metrics:      map[string]metricsConfiguration{},
	}
	if ownership := q.Header.Get("X-Amz-Object-Ownership"); ownership != "" {
		if !slices.Contains(ownerships, ownership) {
			return settings, invalidArgument("x-amz-object-ownership", ownership, "Invalid x-amz-object-ownership header: %s", ownership)
		}
		settings.ownership.Rules[0].ObjectOwnership = ownership
	}
	if err := refuseNamespace(q.Header); err != nil {
		return settings, err
	}
	if acl := q.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		return settings, notImplemented("the access control list " + acl)
	}
	if strings.EqualFold(q.Header.Get("X-Amz-Bucket-Object-Lock-Enabled"), "true") {
		return settings, notImplemented("object lock")
	}
	return settings, nil
}

// unknownElement collects what a document holds beyond its schema.
type unknownElement struct {
	XMLName xml.Name
}

// decodeXML decodes a whole document and refuses elements that its schema does
// not have, as S3 does.
func decodeXML(body []byte, into any) error {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(into); err != nil {
		return malformedXML()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if rest := strings.TrimSpace(string(body[decoder.InputOffset():])); rest != "" || err != nil {
			return malformedXML()
		}
	}
	unknown := unknownElements(reflect.ValueOf(into))
	if len(unknown) > 0 && slices.Contains(absentElements, unknown[0]) {
		return notImplemented("the element " + unknown[0])
	}
	if len(unknown) > 0 || !complete(body) {
		return malformedXML()
	}
	return nil
}

// unknownElements gives the names of the elements that the structs within v have no
// place for.
func unknownElements(v reflect.Value) []string {
	if element, ok := v.Interface().(unknownElement); ok {
		return []string{element.XMLName.Local}
	}
	var names []string
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			names = unknownElements(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			names = append(names, unknownElements(v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			names = append(names, unknownElements(v.Field(i))...)
		}
	}
	return names
}

// readXML reads the document of a subresource.
func readXML(q *s3Request, into any) error {
	body, err := readDocument(q.Request)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return failf(http.StatusBadRequest, "MissingRequestBodyError", "Request body is empty.")
	}
	return decodeXML(body, into)
}

// change writes a setting.
func (b *s3Bucket) change(f func(*s3Settings)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.settings)
}

// current gives a copy of the settings; what they point to is never changed in
// place.
func (b *s3Bucket) current() s3Settings {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.settings
}

// xmlTag is one tag of a bucket or object.
type xmlTag struct {
	Key     string           `xml:"Key"`
	Value   string           `xml:"Value"`
	Unknown []unknownElement `xml:",any"`
}

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	TagSet  struct {
		Tags    []xmlTag         `xml:"Tag"`
		Unknown []unknownElement `xml:",any"`
	} `xml:"TagSet"`
	Unknown []unknownElement `xml:",any"`
}

// checkTags applies the rules for tags: limit of them at most.
func checkTags(tags []xmlTag, limit int) ([]xmlTag, error) {
	if len(tags) > limit {
		return nil, failf(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than %d", limit)
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		switch {
		case tag.Key == "" || utf8.RuneCountInString(tag.Key) > 128:
			return nil, failf(http.StatusBadRequest, "InvalidTag", "The TagKey you have provided is invalid")
		case utf8.RuneCountInString(tag.Value) > 256:
			return nil, failf(http.StatusBadRequest, "InvalidTag", "The TagValue you have provided is invalid")
		case strings.HasPrefix(strings.ToLower(tag.Key), "aws:"):
			return nil, failf(http.StatusBadRequest, "InvalidTag", "System tags cannot be added/updated by requester")
		case seen[tag.Key]:
			return nil, failf(http.StatusBadRequest, "InvalidTag", "Cannot provide multiple Tags with the same key")
		}
		seen[tag.Key] = true
	}
	return tags, nil
}

func (s *s3Service) getTagging(q *s3Request) error {
	var out tagging
	if out.TagSet.Tags = q.bucket.current().tags; len(out.TagSet.Tags) == 0 {
		return failf(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist")
	}
	return q.sendXML(out)
}

func (s *s3Service) putTagging(q *s3Request) error {
	var in tagging
	if err := readXML(q, &in); err != nil {
		return err
	}
	tags, err := checkTags(in.TagSet.Tags, 50)
	if err != nil {
		return err
	}
	q.bucket.change(func(b *s3Settings) { b.tags = tags })
	return q.send(http.StatusNoContent)
}

func (s *s3Service) deleteTagging(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.tags = nil })
	return q.send(http.StatusNoContent)
}
