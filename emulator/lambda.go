package emulator

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// lambdaService is Lambda: functions that run as processes of this host, and
// event source mappings that feed them from Kinesis.
type lambdaService struct {
	account     string
	clock       Clock
	logger      *slog.Logger
	directory   string // of unpacked archives and the functions' /tmp
	endpoint    string // of the emulator, for the functions' SDKs
	substitutes map[string][]string
	platform    platform // of this host
	lambdaSeams
	unmeasured sync.Once // tells that memory cannot be limited

	routes []restRoute
	table  map[string]operation

	gate    sync.RWMutex    // guards the end: nothing is added to running after stop
	running sync.WaitGroup  // whatever works beside requests
	stopped context.Context //nolint:containedctx // the lifetime of the service, not of a call
	stop    context.CancelFunc

	mu        sync.RWMutex
	functions map[string]*function      // by ARN
	mappings  map[string]*sourceMapping // by UUID
	busy      int                       // invocations that run
}

// lambdaSeams are what Lambda needs of the other services.
type lambdaSeams struct {
	kinesis   *kinesisService
	roles     roleAuthority
	logs      logWriter
	objects   objectWriter
	queues    messageSender
	topics    messageSender
	metrics   metricRecorder
	faults    *faultInjector
	readiness *readiness
}

// messageSender is a service that takes a message for a queue or topic by its ARN.
type messageSender interface {
	send(arn, message string) error
}

// roleAuthority knows what execution roles may do.
type roleAuthority interface {
	assumable(roleARN, service string) bool
	allowed(roleARN, action, resource string) error
	authorize(c caller, a access) *apiError
	sessionFor(roleARN, sessionName string) credentials
	endSession(accessKey string)
}

// logWriter stores lines in a log group that exists; it makes the stream.
type logWriter interface {
	write(group, stream string, events []logEvent) error
}

// objectWriter stores an object in S3.
type objectWriter interface {
	put(ctx context.Context, bucket, key string, body []byte) error
}

func newLambda(o Options, endpoint string, seams lambdaSeams) *lambdaService {
	stopped, stop := context.WithCancel(context.Background())
	l := &lambdaService{
		account: o.Account, clock: o.Clock, logger: o.Logger, directory: o.Directory, endpoint: endpoint,
		substitutes: o.Substitutes, platform: hostPlatform(), lambdaSeams: seams,
		stopped: stopped, stop: stop,
		functions: map[string]*function{}, mappings: map[string]*sourceMapping{},
	}
	l.routes, l.table = lambdaRoutes(), l.operations()
	l.background(l.reapIdle)
	return l
}

func (l *lambdaService) operations() map[string]operation {
	return map[string]operation{
		"CreateEventSourceMapping":    op(l.createMapping),
		"CreateFunction":              op(l.createFunction),
		"DeleteEventSourceMapping":    op(l.deleteMapping),
		"DeleteFunction":              op(l.deleteFunction),
		"DeleteFunctionConcurrency":   op(l.deleteConcurrency),
		"GetEventSourceMapping":       op(l.getMapping),
		"GetFunction":                 op(l.getFunction),
		"GetFunctionConcurrency":      op(l.getConcurrency),
		"GetFunctionConfiguration":    op(l.getConfiguration),
		"Invoke":                      op(l.invokeFunction),
		"ListEventSourceMappings":     op(l.listMappings),
		"ListFunctions":               op(l.listFunctions),
		"ListTags":                    op(l.listTags),
		"ListVersionsByFunction":      op(l.listVersions),
		"PutFunctionConcurrency":      op(l.putConcurrency),
		"TagResource":                 op(l.tagResource),
		"UntagResource":               op(l.untagResource),
		"UpdateEventSourceMapping":    op(l.updateMapping),
		"UpdateFunctionCode":          op(l.updateCode),
		"UpdateFunctionConfiguration": op(l.updateConfiguration),
	}
}

// begin announces work that close waits for, which ends with running.Done. It
// gives false when the service is being closed.
func (l *lambdaService) begin() bool {
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.stopped.Err() != nil {
		return false
	}
	l.running.Add(1)
	return true
}

// background runs work beside requests, unless the service is being closed.
func (l *lambdaService) background(work func()) bool {
	if !l.begin() {
		return false
	}
	go func() {
		defer l.running.Done()
		work()
	}()
	return true
}

// close stops the mappings, then the functions with all their processes, and
// waits for them until ctx ends.
func (l *lambdaService) close(ctx context.Context) error {
	l.gate.Lock()
	l.stop() // the mappings' runs end with it
	l.gate.Unlock()
	for _, f := range l.allFunctions() {
		f.pool.close()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.running.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("stopping functions and event source mappings: %w", ctx.Err())
	}
	for _, f := range l.allFunctions() {
		f.snapshot().code.release()
	}
	for _, empty := range []string{codeDirectory, temporaryDirectory} {
		// They are gone, or what is in them was never ours.
		_ = os.Remove(filepath.Join(l.directory, empty))
	}
	return nil
}

func (l *lambdaService) allFunctions() []*function {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.SortedFunc(maps.Values(l.functions), func(a, b *function) int { return cmp.Compare(a.arn, b.arn) })
}

func (l *lambdaService) allMappings() []*sourceMapping {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.SortedFunc(maps.Values(l.mappings), func(a, b *sourceMapping) int { return cmp.Compare(a.uuid, b.uuid) })
}

// lambdaFail makes an error as Lambda gives those of the caller: with its type,
// and where the resource is missing with a capital Message beside the other.
func lambdaFail(status int, code, format string, args ...any) *apiError {
	e := failf(status, code, format, args...)
	e.Extra = map[string]any{"Type": "User"}
	if status == http.StatusNotFound {
		e.Extra["Message"] = e.Message
	}
	return e
}

func invalidParameter(format string, args ...any) error {
	return lambdaFail(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
}

// functionNamePattern takes a name, a partial ARN or an ARN, with or without a
// qualifier: what is not the name is in the groups region, account and qualifier.
var functionNamePattern = compiled(`^(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$`)

// functionARN gives the unqualified ARN of what a request names, and its
// qualifier.
func (l *lambdaService) functionARN(ctx context.Context, name, qualifier *string) (arn, qualified string, err error) {
	if name == nil {
		return "", "", nullMember("functionName")
	}
	parts := functionNamePattern().FindStringSubmatch(*name)
	if parts == nil {
		return "", "", invalidMember(*name, "functionName",
			`Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`)
	}
	c := callerOf(ctx)
	if region := parts[1]; region != "" && region != c.Region {
		return "", "", lambdaFail(http.StatusNotFound, "ResourceNotFoundException", "Functions from '%s' are not reachable in this region ('%s')", region, c.Region)
	}
	if account := parts[2]; account != "" && account != l.account {
		return "", "", lambdaFail(http.StatusForbidden, "AccessDeniedException", "Cross-account access is not supported by this emulator: %s", *name)
	}
	qualified = parts[4]
	if qualifier != nil {
		if qualified != "" && qualified != *qualifier {
			return "", "", invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
		}
		qualified = *qualifier
	}
	return c.arn("lambda", "function:"+parts[3]), qualified, nil
}

// find gives the function that a request names. There are no versions and
// aliases: the only qualifier that exists is $LATEST.
func (l *lambdaService) find(ctx context.Context, name, qualifier *string) (*function, error) {
	arn, qualified, err := l.functionARN(ctx, name, qualifier)
	if err != nil {
		return nil, err
	}
	if qualified != "" && qualified != latestVersion {
		return nil, functionNotFound(arn + ":" + qualified)
	}
	f, ok := l.byARN(arn)
	if !ok || l.readiness.before(f.visible) {
		return nil, functionNotFound(arn)
	}
	return f, nil
}

func (l *lambdaService) byARN(arn string) (*function, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	f, ok := l.functions[arn]
	return f, ok
}

func functionNotFound(arn string) error {
	return lambdaFail(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", arn)
}

// inRegion gives the functions of a region by name.
func (l *lambdaService) inRegion(region string) []*function {
	return slices.DeleteFunc(l.allFunctions(), func(f *function) bool {
		return l.readiness.before(f.visible) || !strings.Contains(f.arn, ":lambda:"+region+":")
	})
}
