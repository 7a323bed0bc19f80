package emulator

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// stsService is STS: who one is, and roles to assume.
type stsService struct {
	clock Clock
	iam   *iamService
}

func newSTS(o Options, i *iamService) *stsService { return &stsService{clock: o.Clock, iam: i} }

func (s *stsService) operations() map[string]operation {
	return map[string]operation{
		"GetCallerIdentity": op(s.getCallerIdentity),
		"AssumeRole":        op(s.assumeRole),
	}
}

// principalARN is who a caller is: a role's session, the user whom a policy
// holds, or the account's root.
func (c caller) principalARN() string {
	switch {
	case c.Session != nil:
		return c.Session.arn()
	case c.policy != nil:
		return c.globalARN("iam", "user/"+userName)
	}
	return c.globalARN("iam", "root")
}

func (s *stsService) getCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := callerOf(ctx)
	id := c.Account
	switch {
	case c.Session != nil:
		id = c.Session.roleID + ":" + c.Session.name
	case c.policy != nil:
		id = "AIDACALLER0000000EMUL"
	}
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: new(c.principalARN()), UserId: &id}, nil
}

var sessionNamePattern = compiled(`^[\w+=,.@-]{2,64}$`)

func (s *stsService) assumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	duration, err := assumeDuration(in)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	arn := deref(in.RoleArn)
	r, ok := s.iam.role(arn)
	if !ok || !r.trust.trustsAccount(c.Account, c.principalARN(), map[string]string{"aws:securetransport": "true", "aws:principalaccount": c.Account, "aws:principalarn": c.principalARN()}) {
		// STS does not tell whether a role exists.
		return nil, failf(http.StatusForbidden, "AccessDenied",
			"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.principalARN(), arn)
	}
	if duration > time.Duration(r.maxSession)*time.Second {
		return nil, failf(http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	expires := s.clock.Now().UTC().Add(duration).Truncate(time.Second)
	given := s.iam.newSession(arn, *in.RoleSessionName, expires)
	session := s.iam.session(given.AccessKeyID)
	return &sts.AssumeRoleOutput{
		Credentials: &types.Credentials{
			AccessKeyId: &given.AccessKeyID, SecretAccessKey: &given.SecretAccessKey,
			SessionToken: &given.SessionToken, Expiration: &expires,
		},
		AssumedRoleUser: &types.AssumedRoleUser{Arn: new(session.arn()), AssumedRoleId: new(r.id + ":" + *in.RoleSessionName)},
	}, nil
}

func assumeDuration(in *sts.AssumeRoleInput) (time.Duration, error) {
	if err := refuseUsed("ValidationError", map[string]bool{
		"ExternalId": in.ExternalId != nil, "MinimumSessionTokenSize": in.MinimumSessionTokenSize != nil,
		"Policy": in.Policy != nil, "PolicyArns": len(in.PolicyArns) > 0, "ProvidedContexts": len(in.ProvidedContexts) > 0,
		"SerialNumber": in.SerialNumber != nil, "SourceIdentity": in.SourceIdentity != nil, "Tags": len(in.Tags) > 0,
		"TokenCode": in.TokenCode != nil, "TransitiveTagKeys": len(in.TransitiveTagKeys) > 0,
	}); err != nil {
		return 0, err
	}
	var problems []string
	if in.RoleArn == nil || len(*in.RoleArn) < 20 {
		problems = append(problems, "Value at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20")
	}
	if in.RoleSessionName == nil || !sessionNamePattern().MatchString(*in.RoleSessionName) {
		problems = append(problems, `Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	seconds := int32(3600)
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	if seconds < 900 || seconds > 43200 {
		problems = append(problems, fmt.Sprintf("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200", seconds))
	}
	if len(problems) > 0 {
		return 0, invalidIAM(problems...)
	}
	return time.Duration(seconds) * time.Second, nil
}
