package export

import (
	"encoding/json"
	"fmt"
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
	properties.Entries = append(properties.Entries, s.alarm(d)...)
	properties.put("AlarmActions", s.words(d.Notify))
	properties.put("OKActions", s.words(d.Notify))
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::CloudWatch::Alarm", groupTell, "", properties)}, nil
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
