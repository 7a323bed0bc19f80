package emulator

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// world is an emulator with a role, a stream, a bucket, a log group and a
// function that does what the test's brain tells it.
type world struct {
	t      testing.TB
	server *Server
	brain  *brain

	kinesis *kinesis.Client
	lambda  *awslambda.Client
	logs    *cloudwatchlogs.Client
	s3      *s3.Client

	role      string
	streamARN string
	bucket    string
	function  string
}

const (
	lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	rolePolicy  = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["kinesis:DescribeStream","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards"],"Resource":"arn:aws:kinesis:us-east-1:000000000000:stream/events"},
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/work:*"},
		{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::failures/*"},
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::failures"}]}`
)

// newWorld makes all but the function and the mapping.
func newWorld(t testing.TB, options Options, shards int32) *world {
	t.Helper()
	if runtime.GOOS == "windows" {
		if options.Substitutes == nil {
			options.Substitutes = map[string][]string{}
		}
		options.Substitutes[codeSHA(scriptBootstrap(t))] = []string{testBinary(t)}
	}
	s := startServer(t, options)
	config := sdkConfig(s)
	w := &world{
		t: t, server: s, brain: newBrain(t, nil), function: "work", bucket: "failures",
		kinesis: kinesis.NewFromConfig(config), lambda: awslambda.NewFromConfig(config), logs: cloudwatchlogs.NewFromConfig(config),
		s3:        s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }),
		streamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/events",
	}
	ctx, roles := t.Context(), iam.NewFromConfig(config)
	role, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("work-role"), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	must(t, err)
	w.role = *role.Role.Arn
	_, err = roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("work"), PolicyDocument: aws.String(rolePolicy)})
	must(t, err)
	_, err = w.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("events"), ShardCount: &shards})
	must(t, err)
	_, err = w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &w.bucket})
	must(t, err)
	_, err = w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/work")})
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func codeSHA(archive []byte) string {
	sum := sha256.Sum256(archive)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// functionInput is a function of a mode, with changes.
func (w *world) functionInput(mode string, changes ...func(*awslambda.CreateFunctionInput)) *awslambda.CreateFunctionInput {
	in := &awslambda.CreateFunctionInput{
		FunctionName: &w.function, Role: &w.role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []types.Architecture{hostArchitecture(w.t)}, Timeout: aws.Int32(30), MemorySize: aws.Int32(256),
		Code: &types.FunctionCode{ZipFile: scriptBootstrap(w.t)},
		Environment: &types.Environment{Variables: map[string]string{
			functionMode: mode, brainURL: w.brain.url, binaryPath: testBinary(w.t),
			"GOCOVERDIR": w.t.TempDir(), // or a test binary with coverage complains as it exits
		}},
	}
	for _, change := range changes {
		change(in)
	}
	return in
}

func (w *world) createFunction(mode string, changes ...func(*awslambda.CreateFunctionInput)) *awslambda.CreateFunctionOutput {
	w.t.Helper()
	out, err := w.lambda.CreateFunction(w.t.Context(), w.functionInput(mode, changes...))
	must(w.t, err)
	return out
}

// createMapping maps the stream to the function, with reports of failed records.
func (w *world) createMapping(changes ...func(*awslambda.CreateEventSourceMappingInput)) string {
	w.t.Helper()
	in := &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: &w.streamARN, FunctionName: &w.function, StartingPosition: types.EventSourcePositionTrimHorizon,
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
	}
	for _, change := range changes {
		change(in)
	}
	out, err := w.lambda.CreateEventSourceMapping(w.t.Context(), in)
	must(w.t, err)
	return *out.UUID
}

// put puts one record for each datum, in this order, under one partition key,
// and gives the sequence numbers.
func (w *world) put(key string, data ...string) []string {
	w.t.Helper()
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events")}
	for _, d := range data {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: []byte(d), PartitionKey: &key})
	}
	out, err := w.kinesis.PutRecords(w.t.Context(), in)
	must(w.t, err)
	sequences := make([]string, len(out.Records))
	for i, r := range out.Records {
		sequences[i] = *r.SequenceNumber
	}
	return sequences
}

func (w *world) invoke(payload string, changes ...func(*awslambda.InvokeInput)) *awslambda.InvokeOutput {
	w.t.Helper()
	in := &awslambda.InvokeInput{FunctionName: &w.function, Payload: []byte(payload)}
	for _, change := range changes {
		change(in)
	}
	out, err := w.lambda.Invoke(w.t.Context(), in)
	must(w.t, err)
	return out
}

// logLines gives the function's log.
func (w *world) logLines() []string {
	w.t.Helper()
	out, err := w.logs.FilterLogEvents(context.WithoutCancel(w.t.Context()), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/work")})
	must(w.t, err)
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, strings.TrimRight(*e.Message, "\n"))
	}
	return lines
}

// caughtUp tells whether a mapping has brought every record to its end.
func (w *world) caughtUp(uuid string) bool {
	st, _ := w.server.kinesis.byARN(w.streamARN)
	m := w.server.lambda.mappings[uuid]
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, sh := range st.listed(w.server.options.Clock.Now()) {
		_, next := sh.ends()
		p := m.progress[sh.id]
		if p == nil || slices.Min(p.lanes) != next {
			return false
		}
	}
	return true
}

// data gives what the records of a delivery hold.
func (d delivery) data(t testing.TB) string {
	t.Helper()
	var words []string
	for _, r := range d.records(t) {
		words = append(words, string(r.Kinesis.Data))
	}
	return strings.Join(words, " ")
}

// dataOf gives what was in each of the deliveries.
func dataOf(t testing.TB, all []delivery) []string {
	t.Helper()
	var batches []string
	for _, d := range all {
		batches = append(batches, d.data(t))
	}
	return batches
}

// failing makes a reaction that reports sequence numbers as failed.
func failing(sequences ...string) reaction {
	var items []string
	for _, s := range sequences {
		items = append(items, fmt.Sprintf(`{"itemIdentifier":%q}`, s))
	}
	return reaction{Answer: `{"batchItemFailures":[` + strings.Join(items, ",") + `]}`}
}

// putBenchmark puts n records of many partition keys in one request.
func putBenchmark(b *testing.B, w *world, data []byte, from, n int) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events"), Records: make([]kinesistypes.PutRecordsRequestEntry, n)}
	for i := range in.Records {
		in.Records[i] = kinesistypes.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(fmt.Sprint("user", from+i))}
	}
	_, err := w.kinesis.PutRecords(b.Context(), in)
	must(b, err)
}
