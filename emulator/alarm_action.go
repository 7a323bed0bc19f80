package emulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmTopics are the topics that alarms notify.
type alarmTopics interface {
	// notify publishes to a topic in the name of an AWS service that acts for a
	// resource of this account; the topic's policy has to allow it.
	notify(topicARN, service, sourceARN, subject, message string) error
}

// alarmNotice is what both types of alarms tell when their state changes, in the
// order in which CloudWatch writes it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
type alarmNotice struct {
	AlarmName                          string
	AlarmDescription                   *string
	AWSAccountID                       string `json:"AWSAccountId"`
	AlarmConfigurationUpdatedTimestamp string
	NewStateValue                      types.StateValue
	NewStateReason                     string
	StateChangeTime                    string
	Region                             string
	AlarmArn                           string
	OldStateValue                      types.StateValue
	OKActions                          []string
	AlarmActions                       []string
	InsufficientDataActions            []string
}

// metricNotice is the message of a metric alarm.
type metricNotice struct {
	alarmNotice
	Trigger alarmTrigger
}

type alarmTrigger struct {
	MetricName                       string              `json:",omitempty"`
	Namespace                        string              `json:",omitempty"`
	StatisticType                    string              `json:",omitempty"`
	Statistic                        string              `json:",omitempty"`
	ExtendedStatistic                string              `json:",omitempty"`
	Unit                             *types.StandardUnit `json:"Unit"`
	Dimensions                       []noticeDimension   `json:",omitempty"`
	Period                           int32               `json:",omitempty"`
	EvaluationPeriods                int32
	DatapointsToAlarm                *int32 `json:",omitempty"`
	ComparisonOperator               types.ComparisonOperator
	Threshold                        float64
	TreatMissingData                 string
	EvaluateLowSampleCountPercentile string
	Metrics                          []noticeQuery `json:",omitempty"`
}

type noticeDimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

type noticeQuery struct {
	ID         string      `json:"Id"`
	Expression string      `json:",omitempty"`
	Label      string      `json:",omitempty"`
	MetricStat *noticeStat `json:",omitempty"`
	ReturnData bool
}

type noticeStat struct {
	Metric struct {
		Dimensions []noticeDimension
		MetricName string
		Namespace  string
	}
	Period int32
	Stat   string
}

// compositeNotice is the message of a composite alarm.
type compositeNotice struct {
	alarmNotice
	AlarmRule          string
	TriggeringChildren []triggeringChild
}

type triggeringChild struct {
	Arn   string
	State struct {
		Value     types.StateValue
		Timestamp string
	}
}

// announceMetric takes the actions of a metric alarm that has come from another
// state. The lock is held.
func (c *cloudWatchService) announceMetric(a *alarm, before types.StateValue) {
	s := &a.shown
	actions := actionsFor(s.StateValue, s.AlarmActions, s.OKActions, s.InsufficientDataActions)
	if !*s.ActionsEnabled || len(actions) == 0 {
		return
	}
	notice := metricNotice{Trigger: triggerOf(s), alarmNotice: alarmNotice{
		AlarmName: *s.AlarmName, AlarmDescription: s.AlarmDescription, AWSAccountID: partOf(*s.AlarmArn, 4), AlarmArn: *s.AlarmArn,
		AlarmConfigurationUpdatedTimestamp: alarmTime(*s.AlarmConfigurationUpdatedTimestamp),
		NewStateValue:                      s.StateValue, NewStateReason: *s.StateReason, StateChangeTime: alarmTime(*s.StateUpdatedTimestamp), OldStateValue: before,
		Region: regionName(a.region), OKActions: s.OKActions, AlarmActions: s.AlarmActions, InsufficientDataActions: s.InsufficientDataActions,
	}}
	c.send(actions, notice.alarmNotice, notice)
}

// announceComposite takes the actions of a composite alarm that has come from
// another state because of some of its alarms. The lock is held.
func (c *cloudWatchService) announceComposite(a *compositeAlarm, before types.StateValue, children []childState) {
	s := &a.shown
	actions := actionsFor(s.StateValue, s.AlarmActions, s.OKActions, s.InsufficientDataActions)
	if !*s.ActionsEnabled || len(actions) == 0 {
		return
	}
	notice := compositeNotice{AlarmRule: *s.AlarmRule, TriggeringChildren: []triggeringChild{}, alarmNotice: alarmNotice{
		AlarmName: *s.AlarmName, AlarmDescription: s.AlarmDescription, AWSAccountID: partOf(*s.AlarmArn, 4), AlarmArn: *s.AlarmArn,
		AlarmConfigurationUpdatedTimestamp: alarmTime(*s.AlarmConfigurationUpdatedTimestamp),
		NewStateValue:                      s.StateValue, NewStateReason: *s.StateReason, StateChangeTime: alarmTime(*s.StateUpdatedTimestamp), OldStateValue: before,
		Region: regionName(a.region), OKActions: s.OKActions, AlarmActions: s.AlarmActions, InsufficientDataActions: s.InsufficientDataActions,
	}}
	for _, child := range children {
		t := triggeringChild{Arn: child.arn}
		t.State.Value, t.State.Timestamp = child.value, alarmTime(child.since)
		notice.TriggeringChildren = append(notice.TriggeringChildren, t)
	}
	c.send(actions, notice.alarmNotice, notice)
}

func actionsFor(state types.StateValue, alarm, ok, insufficient []string) []string {
	switch state {
	case types.StateValueAlarm:
		return alarm
	case types.StateValueOk:
		return ok
	default:
		return insufficient
	}
}

// send notifies the topics. That one can not be notified is an alarm's trouble,
// not that of the call which found it: as in AWS, where the alarm's history tells.
func (c *cloudWatchService) send(topics []string, about alarmNotice, message any) {
	text, err := json.Marshal(message)
	if err != nil { // a threshold that JSON cannot hold, as infinity
		c.options.Logger.Error("wording an alarm", "alarm", about.AlarmName, "error", err)
		return
	}
	subject := fmt.Sprintf("%s: %q in %s", about.NewStateValue, about.AlarmName, about.Region)
	for _, topic := range topics {
		if err := c.topics.notify(topic, "cloudwatch.amazonaws.com", about.AlarmArn, subjectOf(subject), string(text)); err != nil {
			c.options.Logger.Warn("an alarm could not notify its topic", "alarm", about.AlarmName, "topic", topic, "error", err)
		}
	}
}

// subjectOf cuts a subject to what SNS takes.
func subjectOf(subject string) string {
	if len(subject) > subjectLimit {
		return subject[:subjectLimit-3] + "..."
	}
	return subject
}

// alarmTime writes a time as CloudWatch's reasons and messages have it.
func alarmTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

func triggerOf(s *types.MetricAlarm) alarmTrigger {
	t := alarmTrigger{
		MetricName: deref(s.MetricName), Namespace: deref(s.Namespace), Dimensions: noticeDimensions(s.Dimensions), Period: deref(s.Period),
		EvaluationPeriods: *s.EvaluationPeriods, DatapointsToAlarm: s.DatapointsToAlarm, ComparisonOperator: s.ComparisonOperator, Threshold: *s.Threshold,
		TreatMissingData: deref(s.TreatMissingData), EvaluateLowSampleCountPercentile: deref(s.EvaluateLowSampleCountPercentile),
	}
	switch {
	case s.Statistic != "":
		t.StatisticType, t.Statistic = "Statistic", upperWords(string(s.Statistic))
	case s.ExtendedStatistic != nil:
		t.StatisticType, t.ExtendedStatistic = "ExtendedStatistic", *s.ExtendedStatistic
	}
	if s.Unit != "" {
		t.Unit = &s.Unit
	}
	for _, m := range s.Metrics {
		q := noticeQuery{ID: deref(m.Id), Expression: deref(m.Expression), Label: deref(m.Label), ReturnData: m.ReturnData == nil || *m.ReturnData}
		if stat := m.MetricStat; stat != nil {
			q.MetricStat = &noticeStat{Period: deref(stat.Period), Stat: deref(stat.Stat)}
			q.MetricStat.Metric.Dimensions = noticeDimensions(stat.Metric.Dimensions)
			q.MetricStat.Metric.MetricName, q.MetricStat.Metric.Namespace = deref(stat.Metric.MetricName), deref(stat.Metric.Namespace)
		}
		t.Metrics = append(t.Metrics, q)
	}
	return t
}

func noticeDimensions(in []types.Dimension) []noticeDimension {
	out := make([]noticeDimension, 0, len(in))
	for _, d := range in {
		out = append(out, noticeDimension{deref(d.Value), deref(d.Name)})
	}
	return out
}

var wordPattern = compiled(`([a-z])([A-Z])`)

// upperWords writes SampleCount as SAMPLE_COUNT, as these messages do.
func upperWords(name string) string {
	return strings.ToUpper(wordPattern().ReplaceAllString(name, "${1}_${2}"))
}
