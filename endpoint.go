package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

const (
	// answerLimit is how long a service may take to begin its answer. The SDK
	// has no limit of its own: who takes a call and never answers it would keep
	// a command waiting for ever.
	answerLimit = time.Minute
	// identifyLimit is how long the first call may take with its repetitions.
	identifyLimit = 30 * time.Second
)

// caller makes the client by which the SDK sends its requests.
func caller(limit time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = limit
		// What reads many objects at once, as results does, would open most of its
		// connections again and again.
		t.MaxIdleConnsPerHost = 32
	})
}

// source is where the value of a global flag comes from, as people write it.
func (p *program) source(flag string) string {
	if _, given := p.line.global(flag); given {
		return "--" + flag
	}
	return variable(flag)
}

// sdkEndpointSource is where the SDK took its endpoint from.
func (p *program) sdkEndpointSource(address string) string {
	if p.getenv("AWS_ENDPOINT_URL") == address {
		return "AWS_ENDPOINT_URL"
	}
	return "endpoint_url of the AWS configuration file"
}

// checkEndpoint refuses what cannot be called, before it is tried several times.
func checkEndpoint(source, address string) error {
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return failf("%s %s: a URL begins with http:// or https://", source, address)
	}
	u, err := url.Parse(address)
	if err != nil {
		if broken, ok := errors.AsType[*url.Error](err); ok {
			err = broken.Err
		}
		return failf("%s %s is not a URL: %w", source, address, err)
	}
	if u.Hostname() == "" {
		return failf("%s %s names no host", source, address)
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && err != nil {
		return failf("%s %s: ports are 1 to 65535", source, address)
	}
	return nil
}

// errUnidentified ends a call that nobody answers within its limit.
var errUnidentified = fmt.Errorf("no answer within %s", identifyLimit)

// unidentified adds what to do when the first call of all fails for a reason
// that has no name of its own. ctx is that of the call, with its limit.
func unidentified(ctx context.Context, err error, sdk aws.Config) error {
	failed := fmt.Errorf("finding out the AWS account in %s: %w", sdk.Region, err)
	late := errors.Is(context.Cause(ctx), errUnidentified)
	if ctx.Err() != nil && !late {
		return fmt.Errorf("finding out the AWS account in %s: %w", sdk.Region, context.Cause(ctx)) // the whole command ends
	}
	code, hint := recognise(err)
	inWords := code != "" && code != "UnknownError" // the SDK's word for an error that AWS did not write
	if !late && (hint != "" || inWords) {
		return failed
	}
	f := &fault{message: failed.Error(), cause: failed}
	if late {
		f = failf("finding out the AWS account in %s: %w", sdk.Region, errUnidentified).with("EndpointUnreachable", nil)
	}
	if endpoint := aws.ToString(sdk.BaseEndpoint); endpoint != "" {
		return f.hint("is %s an endpoint of AWS or of something like it (--endpoint-url, AWS_ENDPOINT_URL)?", endpoint)
	}
	return f.hint("check the region, the network and its proxy, or try --local")
}

// unloaded adds what to do about AWS settings that cannot be read.
func unloaded(err error) error {
	f := failf("loading the AWS configuration: %w", err)
	if _, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok {
		return f.with("NoProfile", nil).
			hint("the profiles are those of the AWS configuration files: aws configure list-profiles").
			hint("enrich --local … works without an AWS account")
	}
	return f
}
