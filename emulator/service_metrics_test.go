package emulator

import (
	"bytes"
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
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// makeMeasured makes the stream x and the table items.
func makeMeasured(t testing.TB, s *Server) {
	t.Helper()
	_, err := kinesis.NewFromConfig(sdkConfig(s)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("x"), ShardCount: aws.Int32(1)})
	must(t, err)
	_, err = dynamodb.NewFromConfig(sdkConfig(s)).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("items"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
	})
	must(t, err)
}

// shown are all metrics of a namespace in the minute of epoch as "Name{dimension
// values in the order of their names} sum/count unit".
func shown(t testing.TB, s *Server, namespace string) []string {
	t.Helper()
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	list, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: &namespace})
	must(t, err)
	var lines []string
	for _, m := range list.Metrics {
		out, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: &namespace, MetricName: m.MetricName, Dimensions: m.Dimensions,
			StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Minute)), Period: aws.Int32(60),
			Statistics: []cloudwatchtypes.Statistic{"Sum", "SampleCount"},
		})
		must(t, err)
		var values []string
		for _, d := range m.Dimensions {
			values = append(values, *d.Value)
		}
		for _, p := range out.Datapoints {
			lines = append(lines, fmt.Sprintf("%s{%s} %v/%v %s", *m.MetricName, strings.Join(values, ","), *p.Sum, *p.SampleCount, p.Unit))
		}
	}
	slices.Sort(lines)
	return lines
}

// showsAll fails unless every line is shown.
func showsAll(t testing.TB, s *Server, namespace string, want ...string) {
	t.Helper()
	got := shown(t, s, namespace)
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s is not shown", line)
		}
	}
	if t.Failed() {
		t.Logf("shown:\n%s", strings.Join(got, "\n"))
	}
}

func TestKinesisPublishesStreamMetrics(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	makeMeasured(t, s)
	client := kinesis.NewFromConfig(sdkConfig(s))
	_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("x"), PartitionKey: aws.String("k"), Data: []byte("four")})
	must(t, err)
	_, err = client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("x"), Records: []kinesistypes.PutRecordsRequestEntry{
		{PartitionKey: aws.String("a"), Data: []byte("123")}, {PartitionKey: aws.String("b"), Data: []byte("45")},
	}})
	must(t, err)
	readFirst(t, client, "x")
	showsAll(t, s, "AWS/Kinesis",
		"IncomingRecords{x} 3/2 Count", "IncomingBytes{x} 9/2 Bytes",
		"PutRecord.Bytes{x} 4/1 Bytes", "PutRecord.Latency{x} 0/1 Milliseconds", "PutRecord.Success{x} 1/1 Count",
		"PutRecords.Bytes{x} 5/1 Bytes", "PutRecords.Latency{x} 0/1 Milliseconds", "PutRecords.Success{x} 1/1 Count",
		"PutRecords.TotalRecords{x} 2/1 Count", "PutRecords.SuccessfulRecords{x} 2/1 Count", "PutRecords.FailedRecords{x} 0/1 Count",
		"PutRecords.ThrottledRecords{x} 0/1 Count", "WriteProvisionedThroughputExceeded{x} 0/2 Count",
		"GetRecords.Records{x} 3/1 Count", "GetRecords.Bytes{x} 9/1 Bytes", "GetRecords.Success{x} 1/1 Count", "GetRecords.Latency{x} 0/1 Milliseconds",
		"GetRecords.IteratorAgeMilliseconds{x} 0/1 Milliseconds", "ReadProvisionedThroughputExceeded{x} 0/1 Count",
	)
	for _, line := range shown(t, s, "AWS/Kinesis") {
		if strings.Contains(line, "shardId") {
			t.Errorf("%s without enhanced monitoring", line)
		}
	}
}

// readFirst reads what there is from the first shard of a stream.
func readFirst(t testing.TB, client *kinesis.Client, stream string) {
	t.Helper()
	it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: aws.String(shardID(0)), ShardIteratorType: "TRIM_HORIZON"})
	must(t, err)
	_, err = client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	must(t, err)
}

func TestKinesisCountsThrottledRecords(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	makeMeasured(t, s)
	setFaults(t, s, Fault{Service: "kinesis", Operation: "PutRecords", Kind: FaultThrottle, Rate: 1})
	_, err := kinesis.NewFromConfig(sdkConfig(s)).PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("x"), Records: []kinesistypes.PutRecordsRequestEntry{
		{PartitionKey: aws.String("a"), Data: []byte("123")}, {PartitionKey: aws.String("b"), Data: []byte("45")},
	}})
	wantCode(t, err, tooMuchThroughput)
	showsAll(t, s, "AWS/Kinesis", "WriteProvisionedThroughputExceeded{x} 2/1 Count", "PutRecords.ThrottledRecords{x} 2/1 Count",
		"PutRecords.SuccessfulRecords{x} 0/1 Count", "PutRecords.Success{x} 0/1 Count")
}

func TestEnhancedMonitoringPublishesShardMetrics(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	makeMeasured(t, s)
	client := kinesis.NewFromConfig(sdkConfig(s))
	_, err := client.EnableEnhancedMonitoring(t.Context(), &kinesis.EnableEnhancedMonitoringInput{
		StreamName: aws.String("x"), ShardLevelMetrics: []kinesistypes.MetricsName{"IncomingRecords", "OutgoingBytes", "IteratorAgeMilliseconds"},
	})
	must(t, err)
	_, err = client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("x"), PartitionKey: aws.String("k"), Data: []byte("four")})
	must(t, err)
	readFirst(t, client, "x")
	showsAll(t, s, "AWS/Kinesis", "IncomingRecords{shardId-000000000000,x} 1/1 Count",
		"OutgoingBytes{shardId-000000000000,x} 4/1 Bytes", "IteratorAgeMilliseconds{shardId-000000000000,x} 0/1 Milliseconds")
	for _, line := range shown(t, s, "AWS/Kinesis") {
		if strings.HasPrefix(line, "OutgoingRecords") {
			t.Errorf("%s was not chosen", line)
		}
	}
}

func TestDynamoDBPublishesRequestMetrics(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	makeMeasured(t, s)
	client := dynamodb.NewFromConfig(sdkConfig(s))
	key := map[string]dynamodbtypes.AttributeValue{"id": &dynamodbtypes.AttributeValueMemberS{Value: "1"}}
	put := &dynamodb.PutItemInput{TableName: aws.String("items"), Item: key}
	_, err := client.PutItem(t.Context(), put)
	must(t, err)
	put.ConditionExpression = aws.String("attribute_not_exists(id)")
	_, err = client.PutItem(t.Context(), put)
	wantCode(t, err, "ConditionalCheckFailedException")
	_, err = client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("items")})
	must(t, err)
	_, err = client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]dynamodbtypes.KeysAndAttributes{"items": {Keys: []map[string]dynamodbtypes.AttributeValue{key}}}})
	must(t, err)
	_, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("none"), Key: key})
	wantCode(t, err, "ResourceNotFoundException")
	setFaults(t, s, Fault{Service: "dynamodb", Operation: "BatchGetItem", Kind: FaultThrottle, Rate: 1}, Fault{Service: "dynamodb", Operation: "GetItem", Kind: FaultError, Rate: 1})
	if _, err = client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]dynamodbtypes.KeysAndAttributes{"items": {Keys: []map[string]dynamodbtypes.AttributeValue{key}}}}); err == nil {
		t.Error("not throttled")
	}
	if _, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("items"), Key: key}); err == nil {
		t.Error("no failure")
	}
	showsAll(t, s, "AWS/DynamoDB",
		"SuccessfulRequestLatency{PutItem,items} 0/1 Milliseconds", "SuccessfulRequestLatency{BatchGetItem,items} 0/1 Milliseconds",
		"ConditionalCheckFailedRequests{items} 1/1 Count", "ReturnedItemCount{Scan,items} 1/1 Count", "UserErrors{} 1/1 Count",
		"ReadThrottleEvents{items} 1/1 Count", "ThrottledRequests{BatchGetItem,items} 1/1 Count", "SystemErrors{GetItem,items} 1/1 Count",
		"ConsumedReadCapacityUnits{items} 1/2 Count")
}

func TestS3PublishesRequestMetrics(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	client := s3.NewFromConfig(sdkConfig(s), func(o *s3.Options) { o.UsePathStyle = true })
	bucket, id := aws.String("measured"), aws.String("EntireBucket")
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
	must(t, err)
	_, err = client.PutBucketMetricsConfiguration(t.Context(), &s3.PutBucketMetricsConfigurationInput{Bucket: bucket, Id: id, MetricsConfiguration: &s3types.MetricsConfiguration{Id: id}})
	must(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: bytes.NewReader([]byte("hello"))})
	must(t, err)
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	must(t, err)
	must(t, got.Body.Close())
	_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
	wantCode(t, err, "NoSuchKey")
	_, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	must(t, err)
	_, err = client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")})
	must(t, err)
	setFaults(t, s, Fault{Service: "s3", Kind: FaultThrottle, Rate: 1})
	_, err = client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("k")})
	if err == nil {
		t.Error("not throttled")
	}
	lines := shown(t, s, "AWS/S3")
	for name, want := range map[string]string{"GetRequests": "2/2", "ListRequests": "1/1", "DeleteRequests": "1/1", "HeadRequests": "1/1", "4xxErrors": "1/", "5xxErrors": "1/", "FirstByteLatency": "0/", "TotalRequestLatency": "0/", "BytesUploaded": "", "BytesDownloaded": ""} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+"{measured,EntireBucket} "+want) }) {
			t.Errorf("%s is not %s in\n%s", name, want, strings.Join(lines, "\n"))
		}
	}
}

func TestLogsPublishIncomingEvents(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	client := cloudwatchlogs.NewFromConfig(sdkConfig(s))
	group, stream := aws.String("g"), aws.String("s")
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	must(t, err)
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	must(t, err)
	_, err = client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logstypes.InputLogEvent{
		{Message: aws.String("one"), Timestamp: aws.Int64(epoch.UnixMilli())}, {Message: aws.String("two"), Timestamp: aws.Int64(epoch.UnixMilli())},
	}})
	must(t, err)
	showsAll(t, s, "AWS/Logs", "IncomingLogEvents{g} 2/1 Count", "IncomingLogEvents{} 2/1 Count", "IncomingBytes{g} 58/1 Bytes", "IncomingBytes{} 58/1 Bytes")
}
