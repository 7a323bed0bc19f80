package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Each protocol's own client understands the answer to what is not there: it
// gives an error with a code, not one about an answer that it cannot read.
func TestUnknownOperationOfEachProtocolIsAnErrorToItsClient(t *testing.T) {
	s := startServer(t, Options{})
	config := sdkConfig(s)
	tests := map[string]struct {
		code string
		call func(context.Context) error
		want UnsupportedCount
	}{
		"JSON": {"UnknownOperationException", func(ctx context.Context) error {
			_, err := dynamodb.NewFromConfig(config).ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String("SELECT * FROM t")})
			return err
		}, UnsupportedCount{Service: "dynamodb", Operation: "ExecuteStatement", Count: 1}},
		"query": {"InvalidAction", func(ctx context.Context) error {
			_, err := iam.NewFromConfig(config).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
			return err
		}, UnsupportedCount{Service: "iam", Operation: "CreateUser", Count: 1}},
		"CBOR": {"UnknownOperationException", func(ctx context.Context) error {
			_, err := cloudwatch.NewFromConfig(config).DescribeInsightRules(ctx, &cloudwatch.DescribeInsightRulesInput{})
			return err
		}, UnsupportedCount{Service: "monitoring", Operation: "DescribeInsightRules", Count: 1}},
		"REST-JSON": {"UnknownOperationException", func(ctx context.Context) error {
			_, err := awslambda.NewFromConfig(config).GetPolicy(ctx, &awslambda.GetPolicyInput{FunctionName: aws.String("f")})
			return err
		}, UnsupportedCount{Service: "lambda", Operation: "GET /2015-03-31/functions/f/policy", Count: 1}},
		"REST-XML": {"NotImplemented", func(ctx context.Context) error {
			_, err := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }).GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: aws.String("b")})
			return err
		}, UnsupportedCount{Service: "s3", Operation: "GET ?cors", Count: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := test.call(t.Context())
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok || api.ErrorCode() != test.code {
				t.Errorf("got %v, want the code %s", err, test.code)
			}
			if got := s.Unsupported(); !slices.Contains(got, test.want) {
				t.Errorf("counted %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRefusedMembersAreCountedByName(t *testing.T) {
	s := startServer(t, Options{})
	client := kinesis.NewFromConfig(sdkConfig(s))
	for range 2 {
		_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
			StreamName: aws.String("s"), ShardCount: aws.Int32(1), WarmThroughputMiBps: aws.Int32(1),
		})
		wantCode(t, err, "InvalidArgumentException")
	}
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("!"), ShardCount: aws.Int32(1)})
	wantCode(t, err, "ValidationException") // AWS refuses it too
	_, body := send(t, s, "GET", "/_enrich/unsupported", "", "")
	var got struct{ Unsupported []UnsupportedCount }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := []UnsupportedCount{{Service: "kinesis", Operation: "CreateStream", Member: "WarmThroughputMiBps", Count: 2}}
	if !slices.Equal(got.Unsupported, want) {
		t.Errorf("got %+v, want %+v", got.Unsupported, want)
	}
}

func TestCountsOfUnsupportedRequestsAreBounded(t *testing.T) {
	var u unsupportedCounts
	for i := range unsupportedKinds + 50 {
		u.add(UnsupportedCount{Operation: strings.Repeat("x", i)})
	}
	if len(u.kinds) != unsupportedKinds || u.sum() != unsupportedKinds+50 {
		t.Errorf("%d kinds, %d in all", len(u.kinds), u.sum())
	}
}

func TestControlTellsTheOperations(t *testing.T) {
	s := startServer(t, Options{})
	_, body := send(t, s, "GET", "/_enrich/operations", "", "")
	var got struct{ Operations []Operation }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Operation{{"kinesis", "PutRecord"}, {"lambda", "Invoke"}, {"monitoring", "PutMetricAlarm"}, {"s3", "CopyObject"}, {"sts", "AssumeRole"}} {
		if !slices.Contains(got.Operations, want) {
			t.Errorf("%+v is missing among %d", want, len(got.Operations))
		}
	}
	if !slices.Equal(got.Operations, s.Operations()) {
		t.Error("the address tells other operations than the method")
	}
}
