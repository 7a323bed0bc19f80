package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What breaks a limit of the embedded metric format is a log line and nothing else.
func TestEmbeddedMetricLimits(t *testing.T) {
	line := func(namespace string, at time.Time, dimensions, metrics int, value string) string {
		var names, members, wanted []string
		for i := range dimensions {
			names, members = append(names, fmt.Sprintf(`"d%d"`, i)), append(members, fmt.Sprintf(`"d%d":"v"`, i))
		}
		for i := range metrics {
			wanted, members = append(wanted, fmt.Sprintf(`{"Name":"m%d","Unit":"Count"}`, i)), append(members, fmt.Sprintf(`"m%d":%s`, i, value))
		}
		return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":%q,"Dimensions":[[%s]],"Metrics":[%s]}]},%s}`,
			at.UnixMilli(), namespace, strings.Join(names, ","), strings.Join(wanted, ","), strings.Join(members, ","))
	}
	for name, test := range map[string]struct {
		line string
		want int // metrics
	}{
		"most":             {line("N", epoch, 30, 100, "1"), 100},
		"values":           {line("N", epoch, 1, 1, "["+strings.Repeat("1,", 99)+"1]"), 1},
		"31 dimensions":    {line("N", epoch, 31, 1, "1"), 0},
		"101 metrics":      {line("N", epoch, 1, 101, "1"), 0},
		"101 values":       {line("N", epoch, 1, 1, "["+strings.Repeat("1,", 100)+"1]"), 0},
		"text for a value": {line("N", epoch, 1, 1, `"1"`), 0},
		"AWS's namespace":  {line("AWS/Lambda", epoch, 1, 1, "1"), 0},
		"15 days ago":      {line("N", epoch.AddDate(0, 0, -15), 1, 1, "1"), 0},
		"in 3 hours":       {line("N", epoch.Add(3*time.Hour), 1, 1, "1"), 0},
	} {
		store := newMetricStore(NewManualClock(epoch))
		extractMetrics(store, logEvent{epoch, test.line})
		if len(store.series) != test.want {
			t.Errorf("%s: %d metrics", name, len(store.series))
		}
	}
}
