package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	inlineLimit   = 10240 // characters of all inline policies of a role
	attachedLimit = 10    // managed policies of a role
)

// managedPolicies are those of AWS's own that can be attached, as the
// AWS Managed Policy Reference Guide prints them: what the emulator cannot
// evaluate cannot be attached.
var managedPolicies = map[string]string{
	"service-role/AWSLambdaBasicExecutionRole":   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"service-role/AWSLambdaKinesisExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards","kinesis:ListStreams","kinesis:SubscribeToShard","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
}

// managedPolicy gives the document of a policy of AWS's own by its ARN.
func managedPolicy(arn string) (string, bool) {
	_, name, ok := strings.Cut(arn, ":iam::aws:policy/")
	if !ok || !strings.HasPrefix(arn, "arn:aws") {
		return "", false
	}
	document, ok := managedPolicies[name]
	return document, ok
}

func (i *iamService) putRolePolicy(_ context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	problems := checkIAMName("policyName", in.PolicyName, 128)
	if in.PolicyDocument == nil {
		problems = append(problems, "Value at 'policyDocument' failed to satisfy constraint: Member must not be null")
	}
	if len(problems) > 0 {
		return nil, invalidIAM(problems...)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	parsed, err := parsePolicy(*in.PolicyDocument, identityPolicy)
	if err != nil {
		return nil, malformed(err)
	}
	size := policySize(*in.PolicyDocument)
	for name, other := range r.inline {
		if name != *in.PolicyName {
			size += policySize(other.document)
		}
	}
	if size > inlineLimit {
		return nil, failf(http.StatusConflict, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", inlineLimit, r.name)
	}
	i.spread(r)
	r.inline[*in.PolicyName] = inlinePolicy{document: *in.PolicyDocument, parsed: parsed}
	return &iam.PutRolePolicyOutput{}, nil
}

// inlineNamed finds an inline policy; the lock is held.
func (i *iamService) inlineNamed(roleName, policyName *string) (*role, inlinePolicy, error) {
	r, err := i.named(roleName)
	if err != nil {
		return nil, inlinePolicy{}, err
	}
	p, ok := r.inline[deref(policyName)]
	if !ok {
		return nil, inlinePolicy{}, failf(http.StatusNotFound, "NoSuchEntity", "The role policy with name %s cannot be found.", deref(policyName))
	}
	return r, p, nil
}

func (i *iamService) getRolePolicy(_ context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r, p, err := i.inlineNamed(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyOutput{RoleName: &r.name, PolicyName: in.PolicyName, PolicyDocument: new(encodeDocument(p.document))}, nil
}

func (i *iamService) deleteRolePolicy(_ context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, _, err := i.inlineNamed(in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	i.spread(r)
	delete(r.inline, *in.PolicyName)
	return &iam.DeleteRolePolicyOutput{}, nil
}

func (i *iamService) listRolePolicies(_ context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	page, marker, err := iamPage(sortedKeys(r.inline), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolePoliciesOutput{PolicyNames: append([]string{}, page...), IsTruncated: marker != nil, Marker: marker}, nil
}

func (i *iamService) attachRolePolicy(_ context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	arn := deref(in.PolicyArn)
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	document, ok := managedPolicy(arn)
	if !ok {
		return nil, failf(http.StatusNotFound, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	if _, ok := r.attached[arn]; ok {
		return &iam.AttachRolePolicyOutput{}, nil
	}
	if len(r.attached) == attachedLimit {
		return nil, failf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", attachedLimit)
	}
	parsed, err := parsePolicy(document, identityPolicy)
	if err != nil {
		return nil, malformed(err)
	}
	i.spread(r)
	r.attached[arn] = parsed
	return &iam.AttachRolePolicyOutput{}, nil
}

func (i *iamService) detachRolePolicy(_ context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.attached[deref(in.PolicyArn)]; !ok {
		return nil, failf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", deref(in.PolicyArn))
	}
	i.spread(r)
	delete(r.attached, *in.PolicyArn)
	return &iam.DetachRolePolicyOutput{}, nil
}

// policyPath is the path within a policy's ARN, as /service-role/.
func policyPath(arn string) string {
	_, path, _ := strings.Cut(arn, ":policy")
	return path[:strings.LastIndexByte(path, '/')+1]
}

func (i *iamService) listAttachedRolePolicies(_ context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	arns := slices.DeleteFunc(sortedKeys(r.attached), func(arn string) bool { return !strings.HasPrefix(policyPath(arn), deref(in.PathPrefix)) })
	page, marker, err := iamPage(arns, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []types.AttachedPolicy{}, IsTruncated: marker != nil, Marker: marker}
	for _, arn := range page {
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{
			PolicyArn: new(arn), PolicyName: new(arn[strings.LastIndexByte(arn, '/')+1:]),
		})
	}
	return out, nil
}
