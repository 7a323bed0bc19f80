package emulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestServerListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		if s, err := Start(t.Context(), Options{Address: address}); err == nil {
			t.Errorf("%s was accepted as %s", address, s.Endpoint())
			_ = s.Close(t.Context())
		}
	}
	if s := startServer(t, Options{Address: "localhost:0"}); !strings.HasPrefix(s.Endpoint(), "http://127.0.0.1:") && !strings.HasPrefix(s.Endpoint(), "http://[::1]:") {
		t.Errorf("endpoint %s", s.Endpoint())
	}
}

// reply is an answer to a request made by hand.
type reply struct {
	StatusCode int
	Header     http.Header
}

// send makes one request by hand; scope is region/service of the signature.
func send(t testing.TB, s *Server, method, path, scope, body string, header ...string) (reply, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if scope != "" {
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/"+scope+"/aws4_request, SignedHeaders=host, Signature=00")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header}, string(answer)
}

func TestServerTellsItsHealthAndShutsDown(t *testing.T) {
	s := startServer(t, Options{Account: "123456789012", Region: "eu-west-1"})
	owned := s.options.Directory
	send(t, s, "POST", "/", "eu-west-1/autoscaling", "Action=DescribePolicies&Version=2011-01-01", "Content-Type", "application/x-www-form-urlencoded")
	response, body := send(t, s, "GET", "/_enrich/health", "", "")
	var got health
	if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != 200 {
		t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	if want := (health{Account: "123456789012", Region: "eu-west-1", Version: controlVersion, Unsupported: 1, PID: os.Getpid()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if response, _ := send(t, s, "POST", "/_enrich/shutdown", "", "", "Origin", "https://example.com"); response.StatusCode != http.StatusForbidden {
		t.Errorf("a web page may shut the emulator down: %d", response.StatusCode)
	}
	if response, _ := send(t, s, "GET", "/_enrich/nope", "", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", response.StatusCode)
	}
	if response, _ := send(t, s, "POST", "/_enrich/shutdown", "", ""); response.StatusCode != http.StatusAccepted {
		t.Errorf("got %d", response.StatusCode)
	}
	select {
	case <-s.Closed():
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not stop")
	}
	if _, err := os.Stat(owned); !os.IsNotExist(err) {
		t.Errorf("the directory %s is left: %v", owned, err)
	}
}

func TestServerLeavesADirectoryThatItWasGiven(t *testing.T) {
	directory := t.TempDir()
	s, err := Start(t.Context(), Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(directory); err != nil {
		t.Error(err)
	}
}

func TestUnsupportedIsAnsweredInTheServicesWords(t *testing.T) {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	tests := map[string]struct {
		method, path, scope, body string
		header                    []string
		status                    int
		want                      string
	}{
		"json operation":  {"POST", "/", "us-east-1/dynamodb", "{}", []string{"X-Amz-Target", "DynamoDB_20120810.ExecuteStatement"}, 400, `"__type":"com.amazon.coral.service#UnknownOperationException"`},
		"json service":    {"POST", "/", "us-east-1/events", "{}", []string{"X-Amz-Target", "AWSEvents.PutEvents"}, 400, `{"__type":"UnknownOperationException","message":"The emulator does not have the operation AWSEvents.PutEvents."}`},
		"query operation": {"POST", "/", "us-east-1/iam", "Action=CreateUser&Version=2010-05-08", form, 400, "<Code>InvalidAction</Code><Message>Could not find operation CreateUser for version 2010-05-08</Message>"},
		"query version":   {"POST", "/", "us-east-1/iam", "Action=GetRole&Version=2020-01-01", form, 400, "Could not find operation GetRole for version 2020-01-01"},
		"query service":   {"POST", "/", "us-east-1/autoscaling", "Action=DescribePolicies&Version=2011-01-01", form, 400, "Could not find operation DescribePolicies for version 2011-01-01"},
		"no action":       {"POST", "/", "us-east-1/iam", "", form, 400, "<Code>MissingAction</Code>"},
		"rest operation":  {"GET", "/2015-03-31/functions/f/policy", "us-east-1/lambda", "", nil, 404, "The emulator does not have the operation GET /2015-03-31/functions/f/policy of lambda."},
		"rest service":    {"GET", "/v1/apis", "us-east-1/apigateway", "", nil, 404, "The emulator does not have the service apigateway."},
		"cbor operation":  {"POST", "/service/GraniteServiceVersion20100801/operation/PutInsightRule", "us-east-1/monitoring", "", []string{"Smithy-Protocol", "rpc-v2-cbor"}, 400, "UnknownOperationException"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, Options{})
			response, body := send(t, s, test.method, test.path, test.scope, test.body, test.header...)
			if response.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			_, service, _ := strings.Cut(test.scope, "/")
			if id, ok := requestID(service, response.Header); !ok {
				t.Errorf("request id %q", id)
			}
			if got := s.unsupported.sum(); got != 1 && name != "no action" {
				t.Errorf("counted %d", got)
			}
		})
	}
}

func TestDynamoDBAnswersCarryTheirChecksum(t *testing.T) {
	s := startServer(t, Options{})
	for _, operation := range []string{"ListTables", "DescribeTable"} { // an answer and an error
		response, body := send(t, s, "POST", "/", "us-east-1/dynamodb", "{}", "X-Amz-Target", "DynamoDB_20120810."+operation)
		if got, want := response.Header.Get("x-amz-crc32"), strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10); got != want {
			t.Errorf("%s: checksum %s, want %s", operation, got, want)
		}
	}
}

func TestRegionsAreApart(t *testing.T) {
	s := startServer(t, Options{})
	here := dynamodb.NewFromConfig(sdkConfig(s))
	createTable(t, here, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	config := sdkConfig(s)
	config.Region = "cn-north-1"
	there := dynamodb.NewFromConfig(config)
	_, err := there.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("users")})
	wantCode(t, err, "ResourceNotFoundException")
	createTable(t, there, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	out, err := there.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("users")})
	if err != nil || *out.Table.TableArn != "arn:aws-cn:dynamodb:cn-north-1:000000000000:table/users" {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	s := startServer(t, Options{})
	target := []string{"X-Amz-Target", "DynamoDB_20120810.PutItem"}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(make([]byte, bodyLimit+1))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		body   string
		header []string
		status int
		want   string
	}{
		"cut":       {`{"TableName":"u`, target, 400, "SerializationException"},
		"list":      {`[]`, target, 400, "SerializationException"},
		"type":      {`{"TableName":7}`, target, 400, "NUMBER_VALUE can not be converted to a String at /TableName"},
		"not gzip":  {`{}`, append([]string{"Content-Encoding", "gzip"}, target...), 400, "the body is not gzip"},
		"gzip bomb": {packed.String(), append([]string{"Content-Encoding", "gzip"}, target...), 413, "RequestEntityTooLarge"},
		"enum":      {`{"TableName":"users","Item":{"id":{"S":"a"}},"ReturnValues":"SOME"}`, target, 400, "1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]"},
		"two types": {`{"TableName":"users","Item":{"id":{"S":"a","N":"1"}}}`, target, 400, "more than one datatypes set"},
		"no type":   {`{"TableName":"users","Item":{"id":{}}}`, target, 400, "Supplied AttributeValue is empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			response, body := send(t, s, "POST", "/", "us-east-1/dynamodb", test.body, test.header...)
			if response.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
		})
	}
}

func TestPanicsBecomeInternalFailures(t *testing.T) {
	var log bytes.Buffer
	s := startServer(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	broken := op(func(context.Context, *dynamodb.ListTablesInput) (*dynamodb.ListTablesOutput, error) { panic("broken") })
	s.targets["DynamoDB_20120810"].operations["ListTables"] = broken
	response, body := send(t, s, "POST", "/", "us-east-1/dynamodb", "{}", "X-Amz-Target", "DynamoDB_20120810.ListTables")
	if response.StatusCode != 500 || !strings.Contains(body, "InternalFailure") || strings.Contains(body, "broken") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
	if !strings.Contains(log.String(), "panic: broken") || !strings.Contains(log.String(), response.Header.Get("x-amzn-RequestId")) {
		t.Errorf("logged %s", log.String())
	}
}

// CloudWatch is asked in CBOR by the SDK; the other clients use its older
// protocols.
func TestCloudWatchInEveryProtocol(t *testing.T) {
	s := startServer(t, Options{})
	client := cloudwatch.NewFromConfig(sdkConfig(s))
	_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace:  aws.String("App"),
		MetricData: []cloudwatchtypes.MetricDatum{{MetricName: aws.String("Hits"), Value: aws.Float64(2.5), Timestamp: aws.Time(time.Now()), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Page"), Value: aws.String("a")}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: aws.String("App")})
	if err != nil || len(listed.Metrics) != 1 || *listed.Metrics[0].MetricName != "Hits" || *listed.Metrics[0].Dimensions[0].Value != "a" {
		t.Fatalf("got %+v, %v", listed, err)
	}
	_, err = client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: aws.String("absent")})
	wantCode(t, err, "ResourceNotFound")
	_, body := send(t, s, "POST", "/", "us-east-1/monitoring", "Action=ListMetrics&Version=2010-08-01&Namespace=App&Dimensions.member.1.Name=Page",
		"Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	for _, want := range []string{`<ListMetricsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ListMetricsResult>`, "<Metrics><member><Dimensions><member><Name>Page</Name><Value>a</Value></member></Dimensions><MetricName>Hits</MetricName><Namespace>App</Namespace></member></Metrics>", "<ResponseMetadata><RequestId>"} {
		if !strings.Contains(body, want) {
			t.Errorf("query: no %s in %s", want, body)
		}
	}
	_, body = send(t, s, "POST", "/", "us-east-1/monitoring", `{"Namespace":"App"}`, "X-Amz-Target", "GraniteServiceVersion20100801.ListMetrics")
	if !strings.Contains(body, `"MetricName":"Hits"`) {
		t.Errorf("JSON: %s", body)
	}
	response, body := send(t, s, "POST", "/", "us-east-1/monitoring", `{"DashboardName":"absent"}`, "X-Amz-Target", "GraniteServiceVersion20100801.GetDashboard")
	if got := response.Header.Get("x-amzn-query-error"); got != "ResourceNotFound;Sender" {
		t.Errorf("JSON error %s with %s", got, body)
	}
}

func TestClockMovesWhenTold(t *testing.T) {
	clock := NewManualClock(epoch)
	early, late, past := clock.After(time.Second), clock.After(time.Hour), clock.After(0)
	if got := <-past; !got.Equal(epoch) || clock.Waiting() != 2 {
		t.Errorf("got %s, %d wait", got, clock.Waiting())
	}
	clock.Advance(time.Second)
	if got := <-early; !got.Equal(epoch.Add(time.Second)) {
		t.Errorf("got %s", got)
	}
	select {
	case <-late:
		t.Error("fired early")
	default:
	}
	clock.Set(epoch.Add(2 * time.Hour))
	<-late
	if clock.Waiting() != 0 {
		t.Error("somebody still waits")
	}
}

// Answers have the date of the clock, by which callers tell how old something is.
func TestAnswersHaveTheDateOfTheClock(t *testing.T) {
	s := startServer(t, Options{Clock: NewManualClock(epoch)})
	response, _ := send(t, s, "GET", "/", "us-east-1/s3", "")
	if got := response.Header.Get("Date"); got != epoch.UTC().Format(http.TimeFormat) {
		t.Errorf("got %s", got)
	}
}

func TestScopes(t *testing.T) {
	tests := map[string]struct{ header, url, want string }{
		"signed":     {"AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0", "/", "AKID eu-west-1 s3"},
		"no spaces":  {"AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/s3/aws4_request,SignedHeaders=host,Signature=0", "/", "AKID eu-west-1 s3"},
		"presigned":  {"", "/?X-Amz-Credential=AKID%2F20260301%2Feu-west-1%2Fs3%2Faws4_request", "AKID eu-west-1 s3"},
		"unsigned":   {"", "/", "  "},
		"nonsense":   {"AWS4-HMAC-SHA256 Credential=AKID/x", "/", "  "},
		"other kind": {"Basic abc", "/", "  "},
	}
	for name, test := range tests {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", test.header)
		key, region, service := scopeOf(r)
		if got := key + " " + region + " " + service; got != test.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
