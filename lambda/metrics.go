package lambda

import (
	"log/slog"
	"time"
)

// The embedded metric format: CloudWatch Logs makes metrics of members of a log
// line that says which they are. It needs no permission but to write the log.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

// Namespace and Dimension of the function's metrics. There is one dimension, as
// each set of them is charged as metrics of their own.
const (
	Namespace = "enrich"
	Dimension = "FunctionName"
)

// Metric is one of the function's metrics, of which each batch gives one value.
type Metric struct {
	Name, Unit string
	value      func(b *batch) float64
}

// Metrics are all that the function gives.
func Metrics() []Metric {
	count := func(of func(b *batch) int) func(*batch) float64 {
		return func(b *batch) float64 { return float64(of(b)) }
	}
	return []Metric{
		// In the batch, those delivered again included.
		{"RecordsIn", "Count", count(func(b *batch) int { return len(b.records) })},
		// Stored and done with, as the next two.
		{"RecordsEnriched", "Count", count(func(b *batch) int { return b.stats.enriched })},
		{"RecordsDeadLettered", "Count", count(func(b *batch) int { return b.stats.letters })},
		// Records without item, by lookup.
		{"LookupMisses", "Count", count(func(b *batch) int { return b.stats.misses })},
		// BatchGetItem requests, and of them what was refused wholly or in part.
		{"Lookups", "Count", count(func(b *batch) int { return b.stats.calls })},
		{"LookupThrottles", "Count", count(func(b *batch) int { return b.stats.throttles })},
		// Unique keys of the batch, by lookup, and of them those that needed no request.
		{"LookupKeys", "Count", count(func(b *batch) int { return b.stats.keys })},
		{"CacheHits", "Count", count(func(b *batch) int { return b.stats.hits })},
		// Objects that could not be stored.
		{"StoreErrors", "Count", count(func(b *batch) int { return b.stats.storeErrors })},
		{"BatchMillis", "Milliseconds", func(b *batch) float64 { return milliseconds(b.took.sum()) }},
	}
}

// metrics are the members of a line that make metrics of it; none for a function
// without a name.
func (b *batch) metrics(now time.Time) []slog.Attr {
	if b.h.function == "" {
		return nil
	}
	members := []slog.Attr{slog.String(Dimension, b.h.function)}
	for _, m := range Metrics() {
		members = append(members, slog.Float64(m.Name, m.value(b)))
	}
	return append(members, slog.Any("_aws", directive{
		Timestamp:         now.UnixMilli(),
		CloudWatchMetrics: []metricSet{{Namespace: Namespace, Dimensions: [][]string{{Dimension}}, Metrics: Metrics()}},
	}))
}

// directive tells CloudWatch Logs which members of the line are metrics.
type directive struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []metricSet
}

type metricSet struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []Metric
}
