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
type Metric struct{ Name, Unit string }

// Metrics are all that the function gives.
func Metrics() []Metric {
	return []Metric{
		{"RecordsIn", "Count"},           // in the batch, those delivered again included
		{"RecordsEnriched", "Count"},     // stored and done with
		{"RecordsDeadLettered", "Count"}, // stored and done with
		{"LookupMisses", "Count"},        // records without item, by lookup
		{"Lookups", "Count"},             // BatchGetItem requests
		{"LookupThrottles", "Count"},     // of them, refused wholly or in part
		{"CacheHits", "Count"},           // unique keys of the batch that needed no request
		{"StoreErrors", "Count"},         // objects that could not be stored
		{"BatchMillis", "Milliseconds"},
	}
}

// metrics are the members of a line that make metrics of it; none for a function
// without a name.
func (b *batch) metrics(now time.Time) []slog.Attr {
	if b.h.function == "" {
		return nil
	}
	s, t := &b.stats, &b.took
	values := []float64{ // in the order of Metrics
		float64(len(b.records)), float64(s.enriched), float64(s.letters), float64(s.misses), float64(s.calls),
		float64(s.throttles), float64(s.hits), float64(s.storeErrors), milliseconds(t.decode + t.look + t.write + t.store),
	}
	members := []slog.Attr{slog.String(Dimension, b.h.function)}
	for i, m := range Metrics() {
		members = append(members, slog.Float64(m.Name, values[i]))
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
