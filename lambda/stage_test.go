package lambda_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enrich/answer"
	"enrich/emulator"
)

// stage is an emulator with all that the function needs, and the function itself,
// as `go build` makes it.
type stage struct {
	t      testing.TB
	clock  *shiftedClock
	server *emulator.Server

	kinesis  *kinesis.Client
	dynamodb *dynamodb.Client
	lambda   *awslambda.Client
	logs     *cloudwatchlogs.Client
	s3       *s3.Client
}

const (
	bucketName = "records"
	logGroup   = "/aws/lambda/enrich"
	trust      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	policy     = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["kinesis:DescribeStream","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards"],"Resource":"arn:aws:kinesis:us-east-1:000000000000:stream/events"},
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/enrich:*"},
		{"Effect":"Allow","Action":"dynamodb:BatchGetItem","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/users"},
		{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::records/*"}]}`
)

// shiftedClock is the time of day, moved.
type shiftedClock struct{ by atomic.Int64 }

func (c *shiftedClock) Now() time.Time                         { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *shiftedClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// newStage begins with its clock an hour late.
func newStage(t testing.TB, shards int32) *stage {
	s := &stage{t: t, clock: &shiftedClock{}}
	s.clock.by.Store(-int64(time.Hour))
	code, substitutes := buildFunction(t)
	var err error
	s.server, err = emulator.Start(t.Context(), emulator.Options{
		Clock: s.clock, Substitutes: substitutes,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.server.Close(ctx); err != nil {
			t.Errorf("closing the emulator: %v", err)
		}
	})
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.server.Endpoint()), HTTPClient: answer.Once(&http.Client{}),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}
	s.kinesis, s.dynamodb, s.lambda = kinesis.NewFromConfig(config), dynamodb.NewFromConfig(config), awslambda.NewFromConfig(config)
	s.logs, s.s3 = cloudwatchlogs.NewFromConfig(config), s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	s.createStores(shards)
	s.createFunction(iam.NewFromConfig(config), code)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// buildFunction makes the function's archive, and what runs in its place where
// Linux's programs do not.
func buildFunction(t testing.TB) (code []byte, substitutes map[string][]string) {
	t.Helper()
	build := func(system string) string {
		program := filepath.Join(t.TempDir(), "bootstrap")
		command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", program, "./bootstrap")
		command.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("building the function: %v\n%s", err, output)
		}
		return program
	}
	program, err := os.ReadFile(build("linux"))
	must(t, err)
	code = zipped(t, program)
	if runtime.GOOS != "linux" {
		sum := sha256.Sum256(code)
		substitutes = map[string][]string{base64.StdEncoding.EncodeToString(sum[:]): {build(runtime.GOOS)}}
	}
	return code, substitutes
}

// zipped packs quickly: the best compression takes seconds under the race detector.
func zipped(t testing.TB, program []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	must(t, err)
	_, err = file.Write(program)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// createStores makes the stream, the table, the bucket, with versions, and the log group.
func (s *stage) createStores(shards int32) {
	t, ctx := s.t, s.t.Context()
	_, err := s.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("events"), ShardCount: &shards})
	must(t, err)
	_, err = s.dynamodb.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("users"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("user_id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("user_id"), KeyType: dynamodbtypes.KeyTypeHash}},
	})
	must(t, err)
	_, err = s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucketName)})
	must(t, err)
	_, err = s.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: aws.String(bucketName), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	must(t, err)
	_, err = s.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(logGroup)})
	must(t, err)
}

// createFunction makes the role and the function. Its time is so short that it ends
// before an outage of 5 s does.
func (s *stage) createFunction(roles *iam.Client, code []byte) {
	t, ctx := s.t, s.t.Context()
	role, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("enrich"), AssumeRolePolicyDocument: aws.String(trust)})
	must(t, err)
	_, err = roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("enrich"), PolicyName: aws.String("enrich"), PolicyDocument: aws.String(policy)})
	must(t, err)
	architecture := lambdatypes.ArchitectureX8664
	if runtime.GOARCH == "arm64" {
		architecture = lambdatypes.ArchitectureArm64
	}
	_, err = s.lambda.CreateFunction(ctx, &awslambda.CreateFunctionInput{
		FunctionName: aws.String("enrich"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []lambdatypes.Architecture{architecture}, Timeout: aws.Int32(4), MemorySize: aws.Int32(256),
		Code:        &lambdatypes.FunctionCode{ZipFile: code},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"BUCKET_NAME": bucketName, "TABLE_NAME": "users"}},
	})
	must(t, err)
}

// createMapping connects the stream with the function as the pipeline does, with
// bisecting.
func (s *stage) createMapping(batchSize int32) {
	_, err := s.lambda.CreateEventSourceMapping(s.t.Context(), &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/events"), FunctionName: aws.String("enrich"),
		StartingPosition: lambdatypes.EventSourcePositionTrimHorizon, BatchSize: &batchSize,
		BisectBatchOnFunctionError: aws.Bool(true), MaximumRetryAttempts: aws.Int32(-1), ParallelizationFactor: aws.Int32(1),
		FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
	})
	must(s.t, err)
}

// putItems fills the lookup table.
func (s *stage) putItems(items map[string]map[string]dynamodbtypes.AttributeValue) {
	var requests []dynamodbtypes.WriteRequest
	flush := func() {
		_, err := s.dynamodb.BatchWriteItem(s.t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]dynamodbtypes.WriteRequest{"users": requests}})
		must(s.t, err)
		requests = nil
	}
	for _, item := range items {
		if requests = append(requests, dynamodbtypes.WriteRequest{PutRequest: &dynamodbtypes.PutRequest{Item: item}}); len(requests) == 25 {
			flush()
		}
	}
	if len(requests) > 0 {
		flush()
	}
}

// logged counts the lines in the function's log that hold a word.
func (s *stage) logged(word string) int {
	n := 0
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(logGroup), FilterPattern: aws.String(`"` + word + `"`),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		must(s.t, err)
		n += len(page.Events)
	}
	return n
}
