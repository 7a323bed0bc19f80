package emulator

import (
	"context"
	"net/http"
	"strings"
)

// caller is who sent a request, as far as its signature's credential scope says.
// The signature itself is not verified: the emulator listens on this host alone.
type caller struct {
	AccessKey string // "" when the request is unsigned
	Region    string // of the credential scope, else the server's
	Account   string
	Partition string   // aws, aws-cn, aws-us-gov
	Service   string   // signing name, as dynamodb; "" when unsigned
	Session   *session // set when the key is one that the emulator gave out for a role
	policy    *policy  // that holds a caller without a session; nil: it is the account's root
	RequestID string   // "" when the emulator does something by itself
}

// arn makes the ARN of a resource of the caller's account and region.
func (c caller) arn(service, resource string) string {
	return "arn:" + c.Partition + ":" + service + ":" + c.Region + ":" + c.Account + ":" + resource
}

// globalARN makes an ARN without a region, as IAM and STS have them.
func (c caller) globalARN(service, resource string) string {
	return "arn:" + c.Partition + ":" + service + "::" + c.Account + ":" + resource
}

type callerKey struct{}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf tells who sent the request that ctx belongs to. Work that the
// emulator does by itself has the zero caller unless withCaller gave it one.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// partitionOf gives the partition that a region lies in.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// scopeOf reads the credential scope of a request: AKID/date/region/service/aws4_request,
// from the Authorization header or, of a presigned URL, from the query.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func scopeOf(r *http.Request) (accessKey, region, service string) {
	scope := ""
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ = strings.Cut(rest, ",")
	} else if r.URL.RawQuery != "" {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(strings.TrimSpace(scope), "/")
	if len(parts) < 5 {
		return "", "", ""
	}
	// An access key of a third-party store may hold slashes; AWS's never do.
	n := len(parts)
	return strings.Join(parts[:n-4], "/"), parts[n-3], parts[n-2]
}
