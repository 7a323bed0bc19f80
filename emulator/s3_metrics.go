package emulator

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"
)

// metricsConfiguration turns on request metrics for a bucket or a part of it.
type metricsConfiguration struct {
	XMLName xml.Name         `xml:"MetricsConfiguration"`
	ID      string           `xml:"Id"`
	Filter  *metricsFilter   `xml:"Filter"`
	Unknown []unknownElement `xml:",any"`
}

type metricsFilter struct {
	Prefix  *string          `xml:"Prefix"`
	Tag     *xmlTag          `xml:"Tag"`
	Access  *string          `xml:"AccessPointArn"`
	And     *metricsAnd      `xml:"And"`
	Unknown []unknownElement `xml:",any"`
}

type metricsAnd struct {
	Prefix  *string          `xml:"Prefix"`
	Tags    []xmlTag         `xml:"Tag"`
	Access  *string          `xml:"AccessPointArn"`
	Unknown []unknownElement `xml:",any"`
}

var metricsID = compiled(`^[A-Za-z0-9._-]{1,64}$`)

// maxMetrics is how many metrics configurations a bucket may have.
const maxMetrics = 1000

// covers tells whether a request for a key is counted. Requests for the bucket
// itself belong to configurations without a filter.
func (c *metricsConfiguration) covers(key string) bool {
	switch {
	case c.Filter == nil:
		return true
	case c.Filter.Prefix != nil:
		return key != "" && strings.HasPrefix(key, *c.Filter.Prefix)
	}
	return false // by tag or access point: refused when it is put
}

func (s *s3Service) putMetrics(q *s3Request) error {
	var in metricsConfiguration
	if err := readXML(q, &in); err != nil {
		return err
	}
	id := q.query.Get("id")
	switch {
	case !metricsID().MatchString(id):
		return failf(http.StatusBadRequest, "InvalidConfigurationId", "The specified configuration id is invalid.")
	case in.ID != id:
		return invalidArgument("id", id, "The id of the configuration does not match the id of the request")
	case in.Filter != nil && (in.Filter.Tag != nil || in.Filter.Access != nil || in.Filter.And != nil):
		return notImplemented("filters by tag or access point in metrics configurations")
	case in.Filter != nil && in.Filter.Prefix == nil:
		return malformedXML()
	}
	var failure error
	q.bucket.change(func(b *s3Settings) {
		if _, ok := b.metrics[id]; !ok && len(b.metrics) >= maxMetrics {
			failure = failf(http.StatusBadRequest, "TooManyConfigurations", "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.")
			return
		}
		changed := map[string]metricsConfiguration{id: in}
		for other, configuration := range b.metrics {
			if other != id {
				changed[other] = configuration
			}
		}
		b.metrics = changed
	})
	if failure != nil {
		return failure
	}
	return q.send(http.StatusOK)
}

func noSuchConfiguration() *apiError {
	return failf(http.StatusNotFound, "NoSuchConfiguration", "The specified configuration does not exist.")
}

func (s *s3Service) getMetrics(q *s3Request) error {
	if !q.query.Has("id") {
		return s.listMetrics(q)
	}
	configuration, ok := q.bucket.current().metrics[q.query.Get("id")]
	if !ok {
		return noSuchConfiguration()
	}
	return q.sendXML(configuration)
}

func (s *s3Service) listMetrics(q *s3Request) error {
	type result struct {
		XMLName        xml.Name `xml:"ListMetricsConfigurationsResult"`
		IsTruncated    bool
		Token          string `xml:"ContinuationToken,omitempty"`
		NextToken      string `xml:"NextContinuationToken,omitempty"`
		Configurations []metricsConfiguration
	}
	token := q.query.Get("continuation-token")
	after, err := decodeToken(token)
	if err != nil {
		return invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	out := result{Token: token}
	metrics := q.bucket.current().metrics
	for _, id := range sortedKeys(metrics) {
		if id <= after {
			continue
		}
		if n := len(out.Configurations); n == 100 {
			out.IsTruncated, out.NextToken = true, encodeToken(out.Configurations[n-1].ID)
			break
		}
		out.Configurations = append(out.Configurations, metrics[id])
	}
	return q.sendXML(out)
}

func (s *s3Service) deleteMetrics(q *s3Request) error {
	id := q.query.Get("id")
	found := false
	q.bucket.change(func(b *s3Settings) {
		changed := map[string]metricsConfiguration{}
		for other, configuration := range b.metrics {
			if other != id {
				changed[other] = configuration
			}
		}
		found = len(changed) < len(b.metrics)
		b.metrics = changed
	})
	if !found {
		return noSuchConfiguration()
	}
	return q.send(http.StatusNoContent)
}

// requestCounters are the metrics that count requests for objects, by method.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
var requestCounters = map[string]string{
	http.MethodGet: "GetRequests", http.MethodPut: "PutRequests", http.MethodDelete: "DeleteRequests",
	http.MethodHead: "HeadRequests", http.MethodPost: "PostRequests",
}

// measure records the request metrics of what a metrics configuration covers.
// The error metrics get a 0 from each request that went well, as in AWS: their
// average is the error rate.
func (s *s3Service) measure(q *s3Request, operation s3Operation, status int, started time.Time) {
	if s.metrics == nil {
		return
	}
	metrics := q.bucket.current().metrics
	if len(metrics) == 0 {
		return
	}
	counter := ""
	if q.key != "" {
		counter = requestCounters[q.Method]
	}
	if strings.HasPrefix(operation.name, "List") {
		counter = "ListRequests"
	}
	q.w.begin() // an answer without header and body begins now
	values := []struct {
		name  string
		value float64
		unit  string
	}{
		{"AllRequests", 1, "Count"},
		{counter, 1, "Count"},
		{"4xxErrors", oneIf(status >= 400 && status < 500), "Count"},
		{"5xxErrors", oneIf(status >= 500), "Count"},
		{"FirstByteLatency", milliseconds(q.w.first.Sub(started)), "Milliseconds"},
		{"TotalRequestLatency", milliseconds(s.options.Clock.Now().Sub(started)), "Milliseconds"},
		{"BytesDownloaded", float64(q.w.sent), "Bytes"},
		{"BytesUploaded", float64(max(q.ContentLength, 0)), "Bytes"},
	}
	for id, configuration := range metrics {
		if !configuration.covers(q.key) {
			continue
		}
		dimensions := map[string]string{"BucketName": q.name, "FilterId": id}
		for _, v := range values {
			if v.name != "" && (v.value > 0 || v.unit != "Bytes") {
				s.metrics.record("AWS/S3", v.name, dimensions, v.value, v.unit)
			}
		}
	}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
