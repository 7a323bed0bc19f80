package emulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	rootTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	readUsers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:BatchGetItem","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/users"}]}`
)

func createRole(t testing.TB, client *iam.Client, name, trust string) string {
	t.Helper()
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func TestIAMRole(t *testing.T) {
	clock := NewManualClock(epoch)
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{Clock: clock})))
	ctx := t.Context()
	created, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("worker"), AssumeRolePolicyDocument: aws.String(lambdaTrust), Description: aws.String("<does & works>"),
		MaxSessionDuration: aws.Int32(7200), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("worker")})
	if err != nil {
		t.Fatal(err)
	}
	want := &types.Role{
		Arn: aws.String("arn:aws:iam::000000000000:role/worker"), RoleName: aws.String("worker"), Path: aws.String("/"), RoleId: created.Role.RoleId,
		CreateDate: aws.Time(epoch), Description: aws.String("<does & works>"), MaxSessionDuration: aws.Int32(7200),
		AssumeRolePolicyDocument: aws.String(encodeDocument(lambdaTrust)), RoleLastUsed: &types.RoleLastUsed{},
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("b"), Value: aws.String("2")}},
	}
	if diff := cmp.Diff(want, got.Role, cmpopts.IgnoreUnexported(types.Role{}, types.Tag{}, types.RoleLastUsed{})); diff != "" {
		t.Error(diff)
	}
	if decoded, err := url.QueryUnescape(*got.Role.AssumeRolePolicyDocument); err != nil || decoded != lambdaTrust {
		t.Errorf("the trust policy is %s, %v", decoded, err)
	}
	if id := *got.Role.RoleId; len(id) != 21 || !strings.HasPrefix(id, "AROA") {
		t.Errorf("role id %s", id)
	}
	_, err = client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("Worker"), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	wantCode(t, err, "EntityAlreadyExists")
}

func TestIAMRefusesRoles(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	tests := map[string]struct {
		in         iam.CreateRoleInput
		code, want string
	}{
		"not a policy":  {iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{}")}, "MalformedPolicyDocument", string(errPolicySyntax)},
		"other action":  {iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(strings.Replace(lambdaTrust, "sts:AssumeRole", "s3:Get", 1))}, "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."},
		"long name":     {iam.CreateRoleInput{RoleName: aws.String(strings.Repeat("r", 65)), AssumeRolePolicyDocument: aws.String(lambdaTrust)}, "ValidationError", "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		"bad name":      {iam.CreateRoleInput{RoleName: aws.String("a b"), AssumeRolePolicyDocument: aws.String(lambdaTrust)}, "ValidationError", `1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`},
		"short session": {iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(lambdaTrust), MaxSessionDuration: aws.Int32(60)}, "ValidationError", "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"},
		"double tags": {iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(lambdaTrust), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("A"), Value: aws.String("")}}},
			"InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"large trust": {iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(strings.Replace(lambdaTrust, `"Effect"`, `"Sid":"`+strings.Repeat("x", 2048)+`","Effect"`, 1))},
			"LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := client.CreateRole(t.Context(), &test.in)
			if got := wantCode(t, err, test.code); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	_, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("absent")})
	if got := wantCode(t, err, "NoSuchEntity"); got != "The role with name absent cannot be found." {
		t.Errorf("got %s", got)
	}
}

func TestIAMRolePolicies(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	ctx := t.Context()
	createRole(t, client, "worker", lambdaTrust)
	name := aws.String("worker")
	if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("read"), PolicyDocument: aws.String(readUsers)}); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("bad"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`)})
	wantCode(t, err, "MalformedPolicyDocument")
	got, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("read")})
	if err != nil {
		t.Fatal(err)
	}
	if document, _ := url.QueryUnescape(*got.PolicyDocument); document != readUsers || strings.Contains(*got.PolicyDocument, " ") {
		t.Errorf("got %s", *got.PolicyDocument)
	}
	kinesis := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole")
	if _, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: kinesis}); err != nil {
		t.Fatal(err)
	}
	_, err = client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/Nope")})
	if got := wantCode(t, err, "NoSuchEntity"); got != "Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable." {
		t.Errorf("got %s", got)
	}
	attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	if err != nil || len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AWSLambdaKinesisExecutionRole" {
		t.Errorf("got %+v, %v", attached, err)
	}
	remove := func() error {
		_, err := client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		return err
	}
	if got := wantCode(t, remove(), "DeleteConflict"); got != "Cannot delete entity, must detach all policies first." {
		t.Errorf("got %s", got)
	}
	if _, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: kinesis}); err != nil {
		t.Fatal(err)
	}
	if got := wantCode(t, remove(), "DeleteConflict"); got != "Cannot delete entity, must delete policies first." {
		t.Errorf("got %s", got)
	}
	if _, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("read")}); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, remove(), "NoSuchEntity")
}

func TestIAMListsInPages(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		createRole(t, client, name, lambdaTrust)
	}
	var got []string
	pages := iam.NewListRolesPaginator(client, &iam.ListRolesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Roles {
			got = append(got, *r.RoleName)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Error(diff)
	}
	none, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: aws.String("a")})
	if err != nil || none.PolicyNames == nil || len(none.PolicyNames) != 0 || none.IsTruncated {
		t.Errorf("got %+v, %v", none, err)
	}
	_, err = client.ListRoles(t.Context(), &iam.ListRolesInput{Marker: aws.String("nonsense")})
	wantCode(t, err, "ValidationError")
}

func TestIAMTags(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	ctx := t.Context()
	createRole(t, client, "worker", lambdaTrust)
	name := aws.String("worker")
	tags := []types.Tag{{Key: aws.String("Team"), Value: aws.String("web")}, {Key: aws.String("x"), Value: aws.String("1")}}
	if _, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tags}); err != nil {
		t.Fatal(err)
	}
	// Keys are the same in any case; the new spelling stays.
	if _, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ops")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"X"}}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name})
	if err != nil || len(got.Tags) != 1 || *got.Tags[0].Key != "team" || *got.Tags[0].Value != "ops" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}})
	wantCode(t, err, "InvalidInput")
}

func TestIAMSimulates(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	arn := createRole(t, client, "worker", lambdaTrust)
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(readUsers)}); err != nil {
		t.Fatal(err)
	}
	out, err := client.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &arn, ActionNames: []string{"dynamodb:BatchGetItem", "dynamodb:Scan"}, ResourceArns: []string{"arn:aws:dynamodb:us-east-1:000000000000:table/users"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []types.PolicyEvaluationDecisionType
	for _, result := range out.EvaluationResults {
		got = append(got, result.EvalDecision)
	}
	if diff := cmp.Diff([]types.PolicyEvaluationDecisionType{"allowed", "implicitDeny"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRolesAreEnforced(t *testing.T) {
	s := startServer(t, Options{})
	roles := iam.NewFromConfig(sdkConfig(s))
	owner := dynamodb.NewFromConfig(sdkConfig(s))
	createTable(t, owner, "users", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	createTable(t, owner, "others", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	arn := createRole(t, roles, "worker", lambdaTrust)
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(readUsers)}); err != nil {
		t.Fatal(err)
	}
	given := s.iam.sessionFor(arn, "fn")
	client := dynamodb.NewFromConfig(sessionConfig(s, given))
	get := func(tables ...string) error {
		in := &dynamodb.BatchGetItemInput{RequestItems: map[string]dynamotypes.KeysAndAttributes{}}
		for _, table := range tables {
			in.RequestItems[table] = dynamotypes.KeysAndAttributes{Keys: []map[string]dynamotypes.AttributeValue{{"id": str("1")}}}
		}
		_, err := client.BatchGetItem(t.Context(), in)
		return err
	}
	if err := get("users"); err != nil {
		t.Fatal(err)
	}
	want := "User: arn:aws:sts::000000000000:assumed-role/worker/fn is not authorized to perform: dynamodb:BatchGetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/others because no identity-based policy allows the dynamodb:BatchGetItem action"
	if got := wantCode(t, get("users", "others"), "AccessDeniedException"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users")})
	wantCode(t, err, "AccessDeniedException")
	_, err = iam.NewFromConfig(sessionConfig(s, given)).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("worker")})
	if got := wantCode(t, err, "AccessDenied"); !strings.Contains(got, "on resource: arn:aws:iam::000000000000:role/worker because") {
		t.Errorf("got %s", got)
	}

	// A change of the policy counts at once, also for a session that runs.
	deny := strings.Replace(readUsers, "Allow", "Deny", 1)
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("deny"), PolicyDocument: &deny}); err != nil {
		t.Fatal(err)
	}
	if got := wantCode(t, get("users"), "AccessDeniedException"); !strings.HasSuffix(got, "with an explicit deny in an identity-based policy") {
		t.Errorf("got %s", got)
	}
	s.iam.endSession(given.AccessKeyID)
	wantCode(t, get("users"), "ExpiredTokenException")
}

func TestAllowedAsksTheRolesPolicies(t *testing.T) {
	s := startServer(t, Options{})
	arn := createRole(t, iam.NewFromConfig(sdkConfig(s)), "worker", lambdaTrust)
	if err := s.iam.allowed(arn, "dynamodb:BatchGetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/users"); err == nil {
		t.Error("a role without policies is allowed something")
	}
	if !s.iam.assumable(arn, "lambda.amazonaws.com") || s.iam.assumable(arn, "ec2.amazonaws.com") || s.iam.assumable(arn+"x", "lambda.amazonaws.com") {
		t.Error("wrong services may assume the role")
	}
}

func TestSTS(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	client := sts.NewFromConfig(sdkConfig(s))
	ctx := t.Context()
	who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != "000000000000" || *who.Arn != "arn:aws:iam::000000000000:root" {
		t.Fatalf("got %+v, %v", who, err)
	}
	roles := iam.NewFromConfig(sdkConfig(s))
	arn := createRole(t, roles, "admin", rootTrust)
	function := createRole(t, roles, "function", lambdaTrust)
	given, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	if got := *given.AssumedRoleUser.Arn; got != "arn:aws:sts::000000000000:assumed-role/admin/me" || !given.Credentials.Expiration.Equal(epoch.Add(15*time.Minute)) {
		t.Errorf("got %s until %s", got, given.Credentials.Expiration)
	}
	session := sts.NewFromConfig(sessionConfig(s, credentials{AccessKeyID: *given.Credentials.AccessKeyId, SecretAccessKey: *given.Credentials.SecretAccessKey, SessionToken: *given.Credentials.SessionToken}))
	who, err = session.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != *given.AssumedRoleUser.Arn || *who.UserId != *given.AssumedRoleUser.AssumedRoleId {
		t.Errorf("got %+v, %v", who, err)
	}
	_, err = client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &function, RoleSessionName: aws.String("me")})
	if got := wantCode(t, err, "AccessDenied"); got != "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: "+function {
		t.Errorf("got %s", got)
	}
	_, err = client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(7200)})
	wantCode(t, err, "ValidationError")
	clock.Advance(15 * time.Minute)
	_, err = session.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("me")})
	wantCode(t, err, "ExpiredToken")
}
