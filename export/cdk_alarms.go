package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

func cdkTopic(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.AlarmTopic)
	policy, err := s.resourcePolicy(s.Policy)
	return cdkForm{
		Group: groupTell, Comment: reasonTopicKey, Tags: d.Tags,
		New:   s.construct("sns.Topic", "topicName", s.named()),
		After: policy, AfterComment: reasonTopicPolicy,
	}, err
}

func cdkSubscription(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.AlarmSubscription)
	topic, err := s.other("alarm topic", d.Topic)
	if err != nil {
		return cdkForm{}, err
	}
	return cdkForm{
		Group: groupTell, AfterComment: reasonSubscription,
		After: []*cdkCall{method(topic, "addSubscription", made("subscriptions.EmailSubscription", List{literal(d.Address)}))},
	}, nil
}

func cdkAlarm(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.MetricAlarm)
	metric, err := s.alarmed(d)
	if err != nil {
		return cdkForm{}, err
	}
	alarm := s.construct("cloudwatch.Alarm",
		"alarmName", s.named(),
		"alarmDescription", s.text(d.Description),
		"metric", metric,
		"comparisonOperator", constant("cloudwatch.ComparisonOperator", d.Comparison),
		"threshold", cdkNumber(d.Threshold),
		"evaluationPeriods", d.EvaluationPeriods,
		"datapointsToAlarm", d.DatapointsToAlarm,
		"treatMissingData", constant("cloudwatch.TreatMissingData", d.MissingData))
	return cdkForm{Group: groupTell, New: alarm, Alarm: true, Notify: s.words(d.Notify), Tags: d.Tags}, nil
}

// cdkNumber is an int where that is the same.
func cdkNumber(n float64) value {
	if n == float64(int(n)) {
		return int(n)
	}
	return n
}

// alarmed is the metric that an alarm looks at, or an expression of several.
func (s *cdkScope) alarmed(d pipeline.MetricAlarm) (value, error) {
	if d.Expression == "" {
		return s.metric(d.Metrics[0]), nil
	}
	metrics := &Map{}
	label := ""
	for _, q := range d.Queries() {
		if q.Metric == nil {
			label = q.Label
			continue
		}
		if q.Metric.Period != d.Metrics[0].Period {
			return nil, fmt.Errorf("an expression of metrics with the periods %d and %d", d.Metrics[0].Period, q.Metric.Period)
		}
		metrics.put(q.ID, s.metric(*q.Metric))
	}
	return made("cloudwatch.MathExpression", nil, "expression", s.text(d.Expression), "usingMetrics", metrics,
		"label", literal(label), "period", seconds(d.Metrics[0].Period)), nil
}

func (s *cdkScope) metric(m pipeline.AlarmMetric) value {
	dimensions := &Map{}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		dimensions.put(name, s.text(m.Dimensions[name]))
	}
	return made("cloudwatch.Metric", nil, "namespace", literal(m.Namespace), "metricName", literal(m.Name),
		"dimensionsMap", dimensions, "statistic", statistic(m.Statistic), "period", seconds(m.Period))
}

func statistic(name string) value {
	if slices.Contains([]string{"Average", "Maximum", "Minimum", "Sum", "SampleCount"}, name) {
		return constant("cloudwatch.Stats", name)
	}
	return literal(name)
}

// cdkComposite is on while any alarm is, which are all that have been made before it.
func cdkComposite(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.CompositeAlarm)
	var terms []string
	for _, r := range s.variant.resources {
		if _, ok := r.Settings.(pipeline.MetricAlarm); ok {
			terms = append(terms, fmt.Sprintf("ALARM(%q)", r.Name))
		}
	}
	if rule := strings.Join(terms, " OR "); d.Rule != rule {
		return cdkForm{}, fmt.Errorf("a rule that is not %s: %s", rule, d.Rule)
	}
	return cdkForm{Group: groupTell, Comment: reasonComposite, Alarm: true, Notify: s.words(d.Notify), Tags: d.Tags,
		New: s.construct("cloudwatch.CompositeAlarm",
			"compositeAlarmName", s.named(),
			"alarmDescription", s.text(d.Description),
			"alarmRule", static("cloudwatch.AlarmRule.fromString", cdkAlarms{Rule: true}))}, nil
}

// reasonCDKDashboard tells why it is no construct of the higher level.
const reasonCDKDashboard = "As CloudWatch has it: the widgets of CDK lay out and write a body of their own."

func cdkDashboard(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.Dashboard)
	body, err := document(s.Body, s.text, s.number)
	if err != nil {
		return cdkForm{}, err
	}
	if err := s.allAlarms(body.(*Map)); err != nil {
		return cdkForm{}, err
	}
	return cdkForm{Group: groupShow, Comment: reasonCDKDashboard, Tags: d.Tags,
		New: s.construct("cloudwatch.CfnDashboard", "dashboardName", s.named(), "dashboardBody", &cdkText{body})}, nil
}

// allAlarms has the widgets of alarms show all there are rather than one after the other.
func (s *cdkScope) allAlarms(body *Map) error {
	var alarms []string
	for _, r := range s.variant.resources {
		switch r.Settings.(type) {
		case pipeline.MetricAlarm, pipeline.CompositeAlarm:
			alarms = append(alarms, r.ARN)
		}
	}
	widgets, _ := body.get("widgets")
	shown := 0
	for i, w := range s.Body.Widgets {
		n := len(w.Properties.Alarms)
		if n == 0 {
			continue
		}
		if shown+n > len(alarms) || !slices.Equal(w.Properties.Alarms, alarms[shown:shown+n]) {
			return fmt.Errorf("a widget of other alarms than those that follow each other: %s", w.Properties.Alarms)
		}
		part := cdkAlarms{}
		if n < len(alarms) {
			part = cdkAlarms{From: shown, To: shown + n}
		}
		properties, _ := widgets.Value.(List)[i].(*Map).get("properties")
		of := properties.Value.(*Map).Entries
		of[slices.IndexFunc(of, func(e Entry) bool { return e.Key == "alarms" })].Value = part
		shown += n
	}
	return nil
}
