package emulator

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signedBy are the parameters of a presigned URL's signature.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
var signedBy = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"}

const (
	signatureTime = "20060102T150405Z"
	longestSigned = 7 * 24 * time.Hour
	clockSkew     = 15 * time.Minute
)

// openPresigned checks what a presigned URL says about itself, but for the signature,
// and takes what else of x-amz-… it has for the header of that name, as S3 does. A
// parameter of a URL that is not presigned stays where it is.
func (s *s3Service) openPresigned(q *s3Request) error {
	if !slices.ContainsFunc(signedBy, q.query.Has) {
		return nil
	}
	if slices.ContainsFunc(signedBy, func(name string) bool { return q.query.Get(name) == "" }) {
		return wrongPresigned("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	}
	if q.Header.Get("Authorization") != "" {
		return invalidArgument("Authorization", q.Header.Get("Authorization"), "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
	}
	if err := s.checkPresigned(q); err != nil {
		return err
	}
	if err := checkSignedHeaders(q); err != nil {
		return err
	}
	for name, values := range q.query {
		header := textproto.CanonicalMIMEHeaderKey(name)
		if !strings.HasPrefix(header, "X-Amz-") {
			continue
		}
		delete(q.query, name)
		// That of the SDK is only about the header that comes with it.
		if header != "X-Amz-Sdk-Checksum-Algorithm" && !slices.Contains(signedBy, name) && len(q.Header.Values(header)) == 0 {
			q.Header[header] = values
		}
	}
	return nil
}

// checkPresigned checks the time for which a URL is signed.
func (s *s3Service) checkPresigned(q *s3Request) error {
	if q.query.Get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
		return wrongPresigned(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"`)
	}
	signed, err := time.Parse(signatureTime, q.query.Get("X-Amz-Date"))
	if err != nil {
		return wrongPresigned(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	seconds, err := strconv.Atoi(q.query.Get("X-Amz-Expires"))
	valid := time.Duration(seconds) * time.Second
	switch {
	case err != nil:
		return wrongPresigned("X-Amz-Expires should be a number")
	case seconds < 0:
		return wrongPresigned("X-Amz-Expires must be non-negative")
	case seconds > int(longestSigned/time.Second):
		return wrongPresigned("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	now, ends := s.now(), signed.Add(valid)
	switch {
	case signed.After(now.Add(clockSkew)):
		return failf(http.StatusForbidden, "AccessDenied", "Request is not valid yet")
	case now.After(ends):
		expired := failf(http.StatusForbidden, "AccessDenied", "Request has expired")
		expired.Extra = map[string]any{"X-Amz-Expires": seconds, "Expires": ends.Format(time.RFC3339), "ServerTime": now.Format(time.RFC3339)}
		return expired
	}
	return nil
}

// checkSignedHeaders refuses headers that whoever signed the URL has not allowed.
func checkSignedHeaders(q *s3Request) error {
	signed := strings.Split(strings.ToLower(q.query.Get("X-Amz-SignedHeaders")), ";")
	var others []string
	for _, header := range sortedKeys(q.Header) {
		name := strings.ToLower(header)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" && !slices.Contains(signed, name) {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return nil
	}
	failure := failf(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed")
	failure.Extra = map[string]any{"HeadersNotSigned": strings.Join(others, ", ")}
	return failure
}

func wrongPresigned(message string) error {
	return failf(http.StatusBadRequest, "AuthorizationQueryParametersError", "%s", message)
}
