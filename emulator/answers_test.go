package emulator

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// answered is what an operation has answered, as the SDK read it and on the wire.
type answered struct {
	operation Operation
	output    any
	header    http.Header
	body      []byte
}

// recording keeps the last answer on the wire.
type recording struct {
	inner  aws.HTTPClient
	header http.Header
	body   []byte
}

func (r *recording) Do(request *http.Request) (*http.Response, error) {
	response, err := r.inner.Do(request)
	if err != nil {
		return nil, err
	}
	if r.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	r.header, response.Body = response.Header.Clone(), io.NopCloser(bytes.NewReader(r.body))
	return response, nil
}

// answering is when the answers of answersOf are given: of a fraction that AWS's
// formats keep to the millisecond, or drop.
var answering = epoch.Add(123 * time.Millisecond)

// answersOf calls the operations that answer times or ARNs.
func answersOf(t *testing.T) (*world, []answered) {
	t.Helper()
	w := newWorld(t, Options{Clock: NewManualClock(answering)}, 3)
	record := &recording{}
	var inputs []any
	for _, list := range fillLists(w) {
		inputs = append(inputs, list.input)
	}
	inputs = append(inputs, answeringRequests(w)...)
	clients := recordingClients(w.server, record)
	var answers []answered
	for _, input := range inputs {
		o := operationOf(input)
		output, err := callOperation(t.Context(), clients[o.Service], o.Name, input)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		answers = append(answers, answered{o, output, record.header, record.body})
	}
	return w, answers
}

func recordingClients(s *Server, record *recording) map[string]any {
	config := sdkConfig(s)
	record.inner = config.HTTPClient
	config.HTTPClient = record
	return map[string]any{
		"dynamodb": dynamodb.NewFromConfig(config), "iam": iam.NewFromConfig(config), "kinesis": kinesis.NewFromConfig(config),
		"lambda": awslambda.NewFromConfig(config), "logs": cloudwatchlogs.NewFromConfig(config), "monitoring": cloudwatch.NewFromConfig(config),
		"s3":  s3For(s, func(c *aws.Config) { c.HTTPClient = record }),
		"sns": sns.NewFromConfig(config), "sqs": sqs.NewFromConfig(config), "sts": sts.NewFromConfig(config),
		"tagging": resourcegroupstaggingapi.NewFromConfig(config),
	}
}

// answeringRequests are requests beside those of the lists, in an order that makes each
// possible.
func answeringRequests(w *world) []any {
	table, role, stream := aws.String("list-a"), aws.String("list-a"), aws.String("events")
	bucket, key := aws.String("list-a"), aws.String("b/1")
	shard := aws.String("shardId-000000000000")
	_, err := w.kinesis.PutRecord(w.t.Context(), &kinesis.PutRecordInput{StreamName: stream, Data: []byte("x"), PartitionKey: aws.String("p"), ExplicitHashKey: aws.String("0")})
	must(w.t, err)
	iterator, err := w.kinesis.GetShardIterator(w.t.Context(), &kinesis.GetShardIteratorInput{StreamName: stream, ShardId: shard, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
	must(w.t, err)
	mappings, err := w.lambda.ListEventSourceMappings(w.t.Context(), &awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("list-b")})
	must(w.t, err)
	mapping := mappings.EventSourceMappings[0]
	upload, err := w.s3.CreateMultipartUpload(w.t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	must(w.t, err)
	assumable := createRole(w.t, iam.NewFromConfig(sdkConfig(w.server)), "assumable", strings.Replace(lambdaTrust, `"Service":"lambda.amazonaws.com"`, `"AWS":"000000000000"`, 1))
	monitoring := []kinesistypes.MetricsName{kinesistypes.MetricsNameIncomingBytes}
	created := refusableTables()[1]
	queue := "arn:aws:sqs:us-east-1:000000000000:list-a"
	topic := aws.String("arn:aws:sns:us-east-1:000000000000:list-0000")
	return slices.Concat([]any{
		created, &dynamodb.DescribeTableInput{TableName: table}, &dynamodb.DescribeContinuousBackupsInput{TableName: table},
		&dynamodb.UpdateContinuousBackupsInput{TableName: table, PointInTimeRecoverySpecification: &dynamotypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}},
		&dynamodb.DescribeContinuousBackupsInput{TableName: table},
		&dynamodb.UpdateTableInput{TableName: table, BillingMode: dynamotypes.BillingModeProvisioned, ProvisionedThroughput: &dynamotypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)}},
		&dynamodb.DeleteTableInput{TableName: aws.String("new")},
		&iam.CreateRoleInput{RoleName: aws.String("r"), Path: aws.String("/some/path/"), AssumeRolePolicyDocument: aws.String(lambdaTrust)},
		&iam.GetRoleInput{RoleName: role}, &iam.UpdateRoleDescriptionInput{RoleName: role, Description: aws.String("d")},
		&kinesis.DescribeStreamSummaryInput{StreamName: stream}, &kinesis.EnableEnhancedMonitoringInput{StreamName: stream, ShardLevelMetrics: monitoring},
		&kinesis.DisableEnhancedMonitoringInput{StreamName: stream, ShardLevelMetrics: monitoring}, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator},
		&kinesis.UpdateShardCountInput{StreamName: aws.String("list-b"), TargetShardCount: aws.Int32(2), ScalingType: kinesistypes.ScalingTypeUniformScaling},
		w.functionInput("store", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("other") }),
		&awslambda.GetFunctionInput{FunctionName: aws.String("other")}, &awslambda.GetFunctionConfigurationInput{FunctionName: aws.String("other")},
		&awslambda.UpdateFunctionCodeInput{FunctionName: aws.String("other"), ZipFile: scriptBootstrap(w.t)}, &awslambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("other"), Timeout: aws.Int32(9)},
		&awslambda.CreateEventSourceMappingInput{
			FunctionName: aws.String("other"), EventSourceArn: &w.streamARN, Enabled: aws.Bool(false),
			StartingPosition: lambdatypes.EventSourcePositionAtTimestamp, StartingPositionTimestamp: aws.Time(answering.Add(-time.Minute)),
		},
		&awslambda.GetEventSourceMappingInput{UUID: mapping.UUID}, &awslambda.UpdateEventSourceMappingInput{UUID: mapping.UUID, BatchSize: aws.Int32(7)}, &awslambda.DeleteEventSourceMappingInput{UUID: mapping.UUID},
		&cloudwatch.DescribeAlarmsForMetricInput{Namespace: aws.String("lists"), MetricName: aws.String("m000")}, &cloudwatch.GetDashboardInput{DashboardName: aws.String("list-a")},
	}, []any{
		&cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("lists"), MetricName: aws.String("m000"), Period: aws.Int32(60), Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
			StartTime: aws.Time(answering.Add(-time.Hour)), EndTime: aws.Time(answering.Add(time.Minute)),
		},
		&s3.CreateBucketInput{Bucket: aws.String("list-d")}, &s3.HeadBucketInput{Bucket: bucket}, &s3.HeadObjectInput{Bucket: bucket, Key: key}, &s3.GetObjectInput{Bucket: bucket, Key: key},
		&s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("list-a/a")}, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("copy")}, &s3.ListObjectVersionsInput{Bucket: bucket},
		&s3.UploadPartCopyInput{Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("list-a/a")},
		&s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
			ID: aws.String("r"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Date: aws.Time(epoch.Truncate(24 * time.Hour))},
		}}}},
		&s3.GetBucketLifecycleConfigurationInput{Bucket: bucket},
		&sns.CreateTopicInput{Name: aws.String("list-0000")}, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &queue}, &sns.ListSubscriptionsByTopicInput{TopicArn: topic},
		&sns.GetTopicAttributesInput{TopicArn: topic}, &sns.ListSubscriptionsInput{},
		&sqs.GetQueueAttributesInput{QueueUrl: aws.String(w.server.Endpoint() + "/000000000000/list-a"), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}},
		&sts.AssumeRoleInput{RoleArn: &assumable, RoleSessionName: aws.String("session")}, &sts.GetCallerIdentityInput{}, &resourcegroupstaggingapi.GetResourcesInput{},
		&cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch:us-east-1:000000000000:alarm:list-a")},
	})
}

// found is a value within an output, with the name of the member that holds it.
type found struct {
	member string
	value  reflect.Value
}

// within finds the values of an output that are asked for.
func within(v reflect.Value, member string, wanted func(string, reflect.Value) bool) []found {
	if wanted(member, v) {
		return []found{{member, v}}
	}
	var all []found
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			all = within(v.Elem(), member, wanted)
		}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, within(v.Index(i), member, wanted)...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			all = append(all, within(v.MapIndex(key), key.String(), wanted)...)
		}
	case reflect.Struct:
		for field := range exported(v.Type()) {
			if field.Name != "ResultMetadata" {
				all = append(all, within(v.FieldByIndex(field.Index), field.Name, wanted)...)
			}
		}
	}
	return all
}

// mayHold tells whether a type has a member that is asked for, at any depth.
func mayHold(t reflect.Type, member string, seen map[reflect.Type]bool, wanted func(string, reflect.Type) bool) bool {
	if wanted(member, t) {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return mayHold(t.Elem(), member, seen, wanted)
	case reflect.Struct:
		if seen[t] {
			return false
		}
		seen[t] = true
		for field := range exported(t) {
			if field.Name != "ResultMetadata" && mayHold(field.Type, field.Name, seen, wanted) {
				return true
			}
		}
	}
	return false
}
