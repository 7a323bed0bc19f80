package emulator

import (
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// bucketPolicy is a bucket's policy as it was put, and understood.
type bucketPolicy struct {
	text   []byte
	parsed *policy
}

// maxBucketPolicy is the largest bucket policy in bytes.
const maxBucketPolicy = 20 << 10

func malformedPolicy(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "MalformedPolicy", format, args...)
}

// parseBucketPolicy reads and validates the policy of the bucket with this ARN.
func parseBucketPolicy(text []byte, bucketARN string) (*bucketPolicy, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'")
	}
	if len(text) > maxBucketPolicy {
		return nil, failf(http.StatusBadRequest, "PolicyTooLarge", "Policies must not exceed %d bytes", maxBucketPolicy)
	}
	parsed, err := parsePolicy(string(text), resourcePolicy)
	switch {
	case errors.Is(err, errPolicySyntax):
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'")
	case err != nil:
		return nil, malformedPolicy("%s", err.Error())
	}
	for _, s := range parsed.statements {
		for _, action := range s.actions {
			if action != "*" && !strings.HasPrefix(strings.ToLower(action), "s3:") {
				return nil, malformedPolicy("Policy has invalid action")
			}
		}
		for _, resource := range s.resources {
			if resource != bucketARN && resource != bucketARN+"*" && !strings.HasPrefix(resource, bucketARN+"/") {
				return nil, malformedPolicy("Policy has invalid resource")
			}
		}
	}
	return &bucketPolicy{text: text, parsed: parsed}, nil
}

// public tells whether the policy gives rights to everybody.
func (p *bucketPolicy) public() bool {
	return slices.ContainsFunc(p.parsed.statements, func(s statement) bool {
		return s.allow && s.principal.anyone && len(s.conditions) == 0
	})
}

// denies tells whether the policy forbids a request of these principals: the
// ARNs that the caller goes by.
func (p *bucketPolicy) denies(principals []string, a access) bool {
	return slices.ContainsFunc(p.parsed.statements, func(s statement) bool {
		about := s.principal.anyone || slices.ContainsFunc(principals, func(arn string) bool {
			return slices.Contains(s.principal.accounts, arn)
		})
		return !s.allow && about && s.concerns(a)
	})
}

// allows tells whether the policy lets a caller do what its own policies do not speak
// of. Unlike a caller's ARN, the account as a principal only leaves it to IAM.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
func (p *bucketPolicy) allows(arns []string, a access) bool {
	return slices.ContainsFunc(p.parsed.statements, func(s statement) bool {
		about := s.principal.anyone || slices.ContainsFunc(arns, func(arn string) bool { return slices.Contains(s.principal.accounts, arn) })
		return s.allow && about && s.concerns(a)
	})
}

// ownARNs are those that a caller goes by itself, its role last.
func ownARNs(c caller) []string {
	if c.Session != nil {
		return []string{c.principalARN(), c.Session.roleARN}
	}
	return []string{c.principalARN()}
}

// accessTo is a request as a bucket's policy sees it.
func accessTo(c caller, action, resource string) access {
	own := ownARNs(c)
	return access{action: action, resource: resource, keys: map[string]string{
		"aws:securetransport":  "true", // although the emulator speaks plain HTTP: it never leaves the host
		"aws:principalarn":     own[len(own)-1],
		"aws:principalaccount": c.Account,
		"aws:requestedregion":  c.Region,
		"s3:resourceaccount":   c.Account,
		"aws:resourceaccount":  c.Account,
	}}
}

// granted tells whether the bucket's policy allows what no policy of the caller's
// speaks of.
func (b *s3Bucket) granted(c caller, action, resource string) bool {
	policy := b.current().policy
	return policy != nil && policy.allows(ownARNs(c), accessTo(c, action, resource))
}

// permitted refuses what the bucket's policy denies to the caller.
func (b *s3Bucket) permitted(c caller, action, resource string) error {
	policy := b.current().policy
	// The owner cannot lock itself out: the policy stays in its hands.
	if policy == nil || c.Session == nil && c.policy == nil && strings.HasSuffix(action, "BucketPolicy") {
		return nil
	}
	principals := append(ownARNs(c), c.Account, c.globalARN("iam", "root"))
	if !policy.denies(principals, accessTo(c, action, resource)) {
		return nil
	}
	return failf(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: %s on resource: \"%s\" with an explicit deny in a resource-based policy", c.principalARN(), action, resource)
}

func (s *s3Service) getPolicy(q *s3Request) error {
	policy := q.bucket.current().policy
	if policy == nil {
		return failf(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.Header().Set("Content-Length", strconv.Itoa(len(policy.text)))
	_, _ = q.w.Write(policy.text) // an error means that the asker has gone
	return nil
}

func (s *s3Service) putPolicy(q *s3Request) error {
	body, err := readDocument(q.Request)
	if err != nil {
		return err
	}
	policy, err := parseBucketPolicy(body, s.bucketARN(q.name))
	if err != nil {
		return err
	}
	if block := q.bucket.current().publicAccess; block != nil && block.BlockPublicPolicy && policy.public() {
		return failf(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: s3:PutBucketPolicy on resource: \"%s\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", callerOf(q.Context()).principalARN(), s.bucketARN(q.name))
	}
	q.bucket.change(func(b *s3Settings) { b.policy = policy })
	return q.send(http.StatusNoContent)
}

func (s *s3Service) deletePolicy(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.policy = nil })
	return q.send(http.StatusNoContent)
}

func (s *s3Service) getPolicyStatus(q *s3Request) error {
	type status struct {
		XMLName  xml.Name `xml:"PolicyStatus"`
		IsPublic bool
	}
	policy := q.bucket.current().policy
	if policy == nil {
		return failf(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return q.sendXML(status{IsPublic: policy.public()})
}
