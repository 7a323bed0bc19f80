package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

func moduleTopic(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.AlarmTopic)
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return nil, err
	}
	topic := s.resource(groupTell, reasonTopicKey, object("name", s.named(), "tags", s.tags(d.Tags)))
	return []resource{topic, s.further("aws_sns_topic_policy", reasonTopicPolicy, topic,
		object("arn", s.beside(s.ARN), "policy", encoded(policy)))}, nil
}

func moduleSubscription(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.AlarmSubscription)
	return []resource{s.resource(groupTell, reasonSubscription,
		object("topic_arn", s.text(d.Topic), "protocol", literal("email"), "endpoint", literal(d.Address)))}, nil
}

func moduleAlarm(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.MetricAlarm)
	properties := object("alarm_name", s.named(), "alarm_description", s.text(d.Description))
	if d.Expression == "" {
		only := d.Metrics[0]
		properties.put("namespace", literal(only.Namespace))
		properties.put("metric_name", literal(only.Name))
		properties.put("dimensions", s.dimensions(only.Dimensions))
		properties.put("statistic", literal(only.Statistic))
		properties.put("period", only.Period)
	}
	properties.put("comparison_operator", literal(d.Comparison))
	properties.put("threshold", int(d.Threshold))
	properties.put("evaluation_periods", d.EvaluationPeriods)
	properties.put("datapoints_to_alarm", d.DatapointsToAlarm)
	properties.put("treat_missing_data", literal(d.MissingData))
	s.act(properties, d.Notify)
	properties.put("tags", s.tags(d.Tags))
	if d.Expression != "" {
		properties.put(block("metric_query"), s.queries(d))
	}
	return []resource{s.resource(groupTell, "", properties)}, nil
}

// act has a list even where there is nothing to do, so that it is the same for all alarms.
func (s *moduleScope) act(properties *Map, notify []string) {
	list := List{}
	for _, topic := range notify {
		list = append(list, s.text(topic))
	}
	properties.put("alarm_actions", list)
	properties.put("ok_actions", list)
}

func (s *moduleScope) dimensions(dimensions map[string]string) *Map {
	m := &Map{}
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		m.put(name, s.text(dimensions[name]))
	}
	return m
}

func (s *moduleScope) queries(d pipeline.MetricAlarm) List {
	var list List
	for _, q := range d.Queries() {
		if q.Metric == nil {
			list = append(list, object("id", literal(q.ID), "label", literal(q.Label), "expression", s.text(q.Expression), "return_data", true))
			continue
		}
		list = append(list, object("id", literal(q.ID), "return_data", false, block("metric"), object(
			"namespace", literal(q.Metric.Namespace), "metric_name", literal(q.Metric.Name), "dimensions", s.dimensions(q.Metric.Dimensions),
			"stat", literal(q.Metric.Statistic), "period", q.Metric.Period)))
	}
	return list
}

func moduleComposite(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.CompositeAlarm)
	const or, before, after = " OR ", `ALARM("`, `")`
	var alarms List
	for term := range strings.SplitSeq(d.Rule, or) {
		name := strings.TrimSuffix(strings.TrimPrefix(term, before), after)
		if before+name+after != term {
			return nil, fmt.Errorf("the term %s of its rule is not the state of an alarm", term)
		}
		alarms = append(alarms, s.text(name))
	}
	rule := object("join"+callMark, List{literal(or), object("formatlist"+callMark, List{literal(before + "%s" + after), alarms})})
	properties := object("alarm_name", s.named(), "alarm_description", s.text(d.Description), "alarm_rule", rule)
	s.act(properties, d.Notify)
	properties.put("tags", s.tags(d.Tags))
	properties.explain(block("lifecycle"), moduleLetsGo(), "CloudWatch deletes no alarm that this one still names: it is changed before one goes.")
	return []resource{s.resource(groupTell, reasonComposite, properties)}, nil
}

// moduleDashboard has no tags: the provider knows none of a dashboard. The README says so.
func moduleDashboard(s *moduleScope) ([]resource, error) {
	body, err := document(s.Body, s.text, s.number)
	if err != nil {
		return nil, err
	}
	return []resource{s.resource(groupShow, "", object("dashboard_name", s.named(), "dashboard_body", encoded(body)))}, nil
}
