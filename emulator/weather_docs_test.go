package emulator

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The guide tells every kind of fault, every time of readiness with what "aws" makes
// of it, and everything that a condition may hold.
func TestWeatherAndPoliciesAreDocumented(t *testing.T) {
	content, err := os.ReadFile("../docs/emulator.md")
	must(t, err)
	guide := string(content)
	for _, kind := range []FaultKind{FaultThrottle, FaultError, FaultReset, FaultLost, FaultUnprocessed, FaultKill, FaultKillAfter} {
		if !strings.Contains(guide, "\n| `"+string(kind)+"` | ") {
			t.Errorf("the kind %s is not told", kind)
		}
	}
	for row := range strings.Lines(guide) {
		if cells := strings.Split(row, "|"); len(cells) == 5 && strings.HasPrefix(cells[1], " `") {
			name, d := strings.Trim(cells[1], " `"), strings.TrimSpace(cells[3])
			for _, one := range new(readinessOfAWS).times() {
				if one.name == name && d != one.d.Round(time.Second).String() {
					t.Errorf("%s takes %s, and the guide says %s", name, one.d, d)
				}
			}
		}
	}
	for _, one := range new(readinessOfAWS).times() {
		if !strings.Contains(guide, "\n| `"+one.name+"` | ") {
			t.Errorf("the time %s is not told", one.name)
		}
	}
	for _, operator := range slices.Sorted(maps.Keys(conditionOperators)) {
		if bare := strings.TrimSuffix(operator, "IgnoreCase"); !strings.Contains(guide, "`"+bare+"`") {
			t.Errorf("the operator %s is not told", operator)
		}
	}
	told := strings.ToLower(guide)
	for _, key := range slices.Sorted(maps.Keys(conditionKeys)) {
		if !strings.Contains(told, "`"+key+"`") {
			t.Errorf("the condition key %s is not told", key)
		}
	}
}
