package emulator

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// accessLog collects what a server tells of accesses.
type accessLog struct {
	mu   sync.Mutex
	list []string
}

func (l *accessLog) add(a Access) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := a.Action + " " + a.Resource
	if !a.Allowed {
		text += " refused"
	}
	l.list = append(l.list, text)
}

// take gives what came since the last time.
func (l *accessLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.list
	l.list = nil
	return taken
}

// Each call needs the permissions that it needs at AWS, in this order.
func TestAccesses(t *testing.T) {
	var log accessLog
	s := startServer(t, Options{OnAccess: log.add})
	config := sdkConfig(s)
	streams, logs, roles := kinesis.NewFromConfig(config), cloudwatchlogs.NewFromConfig(config), iam.NewFromConfig(config)
	functions, objects := awslambda.NewFromConfig(config), s3For(s, nil)
	name, tags := aws.String("x"), map[string]string{"a": "b"}
	const account = ":us-east-1:000000000000:"
	mapping := aws.String("00000000-0000-4000-8000-000000000000")
	for _, test := range []struct {
		name string
		call func() error
		want []string
	}{
		{"tags of a new stream", func() error {
			_, err := streams.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1), Tags: tags})
			return err
		}, []string{"kinesis:CreateStream arn:aws:kinesis" + account + "stream/x", "kinesis:AddTagsToStream arn:aws:kinesis" + account + "stream/x"}},
		{"an action that no policy can confine", func() error {
			_, err := streams.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(2), ScalingType: "UNIFORM_SCALING"})
			return err
		}, []string{"kinesis:UpdateShardCount *"}},
		{"an iterator names its stream", func() error {
			begin, err := streams.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "TRIM_HORIZON"})
			if err == nil {
				_, err = streams.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: begin.ShardIterator})
			}
			return err
		}, []string{"kinesis:GetShardIterator arn:aws:kinesis" + account + "stream/x", "kinesis:GetRecords arn:aws:kinesis" + account + "stream/x"}},
		{"a log group", func() error {
			_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name, Tags: tags})
			return err
		}, []string{"logs:CreateLogGroup arn:aws:logs" + account + "log-group:x:log-stream:", "logs:TagResource arn:aws:logs" + account + "log-group:x:log-stream:"}},
		{"a listing of log groups", func() error {
			_, err := logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: name})
			return err
		}, []string{"logs:DescribeLogGroups arn:aws:logs" + account + "log-group::log-stream:"}},
		{"a listing of alarms", func() error {
			_, err := cloudwatch.NewFromConfig(config).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"x"}})
			return err
		}, []string{"cloudwatch:DescribeAlarms arn:aws:cloudwatch" + account + "alarm:*"}},
		{"a role", func() error {
			_, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(lambdaTrust), Tags: []types.Tag{{Key: name, Value: name}}})
			return err
		}, []string{"iam:CreateRole arn:aws:iam::000000000000:role/x", "iam:TagRole arn:aws:iam::000000000000:role/x"}},
		{"a role with a path, by its name", func() error {
			_, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("y"), Path: aws.String("/a/b/"), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
			log.take()
			if err == nil {
				_, err = roles.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("y")})
			}
			return err
		}, []string{"iam:GetRole arn:aws:iam::000000000000:role/a/b/y"}},
		{"a bucket with ownership", func() error {
			_, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket"), ObjectOwnership: s3types.ObjectOwnershipBucketOwnerEnforced})
			return err
		}, []string{"s3:CreateBucket arn:aws:s3:::bucket", "s3:PutBucketOwnershipControls arn:aws:s3:::bucket"}},
		{"a role that is passed", func() error {
			_, err := functions.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: name, Role: aws.String("arn:aws:iam::000000000000:role/x")})
			wantCode(t, err, "ResourceNotFoundException")
			return nil
		}, []string{"lambda:UpdateFunctionConfiguration arn:aws:lambda" + account + "function:x", "iam:PassRole arn:aws:iam::000000000000:role/x"}},
		{"a mapping", func() error {
			_, err := functions.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: mapping})
			wantCode(t, err, "ResourceNotFoundException")
			_, err = functions.ListEventSourceMappings(t.Context(), &awslambda.ListEventSourceMappingsInput{FunctionName: name})
			return err
		}, []string{"lambda:GetEventSourceMapping arn:aws:lambda" + account + "event-source-mapping:" + *mapping, "lambda:ListEventSourceMappings *"}},
		{"who one is", func() error {
			_, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			return err
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			log.take()
			if err := test.call(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, log.take()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A policy holds every caller but roles, and can be simulated.
func TestCallerPolicy(t *testing.T) {
	const document = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["dynamodb:CreateTable","dynamodb:DescribeTable"],"Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/mine"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}},
		{"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"*"}]}`
	s := startServer(t, Options{CallerPolicy: document})
	config := sdkConfig(s)
	who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:iam::000000000000:user/caller" {
		t.Fatalf("%+v, %v", who, err)
	}
	tables := dynamodb.NewFromConfig(config)
	create := func(name string, tags ...dynamotypes.Tag) error {
		_, err := tables.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: dynamotypes.BillingModePayPerRequest, Tags: tags,
			AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
			KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
		})
		return err
	}
	if err := create("mine"); err != nil {
		t.Error(err)
	}
	wantCode(t, create("yours"), "AccessDeniedException")
	tag := dynamotypes.Tag{Key: aws.String("a"), Value: aws.String("b")}
	if got := wantCode(t, create("mine", tag), "AccessDeniedException"); !strings.Contains(got, "user/caller is not authorized to perform: dynamodb:TagResource on resource: arn:aws:dynamodb:us-east-1:000000000000:table/mine ") {
		t.Errorf("got %s", got)
	}
	_, err = s3For(s, nil).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantCode(t, err, "AccessDenied")

	out, err := iam.NewFromConfig(config).SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: who.Arn, ActionNames: []string{"dynamodb:CreateTable", "dynamodb:TagResource", "iam:PassRole"},
		ResourceArns: []string{"arn:aws:dynamodb:us-east-1:000000000000:table/mine"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.EvaluationResults {
		got = append(got, string(r.EvalDecision)+strings.Join(r.MissingContextValues, ","))
	}
	if want := []string{"allowed", "implicitDeny", "implicitDenyiam:passedtoservice"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	if err := s.SetCallerPolicy("{}"); err == nil {
		t.Error("not a policy")
	}
	wantCode(t, create("yours"), "AccessDeniedException") // still
	if err := s.SetCallerPolicy(""); err != nil {
		t.Fatal(err)
	}
	if err := create("yours"); err != nil {
		t.Error(err)
	}
}

// Who may read a function but not its tags gets it without them, and the reason.
func TestTagsOfAFunctionAreAskedFor(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Tags = map[string]string{"a": "1"} })
	must(t, w.server.SetCallerPolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}}`))
	got, err := w.lambda.GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: &w.function})
	must(t, err)
	if got.Tags != nil || got.TagsError == nil || *got.TagsError.ErrorCode != "AccessDeniedException" {
		t.Errorf("tags %v, error %+v", got.Tags, got.TagsError)
	}
}
