package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"enrich/config"
	"enrich/state"
)

func TestExplain(t *testing.T) {
	aws := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }
	for name, test := range map[string]struct {
		err        error
		code, hint string // hint: a part of it; "" is none
	}{
		"plain":               {errors.New("x"), "", ""},
		"interrupted":         {fmt.Errorf("waiting: %w", context.Canceled), "Interrupted", ""},
		"expired credentials": {aws("ExpiredToken"), "ExpiredToken", "expired"},
		"wrong credentials":   {aws("InvalidClientTokenId"), "InvalidClientTokenId", "aws sts get-caller-identity"},
		"no permission":       {fmt.Errorf("creating: %w", aws("AccessDenied")), "AccessDenied", "permission"},
		"another code":        {aws("ValidationException"), "ValidationException", ""},
		"mistyped region":     {&net.DNSError{Name: "sts.us-esat-1.amazonaws.com"}, "EndpointUnreachable", "did you mean us-east-1?"},
		"no network":          {&net.DNSError{Name: "sts.us-east-1.amazonaws.com"}, "EndpointUnreachable", "check the region, the endpoint and the network"},
		"nobody listens":      {&url.Error{Op: "Post", URL: "http://127.0.0.1:1/x", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, "EndpointUnreachable", "nothing answers at 127.0.0.1:1;"},
		"bad settings":        {&config.Problems{List: []config.Problem{{Field: "name", Message: "x"}}}, "BadConfiguration", ""},
		"other account":       {&state.MismatchError{}, "StateMismatch", ""},
		"locked":              {&state.LockedError{}, "StateLocked", ""},
		"corrupt":             {&state.CorruptError{Err: errors.New("x")}, "StateCorrupt", ""},
		"newer":               {&state.SchemaError{}, "StateSchema", ""},
		"a rate":              {&smithy.GenericAPIError{Code: "LimitExceededException", Message: "Rate exceeded for stream x"}, "LimitExceededException", "run the command again"},
		"a quota":             {&smithy.GenericAPIError{Code: "LimitExceeded", Message: "Maximum policy size exceeded"}, "LimitExceeded", "a quota of the account is used up"},
		"a quota with a name": {&smithy.GenericAPIError{Code: "LimitExceededException", Message: "This request would exceed the shard limit for the account 1"}, "LimitExceededException", `"Shards per Region" is used up; raise it in the Service Quotas console (find it by: aws service-quotas list-service-quotas --service-code kinesis)`},
		"a quota with a code": {aws("TooManyBuckets"), "TooManyBuckets", "aws service-quotas request-service-quota-increase --service-code s3 --quota-code L-DC2B2D3D --desired-value N"},
		"own hint first":      {(&fault{message: "m", cause: aws("AccessDenied")}).hint("mine"), "AccessDenied", "mine\nthe caller lacks"},
		"own code wins":       {(&fault{message: "m", cause: aws("AccessDenied")}).with("Mine", 1), "Mine", "permission"},
		"inner hints count":   {failf("outer: %w", failf("inner").hint("deep")).hint("high"), "", "high\ndeep"},
	} {
		t.Run(name, func(t *testing.T) {
			f := explain(test.err)
			if f.Code != test.code || !strings.Contains(f.Hint, test.hint) || (f.Hint == "") != (test.hint == "") {
				t.Errorf("code %q, hint %q", f.Code, f.Hint)
			}
			if f.Message != test.err.Error() {
				t.Errorf("message %q", f.Message)
			}
		})
	}
}

func TestFailfKeepsItsCause(t *testing.T) {
	if !errors.Is(failf("waiting: %w", context.DeadlineExceeded), context.DeadlineExceeded) {
		t.Error("the cause is lost")
	}
}

func TestCheckRegion(t *testing.T) {
	for region, hint := range map[string]string{
		"us-east-1": "", "eu-central-2": "", "us-gov-west-1": "", "cn-northwest-1": "", "ap-southeast-11": "", "eusc-de-east-1": "", "us-esat-1": "",
		"us_east_1": "did you mean us-east-1?", "US-EAST-1": "did you mean us-east-1?", "mars": "regions are named like us-east-1",
		"useast1": "did you mean us-east-1?", "": "--region", "us-east-1.evil.example": "", "us-east-1/x": "did you mean us-east-1?",
	} {
		err := checkRegion(region)
		if wellFormed := regionPattern.MatchString(region); (err == nil) != wellFormed {
			t.Errorf("%q: %v", region, err)
		}
		if err != nil && !strings.Contains(explain(err).Hint, hint) {
			t.Errorf("%q: hint %q, want %q", region, explain(err).Hint, hint)
		}
	}
	for _, region := range strings.Fields(knownRegions) {
		if !regionPattern.MatchString(region) {
			t.Errorf("%s is refused", region)
		}
	}
}

// An interrupt may come between the last deletion and the proof of it.
func TestDestroyFailure(t *testing.T) {
	for left, want := range map[int]string{
		0: "everything was deleted, but that it is gone was not verified",
		1: "1 recorded resource is not deleted yet",
		2: "2 recorded resources are not deleted yet",
	} {
		f := explain(destroyFailure(context.Canceled, nil, state.Document{Resources: make([]state.Resource, left)}))
		if !strings.HasPrefix(f.Hint, want) || !strings.Contains(f.Hint, "run enrich destroy again") {
			t.Errorf("%d left: %s", left, f.Hint)
		}
	}
}
