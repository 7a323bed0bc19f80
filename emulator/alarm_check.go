package emulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var (
	missingData = []string{"breaching", "notBreaching", "ignore", "missing"}
	comparisons = []types.ComparisonOperator{
		types.ComparisonOperatorGreaterThanOrEqualToThreshold, types.ComparisonOperatorGreaterThanThreshold,
		types.ComparisonOperatorLessThanThreshold, types.ComparisonOperatorLessThanOrEqualToThreshold,
	}
)

// checkAlarm validates an alarm as PutMetricAlarm does.
func checkAlarm(in *cloudwatch.PutMetricAlarmInput, region string) error {
	name := deref(in.AlarmName)
	switch {
	case name == "":
		return cwMissing("AlarmName")
	case len(name) > 255:
		return cwInvalid("The parameter AlarmName must be shorter than 256 characters.")
	case len(deref(in.AlarmDescription)) > 1024:
		return cwInvalid("The parameter AlarmDescription must be shorter than 1025 characters.")
	case in.EvaluationCriteria != nil:
		return cwUnsupported("EvaluationCriteria")
	case in.EvaluationInterval != nil:
		return cwUnsupported("EvaluationInterval")
	case in.EvaluationWindow != nil:
		return cwUnsupported("EvaluationWindow")
	case in.WarmUpConfiguration != nil:
		return cwUnsupported("WarmUpConfiguration")
	case in.ActionConfiguration != nil:
		return cwUnsupported("ActionConfiguration")
	case in.ThresholdMetricId != nil:
		return cwUnsupported("ThresholdMetricId")
	case in.ComparisonOperator == "":
		return cwMissing("ComparisonOperator")
	case !slices.Contains(comparisons, in.ComparisonOperator):
		return cwUnsupported("Anomaly detection: " + string(in.ComparisonOperator))
	case in.Threshold == nil:
		return cwMissing("Threshold")
	}
	if err := checkAlarmPeriods(in); err != nil {
		return err
	}
	if err := checkAlarmActions(region, in.AlarmActions, in.OKActions, in.InsufficientDataActions); err != nil {
		return err
	}
	return checkAlarmMetric(in)
}

func checkAlarmPeriods(in *cloudwatch.PutMetricAlarmInput) error {
	switch {
	case in.EvaluationPeriods == nil:
		return cwMissing("EvaluationPeriods")
	case *in.EvaluationPeriods < 1:
		return cwInvalid("The parameter EvaluationPeriods must be greater than 0.")
	case in.DatapointsToAlarm != nil && (*in.DatapointsToAlarm < 1 || *in.DatapointsToAlarm > *in.EvaluationPeriods):
		return cwInvalid("The parameter DatapointsToAlarm must be greater than 0 and less than or equal to EvaluationPeriods.")
	case in.TreatMissingData != nil && !slices.Contains(missingData, *in.TreatMissingData):
		return cwInvalid("Value '%s' at 'treatMissingData' failed to satisfy constraint: Member must satisfy enum value set: [%s]", *in.TreatMissingData, strings.Join(missingData, ", "))
	case in.EvaluateLowSampleCountPercentile != nil && *in.EvaluateLowSampleCountPercentile != "evaluate" && *in.EvaluateLowSampleCountPercentile != "ignore":
		return cwInvalid("The value %s for parameter EvaluateLowSampleCountPercentile is invalid.", *in.EvaluateLowSampleCountPercentile)
	case deref(in.EvaluateLowSampleCountPercentile) == "ignore":
		return cwUnsupported("EvaluateLowSampleCountPercentile ignore")
	}
	return nil
}

// checkAlarmActions takes the topics of the alarm's own region. What else AWS's
// alarms can do is refused, since nobody would do it here.
func checkAlarmActions(region string, alarm, ok, insufficient []string) error {
	for name, actions := range map[string][]string{"AlarmActions": alarm, "OKActions": ok, "InsufficientDataActions": insufficient} {
		if len(actions) > 5 {
			return cwInvalid("The collection %s must not have a size greater than 5.", name)
		}
		for _, action := range actions {
			switch {
			case !strings.HasPrefix(action, "arn:") || strings.Count(action, ":") < 5:
				return cwInvalid("Invalid arn syntax: %s", action)
			case partOf(action, 2) != "sns":
				return cwUnsupported("An action that is no SNS topic, as " + action + ",")
			case region != "" && partOf(action, 3) != region:
				return cwValidation("Invalid region %s specified. Only %s is supported.", partOf(action, 3), region)
			}
		}
	}
	return nil
}

func checkAlarmMetric(in *cloudwatch.PutMetricAlarmInput) error {
	single := in.MetricName != nil || in.Namespace != nil || in.Statistic != "" || in.ExtendedStatistic != nil || in.Period != nil || len(in.Dimensions) > 0
	switch {
	case len(in.Metrics) > 0 && single:
		return cwCombination("The parameters Metrics and MetricName, Namespace, Statistic, ExtendedStatistic, Period, Dimensions are mutually exclusive.")
	case len(in.Metrics) > 20:
		return cwInvalid("The collection Metrics must not have a size greater than 20.")
	case len(in.Metrics) > 0:
		return nil
	case deref(in.MetricName) == "":
		return cwMissing("MetricName")
	case deref(in.Namespace) == "":
		return cwMissing("Namespace")
	case in.Statistic == "" && in.ExtendedStatistic == nil:
		return cwMissing("Statistic")
	case in.Statistic != "" && in.ExtendedStatistic != nil:
		return cwCombination("The parameters Statistic and ExtendedStatistic are mutually exclusive.")
	case in.Period == nil:
		return cwMissing("Period")
	}
	if err := checkPeriod(*in.Period); err != nil {
		return err
	}
	_, err := inputDimensions(in.Dimensions)
	return err
}
