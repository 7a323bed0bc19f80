package pipeline

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"enrich/cost"
	"enrich/engine"
)

// ExecutionRole is what the function acts as.
type ExecutionRole struct {
	Trust  map[string]Statement `json:"trust"`
	Policy map[string]Statement `json:"policy"`
	// OtherPolicies are the names of inline policies besides Policy, and
	// AttachedPolicies the ARNs of managed ones. There shall be none: they give
	// the function what nobody has written down.
	OtherPolicies    []string          `json:"other_policies"`
	AttachedPolicies []string          `json:"attached_policies"`
	Description      string            `json:"description"`
	Tags             map[string]string `json:"tags"`
}

// PolicyName is the name of the role's only policy.
const PolicyName = "pipeline"

// S3 paths besides the output's own.
const (
	deadLetterPrefix    = "dead-letter/"
	failedBatchesPrefix = "aws/lambda/" // chosen by Lambda for its on-failure destination
)

type executionRole struct {
	identified
	desired       ExecutionRole
	trust, policy Policy
	client        *iam.Client
}

func (p *Pipeline) executionRole() engine.Resource {
	role := p.namedRole(keyRole, p.names.Role)
	role.trust = trustPolicy()
	role.policy = p.permissions()
	role.desired = ExecutionRole{
		Trust:       role.trust.statements(),
		Policy:      role.policy.statements(),
		Description: "Enrichment function of " + p.id.prefix(),
		Tags:        p.tags,
	}
	return role
}

func (p *Pipeline) namedRole(key, name string) *executionRole {
	return &executionRole{
		identified: identified{key: key, kind: kindRole, name: name, arn: p.id.roleARN(name)},
		client:     iam.NewFromConfig(p.sdk),
	}
}

// trustPolicy lets Lambda act as the role. It has no aws:SourceAccount
// condition: a role can only be passed to a service by its own account, so there
// is no deputy to confuse, while a caller inside Lambda that leaves the key out
// would stop the stream from being read.
func trustPolicy() Policy {
	return Policy{Version: PolicyVersion, Statements: []Statement{{
		Sid:       "Lambda",
		Effect:    "Allow",
		Principal: principal{"Service": {"lambda.amazonaws.com"}},
		Action:    words{"sts:AssumeRole"},
	}}}
}

// permissions are all that the function and its mapping need, on exact ARNs.
// There is no logs:CreateLogGroup: a function that may create its log group
// brings it back after a destroy. The stream's AWS managed key needs no
// kms:Decrypt, and neither does the table's.
func (p *Pipeline) permissions() Policy {
	bucket := p.id.bucketARN(p.names.Bucket)
	tables := make(words, 0, len(p.cfg.Lookups))
	for _, lookup := range p.cfg.Lookups {
		tables = append(tables, p.id.tableARN(p.names.Tables[lookup.Name]))
	}
	policy := Policy{Version: PolicyVersion, Statements: []Statement{{
		Sid:    "ReadStream",
		Effect: "Allow",
		Action: words{
			"kinesis:DescribeStream",
			"kinesis:DescribeStreamSummary",
			"kinesis:GetRecords",
			"kinesis:GetShardIterator",
			"kinesis:ListShards",
		},
		Resource: words{p.id.streamARN(p.names.Stream)},
	}}}
	if len(tables) > 0 {
		policy.Statements = append(policy.Statements, Statement{
			Sid:      "ReadLookupTables",
			Effect:   "Allow",
			Action:   words{"dynamodb:BatchGetItem"},
			Resource: tables,
		})
	}
	policy.Statements = append(policy.Statements, Statement{
		Sid:    "WriteObjects",
		Effect: "Allow",
		Action: words{"s3:PutObject"},
		Resource: words{
			bucket + "/" + p.cfg.Output.Prefix + "*",
			bucket + "/" + deadLetterPrefix + "*",
			bucket + "/" + failedBatchesPrefix + "*",
		},
	}, Statement{
		// Lambda asks for it before it takes the bucket as on-failure destination.
		Sid:      "CheckBucket",
		Effect:   "Allow",
		Action:   words{"s3:ListBucket"},
		Resource: words{bucket},
	}, Statement{
		Sid:      "WriteLogs",
		Effect:   "Allow",
		Action:   words{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resource: words{p.id.logGroupARN(p.names.LogGroup) + ":*"},
	})
	return policy
}

// Desired is the data that the role shall have.
func (r *executionRole) Desired() any { return r.desired }

func (r *executionRole) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer r.explain("reading", &err)
	answer, err := r.client.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
	if err != nil {
		return nil, notFound(err, "NoSuchEntity")
	}
	tags := tagMap(answer.Role.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	spec := ExecutionRole{
		Trust:       readPolicy(unescape(aws.ToString(answer.Role.AssumeRolePolicyDocument))),
		Description: aws.ToString(answer.Role.Description),
		Tags:        userTags(tags),
	}
	if err := r.readPolicies(ctx, &spec); err != nil {
		return nil, notFound(fmt.Errorf("policies: %w", err), "NoSuchEntity")
	}
	observed := &engine.Observed{
		ID:     r.name,
		ARN:    aws.ToString(answer.Role.Arn),
		Status: "present", // IAM has no states
		Detail: fmt.Sprintf("%d permissions", len(spec.Policy)),
		Tags:   tags,
		Spec:   spec,
	}
	if len(spec.Policy) == 0 {
		observed.Unhealthy = "its policy is missing: the function may do nothing"
	}
	return observed, nil
}

// unescape: IAM answers with documents in URL encoding.
func unescape(document string) string {
	if plain, err := url.PathUnescape(document); err == nil {
		return plain
	}
	return document
}

func (r *executionRole) Diff(observed *engine.Observed) []engine.Change {
	return compare(r.desired, observed.Spec)
}

func (r *executionRole) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer r.explain("creating", &err)
	trust, err := r.trust.document()
	if err != nil {
		return err
	}
	_, err = r.client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 &r.name,
		AssumeRolePolicyDocument: &trust,
		Description:              &r.desired.Description,
		Tags:                     r.tags(r.desired.Tags),
	})
	if err := ignore(err, "EntityAlreadyExists"); err != nil {
		return err
	}
	progress.Identified(r.name, r.arn)
	return r.putPolicy(ctx, progress)
}

func (r *executionRole) putPolicy(ctx context.Context, progress engine.Progress) error {
	document, err := r.policy.document()
	if err != nil {
		return err
	}
	// A role that was created a moment ago may not be known everywhere.
	return retry{
		match:    func(err error) bool { return hasCode(err, "NoSuchEntity") },
		timeout:  20 * time.Second,
		progress: progress,
		doing:    "waiting for the new role",
	}.do(ctx, func(ctx context.Context) error {
		_, err := r.client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &r.name, PolicyName: aws.String(PolicyName), PolicyDocument: &document,
		})
		return err
	})
}

func (r *executionRole) tags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })
}

func (r *executionRole) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer r.explain("updating", &err)
	if tagged(changes) {
		if err := r.retag(ctx, observed.Tags); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if changed(changes, "trust") {
		trust, err := r.trust.document()
		if err != nil {
			return err
		}
		if _, err := r.client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.name, PolicyDocument: &trust}); err != nil {
			return fmt.Errorf("trust: %w", err)
		}
	}
	if changed(changes, "policy") {
		if err := r.putPolicy(ctx, progress); err != nil {
			return fmt.Errorf("policy: %w", err)
		}
	}
	if changed(changes, "other_policies", "attached_policies") {
		now := observed.Spec.(ExecutionRole)
		if err := r.strip(ctx, now.OtherPolicies, now.AttachedPolicies); err != nil {
			return fmt.Errorf("policies: %w", err)
		}
	}
	if changed(changes, "description") {
		if _, err := r.client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &r.name, Description: &r.desired.Description}); err != nil {
			return fmt.Errorf("description: %w", err)
		}
	}
	return nil
}

func (r *executionRole) retag(ctx context.Context, observed map[string]string) error {
	set, remove := tagChanges(observed, r.desired.Tags)
	if len(remove) > 0 {
		if _, err := r.client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &r.name, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := r.client.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.name, Tags: r.tags(set)}); err != nil {
			return err
		}
	}
	return nil
}

// Delete takes every policy away first, also those that somebody added: IAM
// refuses to delete a role that has any.
func (r *executionRole) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer r.explain("deleting", &err)
	inline, err := r.inline(ctx)
	if err != nil {
		return ignore(err, "NoSuchEntity")
	}
	attached, err := r.attached(ctx)
	if err != nil {
		return ignore(err, "NoSuchEntity")
	}
	if err := r.strip(ctx, inline, attached); err != nil {
		return err
	}
	err = retry{
		// IAM may not know everywhere yet that the policies are gone.
		match:    func(err error) bool { return hasCode(err, "DeleteConflict", "ConcurrentModification") },
		timeout:  20 * time.Second,
		progress: progress,
		doing:    "waiting until the role may be deleted",
	}.do(ctx, func(ctx context.Context) error {
		_, err := r.client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.name})
		return err
	})
	return ignore(err, "NoSuchEntity")
}

// charges are none: IAM is free.
func (r *executionRole) charges(cost.Flow) []cost.Charge { return nil }

func (r *executionRole) needs() []need {
	return []need{{
		sid: "ExecutionRole", on: words{r.arn},
		read:   words{"iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"},
		create: words{"iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy"},
		update: words{
			"iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:UpdateRole", "iam:TagRole", "iam:UntagRole",
		},
		remove: words{
			"iam:ListRolePolicies", "iam:DeleteRolePolicy", "iam:ListAttachedRolePolicies", "iam:DetachRolePolicy", "iam:DeleteRole",
		},
	}}
}
