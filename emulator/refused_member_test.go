package emulator

import (
	"context"
	"io"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

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
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sdkClients are the clients of all services but S3, by their signing names.
func sdkClients(s *Server) map[string]any {
	config := sdkConfig(s)
	config.HTTPClient = redirected{config.HTTPClient, strings.TrimPrefix(s.Endpoint(), "http://")}
	return map[string]any{
		"dynamodb": dynamodb.NewFromConfig(config), "iam": iam.NewFromConfig(config), "kinesis": kinesis.NewFromConfig(config),
		"lambda": awslambda.NewFromConfig(config), "logs": cloudwatchlogs.NewFromConfig(config), "monitoring": cloudwatch.NewFromConfig(config),
		"sns": sns.NewFromConfig(config), "sqs": sqs.NewFromConfig(config), "sts": sts.NewFromConfig(config),
		"tagging": resourcegroupstaggingapi.NewFromConfig(config),
	}
}

// redirected sends everything to one place: with a StreamId, the SDK goes to an address
// of AWS whatever endpoint is configured.
type redirected struct {
	inner aws.HTTPClient
	host  string
}

func (d redirected) Do(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", d.host
	return d.inner.Do(r)
}

// callOperation calls an operation of an SDK's client by its name.
func callOperation(ctx context.Context, client any, operation string, input any) (any, error) {
	results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(input)})
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}

// operationOf tells the operation of an SDK's input.
func operationOf(input any) Operation {
	t := reflect.TypeOf(input).Elem()
	service := path.Base(t.PkgPath())
	if renamed, ok := map[string]string{"cloudwatch": "monitoring", "cloudwatchlogs": "logs", "resourcegroupstaggingapi": "tagging"}[service]; ok {
		service = renamed
	}
	return Operation{service, strings.TrimSuffix(t.Name(), "Input")}
}

// The table of docs/emulator.md tells no lies: a request with a member that it calls not
// supported is refused by that name, and counted under it, whatever operation it is of.
func TestEveryUnsupportedMemberIsRefusedByName(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	createTable(t, dynamodb.NewFromConfig(sdkConfig(w.server)), "orders", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	bases := map[Operation]any{}
	for _, input := range refusableRequests(w) {
		bases[operationOf(input)] = input
	}
	clients, tables, read := sdkClients(w.server), w.server.tables(), membersRead(t)
	refused := 0
	for _, o := range w.server.Operations() {
		operation, ok := tables[o.Service][o.Name]
		if !ok {
			continue
		}
		for _, member := range read.unsupported(o, operation) {
			base, ok := bases[o]
			if !ok {
				t.Errorf("%s.%s refuses %s: there is no request to try it with", o.Service, o.Name, member)
				continue
			}
			refused++
			input := reflect.New(reflect.TypeOf(base).Elem())
			input.Elem().Set(reflect.ValueOf(base).Elem())
			input.Elem().FieldByName(member).Set(sample(input.Elem().FieldByName(member).Type(), member))
			before := w.server.Unsupported()
			_, err := callOperation(t.Context(), clients[o.Service], o.Name, input.Interface())
			if err == nil {
				t.Errorf("%s.%s takes %s", o.Service, o.Name, member)
				continue
			}
			if !slices.ContainsFunc(w.server.Unsupported(), func(u UnsupportedCount) bool {
				return u.Service == o.Service && u.Operation == o.Name && strings.HasPrefix(u.Member, member) && !slices.Contains(before, u)
			}) {
				t.Errorf("%s.%s refuses %s, but not by that name: %v", o.Service, o.Name, member, err)
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d members were tried", refused)
	}
}

// What is said to need nothing is taken.
func TestMembersThatNeedNothingAreTaken(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	_, err := w.logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/aws/lambda/work"), LogStreamName: aws.String("s")})
	must(t, err)
	group, stream := aws.String("/aws/lambda/work"), aws.String("s")
	createTable(t, dynamodb.NewFromConfig(sdkConfig(w.server)), "orders", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	inputs := map[string]any{}
	for _, input := range append(refusableTables(),
		&kinesis.DeleteStreamInput{StreamName: aws.String("events")},
		&cloudwatchlogs.FilterLogEventsInput{LogGroupName: group}, &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: stream},
		&cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logstypes.InputLogEvent{{Message: aws.String("x"), Timestamp: aws.Int64(w.server.options.Clock.Now().UnixMilli())}}},
		&cloudwatch.PutMetricDataInput{Namespace: aws.String("n"), MetricData: []cloudwatchtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}}},
	) {
		o := operationOf(input)
		inputs[o.Service+"."+o.Name] = input
	}
	for name := range needless {
		operation, member, _ := strings.Cut(name, " ")
		input := inputs[operation]
		if input == nil {
			t.Errorf("%s: there is no request to try it with", name)
			continue
		}
		field := reflect.ValueOf(input).Elem().FieldByName(member)
		field.Set(sample(field.Type(), member))
		o := operationOf(input)
		if _, err := callOperation(t.Context(), sdkClients(w.server)[o.Service], o.Name, input); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// samples are values of members whose form is checked before anything else is.
var samples = map[string]string{
	"StreamId": "abcdefghij0123456789-abc", "CodeSigningConfigArn": "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0",
	"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k",
}

// unions are values of the types that are one of several.
var unions = map[reflect.Type]any{
	reflect.TypeFor[dynamotypes.AttributeValue](): str("a"),
	reflect.TypeFor[cloudwatchtypes.EvaluationCriteria](): &cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria{
		Value: cloudwatchtypes.AlarmPromQLCriteria{Query: aws.String("up")},
	},
	reflect.TypeFor[cloudwatchtypes.EvaluationWindow](): &cloudwatchtypes.EvaluationWindowMemberSlidingWindow{},
	reflect.TypeFor[io.Reader]():                        strings.NewReader("x"),
	reflect.TypeFor[s3types.ObjectEncryption]():         &s3types.ObjectEncryptionMemberSSEKMS{Value: s3types.SSEKMSEncryption{KMSKeyArn: aws.String("arn:aws:kms:us-east-1:000000000000:key/k")}},
	reflect.TypeFor[iamtypes.PolicyIdentifier]():        &iamtypes.PolicyIdentifierMemberPolicyArn{Value: "arn:aws:iam::aws:policy/p"},
}

// sample makes a value that asks for something.
func sample(t reflect.Type, member string) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(sample(t.Elem(), member))
	case reflect.String:
		text := samples[member]
		if text == "" {
			text = "sample"
		}
		if values := v.MethodByName("Values"); values.IsValid() { // the last of an enum that is something: the first is often the default
			all := values.Call(nil)[0]
			for i := range all.Len() {
				if value := all.Index(i).String(); !strings.EqualFold(value, "NONE") {
					text = value
				}
			}
		}
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("x"))
			break
		}
		v.Set(reflect.Append(v, sample(t.Elem(), member)))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(sample(t.Key(), ""), sample(t.Elem(), member))
	case reflect.Struct:
		for field := range exported(t) {
			v.FieldByIndex(field.Index).Set(sample(field.Type, field.Name))
		}
	case reflect.Interface:
		if union, ok := unions[t]; ok {
			v.Set(reflect.ValueOf(union))
		}
	}
	return v
}

// refusableRequests are requests of the operations that refuse members: as they stand
// nothing in them is refused.
func refusableRequests(w *world) []any {
	w.createFunction("store")
	iterator, err := w.kinesis.GetShardIterator(w.t.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("events"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: kinesistypes.ShardIteratorTypeLatest,
	})
	must(w.t, err)
	return slices.Concat(refusableStreams(aws.String("events"), &w.streamARN, iterator.ShardIterator), refusableTables(), []any{
		&iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(lambdaTrust)},
		&iam.SimulatePrincipalPolicyInput{PolicySourceArn: &w.role, ActionNames: []string{"s3:GetObject"}},
		&sts.AssumeRoleInput{RoleArn: &w.role, RoleSessionName: aws.String("session")},
		w.functionInput("store", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("other") }),
		&awslambda.CreateEventSourceMappingInput{FunctionName: &w.function, EventSourceArn: &w.streamARN, StartingPosition: lambdatypes.EventSourcePositionLatest},
		&awslambda.InvokeInput{FunctionName: &w.function}, &awslambda.ListFunctionsInput{},
		&awslambda.UpdateEventSourceMappingInput{UUID: aws.String("00000000-0000-0000-0000-000000000000")},
		&awslambda.UpdateFunctionCodeInput{FunctionName: &w.function, ZipFile: scriptBootstrap(w.t)},
		&awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function},
		&cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")}, &cloudwatchlogs.DescribeLogGroupsInput{},
		&cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []logstypes.InputLogEvent{{Message: aws.String("x"), Timestamp: aws.Int64(1)}}},
		&cloudwatch.DescribeAlarmHistoryInput{}, &cloudwatch.ListMetricsInput{},
		&cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("c"), AlarmRule: aws.String("TRUE")},
		&cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("a"), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60),
			EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		},
		&cloudwatch.PutMetricDataInput{Namespace: aws.String("n")},
		&sns.ConfirmSubscriptionInput{TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:t"), Token: aws.String("t")},
		&sns.CreateTopicInput{Name: aws.String("t")}, &sns.PublishInput{Message: aws.String("m"), TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:t")},
		&sqs.ReceiveMessageInput{QueueUrl: aws.String(w.server.Endpoint() + "/000000000000/q")},
		&sqs.SendMessageInput{QueueUrl: aws.String(w.server.Endpoint() + "/000000000000/q"), MessageBody: aws.String("m")},
	})
}

func refusableTables() []any {
	name, key := aws.String("orders"), item{"id": str("a")}
	return []any{
		&dynamodb.BatchWriteItemInput{RequestItems: map[string][]dynamotypes.WriteRequest{"orders": {{PutRequest: &dynamotypes.PutRequest{Item: maps.Clone(key)}}}}},
		&dynamodb.CreateTableInput{
			TableName: aws.String("new"), BillingMode: dynamotypes.BillingModePayPerRequest, KeySchema: []dynamotypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamotypes.KeyTypeHash}},
			AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamotypes.ScalarAttributeTypeS}},
		},
		&dynamodb.DeleteItemInput{TableName: name, Key: key}, &dynamodb.GetItemInput{TableName: name, Key: key}, &dynamodb.PutItemInput{TableName: name, Item: key},
		&dynamodb.QueryInput{TableName: name, KeyConditionExpression: aws.String("id = :i"), ExpressionAttributeValues: item{":i": str("a")}},
		&dynamodb.ScanInput{TableName: name}, &dynamodb.UpdateItemInput{TableName: name, Key: key}, &dynamodb.UpdateTableInput{TableName: name, BillingMode: dynamotypes.BillingModePayPerRequest},
	}
}

func refusableStreams(name, arn, iterator *string) []any {
	shard, hours, metrics := aws.String("shardId-000000000000"), aws.Int32(48), []kinesistypes.MetricsName{kinesistypes.MetricsNameIncomingBytes}
	tags, keys, key := map[string]string{"k": "v"}, []string{"k"}, aws.String("alias/aws/kinesis")
	mode := &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeProvisioned}
	return []any{
		&kinesis.AddTagsToStreamInput{StreamName: name, Tags: tags}, &kinesis.CreateStreamInput{StreamName: aws.String("new"), ShardCount: aws.Int32(1)},
		&kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours}, &kinesis.DeleteStreamInput{StreamName: name},
		&kinesis.DescribeStreamInput{StreamName: name}, &kinesis.DescribeStreamSummaryInput{StreamName: name},
		&kinesis.DisableEnhancedMonitoringInput{StreamName: name, ShardLevelMetrics: metrics}, &kinesis.EnableEnhancedMonitoringInput{StreamName: name, ShardLevelMetrics: metrics},
		&kinesis.GetRecordsInput{ShardIterator: iterator}, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: shard, ShardIteratorType: kinesistypes.ShardIteratorTypeLatest},
		&kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours}, &kinesis.ListShardsInput{StreamName: name},
		&kinesis.ListTagsForResourceInput{ResourceARN: arn}, &kinesis.ListTagsForStreamInput{StreamName: name},
		&kinesis.MergeShardsInput{StreamName: name, ShardToMerge: shard, AdjacentShardToMerge: aws.String("shardId-000000000001")},
		&kinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("p")},
		&kinesis.PutRecordsInput{StreamName: name, Records: []kinesistypes.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("p")}}},
		&kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: keys}, &kinesis.SplitShardInput{StreamName: name, ShardToSplit: shard, NewStartingHashKey: aws.String("5")},
		&kinesis.StartStreamEncryptionInput{StreamName: name, EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: key}, &kinesis.StopStreamEncryptionInput{StreamName: name, EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: key},
		&kinesis.TagResourceInput{ResourceARN: arn, Tags: tags}, &kinesis.UntagResourceInput{ResourceARN: arn, TagKeys: keys},
		&kinesis.UpdateMaxRecordSizeInput{StreamARN: arn, MaxRecordSizeInKiB: aws.Int32(2048)}, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(2), ScalingType: kinesistypes.ScalingTypeUniformScaling},
		&kinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: mode},
	}
}
