package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
)

// inventory is everything that an endpoint holds, whoever made it: each resource
// with every setting, tag and content, a line for each answer. The services
// themselves are asked, by nothing that the program under test has.
type inventory struct {
	ctx   context.Context
	lines []string
	err   error
}

// takeInventory gives sorted lines. Those of two accounts that hold the same are
// the same.
func takeInventory(t *testing.T, endpoint string) []string {
	t.Helper()
	sdk := elsewhere(t, endpoint)
	i := &inventory{ctx: t.Context()}
	for _, list := range []func(aws.Config){
		i.streams, i.tables, i.buckets, i.roles, i.functions, i.logGroups, i.alarms, i.topics, i.dashboards, i.tagged,
	} {
		list(sdk)
	}
	if i.err != nil {
		t.Fatal(i.err)
	}
	slices.Sort(i.lines)
	return i.lines
}

// ask makes a call and writes the answer down, which may be that there is none.
func ask[I, O, F any](i *inventory, call func(context.Context, *I, ...F) (*O, error), input *I) *O {
	output, err := call(i.ctx, input)
	if err == nil {
		i.write(input, output)
		return output
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		i.write(input, api.ErrorCode())
	} else {
		i.err = errors.Join(i.err, err)
	}
	return new(O)
}

func (i *inventory) write(input, output any) {
	text, err := json.Marshal([]any{steady(i.plain(input), ""), steady(i.plain(output), "")})
	i.err = errors.Join(i.err, err)
	i.lines = append(i.lines, fmt.Sprintf("%T %s", input, text))
}

// plain is the JSON form of a value.
func (i *inventory) plain(value any) (plain any) {
	text, err := json.Marshal(value)
	i.err = errors.Join(i.err, err, json.Unmarshal(text, &plain))
	return plain
}

var (
	moment  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d{4})$`)
	anyPort = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// steady takes away what is another one each time: moments, names that AWS
// chooses, what alarms found meanwhile, and the emulator's port.
func steady(value any, name string) any {
	switch value := value.(type) {
	case map[string]any:
		for _, passing := range []string{"ResultMetadata", "StateValue", "StateReason", "StateReasonData"} {
			delete(value, passing)
		}
		for key, inner := range value {
			value[key] = steady(inner, key)
		}
	case []any:
		for at, inner := range value {
			value[at] = steady(inner, name)
		}
	case string:
		switch {
		case moment.MatchString(value):
			return "moment"
		case name == "RoleId" || name == "VersionId":
			return name
		}
		return anyPort.ReplaceAllString(uuids.ReplaceAllString(value, "UUID"), "HOST")
	case float64:
		if strings.HasSuffix(name, "Time") {
			return "moment"
		}
	}
	return value
}

func (i *inventory) streams(sdk aws.Config) {
	client := kinesis.NewFromConfig(sdk)
	for _, name := range ask(i, client.ListStreams, &kinesis.ListStreamsInput{}).StreamNames {
		ask(i, client.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		ask(i, client.ListTagsForStream, &kinesis.ListTagsForStreamInput{StreamName: &name})
	}
}

func (i *inventory) tables(sdk aws.Config) {
	client := dynamodb.NewFromConfig(sdk)
	for _, name := range ask(i, client.ListTables, &dynamodb.ListTablesInput{}).TableNames {
		table := ask(i, client.DescribeTable, &dynamodb.DescribeTableInput{TableName: &name}).Table
		ask(i, client.ListTagsOfResource, &dynamodb.ListTagsOfResourceInput{ResourceArn: table.TableArn})
		ask(i, client.DescribeContinuousBackups, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
		ask(i, client.Scan, &dynamodb.ScanInput{TableName: &name})
	}
}

func (i *inventory) buckets(sdk aws.Config) {
	client := s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	for _, bucket := range ask(i, client.ListBuckets, &s3.ListBucketsInput{}).Buckets {
		name := bucket.Name
		ask(i, client.GetBucketTagging, &s3.GetBucketTaggingInput{Bucket: name})
		ask(i, client.GetPublicAccessBlock, &s3.GetPublicAccessBlockInput{Bucket: name})
		ask(i, client.GetBucketOwnershipControls, &s3.GetBucketOwnershipControlsInput{Bucket: name})
		ask(i, client.GetBucketEncryption, &s3.GetBucketEncryptionInput{Bucket: name})
		ask(i, client.GetBucketVersioning, &s3.GetBucketVersioningInput{Bucket: name})
		ask(i, client.GetBucketLifecycleConfiguration, &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
		ask(i, client.ListBucketMetricsConfigurations, &s3.ListBucketMetricsConfigurationsInput{Bucket: name})
		ask(i, client.GetBucketPolicy, &s3.GetBucketPolicyInput{Bucket: name})
		ask(i, client.ListObjectVersions, &s3.ListObjectVersionsInput{Bucket: name})
	}
}

func (i *inventory) roles(sdk aws.Config) {
	client := iam.NewFromConfig(sdk)
	for _, role := range ask(i, client.ListRoles, &iam.ListRolesInput{}).Roles {
		ask(i, client.GetRole, &iam.GetRoleInput{RoleName: role.RoleName})
		ask(i, client.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: role.RoleName})
		for _, policy := range ask(i, client.ListRolePolicies, &iam.ListRolePoliciesInput{RoleName: role.RoleName}).PolicyNames {
			ask(i, client.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: role.RoleName, PolicyName: &policy})
		}
	}
}

func (i *inventory) functions(sdk aws.Config) {
	client := awslambda.NewFromConfig(sdk)
	for _, function := range ask(i, client.ListFunctions, &awslambda.ListFunctionsInput{}).Functions {
		ask(i, client.GetFunction, &awslambda.GetFunctionInput{FunctionName: function.FunctionName})
	}
	for _, mapping := range ask(i, client.ListEventSourceMappings, &awslambda.ListEventSourceMappingsInput{}).EventSourceMappings {
		ask(i, client.ListTags, &awslambda.ListTagsInput{Resource: mapping.EventSourceMappingArn})
	}
}

func (i *inventory) logGroups(sdk aws.Config) {
	client := cloudwatchlogs.NewFromConfig(sdk)
	for _, group := range ask(i, client.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{}).LogGroups {
		arn := strings.TrimSuffix(*group.Arn, ":*")
		ask(i, client.ListTagsForResource, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	}
}

func (i *inventory) alarms(sdk aws.Config) {
	client := cloudwatch.NewFromConfig(sdk)
	ask(i, client.DescribeAlarms, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
	for _, alarm := range ask(i, client.DescribeAlarms, &cloudwatch.DescribeAlarmsInput{}).MetricAlarms {
		ask(i, client.ListTagsForResource, &cloudwatch.ListTagsForResourceInput{ResourceARN: alarm.AlarmArn})
	}
}

func (i *inventory) topics(sdk aws.Config) {
	client := sns.NewFromConfig(sdk)
	for _, topic := range ask(i, client.ListTopics, &sns.ListTopicsInput{}).Topics {
		ask(i, client.GetTopicAttributes, &sns.GetTopicAttributesInput{TopicArn: topic.TopicArn})
		ask(i, client.ListSubscriptionsByTopic, &sns.ListSubscriptionsByTopicInput{TopicArn: topic.TopicArn})
		ask(i, client.ListTagsForResource, &sns.ListTagsForResourceInput{ResourceArn: topic.TopicArn})
	}
}

func (i *inventory) dashboards(sdk aws.Config) {
	client := cloudwatch.NewFromConfig(sdk)
	for _, dashboard := range ask(i, client.ListDashboards, &cloudwatch.ListDashboardsInput{}).DashboardEntries {
		ask(i, client.GetDashboard, &cloudwatch.GetDashboardInput{DashboardName: dashboard.DashboardName})
		ask(i, client.ListTagsForResource, &cloudwatch.ListTagsForResourceInput{ResourceARN: dashboard.DashboardArn})
	}
}

// tagged asks the one service that knows of all others, for what the lists above
// may not show.
func (i *inventory) tagged(sdk aws.Config) {
	client := resourcegroupstaggingapi.NewFromConfig(sdk)
	ask(i, client.GetResources, &resourcegroupstaggingapi.GetResourcesInput{})
}
