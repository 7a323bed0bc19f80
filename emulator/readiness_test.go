package emulator

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// slow is a world whose clock stands still.
type slow struct {
	*world
	clock      *ManualClock
	roles      *iam.Client
	tables     *dynamodb.Client
	cloudwatch *cloudwatch.Client
}

func newSlow(t *testing.T) *slow {
	t.Helper()
	clock := NewManualClock(epoch)
	w := newWorld(t, Options{Clock: clock}, 1)
	sdk := sdkConfig(w.server)
	return &slow{
		world: w, clock: clock, roles: iam.NewFromConfig(sdk), tables: dynamodb.NewFromConfig(sdk), cloudwatch: cloudwatch.NewFromConfig(sdk),
	}
}

func (w *slow) role() error {
	_, err := w.roles.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: aws.String("fresh"), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	return err
}

func (w *slow) functionOf(role string) error {
	_, err := w.lambda.CreateFunction(w.t.Context(), w.functionInput("proxy", func(in *awslambda.CreateFunctionInput) {
		in.Role = aws.String("arn:aws:iam::000000000000:role/" + role)
	}))
	return err
}

func (w *slow) permit() error {
	_, err := w.roles.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("fresh"), PolicyName: aws.String("work"), PolicyDocument: aws.String(rolePolicy)})
	return err
}

func (w *slow) mapping() error {
	_, err := w.lambda.CreateEventSourceMapping(w.t.Context(), &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: &w.streamARN, FunctionName: &w.function, StartingPosition: lambdatypes.EventSourcePositionTrimHorizon,
		Tags: map[string]string{"a": "1"},
	})
	return err
}

func (w *slow) table() error {
	_, err := w.tables.CreateTable(w.t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("users"), BillingMode: types.BillingModePayPerRequest, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	return err
}

func (w *slow) item() error {
	_, err := w.tables.PutItem(w.t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("users"), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}},
	})
	return err
}

func (w *slow) deleteTable() error {
	_, err := w.tables.DeleteTable(w.t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("users")})
	return err
}

func (w *slow) protect() error {
	_, err := w.tables.UpdateTable(w.t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("users"), DeletionProtectionEnabled: aws.Bool(false)})
	return err
}

func (w *slow) createBucket() error {
	_, err := w.s3.CreateBucket(w.t.Context(), &s3.CreateBucketInput{Bucket: aws.String("fresh-bucket")})
	return err
}

func (w *slow) deleteBucket() error {
	_, err := w.s3.DeleteBucket(w.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("fresh-bucket")})
	return err
}

func (w *slow) createGroup() error {
	_, err := w.logs.CreateLogGroup(w.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("fresh"), Tags: map[string]string{"a": "1"}})
	return err
}

func (w *slow) deleteGroup() error {
	_, err := w.logs.DeleteLogGroup(w.t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("fresh")})
	return err
}

// What is refused while something takes its time is done when that is over, to
// the moment.
func TestReadiness(t *testing.T) {
	const wait = 10 * time.Second
	tests := []struct {
		name      string
		before    func(*slow) error // with an AWS that is done at once; may be nil
		readiness Readiness
		begin     func(*slow) error
		call      func(*slow) error
		code      string
		says      string
	}{
		{"a new role", nil, Readiness{Role: wait}, (*slow).role,
			func(w *slow) error { return w.functionOf("fresh") },
			"InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."},
		{"a new policy", func(w *slow) error { return errors.Join(w.role(), w.functionOf("fresh")) }, Readiness{Policy: wait}, (*slow).permit,
			(*slow).mapping, "InvalidParameterValueException", "Cannot access stream"},
		{"the policies of a role that goes", func(w *slow) error { return errors.Join(w.role(), w.permit()) }, Readiness{Policy: wait},
			func(w *slow) error {
				_, err := w.roles.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("fresh"), PolicyName: aws.String("work")})
				return err
			}, func(w *slow) error {
				_, err := w.roles.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("fresh")})
				return err
			}, "DeleteConflict", "must delete policies first"},
		{"items of a new table", nil, Readiness{Table: wait}, (*slow).table, (*slow).item, "ResourceNotFoundException", ""},
		{"a new table that goes", nil, Readiness{Table: wait}, (*slow).table, (*slow).deleteTable, "ResourceInUseException", "being created"},
		{"a table that is changed twice", (*slow).table, Readiness{Table: wait}, (*slow).protect, (*slow).protect, "ResourceInUseException", "being updated"},
		{"a table of the name of one that goes", (*slow).table, Readiness{Table: wait}, (*slow).deleteTable, (*slow).table, "ResourceInUseException", "already exists"},
		{"recovery of a new table", nil, Readiness{Table: wait}, (*slow).table, func(w *slow) error {
			_, err := w.tables.UpdateContinuousBackups(w.t.Context(), &dynamodb.UpdateContinuousBackupsInput{
				TableName: aws.String("users"), PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
			})
			return err
		}, "ContinuousBackupsUnavailableException", ""},
		{"a new bucket", nil, Readiness{Busy: wait}, (*slow).createBucket, (*slow).deleteBucket, "OperationAborted", ""},
		{"a bucket of the name of one that has gone", (*slow).createBucket, Readiness{Busy: wait}, (*slow).deleteBucket, (*slow).createBucket, "OperationAborted", ""},
		{"a new log group", nil, Readiness{Busy: wait}, (*slow).createGroup, (*slow).deleteGroup, "OperationAbortedException", ""},
		{"a log group of the name of one that has gone", (*slow).createGroup, Readiness{Busy: wait}, (*slow).deleteGroup, (*slow).createGroup, "OperationAbortedException", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newSlow(t)
			if test.before != nil {
				must(t, test.before(w))
			}
			must(t, w.server.SetReadiness(test.readiness))
			must(t, test.begin(w))
			for _, passed := range []time.Duration{0, wait - time.Nanosecond} {
				w.clock.Set(epoch.Add(passed))
				if said := wantCode(t, test.call(w), test.code); !strings.Contains(said, test.says) {
					t.Errorf("after %s: %s", passed, said)
				}
			}
			w.clock.Set(epoch.Add(wait))
			must(t, test.call(w))
		})
	}
}

// What has been created is missed for a while by calls and lists alike, but not by
// who creates it again.
func TestVisibility(t *testing.T) {
	w := newSlow(t)
	must(t, errors.Join(w.functionOf("work-role"), w.server.SetReadiness(Readiness{Visible: time.Second})))
	ctx, name := t.Context(), aws.String("fresh")
	tests := []struct {
		name   string
		create func() error
		code   string // of creating it once more; "": a success
		show   func() (bool, error)
		miss   string
	}{
		{"role", w.role, "EntityAlreadyExists", func() (bool, error) {
			_, err := w.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			return err == nil, err
		}, "NoSuchEntity"},
		{"stream", func() error {
			_, err := w.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1), Tags: map[string]string{"a": "1"}})
			return err
		}, "ResourceInUseException", func() (bool, error) {
			_, err := w.kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
			return err == nil, err
		}, "ResourceNotFoundException"},
		{"table", w.table, "ResourceInUseException", func() (bool, error) {
			_, err := w.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("users")})
			return err == nil, err
		}, "ResourceNotFoundException"},
		{"bucket", w.createBucket, "", func() (bool, error) {
			_, err := w.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("fresh-bucket")})
			return err == nil, err
		}, "NotFound"},
		{"log group", w.createGroup, "ResourceAlreadyExistsException", func() (bool, error) {
			out, err := w.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: name})
			return err == nil && len(out.LogGroups) == 1, err
		}, ""},
		{"function", func() error {
			_, err := w.lambda.CreateFunction(ctx, w.functionInput("proxy", func(in *awslambda.CreateFunctionInput) { in.FunctionName = name }))
			return err
		}, "ResourceConflictException", func() (bool, error) {
			_, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: name})
			return err == nil, err
		}, "ResourceNotFoundException"},
		{"mapping", w.mapping, "ResourceConflictException", func() (bool, error) {
			out, err := w.lambda.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{FunctionName: &w.function})
			return err == nil && len(out.EventSourceMappings) == 1, err
		}, ""},
		{"alarm", func() error {
			_, err := w.cloudwatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
				AlarmName: name, Namespace: aws.String("N"), MetricName: aws.String("M"), Statistic: cwtypes.StatisticSum, Period: aws.Int32(60),
				EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
			})
			return err
		}, "", func() (bool, error) {
			out, err := w.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"fresh"}})
			return err == nil && len(out.MetricAlarms) == 1, err
		}, ""},
		{"dashboard", func() error {
			_, err := w.cloudwatch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: name, DashboardBody: aws.String(`{"widgets":[]}`)})
			return err
		}, "", func() (bool, error) {
			_, err := w.cloudwatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: name})
			return err == nil, err
		}, "ResourceNotFound"},
	}
	tags := tagapi.NewFromConfig(sdkConfig(w.server))
	tagged := func() int {
		out, err := tags.GetResources(ctx, &tagapi.GetResourcesInput{})
		must(t, err)
		return len(out.ResourceTagMappingList)
	}
	for _, test := range tests {
		must(t, test.create())
		if found, err := test.show(); found || test.miss != "" && wantCode(t, err, test.miss) == "" && test.name != "bucket" {
			t.Errorf("%s: found %v, %v", test.name, found, err)
		}
		if err := test.create(); test.code == "" {
			must(t, err)
		} else {
			wantCode(t, err, test.code)
		}
	}
	if n := tagged(); n != 0 {
		t.Errorf("%d resources with tags", n)
	}
	w.clock.Advance(time.Second)
	for _, test := range tests {
		if found, err := test.show(); !found || err != nil {
			t.Errorf("%s later: found %v, %v", test.name, found, err)
		}
	}
	if n := tagged(); n != 4 { // of what was made with tags
		t.Errorf("%d resources with tags later", n)
	}
}

func TestReadinessOfARunningServer(t *testing.T) {
	s := startServer(t, Options{Readiness: Readiness{Role: time.Second}})
	if got := s.Readiness(); got != (Readiness{Role: time.Second}) {
		t.Errorf("%+v", got)
	}
	err := s.SetReadiness(Readiness{Table: -1, Busy: -time.Second})
	if err == nil || !strings.Contains(err.Error(), "table is negative") || !strings.Contains(err.Error(), "busy is negative: -1s") {
		t.Error(err)
	}
	if got := s.Readiness(); got != (Readiness{Role: time.Second}) {
		t.Errorf("%+v after a refusal", got)
	}
	must(t, s.SetReadiness(Readiness{}))
	if got := s.Readiness(); got != (Readiness{}) {
		t.Errorf("%+v", got)
	}
	if _, err := Start(t.Context(), Options{Readiness: Readiness{Role: -1}}); err == nil {
		t.Error("it starts with a negative time")
	}
}
