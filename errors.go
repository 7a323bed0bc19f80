package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"

	"enrich/config"
	"enrich/pipeline"
	"enrich/state"
)

// Exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1
	exitDifferent   = 2 // drift, ill health, or changes with --detailed-exitcode
	exitInterrupted = 130
	exitUnread      = 141 // as of programs that SIGPIPE ends: 128 and the signal's number
)

// exit is an error that has been reported already; only its code is left.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// fault is an error with what to do about it.
type fault struct {
	message string
	cause   error // may be nil
	code    string
	hints   []string
	details any
}

func (f *fault) Error() string { return f.message }
func (f *fault) Unwrap() error { return f.cause }

// failf makes an error. Its %w, if any, stays reachable.
func failf(format string, args ...any) *fault {
	err := fmt.Errorf(format, args...)
	return &fault{message: err.Error(), cause: errors.Unwrap(err)}
}

// hint adds a line on what to do.
func (f *fault) hint(format string, args ...any) *fault {
	f.hints = append(f.hints, fmt.Sprintf(format, args...))
	return f
}

// with adds what programs want to know of the failure.
func (f *fault) with(code string, details any) *fault {
	f.code, f.details = code, details
	return f
}

// failure is an error as it is printed.
type failure struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // lines
	Details any    `json:"details,omitempty"`
}

// explain puts an error into the words of this program. Every fault in the
// chain adds its hints; the outermost code and details win.
func explain(err error) failure {
	f := failure{Message: err.Error()}
	var hints []string
	for e := err; e != nil; {
		own, ok := errors.AsType[*fault](e)
		if !ok {
			break
		}
		hints = append(hints, own.hints...)
		if f.Code == "" {
			f.Code = own.code
		}
		if f.Details == nil {
			f.Details = own.details
		}
		e = own.cause
	}
	if problems, ok := errors.AsType[*config.Problems](err); ok {
		f.Code, f.Details = "BadConfiguration", map[string]any{"problems": problemDocuments(problems)}
	}
	code, hint := recognise(err)
	if f.Code == "" {
		f.Code = code
	}
	if hint != "" {
		hints = append(hints, hint)
	}
	f.Hint = strings.Join(hints, "\n")
	return f
}

// recognise knows the errors of AWS and of the network that a person can do
// something about.
func recognise(err error) (code, hint string) {
	if errors.Is(err, context.Canceled) {
		return "Interrupted", ""
	}
	if code := stateCode(err); code != "" {
		return code, "" // their messages name the way out
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if quota, exhausted := pipeline.QuotaOf(err); exhausted {
			return api.ErrorCode(), quotaHint(quota)
		}
		return api.ErrorCode(), awsHint(api.ErrorCode())
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "EndpointUnreachable", dnsHint(dns.Name)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		if _, ok := errors.AsType[*net.OpError](u.Err); ok {
			return "EndpointUnreachable", "nothing answers at " + hostOf(u.URL) + "; is the endpoint right (--endpoint-url, AWS_ENDPOINT_URL), and running?"
		}
		if u.Timeout() {
			return "EndpointUnreachable", hostOf(u.URL) + " took the call and did not answer; try again, or look at the network and its proxy"
		}
	}
	return "", ""
}

// stateCode is the code of an error about the state file.
func stateCode(err error) string {
	if _, ok := errors.AsType[*state.MismatchError](err); ok {
		return "StateMismatch"
	}
	if _, ok := errors.AsType[*state.LockedError](err); ok {
		return "StateLocked"
	}
	if _, ok := errors.AsType[*state.CorruptError](err); ok {
		return "StateCorrupt"
	}
	if _, ok := errors.AsType[*state.SchemaError](err); ok {
		return "StateSchema"
	}
	return ""
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

func awsHint(code string) string {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return "the credentials have expired; sign in again (aws sso login) or fetch new ones"
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthFailure":
		return "AWS does not accept these credentials; check them with: aws sts get-caller-identity"
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "Forbidden": // the last of a HEAD, which has no body
		return "the caller lacks the permission that the message names; ask for it, or use another profile (--profile)"
	case "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
		"LimitExceededException": // the one that is no quota
		return "AWS answers fewer requests than were made, by all who use the account; run the command again"
	case "BucketAlreadyExists":
		return "another account has a bucket of this name; choose another --name"
	case "OptInRequired", "SubscriptionRequiredException":
		return "the account has not enabled this service or region"
	}
	return ""
}

// quotaHint tells how a quota is raised.
func quotaHint(quota pipeline.Quota) string {
	switch {
	case quota.Name == "":
		return "a quota of the account is used up; raise it in the Service Quotas console, or remove what is not needed"
	case quota.Code == "":
		return fmt.Sprintf("the account's quota %q is used up; raise it in the Service Quotas console (find it by: aws service-quotas list-service-quotas --service-code %s), or remove what is not needed",
			quota.Name, quota.Service)
	}
	return fmt.Sprintf("the account's quota %q is used up; raise it (aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value N), or remove what is not needed",
		quota.Name, quota.Service, quota.Code)
}

// dnsHint tells what is wrong with an AWS host name that does not resolve: most
// often the region in it.
func dnsHint(host string) string {
	for part := range strings.SplitSeq(host, ".") {
		if !regionPattern.MatchString(part) {
			continue
		}
		if near := suggestRegion(part); near != "" {
			return fmt.Sprintf("there is no AWS endpoint for region %s here; did you mean %s?", part, near)
		}
	}
	return fmt.Sprintf("the host %s is not known; check the region, the endpoint and the network, or try --local", host)
}
