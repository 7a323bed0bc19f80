package pipeline

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/engine"
)

// creations is the plan of a first deployment.
func creations(p *Pipeline) *engine.Plan {
	plan := &engine.Plan{}
	for _, r := range p.Resources() {
		plan.Steps = append(plan.Steps, engine.Step{Resource: r, Action: engine.Create})
	}
	return plan
}

func preflight(t *testing.T, p *Pipeline, caller string, plan *engine.Plan) *Preflight {
	t.Helper()
	found, err := p.Preflight(t.Context(), caller, plan)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// deployers makes a role of a policy, and gives the ARN of a session of it.
func (c cloud) deployers(t *testing.T, path string, policy Policy) (caller string) {
	t.Helper()
	c.role(t, "deployers", path, policy)
	return "arn:aws:sts::" + c.id.Account + ":assumed-role/deployers/me"
}

func (c cloud) role(t *testing.T, name, path string, policy Policy) {
	t.Helper()
	client := iam.NewFromConfig(c.sdk)
	document, err := policy.document()
	if err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + c.id.Account + `"},"Action":"sts:AssumeRole"}]}`
	if _, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
}

// as gives the cloud to a session of a role.
func (c cloud) as(t *testing.T, role string) (_ cloud, caller string) {
	t.Helper()
	answer, err := sts.NewFromConfig(c.sdk).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("me")})
	if err != nil {
		t.Fatal(err)
	}
	c.sdk = c.sdk.Copy()
	c.sdk.Credentials = credentials.NewStaticCredentialsProvider(*answer.Credentials.AccessKeyId, *answer.Credentials.SecretAccessKey, *answer.Credentials.SessionToken)
	return c, *answer.AssumedRoleUser.Arn
}

// A role with a path is checked with no more than the policy that was printed for
// it, by its ARN or by what a session tells of it.
func TestPreflightOfRolesWithPaths(t *testing.T) {
	const account = "arn:aws:iam::000000000000:role"
	for name, test := range map[string]struct {
		role, path string
		printed    string // whom the policy was printed for
		without    string // an action that is not in it
		want       []string
	}{
		"by its ARN":       {"deployers", "/teams/data/", account + "/teams/data/deployers", "", nil},
		"without a path":   {"deployers", "/", account + "/deployers", "", nil},
		"of IAM's SSO":     {"AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/eu-west-1/", account + "/AWSReservedSSO_Admin_0123456789abcdef", "", nil},
		"SSO in us-east-1": {"AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/", account + "/AWSReservedSSO_Admin_0123456789abcdef", "", nil},
		"may not look":     {"deployers", "/teams/data/", account + "/teams/data/deployers", "iam:GetRole", []string{"could not check permissions: iam:SimulatePrincipalPolicy or iam:GetRole on " + account + "/deployers is not allowed"}},
		"may not simulate": {"deployers", "/teams/data/", account + "/teams/data/deployers", "iam:SimulatePrincipalPolicy", []string{"could not check permissions: iam:SimulatePrincipalPolicy is not allowed"}},
		"without its path": {"deployers", "/teams/data/", account + "/deployers", "", []string{"could not check permissions: iam:GetRole is not allowed"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newEmulated(t)
			policy := c.pipeline(t).DeployerPolicy(test.printed, "")
			check := &policy.Statements[len(policy.Statements)-1]
			check.Action = slices.DeleteFunc(check.Action, func(action string) bool { return action == test.without })
			c.role(t, test.role, test.path, policy)
			held, caller := c.as(t, account+test.path+test.role)
			p := held.pipeline(t)
			found := preflight(t, p, caller, creations(p))
			if diff := cmp.Diff(test.want, found.Unchecked); diff != "" || found.Missing != nil {
				t.Errorf("missing %v, unchecked (-want +got):\n%s", found.Missing, diff)
			}
			deployer := account + "/" + test.role
			if test.want == nil {
				deployer = account + test.path + test.role
			}
			if got := p.Deployer(t.Context(), caller); got != deployer && test.without != "iam:SimulatePrincipalPolicy" {
				t.Errorf("the deployer is %s, want %s", got, deployer)
			}
		})
	}
}

// The printed policy is all that a first deployment calls for, and each permission
// that it lacks is told.
func TestPreflightOfPermissions(t *testing.T) {
	for _, path := range []string{"/", "/teams/data/"} {
		t.Run(path, func(t *testing.T) {
			c := newCloud(t)
			p := c.pipeline(t)
			policy := p.DeployerPolicy("", "")
			caller := c.deployers(t, path, policy)
			if found := preflight(t, p, caller, creations(p)); found.Missing != nil || found.Problems != nil || found.Unchecked != nil ||
				found.Principal != "arn:aws:iam::"+c.id.Account+":role"+path+"deployers" {
				t.Errorf("found %+v", found)
			}
		})
	}

	c := newCloud(t)
	p := c.pipeline(t)
	policy := p.DeployerPolicy("", "")
	var want []Permission
	for i := range policy.Statements {
		s := &policy.Statements[i]
		switch s.Sid {
		case "DataStream":
			s.Action = words{"kinesis:DescribeStreamSummary", "kinesis:CreateStream", "kinesis:IncreaseStreamRetentionPeriod", "kinesis:StartStreamEncryption", "kinesis:ListTagsForStream"}
			want = append(want, Permission{"kinesis:AddTagsToStream", p.id.streamARN(p.names.Stream)})
		case "PassRole":
			s.Condition = equal("iam:PassedToService", "ec2.amazonaws.com")
			want = append(want, Permission{"iam:PassRole", p.id.roleARN(p.names.Role)})
		case "Alarms":
			// What a creation does not call for may be missing.
			s.Action = words{"cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"}
			s.Resource = s.Resource[1:]
			for _, action := range s.Action {
				want = append(want, Permission{action, p.id.alarmARN(p.id.prefix() + "-function-errors")})
			}
		}
	}
	found := preflight(t, p, c.deployers(t, "/", policy), creations(p))
	perhaps := slices.IndexFunc(want, func(m Permission) bool { return m.Action == "cloudwatch:ListTagsForResource" })
	if diff := cmp.Diff(want[perhaps:perhaps+1], found.Uncertain); diff != "" {
		t.Errorf("uncertain (-want +got):\n%s", diff)
	}
	want = slices.Delete(want, perhaps, perhaps+1)
	if diff := cmp.Diff(want, found.Missing); diff != "" || found.Problems != nil {
		t.Errorf("problems %q, missing (-want +got):\n%s", found.Problems, diff)
	}
}

// A plan calls for no more than its steps, each for no more than what it changes.
func TestPreflightAsksForWhatIsCalled(t *testing.T) {
	change := func(field string, from, to any) engine.Change { return engine.Change{Field: field, Old: from, New: to} }
	active := &engine.Observed{Spec: DataStream{Mode: provisioned, Shards: 1, RetentionHours: 48, ShardMetrics: []string{"IncomingBytes"}}}
	busy := &engine.Observed{Transient: true, Spec: LookupTable{}}
	production := func(cfg *config.Config) { cfg.Environment = "prod" }
	for name, test := range map[string]struct {
		step             engine.Step
		key              string
		set              func(*config.Config)
		missing          words // from the policy
		certain, perhaps words
	}{
		"backups that nobody wants": {step: engine.Step{Action: engine.Create}, key: tableKey("users"), missing: words{"dynamodb:UpdateContinuousBackups"}},
		"backups":                   {step: engine.Step{Action: engine.Create}, key: tableKey("users"), set: production, missing: words{"dynamodb:UpdateContinuousBackups"}, certain: words{"dynamodb:UpdateContinuousBackups"}},
		"metrics that nobody wants": {step: engine.Step{Action: engine.Create}, key: keyStream, missing: words{"kinesis:EnableEnhancedMonitoring"}},
		"metrics": {step: engine.Step{Action: engine.Create}, key: keyStream, missing: words{"kinesis:EnableEnhancedMonitoring"}, certain: words{"kinesis:EnableEnhancedMonitoring"},
			set: func(cfg *config.Config) { cfg.Stream.ShardMetrics = []string{"IncomingBytes"} }},
		"memory": {step: engine.Step{Action: engine.Update, Changes: []engine.Change{change("memory", 256, 512)}}, key: keyFunction,
			missing: words{"lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"}, certain: words{"lambda:UpdateFunctionConfiguration"}},
		"a tag more": {step: engine.Step{Action: engine.Update, Changes: []engine.Change{change("tags.team", nil, "web")}}, key: keyFunction,
			missing: words{"lambda:UntagResource", "lambda:TagResource", "iam:PassRole"}, certain: words{"lambda:TagResource"}},
		"a tag less": {step: engine.Step{Action: engine.Update, Changes: []engine.Change{change("tags.team", "web", nil)}}, key: keyFunction,
			missing: words{"lambda:UntagResource", "lambda:TagResource"}, certain: words{"lambda:UntagResource"}},
		"a bucket's tag less": {step: engine.Step{Action: engine.Update, Changes: []engine.Change{change("tags.team", "web", nil)}}, key: keyBucket,
			missing: words{"s3:PutBucketTagging", "s3:PutBucketPolicy"}, certain: words{"s3:PutBucketTagging"}},
		"shorter, without metrics": {step: engine.Step{Action: engine.Update, Observed: active, Changes: []engine.Change{change("retention_hours", 48, 24), change("shard_metrics", []string{"IncomingBytes"}, nil)}},
			key: keyStream, missing: words{"kinesis:IncreaseStreamRetentionPeriod", "kinesis:DecreaseStreamRetentionPeriod", "kinesis:EnableEnhancedMonitoring", "kinesis:DisableEnhancedMonitoring"},
			certain: words{"kinesis:DecreaseStreamRetentionPeriod", "kinesis:DisableEnhancedMonitoring"}},
		"what is on its way": {step: engine.Step{Action: engine.Update, Observed: busy, Changes: []engine.Change{change("mode", onDemand, provisioned)}}, key: tableKey("users"),
			missing: words{"dynamodb:UpdateTable", "dynamodb:UntagResource"}, certain: words{"dynamodb:UpdateTable"}, perhaps: words{"dynamodb:UntagResource"}},
		"what was begun": {step: engine.Step{Action: engine.Resume, Observed: busy, Changes: []engine.Change{change("tags.team", nil, "web")}}, key: tableKey("users"),
			missing: words{"dynamodb:CreateTable", "dynamodb:TagResource"}, certain: words{"dynamodb:TagResource"}, perhaps: words{"dynamodb:CreateTable"}},
		"what AWS sets by itself": {step: engine.Step{Action: engine.Create}, key: keyBucket, missing: words{"s3:PutBucketPublicAccessBlock"}, perhaps: words{"s3:PutBucketPublicAccessBlock"}},
		"what may be protected": {step: engine.Step{Action: engine.Delete}, key: tableKey("users"), missing: words{"dynamodb:UpdateTable", "dynamodb:DeleteTable"},
			certain: words{"dynamodb:DeleteTable"}, perhaps: words{"dynamodb:UpdateTable"}},
		"another key": {step: engine.Step{Action: engine.Replace, Observed: busy}, key: tableKey("users"), missing: words{"dynamodb:DeleteTable", "dynamodb:CreateTable"},
			certain: words{"dynamodb:CreateTable", "dynamodb:DeleteTable"}},
		"nothing": {step: engine.Step{Action: engine.None}, key: keyFunction, missing: words{"lambda:UpdateFunctionCode"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			var set []func(*config.Config)
			if test.set != nil {
				set = append(set, test.set)
			}
			p := c.pipeline(t, set...)
			policy := p.DeployerPolicy("", "")
			for i, s := range policy.Statements {
				policy.Statements[i].Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return slices.Contains(test.missing, action) })
				if len(policy.Statements[i].Action) == 0 {
					policy.Statements[i].Action = words{"none:None"}
				}
			}
			test.step.Resource = pick(t, p, test.key)
			found := preflight(t, p, c.deployers(t, "/", policy), &engine.Plan{Steps: []engine.Step{test.step}})
			for kind, list := range map[string][2]words{"missing": {test.certain, actionsOf(found.Missing)}, "uncertain": {test.perhaps, actionsOf(found.Uncertain)}} {
				if diff := cmp.Diff(list[0], list[1]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", kind, diff)
				}
			}
		})
	}
}

func actionsOf(permissions []Permission) words {
	var actions words
	for _, p := range permissions {
		actions = append(actions, p.Action)
	}
	return actions
}

// A denial that hangs on what only a real request brings is none yet.
func TestPreflightOfConditions(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t)
	policy := p.DeployerPolicy("", "")
	for i := range policy.Statements {
		if s := &policy.Statements[i]; s.Sid == "DataStream" {
			s.Condition = map[string]map[string]conditions{"Bool": {"aws:SecureTransport": {"true"}}}
		}
	}
	if found := preflight(t, p, c.deployers(t, "/", policy), creations(p)); found.Missing != nil || found.Unchecked != nil {
		t.Errorf("found %+v", found)
	}
}

// What cannot be checked is told in a line and stops nothing.
func TestPreflightUnchecked(t *testing.T) {
	const user = "arn:aws:iam::000000000000:user/me"
	for name, test := range map[string]struct {
		caller string
		spell  []*spell
		want   []string
	}{
		"the account's root":  {"arn:aws:iam::000000000000:root", nil, nil},
		"a federated session": {"arn:aws:sts::000000000000:federated-user/me", nil, []string{"could not check permissions: arn:aws:sts::000000000000:federated-user/me is neither a user nor a role"}},
		"no such user":        {user, nil, []string{"could not check permissions: iam:SimulatePrincipalPolicy: NoSuchEntity: The principal arn:aws:iam::000000000000:user/me cannot be found."}},
		"not allowed": {user, []*spell{{call: "POST / ", times: 99, status: http.StatusForbidden, kind: "text/xml", body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`}},
			[]string{"could not check permissions: iam:SimulatePrincipalPolicy is not allowed"}},
		"an endpoint without it": {user, []*spell{{call: "POST / ", times: 99, status: http.StatusInternalServerError, kind: "text/html; charset=utf-8", body: "<html>"}},
			[]string{"could not check permissions: this endpoint does not have iam:SimulatePrincipalPolicy"}},
		"an endpoint without quotas": {"arn:aws:iam::000000000000:root", []*spell{{call: ".DescribeLimits", times: 99, status: http.StatusBadRequest, code: "UnknownOperationException", body: `{"message":"What?"}`}},
			[]string{"could not check quotas: kinesis:DescribeLimits: UnknownOperationException: What?"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newCloud(t).under(&weather{spell: test.spell}).pipeline(t)
			key := keyFunction
			if strings.HasSuffix(name, "quotas") {
				key = keyStream
			}
			found := preflight(t, p, test.caller, &engine.Plan{Steps: []engine.Step{{Resource: pick(t, p, key), Action: engine.Create}}})
			if diff := cmp.Diff(test.want, found.Unchecked); diff != "" || found.Missing != nil || found.Problems != nil {
				t.Errorf("found %+v, unchecked (-want +got):\n%s", found, diff)
			}
		})
	}
}

// A quota counts what the plan takes of it, and no more.
func TestPreflightOfQuotas(t *testing.T) {
	c := newCloud(t)
	client := kinesis.NewFromConfig(c.sdk)
	limits, err := client.DescribeLimits(t.Context(), &kinesis.DescribeLimitsInput{})
	if err != nil {
		t.Fatal(err)
	}
	left := *limits.ShardLimit - 3
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("others"), ShardCount: &left}); err != nil {
		t.Fatal(err)
	}
	for i := range *limits.OnDemandStreamCountLimit {
		if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
			StreamName: aws.String(fmt.Sprintf("demanding-%d", i)), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		}); err != nil {
			t.Fatal(err)
		}
	}
	now := func(mode string, shards int) *engine.Observed {
		return &engine.Observed{Spec: DataStream{Mode: mode, Shards: shards}}
	}
	for name, test := range map[string]struct {
		mode     string
		shards   int
		action   engine.Action
		observed *engine.Observed
		want     string // "" is enough
	}{
		"enough shards":           {provisioned, 3, engine.Create, nil, ""},
		"too few shards":          {provisioned, 4, engine.Create, nil, "the account has 997 of its 1000 shards in us-east-1 in use, and this takes 4 more: raise the quota \"Shards per Region\""},
		"a few more":              {provisioned, 5, engine.Update, now(provisioned, 2), ""},
		"too many more":           {provisioned, 6, engine.Update, now(provisioned, 2), "takes 4 more"},
		"fewer":                   {provisioned, 1, engine.Update, now(provisioned, 2), ""},
		"another on-demand":       {onDemand, 0, engine.Create, nil, "the account has 50 of its 50 on-demand streams in us-east-1 in use, and this takes 1 more: raise the quota \"On-demand Data Streams per account\""},
		"becomes on-demand":       {onDemand, 0, engine.Update, now(provisioned, 2), "takes 1 more"},
		"is on-demand":            {onDemand, 0, engine.Update, now(onDemand, 0), ""},
		"is as it should be":      {provisioned, 9, engine.None, now(provisioned, 9), ""},
		"was begun, so it counts": {provisioned, 9, engine.Resume, now(provisioned, 9), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.pipeline(t, func(cfg *config.Config) { cfg.Stream.Mode, cfg.Stream.Shards = test.mode, max(test.shards, 1) })
			plan := &engine.Plan{Steps: []engine.Step{{Resource: pick(t, p, keyStream), Action: test.action, Observed: test.observed}}}
			found := preflight(t, p, "arn:aws:iam::000000000000:root", plan)
			if got := strings.Join(found.Problems, "; "); !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}

func TestPrincipal(t *testing.T) {
	for caller, want := range map[string]string{
		"arn:aws:iam::123456789012:user/teams/me":                    "arn:aws:iam::123456789012:user/teams/me",
		"arn:aws-cn:sts::123456789012:assumed-role/deployer/session": "arn:aws-cn:iam::123456789012:role/deployer",
		"arn:aws:iam::123456789012:root":                             "",
		"arn:aws:sts::123456789012:federated-user/me":                "",
		"me": "",
	} {
		if got := Principal(caller); got != want {
			t.Errorf("%s: got %q, want %q", caller, got, want)
		}
	}
}
