package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The states of an event source mapping.
const (
	mappingCreating  = "Creating"
	mappingEnabled   = "Enabled"
	mappingDisabled  = "Disabled"
	mappingUpdating  = "Updating"
	mappingEnabling  = "Enabling"
	mappingDisabling = "Disabling"
	mappingDeleting  = "Deleting"
)

// The results of a mapping's last batch.
const (
	resultNone   = "No records processed"
	resultOK     = "OK"
	resultFailed = "PROBLEM: Function call failed"
)

// sourceMapping is one event source mapping: its settings, and how far it has
// come in each shard, which outlives all its pollers.
type sourceMapping struct {
	lambda  *lambdaService
	uuid    string
	arn     string
	visible time.Time // when calls find it

	mu       sync.RWMutex
	config   types.EventSourceMappingConfiguration // without state and result
	tags     map[string]string
	enabled  bool
	passing  string // state until then; "" when there is none
	until    time.Time
	deleted  bool
	result   string
	stream   *stream // whose shards progress is about
	progress map[string]*shardProgress
	run      *pollerRun // the last one, which may have been stopped; nil before the first
}

// stateAt is the mapping's state at now; its mutex must be held.
func (m *sourceMapping) stateAt(now time.Time) string {
	switch {
	case m.passing != "" && now.Before(m.until):
		return m.passing
	case m.enabled:
		return mappingEnabled
	}
	return mappingDisabled
}

// describe gives the mapping in a state; its mutex must be held.
func (m *sourceMapping) describe(state string) types.EventSourceMappingConfiguration {
	c := m.config
	c.State, c.LastProcessingResult = &state, new(m.result)
	c.StateTransitionReason = new("User action")
	return c
}

// enter begins a state that ends when the mapping is ready; the mapping's mutex
// must be held.
func (m *sourceMapping) enter(state string) {
	m.passing, m.until = state, m.lambda.readiness.until(m.lambda.readiness.inForce().Mapping)
}

func mappingNotFound() error {
	return lambdaFail(http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
}

func (l *lambdaService) findMapping(uuid *string) (*sourceMapping, error) {
	if uuid == nil {
		return nil, nullMember("uuid")
	}
	l.sweepMappings()
	l.mu.RLock()
	defer l.mu.RUnlock()
	if m, ok := l.mappings[*uuid]; ok && !l.readiness.before(m.visible) {
		return m, nil
	}
	return nil, mappingNotFound()
}

// sweepMappings removes the mappings whose deletion is over.
func (l *lambdaService) sweepMappings() {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.mappings, func(_ string, m *sourceMapping) bool {
		m.mu.RLock()
		defer m.mu.RUnlock()
		return m.deleted && !now.Before(m.until)
	})
}

func (l *lambdaService) createMapping(ctx context.Context, in *awslambda.CreateEventSourceMappingInput) (*awslambda.CreateEventSourceMappingOutput, error) {
	if err := checkCreateMapping(in); err != nil {
		return nil, err
	}
	f, err := l.mappedFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	st, ok := l.kinesis.byARN(*in.EventSourceArn)
	if !ok {
		return nil, invalidParameter("Stream not found: %s", *in.EventSourceArn)
	}
	if err := l.checkStreamAccess(f, st.arn); err != nil {
		return nil, err
	}
	uuid := newRequestID()
	m := &sourceMapping{
		lambda: l, uuid: uuid, arn: callerOf(ctx).arn("lambda", "event-source-mapping:"+uuid),
		tags: map[string]string{}, enabled: in.Enabled == nil || *in.Enabled, result: resultNone,
		visible: l.readiness.visible(),
	}
	maps.Copy(m.tags, in.Tags)
	m.config = newMappingConfig(in, m, f.arn)
	if err := checkTumblingWindow(&m.config); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.mappings {
		if other.joins(st.arn, f.arn) {
			return nil, lambdaFail(http.StatusConflict, "ResourceConflictException",
				"The event source arn (\" %s \") and function (\" %s \") provided mapping already exists. Please update or delete the existing mapping with UUID %s",
				st.arn, f.name, other.uuid)
		}
	}
	l.mappings[uuid] = m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follow(st)
	m.enter(mappingCreating)
	m.startPolling() //nolint:contextcheck // it goes on after the request
	return answerMapping[awslambda.CreateEventSourceMappingOutput](m.describe(mappingCreating)), nil
}

func (m *sourceMapping) joins(streamARN, functionARN string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return !m.deleted && *m.config.EventSourceArn == streamARN && *m.config.FunctionArn == functionARN
}

// mappedFunction finds the function of a mapping: that it is missing is an
// invalid parameter here.
func (l *lambdaService) mappedFunction(ctx context.Context, name *string) (*function, error) {
	arn, qualifier, err := l.functionARN(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	f, ok := l.byARN(arn)
	if !ok || qualifier != "" && qualifier != latestVersion {
		return nil, invalidParameter("Function does not exist")
	}
	return f, nil
}

// checkStreamAccess holds a function's role to what a poller needs.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
func (l *lambdaService) checkStreamAccess(f *function, streamARN string) error {
	role := *f.snapshot().config.Role
	for _, action := range []string{"GetRecords", "GetShardIterator", "DescribeStream", "ListShards"} {
		if err := l.roles.allowed(role, "kinesis:"+action, streamARN); err != nil {
			return invalidParameter("Cannot access stream %s. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in Kinesis.", streamARN)
		}
	}
	return nil
}

func newMappingConfig(in *awslambda.CreateEventSourceMappingInput, m *sourceMapping, functionARN string) types.EventSourceMappingConfiguration {
	c := types.EventSourceMappingConfiguration{
		UUID: &m.uuid, EventSourceMappingArn: &m.arn, EventSourceArn: in.EventSourceArn, FunctionArn: &functionARN,
		StartingPosition: in.StartingPosition, StartingPositionTimestamp: in.StartingPositionTimestamp,
		BatchSize: new(int32(100)), MaximumBatchingWindowInSeconds: new(int32(0)), ParallelizationFactor: new(int32(1)),
		MaximumRecordAgeInSeconds: new(int32(-1)), MaximumRetryAttempts: new(int32(-1)), TumblingWindowInSeconds: new(int32(0)),
		BisectBatchOnFunctionError: new(false), FunctionResponseTypes: []types.FunctionResponseType{},
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{}},
		LastModified:      new(m.lambda.clock.Now().UTC()),
	}
	settle(&c, mappingSettings{
		batchSize: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, factor: in.ParallelizationFactor,
		age: in.MaximumRecordAgeInSeconds, retries: in.MaximumRetryAttempts, bisect: in.BisectBatchOnFunctionError,
		responses: in.FunctionResponseTypes, destination: in.DestinationConfig,
		tumbling: in.TumblingWindowInSeconds, filters: in.FilterCriteria, metrics: in.MetricsConfig,
	})
	return c
}

// mappingSettings are the members that creating and updating have in common;
// those that are absent stay as they are.
type mappingSettings struct {
	batchSize, window, factor, age, retries, tumbling *int32
	bisect                                            *bool
	responses                                         []types.FunctionResponseType
	destination                                       *types.DestinationConfig
	filters                                           *types.FilterCriteria
	metrics                                           *types.EventSourceMappingMetricsConfig
}

func settle(c *types.EventSourceMappingConfiguration, s mappingSettings) {
	for _, pair := range []struct {
		into **int32
		from *int32
	}{
		{&c.BatchSize, s.batchSize}, {&c.MaximumBatchingWindowInSeconds, s.window}, {&c.ParallelizationFactor, s.factor},
		{&c.MaximumRecordAgeInSeconds, s.age}, {&c.MaximumRetryAttempts, s.retries},
		{&c.TumblingWindowInSeconds, s.tumbling},
	} {
		if pair.from != nil {
			*pair.into = pair.from
		}
	}
	if s.bisect != nil {
		c.BisectBatchOnFunctionError = s.bisect
	}
	if s.responses != nil {
		c.FunctionResponseTypes = s.responses
	}
	if s.filters != nil {
		c.FilterCriteria = nil // what is empty takes the filters away
		if len(s.filters.Filters) > 0 {
			c.FilterCriteria = s.filters
		}
	}
	if s.metrics != nil {
		c.MetricsConfig = s.metrics
	}
	if s.destination != nil {
		c.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{}}
		if to := s.destination.OnFailure; to != nil && deref(to.Destination) != "" {
			c.DestinationConfig.OnFailure.Destination = to.Destination
		}
	}
}

func (l *lambdaService) getMapping(_ context.Context, in *awslambda.GetEventSourceMappingInput) (*awslambda.GetEventSourceMappingOutput, error) {
	m, err := l.findMapping(in.UUID)
	if err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return answerMapping[awslambda.GetEventSourceMappingOutput](m.describe(m.stateAt(l.clock.Now()))), nil
}

func (l *lambdaService) listMappings(ctx context.Context, in *awslambda.ListEventSourceMappingsInput) (*awslambda.ListEventSourceMappingsOutput, error) {
	wanted := ""
	if in.FunctionName != nil {
		arn, _, err := l.functionARN(ctx, in.FunctionName, nil)
		if err != nil {
			return nil, err
		}
		wanted = arn
	}
	l.sweepMappings()
	region := callerOf(ctx).Region
	var found []*sourceMapping
	for _, m := range l.allMappings() {
		m.mu.RLock()
		keep := !l.readiness.before(m.visible) && strings.Contains(m.arn, ":lambda:"+region+":") && (wanted == "" || *m.config.FunctionArn == wanted) &&
			(in.EventSourceArn == nil || *m.config.EventSourceArn == *in.EventSourceArn)
		m.mu.RUnlock()
		if keep {
			found = append(found, m)
		}
	}
	page, next, err := lambdaPage(found, in.Marker, in.MaxItems, func(m *sourceMapping) string { return m.uuid })
	if err != nil {
		return nil, err
	}
	out := &awslambda.ListEventSourceMappingsOutput{EventSourceMappings: []types.EventSourceMappingConfiguration{}, NextMarker: next}
	for _, m := range page {
		m.mu.RLock()
		out.EventSourceMappings = append(out.EventSourceMappings, m.describe(m.stateAt(l.clock.Now())))
		m.mu.RUnlock()
	}
	return out, nil
}
