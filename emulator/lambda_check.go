package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const environmentLimit = 4 * kib // all variables together

var (
	roleARNPattern  = compiled(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	handlerPattern  = compiled(`^[^\s]+$`)
	variablePattern = compiled(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
	logGroupPattern = compiled(`^[\.\-_/#A-Za-z0-9]+$`)
)

// reservedVariable tells whether Lambda sets a variable itself.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func reservedVariable(name string) bool {
	switch name {
	case "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR":
		return true
	}
	return false
}

func checkCreateFunction(in *awslambda.CreateFunctionInput) error {
	var c constraints
	if in.FunctionName == nil {
		c.null("functionName")
	}
	if in.Role == nil {
		c.null("role")
	}
	if in.Code == nil {
		c.null("code")
	}
	checkConfiguration(&c, in.Role, in.Handler, in.Description, settings{
		timeout: in.Timeout, memory: in.MemorySize, storage: in.EphemeralStorage, logging: in.LoggingConfig,
	})
	if len(in.Architectures) > 1 {
		c.add(in.Architectures, "architectures", "Member must have length less than or equal to 1")
	}
	if err := c.err(); err != nil {
		return err
	}
	if err := firstUnsupported(map[string]bool{
		"CapacityProviderConfig": in.CapacityProviderConfig != nil, "CodeSigningConfigArn": in.CodeSigningConfigArn != nil,
		"DeadLetterConfig": in.DeadLetterConfig != nil && deref(in.DeadLetterConfig.TargetArn) != "", "DurableConfig": in.DurableConfig != nil,
		"FileSystemConfigs": len(in.FileSystemConfigs) > 0, "ImageConfig": in.ImageConfig != nil, "Layers": len(in.Layers) > 0,
		"PackageType Image": in.PackageType == types.PackageTypeImage, "Publish": in.Publish, "PublishTo": in.PublishTo != "",
		"SnapStart": startsSnap(in.SnapStart), "TenancyConfig": in.TenancyConfig != nil, "VpcConfig": inVPC(in.VpcConfig),
		"Code.ImageUri": in.Code.ImageUri != nil, "Code.SourceKMSKeyArn": deref(in.Code.SourceKMSKeyArn) != "", "Code from S3": in.Code.S3Bucket != nil || in.Code.S3Key != nil || in.Code.S3ObjectVersion != nil || in.Code.S3ObjectStorageMode != "",
	}); err != nil {
		return err
	}
	if in.Runtime == "" {
		return invalidParameter("Runtime is mandatory for functions created with deployment packages.")
	}
	if in.Handler == nil {
		return invalidParameter("Handler is mandatory for functions created with deployment packages.")
	}
	if err := checkRuntime(in.Runtime); err != nil {
		return err
	}
	if in.Code.ZipFile == nil {
		return invalidParameter("Please provide a source for function code.")
	}
	if err := checkResourceTags(in.Tags); err != nil {
		return err
	}
	return checkEnvironment(in.Environment)
}

func checkUpdateCode(in *awslambda.UpdateFunctionCodeInput) error {
	if err := firstUnsupported(map[string]bool{
		"ImageUri": in.ImageUri != nil, "SourceKMSKeyArn": deref(in.SourceKMSKeyArn) != "", "Publish": in.Publish, "PublishTo": in.PublishTo != "",
		"S3Bucket": in.S3Bucket != nil, "S3Key": in.S3Key != nil, "S3ObjectStorageMode": in.S3ObjectStorageMode != "", "S3ObjectVersion": in.S3ObjectVersion != nil,
	}); err != nil {
		return err
	}
	if in.ZipFile == nil {
		return invalidParameter("Please provide a source for function code.")
	}
	if len(in.Architectures) > 1 {
		return invalidMember(in.Architectures, "architectures", "Member must have length less than or equal to 1")
	}
	return nil
}

func checkUpdateConfiguration(in *awslambda.UpdateFunctionConfigurationInput) error {
	var c constraints
	checkConfiguration(&c, in.Role, in.Handler, in.Description, settings{
		timeout: in.Timeout, memory: in.MemorySize, storage: in.EphemeralStorage, logging: in.LoggingConfig,
	})
	if err := c.err(); err != nil {
		return err
	}
	if err := firstUnsupported(map[string]bool{
		"CapacityProviderConfig": in.CapacityProviderConfig != nil, "DurableConfig": in.DurableConfig != nil,
		"DeadLetterConfig":  in.DeadLetterConfig != nil && deref(in.DeadLetterConfig.TargetArn) != "",
		"FileSystemConfigs": len(in.FileSystemConfigs) > 0, "ImageConfig": in.ImageConfig != nil, "Layers": len(in.Layers) > 0,
		"SnapStart": startsSnap(in.SnapStart), "VpcConfig": inVPC(in.VpcConfig),
	}); err != nil {
		return err
	}
	if in.Runtime != "" {
		if err := checkRuntime(in.Runtime); err != nil {
			return err
		}
	}
	return checkEnvironment(in.Environment)
}

func checkConfiguration(c *constraints, role, handler, description *string, s settings) {
	c.text(role, "role", 1, 2048, roleARNPattern)
	c.text(handler, "handler", 1, 128, handlerPattern)
	c.text(description, "description", 0, 256, nil)
	c.between(s.timeout, "timeout", 1, 900)
	c.between(s.memory, "memorySize", 128, 10_240)
	if s.storage != nil {
		c.between(s.storage.Size, "ephemeralStorage.size", 512, 10_240)
	}
	if s.logging != nil {
		c.text(s.logging.LogGroup, "loggingConfig.logGroup", 1, 512, logGroupPattern)
	}
}

// firstUnsupported is refuseUsed with an error as Lambda writes it.
func firstUnsupported(used map[string]bool) error {
	err := refuseUsed("InvalidParameterValueException", used)
	if api, ok := errors.AsType[*apiError](err); ok {
		api.Extra = map[string]any{"Type": "User"}
	}
	return err
}

func startsSnap(s *types.SnapStart) bool {
	return s != nil && s.ApplyOn == types.SnapStartApplyOnPublishedVersions
}

func inVPC(v *types.VpcConfig) bool {
	return v != nil && (len(v.SubnetIds) > 0 || len(v.SecurityGroupIds) > 0)
}

func checkRuntime(r types.Runtime) error {
	if r == types.RuntimeProvidedal2023 || r == types.RuntimeProvidedal2 {
		return nil
	}
	return invalidParameter("The runtime %s is not supported by this emulator, which runs %s and %s.", r, types.RuntimeProvidedal2023, types.RuntimeProvidedal2)
}

// checkEnvironment refuses variables that Lambda refuses.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func checkEnvironment(e *types.Environment) error {
	if e == nil {
		return nil
	}
	var c constraints
	var reserved []string
	for _, key := range slices.Sorted(maps.Keys(e.Variables)) {
		c.text(&key, "environment.variables", 0, environmentLimit, variablePattern)
		if reservedVariable(key) {
			reserved = append(reserved, key)
		}
	}
	if len(reserved) > 0 {
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	if err := c.err(); err != nil {
		return err
	}
	measured, err := json.Marshal(e.Variables)
	if err != nil {
		return fmt.Errorf("measuring environment variables: %w", err)
	}
	if len(measured) > environmentLimit {
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}
