package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// fillLists makes items for all lists, and tells how each is paged.
func fillLists(w *world) []pagedList {
	return slices.Concat(tableLists(w), roleLists(w), streamLists(w), functionLists(w), logLists(w), metricLists(w), objectLists(w), queueLists(w), topicLists(w))
}

// each calls f with the names of three items.
func each(t testing.TB, f func(name string) error) {
	t.Helper()
	for _, name := range []string{"list-b", "list-a", "list-c"} {
		must(t, f(name))
	}
}

func tableLists(w *world) []pagedList {
	client, table := dynamodb.NewFromConfig(sdkConfig(w.server)), aws.String("list-a")
	for _, name := range []string{"list-b", "list-a", "list-c"} {
		createTable(w.t, client, name, keyAttribute{"id", dynamotypes.ScalarAttributeTypeS}, keyAttribute{"at", dynamotypes.ScalarAttributeTypeS})
	}
	each(w.t, func(name string) error {
		_, err := client.PutItem(w.t.Context(), &dynamodb.PutItemInput{TableName: table, Item: item{"id": str("x"), "at": str(name)}})
		return err
	})
	arn := "arn:aws:dynamodb:us-east-1:000000000000:table/list-a"
	var tags []dynamotypes.Tag
	for i := range 23 {
		tags = append(tags, dynamotypes.Tag{Key: aws.String(fmt.Sprintf("k%02d", i)), Value: aws.String("v")})
	}
	_, err := client.TagResource(w.t.Context(), &dynamodb.TagResourceInput{ResourceArn: &arn, Tags: tags})
	must(w.t, err)
	start := map[string]dynamotypes.AttributeValue{"nothing": str("x")}
	query := &dynamodb.QueryInput{TableName: table, KeyConditionExpression: aws.String("id = :i"), ExpressionAttributeValues: item{":i": str("x")}}
	return []pagedList{
		{input: &dynamodb.ListTablesInput{}, token: "ExclusiveStartTableName", next: "LastEvaluatedTableName", size: "Limit", want: 3, refused: "ValidationException", invent: aws.String("!")},
		{input: &dynamodb.ListTagsOfResourceInput{ResourceArn: &arn}, token: "NextToken", next: "NextToken", page: 10, want: 23, refused: "ValidationException"},
		{input: query, token: "ExclusiveStartKey", next: "LastEvaluatedKey", size: "Limit", want: 3, refused: "ValidationException", invent: start},
		{input: &dynamodb.ScanInput{TableName: table}, token: "ExclusiveStartKey", next: "LastEvaluatedKey", size: "Limit", want: 3, refused: "ValidationException", invent: start},
	}
}

func roleLists(w *world) []pagedList {
	client, role := iam.NewFromConfig(sdkConfig(w.server)), aws.String("list-a")
	for _, name := range []string{"list-b", "list-a", "list-c"} {
		createRole(w.t, client, name, lambdaTrust)
	}
	ctx := w.t.Context()
	each(w.t, func(name string) error {
		if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: &name, PolicyDocument: aws.String(rolePolicy)}); err != nil {
			return err
		}
		_, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: role, Tags: []iamtypes.Tag{{Key: &name, Value: aws.String("v")}}})
		return err
	})
	managed := []string{"AWSLambdaBasicExecutionRole", "AWSLambdaKinesisExecutionRole"}
	for _, name := range managed {
		_, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/" + name)})
		must(w.t, err)
	}
	list := func(input any, want int) pagedList {
		return pagedList{input: input, token: "Marker", next: "Marker", size: "MaxItems", want: want, refused: "ValidationError"}
	}
	return []pagedList{
		list(&iam.ListRolesInput{}, 4), list(&iam.ListRolePoliciesInput{RoleName: role}, 3), list(&iam.ListAttachedRolePoliciesInput{RoleName: role}, 2),
		list(&iam.ListRoleTagsInput{RoleName: role}, 3), list(&iam.ListInstanceProfilesForRoleInput{RoleName: role}, 0), // there are no instance profiles
		list(&iam.SimulatePrincipalPolicyInput{PolicySourceArn: &w.role, ActionNames: []string{"s3:GetObject", "s3:PutObject", "kinesis:PutRecord"}}, 3),
	}
}

func streamLists(w *world) []pagedList {
	stream := aws.String("events")
	each(w.t, func(name string) error {
		if _, err := w.kinesis.CreateStream(w.t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)}); err != nil {
			return err
		}
		_, err := w.kinesis.AddTagsToStream(w.t.Context(), &kinesis.AddTagsToStreamInput{StreamName: stream, Tags: map[string]string{name: "v"}})
		return err
	})
	// With a closed shard and its children there is something for a filter to leave out.
	_, err := w.kinesis.SplitShard(w.t.Context(), &kinesis.SplitShardInput{StreamName: stream, ShardToSplit: aws.String("shardId-000000000001"), NewStartingHashKey: aws.String("150000000000000000000000000000000000000")})
	must(w.t, err)
	anonymous := func(input any) {
		input.(*kinesis.ListShardsInput).StreamName, input.(*kinesis.ListShardsInput).ShardFilter = nil, nil
	}
	more := func(of func(*kinesis.ListShardsOutput) *string) func(*kinesis.ListShardsOutput) *bool {
		return func(out *kinesis.ListShardsOutput) *bool { return aws.Bool(of(out) != nil) }
	}
	shardID := func(shard kinesistypes.Shard) *string { return shard.ShardId }
	atLatest := &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest}
	shards := pagedList{input: &kinesis.ListShardsInput{StreamName: stream}, token: "NextToken", next: "NextToken", size: "MaxResults", want: 5, refused: "InvalidArgumentException", later: anonymous}
	chosen := shards
	chosen.want = 4
	chosen.input = &kinesis.ListShardsInput{StreamName: stream, ShardFilter: atLatest}
	return []pagedList{
		shards, chosen,
		{input: &kinesis.ListShardsInput{StreamName: stream}, token: "ExclusiveStartShardId", size: "MaxResults", want: 5, refused: "ValidationException", invent: aws.String("!"),
			last: lastOf(more(func(out *kinesis.ListShardsOutput) *string { return out.NextToken }), func(out *kinesis.ListShardsOutput) []kinesistypes.Shard { return out.Shards }, shardID)},
		{input: &kinesis.DescribeStreamInput{StreamName: stream}, token: "ExclusiveStartShardId", size: "Limit", want: 5, refused: "ValidationException", invent: aws.String("!"),
			last: lastOf(func(out *kinesis.DescribeStreamOutput) *bool { return out.StreamDescription.HasMoreShards }, func(out *kinesis.DescribeStreamOutput) []kinesistypes.Shard { return out.StreamDescription.Shards }, shardID)},
		{input: &kinesis.ListStreamsInput{}, token: "NextToken", next: "NextToken", size: "Limit", want: 4, refused: "ExpiredNextTokenException"},
		{input: &kinesis.ListStreamsInput{}, token: "ExclusiveStartStreamName", size: "Limit", want: 4, refused: "ValidationException", invent: aws.String("!"),
			last: lastOf(func(out *kinesis.ListStreamsOutput) *bool { return out.HasMoreStreams }, func(out *kinesis.ListStreamsOutput) []string { return out.StreamNames }, aws.String)},
		{input: &kinesis.ListTagsForStreamInput{StreamName: stream}, token: "ExclusiveStartTagKey", size: "Limit", want: 3,
			last: lastOf(func(out *kinesis.ListTagsForStreamOutput) *bool { return out.HasMoreTags }, func(out *kinesis.ListTagsForStreamOutput) []kinesistypes.Tag { return out.Tags }, func(tag kinesistypes.Tag) *string { return tag.Key })},
	}
}

func functionLists(w *world) []pagedList {
	each(w.t, func(name string) error {
		w.createFunction("store", func(in *awslambda.CreateFunctionInput) { in.FunctionName = &name })
		_, err := w.lambda.CreateEventSourceMapping(w.t.Context(), &awslambda.CreateEventSourceMappingInput{
			FunctionName: &name, EventSourceArn: &w.streamARN, StartingPosition: lambdatypes.EventSourcePositionLatest, Enabled: aws.Bool(false),
		})
		return err
	})
	list := func(input any, want int) pagedList {
		return pagedList{input: input, token: "Marker", next: "NextMarker", size: "MaxItems", want: want, refused: "InvalidParameterValueException"}
	}
	return []pagedList{
		list(&awslambda.ListFunctionsInput{}, 3), list(&awslambda.ListEventSourceMappingsInput{EventSourceArn: &w.streamARN}, 3),
		list(&awslambda.ListVersionsByFunctionInput{FunctionName: aws.String("list-a")}, 1), // $LATEST alone
	}
}

func logLists(w *world) []pagedList {
	ctx, group, now := w.t.Context(), aws.String("list-a"), w.server.options.Clock.Now()
	each(w.t, func(name string) error {
		_, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		return err
	})
	each(w.t, func(name string) error {
		if _, err := w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: &name}); err != nil {
			return err
		}
		var events []logstypes.InputLogEvent
		for i := range 2 { // two of the same time, which the place in the list alone tells apart
			events = append(events, logstypes.InputLogEvent{Timestamp: aws.Int64(now.UnixMilli()), Message: aws.String(fmt.Sprint(name, i))})
		}
		_, err := w.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: &name, LogEvents: events})
		return err
	})
	list := func(input any, want int) pagedList {
		return pagedList{input: input, token: "NextToken", next: "NextToken", size: "Limit", want: want, refused: "InvalidParameterException"}
	}
	byTime := &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group, OrderBy: logstypes.OrderByLastEventTime, Descending: aws.Bool(true)}
	events := list(&cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: aws.String("list-a"), StartFromHead: aws.Bool(true)}, 2)
	events.last = func(output any) any { // the end is told by a token that comes back as it was given, of a page with nothing on it
		out := output.(*cloudwatchlogs.GetLogEventsOutput)
		if len(out.Events) != 1 {
			return (*string)(nil)
		}
		return out.NextForwardToken
	}
	return []pagedList{
		list(&cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("list-")}, 3), list(&cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group}, 3),
		list(byTime, 3), list(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: group}, 6), events,
	}
}

func metricLists(w *world) []pagedList {
	ctx, client, now := w.t.Context(), cloudwatch.NewFromConfig(sdkConfig(w.server)), w.server.options.Clock.Now()
	var data []cloudwatchtypes.MetricDatum
	for i := range 520 {
		data = append(data, cloudwatchtypes.MetricDatum{MetricName: aws.String(fmt.Sprintf("m%03d", i)), Value: aws.Float64(1), Timestamp: &now})
	}
	for i := range 3 {
		data = append(data, cloudwatchtypes.MetricDatum{MetricName: aws.String("m000"), Value: aws.Float64(float64(i)), Timestamp: aws.Time(now.Add(-time.Duration(i+1) * time.Minute))})
	}
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("lists"), MetricData: data})
	must(w.t, err)
	each(w.t, func(name string) error {
		if _, err := client.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: &name, DashboardBody: aws.String(`{"widgets":[]}`)}); err != nil {
			return err
		}
		if _, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("lists"), MetricName: aws.String("m000"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
			EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1000), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		}); err != nil {
			return err
		}
		_, err := client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("all-" + name), AlarmRule: aws.String("ALARM(" + name + ")")})
		return err
	})
	query := func(id, name string) cloudwatchtypes.MetricDataQuery {
		return cloudwatchtypes.MetricDataQuery{Id: &id, MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{Namespace: aws.String("lists"), MetricName: &name}, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	list := func(input any, size string, page, want int) pagedList {
		return pagedList{input: input, token: "NextToken", next: "NextToken", size: size, page: page, want: want, refused: "InvalidNextToken"}
	}
	points := list(&cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Minute)), MetricDataQueries: []cloudwatchtypes.MetricDataQuery{query("a", "m000"), query("b", "m001")},
	}, "MaxDatapoints", 0, 5)
	points.items = dataPoints
	history := &cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: cloudwatchtypes.HistoryItemTypeConfigurationUpdate, AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm}}
	return []pagedList{
		list(&cloudwatch.ListMetricsInput{Namespace: aws.String("lists")}, "", metricPage, 520),
		list(&cloudwatch.ListDashboardsInput{}, "", 1000, 3),
		list(&cloudwatch.DescribeAlarmsInput{AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm}}, "MaxRecords", 0, 6),
		list(history, "MaxRecords", 0, 3), points,
	}
}

func objectLists(w *world) []pagedList {
	ctx, client, bucket, key := w.t.Context(), s3For(w.server, nil), aws.String("list-a"), aws.String("parts")
	each(w.t, func(name string) error {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
		return err
	})
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	must(w.t, err)
	for _, name := range []string{"b/1", "b/2", "a", "c", "c", "d/1"} {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &name, Body: strings.NewReader("x")})
		must(w.t, err)
		_, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &name})
		must(w.t, err)
	}
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("list-b"), Key: key})
	must(w.t, err)
	for _, number := range []int32{3, 1, 20} {
		_, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("list-b"), Key: key, UploadId: upload.UploadId, PartNumber: &number, Body: strings.NewReader("x")})
		must(w.t, err)
	}
	for i := range 101 {
		id := fmt.Sprintf("m%03d", i)
		_, err := client.PutBucketMetricsConfiguration(ctx, &s3.PutBucketMetricsConfigurationInput{Bucket: bucket, Id: &id, MetricsConfiguration: &s3types.MetricsConfiguration{Id: &id}})
		must(w.t, err)
	}
	slash := aws.String("/")
	list := func(input any, token, next, size string, want int, refused string) pagedList {
		return pagedList{input: input, token: token, next: next, size: size, want: want, refused: refused}
	}
	versions := list(&s3.ListObjectVersionsInput{Bucket: bucket}, "KeyMarker", "NextKeyMarker", "MaxKeys", 6, "")
	ofVersion := list(&s3.ListObjectVersionsInput{Bucket: bucket, Prefix: aws.String("c"), KeyMarker: aws.String("c")}, "VersionIdMarker", "NextVersionIdMarker", "MaxKeys", 0, "InvalidArgument")
	ofUpload := list(&s3.ListMultipartUploadsInput{Bucket: bucket, Prefix: aws.String("c"), KeyMarker: aws.String("b/2")}, "UploadIdMarker", "NextUploadIdMarker", "MaxUploads", 2, "InvalidArgument")
	ofUpload.later = func(input any) { input.(*s3.ListMultipartUploadsInput).KeyMarker = aws.String("c") }
	metrics := list(&s3.ListBucketMetricsConfigurationsInput{Bucket: bucket}, "ContinuationToken", "NextContinuationToken", "", 101, "InvalidArgument")
	metrics.page = 100
	return []pagedList{
		list(&s3.ListBucketsInput{}, "ContinuationToken", "ContinuationToken", "MaxBuckets", 4, "InvalidArgument"),
		list(&s3.ListObjectsV2Input{Bucket: bucket}, "ContinuationToken", "NextContinuationToken", "MaxKeys", 5, "InvalidArgument"),
		list(&s3.ListObjectsV2Input{Bucket: bucket, Delimiter: slash}, "ContinuationToken", "NextContinuationToken", "MaxKeys", 4, "InvalidArgument"),
		list(&s3.ListObjectsInput{Bucket: bucket, Delimiter: slash}, "Marker", "NextMarker", "MaxKeys", 4, ""),
		versions, list(&s3.ListObjectVersionsInput{Bucket: bucket, Delimiter: slash}, "KeyMarker", "NextKeyMarker", "MaxKeys", 5, ""), ofVersion,
		list(&s3.ListMultipartUploadsInput{Bucket: bucket, Delimiter: slash}, "KeyMarker", "NextKeyMarker", "MaxUploads", 5, ""), ofUpload,
		list(&s3.ListPartsInput{Bucket: aws.String("list-b"), Key: key, UploadId: upload.UploadId}, "PartNumberMarker", "NextPartNumberMarker", "MaxParts", 3, "InvalidArgument"),
		metrics,
	}
}

func queueLists(w *world) []pagedList {
	client := sqs.NewFromConfig(sdkConfig(w.server))
	each(w.t, func(name string) error {
		_, err := client.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Tags: map[string]string{"kind": "queue"}})
		return err
	})
	return []pagedList{
		{input: &sqs.ListQueuesInput{}, token: "NextToken", next: "NextToken", size: "MaxResults", want: 3, refused: "InvalidParameterValue"},
		{input: &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"sqs"}}, token: "PaginationToken", next: "PaginationToken", size: "ResourcesPerPage", want: 3, refused: "PaginationTokenExpiredException"},
	}
}

// topicLists makes more topics than any page holds, each with a tag of its own.
func topicLists(w *world) []pagedList {
	ctx, client := w.t.Context(), sns.NewFromConfig(sdkConfig(w.server))
	var topic *string
	for i := range 1001 {
		name := fmt.Sprintf("list-%04d", i)
		out, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name, Tags: []snstypes.Tag{{Key: &name, Value: aws.String("v")}, {Key: aws.String("number"), Value: &name}}})
		must(w.t, err)
		topic = out.TopicArn
	}
	for i := range 101 {
		_, err := client.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("email"), Endpoint: aws.String(fmt.Sprintf("u%d@example.com", i))})
		must(w.t, err)
	}
	list := func(input any, token string, page, want int, refused string) pagedList {
		return pagedList{input: input, token: token, next: token, page: page, want: want, refused: refused}
	}
	return []pagedList{
		list(&sns.ListTopicsInput{}, "NextToken", snsPage, 1001, "InvalidParameter"),
		list(&sns.ListSubscriptionsInput{}, "NextToken", snsPage, 101, "InvalidParameter"),
		list(&sns.ListSubscriptionsByTopicInput{TopicArn: topic}, "NextToken", snsPage, 101, "InvalidParameter"),
		list(&resourcegroupstaggingapi.GetTagKeysInput{}, "PaginationToken", 1000, 1029, "PaginationTokenExpiredException"),
		list(&resourcegroupstaggingapi.GetTagValuesInput{Key: aws.String("number")}, "PaginationToken", 1000, 1001, "PaginationTokenExpiredException"),
	}
}
