package emulator

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// metricRetention is how long data points are kept.
	metricRetention = 24 * time.Hour
	// metricSeries is how many metrics are kept; further ones are not recorded.
	metricSeries = 5000
	// metricPoints is how many minutes of all metrics, and different values in
	// them, are kept: about 60 MB. Beyond it the oldest go before their time.
	metricPoints = 500_000
	// metricValues bounds the different values that a minute keeps for
	// percentiles; beyond it they are counted in steps of about 1 %.
	metricValues = 200
)

// metricStore holds the data points of all metrics by the minute. CloudWatch's
// own are regional; the emulator has one store, since what runs in it does.
type metricStore struct {
	clock Clock

	mu     sync.RWMutex
	series map[string]*series

	kept      atomic.Int64 // of metricPoints
	shortened atomic.Int64 // Unix minute before which nothing is kept, because of metricPoints
}

// series is one metric with its dimensions.
type series struct {
	namespace  string
	name       string
	dimensions []dimension

	mu      sync.Mutex
	minutes []minute // in order
}

type dimension struct{ name, value string }

// minute is a statistic set of one minute in one unit.
type minute struct {
	at     int64 // Unix minutes
	unit   string
	count  float64
	sum    float64
	min    float64
	max    float64
	values map[float64]float64 // value → how often
}

func newMetricStore(clock Clock) *metricStore {
	return &metricStore{clock: clock, series: map[string]*series{}}
}

// sortDimensions gives dimensions in the order of their names.
func sortDimensions(dimensions []dimension) []dimension {
	slices.SortFunc(dimensions, func(a, b dimension) int { return strings.Compare(a.name, b.name) })
	return dimensions
}

func dimensionsOf(m map[string]string) []dimension {
	dimensions := make([]dimension, 0, len(m))
	for name, value := range m {
		dimensions = append(dimensions, dimension{name, value})
	}
	return sortDimensions(dimensions)
}

// seriesKey joins what identifies a metric with bytes that names cannot hold.
func seriesKey(namespace, name string, dimensions []dimension) string {
	var key strings.Builder
	key.Grow(96)
	key.WriteString(namespace)
	key.WriteByte(0)
	key.WriteString(name)
	for _, d := range dimensions {
		key.WriteByte(0)
		key.WriteString(d.name)
		key.WriteByte(1)
		key.WriteString(d.value)
	}
	return key.String()
}

func (m *metricStore) find(namespace, name string, dimensions []dimension) *series {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.series[seriesKey(namespace, name, dimensions)]
}

// open gives the series of a metric, making it if there is room.
func (m *metricStore) open(namespace, name string, dimensions []dimension) *series {
	key := seriesKey(namespace, name, dimensions)
	m.mu.RLock()
	s := m.series[key]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s = m.series[key]; s != nil {
		return s
	}
	if len(m.series) >= metricSeries {
		m.prune()
	}
	if len(m.series) >= metricSeries {
		return nil
	}
	s = &series{namespace: namespace, name: name, dimensions: dimensions}
	m.series[key] = s
	return s
}

// prune drops the metrics of which nothing is kept any more. The lock is held.
func (m *metricStore) prune() {
	oldest := m.oldest()
	for key, s := range m.series {
		s.mu.Lock()
		m.expire(s, oldest)
		if len(s.minutes) == 0 {
			delete(m.series, key)
		}
		s.mu.Unlock()
	}
}

// expire drops what is older than a minute. The lock of the series is held.
func (m *metricStore) expire(s *series, oldest int64) {
	n := 0
	for n < len(s.minutes) && s.minutes[n].at < oldest {
		m.kept.Add(-1 - int64(len(s.minutes[n].values)))
		n++
	}
	s.minutes = slices.Delete(s.minutes, 0, n)
}

// shrink makes room by dropping the oldest hour, and the next, until there is
// some. The latest hour stays: metricSeries bounds it.
func (m *metricStore) shrink() {
	m.mu.Lock()
	defer m.mu.Unlock()
	latest := m.clock.Now().Unix()/60 - 60
	for oldest := m.oldest() + 60; m.kept.Load() > metricPoints*7/8 && oldest <= latest; oldest += 60 {
		m.shortened.Store(oldest)
		m.prune()
	}
}

func (m *metricStore) oldest() int64 {
	return max(m.shortened.Load(), m.clock.Now().Add(-metricRetention).Unix()/60)
}

// add adds a value, count times, at a time; false when there is no room for one
// more metric.
func (m *metricStore) add(namespace, name string, dimensions []dimension, at time.Time, value, count float64, unit string) bool {
	return m.update(namespace, name, dimensions, at, unit, func(p *minute) {
		p.merge(&minute{count: count, sum: value * count, min: value, max: value})
		p.remember(value, count)
	})
}

// addSet adds a statistic set, of which no percentiles are known.
func (m *metricStore) addSet(namespace, name string, dimensions []dimension, at time.Time, set minute, unit string) bool {
	return m.update(namespace, name, dimensions, at, unit, func(p *minute) { p.merge(&set) })
}

func (m *metricStore) update(namespace, name string, dimensions []dimension, at time.Time, unit string, change func(*minute)) bool {
	s := m.open(namespace, name, dimensions)
	if s == nil {
		return false
	}
	oldest := m.oldest()
	if at.Unix()/60 < oldest {
		return true // expired before it came
	}
	s.mu.Lock()
	m.expire(s, oldest)
	before := len(s.minutes)
	p := s.minute(at.Unix()/60, unit)
	known := len(p.values)
	change(p)
	m.kept.Add(int64(len(s.minutes) - before + len(p.values) - known))
	s.mu.Unlock()
	if m.kept.Load() > metricPoints {
		m.shrink()
	}
	return true
}

// minute gives the statistic set of a minute.
func (s *series) minute(at int64, unit string) *minute {
	if unit == "" {
		unit = "None"
	}
	i := len(s.minutes)
	for i > 0 && s.minutes[i-1].at > at {
		i--
	}
	for j := i; j > 0 && s.minutes[j-1].at == at; j-- {
		if s.minutes[j-1].unit == unit {
			return &s.minutes[j-1]
		}
	}
	s.minutes = slices.Insert(s.minutes, i, minute{at: at, unit: unit})
	return &s.minutes[i]
}

// remember keeps a value for percentiles.
func (m *minute) remember(value, count float64) {
	if m.values == nil {
		m.values = map[float64]float64{}
	}
	if _, known := m.values[value]; !known && len(m.values) >= metricValues {
		value = coarse(value)
	}
	m.values[value] += count
}

// merge adds another statistic set.
func (m *minute) merge(other *minute) {
	if other.count == 0 {
		return
	}
	if m.count == 0 {
		m.min, m.max = other.min, other.max
	}
	m.count += other.count
	m.sum += other.sum
	m.min, m.max = min(m.min, other.min), max(m.max, other.max)
	for value, count := range other.values {
		m.remember(value, count)
	}
}

// periods sums the minutes of [start, end) into periods of a length in seconds,
// in order; those without data are left out. unit "" takes every unit.
func (s *series) periods(start, end time.Time, period int64, unit string) []minute {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []minute
	first := sort.Search(len(s.minutes), func(i int) bool { return s.minutes[i].at*60 >= start.Unix() })
	for i := first; i < len(s.minutes) && s.minutes[i].at*60 < end.Unix(); i++ {
		m := &s.minutes[i]
		at := m.at * 60
		if unit != "" && m.unit != unit {
			continue
		}
		begin := at - at%period
		if start.Unix()%period != 0 {
			begin = start.Unix() + (at-start.Unix())/period*period
		}
		if n := len(out); n == 0 || out[n-1].at != begin || out[n-1].unit != m.unit {
			out = append(out, minute{at: begin, unit: m.unit})
		}
		out[len(out)-1].merge(m)
	}
	return out
}
