package pipeline

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enrich/config"
	"enrich/engine"
)

// Names of the alarms.
const (
	alarmUnhealthy       = "pipeline-unhealthy"
	alarmFunctionErrors  = "function-errors"
	alarmIncomingRecords = "incoming-records"
	alarmTableThrottling = "lookup-table-throttling"
	alarmPutErrors       = "s3-put-errors"
	alarmIteratorAge     = "iterator-age"
	alarmThrottles       = "function-throttles"
	alarmDuration        = "function-duration"
	alarmDeadLetters     = "dead-letters"
	alarmFailedBatches   = "failed-batches"
	alarmFailedDelivery  = "failed-deliveries"
)

// Missing data: a metric of errors has none while all is well, a metric of
// records has none while nothing comes.
const (
	missingIsWell = "notBreaching"
	missingIsIll  = "breaching"
)

const (
	atLeast  = string(types.ComparisonOperatorGreaterThanOrEqualToThreshold)
	lessThan = string(types.ComparisonOperatorLessThanThreshold)
)

// alarms are those of single metrics and, after them, the one over all of them.
func (p *Pipeline) alarms() []engine.Resource {
	alarms := p.metricAlarms()
	if p.cfg.Alarms.Composite && len(alarms) > 0 {
		alarms = append(alarms, p.composite(alarms))
	}
	return alarms
}

// metricAlarms is the list of what somebody should be told about, but for what the
// settings switch off.
func (p *Pipeline) metricAlarms() []engine.Resource {
	alarms := p.functionAlarms()
	for _, lookup := range p.cfg.Lookups {
		alarms = append(alarms, p.throttlingAlarm(lookup))
	}
	alarms = append(alarms, p.incomingAlarm(), p.failedBatchesAlarm())
	var on []engine.Resource
	for _, alarm := range alarms {
		if alarm.desired.Threshold > 0 {
			on = append(on, alarm)
		}
	}
	return on
}

// notification is what takes alarms to the addresses of the settings, if there are
// any.
func (p *Pipeline) notification() []engine.Resource {
	addresses := p.cfg.Alarms.Addresses()
	if len(addresses) == 0 {
		return nil
	}
	resources := []engine.Resource{p.alarmTopic()}
	for _, address := range addresses {
		resources = append(resources, p.alarmSubscription(address))
	}
	return resources
}

// functionAlarms tell of what makes the function late or loses its records.
func (p *Pipeline) functionAlarms() []*metricAlarm {
	a, n := p.cfg.Alarms, p.names
	return []*metricAlarm{
		p.alarm(alarmFunctionErrors, a.FunctionErrors, lasting(MetricAlarm{
			// One failed invocation is repeated and forgotten; what lasts is more
			// than repeating helps.
			Description: "The function fails: batches are repeated and their shards stand still",
			Metrics:     []AlarmMetric{minutely(n.functionMetric("Errors"), types.StatisticSum)},
		})),
		p.alarm(alarmIteratorAge, a.IteratorAgeSeconds*1000, MetricAlarm{
			Description: "The function is behind: records wait, and at last expire",
			Metrics:     []AlarmMetric{minutely(n.functionMetric("IteratorAge"), types.StatisticMaximum)},
			// Batching takes seconds and a retry some more; five minutes on end are a
			// function that does not keep up. Without traffic there is no data.
			Comparison: atLeast, EvaluationPeriods: 5, DatapointsToAlarm: 5, MissingData: missingIsWell,
		}),
		p.alarm(alarmPutErrors, a.S3PutErrors, lasting(MetricAlarm{
			Description: "S3 refuses requests to the delivery bucket: enriched events cannot be stored",
			// S3 counts errors by bucket, not by operation; nobody but the function
			// makes requests all the time. Either kind may have no data. A single 503
			// is S3 making room, and one 404 a person looking around.
			Metrics: []AlarmMetric{
				minutely(n.bucketMetric("4xxErrors"), types.StatisticSum),
				minutely(n.bucketMetric("5xxErrors"), types.StatisticSum),
			},
			Expression: "FILL(m1, 0) + FILL(m2, 0)",
		})),
		p.alarm(alarmThrottles, a.FunctionThrottles, lasting(MetricAlarm{
			// Lambda repeats what it throttles; only what lasts delays records.
			Description: "The function is throttled: the account has no executions left for it",
			Metrics:     []AlarmMetric{minutely(n.functionMetric("Throttles"), types.StatisticSum)},
		})),
		p.alarm(alarmDuration, a.DurationPercent, lasting(MetricAlarm{
			Description: "The function is slow: batches take almost as long as they may, and fail when they take longer",
			Metrics:     []AlarmMetric{minutely(n.functionMetric("Duration"), types.StatisticMaximum)},
			// In percent of the timeout, so that the threshold is the setting and does
			// not have to be reckoned anew when the timeout changes.
			Expression: fmt.Sprintf("100 * m1 / (%d * 1000)", p.cfg.Function.Timeout),
		})),
		p.alarm(alarmDeadLetters, a.DeadLetters, first(MetricAlarm{
			// They stay until somebody looks, so the first is worth telling.
			Description: "Records cannot be enriched: they are stored in dead-letter/",
			Metrics:     []AlarmMetric{minutely(n.ownMetric("RecordsDeadLettered"), types.StatisticSum)},
		})),
		p.alarm(alarmFailedDelivery, a.FailedDeliveries, first(MetricAlarm{
			Description: "S3 does not take failed batches: their records are lost when the stream forgets them",
			Metrics:     []AlarmMetric{minutely(n.functionMetric("DestinationDeliveryFailures"), types.StatisticSum)},
		})),
	}
}

func (p *Pipeline) throttlingAlarm(lookup config.Lookup) *metricAlarm {
	name := alarmTableThrottling
	if len(p.cfg.Lookups) > 1 {
		name += "-" + lookup.Name
	}
	return p.alarm(name, p.cfg.Alarms.LookupTableThrottling, lasting(MetricAlarm{
		Description: fmt.Sprintf("The lookup table %s is throttled: batches are repeated until it has room", lookup.Name),
		// Not ThrottledRequests, which counts a BatchGetItem only when every item in
		// it was throttled. A table on demand is throttled for a moment when traffic
		// doubles.
		Metrics: []AlarmMetric{minutely(p.names.tableMetric(lookup.Name, "ReadThrottleEvents"), types.StatisticSum)},
	}))
}

func (p *Pipeline) incomingAlarm() *metricAlarm {
	incoming := minutely(p.names.streamMetric("IncomingRecords"), types.StatisticSum)
	incoming.Period = 300
	least, what := p.cfg.Alarms.IncomingRecords, "No records come"
	if least > 1 {
		what = "Too few records come"
	}
	alarm := p.alarm(alarmIncomingRecords, least, MetricAlarm{
		Description: what + " in: producers have stopped or cannot reach the stream",
		Metrics:     []AlarmMetric{incoming},
		// A quarter of an hour; a stream without records has no data at all.
		Comparison: lessThan, EvaluationPeriods: 3, DatapointsToAlarm: 3, MissingData: missingIsIll,
	})
	alarm.idle = true
	return alarm
}

// failedBatchesAlarm tells of what went to the on-failure destination: the function's
// own metrics only tell what could not.
func (p *Pipeline) failedBatchesAlarm() *metricAlarm {
	alarm := p.alarm(alarmFailedBatches, p.cfg.Alarms.FailedBatches, first(MetricAlarm{
		// They stay until somebody puts them in again.
		Description: "Batches are given up: their records are stored in aws/lambda/, not enriched",
		Metrics:     []AlarmMetric{minutely(p.names.mappingMetric("OnFailureDestinationDeliveredEventCount"), types.StatisticSum)},
	}))
	alarm.mapping = p.eventSourceMapping()
	alarm.after = append(alarm.after, keyMapping)
	return alarm
}

// alarm fills in what all alarms have alike. A threshold of 0 switches one off.
func (p *Pipeline) alarm(name string, threshold int, desired MetricAlarm) *metricAlarm {
	alarm := p.namedAlarm(alarmKey(name), p.id.prefix()+"-"+name)
	desired.Threshold = float64(threshold)
	desired.Notify = p.notify()
	if len(p.cfg.Alarms.Addresses()) > 0 {
		alarm.after = []string{keyTopic}
	}
	desired.Tags = p.tags
	alarm.desired = desired
	return alarm
}

// notify are the topics that each alarm notifies, the composite one too. Its OK is
// the word that all is well again; but while it is on, a further alarm does not change
// it, so the others speak for themselves.
func (p *Pipeline) notify() []string {
	topics := p.cfg.Alarms.Topics()
	if own := p.id.topicARN(p.names.AlarmTopic); len(p.cfg.Alarms.Addresses()) > 0 && !slices.Contains(topics, own) {
		topics = append(topics, own)
	}
	return topics
}

// lasting raises an alarm of what is bad when it does not pass: in three minutes out
// of five.
func lasting(desired MetricAlarm) MetricAlarm { return bad(desired, 5, 3) }

// first raises an alarm at once.
func first(desired MetricAlarm) MetricAlarm { return bad(desired, 1, 1) }

func bad(desired MetricAlarm, periods, datapoints int) MetricAlarm {
	desired.Comparison, desired.MissingData = atLeast, missingIsWell
	desired.EvaluationPeriods, desired.DatapointsToAlarm = periods, datapoints
	return desired
}

func minutely(metric Metric, statistic types.Statistic) AlarmMetric {
	return AlarmMetric{Metric: metric, Statistic: string(statistic), Period: 60}
}
