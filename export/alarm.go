package export

import (
	"maps"
	"slices"

	"enrich/pipeline"
)

// alarm is what a metric alarm watches and when it goes off, in the words of
// CloudWatch's API, which are those of CloudFormation.
func (s *scope) alarm(d pipeline.MetricAlarm) []Entry {
	watched := &Map{}
	if d.Expression == "" {
		only := d.Metrics[0]
		watched.put("Namespace", literal(only.Namespace))
		watched.put("MetricName", literal(only.Name))
		watched.put("Dimensions", s.dimensions(only.Dimensions))
		watched.put("Statistic", literal(only.Statistic))
		watched.put("Period", only.Period)
	} else {
		watched.put("Metrics", s.queries(d))
	}
	watched.put("ComparisonOperator", literal(d.Comparison))
	watched.put("Threshold", int(d.Threshold))
	watched.put("EvaluationPeriods", d.EvaluationPeriods)
	watched.put("DatapointsToAlarm", d.DatapointsToAlarm)
	watched.put("TreatMissingData", literal(d.MissingData))
	return watched.Entries
}

func (s *scope) dimensions(dimensions map[string]string) List {
	var list List
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, object("Name", literal(name), "Value", s.text(dimensions[name])))
	}
	return list
}

func (s *scope) queries(d pipeline.MetricAlarm) List {
	var list List
	for _, q := range d.Queries() {
		if q.Metric == nil {
			list = append(list, object("Id", literal(q.ID), "Label", literal(q.Label), "Expression", s.text(q.Expression), "ReturnData", true))
			continue
		}
		list = append(list, object("Id", literal(q.ID), "ReturnData", false, "MetricStat", object(
			"Metric", object("Namespace", literal(q.Metric.Namespace), "MetricName", literal(q.Metric.Name), "Dimensions", s.dimensions(q.Metric.Dimensions)),
			"Stat", literal(q.Metric.Statistic), "Period", q.Metric.Period)))
	}
	return list
}
