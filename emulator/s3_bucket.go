package emulator

import (
	"encoding/xml"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

var (
	bucketPattern = compiled(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionPattern = compiled(`^(af|ap|ca|cn|eu|il|me|mx|sa|us)(-gov|-iso[a-z]?)?-[a-z]+-\d$`)
)

// validBucketName applies the naming rules of
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func validBucketName(name string) bool {
	if !bucketPattern().MatchString(name) || strings.Contains(name, "..") || net.ParseIP(name) != nil {
		return false
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	return true
}

// createConfiguration is the body of CreateBucket.
type createConfiguration struct {
	XMLName            xml.Name `xml:"CreateBucketConfiguration"`
	LocationConstraint string   `xml:"LocationConstraint"`
	Tags               *struct {
		Tag     []xmlTag         `xml:"Tag"`
		Unknown []unknownElement `xml:",any"`
	} `xml:"Tags"`
	Unknown []unknownElement `xml:",any"`
}

func (s *s3Service) createBucket(q *s3Request) error {
	if !validBucketName(q.name) {
		err := failf(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.")
		err.Extra = map[string]any{"BucketName": q.name}
		return err
	}
	body, err := readDocument(q.Request)
	if err != nil {
		return err
	}
	var in createConfiguration
	if len(body) > 0 {
		if err := decodeXML(body, &in); err != nil {
			return err
		}
	}
	region, err := s.bucketRegion(q, in.LocationConstraint)
	if err != nil {
		return err
	}
	settings, err := newBucketSettings(q)
	if err != nil {
		return err
	}
	if in.Tags != nil {
		if settings.tags, err = checkTags(in.Tags.Tag, 50); err != nil {
			return err
		}
	}
	if err := s.addBucket(q.name, region, settings); err != nil {
		return err
	}
	q.w.Header().Set("Location", "/"+q.name)
	q.w.Header().Set("X-Amz-Bucket-Arn", s.bucketARN(q.name))
	return q.send(http.StatusOK)
}

// bucketRegion applies the rules of the location constraint.
func (s *s3Service) bucketRegion(q *s3Request, constraint string) (string, error) {
	region := callerOf(q.Context()).Region
	if region == "" {
		region = s.options.Region
	}
	if constraint == "EU" { // the oldest constraint of all
		constraint = "eu-west-1"
	}
	switch {
	case constraint == "" && region == "us-east-1":
		return region, nil
	case constraint == "":
		return "", failf(http.StatusBadRequest, "IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case constraint == "us-east-1" || !regionPattern().MatchString(constraint):
		err := failf(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid")
		err.Extra = map[string]any{"LocationConstraint": constraint}
		return "", err
	case region != "us-east-1" && constraint != region:
		return "", failf(http.StatusBadRequest, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", constraint)
	}
	return constraint, nil
}

// addBucket makes the bucket. Making one's own bucket again is a success in
// us-east-1 alone.
func (s *s3Service) addBucket(name, region string, settings s3Settings) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if old := s.store.buckets[name]; old != nil {
		if old.region == "us-east-1" && region == "us-east-1" {
			return nil
		}
		err := failf(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		err.Extra = map[string]any{"BucketName": name}
		return err
	}
	if s.readiness.before(s.store.vacated[name]) {
		return s3Aborted()
	}
	s.store.buckets[name] = &s3Bucket{
		name: name, region: region, created: s.now(), used: &s.store.used, written: &s.store.written, settings: settings,
		objects: map[string]*s3Object{}, uploads: map[string]*s3Upload{},
		visible: s.readiness.visible(), free: s.readiness.until(s.readiness.inForce().Busy),
	}
	return nil
}

func (s *s3Service) headBucket(q *s3Request) error {
	q.w.Header().Set("X-Amz-Bucket-Region", q.bucket.region)
	q.w.Header().Set("X-Amz-Bucket-Arn", s.bucketARN(q.name))
	q.w.Header().Set("X-Amz-Access-Point-Alias", "false")
	q.w.Header().Set("Content-Type", "application/xml")
	return q.send(http.StatusOK)
}

func (s *s3Service) deleteBucket(q *s3Request) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	b := q.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return noSuchBucket()
	}
	if len(b.objects) > 0 {
		message := "The bucket you tried to delete is not empty"
		if b.settings.versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		err := failf(http.StatusConflict, "BucketNotEmpty", "%s", message)
		err.Extra = map[string]any{"BucketName": q.name}
		return err
	}
	// Uploads that were never completed do not keep a bucket from being deleted.
	for id := range b.uploads {
		b.forgetUpload(id)
	}
	b.gone = true
	delete(s.store.buckets, q.name)
	s.store.vacated[q.name] = s.readiness.until(s.readiness.inForce().Busy)
	return q.send(http.StatusNoContent)
}

func (s *s3Service) getLocation(q *s3Request) error {
	type location struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Region  string   `xml:",chardata"`
	}
	region := q.bucket.region
	if region == "us-east-1" {
		region = ""
	}
	return q.sendXML(location{Region: region})
}

// s3Owner is the account as S3's canonical user.
type s3Owner struct {
	ID string `xml:"ID"`
}

func (s *s3Service) owner() s3Owner {
	return s3Owner{ID: strings.Repeat(s.options.Account, 6)[:64]}
}

func (s *s3Service) listBuckets(q *s3Request) error {
	type bucket struct {
		Name         string
		CreationDate string
		BucketRegion string
		BucketArn    string
	}
	type result struct {
		XMLName           xml.Name `xml:"ListAllMyBucketsResult"`
		Owner             s3Owner
		Buckets           []bucket `xml:"Buckets>Bucket"`
		ContinuationToken string   `xml:",omitempty"`
		Prefix            string   `xml:",omitempty"`
	}
	limit, err := q.bucketLimit()
	if err != nil {
		return err
	}
	after, err := decodeToken(q.query.Get("continuation-token"))
	if err != nil {
		return invalidArgument("continuation-token", q.query.Get("continuation-token"), "The continuation token provided is incorrect")
	}
	out := result{Owner: s.owner(), Prefix: q.query.Get("prefix")}
	for _, b := range s.sortedBuckets() {
		if b.name <= after || !strings.HasPrefix(b.name, out.Prefix) {
			continue
		}
		if region := q.query.Get("bucket-region"); region != "" && region != b.region {
			continue
		}
		if len(out.Buckets) == limit {
			out.ContinuationToken = encodeToken(out.Buckets[limit-1].Name)
			break
		}
		out.Buckets = append(out.Buckets, bucket{b.name, s3Time(b.created), b.region, s.bucketARN(b.name)})
	}
	return q.sendXML(out)
}

func (q *s3Request) bucketLimit() (int, error) {
	if !q.query.Has("max-buckets") {
		return 10000, nil
	}
	text := q.query.Get("max-buckets")
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > 10000 {
		return 0, invalidArgument("max-buckets", text, "Argument max-buckets must be an integer between 1 and 10000")
	}
	return limit, nil
}

func (s *s3Service) sortedBuckets() []*s3Bucket {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	buckets := make([]*s3Bucket, 0, len(s.store.buckets))
	for _, b := range s.store.buckets {
		if !s.readiness.before(b.visible) {
			buckets = append(buckets, b)
		}
	}
	slices.SortFunc(buckets, func(a, b *s3Bucket) int { return strings.Compare(a.name, b.name) })
	return buckets
}

// tagged implements tagSource.
func (s *s3Service) tagged(region string) []taggedResource {
	var found []taggedResource
	for _, b := range s.sortedBuckets() {
		if b.region != region {
			continue
		}
		b.mu.RLock()
		tags := map[string]string{}
		for _, tag := range b.settings.tags {
			tags[tag.Key] = tag.Value
		}
		b.mu.RUnlock()
		found = append(found, taggedResource{arn: s.bucketARN(b.name), tags: tags})
	}
	return found
}

// s3Time is the time format of S3's XML.
func s3Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
