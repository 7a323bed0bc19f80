package emulator

import (
	"math"
	"strconv"
	"strings"
)

// statistic is one way to make a number of a statistic set: Average, Sum,
// Minimum, Maximum, SampleCount, or a percentile such as p99 or p99.9.
type statistic struct {
	name       string
	percentile float64 // 0: none
}

var percentilePattern = compiled(`^p(\d{1,2}(\.\d{0,10})?|100)$`)

// parseStatistic tells whether the emulator can compute a statistic. Trimmed
// means and the like (tm, wm, tc, ts, pr, IQM) it cannot.
func parseStatistic(name string) (statistic, bool) {
	switch name {
	case "Average", "Sum", "Minimum", "Maximum", "SampleCount":
		return statistic{name: name}, true
	}
	if !percentilePattern().MatchString(name) {
		return statistic{}, false
	}
	p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	return statistic{name: name, percentile: p}, err == nil && p > 0
}

// of computes the statistic; ok is false when the data does not allow it.
func (s statistic) of(m *minute) (value float64, ok bool) {
	if m.count == 0 {
		return 0, false
	}
	switch s.name {
	case "Average":
		return m.sum / m.count, true
	case "Sum":
		return m.sum, true
	case "Minimum":
		return m.min, true
	case "Maximum":
		return m.max, true
	case "SampleCount":
		return m.count, true
	}
	return m.percentile(s.percentile)
}

// percentile gives the smallest value that p percent of the values do not
// exceed. Of statistic sets only one whose values are all the same has any.
func (m *minute) percentile(p float64) (float64, bool) {
	known := 0.0
	for _, count := range m.values {
		known += count
	}
	if known < m.count {
		return m.min, m.min == m.max
	}
	rank := p / 100 * known
	for _, value := range sortedKeys(m.values) {
		if rank -= m.values[value]; rank <= 1e-9 {
			return min(max(value, m.min), m.max), true
		}
	}
	return m.max, true
}

// coarse rounds a value to the nearest step of 1 %.
func coarse(value float64) float64 {
	if value == 0 || math.IsInf(value, 0) {
		return value
	}
	step := math.Log(1.01)
	return math.Copysign(math.Exp(math.Round(math.Log(math.Abs(value))/step)*step), value)
}
