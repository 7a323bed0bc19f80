package emulator

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestIAMRoleChanges(t *testing.T) {
	s := startServer(t, Options{})
	client := iam.NewFromConfig(sdkConfig(s))
	ctx := t.Context()
	arn := createRole(t, client, "worker", lambdaTrust)
	name := aws.String("worker")
	if _, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("first"), MaxSessionDuration: aws.Int32(43200)}); err != nil {
		t.Fatal(err)
	}
	if out, err := client.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("second")}); err != nil || *out.Role.Description != "second" {
		t.Fatalf("got %v, %v", out, err)
	}
	if _, err := client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(rootTrust)}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	document, err := url.QueryUnescape(*got.Role.AssumeRolePolicyDocument)
	if err != nil || document != rootTrust || *got.Role.Description != "second" || *got.Role.MaxSessionDuration != 43200 {
		t.Errorf("got %s, %+v, %v", document, got.Role, err)
	}
	if s.iam.assumable(arn, "lambda.amazonaws.com") {
		t.Error("the old trust policy still counts")
	}
	_, err = client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String("{}")})
	wantCode(t, err, "MalformedPolicyDocument")
	_, err = client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(43201)})
	wantCode(t, err, "ValidationError")
	_, err = client.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String(strings.Repeat("x", 1001))})
	wantCode(t, err, "ValidationError")
	profiles, err := client.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name})
	if err != nil || profiles.InstanceProfiles == nil || len(profiles.InstanceProfiles) != 0 {
		t.Errorf("got %+v, %v", profiles, err)
	}
	_, err = client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bounded"), AssumeRolePolicyDocument: aws.String(lambdaTrust), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	if got := wantCode(t, err, "InvalidInput"); !strings.Contains(got, "PermissionsBoundary") {
		t.Errorf("got %s", got)
	}
	pathed, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("deep"), Path: aws.String("/team/web/"), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	if err != nil || *pathed.Role.Arn != "arn:aws:iam::000000000000:role/team/web/deep" {
		t.Fatalf("got %+v, %v", pathed, err)
	}
	listed, err := client.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/team/")})
	if err != nil || len(listed.Roles) != 1 || *listed.Roles[0].RoleName != "deep" {
		t.Errorf("got %+v, %v", listed, err)
	}
}

func TestIAMLimitsInlinePolicies(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	createRole(t, client, "worker", lambdaTrust)
	put := func(name string, size int) error {
		document := strings.Replace(readUsers, `"Effect"`, `"Sid":"`+strings.Repeat("x", size)+`",`+"\n\t "+`"Effect"`, 1)
		_, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: &name, PolicyDocument: &document})
		return err
	}
	if err := put("a", 6000); err != nil {
		t.Fatal(err)
	}
	if got := wantCode(t, put("b", 6000), "LimitExceeded"); got != "Maximum policy size of 10240 bytes exceeded for role worker" {
		t.Errorf("got %s", got)
	}
	if err := put("a", 9000); err != nil { // it takes the place of the first
		t.Error(err)
	}
}

// The default policy of a function's logs names the group and everything in it.
func TestRolesAreEnforcedForLogs(t *testing.T) {
	s := startServer(t, Options{})
	arn := createRole(t, iam.NewFromConfig(sdkConfig(s)), "worker", lambdaTrust)
	if _, err := cloudwatchlogs.NewFromConfig(sdkConfig(s)).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/f")}); err != nil {
		t.Fatal(err)
	}
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*"}]}`
	if _, err := iam.NewFromConfig(sdkConfig(s)).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("logs"), PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	client := cloudwatchlogs.NewFromConfig(sessionConfig(s, s.iam.sessionFor(arn, "f")))
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/aws/lambda/f"), LogStreamName: aws.String("a")}); err != nil {
		t.Error(err)
	}
	_, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String("/aws/lambda/g"), LogStreamName: aws.String("b"), LogEvents: []logtypes.InputLogEvent{{Message: aws.String("x"), Timestamp: aws.Int64(1)}},
	})
	if got := wantCode(t, err, "AccessDeniedException"); !strings.Contains(got, "on resource: arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/g:log-stream:b because") {
		t.Errorf("got %s", got)
	}
	_, err = client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/f")})
	wantCode(t, err, "AccessDeniedException")
}

func TestIAMSimulatesConditions(t *testing.T) {
	client := iam.NewFromConfig(sdkConfig(startServer(t, Options{})))
	arn := createRole(t, client, "worker", lambdaTrust)
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}`
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	simulate := func(key, value string) (*iam.SimulatePrincipalPolicyOutput, error) {
		return client.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &arn, ActionNames: []string{"iam:PassRole"},
			ContextEntries: []types.ContextEntry{{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}},
		})
	}
	for service, want := range map[string]types.PolicyEvaluationDecisionType{"lambda.amazonaws.com": "allowed", "ec2.amazonaws.com": "implicitDeny"} {
		if out, err := simulate("iam:PassedToService", service); err != nil || out.EvaluationResults[0].EvalDecision != want {
			t.Errorf("%s: got %+v, %v", service, out, err)
		}
	}
	_, err := simulate("aws:SourceIp", "1.2.3.4")
	wantCode(t, err, "InvalidInput")
}
