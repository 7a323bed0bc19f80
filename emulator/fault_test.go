package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// always is a fault of each call.
func always(kind FaultKind) Fault { return Fault{Kind: kind, Rate: 1} }

func setFaults(t testing.TB, s *Server, faults ...Fault) {
	t.Helper()
	must(t, s.SetFaults(1, faults...))
}

// calls are one call or two to each service.
func calls(s *Server) map[string]func(context.Context) error { return callsOf(s, sdkConfig(s)) }

// callsOf are the calls of somebody's credentials.
func callsOf(s *Server, c aws.Config) map[string]func(context.Context) error {
	table, name := dynamodb.NewFromConfig(c), aws.String("x")
	stream, function, bucket := kinesis.NewFromConfig(c), awslambda.NewFromConfig(c), s3For(s, func(config *aws.Config) { config.Credentials = c.Credentials })
	return map[string]func(context.Context) error{
		"dynamodb GetItem": func(ctx context.Context) error {
			_, err := table.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: item{"id": str("a")}})
			return err
		},
		"dynamodb DescribeTable": func(ctx context.Context) error {
			_, err := table.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: name})
			return err
		},
		"kinesis PutRecord": func(ctx context.Context) error {
			_, err := stream.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: name, Data: []byte("x")})
			return err
		},
		"kinesis DescribeStream": func(ctx context.Context) error {
			_, err := stream.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: name})
			return err
		},
		"lambda Invoke": func(ctx context.Context) error {
			_, err := function.Invoke(ctx, &awslambda.InvokeInput{FunctionName: name})
			return err
		},
		"lambda ListFunctions": func(ctx context.Context) error {
			_, err := function.ListFunctions(ctx, &awslambda.ListFunctionsInput{})
			return err
		},
		"s3 ListBuckets": func(ctx context.Context) error {
			_, err := bucket.ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		},
		"iam GetRole": func(ctx context.Context) error {
			_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			return err
		},
		"sts GetCallerIdentity": func(ctx context.Context) error {
			_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"logs DescribeLogGroups": func(ctx context.Context) error {
			_, err := cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
			return err
		},
		"cloudwatch ListMetrics": func(ctx context.Context) error {
			_, err := cloudwatch.NewFromConfig(c).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
			return err
		},
		"tag GetResources": func(ctx context.Context) error {
			_, err := resourcegroupstaggingapi.NewFromConfig(c).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{})
			return err
		},
	}
}

// Each service refuses in its own words, and the SDK takes them for what they are.
func TestFaultsSpeakTheServicesWords(t *testing.T) {
	throttles := map[string][]string{
		"dynamodb GetItem":       {"400 ProvisionedThroughputExceededException", "400 ThrottlingException"},
		"dynamodb DescribeTable": {"400 ThrottlingException"},
		"kinesis PutRecord":      {"400 ProvisionedThroughputExceededException"},
		"kinesis DescribeStream": {"400 LimitExceededException"},
		"lambda Invoke":          {"429 TooManyRequestsException"}, "lambda ListFunctions": {"429 TooManyRequestsException"},
		"s3 ListBuckets": {"503 SlowDown"},
		"iam GetRole":    {"400 Throttling"}, "sts GetCallerIdentity": {"400 Throttling"}, "cloudwatch ListMetrics": {"400 Throttling"},
		"logs DescribeLogGroups": {"400 ThrottlingException"}, "tag GetResources": {"400 ThrottledException"},
	}
	breakdowns := map[string][]string{
		"dynamodb GetItem": {"500 InternalServerError"}, "dynamodb DescribeTable": {"500 InternalServerError"},
		"kinesis PutRecord": {"500 InternalFailure"}, "kinesis DescribeStream": {"500 InternalFailure"},
		"lambda Invoke": {"500 ServiceException"}, "lambda ListFunctions": {"500 ServiceException"},
		"s3 ListBuckets": {"500 InternalError", "503 ServiceUnavailable"},
		"iam GetRole":    {"500 ServiceFailure"}, "sts GetCallerIdentity": {"500 InternalFailure"}, "cloudwatch ListMetrics": {"500 InternalServiceError"},
		"logs DescribeLogGroups": {"500 ServiceUnavailableException"}, "tag GetResources": {"500 InternalServiceException"},
	}
	s := startServer(t, Options{})
	for kind, want := range map[FaultKind]map[string][]string{FaultThrottle: throttles, FaultError: breakdowns} {
		for name, call := range calls(s) {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				service, operation, _ := strings.Cut(name, " ")
				setFaults(t, s, Fault{Service: service, Operation: operation, Kind: kind, Rate: 1})
				var got []string
				for range 20 {
					if answer := answerOf(t, call(t.Context()), kind == FaultThrottle); !slices.Contains(got, answer) {
						got = append(got, answer)
					}
				}
				slices.Sort(got)
				if !slices.Equal(got, want[name]) {
					t.Errorf("got %v, want %v", got, want[name])
				}
			})
		}
	}
}

// answerOf gives status and code of an error that the SDK would try again.
func answerOf(t testing.TB, err error, throttle bool) string {
	t.Helper()
	var api smithy.APIError
	var response interface{ ServiceRequestID() string }
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("got error %v", err)
	}
	if response.ServiceRequestID() == "" {
		t.Errorf("no request ID in %v", err)
	}
	if api.ErrorMessage() == "" {
		t.Errorf("no message in %v", err)
	}
	if !retry.NewStandard().IsErrorRetryable(err) {
		t.Errorf("%v is not tried again", err)
	}
	throttles := retry.IsErrorThrottles(retry.DefaultThrottles)
	if got := throttles.IsErrorThrottle(err) == aws.TrueTernary; got != throttle {
		t.Errorf("%v is a throttle: %v", err, got)
	}
	status := 0
	if http, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = http.HTTPStatusCode()
	}
	return fmt.Sprintf("%d %s", status, api.ErrorCode())
}

// The same errors on the wire, where the SDK hides some of it.
func TestFaultsOnTheWire(t *testing.T) {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	s := startServer(t, Options{})
	setFaults(t, s, always(FaultThrottle))
	for _, test := range []struct {
		method, path, scope, body string
		header                    []string
		want                      []string
	}{
		{"POST", "/", "us-east-1/monitoring", "Action=ListMetrics&Version=2010-08-01", form, []string{"<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"}},
		{"POST", "/", "us-east-1/kinesis", `{"StreamName":"s"}`, []string{"X-Amz-Target", "Kinesis_20131202.DescribeStream"}, []string{`{"__type":"LimitExceededException","message":"Rate exceeded for stream s under account 000000000000."}`}},
		{"POST", "/", "us-east-1/dynamodb", `{}`, []string{"X-Amz-Target", "DynamoDB_20120810.ListTables"}, []string{`"__type":"com.amazon.coral.availability#ThrottlingException"`}},
		{"GET", "/2015-03-31/functions", "us-east-1/lambda", "", nil, []string{`"Reason":"CallerRateLimitExceeded"`, `"Type":"User"`}},
		{"GET", "/", "us-east-1/s3", "", nil, []string{"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message><RequestId>"}},
	} {
		_, body := send(t, s, test.method, test.path, test.scope, test.body, test.header...)
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s, want %s", test.scope, body, want)
			}
		}
	}
}

// write is a call that changes something, and a look at whether it has.
type write struct {
	service, operation string
	call, check        func(context.Context) error
}

// writes are calls in the three ways in which services are called.
func writes(t testing.TB, s *Server) []write {
	table, bucket, roles := dynamodb.NewFromConfig(sdkConfig(s)), s3For(s, nil), iam.NewFromConfig(sdkConfig(s))
	createTable(t, table, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	newBucket(t, bucket, false)
	users, name := aws.String("users"), aws.String("x")
	return []write{
		{
			"dynamodb", "PutItem",
			func(ctx context.Context) error {
				_, err := table.PutItem(ctx, &dynamodb.PutItemInput{TableName: users, Item: item{"id": str("a")}})
				return err
			},
			func(ctx context.Context) error {
				out, err := table.GetItem(ctx, &dynamodb.GetItemInput{TableName: users, Key: item{"id": str("a")}})
				if err == nil && out.Item == nil {
					err = errors.New("there is no item")
				}
				return err
			},
		},
		{
			"iam", "CreateRole",
			func(ctx context.Context) error {
				_, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(lambdaTrust)})
				return err
			},
			func(ctx context.Context) error {
				_, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
				return err
			},
		},
		{
			"s3", "PutObject",
			func(ctx context.Context) error {
				_, err := bucket.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: name, Body: strings.NewReader("x")})
				return err
			},
			func(ctx context.Context) error {
				_, err := bucket.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: name})
				return err
			},
		},
	}
}

// A reset call has no effect, one whose answer is lost has it; to its client they
// are the same.
func TestFaultsOfTheConnection(t *testing.T) {
	for _, kind := range []FaultKind{FaultReset, FaultLost} {
		t.Run(string(kind), func(t *testing.T) {
			s := startServer(t, Options{})
			for _, w := range writes(t, s) {
				setFaults(t, s, Fault{Service: w.service, Operation: w.operation, Kind: kind, Rate: 1})
				err := w.call(t.Context())
				if !errors.Is(err, syscall.ECONNRESET) || !retry.NewStandard().IsErrorRetryable(err) {
					t.Errorf("%s: got %v", w.operation, err)
				}
				if err := w.check(t.Context()); (err == nil) != (kind == FaultLost) {
					t.Errorf("%s: afterwards %v", w.operation, err)
				}
				if got := s.Faults(); got[0].Calls != 1 || got[0].Struck != 1 {
					t.Errorf("%s: counted %+v", w.operation, got)
				}
			}
		})
	}
}

// What is answered late has taken effect at once.
func TestFaultDelaysTheAnswer(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	for _, w := range writes(t, s) {
		setFaults(t, s, Fault{Service: w.service, Operation: w.operation, Kind: FaultDelay, Rate: 1, Delay: time.Minute})
		idle, answered := clock.Waiting(), make(chan error, 1)
		go func() { answered <- w.call(t.Context()) }()
		eventually(t, "the answer to wait", func() bool { return clock.Waiting() > idle })
		if err := w.check(t.Context()); err != nil {
			t.Errorf("%s: before its answer %v", w.operation, err)
		}
		clock.Advance(time.Minute - 1)
		if len(answered) > 0 {
			t.Errorf("%s was answered too early", w.operation)
		}
		clock.Advance(1)
		if err := <-answered; err != nil {
			t.Errorf("%s: %v", w.operation, err)
		}
	}
}

func TestThrottlesShowInCloudWatch(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	metrics := cloudwatch.NewFromConfig(sdkConfig(s))
	makeMeasured(t, s)
	setFaults(t, s, Fault{Service: "dynamodb", Kind: FaultThrottle, Rate: 1}, Fault{Service: "kinesis", Kind: FaultThrottle, Rate: 1}, Fault{Service: "lambda", Kind: FaultThrottle, Rate: 1})
	all := calls(s)
	for _, name := range []string{"dynamodb GetItem", "kinesis PutRecord", "lambda Invoke"} {
		if all[name](t.Context()) == nil {
			t.Fatalf("%s was not throttled", name)
		}
	}
	for _, want := range [][3]string{
		{"AWS/DynamoDB", "ReadThrottleEvents", "TableName"}, {"AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName"},
		{"AWS/Lambda", "Throttles", "FunctionName"},
	} {
		if got := sumOf(t, metrics, want[0], want[1], want[2], "x"); got != 1 {
			t.Errorf("%v: %v", want, got)
		}
	}
}

// sumOf is the sum of a metric with one dimension in the minute of epoch.
func sumOf(t testing.TB, client *cloudwatch.Client, namespace, metric, dimension, value string) float64 {
	t.Helper()
	out, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: &metric, Dimensions: []cloudwatchtypes.Dimension{{Name: &dimension, Value: &value}},
		StartTime: aws.Time(epoch), EndTime: aws.Time(epoch.Add(time.Minute)), Period: aws.Int32(60),
		Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
	})
	must(t, err)
	if len(out.Datapoints) != 1 {
		return 0
	}
	return *out.Datapoints[0].Sum
}
