package emulator

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestArchiveIsUnpackedWhole(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no symbolic links without a privilege")
	}
	l := &lambdaService{directory: t.TempDir()}
	a, err := l.unpack(zipOf(t,
		zipEntry{"bootstrap", 0o755, []byte("#!/bin/sh\n")}, zipEntry{"lib/", fs.ModeDir | 0o755, nil},
		zipEntry{"lib/deep/data.txt", 0o600, []byte("data")}, zipEntry{"link", fs.ModeSymlink | 0o777, []byte("lib/deep/data.txt")},
		zipEntry{`win\dows.txt`, 0o644, []byte("w")},
	))
	must(t, err)
	for name, want := range map[string]string{"lib/deep/data.txt": "data", "link": "data", "win/dows.txt": "w"} {
		got, err := os.ReadFile(filepath.Join(a.directory, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	info, err := os.Stat(filepath.Join(a.directory, "lib/deep/data.txt"))
	must(t, err)
	if info.Mode().Perm()&0o444 != 0o444 || info.Mode().Perm()&0o111 != 0 {
		t.Errorf("mode %s: Lambda lets everyone read", info.Mode())
	}
	if a.bootstrap.kind != entrypointScript || !a.bootstrap.executable {
		t.Errorf("bootstrap %+v", a.bootstrap)
	}
	a.retain()
	a.release()
	if _, err := os.Stat(a.directory); err != nil {
		t.Errorf("the files are gone while they are used: %v", err)
	}
	a.release()
	if _, err := os.Stat(a.directory); !os.IsNotExist(err) {
		t.Errorf("the files are left: %v", err)
	}
}

func TestArchiveCannotReachOutside(t *testing.T) {
	outside := t.TempDir()
	for _, c := range []struct {
		name    string
		entries []zipEntry
	}{
		{"parent", []zipEntry{{"../x", 0o644, []byte("x")}}},
		{"absolute", []zipEntry{{"/x", 0o644, []byte("x")}}},
		{"parent in Windows' spelling", []zipEntry{{`..\x`, 0o644, []byte("x")}}},
		{"through a link", []zipEntry{{"out", fs.ModeSymlink | 0o777, []byte(outside)}, {"out/x", 0o644, []byte("x")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &lambdaService{directory: t.TempDir()}
			_, err := l.unpack(zipOf(t, c.entries...))
			if err == nil || !strings.Contains(err.Error(), "Could not unzip uploaded file") {
				t.Errorf("unpacked: %v", err)
			}
			if left, err := os.ReadDir(filepath.Join(l.directory, codeDirectory)); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
}

func TestArchiveThatGrowsTooLarge(t *testing.T) {
	l := &lambdaService{directory: t.TempDir()}
	zeros := make([]byte, unpackedLimit/2+1)
	_, err := l.unpack(zipOf(t, zipEntry{"a", 0o644, zeros}, zipEntry{"b", 0o644, zeros}))
	if err == nil || !strings.Contains(err.Error(), "Unzipped size must be smaller than 262144000 bytes") {
		t.Errorf("unpacked: %v", err)
	}
}

func TestInterpreterThatIsMissing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("scripts are no executables there")
	}
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
		in.Code.ZipFile = zipOf(t, zipEntry{"bootstrap", 0o755, []byte("#!/no/such/interpreter\n")})
	})
	wantInvalidEntrypoint(t, w, "fork/exec /var/task/bootstrap: no such file or directory")
}

func TestQueuedEventWaitsWhileThrottled(t *testing.T) {
	w, clock := onManualClock(t, 1)
	reserve := func(n int32) {
		_, err := w.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: &w.function, ReservedConcurrentExecutions: &n})
		must(t, err)
	}
	reserve(0)
	waiting := clock.Waiting()
	w.invoke(`{}`, func(in *awslambda.InvokeInput) { in.InvocationType = types.InvocationTypeEvent })
	eventually(t, "the throttle", func() bool { return clock.Waiting() > waiting })
	if n := len(w.brain.all()); n > 0 {
		t.Errorf("%d deliveries", n)
	}
	reserve(1)
	pass(t, clock, "the delivery", func() bool { return len(w.brain.all()) == 1 })
}

func TestOnlyLatestIsListedAsVersion(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	out, err := w.lambda.ListVersionsByFunction(t.Context(), &awslambda.ListVersionsByFunctionInput{FunctionName: aws.String("work")})
	must(t, err)
	if len(out.Versions) != 1 || *out.Versions[0].FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:work:$LATEST" {
		t.Errorf("versions %+v", out.Versions)
	}
}

func TestUnusedOptionsOfLambdaAreRefused(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	for name, call := range map[string]func() error{
		"code from S3": func() error {
			_, err := w.lambda.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: &w.function, S3Bucket: aws.String("b"), S3Key: aws.String("k")})
			return err
		},
		"no code": func() error {
			_, err := w.lambda.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: &w.function})
			return err
		},
		"layers": func() error {
			_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, Layers: []string{"arn"}})
			return err
		},
		"runtime": func() error {
			_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, Runtime: types.RuntimeNodejs20x})
			return err
		},
		"role": func() error {
			_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, Role: aws.String("arn:aws:iam::000000000000:role/none")})
			return err
		},
		"metrics of the mapping": func() error {
			_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: aws.String("u"), MetricsConfig: &types.EventSourceMappingMetricsConfig{Metrics: []types.EventSourceMappingMetric{types.EventSourceMappingMetricErrorCount}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), "InvalidParameterValueException") })
	}
}
