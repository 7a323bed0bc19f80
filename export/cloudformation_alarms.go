package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

func stackTopic(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.AlarmTopic)
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return nil, err
	}
	return []resource{
		s.resource("AWS::SNS::Topic", groupTell,
			reasonTopicKey,
			object("TopicName", s.named(), "Tags", s.tags(d.Tags))),
		{
			ID: s.id + "Policy", Type: "AWS::SNS::TopicPolicy", Group: groupTell,
			Comment:    reasonTopicPolicy,
			Properties: object("Topics", List{s.beside(s.ARN)}, "PolicyDocument", policy),
		},
	}, nil
}

func stackSubscription(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.AlarmSubscription)
	return []resource{s.resource("AWS::SNS::Subscription", groupTell,
		reasonSubscription,
		object("TopicArn", s.text(d.Topic), "Protocol", literal("email"), "Endpoint", literal(d.Address)))}, nil
}

func stackAlarm(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.MetricAlarm)
	properties := object("AlarmName", s.named(), "AlarmDescription", s.text(d.Description))
	if d.Expression == "" {
		only := d.Metrics[0]
		properties.put("Namespace", literal(only.Namespace))
		properties.put("MetricName", literal(only.Name))
		properties.put("Dimensions", s.dimensions(only.Dimensions))
		properties.put("Statistic", literal(only.Statistic))
		properties.put("Period", only.Period)
	} else {
		properties.put("Metrics", s.queries(d))
	}
	properties.put("ComparisonOperator", literal(d.Comparison))
	properties.put("Threshold", int(d.Threshold))
	properties.put("EvaluationPeriods", d.EvaluationPeriods)
	properties.put("DatapointsToAlarm", d.DatapointsToAlarm)
	properties.put("TreatMissingData", literal(d.MissingData))
	properties.put("AlarmActions", s.words(d.Notify))
	properties.put("OKActions", s.words(d.Notify))
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::CloudWatch::Alarm", groupTell, "", properties)}, nil
}

func (s *stackScope) dimensions(dimensions map[string]string) List {
	var list List
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, object("Name", literal(name), "Value", s.text(dimensions[name])))
	}
	return list
}

func (s *stackScope) queries(d pipeline.MetricAlarm) List {
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

func stackComposite(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.CompositeAlarm)
	const or = " OR "
	var terms List
	for term := range strings.SplitSeq(d.Rule, or) {
		terms = append(terms, s.text(term))
	}
	properties := object("AlarmName", s.named(), "AlarmDescription", s.text(d.Description),
		"AlarmRule", object("Fn::Join", List{literal(or), terms}))
	properties.put("AlarmActions", s.words(d.Notify))
	properties.put("OKActions", s.words(d.Notify))
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::CloudWatch::CompositeAlarm", groupTell, reasonComposite, properties)}, nil
}

// stackDashboard writes the body as it is sent, a widget on a line.
func stackDashboard(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.Dashboard)
	lines := make([]string, 0, len(s.Body.Widgets))
	for _, widget := range s.Body.Widgets {
		line, err := json.Marshal(widget)
		if err != nil {
			return nil, fmt.Errorf("writing a widget: %w", err)
		}
		lines = append(lines, "    "+string(line))
	}
	head, err := json.Marshal(map[string]string{"start": s.Body.Start, "periodOverride": s.Body.PeriodOverride})
	if err != nil {
		return nil, fmt.Errorf("writing the dashboard: %w", err)
	}
	body := strings.TrimSuffix(string(head), "}") + `,"widgets":[` + "\n" + strings.Join(lines, ",\n") + "\n]}\n"
	return []resource{s.resource("AWS::CloudWatch::Dashboard", groupShow, "",
		object("DashboardName", s.named(), "DashboardBody", s.text(body), "Tags", s.tags(d.Tags)))}, nil
}
