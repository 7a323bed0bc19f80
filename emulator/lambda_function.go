package emulator

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"sync"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const latestVersion = "$LATEST"

// function is one Lambda function. Its configuration and code are replaced as a
// whole, never changed, so that whoever runs it keeps what it began with.
type function struct {
	name string
	arn  string
	pool *pool
	// visible is when calls find it.
	visible time.Time

	mu       sync.RWMutex
	config   *types.FunctionConfiguration // without the parts that depend on time
	code     *archive
	tags     map[string]string
	reserved *int32    // concurrency
	created  bool      // the last change was the creation
	until    time.Time // when the last change is in force
}

// snapshot gives the function as it is now.
func (f *function) snapshot() deployment {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return deployment{function: f, config: f.config, code: f.code}
}

// deploy is snapshot for a new environment, which has to release the code.
func (f *function) deploy() deployment {
	f.mu.RLock()
	defer f.mu.RUnlock()
	f.code.retain()
	return deployment{function: f, config: f.config, code: f.code}
}

// describe gives the configuration with its states at now. The function's mutex
// must be held.
func (f *function) describe(now time.Time) types.FunctionConfiguration {
	c := *f.config
	c.State, c.LastUpdateStatus = types.StateActive, types.LastUpdateStatusSuccessful
	if now.Before(f.until) {
		f.inTransition(&c)
	}
	return c
}

// inTransition sets the states that the answer to a change carries.
func (f *function) inTransition(c *types.FunctionConfiguration) {
	if f.created {
		c.State, c.StateReasonCode, c.StateReason = types.StatePending, types.StateReasonCodeCreating, new("The function is being created.")
		c.LastUpdateStatus = ""
		return
	}
	c.State = types.StateActive
	c.LastUpdateStatus, c.LastUpdateStatusReasonCode = types.LastUpdateStatusInProgress, "Creating"
	c.LastUpdateStatusReason = new("The function is being created.")
}

// answer copies a configuration into the output of an operation: the SDK has a
// type with the same members for each of them.
func answer[O any](c types.FunctionConfiguration) *O {
	out := new(O)
	from, to := reflect.ValueOf(&c).Elem(), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		if field := to.FieldByName(from.Type().Field(i).Name); field.IsValid() && field.CanSet() {
			field.Set(from.Field(i))
		}
	}
	return out
}

func (l *lambdaService) createFunction(ctx context.Context, in *awslambda.CreateFunctionInput) (*awslambda.CreateFunctionOutput, error) {
	if err := checkCreateFunction(in); err != nil {
		return nil, err
	}
	arn, qualifier, err := l.functionARN(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if qualifier != "" {
		return nil, invalidParameter("The function name of a new function cannot have a qualifier: %s", *in.FunctionName)
	}
	if _, exists := l.byARN(arn); exists {
		return nil, lambdaFail(http.StatusConflict, "ResourceConflictException", "Function already exist: %s", nameOf(arn))
	}
	if err := l.checkRole(*in.Role); err != nil {
		return nil, err
	}
	code, err := l.unpack(in.Code.ZipFile)
	if err != nil {
		return nil, err
	}
	f := &function{name: nameOf(arn), arn: arn, code: code, tags: map[string]string{}, created: true}
	f.until, f.visible = l.readiness.until(l.readiness.inForce().Function), l.readiness.visible()
	maps.Copy(f.tags, in.Tags)
	f.pool = newPool(l, f)
	f.config = l.newConfiguration(in, f, code)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, exists := l.functions[arn]; exists {
		code.release()
		return nil, lambdaFail(http.StatusConflict, "ResourceConflictException", "Function already exist: %s", f.name)
	}
	l.functions[arn] = f
	c := *f.config
	f.inTransition(&c)
	return answer[awslambda.CreateFunctionOutput](c), nil
}

func (l *lambdaService) checkRole(role string) error {
	if !l.roles.assumable(role, "lambda.amazonaws.com") {
		return invalidParameter("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}

func (l *lambdaService) newConfiguration(in *awslambda.CreateFunctionInput, f *function, code *archive) *types.FunctionConfiguration {
	c := &types.FunctionConfiguration{
		FunctionName: &f.name, FunctionArn: &f.arn, Role: in.Role, Handler: in.Handler, Runtime: in.Runtime,
		Description: new(deref(in.Description)), Version: new(latestVersion), PackageType: types.PackageTypeZip,
		Timeout: new(int32(3)), MemorySize: new(int32(128)), Architectures: []types.Architecture{types.ArchitectureX8664},
		EphemeralStorage: &types.EphemeralStorage{Size: new(int32(512))},
		TracingConfig:    &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		SnapStart:        &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		LoggingConfig:    &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: new("/aws/lambda/" + f.name)},
		RuntimeVersionConfig: &types.RuntimeVersionConfig{RuntimeVersionArn: new(fmt.Sprintf(
			"arn:%s:lambda:%s::runtime:%s", partOf(f.arn, 1), partOf(f.arn, 3), runtimeVersion))},
		KMSKeyArn: in.KMSKeyArn,
	}
	if len(in.Architectures) > 0 {
		c.Architectures = in.Architectures
	}
	overlay(c, settings{
		timeout: in.Timeout, memory: in.MemorySize, storage: in.EphemeralStorage, environment: in.Environment,
		tracing: in.TracingConfig, logging: in.LoggingConfig,
	})
	l.stamp(c, code)
	return c
}

// stamp marks a configuration as changed now.
func (l *lambdaService) stamp(c *types.FunctionConfiguration, code *archive) {
	c.CodeSha256, c.CodeSize = &code.sha256, code.size
	c.LastModified = new(l.clock.Now().UTC().Format("2006-01-02T15:04:05.000-0700"))
	c.RevisionId = new(newRequestID())
}

// settings are the members that CreateFunction and UpdateFunctionConfiguration
// have in common and that stay as they are when absent.
type settings struct {
	timeout, memory *int32
	storage         *types.EphemeralStorage
	environment     *types.Environment
	tracing         *types.TracingConfig
	logging         *types.LoggingConfig
}

func overlay(c *types.FunctionConfiguration, s settings) {
	if s.timeout != nil {
		c.Timeout = s.timeout
	}
	if s.memory != nil {
		c.MemorySize = s.memory
	}
	if s.storage != nil {
		c.EphemeralStorage = s.storage
	}
	if s.environment != nil {
		c.Environment = nil
		if len(s.environment.Variables) > 0 {
			c.Environment = &types.EnvironmentResponse{Variables: maps.Clone(s.environment.Variables)}
		}
	}
	if s.tracing != nil && s.tracing.Mode != "" {
		c.TracingConfig = &types.TracingConfigResponse{Mode: s.tracing.Mode}
	}
	if s.logging == nil {
		return
	}
	logging := *c.LoggingConfig
	if s.logging.LogGroup != nil {
		logging.LogGroup = s.logging.LogGroup
	}
	if s.logging.LogFormat != "" {
		logging.LogFormat = s.logging.LogFormat
	}
	logging.ApplicationLogLevel, logging.SystemLogLevel = "", ""
	if logging.LogFormat == types.LogFormatJson {
		logging.ApplicationLogLevel, logging.SystemLogLevel = types.ApplicationLogLevelInfo, types.SystemLogLevelInfo
		if s.logging.ApplicationLogLevel != "" {
			logging.ApplicationLogLevel = s.logging.ApplicationLogLevel
		}
		if s.logging.SystemLogLevel != "" {
			logging.SystemLogLevel = s.logging.SystemLogLevel
		}
	}
	c.LoggingConfig = &logging
}

func (l *lambdaService) updateCode(ctx context.Context, in *awslambda.UpdateFunctionCodeInput) (*awslambda.UpdateFunctionCodeOutput, error) {
	if err := checkUpdateCode(in); err != nil {
		return nil, err
	}
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	code, err := l.unpack(in.ZipFile)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		code.release()
		f.mu.RLock()
		defer f.mu.RUnlock()
		return answer[awslambda.UpdateFunctionCodeOutput](f.describe(l.clock.Now())), nil
	}
	c, err := l.replace(f, in.RevisionId, func(c *types.FunctionConfiguration) *archive {
		if len(in.Architectures) > 0 {
			c.Architectures = in.Architectures
		}
		return code
	})
	if err != nil {
		code.release()
		return nil, err
	}
	return answer[awslambda.UpdateFunctionCodeOutput](c), nil
}

func (l *lambdaService) updateConfiguration(ctx context.Context, in *awslambda.UpdateFunctionConfigurationInput) (*awslambda.UpdateFunctionConfigurationOutput, error) {
	if err := checkUpdateConfiguration(in); err != nil {
		return nil, err
	}
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Role != nil {
		if err := l.checkRole(*in.Role); err != nil {
			return nil, err
		}
	}
	c, err := l.replace(f, in.RevisionId, func(c *types.FunctionConfiguration) *archive {
		overlay(c, settings{
			timeout: in.Timeout, memory: in.MemorySize, storage: in.EphemeralStorage, environment: in.Environment,
			tracing: in.TracingConfig, logging: in.LoggingConfig,
		})
		if in.Role != nil {
			c.Role = in.Role
		}
		if in.Handler != nil {
			c.Handler = in.Handler
		}
		if in.Description != nil {
			c.Description = in.Description
		}
		if in.Runtime != "" {
			c.Runtime = in.Runtime
		}
		if in.KMSKeyArn != nil {
			c.KMSKeyArn = in.KMSKeyArn
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer[awslambda.UpdateFunctionConfigurationOutput](c), nil
}

// replace puts a changed copy of the configuration, and other code if change
// gives any, in the place of the function's, and retires its environments.
func (l *lambdaService) replace(f *function, revision *string, change func(*types.FunctionConfiguration) *archive) (types.FunctionConfiguration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.readiness.before(f.until) {
		return types.FunctionConfiguration{}, lambdaFail(http.StatusConflict, "ResourceConflictException",
			"The operation cannot be performed at this time. An update is in progress for resource: %s", f.arn)
	}
	if revision != nil && *revision != *f.config.RevisionId {
		return types.FunctionConfiguration{}, lambdaFail(http.StatusPreconditionFailed, "PreconditionFailedException",
			"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	}
	c := *f.config
	if code := change(&c); code != nil {
		f.code.release()
		f.code = code
	}
	l.stamp(&c, f.code)
	f.config, f.created, f.until = &c, false, l.readiness.until(l.readiness.inForce().Function)
	f.pool.retire()
	answered := c
	f.inTransition(&answered)
	return answered, nil
}
