package emulator

import (
	"context"
	"net/http"
	"reflect"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// answerMapping copies a mapping into the output of an operation: the SDK has a
// type with the same members for each of them.
func answerMapping[O any](c types.EventSourceMappingConfiguration) *O {
	out := new(O)
	from, to := reflect.ValueOf(&c).Elem(), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		if field := to.FieldByName(from.Type().Field(i).Name); field.IsValid() && field.CanSet() {
			field.Set(from.Field(i))
		}
	}
	return out
}

func (l *lambdaService) updateMapping(ctx context.Context, in *awslambda.UpdateEventSourceMappingInput) (*awslambda.UpdateEventSourceMappingOutput, error) {
	if err := checkUpdateMapping(in); err != nil {
		return nil, err
	}
	m, err := l.findMapping(in.UUID)
	if err != nil {
		return nil, err
	}
	var functionARN *string
	if in.FunctionName != nil {
		f, err := l.mappedFunction(ctx, in.FunctionName)
		if err != nil {
			return nil, err
		}
		functionARN = &f.arn
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.changeable("update"); err != nil {
		return nil, err
	}
	c := m.config
	settle(&c, mappingSettings{
		batchSize: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, factor: in.ParallelizationFactor,
		age: in.MaximumRecordAgeInSeconds, retries: in.MaximumRetryAttempts, bisect: in.BisectBatchOnFunctionError,
		responses: in.FunctionResponseTypes, destination: in.DestinationConfig,
		tumbling: in.TumblingWindowInSeconds, filters: in.FilterCriteria, metrics: in.MetricsConfig,
	})
	if err := checkTumblingWindow(&c); err != nil {
		return nil, err
	}
	if functionARN != nil {
		c.FunctionArn = functionARN
	}
	c.LastModified = new(l.clock.Now().UTC())
	m.config = c
	state := mappingUpdating
	if in.Enabled != nil && *in.Enabled != m.enabled {
		m.enabled = *in.Enabled
		if state = mappingDisabling; m.enabled {
			state = mappingEnabling
		}
	}
	m.enter(state)
	m.startPolling() //nolint:contextcheck // it goes on after the request
	return answerMapping[awslambda.UpdateEventSourceMappingOutput](m.describe(state)), nil
}

func (l *lambdaService) deleteMapping(_ context.Context, in *awslambda.DeleteEventSourceMappingInput) (*awslambda.DeleteEventSourceMappingOutput, error) {
	m, err := l.findMapping(in.UUID)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	if err := m.changeable("delete"); err != nil {
		m.mu.Unlock()
		return nil, err
	}
	m.deleted, m.enabled = true, false
	m.enter(mappingDeleting)
	m.stopPolling()
	c := m.describe(mappingDeleting)
	m.mu.Unlock()
	l.sweepMappings()
	return answerMapping[awslambda.DeleteEventSourceMappingOutput](c), nil
}

// changeable refuses a change during another; the mapping's mutex must be held.
func (m *sourceMapping) changeable(verb string) error {
	passing := m.lambda.readiness.before(m.until)
	if m.deleted && !passing {
		return mappingNotFound()
	}
	if passing {
		return lambdaFail(http.StatusBadRequest, "ResourceInUseException",
			"Cannot %s the event source mapping because it is in use.", verb)
	}
	return nil
}

// checkStartingPosition answers before all enums are checked, since Lambda lists
// the values of this one in an order of its own.
func checkStartingPosition(p types.EventSourcePosition) *apiError {
	switch p {
	case "", types.EventSourcePositionLatest, types.EventSourcePositionAtTimestamp, types.EventSourcePositionTrimHorizon:
		return nil
	}
	return failf(http.StatusBadRequest, "ValidationException",
		"1 validation error detected: Value '%s' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]", p)
}

func checkCreateMapping(in *awslambda.CreateEventSourceMappingInput) error {
	if in.FunctionName == nil {
		return nullMember("functionName")
	}
	if in.EventSourceArn == nil {
		return invalidParameter("Unrecognized event source.")
	}
	if in.StartingPosition == "" {
		return invalidParameter("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
	}
	if err := firstUnsupported(map[string]bool{
		"AmazonManagedKafkaEventSourceConfig": in.AmazonManagedKafkaEventSourceConfig != nil,
		"DocumentDBEventSourceConfig":         in.DocumentDBEventSourceConfig != nil,
		"KMSKeyArn":                           in.KMSKeyArn != nil, "LoggingConfig": in.LoggingConfig != nil,
		"ProvisionedPollerConfig": in.ProvisionedPollerConfig != nil,
		"Queues":                  len(in.Queues) > 0, "ScalingConfig": in.ScalingConfig != nil, "SelfManagedEventSource": in.SelfManagedEventSource != nil,
		"SelfManagedKafkaEventSourceConfig": in.SelfManagedKafkaEventSourceConfig != nil,
		"SourceAccessConfigurations":        len(in.SourceAccessConfigurations) > 0, "Topics": len(in.Topics) > 0,
	}); err != nil {
		return err
	}
	if !streamARNPattern().MatchString(*in.EventSourceArn) {
		return invalidParameter("Unrecognized event source, this emulator has Kinesis data streams alone. Unsupported source arn : %s", *in.EventSourceArn)
	}
	atTimestamp := in.StartingPosition == types.EventSourcePositionAtTimestamp
	if atTimestamp != (in.StartingPositionTimestamp != nil) {
		return invalidParameter("StartingPositionTimestamp is required with StartingPosition AT_TIMESTAMP and with no other.")
	}
	if err := checkResourceTags(in.Tags); err != nil {
		return err
	}
	return checkMappingSettings(mappingSettings{
		batchSize: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, factor: in.ParallelizationFactor,
		age: in.MaximumRecordAgeInSeconds, retries: in.MaximumRetryAttempts, responses: in.FunctionResponseTypes, destination: in.DestinationConfig,
		tumbling: in.TumblingWindowInSeconds, filters: in.FilterCriteria, metrics: in.MetricsConfig,
	})
}

func checkUpdateMapping(in *awslambda.UpdateEventSourceMappingInput) error {
	if err := firstUnsupported(map[string]bool{
		"AmazonManagedKafkaEventSourceConfig": in.AmazonManagedKafkaEventSourceConfig != nil,
		"DocumentDBEventSourceConfig":         in.DocumentDBEventSourceConfig != nil,
		"KMSKeyArn":                           in.KMSKeyArn != nil, "LoggingConfig": in.LoggingConfig != nil,
		"ProvisionedPollerConfig":           in.ProvisionedPollerConfig != nil,
		"ScalingConfig":                     in.ScalingConfig != nil,
		"SelfManagedKafkaEventSourceConfig": in.SelfManagedKafkaEventSourceConfig != nil,
		"SourceAccessConfigurations":        len(in.SourceAccessConfigurations) > 0,
	}); err != nil {
		return err
	}
	return checkMappingSettings(mappingSettings{
		batchSize: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, factor: in.ParallelizationFactor,
		age: in.MaximumRecordAgeInSeconds, retries: in.MaximumRetryAttempts, responses: in.FunctionResponseTypes, destination: in.DestinationConfig,
		tumbling: in.TumblingWindowInSeconds, filters: in.FilterCriteria, metrics: in.MetricsConfig,
	})
}

var (
	bucketARNPattern   = compiled(`^arn:aws[a-zA-Z-]*:s3:::([a-z0-9.-]{3,63})$`)
	destinationPattern = compiled(`^arn:aws[a-zA-Z-]*:(s3:::[a-z0-9.-]{3,63}|sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}|sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256})$`)
)

func checkMappingSettings(s mappingSettings) error {
	if err := checkMetricsConfig(s.metrics); err != nil {
		return err
	}
	var c constraints
	c.between(s.batchSize, "batchSize", 1, 10_000)
	c.between(s.window, "maximumBatchingWindowInSeconds", 0, 300)
	c.between(s.factor, "parallelizationFactor", 1, 10)
	c.between(s.age, "maximumRecordAgeInSeconds", -1, 604_800)
	c.between(s.retries, "maximumRetryAttempts", -1, 10_000)
	c.between(s.tumbling, "tumblingWindowInSeconds", 0, 900)
	if len(s.responses) > 1 {
		c.add(s.responses, "functionResponseTypes", "Member must have length less than or equal to 1")
	}
	if err := c.err(); err != nil {
		return err
	}
	if s.age != nil && *s.age != -1 && *s.age < 60 {
		return invalidParameter("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800: %d", *s.age)
	}
	if err := checkFilterCriteria(s.filters); err != nil {
		return err
	}
	if s.destination == nil {
		return nil
	}
	if s.destination.OnSuccess != nil && deref(s.destination.OnSuccess.Destination) != "" {
		return invalidParameter("Unsupported DestinationConfig parameter for given event source mapping type.")
	}
	if to := s.destination.OnFailure; to != nil && deref(to.Destination) != "" && !destinationPattern().MatchString(*to.Destination) {
		return invalidParameter("This emulator has S3 buckets, standard SQS queues and standard SNS topics as on-failure destinations. The destination ARN is not supported: %s", *to.Destination)
	}
	return nil
}
