package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	initLimit          = 10 * time.Second // of the init phase
	idleLimit          = 10 * time.Minute // after which an idle environment ends; Lambda promises no time
	temporaryDirectory = "tmp"            // within the server's directory
	// runtimeVersion stands where Lambda names the version of its runtime.
	runtimeVersion = "0000000000000000000000000000000000000000000000000000000000000000"
)

// deployment is what an environment runs: one state of a function.
type deployment struct {
	function *function
	config   *types.FunctionConfiguration
	code     *archive
}

func (d deployment) timeout() time.Duration { return time.Duration(*d.config.Timeout) * time.Second }

// environment is one execution environment: a process that handles one event
// after the other.
type environment struct {
	*sandbox
	api         *runtimeAPI
	process     *process
	credentials credentials
	temporary   string        // what /tmp is in Lambda
	initTook    time.Duration // reported with the first invocation, then 0
	idleSince   time.Time
}

// runtimeFailure is why a function gave no answer of its own.
type runtimeFailure struct {
	kind    string // Runtime.ExitError
	message string
	payload []byte // the runtime's own report; nil: Lambda words it
	status  string // of REPORT lines: error or timeout
}

// outOfMemory is the kind of a failure whose process took more than MemorySize.
const outOfMemory = "Runtime.OutOfMemory"

func (f *runtimeFailure) answer(requestID string) functionAnswer {
	if f.payload != nil {
		return functionAnswer{failed: true, kind: f.kind, payload: f.payload}
	}
	return functionAnswer{failed: true, kind: f.kind, payload: errorPayload(f.kind, "RequestId: "+requestID+" Error: "+f.message)}
}

// errorPayload is the JSON of an error that Lambda words itself.
func errorPayload(kind, message string) []byte {
	payload, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		panic(fmt.Sprintf("error %s: %v", kind, err)) // two strings
	}
	return payload
}

// startEnvironment starts the function's program; its init phase begins.
func (s *sandbox) startEnvironment() (*environment, *runtimeFailure) {
	l := s.lambda
	argv, refusal := s.program()
	if refusal != nil {
		return nil, &runtimeFailure{kind: "Runtime.InvalidEntrypoint", message: refusal.Error(), status: "error"}
	}
	e := &environment{sandbox: s}
	if err := e.prepare(); err != nil {
		l.logger.Error("preparing an execution environment", "function", s.function.name, "error", err)
		e.stop()
		return nil, &runtimeFailure{kind: "Sandbox.Failure", message: err.Error(), status: "error"}
	}
	p, err := startProcess(argv, s.code.directory, e.variables(), s.log.writer)
	if err != nil {
		e.stop()
		message := err.Error()
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			message = path.Op + " /var/task/" + bootstrapName + ": " + path.Err.Error()
		}
		return nil, &runtimeFailure{kind: "Runtime.InvalidEntrypoint", message: message, status: "error"}
	}
	e.process = p
	return e, nil
}

func (e *environment) prepare() error {
	parent := filepath.Join(e.lambda.directory, temporaryDirectory)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	var err error
	if e.temporary, err = os.MkdirTemp(parent, e.function.name+"-"); err != nil {
		return err
	}
	if e.api, err = newRuntimeAPI(e.lambda.stopped); err != nil {
		return err
	}
	e.credentials = e.lambda.roles.sessionFor(*e.config.Role, e.function.name)
	return nil
}

// program gives the command that is run: the archive's own bootstrap, or where
// this host cannot run what Lambda can, the substitute for exactly this archive.
func (s *sandbox) program() ([]string, error) {
	if err := s.code.bootstrap.startError(s.config.Architectures[0]); err != nil {
		return nil, err
	}
	reason := s.code.bootstrap.runsOn(s.lambda.platform)
	if reason == nil {
		return []string{filepath.Join(s.code.directory, bootstrapName)}, nil
	}
	substitute, ok := s.lambda.substitutes[s.code.sha256]
	if !ok {
		s.log.emit([]byte(fmt.Sprintf("EMULATOR %s\n", reason)))
		return nil, errors.New("fork/exec /var/task/bootstrap: exec format error")
	}
	s.log.emit([]byte(fmt.Sprintf("EMULATOR %s: running %q in its place\n", reason, substitute)))
	return slices.Clone(substitute), nil
}

// variables is the function's environment: Lambda's own variables, and the
// function's where they do not contradict.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (e *environment) variables() []string {
	c, region := e.config, partOf(e.function.arn, 3)
	own := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC", "TMPDIR": e.temporary,
		"AWS_ENDPOINT_URL": e.lambda.endpoint,
	}
	if c.Environment != nil {
		for key, value := range c.Environment.Variables {
			own[key] = value
		}
	}
	for key, value := range map[string]string{
		"_HANDLER": *c.Handler, "LAMBDA_TASK_ROOT": e.code.directory, "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_ACCESS_KEY_ID": e.credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": e.credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               e.credentials.SessionToken,
		"AWS_LAMBDA_FUNCTION_NAME":        e.function.name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(int(*c.MemorySize)),
		"AWS_LAMBDA_FUNCTION_VERSION":     latestVersion,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       e.log.group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.log.stream,
		"AWS_LAMBDA_LOG_FORMAT":           string(c.LoggingConfig.LogFormat),
		"AWS_LAMBDA_RUNTIME_API":          e.api.address(),
	} {
		own[key] = value
	}
	if level := c.LoggingConfig.ApplicationLogLevel; level != "" {
		own["AWS_LAMBDA_LOG_LEVEL"] = string(level)
	}
	list := systemEnvironment()
	for _, key := range sortedKeys(own) {
		list = append(list, key+"="+own[key])
	}
	return list
}

// holdMemory holds the process to the function's MemorySize until stop is called.
func (e *environment) holdMemory() (stop func()) {
	return e.process.watchMemory(int64(*e.config.MemorySize)*mib, func(err error) {
		e.lambda.unmeasured.Do(func() {
			e.lambda.logger.Warn("the memory of functions is not limited", "error", err)
		})
	})
}

// awaitInit waits until the runtime asks for its first event.
func (e *environment) awaitInit(late <-chan time.Time) *runtimeFailure {
	defer e.holdMemory()()
	select {
	case <-e.api.ready:
		return nil
	case report := <-e.api.failed:
		return &runtimeFailure{kind: report.kind, payload: report.payload, status: "error"}
	case <-e.process.exited:
		select {
		case report := <-e.api.failed: // runtimes report, then exit
			return &runtimeFailure{kind: report.kind, payload: report.payload, status: "error"}
		default:
			return e.exitFailure()
		}
	case <-late:
		return &runtimeFailure{kind: "Sandbox.Timedout", status: "timeout"}
	}
}

func (e *environment) exitFailure() *runtimeFailure {
	if e.process.exhausted.Load() {
		return &runtimeFailure{kind: outOfMemory, message: e.process.err.Error(), status: "error"}
	}
	return &runtimeFailure{kind: "Runtime.ExitError", message: e.process.err.Error(), status: "error"}
}

// alive tells whether the process still runs.
func (e *environment) alive() bool {
	select {
	case <-e.process.exited:
		return false
	default:
		return true
	}
}

// stop ends the process and takes away what the environment had to itself.
func (e *environment) stop() {
	if e.process != nil {
		e.process.kill()
	}
	if e.api != nil {
		e.api.close()
	}
	if e.credentials.AccessKeyID != "" {
		e.lambda.roles.endSession(e.credentials.AccessKeyID)
	}
	if e.temporary == "" {
		return
	}
	if err := os.RemoveAll(e.temporary); err != nil {
		e.lambda.logger.Warn("removing a function's /tmp", "function", e.function.name, "error", err)
	}
}
