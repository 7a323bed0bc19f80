package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"enrich/cost"
	"enrich/engine"
)

// EventSourceMapping carries the stream's records to the function.
type EventSourceMapping struct {
	Enabled               bool              `json:"enabled"`
	StartingPosition      string            `json:"starting_position"`
	BatchSize             int               `json:"batch_size"`
	BatchingWindow        int               `json:"batching_window_seconds"`
	ParallelizationFactor int               `json:"parallelization_factor"`
	MaximumRetryAttempts  int               `json:"maximum_retry_attempts"`     // -1: until the age ends them
	MaximumRecordAge      int               `json:"maximum_record_age_seconds"` // -1: until the retention ends it
	BisectOnError         bool              `json:"bisect_batch_on_function_error"`
	ResponseTypes         []string          `json:"function_response_types"`
	OnFailure             string            `json:"on_failure"` // ARN of the destination
	Metrics               []string          `json:"metrics"`    // groups of metrics besides the function's
	Tags                  map[string]string `json:"tags"`
}

type eventSourceMapping struct {
	identified
	desired  EventSourceMapping
	stream   string // ARN
	function string // name
	recorded string // UUID that the record has, for a mapping that is only deleted
	uuidARN  func(uuid string) string
	// of the function, for what deployers may do
	functionARN string
	client      *awslambda.Client
}

func (p *Pipeline) eventSourceMapping() *eventSourceMapping {
	m := p.recordedMapping(keyMapping, mappingName(p.names), "")
	m.after = []string{keyFunction, keyStream, keyRole, keyBucket}
	m.desired = EventSourceMapping{
		Enabled: true,
		// LATEST would miss what comes in before the mapping has begun to read.
		StartingPosition:      string(types.EventSourcePositionTrimHorizon),
		BatchSize:             p.cfg.Mapping.BatchSize,
		BatchingWindow:        p.cfg.Mapping.BatchingWindowSeconds,
		ParallelizationFactor: p.cfg.Mapping.ParallelizationFactor,
		MaximumRetryAttempts:  p.cfg.Mapping.MaximumRetryAttempts,
		MaximumRecordAge:      p.cfg.Mapping.MaximumRecordAgeSeconds,
		BisectOnError:         true,
		ResponseTypes:         []string{string(types.FunctionResponseTypeReportBatchItemFailures)},
		OnFailure:             p.id.bucketARN(p.names.Bucket),
		Metrics:               []string{string(types.EventSourceMappingMetricEventCount)}, // free of charge
		Tags:                  p.tags,
	}
	return m
}

// recordedMapping is named by what it joins: its own name is a UUID that AWS
// chooses.
func (p *Pipeline) recordedMapping(key, name, uuid string) *eventSourceMapping {
	return &eventSourceMapping{
		identified:  identified{key: key, kind: kindMapping, name: name},
		stream:      p.id.streamARN(p.names.Stream),
		function:    p.names.Function,
		functionARN: p.id.functionARN(p.names.Function),
		recorded:    uuid,
		uuidARN:     p.id.mappingARN,
		client:      awslambda.NewFromConfig(p.sdk),
	}
}

func mappingName(names Names) string { return names.Stream + " to " + names.Function }

// Desired is the data that the mapping shall have.
func (m *eventSourceMapping) Desired() any { return m.desired }

func (m *eventSourceMapping) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer m.explain("reading", &err)
	now, err := m.current(ctx)
	if err != nil {
		return nil, err
	}
	arn := m.arnOf(now)
	tags, err := m.client.ListTags(ctx, &awslambda.ListTagsInput{Resource: &arn})
	if err != nil {
		return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFoundException")
	}
	state := aws.ToString(now.State)
	result := aws.ToString(now.LastProcessingResult)
	observed := &engine.Observed{
		ID:        aws.ToString(now.UUID),
		ARN:       arn,
		Status:    state,
		Detail:    result,
		Transient: state != mappingEnabled && state != mappingDisabled,
		Deleting:  state == mappingDeleting,
		Tags:      nonNil(tags.Tags),
		Spec:      m.observe(now, tags.Tags),
	}
	switch {
	case strings.HasPrefix(result, "PROBLEM"):
		observed.Unhealthy = result
	case state != mappingEnabled:
		observed.Unhealthy = "it is " + state + because(aws.ToString(now.StateTransitionReason))
	}
	return observed, nil
}

func (m *eventSourceMapping) observe(now types.EventSourceMappingConfiguration, tags map[string]string) EventSourceMapping {
	state := aws.ToString(now.State)
	spec := EventSourceMapping{
		Enabled:               state != mappingDisabled && state != mappingDisabling,
		StartingPosition:      string(now.StartingPosition),
		BatchSize:             int(aws.ToInt32(now.BatchSize)),
		BatchingWindow:        int(aws.ToInt32(now.MaximumBatchingWindowInSeconds)),
		ParallelizationFactor: int(aws.ToInt32(now.ParallelizationFactor)),
		MaximumRetryAttempts:  int(aws.ToInt32(now.MaximumRetryAttempts)),
		MaximumRecordAge:      int(aws.ToInt32(now.MaximumRecordAgeInSeconds)),
		BisectOnError:         aws.ToBool(now.BisectBatchOnFunctionError),
		Tags:                  userTags(tags),
	}
	for _, kind := range now.FunctionResponseTypes {
		spec.ResponseTypes = append(spec.ResponseTypes, string(kind))
	}
	if destination := now.DestinationConfig; destination != nil && destination.OnFailure != nil {
		spec.OnFailure = aws.ToString(destination.OnFailure.Destination)
	}
	if config := now.MetricsConfig; config != nil {
		for _, group := range config.Metrics {
			spec.Metrics = append(spec.Metrics, string(group))
		}
	}
	if spec.StartingPosition == "" {
		spec.StartingPosition = m.desired.StartingPosition // not every endpoint tells
	}
	return spec
}

func (m *eventSourceMapping) Diff(observed *engine.Observed) []engine.Change {
	return compare(m.desired, observed.Spec, "starting_position")
}

// Create adopts a mapping that exists: an interrupted creation leaves one whose
// UUID nobody knows.
func (m *eventSourceMapping) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer m.explain("creating", &err)
	existing, err := m.find(ctx)
	if err != nil {
		return err
	}
	for _, mapping := range existing {
		uuid := aws.ToString(mapping.UUID)
		if aws.ToString(mapping.State) != mappingDeleting {
			progress.Identified(uuid, m.arnOf(mapping))
			return m.settle(ctx, uuid, progress, mappingEnabled, mappingDisabled)
		}
		if err := m.vanish(ctx, uuid, progress); err != nil {
			return err
		}
	}
	var uuid, arn string
	err = m.permitted(progress).do(ctx, func(ctx context.Context) error {
		created, err := m.client.CreateEventSourceMapping(ctx, m.input())
		if err == nil {
			uuid, arn = aws.ToString(created.UUID), aws.ToString(created.EventSourceMappingArn)
			return nil
		}
		uuid = existingMapping(err)
		if uuid != "" {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if arn == "" {
		arn = m.uuidARN(uuid)
	}
	progress.Identified(uuid, arn)
	return m.settle(ctx, uuid, progress, mappingEnabled)
}

func (m *eventSourceMapping) input() *awslambda.CreateEventSourceMappingInput {
	d := m.desired
	return &awslambda.CreateEventSourceMappingInput{
		EventSourceArn:                 &m.stream,
		FunctionName:                   &m.function,
		Enabled:                        &d.Enabled,
		StartingPosition:               types.EventSourcePosition(d.StartingPosition),
		BatchSize:                      aws.Int32(int32(d.BatchSize)),
		MaximumBatchingWindowInSeconds: aws.Int32(int32(d.BatchingWindow)),
		ParallelizationFactor:          aws.Int32(int32(d.ParallelizationFactor)),
		MaximumRetryAttempts:           aws.Int32(int32(d.MaximumRetryAttempts)),
		MaximumRecordAgeInSeconds:      aws.Int32(int32(d.MaximumRecordAge)),
		BisectBatchOnFunctionError:     &d.BisectOnError,
		FunctionResponseTypes:          m.responseTypes(),
		DestinationConfig:              m.destination(),
		MetricsConfig:                  m.metrics(),
		Tags:                           d.Tags,
	}
}

func (m *eventSourceMapping) responseTypes() []types.FunctionResponseType {
	var kinds []types.FunctionResponseType
	for _, kind := range m.desired.ResponseTypes {
		kinds = append(kinds, types.FunctionResponseType(kind))
	}
	return kinds
}

func (m *eventSourceMapping) destination() *types.DestinationConfig {
	return &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &m.desired.OnFailure}}
}

func (m *eventSourceMapping) metrics() *types.EventSourceMappingMetricsConfig {
	config := &types.EventSourceMappingMetricsConfig{}
	for _, group := range m.desired.Metrics {
		config.Metrics = append(config.Metrics, types.EventSourceMappingMetric(group))
	}
	return config
}

func (m *eventSourceMapping) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer m.explain("updating", &err)
	uuid := observed.ID
	if tagged(changes) {
		if err := m.retag(ctx, observed); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if !changed(changes, mappingFields()...) {
		return nil
	}
	if observed.Transient {
		if err := m.settle(ctx, uuid, progress, mappingEnabled, mappingDisabled); err != nil {
			return err
		}
	}
	d := m.desired
	// In use: another update, maybe somebody else's, is in progress.
	err = m.idle(progress).do(ctx, func(ctx context.Context) error {
		_, err := m.client.UpdateEventSourceMapping(ctx, &awslambda.UpdateEventSourceMappingInput{
			UUID:                           &uuid,
			Enabled:                        &d.Enabled,
			BatchSize:                      aws.Int32(int32(d.BatchSize)),
			MaximumBatchingWindowInSeconds: aws.Int32(int32(d.BatchingWindow)),
			ParallelizationFactor:          aws.Int32(int32(d.ParallelizationFactor)),
			MaximumRetryAttempts:           aws.Int32(int32(d.MaximumRetryAttempts)),
			MaximumRecordAgeInSeconds:      aws.Int32(int32(d.MaximumRecordAge)),
			BisectBatchOnFunctionError:     &d.BisectOnError,
			FunctionResponseTypes:          m.responseTypes(),
			DestinationConfig:              m.destination(),
			MetricsConfig:                  m.metrics(),
		})
		return err
	})
	if err != nil {
		return err
	}
	return m.settle(ctx, uuid, progress, mappingEnabled)
}

// mappingFields are those that UpdateEventSourceMapping sets.
func mappingFields() []string {
	return []string{
		"enabled", "batch_size", "batching_window_seconds", "parallelization_factor", "maximum_retry_attempts",
		"maximum_record_age_seconds", "bisect_batch_on_function_error", "function_response_types", "on_failure", "metrics",
	}
}

func (m *eventSourceMapping) retag(ctx context.Context, observed *engine.Observed) error {
	set, remove := tagChanges(observed.Tags, m.desired.Tags)
	if len(remove) > 0 {
		if _, err := m.client.UntagResource(ctx, &awslambda.UntagResourceInput{Resource: &observed.ARN, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := m.client.TagResource(ctx, &awslambda.TagResourceInput{Resource: &observed.ARN, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

// Delete deletes every mapping of the stream to the function. It survives its
// function, so it has to go first.
func (m *eventSourceMapping) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer m.explain("deleting", &err)
	found, err := m.find(ctx)
	if err != nil {
		return err
	}
	uuids := make([]string, 0, len(found)+1)
	for _, mapping := range found {
		uuids = append(uuids, aws.ToString(mapping.UUID))
	}
	if m.recorded != "" {
		uuids = append(uuids, m.recorded)
	}
	for _, uuid := range uuids {
		if err := m.delete(ctx, uuid, progress); err != nil {
			return err
		}
	}
	return nil
}

func (m *eventSourceMapping) delete(ctx context.Context, uuid string, progress engine.Progress) error {
	if state, _, err := m.status(ctx, uuid); errors.Is(err, engine.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	} else if state != mappingDeleting {
		err := m.idle(progress).do(ctx, func(ctx context.Context) error {
			_, err := m.client.DeleteEventSourceMapping(ctx, &awslambda.DeleteEventSourceMappingInput{UUID: &uuid})
			return err
		})
		if err := ignore(err, "ResourceNotFoundException"); err != nil {
			return err
		}
	}
	return m.vanish(ctx, uuid, progress)
}

// charges are none: Lambda reads the stream for nothing, and charges for invocations.
func (m *eventSourceMapping) charges(cost.Flow) []cost.Charge { return nil }

// needs has a wildcard for the mapping: AWS chooses its UUID. Reading has no
// condition, as it goes on until the mapping is gone.
func (m *eventSourceMapping) needs() []need {
	mappings, ours := words{m.uuidARN(everything)}, equal("lambda:FunctionArn", m.functionARN)
	return []need{{
		sid: "Mapping", on: mappings,
		read:   words{"lambda:ListTags"},
		create: words{"lambda:TagResource", "lambda:GetEventSourceMapping"},
		update: words{"lambda:TagResource", "lambda:UntagResource", "lambda:GetEventSourceMapping"},
		remove: words{"lambda:GetEventSourceMapping"},
	}, {
		sid: "ChangeMapping", on: mappings, condition: ours,
		update: words{"lambda:UpdateEventSourceMapping"}, remove: words{"lambda:DeleteEventSourceMapping"},
	}, {
		sid: "CreateMapping", on: words{everything}, condition: ours,
		create: words{"lambda:CreateEventSourceMapping"},
	}, {
		sid: sidUnscoped, on: words{everything},
		read: words{"lambda:ListEventSourceMappings"},
	}}
}
