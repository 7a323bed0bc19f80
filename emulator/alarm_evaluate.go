package emulator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// extraPeriods is how many periods beyond EvaluationPeriods an alarm looks at
// when data is missing. CloudWatch does not say its number; the examples of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// have 2.
const extraPeriods = 2

// evaluate brings all alarms up to the present minute, one minute after the
// other, so that composite alarms see what their alarms were at the same time.
// The service's lock is held.
func (c *cloudWatchService) evaluate() {
	now := c.now().Unix() / 60
	alarms := c.alarmsOf("")
	first := now + 1
	for _, a := range alarms {
		// What is older than the data that is kept cannot change the state.
		a.evaluated = max(a.evaluated, now-int64(metricRetention/time.Minute)-1)
		first = min(first, a.evaluated+1)
	}
	for at := first; at <= now; at++ {
		for _, a := range alarms {
			if a.evaluated < at {
				c.evaluateMinute(a, at)
			}
		}
	}
}

// evaluateMinute decides an alarm as it was at the beginning of a minute.
func (c *cloudWatchService) evaluateMinute(a *alarm, at int64) {
	a.evaluated = at
	end := time.Unix(at*60, 0).UTC()
	span := int64(a.watched.period) * int64(*a.shown.EvaluationPeriods+extraPeriods)
	points, err := c.points(a, end.Add(-time.Duration(span)*time.Second), end)
	if err != nil { // only of an expression, which was checked when it was put
		c.options.Logger.Error("evaluating an alarm", "alarm", *a.shown.AlarmName, "error", err)
		return
	}
	before := a.shown.StateValue
	a.decide(points, end)
	c.changed(a, before, end)
}

// changed does what follows from an alarm's state, if it is another than before.
func (c *cloudWatchService) changed(a *alarm, before types.StateValue, at time.Time) {
	if a.shown.StateValue == before {
		return
	}
	c.announceMetric(a, before)
	c.rise(*a.shown.AlarmArn, at, map[string]bool{})
}

// point is one period of an alarm.
type point struct {
	at    time.Time
	value float64
	known bool
}

// points gives the periods between two times, the newest first.
func (c *cloudWatchService) points(a *alarm, start, end time.Time) ([]point, error) {
	values, err := c.values(a.queries, a.watched, start, end)
	if err != nil {
		return nil, err
	}
	period := time.Duration(a.watched.period) * time.Second
	var points []point
	for at := end.Add(-period); !at.Before(start); at = at.Add(-period) {
		value, known := values[at.Unix()]
		points = append(points, point{at, value, known})
	}
	return points, nil
}

// decide applies the rules for M out of N and for missing data.
func (a *alarm) decide(points []point, at time.Time) {
	periods := int(*a.shown.EvaluationPeriods)
	needed := periods
	if a.shown.DatapointsToAlarm != nil {
		needed = int(*a.shown.DatapointsToAlarm)
	}
	var known []point
	breaching, oldest := 0, 0 // oldest: age of the oldest breaching point in periods
	for i, p := range points {
		if !p.known || len(known) == periods {
			continue
		}
		known = append(known, p)
		if a.breaches(p.value) {
			breaching, oldest = breaching+1, i+1
		}
	}
	missing := periods - len(known)
	treat := deref(a.shown.TreatMissingData)
	state := types.StateValueOk
	switch {
	case breaching >= needed:
		state = types.StateValueAlarm
	case missing == 0:
	case treat == "breaching" && breaching+missing >= needed:
		state = types.StateValueAlarm
	case treat == "breaching" || treat == "notBreaching":
	case treat == "ignore" && breaching == len(known): // nothing is known, or nothing good
		return
	case len(known) == 0:
		state = types.StateValueInsufficientData
	case breaching == len(known) && oldest >= needed:
		state = types.StateValueAlarm // all that there is is bad, and was for long enough
	case breaching == len(known):
		return
	}
	if state != a.shown.StateValue {
		a.become(state, a.reason(state, known, breaching, missing), a.reasonData(known, at), at)
	}
}

func (a *alarm) breaches(value float64) bool {
	switch threshold := *a.shown.Threshold; a.shown.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return value >= threshold
	case types.ComparisonOperatorGreaterThanThreshold:
		return value > threshold
	case types.ComparisonOperatorLessThanThreshold:
		return value < threshold
	default:
		return value <= threshold
	}
}

var comparisonWords = map[types.ComparisonOperator]string{
	types.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to",
	types.ComparisonOperatorGreaterThanThreshold:          "greater than",
	types.ComparisonOperatorLessThanThreshold:             "less than",
	types.ComparisonOperatorLessThanOrEqualToThreshold:    "less than or equal to",
}

// reason words a change of state as CloudWatch does.
func (a *alarm) reason(state types.StateValue, known []point, breaching, missing int) string {
	if state == types.StateValueInsufficientData {
		return fmt.Sprintf("Insufficient Data: %s unknown.", counted(missing, "datapoint was", "datapoints were"))
	}
	if len(known) == 0 {
		treated := "NonBreaching"
		if state == types.StateValueAlarm {
			treated = "Breaching"
		}
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s treated as [%s].",
			counted(missing, "period", "periods"), counted(missing, "missing datapoint was", "missing datapoints were"), treated)
	}
	count, verb, negation := breaching, "was", ""
	if state == types.StateValueOk {
		count, negation = len(known)-breaching, " not"
	}
	if count != 1 {
		verb = "were"
	}
	var shown []string
	for _, p := range known {
		if a.breaches(p.value) == (state == types.StateValueAlarm) {
			shown = append(shown, fmt.Sprintf("%s (%s)", alarmNumber(p.value), p.at.UTC().Format("02/01/06 15:04:05")))
		}
	}
	needed := *a.shown.EvaluationPeriods
	if a.shown.DatapointsToAlarm != nil {
		needed = *a.shown.DatapointsToAlarm
	}
	if state == types.StateValueOk {
		needed = *a.shown.EvaluationPeriods - needed + 1
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s%s %s the threshold (%s) (minimum %s for %s -> %s transition).",
		count, *a.shown.EvaluationPeriods, strings.Join(shown, ", "), verb, negation, comparisonWords[a.shown.ComparisonOperator],
		alarmNumber(*a.shown.Threshold), counted(int(needed), "datapoint", "datapoints"), a.shown.StateValue, state)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// alarmNumber writes a number with at least one digit after the point.
func alarmNumber(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// reasonData is the reason for programs.
func (a *alarm) reasonData(known []point, at time.Time) string {
	const form = "2006-01-02T15:04:05.000-0700"
	data := map[string]any{
		"version": "1.0", "queryDate": at.Format(form), "period": a.watched.period, "threshold": *a.shown.Threshold,
	}
	if a.watched.expression == nil {
		data["statistic"] = a.watched.statistic.name
	}
	recent := []float64{}
	for i := len(known) - 1; i >= 0; i-- {
		recent = append(recent, known[i].value)
	}
	data["recentDatapoints"] = recent
	if len(known) > 0 {
		data["startDate"] = known[len(known)-1].at.Format(form)
	}
	text, err := json.Marshal(data)
	if err != nil { // a value that JSON cannot hold, as infinity
		return ""
	}
	return string(text)
}
