package emulator

import (
	"encoding/json"
	"strings"
	"time"
)

// embedded is the part of a log line in the embedded metric format that says
// which of its members are metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type embedded struct {
	Timestamp         *int64 `json:"Timestamp"` // Unix milliseconds
	CloudWatchMetrics []struct {
		Namespace  string     `json:"Namespace"`
		Dimensions [][]string `json:"Dimensions"`
		Metrics    []struct {
			Name string `json:"Name"`
			Unit string `json:"Unit"`
		} `json:"Metrics"`
	} `json:"CloudWatchMetrics"`
}

// countIncoming records what came into a group, and into all together, which
// CloudWatch shows without a dimension.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func (l *logsService) countIncoming(group *logGroupData, events, bytes int) {
	if l.metrics == nil || events == 0 {
		return
	}
	for _, dimensions := range []map[string]string{{"LogGroupName": group.name}, nil} {
		l.metrics.record("AWS/Logs", "IncomingLogEvents", dimensions, float64(events), "Count")
		l.metrics.record("AWS/Logs", "IncomingBytes", dimensions, float64(bytes), "Bytes")
	}
}

// extract records the metrics of the events that are in the embedded metric
// format. A line that is not valid in it is a log line and nothing else, as in
// CloudWatch.
func (l *logsService) extract(events []logEvent) {
	if l.metrics == nil {
		return
	}
	for _, event := range events {
		if strings.Contains(event.message, `"_aws"`) {
			extractMetrics(l.metrics.metrics, event)
		}
	}
}

func extractMetrics(store *metricStore, event logEvent) {
	start := strings.IndexByte(event.message, '{')
	if start < 0 || strings.TrimSpace(event.message[:start]) != "" {
		return
	}
	var members map[string]json.RawMessage
	var meta embedded
	if json.Unmarshal([]byte(event.message), &members) != nil || json.Unmarshal(members["_aws"], &meta) != nil {
		return
	}
	at := event.at
	if meta.Timestamp != nil {
		at = time.UnixMilli(*meta.Timestamp)
	}
	if now := store.clock.Now(); at.Before(now.Add(-tooOld)) || at.After(now.Add(tooNew)) {
		return // as PutMetricData refuses it
	}
	for _, directive := range meta.CloudWatchMetrics {
		if directive.Namespace == "" || strings.HasPrefix(directive.Namespace, "AWS/") || len(directive.Metrics) > 100 {
			continue
		}
		sets := directive.Dimensions
		if len(sets) == 0 {
			sets = [][]string{{}}
		}
		for _, names := range sets {
			dimensions, ok := embeddedDimensions(members, names)
			if !ok {
				continue
			}
			for _, metric := range directive.Metrics {
				for _, value := range embeddedValues(members[metric.Name]) {
					store.add(directive.Namespace, metric.Name, dimensions, at, value, 1, metric.Unit)
				}
			}
		}
	}
}

// embeddedDimensions takes the values of dimensions from a line's members.
func embeddedDimensions(members map[string]json.RawMessage, names []string) ([]dimension, bool) {
	if len(names) > 30 {
		return nil, false
	}
	var dimensions []dimension
	for _, name := range names {
		var value string
		if json.Unmarshal(members[name], &value) != nil || value == "" || len(value) > 1024 {
			return nil, false
		}
		dimensions = append(dimensions, dimension{name, value})
	}
	return sortDimensions(dimensions), true
}

// embeddedValues takes a number or up to 100 of them.
func embeddedValues(raw json.RawMessage) []float64 {
	var one float64
	if json.Unmarshal(raw, &one) == nil {
		return []float64{one}
	}
	var many []float64
	if json.Unmarshal(raw, &many) != nil || len(many) > 100 {
		return nil
	}
	return many
}
