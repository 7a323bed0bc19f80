package emulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The metrics of a mapping that asks for EventCount. DeletedEventCount is of
// queues alone.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
const (
	eventsPolled    = "PolledEventCount"
	eventsFiltered  = "FilteredOutEventCount"
	eventsInvoked   = "InvokedEventCount"
	eventsFailed    = "FailedInvokeEventCount"
	eventsDropped   = "DroppedEventCount"
	eventsDelivered = "OnFailureDestinationDeliveredEventCount"
)

// countEvents adds to one of the mapping's metrics, if it asks for them.
func (ln *lane) countEvents(metric string, n int) {
	m := ln.run.config.MetricsConfig
	if m == nil || !slices.Contains(m.Metrics, types.EventSourceMappingMetricEventCount) {
		return
	}
	ln.lambda.metrics.record("AWS/Lambda", metric, map[string]string{"EventSourceMappingUUID": ln.run.mapping.uuid}, float64(n), "Count")
}

// countFiltered counts records that were polled and that no filter lets through.
func (ln *lane) countFiltered(n int) {
	if n > 0 {
		ln.countEvents(eventsPolled, n)
		ln.countEvents(eventsFiltered, n)
	}
}

// countDiscarded counts records that were given up: those that reached the
// on-failure destination, or those that did not. What the stream itself no longer
// keeps is not counted as dropped.
func (ln *lane) countDiscarded(n int, condition string, delivered bool) {
	switch {
	case delivered:
		ln.countEvents(eventsDelivered, n)
	case condition == conditionAged && ln.recordAge() == ln.stream.keeps():
	default:
		ln.countEvents(eventsDropped, n)
	}
}

// checkMetricsConfig refuses the metrics that mappings of streams do not have.
func checkMetricsConfig(m *types.EventSourceMappingMetricsConfig) error {
	if m == nil {
		return nil
	}
	for _, metric := range m.Metrics {
		if metric != types.EventSourceMappingMetricEventCount {
			return invalidParameter("The metric %s is not supported for event source mappings of Kinesis data streams. Supported: %s.", metric, types.EventSourceMappingMetricEventCount)
		}
	}
	return nil
}
