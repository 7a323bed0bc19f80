package emulator

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestFunctionIsReadBackAsItWasCreated(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	ctx := t.Context()
	created := w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
		in.Tags = map[string]string{"a": "1"}
		in.Description = aws.String("what it does")
		in.TracingConfig = &types.TracingConfig{Mode: types.TracingModeActive}
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("/aws/lambda/work")}
	})
	if created.State != types.StatePending || *created.StateReason != "The function is being created." || created.StateReasonCode != types.StateReasonCodeCreating {
		t.Errorf("created in state %s: %s", created.State, deref(created.StateReason))
	}
	got, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: created.FunctionArn})
	must(t, err)
	c := got.Configuration
	if c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusSuccessful || c.StateReason != nil {
		t.Errorf("state %s, %s", c.State, c.LastUpdateStatus)
	}
	if *c.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:work" || *c.Timeout != 30 || *c.MemorySize != 256 || *c.Role != w.role ||
		c.Runtime != types.RuntimeProvidedal2023 || *c.Handler != "bootstrap" || *c.Description != "what it does" || c.TracingConfig.Mode != types.TracingModeActive ||
		*c.LoggingConfig.LogGroup != "/aws/lambda/work" || c.LoggingConfig.LogFormat != types.LogFormatJson || c.LoggingConfig.SystemLogLevel != types.SystemLogLevelInfo ||
		*c.CodeSha256 != codeSHA(scriptBootstrap(t)) || *c.Version != "$LATEST" || *c.EphemeralStorage.Size != 512 || c.Environment.Variables[functionMode] != "proxy" ||
		!slices.Equal(c.Architectures, []types.Architecture{hostArchitecture(t)}) || c.PackageType != types.PackageTypeZip || deref(c.RevisionId) == "" {
		t.Errorf("configuration %+v", c)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000-0700", *c.LastModified); err != nil {
		t.Errorf("LastModified: %v", err)
	}
	if !maps.Equal(got.Tags, map[string]string{"a": "1"}) || got.Concurrency != nil {
		t.Errorf("tags %v, concurrency %v", got.Tags, got.Concurrency)
	}
	response, err := http.Get(*got.Code.Location)
	must(t, err)
	archive, err := take(response)
	must(t, err)
	if !bytes.Equal(archive, scriptBootstrap(t)) {
		t.Errorf("the archive came back with %d bytes", len(archive))
	}
}

func TestFunctionUpdates(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	ctx := t.Context()
	created := w.createFunction("proxy")
	w.invoke(`{}`)
	updated, err := w.lambda.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{
		FunctionName: &w.function, Timeout: aws.Int32(5), RevisionId: created.RevisionId,
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatJson, SystemLogLevel: types.SystemLogLevelWarn},
	})
	must(t, err)
	if updated.LastUpdateStatus != types.LastUpdateStatusInProgress || *updated.Timeout != 5 || *updated.MemorySize != 256 || *updated.RevisionId == *created.RevisionId {
		t.Errorf("updated to %+v", updated)
	}
	if level := updated.LoggingConfig.SystemLogLevel; level != types.SystemLogLevelWarn {
		t.Errorf("system log level %s", level)
	}
	_, err = w.lambda.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, RevisionId: created.RevisionId})
	wantCode(t, err, "PreconditionFailedException")
	archive := zipOf(t, zipEntry{"bootstrap", 0o755, []byte("#!/bin/sh\n# another\nexec \"$" + binaryPath + "\"\n")})
	code, err := w.lambda.UpdateFunctionCode(ctx, &awslambda.UpdateFunctionCodeInput{FunctionName: &w.function, ZipFile: archive, DryRun: true})
	must(t, err)
	if *code.CodeSha256 != *created.CodeSha256 {
		t.Error("a dry run changed the code")
	}
	code, err = w.lambda.UpdateFunctionCode(ctx, &awslambda.UpdateFunctionCodeInput{FunctionName: &w.function, ZipFile: archive})
	must(t, err)
	if *code.CodeSha256 != codeSHA(archive) || code.CodeSize != int64(len(archive)) {
		t.Errorf("code %s of %d bytes", *code.CodeSha256, code.CodeSize)
	}
	got, err := w.lambda.GetFunctionConfiguration(ctx, &awslambda.GetFunctionConfigurationInput{FunctionName: &w.function, Qualifier: aws.String("$LATEST")})
	must(t, err)
	if got.LastUpdateStatus != types.LastUpdateStatusSuccessful || got.LastUpdateStatusReason != nil || *got.CodeSha256 != codeSHA(archive) {
		t.Errorf("afterwards %+v", got)
	}
	w.invoke(`{}`)
	if all := w.brain.all(); all[0].PID == all[1].PID || all[0].Directory == all[1].Directory {
		t.Error("the old code still runs")
	}
	if lines := strings.Join(w.logLines(), "\n"); strings.Count(lines, "START RequestId") != 1 {
		t.Errorf("lines of Lambda's own in a log of level WARN:\n%s", lines)
	}
}

func TestLambdaRefusesBadInput(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	create := func(change func(*awslambda.CreateFunctionInput)) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.lambda.CreateFunction(ctx, w.functionInput("proxy", change))
			return err
		}
	}
	variable := func(key, value string) func(*awslambda.CreateFunctionInput) {
		return func(in *awslambda.CreateFunctionInput) { in.Environment.Variables[key] = value }
	}
	code := func(archive []byte) func(*awslambda.CreateFunctionInput) {
		return func(in *awslambda.CreateFunctionInput) { in.Code.ZipFile = archive }
	}
	for _, c := range []struct {
		name    string
		call    func(context.Context) error
		code    string
		message string
	}{
		{"role that is not there", create(func(in *awslambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::000000000000:role/none") }),
			"InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."},
		{"no role's ARN", create(func(in *awslambda.CreateFunctionInput) { in.Role = aws.String("role") }), "ValidationException", "at 'role'"},
		{"timeout", create(func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }), "ValidationException",
			"1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"},
		{"memory", create(func(in *awslambda.CreateFunctionInput) { in.MemorySize = aws.Int32(100) }), "ValidationException", "Value '100' at 'memorySize'"},
		{"architecture", create(func(in *awslambda.CreateFunctionInput) { in.Architectures = []types.Architecture{"mips"} }), "ValidationException", "[x86_64, arm64]"},
		{"runtime", create(func(in *awslambda.CreateFunctionInput) { in.Runtime = types.RuntimePython312 }), "InvalidParameterValueException", "python3.12"},
		{"no runtime", create(func(in *awslambda.CreateFunctionInput) { in.Runtime = "" }), "InvalidParameterValueException", "Runtime is mandatory"},
		{"reserved variable", create(variable("AWS_REGION", "x")), "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		{"variable's name", create(variable("1X", "x")), "ValidationException", "environment.variables"},
		{"more than 4 KB of variables", create(variable("LONG", strings.Repeat("x", 4096))), "InvalidParameterValueException", "exceeded the 4KB limit"},
		{"no archive", create(code([]byte("this is no zip"))), "InvalidParameterValueException", "Could not unzip uploaded file."},
		{"empty archive", create(code(zipOf(t))), "InvalidParameterValueException", "non-empty zip"},
		{"archive that escapes", create(code(zipOf(t, zipEntry{"../bootstrap", 0o755, []byte("x")}))), "InvalidParameterValueException", "Could not unzip"},
		{"file as a directory", create(code(zipOf(t, zipEntry{"a", 0o644, []byte("x")}, zipEntry{"a/b", 0o644, []byte("x")}))), "InvalidParameterValueException", "Could not unzip"},
		{"publish", create(func(in *awslambda.CreateFunctionInput) { in.Publish = true }), "InvalidParameterValueException", "Publish is not supported"},
		{"VPC", create(func(in *awslambda.CreateFunctionInput) { in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"s"}} }), "InvalidParameterValueException", "VpcConfig is not supported"},
		{"missing function", func(ctx context.Context) error {
			_, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String("none")})
			return err
		}, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none"},
		{"function's name", func(ctx context.Context) error {
			_, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String("a b")})
			return err
		}, "ValidationException", "at 'functionName'"},
		{"missing version", func(ctx context.Context) error {
			_, err := w.lambda.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String("none"), Qualifier: aws.String("3")})
			return err
		}, "ResourceNotFoundException", "function:none:3"},
		{"tags of nothing", func(ctx context.Context) error {
			_, err := w.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:function:none")})
			return err
		}, "ResourceNotFoundException", "Function not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if message := wantCode(t, c.call(t.Context()), c.code); !strings.Contains(message, c.message) {
				t.Errorf("message %q, want %q in it", message, c.message)
			}
		})
	}
}

func TestInvokeRefusesBadInput(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	_, err := w.lambda.CreateFunction(t.Context(), w.functionInput("proxy"))
	if message := wantCode(t, err, "ResourceConflictException"); message != "Function already exist: work" {
		t.Error(message)
	}
	for _, c := range []struct {
		name string
		in   awslambda.InvokeInput
		code string
	}{
		{"no JSON", awslambda.InvokeInput{Payload: []byte(`{`)}, "InvalidRequestContentException"},
		{"too large", awslambda.InvokeInput{Payload: fmt.Appendf(nil, "%q", strings.Repeat("x", payloadLimit))}, "RequestTooLargeException"},
		{"too large for later", awslambda.InvokeInput{InvocationType: types.InvocationTypeEvent, Payload: fmt.Appendf(nil, "%q", strings.Repeat("x", mib))}, "RequestTooLargeException"},
		{"client context", awslambda.InvokeInput{ClientContext: aws.String("%")}, "InvalidRequestContentException"},
		{"unknown type", awslambda.InvokeInput{InvocationType: "Later"}, "ValidationException"},
		{"durable", awslambda.InvokeInput{DurableExecutionName: aws.String("x")}, "InvalidParameterValueException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.FunctionName = &w.function
			_, err := w.lambda.Invoke(t.Context(), &c.in)
			wantCode(t, err, c.code)
		})
	}
	if n := len(w.brain.all()); n > 0 {
		t.Errorf("%d deliveries", n)
	}
}

func TestInvokeLaterAndDry(t *testing.T) {
	clock := NewManualClock(epoch)
	w := newWorld(t, Options{Clock: clock}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(900) })
	out := w.invoke(`{}`, func(in *awslambda.InvokeInput) { in.InvocationType = types.InvocationTypeDryRun })
	if out.StatusCode != 204 || len(w.brain.all()) > 0 {
		t.Errorf("dry run: status %d, %d deliveries", out.StatusCode, len(w.brain.all()))
	}
	w.brain.setDecide(func(delivery) reaction { return reaction{Error: "broken"} })
	out = w.invoke(`{"later":1}`, func(in *awslambda.InvokeInput) { in.InvocationType = types.InvocationTypeEvent })
	if out.StatusCode != 202 || len(out.Payload) > 0 {
		t.Errorf("status %d, payload %s", out.StatusCode, out.Payload)
	}
	pass(t, clock, "all attempts", func() bool { return len(w.brain.all()) == 3 })
	if elapsed := clock.Now().Sub(epoch); elapsed < 3*time.Minute {
		t.Errorf("three attempts within %s: want a minute and two between them", elapsed)
	}
	for range 100 {
		clock.Advance(time.Minute)
	}
	if n := len(w.brain.all()); n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	ctx := t.Context()
	_, err := w.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: &w.function, ReservedConcurrentExecutions: aws.Int32(0)})
	must(t, err)
	_, err = w.lambda.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &w.function})
	wantCode(t, err, "TooManyRequestsException")
	got, err := w.lambda.GetFunctionConcurrency(ctx, &awslambda.GetFunctionConcurrencyInput{FunctionName: &w.function})
	must(t, err)
	if *got.ReservedConcurrentExecutions != 0 {
		t.Errorf("reserved %d", *got.ReservedConcurrentExecutions)
	}
	_, err = w.lambda.DeleteFunctionConcurrency(ctx, &awslambda.DeleteFunctionConcurrencyInput{FunctionName: &w.function})
	must(t, err)
	w.invoke(`{}`)
}

func TestFunctionTagsListsAndDeletion(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	ctx := t.Context()
	var arns []*string
	for i := range 3 {
		arns = append(arns, w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String(fmt.Sprint("f", i)) }).FunctionArn)
	}
	_, err := w.lambda.TagResource(ctx, &awslambda.TagResourceInput{Resource: arns[0], Tags: map[string]string{"a": "1", "b": "2"}})
	must(t, err)
	_, err = w.lambda.UntagResource(ctx, &awslambda.UntagResourceInput{Resource: arns[0], TagKeys: []string{"a", "x"}})
	must(t, err)
	tags, err := w.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: arns[0]})
	must(t, err)
	if !maps.Equal(tags.Tags, map[string]string{"b": "2"}) {
		t.Errorf("tags %v", tags.Tags)
	}
	var names []string
	pages := awslambda.NewListFunctionsPaginator(w.lambda, &awslambda.ListFunctionsInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, err)
		for _, f := range page.Functions {
			names = append(names, *f.FunctionName)
		}
	}
	if !slices.Equal(names, []string{"f0", "f1", "f2"}) {
		t.Errorf("functions %v", names)
	}
	directory := w.server.lambda.functions[*arns[1]].snapshot().code.directory
	_, err = w.lambda.DeleteFunction(ctx, &awslambda.DeleteFunctionInput{FunctionName: arns[1]})
	must(t, err)
	_, err = w.lambda.DeleteFunction(ctx, &awslambda.DeleteFunctionInput{FunctionName: arns[1]})
	wantCode(t, err, "ResourceNotFoundException")
	if e, err := inspectEntrypoint(directory + "/bootstrap"); err != nil || e.kind != entrypointMissing {
		t.Errorf("the archive's files are left: %+v, %v", e, err)
	}
}

func TestFunctionStates(t *testing.T) {
	clock := NewManualClock(epoch)
	w := newWorld(t, Options{Clock: clock, Readiness: Readiness{Function: 5 * time.Second}}, 1)
	w.createFunction("proxy")
	state := func() string {
		out, err := w.lambda.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &w.function})
		must(t, err)
		return string(out.State) + " " + string(out.LastUpdateStatus)
	}
	want := func(wanted string) {
		t.Helper()
		if got := state(); got != wanted {
			t.Errorf("state %q, want %q", got, wanted)
		}
	}
	want("Pending ")
	_, err := w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &w.function})
	if message := wantCode(t, err, "ResourceConflictException"); !strings.Contains(message, "currently in the following state: Pending") {
		t.Error(message)
	}
	update := func() error {
		_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, Timeout: aws.Int32(900)})
		return err
	}
	wantCode(t, update(), "ResourceConflictException")
	clock.Advance(5 * time.Second)
	want("Active Successful")
	must(t, update())
	want("Active InProgress")
	if message := wantCode(t, update(), "ResourceConflictException"); !strings.Contains(message, "An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:work") {
		t.Error(message)
	}
	w.invoke(`{}`) // goes on during an update
	clock.Advance(5 * time.Second)
	want("Active Successful")
}

func TestLambdaErrorsCarryTheirType(t *testing.T) {
	s := startServer(t, Options{})
	response, err := http.Get(s.Endpoint() + "/2015-03-31/functions/none")
	must(t, err)
	body, err := take(response)
	must(t, err)
	if response.StatusCode != 404 || response.Header.Get("X-Amzn-Errortype") != "ResourceNotFoundException" || !regexp.MustCompile(`"Type":"User"`).Match(body) || !regexp.MustCompile(`"Message":"Function not found`).Match(body) {
		t.Errorf("status %d, type %s, body %s", response.StatusCode, response.Header.Get("X-Amzn-Errortype"), body)
	}
}

func TestRoutesAreThoseOfTheSDK(t *testing.T) {
	l := &lambdaService{routes: lambdaRoutes()}
	l.table = l.operations()
	for _, c := range []struct{ method, path, want, label, value string }{
		{"GET", "/2015-03-31/functions", "ListFunctions", "", ""},
		{"GET", "/2015-03-31/functions/", "ListFunctions", "", ""},
		{"POST", "/2015-03-31/functions/f/invocations", "Invoke", "FunctionName", "f"},
		{"GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Af", "GetFunction", "FunctionName", "arn:aws:lambda:us-east-1:0:function:f"},
		{"GET", "/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:f", "GetFunction", "FunctionName", "arn:aws:lambda:us-east-1:0:function:f"},
		{"DELETE", "/2015-03-31/event-source-mappings/u/", "DeleteEventSourceMapping", "UUID", "u"},
		{"PUT", "/2017-10-31/functions/f/concurrency", "PutFunctionConcurrency", "FunctionName", "f"},
		{"POST", "/2015-03-31/functions/f/aliases", "", "", ""},
		{"PATCH", "/2015-03-31/functions/f", "", "", ""},
		{"GET", "/", "", "", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://127.0.0.1"+c.path, http.NoBody)
		must(t, err)
		call := l.route(r)
		if call == nil {
			if c.want != "" {
				t.Errorf("%s %s has no route", c.method, c.path)
			}
			continue
		}
		if call.name != c.want {
			t.Errorf("%s %s is %s, want %s", c.method, c.path, call.name, c.want)
			continue
		}
		input := call.operation.newInput()
		if failure := call.decode(r, nil, input); failure != nil {
			t.Error(failure)
		}
		if in, ok := input.(*awslambda.GetFunctionInput); ok && *in.FunctionName != c.value {
			t.Errorf("%s %s: %s", c.method, c.path, *in.FunctionName)
		}
	}
	for name := range l.table {
		if !slices.ContainsFunc(l.routes, func(r restRoute) bool { return r.name == name }) {
			t.Errorf("%s has no route", name)
		}
	}
}
