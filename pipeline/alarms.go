package pipeline

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enrich/config"
	"enrich/engine"
)

// Names of the alarms.
const (
	alarmFunctionErrors  = "function-errors"
	alarmIncomingRecords = "incoming-records"
	alarmTableThrottling = "lookup-table-throttling"
	alarmPutErrors       = "s3-put-errors"
	alarmIteratorAge     = "iterator-age"
	alarmThrottles       = "function-throttles"
	alarmDuration        = "function-duration"
	alarmDeadLetters     = "dead-letters"
	alarmFailedDelivery  = "failed-deliveries"
)

// Missing data: a metric of errors has none while all is well, a metric of
// records has none while nothing comes.
const (
	missingIsWell    = "notBreaching"
	missingIsIll     = "breaching"
	missingIsMissing = "missing" // the state is then INSUFFICIENT_DATA
)

const atLeast = string(types.ComparisonOperatorGreaterThanOrEqualToThreshold)

// alarms is the list of what somebody should be told about.
func (p *Pipeline) alarms() []engine.Resource {
	alarms := []engine.Resource{
		p.alarm(alarmFunctionErrors, MetricAlarm{
			Description: "The function fails: batches are repeated and their shards stand still",
			Metrics:     []AlarmMetric{minutely(p.names.functionMetric("Errors"), types.StatisticSum)},
			// One failed invocation is repeated and forgotten. Three minutes out of five
			// mean that repeating does not help.
			Threshold: 1, Comparison: atLeast, EvaluationPeriods: 5, DatapointsToAlarm: 3, MissingData: missingIsWell,
		}),
		p.alarm(alarmIteratorAge, MetricAlarm{
			Description: "The function is behind: records wait, and at last expire",
			Metrics:     []AlarmMetric{minutely(p.names.functionMetric("IteratorAge"), types.StatisticMaximum)},
			// Batching takes seconds and a retry some more; five minutes on end are a
			// function that does not keep up. Without traffic there is no data.
			Threshold: float64(iteratorAgeLimit(p.cfg.Mapping.MaximumRecordAgeSeconds)), Comparison: atLeast,
			EvaluationPeriods: 5, DatapointsToAlarm: 5, MissingData: missingIsWell,
		}),
		p.alarm(alarmPutErrors, MetricAlarm{
			Description: "S3 refuses requests to the delivery bucket: enriched events cannot be stored",
			// S3 counts errors by bucket, not by operation; nobody but the function
			// makes requests all the time. Either kind may have no data.
			Metrics: []AlarmMetric{
				minutely(p.names.bucketMetric("4xxErrors"), types.StatisticSum),
				minutely(p.names.bucketMetric("5xxErrors"), types.StatisticSum),
			},
			Expression: "FILL(m1, 0) + FILL(m2, 0)",
			// A single 503 is S3 making room, and one 404 a person looking around.
			Threshold: 1, Comparison: atLeast, EvaluationPeriods: 5, DatapointsToAlarm: 3, MissingData: missingIsWell,
		}),
	}
	alarms = append(alarms, p.functionAlarms()...)
	for _, lookup := range p.cfg.Lookups {
		alarms = append(alarms, p.throttlingAlarm(lookup))
	}
	return append(alarms, p.incomingAlarm())
}

// functionAlarms tell of what makes the function late or loses its records.
func (p *Pipeline) functionAlarms() []engine.Resource {
	return []engine.Resource{
		p.alarm(alarmThrottles, MetricAlarm{
			Description: "The function is throttled: the account has no executions left for it",
			Metrics:     []AlarmMetric{minutely(p.names.functionMetric("Throttles"), types.StatisticSum)},
			// Lambda repeats what it throttles; only what lasts delays records.
			Threshold: 1, Comparison: atLeast, EvaluationPeriods: 5, DatapointsToAlarm: 3, MissingData: missingIsWell,
		}),
		p.alarm(alarmDuration, MetricAlarm{
			Description: "The function is slow: batches take almost as long as they may, and fail when they take longer",
			Metrics:     []AlarmMetric{minutely(p.names.functionMetric("Duration"), types.StatisticMaximum)},
			Threshold:   float64(p.cfg.Function.Timeout * 1000 * nearTimeout / 100), Comparison: atLeast,
			EvaluationPeriods: 5, DatapointsToAlarm: 3, MissingData: missingIsWell,
		}),
		p.alarm(alarmDeadLetters, MetricAlarm{
			Description: "Records cannot be enriched: they are stored in dead-letter/",
			Metrics:     []AlarmMetric{minutely(p.names.ownMetric("RecordsDeadLettered"), types.StatisticSum)},
			// They stay until somebody looks, so the first is worth telling.
			Threshold: 1, Comparison: atLeast, EvaluationPeriods: 1, DatapointsToAlarm: 1, MissingData: missingIsWell,
		}),
		p.alarm(alarmFailedDelivery, MetricAlarm{
			Description: "S3 does not take failed batches: their records are lost when the stream forgets them",
			Metrics:     []AlarmMetric{minutely(p.names.functionMetric("DestinationDeliveryFailures"), types.StatisticSum)},
			Threshold:   1, Comparison: atLeast, EvaluationPeriods: 1, DatapointsToAlarm: 1, MissingData: missingIsWell,
		}),
	}
}

// nearTimeout is the percentage of the function's timeout that is too close to it.
const nearTimeout = 80

func (p *Pipeline) throttlingAlarm(lookup config.Lookup) engine.Resource {
	name := alarmTableThrottling
	if len(p.cfg.Lookups) > 1 {
		name += "-" + lookup.Name
	}
	return p.alarm(name, MetricAlarm{
		Description: fmt.Sprintf("The lookup table %s is throttled: batches are repeated until it has room", lookup.Name),
		// Not ThrottledRequests, which counts a BatchGetItem only when every item in
		// it was throttled.
		Metrics: []AlarmMetric{minutely(p.names.tableMetric(lookup.Name, "ReadThrottleEvents"), types.StatisticSum)},
		// A table on demand is throttled for a moment when traffic doubles.
		Threshold: 1, Comparison: atLeast, EvaluationPeriods: 5, DatapointsToAlarm: 3, MissingData: missingIsWell,
	})
}

func (p *Pipeline) incomingAlarm() engine.Resource {
	incoming := minutely(p.names.streamMetric("IncomingRecords"), types.StatisticSum)
	incoming.Period = 300
	// A quarter of an hour; a stream without records has no data at all. In dev
	// that is the rule and nothing to tell anybody about.
	missing := missingIsIll
	if p.development() {
		missing = missingIsMissing
	}
	alarm := p.alarm(alarmIncomingRecords, MetricAlarm{
		Description: "No records come in: producers have stopped or cannot reach the stream",
		Metrics:     []AlarmMetric{incoming},
		Threshold:   1, Comparison: string(types.ComparisonOperatorLessThanThreshold),
		EvaluationPeriods: 3, DatapointsToAlarm: 3, MissingData: missing,
	})
	alarm.idle = true
	return alarm
}

// alarm fills in what all alarms have alike.
func (p *Pipeline) alarm(name string, desired MetricAlarm) *metricAlarm {
	alarm := p.namedAlarm(alarmKey(name), p.id.prefix()+"-"+name)
	desired.Notify = p.cfg.Alarms.Notify
	desired.Tags = p.tags
	alarm.desired = desired
	return alarm
}

func minutely(metric Metric, statistic types.Statistic) AlarmMetric {
	return AlarmMetric{Metric: metric, Statistic: string(statistic), Period: 60}
}

// iteratorAgeLimit, in milliseconds, is ten minutes, or earlier where records
// expire soon: a tenth of their age leaves time to act. -1 is no age at all.
func iteratorAgeLimit(maximumAgeSeconds int) int {
	const tenMinutes = 600
	if maximumAgeSeconds <= 0 {
		return tenMinutes * 1000
	}
	return max(min(tenMinutes, maximumAgeSeconds/10), 1) * 1000
}
