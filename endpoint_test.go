package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"enrich/config"
)

// at is the configuration for one endpoint.
func at(endpoint string, limit time.Duration) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: caller(limit), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""),
	}
}

// A service that takes a call and never answers does not keep a command for ever.
func TestUnanswered(t *testing.T) {
	ended := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ended }))
	defer silent.Close()
	defer close(ended)
	_, _, err := identify(t.Context(), at(silent.URL, 50*time.Millisecond), config.Default("dev"))
	if err == nil {
		t.Fatal("answered")
	}
	f := explain(err)
	if f.Code != "EndpointUnreachable" || !strings.Contains(f.Hint, "took the call and did not answer") {
		t.Errorf("code %q, hint %q of %s", f.Code, f.Hint, err)
	}
}

func TestEndpointThatIsNotAWS(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, _, err := identify(t.Context(), at(web.URL, time.Minute), config.Default("dev"))
	if f := explain(err); err == nil || !strings.HasPrefix(f.Hint, "is "+web.URL+" an endpoint of AWS") {
		t.Errorf("hint %q of %v", f.Hint, err)
	}
}

func TestUnidentified(t *testing.T) {
	late, cancel := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), errUnidentified)
	defer cancel()
	f := explain(unidentified(late, late.Err(), aws.Config{Region: "us-east-1"}))
	if f.Message != "finding out the AWS account in us-east-1: no answer within 30s" || f.Code != "EndpointUnreachable" || !strings.Contains(f.Hint, "network") {
		t.Errorf("%+v", f)
	}
	// The command's own time is over.
	over, finish := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), &overtimeError{time.Second})
	defer finish()
	if err := unidentified(over, over.Err(), aws.Config{}); !ended(err) || explain(err).Hint != "" {
		t.Errorf("%v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if f := explain(unidentified(stopped, stopped.Err(), aws.Config{})); f.Code != "Interrupted" || f.Hint != "" {
		t.Errorf("%+v", f)
	}
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	if f := explain(unidentified(t.Context(), throttled, aws.Config{BaseEndpoint: aws.String("http://x")})); f.Code != "ThrottlingException" || !strings.HasPrefix(f.Hint, "AWS answers fewer requests") || strings.Contains(f.Hint, "endpoint") {
		t.Errorf("%+v", f)
	}
}
