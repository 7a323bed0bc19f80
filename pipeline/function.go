package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"enrich/engine"
)

// Function enriches.
type Function struct {
	Runtime      string            `json:"runtime"`
	Architecture string            `json:"architecture"`
	Handler      string            `json:"handler"`
	Memory       int               `json:"memory"`  // MB
	Timeout      int               `json:"timeout"` // seconds
	Role         string            `json:"role"`    // ARN
	Environment  map[string]string `json:"environment"`
	Logging      Logging           `json:"logging"`
	CodeSHA256   string            `json:"code_sha256,omitempty"` // "" in a build without archives: not compared
	Tags         map[string]string `json:"tags"`
}

// Logging of a function.
type Logging struct {
	Group            string `json:"group"`
	Format           string `json:"format"`
	ApplicationLevel string `json:"application_level"`
	SystemLevel      string `json:"system_level"`
}

// handler is not used by an OS-only runtime, which runs the file bootstrap, but
// the API asks for one.
const handler = "bootstrap"

// functionTimeout is generous: AWS takes some seconds.
const functionTimeout = 5 * time.Minute

// errNoArchive: go build alone leaves the function's archives out.
var errNoArchive = errors.New("this build of enrich has no function archive: run make and use the binary that it builds")

type function struct {
	identified
	desired Function
	zip     []byte
	roleARN string // that it is given
	client  *awslambda.Client
}

func (p *Pipeline) function() engine.Resource {
	f := p.namedFunction(keyFunction, p.names.Function)
	f.after = []string{keyRole, keyLogGroup}
	for _, lookup := range p.cfg.Lookups {
		// It is never told of a table, or of a table's new key, that is not there.
		f.after = append(f.after, tableKey(lookup.Name))
	}
	f.zip = p.code.Zip
	f.desired = Function{
		Runtime:      string(types.RuntimeProvidedal2023),
		Architecture: p.cfg.Function.Architecture,
		Handler:      handler,
		Memory:       p.cfg.Function.Memory,
		Timeout:      p.cfg.Function.Timeout,
		Role:         p.id.roleARN(p.names.Role),
		Environment:  p.environment,
		Logging: Logging{
			Group: p.names.LogGroup,
			// Lambda's own lines are then JSON too, as the function's are.
			Format:           string(types.LogFormatJson),
			ApplicationLevel: applicationLevel(p.cfg.Function.LogLevel),
			SystemLevel:      string(types.SystemLogLevelInfo),
		},
		CodeSHA256: p.code.SHA256,
		Tags:       p.tags,
	}
	return f
}

// applicationLevel is the level below which Lambda drops JSON lines. The function
// keeps to its log level by itself, but for each batch's line of level INFO, which
// has to pass: it holds the metrics.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func applicationLevel(logLevel string) string {
	if logLevel == "debug" {
		return string(types.ApplicationLogLevelDebug)
	}
	return string(types.ApplicationLogLevelInfo)
}

func (p *Pipeline) namedFunction(key, name string) *function {
	return &function{
		identified: identified{key: key, kind: kindFunction, name: name, arn: p.id.functionARN(name)},
		roleARN:    p.id.roleARN(p.names.Role),
		client:     awslambda.NewFromConfig(p.sdk),
	}
}

// Desired is the data that the function shall have.
func (f *function) Desired() any { return f.desired }

func (f *function) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer f.explain("reading", &err)
	answer, err := f.client.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: &f.name})
	if err != nil {
		return nil, notFound(err, "ResourceNotFoundException")
	}
	if refused := answer.TagsError; refused != nil {
		// Without its tags the function would look like somebody else's.
		return nil, fmt.Errorf("tags: %w", &smithy.GenericAPIError{Code: aws.ToString(refused.ErrorCode), Message: aws.ToString(refused.Message)})
	}
	now := answer.Configuration
	spec := Function{
		Runtime:      string(now.Runtime),
		Architecture: string(types.ArchitectureX8664), // what is meant where none is named
		Handler:      aws.ToString(now.Handler),
		Memory:       int(aws.ToInt32(now.MemorySize)),
		Timeout:      int(aws.ToInt32(now.Timeout)),
		Role:         aws.ToString(now.Role),
		Logging:      f.desired.Logging, // not every endpoint tells
		Tags:         userTags(answer.Tags),
	}
	if len(now.Architectures) > 0 {
		spec.Architecture = string(now.Architectures[0])
	}
	if now.Environment != nil {
		spec.Environment = now.Environment.Variables
		if desired := f.desired.Environment[varLookups]; sameLookups(spec.Environment[varLookups], desired) {
			spec.Environment[varLookups] = desired
		}
	}
	if logging := now.LoggingConfig; logging != nil && logging.LogFormat != "" {
		spec.Logging = Logging{
			Group:            aws.ToString(logging.LogGroup),
			Format:           string(logging.LogFormat),
			ApplicationLevel: string(logging.ApplicationLogLevel),
			SystemLevel:      string(logging.SystemLogLevel),
		}
	}
	if f.desired.CodeSHA256 != "" {
		spec.CodeSHA256 = aws.ToString(now.CodeSha256)
	}
	state, reason := stateOf(now.State, now.LastUpdateStatus, now.StateReason, now.LastUpdateStatusReason)
	observed := &engine.Observed{
		ID:        f.name,
		ARN:       aws.ToString(now.FunctionArn),
		Status:    state,
		Detail:    fmt.Sprintf("%d MB, %d s, %s", spec.Memory, spec.Timeout, spec.Architecture),
		Transient: state == functionPending || state == functionUpdating,
		Tags:      nonNil(answer.Tags),
		Spec:      spec,
	}
	if !observed.Transient && state != functionActive && state != functionInactive {
		observed.Unhealthy = "it is " + state + because(reason)
	}
	return observed, nil
}

// States of a function: Lambda's own, and its last update's while that is not
// done.
const (
	functionActive   = string(types.StateActive)
	functionInactive = string(types.StateInactive) // not used for weeks; the next batch wakes it
	functionPending  = string(types.StatePending)
	functionUpdating = "Updating"
	functionBroken   = "UpdateFailed"
)

// stateOf joins the two states of a function. Endpoints that know no states have
// functions that are always active.
func stateOf(state types.State, update types.LastUpdateStatus, reason, updateReason *string) (string, string) {
	switch {
	case state != "" && state != types.StateActive:
		return string(state), aws.ToString(reason)
	case update == types.LastUpdateStatusInProgress:
		return functionUpdating, aws.ToString(updateReason)
	case update == types.LastUpdateStatusFailed:
		return functionBroken, aws.ToString(updateReason)
	}
	return functionActive, ""
}

func (f *function) Diff(observed *engine.Observed) []engine.Change {
	return compare(f.desired, observed.Spec)
}

func (f *function) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer f.explain("creating", &err)
	if len(f.zip) == 0 {
		return errNoArchive
	}
	input := &awslambda.CreateFunctionInput{
		FunctionName:  &f.name,
		Code:          &types.FunctionCode{ZipFile: f.zip},
		Runtime:       types.Runtime(f.desired.Runtime),
		Architectures: []types.Architecture{types.Architecture(f.desired.Architecture)},
		Handler:       &f.desired.Handler,
		MemorySize:    aws.Int32(int32(f.desired.Memory)),
		Timeout:       aws.Int32(int32(f.desired.Timeout)),
		Role:          &f.desired.Role,
		Environment:   &types.Environment{Variables: f.desired.Environment},
		LoggingConfig: f.logging(),
		Tags:          f.desired.Tags,
		Publish:       false,
	}
	err = f.roleReady(progress).do(ctx, func(ctx context.Context) error {
		_, err := f.client.CreateFunction(ctx, input)
		return err
	})
	if err := ignore(err, "ResourceConflictException"); err != nil {
		return err
	}
	progress.Identified(f.name, f.arn)
	return f.settle(ctx, progress)
}

func (f *function) logging() *types.LoggingConfig {
	return &types.LoggingConfig{
		LogGroup:            &f.desired.Logging.Group,
		LogFormat:           types.LogFormat(f.desired.Logging.Format),
		ApplicationLogLevel: types.ApplicationLogLevel(f.desired.Logging.ApplicationLevel),
		SystemLogLevel:      types.SystemLogLevel(f.desired.Logging.SystemLevel),
	}
}

// roleReady repeats what Lambda refuses until it has learned of a new role.
// Five to ten seconds are usual, more than 15 have been seen.
func (f *function) roleReady(progress engine.Progress) retry {
	return retry{
		match: func(err error) bool {
			return hasCode(err, "InvalidParameterValueException") &&
				says(err,
					"cannot be assumed by Lambda",
					"execution role does not have permissions",
					// The variables are encrypted, and KMS learns of the role by itself.
					// https://github.com/hashicorp/terraform-provider-aws/issues/4633
					"KMS key is invalid for CreateGrant",
				)
		},
		timeout:  2 * time.Minute,
		progress: progress,
		doing:    "waiting for the role to become assumable",
	}
}

// settle waits until the function can be invoked and changed.
func (f *function) settle(ctx context.Context, progress engine.Progress) error {
	return waiter{
		pending:  []string{functionPending, functionUpdating, gone},
		target:   []string{functionActive, functionInactive},
		timeout:  functionTimeout,
		progress: progress,
		doing:    "waiting for Active",
	}.wait(ctx, f.status)
}

func (f *function) status(ctx context.Context) (state, reason string, err error) {
	now, err := f.client.GetFunctionConfiguration(ctx, &awslambda.GetFunctionConfigurationInput{FunctionName: &f.name})
	if err != nil {
		return "", "", notFound(err, "ResourceNotFoundException")
	}
	state, reason = stateOf(now.State, now.LastUpdateStatus, now.StateReason, now.LastUpdateStatusReason)
	return state, reason, nil
}

// Update changes code and configuration one after the other: Lambda refuses the
// second while the first is in progress.
func (f *function) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer f.explain("updating", &err)
	if observed.Transient {
		if err := f.settle(ctx, progress); err != nil {
			return err
		}
	}
	if tagged(changes) {
		if err := f.retag(ctx, observed.Tags); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if slices.ContainsFunc(changes, ofCode) {
		if err := f.updateCode(ctx, progress); err != nil {
			return fmt.Errorf("code: %w", err)
		}
	}
	if changed(changes, configurationFields()...) {
		if err := f.updateConfiguration(ctx, progress); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
	}
	return nil
}

func (f *function) updateCode(ctx context.Context, progress engine.Progress) error {
	if len(f.zip) == 0 {
		return errNoArchive
	}
	err := f.unoccupied(progress).do(ctx, func(ctx context.Context) error {
		_, err := f.client.UpdateFunctionCode(ctx, &awslambda.UpdateFunctionCodeInput{
			FunctionName:  &f.name,
			ZipFile:       f.zip,
			Architectures: []types.Architecture{types.Architecture(f.desired.Architecture)},
			Publish:       false,
		})
		return err
	})
	if err != nil {
		return err
	}
	return f.settle(ctx, progress)
}

func (f *function) updateConfiguration(ctx context.Context, progress engine.Progress) error {
	err := f.unoccupied(progress).do(ctx, func(ctx context.Context) error {
		_, err := f.client.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{
			FunctionName:  &f.name,
			Runtime:       types.Runtime(f.desired.Runtime),
			Handler:       &f.desired.Handler,
			MemorySize:    aws.Int32(int32(f.desired.Memory)),
			Timeout:       aws.Int32(int32(f.desired.Timeout)),
			Role:          &f.desired.Role,
			Environment:   &types.Environment{Variables: f.desired.Environment},
			LoggingConfig: f.logging(),
		})
		return err
	})
	if err != nil {
		return err
	}
	return f.settle(ctx, progress)
}

// unoccupied repeats what Lambda refuses while another update, maybe somebody
// else's, is in progress, or while it has not learned of a new role.
func (f *function) unoccupied(progress engine.Progress) retry {
	role := f.roleReady(progress)
	return retry{
		match: func(err error) bool {
			return hasCode(err, "ResourceConflictException") || role.match(err)
		},
		timeout:  role.timeout,
		progress: progress,
		doing:    "waiting for another update",
	}
}

func (f *function) retag(ctx context.Context, observed map[string]string) error {
	set, remove := tagChanges(observed, f.desired.Tags)
	if len(remove) > 0 {
		if _, err := f.client.UntagResource(ctx, &awslambda.UntagResourceInput{Resource: &f.arn, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := f.client.TagResource(ctx, &awslambda.TagResourceInput{Resource: &f.arn, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

func (f *function) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer f.explain("deleting", &err)
	err = f.unoccupied(progress).do(ctx, func(ctx context.Context) error {
		_, err := f.client.DeleteFunction(ctx, &awslambda.DeleteFunctionInput{FunctionName: &f.name})
		return err
	})
	if err := ignore(err, "ResourceNotFoundException"); err != nil {
		return err
	}
	return waiter{
		pending:  []string{functionActive, functionInactive, functionPending, functionUpdating, functionBroken, "Deleting"},
		target:   []string{gone},
		timeout:  functionTimeout,
		progress: progress,
		doing:    "waiting until it is gone",
	}.wait(ctx, f.status)
}

func (f *function) needs() []need {
	return []need{{
		sid: "Function", on: words{f.arn},
		read:   words{"lambda:GetFunction", "lambda:ListTags"},
		create: words{"lambda:CreateFunction", "lambda:TagResource", "lambda:GetFunctionConfiguration"},
		update: words{
			"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:GetFunctionConfiguration", "lambda:TagResource", "lambda:UntagResource",
		},
		remove: words{"lambda:DeleteFunction", "lambda:GetFunctionConfiguration"},
	}, {
		sid: "PassRole", on: words{f.roleARN},
		create: words{"iam:PassRole"}, update: words{"iam:PassRole"},
		condition: equal("iam:PassedToService", "lambda.amazonaws.com"),
	}}
}
