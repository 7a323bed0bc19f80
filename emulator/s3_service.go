package emulator

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// s3Service is S3. Objects, versions and the settings of buckets live in
// memory. The request's path begins with the bucket, or the host does.
type s3Service struct {
	options   Options
	routes    s3Routes
	enums     map[string][]string // values of headers
	members   map[string]s3Members
	store     *s3Store
	metrics   *cloudWatchService // nil: no request metrics
	iam       *iamService        // nil: everybody may do everything
	faults    *faultInjector
	readiness *readiness
	// unsupported is told of each request for what is not implemented, which is the
	// whole operation when the member is ""; may be nil.
	unsupported func(ctx context.Context, operation, member string)
}

func newS3(options Options, metrics *cloudWatchService, iam *iamService) *s3Service {
	return &s3Service{
		options: options,
		routes:  s3Routes{bucket: bucketRoutes(), object: objectRoutes()},
		enums:   s3Enums(),
		members: s3MembersOf(),
		store:   newS3Store(),
		metrics: metrics,
		iam:     iam,
	}
}

// s3Request is one request on its way through the service.
type s3Request struct {
	*http.Request
	w      *countingWriter
	query  url.Values
	name   string // of the bucket; "" for the service itself
	key    string // of the object; "" for the bucket itself
	bucket *s3Bucket
	hit    *strike     // nil: nothing goes wrong with it
	held   *heldAnswer // with a hit
}

func (s *s3Service) now() time.Time { return s.options.Clock.Now().UTC() }

// ServeHTTP serves one request.
func (s *s3Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := s.options.Clock.Now()
	q := &s3Request{Request: r, w: &countingWriter{ResponseWriter: w, clock: s.options.Clock}, query: r.URL.Query()}
	q.name, q.key = locate(r.Host, r.URL.Path)
	s.identify(q)                //nolint:contextcheck // the request holds it
	operation, err := s.serve(q) //nolint:contextcheck // as above
	status := http.StatusOK
	if err != nil {
		failure := asAPIError(err)
		switch {
		case failure.unsupported != "" && s.unsupported != nil:
			member := failure.unsupported
			if operation.serve == nil {
				member = ""
			}
			s.unsupported(r.Context(), operation.called(q), member)
		case failure.Receiver && !failure.injected:
			s.options.Logger.Error("S3 failed", "operation", operation.name, "error", err)
		}
		s.locateError(q, failure)
		writeS3Error(q.w, r, failure)
		status = failure.Status
	}
	if q.bucket != nil {
		s.measure(q, operation, status, started)
	}
	if q.hit != nil {
		q.hit.after(r.Context())
		q.held.release()
	}
}

// identify sets the headers that every answer of S3 carries.
func (s *s3Service) identify(q *s3Request) {
	id := callerOf(q.Context()).RequestID
	if id == "" {
		id = newRequestID()
	}
	header := q.w.Header()
	short := strings.ToUpper(strings.ReplaceAll(id, "-", ""))[:16]
	header.Set("X-Amz-Request-Id", short)
	header.Set("X-Amz-Id-2", hostID(short))
	header.Del("X-Amzn-Requestid") // of the other services
	header.Set("Server", "AmazonS3")
}

// hostID makes the second ID that S3 and Kinesis give with a request's ID.
func hostID(id string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id, 3)))
}

// serve finds the operation, checks who asks and runs it.
func (s *s3Service) serve(q *s3Request) (s3Operation, error) {
	if err := s.openPresigned(q); err != nil {
		return s3Operation{}, err
	}
	operation, err := s.routes.find(q)
	if err != nil {
		return operation, err
	}
	if err := s.checkEnums(q); err != nil {
		return operation, err
	}
	if q.name != "" && operation.name != "CreateBucket" {
		bucket, ok := s.store.bucket(q.name)
		if !ok || s.readiness.before(bucket.visible) {
			return operation, noSuchBucket()
		}
		q.bucket = bucket
		if err := s.checkBucket(q, operation); err != nil {
			return operation, err
		}
	}
	if q.hit = s.faults.strike(callerOf(q.Context()), "s3", operation.name, nil); q.hit != nil {
		q.held = &heldAnswer{ResponseWriter: q.w.ResponseWriter}
		q.w.ResponseWriter = q.held
		if failure := q.hit.before(q.Context()); failure != nil {
			return operation, failure
		}
	}
	if err := s.permit(q, operation.action(q)); err != nil {
		return operation, err
	}
	if s.occupied(q) {
		return operation, s3Aborted()
	}
	if err := s.checkMembers(q, operation); err != nil {
		return operation, err
	}
	return operation, operation.serve(s, q)
}

// occupied tells whether a change of a bucket comes too early after its creation.
func (s *s3Service) occupied(q *s3Request) bool {
	change := q.Method == http.MethodPut || q.Method == http.MethodDelete
	return q.bucket != nil && q.key == "" && change && s.readiness.before(q.bucket.free)
}

// checkBucket refuses a bucket of somebody else or of another region.
func (s *s3Service) checkBucket(q *s3Request, operation s3Operation) error {
	if owner := q.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != s.options.Account {
		return accessDenied()
	}
	if source := q.Header.Get("X-Amz-Source-Expected-Bucket-Owner"); source != "" && source != s.options.Account {
		return accessDenied()
	}
	c := callerOf(q.Context())
	if c.AccessKey == "" || c.Region == q.bucket.region || operation.name == "GetBucketLocation" {
		return nil
	}
	q.w.Header().Set("X-Amz-Bucket-Region", q.bucket.region)
	failure := failf(http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.")
	failure.Extra = map[string]any{"Bucket": q.name, "Endpoint": q.name + ".s3." + q.bucket.region + ".amazonaws.com"}
	return failure
}

// permit asks IAM and the bucket's policy.
func (s *s3Service) permit(q *s3Request, action string) error {
	if action == "" {
		return nil
	}
	resource := "*"
	if q.name != "" {
		resource = s.bucketARN(q.name)
	}
	if q.key != "" {
		resource += "/" + q.key
	}
	if err := s.permitted(q.Context(), q.bucket, action, resource); err != nil {
		return err
	}
	if action == "s3:CreateBucket" && q.Header.Get("X-Amz-Object-Ownership") != "" {
		return s.permitted(q.Context(), nil, "s3:PutBucketOwnershipControls", resource)
	}
	return nil
}

func (s *s3Service) permitted(ctx context.Context, bucket *s3Bucket, action, resource string) error {
	c := callerOf(ctx)
	if s.iam != nil {
		failure := s.iam.authorize(c, access{action: action, resource: resource})
		if failure != nil && (!failure.unsaid || bucket == nil || !bucket.granted(c, action, resource)) {
			return inS3Terms(failure)
		}
	}
	if bucket == nil {
		return nil
	}
	return bucket.permitted(c, action, resource)
}

// inS3Terms gives a refusal of IAM the code that S3 has for it.
func inS3Terms(failure *apiError) *apiError {
	if failure.Code == "ExpiredTokenException" {
		return failf(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	}
	return failf(http.StatusForbidden, "AccessDenied", "%s", failure.Message)
}

func (s *s3Service) bucketARN(bucket string) string {
	return "arn:" + partitionOf(s.options.Region) + ":s3:::" + bucket
}

// locateError adds what S3 tells with an error about a bucket or key.
func (s *s3Service) locateError(q *s3Request, failure *apiError) {
	switch {
	case failure.Status == http.StatusNotImplemented:
	case failure.Code == "NoSuchBucket" || strings.HasPrefix(failure.Code, "NoSuch") && failure.Extra == nil:
		failure.Extra = map[string]any{"BucketName": q.name}
	}
}

// locate splits a request's host and path into bucket and key. A host such as
// bucket.localhost, bucket.127.0.0.1 or bucket.s3.us-east-1.amazonaws.com names
// the bucket.
func locate(host, path string) (bucket, key string) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	path = strings.TrimPrefix(path, "/")
	if bucket = hostBucket(strings.ToLower(host)); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

func hostBucket(host string) string {
	if i := strings.LastIndex(host, ".s3."); i > 0 {
		return host[:i]
	}
	for _, base := range []string{".localhost", ".127.0.0.1", ".localhost.localdomain"} {
		if bucket, ok := strings.CutSuffix(host, base); ok && bucket != "s3" {
			return strings.TrimSuffix(bucket, ".s3")
		}
	}
	return ""
}

// sendXML answers 200 with a document. All of S3's are in its namespace, those of
// errors alone are in none.
func (q *s3Request) sendXML(document any) error {
	q.w.Header().Set("Content-Type", "application/xml")
	q.w.WriteHeader(http.StatusOK)
	writeXML(q.w, document, s3Namespace)
	return nil
}

// send answers without a body.
func (q *s3Request) send(status int) error {
	if status != http.StatusNoContent {
		q.w.Header().Set("Content-Length", "0")
	}
	q.w.WriteHeader(status)
	return nil
}

// limit reads a page size: 1,000 at most and by default.
func (q *s3Request) limit(name string) (int, error) {
	text := q.query.Get(name)
	if text == "" {
		return 1000, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, invalidArgument(name, text, "Provided %s not an integer or within integer range", name)
	}
	if n < 0 {
		return 0, invalidArgument(name, text, "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return int(min(n, 1000)), nil
}

// countingWriter counts what is sent and notes when it began.
type countingWriter struct {
	http.ResponseWriter
	clock Clock
	sent  int64
	first time.Time // when the answer began; zero before
}

// WriteHeader implements http.ResponseWriter.
func (c *countingWriter) WriteHeader(status int) {
	c.begin()
	c.ResponseWriter.WriteHeader(status)
}

func (c *countingWriter) begin() {
	if c.first.IsZero() {
		c.first = c.clock.Now()
	}
}

// Write implements io.Writer.
func (c *countingWriter) Write(p []byte) (int, error) {
	c.begin()
	n, err := c.ResponseWriter.Write(p)
	c.sent += int64(n)
	return n, err
}
