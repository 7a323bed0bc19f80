package lambda

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/answer"
)

// configOf makes the SDK's configuration of the variables that Lambda sets. The
// SDK's own config package also reads files, asks metadata services and knows
// single sign-on; all of that would be weight in the archive and time at each
// cold start for nothing.
func configOf(getenv func(string) string) (aws.Config, error) {
	cfg := aws.Config{
		Region:     getenv("AWS_REGION"),
		HTTPClient: answer.Once(&http.Client{Transport: transport()}),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    getenv("AWS_SESSION_TOKEN"),
				Source:          "environment",
			}, nil
		}),
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if getenv(name) == "" {
			return cfg, fmt.Errorf("%s is missing: Lambda sets it", name)
		}
	}
	return cfg, nil
}

// endpointOf answers where a service is, when it is not at AWS: by the service's
// own variable or by that of all. Service is as the SDKs spell it: S3.
func endpointOf(getenv func(string) string, service string) *string {
	for _, name := range []string{"AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"} {
		if url := getenv(name); url != "" {
			return &url
		}
	}
	return nil
}

// transport keeps as many connections as a batch uses at a time: a new one costs
// a TLS handshake, which is much at a small function's share of a CPU.
func transport() *http.Transport {
	dialer := net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          2 * (parallelCalls + parallelPuts),
		MaxIdleConnsPerHost:   parallelCalls + parallelPuts,
		IdleConnTimeout:       50 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}
