package pipeline

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// The alarm about failed batches watches the mapping that there is, whatever UUID AWS
// has given it.
func TestAlarmFollowsMapping(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t)
	alarm := deployed(t, p, alarmKey(alarmFailedBatches))
	mapping := pick(t, p, keyMapping)
	watched := func() string {
		t.Helper()
		answer, err := cloudWatch(c.sdk).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{alarm.Name()}})
		if err != nil || len(answer.MetricAlarms) != 1 {
			t.Fatalf("%+v, %v", answer, err)
		}
		return dimensionMap(answer.MetricAlarms[0].Dimensions)[mappingDimension]
	}
	first := read(t, mapping).ID
	if got := watched(); got != first {
		t.Errorf("watches %q, want %q", got, first)
	}

	// One that is to be replaced is not the one to watch then.
	other := c.pipeline(t)
	replaced := pick(t, other, alarm.Key()).(*metricAlarm)
	replaced.mapping.desired.StartingPosition = "LATEST"
	if changes := replaced.Diff(read(t, replaced)); len(changes) != 1 || changes[0].Field != "metrics" {
		t.Errorf("before a replacement: %s", list(changes))
	}

	if err := mapping.Delete(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	if observed := read(t, alarm); len(alarm.Diff(observed)) != 1 {
		t.Errorf("without a mapping: %s", list(alarm.Diff(observed)))
	}
	if err := mapping.Create(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	observed := read(t, alarm)
	changes := alarm.Diff(observed)
	if len(changes) != 1 || changes[0].Field != "metrics" {
		t.Errorf("another mapping: %s", list(changes))
	}
	if err := alarm.Update(t.Context(), observed, changes, &notes{}); err != nil {
		t.Fatal(err)
	}
	same(t, alarm)
	if got, want := watched(), read(t, mapping).ID; got != want || got == first {
		t.Errorf("watches %q, want %q, not %q", got, want, first)
	}
}
