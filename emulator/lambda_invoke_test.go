package emulator

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestInvokeRunsTheArchivesBootstrap(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	binary, err := os.ReadFile(testBinary(t))
	must(t, err)
	archive := zipOf(t, zipEntry{name: "bootstrap", mode: 0o755, content: binary})
	options := []func(*awslambda.CreateFunctionInput){func(in *awslambda.CreateFunctionInput) { in.Code.ZipFile = archive }}
	if runtime.GOOS != "linux" {
		t.Skip("the test binary is no executable for Linux here")
	}
	out := w.createFunction("proxy", options...)
	if want := codeSHA(archive); *out.CodeSha256 != want || out.CodeSize != int64(len(archive)) {
		t.Errorf("CodeSha256 %s and size %d, want %s and %d", *out.CodeSha256, out.CodeSize, want, len(archive))
	}
	w.brain.setDecide(func(d delivery) reaction {
		return reaction{Print: "hello\nworld\n", Answer: `{"got":` + string(d.Body) + `}`}
	})
	answer := w.invoke(`{"a":1}`, func(in *awslambda.InvokeInput) { in.LogType = types.LogTypeTail })
	if got := string(answer.Payload); got != `{"got":{"a":1}}` || answer.FunctionError != nil || answer.StatusCode != 200 || *answer.ExecutedVersion != "$LATEST" {
		t.Errorf("answer %s, %+v", got, answer)
	}
	tail, err := base64.StdEncoding.DecodeString(*answer.LogResult)
	must(t, err)
	id := w.brain.all()[0].Header.Get("Lambda-Runtime-Aws-Request-Id")
	pattern := `^START RequestId: ` + id + ` Version: \$LATEST
hello
world
END RequestId: ` + id + `
REPORT RequestId: ` + id + `\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: [1-9]\d* MB\tInit Duration: \d+\.\d\d ms\t
$`
	if !regexp.MustCompile(pattern).Match(tail) {
		t.Errorf("tail:\n%s\nwant:\n%s", tail, pattern)
	}
	lines := w.logLines()
	if !strings.HasPrefix(lines[0], "INIT_START Runtime Version: provided.al2023") || lines[1] != "the function begins" || !slices.Contains(lines, "hello") {
		t.Errorf("log: %q", lines)
	}
}

func TestFunctionsEnvironmentIsLambdas(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
		in.Environment.Variables["OWN"] = "ü=1"
		in.Environment.Variables["LANG"] = "C"
	})
	before := time.Now()
	w.invoke(`{}`, func(in *awslambda.InvokeInput) {
		in.ClientContext = aws.String(base64.StdEncoding.EncodeToString([]byte(`{"custom":{}}`)))
	})
	d := w.brain.all()[0]
	for key, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "work", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "_HANDLER": "bootstrap", "TZ": ":UTC", "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/work", "AWS_ENDPOINT_URL": w.server.Endpoint(), "OWN": "ü=1", "LANG": "C",
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
	} {
		if got := d.Environment[key]; got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if !regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`).MatchString(d.Environment["AWS_LAMBDA_LOG_STREAM_NAME"]) {
		t.Errorf("log stream %q", d.Environment["AWS_LAMBDA_LOG_STREAM_NAME"])
	}
	if !strings.HasPrefix(d.Environment["AWS_ACCESS_KEY_ID"], "ASIA") || d.Environment["AWS_SESSION_TOKEN"] == "" || d.Environment["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Errorf("credentials are missing: %v", d.Environment)
	}
	if session := w.server.iam.session(d.Environment["AWS_ACCESS_KEY_ID"]); session == nil || session.roleARN != w.role {
		t.Errorf("the function's credentials are not its role's: %+v", session)
	}
	if home := os.Getenv("HOME"); home != "" && d.Environment["HOME"] != "" {
		t.Errorf("the host's environment leaks: HOME=%s", d.Environment["HOME"])
	}
	if d.Directory != d.Environment["LAMBDA_TASK_ROOT"] && !strings.HasSuffix(d.Directory, d.Environment["LAMBDA_TASK_ROOT"]) {
		t.Errorf("working directory %s, want %s", d.Directory, d.Environment["LAMBDA_TASK_ROOT"])
	}
	if info, err := os.Stat(d.Environment["TMPDIR"]); err != nil || !info.IsDir() {
		t.Errorf("TMPDIR: %v", err)
	}
	if got := d.Header.Get("Lambda-Runtime-Invoked-Function-Arn"); got != "arn:aws:lambda:us-east-1:000000000000:function:work" {
		t.Errorf("invoked ARN %s", got)
	}
	if got := d.Header.Get("Lambda-Runtime-Client-Context"); got != `{"custom":{}}` {
		t.Errorf("client context %s", got)
	}
	var deadline int64
	_, err := fmt.Sscan(d.Header.Get("Lambda-Runtime-Deadline-Ms"), &deadline)
	must(t, err)
	if left := time.UnixMilli(deadline).Sub(before); left < 29*time.Second || left > 50*time.Second {
		t.Errorf("the deadline is %s away", left)
	}
	if !strings.HasPrefix(d.Header.Get("Lambda-Runtime-Trace-Id"), "Root=1-") {
		t.Errorf("trace ID %s", d.Header.Get("Lambda-Runtime-Trace-Id"))
	}
}

func TestWarmEnvironmentIsReusedUntilTheFunctionChanges(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.invoke(`1`)
	w.invoke(`2`)
	_, err := w.lambda.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &w.function, MemorySize: aws.Int32(512)})
	must(t, err)
	w.invoke(`3`)
	all := w.brain.all()
	if all[0].PID != all[1].PID || all[1].PID == all[2].PID {
		t.Errorf("processes %d, %d, %d: want the same twice, then another", all[0].PID, all[1].PID, all[2].PID)
	}
	if got := all[2].Environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]; got != "512" {
		t.Errorf("memory %s", got)
	}
}

func TestConcurrentInvocationsHaveAProcessEach(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	release := make(chan struct{})
	w.brain.setDecide(func(delivery) reaction { <-release; return reaction{Answer: "null"} })
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &w.function})
			done <- err
		}()
	}
	all := w.brain.atLeast(t, 2)
	close(release)
	must(t, <-done)
	must(t, <-done)
	if all[0].PID == all[1].PID {
		t.Errorf("both ran in process %d", all[0].PID)
	}
}

func TestFunctionErrors(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		reaction   reaction
		payload    string // pattern
		logs       []string
	}{
		{
			name: "reported by the runtime", mode: "proxy", reaction: reaction{Error: "broken"},
			payload: `^\{"errorType":"errorString","errorMessage":"broken"\}$`,
			logs:    []string{`^REPORT .*\tStatus: error\tError Type: errorString$`},
		},
		{
			name: "crash", mode: "proxy", reaction: reaction{Print: "last words", Exit: 7},
			payload: `^\{"errorType":"Runtime.ExitError","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7"\}$`,
			logs:    []string{`^last words$`, `^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7$`, `^Runtime.ExitError$`, `^REPORT .*\tStatus: error\tError Type: Runtime.ExitError$`},
		},
		{
			name: "exit while starting", mode: "init-exit",
			payload: `^\{"errorType":"Runtime.ExitError","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3"\}$`,
			logs:    []string{`^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError$`, `^INIT_REPORT .*\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError$`},
		},
		{
			name: "error while starting", mode: "init-error", payload: `^\{"errorType":"Config.Missing","errorMessage":"no table"\}$`,
			logs: []string{`^INIT_REPORT .*\tPhase: init\tStatus: error\tError Type: Config.Missing$`},
		},
		{
			name: "too large an answer", mode: "proxy", reaction: reaction{Answer: `"` + strings.Repeat("x", payloadLimit) + `"`},
			payload: `^\{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size \(6291558 bytes\) exceeded maximum allowed payload size \(6291556 bytes\)."\}$`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{}, 1)
			w.createFunction(c.mode)
			w.brain.setDecide(func(delivery) reaction { return c.reaction })
			out := w.invoke(`{}`)
			if deref(out.FunctionError) != "Unhandled" || out.StatusCode != 200 {
				t.Errorf("FunctionError %q, status %d", deref(out.FunctionError), out.StatusCode)
			}
			if !regexp.MustCompile(c.payload).Match(out.Payload) {
				t.Errorf("payload %s, want %s", out.Payload, c.payload)
			}
			lines := w.logLines()
			for _, want := range c.logs {
				if !slices.ContainsFunc(lines, regexp.MustCompile(want).MatchString) {
					t.Errorf("no line matches %s in:\n%s", want, strings.Join(lines, "\n"))
				}
			}
		})
	}
}

func TestNextInvocationAfterACrashStartsCold(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.brain.setDecide(func(d delivery) reaction {
		if string(d.Body) == `"crash"` {
			return reaction{Exit: 1}
		}
		return reaction{Answer: "null"}
	})
	w.invoke(`"crash"`)
	if out := w.invoke(`"again"`); out.FunctionError != nil {
		t.Errorf("after the crash: %s", out.Payload)
	}
}

func TestTimeoutKillsTheProcess(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	w.brain.setDecide(func(d delivery) reaction { return reaction{Hang: string(d.Body) == `"hang"`, Answer: "null"} })
	out := w.invoke(`"hang"`)
	if !regexp.MustCompile(`^\{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: [0-9a-f-]{36} Error: Task timed out after 1.00 seconds"\}$`).Match(out.Payload) {
		t.Errorf("payload %s", out.Payload)
	}
	pid := w.brain.all()[0].PID
	if running(pid) {
		t.Errorf("process %d still runs", pid)
	}
	lines := w.logLines()
	for _, want := range []string{`^\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} Task timed out after 1.00 seconds$`, `^REPORT .*\tStatus: timeout$`} {
		if !slices.ContainsFunc(lines, regexp.MustCompile(want).MatchString) {
			t.Errorf("no line matches %s in:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if out := w.invoke(`{}`); out.FunctionError != nil || w.brain.all()[1].PID == pid {
		t.Errorf("after the timeout: %s in process %d", out.Payload, w.brain.all()[1].PID)
	}
}

func TestInitThatHangsIsRepeatedWithinTheTimeout(t *testing.T) {
	clock := NewManualClock(time.Now())
	w := newWorld(t, Options{Clock: clock}, 1)
	w.createFunction("hang", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(5) })
	done := make(chan *awslambda.InvokeOutput, 1)
	go func() { done <- w.invoke(`{}`) }()
	for {
		select {
		case out := <-done:
			if !strings.Contains(string(out.Payload), "Task timed out after 5.00 seconds") {
				t.Errorf("payload %s", out.Payload)
			}
			lines := strings.Join(w.logLines(), "\n")
			for _, want := range []string{"Phase: init\tStatus: timeout", "Phase: invoke\tStatus: timeout"} {
				if !strings.Contains(lines, want) {
					t.Errorf("no %q in:\n%s", want, lines)
				}
			}
			return
		case <-time.After(5 * time.Millisecond):
			clock.Advance(time.Second)
		}
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	w.brain.setDecide(func(d delivery) reaction { return reaction{Hang: string(d.Body) == `"hang"`, Answer: "null"} })
	go func() { // the server cuts it off
		_, _ = w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &w.function, Payload: []byte(`"hang"`)})
	}()
	w.brain.atLeast(t, 1)
	w.invoke(`"idle"`)
	directory := w.server.options.Directory
	must(t, w.server.Close(t.Context()))
	for _, d := range w.brain.all() {
		if running(d.PID) {
			t.Errorf("process %d still runs", d.PID)
		}
	}
	if _, err := os.Stat(directory); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}

func TestArchiveForAnotherMachine(t *testing.T) {
	foreign := map[types.Architecture]struct {
		machine      byte
		architecture types.Architecture
	}{
		types.ArchitectureX8664: {183, types.ArchitectureArm64}, types.ArchitectureArm64: {62, types.ArchitectureX8664},
	}[hostArchitecture(t)]
	archive := zipOf(t, zipEntry{name: "bootstrap", mode: 0o755, content: elfHeader(foreign.machine)})
	change := func(in *awslambda.CreateFunctionInput) {
		in.Code.ZipFile, in.Architectures = archive, []types.Architecture{foreign.architecture}
	}
	t.Run("is replaced when it has a substitute", func(t *testing.T) {
		w := newWorld(t, Options{Substitutes: map[string][]string{codeSHA(archive): {testBinary(t)}}}, 1)
		w.createFunction("proxy", change)
		if out := w.invoke(`{}`); out.FunctionError != nil {
			t.Fatalf("payload %s", out.Payload)
		}
		if log := strings.Join(w.logLines(), "\n"); !strings.Contains(log, "EMULATOR the archive is built for linux/"+string(foreign.architecture)) {
			t.Errorf("the log does not tell of the substitute:\n%s", log)
		}
	})
	t.Run("fails as in Lambda otherwise", func(t *testing.T) {
		w := newWorld(t, Options{Substitutes: map[string][]string{"another archive's": {testBinary(t)}}}, 1)
		w.createFunction("proxy", change)
		wantInvalidEntrypoint(t, w, "fork/exec /var/task/bootstrap: exec format error")
	})
}

func wantInvalidEntrypoint(t *testing.T, w *world, message string) {
	t.Helper()
	out := w.invoke(`{}`)
	pattern := `^\{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: [0-9a-f-]{36} Error: ` + regexp.QuoteMeta(message) + `"\}$`
	if deref(out.FunctionError) != "Unhandled" || !regexp.MustCompile(pattern).Match(out.Payload) {
		t.Errorf("payload %s, want %s", out.Payload, pattern)
	}
}

func TestArchivesThatLambdaCannotStart(t *testing.T) {
	host := map[types.Architecture]byte{types.ArchitectureX8664: 62, types.ArchitectureArm64: 183}[hostArchitecture(t)]
	other := map[types.Architecture]types.Architecture{types.ArchitectureX8664: types.ArchitectureArm64, types.ArchitectureArm64: types.ArchitectureX8664}[hostArchitecture(t)]
	for _, c := range []struct {
		name    string
		entry   zipEntry
		change  func(in *awslambda.CreateFunctionInput)
		message string
	}{
		{"no bootstrap", zipEntry{"main", 0o755, []byte("x")}, nil, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"bootstrap not at the root", zipEntry{"bin/bootstrap", 0o755, []byte("#!/bin/sh\n")}, nil, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"not executable", zipEntry{"bootstrap", 0o644, []byte("#!/bin/sh\n")}, nil, "fork/exec /var/task/bootstrap: permission denied"},
		{"no executable format", zipEntry{"bootstrap", 0o755, []byte("MZ this is for Windows")}, nil, "fork/exec /var/task/bootstrap: exec format error"},
		{"function's architecture is another", zipEntry{"bootstrap", 0o755, elfHeader(host)}, func(in *awslambda.CreateFunctionInput) {
			in.Architectures = []types.Architecture{other}
		}, "fork/exec /var/task/bootstrap: exec format error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.entry.mode == 0o644 {
				t.Skip("Windows has no executable bit")
			}
			w := newWorld(t, Options{}, 1)
			w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) {
				in.Code.ZipFile = zipOf(t, c.entry)
				if c.change != nil {
					c.change(in)
				}
			})
			wantInvalidEntrypoint(t, w, c.message)
		})
	}
}
