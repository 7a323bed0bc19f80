package bench

import (
	"math"
	"time"
)

// width is by how much a bucket's upper edge is above its lower one.
const width = 1.01

// Histogram counts times in a memory that does not grow with them. A time that it tells
// is up to 1% too long, but never longer than the longest.
type Histogram struct {
	buckets []uint64 // i: up to width^i microseconds
	Count   int
	Min     time.Duration
	Max     time.Duration
}

// Add counts a time. Less than none, as clocks that differ make it, is none.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	i := 0
	if d > time.Microsecond {
		i = int(math.Ceil(math.Log(float64(d)/float64(time.Microsecond)) / math.Log(width)))
	}
	for len(h.buckets) <= i {
		h.buckets = append(h.buckets, 0)
	}
	h.buckets[i]++
	if h.Count == 0 || d < h.Min {
		h.Min = d
	}
	h.Max = max(h.Max, d)
	h.Count++
}

func upperEdge(bucket int) time.Duration {
	return time.Duration(math.Pow(width, float64(bucket)) * float64(time.Microsecond))
}

// Quantile is the time that a part of all did not take longer than: 0.5 gives the
// median.
func (h *Histogram) Quantile(part float64) time.Duration {
	wanted := uint64(math.Ceil(part * float64(h.Count)))
	sum := uint64(0)
	for i, n := range h.buckets {
		if sum += n; sum >= wanted && sum > 0 {
			return min(upperEdge(i), h.Max)
		}
	}
	return h.Max
}

// Range is how many times were as long as a part of a Histogram's scale.
type Range struct {
	Through time.Duration // and longer than the range before
	Count   int
}

// Ranges parts the times at 1, 2, 5, 10, … of a unit, from the range of the shortest to
// that of the longest.
func (h *Histogram) Ranges() []Range {
	var all []Range
	bucket := 0
	for through := 100 * time.Microsecond; h.Count > 0; through = next(through) {
		r := Range{Through: through}
		for ; bucket < len(h.buckets) && min(upperEdge(bucket), h.Max) <= through; bucket++ {
			r.Count += int(h.buckets[bucket])
		}
		if len(all) > 0 || r.Count > 0 {
			all = append(all, r)
		}
		if through >= h.Max {
			break
		}
	}
	return all
}

// next is what follows in 1, 2, 5, 10, …
func next(d time.Duration) time.Duration {
	first := d
	for first >= 10 {
		first /= 10
	}
	if first == 2 {
		return d / 2 * 5
	}
	return d * 2
}
